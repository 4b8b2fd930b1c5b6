//! What is said first on the socket, and what a `ctl` asks.

use serde::{Deserialize, Serialize};

use crate::console::Depth;
use crate::words::Lang;

/// This program's version; both ends must have the same.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Questions and commands, one JSON a line.
    Ctl,
    /// The console.
    Attach,
}

/// The first line of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The client's version.
    pub version: String,
    /// What for.
    pub purpose: Purpose,
    /// `zh` or `en`; English otherwise.
    #[serde(default)]
    pub lang: String,
    /// Columns and rows of the terminal, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<(u16, u16)>,
    /// `TERM` (attach).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<String>,
    /// Colours: `none`, `16`, `256`, `rgb` (attach).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depth: Option<String>,
    /// These colours were asked for, by a flag or `NO_COLOR`; otherwise they are a guess (attach).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub forced: bool,
    /// Only ASCII is to be drawn (attach).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ascii: bool,
    /// Only to look (attach).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub read_only: bool,
    /// The terminal is behind a network, so frames are dear (attach).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub remote: bool,
}

impl Hello {
    /// The hello of a `ctl`.
    pub fn ctl(lang: Lang) -> Self {
        Self {
            version: VERSION.to_owned(),
            purpose: Purpose::Ctl,
            lang: lang.code().to_owned(),
            size: None,
            term: None,
            depth: None,
            forced: false,
            ascii: false,
            read_only: false,
            remote: false,
        }
    }

    /// The hello of a relay, whose terminal may be one for looking only, or behind a network.
    pub fn attach(lang: Lang, size: (u16, u16), term: String, depth: Depth) -> Self {
        Self {
            purpose: Purpose::Attach,
            size: Some(size),
            term: Some(term),
            depth: Some(depth.code().to_owned()),
            ..Self::ctl(lang)
        }
    }

    /// The language of the answers.
    pub fn lang(&self) -> Lang {
        Lang::parse(&self.lang).unwrap_or(Lang::En)
    }
}

/// What is asked, one line each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ask {
    /// A name of the table of verbs.
    pub verb: String,
    /// Its arguments by name: strings, `true` for flags.
    #[serde(default)]
    pub arguments: serde_json::Map<String, serde_json::Value>,
    /// Whether the answer is wanted as fields rather than as text for people.
    #[serde(default)]
    pub json: bool,
}
