//! What adapters tell us, and what we ask of them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{CallId, ConversationId, GroupId, LinkId, Message, MessageId, Peer, SelfId, Text, UserId};

/// What the adapter says it is; decides quirks (onebot.md §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AppKind {
    /// NapCat.
    Napcat,
    /// LLOneBot and LuckyLilliaBot.
    Llonebot,
    /// Lagrange.OneBot.
    Lagrange,
    /// go-cqhttp.
    Gocqhttp,
    /// Anything else.
    #[default]
    Other,
}

/// What happened on a link or to an account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdapterEvent {
    /// An account has a link that can send; told once per link, after `get_login_info` and
    /// `get_version_info` (or their failure). An event that comes before them is announced by an early `Up`
    /// without names, so that it can be answered at once; the full one follows for the same link.
    Up {
        /// The account, by the events' or the login's word.
        account: SelfId,
        /// The link.
        link: LinkId,
        /// The account's nickname; empty where the adapter would not say.
        nickname: Text,
        /// What it is.
        app: AppKind,
        /// Name and version in its own words.
        version: Text,
        /// Where it came from: the peer's address or the name of the dialled entry.
        peer: String,
    },
    /// The last usable link of this account went away, or one of several (`others_left`).
    Down {
        /// The account.
        account: SelfId,
        /// The link.
        link: LinkId,
        /// Why, in the adapter's or the socket's words.
        reason: Text,
        /// Another link still serves it.
        others_left: bool,
    },
    /// A connection that never became a link: refused handshake, refused token of ours, wrong path, no route.
    Refused {
        /// The peer's address or the dialled entry's name.
        peer: String,
        /// Why.
        cause: Text,
    },
    /// The QQ state behind a live link, from heartbeats and `bot_offline`/`bot_online`.
    Online {
        /// The account.
        account: SelfId,
        /// `None`: the adapter does not know.
        online: Option<bool>,
        /// Its reason, where it gave one.
        reason: Text,
    },
    /// Somebody said something. Boxed: it is by far the largest.
    Message(Box<Message>),
    /// Something happened in a chat.
    Notice(Notice),
    /// Somebody asks to be let in.
    Request(Request),
    /// Frames that could not be read since the last report, by link; counted, never fatal by themselves.
    Garbage {
        /// The link.
        link: LinkId,
        /// How many.
        frames: u32,
    },
}

impl AdapterEvent {
    /// The account that it is about, where it is about one.
    pub fn account(&self) -> Option<SelfId> {
        match self {
            Self::Up { account, .. } | Self::Down { account, .. } | Self::Online { account, .. } => Some(*account),
            Self::Message(message) => Some(message.conversation.account),
            Self::Notice(notice) => Some(match notice {
                Notice::Recalled { conversation, .. }
                | Notice::Muted { conversation, .. }
                | Notice::Removed { conversation, .. }
                | Notice::Joined { conversation, .. }
                | Notice::Poked { conversation, .. }
                | Notice::Renamed { conversation, .. } => conversation.account,
                Notice::Other { account, .. } => *account,
            }),
            Self::Request(request) => Some(request.account),
            Self::Refused { .. } | Self::Garbage { .. } => None,
        }
    }
}

/// A command that restarts an account's adapter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restart {
    /// Whose adapter.
    pub account: SelfId,
    /// The program and its arguments; no shell looks at them.
    pub argv: Vec<String>,
    /// It is killed after so long.
    pub timeout: Duration,
}

/// Why an adapter was not restarted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum RestartFault {
    /// The command could not be started; the system's words.
    #[error("not started: {0}")]
    NotStarted(String),
    /// It ended with this status; `None`: by a signal.
    #[error("ended with {0:?}")]
    Failed(Option<i32>),
    /// It took too long and was killed.
    #[error("timed out")]
    TimedOut,
}

impl RestartFault {
    /// A stable word for the audit.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotStarted(_) => "not_started",
            Self::Failed(_) => "failed",
            Self::TimedOut => "timed_out",
        }
    }
}

