//! The actions an application calls, answered as the adapters do (onebot.md §4).

use std::time::Duration;

use serde_json::{Value, json};

use super::account::{Account, Asked};
use super::event;
use super::faults::AdapterFaults;
use crate::domain::{GroupId, Peer, UserId};
use crate::simulator::dialect::ambiguous_words;
use crate::simulator::{Dialect, segment};

/// A failed action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub retcode: i64,
    pub words: String,
}

/// What came of an action.
pub(super) struct Outcome {
    /// JSON text of `data`, or the refusal.
    pub result: Result<String, Refusal>,
    /// How long the adapter hesitates before it says so.
    pub after: Duration,
    /// Delivered to people: where, and what.
    pub delivered: Option<(Peer, Vec<Value>)>,
    /// Events that follow from it.
    pub events: Vec<String>,
}

impl Outcome {
    fn ok(data: impl Into<String>) -> Self {
        Self { result: Ok(data.into()), after: Duration::ZERO, delivered: None, events: Vec::new() }
    }

    fn refused(retcode: i64, words: impl Into<String>) -> Self {
        let result = Err(Refusal { retcode, words: words.into() });
        Self { result, after: Duration::ZERO, delivered: None, events: Vec::new() }
    }
}

/// What chance decided for one send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Good,
    Refused,
    LateDelivered,
    LateLost,
}

/// The names that are known; others are "unknown action". Also the keys of the counters.
pub(super) const KNOWN: &[&str] = &[
    "send_private_msg",
    "send_group_msg",
    "send_msg",
    "send_private_forward_msg",
    "send_group_forward_msg",
    "delete_msg",
    "get_msg",
    "get_group_msg_history",
    "get_friend_msg_history",
    "get_login_info",
    "get_version_info",
    "get_status",
    "get_stranger_info",
    "get_friend_list",
    "get_group_list",
    "get_group_info",
    "get_group_member_info",
    "get_group_member_list",
    "set_friend_add_request",
    "set_group_add_request",
    "set_input_status",
    "mark_msg_as_read",
    "can_send_image",
    "can_send_record",
];

/// One action on one account.
pub(super) struct Desk<'a> {
    pub dialect: Dialect,
    pub account: &'a mut Account,
    pub faults: &'a AdapterFaults,
    pub report_self: bool,
    pub fate: Fate,
}

type Answer = Result<Outcome, Refusal>;

