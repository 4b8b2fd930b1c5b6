//! Lines in the words that a model is told.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::domain::{Author, Line};
use crate::engine::fold::is_cjk;
use crate::engine::template::neutral;
use crate::engine::trigger::EMPTY_AT;

/// The longest name, and the longest beginning of a quoted message, in characters.
const NAME: usize = 24;
const QUOTE: usize = 60;

/// Tokens of a text, roughly: a CJK character two thirds of one, four Latin letters or three digits and marks
/// one, anything rarer (emoji, other scripts) a whole one each. A rule of thumb, measured against no tokeniser:
/// servers' own counts correct it ([`super::Prompt::factor`]).
pub fn estimate(text: &str) -> u32 {
    // In twelfths. No text comes near 2^32 twelfths: QQ's are a few thousand characters.
    let twelfths = text.chars().fold(0u32, |sum, c| {
        sum.saturating_add(match c {
            ' ' => 1,
            'a'..='z' | 'A'..='Z' => 3,
            c if c.is_ascii() => 4,
            c if is_cjk(c) || matches!(c, '\u{3000}'..='\u{303f}' | '\u{ff00}'..='\u{ffef}') => 8,
            _ => 12,
        })
    });
    twelfths.div_ceil(12)
}

/// The beginning of a text that is not more than so many tokens, with a mark where something is missing.
pub(super) fn clip(text: &str, tokens: u32) -> Cow<'_, str> {
    // Even blanks cost a twelfth each, and nothing more than one.
    if u32::try_from(text.len()).is_ok_and(|bytes| bytes <= tokens) || estimate(text) <= tokens {
        return Cow::Borrowed(text);
    }
    let (mut low, mut high) = (0, text.len());
    while low < high {
        let middle = text.ceil_char_boundary(low + (high - low).div_ceil(2));
        if estimate(&text[..middle]) <= tokens { low = middle } else { high = text.floor_char_boundary(middle - 1) }
    }
    Cow::Owned(format!("{}……（后面太长，省略了）", &text[..low]))
}

/// One line. In a group people are named with their number, so that nobody speaks for another by taking his
/// name (threats.md B05), and what they wrote on further lines is indented, so that it cannot pass for a line
/// of somebody else. Our own lines are just said.
pub(super) fn told(line: &Line, words: &str, quoted: Option<(&str, &str)>) -> String {
    let Author::Person { id, name } = &line.author else { return neutral(words).into_owned() };
    let words = if words.trim().is_empty() { EMPTY_AT } else { words };
    let in_group = line.conversation.peer.is_group();
    if !in_group && quoted.is_none() {
        return neutral(words).into_owned();
    }
    // Room for a name and its number.
    let mut said = String::with_capacity(words.len() + if in_group { 48 } else { 0 });
    if in_group {
        called(name.shown(), &mut said);
        // Writing to a string cannot fail.
        let _ = write!(said, "({id}): ");
    }
    if let Some((who, what)) = quoted {
        let _ = write!(said, "（回复 {who}: {}）", head(what, QUOTE));
    }
    match in_group {
        true => words.split('\n').enumerate().for_each(|(at, row)| {
            said.push_str(if at == 0 { "" } else { "\n  " });
            said.push_str(row);
        }),
        false => said.push_str(words),
    }
    match neutral(&said) {
        Cow::Borrowed(_) => said,
        Cow::Owned(safe) => safe,
    }
}

/// Whom and what a line quotes, if that is among the lines and was not taken back.
pub(super) fn quoted<'a>(line: &Line, lines: &[&'a Line]) -> Option<(&'a str, &'a str)> {
    if line.author.is_ours() {
        return None;
    }
    let seq = line.answers?;
    let quoted = *lines.get(lines.binary_search_by_key(&seq, |line| line.seq).ok()?)?;
    let who = match &quoted.author {
        Author::Person { name, .. } => name.shown(),
        Author::Bot | Author::Operator(_) => "你",
        Author::Notice => return None,
    };
    (!quoted.recalled).then(|| (who, quoted.text.raw()))
}

/// A name in quotation marks that it cannot close itself.
fn called(name: &str, out: &mut String) {
    let closes = |c: char| matches!(c, '“' | '”' | '"' | '\n');
    let name = if name.contains(closes) { Cow::Owned(name.replace(closes, "'")) } else { Cow::Borrowed(name) };
    out.push('“');
    out.push_str(&head(&name, NAME));
    out.push('”');
}

/// The first characters, on one line.
fn head(text: &str, most: usize) -> String {
    let mut words = text.split_whitespace();
    let mut line = String::new();
    for word in words.by_ref() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if let Some((cut, _)) = line.char_indices().nth(most) {
            line.truncate(cut);
            line.push('…');
            break;
        }
    }
    line
}
