//! What the system tells a terminal's program.

use std::io;

use rustix::process::Signal as Number;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What a signal means to the relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// The terminal has other columns and rows.
    Resized,
    /// Stop until continued.
    Stop,
    /// Continued; the terminal may have been changed meanwhile.
    Continued,
    /// Leave: hang-up, termination.
    Leave,
}

/// The signals.
#[derive(Debug)]
pub struct Signals {
    resized: Signal,
    stop: Signal,
    continued: Signal,
    leave: [Signal; 4],
}

impl Signals {
    /// Listens from here on.
    ///
    /// # Errors
    /// When handlers cannot be installed.
    pub fn listen() -> io::Result<Self> {
        let raw = |number: Number| signal(SignalKind::from_raw(number.as_raw()));
        Ok(Self {
            resized: signal(SignalKind::window_change())?,
            stop: raw(Number::TSTP)?,
            continued: raw(Number::CONT)?,
            leave: [
                signal(SignalKind::hangup())?,
                signal(SignalKind::terminate())?,
                signal(SignalKind::interrupt())?,
                signal(SignalKind::quit())?,
            ],
        })
    }

    /// The next.
    pub async fn next(&mut self) -> Told {
        let [hangup, terminate, interrupt, quit] = &mut self.leave;
        tokio::select! {
            biased;
            _ = hangup.recv() => Told::Leave,
            _ = terminate.recv() => Told::Leave,
            _ = interrupt.recv() => Told::Leave,
            _ = quit.recv() => Told::Leave,
            _ = self.continued.recv() => Told::Continued,
            _ = self.stop.recv() => Told::Stop,
            _ = self.resized.recv() => Told::Resized,
        }
    }
}
