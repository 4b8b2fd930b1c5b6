//! From an event to one line of words: sanitised, without secrets, in one piece.
//!
//! ```text
//! 2025-11-21T23:14:20.123+08:00 WARN  qqdeck::adapter::hub link is down account=10001 reason="timed out"
//! └ local time with its offset   └ level, target           └ the sentence, then its fields
//! ```

use std::fmt::{self, Write};

use tracing::field::{Field, Visit};
use tracing::{Event, Level};

use crate::domain::{LogLevel, Redactor, Text};

/// Longest value in bytes; what was cut is told.
const VALUE: usize = 2 << 10;
/// Longest line in bytes, without time, level and target.
const LINE: usize = 4 << 10;

/// The level of an event.
pub fn level(level: Level) -> LogLevel {
    match level {
        Level::ERROR => LogLevel::Error,
        Level::WARN => LogLevel::Warn,
        Level::INFO => LogLevel::Info,
        Level::DEBUG => LogLevel::Debug,
        Level::TRACE => LogLevel::Trace,
    }
}

/// What an event says: its target and its words.
pub fn words(event: &Event<'_>, redactor: &Redactor) -> (String, String) {
    let mut said = Said { redactor, message: String::new(), fields: String::new(), target: None };
    event.record(&mut said);
    let Said { mut message, fields, target, .. } = said;
    // An event of the `log` crate names its target in a field.
    let target = target.unwrap_or_else(|| clean(event.metadata().target(), redactor));
    message.push_str(if message.is_empty() { fields.trim_start() } else { &fields });
    (target, cut(message, LINE))
}

/// Words as they stand in a line: no control character, no hidden direction, no break, no known secret, not too long.
pub fn clean(raw: &str, redactor: &Redactor) -> String {
    let text = Text::new(raw);
    let masked = redactor.mask(text.shown());
    let mut clean = String::with_capacity(masked.len());
    for c in masked.chars() {
        match c {
            '\n' => clean.push_str("\\n"),
            '\t' => clean.push_str("\\t"),
            c => clean.push(c),
        }
    }
    cut(clean, VALUE)
}

/// Cuts at a character, and tells how much.
fn cut(mut words: String, most: usize) -> String {
    if words.len() > most {
        let end = words.floor_char_boundary(most);
        let left = words.len() - end;
        words.truncate(end);
        let _ = write!(words, "… +{left} B");
    }
    words
}

struct Said<'r> {
    redactor: &'r Redactor,
    message: String,
    fields: String,
    target: Option<String>,
}

impl Said<'_> {
    fn value(&mut self, field: &Field, raw: &str) {
        let value = clean(raw, self.redactor);
        match field.name() {
            "message" => self.message = value,
            "log.target" => self.target = Some(value),
            name if name.starts_with("log.") => {}
            name => {
                let bare = !value.is_empty() && !value.contains([' ', '"', '=']);
                let _ = match bare {
                    true => write!(self.fields, " {name}={value}"),
                    false => write!(self.fields, " {name}=\"{}\"", value.replace('"', "\\\"")),
                };
            }
        }
    }
}

impl Visit for Said<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.value(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.value(field, &format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::text::hazard;

    #[test]
    fn nothing_hostile_is_left() {
        let redactor = Redactor::new(["hunter22".to_owned()]);
        for (raw, shown) in [
            ("小明", "小明"),
            ("a\nERROR forged", "a\\nERROR forged"),
            ("\u{1b}[2J\u{1b}]0;x\u{7}", "␛[2J␛]0;x␇"),
            ("\u{202e}gnp.exe", "⟨U+202E⟩gnp.exe"),
            ("a\u{9b}31m\tb\r\nc", "a⟨U+009B⟩31m\\tb\\nc"),
            ("ws://h/?access_token=hunter22", "ws://h/?access_token=████"),
            ("ws://h/?access_token=unknown-but-long", "ws://h/?access_token=████"),
            ("pass hunt\u{200b}er22", "pass ████"),
        ] {
            assert_eq!(clean(raw, &redactor), shown);
        }
    }

    #[test]
    fn what_is_too_long_is_cut_and_told() {
        let cut = clean(&"错".repeat(2000), &Redactor::default());
        assert!(cut.ends_with("… +3954 B") && cut.len() < VALUE + 20, "{}", &cut[cut.len() - 20..]);
    }

    proptest! {
        #[test]
        fn no_value_breaks_a_line_or_moves_a_terminal(raw in "\\PC*|[\u{0}-\u{ff}\u{2028}\u{202e}\u{200b}文\n\r]*") {
            let clean = clean(&raw, &Redactor::default());
            prop_assert!(!clean.chars().any(|c| c.is_control() || hazard(c).is_some()), "{:?}", clean);
        }
    }
}
