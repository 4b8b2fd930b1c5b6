//! Whom a message quotes and calls: both stand before the composer's words and are no part of them, so that no text
//! that is typed or pasted can become one.

use super::Intents;
use crate::console::input::{Code, Key, Mods};
use crate::console::state::{Composing, Purpose, Tone, Ui};
use crate::domain::*;

/// Members offered at once.
const OFFERED: usize = 8;
/// Longest beginning of a name, in characters: what is longer was not meant as one.
const LONGEST: usize = 16;

impl Ui {
    /// Opens the composer with the selected message as a quote.
    pub(super) fn quote(&mut self, out: &mut Intents) {
        let Some(line) = self.line().filter(|l| l.message.is_some() && !l.recalled) else {
            let (zh, en) = ("先选一条还在的消息", "select a message first, one that is still there");
            return self.toast(self.lang().pick(zh, en).to_owned(), Tone::Hint);
        };
        self.chat_ui(line.conversation).lead.quote = Some(line.seq);
        self.begin(line.conversation, Purpose::Say, out);
    }

    /// Members whose name begins as what stands behind the `@` at the caret, who spoke last first; and where that
    /// `@` stands.
    pub fn offered(&self) -> Option<(usize, Vec<(UserId, String)>)> {
        let Composing { chat, purpose: Purpose::Say, .. } = self.composing.as_ref()? else { return None };
        let known = self.chats.get(chat).filter(|_| chat.peer.is_group())?;
        let before = &known.draft.text()[..known.draft.caret()];
        let at = before.rfind(['@', '＠'])?;
        let sign = before[at..].chars().next().map_or(1, char::len_utf8);
        let begun = before[at + sign..].to_lowercase();
        // An address of mail calls nobody.
        let apart = before[..at].chars().next_back().is_none_or(|c| !c.is_ascii_alphanumeric());
        if !apart || begun.chars().count() > LONGEST || begun.contains(char::is_whitespace) {
            return None;
        }
        let mut members: Vec<(UserId, String)> = Vec::new();
        for line in self.lines(*chat).into_iter().rev() {
            let Author::Person { id, name } = &line.author else { continue };
            let name = if name.is_empty() { id.to_string() } else { name.shown().to_owned() };
            let fits = name.to_lowercase().starts_with(&begun) || id.to_string().starts_with(&begun);
            let new = |all: &[(UserId, String)]| all.iter().all(|(other, _)| other != id);
            if id.0 > 0 && fits && new(&members) && new(&known.lead.at) {
                members.push((*id, name));
                if members.len() == OFFERED {
                    break;
                }
            }
        }
        (!members.is_empty()).then_some((at, members))
    }

    /// Keys of the composer that are about its front; tells whether this one was.
    pub(super) fn on_lead_key(&mut self, chat: ConversationId, key: Key) -> bool {
        match (key.code(), key.mods()) {
            (Code::Tab, Mods::NONE) => {
                let Some((at, members)) = self.offered() else { return false };
                let known = self.chat_ui(chat);
                while known.draft.caret() > at && known.draft.delete_before() {}
                known.lead.at.extend(members.into_iter().next());
                true
            }
            (Code::Backspace, Mods::NONE) => {
                let known = self.chat_ui(chat);
                // At the very front, what stands before the words goes: the last who is called first.
                known.draft.caret() == 0 && (known.lead.at.pop().is_some() || known.lead.quote.take().is_some())
            }
            _ => false,
        }
    }
}
