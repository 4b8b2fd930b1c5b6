//! Who did what, newest first: the other half of the view of the log.

use ratatui::layout::Rect;

use super::paint::{Paint, Span};
use crate::console::state::{Half, Ui};
use crate::console::text::{Columns, lines};
use crate::console::theme::{Glyph, Role};
use crate::domain::{Audit, Command, Text};
use crate::words;

/// Columns below which how it ended is a mark in front, and told in words only where it was not done.
const NARROW: u16 = 70;
/// Rows of one deed at most, where rows are broken.
const TALLEST: usize = 20;

pub fn draw(p: &mut Paint, area: Rect) {
    let shown = shown(p.ui);
    title(p, area, shown.len());
    if shown.is_empty() {
        let (zh, en) = match p.ui.log.audit.is_empty() {
            true => ("还没有记录", "nothing yet"),
            false => ("没有符合的；Esc 放宽", "nothing fits; Esc shows more"),
        };
        p.put(area.x + 2, area.y + 1, area.width, p.lang().pick(zh, en), Role::TextDim);
        return;
    }
    let height = usize::from(area.height - 1);
    let mut cursor = p.ui.log.cursor.clone();
    cursor.settle(shown.len(), height);
    let rows = |n: usize| rows(p, shown[n], area.width);
    // Broken rows take more room: the selected one is to be seen all the same.
    while cursor.top < cursor.at && (cursor.top..=cursor.at).map(|n| rows(n).len()).sum::<usize>() > height {
        cursor.top += 1;
    }
    let drawn = (cursor.top..shown.len()).flat_map(|n| rows(n).into_iter().map(move |row| (n, row))).take(height);
    let drawn: Vec<(usize, Vec<Span>)> = drawn.collect();
    for (y, (n, row)) in (area.y + 1..).zip(drawn) {
        p.spans(area.x + 1, y, area.width.saturating_sub(2), &row);
        if n == cursor.at && p.ui.log.half == Half::Audit {
            p.row_style(Rect { y, height: 1, ..area }, Role::Selection);
        }
    }
}

fn title(p: &mut Paint, area: Rect, shown: usize) {
    let lang = p.lang();
    let x = super::halves::tabs(p, area, Half::Audit);
    let sift = &p.ui.log.sift;
    let mut spans = vec![(lang.pick("谁做了什么", "who did what").to_owned(), Role::TextDim)];
    if sift.refused {
        spans.push((format!(" · {}", lang.pick("只看没做成的", "only what was refused")), Role::AlertInfo));
    }
    if !sift.filter.is_empty() {
        spans.push((format!(" /{} {shown}", sift.filter), Role::SearchMatch));
    }
    p.spans(x + 1, area.y, area.right().saturating_sub(x + 1), &spans);
}

/// The rows that pass, newest first: what is filtered is what is read.
pub fn shown(ui: &Ui) -> Vec<&Audit> {
    let sift = &ui.log.sift;
    let (not, wanted) = match sift.filter.strip_prefix(['!', '！']) {
        Some(rest) => (true, rest),
        None => (false, sift.filter.as_str()),
    };
    let wanted = wanted.to_lowercase();
    let within = |text: &str| text.to_lowercase().contains(&wanted);
    let has = |entry: &Audit| {
        within(entry.operator.shown())
            || within(&entry.result)
            || within(&words::deed_result(&entry.result, ui.lang()))
            || within(&sentence(ui, entry))
    };
    let fits = |entry: &&Audit| (wanted.is_empty() || has(entry) != not) && !(sift.refused && is_done(entry));
    ui.log.audit.iter().filter(fits).collect()
}

/// One deed, in as many rows as it takes where rows are broken.
fn rows(p: &Paint, entry: &Audit, width: u16) -> Vec<Vec<Span>> {
    let row = row(p, entry, width < NARROW);
    if !p.ui.log.sift.wrap {
        return vec![row];
    }
    let (mut all, mut lead) = (Vec::new(), row);
    let behind = lead.split_off(3);
    let under: u16 = lead.iter().map(|(text, _)| p.cols(text)).sum();
    let room = Columns::same(usize::from(width.saturating_sub(under + 2)).max(8));
    for (text, role) in behind {
        for piece in lines(&text, room, p.ui.width).take(TALLEST) {
            lead.push((piece.of(&text).to_owned(), role));
            all.push(std::mem::replace(&mut lead, vec![(" ".repeat(under.into()), Role::Text)]));
        }
    }
    all
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
