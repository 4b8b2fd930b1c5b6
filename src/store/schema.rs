//! Tables, and how they grow from one version of the program to the next.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::StoreError;
use crate::config::Durability;

/// "qqdk": a file that is not ours is never taken for an old one of ours.
const APPLICATION: i32 = 0x7171_646b;

/// Step `n` leads from version `n` to `n + 1`. Steps are never edited, only added.
const STEPS: &[&str] = &[FIRST, CONSOLE, ALERTS, KEYS, LEAN];

/// * `tally`: one row. The greatest numbers ever used (lines may be gone, numbers are not used again), the
///   last batch of this session, how far the search index reaches, how the last session ended. `open`: the
///   lines before it and their parts have all come to their end, so those that have not are found without an index.
/// * `lines`: `seq` is the order of everything, so `lines_chat` (chat, rowid) pages one chat without a sort.
///   A partial index finds the few lines that matter to the hourly cleaning.
/// * `heard` (its order: [`KEYS`]): the keys that make a message unique in its chat. Apart from `lines`, because a key outlives a
///   line that was kept for a day only (threats.md I06).
/// * `parts`: beside their line, so that a reply costs one page; `id` is their order. `action` is kept only
///   while it may still be sent: a text is stored once.
/// * `words`: no copy of the text (contentless), see `search.rs`.
/// * `audit`: can only grow; each row holds the hash of the row before it (threats.md D19).
const FIRST: &str = "
CREATE TABLE tally(
    id INTEGER PRIMARY KEY CHECK (id = 1), seq INTEGER NOT NULL, part INTEGER NOT NULL, item INTEGER NOT NULL,
    batch INTEGER NOT NULL, clean INTEGER NOT NULL, indexed INTEGER NOT NULL, swept INTEGER NOT NULL,
    open INTEGER NOT NULL, boot TEXT NOT NULL);
INSERT INTO tally VALUES(1, 0, 0, 0, 0, 1, 0, 0, 0, '');
CREATE TABLE chats(
    id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, peer INTEGER NOT NULL, account INTEGER NOT NULL, state TEXT,
    UNIQUE(kind, peer, account));
CREATE TABLE lines(
    seq INTEGER PRIMARY KEY, chat INTEGER NOT NULL, at INTEGER NOT NULL, kind INTEGER NOT NULL,
    trace INTEGER NOT NULL, recalled INTEGER NOT NULL, waits INTEGER, user INTEGER, name TEXT, text TEXT NOT NULL,
    message INTEGER, answers INTEGER, pictures TEXT, verdict TEXT, outcome TEXT, delivery INTEGER, making TEXT);
CREATE INDEX lines_chat ON lines(chat);
CREATE INDEX lines_waiting ON lines(waits) WHERE waits IS NOT NULL;
CREATE INDEX lines_trace ON lines(at) WHERE trace = 1;
CREATE TABLE heard(
    chat INTEGER NOT NULL, key INTEGER NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY(chat, key)) WITHOUT ROWID;
CREATE TABLE parts(
    line INTEGER NOT NULL, id INTEGER NOT NULL, place INTEGER NOT NULL, state INTEGER NOT NULL,
    message INTEGER, ready INTEGER NOT NULL, action TEXT, PRIMARY KEY(line, id)) WITHOUT ROWID;
CREATE TABLE usage(
    day INTEGER NOT NULL, provider TEXT NOT NULL, chat INTEGER NOT NULL, user INTEGER NOT NULL,
    asks INTEGER NOT NULL, input INTEGER NOT NULL, cached INTEGER NOT NULL, output INTEGER NOT NULL,
    cost REAL NOT NULL, PRIMARY KEY(day, provider, chat, user)) WITHOUT ROWID;
CREATE TABLE grants(
    kind INTEGER NOT NULL, id INTEGER NOT NULL, effect INTEGER NOT NULL, until INTEGER NOT NULL, by TEXT NOT NULL,
    PRIMARY KEY(kind, id, effect)) WITHOUT ROWID;
