//! Every sentence a person sees, in Chinese and in English.
//!
//! The other rooms pass enums with parameters around; they become words only here, at the reader and in the
//! reader's language. Each sentence is written by the macro `say!`, which takes both languages or does
//! not compile, inside an exhaustive `match`, so that a new reason without words does not compile either.
//!
//! Text that came from outside (names, a server's words) goes through [`quoted`] or [`Text`] on its way in.

use unicode_segmentation::UnicodeSegmentation;

use crate::config::Language;
use crate::domain::{AccessId, Text};

/// One sentence in both languages; `format!` with inline arguments on either side.
macro_rules! say {
    ($lang:expr, $zh:literal, $en:literal $(,)?) => {
        match $lang {
            $crate::words::Lang::Zh => format!($zh),
            $crate::words::Lang::En => format!($en),
        }
    };
}

mod alert;
mod answer;
mod bye;
mod deed;
mod exit;
mod gauge;
mod health;
mod invitation;
mod log;
mod model;
mod notice;
mod notify;
mod span;
mod state;
mod verdict;

pub use alert::{
    alert_again, alert_detail, alert_firing, alert_flapping, alert_marks, alert_name, alert_resolved, alert_state,
    alert_told, alert_was, delivered, how_told, measured, metric, no_account_to_notify, notification_as_text,
    notification_test, notification_test_body, notification_title, severity, silence, silenced, slow_stage, told_what,
};
pub use answer::{done, mode, refusal, refusal_first, role};
pub use bye::Bye;
pub use deed::{deed, deed_result};
pub use exit::{Exit, UsageError};
pub use gauge::{gpu_state, no_gpu, throttle};
pub use health::Unready;
pub use invitation::no_account;
pub use log::log_line;
pub use model::{provider_error, provider_said, provider_state, residency, stage, turn_role};
pub use notice::{ChatCommand, ChatStatus, Notice};
pub use notify::notify_fault;
pub use span::{clock, parse_span, rate, span, span_short};
pub use state::{account, item, item_code, item_name};
pub use verdict::{author, decision, delivery, gate, hint, outcome, reason, reason_short, remedy, verdict};

/// A language that a person reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lang {
    /// Chinese.
    Zh,
    /// English.
    En,
}

impl Lang {
    /// The language of whoever reads a terminal: the configured one, or under `auto` the first non-empty of
    /// `LC_ALL`, `LC_MESSAGES` and `LANG`, in this order. A locale that does not begin with `zh` is English,
    /// `C` and nothing at all too: such a terminal may not show Chinese.
    pub fn of_reader(language: Language, lc_all: &str, lc_messages: &str, lang: &str) -> Self {
        match language {
            Language::Chinese => Self::Zh,
            Language::English => Self::En,
            Language::Auto => {
                let locale = [lc_all, lc_messages, lang].into_iter().find(|l| !l.is_empty()).unwrap_or("");
                if locale.get(..2).is_some_and(|l| l.eq_ignore_ascii_case("zh")) { Self::Zh } else { Self::En }
            }
        }
    }

    /// The language of what the bot itself says in QQ: Chinese unless English is configured.
    pub fn of_chats(language: Language) -> Self {
        match language {
            Language::Auto | Language::Chinese => Self::Zh,
            Language::English => Self::En,
        }
    }

    /// As it stands in the configuration.
    pub fn language(self) -> Language {
        match self {
            Self::Zh => Language::Chinese,
            Self::En => Language::English,
        }
    }

    /// `zh` or `en`, as on the command line and in the hello line.
    pub fn code(self) -> &'static str {
        match self {
            Self::Zh => "zh",
            Self::En => "en",
        }
    }

    /// Reads `zh`, `zh-CN`, `en`, `en_US.UTF-8` … by the first two letters.
    pub fn parse(name: &str) -> Option<Self> {
        match name.get(..2)?.to_ascii_lowercase().as_str() {
            "zh" => Some(Self::Zh),
            "en" => Some(Self::En),
            _ => None,
        }
    }

    /// The one that this language reads.
    pub fn pick<T>(self, zh: T, en: T) -> T {
        match self {
            Self::Zh => zh,
            Self::En => en,
        }
    }
}

/// Longest quotation of a stranger's words inside a sentence of ours, in characters.
const QUOTE: usize = 60;

/// Somebody else's words inside a sentence of ours: nothing that moves a cursor, on one line, at most 60 characters.
pub fn quoted(raw: &str) -> String {
    one_line(raw, QUOTE)
}

/// The same for paths and causes of errors, which are worth more room.
pub fn one_line(raw: &str, most: usize) -> String {
    let text = Text::new(raw);
    let mut line = String::new();
    for (n, grapheme) in text.shown().graphemes(true).enumerate() {
        if n == most {
            line.push('…');
            break;
        }
        line.push_str(if grapheme == "\n" || grapheme == "\t" { " " } else { grapheme });
    }
    line
}

/// A person or a group, as in a sentence.
pub fn who(id: AccessId, lang: Lang) -> String {
    match id {
        AccessId::Person(user) => say!(lang, "QQ {user}", "QQ user {user}"),
        AccessId::Group(group) => say!(lang, "群 {group}", "group {group}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_is_asked_in_the_order_of_posix() {
        let auto = |a, m, l| Lang::of_reader(Language::Auto, a, m, l);
        assert_eq!(auto("", "", "zh_CN.UTF-8"), Lang::Zh);
        assert_eq!(auto("en_US.UTF-8", "", "zh_CN.UTF-8"), Lang::En);
        assert_eq!(auto("", "ZH_TW", "en_US"), Lang::Zh);
        assert_eq!(auto("", "", ""), Lang::En);
        assert_eq!(auto("", "", "é"), Lang::En);
        assert_eq!(Lang::of_reader(Language::Chinese, "en", "en", "en"), Lang::Zh);
        assert_eq!(Lang::of_chats(Language::Auto), Lang::Zh);
        assert_eq!(Lang::of_chats(Language::English), Lang::En);
    }

    #[test]
    fn quotations_are_one_safe_short_line() {
        let safe = quoted("a\u{1b}[2Jb\nc");
        assert!(Text::from(safe.as_str()).hazards().is_empty() && safe.ends_with("b c"), "{safe}");
        let long = quoted(&"长".repeat(500));
        assert_eq!(long.chars().count(), QUOTE + 1);
        assert!(long.ends_with('…'));
    }
}
