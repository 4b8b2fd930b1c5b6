//! What operators ask of the engine. Set operations, never toggles; one value, one handler; the console,
//! `ctl` and the chat's slash commands all build the same.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    AccessId, AlertId, ChatRef, Delivered, GroupId, ItemId, Mode, Operator, RestartFault, Role, SelfId, Seq, SessionId,
    UserId,
};

/// A command with who asks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Envelope {
    /// Who.
    pub operator: Operator,
    /// Where the answer goes.
    pub session: SessionId,
    /// Echoed in the answer.
    pub tag: u64,
    /// The version of the chat that was on the screen; a different one now is refused as "changed meanwhile".
    pub expects: Option<u64>,
    /// What.
    pub command: Command,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Say this in the chat in the bot's name.
    Send {
        /// Where.
        chat: ChatRef,
        /// What.
        text: String,
        /// The message that is quoted with it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        quote: Option<Seq>,
        /// Members of the group who are called by @ in front of it, in this order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        at: Vec<UserId>,
    },
    /// Put this question to the chat's model as if it had been asked there, and deliver the answer.
    Ask {
        /// Where.
        chat: ChatRef,
        /// What.
        text: String,
    },
    /// Answer a message that was ignored; `None`: the last one.
    Answer {
        /// Where.
        chat: ChatRef,
        /// Which.
        line: Option<Seq>,
    },
    /// Put on the access list, or grant for a while.
    Allow {
        /// Whom.
        id: AccessId,
        /// For how long; `None` edits the configuration.
        during: Option<Duration>,
        /// Also answer the last message of that chat that was refused for want of access.
        answer: bool,
    },
    /// Take off the access list and end its grants.
    Deny {
        /// Whom.
        id: AccessId,
    },
    /// Put on the block list, or block for a while.
    Block {
        /// Whom.
        id: AccessId,
        /// For how long.
        during: Option<Duration>,
    },
    /// Take off the block list.
    Unblock {
        /// Whom.
        id: AccessId,
    },
    /// Write a setting of `[chat.<id>]`.
    Set {
        /// Which chat.
        chat: ChatRef,
        /// Dotted key below `[chat.<id>]`.
        key: String,
        /// TOML value; a bare word is a string.
        value: String,
    },
    /// Take a setting of `[chat.<id>]` out: the chat follows its class again.
    Unset {
        /// Which chat.
        chat: ChatRef,
        /// Dotted key below `[chat.<id>]`.
        key: String,
    },
    /// Who answers here; `None` follows the configuration.
    Mode {
        /// Where.
        chat: ChatRef,
        /// Who.
        mode: Option<Mode>,
        /// For how long.
        during: Option<Duration>,
    },
    /// Which persona speaks here; `None` follows the configuration.
    Persona {
        /// Where.
        chat: ChatRef,
        /// Which.
        name: Option<String>,
    },
    /// Which provider answers here; `None` follows the configuration.
    Model {
        /// Where.
        chat: ChatRef,
        /// Which.
        provider: Option<String>,
    },
    /// Forget what was said here.
    New {
        /// Where.
        chat: ChatRef,
    },
    /// Stop what is being written here.
    Stop {
        /// Where.
        chat: ChatRef,
    },
    /// Write an answer again; as a draft where it was already sent.
    Retry {
        /// Where.
        chat: ChatRef,
        /// The reply or the question; `None`: the last one.
        #[serde(default)]
        line: Option<Seq>,
    },
    /// Send a draft, with these words instead where given.
    Approve {
        /// Which.
        item: ItemId,
        /// Instead.
        text: Option<String>,
    },
    /// Drop a draft, an unknown, a handover: it waits no more.
    Reject {
        /// Which.
        item: ItemId,
    },
    /// Let a friend or group request in.
    Accept {
        /// Which.
        item: ItemId,
    },
    /// Refuse it.
    Refuse {
        /// Which.
        item: ItemId,
        /// A word along with it.
        reason: String,
    },
    /// Take a message of ours back.
    Recall {
        /// Where.
        chat: ChatRef,
        /// Which.
        line: Seq,
    },
    /// Say something else instead of a line of ours: the old one is taken back, or quoted where QQ no longer lets
    /// it be; no model sees it again.
    Correct {
        /// Where.
        chat: ChatRef,
        /// Which.
        line: Seq,
        /// Instead.
        text: String,
    },
    /// An operator is about to speak here: until 120 s later answers of the model are kept as suggestions. Claiming
    /// again renews; another operator's claim is taken over.
    Claim {
        /// Where.
        chat: ChatRef,
    },
    /// End one's own claim.
    Release {
        /// Where.
        chat: ChatRef,
    },
    /// Keep what the operator's console looks like; given back by [`super::Query::Screen`].
    Remember {
        /// The console's own words; at most [`Command::SCREEN`] bytes.
        screen: String,
    },
    /// Switch a provider.
    Provider {
        /// Which.
        name: String,
        /// How.
        to: ProviderSwitch,
    },
    /// Run the command that restarts an account's adapter.
    RestartAdapter {
        /// Whose.
        account: SelfId,
    },
    /// Resume sending to a paused chat.
    Resume {
        /// Where.
        chat: ChatRef,
    },
    /// Add or remove a forbidden word.
    Word {
        /// Which.
        word: String,
        /// Add?
        add: bool,
    },
    /// Keep a note on a chat.
    Note {
        /// Where.
        chat: ChatRef,
        /// What.
        text: String,
    },
    /// An alert is known: it is not told again, until it is over.
    Ack {
        /// Which.
        alert: AlertId,
    },
    /// Tell nobody of the alerts of a rule for a while.
    Silence {
        /// The rule.
        rule: String,
        /// Labels that must be so; none: all alerts of the rule.
        #[serde(default)]
        labels: Vec<(String, String)>,
        /// For how long; at most [`super::Silence::LONGEST`].
        during: Duration,
        /// Why.
        #[serde(default)]
        reason: String,
    },
    /// End a silence; without labels, all of the rule.
    Unsilence {
        /// The rule.
        rule: String,
        /// As it was silenced.
        #[serde(default)]
        labels: Vec<(String, String)>,
    },
    /// Send a test to every destination of alerts.
    TestNotify,
    /// Read the configuration again.
    Reload,
    /// Stop the bot, draining first.
    Shutdown,
}