CREATE TABLE items(id INTEGER PRIMARY KEY, item TEXT NOT NULL);
CREATE TABLE audit(
    id INTEGER PRIMARY KEY, at INTEGER NOT NULL, operator TEXT NOT NULL, command TEXT NOT NULL,
    result TEXT NOT NULL, chain BLOB NOT NULL);
CREATE TRIGGER audit_stays BEFORE DELETE ON audit BEGIN SELECT raise(ABORT, 'the audit only grows'); END;
CREATE TRIGGER audit_holds BEFORE UPDATE ON audit BEGIN SELECT raise(ABORT, 'the audit only grows'); END;
CREATE VIRTUAL TABLE words USING fts5(chat, text, content='', contentless_delete=1, tokenize='ascii');
";

/// What a console asks for.
///
/// * `newest`: the last line of each chat, so that a list of ten thousand chats needs no look at a million lines. It
///   reaches as far as the search index, and is small enough to be sorted at each question: no message waits for it.
/// * `screens`: what each operator's console looked like.
const CONSOLE: &str = "
CREATE TABLE newest(chat INTEGER PRIMARY KEY, seq INTEGER NOT NULL);
INSERT INTO newest SELECT chat, max(seq) FROM lines GROUP BY chat;
CREATE TABLE screens(operator TEXT PRIMARY KEY, screen TEXT NOT NULL) WITHOUT ROWID;
";

/// What is wrong, and who must not hear of it twice.
///
/// * `alerts`: their numbers are not used again, though those that never fired leave no row.
/// * `silences`: until they end or are lifted.
/// * `served`: when each account had a link last: one that does not come back after a restart is missed.
const ALERTS: &str = "
CREATE TABLE alerts(
    id INTEGER PRIMARY KEY AUTOINCREMENT, since INTEGER NOT NULL, done INTEGER NOT NULL, alert TEXT NOT NULL);
CREATE INDEX alerts_open ON alerts(done) WHERE done = 0;
CREATE TABLE silences(
    rule TEXT NOT NULL, labels TEXT NOT NULL, until INTEGER NOT NULL, silence TEXT NOT NULL,
    PRIMARY KEY(rule, labels)) WITHOUT ROWID;
CREATE TABLE served(account INTEGER PRIMARY KEY, name TEXT NOT NULL, at INTEGER NOT NULL);
";

/// Keys by time and not by chat (the engine puts the time first): those that are written together lie together, where
/// each had a page of its own.
const KEYS: &str = "
CREATE TABLE keys(
    key INTEGER NOT NULL, chat INTEGER NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY(key, chat)) WITHOUT ROWID;
INSERT INTO keys SELECT key, chat, seq, at FROM heard;
DROP TABLE heard;
ALTER TABLE keys RENAME TO heard;
";

/// A message costs a page less where the lines that wait are found by `tally.open`, as parts are.
const LEAN: &str = "
UPDATE tally SET open = coalesce(min(open, (SELECT min(seq) FROM lines WHERE waits IS NOT NULL)), open);
DROP INDEX lines_waiting;
";

/// Opens the database for writing. Closing it never writes the log back into it, so that a database found
/// to be corrupt can be put aside as it was; [`Connection`]s in use do that by [`checkpoint`].
pub(super) fn connect(path: &Path, durability: Durability) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    conn.busy_timeout(Duration::from_millis(500))?;
    // Takes effect only before the first table is made.
    conn.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    conn.pragma_update(None, "journal_mode", "WAL")?;
    conn.pragma_update(None, "wal_autocheckpoint", 0)?;
    // As long as a log gets before the writer itself writes it back (`writer::LONG_LOG`): cutting it shorter in a flood
    // only means that the system must find its pages anew.
    conn.pragma_update(None, "journal_size_limit", 64 << 20)?;
    conn.pragma_update(None, "cache_size", -2048)?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    conn.pragma_update(None, "cell_size_check", true)?;
    set_durability(&conn, durability)?;
    conn.set_prepared_statement_cache_capacity(96);
    Ok(conn)
}

