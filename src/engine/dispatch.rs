//! Which provider is asked, what happens when it fails, and who is asked next.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::breaker::Breaker;
use super::metrics;
use super::question::{Asking, Stage};
use super::rings::Drawn;
use super::state::State;
use super::timers::Timer;
use crate::config;
use crate::domain::*;
use crate::flow::Effect;

/// The first pause before the same provider is asked again; doubles.
const BACKOFF: Duration = Duration::from_millis(500);
/// From so many estimated tokens on, a server's count says something about the estimate, and what each count weighs.
const SAYS_ENOUGH: f32 = 200.0;
const LEARNS: f32 = 0.3;

/// A configured provider and how it stands.
pub(super) struct Provider {
    pub config: config::Provider,
    pub name: Arc<str>,
    pub model: Arc<str>,
    pub breaker: Breaker,
    /// Switched off by an operator.
    pub off: bool,
    /// No longer configured; kept until its last question has ended.
    pub gone: bool,
    /// Questions being answered.
    pub inflight: usize,
    /// Questions waiting for a slot.
    pub queue: VecDeque<Seq>,
    /// Until when each key is set aside.
    keys: Vec<Option<Mono>>,
    next_key: usize,
    /// The last failure, until the next success.
    pub error: Option<ProviderError>,
    /// Why it is set aside (key, balance, model), until it answers, is reset or configured anew.
    pub refused: Option<ProviderError>,
    pub resident: Option<Residency>,
    pub balance: Option<String>,
    pub version: Option<String>,
    /// An operator took its model out of memory: it is not loaded again but for a question.
    pub unloaded: bool,
    /// When it was last looked at.
    pub looked: Option<Mono>,
    /// Its tokens for one that we estimate, in tenths so that windows stay put.
    tenths: u8,
    ratio: f32,
}

impl Provider {
    /// Its tokens for one that we estimate, as its answers have counted them.
    pub fn factor(&self) -> f32 {
        f32::from(self.tenths) / 10.0
    }

    /// It counted so many tokens where we estimated so many. What is short says little: the chat's template weighs more.
    pub fn counted(&mut self, tokens: u32, estimate: f32) {
        if estimate >= SAYS_ENOUGH {
            self.ratio += (tokens as f32 / estimate - self.ratio) * LEARNS;
            self.tenths = (self.ratio * 10.0).round().clamp(3.0, 40.0) as u8;
        }
    }

    fn new(config: &config::Provider) -> Self {
        Self {
            name: Arc::from(config.name.as_str()),
            model: Arc::from(config.model.as_str()),
            breaker: Breaker::default(),
            off: false,
            gone: false,
            inflight: 0,
            queue: VecDeque::new(),
            keys: vec![None; config.api_keys.len().max(1)],
            next_key: 0,
            error: None,
            refused: None,
            resident: None,
            balance: None,
            version: None,
            unloaded: false,
            looked: None,
            tenths: 10,
            ratio: 1.0,
            config: config.clone(),
        }
    }

    /// The next key in turn that has not been refused lately.
    fn key(&mut self, now: Mono) -> usize {
        let count = self.keys.len();
        let free = |k: &usize| self.keys[*k].is_none_or(|until| until <= now);
        let key = (0..count).map(|n| (self.next_key + n) % count).find(free).unwrap_or(self.next_key % count);
        self.next_key = (key + 1) % count;
        key
    }

    /// Sets a refused key aside. Tells whether another is left.
    fn refuse_key(&mut self, key: usize, now: Mono) -> bool {
        if let Some(slot) = self.keys.get_mut(key) {
            *slot = Some(now + ASIDE);
        }
        self.keys.iter().any(|until| until.is_none_or(|until| until <= now))
    }

    /// Forgets failures and refused keys.
    pub fn reset(&mut self) {
        self.breaker.reset();
        self.keys.fill(None);
        (self.error, self.refused) = (None, None);
    }

    fn load(&self) -> f64 {
        (self.inflight + self.queue.len()) as f64 / f64::from(self.config.weight.max(1))
    }

    fn has_slot(&self) -> bool {
        self.inflight < self.config.max_concurrency.max(1)
    }
}

