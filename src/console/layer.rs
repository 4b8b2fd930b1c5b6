//! What lies over a view: choices, questions, lines to fill in, pages to read. Four kinds, one stack.

use super::action::Action;
use super::place::{Cursor, View};
use super::text::Composer;
use std::sync::Arc;

use crate::domain::{AlertId, Command, ConversationId, ItemId, Line, Mono, Seq, Turn};
use crate::verbs::export::Export;

/// What a chosen row does.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// An action.
    Action(Action),
    /// Commands, with the words for "done".
    Commands(Vec<Command>, String),
    /// Another layer.
    Open(Box<Layer>),
    /// A theme.
    Theme(String),
    /// Words for the composer.
    Insert(String),
    /// Files.
    Export(Vec<Export>),
    /// Nothing: a title among the rows, passed over by the keys.
    Heading,
}

/// A row that can be chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// What it says.
    pub text: String,
    /// Dimmed, on the right.
    pub hint: String,
    /// What it means, told below the rows while it is selected.
    pub about: String,
    /// What it does.
    pub act: Act,
    /// A heading or something inherited: dim.
    pub dim: bool,
}

impl Choice {
    /// A row like most.
    pub fn new(text: impl Into<String>, hint: &str, act: Act) -> Self {
        Self { text: text.into(), hint: hint.to_owned(), about: String::new(), act, dim: false }
    }

    /// A title among the rows.
    pub fn heading(text: &str) -> Self {
        Self { dim: true, ..Self::new(text, "", Act::Heading) }
    }
}

/// Choose one.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    /// What it is about.
    pub title: String,
    /// What there is to know first.
    pub body: Vec<String>,
    /// The rows.
    pub rows: Vec<Choice>,
    /// The selected row.
    pub cursor: Cursor,
    /// Typing narrows the rows.
    pub filter: Option<String>,
    /// The theme chosen before, or that none was, to return to when a preview is given up.
    pub restore: Option<Option<String>>,
}

/// How sure one has to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grade {
    /// `y`.
    Yes,
    /// Type this.
    Typed(String),
}

/// Are you sure. Enter never says yes; wraps the very commands.
#[derive(Debug, Clone, PartialEq)]
pub struct Confirm {
    /// What would be done.
    pub words: String,
    /// To what.
    pub commands: Vec<Command>,
    /// The words for "done".
    pub done: String,
    /// How sure.
    pub grade: Grade,
    /// Typed so far.
    pub typed: Composer,
    /// Since when it is asked.
    pub since: Mono,
}

/// What a line is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// A command.
    Palette,
    /// What the list is narrowed to.
    Filter,
    /// What the rows of another view are narrowed to.
    Narrow(View),
    /// What is looked for in all chats.
    Search,
    /// What is looked for in this chat.
    Find(ConversationId),
    /// A day.
    Date(ConversationId),
    /// A note.
    Note(ConversationId),
    /// A setting's new value.
    Setting(ConversationId, String),
    /// A word along with a refusal.
    Refusal(ItemId),
    /// Which lines of the log are shown.
    LogFilter,
    /// Which rows of the audit are shown.
    AuditFilter,
}

/// A line to fill in.
#[derive(Debug, Clone, PartialEq)]
pub struct Prompt {
    /// What for.
    pub ask: Ask,
    /// What is typed.
    pub line: Composer,
    /// The selected completion.
    pub cursor: Cursor,
    /// Why it was not taken.
    pub error: Option<String>,
    /// Which of the former lines is shown.
    pub back: usize,
}

/// Something to read.
#[derive(Debug, Clone, PartialEq)]
pub enum Topic {
    /// All keys.
    Help(String),
    /// Why a line was or was not answered.
    Why(ConversationId, Seq),
    /// How a reply was made.
    Details(ConversationId, Seq, Option<Result<Arc<[Turn]>, String>>),
    /// A line as it came.
    Raw(ConversationId, Seq),
    /// What was said in the corner.
    Messages,
    /// Lines found everywhere.
    Found {
        /// What was looked for.
        text: String,
        /// What was found; `None`: not yet.
        lines: Option<Vec<Line>>,
    },
    /// An alert: what is measured, who was told.
    Alert(AlertId),
    /// Figures of this console.
    Diagnosis,
}

/// A page to read.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// What about.
    pub topic: Topic,
    /// The selected or first row.
    pub cursor: Cursor,
}

/// What lies over the view.
#[derive(Debug, Clone, PartialEq)]
pub enum Layer {
    /// Choose one.
    Sheet(Sheet),
    /// Are you sure.
    Confirm(Confirm),
    /// A line to fill in.
    Prompt(Prompt),
    /// A page to read.
    Page(Page),
}
