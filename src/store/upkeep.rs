//! Cleaning, in slices between commits: what is older than `storage.retention` and all that hangs on it,
//! traces and keys after a day, room given back to the disk.

use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension, params};

use super::columns::int;
use super::search;
use crate::config::Storage;
use crate::domain::Wall;

/// Between passes, and before the first.
const EVERY: Duration = Duration::from_secs(3600);
const FIRST: Duration = Duration::from_secs(60);
/// How long a trace and a message's key are kept at least (design.md §4, threats.md I06).
const DAY: i64 = 86_400_000;
/// How long the books are kept, whatever the retention: a year can be compared with the last.
const BOOKS: i64 = 400;
/// Lines in a row that are young enough to end the search for old ones. Not the first: one line that was
/// written while the clock stood wrong must not keep the rest.
const YOUNG: u32 = 256;
/// Passes from one look at the keys to the next: it reads all of them.
const KEYS_EVERY: u32 = 24;
/// Pages given back at once.
const PAGES: i64 = 64;

enum Stage {
    Traces,
    Lines { from: i64, young: u32 },
    Keys { key: i64, chat: i64 },
    Books,
    Vacuum,
}

/// How far a pass has come, and when the next is due.
pub(super) struct Upkeep {
    stage: Option<Stage>,
    due: Instant,
    passes: u32,
}

impl Upkeep {
    /// The first pass comes soon, but not while everything starts.
    pub(super) fn new(now: Instant) -> Self {
        Self { stage: None, due: now + FIRST, passes: 0 }
    }

    /// A pass is under way.
    pub(super) fn is_busy(&self) -> bool {
        self.stage.is_some()
    }

    /// Until the next pass.
    pub(super) fn wait(&self, now: Instant) -> Duration {
        self.due.saturating_duration_since(now)
    }

    /// The next pass is due now, and looks at everything.
    pub(super) fn hurry(&mut self, now: Instant) {
        self.stage = None;
        self.due = now;
        self.passes = 0;
    }

    /// After a failure: not at once again.
    pub(super) fn put_off(&mut self, now: Instant) {
        self.stage = None;
        self.due = now + FIRST;
    }

    /// Begins a pass if one is due (called when [`Upkeep::wait`] is over); true when it is a new one.
    pub(super) fn begin(&mut self, now: Instant) -> bool {
        if self.stage.is_some() || self.due > now {
            return false;
        }
        self.stage = Some(Stage::Traces);
        true
    }

    /// One transaction's worth of the pass.
    pub(super) fn slice(
        &mut self,
        conn: &Connection,
        settings: &Storage,
        wall: Wall,
        end: Instant,
        indexed: u64,
    ) -> rusqlite::Result<()> {
        let Some(stage) = self.stage.take() else { return Ok(()) };
        if let Stage::Vacuum = stage {
            // Runs its own transactions.
            if vacuum(conn)? {
                self.stage = Some(Stage::Vacuum);
            } else {
                self.passes = self.passes.wrapping_add(1);
                self.due = Instant::now() + EVERY;
            }
            return Ok(());
        }
        let keys = self.passes.is_multiple_of(KEYS_EVERY);
        conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let now = horizon(conn, wall)?;
        self.stage = Some(match stage {
            Stage::Traces => traces(conn, now - DAY, end)?,
            Stage::Lines { from, young } => {
                let retention = i64::try_from(settings.retention.as_millis()).unwrap_or(i64::MAX);
                lines(conn, now.saturating_sub(retention), (from, young), end, indexed)?.unwrap_or(if keys {
                    Stage::Keys { key: i64::MIN, chat: i64::MIN }
                } else {
                    Stage::Books
                })
            }
            Stage::Keys { key, chat } => forget_keys(conn, now - DAY, (key, chat), end)?,
            Stage::Books | Stage::Vacuum => books(conn, now)?,
        });
        conn.prepare_cached("COMMIT")?.execute([])?;
        Ok(())
    }
}

/// The moment that ages are counted from: the wall clock, but at most a day later than at the former pass.
/// A clock that jumps ahead by years would else delete everything within an hour (threats.md G08).
fn horizon(conn: &Connection, wall: Wall) -> rusqlite::Result<i64> {
    let swept: i64 = conn.prepare_cached("SELECT swept FROM tally")?.query_row([], |r| r.get(0))?;
    Ok(if swept == 0 { wall.0 } else { wall.0.min(swept.saturating_add(DAY)) })
}

