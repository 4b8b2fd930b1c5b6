//! A question from the message that asked it to the answer: typing, waiting for its turn, for a slot, for the model.

use std::sync::Arc;
use std::time::Duration;

use super::state::State;
use super::timers::{Alarm, Timer};
use crate::domain::*;
use crate::flow::Effect;

/// Messages that become one question at most.
const MERGE_MOST: usize = 10;

/// How far a question has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Its speaker may go on typing.
    Typing,
    /// It may not begin before its rate allows.
    Held,
    /// It waits for its speaker's turn.
    Waiting,
    /// It waits for a slot of this provider.
    Queued(usize),
    /// A model is at it.
    Asking,
    /// It will be asked again after a pause.
    Pausing,
}

/// What is under way at a provider.
#[derive(Debug, Clone)]
pub(super) struct Asking {
    pub job: JobId,
    pub provider: usize,
    pub key: usize,
    pub since: Mono,
    pub first_text: Option<Mono>,
    /// When its text grew last.
    pub progressed: Mono,
    /// Visible text so far.
    pub text: Arc<str>,
    /// Bytes of it that have been handed to delivery, paragraph by paragraph.
    pub delivered: usize,
}

/// One message of a question.
#[derive(Debug, Clone)]
pub(super) struct Said {
    pub line: Arc<Line>,
    /// Its words as the model shall see them: the call taken off. Empty where the bot was only called.
    pub text: String,
}

impl Said {
    /// A message from the record: how it called the bot is not known any more.
    pub fn of(line: &Arc<Line>) -> Self {
        Self { line: Arc::clone(line), text: line.text.raw().to_owned() }
    }
}

/// One question.
#[derive(Debug, Clone)]
pub(super) struct Question {
    /// The message that asked it.
    pub head: Seq,
    pub conversation: ConversationId,
    pub speaker: UserId,
    /// All messages that make it up, the head first. None, once its only one was a duplicate.
    pub said: Vec<Said>,
    pub pictures: Vec<Picture>,
    /// When it was heard.
    pub heard: Mono,
    /// When its speaker last added to it.
    pub typed: Mono,
    pub stage: Stage,
    /// Providers that failed at it.
    pub tried: Vec<usize>,
    pub attempts: u32,
    pub asking: Option<Asking>,
    /// When it is too old to go on.
    pub ends: Mono,
    /// And what rings then.
    pub alarm: Option<Alarm>,
    /// A smaller window than usual, in tokens: the model said that the context was too long.
    pub shortened: Option<u32>,
    /// The answer becomes a draft whatever the mode.
    pub draft: bool,
    /// Nobody wants the answer any more; how its messages end.
    pub cancelled: Option<Outcome>,
    /// What the model was asked does not hold any more: once it has stopped, it is asked anew.
    pub again: bool,
    /// The line of ours that its delivered paragraphs belong to.
    pub reply: Option<Seq>,
    /// Lines shown to the model, and lines left out.
    pub window: (u32, u32),
    /// Tokens of all that the model was shown, estimated and uncalibrated; 0 where there are pictures.
    pub estimate: f32,
    /// Keep the answer and look it up under this key.
    pub cache_key: Option<super::cache::Key>,
}

impl Question {
    /// A question that has not begun.
    pub fn new(line: &Arc<Line>, speaker: UserId, text: String, now: Mono, ends: Mono) -> Self {
        Self {
            head: line.seq,
            conversation: line.conversation,
            speaker,
            said: vec![Said { line: Arc::clone(line), text }],
            pictures: line.pictures.clone(),
            heard: now,
            typed: now,
            stage: Stage::Waiting,
            tried: Vec::new(),
            attempts: 0,
            asking: None,
            ends,
            alarm: None,
            shortened: None,
            draft: false,
            cancelled: None,
            again: false,
            reply: None,
            window: (0, 0),
            estimate: 0.0,
            cache_key: None,
        }
    }

    /// Whether a message is part of it.
    pub fn has(&self, line: Seq) -> bool {
        self.said.iter().any(|said| said.line.seq == line)
    }

    /// A message is no part of it any more, nor are its pictures.
    pub fn take_out(&mut self, line: Seq) {
        if let Some(at) = self.said.iter().position(|said| said.line.seq == line) {
            let gone = self.said.remove(at).line;
            self.pictures.retain(|picture| !gone.pictures.contains(picture));
        }
    }
}

impl State {
    /// A message has become a question: it waits for the rest of what is being typed, or joins it.
    pub fn enqueue(&mut self, mut question: Question, merge: Duration, held_until: Option<Mono>) {
        let head = question.head;
        let (conversation, speaker) = (question.conversation, question.speaker);
        question.alarm = Some(self.timers.alarm(question.ends, Timer::QuestionEnds(head)));
        if let Some(at) = held_until {
            question.stage = Stage::Held;
            self.timers.set(at, Timer::Retry(head));
        } else if !merge.is_zero() {
            question.stage = Stage::Typing;
            self.timers.set(self.now.mono + merge, Timer::Merged(head));
        }
        self.questions.insert(head, question);
        self.chat(conversation).enqueue(speaker, head);
        self.pump_chat(conversation);
    }

    /// Joins a message to the question that its speaker is still typing. Tells which.
    pub fn merge(&mut self, conversation: ConversationId, speaker: UserId) -> Option<Seq> {
        let last = self.chats.get(&conversation)?.last_waiting(speaker)?;
        let question = self.questions.get(&last)?;
        // Bounded: somebody who never stops typing is answered all the same.
        (question.stage == Stage::Typing && question.said.len() < MERGE_MOST).then_some(last)
    }

