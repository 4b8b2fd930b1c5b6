//! One conversation in memory: its lines, the queues of its speakers, and what waits to be delivered.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::claims::Claimed;
use crate::domain::{
    ChatState, ChatWindow, ConversationId, Envelope, GroupId, Line, Message, MessageId, Mono, Outcome, PartId, Seq,
    UserId, Wall,
};

/// Lines kept in memory per conversation. Enough for every window and a screen of scrolling; older ones are
/// paged in from the store.
pub(super) const TAIL: usize = 200;

/// A conversation that is hot.
pub(super) struct Chat {
    pub id: ConversationId,
    /// What operators and members changed here.
    pub state: ChatState,
    /// The newest lines, oldest first.
    pub tail: VecDeque<Arc<Line>>,
    /// Its lines are on their way from the store; questions wait for them.
    pub loading: bool,
    /// Ends given while its lines were on their way: the store may not have had them yet.
    pub ended: Vec<(Seq, Outcome)>,
    /// Messages found in history while its lines were on their way.
    pub missed: Vec<Message>,
    /// Commands about its lines that came meanwhile.
    pub commands: Vec<Envelope>,
    /// The speakers with questions.
    lanes: HashMap<UserId, Lane>,
    /// Speakers whose turn it is as soon as the chat has room, in order.
    turns: VecDeque<UserId>,
    /// Questions that are being answered.
    pub asking: usize,
    /// Parts to be delivered, in order.
    pub outbox: VecDeque<PartId>,
    /// The group through which a temporary private session runs.
    pub temp_group: Option<GroupId>,
    /// The part on its way; nothing else is sent before it ends.
    pub sending: Option<PartId>,
    /// A part that may have been sent: nothing else is sent before history was asked.
    pub doubtful: Option<PartId>,
    /// Not before this (pace, jitter).
    pub not_before: Mono,
    /// When the first part that cannot be sent runs out of time, as far as a timer is set.
    pub expiry: Option<Mono>,
    /// Failures and unknowns in a row.
    pub failures: u32,
    /// When the last failure notice went out.
    pub failure_notice: Option<Mono>,
    /// The operator who is about to speak.
    pub claim: Option<Claimed>,
    /// What was shown to a model last.
    pub window: Option<ChatWindow>,
    /// When anything happened here last.
    pub touched: Mono,
    /// When somebody said something last, by the wall: idle conversations begin anew.
    pub last_heard: Option<Wall>,
}

/// A speaker's questions.
#[derive(Default)]
struct Lane {
    waiting: VecDeque<Seq>,
    active: Option<Seq>,
}

impl Chat {
    /// A conversation of which nothing is in memory yet.
    pub fn new(id: ConversationId, state: ChatState, now: Mono) -> Self {
        Self {
            id,
            state,
            tail: VecDeque::new(),
            loading: false,
            ended: Vec::new(),
            missed: Vec::new(),
            commands: Vec::new(),
            lanes: HashMap::new(),
            turns: VecDeque::new(),
            asking: 0,
            outbox: VecDeque::new(),
            temp_group: None,
            sending: None,
            doubtful: None,
            not_before: Mono(0),
            expiry: None,
            failures: 0,
            failure_notice: None,
            claim: None,
            window: None,
            touched: now,
            last_heard: None,
        }
    }

    /// Nothing is under way: it may leave memory.
    pub fn is_idle(&self) -> bool {
        self.lanes.is_empty()
            && self.outbox.is_empty()
            && self.sending.is_none()
            && self.doubtful.is_none()
            && self.claim.is_none()
            && !self.loading
    }

    /// Adds a line at its place. Lines come in order but for a reply that was made while others spoke.
    pub fn push(&mut self, line: Arc<Line>) {
        if self.tail.len() == TAIL {
            self.tail.pop_front();
        }
        self.tail.push_back(line);
    }

    /// A line in memory.
    pub fn line(&self, seq: Seq) -> Option<&Arc<Line>> {
        self.position(seq).map(|at| &self.tail[at])
    }

    /// Changes a line in memory, if it is still there.
    pub fn amend(&mut self, seq: Seq, change: impl FnOnce(&mut Line)) {
        if let Some(at) = self.position(seq) {
            change(Arc::make_mut(&mut self.tail[at]));
        }
    }

    /// A message of a line of ours has arrived, under this id.
    pub fn arrived(&mut self, seq: Seq, message: MessageId) {
        self.amend(seq, |line| match line.message {
            None => line.message = Some(message),
            Some(first) if first != message && !line.others.contains(&message) => line.others.push(message),
            Some(_) => {}
        });
    }

    /// The adapter's ids of a line, as far as they are known.
    pub fn messages_of(&self, seq: Seq) -> Vec<MessageId> {
        let Some(line) = self.line(seq) else { return Vec::new() };
        line.message.into_iter().chain(line.others.iter().copied()).collect()
    }

    /// Forgets a line, as for a duplicate.
    pub fn remove(&mut self, seq: Seq) -> Option<Arc<Line>> {
        self.position(seq).and_then(|at| self.tail.remove(at))
    }

