//! What the bot itself says in QQ: notices instead of answers, and the answers of chat commands.
//! The cause of a failure is never in here: it goes to operators only.

use std::time::Duration;

use super::answer::nearest_words;
use super::{Lang, mode, quoted, refusal, span, who};
use crate::config::CommandRole;
use crate::domain::{AccessId, Mode, Refusal};

/// A sentence of the bot in a chat.
#[derive(Debug, Clone, PartialEq)]
pub enum Notice {
    /// Every model failed.
    AnswerFailed,
    /// Over the rate; again in so many seconds.
    TooFast {
        /// Seconds, at least 1.
        seconds: u64,
    },
    /// Today's quota is used up.
    QuotaUsed,
    /// Somebody asked for a human, and humans were told.
    HandedOver,
    /// No model is configured or switched on.
    NoModel,
    /// Too many wait already.
    QueueFull,
    /// What can be typed here.
    Help {
        /// What commands begin with.
        prefix: String,
        /// Those that the asker may use, in this order.
        commands: Vec<ChatCommand>,
    },
    /// The conversation begins anew.
    NewDone,
    /// What was being written is stopped.
    Stopped,
    /// Nothing was being written.
    NothingToStop,
    /// The last answer is written again.
    Retrying,
    /// There is no last answer.
    NothingToRetry,
    /// Who answers here from now on.
    ModeSet {
        /// Who.
        mode: Mode,
        /// For how long.
        during: Option<Duration>,
    },
    /// Let in.
    Allowed {
        /// Whom.
        id: AccessId,
        /// For how long.
        during: Option<Duration>,
    },
    /// Let in no more.
    Denied {
        /// Whom.
        id: AccessId,
    },
    /// Kept out.
    Blocked {
        /// Whom.
        id: AccessId,
        /// For how long.
        during: Option<Duration>,
    },
    /// Kept out no more.
    Unblocked {
        /// Whom.
        id: AccessId,
    },
    /// Who the asker is to us.
    WhoAmI {
        /// The asker.
        id: AccessId,
        /// What they may do here.
        role: CommandRole,
        /// Nobody else is here: in a private chat a person may what a group's admins may there.
        private: bool,
    },
    /// How this chat stands.
    Status(ChatStatus),
    /// Another model from now on; `None`: as configured.
    ModelSet {
        /// Which.
        name: Option<String>,
    },
    /// The models there are.
    ModelList {
        /// Names.
        names: Vec<String>,
        /// The one in force here.
        current: Option<String>,
    },
    /// Another persona from now on; `None`: as configured.
    PersonaSet {
        /// Which.
        name: Option<String>,
    },
    /// The personas there are.
    PersonaList {
        /// Names.
        names: Vec<String>,
        /// The one in force here.
        current: Option<String>,
    },
    /// No such command.
    UnknownCommand {
        /// What was typed.
        name: String,
        /// The nearest that exists, prefix included.
        nearest: Option<String>,
    },
    /// The asker may not.
    NotAllowedCommand {
        /// What was typed.
        name: String,
        /// The least that may.
        needs: CommandRole,
    },
    /// A command without what it needs; how it is written, prefix included.
    Usage {
        /// For example `/mode auto|draft|manual|muted`.
        usage: String,
    },
    /// The engine refused a command.
    Refused(Refusal),
    /// The answer was cut by a limit or broke off after part of it had been sent. Put behind the text.
    CutMark,
}

/// How a chat stands, for the command `status`.
#[derive(Debug, Clone, PartialEq)]
pub struct ChatStatus {
    /// Who answers.
    pub mode: Mode,
    /// Which persona, where one is set.
    pub persona: Option<String>,
    /// Which provider is asked first, where there is one.
    pub provider: Option<String>,
    /// Messages that wait here.
    pub queued: usize,
    /// Tokens used today, over all.
    pub tokens_today: u64,
}

/// Commands that can be typed in chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ChatCommand {
    /// What can be typed.
    Help,
    /// Begin anew.
    New,
    /// Stop the answer.
    Stop,
    /// Answer again.
    Retry,
    /// Models.
    Model,
    /// Personas.
    Persona,
    /// How things stand.
    Status,
    /// Who I am.
    Whoami,
    /// Let in.
    Allow,
    /// Let in no more.
    Deny,
    /// Who answers here.
    Mode,
    /// Say nothing here.
    Mute,
    /// Keep out.
    Block,
}

impl ChatCommand {
    /// All of them, in the order of the help.
    pub const ALL: [Self; 13] = [
        Self::Help,
        Self::New,
        Self::Stop,
        Self::Retry,
        Self::Model,
        Self::Persona,
        Self::Status,
        Self::Whoami,
        Self::Allow,
        Self::Deny,
        Self::Mode,
        Self::Mute,
        Self::Block,
    ];