    /// Adds to a question that is still being typed.
    pub fn extend(&mut self, head: Seq, said: Said, merge: Duration) {
        let now = self.now.mono;
        if let Some(question) = self.questions.get_mut(&head) {
            question.pictures.extend(said.line.pictures.iter().cloned());
            question.said.push(said);
            question.typed = now;
            self.timers.set(now + merge, Timer::Merged(head));
        }
    }

    pub fn on_merged(&mut self, head: Seq) {
        let Some(question) = self.questions.get(&head).filter(|q| q.stage == Stage::Typing) else { return };
        let conversation = question.conversation;
        let window = merge_window(&self.policy(conversation).chat, conversation.peer);
        // More was typed since this timer was set: a later one will ring.
        if question.said.len() < MERGE_MOST && self.now.mono.since(question.typed) < window {
            return;
        }
        if let Some(question) = self.questions.get_mut(&head) {
            question.stage = Stage::Waiting;
        }
        self.pump_chat(conversation);
    }

    /// Begins what may begin in a chat.
    pub fn pump_chat(&mut self, id: ConversationId) {
        if self.stopping {
            return;
        }
        let room = self.parallel(id);
        loop {
            let questions = &self.questions;
            let Some(chat) = self.chats.get_mut(&id) else { return };
            let ready = |q: Seq| questions.get(&q).is_some_and(|q| q.stage == Stage::Waiting);
            let Some(head) = chat.begin(room, ready) else { return };
            self.dispatch(head);
        }
    }

    /// How many speakers of a chat are answered at once.
    fn parallel(&self, id: ConversationId) -> usize {
        if !id.peer.is_group() {
            return 1;
        }
        self.policy(id).chat.context.group_parallel.unwrap_or_else(|| {
            let slots: usize = self.providers.iter().map(|p| p.config.max_concurrency).sum();
            slots.clamp(1, 4)
        })
    }

    /// A question is over: its messages get their outcome, unless a reply on its way will give it, and the
    /// next question of its speaker begins.
    pub fn close_question(&mut self, head: Seq, outcome: Option<Outcome>) {
        let Some(question) = self.questions.remove(&head) else { return };
        if let Some(alarm) = question.alarm {
            self.timers.cancel(alarm);
        }
        if let Some(asking) = &question.asking {
            self.jobs.remove(&asking.job);
        }
        if let Some(outcome) = outcome.filter(|_| question.has(head)) {
            self.end_unanswered(question.conversation, head, outcome);
        }
        self.chat(question.conversation).leave(question.speaker, head);
        self.pump_chat(question.conversation);
    }

    /// Records how a message ended, once: what comes of a second answer leaves the first one's end alone.
    pub fn end_line(&mut self, conversation: ConversationId, line: Seq, outcome: Outcome) {
        let ended = |chat: &super::chat::Chat| {
            chat.line(line).is_some_and(|l| l.outcome.is_some()) || chat.ended.iter().any(|(seq, _)| *seq == line)
        };
        if self.chats.get(&conversation).is_some_and(ended) {
            return;
        }
        match outcome {
            Outcome::Replied => self.counters.replied += 1,
            Outcome::Failed => self.counters.failed += 1,
            Outcome::Unknown => self.counters.unknown += 1,
            _ => {}
        }
        let chat = self.chat(conversation);
        if chat.loading {
            chat.ended.push((line, outcome.clone()));
        }
        chat.amend(line, |l| l.outcome = Some(outcome.clone()));
        self.rows.push(Row::Ended(line, outcome));
    }

    /// Ends a message that no reply will end: one may be on its way while an operator had a second written.
    pub fn end_unanswered(&mut self, conversation: ConversationId, line: Seq, outcome: Outcome) {
        if !self.replies.values().any(|r| r.answers == Some(line)) {
            self.end_line(conversation, line, outcome);
        }
    }

    /// Stops a question wherever it stands. A model that is at it is told; its slot is free when it has ended.
    pub fn cancel_question(&mut self, head: Seq, outcome: Outcome) {
        let Some(question) = self.questions.get_mut(&head) else { return };
        match question.stage {
            Stage::Asking => {
                // A second word changes nothing.
                if question.cancelled.is_none()
                    && let Some(asking) = &question.asking
                {
                    self.effects.push(Effect::Cancel(asking.job));
                    question.cancelled = Some(outcome);
                }
            }
            Stage::Queued(provider) => {
                if let Some(provider) = self.providers.get_mut(provider) {
                    provider.queue.retain(|q| *q != head);
                }
                self.close_question(head, Some(outcome));
            }
            _ => self.close_question(head, Some(outcome)),
        }
    }

    /// A model has stopped at a question that nobody wants answered any more. Where paragraphs had left, they are
    /// the reply.
    pub fn close_cancelled(&mut self, head: Seq, outcome: Outcome) {
        let Some(line) = self.questions.get(&head).and_then(|q| q.reply) else {
            return self.close_question(head, Some(outcome));
        };
        self.hold_back(head);
        self.seal_reply(line);
        self.close_question(head, None);
    }

    pub fn on_question_ends(&mut self, head: Seq) {
        match self.questions.get(&head).map(|q| q.stage) {
            None => {}
            // The job's own budget ends it; its event closes the question.
            Some(Stage::Asking) => {}
            Some(_) => self.give_up(head, &ProviderError::Timeout(crate::domain::Stage::Total)),
        }
    }
}

/// How long to wait for the rest of what is being typed.
pub(super) fn merge_window(policy: &crate::config::ChatPolicy, peer: Peer) -> Duration {
    match peer {
        Peer::Private(_) => policy.trigger.merge_window.private,
        Peer::Group(_) => policy.trigger.merge_window.group,
    }
}
