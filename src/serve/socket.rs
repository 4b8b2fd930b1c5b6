//! The Unix socket in the data directory, and who may come in by it (threats.md D21).

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::FlockOperation;

use crate::domain::{Operator, Role, Text};
use crate::words::Exit;

/// Longest path of a socket in bytes: `sun_path` less its final zero.
const LONGEST: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// How long one who wants in waits for a daemon that has begun.
const STARTING: Duration = Duration::from_secs(5);
/// Between two looks at it.
const LOOK: Duration = Duration::from_millis(10);

/// Where the socket of a data directory is.
pub fn path(data: &Path) -> PathBuf {
    data.join("qqdeck.sock")
}

/// The socket of the only daemon of a data directory. Goes away with it.
#[derive(Debug)]
pub struct Listener {
    pub(super) socket: UnixListener,
    path: PathBuf,
    /// Device and inode, so that another daemon's socket is never removed.
    identity: (u64, u64),
    /// Held for as long as the daemon lives; the system lets go of it also after kill -9.
    _lock: File,
}

/// Makes the data directory if need be, takes its lock, and listens.
///
/// # Errors
/// [`Exit::AlreadyRunning`], [`Exit::SocketPathTooLong`], [`Exit::SocketNotOurs`], [`Exit::CannotWrite`].
pub fn listen(data: &Path) -> Result<Listener, Exit> {
    let path = path(data);
    check_length(&path)?;
    private_directory(data)?;
    let lock = lock(data, &path)?;
    remove_stale(&path)?;
    let fail = |e: io::Error| Exit::CannotWrite { path: path.display().to_string(), cause: e.to_string() };
    let socket = UnixListener::bind(&path).map_err(fail)?;
    fs::set_permissions(&path, Permissions::from_mode(0o600)).map_err(fail)?;
    socket.set_nonblocking(true).map_err(fail)?;
    let identity = fs::symlink_metadata(&path).map(|m| (m.dev(), m.ino())).map_err(fail)?;
    Ok(Listener { socket, path, identity, _lock: lock })
}

/// Whether a path fits into a socket's address.
///
/// # Errors
/// [`Exit::SocketPathTooLong`].
pub fn check_length(path: &Path) -> Result<(), Exit> {
    if path.as_os_str().as_bytes().len() > LONGEST {
        return Err(Exit::SocketPathTooLong { socket: path.display().to_string(), limit: LONGEST });
    }
    Ok(())
}

/// Waits for a daemon that has begun and does not listen yet: it opens its database first, which may need repair, and
/// adapters' ports before this socket. Returns at once where none has begun, and after 5 s in any case.
pub fn await_start(data: &Path) {
    let (socket, begun) = (path(data), Instant::now());
    while UnixStream::connect(&socket).is_err_and(|e| is_nobody(&e)) && begun.elapsed() < STARTING && is_held(data) {
        std::thread::sleep(LOOK);
    }
}

/// Whether a connection failed because nobody listens.
pub fn is_nobody(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
}

/// Whether a process holds the data directory. Asks the kernel's list of locks: taking the lock to find out could make
/// a daemon that begins this very moment believe that another runs. Where there is no such list, nobody is waited for.
fn is_held(data: &Path) -> bool {
    let Ok(file) = fs::metadata(data.join("qqdeck.lock")) else { return false };
    let locks = fs::read_to_string("/proc/locks").unwrap_or_default();
    let inode = format!(":{}", file.ino());
    locks.lines().any(|line| line.contains("FLOCK") && line.split_whitespace().any(|word| word.ends_with(&inode)))
}

impl Listener {
    /// Where it listens.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let ours = fs::symlink_metadata(&self.path).is_ok_and(|m| (m.dev(), m.ino()) == self.identity);
        if ours && let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "the socket could not be removed");
        }
    }
}

/// Everything in the data directory is for its owner alone.
fn private_directory(data: &Path) -> Result<(), Exit> {
    let fail = |e: io::Error| Exit::CannotWrite { path: data.display().to_string(), cause: e.to_string() };
    DirBuilder::new().recursive(true).mode(0o700).create(data).map_err(fail)?;
    let found = fs::metadata(data).map_err(fail)?;
    let me = rustix::process::geteuid().as_raw();
    if found.uid() != me && me != 0 {
        let cause = format!("the directory belongs to uid {}", found.uid());
        return Err(Exit::SocketNotOurs { socket: data.display().to_string(), cause });
    }
    if found.mode() & 0o077 != 0 {
        fs::set_permissions(data, Permissions::from_mode(0o700)).map_err(fail)?;
    }
    Ok(())
}

