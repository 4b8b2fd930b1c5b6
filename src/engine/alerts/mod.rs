//! What is wrong, how bad, since when, and who is told (threats.md §4).
//!
//! * [`read`] what each metric says now · [`samples`] what windows look back on
//! * [`dials`] adapters that we dial, until an account comes up over them
//! * [`track`] one rule about one subject: pending, firing, over, flapping
//! * [`tell`] who is told what, and when · [`qq`] telling the admins over QQ · [`hush`] silences, acknowledgements
//!
//! Whatever changes a measure [`stirs`](State::stir) it; after each input the rules about stirred measures are looked
//! at. Everything that time alone changes has a deadline, so that nothing ticks while nothing is wrong.

mod dials;
mod hush;
mod qq;
mod read;
mod receiver;
pub(in crate::engine) mod samples;
mod tell;
mod track;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use self::dials::Dials;
use self::qq::Qq;
use self::samples::{Failed, Failures, Latencies, Stages};
use self::tell::Note;
use self::track::{Episode, Track, Turn};
use super::state::State;
use super::timers::{Alarm, Timer};
use crate::config::{Config, Rule};
use crate::domain::*;
use receiver::Receiver;

/// An adapter that has not connected since the start is given so long.
const GRACE: Duration = Duration::from_secs(60);
/// Where no adapter has ever connected, that is said after so long.
const PATIENCE: Duration = Duration::from_secs(600);
/// Alerts that are over and still shown.
const PAST: usize = 20;
/// Accounts that served within so long are missed when they do not come back after a restart.
const MISSED: Duration = Duration::from_secs(7 * 86_400);

/// That an account serves is put on record anew after so long.
const SERVED: Duration = Duration::from_secs(86_400);

/// A set of metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Metrics(u64);

impl Metrics {
    const ALL: Metrics = Metrics(u64::MAX);
    /// What nearly every input changes, and costs nothing to look at.
    const COUNTS: Metrics = Metrics(
        1 << Metric::Queue as u64
            | 1 << Metric::Inflight as u64
            | 1 << Metric::Outbox as u64
            | 1 << Metric::Unanswered as u64
            | 1 << Metric::TokensToday as u64
            | 1 << Metric::CostToday as u64,
    );

    fn of(metric: Metric) -> Self {
        Self(1 << metric as u64)
    }

    fn has(self, metric: Metric) -> bool {
        self.0 & (1 << metric as u64) != 0
    }

    fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// Everything about alerts.
pub(super) struct Alerts {
    rules: Vec<Arc<Rule>>,
    /// What the rules measure.
    watched: Metrics,
    /// What may have changed since it was looked at.
    stirred: Metrics,
    tracks: BTreeMap<(Arc<str>, Subject), Track>,
    /// When a rule's metric says something else by itself.
    edges: Vec<Option<Mono>>,
    /// Over, and somebody is still to be told.
    owing: Vec<Episode>,
    /// Over, newest last.
    past: VecDeque<Alert>,
    number: u64,

    destinations: Vec<Receiver>,
    /// When the changes of a rule are told.
    flushes: BTreeMap<Arc<str>, Mono>,
    /// Notifications under way.
    notes: BTreeMap<NotificationId, Note>,
    tests: Vec<tell::Test>,
    notification: u64,
    qq: Qq,
    silences: Vec<Silence>,