    /// The command of a name, as the engine's own table has it.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|command| command.name() == name)
    }

    /// What is typed behind the prefix.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Help => "help",
            Self::New => "new",
            Self::Stop => "stop",
            Self::Retry => "retry",
            Self::Model => "model",
            Self::Persona => "persona",
            Self::Status => "status",
            Self::Whoami => "whoami",
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Mode => "mode",
            Self::Mute => "mute",
            Self::Block => "block",
        }
    }

    /// What may follow the name.
    pub fn arguments(self) -> &'static str {
        match self {
            Self::Model | Self::Persona => "[NAME]",
            Self::Mode => "auto|draft|manual|muted [30m]",
            Self::Mute => "[30m]",
            Self::Allow | Self::Block => "ID|here|@ [30m]",
            Self::Deny => "ID|here|@",
            Self::Help | Self::New | Self::Stop | Self::Retry | Self::Status | Self::Whoami => "",
        }
    }

    /// What it does.
    pub fn words(self, lang: Lang) -> String {
        match self {
            Self::Help => say!(lang, "能用的命令", "what can be typed here"),
            Self::New => say!(lang, "忘掉前面的话，重新开始", "forget what was said and begin anew"),
            Self::Stop => say!(lang, "停下正在写的回答", "stop the answer being written"),
            Self::Retry => say!(lang, "重新回答上一个问题", "answer the last question again"),
            Self::Model => say!(lang, "看看或换一个模型", "show or change the model"),
            Self::Persona => say!(lang, "看看或换一个人设", "show or change the persona"),
            Self::Status => say!(lang, "这里的状态", "how this chat stands"),
            Self::Whoami => say!(lang, "我是谁、能做什么", "who I am and what I may do"),
            Self::Mode => {
                say!(lang, "谁来回答：自动、审批、人工、静音", "who answers: the bot, after approval, a human, nobody")
            }
            Self::Allow => say!(lang, "放行", "let in"),
            Self::Deny => say!(lang, "取消放行", "let in no more"),
            Self::Block => say!(lang, "屏蔽", "block"),
            Self::Mute => say!(lang, "这里先不说话", "say nothing here"),
        }
    }
}

impl Notice {
    /// The words to send. A table: one row a notice.
    pub fn words(&self, lang: Lang) -> String {
        match self {
            Self::AnswerFailed => say!(
                lang,
                "抱歉，刚才没能回答，请稍后再试。",
                "Sorry, I could not answer just now. Please try again later."
            ),
            Self::TooFast { seconds } => {
                let wait = span(std::time::Duration::from_secs(*seconds), lang);
                say!(lang, "问得有点快，请 {wait}后再试。", "A little too fast. Please try again in {wait}.")
            }
            Self::QuotaUsed => {
                say!(lang, "今天的额度用完了，明天再聊吧。", "Today's quota is used up. See you tomorrow.")
            }
            Self::HandedOver => {
                say!(lang, "好的，已经通知人工，请稍等。", "All right, a human has been told. One moment, please.")
            }
            Self::NoModel => say!(
                lang,
                "现在没有可用的模型，已经告诉管理员。",
                "No model is available now; the operators have been told."
            ),
            Self::QueueFull => {
                say!(lang, "现在问的人太多了，请稍后再试。", "Too many people are asking now. Please try again later.")
            }
            Self::Help { prefix, commands } => help(prefix, commands, lang),
            Self::NewDone => say!(lang, "好，我们重新开始。", "All right, let us begin anew."),
            Self::Stopped => say!(lang, "已停下。", "Stopped."),
            Self::NothingToStop => say!(lang, "现在没有在写回答。", "Nothing is being written now."),
            Self::Retrying => say!(lang, "好，重新回答。", "All right, once more."),
            Self::NothingToRetry => say!(lang, "还没有可以重新回答的问题。", "There is no question to answer again."),
            Self::ModeSet { mode: to, during } => {
                let (to, during) = (mode(*to, lang), lasting(*during, lang));
                say!(lang, "这里改为{to}{during}。", "The mode of this chat is now {to}{during}.")
            }
            Self::Allowed { id, during } => {
                let (who, during) = (who(*id, lang), lasting(*during, lang));
                say!(lang, "已放行 {who}{during}。", "Let in: {who}{during}.")
            }
            Self::Denied { id } => {
                let who = who(*id, lang);
                say!(lang, "已取消放行 {who}。", "Let in no more: {who}.")
            }
            Self::Blocked { id, during } => {
                let (who, during) = (who(*id, lang), lasting(*during, lang));
                say!(lang, "已屏蔽 {who}{during}。", "Blocked: {who}{during}.")
            }
            Self::Unblocked { id } => {
                let who = who(*id, lang);
                say!(lang, "已解除屏蔽 {who}。", "Unblocked: {who}.")
            }
            Self::WhoAmI { id, role: CommandRole::GroupAdmin, private: true } => {
                say!(lang, "你是 {id}，这里是你自己的私聊。", "You are {id}; this is your own private chat.")
            }
            Self::WhoAmI { id, role, .. } => {
                let role = standing(*role, lang);
                say!(lang, "你是 {id}，在这里是{role}。", "You are {id}; here you are {role}.")
            }
            Self::Status(status) => status.words(lang),
            Self::ModelSet { name: Some(name) } => {
                let name = quoted(name);
                say!(lang, "好，这里改用 {name}。", "All right, this chat now uses {name}.")
            }
            Self::ModelSet { name: None } => say!(lang, "好，模型按配置来。", "All right, the model is as configured."),
            Self::ModelList { names, current } => {
                let names = list(names, current.as_deref(), lang);
                say!(lang, "可用的模型：{names}", "Models: {names}")
            }
            Self::PersonaSet { name: Some(name) } => {
                let name = quoted(name);
                say!(lang, "好，这里的人设改为 {name}。", "All right, the persona here is now {name}.")
            }
            Self::PersonaSet { name: None } => {
                say!(lang, "好，人设按配置来。", "All right, the persona is as configured.")
            }
            Self::PersonaList { names, current } => {
                let names = list(names, current.as_deref(), lang);
                say!(lang, "可用的人设：{names}", "Personas: {names}")
            }
            Self::UnknownCommand { name, nearest } => {
                let (name, nearest) = (quoted(name), nearest_words(nearest.as_deref(), lang));
                say!(lang, "没有命令 {name}{nearest}", "There is no command {name}{nearest}")
            }
            Self::NotAllowedCommand { name, needs } => {
                let (name, needs) = (quoted(name), standing(*needs, lang));
                say!(lang, "{name} 只有{needs}能用。", "Only {needs} may use {name}.")
            }
            Self::Usage { usage } => {
                let usage = quoted(usage);
                say!(lang, "用法：{usage}", "Usage: {usage}")
            }
            Self::Refused(why) => refusal(why, lang),
            Self::CutMark => say!(lang, "……（没写完）", "… (cut off)"),
        }
    }
}