/// Something that happened in a chat and is not a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// A message was taken back.
    Recalled {
        /// Where.
        conversation: ConversationId,
        /// Which.
        message: MessageId,
        /// By whom.
        operator: UserId,
    },
    /// Our account was muted in a group, or let speak again.
    Muted {
        /// Where.
        conversation: ConversationId,
        /// For how long; `None` lifts it; `Duration::MAX` until further notice (whole group).
        duration: Option<Duration>,
        /// By whom; 0 where nobody is named.
        operator: UserId,
    },
    /// Our account was removed from a group, or the group is gone.
    Removed {
        /// Where.
        conversation: ConversationId,
        /// By whom.
        operator: UserId,
    },
    /// Our account joined a group.
    Joined {
        /// Where.
        conversation: ConversationId,
        /// By whom.
        operator: UserId,
    },
    /// Somebody poked our account.
    Poked {
        /// Where.
        conversation: ConversationId,
        /// By whom.
        by: UserId,
    },
    /// A new name of a group.
    Renamed {
        /// Where.
        conversation: ConversationId,
        /// The new name.
        name: Text,
    },
    /// Understood and of no consequence; the OneBot name, for the log.
    Other {
        /// The account.
        account: SelfId,
        /// `notice_type` or `notice_type/sub_type`.
        kind: String,
    },
}

/// A friend or group request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The account that was asked.
    pub account: SelfId,
    /// What for.
    pub kind: RequestKind,
    /// Who asks.
    pub user: UserId,
    /// Opaque; echoed back as a string.
    pub flag: String,
    /// What they wrote; may be empty.
    pub comment: Text,
    /// Seconds since 1970.
    pub time: i64,
}

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestKind {
    /// To be friends.
    Friend,
    /// To join a group that our account administers.
    Join(GroupId),
    /// Our account is invited to a group.
    Invite(GroupId),
}

/// One call to an adapter. Ends in exactly one [`CallOutcome`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Echoed in the outcome.
    pub id: CallId,
    /// Through which account.
    pub account: SelfId,
    /// What.
    pub action: Action,
}

/// What we ask of an adapter. Chosen so that no model text can ever become anything but a text segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// `send_private_msg` or `send_group_msg`; never `send_msg`, which turns a private answer public when both ids are there.
    Send {
        /// To whom.
        peer: Peer,
        /// For temporary sessions.
        temp_group: Option<GroupId>,
        /// What.
        segments: Vec<OutSegment>,
    },
    /// `send_group_forward_msg` or `send_private_forward_msg`.
    SendForward {
        /// To whom.
        peer: Peer,
        /// One node a part, all in the name of our account.
        nodes: Vec<String>,
        /// The name on the nodes.
        nickname: String,
    },
    /// `delete_msg`.
    Recall {
        /// Which.
        message: MessageId,
    },
    /// `get_group_msg_history` or `get_friend_msg_history`: the newest, ours among them.
    History {
        /// Of which chat.
        peer: Peer,
        /// How many; adapters give 20 at least.
        count: u32,
    },
    /// `get_msg`: a quoted message that we have not stored.
    GetMessage {
        /// In which chat.
        peer: Peer,
        /// Which.
        message: MessageId,
    },
    /// `get_group_info`: a name.
    GroupInfo {
        /// Which.
        group: GroupId,
    },
    /// `get_group_list`.
    GroupList,
    /// `set_friend_add_request` or `set_group_add_request`.
    Answer {
        /// What was asked.
        kind: RequestKind,
        /// Its flag.
        flag: String,
        /// Let in?
        approve: bool,
        /// A word along with a refusal.
        reason: String,
    },
}

impl Action {
    /// Whether repeating it could be seen by people in a chat.
    pub fn speaks(&self) -> bool {
        matches!(self, Self::Send { .. } | Self::SendForward { .. })
    }
}

/// A part of a message of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutSegment {
    /// Words. Sent as a `text` segment, so CQ codes in it stay words.
    Text(String),
    /// A mention of one person. There is deliberately none for everybody.
    At(UserId),
    /// A quote; must be the first.
    Reply(MessageId),
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallOutcome {
    /// The adapter did it.
    Done(CallReply),
    /// It never reached a socket: safe to try again later.
    NotSent,
    /// The adapter refused and nothing happened (muted with QQ's own code, unknown action, bad parameters …): may be retried once.
    Refused {
        /// OneBot's retcode.
        retcode: i64,
        /// Its words.
        words: Text,
    },
    /// The adapter reported failure, yet QQ may have delivered (NapCat's `Timeout: NTEvent … sendMsg`): never resent blindly.
    Ambiguous {
        /// OneBot's retcode.
        retcode: i64,
        /// Its words.
        words: Text,
    },
    /// The link died after the frame was written.
    Lost,
    /// No answer in time.
    TimedOut,
}

/// What a successful call returned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallReply {
    /// Sent; the id is missing where the adapter gave none.
    Sent(Option<MessageId>),
    /// Messages, oldest first; ours have `sender.id == conversation.account`.
    Messages(Vec<Message>),
    /// Groups of this account.
    Groups(Vec<(GroupId, Text)>),
    /// Nothing to say.
    Nothing,
}