/// What becomes of a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProviderSwitch {
    /// Ask it again.
    On,
    /// Do not ask it.
    Off,
    /// Take its model out of memory.
    Unload,
    /// Forget its failures and refused keys.
    Reset,
}

impl Command {
    /// The longest [`Command::Remember`], in bytes.
    pub const SCREEN: usize = 64 << 10;

    /// The least role that may give it.
    pub fn role(&self) -> Role {
        match self {
            Self::Remember { .. } => Role::Viewer,
            Self::Send { .. }
            | Self::Ask { .. }
            | Self::Answer { .. }
            | Self::Mode { .. }
            | Self::Persona { .. }
            | Self::Model { .. }
            | Self::New { .. }
            | Self::Stop { .. }
            | Self::Retry { .. }
            | Self::Approve { .. }
            | Self::Reject { .. }
            | Self::Recall { .. }
            | Self::Correct { .. }
            | Self::Claim { .. }
            | Self::Release { .. }
            | Self::Resume { .. }
            | Self::Ack { .. }
            | Self::Silence { .. }
            | Self::Unsilence { .. }
            | Self::Note { .. } => Role::Operator,
            Self::Allow { .. }
            | Self::Deny { .. }
            | Self::Block { .. }
            | Self::Unblock { .. }
            | Self::Set { .. }
            | Self::Unset { .. }
            | Self::Accept { .. }
            | Self::Refuse { .. }
            | Self::Provider { .. }
            | Self::RestartAdapter { .. }
            | Self::Word { .. }
            | Self::TestNotify
            | Self::Reload
            | Self::Shutdown => Role::Admin,
        }
    }
}

/// What came of a command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Done {
    /// It is so now.
    Ok,
    /// It already was so.
    Already,
    /// It is so now; giving `undo` makes it as it was.
    Changed {
        /// The inverse.
        undo: Box<Command>,
    },
    /// Words for the one who asked.
    Said(String),
    /// Every destination was told; how each took it.
    Delivered(Vec<Delivered>),
    /// Taken up; `item` or line to watch.
    Started(Option<Seq>),
}

/// What is wrong with a configuration. Its words are made where the file is read, in both languages, since they
/// hold far more than any enum for the engine should.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{en}")]
pub struct ConfigTrouble {
    /// In Chinese; one line an issue.
    pub zh: String,
    /// In English.
    pub en: String,
}

