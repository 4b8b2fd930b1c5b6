//! What lies over the view: a frame in the middle, or a line at the bottom.

use ratatui::layout::{Position, Rect};

use super::frame::{frame, scroll_mark};
use super::page;
use super::paint::Paint;
use crate::console::layer::{Confirm, Grade, Layer, Topic};
use crate::console::text::{Columns, wrap};
use crate::console::theme::Role;

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
        Layer::Prompt(prompt) => super::prompt::draw(p, area, prompt),
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

/// Columns from which the sentences of the help are not cut.
const PAGE_ROOMY: u16 = 70;

/// Columns of a page at most.
pub const PAGE: u16 = 112;

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
