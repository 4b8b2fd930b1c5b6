//! What the leaves tell the runtime, links and the store excepted, which have lanes of their own.

use tokio::sync::mpsc;

use super::load::Loaded;
use crate::domain::{
    ConfigTrouble, ConversationId, Gauges, JobEvent, JobId, Line, Met, NotificationId, NotifyFault, ProviderReport,
    RestartFault, SelfId,
};

/// News that may wait before those who tell it wait themselves.
const ROOM: usize = 1024;

/// News from a leaf.
pub(super) enum Told {
    /// From a question.
    Job(JobId, JobEvent),
    /// From a look at a provider.
    Report(ProviderReport),
    /// Lines that are back from the store.
    Loaded(ConversationId, Vec<Line>),
    /// A new configuration, or what is wrong with it; and the edit or reload that ends with it.
    Config(Result<Box<Loaded>, ConfigTrouble>, Option<(u64, Met)>),
    /// The end of an edit that changed nothing.
    Edited(u64, Result<Met, ConfigTrouble>),
    /// The end of a notification.
    Notified(NotificationId, Result<(), NotifyFault>),
    /// What the machine shows.
    Gauges(Box<Gauges>),
    /// The end of a restart of an adapter.
    Restarted(SelfId, Result<(), RestartFault>),
    /// A signal: stop in order; the second time at once.
    Terminate,
    /// A signal: read the configuration again.
    HangUp,
}

impl From<(JobId, JobEvent)> for Told {
    fn from((job, event): (JobId, JobEvent)) -> Self {
        Self::Job(job, event)
    }
}

impl From<(NotificationId, Result<(), NotifyFault>)> for Told {
    fn from((id, end): (NotificationId, Result<(), NotifyFault>)) -> Self {
        Self::Notified(id, end)
    }
}

/// The leaves' end. **Bounded and awaits**: when the engine is behind, sockets are read more slowly, and
/// that is how the pressure reaches those who cause it.
#[derive(Clone)]
pub(super) struct Inbox {
    lane: mpsc::Sender<Told>,
}

impl Inbox {
    /// The lane and its reading end.
    pub fn new() -> (Self, mpsc::Receiver<Told>) {
        let (lane, reader) = mpsc::channel(ROOM);
        (Self { lane }, reader)
    }

    /// Tells, waiting for room. Nothing is lost but after the end, when nobody listens.
    pub async fn tell(&self, told: Told) {
        let _ = self.lane.send(told).await;
    }

    /// The sending end itself, for leaves that keep their own type of news.
    pub fn lane(&self) -> &mpsc::Sender<Told> {
        &self.lane
    }
}
