//! What each metric says now, subject by subject. Reads the state, changes nothing.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::dials;
use super::samples::{Failed, Latencies, Look};
use super::track::Reading;
use crate::config::{ProviderKind, Rule};
use crate::domain::*;
use crate::engine::dispatch::Provider;
use crate::engine::state::State;

/// While an alert is up, its window is looked at no more often.
pub(super) const TICK: Duration = Duration::from_secs(1);
/// Programs that serve no models and hold more than this of a card are worth telling somebody.
const FOREIGN: u64 = 1 << 30;

impl State {
    /// What a rule's metric says. `None`: nothing can be said yet, and what was true stays true.
    pub(super) fn read(&self, rule: &Rule) -> Option<Vec<Reading>> {
        let one = |value: f64| Some(vec![Reading::new(Subject::Bot, Text::default(), Some(value))]);
        let count = |n: usize| one(n as f64);
        Some(match rule.metric {
            Metric::AccountDown => self.accounts_down(),
            Metric::AdapterNone => self.no_adapter(),
            Metric::AccountOffline => self.accounts_offline(),
            Metric::AccountMuted => self.accounts_muted(rule),
            Metric::ProviderAside => self.configured().map(provider_aside).collect(),
            Metric::ProvidersDown => return self.providers_down(),
            Metric::StorageUnrecorded => {
                let words = self.commits.words.clone().unwrap_or_default();
                vec![Reading::flag(Subject::Bot, Text::default(), self.commits.unrecorded).with(Detail::Storage(words))]
            }
            Metric::ConfigRefused => {
                let refused = self.alerts.refused.clone();
                let reading = Reading::flag(Subject::Bot, Text::default(), refused.is_some());
                vec![reading.with(refused.map_or(Detail::None, Detail::Config))]
            }
            Metric::QuotaReached => self.quota(),
            Metric::FirstP50 | Metric::FirstP95 | Metric::FirstP99 => self.latency(rule, &self.alerts.first),
            Metric::TotalP50 | Metric::TotalP95 | Metric::TotalP99 => self.latency(rule, &self.alerts.total),
            Metric::Errors => self.errors(rule),
            Metric::Queue => return count(self.questions.len() - self.inflight.min(self.questions.len())),
            Metric::Inflight => return count(self.inflight),
            Metric::Outbox => return count(self.parts.len()),
            Metric::Unanswered => return count(self.items.len()),
            Metric::Balance => self.balances(),
            Metric::TokensToday => {
                let today = self.books.today();
                let reading = Reading::new(Subject::Bot, Text::default(), Some((today.input + today.output) as f64));
                vec![reading.until(Some(self.midnight()))]
            }
            Metric::CostToday => {
                let reading = Reading::new(Subject::Bot, Text::default(), Some(self.books.today().cost));
                vec![reading.until(Some(self.midnight()))]
            }
            Metric::Vram | Metric::GpuBusy | Metric::GpuTemperature => self.gpus(rule.metric)?,
            Metric::Cpu | Metric::Memory | Metric::DiskFree => return self.host(rule.metric),
        })
    }

    fn name_of_account(&self, id: SelfId) -> Text {
        let met = self.accounts.get(&id).map(|a| &a.nickname);
        let known = self.alerts.known.get(&id);
        let name = met.filter(|name| !name.is_empty()).or(known).filter(|name| !name.is_empty());
        name.cloned().unwrap_or_else(|| Text::from(id.to_string()))
    }

    /// Accounts that serve, or should: those met since the start and those known from before.
    fn serving(&self) -> BTreeSet<SelfId> {
        self.accounts.keys().chain(self.alerts.known.keys()).copied().collect()
    }

