//! Rows into tables.

use std::collections::{BTreeSet, HashMap};

use ring::digest;
use rusqlite::{Connection, OptionalExtension, params};

use super::columns::{access, author, effect, int, json, nat, peer, state};
use super::{chats, search};
use crate::domain::{
    Alert, AlertState, Audit, ConversationId, Decision, Grant, Line, MessageId, Outcome, Part, PartId, PartState, Row,
    Seq, Silence, Usage, Verdict,
};

/// Characters kept of a message of a chat that is not allowed (design.md §4).
const TRACE: usize = 80;
/// Numbers of conversations kept in memory; beyond that they are looked up again.
const KNOWN_CHATS: usize = 8192;

/// What the writer knows by heart about the tables. Belongs to one connection and one run of successful
/// transactions: after a rollback it is read anew.
#[derive(Debug, Default)]
pub(super) struct Book {
    chats: HashMap<ConversationId, i64>,
    /// Parts without an end, and their lines.
    open: HashMap<PartId, Seq>,
    /// Lines without an end; of those that cleaning has taken, some too many.
    waiting: BTreeSet<Seq>,
    seq: u64,
    part: u64,
    item: u64,
    clean: bool,
    /// The greatest batch of this session that is on disk, by the writer's own count.
    pub(super) batch: u64,
    /// Lines up to here are in the search index.
    pub(super) indexed: u64,
    /// Lines that are not; an estimate that decides when to index.
    pub(super) unindexed: u64,
}

impl Book {
    /// Reads it from the tables.
    pub(super) fn read(conn: &Connection) -> rusqlite::Result<Self> {
        let mut book = conn.query_row("SELECT seq, part, item, batch, clean, indexed FROM tally", [], |r| {
            Ok(Self {
                seq: nat(r.get(0)?),
                part: nat(r.get(1)?),
                item: nat(r.get(2)?),
                batch: nat(r.get(3)?),
                clean: r.get(4)?,
                indexed: nat(r.get(5)?),
                ..Self::default()
            })
        })?;
        let mut open =
            conn.prepare("SELECT id, line FROM parts WHERE line >= (SELECT open FROM tally) AND state <= ?1")?;
        let open =
            open.query_map([state(PartState::Sending)], |r| Ok((PartId(nat(r.get(0)?)), Seq(nat(r.get(1)?)))))?;
        book.open = open.collect::<Result<_, _>>()?;
        let mut waiting =
            conn.prepare("SELECT seq FROM lines WHERE seq >= (SELECT open FROM tally) AND waits IS NOT NULL")?;
        let waiting = waiting.query_map([], |r| Ok(Seq(nat(r.get(0)?))))?;
        book.waiting = waiting.collect::<Result<_, _>>()?;
        book.unindexed =
            nat(conn.query_row("SELECT count(*) FROM lines WHERE seq > ?1", [int(book.indexed)], |r| r.get(0))?);
        Ok(book)
    }

    /// The last statement of every transaction that holds rows.
    pub(super) fn close(&mut self, conn: &Connection) -> rusqlite::Result<()> {
        let open = self.open.values().chain(self.waiting.first()).copied().min().unwrap_or(Seq(self.seq));
        conn.prepare_cached("UPDATE tally SET seq = ?1, part = ?2, item = ?3, batch = ?4, clean = ?5, open = ?6")?
            .execute(params![
                int(self.seq),
                int(self.part),
                int(self.item),
                int(self.batch),
                self.clean,
                int(open.0)
            ])?;
        Ok(())
    }

