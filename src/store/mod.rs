//! The store: everything that is remembered, in one SQLite database in the data directory.
//!
//! ```text
//!  Row batches ─record─► queue ─► writer ─commit─► Committed        (one thread; all that waits = one commit,
//!                                   │                               told once)
//!                                   └ between commits: index, retention, vacuum, in slices of 1 ms
//!  Query, Load ─────────► desk ──► two readers ─► Page, lines       (read-only connections; never block the writer)
//!                                  errands: log written back, backups (one thread)
//! ```
//!
//! [`Store::open`] takes the directory's lock, repairs what can be repaired and returns what was going on
//! when the last session ended. Nothing here wakes up while nothing happens, but for one look an hour.

mod backup;
mod chats;
mod columns;
mod errands;
mod history;
mod keep;
mod lock;
mod opening;
mod reader;
mod recover;
mod rows;
mod schema;
mod search;
mod upkeep;
mod writer;

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use tokio::sync::mpsc::Sender;

pub use self::backup::restore;
use self::errands::Errands;
pub use self::history::audit_break;
use self::lock::Lock;
use self::reader::Desk;
use self::writer::{Work, Writer};
use crate::config::Storage;
use crate::domain::{BatchNo, Line, Load, Now, Page, Query, Recovered, Row};
use crate::flow::Input;

/// The database's name in the data directory.
const FILE: &str = "qqdeck.db";
/// Hand-overs that may lie between the runtime and the writer.
const QUEUE: usize = 256;

/// Where the store reads the time; tests give their own.
pub type Clock = Arc<dyn Fn() -> Now + Send + Sync>;

/// Why the store could not do something.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has this data directory.
    #[error("{} is in use by {}; stop it first, or choose another directory with --data", .dir.display(), holder(.pid))]
    Busy {
        /// The data directory.
        dir: PathBuf,
        /// Whose it is, where it could be read.
        pid: Option<u32>,
    },
    /// The database was written by a newer program.
    #[error(
        "the database has schema {found} and this program knows {known}: it was written by a newer qqdeck; \
         install that one again, or restore a backup from before the upgrade"
    )]
    Newer {
        /// The version in the file.
        found: i32,
        /// The newest version known here.
        known: i32,
    },
    /// A database that some other program made.
    #[error("qqdeck.db in the data directory is the database of another program; move it away")]
    Foreign,
    /// A backup that is not sound.
    #[error("the backup {} cannot be used: {words}", .file.display())]
    BadBackup {
        /// Which.
        file: PathBuf,
        /// What SQLite found.
        words: String,
    },
    /// Too much waits already.
    #[error("the store is busy")]
    Full,
    /// The store has stopped.
    #[error("the store has stopped")]
    Stopped,
    /// The file system refused.
    #[error("{}: {source}", .path.display())]
    Io {
        /// What was touched.
        path: PathBuf,
        /// Its words.
        source: std::io::Error,
    },
    /// SQLite refused.
    #[error("database: {0}")]
    Sql(#[from] rusqlite::Error),
}

impl StoreError {
    fn io(path: &Path, source: std::io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }
}

fn holder(pid: &Option<u32>) -> String {
    pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
}

/// What had to be done to open the database. Each is worth an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// The database was damaged and has been put aside, as it was.
    Quarantined {
        /// Where it is now.
        file: PathBuf,
        /// What was wrong.
        why: String,
    },
    /// A backup was damaged too.
    BackupUnusable {
        /// Which.
        file: PathBuf,
        /// What was wrong.
        why: String,
    },
    /// A backup has taken its place.
    Restored {
        /// Which.
        file: PathBuf,
    },
    /// There was no sound backup: the history starts anew.
    Empty,
}

impl std::fmt::Display for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Quarantined { file, why } => {
                write!(f, "the database was damaged ({why}) and is kept as {}", file.display())
            }
            Self::BackupUnusable { file, why } => write!(f, "the backup {} is damaged: {why}", file.display()),
            Self::Restored { file } => write!(f, "restored from {}; what came after it is missing", file.display()),
            Self::Empty => f.write_str("there was no sound backup: the history starts anew"),
        }
    }
}

/// A store that has just been opened.
pub struct Opened {
    /// The store.
    pub store: Store,
    /// What was going on when the last session ended.
    pub recovered: Recovered,
    /// What had to be done; empty as a rule.
    pub notes: Vec<Note>,
}

/// Rows that belong together.
#[derive(Debug)]
pub struct Batch {
    /// The engine's number.
    pub no: BatchNo,
    /// The rows.
    pub rows: Vec<Row>,
}

/// The store's face: all calls return at once.
pub struct Store {
    work: SyncSender<Work>,
    desk: Arc<Desk>,
    errands: Errands,
    clock: Clock,
    keep_backups: std::sync::atomic::AtomicU32,
    threads: Vec<JoinHandle<()>>,
}

