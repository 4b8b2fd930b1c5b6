//! What the windows of rules look back on: times of answers and failures, within a fixed room.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::domain::{Mono, SelfId, SlowStage};

/// Samples kept of each account: over a busy one's window the newest decide.
const KEPT: usize = 1000;
/// The longest window that a rule may have.
const LONGEST: Duration = Duration::from_secs(3600);

/// Where the time of one answer went, in the order of [`STAGES`].
pub(in crate::engine) type Stages = [Duration; 5];

/// The stages of [`Stages`].
pub(super) const STAGES: [SlowStage; 5] =
    [SlowStage::Queue, SlowStage::Load, SlowStage::FirstToken, SlowStage::Generation, SlowStage::Send];

#[derive(Debug, Clone, Copy)]
struct Sample {
    at: Mono,
    took: Duration,
    stages: Stages,
}

/// Times of the answers of one account.
#[derive(Debug, Default)]
pub(super) struct Times {
    samples: VecDeque<Sample>,
    /// When the last one came that was beyond a threshold.
    slow: Option<Mono>,
}

/// What a percentile is asked of: how far back, which one, from how many samples on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    pub window: Duration,
    pub percentile: u8,
    pub least: usize,
}

impl Look {
    /// The place of the percentile among so many samples in order (nearest rank), from 1.
    fn rank(self, count: usize) -> usize {
        (count * usize::from(self.percentile)).div_ceil(100).max(1)
    }
}

impl Times {
    fn within(&self, window: Duration, now: Mono) -> impl DoubleEndedIterator<Item = &Sample> {
        // In order of time: from the first that is young enough on.
        let first = self.samples.partition_point(|s| now.since(s.at) >= window);
        self.samples.range(first..)
    }

    /// Whether the percentile lies beyond a threshold; `None` while there are too few samples. Counts only.
    pub fn is_beyond(&self, look: Look, threshold: Duration, now: Mono) -> Option<bool> {
        let (mut all, mut beyond) = (0, 0);
        for sample in self.within(look.window, now) {
            all += 1;
            beyond += usize::from(sample.took > threshold);
        }
        (all >= look.least).then(|| all - beyond < look.rank(all))
    }

    /// The percentile.
    pub fn percentile(&self, look: Look, now: Mono) -> Option<Duration> {
        let mut times: Vec<Duration> = self.within(look.window, now).map(|s| s.took).collect();
        if times.len() < look.least || times.is_empty() {
            return None;
        }
        let rank = look.rank(times.len()) - 1;
        Some(*times.select_nth_unstable(rank).1)
    }

    /// When the percentile goes beyond a threshold without a further sample, because good ones leave the window.
    pub fn turns_bad(&self, look: Look, threshold: Duration, now: Mono) -> Option<Mono> {
        let samples: Vec<&Sample> = self.within(look.window, now).collect();
        let mut beyond = samples.iter().filter(|s| s.took > threshold).count();
        for (gone, sample) in samples.iter().enumerate() {
            beyond -= usize::from(sample.took > threshold);
            let left = samples.len() - gone - 1;
            if beyond == 0 || left < look.least {
                return None;
            }
            if left - beyond < look.rank(left) {
                return Some(sample.at + look.window);
            }
        }
        None
    }

    /// When the next sample leaves the window.
    pub fn leaves(&self, window: Duration, now: Mono) -> Option<Mono> {
        self.within(window, now).next().map(|s| s.at + window)
    }

    /// The stage that took most of the time of the answers beyond a threshold, with its share in per cent.
    pub fn to_blame(&self, window: Duration, threshold: Duration, now: Mono) -> Option<(SlowStage, u8)> {
        let mut sums = Stages::default();
        for sample in self.within(window, now).filter(|s| s.took > threshold) {
            for (sum, stage) in sums.iter_mut().zip(sample.stages) {
                *sum += stage;
            }
        }
        let all: Duration = sums.iter().sum();
        let (stage, most) = STAGES.into_iter().zip(sums).rev().max_by_key(|(_, sum)| *sum)?;
        let share = most.as_secs_f64() / all.as_secs_f64().max(f64::MIN_POSITIVE) * 100.0;
        (!most.is_zero()).then_some((stage, share.round() as u8))
    }
}

