//! Where the time goes: percentiles per stage over the last five minutes, in a fixed room and without an
//! allocation per sample; and sums since the start for whoever draws graphs of his own.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::{
    Answer, Histogram, Latency, Measures, Mono, Percentiles, ProviderError, ProviderLatency, ProviderMeasures, Usage,
};

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

/// A server tells some time for loading even where the model lay in memory; less is not a load.
const LOADS: Duration = Duration::from_millis(100);

/// The time of a load, if there was one.
pub fn load(answer: &Answer) -> Option<Duration> {
    answer.timing.load.filter(|load| *load >= LOADS)
}

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
    /// Loading the model.
    Load,
    /// A token.
    Token,
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
    /// The percentiles as last asked for, and in which slice that was: readers ask far more often than there is news.
    known: Cell<Option<(u64, Percentiles)>>,
}

impl Default for Sliding {
    fn default() -> Self {
        let empty = Slice { number: 0, count: 0, buckets: [0; BUCKETS] };
        Self { slices: vec![empty; SLICES].into(), known: Cell::new(None) }
    }
}

impl Sliding {
    /// Adds one duration.
    pub fn record(&mut self, took: Duration, now: Mono) {
        self.known.set(None);
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
        let slice = slice_of(now);
        if let Some((_, known)) = self.known.get().filter(|(asked, _)| *asked == slice) {
            return known;
        }
        let found = self.count_up(now);
        self.known.set(Some((slice, found)));
        found
    }

    fn count_up(&self, now: Mono) -> Percentiles {
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

/// One provider's stages.
#[derive(Debug, Clone, Default)]
struct AtProvider {
    load: Sliding,
    first_text: Sliding,
    generation: Sliding,
    per_token: Sliding,
}

/// All stages, over all and by provider.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    stages: [Sliding; 7],
    providers: BTreeMap<Arc<str>, AtProvider>,
    measures: Measures,
}

impl Metrics {
    /// Adds one duration to a stage.
    pub fn record(&mut self, stage: Stage, took: Duration, now: Mono) {
        self.stages[stage as usize].record(took, now);
        let all = &mut self.measures;
        match stage {
            Stage::Queue => all.queue.record(took),
            Stage::FirstText => all.first_text.record(took),
            Stage::Generation => all.generation.record(took),
            Stage::Send => all.send.record(took),
            Stage::Total => all.total.record(took),
            Stage::Load => all.load.record(took),
            Stage::Token => {}
        }
    }

    /// Adds an answer, to its provider and over all.
    pub fn answered(&mut self, provider: &Arc<str>, answer: &Answer, usage: &Usage, now: Mono) {
        let load = load(answer);
        let first = answer.timing.first_text;
        let generation = first.map(|first| answer.timing.total.saturating_sub(first));
        let speed = answer.timing.tokens_per_second.filter(|speed| speed.is_finite() && *speed > 0.0);
        let per_token = speed.and_then(|speed| Duration::try_from_secs_f32(1.0 / speed).ok());
        if !self.providers.contains_key(provider) {
            self.providers.insert(provider.clone(), AtProvider::default());
        }
        for (stage, took) in
            [(Stage::Load, load), (Stage::FirstText, first), (Stage::Generation, generation), (Stage::Token, per_token)]
        {
            let Some(took) = took else { continue };
            self.record(stage, took, now);
            let Some(at) = self.providers.get_mut(provider) else { continue };
            match stage {
                Stage::Load => at.load.record(took, now),
                Stage::FirstText => at.first_text.record(took, now),
                Stage::Generation => at.generation.record(took, now),
                _ => at.per_token.record(took, now),
            }
        }
        let sums = self.sums(provider);
        sums.answered += 1;
        sums.input += usage.input;
        sums.cached += usage.cached;
        sums.output += usage.output;
        sums.cost += usage.cost;
        let record =
            |histogram: &mut Histogram, took: Option<Duration>| took.into_iter().for_each(|t| histogram.record(t));
        record(&mut sums.load, load);
        record(&mut sums.first_text, first);
        record(&mut sums.generation, generation);
    }

    /// Adds a failure.
    pub fn failed(&mut self, provider: &Arc<str>, error: &ProviderError) {
        let failed = &mut self.sums(provider).failed;
        match failed.get_mut(error.code()) {
            Some(count) => *count += 1,
            None => drop(failed.insert(error.code().to_owned(), 1)),
        }
    }

    fn sums(&mut self, provider: &Arc<str>) -> &mut ProviderMeasures {
        self.measures.providers.entry(provider.clone()).or_default()
    }

    /// Forgets providers that are no longer configured.
    pub fn retain(&mut self, configured: impl Fn(&str) -> bool) {
        self.providers.retain(|name, _| configured(name));
        self.measures.providers.retain(|name, _| configured(name));
    }

