//! What an operator did, as the record of it is read: a short sentence a command, a word or two for how it ended.

use super::{Lang, mode, one_line, span, who};
use crate::domain::{AccessId, ChatRef, Command, Peer, ProviderSwitch};

/// Longest quotation of what an operator wrote, in characters.
const QUOTE: usize = 400;

/// What was done. `name` tells how a chat is called; an id that names no chat is told as a number.
pub fn deed(command: &Command, name: &dyn Fn(ChatRef) -> Option<String>, lang: Lang) -> String {
    let words = Words { name, lang };
    let (zh, en, rest) = words.of(command);
    let verb = lang.pick(zh, en);
    if rest.is_empty() { verb.to_owned() } else { format!("{verb} {rest}") }
}

struct Words<'n> {
    name: &'n dyn Fn(ChatRef) -> Option<String>,
    lang: Lang,
}

impl Words<'_> {
    /// The verb in both languages, and what stands behind it.
    fn of(&self, command: &Command) -> (&'static str, &'static str, String) {
        let lang = self.lang;
        let join = |pieces: &[String]| pieces.iter().filter(|p| !p.is_empty()).cloned().collect::<Vec<_>>().join(" ");
        let chat = |chat: &ChatRef| self.chat(*chat);
        let during = |d: &Option<std::time::Duration>| d.map_or_else(String::new, |d| span(d, lang));
        let configured = |name: &Option<String>| match name {
            Some(name) => one_line(name, QUOTE),
            None => say!(lang, "按配置", "as configured"),
        };
        match command {
            Command::Send { chat: c, text, .. } => ("发送", "send", join(&[chat(c), quote(text)])),
            Command::Ask { chat: c, text } => ("代问", "ask", join(&[chat(c), quote(text)])),
            Command::Answer { chat: c, line } => ("回答", "answer", join(&[chat(c), number(*line)])),
            Command::Retry { chat: c, line } => ("重写", "write again", join(&[chat(c), number(*line)])),
            Command::Allow { id, during: d, answer } => {
                let too = if *answer { say!(lang, "并回答", "and answer") } else { String::new() };
                ("放行", "let in", join(&[self.id(*id), during(d), too]))
            }
            Command::Deny { id } => ("取消放行", "let in no more", self.id(*id)),
            Command::Block { id, during: d } => ("屏蔽", "block", join(&[self.id(*id), during(d)])),
            Command::Unblock { id } => ("解除屏蔽", "unblock", self.id(*id)),
            Command::Set { chat: c, key, value } => {
                ("设置", "set", format!("{} {} = {}", chat(c), one_line(key, QUOTE), one_line(value, QUOTE)))
            }
            Command::Unset { chat: c, key } => ("去掉设置", "unset", join(&[chat(c), one_line(key, QUOTE)])),
            Command::Mode { chat: c, mode: m, during: d } => {
                let mode = m.map_or_else(|| configured(&None), |m| mode(m, lang));
                ("模式", "mode", join(&[chat(c), mode, during(d)]))
            }
            Command::Persona { chat: c, name } => ("人设", "persona", join(&[chat(c), configured(name)])),
            Command::Model { chat: c, provider } => ("模型", "model", join(&[chat(c), configured(provider)])),
            Command::New { chat: c } => ("忘掉前面的话", "forget what was said", chat(c)),
            Command::Stop { chat: c } => ("停下回答", "stop the answer", chat(c)),
            Command::Approve { item, text } => {
                let text = text.as_deref().map_or_else(String::new, quote);
                ("通过草稿", "approve", join(&[format!("#{item}"), text]))
            }
            Command::Reject { item } => ("不要待办", "drop", format!("#{item}")),
            Command::Accept { item } => ("同意请求", "accept request", format!("#{item}")),
            Command::Refuse { item, reason } => {
                ("拒绝请求", "refuse request", join(&[format!("#{item}"), quote(reason)]))
            }
            Command::Recall { chat: c, line } => ("撤回", "recall", join(&[chat(c), number(Some(*line))])),
            Command::Correct { chat: c, line, text } => {
                ("改正", "correct", join(&[chat(c), number(Some(*line)), quote(text)]))
            }
            Command::Claim { chat: c } => ("认领", "claim", chat(c)),
            Command::Release { chat: c } => ("放开认领", "release", chat(c)),
            Command::Remember { .. } => ("记下界面", "remember the screen", String::new()),
            Command::Provider { name, to } => {
                let to = match to {
                    ProviderSwitch::On => say!(lang, "打开", "on"),
                    ProviderSwitch::Off => say!(lang, "关闭", "off"),
                    ProviderSwitch::Unload => say!(lang, "卸下模型", "unload"),
                    ProviderSwitch::Reset => say!(lang, "再试", "try again"),
                };
                ("模型服务", "provider", join(&[one_line(name, QUOTE), to]))
            }
            Command::RestartAdapter { account } => ("重启适配器", "restart the adapter of", account.to_string()),
            Command::Resume { chat: c } => ("恢复发送", "resume", chat(c)),
            Command::Word { word, add: true } => ("加屏蔽词", "forbid the word", quote(word)),
            Command::Word { word, add: false } => ("删屏蔽词", "allow the word", quote(word)),
            Command::Note { chat: c, text } => ("备注", "note", join(&[chat(c), quote(text)])),
            Command::Ack { alert } => ("确认告警", "acknowledge alert", format!("#{alert}")),
            Command::Silence { rule, labels, during, reason } => {
                let for_long = span(*during, lang);
                ("静默", "silence", join(&[subject(rule, labels), for_long, quote(reason)]))
            }
            Command::Unsilence { rule, labels } => ("解除静默", "end the silence of", subject(rule, labels)),
            Command::TestNotify => ("发测试通知", "test notifications", String::new()),
            Command::Reload => ("重读配置", "reload", String::new()),
            Command::Shutdown => ("停机", "stop the bot", String::new()),
        }
    }

    fn chat(&self, chat: ChatRef) -> String {
        match ((self.name)(chat), chat.peer) {
            (Some(name), _) => one_line(&name, QUOTE),
            (None, Peer::Group(group)) => who(AccessId::Group(group), self.lang),
            (None, Peer::Private(user)) => who(AccessId::Person(user), self.lang),
        }
    }

    fn id(&self, id: AccessId) -> String {
        let peer = match id {
            AccessId::Group(group) => Peer::Group(group),
            AccessId::Person(user) => Peer::Private(user),
        };
        self.chat(ChatRef { peer, account: None })
    }
}

