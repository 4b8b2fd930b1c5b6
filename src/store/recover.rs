//! What was going on when the last session ended.

use rusqlite::{Connection, OptionalExtension};

use super::columns::{
    self, LINE, LINE_WIDTH, conversation, int, json, line, nat, state, unaccess, uneffect, unjson, unstate,
};
use super::rows::is_there;
use crate::domain::{
    Alert, AlertId, ChatState, ConversationId, Grant, Item, ItemId, Line, Now, Outcome, Part, PartId, PartState,
    Recovered, SelfId, Seq, Silence, Text, Usage, UserId, Wall,
};

/// How far back the engine wants to know who spoke.
const DAY: std::time::Duration = std::time::Duration::from_secs(24 * 3600);

/// Reads everything the engine needs to go on, and marks the session as begun: not clean until it says so.
pub(super) fn recover(conn: &mut Connection, now: Now, boot: &str) -> rusqlite::Result<Recovered> {
    let tx = conn.transaction()?;
    let found = read(&tx, now, boot)?;
    tx.execute("UPDATE tally SET clean = 0, batch = 0, boot = ?1", [boot])?;
    tx.commit()?;
    Ok(found)
}

/// The same within a session, for an engine that takes the place of one that panicked.
pub(super) fn again(conn: &Connection, now: Now) -> rusqlite::Result<Recovered> {
    let tx = conn.unchecked_transaction()?;
    let found = read(&tx, now, "")?;
    tx.commit()?;
    Ok(Recovered { clean: false, same_boot: true, ..found })
}

fn read(tx: &Connection, now: Now, boot: &str) -> rusqlite::Result<Recovered> {
    drop_answers_to_duplicates(tx)?;
    settle(tx)?;
    let mut found = tx.query_row("SELECT seq, part, item, clean, boot FROM tally", [], |r| {
        let same_boot = r.get_ref(4)?.as_str()? == boot;
        Ok(Recovered {
            last_seq: Seq(nat(r.get(0)?)),
            last_part: PartId(nat(r.get(1)?)),
            last_item: ItemId(nat(r.get(2)?)),
            clean: r.get(3)?,
            same_boot,
            ..Recovered::default()
        })
    })?;
    // A new database: nothing can be missing.
    found.same_boot |= found.last_seq == Seq(0) && found.last_item == ItemId(0);
    found.items = items(tx)?;
    drop_drafts_for_duplicates(tx, &mut found.items)?;
    found.waiting = waiting(tx, &found.items)?;
    found.parts = parts(tx)?;
    found.chats = chats(tx)?;
    found.spoke = super::chats::spoke_since(tx, now.wall - DAY)?;
    found.grants = grants(tx, now.wall)?;
    found.usage = usage(tx, now.day(), now.day())?;
    found.accounts = accounts(&found.chats);
    found.last_alert = AlertId(nat(tx
        .query_row("SELECT seq FROM sqlite_sequence WHERE name = 'alerts'", [], |r| r.get(0))
        .optional()?
        .unwrap_or(0)));
    found.alerts = alerts(tx, "WHERE done = 0 ORDER BY id", [])?;
    found.silences = silences(tx, now.wall)?;
    found.served = served(tx)?;
    Ok(found)
}

/// The engine begins to answer before it is told what was a duplicate. A process that ended in between may have
/// left the answer behind; the message itself is not on record, and was answered under its first number.
fn drop_answers_to_duplicates(conn: &Connection) -> rusqlite::Result<()> {
    let mut lines = conn.prepare(
        "SELECT DISTINCT s.seq FROM parts p JOIN lines s ON s.seq = p.line WHERE p.line >= (SELECT open FROM tally) AND p.state < 2 \
         AND s.answers IS NOT NULL AND NOT EXISTS (SELECT 1 FROM lines l WHERE l.seq = s.answers)",
    )?;
    let lines: Vec<i64> = lines.query_map([], |r| r.get(0))?.collect::<Result<_, _>>()?;
    let (ready, held) = (state(PartState::Generated), state(PartState::Suppressed));
    for line in lines {
        conn.execute("UPDATE lines SET answers = NULL WHERE seq = ?1", [line])?;
        conn.execute("UPDATE parts SET state = ?3, action = NULL WHERE line = ?1 AND state = ?2", (line, ready, held))?;
    }
    Ok(())
}

fn drop_drafts_for_duplicates(conn: &Connection, items: &mut Vec<(ItemId, Item)>) -> rusqlite::Result<()> {
    let mut left = Vec::with_capacity(items.len());
    for (id, item) in items.drain(..) {
        match item.kind.drafted() {
            Some(line) if !is_there(conn, line)? => {
                conn.execute("DELETE FROM items WHERE id = ?1", [int(id.0)])?;
            }
            _ => left.push((id, item)),
        }
    }
    *items = left;
    Ok(())
}

