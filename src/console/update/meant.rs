//! Which chat a line of the palette is about: the one that it names, else the selected one.

use std::collections::BTreeSet;

use crate::console::state::Ui;
use crate::domain::*;
use crate::verbs::{self, Entry, Form, Verb, arguments};

/// What the first place of a verb holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// A chat.
    Chat,
    /// Somebody to let in or not.
    Id,
    /// What is exported: a chat, or something by its name.
    What,
}

impl Place {
    fn of(entry: &Entry) -> Option<Self> {
        let first = entry.arguments.first().filter(|a| a.form == Form::Needed)?;
        match first.name {
            "chat" => Some(Self::Chat),
            // Who is blocked is named: the key asks first, and a verb typed to see how it goes must not do it.
            "id" if entry.verb != Verb::Block => Some(Self::Id),
            "what" if entry.verb == Verb::Export => Some(Self::What),
            _ => None,
        }
    }

    /// As it is typed.
    fn written(self, id: ConversationId) -> String {
        match self {
            Self::Id => AccessId::from(id.peer).to_string(),
            Self::Chat | Self::What => id.to_string(),
        }
    }
}

impl Ui {
    /// The line as the parser reads it, and the chat it goes to, by its name. A chat may be left out, or called by its
    /// number or its name alone; what may be a mistyped one is left to the parser, and never becomes a word to say.
    pub(super) fn meant(&self, line: &str) -> (String, Option<String>) {
        let line = verbs::line::usual(line.trim());
        let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((&line, ""));
        let Some((entry, place)) = verbs::find(name).and_then(|entry| Some((entry, Place::of(entry)?))) else {
            return (line.into_owned(), None);
        };
        let with = |id: ConversationId, rest: &str| {
            (format!("{name} {} {rest}", place.written(id)).trim_end().to_owned(), Some(self.name_of(id)))
        };
        let word = verbs::line::first_word(entry, rest);
        let selected = self.chat();
        match word {
            Some((at, word)) => match self.read_chat(entry, place, word) {
                Read::Known(id) => with(id, &format!("{}{}", &rest[..at], &rest[at + word.len()..])),
                Read::Named(chat) => {
                    let name = self.known(chat).map(|id| self.name_of(id));
                    (line.to_string(), name)
                }
                Read::Left => (line.into_owned(), None),
                Read::None => match selected {
                    Some(id) => with(id, rest),
                    None => (line.into_owned(), None),
                },
            },
            None => match selected {
                Some(id) => with(id, rest),
                None => (line.into_owned(), None),
            },
        }
    }

    fn read_chat(&self, entry: &Entry, place: Place, word: &str) -> Read {
        match place {
            Place::Id => {
                if let Ok(id) = word.parse::<AccessId>() {
                    let peer = match id {
                        AccessId::Person(user) => Peer::Private(user),
                        AccessId::Group(group) => Peer::Group(group),
                    };
                    return Read::Named(ChatRef { peer, account: None });
                }
            }
            Place::What if word == "chat" => return self.chat().map_or(Read::Left, Read::Known),
            Place::What if ["audit", "metrics"].contains(&word) => return Read::Left,
            Place::Chat | Place::What => {
                if let Ok(chat) = word.parse::<ChatRef>() {
                    return Read::Named(chat);
                }
            }
        }
        let digits = word.bytes().all(|b| b.is_ascii_digit());
        // People call themselves what they like (threats.md B05): by a name nobody is let in, and where words follow,
        // the first of them is not taken for somebody who is called so.
        let by_name = place != Place::Id && entry.arguments.iter().all(|a| a.form != Form::Rest);
        let is_it = |id: &ConversationId| match digits {
            true => id.peer.number().to_string() == word,
            false => by_name && self.name_of(*id) == word,
        };
        let chats: BTreeSet<_> = self.snap.chats.keys().chain(self.list.stored.keys()).copied().filter(is_it).collect();
        // Of several, the selected one; else the parser says that it does not know whom.
        match (self.chat().filter(is_it), chats.len()) {
            (Some(id), _) => return Read::Known(id),
            (None, 1) => return chats.first().map_or(Read::Left, |id| Read::Known(*id)),
            (None, 0) => {}
            (None, _) => return Read::Left,
        }
        // A number that is no chat's may be that of a message.
        let message = entry.arguments.get(1).is_some_and(|a| a.name == "message");
        match place {
            Place::Id => Read::Left,
            _ if digits && message => Read::None,
            _ if digits || arguments::may_be_a_chat(word) => Read::Left,
            _ => Read::None,
        }
    }
}

/// What a word is where a chat may stand.
enum Read {
    /// A chat that is at hand.
    Known(ConversationId),
    /// A chat as it is typed in full.
    Named(ChatRef),
    /// Something that the parser has its own words for.
    Left,
    /// No chat at all.
    None,
}
