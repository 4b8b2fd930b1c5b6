//! What can be wrong with a theme file, and where.

use std::fmt;

/// Everything that is wrong with a theme and the ones that it inherits from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ThemeError {
    /// All of it, by theme and line.
    pub problems: Vec<Problem>,
}

impl fmt::Display for ThemeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.problems.iter().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

/// One thing that is wrong with a theme file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{theme}.toml:{line}: {flaw}")]
pub struct Problem {
    /// The name of the theme.
    pub theme: String,
    /// The line in its file, from 1.
    pub line: usize,
    /// What.
    pub flaw: Flaw,
}

/// What is wrong there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Flaw {
    /// Not TOML.
    #[error("{0}")]
    Syntax(String),
    /// Longer than any theme, or nested deeper.
    #[error("the file is too large or nested too deep")]
    TooLarge,
    /// No key of a theme or of a style.
    #[error("there is no key `{name}`{}", meant(.nearest))]
    UnknownKey {
        /// As written.
        name: String,
        /// The nearest that exists.
        nearest: Option<String>,
    },
    /// No role, nor the begin of one.
    #[error("there is no role `{name}`{}", meant(.nearest))]
    UnknownRole {
        /// As written.
        name: String,
        /// The nearest that exists.
        nearest: Option<String>,
    },
    /// Neither in the palette, nor one of the terminal's, nor hexadecimal.
    #[error("there is no colour `{name}`{}", meant(.nearest))]
    UnknownColour {
        /// As written.
        name: String,
        /// The nearest that exists.
        nearest: Option<String>,
    },
    /// A theme that does not exist.
    #[error("there is no theme `{name}`{}", meant(.nearest))]
    UnknownTheme {
        /// As written.
        name: String,
        /// The nearest that exists.
        nearest: Option<String>,
    },
    /// A value of the wrong form.
    #[error("`{key}` must be {expected}")]
    WrongForm {
        /// The key.
        key: String,
        /// What it must be.
        expected: &'static str,
    },
    /// Themes that inherit from each other in a ring.
    #[error("themes inherit from each other in a ring: {}", .0.join(" → "))]
    Ring(Vec<String>),
    /// A theme that declares no background, nor inherits one.
    #[error("`background` is missing: the colour of the terminal that the theme is made for")]
    NoBackground,
}

fn meant(nearest: &Option<String>) -> String {
    nearest.as_ref().map(|name| format!("; is `{name}` meant?")).unwrap_or_default()
}

/// The name that somebody may have meant, if one is near enough.
pub(super) fn nearest<'n>(name: &str, among: impl IntoIterator<Item = &'n str>) -> Option<String> {
    let reach = 1 + name.chars().count() / 4;
    among
        .into_iter()
        .map(|other| (strsim::damerau_levenshtein(name, other), other))
        .filter(|(distance, other)| *distance <= reach && *distance < other.chars().count().max(2))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, other)| other.to_owned())
}
