//! A text in lines, as ranges of the source: nothing is copied and a line can be drawn without the ones before it.

use std::ops::Range;

use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation};

use super::Width;
use super::kinsoku::{Gap, gap, is_newline, is_space};

/// The columns that lines may have. The first differs where a name or a prompt stands before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Columns {
    /// Of the first line.
    pub first: usize,
    /// Of every other line. Zero counts as one.
    pub rest: usize,
}

impl Columns {
    /// The same for all lines.
    pub const fn same(cols: usize) -> Self {
        Self { first: cols, rest: cols }
    }
}

/// One line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Line {
    /// Where it begins in the source, in bytes.
    pub start: usize,
    /// Where it ends; the spaces and the newline behind it are left out.
    pub end: usize,
    /// Its columns. More than allowed only when it is a single glyph that is wider than the line; whoever draws
    /// cuts it then.
    pub width: usize,
}

impl Line {
    /// Its place in the source.
    pub const fn range(self) -> Range<usize> {
        self.start..self.end
    }

    /// Its text.
    pub fn of(self, text: &str) -> &str {
        text.get(self.range()).unwrap_or_default()
    }
}

/// A text in lines.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wrapped {
    /// At least one, also of an empty text.
    pub lines: Vec<Line>,
    /// Bytes that are left out because the text was longer than the cap; [`super::figures::more`] says it.
    pub rest: usize,
}

/// Breaks the first `cap` bytes of a text into lines.
///
/// Newlines are kept (one at the very end opens an empty line), spaces at the end of a line are dropped, those at
/// the begin of a paragraph kept. Lines break between Chinese characters and after spaces, with no `，` at a line's
/// begin and no `（` at its end where the line has any other place to break; a word longer than a line is cut. The
/// first line stays empty where not even the first glyph fits in it but fits in the others.
pub fn wrap(text: &str, cols: Columns, width: Width, cap: usize) -> Wrapped {
    let shown = capped(text, cap);
    Wrapped { lines: lines(shown, cols, width).collect(), rest: text.len() - shown.len() }
}

/// The lines of [`wrap()`] one by one, for whoever needs only the first few. No cap.
pub fn lines(text: &str, cols: Columns, width: Width) -> impl Iterator<Item = Line> {
    Breaker::new(text, cols, width, Spaces::Drop).map(|(line, _)| line)
}

/// The longest beginning of at most `cap` bytes that ends at a grapheme; at a character should the first grapheme
/// alone be longer, because a cap must hold.
fn capped(text: &str, cap: usize) -> &str {
    match whole(text, cap) {
        0 => &text[..text.floor_char_boundary(cap)],
        at => &text[..at],
    }
}

/// The last end of a grapheme within the first `cap` bytes.
pub(super) fn whole(text: &str, cap: usize) -> usize {
    let at = text.floor_char_boundary(cap);
    let mut cursor = GraphemeCursor::new(at, text.len(), true);
    match cursor.is_boundary(text, 0) {
        Ok(true) => at,
        _ => cursor.prev_boundary(text, 0).ok().flatten().unwrap_or(0),
    }
}

/// What becomes of spaces at the end of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spaces {
    /// They never need room and are left out.
    Drop,
    /// They take columns like letters, so that a caret can stand between them; one that does not fit begins
    /// the next line.
    Keep,
}

/// Why a line ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// It was full.
    Full,
    /// A newline.
    Newline,
    /// The text was over.
    Text,
}

/// Takes a text apart line by line.
///
/// A line is scanned from its start until something does not fit, and broken at the last place that was good.
/// The next one starts scanning there, so that at most one line is looked at twice.
pub(super) struct Breaker<'t> {
    text: &'t str,
    cols: Columns,
    width: Width,
    spaces: Spaces,
    /// Where the next line begins; `None` after the last.
    at: Option<usize>,
    first: bool,
}

/// A place to break: how far the line reaches and where the next begins.
#[derive(Clone, Copy)]
struct Break {
    end: usize,
    width: usize,
    next: usize,
}

impl<'t> Breaker<'t> {
    pub(super) fn new(text: &'t str, cols: Columns, width: Width, spaces: Spaces) -> Self {
        let cols = Columns { first: cols.first, rest: cols.rest.max(1) };
        Self { text, cols, width, spaces, at: Some(0), first: true }
    }

    /// Whether the first line is to stay empty.
    fn first_is_too_narrow(&self) -> bool {
        let mut glyphs = self.text.graphemes(true).take_while(|g| !is_newline(g)).map(|g| self.width.grapheme(g));
        self.cols.first.max(1) < self.cols.rest && glyphs.find(|w| *w > 0).is_some_and(|w| w > self.cols.first)
    }

    /// The line that begins at `start`, where the next begins and why it ended.
    fn line(&self, start: usize, cols: usize) -> (Line, usize, End) {
        let mut used = 0; // columns so far
        let mut ink = Break { end: start, width: 0, next: start }; // up to the last thing that is kept
        let mut free: Option<Break> = None;
        let mut word: Option<Break> = None;
        let mut before = "";
        for (offset, grapheme) in self.text[start..].grapheme_indices(true) {
            let at = start + offset;
            if is_newline(grapheme) {
                return (line(start, ink), at + grapheme.len(), End::Newline);
            }
            let here = Break { next: at, ..ink };
            let space = is_space(grapheme);
            let inked = ink.end > start;
            if inked && !space {
                match gap(before, grapheme) {
                    Gap::Free => free = Some(here),
                    Gap::Word => word = Some(here),
                    Gap::Never => {}
                }
            }
            let cols_of = self.width.grapheme(grapheme);
            // A mark without columns stays with its glyph, unless spaces that need no room lie between.
            let takes = cols_of > 0 || ink.width < used;
            let dropped = space && self.spaces == Spaces::Drop;
            if used > 0 && takes && used + cols_of > cols && !dropped {
                let at = if space { here } else { free.or(word).unwrap_or(here) };
                return (line(start, at), at.next, End::Full);
            }
            used += cols_of;
            if !space || self.spaces == Spaces::Keep {
                let end = at + grapheme.len();
                ink = Break { end, width: used, next: end };
            }
            before = grapheme;
        }
        (line(start, ink), self.text.len(), End::Text)
    }
}

impl Iterator for Breaker<'_> {
    type Item = (Line, End);

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.at?;
        let cols = if self.first { self.cols.first } else { self.cols.rest };
        if std::mem::take(&mut self.first) && self.first_is_too_narrow() {
            return Some((Line { start, end: start, width: 0 }, End::Full));
        }
        let (line, next, end) = self.line(start, cols.max(1));
        self.at = (end != End::Text).then_some(next);
        Some((line, end))
    }
}

fn line(start: usize, to: Break) -> Line {
    Line { start, end: to.end, width: to.width }
}

#[cfg(test)]
pub(super) mod tests;
