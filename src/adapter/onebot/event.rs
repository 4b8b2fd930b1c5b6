//! Events: messages and requests.

use serde_json::Value;

use super::json::{self, Fields, Id};
use super::message;
use super::segment::{Part, Whom};
use crate::domain::{
    ConversationId, GroupId, GroupRank, Message, MessageId, Peer, Request, RequestKind, SelfId, Sender, Text, UserId,
};

/// NapCat's word for "some group" in temporary sessions: no group to answer through.
const UNKNOWN_GROUP: i64 = 284_840_486;

/// What kind of chat a message is from. Decided by `message_type` alone: private messages carry a `group_id`
/// too when they run through a group (onebot.md §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageKind {
    /// One person.
    Private,
    /// A group.
    Group,
    /// A channel of go-cqhttp: described, never answered.
    Guild,
}

/// A message event, ids still as written.
#[derive(Debug, Clone, PartialEq)]
pub struct MessageFrame {
    /// Where from.
    pub kind: MessageKind,
    /// Reported back by the adapter: said by our own account.
    pub sent: bool,
    /// The account.
    pub account: Option<Id>,
    /// Who said it.
    pub user: Option<Id>,
    /// The group; of group messages only.
    pub group: Option<Id>,
    /// The group through which a private session runs.
    pub temp_group: Option<Id>,
    /// The adapter's id.
    pub id: Option<Id>,
    /// Whom a message of ours went to.
    pub target: Option<Id>,
    /// Card, else nickname.
    pub nickname: Option<String>,
    /// Rank in the group.
    pub rank: GroupRank,
    /// The mask of an anonymous member.
    pub anonymous: Option<String>,
    /// NapCat, LLOneBot.
    pub group_name: Option<String>,
    /// What was said.
    pub parts: Vec<Part>,
    /// Seconds since 1970; `None` where the adapter gave none.
    pub time: Option<i64>,
}

impl MessageFrame {
    /// Reads a message event; `None` where an id is missing without which nobody could be answered.
    pub(super) fn read(fields: &mut Fields, sent: bool) -> Option<Self> {
        let kind = match fields.get("message_type")?.as_str()? {
            "private" => MessageKind::Private,
            "group" => MessageKind::Group,
            "guild" => MessageKind::Guild,
            _ => return None,
        };
        let frame = Self::read_as(kind, fields, sent);
        let known = |id: &Option<Id>| id.as_ref().is_some_and(|id| id.number().is_some());
        let complete = match kind {
            MessageKind::Private => known(&frame.user),
            MessageKind::Group => known(&frame.user) && known(&frame.group),
            MessageKind::Guild => true,
        };
        complete.then_some(frame)
    }

    /// Reads whatever is there; history replies of Lagrange lack most of it.
    fn read_as(kind: MessageKind, fields: &mut Fields, sent: bool) -> Self {
        let mut sender = json::object(fields, "sender");
        let group = json::some_id(fields, "group_id");
        let temp = kind == MessageKind::Private && fields.get("sub_type").is_some_and(|s| s == "group");
        Self {
            kind,
            sent,
            account: json::id(fields, "self_id"),
            user: json::id(fields, "user_id").or_else(|| json::id(&sender, "user_id")),
            temp_group: group.clone().or_else(|| json::some_id(&sender, "group_id")).filter(|_| temp),
            group: group.filter(|_| kind == MessageKind::Group),
            id: json::id(fields, "message_id"),
            target: json::some_id(fields, "target_id"),
            nickname: json::some_word(&mut sender, "card").or_else(|| json::word(&mut sender, "nickname")),
            rank: rank(&sender),
            anonymous: json::word(&mut json::object(fields, "anonymous"), "name"),
            group_name: json::some_word(fields, "group_name"),
            parts: message::read(json::take(fields, "message"), json::take(fields, "raw_message")),
            time: json::time(fields),
        }
    }

    /// One message of a history reply or of `get_msg`, in the chat that was asked about.
    pub(super) fn from_reply(value: Value, conversation: ConversationId) -> Option<Message> {
        let Value::Object(mut fields) = value else { return None };
        let kind = if conversation.peer.is_group() { MessageKind::Group } else { MessageKind::Private };
        let frame = Self::read_as(kind, &mut fields, false);
        Some(frame.into_message(conversation, 0))
    }

    /// Whether this person is mentioned.
    pub fn mentions(&self, account: Option<&Id>) -> bool {
        self.parts.iter().any(|p| matches!(p, Part::At(Some(Whom::One(id)), _) if Some(id) == account))
    }

    /// The first quoted id, as written.
    pub fn reply_to(&self) -> Option<&Id> {
        self.parts.iter().find_map(|p| if let Part::Reply(Some(id)) = p { Some(id) } else { None })
    }

    /// The chat it belongs to; a message of ours belongs to whom it went to.
    pub(super) fn peer(&self) -> Option<Peer> {
        let number = |id: &Option<Id>| id.as_ref().and_then(Id::number);
        match self.kind {
            MessageKind::Group => number(&self.group).map(|id| Peer::Group(GroupId(id))),
            MessageKind::Private => {
                let ours = self.sent || (self.user.is_some() && self.user == self.account);
                let target = number(&self.target).filter(|_| ours);
                target.or_else(|| number(&self.user)).map(|id| Peer::Private(UserId(id)))
            }
            MessageKind::Guild => None,
        }
    }

