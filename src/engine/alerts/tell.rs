//! Who is told what, and when: each change once, changes of a rule together, again while nobody knows; later what
//! could not be told in time; that it is over only to those who heard that it was.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::receiver::Receiver;
use super::track::Episode;
use crate::config::Rule;
use crate::domain::*;
use crate::engine::commands::Asker;
use crate::engine::state::State;
use crate::flow::Effect;
use crate::words;

/// That an alert is over is tried again for so long, where it does not arrive…
const DAY: Duration = Duration::from_secs(86_400);
/// …this often, where its rule does not say how often it is told again.
const AGAIN: Duration = Duration::from_secs(1800);

/// What a destination is still to be told of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// That it fires.
    Firing,
    /// That it comes and goes.
    Flapping,
    /// That it still fires.
    Again,
    /// That it is over.
    Resolved,
    /// That it was, while nothing could be told.
    Was,
}

/// A notification under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Note {
    /// The destination, by name.
    pub to: String,
    /// What it says of which alerts; nothing: a test.
    pub alerts: Vec<(AlertId, ToldWhat)>,
}

/// A test of all destinations that somebody waits for.
#[derive(Debug)]
pub(super) struct Test {
    asker: Asker,
    left: BTreeSet<NotificationId>,
    done: Vec<Delivered>,
}

/// What a destination lacks of an alert; `due`: it is time to tell it again.
fn need(rule: &Rule, to: &Receiver, episode: &Episode, now: Mono) -> Option<Need> {
    let alert = &episode.alert;
    let named = rule.notify.as_ref().is_none_or(|names| names.contains(&to.name));
    if !named || alert.severity < to.min_severity || episode.silenced.is_some() {
        return None;
    }
    let told = alert.told(&to.name);
    let what = told.map(|told| told.what);
    let hushed = episode.inhibited.is_some() || episode.quiet;
    let due = episode.repeats.get(&to.name).is_some_and(|at| *at <= now);
    match (alert.state, what) {
        (AlertState::Firing, None | Some(ToldWhat::Held)) if !hushed && alert.acked.is_none() => Some(Need::Firing),
        (AlertState::Firing, Some(ToldWhat::Firing)) if alert.flapping => Some(Need::Flapping),
        (AlertState::Firing, Some(ToldWhat::Firing | ToldWhat::Flapping))
            if due && !hushed && alert.acked.is_none() =>
        {
            Some(Need::Again)
        }
        // What did not arrive is not over for them: they never heard of it. What is on its way is waited for.
        (AlertState::Resolved, Some(ToldWhat::Firing | ToldWhat::Flapping)) => {
            told.is_some_and(|t| !t.is_under_way() && t.known() != ToldWhat::Held).then_some(Need::Resolved)
        }
        (AlertState::Resolved, Some(ToldWhat::Held)) => Some(Need::Was),
        // It did not arrive the last time: by now, they must hear when it was.
        (AlertState::Resolved, Some(ToldWhat::Resolved)) if due => Some(Need::Was),
        _ => None,
    }
}

/// Whether something of an alert that is over is on its way to a destination, or will be tried again.
fn is_open(to: &Receiver, episode: &Episode) -> bool {
    let told = episode.alert.told(&to.name);
    told.is_some_and(|t| t.is_under_way() || t.what == ToldWhat::Resolved && episode.repeats.contains_key(&to.name))
}

/// The account that an alert is about, while it is: what is over may be told through it.
fn ailing(alert: &Alert) -> Option<SelfId> {
    alert.subject.account().filter(|_| alert.state != AlertState::Resolved)
}

impl State {
    /// Tells what is due, and sees to it that what is not yet due will be.
    pub(super) fn tell_all(&mut self) {
        let now = self.now.mono;
        for at in 0..self.alerts.rules.len() {
            let rule = Arc::clone(&self.alerts.rules[at]);
            let name: Arc<str> = rule.name.as_str().into();
            if self.alerts.flushes.get(&name).is_some_and(|at| *at <= now) || self.repeats_are_due(&rule) {
                self.alerts.flushes.remove(&name);
                self.flush(&rule);
            }
            if !self.alerts.flushes.contains_key(&name) && self.owes(&rule) {
                match rule.wait.is_zero() {
                    true => self.flush(&rule),
                    false => drop(self.alerts.flushes.insert(name, now + rule.wait)),
                }
            }
        }
        self.pump_qq();
        self.close_settled();
    }

    fn of_rule<'a>(&'a self, rule: &'a Rule) -> impl Iterator<Item = &'a Episode> {
        self.alerts.episodes().filter(|e| *e.alert.rule == rule.name)
    }