fn quote(text: &str) -> String {
    let text = one_line(text, QUOTE);
    if text.is_empty() { text } else { format!("“{text}”") }
}

fn number(line: Option<crate::domain::Seq>) -> String {
    line.map_or_else(String::new, |line| format!("#{line}"))
}

fn subject(rule: &str, labels: &[(String, String)]) -> String {
    let rule = one_line(rule, QUOTE);
    let labels: Vec<String> = labels.iter().map(|(k, v)| format!("{}={}", one_line(k, 60), one_line(v, 60))).collect();
    if labels.is_empty() { rule } else { format!("{rule}{{{}}}", labels.join(",")) }
}

/// How it ended, of the record's code; a code that is not known stands as it is.
pub fn deed_result(code: &str, lang: Lang) -> String {
    let (zh, en) = match code {
        "ok" => ("成功", "ok"),
        "already" => ("本来如此", "as before"),
        "role" => ("没有权限", "not permitted"),
        "account" => ("哪个账号", "which account"),
        "no_account" => ("没有账号", "no account"),
        "unknown_account" => ("没有此账号", "no such account"),
        "not_in_group" => ("不在群里", "not in group"),
        "unknown_chat" => ("没有此会话", "no such chat"),
        "unknown_item" => ("没有此待办", "no such item"),
        "unknown_alert" => ("没有此告警", "no such alert"),
        "unknown_rule" => ("没有此规则", "no such rule"),
        "too_long" => ("时间太长", "too long"),
        "no_destination" => ("没有去向", "no destination"),
        "wrong_item" => ("不是这一类", "another kind"),
        "unknown_line" => ("没有此消息", "no such line"),
        "no_group" => ("私聊不能@", "no group"),
        "unknown_provider" => ("没有此模型", "no such model"),
        "unknown_persona" => ("没有此人设", "no such persona"),
        "not_unloadable" => ("不能卸下", "no ollama"),
        "is_admin" => ("是管理员", "is an admin"),
        "is_ours" => ("是机器人", "is the bot"),
        "changed" => ("刚被改过", "changed by then"),
        "config" => ("配置没改", "not written"),
        "nothing" => ("无事可做", "nothing to do"),
        "on_its_way" => ("还在发送", "being sent"),
        "no_link" => ("没有连接", "no link"),
        "unanswered" => ("没有回音", "no answer"),
        "no_restart" => ("没配重启", "no restart set"),
        "restarting" => ("已在重启", "is restarting"),
        "restart_failed" => ("重启失败", "restart failed"),
        "too_large" => ("太大", "too large"),
        "not_now" => ("现在不行", "not now"),
        "shutting_down" => ("正在停机", "stopping"),
        other => return one_line(other, QUOTE),
    };
    lang.pick(zh, en).to_owned()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::{GroupId, ItemId, Mode, SelfId, Seq};

    fn said(command: &Command, lang: Lang) -> String {
        let name = |chat: ChatRef| (chat.peer == Peer::Group(GroupId(1))).then(|| "测试群".to_owned());
        deed(command, &name, lang)
    }

    #[test]
    fn deeds_are_short_sentences_that_name_the_chat() {
        let chat = ChatRef { peer: Peer::Group(GroupId(1)), account: Some(SelfId(9)) };
        let during = Some(Duration::from_secs(3600));
        for (command, zh, en) in [
            (
                Command::Send { chat, text: "好\n的".into(), quote: None, at: Vec::new() },
                "发送 测试群 “好 的”",
                "send 测试群 “好 的”",
            ),
            (
                Command::Mode { chat, mode: Some(Mode::Muted), during },
                "模式 测试群 静音 1 小时",
                "mode 测试群 muted 1 h",
            ),
            (Command::Mode { chat, mode: None, during: None }, "模式 测试群 按配置", "mode 测试群 as configured"),
            (Command::Answer { chat, line: Some(Seq(7)) }, "回答 测试群 #7", "answer 测试群 #7"),
            (
                Command::Allow { id: AccessId::Group(GroupId(1)), during: None, answer: true },
                "放行 测试群 并回答",
                "let in 测试群 and answer",
            ),
            (Command::Deny { id: AccessId::Group(GroupId(2)) }, "取消放行 群 2", "let in no more group 2"),
            (Command::Approve { item: ItemId(4), text: None }, "通过草稿 #4", "approve #4"),
            (Command::Shutdown, "停机", "stop the bot"),
        ] {
            assert_eq!((said(&command, Lang::Zh).as_str(), said(&command, Lang::En).as_str()), (zh, en));
        }
    }

    #[test]
    fn what_an_operator_wrote_moves_no_cursor() {
        let chat = ChatRef { peer: Peer::Group(GroupId(1)), account: None };
        let words = said(&Command::Note { chat, text: "a\u{1b}[2Jb".into() }, Lang::En);
        assert!(!words.contains('\u{1b}') && words.starts_with("note 测试群 “"), "{words}");
    }

    #[test]
    fn every_code_has_its_words_and_they_fit_the_column() {
        let source = include_str!("../domain/command.rs");
        let (_, body) = source.split_once("pub fn code(&self)").unwrap();
        let codes: Vec<&str> = body.lines().filter_map(|l| l.split_once("=> \"")?.1.strip_suffix("\",")).collect();
        assert!(codes.len() > 25, "{codes:?}");
        for code in codes.into_iter().chain(["ok", "already"]) {
            for lang in [Lang::Zh, Lang::En] {
                let words = deed_result(code, lang);
                assert!(code == "ok" || words != code, "{code}");
                assert!(unicode_width::UnicodeWidthStr::width(words.as_str()) <= 15, "{words}");
            }
        }
        assert_eq!(deed_result("later", Lang::Zh), "later");
    }
}
