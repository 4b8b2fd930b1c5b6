//! What the log says of itself: to those who watch, and on stderr; the files are what it is about.

use std::sync::Arc;

use super::lane::Lane;
use super::ring::Ring;
use crate::domain::{LogLevel, Wall};

/// Where such lines come from.
pub const TARGET: &str = "qqdeck::logs";

/// Says it everywhere but in the files.
#[derive(Debug, Clone)]
pub struct Voice {
    /// The newest lines.
    pub ring: Ring,
    /// Somebody reads stderr.
    pub stderr: Option<Arc<Lane>>,
}

impl Voice {
    /// Says it.
    pub fn say(&self, at: Wall, level: LogLevel, words: String) {
        let line = self.ring.push(at, level, TARGET.into(), words);
        if let Some(stderr) = &self.stderr {
            stderr.give(line);
        }
    }
}