    fn repeats_are_due(&self, rule: &Rule) -> bool {
        let now = self.now.mono;
        let again = |e: &Episode| {
            self.alerts
                .destinations
                .iter()
                .any(|to| need(rule, to, e, now) == Some(Need::Again) && !self.is_blocked(to, e))
        };
        self.of_rule(rule).any(again)
    }

    /// Whether anything of a rule waits to be told or to be held.
    fn owes(&self, rule: &Rule) -> bool {
        let now = self.now.mono;
        let owes = |e: &Episode, to: &Receiver| match need(rule, to, e, now) {
            None | Some(Need::Again) => false,
            // Held already, or known to be: nothing changes before the way is free.
            Some(Need::Firing) if self.is_blocked(to, e) => e.alert.told(&to.name).is_none(),
            Some(_) => !self.is_blocked(to, e),
        };
        self.of_rule(rule).any(|e| self.alerts.destinations.iter().any(|to| owes(e, to)))
    }

    /// Whether a destination cannot be told of an alert now.
    fn is_blocked(&self, to: &Receiver, episode: &Episode) -> bool {
        let quiet =
            episode.alert.severity < Severity::Critical && to.quiet.is_some_and(|quiet| quiet.holds(self.minute()));
        let unreachable = |people: &Vec<i64>| self.qq_account(people, ailing(&episode.alert).as_slice()).is_none();
        quiet || to.qq.as_ref().is_some_and(unreachable)
    }

    /// The minute of the local day.
    fn minute(&self) -> u16 {
        let local = self.now.wall.0.div_euclid(1000) + i64::from(self.now.offset);
        u16::try_from(local.rem_euclid(86_400) / 60).unwrap_or(0)
    }

    /// When quiet hours end for those who are owed something.
    fn quiet_ends(&self) -> Option<Mono> {
        let minute = self.minute();
        let into = self.now.wall.0.div_euclid(1000).rem_euclid(60);
        let ends = |to: &Receiver| {
            let quiet = to.quiet.filter(|quiet| quiet.holds(minute))?;
            let waits =
                |e: &Episode| self.alerts.rule(&e.alert.rule).is_some_and(|r| need(r, to, e, self.now.mono).is_some());
            let minutes = i64::from(quiet.left(minute));
            let left = Duration::from_secs(u64::try_from(minutes * 60 - into).unwrap_or(60));
            self.alerts.episodes().any(waits).then(|| self.now.mono + left)
        };
        self.alerts.destinations.iter().filter_map(ends).min()
    }

    /// When telling goes on by itself.
    pub(super) fn telling_deadlines(&self) -> impl Iterator<Item = Mono> {
        let now = self.now.mono;
        let repeats = self.alerts.episodes().filter(|e| {
            let hushed = e.silenced.is_some() || e.inhibited.is_some() || e.quiet || e.alert.acked.is_some();
            e.alert.state == AlertState::Resolved || !hushed
        });
        let next = repeats.flat_map(|e| e.repeats.values().copied()).filter(|at| *at > now).min();
        let flushes = self.alerts.flushes.values().copied().min();
        [next, flushes, self.quiet_ends(), self.alerts.qq.deadline()].into_iter().flatten()
    }

    /// Tells every destination what it lacks of a rule's alerts, in one message each.
    fn flush(&mut self, rule: &Rule) {
        let now = self.now;
        for to in self.alerts.destinations.clone() {
            let mut items = Vec::new();
            let mut held = Vec::new();
            // What was over first is said first, though it may have come again.
            let mut episodes: Vec<&Episode> = self.of_rule(rule).collect();
            episodes.sort_by_key(|episode| episode.alert.id);
            for episode in episodes {
                let Some(need) = need(rule, &to, episode, now.mono) else { continue };
                let id = episode.alert.id;
                match self.is_blocked(&to, episode) {
                    false => items.push((need, episode.alert.clone())),
                    true if need == Need::Firing && episode.alert.told(&to.name).is_none() => held.push(id),
                    true => {}
                }
            }
            held.into_iter().for_each(|id| self.note_held(id, &to.name));
            if items.is_empty() {
                continue;
            }
            let mut alerts = Vec::new();
            for (need, alert) in &items {
                let what = match need {
                    Need::Firing | Need::Again if alert.flapping => ToldWhat::Flapping,
                    Need::Firing | Need::Again => ToldWhat::Firing,
                    Need::Flapping => ToldWhat::Flapping,
                    Need::Resolved | Need::Was => ToldWhat::Resolved,
                };
                self.note_told(alert.id, &to.name, what, rule.repeat);
                alerts.push((alert.id, what));
            }
            let message = self.compose_notification(&items);
            self.send_notification(&to, message, alerts);
        }
    }

