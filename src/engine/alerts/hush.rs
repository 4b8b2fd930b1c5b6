//! Why an alert is not told though it fires: somebody knows, somebody asked for silence, another alert says it.

use std::sync::Arc;
use std::time::Duration;

use super::samples::Failed;
use super::track::Episode;
use crate::domain::*;
use crate::engine::commands::nearest;
use crate::engine::state::State;

impl State {
    /// Marks what is silenced and what another alert says already. A silence that ends lets its alerts be told.
    pub(super) fn hush(&mut self) {
        let wall = self.now.wall;
        let ended: Vec<Silence> = self.alerts.silences.iter().filter(|s| s.until <= wall).cloned().collect();
        self.alerts.silences.retain(|s| s.until > wall);
        let mono = self.now.mono;
        for episode in self.alerts.episodes_mut() {
            if ended.iter().any(|silence| silence.covers(&episode.alert)) {
                // Who knew of it before hears that it is still so.
                episode.repeats.values_mut().for_each(|at| *at = mono);
            }
        }
        let silences = self.alerts.silences.clone();
        let inhibitors = self.inhibitors();
        let alone = self.errors_of_others(&inhibitors);
        for episode in self.alerts.episodes_mut() {
            let silence = silences.iter().filter(|s| s.covers(&episode.alert)).max_by_key(|s| s.until);
            episode.silenced = silence.map(|s| (s.until, s.by.clone()));
            episode.inhibited =
                inhibitors.iter().find(|by| by.covers(&episode.alert, alone)).map(|by| Arc::clone(&by.rule));
        }
    }

    /// When a silence ends.
    pub(super) fn hush_deadline(&self) -> Option<Mono> {
        let ends = |silence: &Silence| self.now.mono + silence.until.since(self.now.wall);
        self.alerts.silences.iter().map(ends).min()
    }

    /// Alerts that say more than others do.
    fn inhibitors(&self) -> Vec<Inhibitor> {
        let firing = self.alerts.tracks.iter().filter(|(_, track)| track.is_firing());
        let episodes = firing.filter_map(|(_, track)| track.episode.as_ref());
        // One that comes and goes says nothing of the time when it is gone.
        let says_more = |e: &&Episode| {
            let metric = e.alert.metric;
            let wide = matches!(metric, Metric::AccountDown | Metric::ProvidersDown | Metric::StorageUnrecorded);
            wide && (e.alert.no_data || e.alert.value > 0.0)
        };
        let one = |e: &Episode| Inhibitor {
            rule: Arc::clone(&e.alert.rule),
            metric: e.alert.metric,
            account: e.alert.subject.account(),
        };
        episodes.filter(says_more).map(one).collect()
    }

    /// Errors that no inhibitor explains.
    fn errors_of_others(&self, inhibitors: &[Inhibitor]) -> f64 {
        let explained = |failed: Failed| {
            inhibitors.iter().any(|by| match by.metric {
                Metric::AccountDown => by.account.is_some() && by.account == failed.account(),
                Metric::StorageUnrecorded => failed == Failed::Storage,
                _ => false,
            })
        };
        let window =
            self.alerts.rules.iter().filter(|rule| rule.metric == Metric::Errors).map(|rule| rule.window).max();
        let failures = window.map(|window| self.alerts.failures.within(window, self.now.mono));
        failures.map_or(0.0, |failures| failures.filter(|failed| !explained(*failed)).count() as f64)
    }

    /// An operator knows of an alert: it is not told again, until it is over.
    pub fn acknowledge(&mut self, id: AlertId, by: &Text) -> Result<Done, Refusal> {
        let up = |e: &&mut Episode| e.alert.id == id && e.alert.state != AlertState::Resolved;
        let Some(episode) = self.alerts.episodes_mut().find(up) else { return Err(Refusal::UnknownAlert(id)) };
        if episode.alert.acked.is_some() {
            return Ok(Done::Already);
        }
        (episode.alert.acked, episode.dirty) = (Some(by.clone()), true);
        self.look_again_at_alerts();
        Ok(Done::Ok)
    }

    /// Nobody is told of these alerts until then.
    pub fn silence(
        &mut self,
        rule: String,
        labels: Vec<(String, String)>,
        during: Duration,
        reason: String,
        by: &Text,
    ) -> Result<Done, Refusal> {
        if during > Silence::LONGEST {
            return Err(Refusal::TooLong(Silence::LONGEST));
        }
        if self.alerts.rule(&rule).is_none() {
            let all = self.alerts.rules.iter().map(|rule| rule.name.clone());
            return Err(Refusal::UnknownRule { nearest: nearest(&rule, all), name: rule });
        }
        let mut labels = labels;
        labels.sort();
        let undo = Command::Unsilence { rule: rule.clone(), labels: labels.clone() };
        let silence = Silence { rule, labels, until: self.now.wall + during, by: by.clone(), reason };
        let same = |s: &Silence| s.rule == silence.rule && s.labels == silence.labels;
        self.alerts.silences.retain(|s| !same(s));
        self.rows.push(Row::Silence(silence.clone()));
        self.alerts.silences.push(silence);
        self.look_again_at_alerts();
        Ok(Done::Changed { undo: Box::new(undo) })
    }

    /// Ends a silence; without labels, all of the rule.
    pub fn unsilence(&mut self, rule: &str, labels: &[(String, String)]) -> Result<Done, Refusal> {
        let wall = self.now.wall;
        let meant = |s: &Silence| s.rule == rule && (labels.is_empty() || s.labels == labels);
        let mut lifted = 0;
        for silence in self.alerts.silences.iter_mut().filter(|s| meant(s)) {
            silence.until = wall;
            self.rows.push(Row::Silence(silence.clone()));
            lifted += 1;
        }
        self.look_again_at_alerts();
        if lifted == 0 { Err(Refusal::Nothing) } else { Ok(Done::Ok) }
    }

    /// Who is told may have changed, though no measure has.
    pub(super) fn look_again_at_alerts(&mut self) {
        self.alerts.stirred = super::Metrics::ALL;
    }
}

/// An alert that says more than others do.
struct Inhibitor {
    rule: Arc<str>,
    metric: Metric,
    account: Option<SelfId>,
}

impl Inhibitor {
    /// Whether it says what this one says; `alone` are the errors that nothing explains.
    fn covers(&self, alert: &Alert, alone: f64) -> bool {
        let is_latency = alert.metric.percentile().is_some();
        let explained = alert.metric == Metric::Errors && alone <= alert.threshold;
        match self.metric {
            Metric::AccountDown => {
                // An adapter that was never there lost nothing.
                let Some(account) = self.account else { return false };
                let of_it = alert.subject.account() == Some(account);
                let about_it = is_latency || matches!(alert.metric, Metric::AccountOffline | Metric::AccountMuted);
                of_it && about_it || explained
            }
            Metric::ProvidersDown => is_latency || alert.metric == Metric::ProviderAside,
            Metric::StorageUnrecorded => explained,
            _ => false,
        }
    }
}
