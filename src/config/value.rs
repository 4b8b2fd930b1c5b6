//! From a TOML value to one of ours, or to the reason why not.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ipnet::IpNet;
use toml::de::DeValue;

use super::{IssueKind, Rate, Secret, Shape, forms};

/// A value that is written as one TOML value.
pub(super) trait Scalar: Sized {
    fn read(value: &DeValue<'_>) -> Result<Self, IssueKind>;
}

/// A value with an order, whose bounds can be shown.
pub(super) trait Bounded: Scalar + PartialOrd {
    fn show(&self) -> String;
}

fn wrong(wanted: Shape, value: &DeValue<'_>) -> IssueKind {
    IssueKind::WrongType { wanted, found: value.type_str() }
}

fn malformed(wanted: Shape, text: &str) -> IssueKind {
    IssueKind::Malformed { wanted, text: text.chars().take(80).collect() }
}

fn text<'v>(wanted: Shape, value: &'v DeValue<'_>) -> Result<&'v str, IssueKind> {
    value.as_str().ok_or_else(|| wrong(wanted, value))
}

impl Scalar for bool {
    fn read(value: &DeValue<'_>) -> Result<Self, IssueKind> {
        value.as_bool().ok_or_else(|| wrong(Shape::Bool, value))
    }
}

impl Scalar for String {
    fn read(value: &DeValue<'_>) -> Result<Self, IssueKind> {
        text(Shape::Text, value).map(str::to_owned)
    }
}

/// Any integer of TOML; wider than all of ours, so that "too large" can be told from "not a number".
fn integer(value: &DeValue<'_>) -> Result<i128, IssueKind> {
    let integer = value.as_integer().ok_or_else(|| wrong(Shape::Integer, value))?;
    i128::from_str_radix(integer.as_str(), integer.radix()).map_err(|_| malformed(Shape::Integer, integer.as_str()))
}

macro_rules! integers {
    ($($int:ty),*) => {$(
        impl Scalar for $int {
            fn read(value: &DeValue<'_>) -> Result<Self, IssueKind> {
                let wide = integer(value)?;
                <$int>::try_from(wide).map_err(|_| IssueKind::OutOfRange {
                    value: wide.to_string(),
                    least: <$int>::MIN.to_string(),
                    most: <$int>::MAX.to_string(),
                })
            }
        }

        impl Bounded for $int {
            fn show(&self) -> String {
                self.to_string()
            }
        }
    )*};
}
integers!(u8, u16, u32, u64, usize, i64);

impl Scalar for f64 {
    fn read(value: &DeValue<'_>) -> Result<Self, IssueKind> {
        let text = match value {
            DeValue::Float(float) => float.as_str(),
            DeValue::Integer(whole) if whole.radix() == 10 => whole.as_str(),
            other => return Err(wrong(Shape::Number, other)),
        };
        text.parse().ok().filter(|n: &f64| n.is_finite()).ok_or_else(|| malformed(Shape::Number, text))
    }
}

impl Bounded for f64 {
    fn show(&self) -> String {
        self.to_string()
    }
}

/// What a measure is compared with, in its unit: a number, or as people write durations (seconds), sizes (bytes) and
/// percentages.
pub(super) struct Quantity(pub f64);

impl Scalar for Quantity {
    fn read(value: &DeValue<'_>) -> Result<Self, IssueKind> {
        let DeValue::String(text) = value else { return f64::read(value).map(Self) };
        let percent = || text.trim().strip_suffix('%')?.trim().parse().ok().filter(|n: &f64| n.is_finite());
        let seconds = || forms::read_duration(text).map(|d| d.as_secs_f64());
        let bytes = || forms::read_size(text).map(|n| n as f64);
        let number = percent().or_else(seconds).or_else(bytes);
        number.map(Self).ok_or_else(|| malformed(Shape::Quantity, text))
    }
}

impl Scalar for Duration {
    fn read(value: &DeValue<'_>) -> Result<Self, IssueKind> {
        let text = text(Shape::Duration, value)?;
        forms::read_duration(text).ok_or_else(|| malformed(Shape::Duration, text))
    }
}

impl Bounded for Duration {
    fn show(&self) -> String {
        forms::show_duration(*self)
    }
}

impl Scalar for Rate {
    fn read(value: &DeValue<'_>) -> Result<Self, IssueKind> {
        let text = match value {
            DeValue::Integer(zero) if zero.as_str() == "0" => "0",
            other => text(Shape::Rate, other)?,
        };
        forms::read_rate(text).ok_or_else(|| malformed(Shape::Rate, text))
    }
}

impl Scalar for IpNet {
    fn read(value: &DeValue<'_>) -> Result<Self, IssueKind> {
        let text = text(Shape::Network, value)?;
        let alone = || text.parse::<IpAddr>().map(IpNet::from);
        text.parse().or_else(|_| alone()).map_err(|_| malformed(Shape::Network, text))
    }
}

impl Scalar for Secret {
    fn read(value: &DeValue<'_>) -> Result<Self, IssueKind> {
        let text = text(Shape::Secret, value)?;
        // A reference to nothing; a literal is never shown, so only references come into the message.
        let empty = ["secret:", "env:", "file:"].contains(&text);
        if empty { Err(malformed(Shape::Secret, text)) } else { Ok(Secret(text.to_owned())) }
    }
}

/// A word out of a few.
pub(super) fn word(value: &DeValue<'_>, words: &'static [&'static str]) -> Result<usize, IssueKind> {
    let text = text(Shape::Text, value)?;
    words.iter().position(|word| *word == text).ok_or_else(|| IssueKind::NotAWord {
        text: text.chars().take(80).collect(),
        words,
        nearest: super::issue::nearest(text, words.iter().copied()),
    })
}

/// What an id in a list stands for.
pub(super) enum Listed {
    /// `"*"`.
    Everybody,
    /// A number.
    Number(i64),
}

/// An id in a list of people or of groups: `123`, `"123"`, `"person_123"`, `"*"`. `twin` is the key of the
/// other list, which is named when a group stands among people or the reverse.
pub(super) fn listed(value: &DeValue<'_>, groups: bool, twin: Option<&'static str>) -> Result<Listed, IssueKind> {
    let shape = if groups { Shape::GroupId } else { Shape::PersonId };
    let text = match value {
        DeValue::String(text) => text.trim(),
        DeValue::Integer(_) => return Ok(Listed::Number(qq_number(shape, integer(value)?)?)),
        other => return Err(wrong(shape, other)),
    };
    if text == "*" {
        return Ok(Listed::Everybody);
    }
    let (own, other): (&[&str], &[&str]) = match groups {
        true => (&["group"], &["person", "private"]),
        false => (&["person", "private"], &["group"]),
    };
    let number = match text.split_once(['_', ':']) {
        Some((kind, number)) if own.contains(&kind) => number,
        Some((kind, _)) if other.contains(&kind) => {
            return Err(IssueKind::WrongList { id: text.chars().take(80).collect(), belongs: twin });
        }
        _ => text,
    };
    let number = number.parse().map_err(|_| malformed(shape, text))?;
    Ok(Listed::Number(qq_number(shape, number)?))
}

/// QQ's numbers are positive; onebots maps others far beyond 32 bits, but never to zero.
fn qq_number(shape: Shape, wide: i128) -> Result<i64, IssueKind> {
    i64::try_from(wide).ok().filter(|n| *n > 0).ok_or_else(|| malformed(shape, &wide.to_string()))
}

/// The number of one person or account; everybody is nobody here.
pub(super) fn person(value: &DeValue<'_>) -> Result<i64, IssueKind> {
    match listed(value, false, None)? {
        Listed::Number(number) => Ok(number),
        Listed::Everybody => Err(malformed(Shape::Account, "*")),
    }
}

/// A pattern that compiles and stays small: matching is linear in its size. The error has the offset in it.
pub(super) fn pattern(pattern: &str) -> Result<(), (usize, String)> {
    /// Compiled size; a `\w{200}` over Unicode is about that large.
    const SIZE: usize = 1 << 20;
    let built = regex::RegexBuilder::new(pattern).size_limit(SIZE).dfa_size_limit(SIZE).build();
    match built {
        Ok(_) => Ok(()),
        Err(regex::Error::CompiledTooBig(limit)) => Err((0, format!("compiled, it is larger than {limit} bytes"))),
        Err(error) => {
            // The compiler draws the pattern with a caret line below it and ends with "error: …".
            let text = error.to_string();
            let caret = text.lines().find(|line| !line.trim().is_empty() && line.trim().chars().all(|c| c == '^'));
            let chars = caret.and_then(|line| line.find('^')).map_or(0, |at| at.saturating_sub(4));
            let offset = pattern.char_indices().nth(chars).map_or(0, |(byte, _)| byte);
            let last = text.lines().last().unwrap_or_default();
            Err((offset, last.strip_prefix("error: ").unwrap_or(last).to_owned()))
        }
    }
}

/// A string that looks as wanted.
pub(super) fn shaped(value: &DeValue<'_>, wanted: Shape) -> Result<String, IssueKind> {
    let text = text(wanted, value)?;
    let plain = || !text.chars().any(char::is_control);
    let fits = match wanted {
        Shape::Url(schemes) => text.is_empty() || url(text, schemes),
        Shape::Address => text.is_empty() || address(text).is_some(),
        Shape::Color => color(text),
        Shape::Path => text.starts_with('/') && plain() && !text.contains(char::is_whitespace),
        Shape::Prefix => (1..=8).contains(&text.chars().count()) && plain() && !text.contains(char::is_whitespace),
        Shape::Name => (1..=64).contains(&text.chars().count()) && plain() && text.trim() == text,
        Shape::Line => (1..=256).contains(&text.chars().count()) && plain(),
        Shape::HeaderName => header_name(text),
        Shape::Mail => mail(text),
        _ => true,
    };
    if fits { Ok(text.to_owned()) } else { Err(malformed(wanted, text)) }
}

/// An RFC 9110 token.
pub(super) fn header_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

/// Enough of a mail address to catch what people mistype; the bare address, without a name before it.
fn mail(text: &str) -> bool {
    let odd = |c: char| c.is_whitespace() || c.is_control() || "<>()[],;:\\\"".contains(c);
    text.len() <= 254
        && text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'))
        && !text.contains(odd)
}

fn color(text: &str) -> bool {
    const NAMES: [&str; 10] = ["auto", "black", "red", "green", "yellow", "blue", "magenta", "cyan", "white", "gray"];
    let hex = text.strip_prefix('#').is_some_and(|hex| hex.len() == 6 && hex.bytes().all(|b| b.is_ascii_hexdigit()));
    hex || NAMES.contains(&text.strip_prefix("bright-").unwrap_or(text))
}

/// Enough of a URL to catch what people mistype: the scheme, a host, a port in range, no blanks.
fn url(text: &str, schemes: &[&str]) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let (name, port) = match host.strip_prefix('[').and_then(|v6| v6.split_once(']')) {
        Some((name, port)) => (name, port.strip_prefix(':')),
        None => match host.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (host, None),
        },
    };
    schemes.contains(&scheme)
        && !name.is_empty()
        && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
        && !text.contains(|c: char| c.is_whitespace() || c.is_control())
}

