//! Who did what, newest first. The live log joins it when the program keeps one.

use ratatui::layout::Rect;

use super::paint::Paint;
use crate::console::theme::Role;
use crate::domain::Text;

pub fn draw(p: &mut Paint, area: Rect) {
    let lang = p.lang();
    if area.height < 2 {
        return;
    }
    p.put(area.x + 1, area.y, area.width, lang.pick("审计：谁做了什么", "Audit: who did what"), Role::TextStrong);
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
        let x = p.put(
            area.x + 1,
            y,
            12,
            &format!("{} {} ", super::lines::date(p.ui, entry.at), p.time(entry.at)),
            Role::Time,
        );
        let x = p.put(x.max(area.x + 14), y, 12, &p.ui.width.fit_left(entry.operator.shown(), 12), Role::NameOperator);
        let ok = entry.result == "ok" || entry.result == "already";
        let role = if ok { Role::DeliverySent } else { Role::ToastError };
        let x = p.put(x, y, 14, &p.ui.width.fit_left(&entry.result, 14), role);
        let command = Text::from(entry.command.as_str());
        p.put(x, y, (area.x + area.width).saturating_sub(x + 1), command.shown(), Role::Text);
        if n == cursor.at {
            p.row_style(Rect { y, height: 1, ..area }, Role::Selection);
        }
    }
}
