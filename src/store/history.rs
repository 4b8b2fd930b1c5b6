//! Pages of what was said.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::columns::{LINE, int, line, nat, peer};
use super::recover::{alerts, collect_lines, usage};
use super::search::Wanted;
use super::{FILE, StoreError, chats, schema};
use crate::domain::{Audit, ChatRef, Line, Load, Page, Query, Seq, Text, Wall};

/// The longest page.
const PAGE: u32 = 1000;
/// Lines of one chat that are looked through for the replies to one of them, or for a part's message id.
const NEAR: i64 = 5000;
/// By how much a clock may have jumped without hiding a line from a search by time (threats.md G08).
const SLACK: i64 = 2 * 86_400_000;

/// Answers a question about the past; what goes wrong becomes [`Page::Failed`].
pub(super) fn answer(conn: &mut Connection, query: &Query) -> Page {
    // One transaction: the index and the lines beside it belong to the same moment.
    let page = conn.transaction().and_then(|tx| match query {
        Query::History { chat, before, after, since, until, limit } => {
            history(&tx, *chat, (*after, *before), (*since, *until), *limit)
        }
        Query::Search { text, chat, before, limit } => search(&tx, text, *chat, *before, *limit),
        Query::Why { chat, message } => why(&tx, *chat, *message),
        Query::Usage { from, to } => usage(&tx, *from, *to).map(Page::Usage),
        Query::Audit { limit } => audit(&tx, *limit),
        Query::Alerts { limit } => alerts(&tx, "ORDER BY id DESC LIMIT ?1", [limited(*limit)]).map(Page::Alerts),
        Query::Chats { before, limit, filter } => chats::list(&tx, *before, limited(*limit), filter.as_deref()),
        Query::Screen { operator } => screen(&tx, operator).map(Page::Screen),
        // Nothing of them is stored; the runtime answers by itself.
        Query::Prompt { .. } => Ok(Page::NotKept),
    });
    page.unwrap_or_else(|e| Page::Failed(e.to_string()))
}

/// The newest lines of a conversation that a model may be shown, oldest first.
pub(super) fn load(conn: &Connection, load: &Load) -> rusqlite::Result<Vec<Line>> {
    let chat = ChatRef { peer: load.conversation.peer, account: Some(load.conversation.account) };
    let mut lines = Vec::new();
    for chat in chats(conn, chat)? {
        lines = collect_lines(
            conn,
            &format!(
                "SELECT {LINE} FROM lines l JOIN chats c ON c.id = l.chat \
                 WHERE l.chat = ?1 AND l.seq > ?2 AND l.trace = 0 ORDER BY l.seq DESC LIMIT ?3"
            ),
            params![chat, int(load.after.0), load.lines.min(PAGE)],
        )?;
    }
    lines.reverse();
    Ok(lines)
}

/// The chats that a reference means: one, or one for each account that serves it.
fn chats(conn: &Connection, chat: ChatRef) -> rusqlite::Result<Vec<i64>> {
    let (kind, number) = peer(chat.peer);
    let mut statement =
        conn.prepare_cached("SELECT id FROM chats WHERE kind = ?1 AND peer = ?2 AND (?3 IS NULL OR account = ?3)")?;
    statement.query_map(params![kind, number, chat.account.map(|a| a.0)], |r| r.get(0))?.collect()
}

/// Newest first, cut to the page.
fn page(mut lines: Vec<Line>, limit: u32) -> Page {
    lines.sort_by_key(|line| std::cmp::Reverse(line.seq));
    let limit = limit as usize;
    let more = lines.len() > limit;
    lines.truncate(limit);
    Page::Lines { lines, more }
}

fn limited(limit: u32) -> u32 {
    limit.clamp(1, PAGE)
}

fn history(
    conn: &Transaction<'_>,
    chat: ChatRef,
    (after, before): (Option<Seq>, Option<Seq>),
    (since, until): (Option<Wall>, Option<Wall>),
    limit: u32,
) -> rusqlite::Result<Page> {
    let limit = limited(limit);
    let order = if after.is_some() { "ASC" } else { "DESC" };
    // Lines are in the order of `seq`, and only nearly in that of `at`: near enough to know where to begin.
    let low = since.map_or(Ok(i64::MIN), |at| first_after(conn, at.0.saturating_sub(SLACK)))?;
    let low = after.map_or(low, |seq| low.max(int(seq.0).saturating_add(1)));
    let mut high = before.map_or(i64::MAX, |seq| int(seq.0));
    if let Some(until) = until {
        high = high.min(first_after(conn, until.0.saturating_add(SLACK))?);
    }
    let sql = format!(
        "SELECT {LINE} FROM lines l JOIN chats c ON c.id = l.chat WHERE l.chat = ?1 AND l.seq < ?2 AND l.seq >= ?3 \
         AND l.at BETWEEN ?4 AND ?5 ORDER BY l.seq {order} LIMIT ?6"
    );
    let (from, to) = (since.map_or(i64::MIN, |w| w.0), until.map_or(i64::MAX, |w| w.0));
    let mut lines = Vec::new();
    for chat in chats(conn, chat)? {
        lines.extend(collect_lines(conn, &sql, params![chat, high, low, from, to, limit + 1])?);
    }
    if after.is_some() {
        // The oldest of several chats; shown newest first all the same.
        lines.sort_by_key(|line| line.seq);
        let more = lines.len() > limit as usize;
        lines.truncate(limit as usize);
        lines.reverse();
        return Ok(Page::Lines { lines, more });
    }
    Ok(page(lines, limit))
}

