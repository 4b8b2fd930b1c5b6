//! Lines of a chat as rows of the screen: time, who, words, and at the end of each message its verdict, at the end
//! of each answer its provider, time, tokens and delivery.

use std::borrow::Cow;
use std::sync::Arc;

use super::paint::{Span, time, took};
use crate::console::state::Ui;
use crate::console::text::{Columns, figures, wrap};
use crate::console::theme::{Glyph, Role};
use crate::domain::*;
use crate::words;

/// Bytes of one message that are wrapped; the rest is counted.
const CAP: usize = 4000;
/// Columns of the time.
const TIME: usize = 6;

/// One row of the screen.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Row {
    /// From the left.
    pub left: Vec<Span>,
    /// At the right edge.
    pub right: Vec<Span>,
    /// The name's own colour.
    pub speaker: Option<UserId>,
}

/// What stands above a line: a new day, or the mark "read so far".
pub fn heading(ui: &Ui, before: Option<&Line>, line: &Line) -> Vec<(String, Role)> {
    let day = |w: Wall| Now { wall: w, ..ui.now }.day();
    let mut rows = Vec::new();
    if before.is_none_or(|b| day(b.at) != day(line.at)) {
        rows.push((date(ui, line.at), Role::TextDim));
    }
    let gap = ui.chats.get(&line.conversation).and_then(|c| c.gap);
    if before.zip(gap).is_some_and(|(b, gap)| b.seq <= gap && line.seq > gap) {
        rows.push((ui.lang().pick("中间的还没取来", "more between").to_owned(), Role::AlertInfo));
    }
    let fresh = ui.chats.get(&line.conversation).and_then(|c| c.fresh).filter(|f| f.0 > 0);
    if before.zip(fresh).is_some_and(|(b, fresh)| b.seq <= fresh && line.seq > fresh) {
        rows.push((ui.lang().pick("以上已读", "read so far").to_owned(), Role::Unread));
    }
    rows
}

/// Rows that line `n` takes, its headings among them.
pub fn height(ui: &Ui, all: &[Arc<Line>], n: usize, width: u16) -> usize {
    let before = n.checked_sub(1).and_then(|b| all.get(b)).map(|l| &**l);
    all.get(n).map_or(0, |line| heading(ui, before, line).len() + rows(ui, line, width).len())
}

/// The day of a moment, as people write it.
pub fn date(ui: &Ui, at: Wall) -> String {
    let local = at.0.div_euclid(1000) + i64::from(ui.now.offset);
    let Ok(stamp) = jiff::Timestamp::from_second(local) else { return String::new() };
    let day = stamp.to_zoned(jiff::tz::TimeZone::UTC);
    match ui.lang() {
        words::Lang::Zh => format!("{}月{}日", day.month(), day.day()),
        words::Lang::En => format!("{}-{:02}-{:02}", day.year(), day.month(), day.day()),
    }
}

/// Columns that a name gets.
pub fn name_columns(width: usize) -> usize {
    match width {
        0..40 => 6,
        40..70 => 8,
        70..110 => 10,
        _ => 14,
    }
}

