//! The verbs of `ctl`: one table from which the command line, its help, the dispatch and `docs/ctl.md` are made.

use crate::domain::Role;
use crate::words::Lang;

/// How an argument is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A word in its place.
    Needed,
    /// A word in its place, or nothing.
    Optional,
    /// All words that follow, joined by blanks.
    Rest,
    /// `--name VALUE`, with what the value is called in the help.
    Option(&'static str),
    /// `--name`.
    Flag,
}

/// An argument of a verb.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argument {
    /// Its name: on the wire, in `--name`, and in capitals in its place.
    pub name: &'static str,
    /// How it is written.
    pub form: Form,
    /// What it means, in Chinese.
    pub zh: &'static str,
    /// What it means, in English.
    pub en: &'static str,
}

impl Argument {
    /// What it means.
    pub fn words(&self, lang: Lang) -> &'static str {
        lang.pick(self.zh, self.en)
    }

    /// As the help writes it: `CHAT`, `[MSG]`, `TEXT…`, `[--for TIME]`.
    pub fn shown(&self) -> String {
        let name = self.name.to_ascii_uppercase();
        match self.form {
            Form::Needed => name,
            Form::Optional => format!("[{name}]"),
            Form::Rest => format!("{name}…"),
            Form::Option(value) => format!("[--{} {value}]", self.name),
            Form::Flag => format!("[--{}]", self.name),
        }
    }
}

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Which.
    pub verb: Verb,
    /// What is typed.
    pub name: &'static str,
    /// What may be typed instead.
    pub alias: Option<&'static str>,
    /// The least role; the engine checks commands again.
    pub role: Role,
    /// What it does, in Chinese.
    pub zh: &'static str,
    /// What it does, in English.
    pub en: &'static str,
    /// Its arguments, in their order.
    pub arguments: &'static [Argument],
}

impl Entry {
    /// What it does.
    pub fn words(&self, lang: Lang) -> &'static str {
        lang.pick(self.zh, self.en)
    }

    /// As the help writes it: `allow ID [--for TIME] [--answer]`.
    pub fn shown(&self) -> String {
        let mut line = self.name.to_owned();
        for argument in self.arguments {
            line.push(' ');
            line.push_str(&argument.shown());
        }
        line
    }
}

/// The row of a name or an alias.
pub fn find(name: &str) -> Option<&'static Entry> {
    TABLE.iter().find(|e| e.name == name || e.alias == Some(name))
}

/// The nearest name to one that does not exist.
pub fn nearest(name: &str) -> Option<&'static str> {
    super::near::nearest(name, TABLE.iter().map(|e| e.name))
}

const CHAT: Argument = Argument {
    name: "chat",
    form: Form::Needed,
    zh: "会话：private:QQ号 或 group:群号，多个账号时后面加 @机器人QQ号",
    en: "the chat: private:UID or group:GID, with @SELF behind it when several accounts serve",
};
const ID: Argument =
    Argument { name: "id", form: Form::Needed, zh: "person_QQ号 或 group_群号", en: "person_UID or group_GID" };
const ITEM: Argument =
    Argument {
        name: "item", form: Form::Needed, zh: "待办的编号，见 attention", en: "its number, see `attention`"
    };
const TEXT: Argument = Argument { name: "text", form: Form::Rest, zh: "文字", en: "the words" };
const FOR: Argument = Argument {
    name: "for",
    form: Form::Option("TIME"),
    zh: "持续多久，例如 30m、2h、1d；不写就一直有效",
    en: "for how long, for example 30m, 2h, 1d; without it for good",
};
const LIMIT: Argument = Argument { name: "limit", form: Form::Option("N"), zh: "最多几条", en: "so many at most" };
const IN_CHAT: Argument =
    Argument { name: "chat", form: Form::Option("CHAT"), zh: "只看这个会话", en: "in this chat only" };

const fn needed(name: &'static str, zh: &'static str, en: &'static str) -> Argument {
    Argument { name, form: Form::Needed, zh, en }
}

