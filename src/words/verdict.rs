//! Why the bot did or did not answer, and what to do about it.

use super::{Lang, clock, quoted, who};
use crate::domain::{AccessId, Author, Decision, Gate, Outcome, PartState, Reason, Verdict};

/// The whole verdict: what was decided and why.
pub fn verdict(verdict: &Verdict, lang: Lang) -> String {
    let decision = decision(verdict.decision, lang);
    let reason = reason(&verdict.reason, lang);
    say!(lang, "{decision}：{reason}", "{decision}: {reason}")
}

/// What was decided, in a word or two.
pub fn decision(decision: Decision, lang: Lang) -> String {
    match decision {
        Decision::Reply => say!(lang, "回答", "answered"),
        Decision::Command => say!(lang, "命令", "command"),
        Decision::Ignore => say!(lang, "不回", "ignored"),
    }
}

/// The gate that decided.
pub fn gate(gate: Gate, lang: Lang) -> String {
    match gate {
        Gate::Own => say!(lang, "自己的号", "own accounts"),
        Gate::Blocked => say!(lang, "黑名单", "block list"),
        Gate::Slash => say!(lang, "聊天命令", "chat commands"),
        Gate::Access => say!(lang, "放行名单", "access list"),
        Gate::Trigger => say!(lang, "触发", "trigger"),
        Gate::Limits => say!(lang, "限速和额度", "limits"),
        Gate::Moderation => say!(lang, "屏蔽词", "forbidden words"),
        Gate::Queue => say!(lang, "排队", "queue"),
    }
}

/// The reason alone, as the end of a chat row shows it. A table: one row a reason.
pub fn reason(reason: &Reason, lang: Lang) -> String {
    match reason {
        Reason::OwnAccount => say!(lang, "是我们自己的号说的", "one of our own accounts said it"),
        Reason::ListedBot => say!(lang, "对方在机器人名单里", "the speaker is on the list of bots"),
        Reason::Nothing => say!(lang, "没有内容", "nothing was said"),
        Reason::Unsupported(kind) => {
            let kind = quoted(kind);
            say!(lang, "还不会处理这类消息（{kind}）", "this kind of message is not supported ({kind})")
        }
        Reason::Blocked(id) => {
            let who = who(*id, lang);
            say!(lang, "{who} 在黑名单里", "{who} is on the block list")
        }
        Reason::BlockedUntil(id, until) => {
            let (who, until) = (who(*id, lang), clock(*until));
            say!(lang, "{who} 被屏蔽到 {until}", "{who} is blocked until {until}")
        }
        Reason::NotAllowed(id) => {
            let who = who(*id, lang);
            say!(lang, "{who} 还没放行", "{who} is not allowed yet")
        }
        Reason::Slash(name) => {
            let name = quoted(name);
            say!(lang, "聊天命令 {name}", "the chat command {name}")
        }
        Reason::SlashDenied(name) => {
            let name = quoted(name);
            say!(lang, "没有权限用命令 {name}", "the speaker may not use {name}")
        }
        Reason::Private => say!(lang, "私聊", "a private chat"),
        Reason::Mentioned => say!(lang, "有人 @ 了机器人", "the bot was mentioned"),
        Reason::Quoted => say!(lang, "引用了机器人的话", "a message of the bot was quoted"),
        Reason::Named(name) => {
            let name = quoted(name);
            say!(lang, "叫了名字“{name}”", "it was called by the name “{name}”")
        }
        Reason::Prefixed(prefix) => {
            let prefix = quoted(prefix);
            say!(lang, "用了前缀“{prefix}”", "it began with “{prefix}”")
        }
        Reason::Pattern(n) => {
            let n = n.saturating_add(1);
            say!(lang, "匹配第 {n} 条正则", "it matched pattern no. {n}")
        }
        Reason::Random => say!(lang, "随机插话", "picked at random"),
        Reason::Always => say!(lang, "这里每条都回", "everything is answered here"),
        Reason::Asked => say!(lang, "管理员让机器人回答", "an operator asked for an answer"),
        Reason::NotTriggered => say!(lang, "没有人叫机器人", "nothing called the bot"),
        Reason::ChatMuted => say!(lang, "这个会话已静音", "this chat is muted"),
        Reason::UserRate => say!(lang, "这个人问得太快", "this speaker asks too fast"),
        Reason::GroupRate => say!(lang, "这个群问得太快", "this group asks too fast"),
        Reason::GlobalRate => say!(lang, "全局问得太快", "too many questions in all"),
        Reason::LoopGuard => {
            say!(lang, "连着回了太多次，对方可能也是机器人", "too many replies in a row, perhaps to another bot")
        }
        Reason::TokenQuota => say!(lang, "今天的 token 额度用完了", "today's tokens are used up"),
        Reason::CostQuota => say!(lang, "今天的费用额度用完了", "today's money is used up"),
        Reason::Word(n) => {
            let n = n.saturating_add(1);
            say!(lang, "含有第 {n} 个屏蔽词", "it holds forbidden word no. {n}")
        }
        Reason::QueueFull => say!(lang, "排队已满", "the queue is full"),
        Reason::WhileOffline => say!(lang, "离线时收到的，已经过了太久", "it came while we were away, too long ago"),
        Reason::Merged => say!(lang, "并入了同一个人的上一条", "joined to the speaker's earlier message"),
        Reason::Handover => say!(lang, "对方要找人工", "the speaker asked for a human"),
        Reason::BotMuted(i64::MAX) => say!(lang, "机器人在这个群被禁言", "the bot is muted in this group"),
        Reason::BotMuted(until) => {
            let until = clock(*until);
            say!(lang, "机器人在这个群被禁言到 {until}", "the bot is muted in this group until {until}")
        }
    }
}