/// A line as rows.
pub fn rows(ui: &Ui, line: &Line, width: u16) -> Vec<Row> {
    let width = usize::from(width).saturating_sub(1);
    let narrow = width < 30;
    let names = if narrow { 0 } else { name_columns(width) };
    let (name, name_role, speaker) = author(ui, line);
    let text_role = match &line.author {
        _ if line.recalled => Role::TextDim,
        Author::Notice => Role::TextDim,
        Author::Person { .. } if is_answered(line) => Role::TextStrong,
        _ => Role::Text,
    };
    let indent = if narrow { 1 } else { 1 + TIME + names + 1 };
    let right = verdict(ui, line, Detail::for_width(width));
    let taken: usize = right.iter().map(|(t, _)| ui.width.of(t)).sum();
    let columns = width.saturating_sub(indent).max(4);
    let said = match line.text.shown().trim_end() {
        "" => ui.lang().pick("（只有空白）", "(blank)"),
        said => said,
    };
    let named = named(ui, line.conversation.account, said);
    let said = &*named;
    let wrapped = wrap(said, Columns::same(columns), ui.width, CAP);
    // A message taller than the screen could not be read at both ends: the page has all of it.
    let most = usize::from(ui.settings.size.1).saturating_sub(8).max(4);
    let shown = &wrapped.lines[..wrapped.lines.len().min(most)];
    let rest = shown.last().map_or(0, |last| said.len() - last.end);
    let mut out = Vec::new();
    let head = |out: &mut Vec<Row>| {
        let lead = format!(" {}", ui.width.fit_left(&time(ui, line.at), TIME));
        let name = if narrow { name.clone() } else { format!("{} ", ui.width.fit_left(&name, names)) };
        out.push(Row { left: vec![(lead, Role::Time), (name, name_role)], right: Vec::new(), speaker });
    };
    if narrow {
        head(&mut out);
    }
    for (n, piece) in shown.iter().enumerate() {
        let text = crate::console::text::plain(piece.of(said)).into_owned();
        if n == 0 && !narrow {
            head(&mut out);
            if let Some(row) = out.last_mut() {
                row.left.extend(marked(ui, line, text, text_role));
            }
        } else {
            let mut left = vec![(" ".repeat(indent), Role::Text)];
            left.extend(marked(ui, line, text, text_role));
            out.push(Row { left, ..Row::default() });
        }
    }
    if rest > 0 && (wrapped.rest > 0 || shown.len() < wrapped.lines.len()) {
        let key = match line.author {
            Author::Person { .. } => ui.lang().pick("，K 看全文", ", K shows all"),
            Author::Bot if line.making.is_some() => ui.lang().pick("，L 看全文", ", L shows all"),
            _ => "",
        };
        let more = format!("{}{key}", figures::more(rest, ui.lang(), ui.width));
        out.push(Row { left: vec![(format!("{}{more}", " ".repeat(indent)), Role::TextDim)], ..Row::default() });
    }
    let last: usize = out.last().map_or(0, |row| row.left.iter().map(|(t, _)| ui.width.of(t)).sum());
    if taken > 0 && last + 1 + taken > width + 1 {
        out.push(Row::default());
    }
    if let Some(row) = out.last_mut() {
        row.right = right;
    }
    out
}

/// The words, with what is looked for in them marked, and signs for what was taken out of them.
fn marked(ui: &Ui, line: &Line, text: String, role: Role) -> Vec<Span> {
    let find = ui.chats.get(&line.conversation).map_or("", |c| &c.find).to_ascii_lowercase();
    let name = account(ui, line).map_or_else(String::new, |a| format!("@{}", a.nickname.shown()));
    // The same places in the text itself: only ASCII changes, and only its case.
    let lower = text.to_ascii_lowercase();
    let mut spans = Vec::new();
    let mut from = 0;
    while from < text.len() {
        let found = (!find.is_empty()).then(|| lower[from..].find(&find)).flatten();
        let called = (name.len() > 1 && !line.author.is_ours()).then(|| text[from..].find(&name)).flatten();
        let (at, len, of) = match (found, called) {
            (Some(f), c) if c.is_none_or(|c| f <= c) => (f, find.len(), Role::SearchMatch),
            (_, Some(c)) => (c, name.len(), Role::Mention),
            _ => break,
        };
        if at > 0 {
            spans.push((text[from..from + at].to_owned(), role));
        }
        spans.push((text[from + at..from + at + len].to_owned(), of));
        from += at + len;
    }
    if from < text.len() || spans.is_empty() {
        spans.push((text[from..].to_owned(), role));
    }
    spans
}

/// A text with the bot's name where the wire has its number after an `@`.
pub fn named<'t>(ui: &Ui, account: SelfId, text: &'t str) -> Cow<'t, str> {
    if !text.contains('@') {
        return Cow::Borrowed(text);
    }
    let known = ui.snap.accounts.iter().find(|a| a.id == account).filter(|a| !a.nickname.is_empty());
    let number = format!("@{account}");
    match known.filter(|_| text.contains(&number)) {
        Some(known) => Cow::Owned(text.replace(&number, &format!("@{}", known.nickname.shown()))),
        None => Cow::Borrowed(text),
    }
}

/// The account that hears and says it.
fn account<'u>(ui: &'u Ui, line: &Line) -> Option<&'u AccountView> {
    ui.snap.accounts.iter().find(|a| a.id == line.conversation.account)
}

fn is_answered(line: &Line) -> bool {
    line.verdict.as_ref().is_some_and(|v| v.decision != Decision::Ignore)
}

fn author(ui: &Ui, line: &Line) -> (String, Role, Option<UserId>) {
    match &line.author {
        Author::Person { id, name } => {
            let name = if name.is_empty() { id.to_string() } else { name.shown().to_owned() };
            (name, Role::NameUser, Some(*id))
        }
        Author::Bot | Author::Notice => {
            let name = account(ui, line).map(|a| a.nickname.shown()).filter(|n| !n.is_empty());
            let name = name.map_or_else(|| words::author(&line.author, ui.lang()), str::to_owned);
            let role = if line.author == Author::Bot { Role::NameBot } else { Role::TextDim };
            (name, role, None)
        }
        Author::Operator(name) => {
            (format!("{}{}", name.shown(), ui.glyphs.get(Glyph::Operator)), Role::NameOperator, None)
        }
    }
}

