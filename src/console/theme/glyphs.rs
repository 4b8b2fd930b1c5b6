//! The program's own signs, each with one in ASCII.
//!
//! Colour never stands alone: every state has a sign or a word too. Several of these are two columns wide in
//! terminals that draw ambiguous characters so ([`Width::new`]); measure with [`Glyphs::cols`], never count one.

use crate::console::text::Width;

macro_rules! glyphs {
    ($($variant:ident $unicode:literal $ascii:literal $doc:literal)*) => {
        /// What a sign says.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Glyph {
            $(#[doc = $doc] $variant,)*
        }

        impl Glyph {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// What it says, in one sentence.
            pub const fn doc(self) -> &'static str {
                match self { $(Self::$variant => $doc,)* }
            }

            const fn both(self) -> (&'static str, &'static str) {
                match self { $(Self::$variant => ($unicode, $ascii),)* }
            }
        }
    };
}

impl Glyph {
    /// Whether panes and frames are drawn with it.
    const fn is_line(self) -> bool {
        matches!(
            self,
            Self::Vertical | Self::Horizontal | Self::TopLeft | Self::TopRight | Self::BottomLeft | Self::BottomRight
        )
    }
}

glyphs! {
    Online "●" "*" "Reachable, present."
    Offline "○" "o" "Not reachable, away."
    Warning "▲" "^" "Something is wrong."
    Attention "⚑" "!" "Needs a human."
    Done "✓" "v" "Allowed, sent, done."
    Refused "✗" "x" "Refused, failed."
    Unknown "?" "?" "Nobody knows whether it arrived."
    Pending "◌" "~" "On its way."
    Draft "✎" "%" "Waits for approval."
    Marked "◆" "+" "A marked row."
    Caret "▏" "_" "Where the next character goes, in text that has no real cursor."
    Streaming "▌" "_" "The model still writes."
    Below "↓" "v" "More below."
    Above "↑" "^" "More above."
    To "→" ">" "Where something goes; what comes next."
    From "←" "<" "Where something comes from."
    Fold "▸" ">" "Can be opened."
    Unfold "▾" "v" "Is open."
    Dot "·" "." "Parts short things; ignored."
    Ellipsis "…" ">" "Something was cut off."
    Vertical "│" "|" "A line between panes."
    Horizontal "─" "-" "A line under a day, an edge of an overlay."
    TopLeft "╭" "+" "A corner of an overlay."
    TopRight "╮" "+" "A corner of an overlay."
    BottomLeft "╰" "+" "A corner of an overlay."
    BottomRight "╯" "+" "A corner of an overlay."
    Operator "✍" "&" "An operator wrote it."
    Nothing "–" "-" "No figure."
    Hazard "¬" "?" "Stands where something was taken out of a text."
}

/// The signs that a session uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Glyphs {
    ascii: bool,
    /// Lines in ASCII though signs are not.
    plain_lines: bool,
}

impl Glyphs {
    /// In Unicode or in ASCII.
    pub const fn of(ascii: bool) -> Self {
        Self { ascii, plain_lines: ascii }
    }

    /// The same for a terminal that draws so wide: a line between panes has one column, so where `│` takes two it is
    /// drawn in ASCII.
    pub const fn for_width(self, width: Width) -> Self {
        Self { plain_lines: self.ascii || width.ambiguous() > 1, ..self }
    }

    /// The sign.
    pub const fn get(self, glyph: Glyph) -> &'static str {
        let (unicode, ascii) = glyph.both();
        let plain = if glyph.is_line() { self.plain_lines } else { self.ascii };
        if plain { ascii } else { unicode }
    }

    /// Its columns in a terminal.
    pub fn cols(self, glyph: Glyph, width: Width) -> usize {
        width.of(self.get(glyph))
    }

    /// A line of exactly so many columns; blank at its end where the sign is two wide and one column is left.
    pub fn horizontal(self, cols: usize, width: Width) -> String {
        let step = self.cols(Glyph::Horizontal, width).max(1);
        let mut line = self.get(Glyph::Horizontal).repeat(cols / step);
        line.extend(std::iter::repeat_n(' ', cols % step));
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_are_one_column_or_two_where_ambiguous() {
        for glyph in Glyph::ALL {
            let sign = Glyphs::of(false).get(*glyph);
            assert_eq!(Width::new(1).of(sign), 1, "{sign}");
            assert!((1..=2).contains(&Width::new(2).of(sign)), "{sign}");
            let ascii = Glyphs::of(true).get(*glyph);
            assert!(ascii.is_ascii() && ascii.len() == 1, "{sign} {ascii}");
        }
        for wide in [Glyph::Online, Glyph::Warning, Glyph::Vertical, Glyph::Horizontal, Glyph::Ellipsis] {
            assert_eq!(Glyphs::of(false).cols(wide, Width::new(2)), 2);
            assert_eq!(Glyphs::of(true).cols(wide, Width::new(2)), 1);
        }
    }

    #[test]
    fn lines_fill_their_columns() {
        assert_eq!(Glyphs::of(false).horizontal(3, Width::new(1)), "───");
        assert_eq!(Glyphs::of(false).horizontal(3, Width::new(2)), "─ ");
        assert_eq!(Glyphs::of(true).horizontal(3, Width::new(2)), "---");
        assert_eq!(Glyphs::of(false).for_width(Width::new(2)).horizontal(3, Width::new(2)), "---");
    }

    #[test]
    fn signs_of_one_place_differ_in_ascii_too() {
        use Glyph::{Attention, Below, Done, Draft, Marked, Offline, Online, Pending, Refused, Unknown, Warning};
        let states = [Online, Offline, Warning, Attention, Done, Refused, Unknown, Pending, Draft, Marked];
        for (at, a) in states.iter().enumerate() {
            assert!(states[at + 1..].iter().all(|b| Glyphs::of(true).get(*a) != Glyphs::of(true).get(*b)), "{a:?}");
        }
        assert_ne!(Glyphs::of(false).get(Below), Glyphs::of(false).get(Done));
    }
}
