//! Frames in words for people: what `qqdeck explain` prints. The keys and their meanings are those by which
//! recorded frames of all adapters are compared (`tests/frames/onebot.jsonl`).

use serde_json::{Value, json};

use super::event::{MessageFrame, MessageKind, RequestFrame};
use super::json::{self, Fields, Id};
use super::notice::NoticeFrame;
use super::response::Response;
use super::segment::{Part, Whom};
use super::wire::{self, Frame};
use crate::domain::Hazards;
use crate::domain::text::hazard;

/// Describes one text frame: `kind`, and by kind everything that was read from it. Ids are strings, absent
/// values null; text is raw, so whoever prints this must escape it, as JSON does.
pub fn describe(text: &str) -> Value {
    let Some(Value::Object(mut fields)) = json::parse(text) else {
        return json!({"kind": "invalid", "utterance": false});
    };
    let hazards = fields.values().fold(Hazards::default(), |found, value| found.union(scan(value)));
    let mut names: Vec<_> = hazards.names().collect();
    names.sort_unstable();
    let frame = wire::read(&mut fields);
    let account = text_of(frame.account());
    let mut description = match frame {
        Frame::Message(frame) => message(&frame),
        Frame::Notice(frame) => notice(&frame),
        Frame::Request(frame) => request(&frame),
        Frame::Response(frame) => response(*frame),
        Frame::Lifecycle { sub_type, .. } => object(json!({"kind": "meta_lifecycle", "sub_type": sub_type})),
        Frame::Heartbeat { online, interval, .. } => {
            object(json!({"kind": "meta_heartbeat", "online": online.flatten(), "interval_ms": interval}))
        }
        Frame::Unknown { .. } => object(json!({"kind": "unknown"})),
        Frame::Invalid => object(json!({"kind": "invalid"})),
    };
    description.entry("utterance").or_insert(Value::Bool(false));
    description.insert("self_id".into(), account);
    description.insert("hazards".into(), json!(names));
    Value::Object(description)
}

fn object(value: Value) -> Fields {
    match value {
        Value::Object(fields) => fields,
        _ => Fields::new(),
    }
}

fn text_of(id: Option<&Id>) -> Value {
    id.map_or(Value::Null, |id| Value::String(id.to_string()))
}

/// What any string in the frame holds.
fn scan(value: &Value) -> Hazards {
    let union = |found: Hazards, value: &Value| found.union(scan(value));
    match value {
        Value::String(text) => text.chars().filter_map(hazard).fold(Hazards::default(), Hazards::union),
        Value::Array(values) => values.iter().fold(Hazards::default(), union),
        Value::Object(fields) => fields.values().fold(Hazards::default(), union),
        _ => Hazards::default(),
    }
}

fn message(frame: &MessageFrame) -> Fields {
    let ats: Vec<_> = frame.parts.iter().filter_map(mention).collect();
    let all = ats.iter().any(|at| at == "all");
    let texts = frame.parts.iter().filter_map(|p| if let Part::Text(text) = p { Some(text.as_str()) } else { None });
    object(json!({
        "kind": match (frame.sent, frame.kind) {
            (true, _) => "message_sent",
            (_, MessageKind::Private) => "private_message",
            (_, MessageKind::Group) => "group_message",
            (_, MessageKind::Guild) => "guild_message",
        },
        "user_id": text_of(frame.user.as_ref()),
        "group_id": text_of(frame.group.as_ref()),
        "temp_group_id": text_of(frame.temp_group.as_ref()),
        "message_id": text_of(frame.id.as_ref()),
        "nickname": frame.nickname,
        "anonymous": frame.anonymous,
        "text": texts.collect::<String>(),
        "rendered": frame.parts.iter().map(render).collect::<String>(),
        "at_self": frame.mentions(frame.account.as_ref()),
        "at_all": all,
        "ats": ats,
        "reply_to": text_of(frame.reply_to()),
        "images": frame.parts.iter().filter(|p| matches!(p, Part::Image(_))).count(),
        "segments": frame.parts.iter().map(Part::kind).collect::<Vec<_>>(),
        "utterance": is_utterance(frame),
        "time": frame.time,
    }))
}

/// The same rule as [`crate::domain::Message::is_utterance`], which sees messages of chats only.
fn is_utterance(frame: &MessageFrame) -> bool {
    let other = !frame.sent && frame.kind != MessageKind::Guild;
    let other = other && frame.user != frame.account && frame.user.as_ref().is_some_and(|id| !id.is_zero());
    other
        && frame.parts.iter().any(|part| match part {
            Part::Text(text) => !text.trim().is_empty(),
            Part::Reply(_) => false,
            _ => true,
        })
}

