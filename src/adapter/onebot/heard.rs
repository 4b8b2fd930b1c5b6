//! What a frame means to the engine.

use crate::domain::{Message, Notice, Request, SelfId, Text};

/// What an event frame means to the engine. The account inside is 0 where the frame named none: whoever
/// knows the link sets it with [`Heard::set_account`].
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    /// The account that the frame names.
    pub account: Option<SelfId>,
    /// What was heard.
    pub what: What,
}

/// What was heard.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// Somebody, perhaps ourselves, said something.
    Message(Box<Message>),
    /// Something happened in a chat.
    Notice(Notice),
    /// Somebody asks to be let in.
    Request(Request),
    /// The QQ state, with a reason where one was given. `None`: the adapter does not know.
    State(Option<bool>, Text),
    /// Nothing for the engine; the account, if named, is learnt from it (lifecycle, unknown events).
    Nothing,
}

impl Heard {
    /// Names the account.
    pub fn set_account(&mut self, account: SelfId) {
        self.account = Some(account);
        match &mut self.what {
            What::Message(message) => message.conversation.account = account,
            What::Request(request) => request.account = account,
            What::Notice(notice) => match notice {
                Notice::Recalled { conversation, .. }
                | Notice::Muted { conversation, .. }
                | Notice::Removed { conversation, .. }
                | Notice::Joined { conversation, .. }
                | Notice::Poked { conversation, .. }
                | Notice::Renamed { conversation, .. } => conversation.account = account,
                Notice::Other { account: named, .. } => *named = account,
            },
            What::State(..) | What::Nothing => {}
        }
    }
}
