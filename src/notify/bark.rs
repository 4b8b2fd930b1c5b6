//! Bark, the pushes of an iPhone: <https://bark.day.app/#/tutorial>. The key goes into the body, where no log of a
//! server on the way sees it.

use jiff::Timestamp;
use reqwest::Url;
use serde_json::json;

use super::courier::Fault;
use super::hook::{Letter, Service, by_code};
use super::letter;
use crate::domain::{NotificationText, Severity};

/// Apple takes 4 KiB in all, escapes and key included.
const TITLE: usize = 300;
const BODY: usize = 2500;

/// One device.
pub struct Bark {
    /// `…/push` of the server.
    pub url: Url,
    /// The device's key.
    pub key: String,
    /// The name of a sound; empty: the app's own.
    pub sound: String,
}

impl Service for Bark {
    fn letter(&self, text: &NotificationText, _: Timestamp) -> Letter {
        let level = match text.severity {
            _ if text.resolved => "passive",
            Severity::Info => "passive",
            Severity::Warning => "active",
            // It passes the phone's focus; "critical" would pass its silence too.
            Severity::Critical => "timeSensitive",
        };
        let mut body = json!({
            "device_key": self.key,
            "title": letter::bytes(&letter::head(text), TITLE),
            "body": letter::bytes(&text.body, BODY),
            "group": text.instance,
            "level": level,
        });
        if !self.sound.is_empty() {
            body["sound"] = self.sound.as_str().into();
        }
        Letter::new(&self.url, &body)
    }

    fn read(&self, body: &[u8]) -> Result<(), Fault> {
        by_code(body, &["code"], 200, &[])
    }
}
