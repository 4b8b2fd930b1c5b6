//! Everything the engine knows, and the mechanics that all its rooms use: numbers, rows, effects, timers.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use super::access::Grants;
use super::accounts::{Account, Errand};
use super::alerts::Alerts;
use super::audit::Begun;
use super::cache::Cache;
use super::chat::Chat;
use super::commands::{Asker, PendingEdit};
use super::delivery::{Delivery, Reply};
use super::dispatch::Provider;
use super::limits::Limits;
use super::metrics::Metrics;
use super::policy::{Policies, Policy};
use super::publish::Published;
use super::question::Question;
use super::recall::TakingBack;
use super::recovery::Commits;
use super::rings::Rings;
use super::seen::Seen;
use super::timers::{Timer, Timers};
use super::usage::Books;
use crate::config::Config;
use crate::domain::*;
use crate::flow::Effect;

/// The engine's own numbers; each grows by one.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    pub seq: u64,
    pub job: u64,
    pub part: u64,
    pub call: u64,
    pub item: u64,
    pub edit: u64,
    pub batch: u64,
}

impl Numbers {
    /// Away from the numbers of earlier engines of this process. What the store numbers goes on from the store.
    pub fn begin_far(&mut self, generation: u32) {
        let base = u64::from(generation) << 40;
        (self.job, self.call, self.edit, self.batch) = (base, base, base, base);
    }

    pub fn seq(&mut self) -> Seq {
        self.seq += 1;
        Seq(self.seq)
    }

    pub fn job(&mut self) -> JobId {
        self.job += 1;
        JobId(self.job)
    }

    pub fn part(&mut self) -> PartId {
        self.part += 1;
        PartId(self.part)
    }

    pub fn call(&mut self) -> CallId {
        self.call += 1;
        CallId(self.call)
    }

    pub fn item(&mut self) -> ItemId {
        self.item += 1;
        ItemId(self.item)
    }

    pub fn edit(&mut self) -> u64 {
        self.edit += 1;
        self.edit
    }
}

/// What is known of a conversation that is not in memory.
pub(super) struct Cold {
    /// What operators and members changed there.
    pub state: ChatState,
    /// When something was said last; `None`: not within a day.
    pub spoke: Option<Wall>,
}

/// Everything the engine knows. What is walked through stands in order, never in a hash map's: the same inputs
/// must come to the same effects.
pub(super) struct State {
    pub config: Arc<Config>,
    pub policies: Policies,
    pub rng: fastrand::Rng,
    pub now: Now,
    pub timers: Timers,
    pub numbers: Numbers,
    /// Rows of this input; they become one batch.
    pub rows: Vec<Row>,
    /// Effects of this input.
    pub effects: Vec<Effect>,

    pub accounts: BTreeMap<SelfId, Account>,
    /// Conversations in memory.
    pub chats: BTreeMap<ConversationId, Chat>,
    /// Conversations that the store knows and memory does not.
    pub cold: BTreeMap<ConversationId, Cold>,
    pub seen: Seen,
    pub grants: Grants,
    pub limits: Limits,

    pub questions: BTreeMap<Seq, Question>,
    pub jobs: BTreeMap<JobId, Seq>,
    /// Questions being answered, over all providers.
    pub inflight: usize,
    pub providers: Vec<Provider>,
    pub cache: Cache,

    pub replies: BTreeMap<Seq, Reply>,
    pub parts: BTreeMap<PartId, Delivery>,
    pub calls: HashMap<CallId, Errand>,
    /// Lines of ours that are being taken back.
    pub taken_back: BTreeMap<Seq, TakingBack>,
    pub commits: Commits,

    /// What waits for a human; shared with the snapshots.
    pub items: BTreeMap<ItemId, Arc<Item>>,
    pub edits: HashMap<u64, PendingEdit>,
    /// Commands that go on record when they have ended.
    pub begun: Begun,
    /// Adapters that are being restarted, for whom.
    pub restarts: BTreeMap<SelfId, (Asker, Text)>,
    pub books: Books,
    pub metrics: Metrics,
    pub rings: Rings,
    pub counters: Counters,
    pub refused: RefusedLinks,
    /// The last day for which a quota notice was given, by chat.
    pub quota_notices: HashMap<ConversationId, i32>,
    /// Lines heard while catching up that are too old to answer; counted once the store says they are new.
    pub missed: HashMap<Seq, ConversationId>,

