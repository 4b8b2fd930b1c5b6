//! Notices: what happened in a chat or to the account (onebot.md §2, Notices).

use std::time::Duration;

use super::heard::What;
use super::json::{self, Fields, Id};
use crate::domain::{ConversationId, GroupId, MessageId, Notice, Peer, SelfId, Text, UserId};

/// Durations at or beyond this many seconds are go-cqhttp's "until further notice" (268435455).
const FOREVER: i64 = 268_435_455;

/// A notice event, ids still as written.
#[derive(Debug, Clone, PartialEq)]
pub struct NoticeFrame {
    /// The account.
    pub account: Option<Id>,
    /// `notice_type`.
    pub kind: Option<String>,
    /// `sub_type`.
    pub sub_type: Option<String>,
    /// Whom it is about; for NapCat's friend poke always the friend.
    pub user: Option<Id>,
    /// Where; 0 means none (NapCat's `input_status`).
    pub group: Option<Id>,
    /// Who did it; may be 0.
    pub operator: Option<Id>,
    /// Who was poked.
    pub target: Option<Id>,
    /// Who poked.
    pub sender: Option<Id>,
    /// Which message.
    pub message: Option<Id>,
    /// Seconds; -1 and 268435455 have no end.
    pub duration: Option<Id>,
    /// A new name, or the reason why the account went offline.
    pub words: Option<String>,
}

impl NoticeFrame {
    pub(super) fn read(fields: &mut Fields) -> Self {
        Self {
            account: json::id(fields, "self_id"),
            kind: json::word(fields, "notice_type"),
            sub_type: json::word(fields, "sub_type"),
            user: json::id(fields, "user_id"),
            group: json::some_id(fields, "group_id"),
            operator: json::id(fields, "operator_id"),
            target: json::id(fields, "target_id"),
            sender: json::id(fields, "sender_id"),
            message: json::id(fields, "message_id"),
            duration: json::id(fields, "duration"),
            words: ["name_new", "name", "message", "reason", "tag"].iter().find_map(|key| json::some_word(fields, key)),
        }
    }

    fn names(&self) -> (&str, &str) {
        (self.kind.as_deref().unwrap_or_default(), self.sub_type.as_deref().unwrap_or_default())
    }

    fn about_us(&self) -> bool {
        self.account.is_some() && self.user == self.account
    }

    /// Our own account may not speak in that group.
    pub fn bot_muted(&self) -> bool {
        self.names() == ("group_ban", "ban") && self.about_us()
    }

    /// The account was logged out of QQ.
    pub fn bot_offline(&self) -> bool {
        self.kind.as_deref() == Some("bot_offline")
    }

    /// Somebody poked our account.
    pub fn poke_self(&self) -> bool {
        self.names() == ("notify", "poke") && self.account.is_some() && self.target == self.account
    }

    /// The notice for the engine.
    pub(super) fn into_what(self, account: SelfId) -> What {
        match self.kind.as_deref() {
            Some("bot_offline") => return What::State(Some(false), self.words.unwrap_or_default().into()),
            Some("bot_online") => return What::State(Some(true), Text::default()),
            _ => {}
        }
        let known = self.in_chat(account);
        What::Notice(known.unwrap_or_else(|| Notice::Other { account, kind: self.label() }))
    }

    /// The kinds that matter in a chat.
    fn in_chat(&self, account: SelfId) -> Option<Notice> {
        let number = |id: &Option<Id>| id.as_ref().and_then(Id::number);
        let at = |peer| ConversationId { account, peer };
        let group = number(&self.group).map(|id| at(Peer::Group(GroupId(id))));
        let private = || number(&self.user).map(|id| at(Peer::Private(UserId(id))));
        let operator = UserId(number(&self.operator).unwrap_or(0));
        let message = number(&self.message).map(MessageId);
        Some(match self.names() {
            ("group_recall", _) => Notice::Recalled { conversation: group?, message: message?, operator },
            ("friend_recall", _) => {
                let operator = number(&self.operator).or_else(|| number(&self.user)).map(UserId)?;
                Notice::Recalled { conversation: private()?, message: message?, operator }
            }
            // User 0 is the whole group, our account with it.
            ("group_ban", kind) if self.about_us() || self.user.as_ref().is_some_and(Id::is_zero) => {
                Notice::Muted { conversation: group?, duration: self.mute(kind), operator }
            }
            ("group_decrease", "kick_me" | "disband") | ("group_dismiss", _) => {
                Notice::Removed { conversation: group?, operator }
            }
            ("group_decrease", _) if self.about_us() => Notice::Removed { conversation: group?, operator },
            ("group_increase", _) if self.about_us() => Notice::Joined { conversation: group?, operator },
            ("notify", "poke") if self.poke_self() && self.sender != self.account => {
                let by = number(&self.sender).or_else(|| number(&self.user)).map(UserId)?;
                Notice::Poked { conversation: group.or_else(private)?, by }
            }
            ("notify", "group_name") | ("group_name_change", _) => {
                Notice::Renamed { conversation: group?, name: self.words.clone()?.into() }
            }
            _ => return None,
        })
    }

