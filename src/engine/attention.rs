//! What waits for a human: drafts, requests, doubtful deliveries, handovers, paused chats, missed messages.

use std::sync::Arc;

use super::question::Question;
use super::reply::Saying;
use super::state::State;
use super::timers::Timer;
use crate::domain::*;

impl State {
    /// Something waits for a human from now on. One row a chat for kinds that only repeat.
    pub fn raise(&mut self, kind: ItemKind, conversation: Option<ConversationId>, expires: Option<Wall>) -> ItemId {
        let id = self.numbers.item();
        let item = Item { since: self.now.wall, conversation, kind, expires };
        if let Some(at) = expires {
            self.timers.set(self.now.mono + at.since(self.now.wall), Timer::ItemEnds(id));
        }
        self.rows.push(Row::Item(id, Box::new(item.clone())));
        self.items.insert(id, Arc::new(item));
        if let Some(conversation) = conversation {
            self.touch(conversation);
        }
        self.changed = true;
        id
    }

    /// It waits no more.
    pub fn drop_item(&mut self, id: ItemId) -> Option<Item> {
        let item = self.items.remove(&id)?;
        self.rows.push(Row::ItemDone(id));
        if let Some(conversation) = item.conversation {
            self.touch(conversation);
        }
        self.changed = true;
        Some(Arc::unwrap_or_clone(item))
    }

    /// Nothing of this kind waits in this chat any more.
    pub fn drop_items(&mut self, conversation: ConversationId, kind: &ItemKind) {
        let is_it = |item: &Item| item.conversation == Some(conversation) && item.kind == *kind;
        let items: Vec<_> = self.items.iter().filter(|(_, item)| is_it(item)).map(|(id, _)| *id).collect();
        for item in items {
            self.drop_item(item);
        }
    }

    /// An answer that an operator decides about. Its question is over as far as the queue is concerned: a
    /// waiting draft holds nobody up.
    pub fn keep_draft(&mut self, question: &Question, text: String, making: Arc<Making>, suggestion: bool) {
        self.raise_draft(question, text, making, suggestion);
        self.close_question(question.head, None);
    }

    /// A text that waits for an operator's word.
    pub fn raise_draft(&mut self, question: &Question, text: String, making: Arc<Making>, suggestion: bool) {
        let id = question.conversation;
        let expiry = self.policy(id).chat.reply.draft_expiry;
        let wait = if id.peer.is_group() { expiry.group } else { expiry.private };
        let kind = ItemKind::Draft { answers: question.head, text, making, suggestion };
        self.raise(kind, Some(id), Some(self.now.wall + wait));
    }

    /// Answers to a message that wait for an operator's word.
    pub fn drafts_of(&self, line: Seq) -> Vec<ItemId> {
        self.items.iter().filter(|(_, item)| item.kind.drafted() == Some(line)).map(|(id, _)| *id).collect()
    }

    pub fn on_item_ends(&mut self, id: ItemId) {
        let Some(Item { kind: ItemKind::Draft { answers, .. }, conversation: Some(chat), .. }) = self.drop_item(id)
        else {
            return;
        };
        self.end_unanswered(chat, answers, Outcome::Expired);
    }

    /// Sends a draft, with other words where an operator gave them.
    pub fn approve(&mut self, id: ItemId, text: Option<String>, by: &Text) -> Result<Done, Refusal> {
        match self.items.get(&id).map(|item| &item.kind) {
            None => return Err(Refusal::UnknownItem(id)),
            Some(ItemKind::Draft { .. }) => {}
            Some(_) => return Err(Refusal::WrongItem(id)),
        }
        let Some(Item { kind: ItemKind::Draft { answers, text: written, making, .. }, conversation, .. }) =
            self.drop_item(id)
        else {
            return Err(Refusal::UnknownItem(id));
        };
        let Some(conversation) = conversation else { return Err(Refusal::UnknownItem(id)) };
        // Words that an operator wrote are the operator's.
        let (author, making) = match &text {
            Some(_) => (Author::Operator(by.clone()), None),
            None => (Author::Bot, Some(making)),
        };
        let text = text.unwrap_or(written);
        let line = self.say(Saying {
            conversation,
            author,
            text,
            answers: Some(answers),
            making,
            heard: None,
            lead: Vec::new(),
        });
        Ok(Done::Started(Some(line)))
    }

    /// Drops what waits, with the end that it has.
    pub fn reject(&mut self, id: ItemId) -> Result<Done, Refusal> {
        let item = self.drop_item(id).ok_or(Refusal::UnknownItem(id))?;
        if let (ItemKind::Draft { answers, suggestion, .. }, Some(chat)) = (&item.kind, item.conversation) {
            // A suggestion that nobody took: the operator spoke instead.
            let outcome = if *suggestion { Outcome::Ignored } else { Outcome::Suppressed };
            self.end_unanswered(chat, *answers, outcome);
        }
        Ok(Done::Ok)
    }

    /// Somebody asked for a human: an operator talks here from now on.
    pub fn hand_over_to_human(&mut self, conversation: ConversationId, line: Seq, by: &Text) {
        self.set_mode(conversation, Mode::Manual, None, by);
        let waiting = self
            .items
            .values()
            .any(|item| item.conversation == Some(conversation) && matches!(item.kind, ItemKind::Handover { .. }));
        if !waiting {
            self.raise(ItemKind::Handover { line }, Some(conversation), None);
        }
    }

    /// Who answers in a chat from now on. Manual mode always has an end: a chat must not fall silent because
    /// an operator went to bed.
    pub fn set_mode(&mut self, id: ConversationId, mode: Mode, during: Option<std::time::Duration>, by: &Text) {
        let during = match mode {
            Mode::Manual => Some(during.unwrap_or(self.policy(id).chat.reply.manual_returns)),
            _ => during,
        };
        let during = during.filter(|d| !d.is_zero());
        let until = during.map(|d| self.now.wall + d);
        self.change_chat(id, by, |state| state.mode = Some((mode, until)));
        if let Some(during) = during {
            self.timers.set(self.now.mono + during, Timer::ModeEnds(id));
        }
    }

    pub fn on_mode_ends(&mut self, id: ConversationId) {
        let wall = self.now.wall;
        let Some(chat) = self.chats.get_mut(&id) else { return };
        // Set anew meanwhile: its own timer will ring.
        if matches!(chat.state.mode, Some((_, Some(until))) if until <= wall) {
            chat.state.mode = None;
            self.save_chat(id);
        }
    }
}
