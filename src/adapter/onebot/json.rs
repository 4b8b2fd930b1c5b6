//! JSON as adapters write it: lone surrogates, ids of every type, fields that are null or of the wrong kind.

use std::fmt;

use serde_json::{Map, Number, Value};

/// An object's fields.
pub(super) type Fields = Map<String, Value>;

/// An id as text or number. Ids compare as text and never go through a float; only the engine needs numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Id {
    /// What QQ uses.
    Number(i64),
    /// Guild ids and whatever else does not read back as the same number.
    Word(String),
}

impl Id {
    /// The number, where it is one.
    pub fn number(&self) -> Option<i64> {
        match self {
            Self::Number(n) => Some(*n),
            Self::Word(_) => None,
        }
    }

    /// Whether it stands for "none": 0 in fields where adapters leave nothing out (NapCat's `input_status`).
    pub fn is_zero(&self) -> bool {
        *self == Self::Number(0)
    }

    /// Reads an id from text, leaving alone what would change by it (leading zeros, guild ids).
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        let canonical = |n: &i64| n.to_string() == text;
        Some(text.parse().ok().filter(canonical).map_or_else(|| Self::Word(text.to_owned()), Self::Number))
    }

    fn from_number(n: &Number) -> Self {
        match (n.as_i64(), n.as_f64()) {
            (Some(n), _) => Self::Number(n),
            (None, Some(f)) if !n.is_u64() && whole(f) => Self::Number(f as i64),
            _ => Self::Word(n.to_string()),
        }
    }
}

/// Whether a float is an integer that a float can hold exactly.
fn whole(f: f64) -> bool {
    f.fract() == 0.0 && f.abs() < 9_007_199_254_740_992.0
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(n) => write!(f, "{n}"),
            Self::Word(word) => f.write_str(word),
        }
    }
}

/// Parses one frame; repairs lone surrogates and tries again before giving up (onebot.md §2, trap 9).
/// Deeper than 128 levels, trailing text and numbers beyond a double are not JSON here.
pub(super) fn parse(text: &str) -> Option<Value> {
    match serde_json::from_str(text) {
        Ok(value) => Some(value),
        Err(_) => serde_json::from_str(&repair(text)?).ok(),
    }
}

/// The text with every lone `\udXXX` escape replaced by `\ufffd`; `None` where there was none.
fn repair(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut fixed: Option<String> = None;
    let (mut at, mut copied) = (0, 0);
    while let Some(step) = text[at..].find('\\') {
        let here = at + step;
        let Some(unit) = escaped_unit(bytes, here) else {
            // Some other escape: skip the backslash and what it escapes, so `\\ud83d` stays text.
            at = next_boundary(text, here + 2);
            continue;
        };
        let low_follows = || escaped_unit(bytes, here + 6).is_some_and(|low| (0xdc00..0xe000).contains(&low));
        match unit {
            0xd800..=0xdbff if low_follows() => at = here + 12,
            0xd800..=0xdfff => {
                let fixed = fixed.get_or_insert_with(|| String::with_capacity(text.len()));
                fixed.push_str(&text[copied..here]);
                fixed.push_str("\\ufffd");
                at = here + 6;
                copied = at;
            }
            _ => at = here + 6,
        }
    }
    fixed.map(|mut fixed| {
        fixed.push_str(&text[copied..]);
        fixed
    })
}

/// The UTF-16 unit of a `\uXXXX` escape that begins at `at`.
fn escaped_unit(bytes: &[u8], at: usize) -> Option<u16> {
    let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
    digits.iter().try_fold(0, |unit, digit| Some(unit * 16 + u16::try_from(char::from(*digit).to_digit(16)?).ok()?))
}

fn next_boundary(text: &str, mut at: usize) -> usize {
    while at < text.len() && !text.is_char_boundary(at) {
        at += 1;
    }
    at.min(text.len())
}

/// Takes a field out; null where there is none. The field stays behind as null.
pub(super) fn take(fields: &mut Fields, key: &str) -> Value {
    fields.get_mut(key).map_or(Value::Null, Value::take)
}

/// An id; `None` for null, empty, booleans and whatever is no id.
pub(super) fn id(fields: &Fields, key: &str) -> Option<Id> {
    match fields.get(key)? {
        Value::Number(n) => Some(Id::from_number(n)),
        Value::String(text) => Id::read(text),
        _ => None,
    }
}

