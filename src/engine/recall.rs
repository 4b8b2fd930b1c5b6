//! Taking back what we said, and saying something else instead.

use super::accounts::Errand;
use super::commands::{Asker, Ending};
use super::reply::Saying;
use super::state::State;
use crate::domain::*;

/// A line of ours that is being taken back, message by message.
pub(super) struct TakingBack {
    conversation: ConversationId,
    /// Messages of which the adapter has not said yet whether they are gone.
    open: usize,
    /// Why one of them stays.
    refused: Option<Refusal>,
    /// Whom to tell.
    asker: (SessionId, u64),
    /// What is said instead, and by whom.
    instead: Option<(String, Text)>,
}

impl State {
    pub fn recall(&mut self, chat: ChatRef, line: Seq, asker: &Asker) -> Ending {
        let result = self.existing(chat).and_then(|id| {
            let known = self.chat(id).line(line).filter(|l| l.author.is_ours() && l.message.is_some());
            match known {
                None => Err(Refusal::UnknownLine),
                Some(line) if line.recalled => Ok((id, true)),
                Some(_) => Ok((id, false)),
            }
        });
        match result {
            Ok((id, false)) => self.take_back(id, line, None, asker),
            Ok((_, true)) => Ok(Done::Already).into(),
            Err(refusal) => Err(refusal).into(),
        }
    }

    /// Says something else instead of a line of ours, once that one is gone or is known to stay.
    pub fn correct(&mut self, by: &Operator, chat: ChatRef, line: Seq, text: String, asker: &Asker) -> Ending {
        let wrong = self.existing(chat).and_then(|id| {
            let wrong = self.chat(id).line(line).filter(|l| l.author.is_ours() && l.author != Author::Notice);
            match wrong.cloned() {
                _ if text.trim().is_empty() => Err(Refusal::Nothing),
                None => Err(Refusal::UnknownLine),
                Some(_) if self.replies.contains_key(&line) => Err(Refusal::OnItsWay),
                Some(wrong) => Ok(wrong),
            }
        });
        let wrong = match wrong {
            Ok(wrong) => wrong,
            Err(refusal) => return Err(refusal).into(),
        };
        // An equal question must not be answered from memory with what was wrong.
        self.cache.clear();
        let (id, by) = (wrong.conversation, by.name.clone());
        if wrong.recalled || wrong.message.is_none() {
            return Ok(Done::Started(Some(self.say_instead(id, line, text, by)))).into();
        }
        self.take_back(id, line, Some((text, by)), asker)
    }

    fn take_back(&mut self, id: ConversationId, line: Seq, instead: Option<(String, Text)>, asker: &Asker) -> Ending {
        let Asker::Session(session, tag) = asker else { return Err(Refusal::Nothing).into() };
        if self.taken_back.contains_key(&line) {
            return Err(Refusal::Nothing).into();
        }
        let messages = self.chat(id).messages_of(line);
        let (open, asker) = (messages.len(), (*session, *tag));
        self.taken_back.insert(line, TakingBack { conversation: id, open, refused: None, asker, instead });
        for message in messages {
            self.call(id.account, Action::Recall { message }, Errand::Recall(line));
        }
        Ending::Later
    }

    /// The adapter's word on one message of a line.
    pub fn on_taken_back(&mut self, line: Seq, result: Result<Done, Refusal>) {
        let Some(taking) = self.taken_back.get_mut(&line) else { return };
        taking.open -= 1;
        if let Err(refusal) = result {
            taking.refused.get_or_insert(refusal);
        }
        if taking.open > 0 {
            return;
        }
        let Some(TakingBack { conversation, refused, asker, instead, .. }) = self.taken_back.remove(&line) else {
            return;
        };
        if refused.is_none() {
            self.mark_recalled(conversation, line);
        }
        let result = match (refused, instead) {
            // Nothing was tried: better both later than a second answer beside the first.
            (Some(Refusal::NoLink), _) => Err(Refusal::NoLink),
            (_, Some((text, by))) => Ok(Done::Started(Some(self.say_instead(conversation, line, text, by)))),
            (Some(refusal), None) => Err(refusal),
            (None, None) => Ok(Done::Ok),
        };
        self.answer_late(asker.0, asker.1, result);
    }

    /// The words that stand in a line's place. They name it as what they answer, which is how a model's window knows
    /// that it is wrong, and quote it where it still stands in the chat.
    fn say_instead(&mut self, conversation: ConversationId, line: Seq, text: String, by: Text) -> Seq {
        let author = Author::Operator(by);
        self.say(Saying {
            conversation,
            author,
            text,
            answers: Some(line),
            making: None,
            heard: None,
            lead: Vec::new(),
        })
    }
}
