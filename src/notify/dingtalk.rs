//! A robot in a DingTalk group: <https://open.dingtalk.com/document/robots/custom-robot-access>. Where the group wants
//! it, the address is signed.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::Url;
use serde_json::json;

use super::courier::Fault;
use super::hook::{Letter, Service, by_code};
use super::{letter, sign};
use crate::domain::NotificationText;

/// The service takes 20 000 bytes in all.
const TEXT: usize = 15_000;
/// 20 a minute; whoever sends more is shut out for ten.
pub const GAP: Duration = Duration::from_secs(3);
/// Busy; too fast. Shut out for ten minutes (130101) is not worth the wait.
const LATER: [i64; 2] = [-1, 410_100];

/// One group.
pub struct Dingtalk {
    /// The whole address, token included.
    pub url: Url,
    /// `SEC…`; empty: unsigned.
    pub secret: String,
}

impl Service for Dingtalk {
    fn letter(&self, text: &NotificationText, now: Timestamp) -> Letter {
        let body = json!({
            "msgtype": "text",
            "text": {"content": letter::whole(text, TEXT)},
            "at": {"isAtAll": false},
        });
        let mut letter = Letter::new(&self.url, &body);
        if !self.secret.is_empty() {
            let timestamp = now.as_millisecond().to_string();
            let sign = sign::base64(self.secret.as_bytes(), format!("{timestamp}\n{}", self.secret).as_bytes());
            letter.url.query_pairs_mut().append_pair("timestamp", &timestamp).append_pair("sign", &sign);
        }
        letter
    }

    fn read(&self, body: &[u8]) -> Result<(), Fault> {
        by_code(body, &["errcode"], 0, &LATER)
    }
}