/// A provider in use is looked at again after so long; one that is not is left in peace.
const LOOK_AGAIN: Duration = Duration::from_secs(60);
/// How long a refused key or provider is left alone.
const ASIDE: Duration = Duration::from_secs(600);

impl State {
    /// Takes over the configured providers; those that stay keep their state.
    pub fn set_providers(&mut self) {
        let config = Arc::clone(&self.config);
        let mut old = std::mem::take(&mut self.providers);
        // Questions at a provider that is gone still end with an event each; they look their provider up by
        // place, so places of the gone are kept at the end, switched off.
        let mut providers: Vec<Provider> = Vec::with_capacity(config.providers.len());
        let mut places: Vec<Option<usize>> = vec![None; old.len()];
        for fresh in &config.providers {
            let at = old.iter().position(|p| *p.name == *fresh.name);
            let mut provider = Provider::new(fresh);
            if let Some(at) = at {
                places[at] = Some(providers.len());
                let former = &mut old[at];
                provider.inflight = former.inflight;
                provider.queue = std::mem::take(&mut former.queue);
                provider.off = former.off && !former.gone;
                provider.unloaded = former.unloaded && !former.gone;
                if former.config == *fresh {
                    std::mem::swap(&mut provider.breaker, &mut former.breaker);
                    provider.keys.clone_from(&former.keys);
                    provider.error = former.error.take();
                    provider.refused = former.refused.take();
                    provider.resident = former.resident.take();
                    provider.balance = former.balance.take();
                    provider.version = former.version.take();
                    provider.looked = former.looked;
                }
            }
            providers.push(provider);
        }
        let mut homeless = Vec::new();
        for (at, mut gone) in old.into_iter().enumerate() {
            if places[at].is_none() && (gone.inflight > 0 || !gone.queue.is_empty()) {
                homeless.extend(gone.queue.drain(..));
                (gone.off, gone.gone) = (true, true);
                places[at] = Some(providers.len());
                providers.push(gone);
            }
        }
        self.providers = providers;
        let place = |at: usize| places.get(at).copied().flatten().unwrap_or(0);
        for question in self.questions.values_mut() {
            question.tried = question.tried.iter().filter_map(|at| *places.get(*at)?).collect();
            if let Some(asking) = &mut question.asking {
                asking.provider = place(asking.provider);
            }
            if let Stage::Queued(at) = question.stage {
                question.stage = Stage::Queued(place(at));
            }
        }
        for question in homeless {
            self.dispatch(question);
        }
        for at in 0..self.providers.len() {
            self.pump_provider(at);
        }
    }

    /// Loads the models that are to be loaded at start, and looks at the other providers.
    pub fn greet_providers(&mut self) {
        for provider in self.providers.iter_mut().filter(|p| !p.off && p.looked.is_none()) {
            provider.looked = Some(self.now.mono);
            let preload = provider.config.preload && provider.config.kind == config::ProviderKind::Ollama;
            let call = if preload && !provider.unloaded { ProviderCall::Preload } else { ProviderCall::Look };
            self.effects.push(Effect::Provider(Arc::clone(&provider.name), call));
        }
    }

    /// A model's time in memory should be over: whether it is will be seen by a look.
    pub fn on_residency_ends(&mut self) {
        let (wall, now) = (self.now.wall, self.now.mono);
        // An answer since then may have made it longer; then another timer rings.
        let over = |r: &Residency| r.loaded && r.expires.is_some_and(|end| Wall(end.saturating_mul(1000)) <= wall);
        for provider in self.providers.iter_mut().filter(|p| !p.gone && p.resident.as_ref().is_some_and(over)) {
            provider.looked = Some(now);
            self.effects.push(Effect::Provider(Arc::clone(&provider.name), ProviderCall::Look));
        }
    }

    /// Looks at a provider that has just answered, once in a while: its model's place in memory may have changed.
    fn look_again(&mut self, at: usize) {
        let provider = &mut self.providers[at];
        let now = self.now.mono;
        if provider.looked.is_some_and(|looked| now.since(looked) >= LOOK_AGAIN) {
            provider.looked = Some(now);
            self.effects.push(Effect::Provider(Arc::clone(&provider.name), ProviderCall::Look));
        }
    }

