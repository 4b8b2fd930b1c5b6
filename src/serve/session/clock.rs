//! The time as a console is told it. Follows tokio's clock, so that tests can turn it.

use std::time::Duration;

use tokio::time::Instant;

use crate::domain::{Mono, Now, Wall};

/// How long an offset from UTC is trusted.
const OFFSET_LASTS: Duration = Duration::from_secs(60);

/// Monotonic time since the session began, wall time, and the local offset.
#[derive(Debug)]
pub struct Clock {
    start: Instant,
    offset: i32,
    checked: Option<Instant>,
}

impl Clock {
    /// Starts at zero.
    pub fn new() -> Self {
        Self { start: Instant::now(), offset: 0, checked: None }
    }

    /// Now.
    pub fn now(&mut self) -> Now {
        let instant = Instant::now();
        if self.checked.is_none_or(|at| instant - at > OFFSET_LASTS) {
            self.offset = jiff::Zoned::now().offset().seconds();
            self.checked = Some(instant);
        }
        let wall = Wall(jiff::Timestamp::now().as_millisecond());
        Now { mono: Mono(0) + (instant - self.start), wall, offset: self.offset }
    }

    /// The moment at which the monotonic clock will show this.
    pub fn instant(&self, at: Mono) -> Instant {
        self.start + at.since(Mono(0))
    }
}
