//! Copies of the database while it is written to, and the way back from one.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::lock::{Lock, private_dir, private_file};
use super::{FILE, StoreError, recover, schema};
use crate::config::Durability;
use crate::domain::{Now, Wall};

/// Pages copied at once; between two such steps the disk is left to others for a moment.
const STEP: i32 = 512;
const PAUSE: Duration = Duration::from_millis(1);

/// Where backups lie.
fn folder(dir: &Path) -> PathBuf {
    dir.join("backups")
}

/// The backup of a local day.
pub(super) fn file(dir: &Path, now: Now) -> PathBuf {
    let days = jiff::Span::new().days(now.day());
    let date = jiff::civil::date(1970, 1, 1).checked_add(days).unwrap_or(jiff::civil::Date::ZERO);
    folder(dir).join(format!("qqdeck-{date}.db"))
}

/// Backups, newest first.
pub(super) fn all(dir: &Path) -> Vec<PathBuf> {
    let is_ours = |path: &PathBuf| {
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        let date = name.strip_prefix("qqdeck-").and_then(|n| n.strip_suffix(".db"));
        date.is_some_and(|date| date.parse::<jiff::civil::Date>().is_ok())
    };
    let entries = fs::read_dir(folder(dir)).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(is_ours).collect();
    found.sort_unstable_by(|a, b| b.cmp(a));
    found
}

/// Copies the database of one moment, checks the copy, and only then lets older ones go.
pub(super) fn make(database: &Path, to: &Path, keep: u32) -> Result<(), StoreError> {
    let folder = to.parent().unwrap_or(Path::new("."));
    private_dir(folder)?;
    let part = to.with_extension("part");
    let _ = fs::remove_file(&part);
    private_file(&part)?;
    let made = copy(database, &part).and_then(|()| {
        let file = File::open(&part).map_err(|e| StoreError::io(&part, e))?;
        file.sync_all().map_err(|e| StoreError::io(&part, e))?;
        fs::rename(&part, to).map_err(|e| StoreError::io(to, e))
    });
    if made.is_err() {
        let _ = fs::remove_file(&part);
        return made;
    }
    if let Some(dir) = folder.parent() {
        for old in all(dir).into_iter().skip(keep.max(1) as usize) {
            fs::remove_file(&old).map_err(|e| StoreError::io(&old, e))?;
        }
    }
    Ok(())
}

fn copy(database: &Path, to: &Path) -> Result<(), StoreError> {
    let source = schema::connect_reader(database)?;
    // Held open, it pins one moment: else each commit of the writer would start the copy all over.
    source.execute_batch("BEGIN")?;
    source.query_row("SELECT seq FROM tally", [], |_| Ok(()))?;
    let mut copy = Connection::open(to)?;
    copy.pragma_update(None, "synchronous", "OFF")?;
    copy.pragma_update(None, "cache_size", -1024)?;
    {
        let backup = Backup::new(&source, &mut copy)?;
        while let StepResult::More = backup.step(STEP)? {
            std::thread::sleep(PAUSE);
        }
    }
    drop(source);
    // One file without a log beside it.
    copy.pragma_update(None, "journal_mode", "DELETE")?;
    schema::check(&copy).map_err(|words| StoreError::BadBackup { file: to.to_owned(), words })
}

/// Puts a checked copy of a backup in the place of the database, which the caller has put aside.
pub(super) fn put_back(dir: &Path, backup: &Path) -> Result<(), StoreError> {
    let bad = |words: String| StoreError::BadBackup { file: backup.to_owned(), words };
    let new = dir.join(format!("{FILE}.restoring"));
    for stale in [new.clone(), beside(&new, "-wal"), beside(&new, "-shm")] {
        let _ = fs::remove_file(stale);
    }
    private_file(&new)?;
    fs::copy(backup, &new).map_err(|e| StoreError::io(backup, e))?;
    private_file(&new)?;
    let mut conn = schema::connect(&new, Durability::Power)?;
    schema::check(&conn).map_err(bad)?;
    schema::migrate(&mut conn)?;
    let tx = conn.transaction()?;
    recover::lay_to_rest(&tx)?;
    tx.commit()?;
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    drop(conn);
    for log in ["-wal", "-shm"] {
        let _ = fs::remove_file(beside(&new, log));
    }
    let to = dir.join(FILE);
    fs::rename(&new, &to).map_err(|e| StoreError::io(&to, e))
}

/// `database` with something behind its whole name, as SQLite names its log.
pub(super) fn beside(database: &Path, end: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

/// Renames the database and its log to `qqdeck.db.<why>-<when>`; nothing is overwritten and nothing lost.
pub(super) fn put_aside(dir: &Path, why: &str, at: Wall) -> Result<Option<PathBuf>, StoreError> {
    let database = dir.join(FILE);
    let base = beside(&database, &format!(".{why}-{}", stamp(at)));
    let free = |n: u32| if n == 1 { base.clone() } else { beside(&base, &format!("-{n}")) };
    let taken = |path: &PathBuf| ["", "-wal", "-shm"].iter().any(|end| beside(path, end).exists());
    let Some(aside) = (1..1000).map(free).find(|path| !taken(path)) else {
        return Err(StoreError::io(&base, std::io::ErrorKind::AlreadyExists.into()));
    };
    let mut moved = false;
    // The log first: a database without its log is older, a log without its database is nothing.
    for end in ["-wal", "-shm", ""] {
        let from = beside(&database, end);
        match fs::rename(&from, beside(&aside, end)) {
            Ok(()) => moved = true,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => return Err(StoreError::io(&from, e)),
        }
    }
    Ok(moved.then_some(aside))
}

/// Replaces the database of a stopped program by a backup. The former one stays beside it as
/// `qqdeck.db.replaced-<when>`; its path is returned. Nothing that waited in the backup is asked or sent
/// again.
///
/// # Errors
/// [`StoreError::Busy`] while the program runs; [`StoreError::BadBackup`] when the backup is not sound, and
/// then the database is as it was.
pub fn restore(dir: &Path, backup: &Path, at: Wall) -> Result<Option<PathBuf>, StoreError> {
    let _lock = Lock::take(dir)?;
    // Before the database is touched.
    let source = schema::connect_immutable(backup)?;
    schema::check(&source).map_err(|words| StoreError::BadBackup { file: backup.to_owned(), words })?;
    drop(source);
    let aside = put_aside(dir, "replaced", at)?;
    put_back(dir, backup)?;
    Ok(aside)
}

/// A moment as a part of a file's name, in UTC.
pub(super) fn stamp(at: Wall) -> String {
    jiff::Timestamp::from_millisecond(at.0).unwrap_or_default().strftime("%Y%m%dT%H%M%SZ").to_string()
}
