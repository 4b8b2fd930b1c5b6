//! Short graphs of the last minute, quarter of an hour and four hours: in a fixed room, whatever happens. What was not
//! measured is a gap, never a zero.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::{Curve, Curves, Mono, POINTS, Reach, Trends};

/// How a point is made of what fell into its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Make {
    /// The mean.
    Mean,
    /// The greatest.
    Most,
    /// How much a minute; nothing is zero.
    PerMinute,
}

#[derive(Debug, Clone, Copy, Default)]
struct Point {
    sum: f32,
    most: f32,
    count: u32,
}

/// One curve at one reach.
#[derive(Debug, Clone)]
struct Ring {
    slot: Duration,
    make: Make,
    points: [Point; POINTS],
    /// The slots that are measured: from the first to the newest.
    first: Option<u64>,
    newest: u64,
    /// The last value and its slot.
    last: Option<(u64, f32)>,
}

impl Ring {
    fn new(slot: Duration, make: Make) -> Self {
        Self { slot, make, points: [Point::default(); POINTS], first: None, newest: 0, last: None }
    }

    fn number(&self, now: Mono) -> u64 {
        now.since(Mono(0)).as_secs() / self.slot.as_secs().max(1)
    }

    /// Goes on to now; slots that were passed over are empty.
    fn advance(&mut self, now: Mono) -> u64 {
        let number = self.number(now);
        if self.first.is_none() {
            (self.first, self.newest) = (Some(number), number);
        }
        let passed = number.saturating_sub(self.newest).min(POINTS as u64);
        for back in 0..passed {
            self.points[place(number - back)] = Point::default();
        }
        self.newest = self.newest.max(number);
        self.newest
    }

    fn record(&mut self, value: f32, now: Mono) {
        let number = self.advance(now);
        self.add(number, value);
        self.last = Some((number, value));
    }

    fn add(&mut self, number: u64, value: f32) {
        let point = &mut self.points[place(number)];
        point.most = if point.count == 0 { value } else { point.most.max(value) };
        point.sum += value;
        point.count += 1;
    }

    /// A sample that holds until the next one, if that comes within `holds`.
    fn sample(&mut self, value: f32, holds: Duration, now: Mono) {
        let number = self.advance(now);
        if let Some((last, former)) = self.last {
            let oldest = number.saturating_sub(POINTS as u64 - 1);
            let within = self.slot.saturating_mul(u32::try_from(number - last).unwrap_or(u32::MAX)) <= holds;
            let missed = if within { (last + 1).max(oldest)..number } else { 0..0 };
            missed.for_each(|slot| self.add(slot, former));
        }
        self.add(number, value);
        self.last = Some((number, value));
    }

    /// Rounded to so many steps of one: what cannot be seen is no news.
    fn curve(&mut self, steps: f32, now: Mono) -> Curve {
        let newest = self.advance(now);
        let oldest = newest.saturating_sub(POINTS as u64 - 1).max(self.first.unwrap_or(newest));
        let value = |number| {
            let point = &self.points[place(number)];
            let value = match self.make {
                Make::PerMinute => point.sum * 60.0 / self.slot.as_secs_f32(),
                _ if point.count == 0 => return None,
                Make::Mean => point.sum / point.count as f32,
                Make::Most => point.most,
            };
            Some((value * steps).round() / steps)
        };
        (oldest..=newest).map(value).collect()
    }
}

fn place(number: u64) -> usize {
    usize::try_from(number % POINTS as u64).unwrap_or(0)
}

/// What is drawn over time, in the order of [`Curves`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drawn {
    /// Seconds to the first text.
    FirstText,
    /// Tokens a second.
    Speed,
    /// Messages that wait.
    Queue,
    /// Per cent of memory.
    Memory,
    /// Per cent of time.
    Busy,
    /// Messages heard.
    Messages,
}

const MADE: [Make; 6] = [Make::Mean, Make::Mean, Make::Most, Make::Mean, Make::Mean, Make::PerMinute];

/// All rings.
#[derive(Debug, Clone)]
pub struct Rings {
    rings: [[Ring; 6]; 3],
    built: Arc<Trends>,
    /// The second for which they were built.
    second: Option<u64>,
}

impl Default for Rings {
    fn default() -> Self {
        let rings = Reach::ALL.map(|reach| MADE.map(|make| Ring::new(reach.point(), make)));
        Self { rings, built: Arc::default(), second: None }
    }
}

impl Rings {
    /// Something happened that has a value.
    pub fn record(&mut self, drawn: Drawn, value: f32, now: Mono) {
        self.rings.iter_mut().for_each(|rings| rings[drawn as usize].record(value, now));
    }

    /// Something was looked at, and will be looked at again within `holds`.
    pub fn sample(&mut self, drawn: Drawn, value: f32, holds: Duration, now: Mono) {
        self.rings.iter_mut().for_each(|rings| rings[drawn as usize].sample(value, holds, now));
    }

    /// The graphs, at most a second old.
    pub fn trends(&mut self, now: Mono) -> Arc<Trends> {
        self.refresh(now);
        Arc::clone(&self.built)
    }

    /// Draws the graphs anew once a second; tells whether they look different.
    pub fn refresh(&mut self, now: Mono) -> bool {
        let second = now.since(Mono(0)).as_secs();
        if self.second == Some(second) {
            return false;
        }
        self.second = Some(second);
        let [minute, quarter, hours] = &mut self.rings;
        let fresh = Trends { minute: curves(minute, now), quarter: curves(quarter, now), hours: curves(hours, now) };
        let differs = !alike(&fresh, &self.built);
        self.built = Arc::new(fresh);
        differs
    }
}

