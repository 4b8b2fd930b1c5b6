//! Calls to an adapter as text.
//!
//! Messages are always an array of segments whose values are strings: a string message would be searched for
//! CQ codes by every adapter (`[CQ:image,file=file:///…]` reads a file of its host), and Lagrange fails the
//! whole send over one number (onebot.md §3).

use std::borrow::Cow;
use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::domain::{Action, AppKind, Call, OutSegment, Peer, RequestKind, SelfId};

/// What the hub asks each new link by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probe {
    /// `get_login_info`: whose account, by what name.
    Login,
    /// `get_version_info`: which adapter.
    Version,
    /// `get_status`: is it online.
    Status,
}

impl Probe {
    /// All of them, in the order in which they are asked.
    pub const ALL: [Probe; 3] = [Self::Login, Self::Version, Self::Status];

    fn action(self) -> &'static str {
        match self {
            Self::Login => "get_login_info",
            Self::Version => "get_version_info",
            Self::Status => "get_status",
        }
    }
}

/// How long an adapter may take to answer: NapCat itself waits 10 s for QQ before it reports a failed send,
/// and texts to groups have been seen to take longer (onebot.md §4).
pub fn patience(action: &Action, request_timeout: Duration) -> Duration {
    let least = if action.speaks() { 30 } else { 12 };
    request_timeout.max(Duration::from_secs(least))
}

#[derive(Serialize)]
struct Request<'a> {
    action: &'a str,
    params: Params<'a>,
    echo: &'a str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Params<'a> {
    None {},
    Private {
        user_id: i64,
        #[serde(skip_serializing_if = "Option::is_none")]
        group_id: Option<i64>,
        message: Vec<Segment<'a>>,
    },
    Group {
        group_id: i64,
        message: Vec<Segment<'a>>,
    },
    PrivateForward {
        user_id: i64,
        messages: Vec<Segment<'a>>,
    },
    GroupForward {
        group_id: i64,
        messages: Vec<Segment<'a>>,
    },
    Message {
        message_id: i64,
    },
    History {
        #[serde(skip_serializing_if = "Option::is_none")]
        group_id: Option<i64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        user_id: Option<i64>,
        count: u32,
        #[serde(skip_serializing_if = "Option::is_none")]
        message_id: Option<i64>,
    },
    GroupInfo {
        group_id: i64,
    },
    Friend {
        flag: &'a str,
        approve: bool,
    },
    Join {
        flag: &'a str,
        sub_type: &'static str,
        approve: bool,
        reason: &'a str,
    },
}

/// An outbound segment. There is no variant that a model's text could turn into.
#[derive(Serialize)]
#[serde(tag = "type", content = "data", rename_all = "lowercase")]
enum Segment<'a> {
    Text {
        text: Cow<'a, str>,
    },
    At {
        #[serde(serialize_with = "as_text")]
        qq: i64,
    },
    Reply {
        #[serde(serialize_with = "as_text")]
        id: i64,
    },
    /// Adapters spell a node's author in two ways; both are sent.
    Node {
        #[serde(serialize_with = "as_text")]
        user_id: i64,
        #[serde(serialize_with = "as_text")]
        uin: i64,
        nickname: &'a str,
        name: &'a str,
        content: [Box<Segment<'a>>; 1],
    },
}

fn as_text<S: Serializer>(id: &i64, s: S) -> Result<S::Ok, S::Error> {
    s.collect_str(id)
}

/// One call as text, with the given echo.
pub fn encode(call: &Call, app: AppKind, echo: &str) -> String {
    let (action, params) = request(&call.action, call.account, app);
    write(&Request { action, params, echo })
}

/// One probe as text, with the given echo.
pub fn encode_probe(probe: Probe, echo: &str) -> String {
    write(&Request { action: probe.action(), params: Params::None {}, echo })
}

fn write(request: &Request<'_>) -> String {
    // Cannot fail: no maps with odd keys, no foreign Serialize. An empty text would be refused by the adapter.
    serde_json::to_string(request).unwrap_or_default()
}

