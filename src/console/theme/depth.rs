//! How many colours a terminal has, and the nearest of them.

use ratatui::style::{Color, Style};

pub use crate::console::backend::Depth;

use super::colour::{self, Rgb, luminance};

impl Depth {
    /// The nearest colour that exists.
    pub fn reduce(self, color: Color) -> Color {
        match (self, color) {
            (Self::None, _) => Color::Reset,
            (Self::Ansi256, Color::Rgb(r, g, b)) => Color::Indexed(nearest_256((r, g, b))),
            (Self::Ansi16, Color::Rgb(..) | Color::Indexed(_)) => colour::rgb(color).map_or(color, nearest_16),
            _ => color,
        }
    }

    /// A style in the nearest colours that exist. What had no colour has none afterwards.
    pub fn style(self, mut style: Style) -> Style {
        let reduce = |color: Color| Some(self.reduce(color)).filter(|_| self != Self::None);
        style.fg = style.fg.and_then(reduce);
        style.bg = style.bg.and_then(reduce);
        style
    }
}

/// The cube's or the ramp's nearest; never one of the first sixteen, which the user may have changed.
fn nearest_256((r, g, b): Rgb) -> u8 {
    let step = |c: u8| match c {
        0..48 => 0,
        48..115 => 1,
        _ => (c - 35) / 40,
    };
    let cube = 16 + 36 * step(r) + 6 * step(g) + step(b);
    let mean = (u16::from(r) + u16::from(g) + u16::from(b)) / 3;
    let grey = 232 + u8::try_from(mean.saturating_sub(3) / 10).unwrap_or(23).min(23);
    let distance = |n: u8| {
        let (x, y, z) = colour::rgb(Color::Indexed(n)).unwrap_or_default();
        [(r, x), (g, y), (b, z)].map(|(a, b)| u32::from(a.abs_diff(b)).pow(2)).iter().sum::<u32>()
    };
    if distance(grey) < distance(cube) { grey } else { cube }
}

/// By hue, not by distance: what the sixteen look like is the user's affair, and by distance every soft colour of
/// a calm theme would become grey.
fn nearest_16(rgb @ (r, g, b): Rgb) -> Color {
    let (high, low) = (r.max(g).max(b), r.min(g).min(b));
    let chroma = high - low;
    let saturation = f32::from(chroma) / f32::from(high.max(1));
    let light = luminance(rgb);
    // Tinted greys: panels, the warm or cool white of a theme's text, and what is too dark to have a hue.
    if chroma < 32 || saturation < 0.2 || (light > 0.5 && saturation < 0.25) || high < 70 {
        return colour::ansi(match high {
            0..70 => 0,
            70..160 => 8,
            160..232 => 7,
            _ => 15,
        });
    }
    let (r, g, b, c) = (f32::from(r), f32::from(g), f32::from(b), f32::from(chroma));
    let hue = match high {
        h if h == rgb.0 => 60.0 * ((g - b) / c).rem_euclid(6.0),
        h if h == rgb.1 => 60.0 * ((b - r) / c + 2.0),
        _ => 60.0 * ((r - g) / c + 4.0),
    };
    let number = match hue {
        h if h < 18.0 => 1,
        h if h < 58.0 => 3,
        h if h < 160.0 => 2,
        h if h < 200.0 => 6,
        h if h < 260.0 => 4,
        h if h < 330.0 => 5,
        _ => 1,
    };
    colour::ansi(if light > 0.25 { number + 8 } else { number })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn soft_colours_keep_their_hue() {
        for (hex, want) in [
            ("#e06c75", Color::LightRed),
            ("#cf222e", Color::Red),
            ("#e5c76b", Color::LightYellow),
            ("#1a7f37", Color::Green),
            ("#88c0d0", Color::LightCyan),
            ("#6cb6ff", Color::LightBlue),
            ("#cba6f7", Color::LightMagenta),
            ("#ebdbb2", Color::White),
            ("#cdd6f4", Color::White),
            ("#5c6370", Color::DarkGray),
            ("#1f2328", Color::Black),
        ] {
            assert_eq!(Depth::Ansi16.reduce(colour::parse(hex).unwrap()), want, "{hex}");
        }
    }

    #[test]
    fn the_cube_and_the_greys_are_exact_on_themselves() {
        for n in 16..=255u8 {
            let (r, g, b) = colour::rgb(Color::Indexed(n)).unwrap();
            let Color::Indexed(found) = Depth::Ansi256.reduce(Color::Rgb(r, g, b)) else { panic!("{n}") };
            assert_eq!(colour::rgb(Color::Indexed(found)), Some((r, g, b)));
        }
    }

    #[test]
    fn without_colours_only_modifiers_stay() {
        let style = Style::new().fg(Color::Red).bg(Color::Rgb(1, 2, 3)).bold();
        assert_eq!(Depth::None.style(style), Style::new().bold());
        assert_eq!(Depth::Ansi16.reduce(Color::Reset), Color::Reset);
    }

    proptest! {
        #[test]
        fn reducing_twice_changes_nothing(r: u8, g: u8, b: u8) {
            for depth in [Depth::None, Depth::Ansi16, Depth::Ansi256, Depth::Rgb] {
                let once = depth.reduce(Color::Rgb(r, g, b));
                prop_assert_eq!(depth.reduce(once), once);
            }
        }
    }
}
