//! A robot in a WeCom group: <https://developer.work.weixin.qq.com/document/path/91770>. Plain text: in Markdown a
//! stranger's name could call somebody.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::Url;
use serde_json::json;

use super::courier::Fault;
use super::hook::{Letter, Service, by_code};
use super::letter;
use crate::domain::NotificationText;

/// Bytes of a text.
const TEXT: usize = 2048;
/// 20 a minute.
pub const GAP: Duration = Duration::from_secs(3);
/// Busy; too many calls.
const LATER: [i64; 2] = [-1, 45009];

/// One group.
pub struct Wecom {
    /// The whole address, key included.
    pub url: Url,
}

impl Service for Wecom {
    fn letter(&self, text: &NotificationText, _: Timestamp) -> Letter {
        Letter::new(&self.url, &json!({"msgtype": "text", "text": {"content": letter::whole(text, TEXT)}}))
    }

    fn read(&self, body: &[u8]) -> Result<(), Fault> {
        by_code(body, &["errcode"], 0, &LATER)
    }
}