    /// It is on its way: told again after `repeat` while it fires, unless that is 0.
    fn note_told(&mut self, id: AlertId, to: &str, what: ToldWhat, repeat: Duration) {
        let now = self.now;
        let Some(episode) = self.alerts.episodes_mut().find(|e| e.alert.id == id) else { return };
        let before = episode.alert.told(to).map_or(ToldWhat::Held, Told::known);
        let again = !repeat.is_zero() && matches!(what, ToldWhat::Firing | ToldWhat::Flapping);
        episode.tell_again(to, again.then(|| now.mono + repeat));
        episode.note(Told { to: to.to_owned(), what, at: now.wall, fault: None, before: Some(before) });
    }

    /// It cannot be told now: they know what they knew before.
    fn note_held(&mut self, id: AlertId, to: &str) {
        let now = self.now;
        let Some(episode) = self.alerts.episodes_mut().find(|e| e.alert.id == id) else { return };
        let what = episode.alert.told(to).map_or(ToldWhat::Held, Told::known);
        if what == ToldWhat::Held {
            episode.tell_again(to, None);
        }
        episode.note(Told { to: to.to_owned(), what, at: now.wall, fault: None, before: None });
    }

    fn compose_notification(&self, items: &[(Need, Alert)]) -> NotificationText {
        let (lang, offset) = (self.lang(), self.now.offset);
        let over = |need: &Need| matches!(need, Need::Resolved | Need::Was);
        let line = |(need, alert): &(Need, Alert)| match need {
            Need::Firing if !alert.flapping => words::alert_firing(alert, offset, lang),
            Need::Firing | Need::Flapping => words::alert_flapping(alert, lang),
            Need::Again => words::alert_again(alert, offset, lang),
            Need::Resolved => words::alert_resolved(alert, lang),
            Need::Was => words::alert_was(alert, offset, lang),
        };
        let lines: Vec<String> = items.iter().map(line).collect();
        let severity = items.iter().map(|(_, alert)| alert.severity).max().unwrap_or(Severity::Info);
        let resolved = items.iter().all(|(need, _)| over(need));
        let first = items.first().map(|(_, alert)| words::alert_name(alert, lang)).unwrap_or_default();
        let alerts = items.iter().zip(&lines).map(|((need, alert), words)| NotifiedAlert {
            fingerprint: alert.fingerprint(),
            rule: alert.rule.to_string(),
            labels: alert.subject.labels(),
            severity: alert.severity,
            since: alert.since,
            until: alert.until.filter(|_| over(need)),
            words: words.clone(),
        });
        NotificationText {
            instance: self.config.instance.name.clone(),
            severity,
            resolved,
            test: false,
            title: words::notification_title(severity, resolved, &first, items.len(), lang),
            alerts: alerts.collect(),
            body: lines.join("\n"),
        }
    }

    /// Hands a message to its destination.
    fn send_notification(
        &mut self,
        to: &Receiver,
        message: NotificationText,
        alerts: Vec<(AlertId, ToldWhat)>,
    ) -> NotificationId {
        self.alerts.notification += 1;
        let id = NotificationId(self.alerts.notification);
        let told = self.alerts.episodes().filter(|e| alerts.iter().any(|(id, _)| *id == e.alert.id));
        let about: Vec<SelfId> = told.filter_map(|e| ailing(&e.alert)).collect();
        self.alerts.notes.insert(id, Note { to: to.name.clone(), alerts });
        match &to.qq {
            Some(_) => self.tell_people(id, to, &message, about),
            None => self.effects.push(Effect::Notify(Box::new(Notification { id, to: to.place, message }))),
        }
        id
    }

    /// How a notification ended. A failure is shown on its alerts and counts as no error.
    pub fn on_notified(&mut self, id: NotificationId, result: Result<(), NotifyFault>) {
        let Some(note) = self.alerts.notes.remove(&id) else { return };
        let fault = result.err();
        if note.alerts.is_empty() {
            return self.on_tested(id, Delivered { to: note.to, fault });
        }
        for (alert, what) in note.alerts {
            self.settle_told(alert, &note.to, what, fault.as_ref());
        }
        self.look_again_at_alerts();
    }

