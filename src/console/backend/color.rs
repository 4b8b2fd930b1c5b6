//! Colours of a session. Themes name them as they like; here they are reduced to what the terminal can show,
//! for each session on its own.

use ratatui::style::Color;

/// How many colours a terminal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Depth {
    /// None: bold, dim, underline and reverse remain.
    None,
    /// The sixteen of the terminal's own palette.
    #[default]
    Ansi16,
    /// Those, a cube of 216 and 24 greys.
    Ansi256,
    /// All.
    Rgb,
}

impl Depth {
    /// `none`, `16`, `256` or `rgb`: as on the command line and in the hello line.
    pub fn code(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Ansi16 => "16",
            Self::Ansi256 => "256",
            Self::Rgb => "rgb",
        }
    }

    /// Reads what [`Depth::code`] writes.
    pub fn parse(code: &str) -> Option<Self> {
        [Self::None, Self::Ansi16, Self::Ansi256, Self::Rgb].into_iter().find(|d| d.code() == code)
    }
}

/// A colour as it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Ink {
    /// The terminal's own.
    #[default]
    Default,
    /// Of the palette. Below 16 the terminal's owner chose how it looks.
    Index(u8),
    /// Red, green, blue.
    Rgb(u8, u8, u8),
}

/// The sixteen colours as xterm has them: a guess at palettes that nobody can ask for.
const PALETTE: [(u8, u8, u8); 16] = [
    (0, 0, 0),
    (205, 0, 0),
    (0, 205, 0),
    (205, 205, 0),
    (0, 0, 238),
    (205, 0, 205),
    (0, 205, 205),
    (229, 229, 229),
    (127, 127, 127),
    (255, 0, 0),
    (0, 255, 0),
    (255, 255, 0),
    (92, 92, 255),
    (255, 0, 255),
    (0, 255, 255),
    (255, 255, 255),
];

/// Steps of the cube of 256 colours.
const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];

impl Depth {
    /// The nearest colour that this depth has.
    pub(super) fn ink(self, color: Color) -> Ink {
        let ink = ink(color);
        match (self, ink) {
            (Depth::None, _) => Ink::Default,
            (Depth::Ansi16, Ink::Rgb(r, g, b)) => Ink::Index(nearest16(r, g, b)),
            (Depth::Ansi16, Ink::Index(index @ 16..)) => {
                let (r, g, b) = rgb(index);
                Ink::Index(nearest16(r, g, b))
            }
            (Depth::Ansi256, Ink::Rgb(r, g, b)) => Ink::Index(nearest256(r, g, b)),
            _ => ink,
        }
    }
}

fn ink(color: Color) -> Ink {
    match color {
        Color::Reset => Ink::Default,
        Color::Black => Ink::Index(0),
        Color::Red => Ink::Index(1),
        Color::Green => Ink::Index(2),
        Color::Yellow => Ink::Index(3),
        Color::Blue => Ink::Index(4),
        Color::Magenta => Ink::Index(5),
        Color::Cyan => Ink::Index(6),
        Color::Gray => Ink::Index(7),
        Color::DarkGray => Ink::Index(8),
        Color::LightRed => Ink::Index(9),
        Color::LightGreen => Ink::Index(10),
        Color::LightYellow => Ink::Index(11),
        Color::LightBlue => Ink::Index(12),
        Color::LightMagenta => Ink::Index(13),
        Color::LightCyan => Ink::Index(14),
        Color::White => Ink::Index(15),
        Color::Indexed(index) => Ink::Index(index),
        Color::Rgb(r, g, b) => Ink::Rgb(r, g, b),
    }
}

/// What a colour of the palette looks like.
fn rgb(index: u8) -> (u8, u8, u8) {
    match index {
        0..=15 => PALETTE[usize::from(index)],
        16..=231 => {
            let n = usize::from(index - 16);
            (STEPS[n / 36], STEPS[n / 6 % 6], STEPS[n % 6])
        }
        232.. => {
            let grey = 8 + 10 * (index - 232);
            (grey, grey, grey)
        }
    }
}

fn nearest256(r: u8, g: u8, b: u8) -> u8 {
    let step = |v: u8| STEPS.iter().enumerate().min_by_key(|(_, s)| s.abs_diff(v)).map_or(0, |(n, _)| n as u8);
    let cube = 16 + 36 * step(r) + 6 * step(g) + step(b);
    let mean = (u16::from(r) + u16::from(g) + u16::from(b)) / 3;
    let grey = 232 + (mean.saturating_sub(3) / 10).min(23) as u8;
    if distance(rgb(grey), (r, g, b)) < distance(rgb(cube), (r, g, b)) { grey } else { cube }
}

fn nearest16(r: u8, g: u8, b: u8) -> u8 {
    (0..16).min_by_key(|index| distance(rgb(*index), (r, g, b))).unwrap_or(7)
}

/// Squared distance with weights for how eyes see red beside blue ("redmean"); plain distance turns many mild
/// colours grey.
fn distance(a: (u8, u8, u8), b: (u8, u8, u8)) -> i32 {
    let red = (i32::from(a.0) + i32::from(b.0)) / 2;
    let [dr, dg, db] = [(a.0, b.0), (a.1, b.1), (a.2, b.2)].map(|(a, b)| (i32::from(a) - i32::from(b)).pow(2));
    (((512 + red) * dr) >> 8) + 4 * dg + (((767 - red) * db) >> 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_depth_keeps_what_it_can_show() {
        let rgb = Color::Rgb(250, 10, 10);
        assert_eq!(Depth::Rgb.ink(rgb), Ink::Rgb(250, 10, 10));
        assert_eq!(Depth::Ansi256.ink(rgb), Ink::Index(196));
        assert_eq!(Depth::Ansi16.ink(rgb), Ink::Index(9));
        assert_eq!(Depth::None.ink(rgb), Ink::Default);
        assert_eq!(Depth::Ansi16.ink(Color::Indexed(196)), Ink::Index(9));
        assert_eq!(Depth::Ansi16.ink(Color::Cyan), Ink::Index(6));
        assert_eq!(Depth::None.ink(Color::Cyan), Ink::Default);
        assert_eq!(Depth::Ansi16.ink(Color::Rgb(30, 30, 40)), Ink::Index(0));
        assert_eq!(Depth::Ansi256.ink(Color::Rgb(128, 128, 128)), Ink::Index(244));
    }

    #[test]
    fn colours_of_the_256_are_their_own_nearest() {
        for index in 16..=255 {
            let (r, g, b) = rgb(index);
            let Ink::Index(found) = Depth::Ansi256.ink(Color::Rgb(r, g, b)) else { panic!("not reduced") };
            // Some greys stand twice in the palette.
            assert_eq!(super::rgb(found), (r, g, b), "{index}");
        }
    }
}
