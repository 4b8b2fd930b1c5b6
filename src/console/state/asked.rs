//! What was asked of the bot, what came of it, and what takes it back.

use super::Lead;
use super::typing::Purpose;
use crate::console::layer::Prompt;
use crate::domain::{Command, ConversationId, Mono, Seq, Wall};
use crate::verbs::export::{Export, Sheet};

/// What kind of words stand in the corner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Something was done.
    Done,
    /// Something to know; nothing was done.
    Hint,
    /// Something failed: stays until a key is pressed.
    Bad,
}

/// Words in the corner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    /// What.
    pub words: String,
    /// How they are meant.
    pub tone: Tone,
    /// Until when.
    pub until: Mono,
    /// When it came.
    pub at: Wall,
}

/// What undoes the last change.
#[derive(Debug, Clone, PartialEq)]
pub struct Undo {
    /// The inverse of all that was done at once.
    pub commands: Vec<Command>,
    /// What was done.
    pub words: String,
    /// Until when it is offered.
    pub until: Mono,
}

/// What an answer or a page is for.
#[derive(Debug, Clone, PartialEq)]
pub enum Pending {
    /// A command; said so when it is done.
    Command {
        /// What was asked.
        words: String,
        /// What was typed, given back when it was refused.
        typed: Option<Typed>,
    },
    /// One of several that are done together.
    Several(u64),
    /// A setting; its prompt comes back when the value was refused.
    Setting {
        /// What was asked.
        words: String,
        /// With what was typed.
        prompt: Box<Prompt>,
    },
    /// A change is taken back; it is not offered to take that back again, or pressing `u` twice would change nothing.
    Undo(String),
    /// Nobody needs to hear of it, unless it fails.
    Quiet,
    /// Older lines of a chat.
    Older(ConversationId),
    /// Lines around a date, or around a line.
    Date(ConversationId, Option<Seq>),
    /// Lines that follow those of a date.
    Newer(ConversationId),
    /// Chats of the store.
    Chats,
    /// Lines found.
    Search,
    /// The books.
    Usage,
    /// Who did what.
    Audit,
    /// The prompt of a reply.
    Prompt(Seq),
    /// The next page of an export.
    Export(Box<Exporting>),
    /// A file that is being kept, alone or as one of several.
    File(Option<u64>),
}

/// What is done to several at once: one question, one answer, one way back.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Several {
    /// What was asked.
    pub words: String,
    /// How many answers are still to come.
    pub left: usize,
    /// How many there will be.
    pub all: usize,
    /// For how many it was so before.
    pub same: usize,
    /// Why some were refused.
    pub refused: Vec<String>,
    /// What takes it back.
    pub undo: Vec<Command>,
    /// Where the files are.
    pub place: Option<String>,
}

/// What was typed and sent off, until the engine took it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typed {
    /// Where.
    pub chat: ConversationId,
    /// What for.
    pub purpose: Purpose,
    /// The words.
    pub text: String,
    /// What stood in front of them.
    pub lead: Lead,
}

/// An export of which pages are still to come.
#[derive(Debug, Clone, PartialEq)]
pub struct Exporting {
    /// What is wanted.
    pub export: Export,
    /// What there is of it.
    pub sheet: Sheet,
    /// The last line so far.
    pub after: Seq,
    /// It is one of several.
    pub group: Option<u64>,
}