fn mention(part: &Part) -> Option<String> {
    match part {
        Part::At(Some(Whom::All), _) => Some("all".into()),
        Part::At(Some(Whom::One(id)), _) => Some(id.to_string()),
        _ => None,
    }
}

fn render(part: &Part) -> String {
    match part {
        Part::Text(text) | Part::Markdown(text) => text.clone(),
        Part::At(..) => format!("@{}", mention(part).unwrap_or_default()),
        Part::Reply(_) => String::new(),
        Part::Face(id, _) => format!("[face:{id}]"),
        Part::File(name) if !name.is_empty() => format!("[file:{name}]"),
        Part::Other { kind, detail: Some(detail), .. } => format!("[{kind}:{detail}]"),
        other => format!("[{}]", other.kind()),
    }
}

fn notice(frame: &NoticeFrame) -> Fields {
    object(json!({
        "kind": "notice",
        "notice_type": frame.kind,
        "sub_type": frame.sub_type,
        "user_id": text_of(frame.user.as_ref()),
        "group_id": text_of(frame.group.as_ref()),
        "operator_id": text_of(frame.operator.as_ref()),
        "target_id": text_of(frame.target.as_ref()),
        "sender_id": text_of(frame.sender.as_ref()),
        "message_id": text_of(frame.message.as_ref()),
        "duration": text_of(frame.duration.as_ref()),
        "poke_self": frame.poke_self(),
        "bot_muted": frame.bot_muted(),
        "bot_offline": frame.bot_offline(),
    }))
}

fn request(frame: &RequestFrame) -> Fields {
    object(json!({
        "kind": "request",
        "request_type": frame.kind,
        "sub_type": frame.sub_type,
        "user_id": text_of(frame.user.as_ref()),
        "group_id": text_of(frame.group.as_ref()),
        "flag": frame.flag,
        "comment": frame.comment,
    }))
}

fn response(response: Response) -> Fields {
    object(json!({
        "kind": "api_response",
        "status": response.status,
        "ok": response.ok(),
        "has_echo": response.has_echo(),
        "final": response.last,
        "auth_failure": response.auth_failure(),
        "ambiguous_delivery": response.ambiguous(),
        "retcode": response.retcode,
        "echo": response.echo,
    }))
}

#[cfg(test)]
mod tests {
    use super::super::{What, decode};
    use super::*;

    /// Every recorded frame: its name, its text, what to expect.
    fn frames() -> Vec<(String, String, Fields)> {
        let read = |line: &str| {
            let mut case = object(serde_json::from_str(line).unwrap());
            let name = json::word(&mut case, "name").unwrap();
            let text = match json::take(&mut case, "frame") {
                Value::Null => json::word(&mut case, "raw").unwrap(),
                frame => frame.to_string(),
            };
            (name, text, json::object(&mut case, "expect"))
        };
        include_str!("../../../tests/frames/onebot.jsonl").lines().map(read).collect()
    }

    #[test]
    fn recorded_frames_read_as_expected() {
        let mut wrong = Vec::new();
        for (name, text, expect) in frames() {
            let got = describe(&text);
            for (key, wanted) in expect.iter().filter(|(key, _)| !key.starts_with("must_not_")) {
                if got.get(key) != Some(wanted) {
                    wrong.push(format!("{name}: {key} is {:?}, not {wanted}", got.get(key).map(Value::to_string)));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn the_engine_sees_what_the_description_says() {
        for (name, text, expect) in frames() {
            let Some(What::Message(message)) = decode(&text).heard(0).map(|heard| heard.what) else {
                assert_eq!(expect["utterance"], false, "{name}");
                continue;
            };
            assert_eq!(expect["utterance"], message.is_utterance(), "{name}");
            if let Some(text) = expect.get("text") {
                assert_eq!(*text, message.text(), "{name}");
            }
            let account = message.conversation.account.0;
            if let Some(at_self) = expect.get("at_self") {
                assert_eq!(*at_self, message.mentions(account), "{name}");
            }
            assert!(message.shown().chars().all(|c| hazard(c).is_none()), "{name}");
            assert!(message.sender.name.shown().chars().all(|c| hazard(c).is_none()), "{name}");
        }
    }
}
