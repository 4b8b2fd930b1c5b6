//! The thread that samples: often while somebody looks, seldom otherwise.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::gpu::Cards;
use super::host;
use super::pretended::Pretended;
use crate::config::Telemetry;
use crate::domain::{Gauges, NoGpu};

/// How often is sampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// While somebody looks.
    pub interval: Duration,
    /// While nobody does.
    pub idle_interval: Duration,
    /// Somebody looks.
    pub watched: bool,
}

impl Pace {
    /// As configured, with nobody looking.
    pub fn new(config: &Telemetry) -> Self {
        Self { interval: config.interval, idle_interval: config.idle_interval, watched: false }
    }

    fn pause(&self) -> Duration {
        if self.watched { self.interval } else { self.idle_interval }
    }
}

#[derive(Debug)]
struct Shared {
    pace: Mutex<(Pace, bool)>,
    changed: Condvar,
}

/// A running sampler. Ends when it is dropped; a driver that never answers is left behind.
///
/// Its pace's law: the latest wins.
#[derive(Debug)]
pub struct Sampler {
    shared: Arc<Shared>,
    pace: Pace,
}

impl Sampler {
    /// Starts to sample: at once, then by the pace. `tell` is given each sample and must not block; it says whether
    /// anybody still listens. `data`: the directory whose disk is watched.
    ///
    /// # Errors
    /// When there can be no more threads.
    pub fn start(
        pace: Pace,
        data: &Path,
        pretended: Option<Pretended>,
        tell: impl FnMut(Gauges) -> bool + Send + 'static,
    ) -> std::io::Result<Self> {
        let shared = Arc::new(Shared { pace: Mutex::new((pace, false)), changed: Condvar::new() });
        let eye = Eye::new(data.to_owned(), pretended);
        let of_thread = Arc::clone(&shared);
        std::thread::Builder::new().name("telemetry".into()).spawn(move || live(&of_thread, eye, tell))?;
        Ok(Self { shared, pace })
    }

    /// Somebody looks, or nobody does any more. Cheap where that is known already.
    pub fn watched(&mut self, watched: bool) {
        if self.pace.watched != watched {
            self.pace.watched = watched;
            self.hand_over(false);
        }
    }

    /// Another pace, from now on.
    pub fn configure(&mut self, config: &Telemetry) {
        self.pace = Pace { watched: self.pace.watched, ..Pace::new(config) };
        self.hand_over(false);
    }

    fn hand_over(&self, over: bool) {
        *self.shared.pace.lock().unwrap_or_else(PoisonError::into_inner) = (self.pace, over);
        self.shared.changed.notify_one();
    }
}

impl Drop for Sampler {
    fn drop(&mut self) {
        self.hand_over(true);
    }
}

fn live(shared: &Shared, mut eye: Eye, mut tell: impl FnMut(Gauges) -> bool) {
    loop {
        let begun = Instant::now();
        if !tell(eye.look(begun)) || !wait(shared, begun) {
            return;
        }
    }
}

/// Waits until the next sample is due, by a pace that may change meanwhile; `false`: it is over.
fn wait(shared: &Shared, since: Instant) -> bool {
    let mut pace = shared.pace.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        if pace.1 {
            return false;
        }
        let left = (since + pace.0.pause()).saturating_duration_since(Instant::now());
        if left.is_zero() {
            return true;
        }
        pace = shared.changed.wait_timeout(pace, left).unwrap_or_else(PoisonError::into_inner).0;
    }
}

/// What looks.
struct Eye {
    host: host::Reader,
    cards: Cards,
    pretended: Option<Pretended>,
    begun: Instant,
}

impl Eye {
    fn new(data: PathBuf, pretended: Option<Pretended>) -> Self {
        Self { host: host::Reader::new(data), cards: Cards::real(), pretended, begun: Instant::now() }
    }

    fn look(&mut self, now: Instant) -> Gauges {
        let host = self.host.read();
        let (gpus, no_gpu): (_, Option<NoGpu>) = match &self.pretended {
            Some(pretended) => pretended.at(now.duration_since(self.begun)),
            None => self.cards.read(now),
        };
        Gauges { gpus, no_gpu, host, simulated: self.pretended.is_some() }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const HOURS: Duration = Duration::from_secs(9 * 3600);

    fn start(pace: Pace) -> (Sampler, mpsc::Receiver<Gauges>) {
        let (lane, samples) = mpsc::channel();
        let sampler = Sampler::start(pace, Path::new("/"), Some(Pretended::Moving), move |g| lane.send(g).is_ok());
        (sampler.unwrap(), samples)
    }

    #[test]
    fn whoever_comes_to_look_gets_a_sample_though_the_next_was_far_away() {
        let pace = Pace { interval: Duration::from_millis(1), idle_interval: HOURS, watched: false };
        let (mut sampler, samples) = start(pace);
        assert!(samples.recv().unwrap().simulated, "the first comes at once");
        assert!(samples.try_recv().is_err());
        sampler.watched(true);
        for _ in 0..3 {
            samples.recv().unwrap();
        }
    }

    #[test]
    fn another_pace_holds_at_once_and_a_dropped_sampler_ends() {
        let pace = Pace { interval: HOURS, idle_interval: HOURS, watched: true };
        let (mut sampler, samples) = start(pace);
        samples.recv().unwrap();
        sampler.configure(&Telemetry { interval: Duration::from_millis(1), idle_interval: HOURS });
        samples.recv().unwrap();
        samples.recv().unwrap();
        drop(sampler);
        // The thread lets go of its end.
        while samples.recv().is_ok() {}
    }

    #[test]
    fn nobody_listens_any_more() {
        let pace = Pace { interval: HOURS, idle_interval: HOURS, watched: true };
        let (told, tells) = mpsc::channel();
        let _sampler = Sampler::start(pace, Path::new("/"), None, move |_| {
            told.send(()).unwrap();
            false
        });
        tells.recv().unwrap();
        assert!(tells.recv().is_err(), "the thread is gone with what it told by");
    }
}
