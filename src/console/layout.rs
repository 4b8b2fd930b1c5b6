//! Where everything stands: three widths, no boxes (they cost bytes and cells).

use ratatui::layout::Rect;

use super::state::{Pane, Ui, View};
use super::text::Columns;

/// From here on two panes fit side by side.
const TWO: u16 = 70;
/// And three.
const THREE: u16 = 100;
/// And a wide list and side.
const WIDE: u16 = 160;
/// Rows of the composer at most.
const COMPOSER: usize = 6;

/// The parts of the screen; what does not fit is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Areas {
    /// The first row.
    pub header: Rect,
    /// Chats.
    pub list: Rect,
    /// The title of the chat, its lines, its composer.
    pub chat: Rect,
    /// The rows of the chat's title.
    pub title: Rect,
    /// What is said.
    pub lines: Rect,
    /// The composer.
    pub composer: Rect,
    /// Why, accounts, models.
    pub side: Rect,
    /// The whole body: the other views.
    pub body: Rect,
    /// The last row.
    pub footer: Rect,
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
    let list = if width >= WIDE {
        48
    } else if panes == 3 {
        25
    } else {
        21
    };
    let side = if width >= WIDE { 46 } else { 34 };
    match panes {
        1 if ui.pane == Pane::List => areas.list = body,
        1 => areas.chat = body,
        _ => {
            areas.list = Rect { width: list, ..body };
            let rest = width - list - 1;
            let side = if panes == 3 { side } else { 0 };
            let gap = u16::from(panes == 3);
            areas.chat = Rect { x: list + 1, width: rest - side - gap, ..body };
            areas.side = Rect { x: width - side, width: side, ..body };
        }
    }
    inside(ui, &mut areas);
    areas
}

/// The chat's own parts.
fn inside(ui: &Ui, areas: &mut Areas) {
    let chat = areas.chat;
    if chat.width == 0 || chat.height == 0 {
        return;
    }
    let title = match chat.height {
        0..=5 => 0,
        6..=13 => 1,
        _ if chat.width >= 50 => 2,
        _ => 1,
    };
    let room = chat.height - title;
    let wanted = composer_rows(ui, chat.width).clamp(1, COMPOSER) as u16;
    let composer = wanted.min(room.saturating_sub(2)).max(u16::from(room > 1));
    areas.title = Rect { height: title, ..chat };
    areas.lines = Rect { y: chat.y + title, height: room - composer, ..chat };
    areas.composer = Rect { y: chat.y + chat.height - composer, height: composer, ..chat };
}

fn composer_rows(ui: &Ui, width: u16) -> usize {
    let Some(chat) = ui.chat() else { return 1 };
    let Some(known) = ui.chats.get(&chat) else { return 1 };
    let columns = composer_columns(ui, width);
    known.draft.layout(columns, ui.width).rows().len()
}

/// Columns of the composer's first and other rows, after the words in front.
pub fn composer_columns(ui: &Ui, width: u16) -> Columns {
    let width = usize::from(width);
    let lead = ui.width.of(&super::view::composer::lead(ui)).min(width.saturating_sub(8));
    Columns { first: width.saturating_sub(lead).max(1), rest: width.saturating_sub(2).max(1) }
}
