//! What is remembered: the rows that the engine hands to the store, and what the store hands back.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    AccessId, Alert, AlertId, ConversationId, Decision, ItemId, JobId, MessageId, Outcome, PartId, Peer, Picture,
    Request, SelfId, Seq, Silence, Text, Tokens, Turn, UserId, Verdict, Wall,
};

/// Who a line is from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// Somebody in the chat.
    Person {
        /// QQ number.
        id: UserId,
        /// Card or nickname at that time.
        name: Text,
    },
    /// A model, through us.
    Bot,
    /// An operator, through us, by login name.
    Operator(Text),
    /// A notice of ours (a failure, a quota, the answer of a command): never shown to a model.
    Notice,
}

impl Author {
    /// Whether the line left from our account.
    pub fn is_ours(&self) -> bool {
        !matches!(self, Self::Person { .. })
    }
}

/// Where a reply stands on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartState {
    /// Ready, not yet handed over: safe to deliver after a restart.
    Generated,
    /// Committed as being sent: from here on it may have been seen.
    Sending,
    /// Confirmed by the adapter, or found in history.
    Sent,
    /// Never confirmed; not resent.
    Unknown,
    /// Definitely refused.
    Failed,
    /// Too old to send.
    Expired,
    /// Held back: an earlier part failed, the question was recalled, an operator said no.
    Suppressed,
}

impl PartState {
    /// A stable word for records and scripts.
    pub fn code(self) -> &'static str {
        match self {
            Self::Generated => "generated",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Unknown => "unknown",
            Self::Failed => "failed",
            Self::Expired => "expired",
            Self::Suppressed => "suppressed",
        }
    }

    /// Whether nothing more will happen by itself.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Generated | Self::Sending)
    }
}

/// How a reply came to be; shown with it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Making {
    /// The provider that answered.
    pub provider: Arc<str>,
    /// Its model.
    pub model: Arc<str>,
    /// From the message to the question leaving: queue, merge window, earlier attempts.
    pub queued: Duration,
    /// Loading the model, where the server says and there was something to load.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<Duration>,
    /// From the question to its first visible text.
    pub first_text: Option<Duration>,
    /// From the question to its end.
    pub total: Duration,
    /// Tokens.
    pub tokens: Tokens,
    /// Generation speed.
    pub tokens_per_second: Option<f32>,
    /// Money in the configured prices' currency.
    pub cost: f64,
    /// Cut by a limit or by a failure after text had left.
    pub cut: bool,
    /// From the answer cache.
    pub cached: bool,
    /// Messages of the window, and how many of its oldest were left out to fit.
    pub window: (u32, u32),
    /// The provider had refused it as too long: its real context is shorter than configured, and this is the shorter
    /// window.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub too_long: bool,
    /// The question to the model, by which its prompt is found. Means something in this process alone: numbers of
    /// jobs begin anew with each, so it is not kept.
    #[serde(skip)]
    pub job: JobId,
}

/// One line of a conversation: what a person said with its verdict, or what we said with its making.
/// The same shape in the store, in history pages, in the snapshot and in the engine's window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Its place in the order of everything.
    pub seq: Seq,
    /// Where.
    pub conversation: ConversationId,
    /// When we heard or said it.
    pub at: Wall,
    /// Who.
    pub author: Author,
    /// The words; pictures and the rest in brackets.
    pub text: Text,
    /// The adapter's id; `None` until it is known (ours), or where there is none.
    pub message: Option<MessageId>,
    /// The adapter's ids of its further messages, where it was said in several parts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<MessageId>,
    /// The message that this one quotes (heard) or answers (said), where known. A line of ours that names another
    /// of ours corrects it.
    pub answers: Option<Seq>,
    /// Pictures that a model might look at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pictures: Vec<Picture>,
    /// What the gates made of it (heard).
    pub verdict: Option<Verdict>,
    /// How it ended (heard); `None` while it waits.
    pub outcome: Option<Outcome>,
    /// How far it came (said): the least advanced of its parts, or the worst.
    pub delivery: Option<PartState>,
    /// How it was made (said by a model).
    pub making: Option<Arc<Making>>,
    /// Taken back by its author or an operator.
    pub recalled: bool,
}

