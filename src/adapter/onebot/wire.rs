//! One text frame, decoded. There is one decoder: the engine's events and `explain` both come from it.

use serde_json::Value;

use super::event::{MessageFrame, RequestFrame};
use super::heard::{Heard, What};
use super::json::{self, Fields, Id};
use super::notice::NoticeFrame;
use super::response::Response;
use crate::domain::{ConversationId, SelfId, Text};

/// One frame from an adapter.
#[derive(Debug, Clone, PartialEq)]
pub enum Frame {
    /// Somebody said something.
    Message(Box<MessageFrame>),
    /// Something happened.
    Notice(Box<NoticeFrame>),
    /// Somebody asks to be let in.
    Request(Box<RequestFrame>),
    /// The adapter is there; once per connection that carries events.
    Lifecycle {
        /// The account.
        account: Option<Id>,
        /// `connect`, over HTTP also `enable` and `disable`.
        sub_type: Option<String>,
    },
    /// The adapter is still there.
    Heartbeat {
        /// The account.
        account: Option<Id>,
        /// The QQ state. Outer `None`: the frame has no status; inner: the adapter does not know (LLOneBot).
        online: Option<Option<bool>>,
        /// Milliseconds to the next one.
        interval: Option<i64>,
    },
    /// The answer to a call.
    Response(Box<Response>),
    /// Well-formed, and nothing we know.
    Unknown {
        /// The account, where it is named.
        account: Option<Id>,
    },
    /// Not JSON, or not an object.
    Invalid,
}

impl Frame {
    /// The account that the frame names.
    pub fn account(&self) -> Option<&Id> {
        match self {
            Self::Message(frame) => frame.account.as_ref(),
            Self::Notice(frame) => frame.account.as_ref(),
            Self::Request(frame) => frame.account.as_ref(),
            Self::Lifecycle { account, .. } | Self::Heartbeat { account, .. } | Self::Unknown { account } => {
                account.as_ref()
            }
            Self::Response(_) | Self::Invalid => None,
        }
    }
}

impl Frame {
    /// What the frame means to the engine; `None` for responses and for what is no event. `now` is in
    /// seconds since 1970, for events without a time.
    pub fn heard(self, now: i64) -> Option<Heard> {
        let account = self.account().and_then(Id::number).filter(|id| *id != 0).map(SelfId);
        let named = account.unwrap_or_default();
        let what = match self {
            Self::Message(frame) => match frame.peer() {
                Some(peer) => {
                    let conversation = ConversationId { account: named, peer };
                    What::Message(Box::new(frame.into_message(conversation, now)))
                }
                None => What::Nothing,
            },
            Self::Notice(frame) => frame.into_what(named),
            Self::Request(frame) => frame.into_request(named, now).map_or(What::Nothing, What::Request),
            Self::Lifecycle { .. } => What::Nothing,
            Self::Heartbeat { online, .. } => match online {
                Some(online) => What::State(online, Text::default()),
                None => What::Nothing,
            },
            Self::Unknown { .. } => What::Nothing,
            Self::Response(_) | Self::Invalid => return None,
        };
        Some(Heard { account, what })
    }
}

/// Decodes one text frame. Never fails and never panics: what cannot be read is [`Frame::Invalid`], what is
/// not understood is [`Frame::Unknown`].
pub fn decode(text: &str) -> Frame {
    match json::parse(text) {
        Some(Value::Object(mut fields)) => read(&mut fields),
        _ => Frame::Invalid,
    }
}

/// Reads a frame's fields. A frame is an event iff it has a `post_type` (onebot.md §2).
pub(super) fn read(fields: &mut Fields) -> Frame {
    let frame = match fields.get("post_type") {
        None => Response::read(fields).map(|response| Frame::Response(Box::new(response))),
        Some(Value::String(kind)) => match kind.as_str() {
            "message" => MessageFrame::read(fields, false).map(|frame| Frame::Message(Box::new(frame))),
            "message_sent" => MessageFrame::read(fields, true).map(|frame| Frame::Message(Box::new(frame))),
            "notice" => Some(Frame::Notice(Box::new(NoticeFrame::read(fields)))),
            "request" => Some(Frame::Request(Box::new(RequestFrame::read(fields)))),
            "meta_event" => meta(fields),
            _ => None,
        },
        Some(_) => None,
    };
    frame.unwrap_or_else(|| Frame::Unknown { account: json::id(fields, "self_id") })
}

fn meta(fields: &mut Fields) -> Option<Frame> {
    let account = json::id(fields, "self_id");
    match fields.get("meta_event_type")?.as_str()? {
        "lifecycle" => Some(Frame::Lifecycle { account, sub_type: json::word(fields, "sub_type") }),
        "heartbeat" => {
            let online = match fields.get("status") {
                Some(Value::Object(status)) if status.contains_key("online") => Some(json::flag(status, "online")),
                _ => None,
            };
            Some(Frame::Heartbeat { account, online, interval: json::number(fields, "interval") })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// JSON of any shape, with the names that the decoder looks for.
    fn any_json() -> impl Strategy<Value = Value> {
        let word = prop_oneof![
            Just("message"),
            Just("group"),
            Just("private"),
            Just("notice"),
            Just("notify"),
            Just("poke"),
            Just("request"),
            Just("meta_event"),
            Just("heartbeat"),
            Just("text"),
            Just("at"),
            Just("reply"),
            Just("image"),
            Just("json"),
            Just("[CQ:at,qq=1]"),
            Just("\u{1b}[2J"),
            Just("12"),
            Just(""),
            Just("ok"),
        ];
        let key = prop_oneof![
            Just("post_type"),
            Just("message_type"),
            Just("self_id"),
            Just("user_id"),
            Just("group_id"),
            Just("message_id"),
            Just("message"),
            Just("raw_message"),
            Just("sender"),
            Just("card"),
            Just("type"),
            Just("data"),
            Just("qq"),
            Just("id"),
            Just("text"),
            Just("sub_type"),
            Just("notice_type"),
            Just("time"),
            Just("request_type"),
            Just("flag"),
            Just("status"),
            Just("retcode"),
            Just("echo"),
            Just("meta_event_type"),
        ];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            word.prop_map(Value::from),
            ".*".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 64, 8, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                proptest::collection::vec((key.clone(), inner), 0..8)
                    .prop_map(|fields| Value::Object(fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_json_decodes(value in any_json()) {
            let text = value.to_string();
            let frame = decode(&text);
            prop_assert_eq!(frame == Frame::Invalid, !value.is_object());
            frame.heard(0);
            super::super::describe(&text);
        }

        #[test]
        fn any_text_decodes(text in ".*") {
            decode(&text);
        }
    }

    #[test]
    fn a_frame_cut_at_any_byte_is_invalid_and_nothing_worse() {
        let text = json!({"post_type": "message", "message_type": "group", "self_id": 1, "user_id": 2, "group_id": 3,
            "message": [{"type": "text", "data": {"text": "你好\u{1b}👨‍👩‍👧"}}]})
        .to_string();
        for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
            assert_eq!(decode(&text[..end]), Frame::Invalid);
        }
        assert!(matches!(decode(&text), Frame::Message(_)));
    }

    #[test]
    fn depth_is_refused_not_followed() {
        assert_eq!(decode(&"[".repeat(100_000)), Frame::Invalid);
        assert_eq!(decode(&"{\"a\":".repeat(100_000)), Frame::Invalid);
    }
}
