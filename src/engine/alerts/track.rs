//! One rule's view of one subject: from a reading to inactive, pending, firing, resolved. Knows nothing of people.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crate::config::Rule;
use crate::domain::*;

/// More than so many times over…
const CYCLES: usize = 3;
/// …within so long is flapping…
const FLAPS_WITHIN: Duration = Duration::from_secs(600);
/// …until it has been one thing for so long.
const STABLE: Duration = Duration::from_secs(300);
/// A gauge that tells nothing for so long ends its alert.
const LOST: Duration = Duration::from_secs(300);

/// What a metric says of a subject now.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reading {
    pub subject: Subject,
    pub name: Text,
    /// `None`: nobody knows.
    pub value: Option<f64>,
    pub detail: Detail,
    /// Shown, and told to nobody.
    pub quiet: bool,
    /// When it will say something else by itself.
    pub edge: Option<Mono>,
}

impl Reading {
    pub fn new(subject: Subject, name: Text, value: Option<f64>) -> Self {
        Self { subject, name, value, detail: Detail::None, quiet: false, edge: None }
    }

    pub fn flag(subject: Subject, name: Text, is: bool) -> Self {
        Self::new(subject, name, Some(f64::from(u8::from(is))))
    }

    pub fn with(self, detail: Detail) -> Self {
        Self { detail, ..self }
    }

    pub fn until(self, edge: Option<Mono>) -> Self {
        Self { edge, ..self }
    }
}

/// An alert with what only this process knows of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Episode {
    pub alert: Alert,
    /// When it began here…
    pub began: Mono,
    /// …and how long it had lasted before, in another process.
    pub before: Duration,
    /// When each destination is told again.
    pub repeats: BTreeMap<String, Mono>,
    /// What is on record is not what is.
    pub dirty: bool,
    pub quiet: bool,
    pub inhibited: Option<Arc<str>>,
    pub silenced: Option<(Wall, Text)>,
}

impl Episode {
    pub fn new(alert: Alert, before: Duration, now: Mono) -> Self {
        Self {
            alert,
            began: now,
            before,
            repeats: BTreeMap::new(),
            dirty: true,
            quiet: false,
            inhibited: None,
            silenced: None,
        }
    }

    /// Puts on record what a destination was told.
    pub fn note(&mut self, told: Told) {
        self.dirty = true;
        self.alert.told.retain(|other| other.to != told.to);
        self.alert.told.push(told);
    }

    /// When a destination is told again; `None`: not at all.
    pub fn tell_again(&mut self, to: &str, at: Option<Mono>) {
        match at {
            Some(at) => drop(self.repeats.insert(to.to_owned(), at)),
            None => drop(self.repeats.remove(to)),
        }
    }

    /// Whether somebody was told that it is over, or is being told.
    pub fn is_told_over(&self) -> bool {
        self.alert.told.iter().any(|told| told.what == ToldWhat::Resolved)
    }

    fn lasted(&self, now: Mono) -> Duration {
        self.before + now.since(self.began)
    }
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Phase {
    #[default]
    Idle,
    /// Bad; fires then.
    Pending(Mono),
    /// Fires; over then, if it stays good.
    Firing(Option<Mono>),
}

/// One rule's view of one subject.
#[derive(Debug, Default)]
pub(super) struct Track {
    phase: Phase,
    /// Present unless idle.
    pub episode: Option<Episode>,
    /// When it was over, lately.
    cycles: VecDeque<Mono>,
    /// While it flaps: the last reading was bad, and when it counts as stable.
    flaps: Option<(bool, Mono)>,
    /// Nothing is known; it ends then.
    lost: Option<Mono>,
    /// A window that began with this process says nothing good before it is full.
    blind: Option<Mono>,
}

/// What came of a reading.
#[derive(Debug, PartialEq)]
pub(super) enum Turn {
    /// Nothing that anybody is told of.
    Nothing,
    /// It fires.
    Fired,
    /// It came to nothing.
    Dropped(Box<Episode>),
    /// It is over.
    Over(Box<Episode>),
}

impl Track {
    /// Goes on with an alert of an earlier process.
    pub fn recovered(rule: &Rule, alert: Alert, now: Now) -> Self {
        let elapsed = now.wall.since(alert.since);
        let phase = match alert.state {
            AlertState::Pending => Phase::Pending(now.mono + rule.hold.saturating_sub(elapsed)),
            _ => Phase::Firing(None),
        };
        let flaps = alert.flapping.then(|| (true, now.mono + STABLE));
        let blind = rule.metric.is_windowed().then(|| now.mono + rule.window);
        let mut episode = Episode::new(alert, elapsed, now.mono);
        episode.dirty = false;
        Self { phase, episode: Some(episode), flaps, blind, ..Self::default() }
    }

