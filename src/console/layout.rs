//! Where everything stands: three widths, no boxes (they cost bytes and cells).
//!
//! Under 70 columns one pane, from 70 list and chat, from 100 what is beside the chat, too. Chats that are kept beside
//! the selected one get columns of their own where each can have [`TALK`]; where not, the keys still go there, and what
//! has the keys is shown.

use ratatui::layout::Rect;

use super::lead::columns;
use super::state::{Pane, Ui, View};
use crate::domain::ConversationId;

/// From here on two panes fit side by side.
const TWO: u16 = 70;
/// And three.
const THREE: u16 = 100;
/// And a wide list and side.
const WIDE: u16 = 160;
/// Columns that a chat needs to be one of several.
const TALK: u16 = 44;
/// Columns with which the side may stay beside several.
const ROOMY: u16 = 58;
/// Rows of the composer at most.
const COMPOSER: usize = 6;

/// The parts of the screen; what does not fit is empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Areas {
    /// The first row.
    pub header: Rect,
    /// Chats.
    pub list: Rect,
    /// The chats that are open, from left to right.
    pub talks: Vec<Talk>,
    /// Why, accounts, models.
    pub side: Rect,
    /// The whole body: the other views.
    pub body: Rect,
    /// The last row.
    pub footer: Rect,
}

/// An open chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Talk {
    /// Which pane it is.
    pub pane: Pane,
    /// Which chat; `None`: what is selected is none.
    pub chat: Option<ConversationId>,
    /// All of it.
    pub all: Rect,
    /// The rows of its title.
    pub title: Rect,
    /// What is said.
    pub lines: Rect,
    /// The composer.
    pub composer: Rect,
}

impl Areas {
    /// The chat that keys are for.
    pub fn active(&self, ui: &Ui) -> Option<&Talk> {
        let pane = if ui.pane == Pane::List { Pane::Chat } else { ui.pane };
        self.talks.iter().find(|t| t.pane == pane)
    }
}

/// Areas of the screen as it is.
pub fn areas(ui: &Ui) -> Areas {
    let (width, height) = ui.settings.size;
    let all = Rect::new(0, 0, width, height);
    let header = Rect { height: height.min(1), ..all };
    let footer = Rect { y: height.saturating_sub(1), height: u16::from(height > 2), ..all };
    let body = Rect { y: header.height, height: height.saturating_sub(header.height + footer.height), ..all };
    let mut areas = Areas { header, body, footer, ..Areas::default() };
    if ui.view != View::Chats {
        return areas;
    }
    let panes = match width {
        w if ui.zoom || w < TWO => 1,
        w if w < THREE => 2,
        _ => 3,
    };
    if panes == 1 && ui.pane == Pane::List {
        areas.list = body;
        return areas;
    }
    let mut talks: Vec<(Pane, Option<ConversationId>)> = vec![(Pane::Chat, ui.selected_chat())];
    talks.extend(ui.beside.iter().enumerate().map(|(n, id)| (Pane::Beside(n), Some(*id))));
    let count = u16::try_from(talks.len()).unwrap_or(1);
    let list = match (width >= WIDE, panes) {
        (_, 1) => 0,
        (true, _) if count == 1 => 48,
        (true, _) => 30,
        (_, 3) => 25,
        _ => 21,
    };
    areas.list = Rect { width: list, ..body };
    let from = if list > 0 { list + 1 } else { 0 };
    let rest = width - from;
    let fit = if panes < 3 { 1 } else { usize::from((rest + 1) / (TALK + 1)).max(1) };
    while talks.len() > fit {
        // Too narrow for all: the one that has the keys stays, then the selected one, then the older ones.
        let active = |pane: Pane| pane == ui.pane || (pane == Pane::Chat && ui.pane == Pane::List);
        let goes = talks.iter().rposition(|(pane, _)| !active(*pane) && *pane != Pane::Chat);
        talks.remove(goes.or_else(|| talks.iter().position(|(pane, _)| !active(*pane))).unwrap_or(0));
    }
    let count = u16::try_from(talks.len()).unwrap_or(1).max(1);
    let side = match (panes, width >= WIDE) {
        (3, true) => 46,
        (3, false) => 34,
        _ => 0,
    };
    let side = if count > 1 && rest.saturating_sub(side) / count < ROOMY { 0 } else { side };
    areas.side = Rect { x: width - side, width: side, ..body };
    // A column between each two.
    let room = rest - side - u16::from(side > 0) - (count - 1);
    let mut x = from;
    for (n, (pane, chat)) in (0..).zip(talks) {
        let width = room / count + u16::from(n < room % count);
        areas.talks.push(talk(ui, Rect { x, width, ..body }, pane, chat));
        x += width + 1;
    }
    areas
}

/// A chat's own parts.
fn talk(ui: &Ui, all: Rect, pane: Pane, chat: Option<ConversationId>) -> Talk {
    let empty = Rect { width: 0, height: 0, ..all };
    if all.width == 0 || all.height == 0 {
        return Talk { pane, chat, all, title: empty, lines: empty, composer: empty };
    }
    let title = match all.height {
        0..=5 => 0,
        6..=13 => 1,
        _ if all.width >= TALK => 2,
        _ => 1,
    };
    let room = all.height - title;
    // In line with what stands above it, where a column can be spared.
    let indent = u16::from(all.width >= TALK);
    let columns = all.width - indent;
    let wanted = chat.map_or(1, |id| composer_rows(ui, id, columns)).clamp(1, COMPOSER) as u16;
    let composer = wanted.min(room.saturating_sub(2)).max(u16::from(room > 1));
    Talk {
        pane,
        chat,
        all,
        title: Rect { height: title, ..all },
        lines: Rect { y: all.y + title, height: room - composer, ..all },
        composer: Rect { x: all.x + indent, y: all.y + all.height - composer, width: columns, height: composer },
    }
}

fn composer_rows(ui: &Ui, id: ConversationId, width: u16) -> usize {
    let Some(typed) = ui.typed(id) else { return 1 };
    let columns = columns(ui, id, width);
    typed.layout(columns, ui.width).rows().len()
}
