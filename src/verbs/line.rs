//! A verb as it is typed in one line: `allow group_123 --for 2h --answer`.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::{Argument, Entry, Form, find, nearest};
use crate::words::Lang;

/// Reads a line. Words in their places, `--name VALUE`, `--name=VALUE` and `--name`, in any order; the last
/// argument of some verbs is the rest of the line, as it stands.
///
/// # Errors
/// A sentence for the one who typed it.
pub fn read(line: &str, lang: Lang) -> Result<(&'static Entry, Map<String, Value>), String> {
    let line = usual(line.trim());
    let (name, mut rest) = line.split_once(char::is_whitespace).unwrap_or((&line, ""));
    let entry = find(name).ok_or_else(|| unknown(name, lang))?;
    let mut given = Map::new();
    let mut places = entry.arguments.iter().filter(|a| matches!(a.form, Form::Needed | Form::Optional | Form::Rest));
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            break;
        }
        if let Some((argument, value, left)) = option(entry, rest) {
            given.insert(argument.name.to_owned(), value);
            rest = left;
            continue;
        }
        let Some(place) = places.next() else {
            let (zh, en) = ("多出来的：", "too much: ");
            return Err(format!("{}{rest}", lang.pick(zh, en)));
        };
        let (word, left) = match place.form {
            Form::Rest => (rest.trim_end(), ""),
            _ => rest.split_once(char::is_whitespace).unwrap_or((rest, "")),
        };
        given.insert(place.name.to_owned(), Value::String(word.to_owned()));
        rest = left;
    }
    match places.find(|a| a.form != Form::Optional) {
        Some(missing) => Err(format!("{}{}", lang.pick("还缺：", "missing: "), missing.words(lang))),
        None => Ok((entry, given)),
    }
}

/// The line as this program says it: what others call by other names.
pub fn usual(line: &str) -> Cow<'_, str> {
    let mut words = line.split_whitespace();
    let (list, does) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let adds = match does {
        "add" => true,
        "rm" | "remove" | "del" | "delete" => false,
        _ => return Cow::Borrowed(line),
    };
    let verb = match (listed(list), adds) {
        (Some("allow"), true) => "allow",
        (Some("allow"), false) => "deny",
        (Some(_), true) => "block",
        (Some(_), false) => "unblock",
        (None, _) => return Cow::Borrowed(line),
    };
    let rest: Vec<&str> = words.collect();
    Cow::Owned(format!("{verb} {}", rest.join(" ")))
}

/// The verb that puts on a list of this name.
fn listed(name: &str) -> Option<&'static str> {
    match name {
        "whitelist" | "allowlist" => Some("allow"),
        "blacklist" | "blocklist" | "ban" => Some("block"),
        _ => None,
    }
}

/// The first word behind a verb that is none of its options, and where it begins.
pub fn first_word<'a>(entry: &Entry, rest: &'a str) -> Option<(usize, &'a str)> {
    let mut left = rest.trim_start();
    while let Some((.., behind)) = option(entry, left) {
        left = behind.trim_start();
    }
    let word = left.split_whitespace().next()?;
    Some((rest.len() - left.len(), word))
}

/// An option at the beginning of what is left; what does not name one of the verb's is a word like others.
fn option<'a>(entry: &Entry, rest: &'a str) -> Option<(&'static Argument, Value, &'a str)> {
    let (word, left) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let name = word.strip_prefix("--")?;
    let (name, value) = name.split_once('=').map_or((name, None), |(n, v)| (n, Some(v)));
    let argument = entry.arguments.iter().find(|a| a.name == name)?;
    match (argument.form, value) {
        (Form::Flag, _) => Some((argument, Value::Bool(true), left)),
        (_, Some(value)) => Some((argument, Value::String(value.to_owned()), left)),
        (Form::Option(_), None) => {
            let left = left.trim_start();
            let (value, left) = left.split_once(char::is_whitespace).unwrap_or((left, ""));
            Some((argument, Value::String(value.to_owned()), left))
        }
        _ => None,
    }
}

fn unknown(name: &str, lang: Lang) -> String {
    let near =
        listed(name).or_else(|| nearest(name)).map(|n| format!("{}{n}?", lang.pick("，是不是 ", "; did you mean ")));
    format!("{}{name}{}", lang.pick("没有这个命令：", "no such command: "), near.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_options_and_the_rest_of_the_line() {
        let (entry, given) = read(" allow group_1 --for 2h --answer", Lang::En).unwrap();
        assert_eq!((entry.name, given["id"].as_str(), given["for"].as_str()), ("allow", Some("group_1"), Some("2h")));
        assert_eq!(given["answer"], Value::Bool(true));
        let (_, given) = read("send group:1 你好  --world ", Lang::En).unwrap();
        assert_eq!(given["text"].as_str(), Some("你好  --world"));
    }

    #[test]
    fn lists_are_called_by_the_names_that_others_give_them() {
        for (typed, meant) in [
            ("whitelist add 5", "allow 5"),
            ("whitelist rm group_5 --x", "deny group_5 --x"),
            ("blacklist  add 5", "block 5"),
            ("ban del 5", "unblock 5"),
            ("word add 5", "word add 5"),
            ("", ""),
        ] {
            assert_eq!(usual(typed), meant);
        }
    }

    #[test]
    fn the_first_word_stands_behind_options() {
        let mode = find("mode").unwrap();
        assert_eq!(first_word(mode, "--for 1h muted"), Some((9, "muted")));
        assert_eq!(first_word(mode, " a --for 1h"), Some((1, "a")));
        assert_eq!((first_word(mode, "--for 1h"), first_word(mode, "")), (None, None));
    }

    #[test]
    fn mistakes_are_told_in_a_sentence() {
        assert_eq!(read("alow x", Lang::En).unwrap_err(), "no such command: alow; did you mean allow?");
        assert!(read("send group:1", Lang::En).unwrap_err().starts_with("missing: the words"));
        assert_eq!(read("send group:1", Lang::Zh).unwrap_err(), "还缺：文字");
        assert!(read("whitelist 5", Lang::En).unwrap_err().ends_with("did you mean allow?"));
        assert!(read("reload now", Lang::En).unwrap_err().starts_with("too much: now"));
    }
}
