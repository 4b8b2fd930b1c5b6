//! The program's log as it is written, and who did what. Tall screens show both, others one after the other.
//!
//! ```text
//!  日志  审计 │ 级别≥警告 /link │ 跟随                  文件里缺 12 行
//!  23:14:20 W adapter::hub       link is down account=10001 reason="timed out"
//!  23:14:21 I adapter::link      link open peer=127.0.0.1:50512 link=7
//! ```

use ratatui::layout::Rect;

use super::audit;
use super::halves::{halves, tabs};
use super::paint::{Paint, Span};
use super::stamp::{clock, date};
use crate::console::state::{Half, LogUi, Ui};
use crate::console::text::{Columns, lines};
use crate::console::theme::{Glyph, Role};
use crate::domain::{LogLevel, LogLine, Now, Wall};
use crate::words::Lang;

/// Rows of one line at most, where lines are broken.
const TALLEST: usize = 20;
/// Columns of the part of the program.
const TARGET: usize = 18;

pub fn draw(p: &mut Paint, area: Rect) {
    if area.height < 2 {
        return;
    }
    let (log, audit) = halves(p.ui, area);
    if log.height > 0 {
        title(p, Rect { height: 1, ..log });
        trouble(p, Rect { y: log.y + 1, height: title_rows(p.ui) - 1, ..log });
        let rows = title_rows(p.ui).min(log.height);
        draw_lines(p, Rect { y: log.y + rows, height: log.height - rows, ..log });
    }
    if audit.height > 0 {
        audit::draw(p, audit);
    }
}

/// Rows above the lines.
pub fn title_rows(ui: &Ui) -> u16 {
    1 + u16::from(ui.log.health.trouble.is_some())
}

fn title(p: &mut Paint, area: Rect) {
    let lang = p.lang();
    let x = tabs(p, area, Half::Log);
    let log = &p.ui.log;
    let rule = (format!(" {} ", p.glyph(Glyph::Vertical)), Role::Rule);
    let mut spans = vec![rule.clone()];
    match log.level {
        LogLevel::Trace => spans.push((lang.pick("全部级别", "all levels").to_owned(), Role::TextDim)),
        level => {
            spans.push((format!("{}{}", lang.pick("级别≥", "level>="), level_words(level, lang)), Role::AlertInfo))
        }
    }
    if !log.filter.is_empty() {
        spans.push((format!(" /{}", log.filter), Role::SearchMatch));
    }
    spans.push(rule);
    let fresh = log.fresh(&log.shown());
    match log.bottom {
        None => spans.push((lang.pick("跟随", "following").to_owned(), Role::LinkUp)),
        Some(_) => {
            let new = format!("{}{fresh} {}", p.glyph(Glyph::Below), lang.pick("新", "new"));
            spans.push((lang.pick("停住 ", "held ").to_owned(), Role::AlertWarning));
            spans.push((new, if fresh > 0 { Role::Unread } else { Role::TextDim }));
        }
    }
    let end = p.spans(x, area.y, (area.x + area.width).saturating_sub(x), &spans);
    let missing = log.health.dropped + log.health.lost;
    if missing > 0 {
        let words = match lang {
            Lang::Zh => format!("文件里缺 {missing} 行"),
            Lang::En => format!("{missing} lines not in the files"),
        };
        let room = area.right().saturating_sub(end + 2);
        if p.cols(&words) <= room {
            p.put_right(area.right().saturating_sub(1), area.y, room, &words, Role::AlertWarning);
        }
    }
}

fn trouble(p: &mut Paint, area: Rect) {
    if let Some(trouble) = p.ui.log.health.trouble.clone().filter(|_| area.height > 0) {
        let lost = p.ui.log.health.lost;
        let words = match p.lang() {
            Lang::Zh => format!("{} 日志写不进文件，已丢 {lost} 行：{trouble}", p.glyph(Glyph::Warning)),
            Lang::En => format!("{} the log cannot be written, {lost} lines lost: {trouble}", p.glyph(Glyph::Warning)),
        };
        p.put(area.x + 1, area.y, area.width.saturating_sub(2), &words, Role::AlertCritical);
    }
}

fn draw_lines(p: &mut Paint, area: Rect) {
    let ui = p.ui;
    let shown = ui.log.shown();
    if shown.is_empty() {
        let (zh, en) = match ui.log.lines.is_empty() {
            true => ("还没有记录", "nothing yet"),
            false => ("没有符合的行；Esc 放宽", "no line fits; Esc shows more"),
        };
        p.put(area.x + 2, area.y, area.width, p.lang().pick(zh, en), Role::TextDim);
        return;
    }
    // From the last line upwards, as far as there is room.
    let bottom = LogUi::place(&shown, ui.log.bottom);
    let mut first = bottom;
    let mut rows = height(ui, shown[bottom], area.width);
    while first > 0 && rows + height(ui, shown[first - 1], area.width) <= usize::from(area.height) {
        first -= 1;
        rows += height(ui, shown[first], area.width);
    }
    let mut y = area.y;
    // Above the first whole line there may be room for the end of another.
    let room = usize::from(area.height).saturating_sub(rows);
    if let Some(above) = first.checked_sub(1).filter(|_| room > 0) {
        let skip = height(ui, shown[above], area.width).saturating_sub(room);
        y = draw_line(p, area, shown[above], skip);
    }
    for line in &shown[first..=bottom] {
        let end = draw_line(p, Rect { y, height: area.bottom().saturating_sub(y), ..area }, line, 0);
        if ui.log.at == Some(line.seq) && ui.log.half == Half::Log {
            p.row_style(Rect { y, height: end - y, ..area }, Role::Selection);
        }
        y = end;
    }
}