/// An address to listen on; `localhost` counts as 127.0.0.1.
pub(super) fn address(text: &str) -> Option<SocketAddr> {
    match text.strip_prefix("localhost:") {
        Some(port) => Some(SocketAddr::from(([127, 0, 0, 1], port.parse().ok()?))),
        None => text.parse().ok(),
    }
}

/// A TOML value as JSON, as providers want it. A moment of time becomes its text.
pub(super) fn json(value: &DeValue<'_>) -> Result<serde_json::Value, IssueKind> {
    Ok(match value {
        DeValue::String(text) => text.clone().into_owned().into(),
        DeValue::Integer(_) => i64::read(value)?.into(),
        DeValue::Float(_) => f64::read(value)?.into(),
        DeValue::Boolean(yes) => (*yes).into(),
        DeValue::Datetime(moment) => moment.to_string().into(),
        DeValue::Array(array) => array.iter().map(|one| json(one.get_ref())).collect::<Result<Vec<_>, _>>()?.into(),
        DeValue::Table(table) => {
            let entry = |(key, one): (&toml::Spanned<_>, &toml::Spanned<DeValue<'_>>)| -> Result<_, IssueKind> {
                let key: &std::borrow::Cow<'_, str> = key.get_ref();
                Ok((key.clone().into_owned(), json(one.get_ref())?))
            };
            table.iter().map(entry).collect::<Result<serde_json::Map<_, _>, _>>()?.into()
        }
    })
}
