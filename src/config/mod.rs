//! The configuration: its schema with defaults, reading and checking, and edits that keep comments.
//! No file is touched here; the runtime and the subcommands read and write.
//!
//! * [`parse()`] text → [`Parsed`], or every [`Issue`] at once, each with its line and column
//! * `keys` is the one list of what can be written: names, types, bounds · `check` is what contradicts what
//! * [`Issue::words`] says an issue in Chinese or English · [`edit()`] changes one setting and nothing else · [`fits()`] looks at a value first
//! * [`shown()`] writes a setting of a chat as the file would · [`restart_needed`] names what a reload cannot change · [`read_duration`] and its kin are the human forms

mod change;
mod check;
mod decor;
mod edit;
mod fits;
mod forms;
mod issue;
mod keys;
mod level;
mod origins;
mod parse;
mod schema;
mod section;
mod shown;
mod value;
mod walk;
mod words;

pub use change::restart_needed;
pub use edit::{EditError, Edited, edit, written};
pub use fits::fits;
pub use forms::{read_duration, read_rate, read_size, show_duration, show_rate, show_size};
pub use issue::{Issue, IssueKind, Named, Position, Severity, Shape};
pub use level::LogFilter;
pub use origins::Origins;
pub use parse::{LARGEST, Parsed, known_keys, parse};
pub use schema::*;
pub use shown::shown;

/// The commented defaults: what `init` writes.
pub const SHIPPED: &str = include_str!("../../config.toml");
