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
        let mut run = Run::default();
        while x < area.right() {
            let cell = &buffer[(x, y)];
            let cols = u16::try_from(width.grapheme(cell.symbol()).max(1)).unwrap_or(1);
            // Neighbours that look alike are one piece; wide glyphs and narrow ones are not, for fonts differ.
            if run.style != cell.style() || run.wide != (cols > 1) {
                draw(&mut svg, y, &run, width, (&ink, &ground));
                run = Run { x, cols: 0, wide: cols > 1, text: String::new(), style: cell.style() };
            }
            run.cols += cols;
            run.text.push_str(if cell.symbol().is_empty() { " " } else { cell.symbol() });
            x += cols;
        }
        draw(&mut svg, y, &run, width, (&ink, &ground));
    }
    svg.push_str("</g>\n</svg>\n");
    svg
}

/// Cells beside each other that look alike.
#[derive(Default)]
struct Run {
    x: u16,
    cols: u16,
    wide: bool,
    text: String,
    style: Style,
}

fn draw(svg: &mut String, y: u16, run: &Run, measure: Width, (ink, ground): (&str, &str)) {
    let style = run.style;
    let of = |color: Option<Color>| color.and_then(colour::rgb).map(hex);
    let mut fore = of(style.fg).unwrap_or_else(|| ink.to_owned());
    let mut back = of(style.bg);
    if style.add_modifier.contains(Modifier::REVERSED) {
        let behind = back.take().unwrap_or_else(|| ground.to_owned());
        back = Some(std::mem::replace(&mut fore, behind));
    }
    let (left, top) = (f32::from(run.x) * CELL.0, f32::from(y) * CELL.1);
    let wide = f32::from(run.cols) * CELL.0;
    // Writing to a string cannot fail.
    if let Some(back) = back {
        let _ = writeln!(
            svg,
            "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{wide:.1}\" height=\"{}\" fill=\"{back}\"/>",
            CELL.1
        );
    }
    let weight = if style.add_modifier.contains(Modifier::BOLD) { " font-weight=\"bold\"" } else { "" };
    let slant = if style.add_modifier.contains(Modifier::ITALIC) { " font-style=\"italic\"" } else { "" };
    let faint = if style.add_modifier.contains(Modifier::DIM) { " opacity=\"0.6\"" } else { "" };
    let line = if style.add_modifier.contains(Modifier::UNDERLINED) { " text-decoration=\"underline\"" } else { "" };
    for (at, piece) in pieces(&run.text) {
        let cols = if run.wide { run.cols } else { measure.of(piece) as u16 };
        let (left, wide) = (left + measure.of(&run.text[..at]) as f32 * CELL.0, f32::from(cols) * CELL.0);
        let text = piece.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let _ = writeln!(
            svg,
            "<text x=\"{left:.1}\" y=\"{:.1}\" textLength=\"{wide:.1}\" lengthAdjust=\"spacingAndGlyphs\" fill=\"{fore}\"{weight}{slant}{faint}{line}>{text}</text>",
            top + 13.5
        );
    }
}

/// The pieces of a text between wider gaps, which some readers of svg would close, with their places.
fn pieces(text: &str) -> Vec<(usize, &str)> {
    let mut pieces = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find(|c| c != ' ').map(|n| from + n) {
        let end = text[start..].find("  ").map_or(text.trim_end_matches(' ').len(), |n| start + n);
        pieces.push((start, &text[start..end]));
        from = end;
    }
    pieces
}

fn hex((r, g, b): (u8, u8, u8)) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_that_look_alike_are_one_piece() {
        let mut buffer = Buffer::empty(ratatui::layout::Rect::new(0, 0, 16, 1));
        buffer.set_string(0, 0, "ab c    <&>群好", Style::new());
        buffer.set_string(1, 0, "b", Style::new().fg(Color::Red));
        let svg = picture(&buffer, &Theme::plain(), Width::new(1));
        let texts: Vec<&str> = svg.lines().filter(|l| l.starts_with("<text")).collect();
        let said: Vec<&str> = texts.iter().map(|l| &l[l.find('>').unwrap() + 1..l.rfind("</").unwrap()]).collect();
        assert_eq!(said, ["a", "b", "c", "&lt;&amp;&gt;", "群好"]);
        assert!(texts[4].contains("x=\"92.4\"") && texts[4].contains("textLength=\"33.6\""), "{}", texts[4]);
    }

    #[test]
    fn pieces_are_all_but_the_gaps() {
        assert_eq!(pieces("  a b   c "), [(2, "a b"), (8, "c")]);
        assert_eq!(pieces("   "), []);
    }
}
