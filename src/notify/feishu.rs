//! A robot in a Feishu or Lark group:
//! <https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot>. Where the group wants it, the body is signed.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::Url;
use serde_json::json;

use super::courier::Fault;
use super::hook::{Letter, Service, by_code};
use super::{letter, sign};
use crate::domain::NotificationText;

/// The service takes 20 KB in all.
const TEXT: usize = 15_000;
/// 100 a minute, 5 a second.
pub const GAP: Duration = Duration::from_secs(1);
/// Too many: of the gateway, of the robot.
const LATER: [i64; 2] = [9499, 11232];

/// One group.
pub struct Feishu {
    /// The whole address, token included.
    pub url: Url,
    /// Empty: unsigned.
    pub secret: String,
}

impl Service for Feishu {
    fn letter(&self, text: &NotificationText, now: Timestamp) -> Letter {
        // `<at user_id="all">` in a text calls everybody: a stranger's name must not.
        let words = letter::whole(text, TEXT).replace('<', "＜");
        let mut body = json!({"msg_type": "text", "content": {"text": words}});
        if !self.secret.is_empty() {
            let timestamp = now.as_second().to_string();
            // The other way round than everywhere: what is signed is nothing, and the key is what would be signed.
            body["sign"] = sign::base64(format!("{timestamp}\n{}", self.secret).as_bytes(), b"").into();
            body["timestamp"] = timestamp.into();
        }
        Letter::new(&self.url, &body)
    }

    fn read(&self, body: &[u8]) -> Result<(), Fault> {
        by_code(body, &["code", "StatusCode"], 0, &LATER)
    }
}
