//! The loop: drains what it is told, lets the engine decide, carries the effects out, publishes. It awaits its
//! inputs and nothing else: effects are handed over without waiting, into queues that the engine already bounds.

use std::collections::{HashMap, VecDeque};
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::alarm::Alarm;
use super::clock::Clock;
use super::handle::{Ends, Placed, Request};
use super::inbox::{Inbox, Told};
use super::keeper::{Errand, Keeper};
use super::links::{Links, hub_settings};
use super::load::Loaded;
use super::prompts::Prompts;
use super::quarantine;
use crate::adapter::{self, Hub, LinkEvent, Output};
use crate::domain::*;
use crate::engine::Engine;
use crate::flow::{Effect, Input};
use crate::logs::Logs;
use crate::notify::Notifiers;
use crate::provider::{JobHandle, Providers};
use crate::store::{Batch, Store, StoreError};
use crate::telemetry::Sampler;

/// Inputs taken before the state is published, so that a flood cannot starve readers.
const DRAIN: usize = 512;
/// Least time between two publications: 60 Hz.
const FRAME: Duration = Duration::from_micros(16_600);
/// Batches kept here while the store's own queue is full. Beyond, the oldest is given up and said so.
const BACKLOG: usize = 4096;
/// Rows that nobody waits for are handed over together with those that somebody does, or after so long: one commit
/// a message instead of three. What kill -9 takes with it is heard again from the adapter's history.
const LINGER: Duration = Duration::from_millis(20);
/// Or when so many batches have come together; no more are handed over at once.
const GROUP: usize = 64;
/// Questions at a time that this thread asks by itself, since that is cheapest; beyond, the others take their share.
pub(super) const ALONE: usize = 32;
/// Engines rebuilt after a panic before the process gives up and lets its supervisor start it anew.
const REBUILDS: u32 = 5;

/// Where news comes in.
pub(super) struct Lanes {
    /// From links. Bounded and awaits.
    pub links: mpsc::Receiver<LinkEvent>,
    /// From the store. Bounded and awaits.
    pub store: mpsc::Receiver<Input>,
    /// From everybody else. Bounded and awaits.
    pub told: mpsc::Receiver<Told>,
}

/// Everything that the runtime knows and the engine does not.
pub(super) struct Driver {
    pub clock: Clock,
    pub engine: Engine,
    pub seed: u64,
    pub loaded: Loaded,
    /// The configuration file.
    pub file: PathBuf,
    pub data: PathBuf,
    pub logs: Logs,
    pub hub: Hub,
    pub links: Links,
    pub providers: Providers,
    pub jobs: HashMap<JobId, JobHandle>,
    pub notifiers: Notifiers<Told>,
    /// Where questions are asked while there are many.
    pub others: Option<runtime::Handle>,
    pub prompts: Prompts,
    pub store: Store,
    /// Batches not yet handed to the store, in order: nobody waits for them, or its queue is full.
    pub backlog: VecDeque<Batch>,
    /// When they are handed over though nobody waits for them.
    pub linger: Option<Instant>,
    pub keeper: Keeper,
    /// Looks at cards and the machine; `None`: there were no threads left for it.
    pub sampler: Option<Sampler>,
    pub inbox: Inbox,
    pub ends: Ends,
    pub answers: HashMap<u64, oneshot::Sender<Result<Done, Refusal>>>,
    pub tag: u64,
    /// The last word about each account that is up, for an engine that is rebuilt.
    pub ups: HashMap<SelfId, AdapterEvent>,
    pub rebuilds: u32,
    /// Words at which the engine panics, for the test of what happens then.
    #[cfg(test)]
    pub fault: Option<&'static str>,
    /// What the store remembers, on its way to an engine that was rebuilt.
    pub recovering: Option<Recovering>,
    /// What was told meanwhile; bounded, since nothing more is taken from the lanes.
    pub held: Vec<Input>,
    pub published: Instant,
    /// What is wrong with the configuration that was refused last, until one is accepted.
    pub refused: Option<ConfigTrouble>,
    pub stop: Stop,
    /// When the grace of stopping is over.
    pub ends_by: Option<Instant>,
}

type Recovering = std::pin::Pin<Box<dyn Future<Output = Result<Recovered, StoreError>> + Send>>;

/// How far stopping has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// Not at all.
    No,
    /// Draining.
    Draining,
    /// Everything is finished.
    Finished,
    /// Told twice: at once.
    AtOnce,
    /// Panics without end.
    Broken,
}

