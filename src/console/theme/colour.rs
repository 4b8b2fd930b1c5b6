//! Colours as people write them, and how well they can be told apart.

use ratatui::style::Color;

/// Red, green and blue.
pub type Rgb = (u8, u8, u8);

/// The sixteen names of every terminal, in its order, with the colours that xterm gives them.
const ANSI: [(&str, Color, Rgb); 16] = [
    ("black", Color::Black, (0, 0, 0)),
    ("red", Color::Red, (205, 0, 0)),
    ("green", Color::Green, (0, 205, 0)),
    ("yellow", Color::Yellow, (205, 205, 0)),
    ("blue", Color::Blue, (0, 0, 238)),
    ("magenta", Color::Magenta, (205, 0, 205)),
    ("cyan", Color::Cyan, (0, 205, 205)),
    ("white", Color::Gray, (229, 229, 229)),
    ("bright-black", Color::DarkGray, (127, 127, 127)),
    ("bright-red", Color::LightRed, (255, 0, 0)),
    ("bright-green", Color::LightGreen, (0, 255, 0)),
    ("bright-yellow", Color::LightYellow, (255, 255, 0)),
    ("bright-blue", Color::LightBlue, (92, 92, 255)),
    ("bright-magenta", Color::LightMagenta, (255, 0, 255)),
    ("bright-cyan", Color::LightCyan, (0, 255, 255)),
    ("bright-white", Color::White, (255, 255, 255)),
];

/// Reads `#rrggbb`, `#rgb`, one of the terminal's sixteen (`red`, `bright-blue`), or `default`.
pub fn parse(text: &str) -> Option<Color> {
    if let Some(hex) = text.strip_prefix('#') {
        let (r, g, b) = hex_rgb(hex)?;
        return Some(Color::Rgb(r, g, b));
    }
    match text {
        "default" => Some(Color::Reset),
        "gray" | "grey" => Some(Color::DarkGray),
        _ => ANSI.iter().find(|(name, ..)| *name == text).map(|(_, color, _)| *color),
    }
}

/// The names that [`parse`] knows.
pub fn names<'n>() -> impl Iterator<Item = &'n str> {
    ANSI.iter().map(|(name, ..)| *name).chain(["gray", "default"])
}

/// The colour of the terminal's sixteen with this number.
pub(super) fn ansi(number: usize) -> Color {
    ANSI.get(number).map_or(Color::Reset, |(_, color, _)| *color)
}

/// What a colour looks like, where that can be known: xterm's sixteen, its cube and its greys, or itself.
pub fn rgb(color: Color) -> Option<Rgb> {
    match color {
        Color::Rgb(r, g, b) => Some((r, g, b)),
        Color::Indexed(n @ 0..=15) => ANSI.get(usize::from(n)).map(|(.., rgb)| *rgb),
        Color::Indexed(n @ 16..=231) => {
            let step = |n: u8| if n == 0 { 0 } else { 55 + 40 * n };
            let n = n - 16;
            Some((step(n / 36), step(n / 6 % 6), step(n % 6)))
        }
        Color::Indexed(n) => Some((8 + 10 * (n - 232), 8 + 10 * (n - 232), 8 + 10 * (n - 232))),
        Color::Reset => None,
        _ => ANSI.iter().find(|(_, ansi, _)| *ansi == color).map(|(.., rgb)| *rgb),
    }
}

/// Brightness as the eye sees it, between 0 and 1 (WCAG 2).
pub fn luminance((r, g, b): Rgb) -> f32 {
    let linear = |c: u8| {
        let c = f32::from(c) / 255.0;
        if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
}

/// How well two colours can be told apart, from 1 to 21 (WCAG 2).
pub fn contrast(a: Rgb, b: Rgb) -> f32 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// Black or white, whichever is read better on a colour.
pub fn ink_on(background: Rgb) -> Color {
    let (black, white) = ((0, 0, 0), (255, 255, 255));
    let (r, g, b) = if contrast(black, background) >= contrast(white, background) { black } else { white };
    Color::Rgb(r, g, b)
}

fn hex_rgb(hex: &str) -> Option<Rgb> {
    if !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let n = u32::from_str_radix(hex, 16).ok()?;
    let byte = |shift: u32, mask: u32| u8::try_from(n >> shift & mask).ok();
    match hex.len() {
        6 => Some((byte(16, 0xff)?, byte(8, 0xff)?, byte(0, 0xff)?)),
        3 => Some((byte(8, 0xf)? * 17, byte(4, 0xf)? * 17, byte(0, 0xf)? * 17)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn colours_are_read_by_name_and_number() {
        assert_eq!(parse("#1e1e2e"), Some(Color::Rgb(0x1e, 0x1e, 0x2e)));
        assert_eq!(parse("#fa0"), Some(Color::Rgb(0xff, 0xaa, 0)));
        assert_eq!(parse("bright-blue"), Some(Color::LightBlue));
        assert_eq!(parse("default"), Some(Color::Reset));
        for bad in ["", "#", "#12", "#12345g", "#+12345", "reddish", "Red"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
        assert!(names().all(|name| parse(name).is_some()));
    }

    #[test]
    fn contrast_is_that_of_wcag() {
        assert!((contrast((0, 0, 0), (255, 255, 255)) - 21.0).abs() < 0.01);
        assert!((contrast((0x76, 0x76, 0x76), (255, 255, 255)) - 4.54).abs() < 0.01);
        assert_eq!(rgb(Color::Indexed(196)), Some((255, 0, 0)));
        assert_eq!(rgb(Color::Indexed(255)), Some((238, 238, 238)));
    }

    proptest! {
        #[test]
        fn any_text_is_a_colour_or_not(text in "#?\\PC{0,8}") {
            let _ = parse(&text);
        }

        #[test]
        fn black_or_white_is_readable_on_everything(rgb_: (u8, u8, u8)) {
            let ink = rgb(ink_on(rgb_)).expect("an rgb");
            prop_assert!(contrast(ink, rgb_) >= 4.5);
        }
    }
}