    /// All stages.
    pub fn latency(&self, now: Mono) -> Latency {
        let of = |stage: Stage| self.stages[stage as usize].percentiles(now);
        Latency {
            queue: of(Stage::Queue),
            load: of(Stage::Load),
            first_text: of(Stage::FirstText),
            generation: of(Stage::Generation),
            per_token: of(Stage::Token),
            send: of(Stage::Send),
            total: of(Stage::Total),
        }
    }

    /// How many samples a stage has: an alert over a handful means nothing.
    pub fn count(&self, stage: Stage, now: Mono) -> u64 {
        self.stages[stage as usize].count(now)
    }

    /// The stages at one provider.
    pub fn of_provider(&self, provider: &str, now: Mono) -> ProviderLatency {
        let Some(at) = self.providers.get(provider) else { return ProviderLatency::default() };
        ProviderLatency {
            load: at.load.percentiles(now),
            first_text: at.first_text.percentiles(now),
            generation: at.generation.percentiles(now),
            per_token: at.per_token.percentiles(now),
        }
    }

    /// Everything since the start.
    pub fn measures(&self) -> Measures {
        self.measures.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ConversationId, Finish, Peer, SelfId, Timing, Tokens, UserId};
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

    fn answer(load: u64, first: u64, total: u64, speed: f32) -> Answer {
        let millis = |n| Some(Duration::from_millis(n));
        let timing = Timing {
            load: millis(load),
            first_text: millis(first),
            total: Duration::from_millis(total),
            tokens_per_second: Some(speed),
        };
        Answer { text: String::new(), finish: Finish::Stop, tokens: Tokens::default(), timing, thought: 0 }
    }

    fn usage() -> Usage {
        let conversation = ConversationId { account: SelfId(1), peer: Peer::Private(UserId(1)) };
        let provider = "".into();
        Usage { day: 0, provider, conversation, user: UserId(1), asks: 1, input: 10, cached: 4, output: 5, cost: 0.5 }
    }

    #[test]
    fn stages_and_providers_are_apart() {
        let mut metrics = Metrics::default();
        let (fast, slow): (Arc<str>, Arc<str>) = ("fast".into(), "slow".into());
        metrics.answered(&fast, &answer(20, 100, 600, 50.0), &usage(), at(1));
        metrics.answered(&slow, &answer(4000, 10_000, 12_000, 5.0), &usage(), at(1));
        metrics.record(Stage::Send, Duration::from_millis(5), at(1));
        let (of_fast, of_slow) = (metrics.of_provider("fast", at(1)), metrics.of_provider("slow", at(1)));
        near(of_fast.first_text.p50, Duration::from_millis(100));
        near(of_slow.first_text.p50, Duration::from_secs(10));
        near(of_slow.load.p50, Duration::from_secs(4));
        assert_eq!(of_fast.load.p50, None, "a model that lay in memory was not loaded");
        let (usual, slow_ones) = metrics.latency(at(1)).per_token.speeds();
        assert!(
            (usual.unwrap() - 50.0).abs() < 4.0 && (slow_ones.unwrap() - 5.0).abs() < 0.4,
            "{usual:?} {slow_ones:?}"
        );
        near(metrics.latency(at(1)).send.p50, Duration::from_millis(5));
        near(metrics.latency(at(1)).first_text.p99, Duration::from_secs(10));
        assert_eq!((metrics.latency(at(1)).queue.p50, metrics.count(Stage::FirstText, at(1))), (None, 2));
        metrics.retain(|name| name == "slow");
        assert_eq!(metrics.of_provider("fast", at(1)).first_text.p50, None);
    }

    #[test]
    fn sums_since_the_start_never_leave() {
        let mut metrics = Metrics::default();
        let name: Arc<str> = "a".into();
        for n in 0..3 {
            metrics.answered(&name, &answer(500, 100, 600, f32::NAN), &usage(), at(n * 1000));
        }
        metrics.failed(&name, &ProviderError::Truncated);
        metrics.failed(&name, &ProviderError::Truncated);
        let all = metrics.measures();
        let sums = &all.providers["a"];
        assert_eq!((sums.answered, sums.input, sums.cached, sums.output, sums.cost), (3, 30, 12, 15, 1.5));
        assert_eq!((sums.failed["truncated"], sums.first_text.count(), sums.load.count()), (2, 3, 3));
        assert_eq!((all.first_text.count(), all.generation.count(), all.total.count()), (3, 3, 0));
        assert_eq!(all.load.sum, Duration::from_millis(1500));
    }

    #[test]
    fn what_was_asked_before_does_not_hide_news() {
        let mut sliding = Sliding::default();
        sliding.record(Duration::from_secs(1), at(10));
        near(sliding.percentiles(at(10)).p50, Duration::from_secs(1));
        sliding.record(Duration::from_secs(9), at(10));
        near(sliding.percentiles(at(10)).p99, Duration::from_secs(9));
        assert_eq!(sliding.percentiles(at(10_000)), Percentiles::default());
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