    pub fn is_active(&self) -> bool {
        self.phase != Phase::Idle
    }

    pub fn is_firing(&self) -> bool {
        matches!(self.phase, Phase::Firing(_))
    }

    /// Whether anything is remembered that a next reading needs.
    pub fn is_empty(&self, now: Mono) -> bool {
        !self.is_active() && self.cycles.back().is_none_or(|at| now.since(*at) >= FLAPS_WITHIN)
    }

    /// When it goes on by itself.
    pub fn deadline(&self) -> Option<Mono> {
        let phase = match self.phase {
            Phase::Idle => None,
            Phase::Pending(at) => Some(at),
            Phase::Firing(at) => at,
        };
        let stable = self.flaps.map(|(_, at)| at);
        [phase, stable, self.lost, self.blind.filter(|_| self.is_active())].into_iter().flatten().min()
    }

    /// Takes in a reading. `number` is the last alert's.
    pub fn step(&mut self, rule: &Rule, reading: &Reading, number: &mut u64, now: Now) -> Turn {
        if self.blind.is_some_and(|at| at <= now.mono) {
            self.blind = None;
        }
        let Some(value) = reading.value else { return self.step_blindly(rule, now) };
        let (bad, clear) = (rule.is_bad(value), rule.is_clear(value));
        if !bad && self.blind.is_some() {
            return Turn::Nothing;
        }
        self.lost = None;
        if self.phase == Phase::Idle {
            if !bad {
                return Turn::Nothing;
            }
            self.begin(rule, reading, value, number, now);
        }
        if let Some(episode) = &mut self.episode {
            let alert = &mut episode.alert;
            alert.no_data = false;
            alert.value = value;
            alert.peak = rule.op.worse(alert.peak, value);
            (alert.severity, alert.threshold) = (rule.severity, rule.threshold);
            if bad {
                alert.detail = reading.detail.clone();
                episode.quiet = reading.quiet;
            }
        }
        self.turn(rule, bad, clear, now)
    }

    fn begin(&mut self, rule: &Rule, reading: &Reading, value: f64, number: &mut u64, now: Now) {
        *number += 1;
        let alert = Alert {
            id: AlertId(*number),
            rule: rule.name.as_str().into(),
            metric: rule.metric,
            subject: reading.subject.clone(),
            name: reading.name.clone(),
            severity: rule.severity,
            state: AlertState::Pending,
            since: now.wall,
            fired: None,
            until: None,
            lasted: Duration::ZERO,
            value,
            peak: value,
            threshold: rule.threshold,
            detail: Detail::None,
            no_data: false,
            flapping: false,
            acked: None,
            told: Vec::new(),
            done: false,
        };
        self.episode = Some(Episode::new(alert, Duration::ZERO, now.mono));
        self.phase = Phase::Pending(now.mono + rule.hold);
    }

    fn turn(&mut self, rule: &Rule, bad: bool, clear: bool, now: Now) -> Turn {
        match self.phase {
            Phase::Idle => Turn::Nothing,
            Phase::Pending(_) if !bad => {
                self.phase = Phase::Idle;
                self.episode.take().map_or(Turn::Nothing, |episode| Turn::Dropped(Box::new(episode)))
            }
            Phase::Pending(at) if now.mono >= at => {
                self.phase = Phase::Firing(None);
                if let Some(episode) = &mut self.episode {
                    (episode.alert.state, episode.alert.fired) = (AlertState::Firing, Some(now.wall));
                    episode.dirty = true;
                }
                Turn::Fired
            }
            Phase::Pending(_) => Turn::Nothing,
            Phase::Firing(_) if self.flaps.is_some() => self.turn_flapping(bad, now),
            Phase::Firing(_) if !clear => {
                self.phase = Phase::Firing(None);
                Turn::Nothing
            }
            Phase::Firing(over) => {
                let over = over.unwrap_or(now.mono + rule.keep_firing);
                self.phase = Phase::Firing(Some(over));
                if now.mono < over { Turn::Nothing } else { self.over(now) }
            }
        }
    }

    /// Over, unless that happens again and again.
    fn over(&mut self, now: Now) -> Turn {
        self.cycles.retain(|at| now.mono.since(*at) < FLAPS_WITHIN);
        self.cycles.push_back(now.mono);
        if self.cycles.len() > CYCLES {
            self.phase = Phase::Firing(None);
            self.flaps = Some((false, now.mono + STABLE));
            if let Some(episode) = &mut self.episode {
                (episode.alert.flapping, episode.dirty) = (true, true);
            }
            return Turn::Nothing;
        }
        self.end(now)
    }

