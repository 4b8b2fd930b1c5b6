//! A QQ world and both model protocols on real loopback sockets, seedable, with faults: the demonstration, the
//! tests and the benches all use the same one, and none of them needs anything outside this repository.
//!
//! * [`World`], [`Script`]: who there is, and who says what when
//! * [`Adapter`]: OneBot v11 as NapCat, LLOneBot, Lagrange or go-cqhttp speak it, dialling or dialled
//! * [`Model`]: Ollama's and OpenAI's protocol on one port, echoing or with canned answers
//! * [`Judge`], [`Report`]: who was answered, how fast, and what went wrong
//! * [`demo()`]: a small town that keeps talking, with incidents
//!
//! Everything runs on the caller's tokio runtime and ends with the caller's stop signal.

mod adapter;
mod demo;
mod dialect;
mod driver;
mod judge;
mod model;
pub mod segment;
mod world;

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

pub use adapter::{Adapter, AdapterFaults, AdapterSettings, DropStyle, Format, Roles, Sent, Side};
pub use demo::{DEMO, Demo, demo};
pub use dialect::Dialect;
pub use driver::Conversations;
pub use judge::{Judge, Latency, Report, Token};
pub use model::{Answers, Fault, FaultMix, Model, ModelSettings, ModelStats, Writes};
pub use world::{FIRST_ACCOUNT, Group, Line, Member, Person, Piece, Roster, Script, Topic, World, WorldSize};

/// What a simulator is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct SimulatorSettings {
    /// One for each account.
    pub adapters: Vec<AdapterSettings>,
    /// One for each model server.
    pub models: Vec<ModelSettings>,
}

impl SimulatorSettings {
    /// One NapCat with an account that knows nobody, which waits to be told whom to dial, and one instant model.
    pub fn small() -> Self {
        let roster = Roster::lonely(FIRST_ACCOUNT, "机器人");
        Self {
            adapters: vec![AdapterSettings::new(Dialect::Napcat, Side::reverse(""), roster)],
            models: vec![ModelSettings::instant("A")],
        }
    }
}

/// A running simulator.
pub struct Simulator {
    /// The adapters, as in the settings.
    pub adapters: Vec<Adapter>,
    /// The model servers, as in the settings.
    pub models: Vec<Model>,
}

impl Simulator {
    /// Starts everything; `stop` ends it.
    ///
    /// # Errors
    /// A loopback port cannot be listened on.
    pub async fn start(settings: SimulatorSettings, stop: &CancellationToken) -> io::Result<Self> {
        let mut models = Vec::with_capacity(settings.models.len());
        for model in settings.models {
            models.push(Model::start(model, stop.clone()).await?);
        }
        let mut adapters = Vec::with_capacity(settings.adapters.len());
        for adapter in settings.adapters {
            adapters.push(Adapter::start(adapter, stop.clone()).await?);
        }
        Ok(Self { adapters, models })
    }

    /// Lets all reverse adapters dial this URL from now on.
    pub fn dial(&self, url: &str) {
        for adapter in &self.adapters {
            adapter.dial(url);
        }
    }

    /// Drives conversations over all adapters and judges the replies.
    pub async fn run_conversations(&self, plan: &Conversations) -> Report {
        driver::run(&self.adapters, plan).await
    }

    /// Waits for the end after the stop signal.
    pub async fn stopped(&self) {
        for adapter in &self.adapters {
            adapter.stopped().await;
        }
        for model in &self.models {
            model.stopped().await;
        }
    }
}

/// Nothing here is left half-changed by a panic, so a poisoned lock is as good as another.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