/// Ends lines whose reply had come to its end while their own was not yet written: asking again would
/// answer them twice.
fn settle(conn: &Connection) -> rusqlite::Result<()> {
    let mut open = conn.prepare(
        "SELECT l.seq, min(p.state), min(s.kind) FROM lines l \
         JOIN lines s ON s.chat = l.chat AND s.seq > l.seq AND s.answers = l.seq AND s.kind > 0 \
         JOIN parts p ON p.line = s.seq WHERE l.seq >= (SELECT open FROM tally) AND l.waits IS NOT NULL GROUP BY l.seq",
    )?;
    let open = open.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
    let open: Vec<(i64, i64, i64)> = open.collect::<Result<_, _>>()?;
    for (seq, reached, kind) in open {
        let outcome = match unstate(reached) {
            None | Some(PartState::Generated | PartState::Sending) => continue,
            Some(PartState::Sent) if kind == columns::NOTICE => Outcome::Notice,
            Some(PartState::Sent) => Outcome::Replied,
            Some(PartState::Unknown) => Outcome::Unknown,
            Some(PartState::Failed) => Outcome::Failed,
            Some(PartState::Expired) => Outcome::Expired,
            Some(PartState::Suppressed) => Outcome::Suppressed,
        };
        conn.execute("UPDATE lines SET outcome = ?2, waits = NULL WHERE seq = ?1", (seq, json(&outcome)))?;
    }
    Ok(())
}

/// Without those whose reply is on its way and those whose draft waits for an operator.
fn waiting(conn: &Connection, items: &[(ItemId, Item)]) -> rusqlite::Result<Vec<Line>> {
    let drafted = |seq: Seq| items.iter().any(|(_, item)| item.kind.drafted() == Some(seq));
    let mut lines = collect_lines(
        conn,
        &format!(
            "SELECT {LINE} FROM lines l JOIN chats c ON c.id = l.chat \
             WHERE l.seq >= (SELECT open FROM tally) AND l.waits IS NOT NULL AND NOT EXISTS \
             (SELECT 1 FROM lines s JOIN parts p ON p.line = s.seq \
              WHERE s.chat = l.chat AND s.seq > l.seq AND s.answers = l.seq AND s.kind > 0) ORDER BY l.seq"
        ),
        [],
    )?;
    lines.retain(|line| !drafted(line.seq));
    Ok(lines)
}

/// Lines by a statement that selects [`LINE`].
pub(super) fn collect_lines(
    conn: &Connection,
    sql: &str,
    values: impl rusqlite::Params,
) -> rusqlite::Result<Vec<Line>> {
    let mut statement = conn.prepare_cached(sql)?;
    statement.query_map(values, line)?.collect()
}

fn parts(conn: &Connection) -> rusqlite::Result<Vec<(Part, Line)>> {
    let mut statement = conn.prepare(&format!(
        "SELECT {LINE}, o.id, o.place, o.state, o.ready, o.action FROM parts o JOIN lines l ON l.seq = o.line \
         JOIN chats c ON c.id = l.chat WHERE o.line >= (SELECT open FROM tally) AND o.state < 2 \
         ORDER BY o.line, o.place, o.id"
    ))?;
    let rows = statement.query_map([], |r| {
        let line = line(r)?;
        let id = PartId(nat(r.get(LINE_WIDTH)?));
        let Some(action) = unjson(r.get_ref(LINE_WIDTH + 4)?.as_str_or_null()?) else {
            tracing::error!(part = id.0, "a stored part cannot be read; it is not sent");
            return Ok(None);
        };
        let part = Part {
            id,
            line: line.seq,
            index: r.get(LINE_WIDTH + 1)?,
            conversation: line.conversation,
            action,
            ready: Wall(r.get(LINE_WIDTH + 3)?),
            state: unstate(r.get(LINE_WIDTH + 2)?).unwrap_or(PartState::Sending),
        };
        Ok(Some((part, line)))
    })?;
    rows.filter_map(Result::transpose).collect()
}

fn chats(conn: &Connection) -> rusqlite::Result<Vec<(ConversationId, ChatState)>> {
    let mut statement = conn.prepare("SELECT account, kind, peer, state FROM chats ORDER BY id")?;
    let rows = statement.query_map([], |r| {
        let state = unjson(r.get_ref(3)?.as_str_or_null()?).unwrap_or_default();
        Ok((conversation(r.get(0)?, r.get(1)?, r.get(2)?), state))
    })?;
    rows.collect()
}

fn grants(conn: &Connection, now: Wall) -> rusqlite::Result<Vec<Grant>> {
    let mut statement = conn.prepare("SELECT kind, id, effect, until, by FROM grants WHERE until > ?1")?;
    let rows = statement.query_map([now.0], |r| {
        Ok(Grant {
            id: unaccess(r.get(0)?, r.get(1)?),
            effect: uneffect(r.get(2)?),
            until: Wall(r.get(3)?),
            by: Text::from(r.get::<_, String>(4)?),
        })
    })?;
    rows.collect()
}