    /// Writes one row; lines that had been heard before are added to `duplicates`.
    pub(super) fn apply(&mut self, conn: &Connection, row: &Row, duplicates: &mut Vec<Seq>) -> rusqlite::Result<()> {
        self.clean = matches!(row, Row::CleanStop);
        match row {
            Row::Heard { line, dedupe, trace } => self.heard(conn, line, *dedupe, *trace, duplicates),
            Row::Said(line) => self.line(conn, line, line.text.raw(), false),
            Row::Judged(seq, verdict) => {
                if verdict.decision == Decision::Reply {
                    self.waiting.insert(*seq);
                }
                judged(conn, *seq, verdict)
            }
            Row::Ended(seq, outcome) => {
                self.waiting.remove(seq);
                ended(conn, *seq, outcome)
            }
            Row::Recalled(seq) => run(conn, "UPDATE lines SET recalled = 1 WHERE seq = ?1", params![int(seq.0)]),
            Row::Part(part) => self.part(conn, part),
            Row::PartState(id, to, message) => self.part_state(conn, *id, *to, *message),
            Row::Chat(id, settings) => {
                let chat = self.chat(conn, *id)?;
                run(conn, "UPDATE chats SET state = ?2 WHERE id = ?1", params![chat, json(settings)])
            }
            Row::Usage(usage) => self.usage(conn, usage),
            Row::Grant(rule) => grant(conn, rule),
            Row::Item(id, item) => {
                self.item = self.item.max(id.0);
                run(conn, "INSERT OR REPLACE INTO items VALUES(?1, ?2)", params![int(id.0), json(item)])
            }
            Row::ItemDone(id) => run(conn, "DELETE FROM items WHERE id = ?1", params![int(id.0)]),
            Row::Alert(one) => alert(conn, one),
            Row::Silence(one) => silence(conn, one),
            Row::Served { account, name, at } => {
                run(conn, "INSERT OR REPLACE INTO served VALUES(?1, ?2, ?3)", params![account.0, name.raw(), at.0])
            }
            Row::Audit(entry) => audit(conn, entry),
            Row::Screen { operator, screen } => {
                run(conn, "INSERT OR REPLACE INTO screens VALUES(?1, ?2)", params![operator.raw(), screen])
            }
            Row::CleanStop => Ok(()),
        }
    }

    fn chat(&mut self, conn: &Connection, id: ConversationId) -> rusqlite::Result<i64> {
        if let Some(chat) = self.chats.get(&id) {
            return Ok(*chat);
        }
        let (kind, number) = peer(id.peer);
        let key = params![kind, number, id.account.0];
        let found = conn
            .prepare_cached("SELECT id FROM chats WHERE kind = ?1 AND peer = ?2 AND account = ?3")?
            .query_row(key, |r| r.get(0))
            .optional()?;
        let chat = match found {
            Some(chat) => chat,
            None => {
                run(conn, "INSERT INTO chats(kind, peer, account) VALUES(?1, ?2, ?3)", key)?;
                conn.last_insert_rowid()
            }
        };
        if self.chats.len() >= KNOWN_CHATS {
            self.chats.clear();
        }
        self.chats.insert(id, chat);
        Ok(chat)
    }

    fn heard(
        &mut self,
        conn: &Connection,
        line: &Line,
        key: i64,
        trace: bool,
        duplicates: &mut Vec<Seq>,
    ) -> rusqlite::Result<()> {
        let chat = self.chat(conn, line.conversation)?;
        let fresh = conn.prepare_cached("INSERT OR IGNORE INTO heard VALUES(?1, ?2, ?3, ?4)")?.execute(params![
            key,
            chat,
            int(line.seq.0),
            line.at.0
        ])?;
        if fresh == 0 {
            duplicates.push(line.seq);
            self.seq = self.seq.max(line.seq.0);
            return Ok(());
        }
        let alone = match line.merged_into() {
            Some(head) if !is_there(conn, head)? => Some(line.unmerged()),
            _ => None,
        };
        let line = alone.as_ref().unwrap_or(line);
        let text = line.text.raw();
        let cut = if trace { text.char_indices().nth(TRACE).map_or(text.len(), |(i, _)| i) } else { text.len() };
        self.line(conn, line, &text[..cut], trace)
    }

