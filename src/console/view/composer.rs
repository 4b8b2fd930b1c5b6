//! Where an operator types: to whom it goes, as whom, and the words. The real cursor stands at the caret, for
//! input methods draw there.

use ratatui::layout::{Position, Rect};

use super::paint::Paint;
use crate::console::layout::composer_columns;
use crate::console::state::{Purpose, Ui};
use crate::console::theme::{Glyph, Role};
use crate::domain::{ConversationId, Mode, ProviderState};

/// The words in front of what is typed.
pub fn lead(ui: &Ui, id: ConversationId) -> String {
    let lang = ui.lang();
    let name = ui.width.truncate(&ui.name_of(id), 12).into_owned();
    let kind = if id.peer.is_group() { lang.pick("群 ", "group ") } else { "" };
    let account = ui.snap.accounts.iter().find(|a| a.id == id.account);
    let bot = account.map_or_else(
        || id.account.to_string(),
        |a| match a.nickname.shown() {
            "" => id.account.to_string(),
            name => ui.width.truncate(name, 8).into_owned(),
        },
    );
    let to = ui.glyphs.get(Glyph::To);
    let purpose = ui.composing.as_ref().filter(|c| c.chat == id).map(|c| &c.purpose);
    match purpose {
        Some(Purpose::Correct(_)) => format!("{to}{kind}{name} {}: ", lang.pick("改正", "correct")),
        Some(Purpose::Approve(_)) => format!("{to}{kind}{name} {}: ", lang.pick("草稿", "draft")),
        _ => {
            let mode = ui.chat_view(id).map_or(Mode::Auto, |c| c.mode);
            let mode = crate::words::mode(mode, lang);
            // First whom it quotes and calls: where there is little room, the end is cut.
            format!("{}{to}{kind}{name} {} {bot}({mode}): ", front(ui, id), lang.pick("以", "as"))
        }
    }
}

/// Whom the message quotes and calls.
fn front(ui: &Ui, id: ConversationId) -> String {
    let Some(lead) = ui.chats.get(&id).map(|c| &c.lead) else { return String::new() };
    let mut front = String::new();
    if let Some(seq) = lead.quote {
        let quoted =
            ui.lines(id).into_iter().find(|l| l.seq == seq).map(|l| crate::words::author(&l.author, ui.lang()));
        let who = ui.width.truncate(quoted.as_deref().unwrap_or("…"), 10).into_owned();
        front.push_str(&format!("{}{who} ", ui.lang().pick("引用", "quoting ")));
    }
    for (_, name) in &lead.at {
        front.push_str(&format!("@{} ", ui.width.truncate(name, 10)));
    }
    front
}

pub fn draw(p: &mut Paint, area: Rect, id: ConversationId, active: bool) -> Option<Position> {
    if area.height == 0 || area.width < 8 {
        return None;
    }
    let lead = lead(p.ui, id);
    let columns = composer_columns(p.ui, id, area.width);
    let front = area.width.saturating_sub(u16::try_from(columns.first).unwrap_or(area.width));
    let composing = active && p.ui.composing.as_ref().is_some_and(|c| c.chat == id);
    p.put(area.x, area.y, front, &lead, if active { Role::InputPrompt } else { Role::TextDim });
    let empty = crate::console::text::Composer::new();
    let draft = p.ui.chats.get(&id).map_or(&empty, |c| &c.draft);
    if draft.is_empty() && !composing {
        let words = hint(p.ui);
        p.put(area.x + front, area.y, area.width - front, &words, Role::InputGhost);
        return None;
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
fn hint(ui: &Ui) -> String {
    let lang = ui.lang();
    if ui.settings.read_only {
        return lang.pick("只读", "read-only").to_owned();
    }
    if ui.snap.providers.iter().all(|p| p.state == ProviderState::Off) && !ui.snap.providers.is_empty() {
        return lang.pick("i 回复（模型全关了）", "i replies (all models are off)").to_owned();
    }
    lang.pick("i 回复", "i replies").to_owned()
}