impl Store {
    /// Opens the store of a data directory (made where missing, mode 0700). Blocks: some milliseconds, or as
    /// long as it takes to read the whole file after a power cut.
    ///
    /// `tell` hears [`Input::Committed`] and [`Input::CommitFailed`], in the order of the batches. Its law:
    /// bounded, and the writer awaits; so its reader must not wait for the store while it is full.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Newer`], [`StoreError::Foreign`], or what the system said. A
    /// damaged database is no error: see [`Opened::notes`].
    pub fn open(dir: &Path, settings: &Storage, clock: Clock, tell: Sender<Input>) -> Result<Opened, StoreError> {
        let lock = Lock::take(dir)?;
        let path = dir.join(FILE);
        let opening::Sound { conn, recovered, notes } = opening::open(dir, settings.durability, clock())?;
        let (errands, errand_thread) = Errands::start(dir, &path, settings.durability)?;
        let (work, queue) = sync_channel(QUEUE);
        let at_writer = (settings.clone(), Arc::clone(&clock));
        let at_errands = (errands.clone(), errand_thread);
        let writer = Writer::new((path.clone(), lock), conn, at_writer, (queue, tell), at_errands)?;
        let writer = std::thread::Builder::new().name("store-write".into()).spawn(move || writer.run());
        let writer = writer.map_err(|e| StoreError::io(&path, e))?;
        let desk = Arc::new(Desk::default());
        let mut threads = reader::start(&desk, &path)?;
        threads.push(writer);
        let keep_backups = settings.keep_backups.into();
        Ok(Opened { store: Self { work, desk, errands, clock, keep_backups, threads }, recovered, notes })
    }

    /// Hands batches to the writer, in order. The rows of one are committed together, and those that are handed
    /// over together share a commit as far as one transaction holds them; the answer comes through `tell`.
    ///
    /// # Errors
    /// The batches themselves when the queue (256 hand-overs) is full or the writer has died: to be handed over
    /// again.
    pub fn record(&self, batches: Vec<Batch>) -> Result<(), Vec<Batch>> {
        match self.work.try_send(Work::Batches(batches)) {
            Err(TrySendError::Full(Work::Batches(batches)) | TrySendError::Disconnected(Work::Batches(batches))) => {
                Err(batches)
            }
            _ => Ok(()),
        }
    }

    /// Writes what waits and tells what is going on, for an engine that takes the place of one that panicked.
    pub fn recover(&self) -> impl Future<Output = Result<Recovered, StoreError>> + Send + use<> {
        let (tell, answer) = tokio::sync::oneshot::channel();
        let asked = self.work.try_send(Work::Recover(tell)).is_ok();
        async move { if asked { answer.await.unwrap_or(Err(StoreError::Stopped)) } else { Err(StoreError::Full) } }
    }

    /// Answers a question about the past; [`Page::Failed`] when more than 64 wait already. Dropping the
    /// future drops the question.
    pub fn query(&self, query: Query) -> impl Future<Output = Page> + Send + use<> {
        let answer = self.desk.query(query);
        async move { answer.await.unwrap_or_else(|_| Page::Failed(StoreError::Stopped.to_string())) }
    }

    /// The newest lines of a conversation for a model's eyes, oldest first; at most 1 000.
    pub fn load(&self, load: Load) -> impl Future<Output = Result<Vec<Line>, StoreError>> + Send + use<> {
        let answer = self.desk.load(load);
        async move { answer.await.unwrap_or(Err(StoreError::Stopped)) }
    }

    /// Makes today's backup now, checks it, and returns its file; an earlier one of today is replaced.
    pub fn backup_now(&self) -> impl Future<Output = Result<PathBuf, StoreError>> + Send + use<> {
        let keep = self.keep_backups.load(std::sync::atomic::Ordering::Relaxed);
        let answer = self.errands.backup((self.clock)(), keep);
        async move { answer.await.unwrap_or(Err(StoreError::Full)) }
    }

    /// Takes over changed settings; they hold from the next commit on. False when the queue is full.
    pub fn configure(&self, settings: &Storage) -> bool {
        self.keep_backups.store(settings.keep_backups, std::sync::atomic::Ordering::Relaxed);
        self.work.try_send(Work::Settings(settings.clone())).is_ok()
    }

    /// Looks now for what is too old to be kept, and for today's backup, instead of within the hour.
    pub fn sweep(&self) -> bool {
        self.work.try_send(Work::Sweep).is_ok()
    }

    /// Stops: what was handed over is written, the database is left without a log, the lock is let go.
    /// Blocks (give it a thread that may); tries for three seconds where the disk refuses. `tell` must be
    /// read or dropped meanwhile.
    pub fn close(self) {
        let Self { work, desk, errands, threads, .. } = self;
        drop((work, errands));
        desk.close();
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a thread of the store had died");
            }
        }
    }
}
