//! What stands behind the name of a command: words, mentions, ids, modes, durations.

use std::time::Duration;

use super::{Entry, Problem, Shape, Slash};
use crate::domain::{AccessId, AtTarget, Message, Mode, Segment, UserId};
use crate::engine::fold::folded;

/// What the speaker typed, word by word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Word(&'a str),
    At(UserId),
}

/// Words and mentions, less those of our account before the first word. Quotes, pictures and cards are no
/// words; anything but a quote or a mention of ours before the first word ends the hope for a command.
pub(super) fn tokens(message: &Message) -> impl Iterator<Item = Token<'_>> {
    let ours = message.conversation.account.0;
    let mut begun = false;
    let segments = message.segments.iter().skip_while(move |segment| match segment {
        Segment::Reply(_) => true,
        Segment::At(AtTarget::User(id), _) => id.0 == ours,
        Segment::Text(text) => text.raw().trim().is_empty(),
        _ => false,
    });
    segments
        .map_while(move |segment| {
            let token = match segment {
                Segment::Text(text) => Some(Tokens::Words(text.raw().split_whitespace())),
                Segment::At(AtTarget::User(id), _) => Some(Tokens::One(Some(Token::At(*id)))),
                _ if begun => Some(Tokens::One(None)),
                _ => None,
            };
            begun = true;
            token
        })
        .flatten()
}

enum Tokens<'a> {
    Words(std::str::SplitWhitespace<'a>),
    One(Option<Token<'a>>),
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        match self {
            Self::Words(words) => words.next().map(Token::Word),
            Self::One(token) => token.take(),
        }
    }
}

/// The command with its arguments.
pub(super) fn arguments<'a>(
    entry: &Entry,
    tokens: impl Iterator<Item = Token<'a>>,
    message: &Message,
) -> Result<Slash, Problem> {
    let mut tokens = tokens.peekable();
    let slash = match (entry.name, entry.shape) {
        (name, Shape::Name) => {
            // Names may hold blanks; nothing comes behind them.
            let words: Vec<&str> = tokens
                .by_ref()
                .filter_map(|token| match token {
                    Token::Word(word) => Some(word),
                    Token::At(_) => None,
                })
                .collect();
            let given = Some(words.join(" ")).filter(|given| !given.is_empty());
            if name == "model" { Slash::Model(given) } else { Slash::Persona(given) }
        }
        (_, Shape::Who) => Slash::Deny(who(tokens.next(), message)?),
        (name, Shape::WhoFor) => {
            let id = who(tokens.next(), message)?;
            let during = during(&mut tokens)?;
            if name == "allow" { Slash::Allow(id, during) } else { Slash::Block(id, during) }
        }
        (_, Shape::ModeFor) => {
            let mode = mode(tokens.next())?;
            Slash::Mode(mode, during(&mut tokens)?)
        }
        (_, Shape::For) => Slash::Mute(during(&mut tokens)?),
        ("help", _) => return Ok(Slash::Help),
        ("new", _) => Slash::New,
        ("stop", _) => return Ok(Slash::Stop),
        ("retry", _) => Slash::Retry,
        ("status", _) => Slash::Status,
        _ => Slash::Whoami,
    };
    match tokens.next() {
        Some(Token::Word(word)) => Err(Problem::Surplus(word.to_owned())),
        Some(Token::At(id)) if id.0 != message.conversation.account.0 => Err(Problem::Surplus(format!("@{id}"))),
        _ => Ok(slash),
    }
}

fn who(token: Option<Token<'_>>, message: &Message) -> Result<AccessId, Problem> {
    let word = match token {
        None => return Err(Problem::Missing),
        Some(Token::At(id)) => return Ok(AccessId::Person(id)),
        Some(Token::Word(word)) => folded(word),
    };
    if matches!(word.as_str(), "here" | "这里" | "本群") {
        return Ok(message.conversation.peer.into());
    }
    let number = word.parse().map(|id| AccessId::Person(UserId(id)));
    number.or_else(|_| word.parse()).map_err(|_| Problem::BadId(word))
}

fn mode(token: Option<Token<'_>>) -> Result<Mode, Problem> {
    let word = match token {
        None => return Err(Problem::Missing),
        Some(Token::At(id)) => return Err(Problem::BadMode(format!("@{id}"))),
        Some(Token::Word(word)) => folded(word),
    };
    match word.as_str() {
        "auto" | "自动" => Ok(Mode::Auto),
        "draft" | "草稿" => Ok(Mode::Draft),
        "manual" | "手动" | "人工" => Ok(Mode::Manual),
        "muted" | "mute" | "静音" => Ok(Mode::Muted),
        _ => Err(Problem::BadMode(word)),
    }
}

fn during<'a>(tokens: &mut impl Iterator<Item = Token<'a>>) -> Result<Option<Duration>, Problem> {
    match tokens.next() {
        None => Ok(None),
        Some(Token::At(id)) => Err(Problem::Surplus(format!("@{id}"))),
        Some(Token::Word(word)) => duration(word).map(Some).ok_or_else(|| Problem::BadDuration(word.to_owned())),
    }
}

/// `30s`, `10m`, `1h30m`, `2d`, `1w`, `10分钟`, `2小时`, `半小时`, `1天`; a bare number is minutes. From a second to a year.
fn duration(word: &str) -> Option<Duration> {
    const YEAR: u64 = 366 * 86_400;
    let word: String = folded(word).replace("半小时", "30m").replace("小时", "h");
    let mut rest = word.as_str();
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let number: u64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let unit = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let seconds = match &rest[..unit] {
            "s" | "秒" | "秒钟" => 1,
            "m" | "min" | "分" | "分钟" => 60,
            "" if total == 0 => 60,
            "h" | "时" => 3600,
            "d" | "天" | "日" => 86_400,
            "w" | "周" => 7 * 86_400,
            _ => return None,
        };
        rest = &rest[unit..];
        total = total.checked_add(number.checked_mul(seconds)?)?;
    }
    (1..=YEAR).contains(&total).then(|| Duration::from_secs(total))
}
