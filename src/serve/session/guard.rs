//! A console whose panic ends its own session and nothing else.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::link::RESET;
use crate::console::{Console, Intent, News, Settings};
use crate::domain::{Mono, Now};

/// The console panicked; the log has where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Panicked;

/// A console, until it panics.
pub struct Guarded {
    console: Option<Console>,
    #[cfg(test)]
    fault: Option<&'static [u8]>,
}

impl Guarded {
    /// A new one.
    pub fn new(settings: Settings, now: Now) -> Self {
        let console = catch_unwind(AssertUnwindSafe(|| Console::new(settings, now))).ok();
        Self {
            console,
            #[cfg(test)]
            fault: None,
        }
    }

    /// Panics when these bytes are typed: for the test of what happens then.
    #[cfg(test)]
    pub fn with_fault(mut self, bytes: &'static [u8]) -> Self {
        self.fault = Some(bytes);
        self
    }

    /// What prepares the terminal.
    ///
    /// # Errors
    /// [`Panicked`].
    pub fn open(&mut self) -> Result<Vec<u8>, Panicked> {
        self.with(|console| console.open())
    }

    /// What gives the terminal back, whatever happened to the console.
    pub fn close(&mut self) -> Vec<u8> {
        self.with(|console| console.close()).unwrap_or_else(|Panicked| RESET.to_vec())
    }

    /// Tells news.
    ///
    /// # Errors
    /// [`Panicked`].
    pub fn tell(&mut self, news: News, now: Now) -> Result<Vec<Intent>, Panicked> {
        #[cfg(test)]
        let fault = self.fault;
        self.with(|console| {
            #[cfg(test)]
            assert!(!matches!(&news, News::Bytes(bytes) if Some(&bytes[..]) == fault), "as the test wants");
            console.tell(news, now)
        })
    }

    /// Draws.
    ///
    /// # Errors
    /// [`Panicked`].
    pub fn draw(&mut self, now: Now) -> Result<Vec<u8>, Panicked> {
        self.with(|console| console.draw(now))
    }

    /// Whether there is something to draw.
    ///
    /// # Errors
    /// [`Panicked`].
    pub fn wanted(&mut self) -> Result<bool, Panicked> {
        self.with(|console| console.wanted())
    }

    /// When it wants to be told the time.
    ///
    /// # Errors
    /// [`Panicked`].
    pub fn deadline(&mut self) -> Result<Option<Mono>, Panicked> {
        self.with(|console| console.deadline())
    }

    fn with<T>(&mut self, act: impl FnOnce(&mut Console) -> T) -> Result<T, Panicked> {
        let mut console = self.console.take().ok_or(Panicked)?;
        // What a panic left half done goes with the console; nobody looks at it again.
        let done = catch_unwind(AssertUnwindSafe(|| {
            let done = act(&mut console);
            (console, done)
        }));
        let (console, done) = done.map_err(|_| Panicked)?;
        self.console = Some(console);
        Ok(done)
    }
}