fn traces(conn: &Connection, before: i64, end: Instant) -> rusqlite::Result<Stage> {
    let mut next = conn.prepare_cached("SELECT seq, chat FROM lines WHERE trace = 1 AND at < ?1 LIMIT 1")?;
    while Instant::now() < end {
        let found = next.query_row([before], |r| Ok((r.get(0)?, r.get(1)?))).optional()?;
        let Some((seq, chat)) = found else { return Ok(Stage::Lines { from: 0, young: 0 }) };
        remove(conn, seq, chat)?;
    }
    Ok(Stage::Traces)
}

/// Deletes a line. Where it was the newest of its chat, the one before it is now.
fn remove(conn: &Connection, seq: i64, chat: i64) -> rusqlite::Result<()> {
    conn.prepare_cached("DELETE FROM lines WHERE seq = ?1")?.execute([seq])?;
    let newest = conn.prepare_cached("DELETE FROM newest WHERE chat = ?1 AND seq = ?2")?.execute([chat, seq])?;
    if newest > 0 {
        conn.prepare_cached("INSERT INTO newest SELECT chat, max(seq) FROM lines WHERE chat = ?1 GROUP BY chat")?
            .execute([chat])?;
    }
    Ok(())
}

fn lines(
    conn: &Connection,
    before: i64,
    (mut from, mut young): (i64, u32),
    end: Instant,
    indexed: u64,
) -> rusqlite::Result<Option<Stage>> {
    let mut next =
        conn.prepare_cached("SELECT seq, at, trace, chat FROM lines WHERE seq >= ?1 ORDER BY seq LIMIT 1")?;
    while Instant::now() < end {
        let found = next.query_row([from], |r| {
            Ok((r.get::<_, i64>(0)?, r.get::<_, i64>(1)?, r.get::<_, bool>(2)?, r.get::<_, i64>(3)?))
        });
        let Some((seq, at, trace, chat)) = found.optional()? else { return Ok(None) };
        from = seq + 1;
        if at >= before {
            young += 1;
            if young >= YOUNG {
                return Ok(None);
            }
            continue;
        }
        young = 0;
        if !trace && seq <= int(indexed) {
            search::forget(conn, seq)?;
        }
        conn.prepare_cached("DELETE FROM parts WHERE line = ?1")?.execute([seq])?;
        remove(conn, seq, chat)?;
    }
    Ok(Some(Stage::Lines { from, young }))
}

/// A key goes when it is a day old and its line is gone: as long as the line is there, the same message
/// (a look into the chat's history after a quiet month) is known.
fn forget_keys(conn: &Connection, before: i64, from: (i64, i64), end: Instant) -> rusqlite::Result<Stage> {
    let mut after = from;
    let mut next = conn.prepare_cached(
        "SELECT key, chat, at < ?3 AND NOT EXISTS(SELECT 1 FROM lines WHERE lines.seq = heard.seq) \
         FROM heard WHERE (key, chat) > (?1, ?2) ORDER BY key, chat LIMIT 128",
    )?;
    while Instant::now() < end {
        let found = next.query_map(params![after.0, after.1, before], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
        let found: Vec<(i64, i64, bool)> = found.collect::<Result<_, _>>()?;
        let Some(last) = found.last() else { return Ok(Stage::Books) };
        after = (last.0, last.1);
        for (key, chat, old) in found {
            if old {
                conn.prepare_cached("DELETE FROM heard WHERE key = ?1 AND chat = ?2")?.execute([key, chat])?;
            }
        }
    }
    Ok(Stage::Keys { key: after.0, chat: after.1 })
}

fn books(conn: &Connection, now: i64) -> rusqlite::Result<Stage> {
    conn.execute("DELETE FROM grants WHERE until < ?1", [now - DAY])?;
    conn.execute("DELETE FROM usage WHERE day < ?1", [now.div_euclid(DAY) - BOOKS])?;
    conn.execute("DELETE FROM alerts WHERE done = 1 AND since < ?1", [now - BOOKS * DAY])?;
    conn.execute("DELETE FROM silences WHERE until < ?1", [now - DAY])?;
    conn.execute("UPDATE tally SET swept = ?1", [now])?;
    Ok(Stage::Vacuum)
}

/// Gives some pages back to the disk where more than a quarter of the file is empty; true while there is more.
fn vacuum(conn: &Connection) -> rusqlite::Result<bool> {
    let count = |name| conn.pragma_query_value(None, name, |r| r.get::<_, i64>(0));
    let (free, all) = (count("freelist_count")?, count("page_count")?);
    if free < 2 * PAGES || free * 4 < all {
        return Ok(false);
    }
    conn.execute_batch(&format!("PRAGMA incremental_vacuum({PAGES})"))?;
    Ok(true)
}