    /// Finds a provider for a question, or the queue of one, or gives up.
    pub fn dispatch(&mut self, head: Seq) {
        if self.answer_from_cache(head) {
            return;
        }
        let Some(at) = self.choose(head) else {
            return self.give_up(head, &ProviderError::Overloaded(None, "no provider".into()));
        };
        if self.providers[at].has_slot() && self.inflight < self.config.engine.max_inflight {
            return self.ask(head, at);
        }
        if let Some(question) = self.questions.get_mut(&head) {
            question.stage = Stage::Queued(at);
            self.providers[at].queue.push_back(head);
            self.timers.set(self.now.mono + self.config.engine.queue_wait, Timer::QueueWait(head));
        }
    }

    /// By tier, then resident models, then least load by weight; providers that failed at this question come
    /// last, and one whose breaker is open only when there is no other.
    fn choose(&self, head: Seq) -> Option<usize> {
        let question = self.questions.get(&head)?;
        let chat = self.chats.get(&question.conversation)?;
        let policy = self.policy(question.conversation);
        // One that was chosen in chat may have left the configuration since.
        let own = chat.state.provider.as_deref();
        let own = own.filter(|name| self.config.providers.iter().any(|p| p.name == *name));
        let only = own.unwrap_or(&policy.chat.provider);
        let limits = &policy.chat.limits;
        // Admins and operators (0) are exempt; over a quota that stops, nobody else gets here.
        let exempt = question.speaker.0 == 0 || super::access::is_admin(&self.config.access, question.speaker);
        let free_only =
            !exempt && limits.over == config::Over::Local && self.over_quota(question.conversation).is_some();
        let now = self.now.mono;
        let wanted =
            |p: &Provider| !p.off && (only.is_empty() || *p.name == *only) && (!free_only || p.config.is_free());
        let rank = |at: usize, p: &Provider| {
            let tried = question.tried.iter().filter(|t| **t == at).count();
            let sees = question.pictures.is_empty() || p.config.vision;
            let loaded = p.resident.as_ref().is_some_and(|r| r.loaded);
            (tried, p.config.tier, !sees, !loaded, p.load())
        };
        let order = |a: &(usize, &Provider), b: &(usize, &Provider)| {
            rank(a.0, a.1).partial_cmp(&rank(b.0, b.1)).unwrap_or(std::cmp::Ordering::Equal)
        };
        let wanted: Vec<_> = self.providers.iter().enumerate().filter(|(_, p)| wanted(p)).collect();
        let willing = wanted.iter().copied().filter(|(_, p)| p.breaker.may_ask(now));
        willing
            .min_by(order)
            .or_else(|| {
                // All rest: the one that wakes first is tried rather than nobody.
                let open = wanted.iter().copied().filter(|(_, p)| p.breaker.state() != ProviderState::Aside);
                open.min_by_key(|(_, p)| p.breaker.reopens_at())
            })
            .map(|(at, _)| at)
    }

    /// Asks.
    fn ask(&mut self, head: Seq, at: usize) {
        let Some(turns) = self.compose(head, at) else { return };
        let now = self.now.mono;
        let id = self.numbers.job();
        let Some(question) = self.questions.get_mut(&head) else { return };
        let provider = &mut self.providers[at];
        provider.breaker.asked();
        provider.inflight += 1;
        self.inflight += 1;
        let key = provider.key(now);
        question.stage = Stage::Asking;
        question.attempts += 1;
        question.asking = Some(Asking {
            job: id,
            provider: at,
            key,
            since: now,
            first_text: None,
            progressed: now,
            text: Arc::from(""),
            delivered: 0,
        });
        self.jobs.insert(id, head);
        let conversation = question.conversation;
        self.effects.push(Effect::Ask(Job {
            id,
            provider: Arc::clone(&provider.name),
            key,
            turns: turns.into(),
            max_tokens: provider.config.max_tokens,
            budget: question.ends.since(now).max(Duration::from_secs(1)),
        }));
        self.touch(conversation);
    }

