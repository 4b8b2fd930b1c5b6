//! ntfy: <https://docs.ntfy.sh/publish/#publish-as-json>. As JSON, since headers carry no Chinese.

use jiff::Timestamp;
use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use serde_json::{Value, json};

use super::courier::Fault;
use super::hook::{Letter, Service, unreadable};
use super::letter;
use crate::domain::{NotificationText, Severity};

/// Bytes of a title.
const TITLE: usize = 250;
/// A message of more than 4096 bytes becomes an attachment.
const BODY: usize = 4000;

/// One topic.
pub struct Ntfy {
    /// The server itself: its root takes JSON.
    pub url: Url,
    /// The topic.
    pub topic: String,
    /// `Bearer …`.
    pub token: Option<HeaderValue>,
    /// 1 to 5; `None`: by the severity.
    pub priority: Option<u8>,
}

impl Service for Ntfy {
    fn letter(&self, text: &NotificationText, _: Timestamp) -> Letter {
        let (priority, tag) = match text.severity {
            _ if text.resolved => (3, "white_check_mark"),
            _ if text.test => (3, "test_tube"),
            Severity::Info => (2, "information_source"),
            Severity::Warning => (4, "warning"),
            Severity::Critical => (5, "rotating_light"),
        };
        let head = letter::bytes(&letter::head(text), TITLE);
        let mut letter = Letter::new(
            &self.url,
            &json!({
                "topic": self.topic,
                "title": head,
                // An empty one would become "triggered".
                "message": if text.body.is_empty() { head.clone() } else { letter::bytes(&text.body, BODY) },
                "priority": self.priority.unwrap_or(priority),
                "tags": [tag],
            }),
        );
        if let Some(token) = &self.token {
            letter.headers.insert(AUTHORIZATION, token.clone());
        }
        letter
    }

    fn read(&self, body: &[u8]) -> Result<(), Fault> {
        // Any web server may answer 200 to a POST at its root; only ntfy says which message it became.
        match serde_json::from_slice::<Value>(body) {
            Ok(json) if json.get("id").is_some_and(Value::is_string) => Ok(()),
            _ => Err(unreadable(body)),
        }
    }
}
