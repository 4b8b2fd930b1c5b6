//! The last moment of notifications: what is on its way when everything else has ended may still arrive.

use std::time::Duration;

use tokio::time::Instant;

use super::driver::{Driver, Lanes, Stop};
use super::inbox::Told;
use crate::flow::Input;
use crate::notify::{Notifiers, Pace};

/// The longest moment. One try takes as long.
const MOMENT: Duration = Duration::from_secs(5);

/// How long is waited: what is left of the grace, a moment at most.
fn moment(stop: Stop, ends_by: Option<Instant>, now: Instant) -> Duration {
    match stop {
        Stop::AtOnce => Duration::ZERO,
        _ => ends_by.map_or(MOMENT, |by| by.saturating_duration_since(now)).min(MOMENT),
    }
}

impl Driver {
    /// Waits for notifications that are under way, within the grace of stopping and no longer than a moment; then
    /// ends what is left. A second signal ends it at once. Tells how many arrived.
    pub async fn farewell(&mut self, lanes: &mut Lanes) -> usize {
        let mut arrived = 0;
        let moment = moment(self.stop, self.ends_by, Instant::now());
        let nobody = Notifiers::new(self.inbox.lane().clone(), Pace::default());
        let mut finishing = std::pin::pin!(std::mem::replace(&mut self.notifiers, nobody).finish(moment));
        loop {
            tokio::select! {
                biased;
                Some(told) = lanes.told.recv() => match told {
                    Told::Notified(id, end) => {
                        arrived += usize::from(end.is_ok());
                        self.feed(Input::Notified(id, end));
                    }
                    Told::Terminate => {
                        self.stop = Stop::AtOnce;
                        return arrived;
                    }
                    // The engine has stopped: nothing else means anything to it.
                    _ => {}
                },
                () = &mut finishing => break,
            }
        }
        while let Ok(told) = lanes.told.try_recv() {
            if let Told::Notified(id, end) = told {
                arrived += usize::from(end.is_ok());
                self.feed(Input::Notified(id, end));
            }
        }
        arrived
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_moment_lies_within_the_grace() {
        let now = Instant::now();
        let left = |seconds| moment(Stop::Finished, Some(now + Duration::from_secs(seconds)), now).as_secs();
        assert_eq!([left(0), left(3), left(60)], [0, 3, 5]);
        assert_eq!(moment(Stop::Finished, None, now), MOMENT, "stopped by a command");
        assert_eq!(moment(Stop::Finished, Some(now), now + MOMENT), Duration::ZERO);
        assert_eq!(moment(Stop::AtOnce, None, now), Duration::ZERO);
    }
}
