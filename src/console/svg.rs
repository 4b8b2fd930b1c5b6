//! A picture of the screen as svg: for bug reports and for the README.

use std::fmt::Write;

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier, Style};

use super::text::Width;
use super::theme::{Theme, colour};

const CELL: (f32, f32) = (8.4, 18.0);

/// The picture. Colours of the terminal itself are drawn as xterm has them.
pub fn picture(buffer: &Buffer, theme: &Theme, width: Width) -> String {
    let area = buffer.area;
    let (w, h) = (f32::from(area.width) * CELL.0, f32::from(area.height) * CELL.1);
    let ground = hex(theme.background());
    let ink = colour::rgb(theme.style(super::theme::Role::Text).fg.unwrap_or(Color::Reset));
    let ink = ink.map_or_else(|| if theme.is_light() { "#222222".into() } else { "#dddddd".to_owned() }, hex);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {w:.0} {h:.0}\" width=\"{w:.0}\" height=\"{h:.0}\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"{ground}\"/>\n\
         <g shape-rendering=\"crispEdges\" font-family=\"'JetBrains Mono','DejaVu Sans Mono','Noto Sans Mono CJK SC','Noto Sans CJK SC',monospace\" \
         font-size=\"14\" xml:space=\"preserve\">\n"
    );
    for y in area.top()..area.bottom() {
        let mut x = area.left();
        while x < area.right() {
            let cell = &buffer[(x, y)];
            let cols = u16::try_from(width.grapheme(cell.symbol()).max(1)).unwrap_or(1);
            draw(&mut svg, (x, y, cols), cell.symbol(), cell.style(), (&ink, &ground));
            x += cols;
        }
    }
    svg.push_str("</g>\n</svg>\n");
    svg
}

fn draw(svg: &mut String, (x, y, cols): (u16, u16, u16), symbol: &str, style: Style, (ink, ground): (&str, &str)) {
    let of = |color: Option<Color>| color.and_then(colour::rgb).map(hex);
    let mut fore = of(style.fg).unwrap_or_else(|| ink.to_owned());
    let mut back = of(style.bg);
    if style.add_modifier.contains(Modifier::REVERSED) {
        let behind = back.take().unwrap_or_else(|| ground.to_owned());
        back = Some(std::mem::replace(&mut fore, behind));
    }
    let (left, top) = (f32::from(x) * CELL.0, f32::from(y) * CELL.1);
    let wide = f32::from(cols) * CELL.0;
    // Writing to a string cannot fail.
    if let Some(back) = back {
        let _ = writeln!(
            svg,
            "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{wide:.1}\" height=\"{}\" fill=\"{back}\"/>",
            CELL.1
        );
    }
    if symbol.trim().is_empty() {
        return;
    }
    let weight = if style.add_modifier.contains(Modifier::BOLD) { " font-weight=\"bold\"" } else { "" };
    let slant = if style.add_modifier.contains(Modifier::ITALIC) { " font-style=\"italic\"" } else { "" };
    let faint = if style.add_modifier.contains(Modifier::DIM) { " opacity=\"0.6\"" } else { "" };
    let line = if style.add_modifier.contains(Modifier::UNDERLINED) { " text-decoration=\"underline\"" } else { "" };
    let text = symbol.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let _ = writeln!(
        svg,
        "<text x=\"{left:.1}\" y=\"{:.1}\" textLength=\"{wide:.1}\" lengthAdjust=\"spacingAndGlyphs\" fill=\"{fore}\"{weight}{slant}{faint}{line}>{text}</text>",
        top + 13.5
    );
}

fn hex((r, g, b): (u8, u8, u8)) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}