/// Why a command was refused. Words at the reader.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The role does not allow it.
    #[error("needs role {0:?}")]
    Role(Role),
    /// Several accounts are known, and none was named.
    #[error("no account named for {0}")]
    Account(String),
    /// No account has ever been here.
    #[error("no account has connected yet")]
    NoAccount,
    /// The bot has no such account.
    #[error("unknown account {account}")]
    UnknownAccount {
        /// What was asked for.
        account: SelfId,
        /// Those it has.
        known: Vec<SelfId>,
    },
    /// The adapter told which groups its account is in, and this one is not among them.
    #[error("{account} is not in {group}")]
    NotInGroup {
        /// The account.
        account: SelfId,
        /// The group.
        group: GroupId,
    },
    /// No such conversation.
    #[error("unknown chat {chat}")]
    UnknownChat {
        /// What was asked for.
        chat: String,
        /// The nearest that exists.
        nearest: Option<String>,
    },
    /// No such item.
    #[error("nothing waits under number {0}")]
    UnknownItem(ItemId),
    /// No alert is up under this number.
    #[error("no alert is up under number {0}")]
    UnknownAlert(AlertId),
    /// No such rule of alerts.
    #[error("unknown rule {name}")]
    UnknownRule {
        /// What was asked for.
        name: String,
        /// The nearest that exists.
        nearest: Option<String>,
    },
    /// Longer than allowed.
    #[error("too long: {0:?} at most")]
    TooLong(Duration),
    /// No destination of alerts is configured.
    #[error("no destination of alerts is configured")]
    NoDestination,
    /// An item of another kind.
    #[error("item {0} is something else")]
    WrongItem(ItemId),
    /// No such line.
    #[error("no such message")]
    UnknownLine,
    /// Nobody can be called by @ where there is no group.
    #[error("no group to call anybody in")]
    NoGroup,
    /// No such provider.
    #[error("unknown provider {name}")]
    UnknownProvider {
        /// What was asked for.
        name: String,
        /// The nearest that exists.
        nearest: Option<String>,
    },
    /// Its model is not ours to unload.
    #[error("{0} is no ollama")]
    NotUnloadable(String),
    /// An admin is listened to whatever the lists say.
    #[error("{0} is an admin")]
    IsAdmin(UserId),
    /// One of the bot's own accounts, which it never listens to.
    #[error("{0} is the bot itself")]
    IsOurs(UserId),
    /// No such persona.
    #[error("unknown persona {name}")]
    UnknownPersona {
        /// What was asked for.
        name: String,
        /// The nearest that exists.
        nearest: Option<String>,
    },
    /// Somebody changed it meanwhile: an operator by name, a member as `QQ 123`; empty where the bot itself did.
    #[error("changed meanwhile by {0}")]
    Changed(String),
    /// The configuration cannot be edited, or the new one is wrong.
    #[error("configuration: {0}")]
    Config(ConfigTrouble),
    /// There is nothing to do it to.
    #[error("nothing to do")]
    Nothing,
    /// The line is still being sent; only what has arrived can be corrected or written again.
    #[error("still being sent")]
    OnItsWay,
    /// The account has no adapter that could do it.
    #[error("the account has no link")]
    NoLink,
    /// The adapter did not say whether it did it.
    #[error("the adapter never answered")]
    Unanswered,
    /// The configuration does not say how this account's adapter is restarted.
    #[error("no command restarts the adapter of {0}")]
    NoRestart(SelfId),
    /// Somebody restarts it already.
    #[error("already being restarted")]
    Restarting,
    /// The command that restarts the adapter failed.
    #[error("restart: {0}")]
    Restart(RestartFault),
    /// More than may be kept.
    #[error("too large: {0} bytes at most")]
    TooLarge(usize),
    /// Not possible as things stand; the words say why.
    #[error("{0}")]
    Not(String),
    /// The bot is stopping.
    #[error("shutting down")]
    ShuttingDown,
}

impl Refusal {
    /// A stable word for scripts and the audit.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Role(_) => "role",
            Self::Account(_) => "account",
            Self::NoAccount => "no_account",
            Self::UnknownAccount { .. } => "unknown_account",
            Self::NotInGroup { .. } => "not_in_group",
            Self::UnknownChat { .. } => "unknown_chat",
            Self::UnknownItem(_) => "unknown_item",
            Self::UnknownAlert(_) => "unknown_alert",
            Self::UnknownRule { .. } => "unknown_rule",
            Self::TooLong(_) => "too_long",
            Self::NoDestination => "no_destination",
            Self::WrongItem(_) => "wrong_item",
            Self::UnknownLine => "unknown_line",
            Self::NoGroup => "no_group",
            Self::UnknownProvider { .. } => "unknown_provider",
            Self::UnknownPersona { .. } => "unknown_persona",
            Self::NotUnloadable(_) => "not_unloadable",
            Self::IsAdmin(_) => "is_admin",
            Self::IsOurs(_) => "is_ours",
            Self::Changed(_) => "changed",
            Self::Config(_) => "config",
            Self::Nothing => "nothing",
            Self::OnItsWay => "on_its_way",
            Self::NoLink => "no_link",
            Self::Unanswered => "unanswered",
            Self::NoRestart(_) => "no_restart",
            Self::Restarting => "restarting",
            Self::Restart(_) => "restart_failed",
            Self::TooLarge(_) => "too_large",
            Self::Not(_) => "not_now",
            Self::ShuttingDown => "shutting_down",
        }
    }
}
