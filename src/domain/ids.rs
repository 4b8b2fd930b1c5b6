//! Identities. QQ's own numbers are signed 64 bit: message ids may be negative (LLOneBot, Lagrange,
//! go-cqhttp), and onebots maps its platform's ids to numbers far beyond 32 bits.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

macro_rules! number {
    ($(#[$doc:meta])* $name:ident($int:ty)) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $int);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

number!(
    /// The QQ account that a bot logs in as; taken from the events, not from the handshake header.
    SelfId(i64)
);
number!(
    /// A person on QQ.
    UserId(i64)
);
number!(
    /// A QQ group.
    GroupId(i64)
);
number!(
    /// An adapter's id of a message: unique only within one account and one chat.
    MessageId(i64)
);
number!(
    /// The engine's own order of everything that was said: grows by one, never reused, also across restarts.
    Seq(u64)
);
number!(
    /// One question put to one provider. A retry is a new job.
    JobId(u64)
);
number!(
    /// One part of one reply: the unit of delivery.
    PartId(u64)
);
number!(
    /// One call to an adapter.
    CallId(u64)
);
number!(
    /// One batch of rows handed to the store.
    BatchNo(u64)
);
number!(
    /// One WebSocket connection to an adapter, in order of arrival: a greater id is a newer link.
    LinkId(u64)
);
number!(
    /// One attached operator or one `ctl` connection.
    SessionId(u64)
);
number!(
    /// One thing that waits for a human: a draft, a request, an unknown delivery.
    ItemId(u64)
);

/// Who is at the other end of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Peer {
    /// A private chat with this person.
    Private(UserId),
    /// A group.
    Group(GroupId),
}

impl Peer {
    /// The bare number, as QQ shows it.
    pub fn number(self) -> i64 {
        match self {
            Self::Private(id) => id.0,
            Self::Group(id) => id.0,
        }
    }

    /// Whether this is a group.
    pub fn is_group(self) -> bool {
        matches!(self, Self::Group(_))
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Private(id) => write!(f, "private:{id}"),
            Self::Group(id) => write!(f, "group:{id}"),
        }
    }
}

/// One chat as one account sees it. Its text form is `private:UID@SELF` or `group:GID@SELF`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ConversationId {
    /// Our account.
    pub account: SelfId,
    /// The other end.
    pub peer: Peer,
}

impl fmt::Display for ConversationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.peer, self.account)
    }
}

/// A chat as a person names it: the account may be left out while only one serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ChatRef {
    /// The other end.
    pub peer: Peer,
    /// Our account, where it was named.
    pub account: Option<SelfId>,
}

/// Why a chat or an id could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Not `private:UID` or `group:GID`.
    #[error("`{0}` is not a chat; write private:UID or group:GID, with @SELF behind it when several accounts serve")]
    Chat(String),
    /// Not `person_UID` or `group_GID`.
    #[error("`{0}` is not an id; write person_UID or group_GID")]
    Access(String),
}

impl FromStr for ChatRef {
    type Err = IdError;

    fn from_str(s: &str) -> Result<Self, IdError> {
        let bad = || IdError::Chat(s.to_owned());
        let (peer, account) = match s.split_once('@') {
            Some((peer, account)) => (peer, Some(SelfId(account.parse().map_err(|_| bad())?))),
            None => (s, None),
        };
        let (kind, number) = peer.split_once([':', '_']).ok_or_else(bad)?;
        let number: i64 = number.parse().map_err(|_| bad())?;
        let peer = match kind {
            "private" | "person" => Peer::Private(UserId(number)),
            "group" => Peer::Group(GroupId(number)),
            _ => return Err(bad()),
        };
        Ok(Self { peer, account })
    }
}

/// Whom an access rule is about. Its text form is `person_123` or `group_123`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessId {
    /// A person, wherever they speak (for blocks) or in private (for allows).
    Person(UserId),
    /// A group.
    Group(GroupId),
}

impl fmt::Display for AccessId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(id) => write!(f, "person_{id}"),
            Self::Group(id) => write!(f, "group_{id}"),
        }
    }
}

impl FromStr for AccessId {
    type Err = IdError;

    fn from_str(s: &str) -> Result<Self, IdError> {
        let chat: ChatRef = s.parse().map_err(|_| IdError::Access(s.to_owned()))?;
        Ok(chat.peer.into())
    }
}

impl From<Peer> for AccessId {
    fn from(peer: Peer) -> Self {
        match peer {
            Peer::Private(id) => Self::Person(id),
            Peer::Group(id) => Self::Group(id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chats_are_read_as_people_write_them() {
        let chat: ChatRef = "group:-5@10001".parse().unwrap();
        assert_eq!(chat, ChatRef { peer: Peer::Group(GroupId(-5)), account: Some(SelfId(10001)) });
        assert_eq!("person_7".parse::<AccessId>(), Ok(AccessId::Person(UserId(7))));
        assert_eq!("group:12".parse::<AccessId>(), Ok(AccessId::Group(GroupId(12))));
        for bad in ["", "12", "groups:1", "group:", "group:1@", "group:x", "private:1@x"] {
            assert!(bad.parse::<ChatRef>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_conversation_reads_back_from_its_own_words() {
        let id = ConversationId { account: SelfId(1), peer: Peer::Private(UserId(2)) };
        let back: ChatRef = id.to_string().parse().unwrap();
        assert_eq!((back.peer, back.account), (id.peer, Some(id.account)));
    }
}
