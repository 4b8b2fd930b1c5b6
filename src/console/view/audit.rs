//! Who did what, newest first: the other half of the view of the log.

use ratatui::layout::Rect;

use super::paint::{Paint, Span};
use crate::console::state::{Half, Ui};
use crate::console::theme::{Glyph, Role};
use crate::domain::{Audit, Command, Text};
use crate::words;

/// Columns below which how it ended is a mark in front, and told in words only where it was not done.
const NARROW: u16 = 70;

pub fn draw(p: &mut Paint, area: Rect) {
    let lang = p.lang();
    let x = super::halves::tabs(p, area, Half::Audit);
    p.put(x + 1, area.y, area.right().saturating_sub(x + 1), lang.pick("谁做了什么", "who did what"), Role::TextDim);
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
        p.spans(area.x + 1, y, area.width.saturating_sub(2), &row(p, entry, area.width < NARROW));
        if n == cursor.at && p.ui.log.half == Half::Audit {
            p.row_style(Rect { y, height: 1, ..area }, Role::Selection);
        }
    }
}

/// When, who, how it ended, what.
fn row(p: &Paint, entry: &Audit, narrow: bool) -> Vec<Span> {
    let (lang, width) = (p.lang(), p.ui.width);
    let done = is_done(entry);
    let role = if done { Role::DeliverySent } else { Role::ToastError };
    let (who, result) = (entry.operator.shown(), words::deed_result(&entry.result, lang));
    let mut row = vec![(format!("{} ", super::stamp::stamp(p.ui, entry.at)), Role::Time)];
    if narrow {
        let mark = p.glyph(if done { Glyph::Done } else { Glyph::Refused });
        row.push((format!("{} ", width.fit_left(who, 7)), Role::NameOperator));
        row.extend([(format!("{mark} "), role), (sentence(p.ui, entry), Role::Text)]);
        if !done {
            row.push((format!(" {result}"), role));
        }
    } else {
        row.push((width.fit_left(who, 12), Role::NameOperator));
        row.extend([(format!("{} ", width.fit_left(&result, 15)), role), (sentence(p.ui, entry), Role::Text)]);
    }
    row
}

/// Whether it was done, or already was so.
pub fn is_done(entry: &Audit) -> bool {
    matches!(entry.result.as_str(), "ok" | "already")
}

/// What was done, in the reader's language; as it was kept where another program kept it.
pub fn sentence(ui: &Ui, entry: &Audit) -> String {
    let name = |chat| ui.known(chat).map(|id| ui.name_of(id));
    match serde_json::from_str::<Command>(&entry.command) {
        Ok(command) if ui.width.is_ascii() => words::deed(&command, &name, ui.lang()).replace(['“', '”'], "\""),
        Ok(command) => words::deed(&command, &name, ui.lang()),
        Err(_) => words::one_line(Text::from(entry.command.as_str()).shown(), 400),
    }
}