/// The first line at or after a moment, by halving; exact as long as no clock jumped.
fn first_after(conn: &Connection, at: i64) -> rusqlite::Result<i64> {
    let mut probe = conn.prepare_cached("SELECT seq, at FROM lines WHERE seq >= ?1 ORDER BY seq LIMIT 1")?;
    let bounds = conn.query_row("SELECT (SELECT min(seq) FROM lines), (SELECT max(seq) FROM lines)", [], |r| {
        Ok((r.get::<_, Option<i64>>(0)?, r.get::<_, Option<i64>>(1)?))
    })?;
    let (Some(mut low), Some(high)) = bounds else { return Ok(i64::MAX) };
    let mut high = high.saturating_add(1);
    while low < high {
        let middle = low + (high - low) / 2;
        let found: Option<(i64, i64)> = probe.query_row([middle], |r| Ok((r.get(0)?, r.get(1)?))).optional()?;
        match found {
            Some((seq, time)) if time < at => low = seq + 1,
            _ => high = middle,
        }
    }
    Ok(low)
}

/// Newest first, by number alone: first the lines that are not yet indexed, then the index. Recalled lines
/// are found (operators look for them); traces are not.
fn search(
    conn: &Transaction<'_>,
    text: &str,
    chat: Option<ChatRef>,
    before: Option<Seq>,
    limit: u32,
) -> rusqlite::Result<Page> {
    let limit = limited(limit);
    let nothing = Page::Lines { lines: Vec::new(), more: false };
    let Some(wanted) = Wanted::new(text) else { return Ok(nothing) };
    let chats = chat.map(|chat| chats(conn, chat)).transpose()?;
    if chats.as_ref().is_some_and(Vec::is_empty) {
        return Ok(nothing);
    }
    let before = before.map_or(i64::MAX, |seq| int(seq.0));
    let enough = limit as usize + 1;
    let mut found = in_tail(conn, &wanted, chats.as_deref(), before, enough)?;
    if found.len() < enough {
        let mut statement = conn.prepare_cached(
            "SELECT rowid FROM words WHERE words MATCH ?1 AND rowid < ?2 ORDER BY rowid DESC LIMIT ?3",
        )?;
        let question = wanted.question(chats.as_deref());
        let left = i64::try_from(enough - found.len()).unwrap_or(0);
        for seq in statement.query_map(params![question, before, left], |r| r.get(0))? {
            found.push(seq?);
        }
    }
    // A late line is indexed at once and may be younger than some of the tail's neighbours.
    found.sort_unstable_by_key(|seq| std::cmp::Reverse(*seq));
    let mut one =
        conn.prepare_cached(&format!("SELECT {LINE} FROM lines l JOIN chats c ON c.id = l.chat WHERE l.seq = ?1"))?;
    let mut lines = Vec::with_capacity(found.len());
    for seq in found {
        lines.extend(one.query_row([seq], line).optional()?);
    }
    Ok(page(lines, limit))
}

fn in_tail(
    conn: &Connection,
    wanted: &Wanted,
    chats: Option<&[i64]>,
    before: i64,
    enough: usize,
) -> rusqlite::Result<Vec<i64>> {
    let mut tail = conn.prepare_cached(
        "SELECT seq, chat, text FROM lines WHERE seq > (SELECT indexed FROM tally) AND seq < ?1 AND trace = 0 \
         ORDER BY seq DESC",
    )?;
    let mut rows = tail.query([before])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let here = match chats {
            Some(chats) => chats.contains(&row.get(1)?),
            None => true,
        };
        if here && wanted.found_in(row.get_ref(2)?.as_str()?) {
            found.push(row.get(0)?);
            if found.len() >= enough {
                break;
            }
        }
    }
    Ok(found)
}

