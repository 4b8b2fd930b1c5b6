//! How a reply was made: its stages, its tokens, its price.

use super::paint::{Paint, Span, took};
use crate::console::text::figures;
use crate::console::theme::{Glyph, Role};
use crate::domain::*;

/// The reply that a line is, or that it got.
pub fn reply_of<'l>(lines: &[&'l std::sync::Arc<Line>], seq: Seq) -> Option<&'l std::sync::Arc<Line>> {
    let made =
        |line: &&&'l std::sync::Arc<Line>| line.making.is_some() && (line.seq == seq || line.answers == Some(seq));
    lines.iter().rev().find(made).copied()
}

/// Three short rows.
pub fn rows(p: &Paint, making: &Making) -> Vec<Vec<Span>> {
    let lang = p.lang();
    let dot = p.glyph(Glyph::Dot);
    let dim = |text: String| (text, Role::TextDim);
    let figure = |text: String| (text, Role::Text);
    let mut times = vec![dim(format!(" {} ", lang.pick("排队", "queue"))), figure(took(making.queued))];
    if let Some(first) = making.first_text {
        times.extend([dim(format!(" {dot} {} ", lang.pick("首字", "first"))), figure(took(first))]);
    }
    times.extend([dim(format!(" {dot} {} ", lang.pick("合计", "in all"))), figure(took(making.total))]);
    let count =
        |n: Option<u32>| n.map_or_else(|| p.glyph(Glyph::Nothing).to_owned(), |n| figures::count(n.into(), lang));
    let mut tokens = vec![dim(format!(" {} ", lang.pick("读", "read"))), figure(count(making.tokens.input))];
    if let Some(cached) = making.tokens.cached.filter(|n| *n > 0) {
        tokens.push(dim(format!(" ({}{})", lang.pick("缓存 ", "cached "), figures::count(cached.into(), lang))));
    }
    tokens.extend([dim(format!(" {} ", lang.pick("写", "wrote"))), figure(count(making.tokens.output))]);
    if let Some(speed) = making.tokens_per_second {
        tokens.push(dim(format!(" {dot} {speed:.0}t/s")));
    }
    let (read, left_out) = making.window;
    let mut price = vec![(format!(" {}", figures::money(making.cost, lang)), Role::Money)];
    if making.cached {
        price.push(dim(format!(" {dot} {}", lang.pick("来自缓存", "from the cache"))));
    } else if read > 0 {
        let left = match left_out {
            0 => String::new(),
            n => format!("{}{n}", lang.pick("，省去 ", ", left out ")),
        };
        price.push(dim(format!(" {dot} {} {read}{left}", lang.pick("窗口", "window"))));
    }
    vec![times, tokens, price]
}
