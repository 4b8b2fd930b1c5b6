//! From the text of a `config.toml` to a [`Config`], or to everything that is wrong with it.

use std::collections::BTreeSet;

use toml::Spanned;
use toml::de::DeTable;

use super::section::Section;
use super::walk::Walk;
use super::{Config, Issue, IssueKind, Origins, Position, Severity, check, keys};

/// The largest text that is looked at, in bytes: 1 MiB (threats.md F05).
pub const LARGEST: usize = 1 << 20;

/// Dots in one key beyond which the text is refused unread: the parser guards against nested brackets, but
/// dotted keys nest as deep as they are long, and dropping such a tree recurses.
const DOTS: usize = 1000;

/// A configuration that can be used.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// What was configured, laid over the defaults.
    pub config: Config,
    /// What somebody should look at, by place.
    pub warnings: Vec<Issue>,
    /// Where each key stands.
    pub origins: Origins,
}

/// Reads and checks a whole `config.toml`.
///
/// # Errors
/// Everything that is wrong and everything that is odd (1000 things at most), by place; at least one is an error. Where the text is
/// not TOML, only what stands before the first such place is told beside it: what follows cannot be trusted.
pub fn parse(text: &str) -> Result<Parsed, Vec<Issue>> {
    let walk = Walk::new(text);
    let start = Position { line: 1, column: 1 };
    if text.len() > LARGEST {
        let kind = IssueKind::TooLarge { bytes: text.len() };
        return Err(vec![Issue { at: start, key: String::new(), kind }]);
    }
    if let Some(byte) = too_deep(text) {
        let kind = IssueKind::Syntax { message: "recursion limit".into() };
        return Err(vec![Issue { at: walk.position(byte), key: String::new(), kind }]);
    }
    let (table, broken) = DeTable::parse_recoverable(text);
    let mut config = Config::default();
    keys::document(Section::root(&walk, table.get_ref()), &mut config);
    if broken.is_empty() {
        check::check(&walk, &config);
    }
    let mut findings = walk.finish();
    if !broken.is_empty() {
        return Err(with_syntax(findings.issues, text, &broken));
    }
    let (errors, warnings): (Vec<_>, Vec<_>) =
        findings.issues.drain(..).partition(|issue| issue.severity() == Severity::Error);
    if errors.is_empty() {
        return Ok(Parsed { config, warnings, origins: Origins::new(findings.places) });
    }
    let mut all = errors;
    all.extend(warnings);
    all.sort_by_key(|issue| issue.at);
    Err(all)
}

/// All keys of the schema, dotted; tables too. Those below `[chat.*]` are listed once, below
/// `chat.private` and `chat.group`.
pub fn known_keys() -> BTreeSet<String> {
    let walk = Walk::new("");
    let table = Spanned::new(0..0, DeTable::new());
    keys::document(Section::root(&walk, table.get_ref()), &mut Config::default());
    walk.finish().known
}

/// One issue a line that is not TOML, and before the first of them what else was found.
fn with_syntax(issues: Vec<Issue>, text: &str, broken: &[toml::de::Error]) -> Vec<Issue> {
    let walk = Walk::new(text);
    let mut syntax: Vec<_> = broken
        .iter()
        .map(|error| {
            let at = walk.position(error.span().map_or(0, |span| span.start.min(text.len())));
            Issue { at, key: String::new(), kind: IssueKind::Syntax { message: error.message().to_owned() } }
        })
        .collect();
    syntax.sort_by_key(|issue| issue.at);
    syntax.dedup_by_key(|issue| issue.at.line);
    // A bracket that is not closed swallows what is below it: the complaints about that are no help.
    let swallows = |issue: &Issue| match &issue.kind {
        IssueKind::Syntax { message } => message.starts_with("missing comma") || message.starts_with("unclosed"),
        _ => false,
    };
    let told = syntax.iter().position(swallows).map_or(syntax.len(), |at| at + 1);
    syntax.truncate(told);
    let first = syntax.first().map_or(1, |issue| issue.at.line);
    let mut all: Vec<_> = issues.into_iter().filter(|issue| issue.at.line < first).collect();
    all.extend(syntax);
    all
}

/// The first byte of something that may be a key with too many dots. Quotes and blanks may stand in a dotted
/// key, so a long sentence counts too; a thousand full stops without any other mark or a new line is no prose.
fn too_deep(text: &str) -> Option<usize> {
    let (mut start, mut dots) = (0, 0);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'.' => dots += 1,
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' | b' ' | b'\t' | b'"' | b'\'' => {}
            _ => (start, dots) = (at + 1, 0),
        }
        if dots > DOTS {
            return Some(start);
        }
    }
    None
}
