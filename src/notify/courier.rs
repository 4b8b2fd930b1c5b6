//! One destination: takes its notifications one at a time and in order, tries each up to three times, and keeps the
//! pace that its service allows.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::pledge::{News, Pledge};
use crate::domain::{NotificationText, NotifyFault, Redactor};
use crate::words::{self, Lang};

/// The longest wait that a service may ask for.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long things take. The default is what destinations get; tests are in a hurry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// The longest try; mail, which takes many turns, gets three times as long.
    pub timeout: Duration,
    /// The waits before the second and the third try.
    pub waits: [Duration; 2],
    /// Least time between two tries at one destination, instead of its kind's own.
    pub gap: Option<Duration>,
}

impl Default for Pace {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(5), waits: [Duration::from_secs(1), Duration::from_secs(4)], gap: None }
    }
}

/// How one try failed. The words are the service's own or the network's, not yet redacted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Trying again changes nothing.
    Refused(String),
    /// It may go better later, at the earliest after `wait`.
    Again {
        /// What happened.
        words: String,
        /// What the service asked for.
        wait: Option<Duration>,
    },
}

impl Fault {
    /// It may go better at any time.
    pub fn again(words: impl Into<String>) -> Self {
        Self::Again { words: words.into(), wait: None }
    }
}

/// A road that is ready to use.
pub trait Way: Send + Sync {
    /// One try. Dropping the future gives it up.
    fn send<'a>(&'a self, text: &'a NotificationText) -> BoxFuture<'a, Result<(), Fault>>;
}

/// All that a courier must know about its destination.
pub struct Goal {
    /// Its name.
    pub name: Arc<str>,
    /// Its road.
    pub way: Box<dyn Way>,
    /// Takes its secrets out of whatever is shown.
    pub redact: Redactor,
    /// Least time between two tries.
    pub gap: Duration,
    /// The longest try.
    pub timeout: Duration,
}

/// A notification in the queue.
pub struct Order<T: News> {
    /// What to say.
    pub text: NotificationText,
    /// Its end.
    pub pledge: Pledge<T>,
}

/// What a courier is told besides its orders.
#[derive(Clone)]
pub struct Signals {
    /// The destination is no longer configured.
    pub gone: CancellationToken,
    /// The program ends now.
    pub now: CancellationToken,
}

/// Carries until the queue is closed and empty, or a signal comes. What is left then ends too.
///
/// The goal is a watch: latest wins, so that a reload holds from the next try on.
pub async fn carry<T: News>(
    mut queue: mpsc::Receiver<Order<T>>,
    goal: watch::Receiver<Arc<Goal>>,
    waits: [Duration; 2],
    signals: Signals,
) {
    let mut free = Instant::now();
    let left = loop {
        let order = tokio::select! {
            biased;
            left = stopped(&signals) => break left,
            order = queue.recv() => order,
        };
        let Some(Order { text, pledge }) = order else { return };
        let tried = AssertUnwindSafe(deliver(&text, &goal, waits, &mut free)).catch_unwind();
        let end = tokio::select! {
            biased;
            left = stopped(&signals) => {
                pledge.end(Err(left.clone()));
                break left;
            }
            end = tried => end.unwrap_or_else(|_| Err(NotifyFault::Unreachable("panic".into()))),
        };
        let name = Arc::clone(&goal.borrow().name);
        match &end {
            Ok(()) => tracing::info!(destination = &*name, id = pledge.id().0, "notified"),
            Err(fault) => tracing::warn!(
                destination = &*name,
                id = pledge.id().0,
                fault = words::notify_fault(fault, Lang::En),
                "not notified"
            ),
        }
        pledge.end(end);
    };
    queue.close();
    while let Ok(order) = queue.try_recv() {
        order.pledge.end(Err(left.clone()));
    }
}

/// Waits for a signal, and says how everything ends that it cuts short.
async fn stopped(signals: &Signals) -> NotifyFault {
    tokio::select! {
        biased;
        () = signals.gone.cancelled() => NotifyFault::Gone,
        () = signals.now.cancelled() => NotifyFault::Unreachable("qqdeck stopped before it was sent".into()),
    }
}

async fn deliver(
    text: &NotificationText,
    goal: &watch::Receiver<Arc<Goal>>,
    waits: [Duration; 2],
    free: &mut Instant,
) -> Result<(), NotifyFault> {
    let mut waits = waits.into_iter();
    loop {
        sleep_until(*free).await;
        // Taken anew for each try: what a reload mended helps what is under way already.
        let now = Arc::clone(&goal.borrow());
        *free = Instant::now() + now.gap;
        let tried = timeout(now.timeout, now.way.send(text)).await;
        let tried = tried.unwrap_or_else(|_| Err(Fault::again(format!("no answer within {:?}", now.timeout))));
        let (words, wait) = match tried {
            Ok(()) => return Ok(()),
            Err(Fault::Refused(words)) => return Err(NotifyFault::Refused(now.redact.words(&words))),
            Err(Fault::Again { words, wait }) => (now.redact.words(&words), wait),
        };
        let Some(pause) = waits.next() else { return Err(NotifyFault::Unreachable(words)) };
        tracing::debug!(destination = &*now.name, words, "will be tried again");
        sleep(pause.max(wait.unwrap_or_default().min(PATIENCE))).await;
    }
}