/// Why, in a few columns: what stands at the end of a message's row. A table: one row a reason.
pub fn reason_short(reason: &Reason, lang: Lang) -> String {
    match reason {
        Reason::OwnAccount => say!(lang, "自己", "own"),
        Reason::ListedBot => say!(lang, "机器人", "bot"),
        Reason::Nothing => say!(lang, "无内容", "empty"),
        Reason::Unsupported(_) => say!(lang, "不支持", "unsupported"),
        Reason::Blocked(_) => say!(lang, "黑名单", "blocked"),
        Reason::BlockedUntil(_, until) => {
            let until = clock(*until);
            say!(lang, "屏蔽到{until}", "blocked until {until}")
        }
        Reason::NotAllowed(_) => say!(lang, "未放行", "not allowed"),
        Reason::Slash(_) => say!(lang, "命令", "command"),
        Reason::SlashDenied(_) => say!(lang, "无权", "denied"),
        Reason::Private => say!(lang, "私聊", "private"),
        Reason::Mentioned => say!(lang, "被@", "mentioned"),
        Reason::Quoted => say!(lang, "被引用", "quoted"),
        Reason::Named(_) => say!(lang, "点名", "named"),
        Reason::Prefixed(_) => say!(lang, "前缀", "prefix"),
        Reason::Pattern(_) => say!(lang, "正则", "pattern"),
        Reason::Random => say!(lang, "随机", "random"),
        Reason::Always => say!(lang, "全回", "always"),
        Reason::Asked => say!(lang, "人工要求", "asked"),
        Reason::NotTriggered => say!(lang, "未@", "not called"),
        Reason::ChatMuted => say!(lang, "静音", "muted"),
        Reason::UserRate => say!(lang, "个人限速", "user rate"),
        Reason::GroupRate => say!(lang, "群限速", "group rate"),
        Reason::GlobalRate => say!(lang, "总限速", "global rate"),
        Reason::LoopGuard => say!(lang, "防循环", "loop guard"),
        Reason::TokenQuota => say!(lang, "token额度", "token quota"),
        Reason::CostQuota => say!(lang, "费用额度", "cost quota"),
        Reason::Word(_) => say!(lang, "屏蔽词", "word"),
        Reason::QueueFull => say!(lang, "队满", "queue full"),
        Reason::WhileOffline => say!(lang, "离线时", "while offline"),
        Reason::Merged => say!(lang, "并入", "merged"),
        Reason::Handover => say!(lang, "转人工", "human"),
        Reason::BotMuted(_) => say!(lang, "被禁言", "bot muted"),
    }
}

