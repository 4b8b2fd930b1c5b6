//! What lies over the view: a frame in the middle, or a line at the bottom.

use ratatui::layout::{Position, Rect};

use super::page;
use super::paint::Paint;
use crate::console::layer::{Ask, Confirm, Grade, Layer, Prompt, Topic};
use crate::console::state::Cursor;
use crate::console::text::{Columns, wrap};
use crate::console::theme::{Glyph, Role};
use crate::console::update::about;

pub fn draw(p: &mut Paint, area: Rect, layer: &Layer) -> Option<Position> {
    if area.width < 4 || area.height < 2 {
        return None;
    }
    match layer {
        Layer::Sheet(sheet) => {
            super::sheet::draw(p, area, sheet);
            None
        }
        Layer::Confirm(confirm) => self::confirm(p, area, confirm),
        Layer::Prompt(prompt) => self::prompt(p, area, prompt),
        Layer::Page(shown) => {
            // Lines longer than that are hard to read; a page no taller than what it says leaves the view to be seen.
            let width = area.width.min(PAGE);
            let rows = page::rows(p.ui, &shown.topic, usize::from(width).saturating_sub(2));
            let tall = u16::try_from(rows.len()).unwrap_or(u16::MAX).saturating_add(2);
            let inner = frame(p, area, width, tall.max(6), &page::title(p.ui, &shown.topic));
            // On a small screen sentences are cut: the selected one is told whole below.
            let sentence = match &shown.topic {
                Topic::Help(filter) if inner.width < PAGE_ROOMY && inner.height > 6 => {
                    page::action_at(p.ui, filter, shown.cursor.at).map(|action| action.entry().words(p.lang()))
                }
                _ => None,
            };
            let (mut inner, bottom) = (inner, inner.bottom());
            if let Some(words) = sentence {
                let room = Columns::same(usize::from(inner.width).saturating_sub(2));
                let pieces = wrap(words, room, p.ui.width, 400).lines;
                let tall = u16::try_from(pieces.len()).unwrap_or(1).clamp(1, 2);
                inner.height -= tall;
                for (y, piece) in (inner.bottom()..).zip(pieces.iter().take(tall.into())) {
                    p.put(inner.x + 1, y, inner.width, piece.of(words), Role::TextDim);
                }
            }
            let selects = matches!(shown.topic, Topic::Found { .. } | Topic::Help(_));
            let mut cursor = shown.cursor.clone();
            let height = usize::from(inner.height);
            if selects {
                cursor.settle(rows.len(), height);
            }
            let top = if selects { cursor.top } else { cursor.at.min(rows.len().saturating_sub(height)) };
            for (n, row) in rows.iter().enumerate().skip(top).take(height) {
                let y = inner.y + u16::try_from(n - top).unwrap_or(0);
                p.spans(inner.x, y, inner.width, row);
                if selects && n == cursor.at {
                    p.row_style(Rect { y, height: 1, ..inner }, Role::Selection);
                }
            }
            scroll_mark(p, inner, bottom, top, rows.len());
            None
        }
    }
}

/// Under so many columns a frame takes them all.
const NARROW: u16 = 60;

/// Columns from which the sentences of the help are not cut.
const PAGE_ROOMY: u16 = 70;

/// Columns of a page at most.
pub const PAGE: u16 = 112;

