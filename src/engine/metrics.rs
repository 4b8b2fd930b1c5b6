//! Where the time goes: percentiles per stage over the last five minutes, in a fixed room and without an
//! allocation per sample.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::{Latency, Mono, Percentiles};

/// One histogram covers so long…
const SLICE: Duration = Duration::from_secs(30);
/// …and so many of them make the five minutes.
const SLICES: usize = 10;
/// Eight buckets an octave: a percentile is off by six per cent at most.
const SUB_BITS: u32 = 3;
/// The first bucket ends at 2^6 = 64 µs…
const MIN_BITS: u32 = 6;
/// …and the last begins below 2^33 µs, about two hours.
const MAX_BITS: u32 = 33;
const BUCKETS: usize = ((MAX_BITS - MIN_BITS) << SUB_BITS) as usize;

/// A stage of an answer, as in [`Latency`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// From the message to the question.
    Queue,
    /// From the question to its first visible text.
    FirstText,
    /// From the first text to the last.
    Generation,
    /// From the frame to the adapter's word.
    Send,
    /// From the message to the adapter's word.
    Total,
}

#[derive(Debug, Clone)]
struct Slice {
    number: u64,
    count: u32,
    buckets: [u32; BUCKETS],
}

/// Durations of the last five minutes.
#[derive(Debug, Clone)]
pub struct Sliding {
    slices: Box<[Slice]>,
}

impl Default for Sliding {
    fn default() -> Self {
        let empty = Slice { number: 0, count: 0, buckets: [0; BUCKETS] };
        Self { slices: vec![empty; SLICES].into() }
    }
}

impl Sliding {
    /// Adds one duration.
    pub fn record(&mut self, took: Duration, now: Mono) {
        let number = slice_of(now);
        let place = usize::try_from(number % SLICES as u64).unwrap_or(0);
        let slice = &mut self.slices[place];
        if slice.number != number {
            slice.number = number;
            slice.count = 0;
            slice.buckets.fill(0);
        }
        slice.count = slice.count.saturating_add(1);
        let bucket = &mut slice.buckets[bucket_of(took)];
        *bucket = bucket.saturating_add(1);
    }

    /// How many there are.
    pub fn count(&self, now: Mono) -> u64 {
        self.recent(now).map(|slice| u64::from(slice.count)).sum()
    }

    /// Median, 95th and 99th percentile; empty without samples.
    pub fn percentiles(&self, now: Mono) -> Percentiles {
        let count = self.count(now);
        if count == 0 {
            return Percentiles::default();
        }
        let mut sums = [0u64; BUCKETS];
        for slice in self.recent(now) {
            for (sum, bucket) in sums.iter_mut().zip(&slice.buckets) {
                *sum += u64::from(*bucket);
            }
        }
        let percentile = |per_cent: u64| {
            let rank = (count * per_cent).div_ceil(100).max(1);
            let mut seen = 0;
            let place = sums.iter().position(|sum| {
                seen += sum;
                seen >= rank
            });
            place.map(middle_of)
        };
        Percentiles { p50: percentile(50), p95: percentile(95), p99: percentile(99) }
    }

    fn recent(&self, now: Mono) -> impl Iterator<Item = &Slice> {
        let oldest = (slice_of(now) + 1).saturating_sub(SLICES as u64);
        self.slices.iter().filter(move |slice| slice.count > 0 && slice.number >= oldest)
    }
}

fn slice_of(now: Mono) -> u64 {
    now.since(Mono(0)).as_secs() / SLICE.as_secs()
}

/// Which bucket: the octave, then an eighth of it.
fn bucket_of(took: Duration) -> usize {
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).clamp(1 << MIN_BITS, (1 << MAX_BITS) - 1);
    let octave = micros.ilog2();
    let eighth = (micros >> (octave - SUB_BITS)) & ((1 << SUB_BITS) - 1);
    usize::try_from((u64::from(octave - MIN_BITS) << SUB_BITS) | eighth).map_or(BUCKETS - 1, |b| b.min(BUCKETS - 1))
}

fn middle_of(bucket: usize) -> Duration {
    let bucket = bucket as u64;
    let width = 1u64 << (MIN_BITS - SUB_BITS) << (bucket >> SUB_BITS);
    let eighths = (1 << SUB_BITS) | (bucket & ((1 << SUB_BITS) - 1));
    Duration::from_micros(width * eighths + width / 2)
}

/// All stages, and the first text of each provider.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    stages: [Sliding; 5],
    providers: BTreeMap<Arc<str>, Sliding>,
}

