//! Bytes and time of typical frames. Prints; run with `--ignored --nocapture`, in release for the times.

use std::time::Instant;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Modifier, Style};

use super::{Depth, Screen};

const TALK: [&str; 6] = [
    "明天多云转小雨，建议带伞。",
    "@小助手 那后天呢？",
    "后天转晴，最高气温二十一度，适合出门走走。",
    "[图片] 今天好冷",
    "好的，谢谢！我先去吃饭了，晚点再聊 see you",
    "显卡驱动更新以后速度好像快了不少，大家可以试试看",
];
const NAMES: [&str; 4] = ["小红", "小明", "老王", "小助手"];

fn dim() -> Style {
    Style::new().fg(Color::Rgb(110, 115, 141))
}

fn header(buffer: &mut Buffer) {
    let bar = Style::new().fg(Color::Rgb(205, 214, 244)).bg(Color::Rgb(30, 30, 46));
    let (width, height) = (buffer.area.width, buffer.area.height);
    buffer.set_style(Rect::new(0, 0, width, 1), bar);
    buffer.set_string(1, 0, "home!生产  小助手●在线  ⚑3 草稿1 未知1 │ 显存89% 首字0.4s 队0", bar);
    buffer.set_string(
        0,
        height - 2,
        "→群 测试群 123456 以 小助手（自动）: ",
        Style::new().add_modifier(Modifier::BOLD),
    );
    buffer.set_string(
        0,
        height - 1,
        " 1会话 2账号与模型 3告警 4用量 5日志审计 │ i回复 w放行 e设置 u撤销 :命令 ?帮助",
        dim(),
    );
}

/// Messages from `first` on, newest at the bottom.
fn chat(buffer: &mut Buffer, area: Rect, first: usize) {
    for y in area.top()..area.bottom() {
        let n = first + usize::from(y - area.top());
        let (x, width) = (area.x, usize::from(area.width));
        let (x, _) = buffer.set_stringn(x, y, format!("23:{:02} ", n % 60), width, dim());
        let name = Style::new().fg(Color::Rgb(137, 180, 250)).add_modifier(Modifier::BOLD);
        let (x, _) = buffer.set_stringn(x, y, NAMES[n % 4], width, name);
        buffer.set_stringn(x + 1, y, TALK[n % 6], width - usize::from(x + 1 - area.x), Style::new());
        let verdict = [("·未@", dim()), ("qwen3 1.3s ✓", Style::new().fg(Color::Rgb(166, 227, 161)))][n % 2];
        let columns = unicode_width::UnicodeWidthStr::width(verdict.0) as u16;
        buffer.set_string(area.right() - columns - 1, y, verdict.0, verdict.1);
    }
}

fn split(width: u16, height: u16, first: usize) -> Buffer {
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    header(&mut buffer);
    let (left, right) = (24, width - 34);
    for y in 1..height - 2 {
        buffer.set_string(1, y, format!("测试群 {}", 100 + y), Style::new());
        buffer.set_string(left, y, "│", dim());
        buffer.set_string(right, y, "│ ✓ 群已放行", dim());
    }
    chat(&mut buffer, Rect::new(left + 2, 1, right - left - 3, height - 3), first);
    buffer
}

fn zoomed(width: u16, height: u16, first: usize) -> Buffer {
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    header(&mut buffer);
    chat(&mut buffer, Rect::new(0, 1, width, height - 3), first);
    buffer
}

/// Bytes of the frame after the first, and microseconds a frame.
fn measure(depth: Depth, draw: impl Fn(usize) -> Buffer) -> (usize, usize, u128) {
    let caret = Some(Position::new(38, 1));
    let buffers: Vec<Buffer> = (0..50).map(draw).collect();
    let (mut screen, mut out) = (Screen::new(depth), Vec::new());
    let full = screen.frame(&buffers[0], caret, &mut out);
    let begun = Instant::now();
    let mut bytes = 0;
    for buffer in &buffers[1..] {
        out.clear();
        bytes += screen.frame(buffer, caret, &mut out);
    }
    (full, bytes / 49, begun.elapsed().as_micros() / 49)
}

#[test]
#[ignore = "prints numbers"]
fn bytes_and_time() {
    println!("size     layout  depth     full repaint  scroll by 1   us/frame");
    for (width, height) in [(80, 24), (120, 40), (200, 50), (300, 80)] {
        for depth in [Depth::None, Depth::Ansi16, Depth::Rgb] {
            let (full, bytes, us) = measure(depth, |n| split(width, height, n));
            println!("{width}x{height:<4} split   {depth:<8?} {full:>8} B   {bytes:>8} B   {us:>6}");
            let (full, bytes, us) = measure(depth, |n| zoomed(width, height, n));
            println!("{width}x{height:<4} zoomed  {depth:<8?} {full:>8} B   {bytes:>8} B   {us:>6}");
        }
        let (_, bytes, us) = measure(Depth::Rgb, |_| split(width, height, 0));
        println!("{width}x{height:<4} split   unchanged {bytes:>19} B   {us:>6}");
        let token = |n: usize| {
            let mut buffer = split(width, height, 0);
            buffer.set_string(40, height - 3, "好".repeat(n % 7), Style::new());
            buffer
        };
        let (_, bytes, us) = measure(Depth::Rgb, token);
        println!("{width}x{height:<4} split   a token   {bytes:>19} B   {us:>6}");
    }
}

/// The scene is fuller than the one console.md measured (3 215 bytes without colours where that had 2 601), so
/// all the colours a terminal has are allowed a quarter more than its 4 kB.
#[test]
fn budgets_of_console_md_hold() {
    for (depth, most) in [(Depth::Ansi16, 4_000), (Depth::Rgb, 5_000)] {
        let (full, bytes, _) = measure(depth, |n| split(120, 40, n));
        assert!(full <= 10_000, "a first paint of {full}");
        assert!(bytes <= most, "{bytes} for a message in {depth:?}");
        let (_, bytes, _) = measure(depth, |n| zoomed(120, 40, n));
        assert!(bytes <= 400, "{bytes} for a message, zoomed");
        assert_eq!(measure(depth, |_| split(120, 40, 0)).1, 0);
    }
}
