//! What can be wrong with a `config.toml`, and where. The sentences are in `words`.

use super::Language;

/// A place in the text, both from 1; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The character in it.
    pub column: usize,
}

/// One thing that is wrong, or odd.
#[derive(Debug, Clone, PartialEq)]
pub struct Issue {
    /// Where.
    pub at: Position,
    /// The dotted key, as in `providers[0].timeout.total`; empty where the text cannot be read at all.
    pub key: String,
    /// What. Never holds a secret.
    pub kind: IssueKind,
}

/// Whether a configuration with an issue can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// No.
    Error,
    /// Yes, but somebody should look.
    Warning,
}

/// A form that a value must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shape {
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// A string.
    Text,
    /// A number, or a string such as `"2s"`, `"90%"`, `"5GiB"`.
    Quantity,
    /// A list, or one string with commas.
    List,
    /// A table.
    Table,
    /// `[[…]]`.
    Tables,
    /// `"30s"`.
    Duration,
    /// `"16MiB"`.
    Size,
    /// `"6/min burst 3"`.
    Rate,
    /// `10.0.0.0/8`.
    Network,
    /// `"127.0.0.1:2280"`.
    Address,
    /// A URL with one of these schemes.
    Url(&'static [&'static str]),
    /// `123`, `"123"`, `"person_123"`, `"*"`.
    PersonId,
    /// `123`, `"123"`, `"group_123"`, `"*"`.
    GroupId,
    /// `123`: a number and nothing else.
    Account,
    /// `secret:NAME`, `env:NAME`, `file:PATH`.
    Secret,
    /// A colour name or `#rrggbb`.
    Color,
    /// Begins with `/`.
    Path,
    /// The name of an HTTP header.
    HeaderName,
    /// The number `"auto"` or a whole number.
    AutoInteger,
    /// Letters that can stand before a command: no blanks, at most 8.
    Prefix,
    /// Letters, digits, `_` and `-`.
    Name,
    /// A short line without control characters.
    Line,
    /// `name@example.com`.
    Mail,
    /// `"23:00-08:00"`.
    QuietHours,
}

/// What a name names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Named {
    /// `[[personas]]`.
    Persona,
    /// `[[providers]]`.
    Provider,
    /// `[[onebot.dial]]`.
    Dial,
    /// `[[console.canned]]`.
    Canned,
    /// An address that is listened on.
    Listen,
    /// A rule of alerts.
    Rule,
    /// `[[notify.to]]`.
    Destination,
    /// An account.
    Account,
    /// A command typed in chat.
    Command,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq)]
pub enum IssueKind {
    /// More than 1 MiB.
    TooLarge {
        /// Bytes.
        bytes: usize,
    },
    /// Not UTF-8 from here on.
    NotUtf8,
    /// The file that is named here cannot be read.
    Unreadable {
        /// Which.
        path: String,
        /// What the system says, in English.
        cause: String,
    },
    /// Not TOML.
    Syntax {
        /// What the parser says, in English.
        message: String,
    },
    /// No such key here.
    UnknownKey {
        /// As it was written.
        name: String,
        /// The nearest key of the same table.
        nearest: Option<String>,
        /// Where the very same key exists.
        elsewhere: Vec<String>,
    },
    /// A key of another kind of destination.
    OtherKind {
        /// As it was written.
        name: &'static str,
        /// The kind of this one.
        kind: String,
        /// The kinds that have the key.
        kinds: Vec<&'static str>,
    },
    /// Another type of value is wanted.
    WrongType {
        /// What is wanted.
        wanted: Shape,
        /// What is there, in TOML's words.
        found: &'static str,
    },
    /// The right type, and yet unreadable.
    Malformed {
        /// What is wanted.
        wanted: Shape,
        /// What is there.
        text: String,
    },
    /// Not one of a few words.
    NotAWord {
        /// What is there.
        text: String,
        /// What may be there.
        words: &'static [&'static str],
        /// The nearest of them.
        nearest: Option<&'static str>,
    },
    /// Too small or too large.
    OutOfRange {
        /// What is there.
        value: String,
        /// The least.
        least: String,
        /// The most.
        most: String,
    },
    /// A pattern that cannot be compiled, or grows too large.
    Regex {
        /// What the compiler says, in English.
        message: String,
    },
    /// A group among people, or a person among groups.
    WrongList {
        /// As it was written.
        id: String,
        /// The key where it belongs, if any.
        belongs: Option<&'static str>,
    },
    /// Must not be empty.
    Missing {
        /// The key that is missing.
        name: &'static str,
    },
    /// Nothing has that name.
    UnknownName {
        /// What was meant.
        what: Named,
        /// As it was written.
        name: String,
        /// The nearest that exists.
        nearest: Option<String>,
    },
    /// Two have that name.
    Duplicate {
        /// What.
        what: Named,
        /// The name.
        name: String,
        /// The line of the first.
        first: usize,
    },
    /// A value contradicts another: it must not be above it.
    Above {
        /// The value.
        value: String,
        /// The other key, or a sum of keys.
        other: String,
        /// Its value.
        limit: String,
    },
    /// Others can reach the port and no token is set.
    OpenWithoutToken {
        /// The address.
        listen: String,
    },
    /// A certificate without a key or a key without a certificate.
    HalfTls {
        /// What is missing.
        missing: &'static str,
    },
    /// A rule that ships measures what it measures.
    Shipped {
        /// Its name.
        rule: String,
    },
    /// A command that decides who is let in is for admins, whatever is written.
    FixedRole {
        /// Which.
        name: String,
    },
    /// The feature is not built yet.
    NotBuilt,
    /// Warning: the secret itself stands in the file.
    LiteralSecret,
    /// Warning: a password goes to another machine and everybody on the way can read it.
    PasswordInClear,
    /// Warning: easily guessed.
    ShortToken {
        /// Its characters.
        length: usize,
    },
    /// Warning: figures for everybody on the network, without a lock.
    OpenMetrics {
        /// The address.
        listen: String,
    },
    /// Warning: an admin among the blocked, who is listened to all the same.
    AdminBlocked {
        /// Who.
        id: i64,
    },
    /// Warning: a whitelist with nobody on it.
    AnswersNobody,
    /// Warning: no provider.
    NoProviders,
    /// Warning: no chat uses it; only the persona command reaches it.
    UnusedPersona {
        /// Which.
        name: String,
    },
    /// Warning: names are listed but `names` is not in `trigger.group`, or the reverse of it.
    NamesUnused,
}