    first: Latencies,
    total: Latencies,
    failures: Failures,
    /// The least threshold of a rule about latency.
    slow: Option<Duration>,
    /// When windows were looked at last.
    looked: Mono,
    refused: Option<ConfigTrouble>,
    /// The least quotas of tokens and money that some chat has.
    quotas: (Option<u64>, Option<f64>),
    /// Some provider was asked since the start.
    asked: bool,
    /// Accounts that should be there, by what they were called.
    pub known: BTreeMap<SelfId, Text>,
    /// When it was put on record that they serve.
    served: BTreeMap<SelfId, Wall>,
    grace_ends: Mono,
    /// A bot that nobody knows yet is let alone until then.
    patience_ends: Mono,
    dials: Dials,
    alarm: Option<Alarm>,
    views: Arc<Vec<AlertView>>,
    hushed: Arc<Vec<Silence>>,
}

impl Alerts {
    pub fn new(config: &Config, now: Now) -> Self {
        let mut alerts = Self {
            rules: Vec::new(),
            watched: Metrics::default(),
            stirred: Metrics::ALL,
            tracks: BTreeMap::new(),
            edges: Vec::new(),
            owing: Vec::new(),
            past: VecDeque::new(),
            number: 0,
            destinations: Vec::new(),
            flushes: BTreeMap::new(),
            notes: BTreeMap::new(),
            tests: Vec::new(),
            notification: 0,
            qq: Qq::default(),
            silences: Vec::new(),
            first: Latencies::default(),
            total: Latencies::default(),
            failures: Failures::default(),
            slow: None,
            looked: Mono(0),
            refused: None,
            quotas: (None, None),
            asked: false,
            known: BTreeMap::new(),
            served: BTreeMap::new(),
            grace_ends: now.mono + GRACE,
            patience_ends: now.mono + PATIENCE,
            dials: Dials::default(),
            alarm: None,
            views: Arc::default(),
            hushed: Arc::default(),
        };
        alerts.configure(config, now.mono);
        alerts.qq = Qq::new(&alerts.destinations, now.mono);
        alerts
    }

    /// Away from the numbers of earlier engines of this process, whose last deed was a panic.
    pub fn begin_far(&mut self, base: u64, now: Mono) {
        self.notification = base;
        self.failures.record(Failed::Panic, now);
        self.stirred = Metrics::ALL;
    }

    /// Whether an account is missed while it has no link: it is in the configuration, or had one within a week.
    pub fn is_expected(&self, account: SelfId) -> bool {
        self.known.contains_key(&account)
    }

    fn configure(&mut self, config: &Config, now: Mono) {
        self.dials.configure(&config.onebot.dial, now + GRACE);
        self.rules = config.alerts.in_force().into_iter().map(Arc::new).collect();
        self.edges = vec![None; self.rules.len()];
        self.flushes.retain(|name, _| self.rules.iter().any(|rule| rule.name == **name));
        self.watched = self.rules.iter().fold(Metrics::default(), |all, rule| all.or(Metrics::of(rule.metric)));
        self.destinations = Receiver::all(config);
        let latency = self.rules.iter().filter(|rule| rule.metric.percentile().is_some());
        let of = |rule: &Arc<Rule>| match rule.op {
            crate::config::Op::Above => Duration::from_secs_f64(rule.threshold.clamp(0.0, 86_400.0)),
            crate::config::Op::Below => Duration::ZERO,
        };
        self.slow = latency.map(of).min();
        // What a chat has for itself is no matter of the whole bot.
        let limits = [&config.chats.private, &config.chats.group].into_iter().map(|policy| &policy.limits);
        let tokens = limits.clone().map(|l| l.tokens_per_day).filter(|n| *n > 0).min();
        let cost = limits.map(|l| l.cost_per_day).filter(|n| *n > 0.0).reduce(f64::min);
        self.quotas = (tokens, cost);
        for account in &config.onebot.accounts {
            self.known.entry(SelfId(*account)).or_default();
        }
        self.stirred = Metrics::ALL;
    }

    /// An account has come up over a link of this peer.
    pub fn note_up(&mut self, peer: &str) {
        self.dials.up(peer);
    }

    /// A peer was not let in, or did not let us in.
    pub fn note_refused(&mut self, peer: &str, cause: &Text) {
        self.dials.refused(peer, cause);
    }

    fn is_active(&self, rule: &str, subject: &Subject) -> bool {
        self.tracks.iter().any(|((name, of), track)| **name == *rule && of == subject && track.is_active())
    }

