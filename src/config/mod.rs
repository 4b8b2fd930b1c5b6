//! The configuration: its schema with defaults, reading and checking, and edits that keep comments.
//! No file is touched here; the runtime and the subcommands read and write.

mod schema;

pub use schema::*;
