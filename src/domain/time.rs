//! Time as the engine is given it: nothing in the pure rooms asks a clock.

use std::ops::{Add, Sub};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Microseconds on the monotonic clock since the process started. Order and timers use this alone,
/// so a clock that jumps a day expires nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Mono(pub u64);

impl Mono {
    /// The time between an earlier moment and this one; zero if it was not earlier.
    pub fn since(self, earlier: Mono) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Mono {
    type Output = Mono;
    fn add(self, d: Duration) -> Mono {
        Mono(self.0.saturating_add(u64::try_from(d.as_micros()).unwrap_or(u64::MAX)))
    }
}

/// Milliseconds since 1970 UTC: what people and the store see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Wall(pub i64);

impl Wall {
    /// The time between an earlier moment and this one; zero if it was not earlier.
    pub fn since(self, earlier: Wall) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

fn millis(d: Duration) -> i64 {
    i64::try_from(d.as_millis()).unwrap_or(i64::MAX)
}

impl Add<Duration> for Wall {
    type Output = Wall;
    fn add(self, d: Duration) -> Wall {
        Wall(self.0.saturating_add(millis(d)))
    }
}

impl Sub<Duration> for Wall {
    type Output = Wall;
    fn sub(self, d: Duration) -> Wall {
        Wall(self.0.saturating_sub(millis(d)))
    }
}

/// The moment of one input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Now {
    /// For order and timers.
    pub mono: Mono,
    /// For people and the store.
    pub wall: Wall,
    /// Seconds east of UTC here and now: what "today" means for quotas.
    pub offset: i32,
}

impl Now {
    /// Days since 1970 in local time.
    pub fn day(&self) -> i32 {
        let local = self.wall.0.div_euclid(1000) + i64::from(self.offset);
        i32::try_from(local.div_euclid(86_400)).unwrap_or(0)
    }
}
