//! What stands below the last line and has not been said: drafts that wait for an operator, and answers as they are
//! being written.
//!
//! ```text
//!  23:14 ✎草稿     后天转晴，建议带伞。                a发出 i改 x否 8分
//!  23:15 小助手     周末两天都有▌                  qwen3 首字0.4s 41t/s x
//! ```

use super::lines::{self, Row};
use super::paint::{Span, left, time, took};
use crate::console::state::Ui;
use crate::console::text::{Columns, plain, wrap};
use crate::console::theme::{Glyph, Role};
use crate::domain::*;

/// Rows of one draft at most: the composer shows it whole.
const TALLEST: usize = 12;
/// Bytes of one text that are wrapped.
const CAP: usize = 4000;

/// All of it, from above.
pub fn rows(ui: &Ui, id: ConversationId, width: u16) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut acts = true;
    for (_, item) in ui.items_of(id) {
        if let ItemKind::Draft { text, suggestion, .. } = &item.kind {
            // Of several that wait here, the keys are for the first.
            rows.extend(draft(ui, item, text, *suggestion, std::mem::take(&mut acts), width));
        }
    }
    for writing in ui.chat_view(id).into_iter().flat_map(|chat| &chat.writing) {
        rows.extend(self::writing(ui, id, writing, width));
    }
    rows
}

/// A reply that waits, and what can be done with it.
fn draft(ui: &Ui, item: &Item, text: &str, suggestion: bool, acts: bool, width: u16) -> Vec<Row> {
    let lang = ui.lang();
    let (word, role) = match suggestion {
        true => (lang.pick("建议", "hint"), Role::TextDim),
        false => (lang.pick("草稿", "draft"), Role::Draft),
    };
    let text = Text::from(text);
    let who = format!("{}{word}", ui.glyphs.get(Glyph::Draft));
    let mut rows = said(ui, item.since, (&who, role), (text.shown(), role), width);
    let more = rows.len().saturating_sub(TALLEST);
    rows.truncate(TALLEST);
    let mut right: Vec<Span> = Vec::new();
    if more > 0 {
        right.push((format!(" {}{more}", ui.glyphs.get(Glyph::Below)), Role::TextDim));
    }
    if acts {
        // A suggestion is taken as it is, or told in one's own words.
        let keys: &[(&str, &str, &str)] = match suggestion {
            true => &[("a", "发出", "sends"), ("x", "否", "drops")],
            false => &[("a", "发出", "sends"), ("i", "改", "edits"), ("x", "否", "drops")],
        };
        for (key, zh, en) in keys {
            right.push((format!(" {key}"), Role::FooterKey));
            // Chinese stands close to its key; a Latin word would run into it.
            right.push((lang.pick((*zh).to_owned(), format!(" {en}")), Role::TextDim));
        }
    }
    if let Some(until) = item.expires {
        let left = left(ui, until.since(ui.now.wall));
        right.push((lang.pick(format!(" 剩{left}"), format!(" {left} left")), Role::TextDim));
    }
    ends_with(ui, &mut rows, right, width);
    rows
}

/// The answer that is being written, with how it goes.
fn writing(ui: &Ui, id: ConversationId, writing: &Writing, width: u16) -> Vec<Row> {
    let lang = ui.lang();
    let account = ui.snap.accounts.iter().find(|a| a.id == id.account);
    let name = account.map(|a| a.nickname.shown()).filter(|n| !n.is_empty()).unwrap_or("bot");
    let shown = Text::from(&*writing.text);
    let text = format!("{}{}", shown.shown(), ui.glyphs.get(Glyph::Streaming));
    let mut rows = said(ui, writing.since, (name, Role::NameBot), (&text, Role::Streaming), width);
    let mut how = vec![(format!(" {}", writing.provider), Role::TextDim)];
    if let Some(first) = writing.first_text {
        how.push((format!(" {}{}", lang.pick("首字", "first "), took(first)), Role::Time));
    }
    if let Some(speed) = writing.tokens_per_second {
        how.push((format!(" {speed:.0}t/s"), Role::TextDim));
    }
    how.push((" x".to_owned(), Role::FooterKey));
    ends_with(ui, &mut rows, how, width);
    rows
}

/// Time, who and words, as the lines above them stand.
fn said(ui: &Ui, at: Wall, who: (&str, Role), words: (&str, Role), width: u16) -> Vec<Row> {
    let width = usize::from(width);
    let names = if width < 31 { 0 } else { lines::name_columns(width - 1) };
    let indent = if names == 0 { 1 } else { 7 + names + 1 };
    let wrapped = wrap(words.0, Columns::same(width.saturating_sub(indent + 1).max(4)), ui.width, CAP);
    let row = |(n, piece): (usize, &crate::console::text::Line)| {
        let mut left = match n {
            0 if names > 0 => vec![
                (format!(" {}", ui.width.fit_left(&time(ui, at), 6)), Role::Time),
                (format!("{} ", ui.width.fit_left(who.0, names)), who.1),
            ],
            _ => vec![(" ".repeat(indent), Role::Text)],
        };
        left.push((plain(piece.of(words.0)).into_owned(), words.1));
        Row { left, ..Row::default() }
    };
    wrapped.lines.iter().enumerate().map(row).collect()
}

/// Puts words at the right end of the last row, or where there is no room of the next.
fn ends_with(ui: &Ui, rows: &mut Vec<Row>, right: Vec<Span>, width: u16) {
    let columns = |spans: &[Span]| -> usize { spans.iter().map(|(text, _)| ui.width.of(text)).sum() };
    let last = rows.last().map_or(0, |row| columns(&row.left));
    if last + columns(&right) >= usize::from(width) {
        rows.push(Row::default());
    }
    if let Some(row) = rows.last_mut() {
        row.right = right;
    }
}