/// Times of answers, by account.
#[derive(Debug, Default)]
pub(super) struct Latencies(BTreeMap<SelfId, Times>);

impl Latencies {
    /// Adds one. Says whether a rule may see another value: nothing slow within its reach, nothing to see.
    pub fn record(
        &mut self,
        account: SelfId,
        took: Duration,
        stages: Stages,
        slow: Option<Duration>,
        now: Mono,
    ) -> bool {
        let times = self.0.entry(account).or_default();
        while times.samples.len() >= KEPT || times.samples.front().is_some_and(|s| now.since(s.at) >= LONGEST) {
            times.samples.pop_front();
        }
        times.samples.push_back(Sample { at: now, took, stages });
        if slow.is_none_or(|slow| took > slow) {
            times.slow = Some(now);
        }
        times.slow.is_some_and(|at| now.since(at) < LONGEST)
    }

    /// By account.
    pub fn iter(&self) -> impl Iterator<Item = (SelfId, &Times)> {
        self.0.iter().map(|(account, times)| (*account, times))
    }
}

/// What failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum Failed {
    /// No provider gave an answer in a chat of this account.
    Answer(SelfId),
    /// A part did not arrive.
    Send(SelfId),
    /// The engine panicked.
    Panic,
    /// The store could not write.
    Storage,
}

impl Failed {
    pub fn account(self) -> Option<SelfId> {
        match self {
            Self::Answer(account) | Self::Send(account) => Some(account),
            Self::Panic | Self::Storage => None,
        }
    }
}

/// Failures, in order.
#[derive(Debug, Default)]
pub(super) struct Failures(VecDeque<(Mono, Failed)>);

impl Failures {
    pub fn record(&mut self, failed: Failed, now: Mono) {
        while self.0.len() >= KEPT || self.0.front().is_some_and(|(at, _)| now.since(*at) >= LONGEST) {
            self.0.pop_front();
        }
        self.0.push_back((now, failed));
    }

    /// Those within a window.
    pub fn within(&self, window: Duration, now: Mono) -> impl Iterator<Item = Failed> {
        self.0.iter().filter(move |(at, _)| now.since(*at) < window).map(|(_, failed)| *failed)
    }