    fn subjects_of(&self, rule: &str) -> impl Iterator<Item = &Subject> {
        self.tracks.iter().filter(move |((name, _), track)| **name == *rule && track.is_active()).map(|((_, s), _)| s)
    }

    /// Alerts that are up, or are over and owed to somebody.
    fn episodes(&self) -> impl Iterator<Item = &Episode> {
        self.tracks.values().filter_map(|track| track.episode.as_ref()).chain(&self.owing)
    }

    fn episodes_mut(&mut self) -> impl Iterator<Item = &mut Episode> {
        self.tracks.values_mut().filter_map(|track| track.episode.as_mut()).chain(&mut self.owing)
    }

    fn rule(&self, name: &str) -> Option<&Arc<Rule>> {
        self.rules.iter().find(|rule| rule.name == *name)
    }
}

impl State {
    /// A measure may have changed.
    pub fn stir(&mut self, metric: Metric) {
        self.alerts.stirred = self.alerts.stirred.or(Metrics::of(metric));
    }

    /// How an account stands may have changed.
    pub fn stir_accounts(&mut self) {
        for metric in [Metric::AccountDown, Metric::AdapterNone, Metric::AccountOffline, Metric::AccountMuted] {
            self.stir(metric);
        }
    }

    /// How providers stand may have changed.
    pub fn stir_providers(&mut self) {
        for metric in [Metric::ProviderAside, Metric::ProvidersDown, Metric::Balance, Metric::QuotaReached] {
            self.stir(metric);
        }
    }

    /// Today's books have grown.
    pub fn stir_quota(&mut self) {
        if self.alerts.quotas != (None, None) {
            self.stir(Metric::QuotaReached);
        }
    }

    /// A provider has answered, or has not: how they stand is known from now on.
    pub fn alerts_have_asked(&mut self) {
        if !std::mem::replace(&mut self.alerts.asked, true) {
            self.stir(Metric::ProvidersDown);
        }
    }

    /// What the machine shows has changed.
    pub fn stir_gauges(&mut self) {
        for metric in
            [Metric::Vram, Metric::GpuBusy, Metric::GpuTemperature, Metric::Cpu, Metric::Memory, Metric::DiskFree]
        {
            self.stir(metric);
        }
    }

    /// Something failed for good.
    pub fn count_failure(&mut self, failed: Failed) {
        self.alerts.failures.record(failed, self.now.mono);
        self.stir(Metric::Errors);
    }

    /// An answer's first text has come.
    pub fn time_first(&mut self, account: SelfId, stages: Stages) {
        self.time(account, stages, false);
    }

    /// An answer has arrived.
    pub fn time_total(&mut self, account: SelfId, stages: Stages) {
        self.time(account, stages, true);
    }

    fn time(&mut self, account: SelfId, stages: Stages, total: bool) {
        let (now, slow) = (self.now.mono, self.alerts.slow);
        let took = stages.iter().sum();
        let latencies = if total { &mut self.alerts.total } else { &mut self.alerts.first };
        if !latencies.record(account, took, stages, slow, now) {
            return;
        }
        let metrics = if total {
            [Metric::TotalP50, Metric::TotalP95, Metric::TotalP99]
        } else {
            [Metric::FirstP50, Metric::FirstP95, Metric::FirstP99]
        };
        let up =
            self.alerts.tracks.iter().any(|(_, track)| {
                track.episode.as_ref().is_some_and(|episode| metrics.contains(&episode.alert.metric))
            });
        // While one is up, its figures need not be newer than a second.
        let again = self.alerts.looked + read::TICK;
        if up && now < again {
            return self.wake_for_alerts(again);
        }
        metrics.into_iter().for_each(|metric| self.stir(metric));
    }