    fn accounts_down(&self) -> Vec<Reading> {
        let grace = self.alerts.grace_ends;
        let waits = self.now.mono < grace;
        let one = |id: SelfId| {
            let (subject, name) = (Subject::Account(id), self.name_of_account(id));
            match self.accounts.get(&id).filter(|a| a.met) {
                Some(account) => {
                    let reading = Reading::flag(subject, name, account.links.is_empty());
                    reading.with(Detail::Said(account.reason.clone()))
                }
                // It may be on its way.
                None if waits => Reading::new(subject, name, None).until(Some(grace)),
                None => Reading::flag(subject, name, true),
            }
        };
        let dial = |(name, state): (&Arc<str>, &dials::State)| {
            let waits = (self.now.mono < state.grace_ends).then_some(state.grace_ends);
            let value = (state.met || waits.is_none()).then(|| f64::from(u8::from(!state.met)));
            let reading = Reading::new(Subject::Dial(Arc::clone(name)), Text::from(&**name), value);
            reading.with(Detail::Said(state.cause.clone())).until(waits.filter(|_| !state.met))
        };
        let dials = self.alerts.dials.iter().map(dial);
        self.serving().into_iter().map(one).chain(dials).collect()
    }

    /// Nobody has ever connected, and nobody is known who should: whoever sets the bot up has their time.
    fn no_adapter(&self) -> Vec<Reading> {
        let ends = self.alerts.patience_ends;
        let none = self.serving().is_empty() && self.alerts.dials.is_empty();
        let waits = none && self.now.mono < ends;
        let value = (!waits).then(|| f64::from(u8::from(none)));
        vec![Reading::new(Subject::Bot, Text::default(), value).until(waits.then_some(ends))]
    }

    fn accounts_offline(&self) -> Vec<Reading> {
        let one = |id: SelfId| {
            let account = self.accounts.get(&id).filter(|a| !a.links.is_empty());
            let reading = Reading::new(Subject::Account(id), self.name_of_account(id), None);
            match account {
                // Without a link, QQ says nothing.
                None => reading,
                Some(account) => {
                    let offline = account.online == Some(false);
                    let value = Some(f64::from(u8::from(offline)));
                    Reading { value, detail: Detail::Said(account.reason.clone()), ..reading }
                }
            }
        };
        self.serving().into_iter().map(one).collect()
    }

    fn accounts_muted(&self, rule: &Rule) -> Vec<Reading> {
        let wall = self.now.wall;
        let mut readings = Vec::new();
        for (id, account) in &self.accounts {
            for (group, until) in &account.muted {
                let left = until.since(wall);
                let chat = ConversationId { account: *id, peer: Peer::Group(*group) };
                let name = self.chat_state(chat).map(|s| s.name.clone()).filter(|name| !name.is_empty());
                let name = name.unwrap_or_else(|| Text::from(group.to_string()));
                let forever = until.0 == i64::MAX;
                let reading = Reading::flag(Subject::Group(*id, *group), name, !left.is_zero());
                let reading = reading.with(Detail::Until((!forever).then_some(*until)));
                readings.push(reading.until((!forever && !left.is_zero()).then_some(self.now.mono + left)));
            }
        }
        // Of accounts that are not back yet, what was known holds.
        for subject in self.alerts.subjects_of(&rule.name) {
            if subject.account().is_some_and(|id| !self.accounts.contains_key(&id)) {
                readings.push(Reading::new(subject.clone(), Text::default(), None));
            }
        }
        readings
    }

    fn configured(&self) -> impl Iterator<Item = &Provider> {
        self.providers.iter().filter(|p| !p.gone)
    }

    fn providers_down(&self) -> Option<Vec<Reading>> {
        if !self.alerts.asked {
            return None;
        }
        let mut asked = self.configured().filter(|p| !p.off).peekable();
        let rests = |p: &Provider| p.breaker.state() != ProviderState::Ready;
        let down = asked.peek().is_some() && self.configured().filter(|p| !p.off).all(rests);
        let words = asked.filter_map(|p| Some((Arc::clone(&p.name), p.error.clone()?))).collect();
        Some(vec![Reading::flag(Subject::Bot, Text::default(), down).with(Detail::Providers(words))])
    }

