//! A cell as the terminal will have it: nothing in it can be a control sequence, and how wide it is, and how far
//! that can be trusted, is settled.

use ratatui::buffer::{Cell, CellWidth};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthChar;

use super::color::Depth;
use super::pen::Pen;
use crate::console::text::Width;

/// Longest glyph in bytes. The longest emoji is a family with skin tones, 41.
const GLYPH_CAP: usize = 64;
/// Shown for what must not reach a terminal. A question mark, for U+FFFD is of ambiguous width.
const REFUSED: Glyph = Glyph::Char('?');

/// One cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tile {
    pub glyph: Glyph,
    pub pen: Pen,
    /// Cells; 0 in the shadow of a wide glyph.
    pub width: u8,
    /// Cells that the least agreeable terminal may paint.
    pub reach: u8,
}

/// What stands in a cell. Nearly always one character, which needs no memory of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Glyph {
    /// NUL stands for the rest of the wide glyph to the left; a variant of its own would add 8 bytes to a tile.
    Char(char),
    Long(Box<str>),
}

/// Whether terminals agree on how far a glyph moves the cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    /// They do.
    Sure,
    /// Lines, blocks: of ambiguous width, but a terminal that makes them wide breaks every full-screen program.
    /// So one move behind a whole row of them will do; a move behind each would cost nine times the line.
    Run,
    /// They do not: an absolute move follows.
    Doubtful,
}

impl Glyph {
    pub fn len(&self) -> usize {
        match self {
            Self::Char('\0') => 0,
            Self::Char(c) => c.len_utf8(),
            Self::Long(text) => text.len(),
        }
    }

    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Char('\0') => {}
            Self::Char(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            Self::Long(text) => out.extend_from_slice(text.as_bytes()),
        }
    }
}

impl Tile {
    /// A blank in the terminal's own colours: what erasing leaves.
    pub const BLANK: Tile = Tile { glyph: Glyph::Char(' '), pen: PLAIN, width: 1, reach: 1 };

    const SHADOW: Tile = Tile { glyph: Glyph::Char('\0'), pen: PLAIN, width: 0, reach: 0 };

    /// A number that differs where tiles differ, nearly always.
    pub fn digest(&self) -> u64 {
        let glyph = match &self.glyph {
            Glyph::Char(c) => u64::from(u32::from(*c)),
            Glyph::Long(text) => {
                text.bytes().fold(1, |hash: u64, byte| hash.wrapping_mul(31).wrapping_add(byte.into()))
            }
        };
        glyph ^ self.pen.digest().rotate_left(21)
    }

    pub fn is_blank(&self) -> bool {
        self.glyph == Glyph::Char(' ')
    }

    pub fn trust(&self) -> Trust {
        match self.glyph {
            Glyph::Char('\u{2500}'..='\u{259f}') => Trust::Run,
            _ if self.reach == self.width => Trust::Sure,
            _ => Trust::Doubtful,
        }
    }
}

const PLAIN: Pen = Pen {
    fg: super::color::Ink::Default,
    bg: super::color::Ink::Default,
    line: super::color::Ink::Default,
    modifier: ratatui::style::Modifier::empty(),
};

/// Appends the tiles of a row of cells.
///
/// A wide glyph of which something else covers a part is blanked, the cover stays (ratatui#2526: the left border
/// of a popup on the second half of a Chinese character). Covered is a shadow that holds a character, or a
/// background of its own: ratatui resets shadows when it writes a wide glyph, so neither comes from the glyph.
pub(super) fn row(cells: &[Cell], depth: Depth, columns: Width, tiles: &mut Vec<Tile>) {
    let mut x = 0;
    while let Some(cell) = cells.get(x) {
        let (mut glyph, mut width, mut reach) = glyph(cell.symbol(), columns);
        let covered = |shadow: &Cell| {
            !matches!(shadow.symbol(), " " | "") || shadow.bg != cell.bg && shadow.bg != ratatui::style::Color::Reset
        };
        if width > 1 && cells.get(x + 1..x + usize::from(width)).is_none_or(|rest| rest.iter().any(covered)) {
            (glyph, width, reach) = (Glyph::Char(' '), 1, 1);
        }
        let pen = Pen::of(cell, glyph == Glyph::Char(' '), depth);
        tiles.push(Tile { glyph, pen, width, reach });
        tiles.extend(std::iter::repeat_n(Tile::SHADOW, usize::from(width) - 1));
        x += usize::from(width);
    }
}

