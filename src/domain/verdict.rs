//! Why the bot did or did not answer. An enum with parameters here; words only at the reader, in the reader's language.

use serde::{Deserialize, Serialize};

use super::AccessId;

/// The gates, in the order in which a message meets them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// Said by an account that we serve, or nothing was said.
    Own,
    /// The block lists.
    Blocked,
    /// Commands typed in chat.
    Slash,
    /// The access lists.
    Access,
    /// Whether it was meant for the bot.
    Trigger,
    /// Rates, quotas and the loop guard.
    Limits,
    /// Forbidden words.
    Moderation,
    /// The queue of its speaker.
    Queue,
}

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// A model is asked.
    Reply,
    /// A command is carried out.
    Command,
    /// Nothing is said.
    Ignore,
}

/// The decision, the gate that made it, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// What.
    pub decision: Decision,
    /// Where.
    pub gate: Gate,
    /// Why.
    pub reason: Reason,
}

impl Verdict {
    /// The bot answers.
    pub fn reply(gate: Gate, reason: Reason) -> Self {
        Self { decision: Decision::Reply, gate, reason }
    }

    /// A command.
    pub fn command(reason: Reason) -> Self {
        Self { decision: Decision::Command, gate: Gate::Slash, reason }
    }

    /// Silence.
    pub fn ignore(gate: Gate, reason: Reason) -> Self {
        Self { decision: Decision::Ignore, gate, reason }
    }
}

/// Why. Each has a sentence in every language, and where there is one, the configuration key that decided
/// ([`Reason::config_key`]) and the console key that changes it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Our own account or another that we serve.
    OwnAccount,
    /// Listed in `trigger.ignore_bots`.
    ListedBot,
    /// Nothing that a person said: an empty array, blanks, a bare quote.
    Nothing,
    /// A kind of message that we do not answer (guild, unknown).
    Unsupported(String),
    /// On a block list.
    Blocked(AccessId),
    /// A block with an end, set by an operator.
    BlockedUntil(AccessId, i64),
    /// A whitelist is in force and this is not on it.
    NotAllowed(AccessId),
    /// A command by its name.
    Slash(String),
    /// A command that the speaker's role may not use.
    SlashDenied(String),
    /// Private chats always trigger.
    Private,
    /// The bot was mentioned.
    Mentioned,
    /// A message of the bot was quoted.
    Quoted,
    /// One of the bot's names was called.
    Named(String),
    /// A prefix was used.
    Prefixed(String),
    /// A pattern matched, by its position in `trigger.regex`.
    Pattern(usize),
    /// `random` chose it.
    Random,
    /// `trigger.group` has `always`.
    Always,
    /// An operator asked the bot to answer it.
    Asked,
    /// Nothing called the bot.
    NotTriggered,
    /// The chat is muted.
    ChatMuted,
    /// Too many questions from this speaker.
    UserRate,
    /// Too many questions in this group.
    GroupRate,
    /// Too many questions in all.
    GlobalRate,
    /// The bot answered this peer too often in a row.
    LoopGuard,
    /// Today's tokens are used up.
    TokenQuota,
    /// Today's money is used up.
    CostQuota,
    /// A forbidden word, by its position in the list.
    Word(usize),
    /// The engine's queue is full.
    QueueFull,
    /// Said while we were away, longer ago than `catch_up`.
    WhileOffline,
    /// Joined to an earlier message of the same speaker.
    Merged,
    /// Handed to a human by one of `reply.handover_words`.
    Handover,
    /// The account may not speak in this group until then (seconds since 1970; `i64::MAX`: until further notice).
    BotMuted(i64),
}

impl Reason {
    /// A stable word for records and scripts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::OwnAccount => "own_account",
            Self::ListedBot => "listed_bot",
            Self::Nothing => "nothing",
            Self::Unsupported(_) => "unsupported",
            Self::Blocked(_) => "blocked",
            Self::BlockedUntil(..) => "blocked_until",
            Self::NotAllowed(_) => "not_allowed",
            Self::Slash(_) => "slash",
            Self::SlashDenied(_) => "slash_denied",
            Self::Private => "private",
            Self::Mentioned => "mentioned",
            Self::Quoted => "quoted",
            Self::Named(_) => "named",
            Self::Prefixed(_) => "prefixed",
            Self::Pattern(_) => "pattern",
            Self::Random => "random",
            Self::Always => "always",
            Self::Asked => "asked",
            Self::NotTriggered => "not_triggered",
            Self::ChatMuted => "chat_muted",
            Self::UserRate => "user_rate",
            Self::GroupRate => "group_rate",
            Self::GlobalRate => "global_rate",
            Self::LoopGuard => "loop_guard",
            Self::TokenQuota => "token_quota",
            Self::CostQuota => "cost_quota",
            Self::Word(_) => "word",
            Self::QueueFull => "queue_full",
            Self::WhileOffline => "while_offline",
            Self::Merged => "merged",
            Self::Handover => "handover",
            Self::BotMuted(_) => "bot_muted",
        }
    }

    /// The key of config.toml that decided, where one did.
    pub fn config_key(&self) -> Option<&'static str> {
        Some(match self {
            Self::ListedBot => "trigger.ignore_bots",
            Self::Blocked(AccessId::Person(_)) => "access.blocked_users",
            Self::Blocked(AccessId::Group(_)) => "access.blocked_groups",
            Self::NotAllowed(AccessId::Person(_)) => "access.users",
            Self::NotAllowed(AccessId::Group(_)) => "access.groups",
            Self::SlashDenied(_) => "commands.roles",
            Self::Mentioned | Self::Quoted | Self::Always | Self::NotTriggered => "trigger.group",
            Self::Named(_) => "trigger.names",
            Self::Prefixed(_) => "trigger.prefixes",
            Self::Pattern(_) => "trigger.regex",
            Self::Random => "trigger.random",
            Self::UserRate => "limits.per_user",
            Self::GroupRate => "limits.per_group",
            Self::GlobalRate => "limits.global",
            Self::LoopGuard => "limits.loop_guard",
            Self::TokenQuota => "limits.tokens_per_day",
            Self::CostQuota => "limits.cost_per_day",
            Self::Word(_) => "moderation.words",
            Self::QueueFull => "engine.queue",
            Self::WhileOffline => "onebot.catch_up",
            Self::Handover => "reply.handover_words",
            _ => return None,
        })
    }
}

/// How a message ended. Every message gets exactly one, and it is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A reply was sent.
    Replied,
    /// A notice was sent instead of an answer (all models failed, over a quota, a command's answer).
    Notice,
    /// Joined to another message.
    Merged(super::Seq),
    /// Nothing was to be said.
    Ignored,
    /// Something was ready and was held back: cancelled, rejected, recalled, muted.
    Suppressed,
    /// Sent, perhaps: the adapter never confirmed.
    Unknown,
    /// Too old to be worth sending.
    Expired,
    /// All attempts failed and no notice was due.
    Failed,
}

impl Outcome {
    /// A stable word for records and scripts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Replied => "replied",
            Self::Notice => "notice",
            Self::Merged(_) => "merged",
            Self::Ignored => "ignored",
            Self::Suppressed => "suppressed",
            Self::Unknown => "unknown",
            Self::Expired => "expired",
            Self::Failed => "failed",
        }
    }
}
