//! What came of a command.

use super::{Lang, one_line, quoted};
use crate::domain::{Done, Mode, Refusal, RestartFault, Role};

/// What came of a command that was carried out.
pub fn done(done: &Done, lang: Lang) -> String {
    match done {
        Done::Ok | Done::Changed { .. } => say!(lang, "好了", "Done"),
        Done::Already => say!(lang, "本来就是这样，没有改动", "It already was so; nothing changed"),
        // Paragraphs of the engine, already in words and sanitised by it; shown as they are but for hazards.
        Done::Said(words) => crate::domain::Text::from(words.as_str()).shown().to_owned(),
        Done::Delivered(all) => super::delivered(all, lang),
        Done::Started(None) => say!(lang, "已开始", "Started"),
        Done::Started(Some(seq)) => say!(lang, "已开始，编号 {seq}", "Started, number {seq}"),
    }
}

/// Why a command was not carried out, and what to do instead.
pub fn refusal(refusal: &Refusal, lang: Lang) -> String {
    match refusal {
        Refusal::Role(needed) => {
            let role = role(*needed, lang);
            say!(lang, "没有权限：需要{role}", "Not permitted: this needs the role {role}")
        }
        Refusal::Account(chat) => {
            let chat = quoted(chat);
            say!(
                lang,
                "不知道用哪个 QQ 号：请在 {chat} 后面加上 @机器人QQ号",
                "Which account? Add @ and the bot's QQ number behind {chat}",
            )
        }
        Refusal::NoAccount => say!(
            lang,
            "还没有 QQ 账号连上来过，等适配器连上再来",
            "No QQ account has connected yet; try again when an adapter is there"
        ),
        Refusal::UnknownAccount { account, known } if known.is_empty() => {
            say!(lang, "机器人没有 QQ 号 {account}", "The bot has no account {account}")
        }
        Refusal::UnknownAccount { account, known } => {
            let all = known.iter().map(ToString::to_string).collect::<Vec<_>>().join(lang.pick("、", ", "));
            say!(lang, "机器人没有 QQ 号 {account}；有 {all}", "The bot has no account {account}; it has {all}")
        }
        Refusal::NotInGroup { account, group } => say!(
            lang,
            "{account} 不在群 {group} 里（按适配器给的群列表）",
            "{account} is not in group {group}, going by its adapter's list of groups"
        ),
        Refusal::UnknownChat { chat, nearest } => {
            let chat = quoted(chat);
            let nearest = nearest_words(nearest.as_deref(), lang);
            say!(lang, "没有会话 {chat}{nearest}", "There is no chat {chat}{nearest}")
        }
        Refusal::UnknownItem(item) => say!(lang, "没有编号 {item} 的待办", "Nothing waits under number {item}"),
        Refusal::UnknownAlert(alert) => {
            say!(lang, "没有编号 {alert} 的告警，或已经恢复；用 alerts 看看", "No alert {alert} is up; see `alerts`")
        }
        Refusal::UnknownRule { name, nearest } => {
            let name = quoted(name);
            let nearest = nearest_words(nearest.as_deref(), lang);
            say!(lang, "没有告警规则 {name}{nearest}", "There is no rule {name}{nearest}")
        }
        Refusal::TooLong(most) => {
            let most = super::span(*most, lang);
            say!(lang, "太久了：最多 {most}", "Too long: {most} at most")
        }
        Refusal::NoDestination => say!(
            lang,
            "还没有配置通知发到哪里：在 config.toml 里加 [[notify.to]]",
            "No destination is configured: add [[notify.to]] to config.toml"
        ),
        Refusal::WrongItem(item) => {
            say!(lang, "编号 {item} 不是这一类，用 attention 看看", "Number {item} is something else; see `attention`")
        }
        Refusal::UnknownLine => say!(lang, "找不到这条消息", "There is no such message"),
        Refusal::NoGroup => {
            say!(lang, "私聊里不能@人", "Nobody can be called by @ in a private chat")
        }
        Refusal::UnknownProvider { name, nearest } => {
            let name = quoted(name);
            let nearest = nearest_words(nearest.as_deref(), lang);
            say!(lang, "没有模型服务 {name}{nearest}", "There is no provider {name}{nearest}")
        }
        Refusal::NotUnloadable(name) => {
            let name = quoted(name);
            say!(
                lang,
                "{name} 不是 ollama；只有 Ollama 的模型能从内存里卸下",
                "{name} is no ollama; only Ollama models can be unloaded"
            )
        }
        Refusal::IsAdmin(user) => say!(
            lang,
            "{user} 是管理员，屏蔽对管理员无效；先把这个号从 access.admins 里拿掉",
            "{user} is an admin and cannot be blocked; take the number off access.admins first"
        ),
        Refusal::IsOurs(user) => say!(
            lang,
            "{user} 是机器人自己的号，它从不理自己，不用屏蔽",
            "{user} is the bot's own account, which it never listens to; there is nothing to block"
        ),
        Refusal::UnknownPersona { name, nearest } => {
            let name = quoted(name);
            let nearest = nearest_words(nearest.as_deref(), lang);
            say!(lang, "没有人设 {name}{nearest}", "There is no persona {name}{nearest}")
        }
        Refusal::Changed(by) if by.is_empty() => {
            say!(lang, "刚刚有变动，请看一眼再来", "It changed just now; look again first")
        }
        Refusal::Changed(by) => {
            let by = quoted(by);
            say!(lang, "刚刚被 {by} 改过，请看一眼再来", "{by} changed it just now; look again first")
        }
        Refusal::Config(trouble) => {
            let lines = lang.pick(&trouble.zh, &trouble.en).lines().map(|line| one_line(line, 400));
            let words = lines.collect::<Vec<_>>().join("\n");
            say!(
                lang,
                "配置没有改，原来的仍然有效：\n{words}",
                "The configuration was not changed; the former one holds:\n{words}"
            )
        }
        Refusal::Nothing => say!(lang, "没有什么可做的", "There is nothing to do"),
        Refusal::OnItsWay => {
            say!(lang, "这条消息还在发送，等它发完再来", "It is still being sent; wait until it has arrived")
        }
        Refusal::NoLink => say!(lang, "这个 QQ 号现在没有连着适配器", "The account has no adapter connected now"),
        Refusal::Unanswered => say!(lang, "适配器没有回音，不知道做了没有", "The adapter never said whether it did it"),
        Refusal::NoRestart(account) => say!(
            lang,
            "配置里没有写怎样重启 {account} 的适配器：在 config.toml 加 [[onebot.restart]]，例如 command = [\"systemctl\", \"restart\", \"napcat\"]",
            "The configuration does not say how to restart the adapter of {account}: add [[onebot.restart]] to config.toml, for example command = [\"systemctl\", \"restart\", \"napcat\"]",
        ),
        Refusal::Restarting => say!(lang, "已经在重启了，等它结束", "It is being restarted already; wait for the end"),
        Refusal::Restart(RestartFault::NotStarted(words)) => {
            let words = quoted(words);
            say!(
                lang,
                "重启适配器的命令没能运行：{words}",
                "The command that restarts the adapter did not start: {words}"
            )
        }
        Refusal::Restart(RestartFault::Failed(Some(status))) => say!(
            lang,
            "重启适配器的命令失败，退出码 {status}；它说的话在日志里",
            "The command that restarts the adapter failed with status {status}; what it said is in the log",
        ),
        Refusal::Restart(RestartFault::Failed(None)) => {
            say!(lang, "重启适配器的命令被信号终止", "The command that restarts the adapter was ended by a signal")
        }
        Refusal::Restart(RestartFault::TimedOut) => say!(
            lang,
            "重启适配器的命令超时，已被终止（onebot.restart.timeout）",
            "The command that restarts the adapter took too long and was killed (onebot.restart.timeout)",
        ),
        Refusal::TooLarge(most) => say!(lang, "太大了：最多 {most} 字节", "Too large: {most} bytes at most"),
        Refusal::Not(words) => {
            let words = quoted(words);
            say!(lang, "现在不行：{words}", "Not now: {words}")
        }
        Refusal::ShuttingDown => say!(lang, "机器人正在停止", "The bot is stopping"),
    }
}

