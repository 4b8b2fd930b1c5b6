//! A text that an operator writes: a reply, a command, a filter.
//!
//! It knows nothing of keys, colours or the place on the screen; [`Layout`] says where its rows and its caret are.
//! The caret always stands between two graphemes.

use std::ops::Range;

use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation};

use super::Width;
use super::caret::Layout;
use super::history::{Edit, History};
use super::kinsoku::is_space;
use super::wrap::{Columns, whole};

/// The bytes that a text may have unless told otherwise.
pub const LIMIT: usize = 64 * 1024;

/// A text being written.
///
/// Movements and edits say whether they did something, so that the caller may give a key another meaning at the
/// text's edge (`Up` in the first row: the reply before).
#[derive(Debug, Clone, PartialEq)]
pub struct Composer {
    text: String,
    caret: usize,
    limit: usize,
    /// The column that a caret moving by rows strives for.
    goal: Option<usize>,
    history: History,
}

impl Default for Composer {
    fn default() -> Self {
        Self::new()
    }
}

impl Composer {
    /// Empty, of at most [`LIMIT`] bytes.
    pub fn new() -> Self {
        Self::with_limit(LIMIT)
    }

    /// Empty, of at most so many bytes.
    pub fn with_limit(limit: usize) -> Self {
        Self { text: String::new(), caret: 0, limit, goal: None, history: History::default() }
    }

    /// What is written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where the next character goes, in bytes.
    pub fn caret(&self) -> usize {
        self.caret
    }

    /// Whether nothing is written.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The rows of the text, from which [`Layout::caret`] tells the caret's place.
    pub fn layout(&self, cols: Columns, width: Width) -> Layout {
        Layout::new(&self.text, cols, width)
    }

    /// Another text, with the caret at its end and nothing to take back. Returns the bytes that were too many.
    pub fn set(&mut self, text: &str) -> usize {
        self.take();
        let rest = self.insert(text);
        self.history = History::default();
        rest
    }

    /// Hands the text over and is empty.
    pub fn take(&mut self) -> String {
        self.caret = 0;
        self.goal = None;
        self.history = History::default();
        std::mem::take(&mut self.text)
    }

    /// Puts a character at the caret. Returns the bytes that were too many: 0 or all of them.
    pub fn insert_char(&mut self, c: char) -> usize {
        self.insert(c.encode_utf8(&mut [0; 4]))
    }

    /// Puts a text at the caret and returns the bytes that were too many; it is cut at a grapheme then. Any
    /// newline becomes `\n`; other control characters but tabs are left out: what cannot be seen is not sent.
    pub fn insert(&mut self, text: &str) -> usize {
        let clean = clean(text);
        let room = self.limit.saturating_sub(self.text.len());
        let fits = whole(&clean, room);
        self.replace(self.caret..self.caret, &clean[..fits]);
        clean.len() - fits
    }

    /// Deletes the grapheme before the caret.
    pub fn delete_before(&mut self) -> bool {
        self.replace(self.before(self.caret)..self.caret, "")
    }

    /// Deletes the grapheme after the caret.
    pub fn delete_after(&mut self) -> bool {
        self.replace(self.caret..self.after(self.caret), "")
    }

    /// Deletes back to where [`Composer::word_left`] goes.
    pub fn delete_word(&mut self) -> bool {
        self.cut(self.word_before()..self.caret)
    }

    /// Deletes to the end of the line; there, the newline.
    pub fn kill_to_end(&mut self) -> bool {
        let end = self.line_end();
        self.cut(self.caret..if end == self.caret { self.after(end) } else { end })
    }

    /// Deletes back to the begin of the line; there, the newline before it.
    pub fn kill_to_start(&mut self) -> bool {
        let start = self.line_start();
        self.cut(if start == self.caret { self.before(start) } else { start }..self.caret)
    }

    /// Takes the last edit back; what was typed in one go is one edit.
    pub fn undo(&mut self) -> bool {
        let Some(edit) = self.history.pop() else { return false };
        self.text.replace_range(edit.at..edit.at + edit.inserted.len(), &edit.removed);
        self.caret = edit.caret;
        self.goal = None;
        true
    }

    /// One grapheme to the left.
    pub fn left(&mut self) -> bool {
        self.go(self.before(self.caret))
    }

    /// One grapheme to the right.
    pub fn right(&mut self) -> bool {
        self.go(self.after(self.caret))
    }

    /// To the begin of the word: a run of one script, for there is no dictionary to part Chinese words.
    pub fn word_left(&mut self) -> bool {
        self.go(self.word_before())
    }

    /// To the end of the word, in the same sense.
    pub fn word_right(&mut self) -> bool {
        let rest = &self.text[self.caret..];
        let len = run(rest.graphemes(true));
        self.go(self.caret + len)
    }

