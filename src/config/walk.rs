//! The text under a walk, and what was found in it so far.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::{Issue, IssueKind, Position};

/// Problems beyond so many are not told: nobody reads them, and a hostile file must not cost more and more.
const MOST: usize = 1000;

/// The text and what was found in it so far.
pub(super) struct Walk<'t> {
    pub(super) text: &'t str,
    /// Byte offsets at which lines begin.
    lines: Vec<usize>,
    found: RefCell<Found>,
}

#[derive(Default)]
struct Found {
    issues: Vec<Issue>,
    /// Where each key stands.
    places: BTreeMap<String, Position>,
    /// Every key of the schema, list positions left out.
    known: BTreeSet<String>,
}

/// What a walk brought home.
pub(super) struct Findings {
    pub issues: Vec<Issue>,
    pub places: BTreeMap<String, Position>,
    pub known: BTreeSet<String>,
}

impl<'t> Walk<'t> {
    pub fn new(text: &'t str) -> Self {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { text, lines, found: RefCell::default() }
    }

    /// The place of a byte.
    pub fn position(&self, byte: usize) -> Position {
        let line = self.lines.partition_point(|start| *start <= byte).max(1);
        let before = self.text.get(self.lines[line - 1]..byte).unwrap_or_default();
        Position { line, column: before.chars().count() + 1 }
    }

    /// Notes a problem at a place, once.
    pub fn note(&self, at: Position, key: impl Into<String>, kind: IssueKind) {
        let issue = Issue { at, key: key.into(), kind };
        let mut found = self.found.borrow_mut();
        if found.issues.len() < MOST && !found.issues.contains(&issue) {
            found.issues.push(issue);
        }
    }

    /// Notes a problem at a byte, once.
    pub fn note_at(&self, byte: usize, key: impl Into<String>, kind: IssueKind) {
        if self.count() < MOST {
            self.note(self.position(byte), key, kind);
        }
    }

    /// How many problems were noted.
    pub fn count(&self) -> usize {
        self.found.borrow().issues.len()
    }

    /// Remembers where a key stands.
    pub fn remember(&self, path: String, byte: usize) {
        let at = self.position(byte);
        self.found.borrow_mut().places.insert(path, at);
    }

    /// Adds a key to those of the schema.
    pub fn know(&self, path: &str) {
        if !path.starts_with("chat.person_") && !path.starts_with("chat.group_") {
            self.found.borrow_mut().known.insert(schema_path(path));
        }
    }

    /// Where a key stands, or the table that it would stand in.
    pub fn place(&self, key: &str) -> Option<Position> {
        let found = self.found.borrow();
        let mut key = key;
        loop {
            if let Some(at) = found.places.get(key) {
                return Some(*at);
            }
            key = &key[..key.rfind(['.', '['])?];
        }
    }

    /// Whether the key is written.
    pub fn written(&self, key: &str) -> bool {
        self.found.borrow().places.contains_key(key)
    }

    /// Whether a problem with the key or something below it was noted.
    pub fn complained(&self, key: &str) -> bool {
        let below = |rest: &str| rest.is_empty() || rest.starts_with(['.', '[']);
        self.found.borrow().issues.iter().any(|issue| issue.key.strip_prefix(key).is_some_and(below))
    }

    /// The written keys below these tables, without the tables themselves; a name with a dot is a key itself.
    pub fn written_below(&self, tables: &[&str]) -> Vec<String> {
        let meant = |table: &&str, rest: &str| rest.starts_with('.') || (rest.is_empty() && table.contains('.'));
        let below =
            |key: &&String| tables.iter().any(|table| key.strip_prefix(*table).is_some_and(|rest| meant(table, rest)));
        self.found.borrow().places.keys().filter(|key| !key.contains('[')).filter(below).cloned().collect()
    }

    /// Ends the walk. Unknown keys are told where the same name exists.
    pub fn finish(self) -> Findings {
        let Found { mut issues, places, known } = self.found.into_inner();
        for issue in &mut issues {
            if let IssueKind::UnknownKey { name, elsewhere, .. } = &mut issue.kind {
                let same = |key: &&String| key.rsplit('.').next() == Some(name);
                let (chats, others): (Vec<_>, Vec<_>) =
                    known.iter().filter(same).partition(|key| key.starts_with("chat."));
                // What cascades exists below `[chat.*]` too; the plain place says enough.
                elsewhere.extend(if others.is_empty() { chats } else { others }.into_iter().take(3).cloned());
            }
        }
        issues.sort_by_key(|issue| issue.at);
        Findings { issues, places, known }
    }
}

/// A path without list positions and without the numbers of chats.
fn schema_path(path: &str) -> String {
    let mut schema = String::with_capacity(path.len());
    let mut inside = false;
    for c in path.chars() {
        match c {
            '[' => inside = true,
            ']' => inside = false,
            c if !inside => schema.push(c),
            _ => {}
        }
    }
    schema
}