impl Driver {
    /// Runs until everything is finished.
    pub async fn drive(&mut self, lanes: &mut Lanes) {
        let mut alarm = Alarm::new();
        while matches!(self.stop, Stop::No | Stop::Draining) {
            alarm.set(self.alarm());
            tokio::select! {
                biased;
                request = self.ends.requests.recv() => if let Some(request) = request { self.on_request(request) },
                Some(input) = lanes.store.recv() => self.on_store(input),
                Some(told) = lanes.told.recv() => self.on_told(told).await,
                Some(event) = lanes.links.recv() => self.on_link(event),
                () = alarm.ring() => {}
            }
            self.drain(lanes).await;
            if let Some(sampler) = &mut self.sampler {
                sampler.watched(self.ends.snapshots.wanted());
            }
            self.recover(lanes).await;
            self.on_time();
            self.publish(false);
        }
    }

    /// Takes what is there already, without waiting. Doors first: an operator must get through a flood.
    async fn drain(&mut self, lanes: &mut Lanes) {
        for _ in 0..DRAIN {
            if self.recovering.is_some() {
                return;
            }
            if let Ok(request) = self.ends.requests.try_recv() {
                self.on_request(request);
            } else if let Ok(input) = lanes.store.try_recv() {
                self.on_store(input);
            } else if let Ok(told) = lanes.told.try_recv() {
                self.on_told(told).await;
            } else if let Ok(event) = lanes.links.try_recv() {
                self.on_link(event);
            } else {
                return;
            }
        }
    }

    /// When to wake up though nobody says anything.
    fn alarm(&self) -> Option<Instant> {
        let at = [self.engine.next_deadline(), self.hub.next_deadline()].into_iter().flatten().min();
        let frame = (self.ends.snapshots.wanted() && self.engine.changed()).then(|| self.published + FRAME);
        [at.map(|at| self.clock.instant(at)), frame, self.linger].into_iter().flatten().min()
    }

    fn on_time(&mut self) {
        let now = self.clock.now();
        if self.linger.is_some_and(|at| at <= Instant::now()) {
            self.hand_over();
        }
        if self.hub.next_deadline().is_some_and(|at| at <= now.mono) {
            let mut outputs = Vec::new();
            self.hub.on_deadline(now.mono, &mut outputs);
            self.on_outputs(outputs);
        }
        if self.engine.next_deadline().is_some_and(|at| at <= now.mono) {
            self.feed(Input::Tick);
        }
    }

    fn on_link(&mut self, event: LinkEvent) {
        let now = self.clock.now().mono;
        let mut outputs = Vec::new();
        self.hub.on_link(event, now, &mut outputs);
        self.on_outputs(outputs);
    }

    fn on_outputs(&mut self, outputs: Vec<Output>) {
        for output in outputs {
            match output {
                Output::Event(event) => {
                    self.note(&event);
                    self.feed(Input::Adapter(event));
                }
                Output::Called(call, outcome) => self.feed(Input::Called(call, outcome)),
            }
        }
    }

    /// Writes the log, and remembers who is up.
    fn note(&mut self, event: &AdapterEvent) {
        match event {
            AdapterEvent::Up { account, version, peer, .. } => {
                let adapter = (!version.is_empty()).then(|| version.shown());
                tracing::info!(%account, adapter, peer, "account is up");
                self.ups.insert(*account, event.clone());
            }
            AdapterEvent::Down { account, reason, others_left, .. } => {
                tracing::warn!(%account, reason = reason.shown(), others_left, "link is down");
                if !others_left {
                    self.ups.remove(account);
                }
            }
            AdapterEvent::Refused { peer, cause } => {
                tracing::warn!(peer, cause = cause.shown(), "connection refused");
            }
            AdapterEvent::Online { account, online, reason } => {
                let reason = (!reason.is_empty()).then(|| reason.shown());
                match online {
                    Some(true) => tracing::info!(%account, reason, "QQ is online"),
                    Some(false) => tracing::warn!(%account, reason, "QQ is offline"),
                    None => tracing::info!(%account, reason, "QQ does not tell whether it is online"),
                }
            }
            AdapterEvent::Garbage { link, frames } => tracing::warn!(%link, frames, "unreadable frames"),
            AdapterEvent::Message(_) | AdapterEvent::Notice(_) | AdapterEvent::Request(_) => {}
        }
    }

    fn on_store(&mut self, input: Input) {
        if let Input::CommitFailed { words, .. } = &input {
            tracing::error!(words, "the store cannot commit");
        }
        // The store has room again, or will say so: what waits here goes first, in order.
        if self.linger.is_none() && !self.backlog.is_empty() {
            self.hand_over();
        }
        self.feed(input);
    }

