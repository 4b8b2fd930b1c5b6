//! The engine decides. It is told [`Input`]s and answers with [`Effect`]s; it asks no clock, no chance and
//! no world, and it is the single writer of all state. The same inputs at the same times give the same
//! effects, which is what scenario tests, `explain` and `replay` rest on.
//!
//! * the gates, in the order in which a message meets them: [`access`], [`slash`], [`trigger`], [`limits`],
//!   [`moderation`]; `hear` walks through them
//! * a conversation: `chat` (its queue, its outbox, its lines), `question` (from message to answer),
//!   [`window`] (what the model is shown)
//! * asking: `dispatch` (which provider, retry, failover), [`breaker`], [`cache`], [`usage`]
//! * answering: `reply` (from answer to parts), [`markdown`], [`split`], `delivery` (parts on their way)
//! * the rest: `accounts`, `catch_up`, `commands`, `audit`, `claims`, `again`, `duplicate`, `recall`, `undo`, `attention`, `recovery`,
//!   `restart`, `publish`, `gauges`, `rings`, [`metrics`], `alerts` (what is wrong and who is told)

pub mod access;
pub mod breaker;
pub mod cache;
pub mod fold;
pub mod limits;
pub mod markdown;
pub mod metrics;
pub mod moderation;
pub mod slash;
pub mod split;
pub mod template;
pub mod trigger;
pub mod usage;
pub mod window;

mod accounts;
mod again;
mod alerts;
mod attention;
mod audit;
mod catch_up;
mod chat;
mod claims;
mod commands;
mod delivery;
mod dispatch;
mod duplicate;
mod gauges;
mod hear;
mod policy;
mod publish;
mod question;
mod recall;
mod recovery;
mod reply;
mod restart;
mod rings;
mod seen;
mod state;
mod timers;
mod typed;
mod undo;

use std::sync::Arc;

use crate::config::Config;
use crate::domain::{AdapterEvent, Measures, Message, Mono, Now, Snapshot, Verdict};
use crate::flow::{Effect, Input};

use state::State;

/// The single writer of all state.
pub struct Engine {
    state: State,
}

impl Engine {
    /// An engine that knows its configuration and nothing else. The seed decides every roll of its dice.
    pub fn new(config: Arc<Config>, seed: u64, now: Now) -> Self {
        Self { state: State::new(config, seed, now) }
    }

    /// An engine that takes the place of one that panicked. Its numbers of jobs, calls, edits and batches start
    /// far from those of its predecessors, so that their late ends mean nothing to it.
    pub fn rebuilt(config: Arc<Config>, seed: u64, now: Now, generation: u32) -> Self {
        let mut engine = Self::new(config, seed.wrapping_add(generation.into()), now);
        engine.state.numbers.begin_far(generation);
        engine.state.alerts.begin_far(u64::from(generation) << 40, now.mono);
        engine
    }

    /// Takes one input and tells what is to be done about it. Effects are to be carried out in order.
    pub fn apply(&mut self, input: Input, now: Now) -> Vec<Effect> {
        let state = &mut self.state;
        state.now = now;
        if state.stopped {
            // Whatever comes late is found by the next process: what was being sent is looked up, what was
            // being asked is asked again. Only who was told of an alert is put on record still.
            return match input {
                Input::Notified(id, result) => state.on_notified_after_all(id, result),
                _ => Vec::new(),
            };
        }
        state.ring();
        match input {
            Input::Tick => {}
            Input::Config(config) => state.configure(config),
            Input::Recovered(recovered) => state.recover(*recovered),
            Input::Adapter(AdapterEvent::Message(message)) => state.hear(*message),
            Input::Adapter(event) => state.on_adapter(event),
            Input::Called(call, outcome) => state.on_called(call, outcome),
            Input::Job(job, event) => state.on_job(job, event),
            Input::Provider(report) => state.on_report(report),
            Input::Committed { batch, duplicates } => state.on_committed(batch, &duplicates),
            Input::CommitFailed { words, .. } => state.on_commit_failed(&words),
            Input::Loaded(conversation, lines) => state.on_loaded(conversation, lines),
            Input::Command(envelope) => state.on_command(envelope),
            Input::Edited(edit, result) => state.on_edited(edit, result),
            Input::Restarted(account, result) => state.on_restarted(account, result),
            Input::Gauges(gauges) => state.on_gauges(*gauges),
            Input::Notified(id, result) => state.on_notified(id, result),
            Input::ConfigRefused(trouble) => state.on_config_refused(trouble),
            Input::Shutdown { grace } => state.on_shutdown(grace),
        }
        state.finish()
    }

    /// What the gates would make of a message now. For `explain`, on an engine of its own.
    pub fn judge(&mut self, message: &Message, now: Now) -> Verdict {
        self.state.now = now;
        self.state.judge(message, false).verdict
    }

    /// When the engine wants to be told [`Input::Tick`]; `None`: never, by itself.
    pub fn next_deadline(&self) -> Option<Mono> {
        self.state.timers.next().filter(|_| !self.state.stopped)
    }

    /// The state as it may be seen, rebuilt only where it changed since the last call.
    pub fn snapshot(&mut self) -> Arc<Snapshot> {
        self.state.snapshot()
    }

    /// What was measured since the start, for whoever asks from time to time.
    pub fn measures(&self) -> Measures {
        self.state.metrics.measures()
    }

    /// Whether anything visible changed since the last [`Engine::snapshot`].
    pub fn changed(&self) -> bool {
        self.state.changed
    }
}
