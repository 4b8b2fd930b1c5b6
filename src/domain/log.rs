//! Lines of the program's own log, as the files, the console and `ctl logs` show them. They never pass through the
//! engine.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Wall;

/// How much a line matters, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Something failed.
    Error,
    /// Something is not as it should be.
    Warn,
    /// Something happened.
    #[default]
    Info,
    /// For whoever looks for a fault.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    /// All of them, the worst first.
    pub const ALL: [Self; 5] = [Self::Error, Self::Warn, Self::Info, Self::Debug, Self::Trace];

    /// As it is written in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }

    /// One letter: colours alone tell nothing to whoever has none.
    pub fn letter(self) -> &'static str {
        match self {
            Self::Error => "E",
            Self::Warn => "W",
            Self::Info => "I",
            Self::Debug => "D",
            Self::Trace => "T",
        }
    }

    /// The level of that name, in letters of any size.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name().eq_ignore_ascii_case(name))
    }
}

/// One line. Its words are sanitised, free of known secrets and without a line break.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// Its number since the program began, from 1.
    pub seq: u64,
    /// When.
    pub at: Wall,
    /// How much it matters.
    pub level: LogLevel,
    /// The part of the program: `qqdeck::adapter::hub`.
    pub target: Box<str>,
    /// What: the sentence, then its fields.
    pub text: Box<str>,
}

impl LogLine {
    /// As it stands in a file, with the line's end. `time`: local, with its offset.
    pub fn written(&self, time: &str) -> String {
        let Self { target, text, .. } = self;
        format!("{time} {:<5} {target} {text}\n", self.level.name().to_ascii_uppercase())
    }
}

/// How the log itself does.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LogHealth {
    /// Lines that are in no file because they came faster than they could be written.
    pub dropped: u64,
    /// Lines that are in no file because the disk took them not.
    pub lost: u64,
    /// What the disk says now; `None`: it takes lines.
    pub trouble: Option<Arc<str>>,
}

/// What a reader of the log has not seen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogNews {
    /// Lines, oldest first.
    pub lines: Vec<Arc<LogLine>>,
    /// The number of the newest line there is.
    pub last: u64,
    /// So many came between what the reader has and these, and are at hand no more.
    pub skipped: u64,
    /// How the log does.
    pub health: LogHealth,
}
