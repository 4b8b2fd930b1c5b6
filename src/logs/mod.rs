//! The program's own log: files by local day, stderr, and the newest lines in memory for whoever watches.
//!
//! ```text
//!  tracing events ─→ Lines (sanitise, redact) ─┬→ ring: the newest 2 000; latest wins, a watch of its own
//!                                              ├→ lane: bounded, drops and counts ─→ thread ─→ files, by day
//!                                              └→ lane: bounded, drops and counts ─→ thread ─→ stderr
//! ```
//!
//! Whoever logs formats a line and hands it on; nobody waits for a disk or a terminal. What is lost is counted, told in
//! the file where it is missing, and shown beside the view of the log.
//!
//! * [`Logs`]: starts it all, and changes it while it runs · `layer`, `line`: from an event to words
//! * [`Ring`], [`Reader`]: the newest lines · `lane`: queue and thread · `files`: `qqdeck.log` and the past days
//! * `janitor`: compresses and prunes · `stderr` · `voice`: what the log says of itself

mod files;
mod janitor;
mod lane;
mod layer;
mod line;
mod ring;
mod rules;
mod stderr;
mod voice;

use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::Registry;
use tracing_subscriber::reload;
use tracing_subscriber::util::SubscriberInitExt;

use self::files::{Files, Pen, Wishes};
use self::lane::Lane;
use self::stderr::Stderr;
use self::voice::Voice;
use crate::config::{self, LogFilter};
use crate::domain::{LogLevel, Redactor, Wall};

pub use ring::{ROOM, Reader, Ring};
pub use rules::CURRENT;

/// The directory in the data directory.
pub const FOLDER: &str = "logs";
/// How long the last lines may take at the end.
const LAST: Duration = Duration::from_secs(1);

/// The log of this process. Clones are the same; a default one keeps lines in memory only.
#[derive(Debug, Clone, Default)]
pub struct Logs(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    ring: Ring,
    redactor: RwLock<Arc<Redactor>>,
    files: Option<Lane>,
    stderr: Option<Arc<Lane>>,
    wishes: Option<Arc<Wishes>>,
    /// What is let through, and how to change it once the log is in place.
    level: Mutex<Level>,
}

#[derive(Debug, Default)]
struct Level {
    text: String,
    change: Option<reload::Handle<Targets, Registry>>,
}

