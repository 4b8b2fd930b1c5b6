//! Text in columns: how wide it is, how it is cut, padded, wrapped and edited.
//!
//! Everything goes by grapheme: a glyph is drawn whole or not at all. How wide a glyph is depends on the terminal:
//! `…`, `★`, `●`, `“` and the lines of tables take one column in most of them and two in many Chinese ones, so
//! the operator's answer travels as a [`Width`] to whoever measures.
//!
//! * [`Width`] measures, truncates and pads one line.
//! * [`wrap()`] breaks a text into lines by the Chinese rules of what may not begin or end one.
//! * [`Layout`] does so for a text being written, where spaces count and the caret has a place.
//! * [`Composer`] is that text.
//! * [`sparkline`] and [`bar`] draw numbers, [`figures`] says them.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

mod caret;
mod composer;
pub mod figures;
mod graph;
mod history;
mod kinsoku;
mod wrap;

pub use caret::Layout;
pub use composer::{Composer, LIMIT};

pub use graph::{Scale, bar, range, sparkline};
pub use wrap::{Columns, Line, Wrapped, lines, wrap};

/// How wide an operator's terminal draws, and whether it draws more than ASCII.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Width {
    wide: bool,
    ascii: bool,
}

impl Width {
    /// For a terminal that gives ambiguous characters this many columns: two when told 2, else one.
    pub const fn new(ambiguous: u8) -> Self {
        Self { wide: ambiguous == 2, ascii: false }
    }

    /// The same, for marks of our own (ellipses, graphs) in ASCII only. What people wrote stays as it is.
    pub const fn with_ascii(self, ascii: bool) -> Self {
        Self { wide: self.wide, ascii }
    }

    /// Whether our own marks are ASCII only.
    pub const fn is_ascii(self) -> bool {
        self.ascii
    }

    /// The columns of an ambiguous character, 1 or 2.
    pub const fn ambiguous(self) -> usize {
        if self.wide { 2 } else { 1 }
    }

    /// The columns of one grapheme. A tab is one; other control characters have none, the screen drops them.
    pub fn grapheme(self, grapheme: &str) -> usize {
        match grapheme.as_bytes() {
            [b'\t'] | [b' '..=b'~'] => 1,
            _ if grapheme.starts_with(char::is_control) => 0,
            _ if self.wide => grapheme.width_cjk(),
            _ => grapheme.width(),
        }
    }

    /// The columns of a text on one line.
    pub fn of(self, text: &str) -> usize {
        text.graphemes(true).map(|g| self.grapheme(g)).sum()
    }

    /// The longest beginning that fits, and its columns.
    pub fn head(self, text: &str, cols: usize) -> (&str, usize) {
        let mut width = 0;
        for (at, grapheme) in text.grapheme_indices(true) {
            let next = width + self.grapheme(grapheme);
            if next > cols {
                return (&text[..at], width);
            }
            width = next;
        }
        (text, width)
    }

    /// The mark of something cut off: `…`, or `>` in ASCII.
    pub const fn ellipsis(self) -> &'static str {
        if self.ascii { ">" } else { "…" }
    }

    /// At most so many columns: a longer text is cut at a grapheme and ends in [`Width::ellipsis`] (in `>` where
    /// the ellipsis itself is too wide). Tabs and newlines become spaces, other control characters vanish.
    /// May be a column short where a wide glyph did not fit; [`Width::fit_left`] fills that.
    pub fn truncate(self, text: &str, cols: usize) -> Cow<'_, str> {
        self.cut(text, cols).0
    }

    /// Exactly so many columns, the text at the left.
    pub fn fit_left(self, text: &str, cols: usize) -> String {
        let (cut, width) = self.cut(text, cols);
        padded(&cut, 0, cols - width)
    }

    /// Exactly so many columns, the text at the right.
    pub fn fit_right(self, text: &str, cols: usize) -> String {
        let (cut, width) = self.cut(text, cols);
        padded(&cut, cols - width, 0)
    }

    /// Exactly so many columns, the text in the middle; an odd column goes to the right.
    pub fn fit_middle(self, text: &str, cols: usize) -> String {
        let (cut, width) = self.cut(text, cols);
        let left = (cols - width) / 2;
        padded(&cut, left, cols - width - left)
    }

    /// At least so many columns: spaces behind a shorter text, a longer one stays as it is.
    pub fn pad(self, text: &str, cols: usize) -> String {
        let text = plain(text);
        let width = self.of(&text);
        padded(&text, 0, cols.saturating_sub(width))
    }

    /// The truncated text and its columns; measures no further than the cut, however long the text is.
    fn cut(self, text: &str, cols: usize) -> (Cow<'_, str>, usize) {
        let text = plain(text);
        let (head, width) = self.head(&text, cols);
        if head.len() == text.len() {
            return (text, width);
        }
        let ellipsis = if self.of(self.ellipsis()) <= cols { self.ellipsis() } else { ">" };
        let mark = self.of(ellipsis);
        if mark > cols {
            return (Cow::Borrowed(""), 0);
        }
        let (head, width) = self.head(&text, cols - mark);
        (Cow::Owned(format!("{head}{ellipsis}")), width + mark)
    }
}