/// `process` is NORMAL and not OFF: with a log, NORMAL waits for the disk at checkpoints alone (a commit
/// costs the same: `tests/store_speed.rs`), and a power cut then loses the last commits but
/// leaves a sound file, which OFF does not.
pub(super) fn set_durability(conn: &Connection, durability: Durability) -> rusqlite::Result<()> {
    let level = match durability {
        Durability::Process => "NORMAL",
        Durability::Power => "FULL",
    };
    conn.pragma_update(None, "synchronous", level)
}

/// Opens the database for reading beside the writer.
pub(super) fn connect_reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(Duration::from_millis(500))?;
    conn.pragma_update(None, "cache_size", -2048)?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    conn.pragma_update(None, "cell_size_check", true)?;
    conn.set_prepared_statement_cache_capacity(32);
    Ok(conn)
}

/// Opens a file that nobody writes, and leaves nothing beside it.
pub(super) fn connect_immutable(path: &Path) -> rusqlite::Result<Connection> {
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)
}

/// Brings the tables up to date, all steps or none; refuses what a newer program has written.
pub(super) fn migrate(conn: &mut Connection) -> Result<(), StoreError> {
    migrate_by(conn, STEPS)
}

fn migrate_by(conn: &mut Connection, steps: &[&str]) -> Result<(), StoreError> {
    let found: i32 = conn.pragma_query_value(None, "user_version", |r| r.get(0))?;
    let application: i32 = conn.pragma_query_value(None, "application_id", |r| r.get(0))?;
    let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |r| r.get(0))?;
    if tables > 0 && application != APPLICATION {
        return Err(StoreError::Foreign);
    }
    let known = i32::try_from(steps.len()).unwrap_or(i32::MAX);
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    let Some(steps) = usize::try_from(found).ok().and_then(|n| steps.get(n..)).filter(|s| !s.is_empty()) else {
        return Ok(());
    };
    let tx = conn.transaction()?;
    for step in steps {
        tx.execute_batch(step)?;
    }
    tx.pragma_update(None, "application_id", APPLICATION)?;
    tx.pragma_update(None, "user_version", known)?;
    tx.commit()?;
    Ok(())
}

/// Writes the log back into the database as far as no reader needs it; true when all of it went.
/// Nobody waits for it: it takes no lock that a writer or a reader wants.
pub(super) fn checkpoint(conn: &Connection) -> rusqlite::Result<bool> {
    conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |r| {
        let (busy, log, done): (i64, i64, i64) = (r.get(0)?, r.get(1)?, r.get(2)?);
        Ok(busy == 0 && log == done)
    })
}

