//! One process at a time in a data directory.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::fs::{FlockOperation, flock};

use super::StoreError;

const NAME: &str = "qqdeck.lock";

/// Held for as long as the data directory is ours. The kernel lets go of it when the process dies, however
/// it dies; the file stays, so nobody can lock a new inode beside an old one.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Makes the directory (0700) where it is missing and takes the lock; [`StoreError::Busy`] names the holder.
    pub(super) fn take(dir: &Path) -> Result<Self, StoreError> {
        private_dir(dir)?;
        let path = dir.join(NAME);
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
        let mut file = file.map_err(|e| StoreError::io(&path, e))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(e) if e == rustix::io::Errno::WOULDBLOCK => {
                let mut pid = String::new();
                // Without a readable number the refusal still stands.
                let _ = file.read_to_string(&mut pid);
                return Err(StoreError::Busy { dir: dir.to_owned(), pid: pid.trim().parse().ok() });
            }
            Err(e) => return Err(StoreError::io(&path, e.into())),
        }
        let written = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(format!("{}\n", std::process::id()).as_bytes()));
        written.map_err(|e| StoreError::io(&path, e))?;
        Ok(Self { _file: file })
    }
}

/// Makes a directory that only its owner may enter; an existing one of ours is narrowed to that.
pub(super) fn private_dir(dir: &Path) -> Result<(), StoreError> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(|e| StoreError::io(dir, e))?;
    let mode = std::fs::metadata(dir).map_err(|e| StoreError::io(dir, e))?.permissions().mode();
    if mode & 0o077 != 0 {
        std::fs::set_permissions(dir, Permissions::from_mode(0o700)).map_err(|e| StoreError::io(dir, e))?;
    }
    Ok(())
}

/// Makes sure that a file exists and is only its owner's before SQLite writes the first byte: `-wal` and
/// `-shm` take their mode from it.
pub(super) fn private_file(path: &Path) -> Result<(), StoreError> {
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path);
    let file = file.map_err(|e| StoreError::io(path, e))?;
    file.set_permissions(Permissions::from_mode(0o600)).map_err(|e| StoreError::io(path, e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_taker_learns_the_pid_of_the_first() {
        let dir = tempfile::tempdir().unwrap();
        let held = Lock::take(dir.path()).unwrap();
        match Lock::take(dir.path()) {
            Err(StoreError::Busy { pid, .. }) => assert_eq!(pid, Some(std::process::id())),
            other => panic!("{other:?}"),
        }
        drop(held);
        Lock::take(dir.path()).unwrap();
    }

    #[test]
    fn nobody_else_may_look_in() {
        let dir = tempfile::tempdir().unwrap();
        let inner = dir.path().join("a/b");
        let _held = Lock::take(&inner).unwrap();
        let mode = |p: &Path| std::fs::metadata(p).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&inner), mode(&inner.join(NAME))), (0o700, 0o600));
    }
}