/// How much is told at the end of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// Who, how long, whether it arrived.
    Short,
    /// And tokens and money.
    Usual,
    /// And the first text and the speed.
    Full,
}

impl Detail {
    fn for_width(columns: usize) -> Self {
        match columns {
            0..60 => Self::Short,
            60..90 => Self::Usual,
            _ => Self::Full,
        }
    }
}

/// What became of it, at the end of the row.
pub fn verdict(ui: &Ui, line: &Line, detail: Detail) -> Vec<Span> {
    let mut spans = Vec::new();
    let lang = ui.lang();
    let mut push = |text: String, role: Role| {
        spans.push((" ".to_owned(), Role::Text));
        spans.push((text, role));
    };
    let hazards = line.text.hazards();
    if !hazards.is_empty() {
        push(ui.glyphs.get(Glyph::Hazard).to_owned(), Role::Hazard);
    }
    if line.recalled {
        push(lang.pick("已撤回", "recalled").to_owned(), Role::TextDim);
    }
    if let Some(making) = &line.making {
        push(ui.width.truncate(&making.provider, 14).into_owned(), Role::TextDim);
        if let Some(first) = making.first_text.filter(|_| detail == Detail::Full) {
            push(format!("{}{}", lang.pick("首字", "first "), took(first)), Role::TextDim);
        }
        push(took(making.total), Role::Time);
        if detail != Detail::Short {
            if let Some(tokens) = making.tokens.output {
                push(format!("{tokens}t"), Role::TextDim);
            }
            if let Some(speed) = making.tokens_per_second.filter(|_| detail == Detail::Full) {
                push(format!("{speed:.0}t/s"), Role::TextDim);
            }
            if making.cost > 0.0 {
                push(figures::money(making.cost, lang), Role::Money);
            }
        }
        if making.cut {
            push(lang.pick("未完", "cut").to_owned(), Role::DeliveryFailed);
        }
    }
    if let Some(state) = line.delivery {
        let (glyph, role) = match state {
            PartState::Sent => (Glyph::Done, Role::DeliverySent),
            PartState::Generated | PartState::Sending => (Glyph::Pending, Role::DeliveryPending),
            PartState::Unknown => (Glyph::Unknown, Role::DeliveryUnknown),
            PartState::Failed | PartState::Expired | PartState::Suppressed => (Glyph::Refused, Role::DeliveryFailed),
        };
        let words =
            if state.is_final() && state != PartState::Sent { words::delivery(state, lang) } else { String::new() };
        push(format!("{}{words}", ui.glyphs.get(glyph)), role);
    }
    if !line.author.is_ours() {
        spoken(ui, line, &mut push);
    }
    spans
}

fn spoken(ui: &Ui, line: &Line, push: &mut impl FnMut(String, Role)) {
    let lang = ui.lang();
    match (&line.outcome, &line.verdict) {
        (Some(Outcome::Replied), _) => push(ui.glyphs.get(Glyph::Done).to_owned(), Role::VerdictReplied),
        (Some(Outcome::Merged(_)), _) => push(lang.pick("并入", "merged").to_owned(), Role::TextDim),
        (Some(Outcome::Notice), _) => push(lang.pick("已告知", "told").to_owned(), Role::TextDim),
        (Some(outcome @ (Outcome::Unknown | Outcome::Expired | Outcome::Failed | Outcome::Suppressed)), _) => {
            push(format!("{}{}", ui.glyphs.get(Glyph::Refused), words::outcome(outcome, lang)), Role::DeliveryFailed);
        }
        (_, Some(verdict)) if verdict.decision == Decision::Ignore => {
            let role = match verdict.gate {
                Gate::Trigger | Gate::Own => Role::VerdictIgnored,
                _ => Role::VerdictBlocked,
            };
            let glyph = if role == Role::VerdictIgnored { Glyph::Dot } else { Glyph::Refused };
            push(format!("{}{}", ui.glyphs.get(glyph), words::reason_short(&verdict.reason, lang)), role);
        }
        (None, Some(verdict)) if verdict.decision == Decision::Reply => {
            push(ui.glyphs.get(Glyph::Pending).to_owned(), Role::DeliveryPending);
        }
        _ => {}
    }
}