    /// Gives a free slot to the next in line.
    pub fn pump_provider(&mut self, at: usize) {
        while !self.stopping
            && self.inflight < self.config.engine.max_inflight
            && let Some(provider) = self.providers.get_mut(at)
            && provider.has_slot()
            && let Some(head) = provider.queue.pop_front()
        {
            if self.questions.get(&head).is_some_and(|q| q.stage == Stage::Queued(at)) {
                // Asked anew: meanwhile this one may have failed and another be free.
                self.dispatch(head);
            }
        }
    }

    pub fn on_queue_wait(&mut self, head: Seq) {
        let Some(Stage::Queued(at)) = self.questions.get(&head).map(|q| q.stage) else { return };
        self.providers[at].queue.retain(|q| *q != head);
        if let Some(question) = self.questions.get_mut(&head) {
            question.tried.push(at);
        }
        match self.choose(head) {
            Some(other)
                if other != at
                    && self.providers[other].has_slot()
                    && self.inflight < self.config.engine.max_inflight =>
            {
                self.ask(head, other);
            }
            _ => self.give_up(head, &ProviderError::Overloaded(None, "queue_wait".into())),
        }
    }

    pub fn on_retry(&mut self, head: Seq) {
        let Some(question) = self.questions.get_mut(&head) else { return };
        match question.stage {
            Stage::Held => self.on_held(head),
            Stage::Pausing => self.dispatch(head),
            _ => {}
        }
    }

    /// The rate may allow a question that was told to wait; others may have been before it.
    fn on_held(&mut self, head: Seq) {
        let now = self.now.mono;
        let Some(question) = self.questions.get(&head) else { return };
        let (id, speaker, heard) = (question.conversation, question.speaker, question.heard);
        let policy = Arc::clone(self.policy(id));
        match self.limits.check(&policy.chat.limits, id, speaker, now) {
            Ok(()) => {
                if let Some(question) = self.questions.get_mut(&head) {
                    question.stage = Stage::Waiting;
                }
                self.pump_chat(id);
            }
            Err((_, at)) if at.since(heard) < self.config.engine.queue_wait => {
                self.timers.set(at, Timer::Retry(head));
            }
            Err(_) => self.give_up(head, &ProviderError::Overloaded(None, "queue_wait".into())),
        }
    }

    /// News of a job.
    pub fn on_job(&mut self, job: JobId, event: JobEvent) {
        let Some(head) = self.jobs.get(&job).copied() else { return };
        let now = self.now.mono;
        let Some(question) = self.questions.get_mut(&head) else { return };
        let conversation = question.conversation;
        let Some(asking) = question.asking.as_mut().filter(|a| a.job == job) else { return };
        match event {
            JobEvent::Started => {}
            JobEvent::FirstText => {
                asking.first_text.get_or_insert(now);
            }
            JobEvent::Progress(text) => {
                asking.first_text.get_or_insert(now);
                (asking.text, asking.progressed) = (text, now);
                if question.cancelled.is_none() && !question.again {
                    self.stream_to_chat(head);
                }
            }
            JobEvent::Ended(result) => return self.on_job_ended(head, result),
        }
        self.touch(conversation);
    }

    fn on_job_ended(&mut self, head: Seq, result: Result<Answer, Failure>) {
        let Some(question) = self.questions.get_mut(&head) else { return };
        let Some(asking) = question.asking.take() else { return };
        let (conversation, cancelled) = (question.conversation, question.cancelled.clone());
        let again = std::mem::take(&mut question.again) && cancelled.is_none();
        self.jobs.remove(&asking.job);
        self.inflight -= 1;
        let at = asking.provider;
        self.providers[at].inflight -= 1;
        self.touch(conversation);
        match (result, cancelled) {
            (Ok(answer), cancelled) => {
                let provider = &mut self.providers[at];
                let rested = provider.breaker.state() != ProviderState::Ready;
                provider.breaker.succeeded(self.now.mono);
                provider.error = None;
                provider.unloaded = false;
                if provider.refused.take().is_some() || rested {
                    self.stir_providers();
                }
                self.alerts_have_asked();
                self.book(head, &asking, &answer);
                self.look_again(at);
                match cancelled {
                    Some(outcome) => self.close_cancelled(head, outcome),
                    None if again => self.ask_anew(head),
                    None => self.on_answer(head, &asking, answer),
                }
            }
            (Err(_), Some(outcome)) => {
                // Not the provider's fault: its breaker learns nothing from it.
                self.providers[at].breaker.abandoned();
                self.close_cancelled(head, outcome);
            }
            (Err(_), None) if again => {
                self.providers[at].breaker.abandoned();
                self.ask_anew(head);
            }
            (Err(failure), None) => self.on_failure(head, &asking, failure),
        }
        self.pump_provider(at);
        self.pump_others(at);
    }