    fn wake_for_alerts(&mut self, at: Mono) {
        if self.alerts.alarm.is_none_or(|alarm| alarm.at() > at) {
            if let Some(former) = self.alerts.alarm.take() {
                self.timers.cancel(former);
            }
            self.alerts.alarm = Some(self.timers.alarm(at, Timer::Alerts));
        }
    }

    /// A deadline of alerts has come.
    pub fn on_alerts_due(&mut self) {
        self.alerts.alarm = None;
        self.alerts.stirred = Metrics::ALL;
        self.books.roll(self.now);
    }

    /// A reload was refused; the former configuration holds.
    pub fn on_config_refused(&mut self, trouble: ConfigTrouble) {
        self.alerts.refused = Some(trouble);
        self.stir(Metric::ConfigRefused);
    }

    /// A configuration was taken over.
    pub fn configure_alerts(&mut self) {
        let config = Arc::clone(&self.config);
        self.alerts.refused = None;
        self.alerts.configure(&config, self.now.mono);
        // Alerts of rules that are gone end without a word.
        let rules = &self.alerts.rules;
        let gone: Vec<_> =
            self.alerts.tracks.keys().filter(|(name, _)| !rules.iter().any(|r| r.name == **name)).cloned().collect();
        for key in gone {
            if let Some(mut track) = self.alerts.tracks.remove(&key)
                && let Turn::Over(episode) | Turn::Dropped(episode) = track.end(self.now)
            {
                self.close(*episode);
            }
        }
    }

    /// Looks at what may have changed, after an input.
    pub fn look_at_alerts(&mut self) {
        let alerts = &mut self.alerts;
        let look = alerts.stirred.or(Metrics::COUNTS).and(alerts.watched);
        let stirred = alerts.stirred == Metrics::ALL || !alerts.stirred.and(alerts.watched).is_empty();
        alerts.stirred = Metrics::default();
        if look.is_empty() && !stirred {
            return;
        }
        let turned = self.judge_rules(look);
        if !turned && !stirred {
            return;
        }
        self.hush();
        self.tell_all();
        self.settle_alerts();
    }

    /// Takes the readings of rules in; says whether anything came of it.
    fn judge_rules(&mut self, look: Metrics) -> bool {
        let mut turned = false;
        for at in 0..self.alerts.rules.len() {
            let rule = Arc::clone(&self.alerts.rules[at]);
            if !look.has(rule.metric) {
                continue;
            }
            if rule.metric.is_windowed() {
                self.alerts.looked = self.now.mono;
            }
            let Some(readings) = self.read(&rule) else { continue };
            self.alerts.edges[at] = readings.iter().filter_map(|reading| reading.edge).min();
            let name: Arc<str> = rule.name.as_str().into();
            let seen: BTreeSet<Subject> = readings.iter().map(|r| r.subject.clone()).collect();
            for reading in readings {
                let key = (Arc::clone(&name), reading.subject.clone());
                let bad = reading.value.is_some_and(|value| rule.is_bad(value));
                let known = self.alerts.tracks.contains_key(&key);
                if !known && !bad {
                    continue;
                }
                let now = self.now;
                let track = self.alerts.tracks.entry(key.clone()).or_default();
                turned |= track.is_active() || bad;
                let turn = track.step(&rule, &reading, &mut self.alerts.number, now);
                self.on_turn(&key, turn);
            }
            // What a rule was about may be there no more.
            let gone: Vec<_> =
                self.alerts.tracks.keys().filter(|(n, s)| *n == name && !seen.contains(s)).cloned().collect();
            for key in gone {
                let now = self.now;
                if let Some(track) = self.alerts.tracks.get_mut(&key) {
                    let turn = track.end(now);
                    turned = true;
                    self.on_turn(&key, turn);
                }
            }
        }
        let now = self.now.mono;
        self.alerts.tracks.retain(|_, track| !track.is_empty(now));
        turned
    }

