//! Where a chat would stand, while the filter of the list leaves none: the filter, and not an empty bot, is why.

use ratatui::layout::Rect;

use super::paint::Paint;
use crate::console::theme::Role;
use crate::words::Lang;

/// Tells so, if it is so.
pub fn draw(p: &mut Paint, area: Rect) -> bool {
    let list = &p.ui.list;
    if list.filter.is_empty() || !list.rows.is_empty() || area.height < 2 {
        return false;
    }
    let words = match (list.filter.strip_prefix(['!', '！']), p.lang()) {
        (Some(not), Lang::Zh) => format!("每个会话都叫“{not}”，Esc 清除"),
        (Some(not), Lang::En) => format!("every chat is called “{not}”; Esc clears"),
        (None, Lang::Zh) => format!("没有会话叫“{}”，Esc 清除", list.filter),
        (None, Lang::En) => format!("no chat is called “{}”; Esc clears", list.filter),
    };
    p.put(area.x + 2, area.y + 1, area.width.saturating_sub(3), &words, Role::TextDim);
    true
}