fn why(conn: &Transaction<'_>, chat: ChatRef, message: Option<i64>) -> rusqlite::Result<Page> {
    let chats = chats(conn, chat)?;
    let mut seq = None;
    for chat in &chats {
        seq = seq.max(match message {
            Some(id) => by_number(conn, *chat, id)?,
            None => conn
                .prepare_cached("SELECT seq FROM lines WHERE chat = ?1 AND kind = 0 ORDER BY seq DESC LIMIT 1")?
                .query_row([chat], |r| r.get(0))
                .optional()?,
        });
    }
    let one = format!("SELECT {LINE} FROM lines l JOIN chats c ON c.id = l.chat WHERE l.seq = ?1");
    let line = match seq {
        Some(seq) => collect_lines(conn, &one, [seq])?.pop(),
        None => None,
    };
    let mut replies = Vec::new();
    if let Some(line) = &line {
        // What answered it, what corrected that, and so on.
        let sql = format!(
            "WITH RECURSIVE near AS MATERIALIZED (SELECT * FROM lines \
                 WHERE chat = (SELECT chat FROM lines WHERE seq = ?1) AND seq > ?1 ORDER BY seq LIMIT ?2), \
             reply(seq) AS (SELECT ?1 UNION SELECT n.seq FROM reply r JOIN near n ON n.answers = r.seq WHERE n.kind > 0) \
             SELECT {LINE} FROM near l JOIN chats c ON c.id = l.chat WHERE l.seq IN (SELECT seq FROM reply) ORDER BY l.seq"
        );
        replies = collect_lines(conn, &sql, [int(line.seq.0), NEAR])?;
    }
    Ok(Page::Why { line: line.map(Box::new), replies })
}

/// By the adapter's id of what was heard, else of what we said (then what it answers), else by our number. Ids are
/// looked for among the chat's newest lines.
fn by_number(conn: &Connection, chat: i64, id: i64) -> rusqlite::Result<Option<i64>> {
    let heard: Option<i64> = conn
        .prepare_cached(
            "SELECT seq FROM (SELECT seq, message, kind FROM lines WHERE chat = ?1 ORDER BY seq DESC LIMIT ?3) \
             WHERE kind = 0 AND message = ?2 LIMIT 1",
        )?
        .query_row([chat, id, NEAR], |r| r.get(0))
        .optional()?;
    if heard.is_some() {
        return Ok(heard);
    }
    let said: Option<i64> = conn
        .prepare_cached(
            "SELECT coalesce(l.answers, l.seq) FROM (SELECT seq, answers, kind FROM lines WHERE chat = ?1 \
             ORDER BY seq DESC LIMIT ?3) l JOIN parts p ON p.line = l.seq WHERE l.kind > 0 AND p.message = ?2 LIMIT 1",
        )?
        .query_row([chat, id, NEAR], |r| r.get(0))
        .optional()?;
    if said.is_some() {
        return Ok(said);
    }
    let mut ours = conn.prepare_cached("SELECT seq FROM lines WHERE chat = ?1 AND seq = ?2")?;
    ours.query_row([chat, id], |r| r.get(0)).optional()
}

fn screen(conn: &Connection, operator: &Text) -> rusqlite::Result<Option<String>> {
    let mut statement = conn.prepare_cached("SELECT screen FROM screens WHERE operator = ?1")?;
    statement.query_row([operator.raw()], |r| r.get(0)).optional()
}

fn audit(conn: &Connection, limit: u32) -> rusqlite::Result<Page> {
    let mut statement =
        conn.prepare_cached("SELECT at, operator, command, result FROM audit ORDER BY id DESC LIMIT ?1")?;
    let rows = statement.query_map([limited(limit)], entry)?;
    Ok(Page::Audit(rows.collect::<Result<_, _>>()?))
}

/// Reads the whole audit of a data directory, also while the program runs: the number of the first row that
/// does not fit to the hash before it, which means that somebody changed it or one before it by hand.
///
/// # Errors
/// What SQLite said.
pub fn audit_break(dir: &Path) -> Result<Option<u64>, StoreError> {
    let conn = schema::connect_reader(&dir.join(FILE))?;
    let mut statement = conn.prepare("SELECT at, operator, command, result, id, chain FROM audit ORDER BY id")?;
    let mut rows = statement.query([])?;
    let mut last = Vec::new();
    while let Some(row) = rows.next()? {
        let chain: Vec<u8> = row.get(5)?;
        if super::rows::link(&last, &entry(row)?) != chain {
            return Ok(Some(nat(row.get(4)?)));
        }
        last = chain;
    }
    Ok(None)
}

fn entry(row: &Row<'_>) -> rusqlite::Result<Audit> {
    Ok(Audit {
        at: Wall(row.get(0)?),
        operator: Text::from(row.get::<_, String>(1)?),
        command: row.get(2)?,
        result: row.get(3)?,
    })
}