fn request(action: &Action, account: SelfId, app: AppKind) -> (&'static str, Params<'_>) {
    match action {
        Action::Send { peer, temp_group, segments } => {
            let message = message(segments, *peer);
            match peer {
                Peer::Group(group) => ("send_group_msg", Params::Group { group_id: group.0, message }),
                Peer::Private(user) => {
                    let group_id = temp_group.map(|group| group.0);
                    ("send_private_msg", Params::Private { user_id: user.0, group_id, message })
                }
            }
        }
        Action::SendForward { peer, nodes, nickname } => {
            let messages = nodes.iter().map(|text| node(account, nickname, text)).collect();
            match peer {
                Peer::Group(group) => ("send_group_forward_msg", Params::GroupForward { group_id: group.0, messages }),
                Peer::Private(user) => {
                    ("send_private_forward_msg", Params::PrivateForward { user_id: user.0, messages })
                }
            }
        }
        Action::Recall { message } => ("delete_msg", Params::Message { message_id: message.0 }),
        Action::GetMessage { message, .. } => ("get_msg", Params::Message { message_id: message.0 }),
        Action::History { peer, count } => history(*peer, *count, app),
        Action::GroupInfo { group } => ("get_group_info", Params::GroupInfo { group_id: group.0 }),
        Action::GroupList => ("get_group_list", Params::None {}),
        Action::Answer { kind, flag, approve, reason } => answer(*kind, flag, *approve, reason),
    }
}

/// The newest messages. Without a start NapCat, LLOneBot and go-cqhttp begin at the end; Lagrange wants the
/// start named `message_id` and takes 0 for the end (its GetGroupMessageHistoryOperation).
fn history(peer: Peer, count: u32, app: AppKind) -> (&'static str, Params<'static>) {
    let message_id = (app == AppKind::Lagrange).then_some(0);
    match peer {
        Peer::Group(group) => {
            ("get_group_msg_history", Params::History { group_id: Some(group.0), user_id: None, count, message_id })
        }
        Peer::Private(user) => {
            ("get_friend_msg_history", Params::History { group_id: None, user_id: Some(user.0), count, message_id })
        }
    }
}

/// go-cqhttp cannot answer a group request without its sub_type.
fn answer<'a>(kind: RequestKind, flag: &'a str, approve: bool, reason: &'a str) -> (&'static str, Params<'a>) {
    let sub_type = match kind {
        RequestKind::Friend => return ("set_friend_add_request", Params::Friend { flag, approve }),
        RequestKind::Join(_) => "add",
        RequestKind::Invite(_) => "invite",
    };
    ("set_group_add_request", Params::Join { flag, sub_type, approve, reason })
}

fn node<'a>(account: SelfId, nickname: &'a str, text: &'a str) -> Segment<'a> {
    let content = [Box::new(Segment::Text { text: Cow::Borrowed(text) })];
    Segment::Node { user_id: account.0, uin: account.0, nickname, name: nickname, content }
}

