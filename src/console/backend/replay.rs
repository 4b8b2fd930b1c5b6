//! Frames replayed on a terminal emulator (vt100): whatever sequence of buffers, the screen is the last one.

use std::num::NonZeroU16;

use proptest::collection::vec;
use proptest::prelude::*;
use ratatui::buffer::{Buffer, CellWidth};
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::widgets::{Block, Clear, Widget};

use super::{Depth, Screen};

/// An emulator.
pub(super) struct Terminal(vt100::Parser);

/// A cell as it looks: text, wide, foreground, background, bold, dim, italic, underlined, reversed.
type Look = (String, bool, vt100::Color, vt100::Color, [bool; 5]);

impl Terminal {
    pub fn new(width: u16, height: u16) -> Self {
        let size = |n| NonZeroU16::new(n).unwrap();
        Self(vt100::Parser::new(size(height), size(width), 0))
    }

    pub fn feed_frame(&mut self, screen: &mut Screen, buffer: &Buffer) {
        let mut out = Vec::new();
        screen.frame(buffer, None, &mut out);
        self.0.process(&out);
    }

    pub fn lines(&self) -> Vec<String> {
        let width = self.0.screen().size().1.get();
        self.0.screen().rows(0, width).collect()
    }

    /// What is seen, less what no eye sees: the look of letters where none is.
    fn looks(&self) -> Vec<Look> {
        let (height, width) = self.0.screen().size();
        let mut looks = Vec::new();
        for y in 0..height.get() {
            for x in 0..width.get() {
                let cell = self.0.screen().cell(y, x).unwrap();
                if cell.is_wide_continuation() {
                    continue;
                }
                let flags = [cell.bold(), cell.dim(), cell.italic(), cell.underline(), cell.inverse()];
                looks.push(look(cell.contents(), cell.is_wide(), cell.fgcolor(), cell.bgcolor(), flags));
            }
        }
        looks
    }
}

fn look(text: &str, wide: bool, fg: vt100::Color, bg: vt100::Color, flags: [bool; 5]) -> Look {
    let blank = text.is_empty() || text == " ";
    let [bold, dim, italic, underline, inverse] = flags;
    let flags = if blank { [false, false, false, underline, inverse] } else { [bold, dim, italic, underline, inverse] };
    let fg = if blank && !underline && !inverse { vt100::Color::Default } else { fg };
    (if blank { " ".into() } else { text.into() }, wide, fg, bg, flags)
}

/// What should be seen, found in another way than the code under test does.
fn wanted(buffer: &Buffer) -> Vec<Look> {
    let color = |color: Color| match color {
        Color::Reset => vt100::Color::Default,
        Color::Red => vt100::Color::Idx(1),
        Color::LightCyan => vt100::Color::Idx(14),
        Color::Indexed(index) => vt100::Color::Idx(index),
        Color::Rgb(r, g, b) => vt100::Color::Rgb(r, g, b),
        other => panic!("{other} is not in the alphabet"),
    };
    let mut looks = Vec::new();
    for cells in buffer.content.chunks(buffer.area.width.into()) {
        let mut x = 0;
        while x < cells.len() {
            let cell = &cells[x];
            let mut symbol = if cell.symbol().contains(char::is_control) { "?" } else { cell.symbol() };
            let mut width = usize::from(symbol.cell_width());
            if width == 2 {
                let covered = cells
                    .get(x + 1)
                    .is_none_or(|next| next.symbol() != " " || ![Color::Reset, cell.bg].contains(&next.bg));
                (symbol, width) = if covered { (" ", 1) } else { (symbol, 2) };
            }
            let has = |modifier| cell.modifier.contains(modifier);
            let flags = [Modifier::BOLD, Modifier::DIM, Modifier::ITALIC, Modifier::UNDERLINED, Modifier::REVERSED];
            looks.push(look(symbol, width == 2, color(cell.fg), color(cell.bg), flags.map(has)));
            x += width;
        }
    }
    looks
}

