//! What `logs.level` lets through: one level for everything, and others for parts of the program.

use super::IssueKind;
use super::issue::nearest;
use crate::domain::LogLevel;

/// Words that say a level.
const LEVELS: &[&str] = &["error", "warn", "info", "debug", "trace", "off"];
/// Parts of the program that log, as they are named behind `qqdeck::`. A test compares them with the map.
const ROOMS: &[&str] = &[
    "adapter",
    "cli",
    "config",
    "console",
    "domain",
    "engine",
    "flow",
    "logs",
    "notify",
    "provider",
    "runtime",
    "security",
    "serve",
    "simulator",
    "store",
    "telemetry",
    "verbs",
    "words",
];

/// `info,qqdeck::adapter=debug`. `None`: nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFilter {
    /// Of everything that has no level of its own.
    pub all: Option<LogLevel>,
    /// Of what begins so.
    pub parts: Vec<(String, Option<LogLevel>)>,
}

impl Default for LogFilter {
    fn default() -> Self {
        Self { all: Some(LogLevel::Info), parts: Vec::new() }
    }
}

impl LogFilter {
    /// Reads it. Without a level for everything that is `info`.
    ///
    /// # Errors
    /// The piece that cannot be read, with what was probably meant.
    pub fn parse(text: &str) -> Result<Self, IssueKind> {
        let mut filter = Self::default();
        for piece in text.split(',').map(str::trim) {
            match piece.split_once('=') {
                Some((target, level)) => filter.parts.push((part(target.trim())?, read(level.trim())?)),
                None => filter.all = read(piece)?,
            }
        }
        Ok(filter)
    }
}

fn read(word: &str) -> Result<Option<LogLevel>, IssueKind> {
    match LogLevel::parse(word) {
        None if !word.eq_ignore_ascii_case("off") => Err(not_a_word(word, LEVELS)),
        level => Ok(level),
    }
}

/// A path of Rust modules; of ours, one that exists.
fn part(target: &str) -> Result<String, IssueKind> {
    let named = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    if target.is_empty() || !target.chars().all(named) {
        return Err(not_a_word(target, LEVELS));
    }
    if let Some(room) = target.strip_prefix("qqdeck::").and_then(|rest| rest.split("::").next())
        && !ROOMS.contains(&room)
    {
        return Err(not_a_word(room, ROOMS));
    }
    Ok(target.to_owned())
}

fn not_a_word(text: &str, words: &'static [&'static str]) -> IssueKind {
    IssueKind::NotAWord { text: text.chars().take(80).collect(), words, nearest: nearest(text, words.iter().copied()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_for_all_and_for_parts() {
        let filter = |text: &str| LogFilter::parse(text);
        assert_eq!(filter("WARN"), Ok(LogFilter { all: Some(LogLevel::Warn), parts: vec![] }));
        let parts = vec![("qqdeck::adapter".to_owned(), Some(LogLevel::Debug)), ("hyper".to_owned(), None)];
        assert_eq!(filter("qqdeck::adapter=debug, hyper=off"), Ok(LogFilter { all: Some(LogLevel::Info), parts }));
        assert_eq!(filter("off").unwrap().all, None);
    }

    #[test]
    fn a_slip_is_told_with_what_was_meant() {
        for (text, wrong, meant) in [
            ("inof", "inof", Some("info")),
            ("info,qqdeck::adapter=debgu", "debgu", Some("debug")),
            ("info,qqdeck::adaptor=debug", "adaptor", Some("adapter")),
            ("verbose", "verbose", None),
            ("info,", "", None),
            ("[span]=info", "[span]", None),
        ] {
            match LogFilter::parse(text) {
                Err(IssueKind::NotAWord { text: t, nearest, .. }) => assert_eq!((t.as_str(), nearest), (wrong, meant)),
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn the_rooms_are_those_of_the_map() {
        let map = include_str!("../lib.rs");
        let mut rooms = map.lines().filter_map(|l| l.strip_prefix("pub mod ")?.strip_suffix(';'));
        assert!(rooms.all(|room| ROOMS.contains(&room)));
    }
}
