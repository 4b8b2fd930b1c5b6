//! Opening a database that may be new, ours, damaged or gone.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use rusqlite::{Connection, ErrorCode};

use super::lock::private_file;
use super::{FILE, Note, StoreError, backup, recover, schema};
use crate::config::Durability;
use crate::domain::{Now, Recovered};

/// Up to this size a database that was not closed is read through at start; it takes some 50 ms.
const SMALL: u64 = 16 << 20;
/// Which boot of the machine this is.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// A connection with everything recovered, and what had to be done for it.
pub(super) struct Sound {
    pub(super) conn: Connection,
    pub(super) recovered: Recovered,
    pub(super) notes: Vec<Note>,
}

enum Trouble {
    /// The file cannot be used as it is.
    Damage(String),
    /// Not our business to repair.
    Refusal(StoreError),
}

impl From<StoreError> for Trouble {
    fn from(e: StoreError) -> Self {
        match e {
            StoreError::Sql(e) => Self::from(e),
            other => Self::Refusal(other),
        }
    }
}

impl From<rusqlite::Error> for Trouble {
    fn from(e: rusqlite::Error) -> Self {
        use ErrorCode::{DatabaseCorrupt, NotADatabase, Unknown};
        match e.sqlite_error_code() {
            // "Unknown" is SQLite's plain ERROR: a table or column that our own statements miss.
            Some(DatabaseCorrupt | NotADatabase | Unknown) => Self::Damage(e.to_string()),
            None => Self::Damage(e.to_string()),
            _ => Self::Refusal(StoreError::Sql(e)),
        }
    }
}

/// Opens what is there; what is damaged is put aside as it is, and the newest sound backup, or nothing,
/// takes its place.
pub(super) fn open(dir: &Path, durability: Durability, now: Now) -> Result<Sound, StoreError> {
    let path = dir.join(FILE);
    let boot = std::fs::read_to_string(BOOT_ID).unwrap_or_default();
    let boot = boot.trim();
    let damage = match attempt(&path, durability, now, boot) {
        Ok((conn, recovered)) => return Ok(Sound { conn, recovered, notes: Vec::new() }),
        Err(Trouble::Refusal(e)) => return Err(e),
        Err(Trouble::Damage(words)) => words,
    };
    let mut notes = Vec::new();
    let aside = backup::put_aside(dir, "corrupt", now.wall)?;
    notes.push(Note::Quarantined { file: aside.unwrap_or_else(|| path.clone()), why: damage });
    for file in backup::all(dir) {
        if let Err(e) = backup::put_back(dir, &file) {
            notes.push(Note::BackupUnusable { file, why: e.to_string() });
            continue;
        }
        if let Ok((conn, recovered)) = attempt(&path, durability, now, boot) {
            notes.push(Note::Restored { file });
            return Ok(Sound { conn, recovered: after_loss(recovered), notes });
        }
        backup::put_aside(dir, "corrupt", now.wall)?;
    }
    notes.push(Note::Empty);
    match attempt(&path, durability, now, boot) {
        Ok((conn, recovered)) => Ok(Sound { conn, recovered: after_loss(recovered), notes }),
        Err(Trouble::Refusal(e)) => Err(e),
        Err(Trouble::Damage(words)) => Err(StoreError::io(&path, std::io::Error::other(words))),
    }
}

/// What is recovered then is not all there was.
fn after_loss(recovered: Recovered) -> Recovered {
    Recovered { clean: false, same_boot: false, ..recovered }
}

fn attempt(path: &Path, durability: Durability, now: Now, boot: &str) -> Result<(Connection, Recovered), Trouble> {
    let log = std::fs::metadata(backup::beside(path, "-wal")).map_or(0, |m| m.len());
    let size = look(path, log)?;
    private_file(path)?;
    let mut conn = schema::connect(path, durability)?;
    schema::migrate(&mut conn)?;
    let (clean, former): (bool, String) =
        conn.query_row("SELECT clean, boot FROM tally", [], |r| Ok((r.get(0)?, r.get(1)?)))?;
    // Read through (seconds for a large one) only with a reason: a power cut, or a log that should be there
    // and is gone. With a log there (kill -9) only where it costs nothing: a log of another database passes
    // for ours as far as SQLite can tell.
    let reason = !former.is_empty() && !clean && (former != boot || log == 0);
    if reason || (log > 0 && size.is_some_and(|size| size + log <= SMALL)) {
        schema::check(&conn).map_err(Trouble::Damage)?;
    }
    let recovered = recover::recover(&mut conn, now, boot)?;
    Ok((conn, recovered))
}

/// What can be told from the outside, before SQLite writes anything; the size of a database that is there.
fn look(path: &Path, log: u64) -> Result<Option<u64>, Trouble> {
    let damage = |words: &str| Err(Trouble::Damage(words.to_owned()));
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            return if log > 0 { damage("the database is gone; its log is still there") } else { Ok(None) };
        }
        Err(e) => return Err(StoreError::io(path, e).into()),
    };
    let io = |e| Trouble::Refusal(StoreError::io(path, e));
    let size = file.metadata().map_err(io)?.len();
    let mut header = [0; 100];
    if size == 0 {
        return damage("the file is empty");
    }
    if size < 512 || file.read_exact(&mut header).is_err() || !header.starts_with(b"SQLite format 3\0") {
        return damage("the file is not a database");
    }
    let word = |at: usize| u64::from(u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]));
    // Offsets by SQLite's file format §1.3. The size there holds only where its version is the file's.
    let page = match u16::from_be_bytes([header[16], header[17]]) {
        1 => 65_536,
        n => u64::from(n),
    };
    if log == 0 && word(24) == word(92) && word(28) * page > size {
        return damage("the file is cut off");
    }
    Ok(Some(size))
}
