//! What the configuration says about the files of the log.

use crate::config::Logs;

/// The current file.
pub const CURRENT: &str = "qqdeck.log";

/// What the configuration says about files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Past days kept; 0: somebody else rotates.
    pub keep: u32,
    /// Compress past days.
    pub compress: bool,
    /// Mode of files.
    pub mode: u32,
    /// Bytes in all.
    pub max_total: u64,
}

impl From<&Logs> for Rules {
    fn from(logs: &Logs) -> Self {
        // Checked when it was read.
        let mode = u32::from_str_radix(&logs.mode, 8).unwrap_or(0o640);
        Self { keep: logs.keep, compress: logs.compress, mode, max_total: logs.max_total }
    }
}

impl Rules {
    /// When a file is full.
    pub(super) fn full(&self) -> u64 {
        if self.keep == 0 { u64::MAX } else { self.max_total / 8 }
    }
}