const fn optional(name: &'static str, zh: &'static str, en: &'static str) -> Argument {
    Argument { name, form: Form::Optional, zh, en }
}

const fn option(name: &'static str, value: &'static str, zh: &'static str, en: &'static str) -> Argument {
    Argument { name, form: Form::Option(value), zh, en }
}

/// Makes the enum and the table from one list, so that neither can miss a verb.
macro_rules! verbs {
    ($($verb:ident $name:literal $(/ $alias:literal)? $role:ident [$($argument:expr),*] $zh:literal, $en:literal;)*) => {
        /// A verb.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Verb {
            $(#[doc = $en] $verb,)*
        }

        /// All verbs, in the order of the help.
        pub const TABLE: &[Entry] = &[$(Entry {
            verb: Verb::$verb,
            name: $name,
            alias: verbs!(@alias $($alias)?),
            role: Role::$role,
            zh: $zh,
            en: $en,
            arguments: &[$($argument),*],
        },)*];
    };
    (@alias) => { None };
    (@alias $alias:literal) => { Some($alias) };
}

verbs! {
    Status "status" Viewer [] "总览：账号、模型、计数、延迟", "the overview: accounts, providers, counters, latency";
    Accounts "accounts" Viewer [] "机器人的 QQ 账号", "the bot's QQ accounts";
    Chats "chats" Viewer [] "会话", "the chats";
    Attention "attention" / "items" Viewer [] "等人处理的事", "what waits for a human";
    Drafts "drafts" Viewer [] "等待审批的回复", "replies that wait for approval";
    Requests "requests" Viewer [] "好友和入群请求", "friend and group requests";
    Providers "providers" Viewer [] "模型服务", "the model providers";
    History "history" Viewer [
        CHAT,
        option("since", "TIME", "从何时起：2h、2025-11-21、2025-11-21T23:00", "from then on: 2h, 2025-11-21, 2025-11-21T23:00"),
        option("until", "TIME", "到何时为止", "until then"),
        LIMIT
    ] "一个会话的记录", "what was said in a chat";
    Search "search" Viewer [TEXT, IN_CHAT, LIMIT] "搜索聊天记录", "search what was said";
    Export "export" Operator [
        needed("what", "会话，或 audit（审计记录）、metrics（现在的指标）", "a chat, audit, or metrics: the figures as they are now"),
        option("format", "SHAPE", "md（默认）、csv、txt 或 jsonl", "md (the default), csv, txt or jsonl"),
        option("since", "TIME", "从何时起：2h、2025-11-21、2025-11-21T23:00", "from then on: 2h, 2025-11-21, 2025-11-21T23:00"),
        option("until", "TIME", "到何时为止", "until then")
    ] "导出聊天记录、审计或指标：ctl 写到标准输出，控制台存成文件", "export a chat, the audit or the figures: ctl prints it, the console saves a file";
    Why "why" Viewer [CHAT, optional("message", "消息编号，或 last", "the message's number, or last")]
        "为什么回或不回一条消息", "why a message was or was not answered";
    Prompt "prompt" Viewer [CHAT, needed("message", "回复（或它的问题）的编号", "the number of a reply, or of its question")]
        "模型写这条回复时看到了什么", "what the model was shown for a reply";
    Tail "tail" Viewer [IN_CHAT] "实时看消息，Ctrl-C 结束", "follow what is said, until Ctrl-C";
    Logs "logs" Viewer [
        option("level", "LEVEL", "只看这一级以上：error、warn、info、debug、trace", "only lines that matter so much: error, warn, info, debug, trace"),
        LIMIT,
        Argument { name: "follow", form: Form::Flag, zh: "接着实时看，Ctrl-C 结束", en: "then follow what is logged, until Ctrl-C" }
    ] "程序自己的日志，最近的在最后", "the program's own log, the newest line last";
    Usage "usage" Viewer [
        option("by", "WHAT", "按 provider（默认）、chat、user 或 day 合计", "summed by provider (the default), chat, user or day"),
        option("days", "N", "最近几天，默认 1（今天）", "the last so many days; 1, the default, is today")
    ] "用量和费用", "tokens and money";
    Get "get" Viewer [CHAT, optional("key", "只看这一项", "this one only")] "一个会话的现状", "how a chat stands";
    Set "set" Admin [CHAT, needed("setting", "键=值，例如 reply.at_sender=true；只写键= 就删掉，按上一级的来", "KEY=VALUE, for example reply.at_sender=true; KEY= takes it out again")]
        "改一个会话的设置（写入配置文件）", "change a setting of a chat (in the configuration file)";
    Send "send" Operator [
        CHAT,
        TEXT,
        option("quote", "N", "引用这条消息（编号见 history）", "quote this message, by its number as in `history`"),
        option("at", "UID", "在群里@这些人，QQ号用逗号隔开", "call these members by @, numbers with commas between")
    ] "以机器人的名义说话；自动的会话转人工一阵子（reply.manual_returns）", "say this in the bot's name; a chat in auto turns to manual for reply.manual_returns";
    Ask "ask" Operator [CHAT, TEXT] "替对方问模型，并把回答发出去", "put a question to the chat's model and deliver the answer";
    Answer "answer" Operator [CHAT, optional("message", "消息编号，不写就是最后一条", "the message's number; without it the last one")]
        "回答一条没回的消息", "answer a message that was ignored";
    Retry "retry" Operator [CHAT, optional("message", "回复或问题的编号，不写就是最后一条", "the number of the reply or the question; without it the last one")]
        "重写一个回答", "write an answer again";
    Correct "correct" Operator [CHAT, needed("message", "我们发出的消息编号", "the number of a message of ours"), TEXT]
        "改正一条回复：撤回原来的，发出新的", "say something else instead of a reply: it is taken back";
    Claim "claim" Operator [CHAT] "认领会话 120 秒：模型的回答只作建议", "claim a chat for 120 s: the model only suggests";
    Release "release" Operator [CHAT] "放开认领", "end the claim";
    Stop "stop" Operator [CHAT] "停下正在写的回答", "stop the answer being written";
    New "new" Operator [CHAT] "忘掉前面的话", "forget what was said here";
    Recall "recall" Operator [CHAT, needed("message", "我们发出的消息编号", "the number of a message of ours")]
        "撤回我们的一条消息", "take a message of ours back";
    Mode "mode" Operator [CHAT, needed("mode", "auto、draft、manual、muted，或 config（按配置）", "auto, draft, manual, muted, or config (as configured)"), FOR]
        "谁来回答：自动、审批、人工、静音", "who answers: the bot, after approval, a human, nobody";
    Persona "persona" Operator [CHAT, optional("name", "人设名，不写就按配置", "its name; without it as configured")]
        "换人设", "change the persona";
    Model "model" Operator [CHAT, optional("name", "模型服务名，不写就按配置", "the provider's name; without it as configured")]
        "换模型", "change the model";
    Resume "resume" Operator [CHAT] "恢复暂停的发送", "send again to a paused chat";
    Note "note" Operator [CHAT, TEXT] "给会话写备注", "keep a note on a chat";
    Approve "approve" Operator [ITEM, option("text", "TEXT", "改成这样再发", "send these words instead")]
        "通过一条草稿并发送", "approve a draft and send it";
    Reject "reject" Operator [ITEM] "丢弃一条草稿或待办", "drop a draft or another waiting thing";
    Accept "accept" Admin [ITEM] "同意一个请求", "let a request in";
    Refuse "refuse" Admin [ITEM, option("reason", "TEXT", "附上一句话", "a word along with it")] "拒绝一个请求", "refuse a request";
    Allow "allow" Admin [ID, FOR, Argument {
        name: "answer",
        form: Form::Flag,
        zh: "同时回答最后一条因为没放行而没回的消息",
        en: "also answer the last message that was refused for want of access"
    }] "放行", "let in";
    Deny "deny" Admin [ID] "取消放行", "let in no more";
    Block "block" Admin [ID, FOR] "屏蔽", "block";
    Unblock "unblock" Admin [ID] "解除屏蔽", "unblock";
    Provider "provider" Admin [
        needed("name", "模型服务名", "its name"),
        needed("to", "on、off、unload 或 reset", "on, off, unload or reset")
    ] "开关模型服务、卸载模型、清除故障", "switch a provider, unload its model, forget its failures";
    RestartAdapter "restart-adapter" Admin [needed("account", "机器人的 QQ 号", "the account's number")]
        "重启一个账号的适配器（要先配置 [[onebot.restart]]）", "restart an account's adapter (as [[onebot.restart]] says)";
    Word "word" Admin [needed("to", "add 或 rm", "add or rm"), needed("word", "屏蔽词", "the word")]
        "增删屏蔽词", "add or remove a forbidden word";
    Audit "audit" Operator [LIMIT] "谁做了什么", "who did what";
    Sessions "sessions" / "diag" Viewer [] "谁连着", "who is connected";
    Kick "kick" Admin [needed("session", "编号，见 sessions", "its number, see `sessions`")]
        "结束一个会话；机器人不受影响", "end a session; the bot is not affected";
    Alerts "alerts" Viewer [option("history", "N", "连同过去的，最近几条", "the last so many, also those that are over")]
        "告警：在报的、观察中的、刚恢复的，和静默", "alerts: what fires, what may, what is over, and silences";
    Ack "ack" Operator [needed("alert", "告警的编号，见 alerts", "its number, see `alerts`")]
        "确认告警：不再重复通知，恢复时照样通知", "acknowledge an alert: it is not told again, its end is";
    Silence "silence" Operator [
        needed("rule", "规则名，可带范围，例如 vram_high 或 ws_disconnected{account=10001}", "a rule, of some alone where wanted: vram_high, ws_disconnected{account=10001}"),
        needed("time", "多久，最长 7d", "for how long, 7d at most"),
        optional("reason", "为什么", "why")
    ] "静默一条规则：照样判断和显示，谁也不通知", "silence a rule: judged and shown, told to nobody";
    Unsilence "unsilence" Operator [needed("rule", "规则名，写法同 silence", "the rule, as for `silence`")]
        "解除静默", "end a silence";
    Notify "notify" Admin [needed("what", "test", "test")] "给每个去向发一条测试通知", "send a test to every destination";
    Reload "reload" Admin [] "重新读配置文件", "read the configuration again";
    Shutdown "shutdown" Admin [] "做完手上的事，然后停下", "finish what is begun, then stop";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_one_word_each_and_unlike() {
        let mut names: Vec<_> = TABLE.iter().flat_map(|e| [Some(e.name), e.alias]).flatten().collect();
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all);
        for entry in TABLE {
            let mut seen: Vec<_> = entry.arguments.iter().map(|a| a.name).collect();
            seen.sort_unstable();
            seen.dedup();
            assert_eq!(seen.len(), entry.arguments.len(), "{}", entry.name);
            assert!(entry.zh.chars().any(|c| c > '\u{4e00}') && entry.en.is_ascii(), "{}", entry.name);
            for a in entry.arguments {
                assert!(a.en.is_ascii(), "{} {}", entry.name, a.name);
            }
        }
    }

    #[test]
    fn a_slip_of_the_finger_finds_its_verb() {
        assert_eq!(nearest("stauts"), Some("status"));
        assert_eq!(nearest("alow"), Some("allow"));
        assert_eq!(nearest("xyzzy"), None);
        assert_eq!(find("items").map(|e| e.verb), Some(Verb::Attention));
    }

    #[test]
    fn the_help_writes_arguments_as_they_are_typed() {
        assert_eq!(find("allow").map(Entry::shown).as_deref(), Some("allow ID [--for TIME] [--answer]"));
        assert_eq!(find("send").map(Entry::shown).as_deref(), Some("send CHAT TEXT… [--quote N] [--at UID]"));
    }
}
