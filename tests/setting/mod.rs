//! What the tests of the real binary set up alike: our account, a bot that answers everybody at once, and names of chats.

#![allow(dead_code)] // each test file uses a part

use qqdeck::domain::{GroupId, Peer, UserId};
use qqdeck::simulator::Model;

/// Our account.
pub const ME: i64 = 10_001;

/// Tables of a bot that answers at once and as often as it is asked; what else it is told may stand before or behind.
macro_rules! quick {
    () => {
        r#"
[onebot]
listen = ["127.0.0.1:0"]
[trigger.merge_window]
private = "0s"
[limits]
global = "off"
per_user = "off"
per_group = "off"
loop_guard = 0
[reply]
pace = "off"
jitter = "0s"
"#
    };
}

/// One provider's table.
pub fn provider(name: &str, kind: &str, model: &Model, more: &str) -> String {
    let endpoint = if kind == "ollama" { model.url() } else { model.openai_url() };
    format!(
        "[[providers]]\nname = \"{name}\"\nkind = \"{kind}\"\nendpoint = \"{endpoint}\"\nmodel = \"fake\"\n\
         max_concurrency = 16\n{more}\n"
    )
}

/// A private chat.
pub fn private(user: i64) -> Peer {
    Peer::Private(UserId(user))
}

/// A group.
pub fn group(group: i64) -> Peer {
    Peer::Group(GroupId(group))
}