    /// News from a leaf.
    pub async fn on_told(&mut self, told: Told) {
        match told {
            Told::Job(job, event) => {
                if let JobEvent::Ended(end) = &event {
                    self.jobs.remove(&job);
                    if let Err(Failure { error: error @ ProviderError::ContextTooLong { .. }, .. }) = end {
                        tracing::warn!(%job, %error, "a model's real context is shorter than its `context` says");
                    }
                }
                self.feed(Input::Job(job, event));
            }
            Told::Report(report) => self.feed(Input::Provider(report)),
            Told::Loaded(conversation, lines) => self.feed(Input::Loaded(conversation, lines)),
            Told::Config(loaded, whose) => self.on_config(loaded, whose).await,
            Told::Gauges(gauges) => self.feed(Input::Gauges(gauges)),
            Told::Restarted(account, result) => {
                match &result {
                    Ok(()) => tracing::info!(%account, "the adapter was restarted"),
                    Err(error) => tracing::error!(%account, %error, "the adapter was not restarted"),
                }
                self.feed(Input::Restarted(account, result));
            }
            Told::Edited(edit, result) => self.feed(Input::Edited(edit, result)),
            Told::Notified(id, end) => self.feed(Input::Notified(id, end)),
            Told::HangUp => drop(self.keeper.ask(Errand::Reload(None))),
            Told::Terminate if self.stop == Stop::Draining => self.stop = Stop::AtOnce,
            Told::Terminate => {
                let grace = self.loaded.config.engine.shutdown_grace;
                self.ends_by = Some(Instant::now() + grace);
                self.feed(Input::Shutdown { grace });
                if self.stop == Stop::No {
                    self.stop = Stop::Draining;
                }
            }
        }
    }

    async fn on_config(&mut self, loaded: Result<Box<Loaded>, ConfigTrouble>, whose: Option<(u64, Met)>) {
        let result = match loaded {
            Ok(loaded) => self.take_over(*loaded).await,
            Err(trouble) => Err(trouble),
        };
        match &result {
            Ok(()) => tracing::info!("configuration reloaded"),
            Err(trouble) => tracing::error!("configuration refused; the old one holds: {trouble}"),
        }
        let was_refused = self.refused.is_some();
        self.refused = result.clone().err();
        if was_refused != self.refused.is_some() {
            self.place();
        }
        if let Some(trouble) = self.refused.clone() {
            self.feed(Input::ConfigRefused(trouble));
        }
        if let Some((edit, met)) = whose {
            self.feed(Input::Edited(edit, result.map(|()| met)));
        }
    }

    /// Goes over to a valid configuration whole, or not at all: secrets may be missing, addresses taken.
    async fn take_over(&mut self, loaded: Loaded) -> Result<(), ConfigTrouble> {
        let config = Arc::clone(&loaded.config);
        self.logs.redact(super::secrets::all(&config, &loaded.directory));
        let providers = super::providers(&config, &loaded.directory).map_err(plain)?;
        let destinations = super::destinations(&config, &loaded.directory).map_err(plain)?;
        self.links.follow(&self.loaded.config, &loaded).await.map_err(plain)?;
        for key in crate::config::restart_needed(&self.loaded.config, &config) {
            tracing::warn!(key, "takes effect after a restart");
        }
        self.providers = providers;
        self.notifiers.follow(destinations);
        self.loaded = loaded;
        self.place();
        self.hub.configure(hub_settings(&config));
        self.store.configure(&config.storage);
        self.logs.configure(&config.logs);
        if let Some(sampler) = &mut self.sampler {
            sampler.configure(&config.telemetry);
        }
        self.feed(Input::Config(config));
        Ok(())
    }

    /// Tells doors where the keys stand.
    pub fn place(&self) {
        let origins = Arc::clone(&self.loaded.origins);
        let config = Arc::clone(&self.loaded.config);
        let refused = self.refused.is_some();
        self.ends.placed.send_replace(Placed { config, file: self.file.clone(), origins, refused });
    }

    fn on_request(&mut self, request: Request) {
        match request {
            Request::Command { operator, expects, command, reply } => {
                self.tag += 1;
                let tag = self.tag;
                self.answers.insert(tag, reply);
                let envelope = Envelope { operator, session: SessionId(0), tag, expects, command };
                self.feed(Input::Command(envelope));
            }
            Request::Query { query: Query::Prompt { line }, reply } => {
                let _ = reply.send(self.prompts.of(line));
            }
            Request::Query { query, reply } => {
                let page = self.store.query(query);
                tokio::spawn(async move {
                    let _ = reply.send(page.await);
                });
            }
            Request::Measures { reply } => {
                self.publish(true);
                let _ = reply.send((self.engine.snapshot(), Box::new(self.engine.measures())));
            }
            Request::Snapshot { reply } => {
                self.publish(true);
                let _ = reply.send(self.engine.snapshot());
            }
        }
    }