    fn on_turn(&mut self, key: &(Arc<str>, Subject), turn: Turn) {
        match turn {
            Turn::Nothing => {}
            Turn::Over(episode) => self.alerts.owing.push(*episode),
            Turn::Dropped(episode) => self.forget(*episode),
            Turn::Fired => {
                // Whoever was told that it is over hears of another one. That the former was over is no news then.
                let former = |e: &&mut Episode| e.alert.rule == key.0 && e.alert.subject == key.1 && e.is_told_over();
                self.alerts.owing.iter_mut().filter(former).for_each(|e| e.repeats.clear());
                let same = |e: &Episode| e.alert.rule == key.0 && e.alert.subject == key.1 && !e.is_told_over();
                let Some(at) = self.alerts.owing.iter().position(same) else { return };
                let old = self.alerts.owing.remove(at);
                let fresh = self.alerts.tracks.get_mut(key).and_then(|track| track.revive(old));
                if let Some(fresh) = fresh {
                    self.forget(fresh);
                }
            }
        }
    }

    /// It never fired: nobody needs to know.
    fn forget(&mut self, mut episode: Episode) {
        (episode.alert.state, episode.alert.until, episode.alert.done) =
            (AlertState::Resolved, Some(self.now.wall), true);
        self.rows.push(Row::Alert(Box::new(episode.alert)));
        self.changed = true;
    }

    /// Nothing is owed any more.
    fn close(&mut self, mut episode: Episode) {
        episode.alert.done = true;
        if episode.alert.fired.is_none() {
            return self.forget(episode);
        }
        self.rows.push(Row::Alert(Box::new(episode.alert.clone())));
        self.alerts.past.push_back(episode.alert);
        if self.alerts.past.len() > PAST {
            self.alerts.past.pop_front();
        }
    }

    /// Records what changed, publishes it, and asks to be woken when it goes on.
    fn settle_alerts(&mut self) {
        self.record_alerts();
        let views = self.alert_views();
        if *self.alerts.views != views {
            self.alerts.views = Arc::new(views);
            self.changed = true;
        }
        if *self.alerts.hushed != self.alerts.silences {
            self.alerts.hushed = Arc::new(self.alerts.silences.clone());
            self.changed = true;
        }
        let tracks = self.alerts.tracks.values().filter_map(Track::deadline);
        let edges = self.alerts.edges.iter().flatten().copied();
        let all = tracks.chain(edges).chain(self.telling_deadlines()).chain(self.hush_deadline());
        // What is due and still there waits for something else than time: a gauge that has not come yet.
        let next = all.filter(|at| *at > self.now.mono).min();
        if let Some(former) = self.alerts.alarm.take() {
            self.timers.cancel(former);
        }
        self.alerts.alarm = next.map(|at| self.timers.alarm(at, Timer::Alerts));
    }

    fn record_alerts(&mut self) {
        let mut rows = Vec::new();
        for episode in self.alerts.episodes_mut().filter(|e| e.dirty) {
            episode.dirty = false;
            rows.push(Row::Alert(Box::new(episode.alert.clone())));
        }
        self.rows.append(&mut rows);
    }

    fn alert_views(&self) -> Vec<AlertView> {
        let view = |e: &Episode| AlertView {
            alert: e.alert.clone(),
            silenced: e.silenced.clone(),
            inhibited: e.inhibited.clone(),
            quiet: e.quiet,
        };
        let mut views: Vec<_> = self.alerts.episodes().map(view).collect();
        let over = |alert: &Alert| AlertView { alert: alert.clone(), silenced: None, inhibited: None, quiet: false };
        views.extend(self.alerts.past.iter().map(over));
        let order = |v: &AlertView| {
            let state = match v.alert.state {
                AlertState::Firing => 0,
                AlertState::Pending => 1,
                AlertState::Resolved => 2,
            };
            let newest = v.alert.until.unwrap_or(v.alert.since);
            (state, std::cmp::Reverse(v.alert.severity), std::cmp::Reverse(newest), v.alert.id)
        };
        views.sort_by_key(order);
        views
    }

