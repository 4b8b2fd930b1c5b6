//! What people say, as the engine sees it: decoded, sanitised, with nothing left of the wire.

use serde::{Deserialize, Serialize};

use super::{ConversationId, GroupId, MessageId, Text, UserId};

/// A speaker's rank in a group; `Member` in private chats and where the adapter does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupRank {
    /// Anybody.
    #[default]
    Member,
    /// An admin of the group.
    Admin,
    /// The owner of the group.
    Owner,
}

/// Who said it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sender {
    /// The QQ number. Permissions hang on it alone, never on a name.
    pub id: UserId,
    /// The group card if there is one, else the nickname; may be empty.
    pub name: Text,
    /// The rank in the group.
    pub rank: GroupRank,
    /// An anonymous member of a group: the number is a shared one.
    pub anonymous: bool,
}

/// Whom an @ is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AtTarget {
    /// Everybody in the group.
    All,
    /// One person.
    User(UserId),
}

/// A picture in a message. The URL is the adapter's or QQ's and expires soon.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Picture {
    /// `http(s)://`, or `base64://` for pictures of our own simulator; empty when the adapter gave none.
    pub url: String,
    /// A sticker rather than a photograph: shown, but not worth a model's look.
    pub sticker: bool,
}

/// One part of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Segment {
    /// Words.
    Text(Text),
    /// A mention; with the name where the adapter gave one.
    At(AtTarget, Option<Text>),
    /// A quote of an earlier message. `None` where the id is not a number or is 0 (Lagrange's "not found").
    Reply(Option<MessageId>),
    /// A QQ face, with its name where the adapter gave one.
    Face(String, Option<Text>),
    /// A picture or sticker.
    Image(Picture),
    /// A voice message.
    Voice,
    /// A video.
    Video,
    /// A file by its name.
    File(Text),
    /// Markdown, shown as its source.
    Markdown(Text),
    /// Anything else: the OneBot type name and, where it has one, a line to show (a card's title).
    Other(String, Option<Text>),
}

/// One message that somebody said in a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Where.
    pub conversation: ConversationId,
    /// The adapter's id; 0 where it gave none (then duplicates are told apart by time and content).
    pub id: MessageId,
    /// Who.
    pub sender: Sender,
    /// The group's name where the adapter sent it along.
    pub group_name: Option<Text>,
    /// The group through which a temporary private session runs; replies must name it.
    pub temp_group: Option<GroupId>,
    /// What.
    pub segments: Vec<Segment>,
    /// Seconds since 1970 by QQ's clock; adapters' milliseconds are already divided.
    pub time: i64,
}

impl Message {
    /// The words alone, joined, as the speaker wrote them.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for segment in &self.segments {
            if let Segment::Text(part) = segment {
                text.push_str(part.raw());
            }
        }
        text
    }

    /// Whether the account said it itself, through us or another device.
    pub fn is_own(&self) -> bool {
        self.sender.id.0 == self.conversation.account.0
    }

    /// The message as one line of plain words for people: pictures and the rest in brackets.
    /// Safe for a terminal; quotes are left out.
    pub fn shown(&self) -> String {
        let mut line = String::new();
        for segment in &self.segments {
            segment.show(&mut line, Text::shown);
        }
        line
    }

    /// The same for a model: the raw words.
    pub fn told(&self) -> String {
        let mut line = String::new();
        for segment in &self.segments {
            segment.show(&mut line, Text::raw);
        }
        line
    }

    /// The first quoted message.
    pub fn quoted(&self) -> Option<MessageId> {
        self.segments.iter().find_map(|s| match s {
            Segment::Reply(id) => *id,
            _ => None,
        })
    }

    /// Whether this person is mentioned by number.
    pub fn mentions(&self, user: i64) -> bool {
        self.segments.iter().any(|s| matches!(s, Segment::At(AtTarget::User(id), _) if id.0 == user))
    }

    /// The pictures a model might look at.
    pub fn pictures(&self) -> impl Iterator<Item = &Picture> {
        self.segments.iter().filter_map(|s| match s {
            Segment::Image(picture) => Some(picture),
            _ => None,
        })
    }

    /// Whether another person said something at all: NapCat reports pokes, recalls and titles as
    /// messages without content (onebot.md §2, trap 1), which must never be answered. A mention alone
    /// calls somebody and counts; a quote alone does not; user 0 is nobody.
    pub fn is_utterance(&self) -> bool {
        !self.is_own()
            && self.sender.id.0 != 0
            && self.segments.iter().any(|s| match s {
                Segment::Text(text) => !text.raw().trim().is_empty(),
                Segment::Reply(_) => false,
                _ => true,
            })
    }
}

impl Segment {
    /// Appends the segment as a model is told it: the raw words, the rest in brackets, quotes left out.
    pub fn tell(&self, line: &mut String) {
        self.show(line, Text::raw);
    }

    fn show(&self, line: &mut String, of: fn(&Text) -> &str) {
        let mut bracket = |name: &str, detail: Option<&str>| {
            line.push('[');
            line.push_str(name);
            if let Some(detail) = detail {
                line.push(':');
                line.push_str(detail);
            }
            line.push(']');
        };
        match self {
            Self::Text(text) | Self::Markdown(text) => line.push_str(of(text)),
            Self::At(AtTarget::All, _) => line.push_str("@全体成员 "),
            Self::At(AtTarget::User(id), name) => {
                line.push('@');
                match name {
                    Some(name) if !name.raw().is_empty() => line.push_str(of(name).trim_start_matches('@')),
                    _ => line.push_str(&id.to_string()),
                }
                line.push(' ');
            }
            Self::Reply(_) => {}
            Self::Face(id, name) => bracket("表情", Some(name.as_ref().map_or(id.as_str(), of))),
            Self::Image(picture) => bracket(if picture.sticker { "动画表情" } else { "图片" }, None),
            Self::Voice => bracket("语音", None),
            Self::Video => bracket("视频", None),
            Self::File(name) => bracket("文件", Some(of(name))),
            Self::Other(kind, title) => bracket(kind, title.as_ref().map(of)),
        }
    }
}