/// The quote first, as all adapters want it; no mentions in private chats, where NapCat and LLOneBot drop
/// them; a space behind a mention, which QQ's own clients add and adapters do not.
fn message(segments: &[OutSegment], peer: Peer) -> Vec<Segment<'_>> {
    let mut message = Vec::with_capacity(segments.len());
    let quote = |s: &OutSegment| if let OutSegment::Reply(id) = s { Some(id.0).filter(|id| *id != 0) } else { None };
    message.extend(segments.iter().find_map(quote).map(|id| Segment::Reply { id }));
    for segment in segments {
        match segment {
            OutSegment::Text(text) if text.is_empty() => {}
            OutSegment::Text(text) => {
                let space =
                    matches!(message.last(), Some(Segment::At { .. })) && !text.starts_with(char::is_whitespace);
                let text = if space { Cow::Owned(format!(" {text}")) } else { Cow::Borrowed(text.as_str()) };
                message.push(Segment::Text { text });
            }
            OutSegment::At(user) if peer.is_group() => message.push(Segment::At { qq: user.0 }),
            OutSegment::At(_) | OutSegment::Reply(_) => {}
        }
    }
    message
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::{CallId, GroupId, MessageId, UserId};

    fn sent(action: Action, app: AppKind) -> Value {
        let call = Call { id: CallId(1), account: SelfId(10), action };
        serde_json::from_str(&encode(&call, app, "e")).unwrap()
    }

    fn text(text: &str) -> OutSegment {
        OutSegment::Text(text.into())
    }

    #[test]
    fn a_group_message_has_the_quote_first_and_strings_only() {
        let segments =
            vec![OutSegment::At(UserId(7)), text("[CQ:at,qq=all]"), OutSegment::Reply(MessageId(-5)), text("")];
        let action = Action::Send { peer: Peer::Group(GroupId(3)), temp_group: None, segments };
        let expected = json!({"action": "send_group_msg", "echo": "e", "params": {"group_id": 3, "message": [
            {"type": "reply", "data": {"id": "-5"}},
            {"type": "at", "data": {"qq": "7"}},
            {"type": "text", "data": {"text": " [CQ:at,qq=all]"}},
        ]}});
        assert_eq!(sent(action, AppKind::Napcat), expected);
    }

    #[test]
    fn a_private_message_has_no_mention_and_names_the_group_of_a_temporary_session() {
        let segments = vec![OutSegment::At(UserId(7)), OutSegment::Reply(MessageId(0)), text("好")];
        let action = Action::Send { peer: Peer::Private(UserId(7)), temp_group: Some(GroupId(3)), segments };
        let expected = json!({"action": "send_private_msg", "echo": "e",
            "params": {"user_id": 7, "group_id": 3, "message": [{"type": "text", "data": {"text": "好"}}]}});
        assert_eq!(sent(action, AppKind::Other), expected);
    }

    #[test]
    fn a_forward_spells_its_authors_in_both_ways() {
        let action =
            Action::SendForward {
                peer: Peer::Group(GroupId(3)), nodes: vec!["一".into()], nickname: "小助手".into()
            };
        let node = &sent(action, AppKind::Lagrange)["params"]["messages"][0];
        let expected = json!({"type": "node", "data": {"user_id": "10", "uin": "10", "nickname": "小助手",
            "name": "小助手", "content": [{"type": "text", "data": {"text": "一"}}]}});
        assert_eq!(*node, expected);
    }

    #[test]
    fn history_begins_at_the_end_everywhere() {
        let action = || Action::History { peer: Peer::Private(UserId(7)), count: 20 };
        assert_eq!(sent(action(), AppKind::Napcat)["params"], json!({"user_id": 7, "count": 20}));
        assert_eq!(sent(action(), AppKind::Lagrange)["params"], json!({"user_id": 7, "count": 20, "message_id": 0}));
    }

    #[test]
    fn requests_are_answered_with_their_flag_and_sub_type() {
        let action = |kind| Action::Answer { kind, flag: "1750".into(), approve: true, reason: String::new() };
        let friend = sent(action(RequestKind::Friend), AppKind::Other);
        assert_eq!((&friend["action"], &friend["params"]["flag"]), (&json!("set_friend_add_request"), &json!("1750")));
        let invite = sent(action(RequestKind::Invite(GroupId(3))), AppKind::Gocqhttp);
        assert_eq!(invite["params"], json!({"flag": "1750", "sub_type": "invite", "approve": true, "reason": ""}));
    }

    #[test]
    fn probes_have_empty_parameters() {
        assert_eq!(encode_probe(Probe::Login, "e"), r#"{"action":"get_login_info","params":{},"echo":"e"}"#);
    }

    proptest! {
        #[test]
        fn text_stays_in_text_segments(words in ".*") {
            let action = Action::Send { peer: Peer::Group(GroupId(3)), temp_group: None, segments: vec![text(&words)] };
            let message = sent(action, AppKind::Napcat)["params"]["message"].take();
            let expected = if words.is_empty() { json!([]) } else { json!([{"type": "text", "data": {"text": words}}]) };
            prop_assert_eq!(message, expected);
        }
    }
}