    /// The last sample.
    pub gauges: Option<Arc<Gauges>>,
    pub alerts: Alerts,
    pub published: Published,
    pub changed: bool,
    pub dirty: HashSet<ConversationId>,
    pub stopping: bool,
    /// The time to finish in is over.
    pub grace_over: bool,
    pub stopped: bool,
}

impl State {
    pub fn new(config: Arc<Config>, seed: u64, now: Now) -> Self {
        let mut state = Self {
            policies: Policies::compile(&config),
            rng: fastrand::Rng::with_seed(seed),
            now,
            timers: Timers::default(),
            numbers: Numbers::default(),
            rows: Vec::new(),
            effects: Vec::new(),
            accounts: BTreeMap::new(),
            chats: BTreeMap::new(),
            cold: BTreeMap::new(),
            seen: Seen::default(),
            grants: Grants::default(),
            limits: Limits::default(),
            questions: BTreeMap::new(),
            jobs: BTreeMap::new(),
            inflight: 0,
            providers: Vec::new(),
            cache: Cache::default(),
            replies: BTreeMap::new(),
            parts: BTreeMap::new(),
            calls: HashMap::new(),
            taken_back: BTreeMap::new(),
            commits: Commits::default(),
            items: BTreeMap::new(),
            edits: HashMap::new(),
            begun: Begun::new(),
            restarts: BTreeMap::new(),
            books: Books::new(now.day()),
            metrics: Metrics::default(),
            rings: Rings::default(),
            counters: Counters::default(),
            refused: RefusedLinks::default(),
            quota_notices: HashMap::new(),
            missed: HashMap::new(),
            gauges: None,
            alerts: Alerts::new(&config, now),
            published: Published::default(),
            changed: true,
            dirty: HashSet::new(),
            stopping: false,
            grace_over: false,
            stopped: false,
            config,
        };
        state.set_providers();
        state
    }

    /// A whole new configuration. What is under way goes on by the old rules where that is simpler and harmless.
    pub fn configure(&mut self, config: Arc<Config>) {
        if config.cache != self.config.cache {
            self.cache.clear();
        }
        self.policies = Policies::compile(&config);
        self.config = config;
        self.set_providers();
        self.configure_alerts();
        self.greet_providers();
        let chats: Vec<_> = self.chats.keys().copied().collect();
        for id in chats {
            self.touch(id);
            self.pump_chat(id);
            self.pump_delivery(id);
        }
        self.changed = true;
    }

    /// Handles every deadline that has passed.
    pub fn ring(&mut self) {
        while let Some(timer) = self.timers.due(self.now.mono) {
            match timer {
                Timer::Merged(question) => self.on_merged(question),
                Timer::QueueWait(question) => self.on_queue_wait(question),
                Timer::Retry(question) => self.on_retry(question),
                Timer::QuestionEnds(question) => self.on_question_ends(question),
                Timer::Deliver(chat) => self.pump_delivery(chat),
                Timer::LookUp(chat) => self.look_up(chat),
                Timer::Late => self.on_late(),
                Timer::ItemEnds(item) => self.on_item_ends(item),
                Timer::ModeEnds(chat) => self.on_mode_ends(chat),
                Timer::ClaimEnds(chat) => self.on_claim_ends(chat),
                Timer::Resident => self.on_residency_ends(),
                Timer::Provider(provider) => self.pump_provider(provider),
                Timer::CatchUp(account) => self.catch_up(account),
                Timer::Alerts => self.on_alerts_due(),
                Timer::GraceEnds => self.on_grace_ends(),
            }
        }
    }

    /// Closes the input: its rows become one batch, ahead of everything that rests on them.
    pub fn finish(&mut self) -> Vec<Effect> {
        self.look_at_alerts();
        if !self.rows.is_empty() {
            let batch = self.next_batch();
            self.numbers.batch = batch.0;
            self.commits.sent(batch, self.now.mono, &mut self.timers);
            let rows = std::mem::take(&mut self.rows);
            // What a console keeps for itself is nobody else's news.
            self.changed |= !rows.iter().all(|row| matches!(row, Row::Screen { .. }));
            self.effects.insert(0, Effect::Record(batch, rows));
        }
        if self.commits.unrecorded {
            self.release_all();
        }
        self.check_stopped();
        std::mem::take(&mut self.effects)
    }

