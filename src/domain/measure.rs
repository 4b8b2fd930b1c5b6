//! What is measured: percentiles' raw material for whoever draws graphs of his own, and our own short graphs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Upper bounds of a histogram's buckets, in seconds; what is above all of them has a bucket too. Fixed for ever:
/// graphs of the past rest on them.
pub const BOUNDS: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 180.0];

/// How many durations fell where, since the start.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Histogram {
    /// By [`BOUNDS`], and one more; not cumulative.
    pub buckets: [u64; BOUNDS.len() + 1],
    /// Of all of them.
    pub sum: Duration,
}

impl Histogram {
    /// Adds one.
    pub fn record(&mut self, took: Duration) {
        let seconds = took.as_secs_f64();
        let place = BOUNDS.iter().position(|bound| seconds <= *bound).unwrap_or(BOUNDS.len());
        self.buckets[place] += 1;
        self.sum = self.sum.saturating_add(took);
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }
}

/// Since the start, for Prometheus. Not part of the snapshot: nobody looks at it but who asks.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Measures {
    /// From the message to the question.
    pub queue: Histogram,
    /// Loading the model, where the server says.
    pub load: Histogram,
    /// From the question to its first visible text.
    pub first_text: Histogram,
    /// From the first text to the last.
    pub generation: Histogram,
    /// From the frame to the adapter's word.
    pub send: Histogram,
    /// From the message to the adapter's word.
    pub total: Histogram,
    /// By provider, as configured.
    pub providers: BTreeMap<Arc<str>, ProviderMeasures>,
}

/// One provider since the start.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ProviderMeasures {
    /// Questions answered.
    pub answered: u64,
    /// Questions that failed, by [`super::ProviderError::code`].
    pub failed: BTreeMap<String, u64>,
    /// Tokens read, cached ones among them.
    pub input: u64,
    /// Of these, read from a cache.
    pub cached: u64,
    /// Tokens written.
    pub output: u64,
    /// Money.
    pub cost: f64,
    /// From the question to its first visible text.
    pub first_text: Histogram,
    /// From the first text to the last.
    pub generation: Histogram,
    /// Loading the model.
    pub load: Histogram,
}

/// Points of a graph.
pub const POINTS: usize = 60;

/// How far back a graph reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// A minute, a second a point.
    Minute,
    /// A quarter of an hour, 15 seconds a point.
    #[default]
    Quarter,
    /// Four hours, 4 minutes a point.
    Hours,
}

impl Reach {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Minute, Self::Quarter, Self::Hours];

    /// The time of one point.
    pub fn point(self) -> Duration {
        Duration::from_secs(match self {
            Self::Minute => 1,
            Self::Quarter => 15,
            Self::Hours => 240,
        })
    }

    /// The next shorter one.
    pub fn closer(self) -> Option<Self> {
        match self {
            Self::Minute => None,
            Self::Quarter => Some(Self::Minute),
            Self::Hours => Some(Self::Quarter),
        }
    }

    /// The next longer one.
    pub fn further(self) -> Option<Self> {
        match self {
            Self::Minute => Some(Self::Quarter),
            Self::Quarter => Some(Self::Hours),
            Self::Hours => None,
        }
    }

    /// The next one, round and round.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Minute => Self::Quarter,
            Self::Quarter => Self::Hours,
            Self::Hours => Self::Minute,
        }
    }
}

/// Short graphs, for each reach.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Trends {
    /// A minute.
    pub minute: Curves,
    /// A quarter of an hour.
    pub quarter: Curves,
    /// Four hours.
    pub hours: Curves,
}

impl Trends {
    /// Those of one reach.
    pub fn of(&self, reach: Reach) -> &Curves {
        match reach {
            Reach::Minute => &self.minute,
            Reach::Quarter => &self.quarter,
            Reach::Hours => &self.hours,
        }
    }
}

/// Values over time, oldest first, [`POINTS`] of them at most; `None`: nothing was measured then.
pub type Curve = Vec<Option<f32>>;

/// What is drawn over time.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Curves {
    /// Seconds from a question to its first text, on average.
    pub first_text: Curve,
    /// Tokens a second of an answer, on average.
    pub speed: Curve,
    /// Messages that waited for a model, at most.
    pub queue: Curve,
    /// Per cent of the fullest card's memory.
    pub memory: Curve,
    /// Per cent of time in which the busiest card computed.
    pub busy: Curve,
    /// Messages heard a minute.
    pub messages: Curve,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_falls_below_its_bound_or_on_it() {
        let mut histogram = Histogram::default();
        for millis in [0, 5, 6, 180_000, 180_001, 10_000_000] {
            histogram.record(Duration::from_millis(millis));
        }
        assert_eq!(
            (histogram.buckets[0], histogram.buckets[1], histogram.buckets[13], histogram.buckets[14]),
            (2, 1, 1, 2)
        );
        assert_eq!((histogram.count(), histogram.sum), (6, Duration::from_millis(10_360_012)));
    }

    #[test]
    fn bounds_grow() {
        assert!(BOUNDS.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