    /// Alerts and silences, as published.
    pub fn alerts_as_shown(&self) -> (Arc<Vec<AlertView>>, Arc<Vec<Silence>>) {
        (Arc::clone(&self.alerts.views), Arc::clone(&self.alerts.hushed))
    }

    /// An account serves from now on: it is missed when it does not come back after a restart.
    pub fn note_served(&mut self, account: SelfId) {
        let name = self.accounts.get(&account).map(|a| a.nickname.clone()).unwrap_or_default();
        let at = self.now.wall;
        let fresh = self.alerts.served.get(&account).is_some_and(|last| at.since(*last) < SERVED);
        if !fresh || self.alerts.known.get(&account) != Some(&name) {
            self.rows.push(Row::Served { account, name: name.clone(), at });
            self.alerts.served.insert(account, at);
        }
        self.alerts.known.insert(account, name);
    }

    /// Goes on with the alerts of the last process.
    pub fn recover_alerts(
        &mut self,
        alerts: Vec<Alert>,
        last: AlertId,
        silences: Vec<Silence>,
        served: Vec<(SelfId, Text, Wall)>,
    ) {
        let now = self.now;
        self.alerts.number = self.alerts.number.max(last.0);
        self.alerts.silences = silences;
        // Where accounts are listed, nobody else is missed.
        let listed = &self.config.onebot.accounts;
        for (account, name, at) in served {
            let wanted = if listed.is_empty() { now.wall.since(at) < MISSED } else { listed.contains(&account.0) };
            self.alerts.served.insert(account, at);
            if wanted {
                self.alerts.known.insert(account, name);
            }
        }
        for mut alert in alerts {
            // What was on its way when the last process ended may never have arrived: they know what they knew before.
            for told in alert.told.iter_mut().filter(|told| told.before.is_some()) {
                (told.what, told.before, told.fault) = (told.known(), None, None);
            }
            let rule = self.alerts.rule(&alert.rule).filter(|rule| rule.metric == alert.metric).cloned();
            let Some(rule) = rule else {
                self.close(Episode::new(Alert { state: AlertState::Resolved, ..alert }, Duration::ZERO, now.mono));
                continue;
            };
            let mut repeats = BTreeMap::new();
            for told in alert.told.iter().filter(|t| matches!(t.what, ToldWhat::Firing | ToldWhat::Flapping)) {
                repeats.insert(told.to.clone(), now.mono + rule.repeat.saturating_sub(now.wall.since(told.at)));
            }
            if let (Subject::Provider(name), Detail::Provider(error)) = (&alert.subject, &alert.detail)
                && let Some(provider) = self.providers.iter_mut().find(|p| p.name == *name)
            {
                provider.refused = Some(error.clone());
            }
            if alert.state == AlertState::Resolved {
                let mut episode = Episode::new(alert, Duration::ZERO, now.mono);
                (episode.repeats, episode.dirty) = (repeats, false);
                self.alerts.owing.push(episode);
                continue;
            }
            let key = (Arc::clone(&alert.rule), alert.subject.clone());
            let mut track = Track::recovered(&rule, alert, now);
            if let Some(episode) = &mut track.episode {
                episode.repeats = repeats;
                episode.quiet = read::is_quiet(&episode.alert.detail);
            }
            self.alerts.tracks.insert(key, track);
        }
        self.alerts.stirred = Metrics::ALL;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_has_its_bit() {
        assert!(Metric::ALL.len() <= 64);
        for metric in Metric::ALL {
            assert!(Metrics::of(*metric).has(*metric) && Metrics::ALL.has(*metric));
            assert_eq!(Metrics::of(*metric).and(Metrics::COUNTS).is_empty(), !Metrics::COUNTS.has(*metric));
        }
    }
}