    /// The batch that this input's rows will be in.
    pub fn next_batch(&self) -> BatchNo {
        BatchNo(self.numbers.batch + 1)
    }

    /// What holds in a chat.
    pub fn policy(&self, id: ConversationId) -> &Arc<Policy> {
        self.policies.of(id.peer)
    }

    /// The quota that a chat has reached, if one is.
    pub fn over_quota(&self, id: ConversationId) -> Option<Reason> {
        let chats = &self.config.chats;
        let all = if id.peer.is_group() { &chats.group } else { &chats.private };
        self.books.over(&self.policy(id).chat.limits, &all.limits, id)
    }

    /// Who answers in a chat now.
    pub fn mode(&self, id: ConversationId) -> Mode {
        match self.chat_state(id).and_then(|s| s.mode) {
            Some((mode, until)) if until.is_none_or(|until| until > self.now.wall) => mode,
            _ => match self.policy(id).chat.mode {
                crate::config::ChatMode::Auto => Mode::Auto,
                crate::config::ChatMode::Draft => Mode::Draft,
                crate::config::ChatMode::Manual => Mode::Manual,
                crate::config::ChatMode::Muted => Mode::Muted,
            },
        }
    }

    /// The chat in memory, brought there if need be.
    pub fn chat(&mut self, id: ConversationId) -> &mut Chat {
        if !self.chats.contains_key(&id) {
            self.warm(id);
        }
        self.touch(id);
        let now = self.now.mono;
        let chat = self.chats.entry(id).or_insert_with(|| Chat::new(id, ChatState::default(), now));
        chat.touched = now;
        chat
    }

    /// Something visible changed in a chat.
    pub fn touch(&mut self, id: ConversationId) {
        self.dirty.insert(id);
        self.changed = true;
    }

    fn warm(&mut self, id: ConversationId) {
        self.cool();
        let known = self.cold.remove(&id).map(|cold| cold.state);
        let mut chat = Chat::new(id, known.clone().unwrap_or_default(), self.now.mono);
        if known.is_some() {
            chat.loading = true;
            let lines = super::chat::TAIL as u32;
            // Forgotten lines too: no model sees them, but people do, and they are known not to be new.
            self.effects.push(Effect::Load(Load { conversation: id, lines, after: Seq(0) }));
        }
        self.chats.insert(id, chat);
    }

    /// Lets the longest idle conversations leave memory once there are too many; a tenth at a time, so that
    /// the search for them is rare.
    fn cool(&mut self) {
        let hot = self.config.engine.hot.max(16);
        if self.chats.len() < hot {
            return;
        }
        let mut idle: Vec<_> = self.chats.values().filter(|c| c.is_idle()).map(|c| (c.touched, c.id)).collect();
        idle.sort_unstable();
        for (_, id) in idle.into_iter().take(hot / 10 + 1) {
            if let Some(chat) = self.chats.remove(&id) {
                self.cold.insert(id, Cold { state: chat.state, spoke: chat.last_heard });
                self.dirty.insert(id);
            }
        }
    }

    /// What operators and members changed in a chat, in memory or not.
    pub fn chat_state(&self, id: ConversationId) -> Option<&ChatState> {
        self.chats.get(&id).map(|c| &c.state).or_else(|| self.cold.get(&id).map(|c| &c.state))
    }

    /// Changes a chat's settings because somebody asked for it; whoever saw the former ones is told by whom.
    pub fn change_chat(&mut self, id: ConversationId, by: &Text, change: impl FnOnce(&mut ChatState)) {
        let state = &mut self.chat(id).state;
        change(state);
        state.version += 1;
        state.by.clone_from(by);
        self.save_chat(id);
    }

    /// Records a chat's settings after a change. One that nobody asked for (a name that was learned, a mode whose
    /// time is over) contradicts no operator and leaves the version alone.
    pub fn save_chat(&mut self, id: ConversationId) {
        if let Some(chat) = self.chats.get(&id) {
            let state = Box::new(chat.state.clone());
            self.rows.push(Row::Chat(id, state));
            self.touch(id);
        }
    }

    /// The language of notices in chats.
    pub fn lang(&self) -> crate::words::Lang {
        crate::words::Lang::of_chats(self.config.language)
    }
}

/// Batches on their way to the disk, and what waits for them.
pub(super) type Waiting = VecDeque<(BatchNo, PartId)>;
