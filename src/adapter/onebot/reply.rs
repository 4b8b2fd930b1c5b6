//! How a call ended, read from the answer by what was asked.

use serde_json::Value;

use super::event::MessageFrame;
use super::json::{self, Fields, Id};
use super::response::{Response, is_ambiguous};
use crate::domain::{Action, AppKind, Call, CallOutcome, CallReply, ConversationId, GroupId, MessageId, SelfId, Text};

/// What an answer is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// The id of what was sent; `quotes`: the message held a quote.
    Sent {
        /// Whether a quote was in it.
        quotes: bool,
    },
    /// Nothing but success.
    Nothing,
    /// Messages of this chat.
    Messages(ConversationId),
    /// Names of groups.
    Groups,
}

impl Wanted {
    /// What this call wants.
    pub fn by(call: &Call) -> Self {
        let chat = |peer| ConversationId { account: call.account, peer };
        match &call.action {
            Action::Send { segments, .. } => {
                let quotes = segments.iter().any(|s| matches!(s, crate::domain::OutSegment::Reply(_)));
                Self::Sent { quotes }
            }
            Action::SendForward { .. } => Self::Sent { quotes: false },
            Action::Recall { .. } | Action::Answer { .. } => Self::Nothing,
            Action::History { peer, .. } | Action::GetMessage { peer, .. } => Self::Messages(chat(*peer)),
            Action::GroupInfo { .. } | Action::GroupList => Self::Groups,
        }
    }
}

/// How the call ended.
pub fn outcome(wanted: Wanted, mut response: Response) -> CallOutcome {
    if response.ok() {
        return CallOutcome::Done(reply(wanted, response.data.take()));
    }
    let retcode = response.code();
    let ambiguous = match wanted {
        // Lagrange has no words; its 200 is an exception anywhere on the way, known to be harmless only
        // where it could not find the quoted message.
        Wanted::Sent { quotes } if retcode == 200 && response.words.is_empty() => !quotes,
        Wanted::Sent { .. } => is_ambiguous(retcode, &response.words),
        _ => false,
    };
    let words = Text::from(response.words);
    if ambiguous { CallOutcome::Ambiguous { retcode, words } } else { CallOutcome::Refused { retcode, words } }
}

fn reply(wanted: Wanted, data: Value) -> CallReply {
    match wanted {
        Wanted::Sent { .. } => {
            let id = if let Value::Object(fields) = &data { json::number(fields, "message_id") } else { None };
            CallReply::Sent(id.filter(|id| *id != 0).map(MessageId))
        }
        Wanted::Nothing => CallReply::Nothing,
        Wanted::Messages(conversation) => CallReply::Messages(messages(data, conversation)),
        Wanted::Groups => CallReply::Groups(groups(data)),
    }
}

/// `{messages: […]}` of the histories, or the one message of `get_msg`; oldest first.
fn messages(mut data: Value, conversation: ConversationId) -> Vec<crate::domain::Message> {
    let list = match data.get_mut("messages").map(Value::take) {
        Some(Value::Array(list)) => list,
        _ => vec![data],
    };
    let read = |value| MessageFrame::from_reply(value, conversation);
    let mut messages: Vec<_> = list.into_iter().filter_map(read).collect();
    messages.sort_by_key(|message| message.time);
    messages
}

fn groups(data: Value) -> Vec<(GroupId, Text)> {
    let read = |value| match value {
        Value::Object(mut fields) => {
            let id = json::number(&fields, "group_id")?;
            Some((GroupId(id), json::word(&mut fields, "group_name").unwrap_or_default().into()))
        }
        _ => None,
    };
    match data {
        Value::Array(list) => list.into_iter().filter_map(read).collect(),
        one => read(one).into_iter().collect(),
    }
}

/// What `get_login_info` says.
#[derive(Debug, Clone, PartialEq)]
pub struct Login {
    /// The account, or what the platform behind onebots calls it.
    pub account: Option<SelfId>,
    /// Its name; may be empty.
    pub nickname: Text,
}

/// Reads `get_login_info`.
pub fn login(data: Value) -> Login {
    let mut fields = fields(data);
    let account = json::some_id(&fields, "user_id").as_ref().and_then(Id::number).map(SelfId);
    Login { account, nickname: json::word(&mut fields, "nickname").unwrap_or_default().into() }
}

/// Reads `get_version_info`: which adapter, and its name and version in its own words.
pub fn version(data: Value) -> (AppKind, Text) {
    let mut fields = fields(data);
    let name = json::word(&mut fields, "app_name").unwrap_or_default();
    let version = json::word(&mut fields, "app_version").unwrap_or_default();
    let lower = name.to_ascii_lowercase();
    let kinds = [
        ("napcat", AppKind::Napcat),
        ("llonebot", AppKind::Llonebot),
        ("luckylillia", AppKind::Llonebot),
        ("lagrange", AppKind::Lagrange),
        ("go-cqhttp", AppKind::Gocqhttp),
    ];
    let kind = kinds.iter().find(|(sign, _)| lower.contains(sign)).map_or(AppKind::Other, |(_, kind)| *kind);
    (kind, format!("{name} {version}").trim().into())
}

/// Reads `get_status`: the QQ state, where the adapter knows it.
pub fn online(data: Value) -> Option<bool> {
    json::flag(&fields(data), "online")
}

