//! How a character looks, and the shortest SGR that changes one look into another.

use ratatui::buffer::Cell;
use ratatui::style::Modifier;

use super::color::{Depth, Ink};

/// A look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Pen {
    pub fg: Ink,
    pub bg: Ink,
    /// Colour of the underline.
    pub line: Ink,
    pub modifier: Modifier,
}

/// What shows where no character is.
const ON_BLANK: Modifier = Modifier::REVERSED.union(Modifier::UNDERLINED).union(Modifier::CROSSED_OUT);

/// Modifiers with the code that puts them on and the one that takes them off, which two may share.
const CODES: [(Modifier, u8, u8); 9] = [
    (Modifier::BOLD, 1, 22),
    (Modifier::DIM, 2, 22),
    (Modifier::ITALIC, 3, 23),
    (Modifier::UNDERLINED, 4, 24),
    (Modifier::SLOW_BLINK, 5, 25),
    (Modifier::RAPID_BLINK, 6, 25),
    (Modifier::REVERSED, 7, 27),
    (Modifier::HIDDEN, 8, 28),
    (Modifier::CROSSED_OUT, 9, 29),
];

impl Pen {
    /// The look of a cell, less what cannot be seen: so a change that nobody sees costs nothing.
    pub fn of(cell: &Cell, blank: bool, depth: Depth) -> Self {
        let mut pen = Self {
            fg: depth.ink(cell.fg),
            bg: depth.ink(cell.bg),
            line: Ink::Default,
            modifier: if blank { cell.modifier & ON_BLANK } else { cell.modifier },
        };
        if blank && pen.modifier.is_empty() {
            pen.fg = Ink::Default;
        }
        // Sixteen-colour terminals know no underline colour, and old ones take it for something else.
        if pen.modifier.contains(Modifier::UNDERLINED) && depth >= Depth::Ansi256 {
            pen.line = depth.ink(cell.underline_color);
        }
        pen
    }

    /// Whether a blank looks the same with both. Saves going back to plain for the gaps between coloured words.
    pub fn alike_on_blank(self, other: Pen) -> bool {
        let seen = self.modifier & ON_BLANK;
        self.bg == other.bg
            && seen == other.modifier & ON_BLANK
            && (seen.is_empty() || (self.fg, self.line) == (other.fg, other.line))
    }

    /// A number that differs where looks differ, nearly always.
    pub fn digest(self) -> u64 {
        let [fg, bg, line] = [self.fg, self.bg, self.line].map(|ink| match ink {
            Ink::Default => 0,
            Ink::Index(index) => 1 << 24 | u64::from(index),
            Ink::Rgb(r, g, b) => 2 << 24 | u64::from(u32::from_be_bytes([0, r, g, b])),
        });
        fg ^ bg << 26 ^ line.rotate_left(52) ^ u64::from(self.modifier.bits()) << 48
    }

    /// Writes the shorter of two ways: only what changes, or a reset and everything anew.
    pub fn change(from: Option<Pen>, to: Pen, out: &mut Vec<u8>) {
        if from == Some(to) {
            return;
        }
        let start = out.len();
        if let Some(from) = from {
            sequence(out, |out| to.difference(from, out));
        }
        let middle = out.len();
        sequence(out, |out| {
            if to != Pen::default() {
                out.push(b'0');
                to.difference(Pen::default(), out);
            }
        });
        if middle > start && middle - start <= out.len() - middle {
            out.truncate(middle);
        } else {
            out.drain(start..middle);
        }
    }

    /// Codes that lead from another look to this one.
    fn difference(self, from: Pen, out: &mut Vec<u8>) {
        let gone = from.modifier.difference(self.modifier);
        let mut come = self.modifier.difference(from.modifier);
        let mut last_off = 0;
        for (modifier, _, off) in CODES {
            if gone.contains(modifier) {
                if off != last_off {
                    code(out, off);
                }
                last_off = off;
                // The code took its twin along: bold and dim go together.
                for (twin, _, _) in CODES.iter().filter(|(_, _, twin_off)| *twin_off == off) {
                    come |= self.modifier & *twin;
                }
            }
        }
        for (modifier, on, _) in CODES {
            if come.contains(modifier) {
                code(out, on);
            }
        }
        if self.fg != from.fg {
            ink(out, self.fg, 30);
        }
        if self.bg != from.bg {
            ink(out, self.bg, 40);
        }
        if self.line != from.line {
            line(out, self.line);
        }
    }
}