fn curves(rings: &mut [Ring; 6], now: Mono) -> Curves {
    let [first_text, speed, queue, memory, busy, messages] = rings;
    Curves {
        first_text: first_text.curve(100.0, now),
        speed: speed.curve(10.0, now),
        queue: queue.curve(1.0, now),
        memory: memory.curve(1.0, now),
        busy: busy.curve(1.0, now),
        messages: messages.curve(1.0, now),
    }
}

/// Whether nobody could tell them apart: a flat line that grows longer to the left, or stays as long, is the same.
fn alike(a: &Trends, b: &Trends) -> bool {
    Reach::ALL.into_iter().all(|reach| {
        let (a, b) = (a.of(reach), b.of(reach));
        let pairs = [
            (&a.first_text, &b.first_text),
            (&a.speed, &b.speed),
            (&a.queue, &b.queue),
            (&a.memory, &b.memory),
            (&a.busy, &b.busy),
            (&a.messages, &b.messages),
        ];
        pairs.iter().all(|(a, b)| a == b || (flat(a) && flat(b) && a.last() == b.last()))
    })
}

fn flat(curve: &Curve) -> bool {
    curve.windows(2).all(|pair| pair[0] == pair[1])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: u64) -> Mono {
        Mono(seconds * 1_000_000)
    }

    fn last(curve: &Curve, n: usize) -> &[Option<f32>] {
        &curve[curve.len() - n..]
    }

    #[test]
    fn what_was_not_measured_is_a_gap_and_nothing_heard_is_a_zero() {
        let mut rings = Rings::default();
        rings.record(Drawn::FirstText, 0.4, at(100));
        rings.record(Drawn::FirstText, 0.6, at(100));
        rings.record(Drawn::Messages, 1.0, at(100));
        rings.record(Drawn::FirstText, 2.0, at(103));
        let trends = rings.trends(at(104));
        assert_eq!(trends.minute.first_text, [Some(0.5), None, None, Some(2.0), None], "from the first one on");
        assert_eq!(trends.minute.messages, [Some(60.0), Some(0.0), Some(0.0), Some(0.0), Some(0.0)]);
        assert_eq!(trends.quarter.first_text, [Some(1.0)], "the mean of all three");
        assert_eq!(trends.quarter.messages, [Some(4.0)]);
    }

    #[test]
    fn a_sample_holds_until_the_next_but_not_for_ever() {
        let mut rings = Rings::default();
        let holds = Duration::from_secs(25);
        rings.sample(Drawn::Memory, 50.0, holds, at(10));
        rings.sample(Drawn::Memory, 60.0, holds, at(14));
        assert_eq!(rings.trends(at(14)).minute.memory, [50.0, 50.0, 50.0, 50.0, 60.0].map(Some));
        rings.sample(Drawn::Memory, 70.0, holds, at(50));
        let trends = rings.trends(at(50));
        assert_eq!(last(&trends.minute.memory, 4), [None, None, None, Some(70.0)]);
        assert_eq!(trends.hours.memory, [Some(60.0)]);
    }

    #[test]
    fn old_points_leave_and_a_long_silence_empties_the_ring() {
        let mut rings = Rings::default();
        for second in 0..200 {
            rings.record(Drawn::Speed, second as f32, at(second));
        }
        let minute = rings.trends(at(199)).minute.speed.clone();
        assert_eq!((minute.len(), minute[0], minute[59]), (60, Some(140.0), Some(199.0)));
        let minute = rings.trends(at(100_000)).minute.speed.clone();
        assert_eq!(minute, vec![None; 60]);
    }

    #[test]
    fn graphs_are_news_only_while_something_moves_in_them() {
        let mut rings = Rings::default();
        let holds = Duration::from_secs(25);
        let mut news = Vec::new();
        for second in 0..200 {
            rings.sample(Drawn::Memory, if second == 20 { 80.0 } else { 70.2 }, holds, at(second));
            if rings.refresh(at(second)) {
                news.push(second);
            }
        }
        assert_eq!(news[..2], [0, 20], "a flat line is no news: {news:?}");
        // The bump wanders out of the minute, a second at a time; later only the coarser graphs move, each in its time.
        assert!((21..=80).all(|second| news.contains(&second)));
        assert!(news.iter().filter(|second| **second > 80).all(|second| second % 15 == 0), "{news:?}");
    }

    #[test]
    fn within_a_second_they_are_built_once() {
        let mut rings = Rings::default();
        rings.record(Drawn::Speed, 1.0, at(1));
        let first = rings.trends(at(1));
        rings.record(Drawn::Speed, 3.0, at(1));
        assert!(Arc::ptr_eq(&first, &rings.trends(Mono(1_999_999))));
        assert_eq!(rings.trends(at(2)).minute.speed, [Some(2.0), None]);
    }

    proptest! {
        #[test]
        fn no_time_and_no_value_harms(steps in proptest::collection::vec((0u64..1 << 45, any::<f32>(), 0u64..1 << 40), 1..50)) {
            let mut rings = Rings::default();
            for (now, value, holds) in steps {
                rings.sample(Drawn::Memory, value, Duration::from_micros(holds), Mono(now));
                rings.record(Drawn::Messages, 1.0, Mono(now));
                let trends = rings.trends(Mono(now));
                prop_assert!(trends.minute.memory.len() <= POINTS && trends.hours.messages.len() <= POINTS);
            }
        }
    }
}
