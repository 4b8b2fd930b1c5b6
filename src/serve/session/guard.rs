//! A console whose panic ends its own session and nothing else.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::link::RESET;
use crate::console::{Console, Intent, News};
use crate::domain::{ChatRef, Mono, Now};

/// What a session runs: a [`Console`], or a script in the tests of the loop.
pub trait Drawing: Send {
    /// As [`Console::open`].
    fn open(&self) -> Vec<u8>;
    /// As [`Console::close`].
    fn close(&self) -> Vec<u8>;
    /// As [`Console::tell`].
    fn tell(&mut self, news: News, now: Now) -> Vec<Intent>;
    /// As [`Console::deadline`].
    fn deadline(&self) -> Option<Mono>;
    /// As [`Console::draw`].
    fn draw(&mut self, now: Now) -> Vec<u8>;
    /// As [`Console::wanted`].
    fn wanted(&self) -> bool;
    /// As [`Console::memory`].
    fn memory(&self) -> String;
    /// As [`Console::composing`].
    fn composing(&self) -> Option<ChatRef>;
}

impl Drawing for Console {
    fn open(&self) -> Vec<u8> {
        Self::open(self)
    }

    fn close(&self) -> Vec<u8> {
        Self::close(self)
    }

    fn tell(&mut self, news: News, now: Now) -> Vec<Intent> {
        Self::tell(self, news, now)
    }

    fn deadline(&self) -> Option<Mono> {
        Self::deadline(self)
    }

    fn draw(&mut self, now: Now) -> Vec<u8> {
        Self::draw(self, now)
    }

    fn wanted(&self) -> bool {
        Self::wanted(self)
    }

    fn memory(&self) -> String {
        Self::memory(self)
    }

    fn composing(&self) -> Option<ChatRef> {
        Self::composing(self)
    }
}

/// The console panicked; the log has where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Panicked;

/// A console, until it panics.
#[derive(Debug)]
pub struct Guarded<C> {
    console: Option<C>,
}

impl<C: Drawing> Guarded<C> {
    /// Makes one.
    pub fn new(make: impl FnOnce() -> C) -> Self {
        Self { console: catch_unwind(AssertUnwindSafe(make)).ok() }
    }

    /// Lets the console do something.
    ///
    /// # Errors
    /// [`Panicked`], now or before.
    pub fn with<T>(&mut self, act: impl FnOnce(&mut C) -> T) -> Result<T, Panicked> {
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

    /// What gives the terminal back, whatever happened to the console.
    pub fn close(&mut self) -> Vec<u8> {
        self.with(|console| console.close()).unwrap_or_else(|Panicked| RESET.to_vec())
    }
}