/// Alerts by the end of a statement. What this version cannot read is left out.
pub(super) fn alerts(conn: &Connection, which: &str, values: impl rusqlite::Params) -> rusqlite::Result<Vec<Alert>> {
    let mut statement = conn.prepare_cached(&format!("SELECT alert FROM alerts {which}"))?;
    let rows = statement.query_map(values, |r| Ok(unjson(Some(r.get_ref(0)?.as_str()?))))?;
    rows.filter_map(Result::transpose).collect()
}

fn silences(conn: &Connection, now: Wall) -> rusqlite::Result<Vec<Silence>> {
    let mut statement = conn.prepare("SELECT silence FROM silences WHERE until > ?1 ORDER BY rule, labels")?;
    let rows = statement.query_map([now.0], |r| Ok(unjson(Some(r.get_ref(0)?.as_str()?))))?;
    rows.filter_map(Result::transpose).collect()
}

fn served(conn: &Connection) -> rusqlite::Result<Vec<(SelfId, Text, Wall)>> {
    let mut statement = conn.prepare("SELECT account, name, at FROM served ORDER BY account")?;
    let rows =
        statement.query_map([], |r| Ok((SelfId(r.get(0)?), Text::from(r.get::<_, String>(1)?), Wall(r.get(2)?))))?;
    rows.collect()
}

fn items(conn: &Connection) -> rusqlite::Result<Vec<(ItemId, Item)>> {
    let mut statement = conn.prepare("SELECT id, item FROM items ORDER BY id")?;
    let rows = statement.query_map([], |r| {
        let id = ItemId(nat(r.get(0)?));
        let item = unjson(Some(r.get_ref(1)?.as_str()?));
        if item.is_none() {
            tracing::error!(item = id.0, "a stored item cannot be read; it is left out");
        }
        Ok(item.map(|item| (id, item)))
    })?;
    rows.filter_map(Result::transpose).collect()
}

/// The books of some local days, at most 50 000 entries: day by day, provider by provider, chat by chat.
pub(super) fn usage(conn: &Connection, from: i32, to: i32) -> rusqlite::Result<Vec<Usage>> {
    let mut statement = conn.prepare_cached(
        "SELECT u.day, u.provider, c.account, c.kind, c.peer, u.user, u.asks, u.input, u.cached, u.output, u.cost \
         FROM usage u JOIN chats c ON c.id = u.chat WHERE u.day BETWEEN ?1 AND ?2 \
         ORDER BY u.day, u.provider, u.chat, u.user LIMIT 50000",
    )?;
    let rows = statement.query_map([from, to], |r| {
        Ok(Usage {
            day: r.get(0)?,
            provider: r.get_ref(1)?.as_str()?.into(),
            conversation: conversation(r.get(2)?, r.get(3)?, r.get(4)?),
            user: UserId(r.get(5)?),
            asks: r.get::<_, i64>(6)?.try_into().unwrap_or(u32::MAX),
            input: nat(r.get(7)?),
            cached: nat(r.get(8)?),
            output: nat(r.get(9)?),
            cost: r.get(10)?,
        })
    })?;
    rows.collect()
}

fn accounts(chats: &[(ConversationId, ChatState)]) -> Vec<SelfId> {
    let mut accounts: Vec<SelfId> = chats.iter().map(|(id, _)| id.account).collect();
    accounts.sort_unstable();
    accounts.dedup();
    accounts
}

/// After a backup took the place of the database: what waited when the backup was made may have been
/// answered since, so nothing of it is asked or sent again (at most one reply per message).
pub(super) fn lay_to_rest(conn: &Connection) -> rusqlite::Result<()> {
    let unknown = json(&Outcome::Unknown);
    conn.execute(
        "UPDATE lines SET outcome = ?1, waits = NULL WHERE seq >= (SELECT open FROM tally) AND waits IS NOT NULL",
        [unknown],
    )?;
    let (lost, sending) = (state(PartState::Unknown), state(PartState::Sending));
    conn.execute(
        "UPDATE parts SET state = ?1, action = NULL WHERE line >= (SELECT open FROM tally) AND state <= ?2",
        [lost, sending],
    )?;
    // Numbers given out since the backup are not known; skipping many keeps them from being used again.
    conn.execute(
        "UPDATE tally SET clean = 0, boot = '', seq = seq + ?1, part = part + ?1, item = item + ?1",
        [int(SKIPPED)],
    )?;
    Ok(())
}

/// How many numbers are left out after a restore: more than a day's worth of anything.
const SKIPPED: u64 = 10_000_000;