/// Draws one line without its first rows, and gives the row behind it.
fn draw_line(p: &mut Paint, area: Rect, line: &LogLine, skip: usize) -> u16 {
    let (role, text_role) = match line.level {
        LogLevel::Error => (Role::AlertCritical, Role::AlertCritical),
        LogLevel::Warn => (Role::AlertWarning, Role::AlertWarning),
        LogLevel::Info => (Role::AlertInfo, Role::Text),
        LogLevel::Debug | LogLevel::Trace => (Role::TextDim, Role::TextDim),
    };
    let lead = lead(p.ui, area.width);
    if skip == 0 {
        let x = p.put(area.x + 1, area.y, area.width, &when(p.ui, line.at, area.width), Role::Time);
        let x = p.put(x + 1, area.y, area.width, line.level.letter(), role);
        if has_target(area.width) {
            let target = line.target.strip_prefix("qqdeck::").unwrap_or(&line.target);
            p.put(x + 1, area.y, TARGET as u16, &p.ui.width.fit_left(target, TARGET), Role::TextDim);
        }
    }
    let (x, room) = (area.x + lead, area.width.saturating_sub(lead + 1));
    let text = p.ui.log.said(line);
    if !p.ui.log.wrap {
        marked(p, x, area.y, room, &text, text_role);
        return area.y + 1;
    }
    let mut y = area.y;
    for piece in lines(&text, Columns::same(room.into()), p.ui.width).take(TALLEST).skip(skip) {
        if y >= area.bottom() {
            break;
        }
        marked(p, x, y, room, piece.of(&text), text_role);
        y += 1;
    }
    y.max(area.y + 1)
}

/// Words, with what the filter hit standing out.
fn marked(p: &mut Paint, x: u16, y: u16, room: u16, text: &str, role: Role) {
    let text = p.ui.width.truncate(text, room.into()).into_owned();
    let wanted = p.ui.log.filter.to_ascii_lowercase();
    if wanted.is_empty() || wanted.starts_with(['!', '！']) {
        p.put(x, y, room, &text, role);
        return;
    }
    let lower = text.to_ascii_lowercase();
    let mut spans: Vec<Span> = Vec::new();
    let mut from = 0;
    for (at, hit) in lower.match_indices(&wanted) {
        spans.push((text[from..at].to_owned(), role));
        spans.push((text[at..at + hit.len()].to_owned(), Role::SearchMatch));
        from = at + hit.len();
    }
    spans.push((text[from..].to_owned(), role));
    p.spans(x, y, room, &spans);
}

/// Rows that a line takes.
pub fn height(ui: &Ui, line: &LogLine, width: u16) -> usize {
    if !ui.log.wrap {
        return 1;
    }
    let room = width.saturating_sub(lead(ui, width) + 1);
    lines(&ui.log.said(line), Columns::same(room.into()), ui.width).take(TALLEST).count().max(1)
}

fn has_target(width: u16) -> bool {
    width >= 100
}

/// Columns before a line's words.
fn lead(ui: &Ui, width: u16) -> u16 {
    let time = ui.width.of(&when(ui, ui.now.wall, width));
    let target = if has_target(width) { TARGET + 1 } else { 0 };
    u16::try_from(1 + time + 1 + 1 + 1 + target).unwrap_or(0)
}

/// The time of a line, in always as many columns: of other days the day and the minute.
fn when(ui: &Ui, at: Wall, width: u16) -> String {
    if ui.ages {
        return ui.width.fit_left(&super::paint::time(ui, at), if width < 70 { 6 } else { 8 });
    }
    let of = |wall: Wall| Now { wall, ..ui.now };
    let clock = clock(ui, at);
    match (of(at).day() == ui.now.day(), width < 70) {
        (true, false) => clock,
        (true, true) => clock[..5].to_owned(),
        (false, narrow) => {
            let (date, day) = (date(ui, at), 3..5);
            match narrow {
                true => date,
                false => format!("{} {}", &date[day], &clock[..5]),
            }
        }
    }
}

fn level_words(level: LogLevel, lang: Lang) -> &'static str {
    match level {
        LogLevel::Error => lang.pick("错误", "error"),
        LogLevel::Warn => lang.pick("警告", "warn"),
        LogLevel::Info => lang.pick("信息", "info"),
        LogLevel::Debug => lang.pick("调试", "debug"),
        LogLevel::Trace => lang.pick("全部", "all"),
    }
}
