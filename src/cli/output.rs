//! What leaves the program: words on stdout, a paragraph on stderr, an exit code.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use crate::words::{Exit, Lang};

/// How a subcommand ends when it does not simply end well.
#[derive(Debug)]
pub enum End {
    /// With a paragraph and its code.
    Exit(Exit),
    /// With words that are already in the reader's language.
    Said {
        /// The exit code.
        code: u8,
        /// The words.
        words: String,
    },
    /// Well and with nothing more to say: help was printed, or whoever read our output has gone (`| head`).
    Quiet,
}

impl From<Exit> for End {
    fn from(exit: Exit) -> Self {
        Self::Exit(exit)
    }
}

impl End {
    /// Tells it, and gives the exit code.
    pub fn report(self, lang: Lang) -> ExitCode {
        let (code, words) = match self {
            Self::Exit(exit) => (exit.code(), exit.words(lang)),
            Self::Said { code, words } => (code, words),
            Self::Quiet => return ExitCode::SUCCESS,
        };
        // A closed stderr leaves nobody to complain to.
        let _ = writeln!(io::stderr(), "{words}");
        ExitCode::from(code)
    }
}

/// Prints to stdout.
///
/// # Errors
/// [`End::Quiet`] when nobody reads any more, and a failure when the disk behind it is full.
pub fn print(text: &str) -> Result<(), End> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|e| match e.kind() {
        io::ErrorKind::BrokenPipe => End::Quiet,
        _ => Exit::CannotWrite { path: "stdout".to_owned(), cause: e.to_string() }.into(),
    })
}

/// A remark on stderr; never an error.
pub fn remark(words: &str) {
    let _ = writeln!(io::stderr(), "{words}");
}

/// Whether somebody sits in front of both ends.
pub fn is_terminal() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}