/// What is drawn for a cell's symbol, its width, and its reach.
fn glyph(symbol: &str, columns: Width) -> (Glyph, u8, u8) {
    let mut chars = symbol.chars();
    let (first, single) = match (chars.next(), chars.next()) {
        (Some(' '..='~'), None) | (None, _) => {
            return (Glyph::Char(symbol.chars().next().unwrap_or(' ')), 1, 1);
        }
        (Some(first), second) => (first, second.is_none()),
    };
    if symbol.chars().any(refused) {
        return (REFUSED, 1, 1);
    }
    let one = if single { symbol } else { symbol.graphemes(true).next().unwrap_or(symbol) };
    if one.len() > GLYPH_CAP {
        return (REFUSED, 1, 1);
    }
    // Where ambiguous characters are wide the panes gave them two cells, and so the terminal will.
    let width = if columns.ambiguous() > 1 { columns.grapheme(one) } else { one.cell_width().into() };
    let width = u8::try_from(width).unwrap_or(u8::MAX);
    if width == 0 {
        return (Glyph::Char(' '), 1, 1);
    }
    let reach = reach(one, first, width);
    let glyph = if one.len() == first.len_utf8() { Glyph::Char(first) } else { Glyph::Long(one.into()) };
    (glyph, width, reach)
}

/// Width where terminals agree, more where they may not.
///
/// They agree on ASCII, on narrow letters that no table calls ambiguous, and on Chinese, Japanese and Korean.
/// They do not on emoji (their tables are of different years), on whatever is made of several characters, on
/// the ambiguous ones (`…`, `·`, `●`, `“`).
fn reach(glyph: &str, first: char, width: u8) -> u8 {
    // The request for a coloured form makes a narrow picture wide.
    let most: usize = glyph.chars().map(|c| if c == '\u{fe0f}' { 1 } else { c.width_cjk().unwrap_or(0) }).sum();
    let single = glyph.len() == first.len_utf8();
    let agreed = single
        && most == usize::from(width)
        && match width {
            1 => true,
            _ => matches!(u32::from(first),
                0x1100..=0x115f | 0x2e80..=0xa4cf | 0xa960..=0xa97c | 0xac00..=0xd7a3 | 0xf900..=0xfaff
                | 0xfe30..=0xfe6f | 0xff01..=0xff60 | 0xffe0..=0xffe6 | 0x2_0000..=0x3_fffd),
        };
    if agreed { width } else { u8::try_from(most).unwrap_or(u8::MAX).max(width.saturating_add(1)) }
}

/// Characters that change the terminal or the order of what is around them. The sanitiser took them out long
/// before; this is the last door.
fn refused(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Width = Width::new(1);

    #[test]
    fn tiles_are_small() {
        assert!(size_of::<Tile>() <= 32, "{}", size_of::<Tile>());
    }

    #[test]
    fn glyphs_have_a_width_and_a_trust() {
        for (symbol, width, trust) in [
            ("a", 1, Trust::Sure),
            ("中", 2, Trust::Sure),
            ("，", 2, Trust::Sure),
            ("가", 2, Trust::Sure),
            ("─", 1, Trust::Run),
            ("▇", 1, Trust::Run),
            ("…", 1, Trust::Doubtful),
            ("●", 1, Trust::Doubtful),
            ("😀", 2, Trust::Doubtful),
            ("❤\u{fe0f}", 2, Trust::Doubtful),
            ("👨\u{200d}👩\u{200d}👧", 2, Trust::Doubtful),
            ("🇨🇳", 2, Trust::Doubtful),
            ("e\u{301}", 1, Trust::Doubtful),
            ("✓", 1, Trust::Sure),
        ] {
            let (glyph, found, reach) = glyph(symbol, ONE);
            let tile = Tile { glyph, pen: PLAIN, width: found, reach };
            assert_eq!((found, tile.trust()), (width, trust), "{symbol}");
            assert_eq!(tile.glyph.len(), symbol.len());
        }
    }

    #[test]
    fn nothing_that_moves_the_cursor_is_a_glyph() {
        for symbol in
            ["\x1b", "\x1b[2J", "a\x07", "\u{9b}", "\n", "\u{202e}", "x\u{202e}", "\u{2028}", "\x7f", "\u{85}a"]
        {
            assert_eq!(glyph(symbol, ONE), (REFUSED, 1, 1), "{symbol:?}");
        }
        for symbol in ["", "\u{301}", "\u{200b}"] {
            assert_eq!(glyph(symbol, ONE), (Glyph::Char(' '), 1, 1), "{symbol:?}");
        }
    }
}