    /// One input, and all that follows from it at once.
    pub fn feed(&mut self, input: Input) {
        if self.recovering.is_some() {
            return self.held.push(input);
        }
        let mut todo = VecDeque::from([input]);
        while let Some(input) = todo.pop_front() {
            let now = self.clock.now();
            let engine = &mut self.engine;
            // Kept for the quarantine; an apply that panics has eaten its own.
            let kept = input.clone();
            #[cfg(test)]
            let fault = self.fault;
            let apply = || {
                #[cfg(test)]
                if let (Some(words), Input::Adapter(AdapterEvent::Message(message))) = (fault, &input) {
                    assert_ne!(message.text(), words, "the fault of a test");
                }
                engine.apply(input, now)
            };
            match std::panic::catch_unwind(AssertUnwindSafe(apply)) {
                Ok(effects) => effects.into_iter().for_each(|effect| self.carry_out(effect, &mut todo)),
                Err(_) => return self.rebuild(&kept, now),
            }
        }
    }

    /// Hands one effect to whoever it is for; what follows at once is added to `todo`.
    pub fn carry_out(&mut self, effect: Effect, todo: &mut VecDeque<Input>) {
        match effect {
            Effect::Record(batch, rows) => self.record(batch, rows, todo),
            Effect::Ask(job) => {
                let id = job.id;
                self.prompts.keep(&job, self.model_of(&job.provider), self.clock.now().wall);
                // Whoever calls `spawn` meanwhile spawns there.
                let beside = self.others.as_ref().filter(|_| self.jobs.len() >= ALONE);
                let _there = beside.map(runtime::Handle::enter);
                let handle = self.providers.ask(job, self.inbox.lane().clone());
                self.jobs.insert(id, handle);
            }
            Effect::Cancel(job) => {
                if let Some(handle) = self.jobs.remove(&job) {
                    handle.cancel();
                }
            }
            Effect::Call(call) => {
                let id = call.id;
                let now = self.clock.now().mono;
                if let Some(outcome) = self.hub.call(&call, now) {
                    todo.push_back(Input::Called(id, outcome));
                }
            }
            Effect::Load(load) => self.load(load),
            Effect::Edit(id, edit) => {
                if !self.keeper.ask(Errand::Edit(id, edit)) {
                    todo.push_back(Input::Edited(id, Err(busy())));
                }
            }
            Effect::Provider(name, call) => {
                let report = self.providers.call(&name, call);
                let inbox = self.inbox.clone();
                tokio::spawn(async move { inbox.tell(Told::Report(report.await)).await });
            }
            Effect::Restart(restart) => {
                let inbox = self.inbox.clone();
                tokio::spawn(async move {
                    let result = adapter::restart(&restart).await;
                    inbox.tell(Told::Restarted(restart.account, result)).await;
                });
            }
            Effect::Answer(_, tag, result) => {
                // Whoever asked sees the effect first.
                self.publish(true);
                if let Some(reply) = self.answers.remove(&tag) {
                    let _ = reply.send(result);
                }
            }
            Effect::Reload(id) => {
                if !self.keeper.ask(Errand::Reload(Some(id))) {
                    todo.push_back(Input::Edited(id, Err(busy())));
                }
            }
            Effect::Notify(notice) => {
                let id = notice.id;
                if let Err(fault) = self.notifiers.send(*notice) {
                    todo.push_back(Input::Notified(id, Err(fault)));
                }
            }
            Effect::Stopped => self.stop = Stop::Finished,
        }
    }

    fn model_of(&self, provider: &str) -> Arc<str> {
        let configured = self.loaded.config.providers.iter().find(|p| p.name == provider);
        configured.map_or_else(Arc::default, |p| p.model.as_str().into())
    }

