//! An engine with its store and the laws it must keep, in virtual time.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use qqdeck::config::Config;
use qqdeck::domain::*;
use qqdeck::engine::Engine;
use qqdeck::flow::{Effect, Input};

use crate::laws::Laws;
use crate::shelf::Shelf;

/// The wall at the virtual time 0: 21 November 2026, 00:00 UTC.
pub const EPOCH: i64 = 1_795_219_200_000;
/// The account of scenarios.
pub const BOT: SelfId = SelfId(100);

/// How a process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// kill -9: what was handed over and not committed is lost.
    Kill,
    /// After `Stopped`: the store writes what it was given.
    Clean,
    /// The machine went down.
    Power,
}

/// The engine and what stands around it.
pub struct World {
    pub engine: Engine,
    pub shelf: Shelf,
    pub laws: Laws,
    pub config: Arc<Config>,
    /// Commits follow each input by themselves.
    pub commits: bool,
    /// Loads are answered by themselves.
    pub loads: bool,
    /// Notifications over HTTP and mail arrive by themselves.
    pub arrivals: bool,
    arriving: VecDeque<NotificationId>,
    /// Loads asked for and not answered.
    pub wanted: VecDeque<Load>,
    /// Calls that have not ended.
    pub calls: BTreeMap<CallId, Call>,
    /// Everything that the engine asked for, with the moment.
    pub log: Vec<(Mono, Effect)>,
    now: Mono,
    seed: u64,
}

impl World {
    /// An engine that has been told that its store is empty.
    pub fn new(config: Arc<Config>, seed: u64) -> Self {
        let now = Now { mono: Mono(0), wall: Wall(EPOCH), offset: 0 };
        let mut world = Self {
            engine: Engine::new(Arc::clone(&config), seed, now),
            shelf: Shelf::default(),
            laws: Laws::default(),
            config,
            commits: true,
            loads: true,
            arrivals: true,
            arriving: VecDeque::new(),
            wanted: VecDeque::new(),
            calls: BTreeMap::new(),
            log: Vec::new(),
            now: Mono(0),
            seed,
        };
        world.tell(Input::Recovered(Box::new(Recovered { same_boot: true, ..Recovered::default() })));
        world
    }

    /// This moment.
    pub fn now(&self) -> Now {
        let millis = i64::try_from(self.now.0 / 1000).unwrap_or(0);
        Now { mono: self.now, wall: Wall(EPOCH + millis), offset: 0 }
    }

    /// Tells the engine one thing, and the store's answers to what followed.
    pub fn tell(&mut self, input: Input) {
        self.apply(input);
        self.serve();
    }

    /// Answers for the store what it answers by itself.
    fn serve(&mut self) {
        loop {
            if self.loads
                && let Some(load) = self.wanted.pop_front()
            {
                let lines = self.shelf.load(&load);
                self.apply(Input::Loaded(load.conversation, lines));
            } else if let Some(id) = self.arriving.pop_front() {
                self.apply(Input::Notified(id, Ok(())));
            } else if !(self.commits && self.commit()) {
                return;
            }
        }
    }

    /// Commits the oldest batch, if there is one.
    pub fn commit(&mut self) -> bool {
        let Some((batch, duplicates)) = self.shelf.commit() else { return false };
        self.apply(Input::Committed { batch, duplicates });
        true
    }

    fn apply(&mut self, input: Input) {
        self.laws.at = self.now;
        self.laws.before(&input);
        if let Input::Called(call, _) = &input {
            self.calls.remove(call);
        }
        if let Input::Config(config) = &input {
            self.config = Arc::clone(config);
        }
        let now = self.now();
        let effects = self.engine.apply(input, now);
        let snapshot = self.engine.snapshot();
        self.laws.after(&effects, &snapshot);
        for effect in effects {
            match &effect {
                Effect::Record(batch, rows) => self.shelf.hand_over(*batch, rows.clone()),
                Effect::Load(load) => self.wanted.push_back(*load),
                Effect::Notify(note) if self.arrivals => self.arriving.push_back(note.id),
                Effect::Call(call) => drop(self.calls.insert(call.id, call.clone())),
                _ => {}
            }
            self.log.push((now.mono, effect));
        }
    }

    /// Lets time pass until then; every deadline on the way is kept.
    pub fn pass_until(&mut self, then: Mono) {
        while let Some(due) = self.engine.next_deadline().filter(|due| *due <= then) {
            self.now = self.now.max(due);
            self.tell(Input::Tick);
            if self.engine.next_deadline().is_some_and(|next| next <= self.now) {
                self.laws.broken.push(format!("a deadline at {} does not pass", due.0));
                break;
            }
        }
        self.now = self.now.max(then);
    }

    /// Lets time pass.
    pub fn pass(&mut self, time: Duration) {
        self.pass_until(self.now + time);
    }

    /// Ends this process and begins the next.
    pub fn restart(&mut self, end: End) {
        match end {
            End::Clean => while self.shelf.commit().is_some() {},
            End::Kill | End::Power => self.shelf.lose_pending(),
        }
        self.wanted.clear();
        self.arriving.clear();
        self.calls.clear();
        let now = self.now();
        let found = self.shelf.recover(now.wall, end != End::Power);
        self.laws.restart(&self.shelf, &found);
        self.seed += 1;
        self.engine = Engine::new(Arc::clone(&self.config), self.seed, now);
        self.tell(Input::Recovered(Box::new(found)));
    }
}
