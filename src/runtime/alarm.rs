//! The one timer of the runtime.

use std::pin::Pin;

use tokio::time::{Instant, Sleep, sleep_until};

/// One timer for all deadlines. It is set anew only where it would ring too late: every timer that becomes the
/// next one to ring wakes the thread, and there would be one for each input. So it may ring once for nothing.
pub(super) struct Alarm {
    sleep: Pin<Box<Sleep>>,
    set: bool,
}

impl Alarm {
    /// Rings never, before it is set.
    pub fn new() -> Self {
        Self { sleep: Box::pin(sleep_until(Instant::now())), set: false }
    }

    /// To ring then, or earlier.
    pub fn set(&mut self, at: Option<Instant>) {
        if let Some(at) = at
            && (!self.set || at < self.sleep.deadline())
        {
            self.sleep.as_mut().reset(at);
            self.set = true;
        }
    }

    /// Waits until it rings.
    pub async fn ring(&mut self) {
        if !self.set {
            std::future::pending::<()>().await;
        }
        self.sleep.as_mut().await;
        self.set = false;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_alarm_rings_at_the_earliest_time_that_it_was_set_to_and_then_no_more() {
        let begun = Instant::now();
        let after = |ms| Some(begun + Duration::from_millis(ms));
        let mut alarm = Alarm::new();
        for at in [after(50), None, after(20), after(90), None] {
            alarm.set(at);
        }
        alarm.ring().await;
        assert_eq!(begun.elapsed().as_millis(), 20);
        let silent = tokio::time::timeout(Duration::from_secs(3600), alarm.ring()).await;
        assert!(silent.is_err());
        alarm.set(after(5_000_000));
        alarm.ring().await;
        assert_eq!(begun.elapsed().as_millis(), 5_000_000);
    }
}