impl ChatStatus {
    fn words(&self, lang: Lang) -> String {
        let Self { queued, tokens_today, .. } = self;
        let mode = mode(self.mode, lang);
        let none = lang.pick("未设置", "none");
        let persona = self.persona.as_deref().map_or_else(|| none.to_owned(), quoted);
        let provider = self.provider.as_deref().map_or_else(|| none.to_owned(), quoted);
        say!(
            lang,
            "模式：{mode}\n人设：{persona}\n模型：{provider}\n排队：{queued}\n今日：{tokens_today} token",
            "Mode: {mode}\nPersona: {persona}\nModel: {provider}\nWaiting: {queued}\nToday: {tokens_today} tokens",
        )
    }
}

fn help(prefix: &str, commands: &[ChatCommand], lang: Lang) -> String {
    let prefix = quoted(prefix);
    let mut text = say!(lang, "可以这样用：", "You can type:");
    for command in commands {
        let (name, arguments, words) = (command.name(), command.arguments(), command.words(lang));
        let blank = if arguments.is_empty() { "" } else { " " };
        text.push_str(&say!(
            lang,
            "\n{prefix}{name}{blank}{arguments}：{words}",
            "\n{prefix}{name}{blank}{arguments}: {words}"
        ));
    }
    text
}

/// " for 30 min", where it ends.
fn lasting(during: Option<Duration>, lang: Lang) -> String {
    match during {
        None => String::new(),
        Some(during) => {
            let during = span(during, lang);
            say!(lang, "（{during}）", " for {during}")
        }
    }
}

fn standing(role: CommandRole, lang: Lang) -> String {
    match role {
        CommandRole::Anyone => say!(lang, "普通成员", "a member"),
        CommandRole::GroupAdmin => say!(lang, "群管理员", "a group admin"),
        CommandRole::Admin => say!(lang, "机器人管理员", "an admin of the bot"),
    }
}

fn list(names: &[String], current: Option<&str>, lang: Lang) -> String {
    if names.is_empty() {
        return say!(lang, "还没有", "none yet");
    }
    let mark = say!(lang, "（当前）", " (current)");
    let names: Vec<String> = names
        .iter()
        .map(|name| if Some(name.as_str()) == current { format!("{}{mark}", quoted(name)) } else { quoted(name) })
        .collect();
    names.join(lang.pick("、", ", "))
}
