//! Claims: an operator is about to speak in a chat, so the model does not. A claim is soft: it ends by itself, it
//! can be taken over, and no restart remembers it.

use std::time::Duration;

use super::state::State;
use super::timers::Timer;
use crate::domain::*;

/// How long a claim holds unless it is renewed.
const HOLDS: Duration = Duration::from_secs(120);

/// Who is about to speak.
#[derive(Debug, Clone)]
pub(super) struct Claimed {
    pub operator: Text,
    pub until: Mono,
}

impl State {
    /// From now on for two minutes this operator is about to speak; whoever was is no longer.
    pub fn claim(&mut self, chat: ChatRef, by: &Text) -> Result<Done, Refusal> {
        let id = self.existing(chat)?;
        let until = self.now.mono + HOLDS;
        self.chat(id).claim = Some(Claimed { operator: by.clone(), until });
        self.timers.set(until, Timer::ClaimEnds(id));
        Ok(Done::Ok)
    }

    /// This operator is not. What another has taken over stays with them.
    pub fn release(&mut self, chat: ChatRef, by: &Text) -> Result<Done, Refusal> {
        let id = self.existing(chat)?;
        if !self.is_claimed_by(id, by) {
            return Ok(Done::Already);
        }
        self.chat(id).claim = None;
        Ok(Done::Ok)
    }

    pub fn on_claim_ends(&mut self, id: ConversationId) {
        let now = self.now.mono;
        // Renewed meanwhile: its own timer will ring.
        if let Some(chat) = self.chats.get_mut(&id).filter(|c| c.claim.as_ref().is_some_and(|c| c.until <= now)) {
            chat.claim = None;
            self.touch(id);
        }
    }

    /// Whether this operator holds the claim.
    pub fn is_claimed_by(&self, id: ConversationId, operator: &Text) -> bool {
        self.claim_of(id).is_some_and(|claim| claim.operator == *operator)
    }

    fn claim_of(&self, id: ConversationId) -> Option<&Claimed> {
        self.chats.get(&id)?.claim.as_ref().filter(|claim| claim.until > self.now.mono)
    }

    /// Who may speak now: as the mode says, but where an operator is about to, the bot suggests.
    pub fn voice(&self, id: ConversationId) -> Mode {
        match self.mode(id) {
            Mode::Auto if self.claim_of(id).is_some() => Mode::Manual,
            mode => mode,
        }
    }

    /// An operator has spoken: where the bot answers by itself it leaves the floor for `reply.manual_returns`, and
    /// for as long again with each further word.
    pub fn leave_the_floor(&mut self, id: ConversationId, by: &Text) {
        let until = self.now.wall + self.policy(id).chat.reply.manual_returns;
        match (self.mode(id), self.chat_state(id).and_then(|s| s.mode)) {
            (Mode::Auto, _) => self.set_mode(id, Mode::Manual, None, by),
            (Mode::Manual, Some((_, Some(ends)))) if ends < until => {
                self.chat(id).state.mode = Some((Mode::Manual, Some(until)));
                self.save_chat(id);
                self.timers.set(self.now.mono + until.since(self.now.wall), Timer::ModeEnds(id));
            }
            _ => {}
        }
    }
}
