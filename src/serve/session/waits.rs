//! What the loop of a session sleeps on. Each waits for ever where there is nothing to wait for, and loses nothing when
//! it is dropped unfinished.

use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::{LogNews, Snapshot};
use crate::runtime::handle::{LogReader, Watch};

/// Between two looks at the log: a flood of lines is no flood of frames.
pub const LOG_PACE: Duration = Duration::from_millis(100);
/// Lines of the log told at once.
pub const LOG_LINES: usize = 500;

/// Waits for a future that is done once; for ever where there is none. Done with, it is taken out.
pub async fn wait<T>(future: &mut Option<Pin<Box<dyn Future<Output = T> + Send>>>) -> T {
    match future {
        Some(waiting) => {
            let done = waiting.await;
            *future = None;
            done
        }
        None => pending().await,
    }
}

/// The next state; for ever none where nobody watches.
pub async fn changed(watch: &mut Option<Watch>) -> Option<Arc<Snapshot>> {
    match watch {
        Some(watch) => watch.changed().await.cloned(),
        None => pending().await,
    }
}

/// Somebody looks at the log.
pub struct Following {
    /// Reads it.
    pub reader: LogReader,
    /// Not before.
    pub due: Option<Instant>,
}

/// The next lines of the log.
pub async fn followed(log: &mut Option<Following>) -> LogNews {
    let Some(log) = log else { return pending().await };
    log.reader.wait().await;
    if let Some(due) = log.due {
        tokio::time::sleep_until(due).await;
    }
    log.due = Some(Instant::now() + LOG_PACE);
    log.reader.take(LOG_LINES)
}

/// When a frame that waits is drawn: not before this; at once where that has come since the last look, for nothing
/// else would tell.
pub(super) fn drawn_at(waits: bool, not_before: Option<Instant>, now: Instant) -> Option<Instant> {
    waits.then(|| not_before.unwrap_or(now))
}

/// Until then; for ever where there is no then.
pub async fn sleep(until: Option<Instant>) {
    match until {
        Some(at) => tokio::time::sleep_until(at).await,
        None => pending().await,
    }
}
