//! How our types look in columns: small numbers, text, and JSON where the shape varies. NULL where empty.

use std::sync::Arc;

use rusqlite::Row;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::domain::{
    AccessId, Author, ConversationId, GrantEffect, GroupId, Line, MessageId, PartState, Peer, SelfId, Seq, Text,
    UserId, Wall,
};

/// A `u64` of ours fits: sequences start at 1 and grow by one.
pub(super) fn int(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// The way back from [`int`].
pub(super) fn nat(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}

/// JSON of a value; `None` only for what serde cannot write, which our types never are.
pub(super) fn json<T: Serialize + ?Sized>(value: &T) -> Option<String> {
    serde_json::to_string(value).ok()
}

/// A value from JSON. What this version cannot read (a database that a newer one wrote and an older one
/// got back by a downgrade) is left out rather than failing the page.
pub(super) fn unjson<T: DeserializeOwned>(text: Option<&str>) -> Option<T> {
    text.and_then(|t| serde_json::from_str(t).ok())
}

/// Kind and number of a peer.
pub(super) fn peer(peer: Peer) -> (i64, i64) {
    (i64::from(peer.is_group()), peer.number())
}

fn unpeer(kind: i64, number: i64) -> Peer {
    if kind == 0 { Peer::Private(UserId(number)) } else { Peer::Group(GroupId(number)) }
}

/// A conversation from (account, kind, peer).
pub(super) fn conversation(account: i64, kind: i64, number: i64) -> ConversationId {
    ConversationId { account: SelfId(account), peer: unpeer(kind, number) }
}

/// Kind and number of a rule's subject.
pub(super) fn access(id: AccessId) -> (i64, i64) {
    match id {
        AccessId::Person(id) => (0, id.0),
        AccessId::Group(id) => (1, id.0),
    }
}

/// The way back from [`access`].
pub(super) fn unaccess(kind: i64, number: i64) -> AccessId {
    unpeer(kind, number).into()
}

/// Number of an effect.
pub(super) fn effect(effect: GrantEffect) -> i64 {
    match effect {
        GrantEffect::Allow => 0,
        GrantEffect::Block => 1,
    }
}

/// The way back from [`effect`].
pub(super) fn uneffect(n: i64) -> GrantEffect {
    if n == 0 { GrantEffect::Allow } else { GrantEffect::Block }
}

/// Numbered so that the least number among the parts of a line is the state of the line: what still moves
/// first, then what went wrong, and `Sent` only when all were.
pub(super) fn state(state: PartState) -> i64 {
    match state {
        PartState::Generated => 0,
        PartState::Sending => 1,
        PartState::Unknown => 2,
        PartState::Failed => 3,
        PartState::Expired => 4,
        PartState::Suppressed => 5,
        PartState::Sent => 6,
    }
}

/// The way back from [`state`].
pub(super) fn unstate(n: i64) -> Option<PartState> {
    Some(match n {
        0 => PartState::Generated,
        1 => PartState::Sending,
        2 => PartState::Unknown,
        3 => PartState::Failed,
        4 => PartState::Expired,
        5 => PartState::Suppressed,
        6 => PartState::Sent,
        _ => return None,
    })
}

/// The kind of a notice's author.
pub(super) const NOTICE: i64 = 3;

/// (kind, person, name); a kind above 0 is ours.
pub(super) fn author(author: &Author) -> (i64, Option<i64>, Option<&str>) {
    match author {
        Author::Person { id, name } => (0, Some(id.0), Some(name.raw())),
        Author::Bot => (1, None, None),
        Author::Operator(name) => (2, None, Some(name.raw())),
        Author::Notice => (NOTICE, None, None),
    }
}

/// What [`line()`] reads, from `lines l JOIN chats c`. The parts of what we said decide how far it came and
/// under which id it is known.
pub(super) const LINE: &str = "l.seq, l.at, l.kind, l.user, l.name, l.text, \
    CASE WHEN l.kind = 0 OR l.message IS NOT NULL THEN l.message ELSE \
        (SELECT p.message FROM parts p WHERE p.line = l.seq AND p.message IS NOT NULL ORDER BY p.place LIMIT 1) END, \
    l.answers, l.pictures, l.verdict, l.outcome, \
    CASE WHEN l.kind = 0 THEN NULL ELSE \
        coalesce((SELECT min(p.state) FROM parts p WHERE p.line = l.seq), l.delivery) END, \
    l.making, l.recalled, c.account, c.kind, c.peer, \
    CASE WHEN l.kind = 0 THEN NULL ELSE \
        (SELECT json_group_array(p.message ORDER BY p.place) FROM parts p WHERE p.line = l.seq AND p.message IS NOT NULL) END";

/// Columns of [`LINE`].
pub(super) const LINE_WIDTH: usize = 18;

/// A line from the columns of [`LINE`].
pub(super) fn line(row: &Row<'_>) -> rusqlite::Result<Line> {
    let text = |i: usize| row.get_ref(i)?.as_str_or_null().map_err(rusqlite::Error::from);
    let name = || Ok::<_, rusqlite::Error>(Text::from(text(4)?.unwrap_or_default()));
    let author = match row.get::<_, i64>(2)? {
        0 => Author::Person { id: UserId(row.get::<_, Option<i64>>(3)?.unwrap_or(0)), name: name()? },
        1 => Author::Bot,
        2 => Author::Operator(name()?),
        _ => Author::Notice,
    };
    let message = row.get::<_, Option<i64>>(6)?.map(MessageId);
    let mut others: Vec<MessageId> = unjson(text(17)?).unwrap_or_default();
    others.retain(|other| Some(*other) != message);
    Ok(Line {
        seq: Seq(nat(row.get(0)?)),
        conversation: conversation(row.get(14)?, row.get(15)?, row.get(16)?),
        at: Wall(row.get(1)?),
        author,
        text: Text::from(text(5)?.unwrap_or_default()),
        message,
        others,
        answers: row.get::<_, Option<i64>>(7)?.map(|n| Seq(nat(n))),
        pictures: unjson(text(8)?).unwrap_or_default(),
        verdict: unjson(text(9)?),
        outcome: unjson(text(10)?),
        delivery: row.get::<_, Option<i64>>(11)?.and_then(unstate),
        making: unjson(text(12)?).map(Arc::new),
        recalled: row.get(13)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_survive_their_number() {
        use PartState::*;
        for s in [Generated, Sending, Sent, Unknown, Failed, Expired, Suppressed] {
            assert_eq!(unstate(state(s)), Some(s));
        }
        assert_eq!(unstate(9), None);
    }
}
