//! What the composer types, and for what.

use super::{ChatUi, Ui};
use crate::console::text::Composer;
use crate::domain::{ConversationId, ItemId, Mono, Seq};

/// What the composer's text is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// A message.
    Say,
    /// Instead of this line of the bot.
    Correct(Seq),
    /// Instead of this draft.
    Approve(ItemId),
}

/// The composer has the keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Composing {
    /// In which chat.
    pub chat: ConversationId,
    /// What for.
    pub purpose: Purpose,
    /// When the claim must be renewed.
    pub claim_at: Mono,
}

impl ChatUi {
    /// What was typed for this so far.
    pub fn typed(&self, purpose: &Purpose) -> Option<&Composer> {
        match purpose {
            Purpose::Say => Some(&self.draft),
            _ => self.other.as_ref().filter(|(other, _)| other == purpose).map(|(_, text)| text),
        }
    }

    /// The same, to be typed on; what was typed for something else that is no message is given up.
    pub fn typed_mut(&mut self, purpose: &Purpose) -> &mut Composer {
        if *purpose == Purpose::Say {
            return &mut self.draft;
        }
        if self.other.as_ref().is_none_or(|(other, _)| other != purpose) {
            self.other = None;
        }
        &mut self.other.get_or_insert_with(|| (purpose.clone(), Composer::new())).1
    }
}

impl Ui {
    /// What stands in a chat's composer.
    pub fn typed(&self, id: ConversationId) -> Option<&Composer> {
        let purpose = self.composing.as_ref().filter(|c| c.chat == id).map_or(&Purpose::Say, |c| &c.purpose);
        self.chats.get(&id)?.typed(purpose)
    }
}
