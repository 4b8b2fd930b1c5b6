//! The last edits of a text, to take them back.

use std::collections::VecDeque;

/// Edits kept.
const EDITS: usize = 128;

/// Bytes that they may hold together.
const BYTES: usize = 256 * 1024;

/// A piece longer than this was pasted and is taken back by itself; an input method commits less.
const TYPED: usize = 48;

/// One place where a text changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Edit {
    /// Where.
    pub at: usize,
    /// What stood there.
    pub removed: String,
    /// What stands there now.
    pub inserted: String,
    /// Where the caret was.
    pub caret: usize,
}

/// What can be taken back. What was typed or deleted in one go is one edit.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct History {
    edits: VecDeque<Edit>,
    bytes: usize,
    closed: bool,
}

impl History {
    /// The next edit begins a new one, even if it could go on with the last.
    pub fn close(&mut self) {
        self.closed = true;
    }

    /// Remembers an edit and forgets the oldest where there are too many.
    pub fn record(&mut self, edit: Edit) {
        let closed = std::mem::take(&mut self.closed);
        self.bytes += edit.removed.len() + edit.inserted.len();
        match self.edits.back_mut() {
            Some(last) if !closed && last.goes_on_with(&edit) => last.join(edit),
            _ => self.edits.push_back(edit),
        }
        while self.edits.len() > EDITS || self.bytes > BYTES {
            let Some(old) = self.edits.pop_front() else { break };
            self.bytes -= old.removed.len() + old.inserted.len();
        }
    }

    /// Forgets the last edit and returns it.
    pub fn pop(&mut self) -> Option<Edit> {
        let edit = self.edits.pop_back()?;
        self.bytes -= edit.removed.len() + edit.inserted.len();
        self.closed = true;
        Some(edit)
    }
}

impl Edit {
    fn goes_on_with(&self, next: &Self) -> bool {
        if self.removed.is_empty() && next.removed.is_empty() {
            let blank = |c: Option<char>| c.is_some_and(char::is_whitespace);
            let new_word = blank(self.inserted.chars().next_back()) && !blank(next.inserted.chars().next());
            return next.at == self.at + self.inserted.len()
                && self.inserted.len() <= TYPED
                && next.inserted.len() <= TYPED
                && !new_word;
        }
        let deletes = self.inserted.is_empty() && next.inserted.is_empty();
        deletes && (next.at == self.at || next.at + next.removed.len() == self.at)
    }

    fn join(&mut self, next: Self) {
        if next.removed.is_empty() {
            self.inserted.push_str(&next.inserted);
        } else if next.at == self.at {
            self.removed.push_str(&next.removed);
        } else {
            self.removed.insert_str(0, &next.removed);
            self.at = next.at;
        }
    }
}