    /// What was told of an alert has arrived, or has not. Of what is over, that is tried again for a day.
    fn settle_told(&mut self, id: AlertId, to: &str, what: ToldWhat, fault: Option<&NotifyFault>) {
        let now = self.now;
        // Its rule or its destination is gone: what came of it is only shown.
        let past = self.alerts.past.iter_mut().filter(|alert| alert.id == id).flat_map(|alert| &mut alert.told);
        for told in past.filter(|told| told.to == to) {
            (told.before, told.fault) = (told.before.filter(|_| fault.is_some()), fault.cloned());
        }
        let Some(episode) = self.alerts.episodes_mut().find(|e| e.alert.id == id) else { return };
        let fresh = episode.alert.until.is_some_and(|until| now.wall.since(until) < DAY);
        let rule = Arc::clone(&episode.alert.rule);
        let Some(told) = episode.alert.told.iter_mut().find(|told| told.to == to) else { return };
        episode.dirty = true;
        match fault {
            // Something newer is on its way behind it.
            None if told.what != what => told.before = told.before.map(|_| what),
            None => (told.before, told.fault) = (None, None),
            Some(_) if told.what != what => {}
            Some(fault) => {
                told.fault = Some(fault.clone());
                if what == ToldWhat::Resolved && fresh {
                    let repeat = self.alerts.rule(&rule).map(|rule| rule.repeat).filter(|repeat| !repeat.is_zero());
                    let again = now.mono + repeat.unwrap_or(AGAIN);
                    let episode = self.alerts.episodes_mut().find(|e| e.alert.id == id);
                    episode.into_iter().for_each(|episode| episode.tell_again(to, Some(again)));
                }
            }
        }
    }

    /// A notification has ended after everything else. What has arrived goes on record; what has not is on record as
    /// being on its way, and is told by the next process.
    pub fn on_notified_late(&mut self, id: NotificationId, result: Result<(), NotifyFault>) -> Vec<Row> {
        if result.is_ok() {
            self.on_notified(id, result);
            self.close_settled();
        }
        self.record_alerts();
        std::mem::take(&mut self.rows)
    }

    /// The way was not free after all: it is told later.
    pub(super) fn hold_notification(&mut self, id: NotificationId) {
        let Some(note) = self.alerts.notes.remove(&id) else { return };
        if note.alerts.is_empty() {
            let fault = Some(NotifyFault::Unreachable(self.no_account()));
            return self.on_tested(id, Delivered { to: note.to, fault });
        }
        for (alert, _) in note.alerts {
            self.note_held(alert, &note.to);
        }
        self.look_again_at_alerts();
    }

    /// Why nobody can be told over QQ.
    pub(super) fn no_account(&self) -> String {
        words::no_account_to_notify(self.lang())
    }

    /// Lets go of alerts of which nothing is owed.
    fn close_settled(&mut self) {
        let now = self.now.mono;
        let owed = |e: &Episode| {
            let Some(rule) = self.alerts.rule(&e.alert.rule) else { return false };
            self.alerts.destinations.iter().any(|to| need(rule, to, e, now).is_some() || is_open(to, e))
        };
        let settled: Vec<bool> = self.alerts.owing.iter().map(|e| !owed(e)).collect();
        let mut settled = settled.into_iter();
        let (closed, owing) =
            std::mem::take(&mut self.alerts.owing).into_iter().partition(|_| settled.next() == Some(true));
        self.alerts.owing = owing;
        let closed: Vec<Episode> = closed;
        closed.into_iter().for_each(|episode| self.close(episode));
    }

    /// Sends a test to every destination; whoever asked hears how all of them ended.
    pub fn test_notifications(&mut self, asker: &Asker) -> Result<(), Refusal> {
        let destinations = self.alerts.destinations.clone();
        if destinations.is_empty() {
            return Err(Refusal::NoDestination);
        }
        let lang = self.lang();
        let message = NotificationText {
            instance: self.config.instance.name.clone(),
            severity: Severity::Info,
            resolved: false,
            test: true,
            title: words::notification_test(lang),
            body: words::notification_test_body(lang),
            alerts: Vec::new(),
        };
        // All numbers before the first end.
        let first = self.alerts.notification;
        let left = (0..destinations.len() as u64).map(|n| NotificationId(first + 1 + n)).collect();
        self.alerts.tests.push(Test { asker: asker.clone(), left, done: Vec::new() });
        for to in &destinations {
            self.send_notification(to, message.clone(), Vec::new());
        }
        self.pump_qq();
        self.look_again_at_alerts();
        Ok(())
    }

    fn on_tested(&mut self, id: NotificationId, delivered: Delivered) {
        let Some(at) = self.alerts.tests.iter().position(|test| test.left.contains(&id)) else { return };
        let test = &mut self.alerts.tests[at];
        test.left.remove(&id);
        test.done.push(delivered);
        if test.left.is_empty() {
            let test = self.alerts.tests.remove(at);
            if let Asker::Session(session, tag) = test.asker {
                self.answer_late(session, tag, Ok(Done::Delivered(test.done)));
            }
        }
    }
}