    fn turn_flapping(&mut self, bad: bool, now: Now) -> Turn {
        let Some((was, stable)) = self.flaps else { return Turn::Nothing };
        if was != bad {
            self.flaps = Some((bad, now.mono + STABLE));
        } else if now.mono >= stable {
            self.flaps = None;
            self.cycles.clear();
            if let Some(episode) = &mut self.episode {
                (episode.alert.flapping, episode.dirty) = (false, true);
            }
            if !bad {
                return self.end(now);
            }
        }
        Turn::Nothing
    }

    /// Over, for good or for want of anything to judge.
    pub fn end(&mut self, now: Now) -> Turn {
        (self.phase, self.flaps, self.lost, self.blind) = (Phase::Idle, None, None, None);
        let Some(mut episode) = self.episode.take() else { return Turn::Nothing };
        if episode.alert.state == AlertState::Pending {
            return Turn::Dropped(Box::new(episode));
        }
        let lasted = episode.lasted(now.mono);
        let alert = &mut episode.alert;
        (alert.state, alert.until, alert.lasted) = (AlertState::Resolved, Some(now.wall), lasted);
        alert.acked = None;
        episode.dirty = true;
        Turn::Over(Box::new(episode))
    }

    /// Nobody knows. A window without samples holds nothing bad; a gauge may come back.
    fn step_blindly(&mut self, rule: &Rule, now: Now) -> Turn {
        match self.phase {
            Phase::Idle => Turn::Nothing,
            Phase::Pending(_) => self.turn(rule, false, true, now),
            Phase::Firing(_) if self.blind.is_some() => Turn::Nothing,
            Phase::Firing(_) if rule.metric.is_windowed() => self.turn(rule, false, true, now),
            Phase::Firing(_) => {
                if let Some(episode) = &mut self.episode {
                    episode.alert.no_data = true;
                }
                let lost = *self.lost.get_or_insert(now.mono + LOST);
                if now.mono < lost { Turn::Nothing } else { self.end(now) }
            }
        }
    }