    fn record(&mut self, batch: BatchNo, rows: Vec<Row>, todo: &mut VecDeque<Input>) {
        rows.iter().for_each(|row| self.prompts.learn(row));
        if self.ends.lines.wanted() {
            for row in &rows {
                if let Row::Heard { line, .. } | Row::Said(line) = row {
                    self.ends.lines.say(Arc::clone(line));
                }
            }
        }
        let urgent = rows.iter().any(waited_for);
        if self.backlog.len() >= BACKLOG
            && let Some(lost) = self.backlog.pop_front()
        {
            tracing::error!(batch = %lost.no, rows = lost.rows.len(), "given up: the store is too far behind");
            todo.push_back(Input::CommitFailed { batch: lost.no, words: "given up".into() });
        }
        self.backlog.push_back(Batch { no: batch, rows });
        if urgent || self.backlog.len() >= GROUP {
            self.hand_over();
        } else {
            self.linger.get_or_insert_with(|| Instant::now() + LINGER);
        }
    }

    /// Hands to the store what waits, in order, as far as it has room: together, so that it is one commit.
    pub fn hand_over(&mut self) {
        self.linger = None;
        while !self.backlog.is_empty() {
            let group = self.backlog.drain(..self.backlog.len().min(GROUP)).collect();
            if let Err(refused) = self.store.record(group) {
                for batch in refused.into_iter().rev() {
                    self.backlog.push_front(batch);
                }
                break;
            }
        }
    }

    fn load(&self, load: Load) {
        let lines = self.store.load(load);
        let inbox = self.inbox.clone();
        tokio::spawn(async move {
            // A store that cannot read costs the model its memory of this chat, not the chat its answer.
            let lines = lines.await.unwrap_or_else(|error| {
                tracing::error!(%error, "cannot load a conversation");
                Vec::new()
            });
            inbox.tell(Told::Loaded(load.conversation, lines)).await;
        });
    }

    /// Publishes, if anybody looks and something changed; at most 60 times a second unless `now`.
    fn publish(&mut self, now: bool) {
        if !self.ends.snapshots.wanted() || !self.engine.changed() {
            return;
        }
        if now || self.published.elapsed() >= FRAME {
            self.published = Instant::now();
            self.ends.snapshots.publish(self.engine.snapshot());
        }
    }

    /// The engine panicked: the input is put aside, and a new engine goes on from the store, as after kill -9.
    fn rebuild(&mut self, input: &Input, now: Now) {
        quarantine::keep(&self.data, &self.loaded.config, self.seed, input, now);
        self.rebuilds += 1;
        if self.rebuilds > REBUILDS {
            self.stop = Stop::Broken;
            return;
        }
        self.jobs.clear();
        self.prompts.forget();
        self.answers.clear();
        self.engine = Engine::rebuilt(Arc::clone(&self.loaded.config), self.seed, now, self.rebuilds);
        // What waits here must be known to the store before it tells where its numbers end.
        self.hand_over();
        if !self.backlog.is_empty() {
            tracing::error!(batches = self.backlog.len(), "given up: the store has no room for them");
            self.backlog.clear();
        }
        let recovered = self.store.recover();
        self.recovering = Some(Box::pin(recovered));
    }

    /// A new engine hears nothing before it knows what the store remembers: its numbers go on from there.
    pub async fn recover(&mut self, lanes: &mut Lanes) {
        let Some(mut recovering) = self.recovering.take() else { return };
        let recovered = loop {
            tokio::select! {
                recovered = &mut recovering => break recovered,
                // The former engine's commits: the writer must not wait for their reader.
                Some(_) = lanes.store.recv() => {}
            }
        };
        match recovered {
            Ok(recovered) => self.feed(Input::Recovered(Box::new(recovered))),
            Err(error) => {
                tracing::error!(%error, "the store remembers nothing");
                self.stop = Stop::Broken;
            }
        }
        if let Some(trouble) = self.refused.clone() {
            self.feed(Input::ConfigRefused(trouble));
        }
        let ups: Vec<_> = self.ups.values().cloned().collect();
        ups.into_iter().for_each(|up| self.feed(Input::Adapter(up)));
        for input in std::mem::take(&mut self.held) {
            self.feed(input);
        }
    }
}

/// Whether something waits for this row to be on disk.
fn waited_for(row: &Row) -> bool {
    match row {
        Row::Part(part) => part.state == PartState::Sending,
        Row::PartState(_, state, _) => *state == PartState::Sending,
        // Who was told must not be told again, whatever happens next.
        Row::Alert(_) | Row::Silence(_) => true,
        Row::CleanStop => true,
        _ => false,
    }
}

fn busy() -> ConfigTrouble {
    ConfigTrouble {
        zh: "正在等待的改动太多，请稍后再试".into(),
        en: "too many edits wait; try again in a moment".into(),
    }
}

/// What a library said, in English whoever reads.
fn plain(words: String) -> ConfigTrouble {
    ConfigTrouble { zh: words.clone(), en: words }
}