    /// Lines that are asked together with this one.
    pub fn merged_into(&self, head: Seq) -> impl Iterator<Item = &Arc<Line>> {
        self.tail.iter().filter(move |line| line.merged_into() == Some(head))
    }

    fn position(&self, seq: Seq) -> Option<usize> {
        self.tail.binary_search_by_key(&seq, |line| line.seq).ok()
    }

    /// A speaker has one more question.
    pub fn enqueue(&mut self, speaker: UserId, question: Seq) {
        let lane = self.lanes.entry(speaker).or_default();
        lane.waiting.push_back(question);
        if lane.active.is_none() && lane.waiting.len() == 1 {
            self.turns.push_back(speaker);
        }
    }

    /// The last question of a speaker that has not begun.
    pub fn last_waiting(&self, speaker: UserId) -> Option<Seq> {
        self.lanes.get(&speaker)?.waiting.back().copied()
    }

    /// Begins the next question that is ready, if the chat has room for one more.
    pub fn begin(&mut self, room: usize, ready: impl Fn(Seq) -> bool) -> Option<Seq> {
        if self.loading || self.asking >= room {
            return None;
        }
        for at in 0..self.turns.len() {
            let speaker = self.turns[at];
            let lane = self.lanes.get_mut(&speaker)?;
            let question = *lane.waiting.front()?;
            if ready(question) {
                lane.waiting.pop_front();
                lane.active = Some(question);
                self.turns.remove(at);
                self.asking += 1;
                return Some(question);
            }
        }
        None
    }

    /// A question is over, begun or not.
    pub fn leave(&mut self, speaker: UserId, question: Seq) {
        let Some(lane) = self.lanes.get_mut(&speaker) else { return };
        if lane.active == Some(question) {
            lane.active = None;
            self.asking -= 1;
            if !lane.waiting.is_empty() {
                self.turns.push_back(speaker);
            }
        } else {
            lane.waiting.retain(|q| *q != question);
            if lane.waiting.is_empty() {
                self.turns.retain(|s| *s != speaker);
            }
        }
        if lane.active.is_none() && lane.waiting.is_empty() {
            self.lanes.remove(&speaker);
        }
    }

    /// A question goes on under another number, at its place.
    pub fn pass_on(&mut self, speaker: UserId, from: Seq, to: Seq) {
        let Some(lane) = self.lanes.get_mut(&speaker) else { return };
        let questions = lane.waiting.iter_mut().chain(&mut lane.active);
        questions.filter(|question| **question == from).for_each(|question| *question = to);
    }

    /// How many questions wait or are being answered.
    pub fn queued(&self) -> usize {
        self.lanes.values().map(|lane| lane.waiting.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{GroupId, Peer, SelfId};

    fn chat() -> Chat {
        let id = ConversationId { account: SelfId(1), peer: Peer::Group(GroupId(2)) };
        Chat::new(id, ChatState::default(), Mono(0))
    }

    const ANN: UserId = UserId(10);
    const BOB: UserId = UserId(11);

    #[test]
    fn a_speaker_is_answered_in_order_and_speakers_in_parallel() {
        let mut chat = chat();
        chat.enqueue(ANN, Seq(1));
        chat.enqueue(ANN, Seq(2));
        chat.enqueue(BOB, Seq(3));
        assert_eq!(chat.begin(2, |_| true), Some(Seq(1)));
        assert_eq!(chat.begin(2, |_| true), Some(Seq(3)), "not 2: it is Ann's second");
        assert_eq!(chat.begin(2, |_| true), None, "no room");
        chat.leave(ANN, Seq(1));
        assert_eq!(chat.begin(2, |_| true), Some(Seq(2)));
        chat.leave(ANN, Seq(2));
        chat.leave(BOB, Seq(3));
        assert!(chat.is_idle() && chat.asking == 0);
    }

    #[test]
    fn one_who_is_still_typing_holds_nobody_up() {
        let mut chat = chat();
        chat.enqueue(ANN, Seq(1));
        chat.enqueue(BOB, Seq(2));
        assert_eq!(chat.begin(4, |q| q != Seq(1)), Some(Seq(2)));
        assert_eq!(chat.begin(4, |_| true), Some(Seq(1)));
    }

    #[test]
    fn a_question_that_never_began_can_leave() {
        let mut chat = chat();
        chat.enqueue(ANN, Seq(1));
        chat.enqueue(ANN, Seq(2));
        chat.leave(ANN, Seq(1));
        assert_eq!(chat.begin(1, |_| true), Some(Seq(2)));
        chat.leave(ANN, Seq(2));
        assert!(chat.is_idle());
        chat.enqueue(ANN, Seq(3));
        assert_eq!(chat.begin(1, |_| true), Some(Seq(3)));
    }

    #[test]
    fn a_question_keeps_its_place_under_another_number() {
        let mut chat = chat();
        chat.enqueue(ANN, Seq(1));
        chat.enqueue(ANN, Seq(3));
        chat.pass_on(ANN, Seq(1), Seq(2));
        assert_eq!(chat.begin(1, |_| true), Some(Seq(2)));
        chat.pass_on(ANN, Seq(2), Seq(4));
        chat.leave(ANN, Seq(4));
        assert_eq!(chat.begin(1, |_| true), Some(Seq(3)));
    }
}