    fn line(&mut self, conn: &Connection, line: &Line, text: &str, trace: bool) -> rusqlite::Result<()> {
        let chat = self.chat(conn, line.conversation)?;
        let (kind, user, name) = author(&line.author);
        let replies = line.verdict.as_ref().is_some_and(|v| v.decision == Decision::Reply);
        let waits = replies && kind == 0 && line.outcome.is_none() && !trace;
        let pictures = (!trace && !line.pictures.is_empty()).then(|| json(&line.pictures)).flatten();
        conn.prepare_cached(
            // A reply that is told again has grown: paragraph by paragraph, and its making at the end. Or what it
            // answers was a duplicate, and it answers the next message.
            "INSERT INTO lines VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17) \
             ON CONFLICT(seq) DO UPDATE SET text = ?10, answers = ?12, making = ?17",
        )?
        .execute(params![
            int(line.seq.0),
            chat,
            line.at.0,
            kind,
            trace,
            line.recalled,
            waits.then_some(1),
            user,
            name,
            text,
            line.message.map(|m| m.0),
            line.answers.map(|s| int(s.0)),
            pictures,
            line.verdict.as_ref().and_then(json),
            line.outcome.as_ref().and_then(json),
            line.delivery.map(state),
            line.making.as_deref().and_then(json),
        ])?;
        self.seq = self.seq.max(line.seq.0);
        if waits {
            self.waiting.insert(line.seq);
        }
        // A line may come after younger ones (a reply has its number before its text is whole): where the
        // index has passed it, it is added here and now.
        let late = line.seq.0 <= self.indexed;
        if late {
            chats::spoke(conn, chat, int(line.seq.0))?;
        }
        if trace {
            return Ok(());
        }
        if late {
            search::forget(conn, int(line.seq.0))?;
            return search::index(conn, line.seq, chat, text);
        }
        self.unindexed += 1;
        Ok(())
    }

    fn part(&mut self, conn: &Connection, part: &Part) -> rusqlite::Result<()> {
        self.part = self.part.max(part.id.0);
        let action = if part.state.is_final() {
            None
        } else {
            self.open.insert(part.id, part.line);
            json(&part.action)
        };
        run(
            conn,
            "INSERT OR REPLACE INTO parts VALUES(?1, ?2, ?3, ?4, NULL, ?5, ?6)",
            params![int(part.line.0), int(part.id.0), part.index, state(part.state), part.ready.0, action],
        )
    }

    /// Of a part without an end; what has come to one stays as it is.
    fn part_state(
        &mut self,
        conn: &Connection,
        id: PartId,
        to: PartState,
        message: Option<MessageId>,
    ) -> rusqlite::Result<()> {
        let Some(line) = self.open.get(&id).copied() else { return Ok(()) };
        if to.is_final() {
            self.open.remove(&id);
        }
        run(
            conn,
            // What was sent stands in its line; the action would be a second copy.
            "UPDATE parts SET state = ?3, message = coalesce(?4, message), action = CASE WHEN ?5 THEN NULL ELSE action END \
             WHERE line = ?1 AND id = ?2",
            params![int(line.0), int(id.0), state(to), message.map(|m| m.0), to.is_final()],
        )
    }

    fn usage(&mut self, conn: &Connection, usage: &Usage) -> rusqlite::Result<()> {
        let chat = self.chat(conn, usage.conversation)?;
        // NaN would be NULL and refused; an unknown price costs nothing.
        let cost = if usage.cost.is_finite() { usage.cost } else { 0.0 };
        run(
            conn,
            "INSERT INTO usage VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO UPDATE SET \
             asks = asks + excluded.asks, input = input + excluded.input, cached = cached + excluded.cached, \
             output = output + excluded.output, cost = cost + excluded.cost",
            params![
                usage.day,
                &*usage.provider,
                chat,
                usage.user.0,
                usage.asks,
                int(usage.input),
                int(usage.cached),
                int(usage.output),
                cost
            ],
        )
    }
}