/// The console key that changes it; `None` where nothing can be changed. A table: one row a reason.
pub fn hint(reason: &Reason, lang: Lang) -> Option<String> {
    Some(match reason {
        Reason::NotAllowed(_) => say!(lang, "按 w 放行", "press w to allow"),
        Reason::Blocked(_) | Reason::BlockedUntil(..) => say!(lang, "按 w 解除屏蔽", "press w to unblock"),
        Reason::NotTriggered => {
            say!(lang, "按 r 现在回答，按 e 改触发", "press r to answer now, e to change the trigger")
        }
        Reason::Mentioned
        | Reason::Quoted
        | Reason::Named(_)
        | Reason::Prefixed(_)
        | Reason::Pattern(_)
        | Reason::Random
        | Reason::Always => say!(lang, "按 e 改触发", "press e to change the trigger"),
        Reason::ListedBot | Reason::SlashDenied(_) => say!(lang, "按 e 改设置", "press e for the settings"),
        Reason::ChatMuted => say!(lang, "按 m 换模式", "press m to change the mode"),
        Reason::UserRate
        | Reason::GroupRate
        | Reason::GlobalRate
        | Reason::LoopGuard
        | Reason::TokenQuota
        | Reason::CostQuota => {
            say!(lang, "按 r 现在回答，按 e 改限额", "press r to answer now, e to change the limits")
        }
        Reason::Word(_) => say!(lang, "按 r 现在回答，按 e 改屏蔽词", "press r to answer now, e to change the words"),
        Reason::QueueFull | Reason::WhileOffline => say!(lang, "按 r 现在回答", "press r to answer now"),
        Reason::Handover => say!(lang, "按 i 接待", "press i to talk to them"),
        Reason::BotMuted(_) => say!(lang, "若已解禁，按 gs 恢复", "if it may speak again, press gs to resume"),
        Reason::OwnAccount
        | Reason::Nothing
        | Reason::Unsupported(_)
        | Reason::Slash(_)
        | Reason::Private
        | Reason::Asked
        | Reason::Merged => return None,
    })
}

/// The same as a `ctl` command; `None` where no command changes it.
/// `chat` is the chat as `ctl` writes it (`group:123`).
pub fn remedy(reason: &Reason, chat: &str) -> Option<String> {
    Some(match reason {
        Reason::NotAllowed(id) => format!("qqdeck ctl allow {id} --answer"),
        Reason::Blocked(id) | Reason::BlockedUntil(id, _) => format!("qqdeck ctl unblock {id}"),
        Reason::ChatMuted => format!("qqdeck ctl mode {chat} auto"),
        Reason::NotTriggered
        | Reason::UserRate
        | Reason::GroupRate
        | Reason::GlobalRate
        | Reason::LoopGuard
        | Reason::TokenQuota
        | Reason::CostQuota
        | Reason::Word(_)
        | Reason::QueueFull
        | Reason::WhileOffline => format!("qqdeck ctl answer {chat}"),
        Reason::Handover => format!("qqdeck ctl send {chat} …"),
        Reason::BotMuted(_) => format!("qqdeck ctl resume {chat}"),
        Reason::OwnAccount
        | Reason::ListedBot
        | Reason::Nothing
        | Reason::Unsupported(_)
        | Reason::Slash(_)
        | Reason::SlashDenied(_)
        | Reason::Private
        | Reason::Mentioned
        | Reason::Quoted
        | Reason::Named(_)
        | Reason::Prefixed(_)
        | Reason::Pattern(_)
        | Reason::Random
        | Reason::Always
        | Reason::Asked
        | Reason::Merged => return None,
    })
}

/// How a message ended.
pub fn outcome(outcome: &Outcome, lang: Lang) -> String {
    match outcome {
        Outcome::Replied => say!(lang, "已回复", "replied"),
        Outcome::Notice => say!(lang, "已发提示", "a notice was sent"),
        Outcome::Merged(seq) => say!(lang, "并入消息 {seq}", "joined to message {seq}"),
        Outcome::Ignored => say!(lang, "未回", "ignored"),
        Outcome::Suppressed => say!(lang, "已扣下", "held back"),
        Outcome::Unknown => say!(lang, "不确定是否送达", "perhaps delivered"),
        Outcome::Expired => say!(lang, "太久了，没有发", "too old to send"),
        Outcome::Failed => say!(lang, "失败", "failed"),
    }
}

/// How far a reply has come.
pub fn delivery(state: PartState, lang: Lang) -> String {
    match state {
        PartState::Generated => say!(lang, "等待发送", "waiting"),
        PartState::Sending => say!(lang, "发送中", "sending"),
        PartState::Sent => say!(lang, "已送达", "sent"),
        PartState::Unknown => say!(lang, "不确定是否送达", "perhaps delivered"),
        PartState::Failed => say!(lang, "发送失败", "not sent"),
        PartState::Expired => say!(lang, "太久了，没有发", "too old to send"),
        PartState::Suppressed => say!(lang, "已扣下", "held back"),
    }
}

/// Who a line is from; people by name, or by number where they have none.
pub fn author(author: &Author, lang: Lang) -> String {
    match author {
        Author::Person { id, name } if name.shown().trim().is_empty() => who(AccessId::Person(*id), lang),
        Author::Person { name, .. } => quoted(name.raw()),
        Author::Bot => say!(lang, "机器人", "bot"),
        Author::Operator(name) => quoted(name.raw()),
        Author::Notice => say!(lang, "提示", "notice"),
    }
}