/// The same where only its beginning may be seen: why comes first.
pub fn refusal_first(refusal: &Refusal, lang: Lang) -> String {
    match refusal {
        Refusal::Config(trouble) => {
            let lines = lang.pick(&trouble.zh, &trouble.en).lines().map(|line| one_line(line, 400));
            let words = lines.collect::<Vec<_>>().join("\n");
            say!(lang, "{words}；配置没有改", "{words}; the configuration was not changed")
        }
        other => self::refusal(other, lang),
    }
}

/// "…, perhaps X?" behind an unknown name; empty where nothing is near.
pub(super) fn nearest_words(nearest: Option<&str>, lang: Lang) -> String {
    match nearest {
        None => String::new(),
        Some(nearest) => {
            let nearest = quoted(nearest);
            say!(lang, "，是不是 {nearest}？", "; did you mean {nearest}?")
        }
    }
}

/// The same at the end of a sentence that others follow.
pub(super) fn nearest_stop(nearest: Option<&str>, lang: Lang) -> String {
    match nearest {
        None => say!(lang, "。", "."),
        Some(_) => nearest_words(nearest, lang),
    }
}

/// A role.
pub fn role(role: Role, lang: Lang) -> String {
    match role {
        Role::Viewer => say!(lang, "观察员", "viewer"),
        Role::Operator => say!(lang, "操作员", "operator"),
        Role::Admin => say!(lang, "管理员", "admin"),
    }
}

/// Who answers in a chat.
pub fn mode(mode: Mode, lang: Lang) -> String {
    match mode {
        Mode::Auto => say!(lang, "自动", "auto"),
        Mode::Draft => say!(lang, "审批", "draft"),
        Mode::Manual => say!(lang, "人工", "manual"),
        Mode::Muted => say!(lang, "静音", "muted"),
    }
}
