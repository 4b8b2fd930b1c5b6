//! What a console remembers of the log and the audit.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;

use super::Cursor;
use crate::domain::{Audit, LogHealth, LogLevel, LogLine, Mono};
use crate::words::{self, Lang};

/// Lines kept; older ones are in the files.
pub const LINES: usize = 2000;

/// The half of the view that has the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Half {
    /// What the program says.
    #[default]
    Log,
    /// Who did what.
    Audit,
}

/// How the audit is looked at: what the same keys do to the log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sift {
    /// Only rows that have this in them; `!` in front: that have it not.
    pub filter: String,
    /// Only what was refused.
    pub refused: bool,
    /// Long rows are broken, not cut.
    pub wrap: bool,
}

/// The view of log and audit.
#[derive(Debug, Clone, PartialEq)]
pub struct LogUi {
    /// What its lines are said in; the files are in English.
    pub lang: Lang,
    /// Who did what, newest first.
    pub audit: Vec<Audit>,
    /// The selected row of it.
    pub cursor: Cursor,
    /// As of when.
    pub asked: Option<Mono>,
    /// Which of its rows are shown, and how.
    pub sift: Sift,
    /// The half that has the keys.
    pub half: Half,
    /// The newest lines, oldest first.
    pub lines: VecDeque<Arc<LogLine>>,
    /// The number of the newest line that was told.
    pub last: u64,
    /// New lines are told.
    pub watched: bool,
    /// How the log itself does.
    pub health: LogHealth,
    /// Only lines that matter at least so much.
    pub level: LogLevel,
    /// Only lines that have this in them; `!` in front: that have it not.
    pub filter: String,
    /// Long lines are broken, not cut.
    pub wrap: bool,
    /// The selected line; `None` follows the newest.
    pub at: Option<u64>,
    /// The last line shown; `None`: the newest.
    pub bottom: Option<u64>,
}

impl LogUi {
    /// Nothing yet.
    pub fn new(lang: Lang) -> Self {
        Self {
            lang,
            audit: Vec::new(),
            cursor: Cursor::default(),
            asked: None,
            sift: Sift::default(),
            half: Half::Log,
            lines: VecDeque::new(),
            last: 0,
            watched: false,
            health: LogHealth::default(),
            level: LogLevel::Trace,
            filter: String::new(),
            wrap: false,
            at: None,
            bottom: None,
        }
    }

    /// What a line says, in the reader's language.
    pub fn said<'a>(&self, line: &'a LogLine) -> Cow<'a, str> {
        words::log_line(&line.text, self.lang).map_or(Cow::Borrowed(&*line.text), Cow::Owned)
    }

    /// The lines that pass level and filter, oldest first.
    pub fn shown(&self) -> Vec<&Arc<LogLine>> {
        let (not, wanted) = match self.filter.strip_prefix(['!', '！']) {
            Some(rest) => (true, rest),
            None => (false, self.filter.as_str()),
        };
        let wanted = wanted.to_lowercase();
        let within = |text: &str| text.to_lowercase().contains(&wanted);
        // Both as it is read here and as it stands in the file.
        let has = |line: &LogLine| within(&line.text) || within(&line.target) || within(&self.said(line));
        let fits = |line: &&Arc<LogLine>| line.level <= self.level && (wanted.is_empty() || has(line) != not);
        self.lines.iter().filter(fits).collect()
    }

    /// The place of a line among those shown, or of the first behind it.
    pub fn place(shown: &[&Arc<LogLine>], seq: Option<u64>) -> usize {
        let last = shown.len().saturating_sub(1);
        seq.map_or(last, |seq| shown.partition_point(|line| line.seq < seq).min(last))
    }

    /// Lines that came since one stopped following.
    pub fn fresh(&self, shown: &[&Arc<LogLine>]) -> usize {
        self.bottom.map_or(0, |seq| shown.len() - shown.partition_point(|line| line.seq <= seq))
    }

    /// Back to the newest.
    pub fn follow(&mut self) {
        (self.at, self.bottom) = (None, None);
    }
}