    pub(super) fn into_message(self, conversation: ConversationId, now: i64) -> Message {
        let number = |id: Option<Id>| id.and_then(|id| id.number());
        Message {
            conversation,
            id: MessageId(number(self.id).unwrap_or(0)),
            sender: Sender {
                id: UserId(number(self.user).unwrap_or(0)),
                anonymous: self.anonymous.is_some(),
                name: self.anonymous.or(self.nickname).unwrap_or_default().into(),
                rank: self.rank,
            },
            group_name: self.group_name.map(Text::from),
            temp_group: number(self.temp_group).filter(|id| *id != UNKNOWN_GROUP).map(GroupId),
            segments: self.parts.into_iter().map(Part::into_segment).collect(),
            time: self.time.unwrap_or(now),
        }
    }
}

fn rank(sender: &Fields) -> GroupRank {
    match sender.get("role").and_then(Value::as_str) {
        Some("owner") => GroupRank::Owner,
        Some("admin") => GroupRank::Admin,
        _ => GroupRank::Member,
    }
}

/// A request event, ids still as written.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestFrame {
    /// The account.
    pub account: Option<Id>,
    /// `friend`, `group`.
    pub kind: Option<String>,
    /// `add`, `invite`; onebots sends none.
    pub sub_type: Option<String>,
    /// Who asks.
    pub user: Option<Id>,
    /// For which group.
    pub group: Option<Id>,
    /// Opaque; echoed back as a string.
    pub flag: Option<String>,
    /// What they wrote; empty for null.
    pub comment: String,
    /// Seconds since 1970.
    pub time: Option<i64>,
}

impl RequestFrame {
    pub(super) fn read(fields: &mut Fields) -> Self {
        Self {
            account: json::id(fields, "self_id"),
            kind: json::word(fields, "request_type"),
            sub_type: json::some_word(fields, "sub_type"),
            user: json::id(fields, "user_id"),
            group: json::some_id(fields, "group_id"),
            flag: json::word(fields, "flag"),
            comment: json::word(fields, "comment").unwrap_or_default(),
            time: json::time(fields),
        }
    }

    /// The request for the engine; `None` for kinds that nobody could answer.
    pub(super) fn into_request(self, account: SelfId, now: i64) -> Option<Request> {
        let group = self.group.as_ref().and_then(Id::number).map(GroupId);
        let kind = match (self.kind?.as_str(), self.sub_type.as_deref()) {
            ("friend", _) => RequestKind::Friend,
            ("group", Some("invite")) => RequestKind::Invite(group?),
            ("group", _) => RequestKind::Join(group?),
            _ => return None,
        };
        let user = UserId(self.user?.number()?);
        let comment = self.comment.into();
        Some(Request { account, kind, user, flag: self.flag?, comment, time: self.time.unwrap_or(now) })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Heard, What, decode};
    use super::*;

    fn heard(text: &str) -> Heard {
        decode(text).heard(1_000).unwrap()
    }

    fn message(text: &str) -> Message {
        match heard(text).what {
            What::Message(message) => *message,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_message_type_decides_where_a_message_belongs() {
        let temp = message(
            r#"{"post_type":"message","message_type":"private","sub_type":"group","self_id":1,"user_id":2,"group_id":3,"message":"a"}"#,
        );
        assert_eq!(temp.conversation, ConversationId { account: SelfId(1), peer: Peer::Private(UserId(2)) });
        assert_eq!((temp.temp_group, temp.time), (Some(GroupId(3)), 1_000));
        let nowhere = message(
            r#"{"post_type":"message","message_type":"private","sub_type":"group","self_id":1,"user_id":2,"group_id":284840486,"message":"a"}"#,
        );
        assert_eq!(nowhere.temp_group, None);
    }

    #[test]
    fn our_own_words_belong_to_whom_they_were_said() {
        let own = message(
            r#"{"post_type":"message_sent","message_type":"private","self_id":1,"user_id":1,"target_id":7,"message":"a"}"#,
        );
        assert_eq!(own.conversation.peer, Peer::Private(UserId(7)));
        assert!(!own.is_utterance());
    }

    #[test]
    fn a_frame_without_an_account_takes_that_of_its_link() {
        let mut heard = heard(r#"{"post_type":"message","message_type":"private","user_id":2,"message":"a"}"#);
        assert_eq!(heard.account, None);
        heard.set_account(SelfId(9));
        let What::Message(message) = heard.what else { panic!() };
        assert_eq!(message.conversation.account, SelfId(9));
    }

    #[test]
    fn requests_are_for_friends_joins_and_invitations() {
        let kind = |rest: &str| match heard(&format!(
            r#"{{"post_type":"request","self_id":1,"user_id":2,"flag":"f",{rest}}}"#
        ))
        .what
        {
            What::Request(request) => Some(request.kind),
            _ => None,
        };
        assert_eq!(kind(r#""request_type":"friend""#), Some(RequestKind::Friend));
        assert_eq!(kind(r#""request_type":"group","group_id":3"#), Some(RequestKind::Join(GroupId(3))));
        let invited = kind(r#""request_type":"group","sub_type":"invite","group_id":3"#);
        assert_eq!(invited, Some(RequestKind::Invite(GroupId(3))));
        assert_eq!(kind(r#""request_type":"group""#), None);
        assert_eq!(kind(r#""request_type":"planet""#), None);
    }

    #[test]
    fn an_anonymous_member_goes_by_the_mask() {
        let masked = message(
            r#"{"post_type":"message","message_type":"group","self_id":1,"user_id":80000000,"group_id":3,"message":"a",
                "anonymous":{"name":"大力鬼王"},"sender":{"nickname":"匿名消息","role":"admin"}}"#,
        );
        assert_eq!(masked.sender.name.shown(), "大力鬼王");
        assert_eq!((masked.sender.anonymous, masked.sender.rank), (true, GroupRank::Admin));
    }
}