    fn quota(&self) -> Vec<Reading> {
        let (tokens, cost) = self.alerts.quotas;
        let today = self.books.today();
        let over_tokens = tokens.is_some_and(|most| today.input + today.output >= most);
        let over = over_tokens || cost.is_some_and(|most| today.cost >= most);
        let reading = Reading::flag(Subject::Bot, Text::default(), over);
        let edge = over.then(|| self.midnight());
        vec![reading.with(Detail::Quota { tokens: over_tokens }).until(edge)]
    }

    /// When the books of the next local day are opened.
    fn midnight(&self) -> Mono {
        let day: i64 = 86_400_000;
        let local = self.now.wall.0 + i64::from(self.now.offset) * 1000;
        let left = day - local.rem_euclid(day);
        self.now.mono + Duration::from_millis(u64::try_from(left).unwrap_or(0))
    }

    fn latency(&self, rule: &Rule, latencies: &Latencies) -> Vec<Reading> {
        let Some(percentile) = rule.metric.percentile() else { return Vec::new() };
        let look = Look { window: rule.window, percentile, least: rule.min_samples as usize };
        let threshold = Duration::from_secs_f64(rule.threshold.clamp(0.0, 86_400.0));
        let now = self.now.mono;
        let mut readings = Vec::new();
        for (account, times) in latencies.iter() {
            let subject = Subject::Account(account);
            let active = self.alerts.is_active(&rule.name, &subject);
            let reading = Reading::new(subject, self.name_of_account(account), None);
            if !active && rule.op == crate::config::Op::Above && times.is_beyond(look, threshold, now) != Some(true) {
                // As good as nothing, without sorting.
                readings.push(reading.until(times.turns_bad(look, threshold, now)));
                continue;
            }
            let value = times.percentile(look, now).map(|d| d.as_secs_f64());
            let blame = times.to_blame(rule.window, threshold, now);
            let detail = blame.map_or(Detail::None, |(stage, share)| Detail::Slow { stage, share });
            let edge = times.leaves(rule.window, now).map(|at| at.max(now + TICK));
            readings.push(Reading { value, detail, edge, ..reading });
        }
        // Nothing was answered since the start.
        for subject in self.alerts.subjects_of(&rule.name) {
            if !readings.iter().any(|r| r.subject == *subject) {
                readings.push(Reading::new(subject.clone(), Text::default(), None));
            }
        }
        readings
    }

    fn errors(&self, rule: &Rule) -> Vec<Reading> {
        let now = self.now.mono;
        let (mut answers, mut sends, mut panics, mut storage) = (0, 0, 0, 0);
        for failed in self.alerts.failures.within(rule.window, now) {
            match failed {
                Failed::Answer(_) => answers += 1,
                Failed::Send(_) => sends += 1,
                Failed::Panic => panics += 1,
                Failed::Storage => storage += 1,
            }
        }
        let all = answers + sends + panics + storage;
        let reading = Reading::new(Subject::Bot, Text::default(), Some(f64::from(all)));
        let active = self.alerts.is_active(&rule.name, &Subject::Bot);
        let edge = self.alerts.failures.leaves(rule.window, now).map(|at| at.max(now + TICK));
        vec![reading.with(Detail::Errors { answers, sends, panics, storage }).until(edge.filter(|_| active))]
    }

    fn balances(&self) -> Vec<Reading> {
        let one = |p: &Provider| {
            let value = p.balance.as_deref().and_then(figure);
            Reading::new(Subject::Provider(Arc::clone(&p.name)), Text::from(&*p.name), value)
        };
        self.configured().filter(|p| p.config.balance).map(one).collect()
    }

    fn gpus(&self, metric: Metric) -> Option<Vec<Reading>> {
        let gauges = self.gauges.as_ref()?;
        let one = |gpu: &Gpu| {
            let value = match metric {
                Metric::Vram => gpu
                    .used
                    .zip(gpu.total)
                    .filter(|(_, total)| *total > 0)
                    .map(|(used, total)| used as f64 / total as f64 * 100.0),
                Metric::GpuBusy => gpu.busy.map(f64::from),
                _ => gpu.temperature.map(f64::from),
            };
            let reading = Reading::new(Subject::Gpu(gpu.index), Text::from(gpu.name.as_str()), value);
            if metric == Metric::Vram { self.who_fills(gpu, reading) } else { reading }
        };
        Some(gauges.gpus.iter().map(one).collect())
    }

