//! The line at the bottom in which the operator answers: the palette with its completions, a filter, a date.

use ratatui::layout::{Position, Rect};

use super::paint::Paint;
use crate::console::layer::{Ask, Prompt};
use crate::console::state::Cursor;
use crate::console::text::{Columns, lines, plain};
use crate::console::theme::{Glyph, Role};
use crate::console::update::about;

pub fn draw(p: &mut Paint, area: Rect, prompt: &Prompt) -> Option<Position> {
    let lang = p.lang();
    let lead = match &prompt.ask {
        Ask::Palette => ":".to_owned(),
        Ask::Filter | Ask::LogFilter | Ask::AuditFilter | Ask::Narrow(_) => "/".to_owned(),
        Ask::Search => lang.pick("搜索：", "search: ").to_owned(),
        Ask::Find(_) => lang.pick("本会话里找：", "find here: ").to_owned(),
        Ask::Date(_) => lang
            .pick("哪一天（2026-11-21、11-21、3 天前写 3）：", "which day (2026-11-21, 11-21, 3 = days ago): ")
            .to_owned(),
        Ask::Note(_) => lang.pick("备注：", "note: ").to_owned(),
        Ask::Setting(_, key) => format!("{}{key} = ", lang.pick("（空着就按继承的）", "(empty: inherited) ")),
        Ask::Refusal(_) => lang.pick("拒绝，附一句（可空）：", "refuse with a word (may be empty): ").to_owned(),
    };
    let y = area.bottom() - 1;
    let row = Rect { y, height: 1, ..area };
    let note = match (&prompt.error, p.ui.understood(prompt)) {
        (Some(error), _) => Some((error.clone(), Role::ToastError)),
        (None, Some(Ok(words))) => Some((format!("{} {words}", p.glyph(Glyph::To)), Role::InputGhost)),
        (None, Some(Err(words))) => Some((words, Role::AlertWarning)),
        (None, None) => None,
    };
    // Where it does not fit behind what is typed, it stands above.
    let typed = p.cols(&lead).min(area.width / 2) + p.cols(prompt.line.text()) + 3;
    let above = note.as_ref().filter(|(words, _)| area.height > 3 && typed + p.cols(words) > area.width).cloned();
    let mut rows = 1;
    if let Some((words, role)) = &above {
        // All of it, if the screen has the room: it says what to type instead.
        let room = Columns::same(usize::from(area.width).saturating_sub(2).max(8));
        let words = plain(words);
        let pieces: Vec<_> = lines(&words, room, p.ui.width).take(usize::from(area.height / 2).clamp(1, 4)).collect();
        rows += u16::try_from(pieces.len()).unwrap_or(1);
        for (row_y, piece) in (y + 1 - rows..).zip(pieces) {
            let row = Rect { y: row_y, ..row };
            p.clear(row, Role::Overlay);
            p.put(row.x + 1, row.y, row.width.saturating_sub(2), piece.of(&words), *role);
        }
    }
    match &prompt.ask {
        Ask::Palette => completions(p, Rect { height: area.height - rows, ..area }, prompt),
        Ask::Setting(_, key) if above.is_none() => {
            let above = Rect { y: y.saturating_sub(1).max(area.y), ..row };
            p.clear(above, Role::Overlay);
            p.put(above.x + 1, above.y, above.width.saturating_sub(2), about(key, lang), Role::TextDim);
        }
        _ => {}
    }
    p.clear(row, Role::Input);
    let x = p.put(area.x, y, area.width / 2, &lead, Role::InputPrompt);
    let room = area.width.saturating_sub(x - area.x + 1);
    let before = &prompt.line.text()[..prompt.line.caret()];
    // The end that is being typed stays in view.
    let mut from = 0;
    while p.cols(&before[from..]) > room {
        from += before[from..].chars().next().map_or(1, char::len_utf8);
    }
    let caret = x + p.cols(&before[from..]);
    let end = p.put(x, y, room, &prompt.line.text()[from..], Role::Input);
    let rest = (area.x + area.width).saturating_sub(end + 2);
    if let Some((words, role)) = note.filter(|_| above.is_none()) {
        p.put(end + 2, y, rest, &words, role);
    }
    Some(Position { x: caret.min(area.x + area.width - 1), y })
}

fn completions(p: &mut Paint, area: Rect, prompt: &Prompt) {
    let all = p.ui.completions(prompt);
    let height = usize::from(area.height).min(8).min(all.len());
    let mut cursor: Cursor = prompt.cursor.clone();
    cursor.settle(all.len(), height);
    let top = area.bottom() - u16::try_from(height).unwrap_or(0);
    p.clear(Rect { y: top, height: u16::try_from(height).unwrap_or(0), ..area }, Role::Overlay);
    for (n, c) in all.iter().enumerate().skip(cursor.top).take(height) {
        let y = top + u16::try_from(n - cursor.top).unwrap_or(0);
        let x = p.put(area.x + 1, y, 16, &c.name, Role::TextStrong);
        // How it goes on matters more than what it is.
        let room = if area.width < 70 { area.width } else { area.width / 3 };
        let x = p.put(x + 1, y, room, &c.arguments, Role::InputGhost);
        let x = x.max(area.x + 18);
        let key = c.key.as_deref().map(|k| k.replace(' ', "")).unwrap_or_default();
        let right = (area.x + area.width).saturating_sub(1);
        let key_x = p.put_right(right, y, 10, &key, Role::FooterKey);
        p.put(x + 1, y, key_x.saturating_sub(x + 2), c.words, Role::TextDim);
        if n == cursor.at {
            p.row_style(Rect { y, height: 1, ..area }, Role::Selection);
        }
    }
}
