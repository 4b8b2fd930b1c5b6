//! The frames that an adapter sends of its own accord (onebot.md §2).

use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde_json::{Value, json};

use crate::simulator::{Dialect, segment};

/// How `message` is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Format {
    /// An array of segments.
    #[default]
    Array,
    /// CQ text.
    CqString,
}

pub(crate) fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map(|d| d.as_secs()).unwrap_or(0)
}

/// The body common to all events.
pub(crate) fn base(self_id: i64, post_type: &str, mut rest: Value) -> Value {
    if let Some(map) = rest.as_object_mut() {
        map.insert("time".into(), seconds().into());
        map.insert("self_id".into(), self_id.into());
        map.insert("post_type".into(), post_type.into());
    }
    rest
}

pub(crate) fn lifecycle(dialect: Dialect, self_id: i64) -> String {
    let mut event = base(self_id, "meta_event", json!({"meta_event_type": "lifecycle", "sub_type": "connect"}));
    if dialect == Dialect::Gocqhttp {
        event["_post_method"] = 2.into();
    }
    event.to_string()
}

pub(crate) fn heartbeat(dialect: Dialect, self_id: i64, interval_ms: u64, online: bool) -> String {
    let rest = json!({"meta_event_type": "heartbeat", "interval": interval_ms, "status": dialect.status(online)});
    base(self_id, "meta_event", rest).to_string()
}

/// What a message event is made of.
pub(crate) struct Said<'a> {
    pub dialect: Dialect,
    pub format: Format,
    pub self_id: i64,
    pub message_id: i64,
    pub seq: u64,
    pub user: i64,
    pub nickname: &'a str,
    /// Group number, its name, and the speaker's card and role there.
    pub group: Option<(i64, &'a str, &'a str, &'a str)>,
    /// `user_id`'s counterpart in private chats.
    pub target: i64,
    pub mine: bool,
    pub segments: &'a [Value],
}

#[derive(Serialize)]
struct MessageFrame<'a> {
    self_id: i64,
    user_id: i64,
    time: u64,
    message_id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_seq: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    real_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    real_seq: Option<String>,
    message_type: &'static str,
    sender: Sender<'a>,
    raw_message: &'a str,
    font: u8,
    sub_type: &'static str,
    message: Body<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_format: Option<&'static str>,
    post_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_sent_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_id: Option<i64>,
    /// Lagrange and go-cqhttp: always null here.
    #[serde(skip_serializing_if = "Option::is_none")]
    anonymous: Option<Option<()>>,
}

#[derive(Serialize)]
struct Sender<'a> {
    user_id: i64,
    nickname: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    card: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sex: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    age: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Body<'a> {
    Segments(&'a [Value]),
    Cq(&'a str),
}

/// A message event as the dialect writes it.
pub(crate) fn message(said: &Said<'_>) -> String {
    use Dialect::{Gocqhttp, Lagrange, Llonebot, Napcat};
    let cq = segment::encode(said.segments);
    let raw = if said.dialect == Napcat { cq.trim() } else { &cq };
    let newer = matches!(said.dialect, Napcat | Llonebot);
    let seq = i64::try_from(said.seq).unwrap_or(i64::MAX);
    let in_group = said.group.is_some();
    let has_target = match said.dialect {
        Napcat => !in_group || said.mine,
        Llonebot => false,
        Lagrange | Gocqhttp => !in_group,
    };
    let frame = MessageFrame {
        self_id: said.self_id,
        user_id: said.user,
        time: seconds(),
        message_id: said.message_id,
        message_seq: match said.dialect {
            Napcat => Some(said.message_id),
            Llonebot | Gocqhttp => Some(seq),
            Lagrange => None,
        },
        real_id: (said.dialect == Napcat).then_some(said.message_id),
        real_seq: (said.dialect == Napcat).then(|| said.seq.to_string()),
        message_type: if in_group { "group" } else { "private" },
        sender: sender(said, newer),
        raw_message: raw,
        font: if newer { 14 } else { 0 },
        sub_type: if in_group { "normal" } else { "friend" },
        message: match said.format {
            Format::Array => Body::Segments(said.segments),
            Format::CqString => Body::Cq(raw),
        },
        message_format: newer.then_some(if said.format == Format::Array { "array" } else { "string" }),
        post_type: if said.mine && said.dialect != Lagrange { "message_sent" } else { "message" },
        message_sent_type: (said.mine && said.dialect == Napcat).then_some("self"),
        group_id: said.group.map(|g| g.0),
        group_name: said.group.map(|g| g.1).filter(|_| newer),
        target_id: has_target.then_some(said.target),
        anonymous: (in_group && !newer).then_some(None),
    };
    serde_json::to_string(&frame).unwrap_or_default()
}

fn sender<'a>(said: &Said<'a>, newer: bool) -> Sender<'a> {
    let (card, role) = said.group.map_or((None, None), |g| (Some(g.2), Some(g.3)));
    let full = !newer && said.group.is_some();
    Sender {
        user_id: said.user,
        nickname: said.nickname,
        card: card.or((said.dialect == Dialect::Napcat).then_some("")),
        role,
        sex: (!newer).then_some("unknown"),
        age: (said.dialect == Dialect::Gocqhttp || full).then_some(0),
        level: full.then_some(if said.dialect == Dialect::Gocqhttp { "" } else { "3" }),
        title: full.then_some(""),
    }
}