impl IssueKind {
    /// Whether the configuration can be used all the same.
    pub fn severity(&self) -> Severity {
        match self {
            Self::LiteralSecret
            | Self::PasswordInClear
            | Self::ShortToken { .. }
            | Self::OpenMetrics { .. }
            | Self::AdminBlocked { .. }
            | Self::AnswersNobody
            | Self::NoProviders
            | Self::UnusedPersona { .. }
            | Self::NamesUnused => Severity::Warning,
            _ => Severity::Error,
        }
    }

    /// A stable word for scripts and tests.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "too_large",
            Self::NotUtf8 => "not_utf8",
            Self::Unreadable { .. } => "unreadable",
            Self::Syntax { .. } => "syntax",
            Self::UnknownKey { .. } => "unknown_key",
            Self::OtherKind { .. } => "other_kind",
            Self::WrongType { .. } => "wrong_type",
            Self::Malformed { .. } => "malformed",
            Self::NotAWord { .. } => "not_a_word",
            Self::OutOfRange { .. } => "out_of_range",
            Self::Regex { .. } => "regex",
            Self::WrongList { .. } => "wrong_list",
            Self::Missing { .. } => "missing",
            Self::UnknownName { .. } => "unknown_name",
            Self::Duplicate { .. } => "duplicate",
            Self::Above { .. } => "above",
            Self::OpenWithoutToken { .. } => "open_without_token",
            Self::HalfTls { .. } => "half_tls",
            Self::Shipped { .. } => "shipped",
            Self::FixedRole { .. } => "fixed_role",
            Self::NotBuilt => "not_built",
            Self::LiteralSecret => "literal_secret",
            Self::PasswordInClear => "password_in_clear",
            Self::ShortToken { .. } => "short_token",
            Self::OpenMetrics { .. } => "open_metrics",
            Self::AdminBlocked { .. } => "admin_blocked",
            Self::AnswersNobody => "answers_nobody",
            Self::NoProviders => "no_providers",
            Self::UnusedPersona { .. } => "unused_persona",
            Self::NamesUnused => "names_unused",
        }
    }
}

impl Issue {
    /// Whether the configuration can be used all the same.
    pub fn severity(&self) -> Severity {
        self.kind.severity()
    }

    /// One line for a person: `config.toml:58:12: engine.workrs: …`.
    pub fn line(&self, file: &str, language: Language) -> String {
        let mark = match (self.severity(), language) {
            (Severity::Error, _) => "",
            (Severity::Warning, Language::Chinese) => "提醒：",
            (Severity::Warning, _) => "warning: ",
        };
        let Position { line, column } = self.at;
        let key = if self.key.is_empty() { String::new() } else { format!("{}: ", self.key) };
        format!("{file}:{line}:{column}: {mark}{key}{}", self.words(language))
    }
}

/// The nearest of some names, if one is near enough to be meant.
pub(super) fn nearest<'n>(name: &str, among: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let reach = 1 + name.chars().count() / 4;
    let lower = name.to_lowercase().replace('-', "_");
    among
        .into_iter()
        .map(|other| (strsim::damerau_levenshtein(&lower, &other.to_lowercase()), other))
        .filter(|(distance, other)| *distance <= reach && *distance < other.chars().count().max(2))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, other)| other)
}
