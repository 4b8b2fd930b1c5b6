//! Frames as an operator's terminal gets them, byte for byte.

use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::widgets::{Block, Clear, Widget};

use super::*;

fn blank(width: u16, height: u16) -> Buffer {
    Buffer::empty(Rect::new(0, 0, width, height))
}

/// The frame without its bracket, ESC as `^`.
fn frame(screen: &mut Screen, buffer: &Buffer, caret: Option<(u16, u16)>) -> String {
    let mut out = Vec::new();
    let bytes = screen.frame(buffer, caret.map(Position::from), &mut out);
    assert_eq!(bytes, out.len());
    if out.is_empty() {
        return String::new();
    }
    let body = out.strip_prefix(BEGIN).and_then(|out| out.strip_suffix(END)).unwrap();
    String::from_utf8(body.to_vec()).unwrap().replace('\x1b', "^")
}

/// A screen that shows the buffer, its cursor hidden.
fn showing(buffer: &Buffer) -> Screen {
    let mut screen = Screen::new(Depth::Rgb);
    frame(&mut screen, buffer, None);
    screen
}

#[test]
fn the_first_frame_clears_inside_the_bracket() {
    let mut screen = Screen::new(Depth::Rgb);
    let mut buffer = blank(10, 3);
    buffer.set_string(0, 0, "你好", Style::new());
    assert_eq!(frame(&mut screen, &buffer, None), "^[?25l^[m^[H^[2J你好");
    assert_eq!(frame(&mut screen, &buffer, None), "");
    screen.repaint();
    assert_eq!(frame(&mut screen, &buffer, None), "^[m^[H^[2J你好");
    assert_eq!(screen.totals().frames, 2);
    assert_eq!(screen.totals().repaints, 2);
}

#[test]
fn nothing_visible_changed_is_no_byte() {
    let mut buffer = blank(10, 3);
    buffer.set_string(0, 0, "ab", Style::new().red());
    let mut screen = showing(&buffer);
    // The look of blanks that shows nowhere.
    buffer[(5, 1)].set_style(Style::new().fg(Color::Blue).bold().italic());
    assert_eq!(frame(&mut screen, &buffer, None), "");
    assert_eq!(frame(&mut screen, &buffer, Some((2, 0))), "^[?25h", "the cursor is behind the last letter");
    assert_eq!(frame(&mut screen, &buffer, Some((2, 0))), "");
    assert_eq!(frame(&mut screen, &buffer, Some((4, 2))), "^[3;5H");
    assert_eq!(frame(&mut screen, &buffer, None), "^[?25l");
    assert_eq!(screen.totals().frames, 4);
}

#[test]
fn the_cursor_is_where_a_wide_glyph_left_it() {
    let mut buffer = blank(20, 2);
    let mut screen = showing(&buffer);
    buffer.set_string(2, 0, "今天好冷ok", Style::new());
    assert_eq!(frame(&mut screen, &buffer, None), "  今天好冷ok");
    buffer.set_string(4, 0, "夜", Style::new());
    buffer.set_string(8, 0, "热", Style::new());
    // Over one unchanged character, writing it again is no longer than moving.
    assert_eq!(frame(&mut screen, &buffer, None), "\r^[4C夜好热");
}

#[test]
fn after_a_doubtful_glyph_the_move_is_absolute() {
    for glyph in ["❤\u{fe0f}", "👨\u{200d}👩\u{200d}👧", "😀", "🇨🇳"] {
        let mut buffer = blank(20, 2);
        let mut screen = showing(&buffer);
        buffer.set_string(3, 1, format!("{glyph}x"), Style::new());
        let written = frame(&mut screen, &buffer, None);
        assert!(written.starts_with(&format!("^[2;4H{glyph}^[2;6Hx")), "{written}");
    }
    let mut buffer = blank(20, 2);
    let mut screen = showing(&buffer);
    buffer.set_string(0, 0, "a…b──c", Style::new());
    assert_eq!(frame(&mut screen, &buffer, None), "a…^[1;3Hb──^[1;6Hc");
    // The family may have painted where the heart comes.
    let mut buffer = blank(20, 2);
    let mut screen = showing(&buffer);
    buffer.set_string(0, 0, "👨\u{200d}👩\u{200d}👧❤\u{fe0f}", Style::new());
    let written = frame(&mut screen, &buffer, None);
    assert!(written.contains("👧^[1;3H  ^[1;3H❤\u{fe0f}^[1;5H"), "{written}");
    // What was there shines through if a terminal gives the heart one cell: blanks go first.
    buffer = blank(20, 2);
    buffer.set_string(0, 0, "a…b──c", Style::new());
    let mut screen = showing(&buffer);
    buffer.set_string(0, 0, "❤\u{fe0f}", Style::new());
    assert_eq!(frame(&mut screen, &buffer, None), "\r  ^[H❤\u{fe0f}^[1;3Hb");
}