/// An id that is not 0.
pub(super) fn some_id(fields: &Fields, key: &str) -> Option<Id> {
    id(fields, key).filter(|id| !id.is_zero())
}

/// A word, also one that came as number or boolean.
pub(super) fn word(fields: &mut Fields, key: &str) -> Option<String> {
    to_word(fields.get_mut(key)?.take())
}

/// A value as a word.
pub(super) fn to_word(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(n) => Some(n.to_string()),
        Value::Bool(b) => Some(b.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A word that is not empty.
pub(super) fn some_word(fields: &mut Fields, key: &str) -> Option<String> {
    word(fields, key).filter(|word| !word.is_empty())
}

/// A whole number, also from a float or digits in a string.
pub(super) fn number(fields: &Fields, key: &str) -> Option<i64> {
    id(fields, key)?.number()
}

/// A boolean, also as 0, 1, "true" and "false".
pub(super) fn flag(fields: &Fields, key: &str) -> Option<bool> {
    match fields.get(key)? {
        Value::Bool(b) => Some(*b),
        Value::Number(n) => n.as_i64().map(|n| n != 0),
        Value::String(s) if s == "true" => Some(true),
        Value::String(s) if s == "false" => Some(false),
        _ => None,
    }
}

/// An object; empty where there is something else.
pub(super) fn object(fields: &mut Fields, key: &str) -> Fields {
    match take(fields, key) {
        Value::Object(fields) => fields,
        _ => Fields::new(),
    }
}

/// Seconds since 1970; NapCat falls back to milliseconds (onebot.md §2). `None` where missing or 0.
pub(super) fn time(fields: &Fields) -> Option<i64> {
    let time = number(fields, "time")?;
    match time {
        ..=0 => None,
        100_000_000_001.. => Some(time / 1000),
        _ => Some(time),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn lone_surrogates_are_repaired_and_pairs_and_backslashes_stay() {
        let parsed = parse(r#"["a\udc4d","\ud83d\ud83d\ude00","\\ud83d","\ud83d","\uD83D\n"]"#);
        assert_eq!(parsed, Some(json!(["a\u{fffd}", "\u{fffd}😀", "\\ud83d", "\u{fffd}", "\u{fffd}\n"])));
        assert_eq!(parse(r#"{"a":"\ud83d"#), None);
    }

    #[test]
    fn ids_come_in_every_type() {
        let fields = json!({"n": -5, "s": " 12 ", "f": 4010000123.0, "big": 18446744073709551615u64, "word": "0012",
            "null": null, "empty": "", "list": [], "half": 1.5});
        let Value::Object(fields) = fields else { unreachable!() };
        let read = |key| id(&fields, key).map(|id| id.to_string());
        assert_eq!(read("n").as_deref(), Some("-5"));
        assert_eq!(id(&fields, "s"), Some(Id::Number(12)));
        assert_eq!(read("f").as_deref(), Some("4010000123"));
        assert_eq!(read("big").as_deref(), Some("18446744073709551615"));
        assert_eq!(id(&fields, "word"), Some(Id::Word("0012".into())));
        assert_eq!(read("half").as_deref(), Some("1.5"));
        assert!(["null", "empty", "list", "missing"].iter().all(|key| id(&fields, key).is_none()));
    }

    #[test]
    fn milliseconds_become_seconds() {
        let at = |time: Value| time_of(json!({ "time": time }));
        assert_eq!(at(json!(1_750_011_301_482_i64)), Some(1_750_011_301));
        assert_eq!(at(json!("1750011301")), Some(1_750_011_301));
        assert_eq!((at(json!(0)), at(Value::Null), at(json!("x"))), (None, None, None));
    }

    fn time_of(value: Value) -> Option<i64> {
        let Value::Object(fields) = value else { unreachable!() };
        time(&fields)
    }

    proptest! {
        #[test]
        fn repair_never_panics_and_leaves_no_lone_surrogate(
            parts in proptest::collection::vec(prop_oneof![
                Just("\\ud83d"), Just("\\ude00"), Just("\\"), Just("\\\\"), Just("u"), Just("好"), Just("\\u00e9"), Just("d8"),
            ], 0..20),
        ) {
            let text = parts.concat();
            if let Some(fixed) = repair(&text) {
                prop_assert!(repair(&fixed).is_none());
            }
        }
    }
}