fn sequence(out: &mut Vec<u8>, body: impl FnOnce(&mut Vec<u8>)) {
    out.extend_from_slice(b"\x1b[");
    body(out);
    out.push(b'm');
}

fn code(out: &mut Vec<u8>, code: u8) {
    if out.last() != Some(&b'[') {
        out.push(b';');
    }
    number(out, code.into());
}

fn ink(out: &mut Vec<u8>, ink: Ink, base: u8) {
    match ink {
        Ink::Default => code(out, base + 9),
        Ink::Index(index @ 0..8) => code(out, base + index),
        Ink::Index(index @ 8..16) => code(out, base + 60 + index - 8),
        Ink::Index(index) => [base + 8, 5, index].map(|n| code(out, n)).into_iter().collect(),
        Ink::Rgb(r, g, b) => [base + 8, 2, r, g, b].map(|n| code(out, n)).into_iter().collect(),
    }
}

/// With colons: a terminal that does not know the code then skips it whole, where `58;2;…` would be read as
/// dim and whatever the colour's numbers happen to mean.
fn line(out: &mut Vec<u8>, ink: Ink) {
    let parts: &[u8] = match ink {
        Ink::Default => return code(out, 59),
        Ink::Index(index) => &[5, index],
        Ink::Rgb(r, g, b) => &[2, r, g, b],
    };
    code(out, 58);
    for (n, part) in parts.iter().enumerate() {
        // The second place of a direct colour is that of the colour space, left out.
        out.extend_from_slice(if n == 1 && parts.len() == 4 { b"::" } else { b":" });
        number(out, (*part).into());
    }
}

/// Appends a decimal number.
pub(super) fn number(out: &mut Vec<u8>, n: u16) {
    if n >= 10 {
        number(out, n / 10);
    }
    out.push(b'0' + (n % 10) as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(from: Option<Pen>, to: Pen) -> String {
        let mut out = Vec::new();
        Pen::change(from, to, &mut out);
        String::from_utf8(out).unwrap().replace('\x1b', "^")
    }

    #[test]
    fn only_what_changes_is_said() {
        let none = Pen::default();
        let red = Pen { fg: Ink::Index(1), ..none };
        let bold = Pen { modifier: Modifier::BOLD, ..none };
        let dim = Pen { modifier: Modifier::DIM, ..none };
        let full =
            Pen { fg: Ink::Rgb(1, 2, 3), bg: Ink::Index(200), line: Ink::Rgb(4, 5, 6), modifier: Modifier::all() };
        for (from, to, bytes) in [
            (Some(red), red, ""),
            (None, none, "^[m"),
            (None, red, "^[0;31m"),
            (Some(none), red, "^[31m"),
            (Some(red), none, "^[m"),
            (Some(red), Pen { bg: Ink::Index(12), ..red }, "^[104m"),
            (Some(bold), dim, "^[0;2m"),
            (Some(Pen { modifier: Modifier::BOLD, ..red }), Pen { modifier: Modifier::DIM, ..red }, "^[22;2m"),
            (
                Some(Pen { modifier: Modifier::BOLD | Modifier::DIM, ..red }),
                Pen { modifier: Modifier::DIM, ..red },
                "^[22;2m",
            ),
            (Some(none), full, "^[1;2;3;4;5;6;7;8;9;38;2;1;2;3;48;5;200;58:2::4:5:6m"),
            (Some(full), none, "^[m"),
        ] {
            assert_eq!(change(from, to), bytes, "{from:?} to {to:?}");
        }
    }
}
