//! The arguments of a question, read into the types of the engine. What cannot be read is told with what would fit.

use std::str::FromStr;
use std::time::Duration;

use jiff::civil;
use serde_json::{Map, Value};

use crate::domain::{AccessId, AlertId, ChatRef, ItemId, Mode, UserId, Wall};
use crate::words::{Exit, Lang, UsageError, parse_span};

/// Arguments by name.
#[derive(Debug, Clone)]
pub struct Arguments {
    given: Map<String, Value>,
    lang: Lang,
}

impl Arguments {
    /// Those of one question, for an answer in this language.
    pub fn new(given: Map<String, Value>, lang: Lang) -> Self {
        Self { given, lang }
    }

    /// A word that may be missing. Numbers count as words.
    ///
    /// # Errors
    /// When it is there and not a word.
    pub fn maybe(&self, name: &str) -> Result<Option<String>, Exit> {
        match self.given.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(other) => Err(self.bad(name, &other.to_string(), "文字", "a string")),
        }
    }

    /// A word that must be there and not be blank.
    ///
    /// # Errors
    /// When it is not.
    pub fn text(&self, name: &str) -> Result<String, Exit> {
        match self.maybe(name)? {
            Some(text) if !text.trim().is_empty() => Ok(text),
            _ => Err(Exit::Usage(UsageError::Missing { names: name.to_ascii_uppercase() })),
        }
    }

    /// Whether a flag is set.
    pub fn flag(&self, name: &str) -> bool {
        matches!(self.given.get(name), Some(Value::Bool(true)))
    }

    /// A chat.
    ///
    /// # Errors
    /// When it is missing or not one.
    pub fn chat(&self, name: &str) -> Result<ChatRef, Exit> {
        let text = self.text(name)?;
        text.parse().map_err(|_| {
            let near = nearest_chat(&text);
            let (zh, en) = ("private:QQ号 或 group:群号", "private:UID or group:GID");
            self.bad_near(name, &text, zh, en, near.as_deref())
        })
    }

    /// A chat that may be missing.
    ///
    /// # Errors
    /// When it is there and not one.
    pub fn maybe_chat(&self, name: &str) -> Result<Option<ChatRef>, Exit> {
        self.maybe(name)?.map(|_| self.chat(name)).transpose()
    }

    /// Whom a rule is about.
    ///
    /// # Errors
    /// When it is missing or not an id.
    pub fn id(&self, name: &str) -> Result<AccessId, Exit> {
        let text = self.text(name)?;
        text.parse().map_err(|_| {
            let near = nearest_chat(&text).map(|chat| chat.replace("private:", "person_").replace(':', "_"));
            let (zh, en) = ("person_QQ号 或 group_群号", "person_UID or group_GID");
            self.bad_near(name, &text, zh, en, near.as_deref())
        })
    }

    /// A number that may be missing.
    ///
    /// # Errors
    /// When it is there and not one.
    pub fn maybe_number<T: FromStr>(&self, name: &str) -> Result<Option<T>, Exit> {
        let Some(text) = self.maybe(name)? else { return Ok(None) };
        text.trim().parse().map(Some).map_err(|_| self.bad(name, &text, "数字", "a number"))
    }

    /// How many, from 1; may be missing.
    ///
    /// # Errors
    /// When it is there and no such number.
    pub fn count<T: FromStr + Default + PartialEq>(&self, name: &str) -> Result<Option<T>, Exit> {
        let Some(text) = self.maybe(name)? else { return Ok(None) };
        let count = text.trim().parse().ok().filter(|count| *count != T::default());
        count.map(Some).ok_or_else(|| self.bad(name, &text, "从 1 起的整数", "a whole number from 1"))
    }

    /// A number.
    ///
    /// # Errors
    /// When it is missing or not one.
    pub fn number<T: FromStr>(&self, name: &str) -> Result<T, Exit> {
        self.text(name)?;
        self.maybe_number(name)?.ok_or_else(|| Exit::Usage(UsageError::Missing { names: name.to_ascii_uppercase() }))
    }

    /// The number of something that waits; `#12` too.
    ///
    /// # Errors
    /// When it is missing or not one.
    pub fn item(&self) -> Result<ItemId, Exit> {
        let text = self.text("item")?;
        let digits = text.trim().trim_start_matches('#');
        digits
            .parse()
            .map(ItemId)
            .map_err(|_| self.bad("item", &text, "编号，见 attention", "a number, see `attention`"))
    }

    /// The number of an alert; `#12` too.
    ///
    /// # Errors
    /// When it is missing or not one.
    pub fn alert(&self) -> Result<AlertId, Exit> {
        let text = self.text("alert")?;
        let digits = text.trim().trim_start_matches('#');
        let bad = || self.bad("alert", &text, "编号，见 alerts", "a number, see `alerts`");
        digits.parse().map(AlertId).map_err(|_| bad())
    }

    /// A rule of alerts, with the labels that are meant: `vram_high`, `ws_disconnected{account=10001}`.
    ///
    /// # Errors
    /// When it is missing or its labels cannot be read.
    pub fn rule(&self, name: &str) -> Result<(String, Vec<(String, String)>), Exit> {
        let text = self.text(name)?;
        let bad = || self.bad(name, &text, "规则名，或 规则名{标签=值}", "a rule, or rule{label=value}");
        let text = text.trim();
        let Some((rule, labels)) = text.split_once('{') else { return Ok((text.to_owned(), Vec::new())) };
        let labels = labels.strip_suffix('}').ok_or_else(bad)?;
        let label = |pair: &str| {
            let (label, value) = pair.split_once('=')?;
            Some((label.trim().to_owned(), value.trim().trim_matches('"').to_owned()))
        };
        let mut labels: Vec<_> = labels.split(',').map(label).collect::<Option<_>>().ok_or_else(bad)?;
        labels.sort();
        Ok((rule.trim().to_owned(), labels))
    }

    /// People by their QQ numbers, with commas between; none where it is missing.
    ///
    /// # Errors
    /// When one is no number.
    pub fn users(&self, name: &str) -> Result<Vec<UserId>, Exit> {
        let Some(text) = self.maybe(name)? else { return Ok(Vec::new()) };
        let numbers = text.split([',', '，', ' ']).filter(|word| !word.is_empty()).map(|word| word.parse().map(UserId));
        let (zh, en) = ("QQ号，多个用逗号隔开", "QQ numbers, with commas between");
        numbers.collect::<Result<_, _>>().map_err(|_| self.bad(name, &text, zh, en))
    }

    /// A duration that may be missing.
    ///
    /// # Errors
    /// When it is there and not one.
    pub fn span(&self, name: &str) -> Result<Option<Duration>, Exit> {
        let Some(text) = self.maybe(name)? else { return Ok(None) };
        let bad = || self.bad(name, &text, "时长，例如 30m、2h、1d", "a duration, for example 30m, 2h, 1d");
        parse_span(&text).map(Some).ok_or_else(bad)
    }

    /// A moment that may be missing: so long ago, a local day, a local day and time, or RFC 3339. `end`: a day means its end.
    ///
    /// # Errors
    /// When it is there and not one.
    pub fn moment(&self, name: &str, now: Wall, end: bool) -> Result<Option<Wall>, Exit> {
        let Some(text) = self.maybe(name)? else { return Ok(None) };
        let (zh, en) = ("2h（多久以前）、2025-11-21 或 2025-11-21T23:00", "2h (ago), 2025-11-21 or 2025-11-21T23:00");
        moment(text.trim(), now, end).map(Some).ok_or_else(|| self.bad(name, &text, zh, en))
    }

    /// Who answers; `None` as configured.
    ///
    /// # Errors
    /// When it is missing or not a mode.
    pub fn mode(&self, name: &str) -> Result<Option<Mode>, Exit> {
        Ok(match self.one_of(name, &["auto", "draft", "manual", "muted", "config"])? {
            0 => Some(Mode::Auto),
            1 => Some(Mode::Draft),
            2 => Some(Mode::Manual),
            3 => Some(Mode::Muted),
            _ => None,
        })
    }

    /// The position of a word among those that fit.
    ///
    /// # Errors
    /// When it is missing or none of them.
    pub fn one_of(&self, name: &str, words: &[&str]) -> Result<usize, Exit> {
        let text = self.text(name)?;
        let wants = words.join(", ");
        words.iter().position(|w| w.eq_ignore_ascii_case(text.trim())).ok_or_else(|| {
            self.bad_near(name, &text, &wants, &wants, super::near::nearest(&text, words.iter().copied()))
        })
    }

    /// What is wrong with a value.
    pub fn bad(&self, name: &str, value: &str, zh: &str, en: &str) -> Exit {
        self.bad_near(name, value, zh, en, None)
    }

    fn bad_near(&self, name: &str, value: &str, zh: &str, en: &str, near: Option<&str>) -> Exit {
        let mut wants = self.lang.pick(zh, en).to_owned();
        if let Some(near) = near {
            wants.push_str(self.lang.pick("，是不是 ", "; did you mean "));
            wants.push_str(near);
            wants.push_str(self.lang.pick("？", "?"));
        }
        Exit::Usage(UsageError::BadValue { name: name.to_ascii_uppercase(), value: value.to_owned(), wants })
    }
}

