//! Where an operator types: to whom it goes, as whom, and the words. The real cursor stands at the caret, for
//! input methods draw there.

use ratatui::layout::{Position, Rect};

use super::paint::Paint;
use crate::console::lead::{columns, lead};
use crate::console::state::Ui;
use crate::console::theme::Role;
use crate::domain::{ConversationId, ProviderState};

pub fn draw(p: &mut Paint, area: Rect, id: ConversationId, active: bool) -> Option<Position> {
    if area.height == 0 || area.width < 8 {
        return None;
    }
    let lead = lead(p.ui, id, area.width);
    let columns = columns(p.ui, id, area.width);
    let front = area.width.saturating_sub(u16::try_from(columns.first).unwrap_or(area.width));
    let composing = active && p.ui.composing.as_ref().is_some_and(|c| c.chat == id);
    p.put(area.x, area.y, front, &lead, if active { Role::InputPrompt } else { Role::TextDim });
    let empty = crate::console::text::Composer::new();
    let draft = p.ui.typed(id).unwrap_or(&empty);
    if draft.is_empty() && !composing {
        let words = hint(p.ui, id);
        p.put(area.x + front, area.y, area.width - front, &words, Role::InputGhost);
        return None;
    }
    if draft.is_empty() && p.ui.composes_elsewhere(id) {
        // Half of it would say something else; the corner has said it whole.
        let words = p.lang().pick("别处也在回复", "also elsewhere");
        let room = (area.width - front).saturating_sub(1);
        if p.cols(words) <= room {
            p.put(area.x + front + 1, area.y, room, words, Role::AlertWarning);
        }
    }
    let layout = draft.layout(columns, p.ui.width);
    let (row, col) = layout.caret(draft.text(), draft.caret());
    // To whom it goes is always seen: where the first row of a long text is not, it keeps the row for itself.
    let scrolled = row >= area.height.into();
    let area = match (scrolled, area.height) {
        (true, 2..) => Rect { y: area.y + 1, height: area.height - 1, ..area },
        (true, _) => {
            p.clear(Rect { x: area.x + 2, width: area.width - 2, ..area }, Role::Input);
            area
        }
        (false, _) => area,
    };
    let top = (row + 1).saturating_sub(area.height.into());
    for (n, line) in layout.rows().iter().enumerate().skip(top).take(area.height.into()) {
        let y = area.y + u16::try_from(n - top).unwrap_or(0);
        let x = if n == 0 { area.x + front } else { area.x + 2 };
        let text = crate::console::text::plain(line.of(draft.text()));
        let role = if composing { Role::Input } else { Role::TextDim };
        p.put(x, y, (area.x + area.width).saturating_sub(x), &text, role);
    }
    let x = if row == 0 { area.x + front } else { area.x + 2 };
    let x = (x + u16::try_from(col).unwrap_or(0)).min(area.x + area.width - 1);
    let y = area.y + u16::try_from(row - top).unwrap_or(0);
    composing.then_some(Position { x, y })
}

/// What would happen to what is typed.
fn hint(ui: &Ui, id: ConversationId) -> String {
    let lang = ui.lang();
    if ui.settings.read_only {
        return lang.pick("只读", "read-only").to_owned();
    }
    if ui.composes_elsewhere(id) {
        return lang.pick("i 回复（你在另一终端回复中）", "i replies (you do, elsewhere)").to_owned();
    }
    if ui.snap.providers.iter().all(|p| p.state == ProviderState::Off) && !ui.snap.providers.is_empty() {
        return lang.pick("i 回复（模型全关了）", "i replies (all models are off)").to_owned();
    }
    lang.pick("i 回复", "i replies").to_owned()
}