impl Line {
    /// The line that it was merged into, if it was.
    pub fn merged_into(&self) -> Option<Seq> {
        if let Some(Outcome::Merged(head)) = self.outcome { Some(head) } else { None }
    }

    /// The same, to be answered by itself: what it was merged into was a duplicate and is not on record.
    pub fn unmerged(&self) -> Self {
        let verdict = self.verdict.clone().map(|verdict| Verdict { decision: Decision::Reply, ..verdict });
        Self { verdict, outcome: None, ..self.clone() }
    }
}

/// One row for the store. Rows of one batch are committed together or not at all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Row {
    /// A line heard. `dedupe` is unique within its conversation: the message id, or a hash of time,
    /// speaker and words where the adapter gave id 0. A conflict makes the line a duplicate, which is not kept;
    /// a line merged into a duplicate waits by itself, until the engine says what it is part of now.
    Heard {
        /// The line.
        line: Arc<Line>,
        /// Its key.
        dedupe: i64,
        /// Keep only the verdict and 80 characters, for 24 h: the chat is not allowed.
        trace: bool,
    },
    /// A line of ours.
    Said(Arc<Line>),
    /// A later verdict on a line heard.
    Judged(Seq, Verdict),
    /// The end of a line heard.
    Ended(Seq, Outcome),
    /// A line was taken back.
    Recalled(Seq),
    /// A part of a line of ours, before its first attempt.
    Part(Part),
    /// The next state of a part, and the adapter's id once it is known.
    PartState(PartId, PartState, Option<MessageId>),
    /// A conversation's own settings; replaces the former.
    Chat(ConversationId, Box<ChatState>),
    /// To be added to the day's books.
    Usage(Usage),
    /// An access rule with an end (or a lifted one); replaces the former of the same id and effect.
    Grant(Grant),
    /// Something that waits for a human.
    Item(ItemId, Box<Item>),
    /// It waits no more.
    ItemDone(ItemId),
    /// An alert; replaces the former of the same number. One that never fired leaves nothing.
    Alert(Box<Alert>),
    /// A silence (or a lifted one); replaces the former of the same rule and labels.
    Silence(Silence),
    /// An account has a link.
    Served {
        /// Which.
        account: SelfId,
        /// What it is called.
        name: Text,
        /// When.
        at: Wall,
    },
    /// Somebody did something.
    Audit(Audit),
    /// What an operator's console looked like; replaces the former.
    Screen {
        /// Whose.
        operator: Text,
        /// The console's own words.
        screen: String,
    },
    /// A clean stop: the last row of a session.
    CleanStop,
}

/// The unit of delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Its id.
    pub id: PartId,
    /// The line that it is a part of.
    pub line: Seq,
    /// Position, from 0.
    pub index: u16,
    /// Where to.
    pub conversation: ConversationId,
    /// What is sent, quote and mention included.
    pub action: super::Action,
    /// When it was ready: replies older than ten minutes expire.
    pub ready: Wall,
    /// How far.
    pub state: PartState,
}

/// Who answers in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The bot.
    #[default]
    Auto,
    /// The bot, after an operator approved.
    Draft,
    /// An operator; the bot suggests.
    Manual,
    /// Nobody.
    Muted,
}

impl Mode {
    /// The name in configuration, commands and records.
    pub fn code(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Draft => "draft",
            Self::Manual => "manual",
            Self::Muted => "muted",
        }
    }
}

/// What operators and members changed in one conversation; `None` follows the configuration.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ChatState {
    /// The group's name or the person's nickname, newest known.
    pub name: Text,
    /// Who answers, and until when where it ends.
    pub mode: Option<(Mode, Option<Wall>)>,
    /// Persona by name.
    pub persona: Option<String>,
    /// Provider by name.
    pub provider: Option<String>,
    /// Lines up to here are not shown to a model (`/new`, idle).
    pub forgotten: Seq,
    /// Our account is muted here until then.
    pub bot_muted: Option<Wall>,
    /// Sending is paused after three failures, until an operator or a success resumes it.
    pub paused: bool,
    /// An operator's note.
    pub note: String,
    /// Grows with each change that somebody asked for; commands carry the version they saw.
    pub version: u64,
    /// Who asked for the last one: an operator by name, a member as `QQ 123`.
    pub by: Text,
}