/// What somebody who wrote `grup:5`, `群5`, `g5` or `qq5` meant; `None` where there is no number or no guess.
fn nearest_chat(text: &str) -> Option<String> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let (kind, number) = text.split_at(start);
    let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
    let kind = kind.trim_end_matches([':', '_', '=', ' ', '-', '：']).to_lowercase();
    match kind.chars().next()? {
        'g' | '群' | 'q' if !kind.starts_with("qq") => Some(format!("group:{digits}")),
        'p' | 'u' | 'f' | 'q' | '私' | '人' | '好' => Some(format!("private:{digits}")),
        _ => None,
    }
}

/// Whether a word looks like a chat, rightly written or not: `grup:5`, `group_5x`, `群:5`.
pub fn may_be_a_chat(word: &str) -> bool {
    word.contains([':', '：', '_', '=']) && nearest_chat(word).is_some()
}

fn moment(text: &str, now: Wall, end: bool) -> Option<Wall> {
    if let Some(ago) = parse_span(text) {
        return Some(now - ago);
    }
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Some(Wall(at.as_millisecond()));
    }
    // A day alone also reads as a moment of it, so it is tried first.
    let local = match text.parse::<civil::Date>() {
        Ok(day) if text.len() <= 10 => {
            if end {
                day.tomorrow().ok()?.at(0, 0, 0, 0).checked_sub(jiff::Span::new().milliseconds(1)).ok()?
            } else {
                day.at(0, 0, 0, 0)
            }
        }
        _ => text.parse::<civil::DateTime>().ok()?,
    };
    let at = local.to_zoned(jiff::tz::TimeZone::system()).ok()?;
    Some(Wall(at.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn one(value: Value) -> Arguments {
        Arguments::new(Map::from_iter([("x".to_owned(), value)]), Lang::En)
    }

    #[test]
    fn counts_begin_at_one() {
        assert_eq!(one(json!("7")).count::<u32>("x").unwrap(), Some(7));
        assert_eq!(one(json!("7")).count::<u32>("y").unwrap(), None);
        for wrong in ["0", "-3", "many", "99999999999999"] {
            let words = one(json!(wrong)).count::<u32>("x").unwrap_err().words(Lang::En);
            assert!(words.contains("a whole number from 1"), "{words}");
        }
    }

    #[test]
    fn slips_get_the_nearest() {
        for (typed, meant) in [
            ("grup:5", Some("group:5")),
            ("group5", Some("group:5")),
            ("群12", Some("group:12")),
            ("user_7", Some("private:7")),
            ("qq7", Some("private:7")),
            ("12", None),
            ("x", None),
        ] {
            assert_eq!(nearest_chat(typed).as_deref(), meant, "{typed}");
        }
        let wrong = one(json!("group123")).id("x").unwrap_err().words(Lang::En);
        assert!(wrong.contains("did you mean group_123?"), "{wrong}");
        let wrong = one(json!("atuo")).mode("x").unwrap_err().words(Lang::Zh);
        assert!(wrong.contains("auto"), "{wrong}");
    }

    #[test]
    fn moments_are_read_as_people_write_them() {
        let now = Wall(1_700_000_000_000);
        assert_eq!(moment("2h", now, false), Some(Wall(1_700_000_000_000 - 7_200_000)));
        assert_eq!(moment("2025-11-21T00:00:00Z", now, false), Some(Wall(1_763_683_200_000)));
        let (from, to) = (moment("2025-11-21", now, false), moment("2025-11-21", now, true));
        assert_eq!(to.unwrap().0 - from.unwrap().0, 86_400_000 - 1);
        assert_eq!(moment("2025-11-21T12:00", now, false).unwrap().0 - from.unwrap().0, 12 * 3_600_000);
        assert_eq!(moment("yesterday", now, false), None);
    }

    #[test]
    fn what_is_missing_is_named() {
        let none = Arguments::new(Map::new(), Lang::En);
        assert_eq!(none.text("chat"), Err(Exit::Usage(UsageError::Missing { names: "CHAT".into() })));
        assert!(one(json!("  ")).text("x").is_err() && one(json!([1])).text("x").is_err());
        assert_eq!(one(json!(-5)).number::<i64>("x"), Ok(-5));
        assert_eq!(one(json!("7，8")).users("x"), Ok(vec![UserId(7), UserId(8)]));
        assert!(one(json!("7,x")).users("x").is_err());
        assert!(one(json!("1.5")).number::<u64>("x").is_err());
        assert!(one(json!(true)).flag("x") && !one(json!("true")).flag("x"));
    }

    #[test]
    fn a_rule_may_name_labels() {
        let rule = |text: &str| one(json!(text)).rule("x").ok();
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(rule("vram_high"), Some(("vram_high".into(), vec![])));
        let both = Some(("account_muted".into(), vec![pair("account", "1"), pair("group", "9")]));
        assert_eq!(rule("account_muted{group=9, account=\"1\"}"), both);
        assert_eq!((rule("x{account}"), rule("x{account=1"), rule(" ")), (None, None, None));
        assert_eq!(one(json!("#7")).maybe("x").unwrap().as_deref(), Some("#7"));
    }

    proptest! {
        #[test]
        fn any_words_are_read_without_panic(text in "\\PC{0,24}") {
            let x = one(json!(text));
            let _ = (x.chat("x"), x.id("x"), x.rule("x"), x.mode("x"), x.span("x"), x.moment("x", Wall(0), true), x.number::<u32>("x"));
        }
    }
}
