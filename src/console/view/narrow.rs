//! What a view is narrowed to, in a row above it: rows that are missing must not look as if they did not exist.

use ratatui::layout::Rect;

use super::paint::Paint;
use crate::console::theme::Role;

/// Draws the row where there is something to tell, and gives what is left for the view.
pub fn title(p: &mut Paint, area: Rect) -> Rect {
    let typed = p.ui.narrowed(p.ui.view).to_owned();
    if typed.is_empty() || area.height < 4 {
        return area;
    }
    let x = p.put(area.x + 1, area.y, area.width - 1, &format!("/{typed}"), Role::SearchMatch);
    let words = p.lang().pick("Esc 看全部", "Esc shows all");
    p.put(x + 2, area.y, area.right().saturating_sub(x + 2), words, Role::TextDim);
    Rect { y: area.y + 1, height: area.height - 1, ..area }
}

/// Nothing passes.
pub fn nothing(p: &mut Paint, area: Rect) {
    let words = p.lang().pick("没有匹配的", "nothing matches");
    p.put(area.x + 2, area.y + 1, area.width.saturating_sub(2), words, Role::TextDim);
}