/// A frame in the middle of an area; tells what is inside.
pub(super) fn frame(p: &mut Paint, area: Rect, width: u16, height: u16, title: &str) -> Rect {
    // On a phone what would be left at the sides is only half words.
    let width = if area.width < NARROW { area.width } else { width.min(area.width) };
    let height = height.min(area.height);
    let x = area.x + (area.width - width) / 2;
    let y = area.y + (area.height - height) / 2;
    let all = Rect { x, y, width, height };
    p.clear(all, Role::Overlay);
    let horizontal = p.ui.glyphs.horizontal(usize::from(width.saturating_sub(2)), p.ui.width);
    let corners = [Glyph::TopLeft, Glyph::TopRight, Glyph::BottomLeft, Glyph::BottomRight].map(|g| p.glyph(g));
    let (right, bottom) = (x + width - 1, y + height - 1);
    p.put(x + 1, y, width.saturating_sub(2), &horizontal, Role::OverlayBorder);
    p.put(x + 1, bottom, width.saturating_sub(2), &horizontal, Role::OverlayBorder);
    for (n, (cx, cy)) in [(x, y), (right, y), (x, bottom), (right, bottom)].into_iter().enumerate() {
        p.put(cx, cy, 1, corners[n], Role::OverlayBorder);
    }
    let vertical = p.glyph(Glyph::Vertical);
    for row in y + 1..bottom {
        p.put(x, row, 1, vertical, Role::OverlayBorder);
        p.put(right, row, 1, vertical, Role::OverlayBorder);
    }
    if !title.is_empty() {
        p.put(x + 2, y, width.saturating_sub(4), &format!(" {title} "), Role::OverlayTitle);
    }
    Rect { x: x + 1, y: y + 1, width: width.saturating_sub(2), height: height.saturating_sub(2) }
}

/// How many rows there are above and below those inside; the lower edge of the frame is at `bottom`.
pub(super) fn scroll_mark(p: &mut Paint, inner: Rect, bottom: u16, top: usize, total: usize) {
    let shown = top + usize::from(inner.height);
    if shown < total {
        let words = format!(" {}{} ", p.glyph(Glyph::Below), total - shown);
        p.put_right(inner.right(), bottom, 8, &words, Role::OverlayTitle);
    }
    if top > 0 {
        let words = format!(" {}{top} ", p.glyph(Glyph::Above));
        p.put_right(inner.right(), inner.y.saturating_sub(1), 8, &words, Role::OverlayTitle);
    }
}

fn confirm(p: &mut Paint, area: Rect, confirm: &Confirm) -> Option<Position> {
    let lang = p.lang();
    let ask = match &confirm.grade {
        Grade::Yes => lang.pick("y 是   n 否（默认）", "y yes   n no (default)").to_owned(),
        Grade::Typed(name) => format!("{} {name}", lang.pick("打出名字确认：", "type the name to confirm:")),
    };
    let width = (p.cols(&confirm.words).min(area.width) + 6).max(p.cols(&ask) + 6);
    let typed = u16::from(matches!(confirm.grade, Grade::Typed(_)));
    let columns = usize::from(width.min(area.width).saturating_sub(4)).max(4);
    let wrapped = crate::console::text::wrap(&confirm.words, Columns::same(columns), p.ui.width, 2000);
    let rows = u16::try_from(wrapped.lines.len()).unwrap_or(1);
    let inner = frame(p, area, width, rows + 4 + typed, lang.pick("确认", "Are you sure"));
    let mut y = inner.y;
    for piece in &wrapped.lines {
        p.put(inner.x + 1, y, inner.width.saturating_sub(1), piece.of(&confirm.words), Role::AlertWarning);
        y += 1;
    }
    p.put(inner.x + 1, y + 1, inner.width.saturating_sub(1), &ask, Role::Overlay);
    if typed == 0 {
        return None;
    }
    let x =
        p.put(inner.x + 1, y + 2, inner.width.saturating_sub(2), &format!("> {}", confirm.typed.text()), Role::Input);
    Some(Position { x: x.min(inner.right() - 1), y: y + 2 })
}