fn fields(data: Value) -> Fields {
    match data {
        Value::Object(fields) => fields,
        _ => Fields::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{Frame, decode};
    use super::*;
    use crate::domain::{Peer, UserId};

    const SENT: Wanted = Wanted::Sent { quotes: false };

    fn ended(wanted: Wanted, response: Value) -> CallOutcome {
        match decode(&response.to_string()) {
            Frame::Response(response) => outcome(wanted, *response),
            other => panic!("{other:?}"),
        }
    }

    fn failed(retcode: i64, words: &str) -> CallOutcome {
        ended(SENT, json!({"status": "failed", "retcode": retcode, "data": null, "wording": words, "echo": "e"}))
    }

    #[test]
    fn a_sent_message_has_its_id_where_the_adapter_gave_one() {
        let sent = |data| ended(SENT, json!({"status": "ok", "retcode": 0, "data": data, "echo": "e"}));
        let id = |id| CallOutcome::Done(CallReply::Sent(id));
        assert_eq!(sent(json!({"message_id": -7})), id(Some(MessageId(-7))));
        assert_eq!(sent(json!({"message_id": "12"})), id(Some(MessageId(12))));
        assert_eq!(sent(Value::Null), id(None));
        assert_eq!(ended(SENT, json!({"status": "async", "retcode": 1, "echo": "e"})), id(None));
    }

    #[test]
    fn a_timeout_may_have_been_delivered_and_a_refusal_was_not() {
        let timeout = "Timeout: NTEvent serviceAndMethod:NodeIKernelMsgService/sendMsg EventRet:{}";
        assert!(matches!(failed(1200, timeout), CallOutcome::Ambiguous { retcode: 1200, .. }));
        assert!(matches!(failed(9000, ""), CallOutcome::Ambiguous { .. }));
        assert!(matches!(failed(1200, "消息体无法解析"), CallOutcome::Refused { .. }));
        assert!(matches!(failed(1400, "bad timeout parameter"), CallOutcome::Refused { .. }));
        assert!(matches!(failed(100, "blocked by server"), CallOutcome::Refused { .. }));
        assert!(matches!(failed(120, ""), CallOutcome::Refused { retcode: 120, .. }));
        let recall = json!({"status": "failed", "retcode": 1200, "wording": timeout, "echo": "e"});
        assert!(matches!(ended(Wanted::Nothing, recall), CallOutcome::Refused { .. }));
    }

    #[test]
    fn an_exception_of_lagrange_is_harmless_only_over_a_quote() {
        let exception = || json!({"status": "failed", "retcode": 200, "data": null, "echo": "e"});
        assert!(matches!(ended(SENT, exception()), CallOutcome::Ambiguous { .. }));
        assert!(matches!(ended(Wanted::Sent { quotes: true }, exception()), CallOutcome::Refused { .. }));
        let muted = json!({"status": "ok", "retcode": 120, "data": {"message_id": 0}, "echo": "e"});
        assert!(matches!(ended(SENT, muted), CallOutcome::Refused { retcode: 120, .. }));
    }

    #[test]
    fn histories_come_oldest_first_with_our_own_words_in_the_right_chat() {
        let chat = ConversationId { account: SelfId(1), peer: Peer::Private(UserId(7)) };
        let message = |time: i64, user: i64| {
            json!({"time": time, "user_id": user, "message_id": time, "message_type": "private",
                "message": [{"type": "text", "data": {"text": "a"}}], "sender": {"user_id": user, "nickname": "n"}})
        };
        let data = json!({"messages": [message(20, 1), null, message(10, 7)]});
        let response = json!({"status": "ok", "retcode": 0, "echo": "e", "data": data});
        let CallOutcome::Done(CallReply::Messages(got)) = ended(Wanted::Messages(chat), response) else { panic!() };
        assert_eq!(got.iter().map(|m| (m.time, m.sender.id.0)).collect::<Vec<_>>(), [(10, 7), (20, 1)]);
        assert!(got.iter().all(|m| m.conversation == chat));
    }

    #[test]
    fn one_message_without_its_chat_is_read_in_the_chat_that_was_asked_about() {
        let chat = ConversationId { account: SelfId(1), peer: Peer::Group(GroupId(3)) };
        let data =
            json!({"message_id": 5, "time": 9, "sender": {"user_id": 2, "nickname": "n"}, "message": "[CQ:face,id=1]"});
        let response = json!({"status": "ok", "retcode": 0, "echo": "e", "data": data});
        let CallOutcome::Done(CallReply::Messages(got)) = ended(Wanted::Messages(chat), response) else { panic!() };
        assert_eq!((got.len(), got[0].sender.id, got[0].id), (1, UserId(2), MessageId(5)));
    }

    #[test]
    fn adapters_are_known_by_their_name() {
        let kind = |name: &str| version(json!({"app_name": name, "app_version": "4.18"})).0;
        assert_eq!(kind("NapCat.Onebot"), AppKind::Napcat);
        assert_eq!(kind("LLOneBot"), AppKind::Llonebot);
        assert_eq!(kind("Lagrange.OneBot"), AppKind::Lagrange);
        assert_eq!(kind("go-cqhttp"), AppKind::Gocqhttp);
        assert_eq!(version(json!([])), (AppKind::Other, Text::default()));
    }

    #[test]
    fn logins_groups_and_states() {
        let said = login(json!({"user_id": "10001", "nickname": "\u{1b}x"}));
        assert_eq!((said.account, said.nickname.shown()), (Some(SelfId(10001)), "␛x"));
        assert_eq!(login(Value::Null).account, None);
        assert_eq!(online(json!({"online": null, "good": true})), None);
        let one = json!({"status": "ok", "retcode": 0, "data": {"group_id": 3, "group_name": "测试群"}, "echo": "e"});
        assert_eq!(
            ended(Wanted::Groups, one),
            CallOutcome::Done(CallReply::Groups(vec![(GroupId(3), "测试群".into())]))
        );
    }
}