    /// To the begin of the line (between newlines, not the row on the screen).
    pub fn home(&mut self) -> bool {
        self.go(self.line_start())
    }

    /// To the end of the line.
    pub fn end(&mut self) -> bool {
        self.go(self.line_end())
    }

    /// To the begin of the text.
    pub fn first(&mut self) -> bool {
        self.go(0)
    }

    /// To the end of the text.
    pub fn last(&mut self) -> bool {
        self.go(self.text.len())
    }

    /// Puts the caret at a place in the text, or before the glyph that lies there.
    pub fn place(&mut self, offset: usize) -> bool {
        self.go(whole(&self.text, offset.min(self.text.len())))
    }

    /// One row up on the screen, in the column where the way began.
    pub fn up(&mut self, cols: Columns, width: Width) -> bool {
        self.by_row(cols, width, false)
    }

    /// One row down.
    pub fn down(&mut self, cols: Columns, width: Width) -> bool {
        self.by_row(cols, width, true)
    }

    fn by_row(&mut self, cols: Columns, width: Width, down: bool) -> bool {
        let layout = self.layout(cols, width);
        let (row, col) = layout.caret(&self.text, self.caret);
        let goal = self.goal.unwrap_or(col);
        let target = if down { Some(row + 1).filter(|row| *row < layout.rows().len()) } else { row.checked_sub(1) };
        let moved = target.is_some_and(|row| self.go(layout.offset(&self.text, row, goal)));
        self.goal = Some(goal);
        moved
    }

    fn go(&mut self, to: usize) -> bool {
        self.goal = None;
        self.history.close();
        std::mem::replace(&mut self.caret, to) != to
    }

    /// A deletion that is taken back by itself.
    fn cut(&mut self, range: Range<usize>) -> bool {
        self.history.close();
        let cut = self.replace(range, "");
        self.history.close();
        cut
    }

    fn replace(&mut self, range: Range<usize>, with: &str) -> bool {
        self.goal = None;
        if range.is_empty() && with.is_empty() {
            return false;
        }
        let removed = self.text[range.clone()].to_owned();
        self.text.replace_range(range.clone(), with);
        self.history.record(Edit { at: range.start, removed, inserted: with.to_owned(), caret: self.caret });
        self.caret = self.at_boundary(range.start + with.len());
        true
    }

    /// The next place between graphemes: an edit may have joined its neighbours into one (a letter and an accent).
    fn at_boundary(&self, at: usize) -> usize {
        match GraphemeCursor::new(at, self.text.len(), true).is_boundary(&self.text, 0) {
            Ok(true) => at,
            _ => self.after(at),
        }
    }

    fn before(&self, at: usize) -> usize {
        GraphemeCursor::new(at, self.text.len(), true).prev_boundary(&self.text, 0).ok().flatten().unwrap_or(0)
    }

    fn after(&self, at: usize) -> usize {
        let next = GraphemeCursor::new(at, self.text.len(), true).next_boundary(&self.text, 0);
        next.ok().flatten().unwrap_or(self.text.len())
    }

    fn word_before(&self) -> usize {
        self.caret - run(self.text[..self.caret].graphemes(true).rev())
    }

    fn line_start(&self) -> usize {
        self.text[..self.caret].rfind('\n').map_or(0, |at| at + 1)
    }

    fn line_end(&self) -> usize {
        self.text[self.caret..].find('\n').map_or(self.text.len(), |at| self.caret + at)
    }
}

/// The bytes of the blanks and the one word that come first.
fn run<'t>(graphemes: impl Iterator<Item = &'t str>) -> usize {
    let mut kind = Kind::Blank;
    let same = |g: &&str| {
        let found = Kind::of(g);
        if kind == Kind::Blank {
            kind = found;
        }
        kind == found
    };
    graphemes.take_while(same).map(str::len).sum()
}

/// What belongs together to a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Blank,
    Word,
    Han,
    Kana,
    Hangul,
    Mark,
}

impl Kind {
    fn of(grapheme: &str) -> Self {
        match grapheme.chars().next().unwrap_or(' ') {
            '\n' => Self::Blank,
            _ if is_space(grapheme) => Self::Blank,
            '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}' => Self::Han,
            '\u{3040}'..='\u{30ff}' => Self::Kana,
            '\u{ac00}'..='\u{d7a3}' | '\u{1100}'..='\u{11ff}' => Self::Hangul,
            c if c.is_alphanumeric() || c == '_' => Self::Word,
            _ => Self::Mark,
        }
    }
}

/// A text as it may stand in a composer.
fn clean(text: &str) -> String {
    let mut text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.retain(|c| matches!(c, '\n' | '\t') || !c.is_control());
    text
}

#[cfg(test)]
mod tests;
