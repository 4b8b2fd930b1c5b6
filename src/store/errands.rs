//! The thread for what takes long and nobody waits for: writing the log back, backups.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use super::{StoreError, backup, schema};
use crate::config::{Backup, Durability, Storage};
use crate::domain::Now;

/// Something to be done beside the writer.
pub(super) enum Errand {
    /// Write the log back.
    Checkpoint,
    /// Make the backup of a local day, unless it is there and nobody asked for it.
    Backup {
        /// Its file.
        to: PathBuf,
        /// How many are kept.
        keep: u32,
        /// Who asked.
        tell: Option<oneshot::Sender<Result<PathBuf, StoreError>>>,
    },
    /// A commit now survives this.
    Durability(Durability),
}

/// The way to the thread. Bounded; a full one drops the errand: the log and the daily backup come round
/// again, and whoever asked for a backup sees the answer's sender gone.
#[derive(Clone)]
pub(super) struct Errands {
    queue: SyncSender<Errand>,
    dir: PathBuf,
}

impl Errands {
    /// Starts the thread.
    pub(super) fn start(dir: &Path, path: &Path, durability: Durability) -> Result<(Self, JoinHandle<()>), StoreError> {
        let (queue, errands) = sync_channel(8);
        let path = path.to_owned();
        let thread = std::thread::Builder::new().name("store-errands".into());
        let thread = thread.spawn(move || run(&path, durability, &errands)).map_err(|e| StoreError::io(dir, e))?;
        Ok((Self { queue, dir: dir.to_owned() }, thread))
    }

    /// Hands one over; false when it was dropped.
    pub(super) fn send(&self, errand: Errand) -> bool {
        self.queue.try_send(errand).is_ok()
    }

    /// The daily backup, where it is wanted and missing.
    pub(super) fn daily(&self, settings: &Storage, now: Now) {
        if settings.backup == Backup::Off {
            return;
        }
        let to = backup::file(&self.dir, now);
        if !to.exists() {
            self.send(Errand::Backup { to, keep: settings.keep_backups, tell: None });
        }
    }

    /// A backup because somebody asked.
    pub(super) fn backup(&self, now: Now, keep: u32) -> oneshot::Receiver<Result<PathBuf, StoreError>> {
        let (tell, answer) = oneshot::channel();
        self.send(Errand::Backup { to: backup::file(&self.dir, now), keep, tell: Some(tell) });
        answer
    }

    /// Settings changed.
    pub(super) fn durability(&self, durability: Durability) {
        self.send(Errand::Durability(durability));
    }
}

fn run(path: &Path, mut durability: Durability, errands: &Receiver<Errand>) {
    // Kept from one checkpoint to the next: opening it costs as much as a small one.
    let mut conn = None;
    while let Ok(errand) = errands.recv() {
        match errand {
            Errand::Checkpoint => {
                let open = conn.take().map_or_else(|| schema::connect(path, durability), Ok);
                match open.and_then(|open| schema::checkpoint(&open).map(|_| open)) {
                    Ok(open) => conn = Some(open),
                    Err(e) => tracing::warn!("the store's log could not be written back: {e}"),
                }
            }
            Errand::Backup { to, keep, tell } => {
                let made = backup::make(path, &to, keep);
                match &made {
                    Ok(()) => tracing::info!("backup made: {}", to.display()),
                    Err(e) => tracing::error!("no backup was made: {e}"),
                }
                if let Some(tell) = tell {
                    let _ = tell.send(made.map(|()| to));
                }
            }
            Errand::Durability(new) => (durability, conn) = (new, None),
        }
    }
}
