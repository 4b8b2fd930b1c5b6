//! What is wrong with `[console]`: actions that do not exist, keys that cannot be read or mean two things, unknown
//! themes. The configuration does not know the console; whoever checks it as a whole asks here.

use std::collections::BTreeMap;

use super::action::{TABLE, named};
use super::input::{Chord, Key};
use super::theme::Themes;
use crate::config::Config;
use crate::verbs::near::nearest;
use crate::words::Lang;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// The dotted key under which it stands.
    pub key: String,
    /// What.
    pub kind: FlawKind,
}

/// What is wrong there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FlawKind {
    /// No action of that name.
    NoAction {
        /// The nearest that exists.
        nearest: Option<&'static str>,
    },
    /// No key.
    NoKey {
        /// As written.
        chord: String,
    },
    /// The key of another action, or the beginning of its chord.
    Taken {
        /// As written.
        chord: String,
        /// The other one.
        other: &'static str,
    },
    /// No theme of that name.
    NoTheme {
        /// As written.
        name: String,
        /// The nearest that exists.
        nearest: Option<String>,
    },
}

impl Flaw {
    /// It in words.
    pub fn words(&self, lang: Lang) -> String {
        let meant = |nearest: Option<&str>| {
            nearest.map_or_else(String::new, |n| match lang {
                Lang::Zh => format!("，是不是 {n}？"),
                Lang::En => format!("; did you mean {n}?"),
            })
        };
        let (zh, en) = match &self.kind {
            FlawKind::NoAction { nearest } => {
                ("没有这个动作".to_owned() + &meant(*nearest), "no such action".to_owned() + &meant(*nearest))
            }
            FlawKind::NoKey { chord } => (
                format!("看不懂按键“{chord}”，写作 i、ctrl-d、f1 或 g d"),
                format!("no key is called {chord:?}; write i, ctrl-d, f1 or g d"),
            ),
            FlawKind::Taken { chord, other } => (
                format!("按键“{chord}”和 {other} 的冲突"),
                format!("the key {chord:?} is in the way of that of {other}"),
            ),
            FlawKind::NoTheme { name, nearest } => (
                format!("没有配色“{name}”{}", meant(nearest.as_deref())),
                format!("no theme is called {name:?}{}", meant(nearest.as_deref())),
            ),
        };
        lang.pick(zh, en)
    }
}

/// Everything that is wrong.
pub fn check(config: &Config) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    let themes = Themes::shipped();
    let theme = config.console.theme.as_str();
    if theme != "auto" && !themes.names().any(|n| n == theme) {
        let nearest = nearest(theme, themes.names().chain(["auto"])).map(str::to_owned);
        flaws.push(Flaw { key: "console.theme".into(), kind: FlawKind::NoTheme { name: theme.to_owned(), nearest } });
    }
    keys(config, &mut flaws);
    flaws
}

fn keys(config: &Config, flaws: &mut Vec<Flaw>) {
    let mut taken: BTreeMap<Vec<Key>, &'static str> = BTreeMap::new();
    for entry in TABLE.iter().filter(|e| !config.console.keys.contains_key(e.name)) {
        for chord in entry.keys.iter().filter_map(|k| k.parse::<Chord>().ok()) {
            taken.insert(chord.keys().to_vec(), entry.name);
        }
    }
    for (name, chords) in &config.console.keys {
        let mut tell = |kind| flaws.push(Flaw { key: format!("console.keys.{name}"), kind });
        let Some(entry) = named(name) else {
            tell(FlawKind::NoAction { nearest: nearest(name, TABLE.iter().map(|e| e.name)) });
            continue;
        };
        for written in chords.split(',').map(str::trim) {
            let Ok(chord) = written.parse::<Chord>() else {
                tell(FlawKind::NoKey { chord: written.to_owned() });
                continue;
            };
            let keys = chord.keys().to_vec();
            // Neither may stand at the beginning of the other: the shorter would hide the longer.
            let other =
                taken.iter().find(|(k, other)| **other != entry.name && (k.starts_with(&keys) || keys.starts_with(k)));
            if let Some((_, other)) = other {
                tell(FlawKind::Taken { chord: written.to_owned(), other });
            }
            taken.insert(keys, entry.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_right() {
        assert_eq!(check(&Config::default()), []);
    }

    #[test]
    fn everything_wrong_is_told_with_what_was_meant() {
        let mut config = Config::default();
        config.console.theme = "drak".into();
        for (name, keys) in [("replay", "i"), ("quit", "hyper-q"), ("mode", "g, M"), ("why", "Q, W")] {
            config.console.keys.insert(name.to_owned(), keys.to_owned());
        }
        let told: Vec<String> = check(&config).iter().map(|f| format!("{}: {}", f.key, f.words(Lang::En))).collect();
        for (key, words) in [
            ("console.theme", "did you mean dark?"),
            ("console.keys.replay", "did you mean reply?"),
            ("console.keys.quit", "hyper-q"),
            ("console.keys.mode", "\"g\" is in the way"),
            ("console.keys.mode", "\"M\" is in the way of that of mouse"),
        ] {
            assert!(told.iter().any(|t| t.starts_with(key) && t.contains(words)), "{key} {words}: {told:#?}");
        }
        assert_eq!(told.len(), 5, "{told:#?}");
        for flaw in check(&config) {
            assert!(flaw.words(Lang::Zh).chars().any(|c| c > '\u{4e00}'));
        }
    }
}
