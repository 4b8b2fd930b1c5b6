//! The words in front of what is typed: to whom it goes and as whom. The layout needs their width, the composer draws
//! them.

use super::state::{Purpose, Ui};
use super::text::{Columns, figures};
use super::theme::Glyph;
use crate::domain::{ConversationId, Mode, Peer};
use crate::words::Lang;

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
            let shown = crate::words::mode(mode, lang);
            // First whom it quotes and calls: where there is little room, the end is cut.
            let front = front(ui, id);
            let whom = lang.pick("以", "as");
            let least = format!("{front}{to}{name} {whom} {bot}: ");
            let room = usize::from(width);
            if mode == Mode::Auto && purpose.is_some() {
                // What sending changes stands nowhere else: it may take most of the first row.
                let turns = turns(ui, id.peer);
                let long = format!("{front}{to}{kind}{name} {whom} {bot}({shown}{}{turns}): ", lang.pick("，", ", "));
                let short = format!("{front}{to}{name} {whom} {bot}({turns}): ");
                return [long, short].into_iter().find(|w| ui.width.of(w) <= room * 4 / 5).unwrap_or(least);
            }
            // Who answers otherwise stands in the title, too; the words need the room.
            let whole = format!("{front}{to}{kind}{name} {whom} {bot}({shown}): ");
            if ui.width.of(&whole) > room / 2 { least } else { whole }
        }
    }
}

/// Who answers once an operator has spoken where the bot answers by itself, and for how long.
fn turns(ui: &Ui, peer: Peer) -> String {
    let chats = &ui.config.chats;
    let returns = match peer {
        Peer::Group(group) => chats.group(group.0).reply.manual_returns,
        Peer::Private(user) => chats.person(user.0).reply.manual_returns,
    };
    let (manual, time) = (crate::words::mode(Mode::Manual, ui.lang()), figures::age(returns, ui.lang()));
    match ui.lang() {
        Lang::Zh => format!("发后转{manual}{time}"),
        Lang::En => format!("then {manual} {time}"),
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