    /// Asks a question that is another one now, as if for the first time.
    fn ask_anew(&mut self, head: Seq) {
        let Some(question) = self.questions.get_mut(&head) else { return };
        (question.stage, question.attempts) = (Stage::Pausing, 0);
        question.cache_key = None;
        if self.stopping {
            // As with those that wait for their turn: the next process asks.
            return;
        }
        self.dispatch(head);
    }

    /// A slot of the engine's own bound became free too: others may have been waiting for that alone.
    fn pump_others(&mut self, at: usize) {
        if self.inflight + 1 == self.config.engine.max_inflight {
            (0..self.providers.len()).filter(|n| *n != at).for_each(|n| self.pump_provider(n));
        }
    }

    /// Enters a question into the day's books.
    fn book(&mut self, head: Seq, asking: &Asking, answer: &Answer) {
        let Some(question) = self.questions.get(&head) else { return };
        let provider = &self.providers[asking.provider];
        let now = self.now.mono;
        self.metrics.record(metrics::Stage::Queue, asking.since.since(question.heard), now);
        let (account, timing) = (question.conversation.account, &answer.timing);
        // Without a stream, the first text is the whole answer.
        let load = timing.load.unwrap_or_default().min(timing.first_text.unwrap_or(timing.total));
        let (first, whole) = match timing.first_text {
            Some(first) => (first.saturating_sub(load), Duration::ZERO),
            None => (Duration::ZERO, timing.total.saturating_sub(load)),
        };
        let stages = [asking.since.since(question.heard), load, first, whole, Duration::ZERO];
        let usage =
            self.books.book(&provider.config, question.conversation, question.speaker, &answer.tokens, self.now);
        self.metrics.answered(&provider.name, answer, &usage, now);
        if let Some(first) = answer.timing.first_text {
            self.rings.record(Drawn::FirstText, first.as_secs_f32(), now);
        }
        if let Some(speed) = answer.timing.tokens_per_second.filter(|speed| speed.is_finite()) {
            self.rings.record(Drawn::Speed, speed, now);
        }
        self.rows.push(Row::Usage(usage));
        self.time_first(account, stages);
        self.stir_quota();
    }

    /// A provider failed: what its error says is done.
    fn on_failure(&mut self, head: Seq, asking: &Asking, failure: Failure) {
        let (at, now) = (asking.provider, self.now.mono);
        self.counters.provider_errors += 1;
        self.metrics.failed(&self.providers[at].name, &failure.error);
        let roll = self.rng.f64();
        let last = self.is_last_healthy(at);
        let provider = &mut self.providers[at];
        provider.error = Some(failure.error.clone());
        let refused = matches!(failure.error, ProviderError::Auth(_) | ProviderError::Quota(_));
        let another_key = refused && provider.refuse_key(asking.key, now);
        let retry_after = match &failure.error {
            ProviderError::RateLimited(after, _) | ProviderError::Overloaded(after, _) => *after,
            _ => None,
        };
        let rules = &self.config.routing.breaker;
        if another_key {
            provider.breaker.abandoned();
        } else if last && failure.error.advice() == Advice::SetAside {
            // Nobody else is left to ask: one that may have recovered is better than none.
            provider.breaker.failed(rules, None, roll, now);
        } else {
            provider.breaker.ended(rules, Err(&failure.error), roll, now);
        }
        if !another_key && failure.error.advice() == Advice::SetAside {
            provider.refused = Some(failure.error.clone());
        }
        if let Some(reopens) = provider.breaker.reopens_at() {
            self.timers.set(reopens, Timer::Provider(at));
        }
        self.alerts_have_asked();
        self.stir_providers();
        let text_left = self.questions.get(&head).is_some_and(|q| q.reply.is_some());
        if text_left {
            return self.finish_cut(head, asking, failure.partial);
        }
        match failure.error.advice() {
            Advice::Stop => self.give_up(head, &failure.error),
            Advice::Shorten => self.shorten(head, at, &failure.error),
            Advice::Another => self.try_another(head, at, &failure.error),
            Advice::Elsewhere | Advice::SetAside => {
                self.try_again(head, at, retry_after, another_key, &failure.error);
            }
        }
    }

