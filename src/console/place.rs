//! Where one is: which view, which pane, which row.

use crate::domain::{ConversationId, ItemId, SelfId};

/// One of the five screens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum View {
    /// Conversations.
    #[default]
    Chats,
    /// Accounts and models.
    Accounts,
    /// What needs a human.
    Alerts,
    /// Tokens and money.
    Usage,
    /// Log and audit.
    Log,
}

impl View {
    /// All of them, in the order of their keys.
    pub const ALL: [View; 5] = [Self::Chats, Self::Accounts, Self::Alerts, Self::Usage, Self::Log];
}

/// Which pane has the keys, in the view of chats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pane {
    /// Who talks.
    #[default]
    List,
    /// What is said.
    Chat,
    /// A chat that is kept beside, by its place.
    Beside(usize),
}

/// A row of the list of chats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RowKey {
    /// Something of no chat that waits for a human.
    Item(ItemId),
    /// An account that cannot speak.
    Account(SelfId),
    /// A provider that is not asked, by its place.
    Provider(usize),
    /// A chat.
    Chat(ConversationId),
}

/// A list with one row selected.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cursor {
    /// Which row.
    pub at: usize,
    /// The first row shown.
    pub top: usize,
}

impl Cursor {
    /// Moves by so many rows within `len`, and keeps the row in a window of `height`.
    pub fn shift(&mut self, by: isize, len: usize, height: usize) {
        self.at = self.at.saturating_add_signed(by).min(len.saturating_sub(1));
        self.settle(len, height);
    }

    /// Keeps the row in a window of `height`.
    pub fn settle(&mut self, len: usize, height: usize) {
        self.at = self.at.min(len.saturating_sub(1));
        let height = height.max(1);
        self.top = self.top.clamp((self.at + 1).saturating_sub(height), self.at).min(len.saturating_sub(height));
    }
}
