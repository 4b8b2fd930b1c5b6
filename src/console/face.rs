//! What the console is told and what it wants: its whole face towards a session.

use std::path::PathBuf;
use std::sync::Arc;

use super::backend::Depth;
use crate::config::{Config, Origins};
use crate::domain::{Command, Done, Operator, Page, Query, Refusal, Snapshot, Text, Wall};
use crate::words::Lang;

/// Who sits at which terminal.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Who.
    pub operator: Operator,
    /// Looks and does not touch.
    pub read_only: bool,
    /// Columns and rows.
    pub size: (u16, u16),
    /// Colours of the terminal.
    pub depth: Depth,
    /// The language to speak.
    pub lang: Lang,
    /// `TERM`.
    pub term: String,
    /// The simulated world: said in the header.
    pub demo: bool,
}

/// Somebody who is attached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Present {
    /// Who.
    pub name: Text,
    /// Looks only.
    pub read_only: bool,
    /// Since when.
    pub since: Wall,
    /// The one who is asked.
    pub you: bool,
}

/// What a session tells the console.
#[derive(Debug, Clone)]
pub enum News {
    /// Typed.
    Bytes(Vec<u8>),
    /// The terminal has another size.
    Resize(u16, u16),
    /// The newest state.
    Snapshot(Arc<Snapshot>),
    /// What came of a command.
    Answer(u64, Result<Done, Refusal>),
    /// What came of a query.
    Page(u64, Page),
    /// The configuration in force and where its keys stand.
    Config {
        /// What holds.
        config: Arc<Config>,
        /// Where it is written.
        origins: Arc<Origins>,
        /// In which file.
        file: PathBuf,
    },
    /// Everybody who is attached.
    Operators(Vec<Present>),
    /// What this operator's console remembered last.
    Remembered(Option<String>),
    /// Where an export lies, or why there is none.
    Exported(u64, Result<String, String>),
    /// The time that was asked for has come.
    Time,
    /// The terminal shows something else: draw everything.
    Repaint,
}

/// What the console wants done.
#[derive(Debug, Clone, PartialEq)]
pub enum Intent {
    /// Ask the engine.
    Command {
        /// Comes back with the answer.
        tag: u64,
        /// The version of the chat that was on the screen.
        expects: Option<u64>,
        /// What.
        command: Command,
    },
    /// Ask the store.
    Query {
        /// Comes back with the page.
        tag: u64,
        /// What.
        query: Query,
    },
    /// Bytes for the terminal that are no part of a frame: clipboard, bell, mouse.
    Write(Vec<u8>),
    /// Keep a file for the operator.
    Export {
        /// Comes back with the path.
        tag: u64,
        /// Its name.
        name: String,
        /// What is in it.
        text: String,
    },
    /// Keep this until the operator comes again.
    Remember(String),
    /// Stop the relay until it is continued.
    Suspend,
    /// Leave.
    Detach,
}
