//! `qqdeck backup`: a copy of the database as of one moment, also while the bot runs.

use std::fs::{self, DirBuilder, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::output::{End, print};
use super::place::Place;
use crate::words::Exit;

/// Pages copied at once; the bot goes on writing in between.
const STEP: i32 = 512;

/// Options of `backup`.
#[derive(Debug, clap::Args)]
pub struct Backup {
    /// Where to [default: backups/qqdeck-TIME.db in the data directory]
    #[arg(value_name = "FILE")]
    to: Option<PathBuf>,
}

impl Backup {
    /// Copies, checks the copy, and prints where it is.
    pub fn run(self, place: &Place) -> Result<(), End> {
        let data = place.data()?;
        let from = data.join("qqdeck.db");
        let to = match self.to {
            Some(to) => to,
            None => default_name(&data)?,
        };
        if !from.exists() {
            let cause = std::io::Error::from(std::io::ErrorKind::NotFound).to_string();
            return Err(Exit::CannotRead { path: from.display().to_string(), cause }.into());
        }
        if to.exists() {
            return Err(Exit::Exists { path: to.display().to_string() }.into());
        }
        let part = to.with_extension("part");
        let made = create(&part)
            .and_then(|()| copy(&from, &part).map_err(|e| Exit::Failed { name: "backup", cause: e.to_string() }));
        let made = made.and_then(|()| fs::rename(&part, &to).map_err(|e| cannot_write(&to, &e)));
        if made.is_err() {
            let _ = fs::remove_file(&part);
        }
        made?;
        print(&format!("{}\n", to.display()))
    }
}

fn default_name(data: &Path) -> Result<PathBuf, Exit> {
    let folder = data.join("backups");
    DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(|e| cannot_write(&folder, &e))?;
    let now = jiff::Zoned::now().strftime("%Y%m%d-%H%M%S").to_string();
    Ok(folder.join(format!("qqdeck-{now}.db")))
}

/// The file comes first, so that nobody else can ever read what goes into it.
fn create(part: &Path) -> Result<(), Exit> {
    let _ = fs::remove_file(part);
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(part).map(drop).map_err(|e| cannot_write(part, &e))
}

fn copy(from: &Path, to: &Path) -> rusqlite::Result<()> {
    let source = Connection::open_with_flags(from, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    source.busy_timeout(Duration::from_secs(10))?;
    let mut copy = Connection::open(to)?;
    {
        // Pins one moment; else each commit of the bot would start the copy all over.
        source.execute_batch("BEGIN")?;
        source.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
        let backup = rusqlite::backup::Backup::new(&source, &mut copy)?;
        backup.run_to_completion(STEP, Duration::from_millis(1), None)?;
    }
    // One file, without a log beside it, whatever the source's mode.
    copy.pragma_update(None, "journal_mode", "DELETE")?;
    let sound: String = copy.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if sound == "ok" { Ok(()) } else { Err(rusqlite::Error::InvalidPath(format!("damaged: {sound}").into())) }
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Exit {
    Exit::CannotWrite { path: path.display().to_string(), cause: error.to_string() }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::words::Lang;

    #[test]
    fn a_copy_is_whole_private_and_never_overwrites() {
        let dir = tempfile::tempdir().unwrap();
        let database = Connection::open(dir.path().join("qqdeck.db")).unwrap();
        database.execute_batch("PRAGMA journal_mode=WAL; CREATE TABLE t(x); INSERT INTO t VALUES (7)").unwrap();
        let to = dir.path().join("copy.db");
        let place = Place { config: None, data: Some(dir.path().into()), lang: Lang::En, ascii: false };
        Backup { to: Some(to.clone()) }.run(&place).unwrap();
        assert_eq!(fs::metadata(&to).unwrap().permissions().mode() & 0o777, 0o600);
        let copied: i64 = Connection::open(&to).unwrap().query_row("SELECT x FROM t", [], |r| r.get(0)).unwrap();
        assert_eq!(copied, 7);
        let again = Backup { to: Some(to) }.run(&place);
        assert!(matches!(again, Err(End::Exit(Exit::Exists { .. }))));
        assert!(!dir.path().join("copy.part").exists());
    }
}
