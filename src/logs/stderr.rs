//! The log on stderr, for people and for systemd. Where stderr is the journal, the line begins with its priority and
//! has no time: the journal has both, and twice is once too often.

use std::io::{self, Write};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::lane::Sink;
use crate::domain::{LogLevel, LogLine};

/// Writes to stderr.
#[derive(Debug)]
pub struct Stderr {
    journal: bool,
    zone: TimeZone,
}

impl Stderr {
    /// As the environment says.
    pub fn new(zone: TimeZone) -> Self {
        let named = std::env::var("JOURNAL_STREAM").unwrap_or_default();
        let ours = rustix::fs::fstat(io::stderr()).map(|found| format!("{}:{}", found.st_dev, found.st_ino));
        Self { journal: ours.is_ok_and(|ours| ours == named), zone }
    }

    fn line(&self, line: &LogLine, out: &mut Vec<u8>) {
        if self.journal {
            // sd-daemon(3).
            let priority = match line.level {
                LogLevel::Error => 3,
                LogLevel::Warn => 4,
                LogLevel::Info => 6,
                LogLevel::Debug | LogLevel::Trace => 7,
            };
            out.extend_from_slice(format!("<{priority}>{}: {}\n", line.target, line.text).as_bytes());
        } else {
            let at = Timestamp::from_millisecond(line.at.0).unwrap_or(Timestamp::UNIX_EPOCH);
            let time = at.to_zoned(self.zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string();
            out.extend_from_slice(line.written(&time).as_bytes());
        }
    }
}

impl Sink for Stderr {
    fn write(&mut self, lines: &[Arc<LogLine>], dropped: u64) {
        let mut bytes = Vec::new();
        lines.iter().for_each(|line| self.line(line, &mut bytes));
        if dropped > 0 {
            bytes.extend_from_slice(format!("({dropped} lines of the log are missing here)\n").as_bytes());
        }
        // Nobody is left to complain to.
        let _ = io::stderr().lock().write_all(&bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Wall;

    #[test]
    fn the_journal_gets_its_priority_and_others_the_time() {
        let (level, target, text) = (LogLevel::Warn, "qqdeck::x".into(), "hi n=1".into());
        let line = LogLine { seq: 1, at: Wall(1_763_738_060_123), level, target, text };
        let written = |journal| {
            let mut out = Vec::new();
            Stderr { journal, zone: TimeZone::fixed(jiff::tz::offset(8)) }.line(&line, &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(written(true), "<4>qqdeck::x: hi n=1\n");
        assert_eq!(written(false), "2025-11-21T23:14:20.123+08:00 WARN  qqdeck::x hi n=1\n");
    }
}