/// One question's cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// Local day, in days since 1970.
    pub day: i32,
    /// Provider by name.
    pub provider: Arc<str>,
    /// Where.
    pub conversation: ConversationId,
    /// For whom; 0 for operators.
    pub user: UserId,
    /// Questions.
    pub asks: u32,
    /// Tokens read.
    pub input: u64,
    /// Of these, cached.
    pub cached: u64,
    /// Tokens written.
    pub output: u64,
    /// Money.
    pub cost: f64,
}

/// What a grant does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantEffect {
    /// Lets in.
    Allow,
    /// Keeps out.
    Block,
}

/// An access rule with an end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Whom.
    pub id: AccessId,
    /// What.
    pub effect: GrantEffect,
    /// Until when; in the past: lifted.
    pub until: Wall,
    /// By which operator.
    pub by: Text,
}

/// Something that waits for a human.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// Since when.
    pub since: Wall,
    /// Where, when it is about one chat.
    pub conversation: Option<ConversationId>,
    /// What.
    pub kind: ItemKind,
    /// When it ends by itself.
    pub expires: Option<Wall>,
}

/// What waits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemKind {
    /// A reply to approve, edit or reject.
    Draft {
        /// The message it answers.
        answers: Seq,
        /// What the model wrote.
        text: String,
        /// How.
        making: Arc<Making>,
        /// Kept because an operator talks in this chat: nobody has to act.
        suggestion: bool,
    },
    /// A friend or group request.
    Request(Request),
    /// A reply that may or may not have been delivered.
    Unknown {
        /// The line.
        line: Seq,
    },
    /// Somebody asked for a human.
    Handover {
        /// The message.
        line: Seq,
    },
    /// Messages that came while we were away.
    WhileOffline {
        /// How many.
        count: u32,
    },
    /// Conversations that were alive and whose history was not read after an absence: they were too many.
    Unread {
        /// Whose they are.
        account: SelfId,
        /// How many.
        chats: u32,
    },
    /// Our account was muted in this group.
    BotMuted,
    /// Our account is in this group no more.
    Removed,
    /// Sending to this chat is paused.
    Paused,
}

impl ItemKind {
    /// The message whose answer waits for an operator's word.
    pub fn drafted(&self) -> Option<Seq> {
        if let Self::Draft { answers, .. } = self { Some(*answers) } else { None }
    }
}

/// Somebody did something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audit {
    /// When.
    pub at: Wall,
    /// Who.
    pub operator: Text,
    /// What, as the command's JSON; secrets never get here.
    pub command: String,
    /// How it went: `ok` or the refusal's code.
    pub result: String,
}

/// What is needed to go on after a restart.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Recovered {
    /// The greatest numbers used so far.
    pub last_seq: Seq,
    /// Likewise.
    pub last_part: PartId,
    /// Likewise.
    pub last_item: ItemId,
    /// The last session ended with [`Row::CleanStop`].
    pub clean: bool,
    /// The machine has not been restarted since: `false` after a power cut, when the last commits may be missing.
    pub same_boot: bool,
    /// Lines heard, with a verdict to reply, without an outcome and without a reply on its way; oldest first.
    pub waiting: Vec<Line>,
    /// Parts that are `Generated` or `Sending`, with their line, in order.
    pub parts: Vec<(Part, Line)>,
    /// Conversations with stored lines or settings.
    pub chats: Vec<(ConversationId, ChatState)>,
    /// When something was said last in those of them where that is less than a day ago.
    #[serde(default)]
    pub spoke: Vec<(ConversationId, Wall)>,
    /// Grants that have not ended.
    pub grants: Vec<Grant>,
    /// Items that wait.
    pub items: Vec<(ItemId, Item)>,
    /// Today's books.
    pub usage: Vec<Usage>,
    /// Account names seen before, so that `self` checks work before the adapter is back.
    pub accounts: Vec<super::SelfId>,
    /// The greatest number of an alert.
    #[serde(default)]
    pub last_alert: AlertId,
    /// Alerts that are up, or of which somebody is still to be told.
    #[serde(default)]
    pub alerts: Vec<Alert>,
    /// Silences that have not ended.
    #[serde(default)]
    pub silences: Vec<Silence>,
    /// When each account had a link last.
    #[serde(default)]
    pub served: Vec<(SelfId, Text, Wall)>,
}

