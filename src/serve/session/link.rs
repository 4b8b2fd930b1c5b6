//! The byte stream under a session, in two halves, whatever carries it: a Unix stream to a relay, an SSH channel.

use std::future::Future;
use std::io;

use crate::words::Bye;

/// How long the links of the tests may take nothing before their session is ended; others know it from
/// `console.stalled`.
#[cfg(test)]
pub const STALLED: std::time::Duration = std::time::Duration::from_secs(30);

/// What leaves a terminal usable when whoever drew on it cannot say how: ends a string, a synchronized update, every
/// report, the scroll region, styles and the alternate screen. All of it does nothing where nothing was begun.
pub const RESET: &[u8] = b"\x1b\\\x1b[?2026l\x1b[?2004l\x1b[?1004l\x1b[?1006l\x1b[?1003l\x1b[?1002l\x1b[?1000l\x1b[r\
    \x1b[0m\x1b[0 q\x1b[?25h\x1b[?1049l";

/// What comes from the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// Keys, pastes, answers; cut anywhere.
    Bytes(Vec<u8>),
    /// Other columns and rows.
    Resize(u16, u16),
    /// Its program is stopped; nothing can be shown.
    Away,
    /// It goes on; what is on the screen is unknown.
    Back,
}

/// The reading half.
pub trait Keys: Send {
    /// The next; `None` when the terminal has gone. Nothing is lost when the future is dropped unfinished.
    fn next(&mut self) -> impl Future<Output = Option<Heard>> + Send;
}

/// The writing half.
pub trait Screen: Send + 'static {
    /// Whether [`Screen::suspend`] can be done.
    const SUSPENDS: bool;

    /// Shows bytes; done when the terminal has taken them all, as far as can be known.
    ///
    /// # Errors
    /// [`io::ErrorKind::TimedOut`] when it took nothing for too long; the link's own otherwise.
    fn show(&mut self, bytes: Vec<u8>) -> impl Future<Output = io::Result<()>> + Send;

    /// Shows the last bytes, then stops the terminal's program.
    ///
    /// # Errors
    /// As [`Screen::show`].
    fn suspend(&mut self, last: Vec<u8>) -> impl Future<Output = io::Result<()>> + Send;

    /// Hands the last bytes over, says why, and closes; waits for nothing that it need not wait for.
    ///
    /// # Errors
    /// The link's own.
    fn end(&mut self, last: Vec<u8>, bye: Bye) -> impl Future<Output = io::Result<()>> + Send;
}