/// One change to a buffer.
#[derive(Debug, Clone)]
enum Edit {
    Write(u16, u16, String, Style),
    Paint(Rect, Style),
    Popup(Rect, Style),
    /// Into a cell, though it may be the shadow of a wide glyph.
    Poke(u16, u16, &'static str, Style),
    Scroll {
        top: u16,
        bottom: u16,
        up: bool,
        by: u16,
    },
    Nothing,
}

const WIDTH: u16 = 17;
const HEIGHT: u16 = 7;

/// Glyphs of which vt100 and unicode-width think alike.
const AGREED: [&str; 22] = [
    "a",
    "B",
    "7",
    " ",
    "  ",
    "            ",
    "中",
    "文字",
    "，",
    "。",
    "ｗ",
    "─",
    "│",
    "┌──┐",
    "▇",
    "…",
    "●",
    "“",
    "😀",
    "❤\u{fe0f}",
    "e\u{301}",
    "가",
];

/// Here vt100 has its own opinion: it draws the parts of a joined emoji, the skin and both letters of a flag as
/// glyphs of their own, so cells cannot be compared with the buffer. It stands in for every terminal with tables
/// of another year: what counts is that the incremental frames and a repaint end in the same picture.
const DISPUTED: [&str; 5] = ["👨\u{200d}👩\u{200d}👧", "👍🏽", "🇨🇳", "🏳\u{fe0f}\u{200d}🌈", "ｶ\u{ff9e}"];

fn style() -> impl Strategy<Value = Style> {
    let color = || {
        proptest::sample::select(vec![
            Color::Reset,
            Color::Reset,
            Color::Red,
            Color::LightCyan,
            Color::Indexed(120),
            Color::Rgb(1, 22, 233),
        ])
    };
    // Never bold and dim together: vt100 has one field for both.
    let modifier = proptest::sample::select(vec![
        Modifier::empty(),
        Modifier::empty(),
        Modifier::BOLD,
        Modifier::DIM | Modifier::ITALIC,
        Modifier::UNDERLINED,
        Modifier::REVERSED | Modifier::BOLD,
    ]);
    (color(), color(), modifier).prop_map(|(fg, bg, modifier)| {
        let off = Modifier::all().difference(modifier);
        Style::new().fg(fg).bg(bg).add_modifier(modifier).remove_modifier(off)
    })
}

fn area() -> impl Strategy<Value = Rect> {
    (0..WIDTH, 0..HEIGHT, 1..=WIDTH, 1..=HEIGHT)
        .prop_map(|(x, y, width, height)| Rect::new(x, y, width, height).intersection(Rect::new(0, 0, WIDTH, HEIGHT)))
}

fn edit(glyphs: Vec<&'static str>) -> impl Strategy<Value = Edit> {
    let glyph = proptest::sample::select(glyphs);
    let text = vec(glyph.clone(), 1..12).prop_map(|parts| parts.concat());
    prop_oneof![
        6 => (0..WIDTH, 0..HEIGHT, text, style()).prop_map(|(x, y, text, style)| Edit::Write(x, y, text, style)),
        1 => (area(), style()).prop_map(|(area, style)| Edit::Paint(area, style)),
        2 => (area(), style()).prop_map(|(area, style)| Edit::Popup(area, style)),
        2 => (0..WIDTH, 0..HEIGHT, glyph, style()).prop_map(|(x, y, glyph, style)| Edit::Poke(x, y, glyph, style)),
        2 => (0..HEIGHT, 0..HEIGHT, any::<bool>(), 1..HEIGHT).prop_map(|(a, b, up, by)| Edit::Scroll {
            top: a.min(b), bottom: a.max(b), up, by
        }),
        1 => Just(Edit::Nothing),
    ]
}

fn apply(buffer: &mut Buffer, edit: &Edit) {
    match edit {
        Edit::Write(x, y, text, style) => buffer.set_string(*x, *y, text, *style),
        Edit::Paint(area, style) => buffer.set_style(*area, *style),
        Edit::Popup(area, style) => {
            Clear.render(*area, buffer);
            Block::bordered().style(*style).render(*area, buffer);
        }
        Edit::Poke(x, y, symbol, style) => {
            // A cell holds one glyph.
            let symbol = unicode_segmentation::UnicodeSegmentation::graphemes(*symbol, true).next().unwrap_or(" ");
            buffer[(*x, *y)].set_symbol(symbol).set_style(*style);
        }
        Edit::Scroll { top, bottom, up, by } => {
            let width = usize::from(WIDTH);
            let rows = &mut buffer.content[usize::from(*top) * width..(usize::from(*bottom) + 1) * width];
            let by = (usize::from(*by) * width) % rows.len();
            if *up { rows.rotate_left(by) } else { rows.rotate_right(by) }
        }
        Edit::Nothing => {}
    }
}

/// Frames of edits.
fn frames(glyphs: Vec<&'static str>) -> impl Strategy<Value = Vec<Vec<Edit>>> {
    vec(vec(edit(glyphs), 0..5), 1..8)
}

/// A terminal that wraps (vt100 does not know how not to) would push a glyph that it takes for wider onto the
/// next row: no room, no glyph.
fn keep_off_the_edge(buffer: &mut Buffer) {
    for (at, cell) in buffer.content.iter_mut().enumerate() {
        let x = at as u16 % WIDTH;
        if cell.symbol().chars().count() > 1 && x + 8 > WIDTH {
            cell.set_symbol("x");
        }
    }
}

fn blank() -> Buffer {
    Buffer::empty(Rect::new(0, 0, WIDTH, HEIGHT))
}

#[test]
fn after_a_resize_everything_is_drawn() {
    let mut screen = Screen::new(Depth::Rgb);
    let mut terminal = Terminal::new(30, 9);
    for (width, height) in [(30, 9), (12, 4), (41, 3), (1, 1), (2, 2), (30, 9)] {
        let size = |n| NonZeroU16::new(n).unwrap();
        terminal.0.screen_mut().set_size(size(height), size(width));
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
        for y in 0..height {
            buffer.set_string(y % 3, y, "群 123 今天好冷 ─── 明天多云转小雨 end", Style::new().fg(Color::Red));
        }
        terminal.feed_frame(&mut screen, &buffer);
        assert_eq!(terminal.looks(), wanted(&buffer), "{width}x{height}");
    }
    assert_eq!(screen.totals().repaints, 6);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn the_terminal_shows_the_last_buffer(frames in frames(AGREED.to_vec()), caret in (0..WIDTH, 0..HEIGHT)) {
        let mut buffer = blank();
        let (mut screen, mut terminal) = (Screen::new(Depth::Rgb), Terminal::new(WIDTH, HEIGHT));
        for edits in &frames {
            edits.iter().for_each(|edit| apply(&mut buffer, edit));
            let caret = edits.first().map(|_| Position::from(caret));
            let mut out = Vec::new();
            screen.frame(&buffer, caret, &mut out);
            terminal.0.process(&out);
            prop_assert_eq!(terminal.looks(), wanted(&buffer), "{:?}", String::from_utf8_lossy(&out));
            prop_assert_eq!(terminal.0.screen().hide_cursor(), caret.is_none());
            if let Some(caret) = caret {
                prop_assert_eq!(terminal.0.screen().cursor_position(), (caret.y, caret.x));
            }
            out.clear();
            prop_assert_eq!(screen.frame(&buffer, caret, &mut out), 0, "nothing changed");
        }
    }

    #[test]
    fn a_repaint_looks_the_same_on_a_terminal_of_another_opinion(
        frames in frames([&AGREED[..], &DISPUTED[..]].concat()),
    ) {
        let mut buffer = blank();
        let (mut screen, mut terminal) = (Screen::new(Depth::Rgb), Terminal::new(WIDTH, HEIGHT));
        for edits in &frames {
            edits.iter().for_each(|edit| apply(&mut buffer, edit));
            keep_off_the_edge(&mut buffer);
            terminal.feed_frame(&mut screen, &buffer);
            let mut fresh = Terminal::new(WIDTH, HEIGHT);
            fresh.feed_frame(&mut Screen::new(Depth::Rgb), &buffer);
            prop_assert_eq!(terminal.looks(), fresh.looks());
        }
    }

    #[test]
    fn no_symbol_sends_a_sequence(symbols in vec("[\\x00-\\x1f\\x7f-\\u{9f}a中;\\[\\]]{0,6}", 1..40)) {
        let mut buffer = blank();
        for (at, symbol) in symbols.iter().enumerate() {
            buffer.content[at].set_symbol(symbol);
        }
        let mut screen = Screen::new(Depth::None);
        let mut out = Vec::new();
        screen.frame(&buffer, None, &mut out);
        // Every ESC begins one of ours: CSI, digits, one of a few final bytes.
        let text = String::from_utf8(out).unwrap();
        for part in text.split('\x1b').skip(1) {
            let body = part.strip_prefix('[').unwrap().trim_start_matches('?');
            let last = body.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';').chars().next();
            prop_assert!(matches!(last, Some('h' | 'l' | 'm' | 'H' | 'J' | 'K' | 'X' | 'C')), "{part:?}");
        }
        prop_assert!(!text.chars().any(|c| c.is_control() && !matches!(c, '\x1b' | '\r' | '\n')));
    }
}