/// What is wrong with the file as far as `quick_check` sees; reads all of it.
pub(super) fn check(conn: &Connection) -> Result<(), String> {
    let found: rusqlite::Result<String> = conn.query_row("PRAGMA quick_check(1)", [], |r| r.get(0));
    match found {
        Ok(words) if words == "ok" => Ok(()),
        Ok(words) => Err(words),
        Err(e) => Err(e.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh() -> (tempfile::TempDir, Connection) {
        let dir = tempfile::tempdir().unwrap();
        let conn = connect(&dir.path().join("a.db"), Durability::Process).unwrap();
        (dir, conn)
    }

    const VERSION: i32 = STEPS.len() as i32;

    fn version(conn: &Connection) -> i32 {
        conn.pragma_query_value(None, "user_version", |r| r.get(0)).unwrap()
    }

    #[test]
    fn migrations_run_once_and_again_do_nothing() {
        let (_dir, mut conn) = fresh();
        migrate(&mut conn).unwrap();
        migrate(&mut conn).unwrap();
        assert_eq!(version(&conn), VERSION);
        let vacuum: i64 = conn.pragma_query_value(None, "auto_vacuum", |r| r.get(0)).unwrap();
        assert_eq!(vacuum, 2, "incremental");
    }

    #[test]
    fn an_older_database_grows_by_the_missing_steps_alone() {
        let (_dir, mut conn) = fresh();
        migrate_by(&mut conn, &["CREATE TABLE a(x)"]).unwrap();
        migrate_by(&mut conn, &["CREATE TABLE a(x)", "CREATE TABLE b(x)"]).unwrap();
        assert_eq!(version(&conn), 2);
        conn.execute_batch("SELECT * FROM a, b").unwrap();
    }

    #[test]
    fn a_step_that_fails_leaves_nothing_behind() {
        let (_dir, mut conn) = fresh();
        assert!(migrate_by(&mut conn, &["CREATE TABLE a(x)", "CREATE TABLE a(x)"]).is_err());
        assert_eq!(version(&conn), 0);
        assert!(conn.execute_batch("SELECT * FROM a").is_err());
    }

    #[test]
    fn newer_and_foreign_databases_are_refused() {
        let (_dir, mut conn) = fresh();
        migrate(&mut conn).unwrap();
        conn.pragma_update(None, "user_version", VERSION + 1).unwrap();
        assert!(matches!(migrate(&mut conn), Err(StoreError::Newer { found, known }) if found == known + 1));
        conn.pragma_update(None, "application_id", 7).unwrap();
        assert!(matches!(migrate(&mut conn), Err(StoreError::Foreign)));
    }

    #[test]
    fn keys_outlive_their_new_order() {
        let (_dir, mut conn) = fresh();
        migrate_by(&mut conn, &STEPS[..2]).unwrap();
        conn.execute("INSERT INTO heard(chat, key, seq, at) VALUES(7, -5, 1, 2), (7, 6, 3, 4), (8, 6, 5, 6)", [])
            .unwrap();
        migrate(&mut conn).unwrap();
        let mut all = conn.prepare("SELECT key, chat, seq, at FROM heard").unwrap();
        let all = all.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?))).unwrap();
        let all: Vec<(i64, i64, i64, i64)> = all.map(Result::unwrap).collect();
        assert_eq!(all, [(-5, 7, 1, 2), (6, 7, 3, 4), (6, 8, 5, 6)]);
        let again = conn.execute("INSERT OR IGNORE INTO heard VALUES(6, 8, 9, 9)", []).unwrap();
        assert_eq!(again, 0, "still unique in their chat");
    }

    #[test]
    fn what_waited_is_found_by_where_recovery_begins() {
        for (waits, want) in [("NULL", 9), ("1", 3)] {
            let (_dir, mut conn) = fresh();
            migrate_by(&mut conn, &STEPS[..4]).unwrap();
            conn.execute_batch(&format!(
                "UPDATE tally SET open = 9; INSERT INTO lines(seq, chat, at, kind, trace, recalled, waits, text) \
                 VALUES(2, 1, 0, 0, 0, 0, NULL, ''), (3, 1, 0, 0, 0, 0, {waits}, '')"
            ))
            .unwrap();
            migrate(&mut conn).unwrap();
            assert_eq!(conn.query_row("SELECT open FROM tally", [], |r| r.get::<_, i64>(0)).unwrap(), want, "{waits}");
        }
    }

    #[test]
    fn the_audit_only_grows() {
        let (_dir, mut conn) = fresh();
        migrate(&mut conn).unwrap();
        conn.execute("INSERT INTO audit VALUES(1, 1, 'li', 'allow', 'ok', x'00')", []).unwrap();
        assert!(conn.execute("DELETE FROM audit", []).is_err());
        assert!(conn.execute("UPDATE audit SET result = 'no'", []).is_err());
    }
}
