//! The one place that asks what time it is, for the rooms that may not.

use std::time::{Instant, SystemTime};

use crate::domain::{Mono, Now, Wall};

/// How long an offset from UTC is trusted; time zones change it a few times a year.
const OFFSET_LASTS: u64 = 60_000_000;

/// Monotonic time since the start, wall time, and the local offset.
#[derive(Clone)]
pub(super) struct Clock {
    start: Instant,
    offset: i32,
    checked: Option<u64>,
}

impl Clock {
    /// Starts at zero.
    pub fn new() -> Self {
        Self { start: Instant::now(), offset: 0, checked: None }
    }

    /// Now.
    pub fn now(&mut self) -> Now {
        let mono = u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX);
        let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        if self.checked.is_none_or(|at| mono - at > OFFSET_LASTS) {
            self.offset = jiff::Zoned::now().offset().seconds();
            self.checked = Some(mono);
        }
        Now { mono: Mono(mono), wall: Wall(i64::try_from(wall.as_millis()).unwrap_or(0)), offset: self.offset }
    }

    /// The moment at which the monotonic clock will show this.
    pub fn instant(&self, at: Mono) -> tokio::time::Instant {
        (self.start + std::time::Duration::from_micros(at.0)).into()
    }
}
