//! A frame with rows to choose from: titles among them, and below them what the selected one means.
//!
//! ```text
//!  ╭─ 测试群 ───────────────────╮
//!  │  现在                      │
//!  │ 1 发出草稿               a │
//!  │ 2 改了再发               i │
//!  │ 以机器人的名义说话，Enter… │
//!  ╰────────────────────────────╯
//! ```

use ratatui::layout::Rect;

use super::frame::{frame, scroll_mark};
use super::paint::Paint;
use crate::console::layer::{Act, Sheet};
use crate::console::state::Cursor;
use crate::console::theme::{Glyph, Role};

/// Below so many rows, titles and explanations would leave no room for what can be chosen.
const ROOMY: u16 = 14;

/// Rows that can be chosen: those that the filter leaves, titles not among them.
pub fn rows(sheet: &Sheet) -> Vec<usize> {
    let wanted = sheet.filter.as_deref().unwrap_or_default().to_lowercase();
    let fits = |n: &usize| {
        let row = &sheet.rows[*n];
        row.act != Act::Heading
            && (wanted.is_empty()
                || row.text.to_lowercase().contains(&wanted)
                || row.hint.to_lowercase().contains(&wanted))
    };
    (0..sheet.rows.len()).filter(fits).collect()
}

/// Rows as they are drawn: which, and at which place it is chosen.
fn lines(sheet: &Sheet, titled: bool) -> Vec<(usize, Option<usize>)> {
    let chosen = rows(sheet);
    let titled = titled && sheet.filter.as_deref().unwrap_or_default().is_empty();
    let place = |n: usize| chosen.binary_search(&n).ok();
    let is_title = |n: usize| sheet.rows[n].act == Act::Heading && titled;
    (0..sheet.rows.len()).filter(|n| place(*n).is_some() || is_title(*n)).map(|n| (n, place(n))).collect()
}

/// Draws it in the middle.
pub fn draw(p: &mut Paint, area: Rect, sheet: &Sheet) {
    let roomy = area.height >= ROOMY;
    let lines = lines(sheet, roomy);
    let widest = |texts: &mut dyn Iterator<Item = u16>| texts.max().unwrap_or(0);
    let text = widest(&mut sheet.rows.iter().map(|r| p.cols(&r.text)));
    let hint = widest(&mut sheet.rows.iter().map(|r| p.cols(&r.hint)));
    let body = widest(&mut sheet.body.iter().map(|b| p.cols(b)));
    let about = widest(&mut sheet.rows.iter().map(|r| p.cols(&r.about))).min(76);
    let width = (text + hint + 9).max(body.max(about) + 4).max(p.cols(&sheet.title) + 6).max(30);
    let explains = u16::from(about > 0) * if roomy { 2 } else { 1 };
    let filter = u16::from(sheet.filter.is_some());
    let count = u16::try_from(sheet.body.len() + lines.len().max(1)).unwrap_or(u16::MAX);
    let inner = frame(p, area, width, count.saturating_add(2 + filter + explains), &sheet.title);
    let mut y = inner.y;
    for line in &sheet.body {
        if y < inner.bottom() {
            p.put(inner.x + 1, y, inner.width.saturating_sub(2), line, Role::TextDim);
            y += 1;
        }
    }
    if let Some(filter) = &sheet.filter
        && y < inner.bottom()
    {
        let text = format!("/{filter}{}", p.glyph(Glyph::Caret));
        p.put(inner.x + 1, y, inner.width.saturating_sub(2), &text, Role::Input);
        y += 1;
    }
    let height = inner.bottom().saturating_sub(y + explains);
    let list = Rect { y, height, ..inner };
    self::list(p, list, sheet, &lines);
    let selected = lines.iter().find(|(_, place)| *place == Some(sheet.cursor.at)).map(|(n, _)| &sheet.rows[*n]);
    if let Some(row) = selected.filter(|_| explains > 0 && inner.height > explains) {
        p.put(inner.x + 1, inner.bottom() - 1, inner.width.saturating_sub(2), &row.about, Role::TextDim);
    }
}

fn list(p: &mut Paint, area: Rect, sheet: &Sheet, lines: &[(usize, Option<usize>)]) {
    if lines.is_empty() && area.height > 0 {
        p.put(area.x + 3, area.y, area.width, p.lang().pick("没有匹配的", "nothing matches"), Role::TextDim);
    }
    let at = lines.iter().position(|(_, place)| *place == Some(sheet.cursor.at)).unwrap_or(0);
    let mut cursor = Cursor { at, top: 0 };
    cursor.settle(lines.len(), area.height.into());
    for (y, (n, place)) in (area.y..area.bottom()).zip(lines.iter().skip(cursor.top)) {
        let row = &sheet.rows[*n];
        let Some(place) = place else {
            p.put(area.x + 1, y, area.width.saturating_sub(2), &row.text, Role::TextDim);
            continue;
        };
        let number = match (sheet.filter.is_none(), place) {
            (true, 0..9) => format!(" {} ", place + 1),
            _ => "   ".to_owned(),
        };
        let x = p.put(area.x, y, 3, &number, Role::FooterKey);
        let room = area.width.saturating_sub(3);
        let role = if row.dim { Role::TextDim } else { Role::Overlay };
        let text = p.cols(&row.text).min(room * 2 / 3);
        let hint = p.cols(&row.hint).min(room.saturating_sub(text + 2));
        p.put(x, y, room.saturating_sub(hint + 2), &row.text, role);
        p.put_right(area.right().saturating_sub(1), y, hint, &row.hint, Role::TextDim);
        if *place == sheet.cursor.at {
            p.row_style(Rect { y, height: 1, ..area }, Role::Selection);
        }
    }
    scroll_mark(p, area, area.bottom(), cursor.top, lines.len());
}