impl Metrics {
    /// Adds one duration to a stage.
    pub fn record(&mut self, stage: Stage, took: Duration, now: Mono) {
        self.stages[stage as usize].record(took, now);
    }

    /// Adds a first text, to its provider and to the stage.
    pub fn first_text(&mut self, provider: &Arc<str>, took: Duration, now: Mono) {
        self.record(Stage::FirstText, took, now);
        if let Some(sliding) = self.providers.get_mut(provider) {
            sliding.record(took, now);
        } else {
            self.providers.entry(provider.clone()).or_default().record(took, now);
        }
    }

    /// Forgets providers that are no longer configured.
    pub fn retain(&mut self, configured: impl Fn(&str) -> bool) {
        self.providers.retain(|name, _| configured(name));
    }

    /// All stages.
    pub fn latency(&self, now: Mono) -> Latency {
        let of = |stage: Stage| self.stages[stage as usize].percentiles(now);
        Latency {
            queue: of(Stage::Queue),
            first_text: of(Stage::FirstText),
            generation: of(Stage::Generation),
            send: of(Stage::Send),
            total: of(Stage::Total),
        }
    }

    /// How many samples a stage has: an alert over a handful means nothing.
    pub fn count(&self, stage: Stage, now: Mono) -> u64 {
        self.stages[stage as usize].count(now)
    }

    /// The first text of one provider.
    pub fn of_provider(&self, provider: &str, now: Mono) -> Percentiles {
        self.providers.get(provider).map(|sliding| sliding.percentiles(now)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(seconds: u64) -> Mono {
        Mono(seconds * 1_000_000)
    }

    fn near(found: Option<Duration>, expected: Duration) {
        let found = found.unwrap();
        assert!((found.as_secs_f64() / expected.as_secs_f64() - 1.0).abs() < 0.07, "{found:?} {expected:?}");
    }

    #[test]
    fn percentiles_of_a_known_spread() {
        let mut sliding = Sliding::default();
        for n in 1..=1000 {
            sliding.record(Duration::from_millis(n), at(10));
        }
        let found = sliding.percentiles(at(10));
        near(found.p50, Duration::from_millis(500));
        near(found.p95, Duration::from_millis(950));
        near(found.p99, Duration::from_millis(990));
        assert_eq!(sliding.count(at(10)), 1000);
    }

    #[test]
    fn samples_leave_after_five_minutes() {
        let mut sliding = Sliding::default();
        sliding.record(Duration::from_secs(9), at(10));
        sliding.record(Duration::from_secs(1), at(200));
        assert_eq!(sliding.count(at(299)), 2);
        assert_eq!(sliding.count(at(300)), 1);
        near(sliding.percentiles(at(300)).p99, Duration::from_secs(1));
        // The slice of the first sample is used again.
        sliding.record(Duration::from_secs(2), at(301));
        assert_eq!(sliding.count(at(301)), 2);
        assert_eq!(sliding.percentiles(at(10_000)), Percentiles::default());
    }

    #[test]
    fn stages_and_providers_are_apart() {
        let mut metrics = Metrics::default();
        let (fast, slow): (Arc<str>, Arc<str>) = ("fast".into(), "slow".into());
        metrics.first_text(&fast, Duration::from_millis(100), at(1));
        metrics.first_text(&slow, Duration::from_secs(10), at(1));
        metrics.record(Stage::Send, Duration::from_millis(5), at(1));
        near(metrics.of_provider("fast", at(1)).p50, Duration::from_millis(100));
        near(metrics.of_provider("slow", at(1)).p50, Duration::from_secs(10));
        near(metrics.latency(at(1)).send.p50, Duration::from_millis(5));
        near(metrics.latency(at(1)).first_text.p99, Duration::from_secs(10));
        assert_eq!((metrics.latency(at(1)).queue.p50, metrics.count(Stage::FirstText, at(1))), (None, 2));
        metrics.retain(|name| name == "slow");
        assert_eq!(metrics.of_provider("fast", at(1)).p50, None);
    }

    proptest! {
        #[test]
        fn a_bucket_is_within_seven_per_cent(micros in 64u64..8_000_000_000) {
            let middle = middle_of(bucket_of(Duration::from_micros(micros)));
            prop_assert!((middle.as_micros() as f64 / micros as f64 - 1.0).abs() < 0.07, "{micros} {middle:?}");
        }

        #[test]
        fn any_duration_has_a_bucket(secs in any::<u64>()) {
            prop_assert!(bucket_of(Duration::from_secs(secs)) < BUCKETS);
        }
    }
}
