//! Where the caret of a text being written stands, and back from there to the text.
//!
//! The input method of the operator's terminal draws at the hardware cursor, so this must be right in every case:
//! above all behind a line that is exactly full, where the next character will appear on the next row.

use unicode_segmentation::UnicodeSegmentation;

use super::Width;
use super::wrap::{Breaker, Columns, End, Line, Spaces};

/// A text being written, in rows.
///
/// Rows hold every byte but newlines: spaces take columns here (unlike in [`super::wrap()`]), and one that does not
/// fit begins the next row. Behind a paragraph whose last row is exactly full lies an empty row for the caret,
/// whether it is there or not, so that nothing jumps when it comes. Hence every place between two glyphs has exactly
/// one (row, column), and its column lies within the row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    rows: Vec<Line>,
    width: Width,
}

impl Layout {
    /// Lays out a text.
    pub fn new(text: &str, cols: Columns, width: Width) -> Self {
        let mut rows = Vec::new();
        for (row, end) in Breaker::new(text, cols, width, Spaces::Keep) {
            let full = row.width >= if rows.is_empty() { cols.first } else { cols.rest }.max(1);
            rows.push(row);
            if full && end != End::Full {
                rows.push(Line { start: row.end, end: row.end, width: 0 });
            }
        }
        Self { rows, width }
    }

    /// The rows, at least one.
    pub fn rows(&self) -> &[Line] {
        &self.rows
    }

    /// Row and column of a place in the text; one inside a glyph counts as the glyph's begin.
    pub fn caret(&self, text: &str, offset: usize) -> (usize, usize) {
        let after = self.rows.partition_point(|row| row.start <= offset);
        let row = after.saturating_sub(1);
        let Some(line) = self.rows.get(row) else { return (0, 0) };
        let glyphs = line.of(text).grapheme_indices(true);
        let col = glyphs
            .take_while(|(at, g)| line.start + at + g.len() <= offset)
            .map(|(_, g)| self.width.grapheme(g))
            .sum::<usize>();
        // Only before a mark without columns at the end of a row: seen, it is the begin of the next.
        let past = col > 0 && col >= line.width && self.goes_on(row);
        if past { (row + 1, 0) } else { (row, col) }
    }

    /// The place in the text at a row and a column: the begin of the glyph there, the row's end behind its text.
    /// Where the row goes on in the next, its end is that row's begin, so the place before its last glyph is
    /// taken. Behind the last row: the text's end.
    pub fn offset(&self, text: &str, row: usize, col: usize) -> usize {
        let Some(line) = self.rows.get(row) else { return text.len() };
        let mut left = col;
        let mut last = line.start;
        for (at, grapheme) in line.of(text).grapheme_indices(true) {
            let cols = self.width.grapheme(grapheme);
            last = line.start + at;
            if cols > left {
                return last;
            }
            left -= cols;
        }
        if self.goes_on(row) { last } else { line.end }
    }

    /// Whether a row's end is the next one's begin.
    fn goes_on(&self, row: usize) -> bool {
        let ends = self.rows.get(row).map(|row| row.end);
        self.rows.get(row + 1).is_some_and(|next| Some(next.start) == ends)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::console::text::wrap::tests::prose;

    const ONE: Width = Width::new(1);

    fn rows(text: &str, cols: usize) -> Vec<&str> {
        Layout::new(text, Columns::same(cols), ONE).rows.iter().map(|row| row.of(text)).collect()
    }

    #[test]
    fn behind_a_full_line_the_caret_is_on_the_next_row() {
        let layout = Layout::new("你好世界", Columns::same(8), ONE);
        assert_eq!(layout.caret("你好世界", 12), (1, 0));
        assert_eq!(layout.rows.len(), 2);
        assert_eq!(rows("你好\nab", 4), ["你好", "", "ab"], "also before a newline");
        assert_eq!(Layout::new("你好\nab", Columns::same(4), ONE).caret("你好\nab", 6), (1, 0));
        assert_eq!(Layout::new("你好\nab", Columns::same(4), ONE).caret("你好\nab", 7), (2, 0));
    }

    #[test]
    fn spaces_take_room_and_carry_the_caret() {
        assert_eq!(rows("ab  ", 3), ["ab ", " "]);
        assert_eq!(rows("abc def", 3), ["abc", " ", "def", ""]);
        let layout = Layout::new("ab ", Columns::same(9), ONE);
        assert_eq!(layout.caret("ab ", 3), (0, 3));
    }

    #[test]
    fn a_prompt_shortens_the_first_row() {
        let cols = Columns { first: 3, rest: 6 };
        let layout = Layout::new("你好世界", cols, ONE);
        assert_eq!(layout.caret("你好世界", 3), (1, 0));
        assert_eq!(layout.caret("你好世界", 12), (2, 0));
        let empty = Layout::new("", Columns::same(0), ONE);
        assert_eq!((empty.rows.len(), empty.caret("", 0)), (1, (0, 0)));
    }

    #[test]
    fn columns_lead_back_to_glyphs() {
        let text = "你好ab\n世";
        let layout = Layout::new(text, Columns::same(10), ONE);
        for (row, col, want) in
            [(0, 0, 0), (0, 1, 0), (0, 2, 3), (0, 5, 7), (0, 99, 8), (1, 0, 9), (1, 9, 12), (7, 0, 12)]
        {
            assert_eq!(layout.offset(text, row, col), want, "({row}, {col})");
        }
        let wrapped = Layout::new("你好世界", Columns::same(4), ONE);
        assert_eq!(wrapped.offset("你好世界", 0, 9), 3, "the end of row 0 is the begin of row 1");
    }

    proptest! {
        #[test]
        fn carets_go_there_and_back(text in prose(), first in 0usize..60, rest in 0usize..60, two: bool) {
            let width = Width::new(if two { 2 } else { 1 });
            let layout = Layout::new(&text, Columns { first, rest }, width);
            let mut before = None;
            for (at, glyph) in text.grapheme_indices(true).chain([(text.len(), "")]) {
                let (row, col) = layout.caret(&text, at);
                let allowed = if row == 0 { first } else { rest }.max(1);
                prop_assert!(col < allowed, "column {col} of {allowed}");
                let back = layout.offset(&text, row, col);
                prop_assert_eq!(layout.caret(&text, back), (row, col));
                let place = Some((row, col));
                prop_assert!(before <= place, "places only grow");
                // A glyph without columns shares its place with the next one.
                if before != place && !glyph.is_empty() && width.grapheme(glyph) > 0 {
                    prop_assert!(back <= at);
                }
                before = place;
            }
        }

        #[test]
        fn any_row_and_column_leads_to_a_glyph(text in any::<String>(), cols in 0usize..200, row in 0usize..9, col in 0usize..200) {
            let layout = Layout::new(&text, Columns::same(cols), ONE);
            let at = layout.offset(&text, row, col);
            prop_assert!(at == text.len() || text.grapheme_indices(true).any(|(i, _)| i == at));
            let _ = layout.caret(&text, col);
        }

        #[test]
        fn rows_hold_every_byte_but_newlines(text in prose(), cols in 0usize..60) {
            let layout = Layout::new(&text, Columns::same(cols), ONE);
            let kept: String = layout.rows.iter().map(|row| row.of(&text)).collect();
            let without: String = text.graphemes(true).filter(|g| !matches!(*g, "\n" | "\r\n")).collect();
            prop_assert_eq!(kept, without);
        }
    }
}
