//! What the console and whoever runs it say to each other. The console touches no world: it is told news, says what
//! it wants done, and draws bytes.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::backend::Depth;
use crate::config::{Config, Origins};
use crate::domain::{ChatRef, Command, Done, LogNews, Operator, Page, Query, Refusal, Snapshot, Text, Wall};
use crate::words::Lang;

/// Who attaches, and with what terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Who. A viewer where the session is read-only.
    pub operator: Operator,
    /// Nothing may be changed from here.
    pub read_only: bool,
    /// Columns and rows.
    pub size: (u16, u16),
    /// Colours, as far as the environment tells.
    pub depth: Depth,
    /// These colours were asked for, by a flag or `NO_COLOR`: the configuration has no say.
    pub forced: bool,
    /// Only ASCII is drawn, whatever the configuration says.
    pub ascii: bool,
    /// The reader's language.
    pub lang: Lang,
    /// `TERM`.
    pub term: String,
    /// The world is simulated.
    pub demo: bool,
}

/// An operator who is attached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Present {
    /// Login name.
    pub name: Text,
    /// Only looks.
    pub read_only: bool,
    /// Attached since.
    pub since: Wall,
    /// Without a key for so long, when this was told. It is told anew when somebody idle is active again, so who
    /// is told as idle and not told anew still is.
    pub idle: Duration,
    /// The one who is told.
    pub you: bool,
    /// Where they are about to speak: claims tell operators apart, and not the terminals of one.
    pub composing: Option<ChatRef>,
}

/// What the console is told.
#[derive(Debug, Clone, PartialEq)]
pub enum News {
    /// What the terminal sent: keys, pastes, answers, cut anywhere.
    Bytes(Vec<u8>),
    /// The terminal has other columns and rows.
    Resize(u16, u16),
    /// A newer state; those in between were skipped.
    Snapshot(Arc<Snapshot>),
    /// What came of a command, after the snapshot that shows it.
    Answer(u64, Result<Done, Refusal>),
    /// What a query found.
    Page(u64, Page),
    /// The configuration in force.
    Config {
        /// The configuration.
        config: Arc<Config>,
        /// Where its keys stand.
        origins: Arc<Origins>,
        /// The file.
        file: PathBuf,
    },
    /// Who is attached.
    Operators(Vec<Present>),
    /// What this operator's console asked to remember last time.
    Remembered(Option<String>),
    /// What came of an export: the path, or why there is none, in the reader's language.
    Exported(u64, Result<String, String>),
    /// New lines of the log, after [`Intent::Log`]; ten times a second at most.
    Log(LogNews),
    /// The deadline that the console gave has come.
    Time,
    /// The terminal shows something else now: everything has to be drawn.
    Repaint,
}

/// What the console wants done.
#[derive(Debug, Clone, PartialEq)]
pub enum Intent {
    /// A command for the engine.
    Command {
        /// Comes back with the answer.
        tag: u64,
        /// The version of the chat that was on the screen.
        expects: Option<u64>,
        /// What.
        command: Command,
    },
    /// A question to the store.
    Query {
        /// Comes back with the page.
        tag: u64,
        /// What.
        query: Query,
    },
    /// Raw bytes for the terminal: clipboard, bell, mouse on or off.
    Write(Vec<u8>),
    /// A file in the exports.
    Export {
        /// Comes back with the path.
        tag: u64,
        /// What the file should be called.
        name: String,
        /// What is in it.
        text: String,
    },
    /// Keep this until the operator comes again.
    Remember(String),
    /// Tell what is logged after the line of this number; `None`: no more.
    Log(Option<u64>),
    /// Stop the terminal's program, as ^Z does.
    Suspend,
    /// Leave; the bot goes on.
    Detach,
}