/// Whether a line is on record.
pub(super) fn is_there(conn: &Connection, line: Seq) -> rusqlite::Result<bool> {
    conn.prepare_cached("SELECT EXISTS(SELECT 1 FROM lines WHERE seq = ?1)")?.query_row([int(line.0)], |r| r.get(0))
}

fn run(conn: &Connection, sql: &str, values: &[&dyn rusqlite::ToSql]) -> rusqlite::Result<()> {
    conn.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

fn judged(conn: &Connection, seq: Seq, verdict: &Verdict) -> rusqlite::Result<()> {
    let waits = (verdict.decision == Decision::Reply).then_some(1);
    // To be answered after all: the end that it had is no longer its end.
    run(
        conn,
        "UPDATE lines SET verdict = ?2, outcome = CASE WHEN ?3 IS NULL THEN outcome END, \
         waits = CASE WHEN trace = 0 THEN ?3 END WHERE seq = ?1",
        params![int(seq.0), json(verdict), waits],
    )
}

/// Also of lines that wait no more: an operator may answer what was ignored.
fn ended(conn: &Connection, seq: Seq, outcome: &Outcome) -> rusqlite::Result<()> {
    run(conn, "UPDATE lines SET outcome = ?2, waits = NULL WHERE seq = ?1", params![int(seq.0), json(outcome)])
}

fn grant(conn: &Connection, rule: &Grant) -> rusqlite::Result<()> {
    let (kind, id) = access(rule.id);
    run(
        conn,
        "INSERT OR REPLACE INTO grants VALUES(?1, ?2, ?3, ?4, ?5)",
        params![kind, id, effect(rule.effect), rule.until.0, rule.by.raw()],
    )
}

/// One that never fired leaves nothing but its number.
fn alert(conn: &Connection, alert: &Alert) -> rusqlite::Result<()> {
    let id = int(alert.id.0);
    run(
        conn,
        "INSERT OR REPLACE INTO alerts VALUES(?1, ?2, ?3, ?4)",
        params![id, alert.since.0, alert.done, json(alert)],
    )?;
    if alert.state == AlertState::Resolved && alert.fired.is_none() {
        run(conn, "DELETE FROM alerts WHERE id = ?1", params![id])?;
    }
    Ok(())
}

fn silence(conn: &Connection, silence: &Silence) -> rusqlite::Result<()> {
    run(
        conn,
        "INSERT OR REPLACE INTO silences VALUES(?1, ?2, ?3, ?4)",
        params![silence.rule, json(&silence.labels), silence.until.0, json(silence)],
    )
}

fn audit(conn: &Connection, entry: &Audit) -> rusqlite::Result<()> {
    let last: Option<Vec<u8>> = conn
        .prepare_cached("SELECT chain FROM audit ORDER BY id DESC LIMIT 1")?
        .query_row([], |r| r.get(0))
        .optional()?;
    let chain = link(last.as_deref().unwrap_or_default(), entry);
    run(
        conn,
        "INSERT INTO audit(at, operator, command, result, chain) VALUES(?1, ?2, ?3, ?4, ?5)",
        params![entry.at.0, entry.operator.raw(), entry.command, entry.result, chain],
    )
}

/// SHA-256 over the former row's hash and this row, each field with its length before it, so that moving a
/// border between fields changes the hash.
pub(super) fn link(last: &[u8], entry: &Audit) -> Vec<u8> {
    let mut hash = digest::Context::new(&digest::SHA256);
    hash.update(last);
    hash.update(&entry.at.0.to_le_bytes());
    for field in [entry.operator.raw(), &entry.command, &entry.result] {
        hash.update(&(field.len() as u64).to_le_bytes());
        hash.update(field.as_bytes());
    }
    hash.finish().as_ref().to_vec()
}
