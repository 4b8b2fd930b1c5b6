//! Everything that goes into the engine and comes out of it. Serialisable, so that a recorded run is a
//! scenario test, a crash report and a bug report at once.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::domain::{
    AdapterEvent, BatchNo, Call, CallId, CallOutcome, ConfigEdit, ConfigTrouble, ConversationId, Done, Envelope,
    Gauges, Job, JobEvent, JobId, Line, Load, Met, Notification, NotificationId, NotifyFault, ProviderCall,
    ProviderReport, Recovered, Refusal, Restart, RestartFault, Row, SelfId, Seq, SessionId,
};

/// Anything the engine is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// A deadline that the engine named has passed.
    Tick,
    /// The whole configuration, valid; replaces the former.
    Config(Arc<Config>),
    /// What the store remembered. The first input after the configuration.
    Recovered(Box<Recovered>),
    /// From an adapter.
    Adapter(AdapterEvent),
    /// The end of a call.
    Called(CallId, CallOutcome),
    /// From a provider.
    Job(JobId, JobEvent),
    /// What a look at a provider found.
    Provider(ProviderReport),
    /// All batches up to this one are on disk; these of their lines had been heard before.
    Committed {
        /// The last.
        batch: BatchNo,
        /// Lines that were duplicates.
        duplicates: Vec<Seq>,
    },
    /// A batch could not be written; the store keeps it and tries again.
    CommitFailed {
        /// Which.
        batch: BatchNo,
        /// Why.
        words: String,
    },
    /// Lines of a conversation that had left memory; oldest first.
    Loaded(ConversationId, Vec<Line>),
    /// An operator's command.
    Command(Envelope),
    /// The end of an edit or a reload that the engine had asked for. What it changed came before it, as
    /// [`Input::Config`].
    Edited(u64, Result<Met, ConfigTrouble>),
    /// A reload was refused; the former configuration holds. Over with the next [`Input::Config`].
    ConfigRefused(ConfigTrouble),
    /// The end of a restart of an account's adapter.
    Restarted(SelfId, Result<(), RestartFault>),
    /// What the machine shows.
    Gauges(Box<Gauges>),
    /// The end of a notification.
    Notified(NotificationId, Result<(), NotifyFault>),
    /// Drain and stop: finish what can be finished until then.
    Shutdown {
        /// Time left.
        grace: Duration,
    },
}

/// Anything the engine asks of the world.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Remember these, together.
    Record(BatchNo, Vec<Row>),
    /// Ask a model.
    Ask(Job),
    /// Ask no longer. The job still ends with an event.
    Cancel(JobId),
    /// Call an adapter.
    Call(Call),
    /// Bring a conversation's lines back.
    Load(Load),
    /// Change config.toml; ends in [`Input::Edited`], and in [`Input::Config`] when it took.
    Edit(u64, ConfigEdit),
    /// Look at a provider now (after a load, a switch), preload or unload its model.
    Provider(Arc<str>, ProviderCall),
    /// Tell whoever asked. Leaves after the snapshot that shows the effect.
    Answer(SessionId, u64, Result<Done, Refusal>),
    /// Restart an account's adapter; ends in [`Input::Restarted`].
    Restart(Restart),
    /// Read the configuration file again; ends as an edit does.
    Reload(u64),
    /// Tell somebody about an alert, by another road than QQ; ends in [`Input::Notified`].
    Notify(Box<Notification>),
    /// Everything that can be finished is finished.
    Stopped,
}