fn prompt(p: &mut Paint, area: Rect, prompt: &Prompt) -> Option<Position> {
    let lang = p.lang();
    let lead = match &prompt.ask {
        Ask::Palette => ":".to_owned(),
        Ask::Filter | Ask::LogFilter => "/".to_owned(),
        Ask::Search => lang.pick("搜索：", "search: ").to_owned(),
        Ask::Find(_) => lang.pick("本会话里找：", "find here: ").to_owned(),
        Ask::Date(_) => lang
            .pick("哪一天（2026-11-21、11-21、3 天前写 3）：", "which day (2026-11-21, 11-21, 3 = days ago): ")
            .to_owned(),
        Ask::Note(_) => lang.pick("备注：", "note: ").to_owned(),
        Ask::Setting(_, key) => format!("{}{key} = ", lang.pick("（空着就按继承的）", "(empty: inherited) ")),
        Ask::Refusal(_) => lang.pick("拒绝，附一句（可空）：", "refuse with a word (may be empty): ").to_owned(),
    };
    let y = area.bottom() - 1;
    let row = Rect { y, height: 1, ..area };
    let note = match (&prompt.error, p.ui.understood(prompt)) {
        (Some(error), _) => Some((error.clone(), Role::ToastError)),
        (None, Some(Ok(words))) => Some((format!("{} {words}", p.glyph(Glyph::To)), Role::InputGhost)),
        (None, Some(Err(words))) => Some((words, Role::AlertWarning)),
        (None, None) => None,
    };
    // Where it does not fit behind what is typed, it stands above.
    let typed = p.cols(&lead).min(area.width / 2) + p.cols(prompt.line.text()) + 3;
    let above = note.as_ref().filter(|(words, _)| area.height > 3 && typed + p.cols(words) > area.width).cloned();
    let rows = 1 + u16::from(above.is_some());
    if let Some((words, role)) = &above {
        let row = Rect { y: y - 1, ..row };
        p.clear(row, Role::Overlay);
        p.put(row.x + 1, row.y, row.width.saturating_sub(2), words, *role);
    }
    match &prompt.ask {
        Ask::Palette => completions(p, Rect { height: area.height - rows, ..area }, prompt),
        Ask::Setting(_, key) if above.is_none() => {
            let above = Rect { y: y.saturating_sub(1).max(area.y), ..row };
            p.clear(above, Role::Overlay);
            p.put(above.x + 1, above.y, above.width.saturating_sub(2), about(key, lang), Role::TextDim);
        }
        _ => {}
    }
    p.clear(row, Role::Input);
    let x = p.put(area.x, y, area.width / 2, &lead, Role::InputPrompt);
    let room = area.width.saturating_sub(x - area.x + 1);
    let before = &prompt.line.text()[..prompt.line.caret()];
    // The end that is being typed stays in view.
    let mut from = 0;
    while p.cols(&before[from..]) > room {
        from += before[from..].chars().next().map_or(1, char::len_utf8);
    }
    let caret = x + p.cols(&before[from..]);
    let end = p.put(x, y, room, &prompt.line.text()[from..], Role::Input);
    let rest = (area.x + area.width).saturating_sub(end + 2);
    if let Some((words, role)) = note.filter(|_| above.is_none()) {
        p.put(end + 2, y, rest, &words, role);
    }
    Some(Position { x: caret.min(area.x + area.width - 1), y })
}

fn completions(p: &mut Paint, area: Rect, prompt: &Prompt) {
    let all = p.ui.completions(prompt);
    let height = usize::from(area.height).min(8).min(all.len());
    let mut cursor: Cursor = prompt.cursor.clone();
    cursor.settle(all.len(), height);
    let top = area.bottom() - u16::try_from(height).unwrap_or(0);
    p.clear(Rect { y: top, height: u16::try_from(height).unwrap_or(0), ..area }, Role::Overlay);
    for (n, c) in all.iter().enumerate().skip(cursor.top).take(height) {
        let y = top + u16::try_from(n - cursor.top).unwrap_or(0);
        let x = p.put(area.x + 1, y, 16, &c.name, Role::TextStrong);
        // How it goes on matters more than what it is.
        let room = if area.width < 70 { area.width } else { area.width / 3 };
        let x = p.put(x + 1, y, room, &c.arguments, Role::InputGhost);
        let x = x.max(area.x + 18);
        let key = c.key.as_deref().map(|k| k.replace(' ', "")).unwrap_or_default();
        let right = (area.x + area.width).saturating_sub(1);
        let key_x = p.put_right(right, y, 10, &key, Role::FooterKey);
        p.put(x + 1, y, key_x.saturating_sub(x + 2), c.words, Role::TextDim);
        if n == cursor.at {
            p.row_style(Rect { y, height: 1, ..area }, Role::Selection);
        }
    }
}