/// A text as it can stand on one line: tabs and newlines are spaces, other control characters are gone.
/// Lines of [`wrap()`] go through here on their way to the screen; their width stays the same.
pub fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for grapheme in text.graphemes(true) {
        match grapheme {
            "\t" | "\n" | "\r\n" => shown.push(' '),
            _ if grapheme.starts_with(char::is_control) => {}
            _ => shown.push_str(grapheme),
        }
    }
    Cow::Owned(shown)
}

fn padded(text: &str, left: usize, right: usize) -> String {
    let mut line = String::with_capacity(left + text.len() + right);
    line.extend(std::iter::repeat_n(' ', left));
    line.push_str(text);
    line.extend(std::iter::repeat_n(' ', right));
    line
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ONE: Width = Width::new(1);
    const TWO: Width = Width::new(2);

    #[test]
    fn ambiguous_characters_are_as_wide_as_the_operator_says() {
        for (text, one, two) in
            [("…", 1, 2), ("★", 1, 2), ("●", 1, 2), ("“”", 2, 4), ("·", 1, 2), ("─│", 2, 4), ("好", 2, 2), ("a", 1, 1)]
        {
            assert_eq!(ONE.of(text), one, "{text}");
            assert_eq!(TWO.of(text), two, "{text}");
        }
    }

    #[test]
    fn graphemes_are_measured_whole() {
        for (text, cols) in
            [("👨‍👩‍👧", 2), ("e\u{301}", 1), ("🇨🇳", 2), ("❤\u{fe0f}", 2), ("\u{1b}", 0), ("\t", 1), ("\u{200b}", 0)]
        {
            assert_eq!(ONE.of(text), cols, "{text:?}");
        }
    }

    #[test]
    fn a_cut_never_splits_a_glyph() {
        assert_eq!(ONE.truncate("你好世界", 8), "你好世界");
        assert_eq!(ONE.truncate("你好世界", 7), "你好世…");
        assert_eq!(ONE.truncate("你好世界", 6), "你好…", "a column stays free");
        assert_eq!(ONE.fit_left("你好世界", 6), "你好… ");
        assert_eq!(TWO.truncate("你好世界", 7), "你好…");
        assert_eq!(ONE.with_ascii(true).truncate("你好世界", 7), "你好世>");
        assert_eq!(ONE.truncate("你好", 1), "…");
        assert_eq!(TWO.truncate("你好", 1), ">", "the ellipsis does not fit");
        assert_eq!(ONE.truncate("你好", 0), "");
        assert_eq!(ONE.truncate("家👨‍👩‍👧x", 4), "家…");
        assert_eq!(ONE.truncate("a\tb\nc\u{1b}", 9), "a b c");
    }

    #[test]
    fn text_is_set_left_right_and_in_the_middle() {
        assert_eq!(ONE.fit_left("你好", 7), "你好   ");
        assert_eq!(ONE.fit_right("你好", 7), "   你好");
        assert_eq!(ONE.fit_middle("你好", 7), " 你好  ");
        assert_eq!(ONE.pad("你好", 3), "你好");
        assert_eq!(ONE.pad("你好", 5), "你好 ");
    }

    proptest! {
        #[test]
        fn any_text_is_cut_and_fitted_exactly(text in any::<String>(), cols in 0usize..200, two: bool, ascii: bool) {
            let width = Width::new(if two { 2 } else { 1 }).with_ascii(ascii);
            prop_assert!(width.of(&width.truncate(&text, cols)) <= cols);
            // Not measured as a whole: a pad may join the text's first or last glyph, which keeps the sum.
            prop_assert_eq!(width.of(&width.fit_left(&text, cols)), cols);
            prop_assert_eq!(width.of(&width.fit_middle(&text, cols)), cols);
            prop_assert_eq!(width.of(&width.fit_right(&text, cols)), cols);
            prop_assert!(width.of(&width.pad(&text, cols)) >= cols);
            let (head, cut) = width.head(&text, cols);
            prop_assert_eq!(width.of(head), cut);
            prop_assert!(text.starts_with(head));
            prop_assert_eq!(width.of(&plain(&text)), width.of(&text.replace(['\n', '\r'], "")) + text.matches('\n').count());
        }
    }
}