    /// Whether every other provider is off, aside or resting.
    fn is_last_healthy(&self, at: usize) -> bool {
        let now = self.now.mono;
        let healthy = |(n, p): (usize, &Provider)| n != at && !p.off && p.breaker.may_ask(now);
        !self.providers.iter().enumerate().any(healthy)
    }

    /// Once, with the real limit where the server told it, else with half of the window.
    fn shorten(&mut self, head: Seq, at: usize, error: &ProviderError) {
        let budget = self.budget(at);
        let Some(question) = self.questions.get_mut(&head) else { return };
        if question.shortened.is_some() {
            return self.try_another(head, at, error);
        }
        let max_tokens = self.providers[at].config.max_tokens;
        question.shortened = Some(match error {
            ProviderError::ContextTooLong { limit: Some(limit), .. } => limit.saturating_sub(max_tokens).max(limit / 4),
            _ => budget / 2,
        });
        self.dispatch(head);
    }

    /// This provider has had its say on this question: one that was not asked yet may think otherwise.
    fn try_another(&mut self, head: Seq, at: usize, error: &ProviderError) {
        let attempts = self.config.routing.attempts.max(1);
        let Some(question) = self.questions.get_mut(&head) else { return };
        question.tried.push(at);
        // Another's window is another's.
        question.shortened = None;
        let tries = question.attempts;
        let other = self.choose(head).filter(|other| !self.questions[&head].tried.contains(other));
        if tries < attempts && other.is_some() { self.dispatch(head) } else { self.give_up(head, error) }
    }

    fn try_again(&mut self, head: Seq, at: usize, retry_after: Option<Duration>, at_once: bool, error: &ProviderError) {
        let attempts = self.config.routing.attempts.max(1);
        let Some(question) = self.questions.get_mut(&head) else { return };
        if !at_once {
            question.tried.push(at);
        }
        if question.attempts >= attempts && !at_once {
            return self.give_up(head, error);
        }
        question.stage = Stage::Pausing;
        let (tries, ends) = (question.attempts, question.ends);
        let elsewhere = self.choose(head).is_some_and(|other| other != at);
        if elsewhere || at_once {
            return self.dispatch(head);
        }
        let pause = retry_after.unwrap_or(BACKOFF * 2u32.saturating_pow(tries.saturating_sub(1)).min(16));
        let when = self.now.mono + pause.mul_f64(1.0 + 0.2 * self.rng.f64());
        if when >= ends {
            return self.give_up(head, error);
        }
        self.timers.set(when, Timer::Retry(head));
    }

    /// What a look at a provider found.
    pub fn on_report(&mut self, report: ProviderReport) {
        let Some(at) = self.providers.iter().position(|p| p.name == report.provider) else { return };
        let provider = &mut self.providers[at];
        if let Err(error) = &report.reachable {
            provider.error = Some(error.clone());
        }
        let end = report.resident.as_ref().filter(|r| r.loaded).and_then(|r| r.expires);
        let known = provider.resident.as_ref().and_then(|r| r.expires);
        if let Some(end) = end.filter(|end| known != Some(*end)) {
            // A second later, for a server drops models when it gets to it.
            let left = Wall(end.saturating_add(1).saturating_mul(1000)).since(self.now.wall);
            self.timers.set(self.now.mono + left, Timer::Resident);
        }
        provider.resident = report.resident;
        if report.version.is_some() {
            provider.version = report.version;
        }
        if report.balance.is_some() {
            provider.balance = report.balance;
        }
        self.changed = true;
        self.stir_providers();
        self.stir(Metric::Vram);
    }
}