#[test]
fn blanks_are_erased_where_that_is_shorter() {
    let mut buffer = blank(60, 2);
    buffer.set_string(0, 0, "x".repeat(60), Style::new().on_blue());
    let mut screen = showing(&buffer);
    let before = buffer.clone();
    buffer.set_string(10, 0, " ".repeat(50), Style::reset());
    assert_eq!(frame(&mut screen, &buffer, None), "\r^[10C^[m^[K");
    let mut buffer = before;
    let mut screen = showing(&buffer);
    buffer.set_string(10, 0, " ".repeat(30), Style::reset());
    assert_eq!(frame(&mut screen, &buffer, None), "\r^[10C^[m^[30X");
    // A coloured background is never left to erasing.
    buffer.set_string(10, 0, " ".repeat(50), Style::reset().on_red());
    assert_eq!(frame(&mut screen, &buffer, None), format!("^[41m{}", " ".repeat(50)));
}

#[test]
fn a_popup_on_half_a_glyph_keeps_its_border() {
    let mut buffer = blank(12, 3);
    for y in 0..3 {
        buffer.set_string(0, y, "中文中文中文", Style::new());
    }
    let mut screen = showing(&buffer);
    let area = Rect::new(3, 0, 5, 3);
    Clear.render(area, &mut buffer);
    Block::bordered().render(area, &mut buffer);
    let mut terminal = replay::Terminal::new(12, 3);
    terminal.feed_frame(&mut Screen::new(Depth::Rgb), &buffer);
    assert_eq!(terminal.lines(), ["中 ┌───┐中文", "中 │   │中文", "中 └───┘中文"]);
    assert!(frame(&mut screen, &buffer, None).contains(" ┌───┐"));
}

#[test]
fn what_scrolled_is_moved_and_not_drawn() {
    let line = |n: usize| format!("23:{n:02} 小红   今天有点冷，明天多云转小雨 {n}");
    let draw = |first: usize| {
        let mut buffer = blank(60, 12);
        buffer.set_string(0, 0, "标题", Style::new().bold());
        for y in 1..11 {
            buffer.set_string(0, y, line(first + usize::from(y)), Style::new());
        }
        buffer.set_string(0, 11, "→群 测试群", Style::new());
        buffer
    };
    let mut screen = showing(&draw(20));
    let written = frame(&mut screen, &draw(21), None);
    assert_eq!(written, format!("^[2;11r^[2H^[1M^[r^[11H{}", line(31)));
    let back = frame(&mut screen, &draw(20), None);
    assert!(back.starts_with("^[2;11r^[2H^[1L^[r^[2H"), "{back}");
    assert_eq!(screen.totals().scrolls, 2);
}

#[test]
fn colours_are_those_of_the_session() {
    for (depth, bytes) in [
        (Depth::Rgb, "^[1;38;2;250;10;10mx"),
        (Depth::Ansi256, "^[1;38;5;196mx"),
        (Depth::Ansi16, "^[1;91mx"),
        (Depth::None, "^[1mx"),
    ] {
        let mut screen = Screen::new(depth);
        let mut buffer = blank(3, 1);
        frame(&mut screen, &buffer, None);
        buffer.set_string(0, 0, "x", Style::new().fg(Color::Rgb(250, 10, 10)).add_modifier(Modifier::BOLD));
        assert_eq!(frame(&mut screen, &buffer, None), bytes);
        screen.set_depth(depth);
        assert_eq!(frame(&mut screen, &buffer, None), "");
    }
}

#[test]
fn content_cannot_send_sequences() {
    let mut buffer = blank(4, 1);
    let mut screen = showing(&buffer);
    for (x, symbol) in ["\x1b[2J", "\x1b]0;x\x07", "\u{9b}1m", "\r"].into_iter().enumerate() {
        buffer[(x as u16, 0)].set_symbol(symbol);
    }
    assert_eq!(frame(&mut screen, &buffer, None), "????");
}

#[test]
fn every_size_is_drawn() {
    let mut screen = Screen::new(Depth::Ansi16);
    for (width, height) in [(1, 1), (0, 0), (2, 1), (1, 2), (500, 200), (0, 5), (1, 1)] {
        let mut buffer = blank(width, height);
        for y in 0..height {
            buffer.set_string(0, y, "中文 text …", Style::new().reversed());
            if width > 0 {
                // Without room for its second half.
                buffer[(width - 1, y)].set_symbol("宽");
            }
        }
        let written = frame(&mut screen, &buffer, Some((999, 999)));
        assert_eq!(written.contains("^[2J"), width > 0 && height > 0, "{width}x{height}");
    }
}
