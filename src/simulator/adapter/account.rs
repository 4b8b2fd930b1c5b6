//! The state behind one logged-in QQ number: who it knows, and the messages it remembers.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use serde_json::Value;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::event::{self, Format, Said};
use crate::domain::Peer;
use crate::simulator::{Dialect, Roster};

/// NapCat forgets ids beyond so many (onebot.md §2).
const REMEMBERED: usize = 5000;

/// A message that is remembered.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub event: Utf8Bytes,
    pub peer: Peer,
    pub speaker: i64,
}

/// A friend or group request that waits for an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub user: i64,
    pub group: Option<i64>,
}

#[derive(Debug)]
pub(super) struct Account {
    pub roster: Roster,
    pub online: bool,
    pub requests: BTreeMap<String, Asked>,
    pub recalled: BTreeSet<i64>,
    dialect: Dialect,
    format: Format,
    seq: u64,
    messages: HashMap<i64, Kept>,
    age: VecDeque<i64>,
    order: HashMap<Peer, VecDeque<i64>>,
}

/// Spreads consecutive numbers over the id space (splitmix64's finaliser).
fn spread(n: u64) -> u64 {
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

impl Account {
    pub fn new(roster: Roster, dialect: Dialect, format: Format) -> Self {
        Self {
            roster,
            online: true,
            requests: BTreeMap::new(),
            recalled: BTreeSet::new(),
            dialect,
            format,
            seq: 1000,
            messages: HashMap::new(),
            age: VecDeque::new(),
            order: HashMap::new(),
        }
    }

    fn new_id(&mut self) -> i64 {
        self.seq += 1;
        let mut n = spread(self.seq ^ self.roster.me.id.unsigned_abs().rotate_left(32));
        loop {
            let low = i32::from_le_bytes([n as u8, (n >> 8) as u8, (n >> 16) as u8, (n >> 24) as u8]);
            let id = i64::from(if self.dialect.signed_ids() { low } else { low & i32::MAX });
            if id != 0 && !self.messages.contains_key(&id) {
                return id;
            }
            n = spread(n + 1);
        }
    }

    /// Somebody says something: makes the event and remembers it.
    pub fn say(&mut self, peer: Peer, speaker: i64, segments: &[Value]) -> (i64, Utf8Bytes) {
        let id = self.new_id();
        let me = self.roster.me.id;
        let mine = speaker == me;
        let group = match peer {
            Peer::Group(group) => {
                self.roster.join(group.0, speaker);
                self.roster.group(group.0)
            }
            Peer::Private(_) => None,
        };
        let member = group.and_then(|g| g.members.iter().find(|m| m.person.id == speaker));
        let friend = member.map(|m| &m.person).or_else(|| self.roster.friend(speaker));
        let nickname = if mine { &self.roster.me.nickname } else { friend.map_or("QQ用户", |p| &p.nickname) };
        let event = Utf8Bytes::from(event::message(&Said {
            dialect: self.dialect,
            format: self.format,
            self_id: me,
            message_id: id,
            seq: self.seq,
            user: speaker,
            nickname,
            group: group
                .map(|g| (g.id, g.name.as_str(), member.map_or("", |m| &m.card), member.map_or("member", |m| m.role))),
            target: if mine || peer.is_group() { peer.number() } else { self.private_target(speaker) },
            mine,
            segments,
        }));
        self.remember(id, Kept { event: event.clone(), peer, speaker });
        (id, event)
    }

    /// NapCat puts the friend into `target_id`, Lagrange and go-cqhttp our account.
    fn private_target(&self, speaker: i64) -> i64 {
        if self.dialect == Dialect::Napcat { speaker } else { self.roster.me.id }
    }

    fn remember(&mut self, id: i64, kept: Kept) {
        let chat = self.order.entry(kept.peer).or_default();
        chat.push_back(id);
        self.messages.insert(id, kept);
        self.age.push_back(id);
        if self.age.len() > REMEMBERED
            && let Some(old) = self.age.pop_front()
            && let Some(gone) = self.messages.remove(&old)
            && let Some(chat) = self.order.get_mut(&gone.peer)
        {
            // The oldest of all is the oldest of its chat.
            chat.pop_front();
            self.recalled.remove(&old);
        }
    }

    pub fn message(&self, id: i64) -> Option<&Kept> {
        self.messages.get(&id)
    }

    /// The newest messages of a chat, oldest first, up to and including `until`.
    pub fn history(&self, peer: Peer, count: usize, until: Option<i64>) -> Option<Vec<Utf8Bytes>> {
        let chat = self.order.get(&peer).filter(|chat| !chat.is_empty())?;
        let end = match until {
            Some(id) => chat.iter().position(|known| *known == id)? + 1,
            None => chat.len(),
        };
        let kept = chat.range(end.saturating_sub(count)..end).filter_map(|id| self.messages.get(id));
        Some(kept.map(|kept| kept.event.clone()).collect())
    }

    /// The newest message of a chat; of our own account, or of anybody.
    pub fn newest(&self, peer: Peer, mine: bool) -> Option<i64> {
        let me = self.roster.me.id;
        let chat = self.order.get(&peer)?;
        chat.iter().rev().copied().find(|id| !mine || self.messages.get(id).is_some_and(|m| m.speaker == me))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{GroupId, UserId};
    use crate::simulator::segment::text;

    fn account(dialect: Dialect) -> Account {
        Account::new(Roster::lonely(10_001_000, "机器人"), dialect, Format::Array)
    }

    #[test]
    fn ids_are_unique_and_positive_where_the_adapter_keeps_them_so() {
        let mut napcat = account(Dialect::Napcat);
        let mut seen = BTreeSet::new();
        for _ in 0..6000 {
            let (id, _) = napcat.say(Peer::Private(UserId(1)), 1, &[text("x")]);
            assert!(id > 0 && seen.insert(id));
        }
        let mut lagrange = account(Dialect::Lagrange);
        let ids: Vec<i64> = (0..64).map(|_| lagrange.say(Peer::Private(UserId(1)), 1, &[text("x")]).0).collect();
        assert!(ids.iter().any(|id| *id < 0));
    }

    #[test]
    fn only_the_newest_five_thousand_are_remembered() {
        let mut account = account(Dialect::Napcat);
        let first = account.say(Peer::Private(UserId(1)), 1, &[text("x")]).0;
        for _ in 0..REMEMBERED {
            account.say(Peer::Private(UserId(2)), 2, &[text("x")]);
        }
        assert!(account.message(first).is_none());
        assert!(account.history(Peer::Private(UserId(1)), 20, None).is_none());
        assert_eq!(account.history(Peer::Private(UserId(2)), 20, None).unwrap().len(), 20);
    }

    #[test]
    fn history_holds_both_sides() {
        let mut account = account(Dialect::Napcat);
        let peer = Peer::Group(GroupId(7));
        let question = account.say(peer, 5, &[text("q")]).0;
        let answer = account.say(peer, 10_001_000, &[text("a")]).0;
        assert_eq!(account.newest(peer, true), Some(answer));
        assert_eq!(account.history(peer, 20, Some(question)).unwrap().len(), 1);
        let all = account.history(peer, 20, None).unwrap();
        assert!(all[1].contains(r#""post_type":"message_sent""#), "{}", all[1]);
    }
}