impl Logs {
    /// Starts writing files in `logs` in a data directory, and on stderr where somebody reads it.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn start(data: &Path, config: &config::Logs, on_stderr: bool) -> io::Result<Self> {
        let (ring, zone) = (Ring::default(), TimeZone::system());
        let stderr = match on_stderr {
            true => Some(Arc::new(Lane::start("logs-stderr", ring.clone(), Stderr::new(zone.clone()))?)),
            false => None,
        };
        let wishes = Arc::new(Wishes {
            rules: Mutex::new(config.into()),
            reopen: AtomicBool::new(false),
            stderr: AtomicBool::new(false),
        });
        let voice = Voice { ring: ring.clone(), stderr: stderr.clone() };
        let pen: Pen = Box::new(|mut file, bytes| file.write(bytes));
        let files = Files::open(&data.join(FOLDER), zone, Arc::clone(&wishes), voice, pen, now())?;
        let files = Some(Lane::start("logs-files", ring.clone(), files)?);
        let level = Mutex::new(Level { text: config.level.clone(), change: None });
        let (redactor, wishes) = (RwLock::default(), Some(wishes));
        Ok(Self(Arc::new(Shared { ring, redactor, files, stderr, wishes, level })))
    }

    /// Becomes the log of everything in this process. Without effect where there is one already, as
    /// when a test runs several bots in one process.
    pub fn install(&self) {
        let _ = self.subscriber().try_init();
    }

    /// Panics are logged instead of printed.
    pub fn catch_panics(&self) {
        std::panic::set_hook(Box::new(layer::panicked));
    }

    fn subscriber(&self) -> impl Subscriber + Send + Sync {
        let mut level = lock(&self.0.level);
        let (filter, change) = reload::Layer::new(targets(&level.text));
        level.change = Some(change);
        tracing_subscriber::registry().with(filter).with(layer::Lines(self.clone()))
    }

    /// Goes over to another configuration.
    pub fn configure(&self, config: &config::Logs) {
        if let Some(wishes) = &self.0.wishes {
            *lock(&wishes.rules) = config.into();
            self.0.wake();
        }
        let mut level = lock(&self.0.level);
        if level.text == config.level {
            return;
        }
        level.text.clone_from(&config.level);
        let changed = level.change.as_ref().map(|change| change.reload(targets(&config.level)));
        drop(level);
        match changed {
            Some(Ok(())) => tracing::info!(level = config.level, "the log's level changed"),
            Some(Err(error)) => tracing::error!(%error, "the log's level could not be changed"),
            None => {}
        }
    }

    /// Takes these secrets out of every line from now on, those of before included.
    pub fn redact(&self, secrets: impl IntoIterator<Item = String>) {
        let mut redactor = self.0.redactor.write().unwrap_or_else(PoisonError::into_inner);
        *redactor = Arc::new(redactor.and(secrets));
    }

    /// Opens the file again: somebody has moved it, or wants it so (SIGUSR1).
    pub fn reopen(&self) {
        if let Some(wishes) = &self.0.wishes {
            wishes.reopen.store(true, Relaxed);
            self.0.wake();
        }
    }

    /// From now on stderr is the current file: nobody reads it any more, and the last words of a crash belong there.
    pub fn take_stderr(&self) {
        if let Some(wishes) = &self.0.wishes {
            wishes.stderr.store(true, Relaxed);
            self.0.wake();
        }
    }

    /// Writes words to the files that were said on stderr in another form.
    pub fn note(&self, level: LogLevel, words: &str) {
        let words = line::clean(words, &self.0.redactor());
        let line = self.0.ring.push(now(), level, "qqdeck".into(), words);
        if let Some(files) = &self.0.files {
            files.give(line);
        }
    }

    /// The newest lines.
    pub fn ring(&self) -> &Ring {
        &self.0.ring
    }

    /// Waits until what was logged is written, a second at most.
    pub fn flush(&self) {
        for lane in self.0.files.iter().chain(self.0.stderr.as_deref()) {
            lane.flush(LAST);
        }
    }
}

impl Shared {
    fn redactor(&self) -> Arc<Redactor> {
        Arc::clone(&self.redactor.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn wake(&self) {
        if let Some(files) = &self.files {
            files.wake();
        }
    }

    fn take(&self, level: LogLevel, target: String, text: String) {
        let line = self.ring.push(now(), level, target, text);
        if let Some(files) = &self.files {
            files.give(Arc::clone(&line));
        }
        if let Some(stderr) = &self.stderr {
            stderr.give(line);
        }
    }
}

/// What a configured level lets through. It was checked when it was read.
fn targets(text: &str) -> Targets {
    let level = |level: Option<LogLevel>| match level {
        None => LevelFilter::OFF,
        Some(LogLevel::Error) => LevelFilter::ERROR,
        Some(LogLevel::Warn) => LevelFilter::WARN,
        Some(LogLevel::Info) => LevelFilter::INFO,
        Some(LogLevel::Debug) => LevelFilter::DEBUG,
        Some(LogLevel::Trace) => LevelFilter::TRACE,
    };
    let LogFilter { all, parts } = LogFilter::parse(text).unwrap_or_default();
    // What the watcher of files tells of each write would be a write to tell of, where stderr goes into such a file.
    let quiet = LevelFilter::INFO.min(level(all));
    let targets = Targets::new().with_default(level(all)).with_target("notify", quiet);
    targets.with_targets(parts.into_iter().map(|(target, own)| (target, level(own))))
}

fn now() -> Wall {
    Wall(Timestamp::now().as_millisecond())
}

/// A panic elsewhere cannot have broken what is whole between any two statements.
fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