    /// When the next one leaves the window.
    pub fn leaves(&self, window: Duration, now: Mono) -> Option<Mono> {
        self.0.iter().find(|(at, _)| now.since(*at) < window).map(|(at, _)| *at + window)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const S: Duration = Duration::from_secs(1);
    const NONE: Duration = Duration::ZERO;
    const P95: Look = Look { window: Duration::from_secs(300), percentile: 95, least: 5 };

    fn at(seconds: u64) -> Mono {
        Mono(seconds * 1_000_000)
    }

    fn times(samples: &[(u64, u64)]) -> Times {
        let mut all = Latencies::default();
        for (when, millis) in samples {
            let took = Duration::from_millis(*millis);
            all.record(SelfId(1), took, [took, NONE, NONE, NONE, NONE], None, at(*when));
        }
        all.0.remove(&SelfId(1)).unwrap_or_default()
    }

    #[test]
    fn a_threshold_is_not_beyond_itself_and_few_samples_say_nothing() {
        let exact = times(&[(1, 2000), (2, 2000), (3, 2000), (4, 2000), (5, 2000)]);
        assert_eq!(exact.is_beyond(P95, S * 2, at(5)), Some(false));
        assert_eq!(exact.is_beyond(P95, S * 2 - Duration::from_micros(1), at(5)), Some(true));
        let four = times(&[(1, 9000), (2, 9000), (3, 9000), (4, 9000)]);
        assert_eq!((four.is_beyond(P95, S * 2, at(5)), four.percentile(P95, at(5))), (None, None));
        let one_of_twenty: Vec<_> = (0..20).map(|n| (n, if n == 3 { 9000 } else { 100 })).collect();
        assert_eq!(times(&one_of_twenty).is_beyond(P95, S * 2, at(20)), Some(false), "five per cent may be slow");
        assert_eq!(times(&one_of_twenty[1..]).is_beyond(P95, S * 2, at(20)), Some(true), "one of nineteen is more");
    }

    #[test]
    fn the_next_edge_is_known() {
        let samples: Vec<_> = (0..40).map(|n| (n, if n >= 38 { 9000 } else { 100 })).collect();
        let times = times(&samples);
        assert_eq!(times.is_beyond(P95, S * 2, at(40)), Some(false), "two of forty");
        let edge = times.turns_bad(P95, S * 2, at(40)).unwrap();
        assert_eq!(edge, at(300), "with the first of them gone, two of thirty-nine are more than one in twenty");
        assert_eq!(times.is_beyond(P95, S * 2, Mono(edge.0 - 1)), Some(false));
        assert_eq!(times.is_beyond(P95, S * 2, edge), Some(true));
        assert_eq!(times.leaves(S * 300, at(40)), Some(at(300)));
    }

    #[test]
    fn the_slow_ones_tell_which_stage_is_to_blame() {
        let mut all = Latencies::default();
        for n in 0..10 {
            let load = if n < 2 { S * 9 } else { NONE };
            let stages = [S / 10, load, S / 2, NONE, NONE];
            all.record(SelfId(1), stages.iter().sum(), stages, Some(S * 2), at(n));
        }
        let times = &all.0[&SelfId(1)];
        assert_eq!(times.to_blame(S * 300, S * 2, at(10)), Some((SlowStage::Load, 94)));
        assert_eq!(times.to_blame(S * 300, S * 20, at(10)), None);
    }

    #[test]
    fn only_what_may_change_a_verdict_is_looked_at() {
        let mut all = Latencies::default();
        let mut record = |millis, when| {
            all.record(SelfId(1), Duration::from_millis(millis), Stages::default(), Some(S * 2), at(when))
        };
        assert!(!record(100, 1) && record(2500, 2) && record(100, 3), "a slow one within reach");
        assert!(!record(100, 4000), "it has left every window");
    }

    #[test]
    fn the_newest_thousand_are_kept() {
        let mut failures = Failures::default();
        (0..1500).for_each(|n| failures.record(Failed::Panic, Mono(n)));
        assert_eq!(failures.within(S, Mono(1500)).count(), KEPT);
        assert_eq!(failures.leaves(S, Mono(1500)), Some(Mono(500) + S));
        assert_eq!(failures.leaves(S, at(100)), None);
    }

    proptest! {
        #[test]
        fn counting_and_sorting_agree(took in prop::collection::vec(0u64..5000, 1..80), threshold in 0u64..5000) {
            let samples: Vec<_> = took.iter().enumerate().map(|(n, t)| (n as u64, *t)).collect();
            let (times, now, threshold) = (times(&samples), at(90), Duration::from_millis(threshold));
            let by_sorting = times.percentile(P95, now).map(|p95| p95 > threshold);
            prop_assert_eq!(times.is_beyond(P95, threshold, now), by_sorting);
        }

        #[test]
        fn the_edge_is_the_first_moment_that_is_bad(slow in prop::collection::vec(0u64..30, 20..60)) {
            let took: Vec<u64> = slow.iter().map(|n| if *n == 0 { 3000 } else { 100 }).collect();
            let samples: Vec<_> = took.iter().enumerate().map(|(n, t)| (n as u64, *t)).collect();
            let (times, now) = (times(&samples), at(60));
            if times.is_beyond(P95, S * 2, now) == Some(false) {
                let first = (0..60).map(|n| at(n + 300)).find(|then| times.is_beyond(P95, S * 2, *then) == Some(true));
                prop_assert_eq!(times.turns_bad(P95, S * 2, now), first);
            }
        }
    }
}
