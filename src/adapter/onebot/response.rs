//! Answers to calls, as they come: shapes differ by adapter (onebot.md §4).

use serde_json::Value;

use super::json::{self, Fields};

/// One response frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    /// Any JSON type per the standard; null where it was missing.
    pub echo: Value,
    /// `ok`, `async`, `failed`.
    pub status: Option<String>,
    /// As written; seldom a string.
    pub retcode: Value,
    /// What was asked for.
    pub data: Value,
    /// Why it failed: wording, else message, else msg; empty where the adapter has no words (Lagrange).
    pub words: String,
    /// False for the chunks of a NapCat stream: more will come under the same echo.
    pub last: bool,
}

impl Response {
    /// Reads a response; `None` where the object has neither a status nor a retcode.
    pub(super) fn read(fields: &mut Fields) -> Option<Self> {
        let named = fields.get("status").is_some_and(Value::is_string);
        if !named && json::number(fields, "retcode").is_none() {
            return None;
        }
        let streams = fields.get("stream").is_some_and(|s| s == "stream-action");
        let data = json::take(fields, "data");
        let ends = || matches!(data.get("type").and_then(Value::as_str), Some("response" | "error"));
        let last = !streams || ends() || fields.get("status").is_some_and(|s| s == "failed");
        Some(Self {
            last,
            echo: json::take(fields, "echo"),
            status: json::word(fields, "status"),
            retcode: json::take(fields, "retcode"),
            words: ["wording", "message", "msg"].iter().find_map(|k| json::some_word(fields, k)).unwrap_or_default(),
            data,
        })
    }

    /// The echo where it is one of ours: a string that is not empty.
    pub fn echo(&self) -> Option<&str> {
        self.echo.as_str().filter(|echo| !echo.is_empty())
    }

    /// Whether the request had an echo: NapCat answers "" and LLOneBot nothing to those without.
    pub fn has_echo(&self) -> bool {
        !self.echo.is_null() && self.echo.as_str() != Some("")
    }

    /// The retcode as a number; -1 where it is none.
    pub fn code(&self) -> i64 {
        match &self.retcode {
            Value::Number(n) => n.as_i64().unwrap_or(-1),
            Value::String(text) => text.parse().unwrap_or(-1),
            Value::Null if self.status.as_deref() == Some("ok") => 0,
            _ => -1,
        }
    }

    /// Whether it was done. Lagrange says `"status": "ok"` beside a retcode of QQ's that is not 0.
    pub fn ok(&self) -> bool {
        self.status.as_deref() != Some("failed") && matches!(self.code(), 0 | 1)
    }

    /// The adapter does not accept our token: NapCat and LLOneBot say so in a frame that nobody asked for.
    pub fn auth_failure(&self) -> bool {
        self.code() == 1403 && !self.has_echo()
    }

    /// It failed, and yet a message may have been delivered.
    pub fn ambiguous(&self) -> bool {
        !self.ok() && is_ambiguous(self.code(), &self.words)
    }
}

/// Whether a failed send may have been delivered all the same. NapCat's `Timeout: NTEvent …` is what it says
/// when it is muted, when a text is blocked, *and* when QQ confirmed too late (onebot.md §4): it cannot be
/// told apart. Lagrange's 9000 means that QQ took the message and gave no number for it.
pub fn is_ambiguous(retcode: i64, words: &str) -> bool {
    match retcode {
        0 | 1 | 400 | 403 | 404 | 1400 | 1401 | 1403 | 1404 => false,
        9000 => true,
        _ => {
            let words = words.to_ascii_lowercase();
            ["timeout", "timed out", "time out", "超时"].iter().any(|sign| words.contains(sign))
        }
    }
}
