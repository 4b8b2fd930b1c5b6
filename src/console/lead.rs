//! The words in front of what is typed: to whom it goes and as whom. The layout needs their width, the composer draws
//! them.

use super::state::{Purpose, Ui};
use super::text::Columns;
use super::theme::Glyph;
use crate::domain::{ConversationId, Mode};

/// The words in front of what is typed.
pub fn lead(ui: &Ui, id: ConversationId, width: u16) -> String {
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
            let front = front(ui, id);
            let whom = lang.pick("以", "as");
            let whole = format!("{front}{to}{kind}{name} {whom} {bot}({mode}): ");
            // Who answers otherwise stands in the title, too; the words need the room.
            match ui.width.of(&whole) > usize::from(width / 2) {
                true => format!("{front}{to}{name} {whom} {bot}: "),
                false => whole,
            }
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

/// Columns of the composer's first and other rows, after the words in front.
pub fn columns(ui: &Ui, id: ConversationId, width: u16) -> Columns {
    let lead = ui.width.of(&lead(ui, id, width)).min(usize::from(width).saturating_sub(8));
    let width = usize::from(width);
    Columns { first: width.saturating_sub(lead).max(1), rest: width.saturating_sub(2).max(1) }
}
