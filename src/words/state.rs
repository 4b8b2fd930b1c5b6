//! How accounts stand and what waits for a human.

use super::{Lang, one_line, quoted};
use crate::domain::{AccountView, ItemKind, RequestKind};

/// How an account stands, in a word or two.
pub fn account(account: &AccountView, lang: Lang) -> String {
    if !account.connected {
        return say!(lang, "未连接", "not connected");
    }
    match account.online {
        Some(true) => say!(lang, "在线", "online"),
        None => say!(lang, "已连接", "connected"),
        Some(false) if account.reason.is_empty() => say!(lang, "QQ 离线", "QQ offline"),
        Some(false) => {
            let reason = quoted(account.reason.raw());
            say!(lang, "QQ 离线（{reason}）", "QQ offline ({reason})")
        }
    }
}

/// What waits, on one line.
pub fn item(item: &ItemKind, lang: Lang) -> String {
    match item {
        ItemKind::Draft { text, suggestion: false, .. } => {
            let text = one_line(text, 120);
            say!(lang, "草稿：{text}", "draft: {text}")
        }
        ItemKind::Draft { text, suggestion: true, .. } => {
            let text = one_line(text, 120);
            say!(lang, "建议：{text}", "suggestion: {text}")
        }
        ItemKind::Request(request) => {
            let user = request.user;
            let comment = quoted(request.comment.raw());
            let comment = if comment.is_empty() { comment } else { say!(lang, "（{comment}）", " ({comment})") };
            match request.kind {
                RequestKind::Friend => {
                    say!(lang, "QQ {user} 想加好友{comment}", "QQ user {user} wants to be friends{comment}")
                }
                RequestKind::Join(group) => {
                    say!(
                        lang,
                        "QQ {user} 想进群 {group}{comment}",
                        "QQ user {user} wants to join group {group}{comment}"
                    )
                }
                RequestKind::Invite(group) => {
                    say!(
                        lang,
                        "QQ {user} 邀请进群 {group}{comment}",
                        "QQ user {user} invites the bot to group {group}{comment}"
                    )
                }
            }
        }
        ItemKind::Unknown { line } => say!(lang, "消息 {line} 不确定是否送达", "message {line} was perhaps delivered"),
        ItemKind::Handover { line } => say!(lang, "消息 {line} 要找人工", "message {line} asks for a human"),
        ItemKind::WhileOffline { count } => {
            say!(lang, "离线时来了 {count} 条消息", "messages that came while we were away: {count}")
        }
        ItemKind::Unread { account, chats } => {
            say!(
                lang,
                "账号 {account} 断线回来，会话太多，有 {chats} 个没有补读，可能漏了消息",
                "account {account} is back; too many chats to read what was missed: {chats} were left out"
            )
        }
        ItemKind::BotMuted => say!(lang, "机器人在这个群被禁言", "the bot is muted in this group"),
        ItemKind::Removed => say!(lang, "机器人被移出了这个群", "the bot was removed from this group"),
        ItemKind::Paused => say!(lang, "发送已暂停", "sending is paused"),
    }
}

/// The kind of a waiting thing, in a word.
pub fn item_name(item: &ItemKind, lang: Lang) -> String {
    match item {
        ItemKind::Draft { suggestion: false, .. } => say!(lang, "草稿", "draft"),
        ItemKind::Draft { .. } => say!(lang, "建议", "hint"),
        ItemKind::Request(_) => say!(lang, "请求", "request"),
        ItemKind::Unknown { .. } => say!(lang, "未知", "unknown"),
        ItemKind::Handover { .. } => say!(lang, "转人工", "human"),
        ItemKind::WhileOffline { count } => say!(lang, "错过{count}", "missed {count}"),
        ItemKind::Unread { chats, .. } => say!(lang, "未补读{chats}", "unread {chats}"),
        ItemKind::BotMuted => say!(lang, "被禁言", "bot muted"),
        ItemKind::Removed => say!(lang, "被移出群", "removed"),
        ItemKind::Paused => say!(lang, "暂停", "paused"),
    }
}

/// The kind of a waiting thing, for scripts.
pub fn item_code(item: &ItemKind) -> &'static str {
    match item {
        ItemKind::Draft { suggestion: false, .. } => "draft",
        ItemKind::Draft { suggestion: true, .. } => "suggestion",
        ItemKind::Request(_) => "request",
        ItemKind::Unknown { .. } => "unknown",
        ItemKind::Handover { .. } => "handover",
        ItemKind::WhileOffline { .. } => "while_offline",
        ItemKind::Unread { .. } => "unread",
        ItemKind::BotMuted => "bot_muted",
        ItemKind::Removed => "removed",
        ItemKind::Paused => "paused",
    }
}