fn lock(data: &Path, socket: &Path) -> Result<File, Exit> {
    let path = data.join("qqdeck.sock.lock");
    let fail = |e: io::Error| Exit::CannotWrite { path: path.display().to_string(), cause: e.to_string() };
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
        .open(&path)
        .map_err(fail)?;
    match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => {
            Err(Exit::AlreadyRunning { socket: socket.display().to_string(), pid: None })
        }
        Err(error) => Err(fail(error.into())),
    }
}

/// With the lock held, whatever socket stands there is a dead daemon's. Anything else is left alone.
fn remove_stale(path: &Path) -> Result<(), Exit> {
    let not_ours = |cause: String| Exit::SocketNotOurs { socket: path.display().to_string(), cause };
    match fs::symlink_metadata(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(not_ours(e.to_string())),
        Ok(found) if !found.file_type().is_socket() => Err(not_ours("it is not a socket".to_owned())),
        Ok(_) => fs::remove_file(path).map_err(|e| not_ours(e.to_string())),
    }
}

/// Who is at the other end, if they may come in: the daemon's own user and root, both admins.
pub fn operator(peer_uid: u32) -> Option<Operator> {
    let me = rustix::process::geteuid().as_raw();
    (peer_uid == me || peer_uid == 0).then(|| Operator { name: Text::from(user_name(peer_uid)), role: Role::Admin })
}

/// The login name of a uid, or the number where `/etc/passwd` does not have it.
fn user_name(uid: u32) -> String {
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    name_in(&passwd, uid).map_or_else(|| uid.to_string(), str::to_owned)
}

fn name_in(passwd: &str, uid: u32) -> Option<&str> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|n| !n.is_empty())?;
        (fields.nth(1)?.parse() == Ok(uid)).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn the_directory_and_the_socket_are_for_their_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("a/b");
        DirBuilder::new().recursive(true).mode(0o777).create(&data).unwrap();
        fs::set_permissions(&data, Permissions::from_mode(0o777)).unwrap();
        let listener = listen(&data).unwrap();
        assert_eq!(fs::metadata(&data).unwrap().mode() & 0o777, 0o700);
        assert_eq!(fs::symlink_metadata(listener.path()).unwrap().mode() & 0o777, 0o600);
        let path = listener.path().to_owned();
        drop(listener);
        assert!(!path.exists());
    }

    #[test]
    fn one_daemon_a_directory_and_a_dead_ones_socket_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let first = listen(dir.path()).unwrap();
        assert!(matches!(listen(dir.path()), Err(Exit::AlreadyRunning { .. })));
        // kill -9 leaves the file behind and lets go of the lock.
        let Listener { socket, _lock, .. } = &first;
        let _ = (socket, _lock);
        let path = first.path().to_owned();
        fs::rename(&path, dir.path().join("kept")).unwrap();
        drop(first);
        fs::rename(dir.path().join("kept"), &path).unwrap();
        let second = listen(dir.path()).unwrap();
        assert!(second.path().exists());
    }

    #[test]
    fn one_who_comes_early_waits_for_a_daemon_that_has_begun() {
        let dir = tempfile::tempdir().unwrap();
        assert!(!is_held(dir.path()));
        let lock = File::create(dir.path().join("qqdeck.lock")).unwrap();
        assert!(!is_held(dir.path()));
        rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive).unwrap();
        assert!(is_held(dir.path()));
        let waiting = std::thread::spawn({
            let data = dir.path().to_owned();
            move || {
                await_start(&data);
                UnixStream::connect(path(&data)).is_ok()
            }
        });
        let _listener = listen(dir.path()).unwrap();
        assert!(waiting.join().unwrap(), "it came in");
    }

    #[test]
    fn what_is_not_a_socket_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("precious");
        fs::write(&target, "x").unwrap();
        symlink(&target, path(dir.path())).unwrap();
        assert!(matches!(listen(dir.path()), Err(Exit::SocketNotOurs { .. })));
        assert_eq!(fs::read_to_string(&target).unwrap(), "x");
    }

    #[test]
    fn a_path_that_does_not_fit_is_told_before_anything_is_made() {
        let dir = tempfile::tempdir().unwrap();
        let long = dir.path().join("x".repeat(120));
        assert!(matches!(listen(&long), Err(Exit::SocketPathTooLong { limit: LONGEST, .. })));
        assert!(!long.exists());
    }

    #[test]
    fn only_our_own_user_and_root_come_in() {
        let me = rustix::process::geteuid().as_raw();
        assert_eq!(operator(me).map(|o| o.role), Some(Role::Admin));
        assert!(operator(0).is_some());
        assert!(operator(me + 1).is_none());
        assert_eq!(name_in("root:x:0:0::/:/bin/sh\nli:x:1000:1000::/:/bin/sh\n:x:7:", 1000), Some("li"));
        assert_eq!(name_in("root:x:0:0\n:x:7:7", 7), None);
    }
}
