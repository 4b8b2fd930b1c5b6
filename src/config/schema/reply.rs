//! How replies look, what is forbidden, what can be typed, who the bot is.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Rate, secs};

/// How replies look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reply {
    /// Ask providers to stream.
    pub stream: bool,
    /// Whether text is sent before the answer is whole.
    pub stream_to_chat: StreamToChat,
    /// Whether the question is quoted.
    pub quote: Quote,
    /// @ the asker in groups.
    pub at_sender: bool,
    /// Longest part, in characters; QQ refuses beyond about 4 500.
    pub split_at: usize,
    /// More parts than this become one forward.
    pub forward_above: usize,
    /// Sends of one account.
    pub pace: Rate,
    /// Up to so much is added at random between parts.
    pub jitter: Duration,
    /// What becomes of Markdown.
    pub markdown: Markdown,
    /// When a chat is told that an answer failed.
    pub failure_notice: FailureNotice,
    /// How long a draft waits.
    pub draft_expiry: DraftExpiry,
    /// When manual mode falls back to auto.
    pub manual_returns: Duration,
    /// Words that hand a chat to a human.
    pub handover_words: Vec<String>,
}

impl Default for Reply {
    fn default() -> Self {
        Self {
            stream: true,
            stream_to_chat: StreamToChat::Off,
            quote: Quote::Auto,
            at_sender: false,
            split_at: 800,
            forward_above: 2,
            pace: Rate::new(1, secs(1)).burst(3),
            jitter: Duration::from_millis(300),
            markdown: Markdown::Plain,
            failure_notice: FailureNotice::default(),
            draft_expiry: DraftExpiry::default(),
            manual_returns: secs(1800),
            handover_words: vec!["转人工".into()],
        }
    }
}

/// Whether text is sent before the answer is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StreamToChat {
    /// No.
    #[default]
    Off,
    /// Paragraph by paragraph.
    Paragraph,
}

/// Whether the question is quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Quote {
    /// In groups, where something else was said in between or several were asked at once.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What becomes of Markdown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Markdown {
    /// Plain text that reads well in QQ.
    #[default]
    Plain,
    /// Left as the model wrote it.
    Keep,
}

/// When a chat is told that an answer failed. The cause goes to operators only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FailureNotice {
    /// Once in so long and chat; zero: never.
    pub every: Duration,
}

impl Default for FailureNotice {
    fn default() -> Self {
        Self { every: secs(600) }
    }
}

/// How long a draft waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DraftExpiry {
    /// In private chats.
    pub private: Duration,
    /// In groups.
    pub group: Duration,
}

impl Default for DraftExpiry {
    fn default() -> Self {
        Self { private: secs(1800), group: secs(300) }
    }
}

/// Forbidden words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Moderation {
    /// The words, `words_file` already read in (the runtime does).
    pub words: Vec<String>,
    /// A file with one word a line.
    pub words_file: String,
    /// What becomes of a question that has one.
    pub inbound: Inbound,
    /// What becomes of an answer that has one.
    pub outbound: Outbound,
}

impl Default for Moderation {
    fn default() -> Self {
        Self { words: Vec::new(), words_file: String::new(), inbound: Inbound::Ignore, outbound: Outbound::Draft }
    }
}

/// What becomes of a question with a forbidden word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Inbound {
    /// Silence.
    #[default]
    Ignore,
    /// Answered all the same.
    Off,
}

/// What becomes of an answer with a forbidden word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outbound {
    /// An operator decides.
    #[default]
    Draft,
    /// The word becomes `＊`.
    Mask,
    /// Not sent.
    Block,
}

/// Commands typed in chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Commands {
    /// What they begin with; the full-width form counts too.
    pub prefix: String,
    /// At all?
    pub enable: bool,
    /// Who may use which, where it differs from the default; by the names in [`Commands::NAMES`].
    pub roles: BTreeMap<String, CommandRole>,
}

impl Commands {
    /// Those whose role can be set, by the names that `roles` uses. A test of the engine holds it to its table.
    pub const NAMES: [&str; 10] =
        ["help", "new", "stop", "retry", "model", "persona", "status", "whoami", "mode", "mute"];
    /// Those that decide who is let in: for admins, whatever is written.
    pub const FIXED: [&str; 3] = ["allow", "deny", "block"];
}

impl Default for Commands {
    fn default() -> Self {
        let roles = ["model", "persona", "new"].map(|name| (name.to_owned(), CommandRole::GroupAdmin));
        Self { prefix: "/".into(), enable: true, roles: roles.into() }
    }
}

/// Who may use a chat command. In private chats the person is the admin of that chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommandRole {
    /// Whoever is let in.
    Anyone,
    /// Admins and the owner of the group.
    GroupAdmin,
    /// `access.admins` only.
    Admin,
}

/// Who the bot is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Persona {
    /// Its name here.
    pub name: String,
    /// The system prompt.
    pub prompt: String,
}