impl Desk<'_> {
    pub fn answer(&mut self, action: &str, params: &Value) -> Outcome {
        self.dispatch(action, params).unwrap_or_else(|refusal| Outcome::refused(refusal.retcode, refusal.words))
    }

    fn dispatch(&mut self, action: &str, p: &Value) -> Answer {
        let me = self.account.roster.me.id;
        Ok(match action {
            "send_private_msg" => return self.send(p, Peer::Private(UserId(self.int(p, "user_id")?)), &p["message"]),
            "send_group_msg" => return self.send(p, Peer::Group(GroupId(self.int(p, "group_id")?)), &p["message"]),
            "send_msg" => return self.send_either(p),
            "send_private_forward_msg" => {
                return self.send(p, Peer::Private(UserId(self.int(p, "user_id")?)), &p["messages"]);
            }
            "send_group_forward_msg" => {
                return self.send(p, Peer::Group(GroupId(self.int(p, "group_id")?)), &p["messages"]);
            }
            "delete_msg" => return self.recall(self.int(p, "message_id")?),
            "get_msg" => return self.get_message(self.int(p, "message_id")?),
            "get_group_msg_history" => return self.history(p, Peer::Group(GroupId(self.int(p, "group_id")?))),
            "get_friend_msg_history" if self.dialect != Dialect::Gocqhttp => {
                return self.history(p, Peer::Private(UserId(self.int(p, "user_id")?)));
            }
            "get_login_info" => {
                Outcome::ok(json!({"user_id": me, "nickname": self.account.roster.me.nickname}).to_string())
            }
            "get_version_info" => Outcome::ok(
                json!({"app_name": self.dialect.app_name(), "protocol_version": "v11", "app_version": self.dialect.version()})
                    .to_string(),
            ),
            "get_status" => {
                let mut status = self.dialect.status(self.account.online);
                status["stat"] = json!({});
                Outcome::ok(status.to_string())
            }
            "get_stranger_info" => {
                let id = self.int(p, "user_id")?;
                let nickname = self.account.roster.friend(id).map_or("QQ用户", |p| &p.nickname);
                Outcome::ok(json!({"user_id": id, "nickname": nickname, "sex": "unknown", "age": 0}).to_string())
            }
            "get_friend_list" => Outcome::ok(self.friends().to_string()),
            "get_group_list" => {
                let groups: Vec<Value> = self.account.roster.groups.iter().map(group).collect();
                Outcome::ok(Value::from(groups).to_string())
            }
            "get_group_info" => {
                let id = self.int(p, "group_id")?;
                let known = self.account.roster.group(id).map(group);
                Outcome::ok(known.ok_or_else(|| self.failure("群不存在"))?.to_string())
            }
            "get_group_member_info" | "get_group_member_list" => return self.members(action, p),
            "set_friend_add_request" | "set_group_add_request" => return self.answer_request(p),
            "set_input_status" if matches!(self.dialect, Dialect::Napcat | Dialect::Llonebot) => {
                self.int(p, "user_id")?;
                Outcome::ok(r#"{"result":0,"errMsg":""}"#)
            }
            "mark_msg_as_read" => Outcome::ok("null"),
            "can_send_image" | "can_send_record" => Outcome::ok(r#"{"yes":true}"#),
            _ => Outcome::refused(self.dialect.unknown_action(), format!("不支持的Api {action}")),
        })
    }

    /// A number, or one in a string: all adapters take both.
    fn int(&self, p: &Value, key: &str) -> Result<i64, Refusal> {
        let value = &p[key];
        let number = value.as_i64().or_else(|| value.as_str().and_then(|words| words.parse().ok()));
        number.ok_or_else(|| Refusal {
            retcode: self.dialect.bad_params(),
            words: format!("Key: {key}, Message: Expected required property"),
        })
    }

    fn failure(&self, words: &str) -> Refusal {
        Refusal { retcode: self.dialect.failed(), words: words.to_owned() }
    }

    /// With both ids there NapCat, LLOneBot and Lagrange turn a private answer public; go-cqhttp does not (onebot.md §4).
    fn send_either(&mut self, p: &Value) -> Answer {
        let (user, group) = (self.int(p, "user_id").ok(), self.int(p, "group_id").ok());
        let peer = match (p["message_type"].as_str(), user, group) {
            (Some("private"), Some(user), _) => Peer::Private(UserId(user)),
            (Some("group"), _, Some(group)) => Peer::Group(GroupId(group)),
            (None, Some(user), Some(_)) if self.dialect == Dialect::Gocqhttp => Peer::Private(UserId(user)),
            (None, _, Some(group)) => Peer::Group(GroupId(group)),
            (None, Some(user), None) => Peer::Private(UserId(user)),
            _ => return Err(self.failure("请指定正确的 group_id 或 user_id")),
        };
        self.send(p, peer, &p["message"])
    }

    fn send(&mut self, p: &Value, peer: Peer, message: &Value) -> Answer {
        let auto_escape = p["auto_escape"].as_bool().unwrap_or(false);
        let segments = self.check(segment::read(message, auto_escape), peer)?;
        let words = segment::plain(&segments);
        let muted = peer.is_group() && self.faults.muted_groups.contains(&peer.number());
        let too_long = self.faults.max_text > 0 && words.chars().count() > self.faults.max_text;
        if muted || too_long || !self.account.online {
            let (retcode, words) = self.dialect.qq_refusal(if muted { 120 } else { 0 });
            // NapCat only notices that no success came in time; the others are told by QQ at once.
            let after = if self.dialect == Dialect::Napcat { self.faults.late_after } else { Duration::ZERO };
            return Ok(Outcome { after, ..Outcome::refused(retcode, words) });
        }
        let late =
            || Outcome { after: self.faults.late_after, ..Outcome::refused(self.dialect.failed(), ambiguous_words(0)) };
        match self.fate {
            Fate::Good => {}
            Fate::Refused => return Err(self.failure("消息体无法解析, 请检查是否发送了不支持的消息类型")),
            Fate::LateLost => return Ok(late()),
            Fate::LateDelivered => {
                let outcome = late();
                self.account.say(peer, self.account.roster.me.id, &segments);
                return Ok(Outcome { delivered: Some((peer, segments)), ..outcome });
            }
        }
        let forward = segments.first().is_some_and(|s| s["type"] == "node");
        let (id, event) = self.account.say(peer, self.account.roster.me.id, &segments);
        let data = if forward {
            json!({"message_id": id, "res_id": format!("res-{id}"), "forward_id": format!("res-{id}")}).to_string()
        } else {
            format!(r#"{{"message_id":{id}}}"#)
        };
        let events = if self.report_self { vec![event.as_str().to_owned()] } else { Vec::new() };
        Ok(Outcome { delivered: Some((peer, segments)), events, ..Outcome::ok(data) })
    }

    /// What the adapter makes of outgoing segments: it drops some and refuses others (onebot.md §3).
    fn check(&self, segments: Vec<Value>, peer: Peer) -> Result<Vec<Value>, Refusal> {
        let nodes = segments.iter().filter(|s| s["type"] == "node").count();
        if nodes > 0 && nodes < segments.len() {
            let words = "转发消息不能和普通消息混在一起发送,转发需要保证message只有type为node的元素";
            return Err(Refusal { retcode: self.dialect.bad_params(), words: words.into() });
        }
        let mut out = Vec::with_capacity(segments.len());
        for segment in segments {
            if self.survives(&segment, peer)? {
                out.push(segment);
            }
        }
        if out.is_empty() {
            return Err(self.failure("消息体无法解析, 请检查是否发送了不支持的消息类型"));
        }
        Ok(out)
    }

    fn survives(&self, segment: &Value, peer: Peer) -> Result<bool, Refusal> {
        let data = &segment["data"];
        let strict = self.dialect == Dialect::Lagrange;
        match segment["type"].as_str().unwrap_or_default() {
            "text" => Ok(self.dialect != Dialect::Llonebot || data["text"].as_str().is_some_and(|t| !t.is_empty())),
            // Lagrange reads these into strings and fails the whole send on a number.
            "at" if strict && !data["qq"].is_string() => Err(self.failure("")),
            "reply" if strict && !data["id"].is_string() => Err(self.failure("")),
            "at" => Ok(peer.is_group() || matches!(self.dialect, Dialect::Lagrange | Dialect::Gocqhttp)),
            "reply" => {
                let id = data["id"].as_str().and_then(|id| id.parse().ok()).or_else(|| data["id"].as_i64());
                let known = id.is_some_and(|id| self.account.message(id).is_some());
                if !known && strict { Err(self.failure("")) } else { Ok(known) }
            }
            "image" | "record" | "video" | "file" | "face" | "mface" | "json" | "node" | "forward" | "music"
            | "markdown" | "dice" | "rps" | "contact" | "location" => Ok(true),
            other if self.dialect == Dialect::Napcat => Err(self.failure(&format!("未知的消息类型：{other}"))),
            _ => Ok(false),
        }
    }

    fn recall(&mut self, id: i64) -> Answer {
        let Some(kept) = self.account.message(id).cloned() else { return Err(self.failure("Recall failed")) };
        if !self.account.recalled.insert(id) {
            return Err(self.failure("Recall failed"));
        }
        let me = self.account.roster.me.id;
        let notice = match kept.peer {
            Peer::Group(group) => json!({"notice_type": "group_recall", "group_id": group.0, "user_id": kept.speaker,
                "operator_id": me, "message_id": id}),
            Peer::Private(_) => json!({"notice_type": "friend_recall", "user_id": kept.speaker, "message_id": id}),
        };
        Ok(Outcome { events: vec![event::base(me, "notice", notice).to_string()], ..Outcome::ok("null") })
    }

    fn get_message(&self, id: i64) -> Answer {
        let kept = self.account.message(id).filter(|_| !self.account.recalled.contains(&id));
        Ok(Outcome::ok(kept.ok_or_else(|| self.failure("消息不存在"))?.event.as_str()))
    }

    fn history(&self, p: &Value, peer: Peer) -> Answer {
        let count = usize::try_from(self.int(p, "count").unwrap_or(20)).unwrap_or(20);
        let until = ["message_seq", "message_id"].iter().filter_map(|key| self.int(p, key).ok()).find(|id| *id != 0);
        let events = self.account.history(peer, count, until).ok_or_else(|| self.failure("消息undefined不存在"))?;
        let mut data = String::from(r#"{"messages":["#);
        for (n, event) in events.iter().enumerate() {
            if n > 0 {
                data.push(',');
            }
            data.push_str(event);
        }
        data.push_str("]}");
        Ok(Outcome::ok(data))
    }

    fn friends(&self) -> Value {
        let friends = self.account.roster.friends.iter();
        friends
            .map(|f| json!({"user_id": f.id, "nickname": f.nickname, "remark": f.nickname, "sex": "unknown", "level": 16}))
            .collect()
    }

    fn members(&self, action: &str, p: &Value) -> Answer {
        let id = self.int(p, "group_id")?;
        let group = self.account.roster.group(id).ok_or_else(|| self.failure("群不存在"))?;
        let member = |m: &crate::simulator::Member| {
            json!({"group_id": id, "user_id": m.person.id, "nickname": m.person.nickname, "card": m.card,
                "sex": "unknown", "age": 0, "area": "", "level": "1", "join_time": 1_600_000_000, "title": "",
                "role": m.role, "unfriendly": false, "card_changeable": true, "shut_up_timestamp": 0})
        };
        if action == "get_group_member_list" {
            return Ok(Outcome::ok(group.members.iter().map(member).collect::<Value>().to_string()));
        }
        let user = self.int(p, "user_id")?;
        let found = group.members.iter().find(|m| m.person.id == user).map(member);
        let me = &self.account.roster.me;
        let own = (user == me.id).then(|| {
            json!({"group_id": id, "user_id": me.id, "nickname": me.nickname, "card": "", "role": "admin", "title": ""})
        });
        Ok(Outcome::ok(found.or(own).ok_or_else(|| self.failure(&format!("群({id})成员{user}不存在")))?.to_string()))
    }

    fn answer_request(&mut self, p: &Value) -> Answer {
        // LLOneBot's schema insists on a string; a number is refused there.
        let flag = match &p["flag"] {
            Value::String(flag) => flag.clone(),
            Value::Number(flag) if self.dialect != Dialect::Llonebot => flag.to_string(),
            _ => return Err(Refusal { retcode: self.dialect.bad_params(), words: "flag: Expected string".into() }),
        };
        let Some(Asked { user, group }) = self.account.requests.remove(&flag) else {
            return Err(self.failure("No such request"));
        };
        let approved = p["approve"].as_bool().unwrap_or_else(|| p["approve"].as_str() != Some("false"));
        let me = self.account.roster.me.id;
        let events = match group {
            _ if !approved => Vec::new(),
            None => {
                self.account.roster.befriend(user);
                vec![event::base(me, "notice", json!({"notice_type": "friend_add", "user_id": user})).to_string()]
            }
            Some(group) => {
                self.account.roster.join(group, user);
                let notice = json!({"notice_type": "group_increase", "sub_type": "approve", "group_id": group,
                    "user_id": user, "operator_id": me});
                vec![event::base(me, "notice", notice).to_string()]
            }
        };
        Ok(Outcome { events, ..Outcome::ok("null") })
    }
}

fn group(group: &crate::simulator::Group) -> Value {
    json!({"group_all_shut": 0, "group_remark": "", "group_id": group.id, "group_name": group.name,
        "member_count": group.members.len() + 1, "max_member_count": 200})
}