    /// What was over a moment ago and is not yet told fires again: it is the same alert.
    pub fn revive(&mut self, mut old: Episode) -> Option<Episode> {
        let fresh = self.episode.take();
        if let Some(fresh) = &fresh {
            old.alert.value = fresh.alert.value;
            old.alert.detail = fresh.alert.detail.clone();
            old.quiet = fresh.quiet;
        }
        (old.alert.state, old.alert.until, old.dirty) = (AlertState::Firing, None, true);
        self.episode = Some(old);
        fresh
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now(seconds: u64) -> Now {
        Now { mono: Mono(seconds * 1_000_000), wall: Wall(seconds as i64 * 1000), offset: 0 }
    }

    fn shipped(name: &str) -> Rule {
        Rule::shipped().into_iter().find(|rule| rule.name == name).unwrap()
    }

    /// Plays values at seconds, with every deadline on the way kept; tells what was seen when.
    fn play(rule: &Rule, track: &mut Track, values: &[(u64, Option<f64>)]) -> Vec<(u64, &'static str)> {
        let mut seen = Vec::new();
        let mut number = 0;
        let mut last = None;
        let mut take = |track: &mut Track, value, at: Now| {
            let reading = Reading::new(Subject::Gpu(0), Text::default(), value);
            let was = track.phase;
            let turn = track.step(rule, &reading, &mut number, at);
            let word = match turn {
                Turn::Fired => "firing",
                Turn::Dropped(_) => "inactive",
                Turn::Over(_) => "resolved",
                Turn::Nothing if was == Phase::Idle && track.is_active() => "pending",
                Turn::Nothing => return,
            };
            seen.push((at.mono.0 / 1_000_000, word));
        };
        for (at, value) in values {
            while let Some(due) = track.deadline().filter(|due| *due < now(*at).mono) {
                let due = Now { mono: due, wall: Wall((due.0 / 1000) as i64), offset: 0 };
                take(track, last.flatten(), due);
            }
            take(track, *value, now(*at));
            last = Some(*value);
        }
        seen
    }

    #[test]
    fn it_must_be_bad_for_long_enough_and_good_for_long_enough() {
        let vram = shipped("vram_high");
        let some = |v: &[(u64, f64)]| v.iter().map(|(at, v)| (*at, Some(*v))).collect::<Vec<_>>();
        for (values, expected) in [
            (vec![(0, 90.0), (100, 90.0)], vec![]),
            (vec![(0, 95.0), (29, 95.0)], vec![(0, "pending")]),
            (vec![(0, 95.0), (60, 95.0)], vec![(0, "pending"), (30, "firing")]),
            (
                vec![(0, 95.0), (20, 80.0), (25, 95.0), (50, 95.0)],
                vec![(0, "pending"), (20, "inactive"), (25, "pending")],
            ),
            // Under the threshold and not under the border: it goes on, and the minute begins anew.
            (vec![(0, 95.0), (40, 84.0), (90, 86.0), (95, 84.0), (150, 84.0)], vec![(0, "pending"), (30, "firing")]),
            (vec![(0, 95.0), (40, 84.0), (120, 84.0)], vec![(0, "pending"), (30, "firing"), (100, "resolved")]),
        ] {
            assert_eq!(play(&vram, &mut Track::default(), &some(&values)), expected, "{values:?}");
        }
    }

    #[test]
    fn a_gauge_that_is_lost_is_held_for_five_minutes_and_a_window_is_simply_empty() {
        let vram = shipped("vram_high");
        let mut track = Track::default();
        let lost = play(&vram, &mut track, &[(0, Some(95.0)), (60, None), (359, None)]);
        assert_eq!(lost, [(0, "pending"), (30, "firing")]);
        assert!(track.episode.as_ref().unwrap().alert.no_data);
        assert_eq!(play(&vram, &mut track, &[(360, None)]), [(360, "resolved")]);
        let back =
            play(&vram, &mut Track::default(), &[(0, Some(95.0)), (60, None), (300, Some(95.0)), (700, Some(95.0))]);
        assert_eq!(back, [(0, "pending"), (30, "firing")], "it came back in time");
        let latency = shipped("reply_latency_high");
        let quiet = play(&latency, &mut Track::default(), &[(0, Some(3.0)), (300, None), (400, None)]);
        assert_eq!(quiet, [(0, "firing"), (360, "resolved")]);
    }

    #[test]
    fn what_comes_and_goes_is_held_until_it_is_stable() {
        let flag = shipped("account_offline");
        let mut track = Track::default();
        let values: Vec<_> = (0..10).map(|n| (n * 10, Some(f64::from(u8::from(n % 2 == 0))))).collect();
        let seen = play(&flag, &mut track, &values);
        let told: Vec<_> = seen.iter().map(|(_, word)| *word).collect();
        assert_eq!(told, ["firing", "resolved", "firing", "resolved", "firing", "resolved", "firing"]);
        assert!(track.episode.as_ref().unwrap().alert.flapping, "the fourth time within ten minutes");
        assert_eq!(play(&flag, &mut track, &[(389, Some(0.0))]), [], "good since 1:30");
        assert_eq!(play(&flag, &mut track, &[(390, Some(0.0))]), [(390, "resolved")]);
        // Stays bad: flapping is over, the alert is not.
        let mut track = Track::default();
        play(&flag, &mut track, &values);
        play(&flag, &mut track, &[(100, Some(1.0)), (401, Some(1.0))]);
        assert!(!track.episode.as_ref().unwrap().alert.flapping && track.is_firing());
    }

    #[test]
    fn a_restart_goes_on_from_where_it_began() {
        let vram = shipped("vram_high");
        let mut track = Track::default();
        play(&vram, &mut track, &[(100, Some(95.0))]);
        let alert = track.episode.unwrap().alert;
        // Another process, whose clock begins anew, 20 s later.
        let later = Now { mono: Mono(0), wall: Wall(120_000), offset: 0 };
        let mut again = Track::recovered(&vram, alert, later);
        assert_eq!(again.deadline(), Some(now(10).mono));
        let reading = Reading::new(Subject::Gpu(0), Text::default(), Some(95.0));
        let at = Now { mono: now(10).mono, wall: Wall(130_000), offset: 0 };
        assert_eq!(again.step(&vram, &reading, &mut 7, at), Turn::Fired);
        assert_eq!(again.episode.as_ref().unwrap().lasted(at.mono), Duration::from_secs(30));
        // A window that has only begun says nothing good.
        let latency = shipped("reply_latency_high");
        let mut track = Track::default();
        play(&latency, &mut track, &[(0, Some(3.0))]);
        let mut again = Track::recovered(&latency, track.episode.unwrap().alert, later);
        let good = Reading::new(Subject::Account(SelfId(1)), Text::default(), Some(0.5));
        assert_eq!(again.step(&latency, &good, &mut 7, now(200)), Turn::Nothing);
        assert!(again.is_firing());
        again.step(&latency, &good, &mut 7, now(300));
        assert!(matches!(again.step(&latency, &good, &mut 7, now(360)), Turn::Over(_)));
        assert_eq!(Metric::FirstP95, latency.metric);
    }

    #[test]
    fn the_end_tells_how_long_and_how_bad() {
        let burst = shipped("error_burst");
        let mut track = Track::default();
        play(&burst, &mut track, &[(0, Some(6.0)), (10, Some(9.0)), (20, Some(4.0))]);
        let reading = Reading::new(Subject::Bot, Text::default(), Some(2.0));
        let Turn::Over(over) = track.step(&burst, &reading, &mut 1, now(320)) else { panic!("not over") };
        assert_eq!((over.alert.lasted, over.alert.peak, over.alert.value), (Duration::from_secs(320), 9.0, 2.0));
    }
}
