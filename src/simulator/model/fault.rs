//! How a model server fails.

use std::str::FromStr;

/// One way to fail. The names in directives (`[[fail=NAME]]`, `[[fail=NAME@TOKENS]]`) stand behind each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// `400`…`504`: that status, with the protocol's own body.
    Status(u16),
    /// `html`: 502 with nginx' page.
    Html,
    /// `reset`: TCP reset.
    Reset,
    /// `hang`: nothing more, for ever.
    Hang,
    /// `eof`: a clean end without the last line.
    Eof,
    /// `nodone`: all the text, then no end mark.
    NoDone,
    /// `errmid`: an error object in the stream.
    ErrorMidway,
    /// `badjson`: one line that is no JSON, then it goes on.
    BadJson,
    /// `garbage`: bytes that are no text, then it goes on.
    Garbage,
    /// `truncjson`: half a line, then the end.
    Truncated,
    /// `empty`: an answer without anything.
    Empty,
    /// `slow`: a first token that takes [`ModelSettings::slow_first`](super::ModelSettings::slow_first).
    Slow,
}

impl Fault {
    /// Before the first byte of an answer, whatever the position asked for.
    pub(super) fn is_status(self) -> bool {
        matches!(self, Self::Status(_) | Self::Html)
    }

    /// Its name in directives and statistics.
    pub fn name(self) -> String {
        match self {
            Self::Status(status) => return status.to_string(),
            Self::Html => "html",
            Self::Reset => "reset",
            Self::Hang => "hang",
            Self::Eof => "eof",
            Self::NoDone => "nodone",
            Self::ErrorMidway => "errmid",
            Self::BadJson => "badjson",
            Self::Garbage => "garbage",
            Self::Truncated => "truncjson",
            Self::Empty => "empty",
            Self::Slow => "slow",
        }
        .to_owned()
    }
}

impl FromStr for Fault {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Ok(match name {
            "html" => Self::Html,
            "reset" => Self::Reset,
            "hang" => Self::Hang,
            "eof" => Self::Eof,
            "nodone" => Self::NoDone,
            "errmid" => Self::ErrorMidway,
            "badjson" => Self::BadJson,
            "garbage" => Self::Garbage,
            "truncjson" => Self::Truncated,
            "empty" => Self::Empty,
            "slow" => Self::Slow,
            "400" | "401" | "402" | "404" | "429" | "500" | "502" | "503" | "504" => {
                Self::Status(name.parse().map_err(|_| ())?)
            }
            _ => return Err(()),
        })
    }
}

/// Faults by chance.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FaultMix {
    /// Share of the questions that fail, 0 to 1.
    pub rate: f64,
    /// In which ways, all alike often.
    pub kinds: Vec<Fault>,
}
