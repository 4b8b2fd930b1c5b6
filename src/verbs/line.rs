//! A verb as it is typed in one line: `allow group_123 --for 2h --answer`.

use serde_json::{Map, Value};

use super::{Argument, Entry, Form, find, nearest};
use crate::words::Lang;

/// Reads a line. Words in their places, `--name VALUE`, `--name=VALUE` and `--name`, in any order; the last
/// argument of some verbs is the rest of the line, as it stands.
///
/// # Errors
/// A sentence for the one who typed it.
pub fn read(line: &str, lang: Lang) -> Result<(&'static Entry, Map<String, Value>), String> {
    let line = line.trim();
    let (name, mut rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
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
        Some(missing) => {
            Err(format!("{}{} · {}", lang.pick("还缺 ", "missing "), missing.shown(), missing.words(lang)))
        }
        None => Ok((entry, given)),
    }
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
    let near = nearest(name).map(|n| format!("{}{n}?", lang.pick("，是不是 ", "; did you mean ")));
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
    fn mistakes_are_told_in_a_sentence() {
        assert_eq!(read("alow x", Lang::En).unwrap_err(), "no such command: alow; did you mean allow?");
        assert!(read("send group:1", Lang::En).unwrap_err().starts_with("missing TEXT"));
        assert!(read("reload now", Lang::En).unwrap_err().starts_with("too much: now"));
    }
}
