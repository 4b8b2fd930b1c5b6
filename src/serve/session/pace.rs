//! How often a session draws: as often as eyes can use on a quick link, and less the longer a frame takes to be
//! taken. What an operator did is answered at once.

use std::time::Duration;

use tokio::time::Instant;

/// Between two frames on this machine: 60 Hz.
const NEAR: Duration = Duration::from_micros(16_600);
/// Between two frames over a network: nine a second, and with what keys and gauges add not more than ten.
const FAR: Duration = Duration::from_millis(110);
/// Between two frames that answer keys: a paste is not a frame a byte.
const KEYS: Duration = Duration::from_millis(4);
/// However slow the link, it sees the newest once a second (or as soon as the last frame has been taken).
const LONGEST: Duration = Duration::from_secs(1);

/// The pace of one session.
#[derive(Debug)]
pub struct Pace {
    floor: Duration,
    /// What a frame takes to be taken, smoothed.
    takes: Duration,
    drawn: Option<Instant>,
    /// The last frame that an operator waited for.
    answered: Option<Instant>,
    /// An operator waits for an answer.
    urgent: bool,
}

impl Pace {
    /// The pace of a terminal on this machine, or of one behind a network.
    pub fn new(remote: bool) -> Self {
        Self {
            floor: if remote { FAR } else { NEAR },
            takes: Duration::ZERO,
            drawn: None,
            answered: None,
            urgent: false,
        }
    }

    /// Somebody waits: the next frame is due at once.
    pub fn hurry(&mut self) {
        self.urgent = true;
    }

    /// When the next frame may be drawn; `None`: now.
    pub fn due(&self, now: Instant) -> Option<Instant> {
        let (last, gap) = if self.urgent { (self.answered, KEYS) } else { (self.drawn, self.gap()) };
        last.map(|at| at + gap).filter(|at| *at > now)
    }

    /// A frame was drawn.
    pub fn drew(&mut self, now: Instant) {
        self.drawn = Some(now);
        if std::mem::take(&mut self.urgent) {
            self.answered = Some(now);
        }
    }

    /// A frame was taken after so long.
    pub fn taken(&mut self, after: Duration) {
        self.takes = if self.takes.is_zero() { after } else { (self.takes * 3 + after) / 4 };
    }

    /// Twice what a frame takes, so that the link is free half of the time for what operators do.
    fn gap(&self) -> Duration {
        (self.takes * 2).clamp(self.floor, LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gap(pace: &Pace, at: Instant) -> Duration {
        pace.due(at).map_or(Duration::ZERO, |due| due - at)
    }

    #[test]
    fn a_quick_link_is_drawn_at_60_hz_and_a_slow_one_less_and_less_often() {
        let now = Instant::now();
        let mut pace = Pace::new(false);
        assert_eq!(pace.due(now), None, "the first at once");
        pace.drew(now);
        assert_eq!(gap(&pace, now), NEAR);
        pace.taken(Duration::from_millis(200));
        assert_eq!(gap(&pace, now), Duration::from_millis(400));
        pace.taken(Duration::from_secs(60));
        assert_eq!(gap(&pace, now), LONGEST);
        let mut far = Pace::new(true);
        far.drew(now);
        assert_eq!(gap(&far, now), FAR);
    }

    #[test]
    fn keys_do_not_wait_and_yet_a_paste_is_no_flood() {
        let now = Instant::now();
        let mut pace = Pace::new(true);
        pace.drew(now);
        pace.hurry();
        assert_eq!(pace.due(now), None, "whatever was drawn just before");
        pace.drew(now);
        pace.hurry();
        assert_eq!(gap(&pace, now), KEYS);
    }
}
