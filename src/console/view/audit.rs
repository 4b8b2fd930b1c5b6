//! Who did what, newest first: the other half of the view of the log.

use ratatui::layout::Rect;

use super::paint::Paint;
use crate::console::state::Half;
use crate::console::theme::Role;
use crate::domain::Text;

pub fn draw(p: &mut Paint, area: Rect) {
    let lang = p.lang();
    let x = super::halves::tabs(p, area, Half::Audit);
    p.put(x + 1, area.y, area.right().saturating_sub(x + 1), lang.pick("谁做了什么", "who did what"), Role::TextDim);
    let rows = &p.ui.log.audit;
    if rows.is_empty() {
        p.put(area.x + 2, area.y + 1, area.width, lang.pick("还没有记录", "nothing yet"), Role::TextDim);
        return;
    }
    let height = usize::from(area.height - 1);
    let mut cursor = p.ui.log.cursor.clone();
    cursor.settle(rows.len(), height);
    for (n, entry) in rows.iter().enumerate().skip(cursor.top).take(height) {
        let y = area.y + 1 + u16::try_from(n - cursor.top).unwrap_or(0);
        let x = p.put(area.x + 1, y, 11, &super::stamp::stamp(p.ui, entry.at), Role::Time);
        let x = p.put(x + 1, y, 12, &p.ui.width.fit_left(entry.operator.shown(), 12), Role::NameOperator);
        let ok = entry.result == "ok" || entry.result == "already";
        let role = if ok { Role::DeliverySent } else { Role::ToastError };
        let x = p.put(x, y, 14, &p.ui.width.fit_left(&entry.result, 14), role);
        let command = Text::from(entry.command.as_str());
        p.put(x, y, (area.x + area.width).saturating_sub(x + 1), command.shown(), Role::Text);
        if n == cursor.at && p.ui.log.half == Half::Audit {
            p.row_style(Rect { y, height: 1, ..area }, Role::Selection);
        }
    }
}
