//! The verdict as numbers.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::{Score, Turn};

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Report {
    /// Questions that were to be asked.
    pub expected: usize,
    /// Questions that were asked.
    pub asked: usize,
    /// Questions with a reply.
    pub answered: usize,
    /// Questions without one in time, and without one since.
    pub lost: usize,
    /// Of these, those during which a link went away.
    pub lost_during_drop: usize,
    /// Replies that came after they had been given up.
    pub late: u64,
    /// Replies with the same words as an earlier one to the same question.
    pub duplicates: u64,
    /// Further replies with other words: parts of one answer.
    pub extra_parts: u64,
    /// First replies that came after the reply to a later question of the same speaker.
    pub out_of_order: u64,
    /// Replies in a chat to a question of another chat.
    pub crossed: u64,
    /// Replies that were matched without a token.
    pub untagged: u64,
    /// Replies to nobody.
    pub to_nobody: u64,
    /// Conversations that found no link.
    pub aborted: usize,
    /// From question to first reply.
    pub latency: Latency,
    /// The same, private chats only.
    pub latency_private: Latency,
    /// The same, groups only.
    pub latency_group: Latency,
    /// How long the run took.
    pub elapsed: Duration,
}

impl Report {
    /// Every question answered once, in order, where it was asked.
    pub fn is_clean(&self) -> bool {
        self.answered == self.expected
            && self.lost == 0
            && self.duplicates == 0
            && self.out_of_order == 0
            && self.crossed == 0
            && self.aborted == 0
    }

    /// Answered questions a second.
    pub fn per_second(&self) -> f64 {
        if self.elapsed.is_zero() { 0.0 } else { self.answered as f64 / self.elapsed.as_secs_f64() }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}/{} answered, {} lost ({} in drops), {} doubled, {} crossed, {} out of order, p50 {:?}, p99 {:?}",
            self.answered,
            self.expected,
            self.lost,
            self.lost_during_drop,
            self.duplicates,
            self.crossed,
            self.out_of_order,
            self.latency.p50,
            self.latency.p99
        )
    }
}

/// Percentiles, interpolated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Latency {
    /// How many.
    pub count: usize,
    /// Arithmetic mean.
    pub mean: Duration,
    /// Half are faster.
    pub p50: Duration,
    /// 90 % are faster.
    pub p90: Duration,
    /// 95 % are faster.
    pub p95: Duration,
    /// 99 % are faster.
    pub p99: Duration,
    /// The slowest.
    pub max: Duration,
}

impl Latency {
    /// Of these, in any order.
    pub fn of(mut all: Vec<Duration>) -> Self {
        let Some(max) = all.iter().max().copied() else { return Self::default() };
        all.sort_unstable();
        let at = |q: f64| {
            let place = (all.len() - 1) as f64 * q;
            let (low, high) = (all[place as usize], all[(place as usize + 1).min(all.len() - 1)]);
            low + (high - low).mul_f64(place.fract())
        };
        let mean = all.iter().sum::<Duration>() / u32::try_from(all.len()).unwrap_or(u32::MAX);
        Self { count: all.len(), mean, p50: at(0.5), p90: at(0.9), p95: at(0.95), p99: at(0.99), max }
    }
}

pub(super) fn sum_up(score: &Score, expected: usize, elapsed: Duration) -> Report {
    let took = |turn: &Turn| turn.answered.map(|at| at.saturating_duration_since(turn.asked));
    let mut report =
        Report { expected, elapsed, crossed: score.crossed, to_nobody: score.to_nobody, ..Report::default() };
    let (mut private, mut group) = (Vec::new(), Vec::new());
    for track in &score.tracks {
        let here: Vec<Duration> = track.turns.iter().filter_map(took).collect();
        report.asked += track.turns.len();
        report.answered += here.len();
        report.lost += track.turns.iter().filter(|t| t.lost).count();
        report.lost_during_drop += track.turns.iter().filter(|t| t.lost && t.during_drop).count();
        report.late += track.late;
        report.duplicates += track.duplicates;
        report.extra_parts += track.extra_parts;
        report.out_of_order += track.out_of_order;
        report.untagged += track.untagged;
        report.aborted += usize::from(track.aborted);
        if track.peer.is_group() { &mut group } else { &mut private }.extend(here);
    }
    report.latency = Latency::of(private.iter().chain(&group).copied().collect());
    report.latency_private = Latency::of(private);
    report.latency_group = Latency::of(group);
    report
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_interpolated() {
        let ms = Duration::from_millis;
        let latency = Latency::of((1..=101).rev().map(ms).collect());
        assert_eq!((latency.p50, latency.p90, latency.p99, latency.max), (ms(51), ms(91), ms(100), ms(101)));
        assert_eq!(Latency::of(vec![]), Latency::default());
        assert_eq!(Latency::of(vec![ms(4)]).p99, ms(4));
    }
}