/// A read that never passes through the engine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Query {
    /// Lines of one chat, newest first: the newest of those that fit, or with `after` the oldest of them. To a date:
    /// `after` 0 and `since` give the page that begins there, `until` the one that ends there.
    History {
        /// Which; the account may be left out.
        chat: super::ChatRef,
        /// Older than this.
        before: Option<Seq>,
        /// Younger than this; the page is the one that follows.
        after: Option<Seq>,
        /// Not before.
        since: Option<Wall>,
        /// Not after.
        until: Option<Wall>,
        /// At most; the store caps it at 1 000.
        limit: u32,
    },
    /// Lines that hold these words, newest first. Chinese words of two characters are found.
    Search {
        /// The words; blanks separate words that must all be there.
        text: String,
        /// In one chat only.
        chat: Option<super::ChatRef>,
        /// Older than this.
        before: Option<Seq>,
        /// At most.
        limit: u32,
    },
    /// One line heard, with what answered it.
    Why {
        /// In which chat.
        chat: super::ChatRef,
        /// By the adapter's id or our own number; `None`: the last one.
        message: Option<i64>,
    },
    /// What the model was shown for a reply of ours. Answered by the runtime, from memory.
    Prompt {
        /// The reply.
        line: Seq,
    },
    /// Conversations, the one that spoke last first.
    Chats {
        /// Whose last line is older than this.
        before: Option<Seq>,
        /// At most.
        limit: u32,
        /// Whose name or number holds this.
        filter: Option<String>,
    },
    /// What an operator's console looked like.
    Screen {
        /// Whose.
        operator: Text,
    },
    /// The books.
    Usage {
        /// First local day.
        from: i32,
        /// Last local day.
        to: i32,
    },
    /// Who did what, newest first.
    Audit {
        /// At most.
        limit: u32,
    },
    /// Alerts, newest first.
    Alerts {
        /// At most.
        limit: u32,
    },
}

/// The answer to a [`Query`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Page {
    /// Lines, newest first.
    Lines {
        /// The lines.
        lines: Vec<Line>,
        /// There are more that way: older ones, or with `after` younger ones.
        more: bool,
    },
    /// What the model was shown, system turn first.
    Prompt {
        /// Word for word.
        turns: Arc<[Turn]>,
        /// The provider that was asked.
        provider: Arc<str>,
        /// Its model.
        model: Arc<str>,
        /// When.
        at: Wall,
    },
    /// The prompt is no longer kept: too much was asked since, or it was before a restart; or there was none.
    NotKept,
    /// Conversations, the one that spoke last first.
    Chats {
        /// The conversations.
        chats: Vec<ChatRow>,
        /// There are more.
        more: bool,
    },
    /// What the operator's console looked like; `None`: never told.
    Screen(Option<String>),
    /// One line and the replies to it.
    Why {
        /// What was said; `None`: no such line.
        line: Option<Box<Line>>,
        /// What was answered.
        replies: Vec<Line>,
    },
    /// Day by day, provider by provider, chat by chat.
    Usage(Vec<Usage>),
    /// Who did what.
    Audit(Vec<Audit>),
    /// Alerts, newest first.
    Alerts(Vec<Alert>),
    /// The store could not answer.
    Failed(String),
}

/// A conversation in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChatRow {
    /// Which.
    pub id: ConversationId,
    /// Its own settings.
    pub state: ChatState,
    /// The newest line.
    pub last: Line,
}

/// Which conversation's lines the engine needs back in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Load {
    /// Which.
    pub conversation: ConversationId,
    /// How many of its newest lines.
    pub lines: u32,
    /// Lines up to here are forgotten.
    pub after: Seq,
}

/// Where a group's or person's rule of a chat stands for a [`Peer`].
impl From<ConversationId> for Peer {
    fn from(id: ConversationId) -> Self {
        id.peer
    }
}