    /// For how long; `None` lifts it.
    fn mute(&self, kind: &str) -> Option<Duration> {
        if kind == "lift_ban" {
            return None;
        }
        match self.duration.as_ref().and_then(Id::number) {
            Some(0) => None,
            Some(seconds @ 1..FOREVER) => Some(Duration::from_secs(seconds.unsigned_abs())),
            Some(_) | None => Some(Duration::MAX),
        }
    }

    /// `notice_type` or `notice_type/sub_type`, safe to show.
    fn label(&self) -> String {
        let label = match self.names() {
            (kind, "") => kind.to_owned(),
            (kind, sub) => format!("{kind}/{sub}"),
        };
        Text::from(label).shown().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::super::decode;
    use super::*;

    fn what(rest: &str) -> What {
        decode(&format!(r#"{{"post_type":"notice","self_id":1,{rest}}}"#)).heard(0).unwrap().what
    }

    fn group(id: i64) -> ConversationId {
        ConversationId { account: SelfId(1), peer: Peer::Group(GroupId(id)) }
    }

    #[test]
    fn mutes_of_us_and_of_everybody() {
        let muted = |user: i64, sub: &str, duration: i64| match what(&format!(
            r#""notice_type":"group_ban","sub_type":"{sub}","group_id":3,"user_id":{user},"operator_id":5,"duration":{duration}"#
        )) {
            What::Notice(Notice::Muted { duration, operator, .. }) => Some((duration, operator.0)),
            _ => None,
        };
        assert_eq!(muted(1, "ban", 600), Some((Some(Duration::from_secs(600)), 5)));
        assert_eq!(muted(1, "lift_ban", 0), Some((None, 5)));
        assert_eq!(muted(0, "ban", -1), Some((Some(Duration::MAX), 5)));
        assert_eq!(muted(0, "ban", 268_435_455), Some((Some(Duration::MAX), 5)));
        assert_eq!(muted(7, "ban", 600), None);
    }

    #[test]
    fn pokes_of_us_only_and_never_our_own() {
        let poked = |rest: &str| {
            matches!(
                what(&format!(r#""notice_type":"notify","sub_type":"poke",{rest}"#)),
                What::Notice(Notice::Poked { .. })
            )
        };
        assert!(poked(r#""user_id":2,"target_id":1"#));
        assert!(!poked(r#""user_id":2,"target_id":2,"sender_id":1"#));
        assert!(!poked(r#""user_id":2,"target_id":1,"sender_id":1"#));
    }

    #[test]
    fn leaving_and_joining_matter_where_it_is_us() {
        let removed = What::Notice(Notice::Removed { conversation: group(3), operator: UserId(5) });
        let rest = r#""notice_type":"group_decrease","group_id":3,"operator_id":5,"#;
        assert_eq!(what(&format!(r#"{rest}"sub_type":"kick_me","user_id":1"#)), removed);
        assert_eq!(what(&format!(r#"{rest}"sub_type":"disband","user_id":5"#)), removed);
        let other = Notice::Other { account: SelfId(1), kind: "group_decrease/leave".into() };
        assert_eq!(what(&format!(r#"{rest}"sub_type":"leave","user_id":9"#)), What::Notice(other));
        let joined =
            what(r#""notice_type":"group_increase","sub_type":"invite","group_id":3,"user_id":1,"operator_id":5"#);
        assert_eq!(joined, What::Notice(Notice::Joined { conversation: group(3), operator: UserId(5) }));
    }

    #[test]
    fn the_account_going_offline_is_a_state() {
        let offline = what(r#""notice_type":"bot_offline","user_id":1,"tag":"下线","message":"已在别处登录""#);
        assert_eq!(offline, What::State(Some(false), "已在别处登录".into()));
        assert_eq!(what(r#""notice_type":"bot_online""#), What::State(Some(true), Text::default()));
    }

    #[test]
    fn new_names_of_groups() {
        let renamed = What::Notice(Notice::Renamed { conversation: group(3), name: "新".into() });
        assert_eq!(what(r#""notice_type":"group_name_change","group_id":3,"name":"新""#), renamed);
        assert_eq!(what(r#""notice_type":"notify","sub_type":"group_name","group_id":3,"name_new":"新""#), renamed);
    }
}