    /// A full card is as it should be, unless others took it or a model found no room on it.
    fn who_fills(&self, gpu: &Gpu, reading: Reading) -> Reading {
        let mut foreign: Vec<(String, u64)> = Vec::new();
        for process in gpu.processes.iter().filter(|p| !p.model) {
            let bytes = process.memory.unwrap_or(0);
            match foreign.iter_mut().find(|(name, _)| *name == process.name) {
                Some((_, sum)) => *sum += bytes,
                None => foreign.push((process.name.clone(), bytes)),
            }
        }
        foreign.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        let spilled: Vec<_> = self.configured().filter(|p| spills(p)).map(|p| Arc::clone(&p.name)).collect();
        let (used, total) = (gpu.used.unwrap_or(0), gpu.total.unwrap_or(0));
        let detail = Detail::Memory { used, total, foreign, spilled };
        Reading { quiet: is_quiet(&detail), detail, ..reading }
    }

    fn host(&self, metric: Metric) -> Option<Vec<Reading>> {
        let host = &self.gauges.as_ref()?.host;
        let value = match metric {
            Metric::Cpu => host.cpu.map(f64::from),
            Metric::DiskFree => host.disk_free.map(|bytes| bytes as f64),
            _ => (host.memory_total > 0).then(|| host.memory_used as f64 / host.memory_total as f64 * 100.0),
        };
        Some(vec![Reading::new(Subject::Bot, Text::default(), value)])
    }
}

/// Whether a full card needs nobody: its models fill it, and all of them lie on it.
pub(super) fn is_quiet(detail: &Detail) -> bool {
    let Detail::Memory { foreign, spilled, .. } = detail else { return false };
    foreign.iter().map(|(_, bytes)| bytes).sum::<u64>() <= FOREIGN && spilled.is_empty()
}

fn provider_aside(p: &Provider) -> Reading {
    let aside = p.refused.is_some() && !p.off;
    let reading = Reading::flag(Subject::Provider(Arc::clone(&p.name)), Text::from(&*p.name), aside);
    reading.with(p.refused.clone().map_or(Detail::None, Detail::Provider))
}

/// A model on this machine that found no room for all of its layers, though it was meant to.
fn spills(p: &Provider) -> bool {
    let config = &p.config;
    let host = config.endpoint.split("://").nth(1).unwrap_or(&config.endpoint);
    let here = ["127.", "localhost", "[::1]"].iter().any(|local| host.starts_with(local));
    let meant = !config.cpu_only && config.gpu_layers.is_none();
    let partly = p.resident.as_ref().is_some_and(|r| r.loaded && r.size_vram < r.size);
    config.kind == ProviderKind::Ollama && here && meant && partly
}

/// The first figure in a vendor's words: `¥12.34`, `-3 CNY`.
fn figure(words: &str) -> Option<f64> {
    let start = words.find(|c: char| c.is_ascii_digit())?;
    let end = words[start..]
        .find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | ','))
        .map_or(words.len(), |n| start + n);
    let number: f64 = words[start..end].replace(',', "").trim_end_matches('.').parse().ok()?;
    Some(if words[..start].ends_with('-') { -number } else { number })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn vendors_write_balances_as_they_like() {
        for (words, expected) in [
            ("¥0.83", Some(0.83)),
            ("12.34 CNY", Some(12.34)),
            ("余额 -3.5 元", Some(-3.5)),
            ("1,234.50", Some(1234.5)),
            ("5.", Some(5.0)),
            ("none", None),
            ("", None),
        ] {
            assert_eq!(figure(words), expected, "{words}");
        }
    }

    proptest! {
        #[test]
        fn any_words_are_read_without_panic(words in "\\PC{0,24}") {
            let _ = figure(&words);
        }
    }
}
