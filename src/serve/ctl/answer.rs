//! What a question is answered with.

use serde_json::{Map, Value, json};

use crate::domain::{ChatRef, LogLevel, Refusal};
use crate::runtime::handle::Gone;
use crate::words::{self, Exit, Lang};

/// An answer: `ok`, `code` and `words` always, and either the verb's fields or `text`.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer(pub Map<String, Value>);

impl Answer {
    /// What all answers have.
    pub fn new(ok: bool, code: &str, words: String) -> Self {
        Self(Map::from_iter([
            ("ok".to_owned(), Value::Bool(ok)),
            ("code".to_owned(), json!(code)),
            ("words".to_owned(), json!(words)),
        ]))
    }

    /// A failure.
    pub fn failed(exit: &Exit, lang: Lang) -> Self {
        Self::new(false, exit.slug(), exit.words(lang))
    }

    /// A refusal, with the nearest name where there is one.
    pub fn refused(refusal: &Refusal, lang: Lang) -> Self {
        let mut answer = Self::new(false, refusal.code(), words::refusal(refusal, lang));
        if let Refusal::UnknownChat { nearest: Some(n), .. }
        | Refusal::UnknownProvider { nearest: Some(n), .. }
        | Refusal::UnknownPersona { nearest: Some(n), .. } = refusal
        {
            answer.0.insert("nearest".to_owned(), json!(n));
        }
        answer
    }

    /// What was read: as fields, or as text for people.
    pub fn read(json: bool, fields: impl FnOnce() -> Map<String, Value>, text: impl FnOnce() -> String) -> Self {
        let mut answer = Self::new(true, "ok", String::new());
        if json {
            answer.0.extend(fields());
        } else {
            answer.0.insert("text".to_owned(), Value::String(text()));
        }
        answer
    }

    /// A list under a name.
    pub fn list(json: bool, name: &str, values: impl FnOnce() -> Value, text: impl FnOnce() -> String) -> Self {
        Self::read(json, || Map::from_iter([(name.to_owned(), values())]), text)
    }
}

/// What became of a question.
#[derive(Debug)]
pub enum Reply {
    /// One answer.
    Once(Answer),
    /// Lines until the client goes, of one chat where one is named.
    Follow(Option<ChatRef>),
    /// Lines of the log until the client goes, those that matter at least so much, the newest so many first.
    Log(LogLevel, usize),
}

/// A pair as maps want it.
pub fn named((name, value): (&str, Value)) -> (String, Value) {
    (name.to_owned(), value)
}

/// Why there is no answer.
pub enum Stop {
    /// The command line, the daemon.
    Exit(Exit),
    /// The engine.
    Refusal(Refusal),
}

impl From<Exit> for Stop {
    fn from(exit: Exit) -> Self {
        Self::Exit(exit)
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refusal(refusal)
    }
}

impl From<Gone> for Stop {
    fn from(_: Gone) -> Self {
        Self::Refusal(Refusal::ShuttingDown)
    }
}
