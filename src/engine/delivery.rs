//! Parts on their way: `generated → sending → sent | unknown | failed | expired`. A part is committed as
//! `sending` before its frame leaves; what may have been sent is never sent again. A part that a dead link took with
//! it leaves once more, and only once, when the chat's history shows that it never came.

use std::time::Duration;

use super::accounts::Errand;
use super::alerts::samples::Failed;
use super::metrics::Stage;
use super::reply::Saying;
use super::state::State;
use super::timers::Timer;
use crate::config::Rate;
use crate::domain::*;

/// Replies older than this are not worth sending.
const EXPIRY: Duration = Duration::from_secs(600);
/// Failures and unknowns in a row that pause a chat: going on could endanger the account.
const PAUSE_AFTER: u32 = 3;
/// How long after an adapter's doubtful word its history is asked: QQ confirms late.
const LOOK_AFTER: Duration = Duration::from_secs(2);
/// Looks into history that links took along before a part is called unknown: with links that live for a moment alone
/// its conversation would stand still.
const LOST_LOOKS: u32 = 3;
/// How long after its frame left history may say that a part never came. NapCat gives a send up ten seconds after it
/// began, so by then QQ has it or will never have it.
const CERTAIN_AFTER: Duration = Duration::from_secs(10);
/// How far the adapter's clock may be behind ours.
const SKEW: Duration = Duration::from_secs(60);

/// A line of ours on its way.
pub(super) struct Reply {
    pub line: Seq,
    pub conversation: ConversationId,
    /// The message that it answers.
    pub answers: Option<Seq>,
    pub notice: bool,
    pub heard: Option<Mono>,
    /// How it was made.
    pub making: Option<std::sync::Arc<Making>>,
    /// Its parts that have no end yet.
    pub open: usize,
    /// The worst end so far.
    pub worst: Option<PartState>,
    /// More parts may come.
    pub growing: bool,
    /// How many parts it has had.
    pub count: u16,
}

impl Reply {
    pub fn new(line: Seq, saying: &Saying) -> Self {
        Self {
            line,
            conversation: saying.conversation,
            answers: saying.answers,
            notice: saying.author == Author::Notice,
            heard: saying.heard,
            making: saying.making.clone(),
            open: 0,
            worst: None,
            growing: true,
            count: 0,
        }
    }
}

/// A part on its way.
pub(super) struct Delivery {
    pub part: Part,
    /// Definite refusals so far.
    pub refused: u32,
    /// When its frame was handed over.
    pub since: Mono,
    /// Its link went away with it, so that nothing of it can be under way any more.
    pub lost: bool,
    /// It has left twice: never again.
    pub again: bool,
    /// Looks for it in history that a link took along, one after another.
    pub lost_looks: u32,
}

impl Delivery {
    pub fn new(part: Part, since: Mono) -> Self {
        Self { part, refused: 0, since, lost: false, again: false, lost_looks: 0 }
    }
}

impl State {
    pub fn open_reply(&mut self, reply: Reply) {
        self.replies.insert(reply.line, reply);
    }

    /// Adds parts to a reply and sets them on their way.
    pub fn add_parts(&mut self, line: Seq, actions: Vec<Action>) {
        let Some(reply) = self.replies.get_mut(&line) else { return };
        let conversation = reply.conversation;
        for action in actions {
            let id = self.numbers.part();
            let part = Part {
                id,
                line,
                index: reply.count,
                conversation,
                action,
                ready: self.now.wall,
                state: PartState::Generated,
            };
            reply.count += 1;
            reply.open += 1;
            self.rows.push(Row::Part(part.clone()));
            self.parts.insert(id, Delivery::new(part, Mono(0)));
            if let Some(chat) = self.chats.get_mut(&conversation) {
                chat.outbox.push_back(id);
            }
        }
        self.pump_delivery(conversation);
    }

    /// No more parts will come.
    pub fn seal_reply(&mut self, line: Seq) {
        if let Some(reply) = self.replies.get_mut(&line) {
            reply.growing = false;
            self.check_reply(line);
        }
    }

    /// Sends the next part of a chat, if it may go now.
    pub fn pump_delivery(&mut self, id: ConversationId) {
        let now = self.now;
        let can_send = self.accounts.get(&id.account).is_some_and(|a| a.can_send());
        let pace = self.policy(id).chat.reply.pace;
        let jitter = self.policy(id).chat.reply.jitter;
        loop {
            let Some(chat) = self.chats.get_mut(&id) else { return };
            let Some(part) = chat.outbox.front().copied().filter(|_| chat.sending.is_none()) else { return };
            if let Some(doubtful) = chat.doubtful {
                return self.expire_behind(id, doubtful);
            }
            let Some(ready) = self.parts.get(&part).map(|d| d.part.ready) else {
                chat.outbox.pop_front();
                continue;
            };
            if now.wall.since(ready) > EXPIRY {
                self.end_with_rest(part, PartState::Expired);
                continue;
            }
            let muted = chat.state.bot_muted.is_some_and(|until| until > now.wall);
            if !can_send || chat.state.paused || muted {
                // Nobody may ever open the way: then its time runs out.
                return self.expire_later(id, ready);
            }
            if chat.not_before > now.mono {
                return self.timers.set(chat.not_before, Timer::Deliver(id));
            }
            let index = self.parts.get(&part).map_or(0, |d| d.part.index);
            if let Err(at) = self.take_pace(id.account, &pace) {
                let wait = jitter.mul_f64(if index > 0 { self.rng.f64() } else { 0.0 });
                return self.timers.set(at + wait, Timer::Deliver(id));
            }
            return self.hand_over(id, part);
        }
    }

    /// History alone ends a part that may have arrived, and no link may ever come that can be asked: what other replies
    /// wait behind it runs out of time meanwhile.
    fn expire_behind(&mut self, id: ConversationId, doubtful: PartId) {
        let now = self.now;
        let line = self.parts.get(&doubtful).map(|d| d.part.line);
        let Some(chat) = self.chats.get(&id) else { return };
        let others = chat.outbox.iter().filter_map(|part| self.parts.get(part)).filter(|d| Some(d.part.line) != line);
        let behind: Vec<_> = others.map(|d| (d.part.id, d.part.ready)).collect();
        let (old, young): (Vec<_>, Vec<_>) = behind.into_iter().partition(|(_, ready)| now.wall.since(*ready) > EXPIRY);
        for (part, _) in old {
            self.end_with_rest(part, PartState::Expired);
        }
        if let Some(ready) = young.into_iter().map(|(_, ready)| ready).min() {
            self.expire_later(id, ready);
        }
    }

    /// Looks again when what was ready then has run out of time.
    fn expire_later(&mut self, id: ConversationId, ready: Wall) {
        let now = self.now;
        let expires = now.mono + (EXPIRY + Duration::from_millis(1)).saturating_sub(now.wall.since(ready));
        let Some(chat) = self.chats.get_mut(&id).filter(|chat| chat.expiry != Some(expires)) else { return };
        chat.expiry = Some(expires);
        self.timers.set(expires, Timer::Deliver(id));
    }

    fn take_pace(&mut self, account: SelfId, pace: &Rate) -> Result<(), Mono> {
        let now = self.now.mono;
        match self.accounts.get_mut(&account) {
            Some(account) => account.pace.take(pace, now),
            None => Ok(()),
        }
    }

    /// Commits a part as being sent; its frame leaves when that is on disk.
    fn hand_over(&mut self, id: ConversationId, part: PartId) {
        let batch = self.next_batch();
        let Some(chat) = self.chats.get_mut(&id) else { return };
        chat.sending = Some(part);
        if let Some(delivery) = self.parts.get_mut(&part) {
            delivery.part.state = PartState::Sending;
            let line = delivery.part.line;
            // A part that was made by this very input is committed as being sent at once.
            let fresh = self.rows.iter_mut().rev().find_map(|row| match row {
                Row::Part(row) if row.id == part => Some(row),
                _ => None,
            });
            match fresh {
                Some(row) => row.state = PartState::Sending,
                None => self.rows.push(Row::PartState(part, PartState::Sending, None)),
            }
            chat.amend(line, |l| l.delivery = Some(PartState::Sending));
        }
        self.touch(id);
        self.commits.waiting.push_back((batch, part));
    }

    /// A part's `sending` is on disk (or the store is out of order, and going on matters more): the frame leaves.
    pub fn send_now(&mut self, part: PartId) {
        let Some(delivery) = self.parts.get_mut(&part) else { return };
        let (conversation, action) = (delivery.part.conversation, delivery.part.action.clone());
        if self.chats.get(&conversation).is_none_or(|c| c.sending != Some(part)) {
            return;
        }
        delivery.since = self.now.mono;
        self.call(conversation.account, action, Errand::Deliver(part));
    }

    /// How a send ended.
    pub fn on_sent(&mut self, part: PartId, outcome: CallOutcome) {
        let Some(delivery) = self.parts.get_mut(&part) else { return };
        let id = delivery.part.conversation;
        let since = delivery.since;
        let now = self.now.mono;
        if let Some(chat) = self.chats.get_mut(&id)
            && chat.sending == Some(part)
        {
            chat.sending = None;
        }
        delivery.lost = outcome == CallOutcome::Lost;
        match outcome {
            CallOutcome::Done(reply) => {
                let message = if let CallReply::Sent(id) = reply { id } else { None };
                self.metrics.record(Stage::Send, now.since(since), now);
                self.part_arrived(part, message);
            }
            CallOutcome::NotSent => {
                // It never reached a socket: back into the outbox, where it still stands first.
                delivery.part.state = PartState::Generated;
                self.rows.push(Row::PartState(part, PartState::Generated, None));
                self.chat(id).not_before = now + Duration::from_millis(200);
            }
            CallOutcome::Refused { .. } => self.on_refused(part),
            CallOutcome::Ambiguous { .. } | CallOutcome::TimedOut => {
                self.chat(id).doubtful = Some(part);
                self.timers.set(now + LOOK_AFTER, Timer::LookUp(id));
            }
            CallOutcome::Lost => {
                self.chat(id).doubtful = Some(part);
                // Another link may serve the account already; else the next one asks when it comes.
                self.timers.set(now + LOOK_AFTER, Timer::LookUp(id));
            }
        }
        self.touch(id);
        self.pump_delivery(id);
    }

    /// A definite refusal: nothing was sent, so once more is safe; a forward is tried as plain parts instead.
    fn on_refused(&mut self, part: PartId) {
        let Some(delivery) = self.parts.get_mut(&part) else { return };
        let id = delivery.part.conversation;
        delivery.refused += 1;
        if let Action::SendForward { nodes, .. } = &delivery.part.action {
            let (line, nodes) = (delivery.part.line, nodes.clone());
            let answers = self.replies.get(&line).and_then(|r| r.answers);
            let saying = Saying {
                conversation: id,
                author: Author::Bot,
                text: String::new(),
                answers,
                making: None,
                heard: None,
                lead: Vec::new(),
            };
            let actions = self.sends(&saying, nodes.into_iter(), true, self.temp_group(id));
            self.replace_part(part, actions);
        } else if delivery.refused < 2 {
            delivery.part.state = PartState::Generated;
            self.rows.push(Row::PartState(part, PartState::Generated, None));
            self.chat(id).not_before = self.now.mono + Duration::from_secs(1);
        } else {
            self.part_failed(part, PartState::Failed);
        }
    }

    /// Puts other parts in the place of one that was definitely refused.
    fn replace_part(&mut self, part: PartId, actions: Vec<Action>) {
        let Some(delivery) = self.parts.remove(&part) else { return };
        let (id, line) = (delivery.part.conversation, delivery.part.line);
        self.rows.push(Row::PartState(part, PartState::Failed, None));
        let behind: Vec<PartId> = {
            let chat = self.chat(id);
            chat.outbox.pop_front();
            chat.outbox.drain(..).collect()
        };
        if let Some(reply) = self.replies.get_mut(&line) {
            reply.open -= 1;
        }
        // Parts are added at the end of the outbox; what stood behind goes behind again.
        self.chat(id).doubtful = None;
        self.add_parts(line, actions);
        self.chat(id).outbox.extend(behind);
    }

    /// The adapter confirmed a part, or it was found in history.
    fn part_arrived(&mut self, part: PartId, message: Option<MessageId>) {
        let Some(delivery) = self.parts.get(&part) else { return };
        let (id, line) = (delivery.part.conversation, delivery.part.line);
        let chat = self.chat(id);
        chat.failures = 0;
        if let Some(message) = message {
            chat.arrived(line, message);
        }
        self.end_part(part, PartState::Sent, message);
    }

    /// A part did not arrive, or may not have: the rest of its reply is held back, and a chat in which that
    /// happens three times in a row is paused.
    fn part_failed(&mut self, part: PartId, state: PartState) {
        let Some(delivery) = self.parts.get(&part) else { return };
        let id = delivery.part.conversation;
        self.count_failure(Failed::Send(id.account));
        self.end_with_rest(part, state);
        let chat = self.chat(id);
        chat.failures += 1;
        if chat.failures >= PAUSE_AFTER && !chat.state.paused {
            chat.state.paused = true;
            self.save_chat(id);
            self.raise(ItemKind::Paused, Some(id), None);
        }
    }

    /// The end of a part and, since half an answer is worse than none, of those that stand behind it.
    fn end_with_rest(&mut self, part: PartId, state: PartState) {
        let Some(delivery) = self.parts.get(&part) else { return };
        let (id, line) = (delivery.part.conversation, delivery.part.line);
        self.end_part(part, state, None);
        let rest: Vec<PartId> = self.chat(id).outbox.iter().copied().collect();
        for other in rest {
            if self.parts.get(&other).is_some_and(|d| d.part.line == line) {
                self.end_part(other, PartState::Suppressed, None);
            }
        }
    }

    /// The end of a part.
    fn end_part(&mut self, part: PartId, state: PartState, message: Option<MessageId>) {
        let Some(delivery) = self.parts.remove(&part) else { return };
        let (id, line) = (delivery.part.conversation, delivery.part.line);
        let chat = self.chat(id);
        chat.outbox.retain(|p| *p != part);
        if chat.doubtful == Some(part) {
            chat.doubtful = None;
        }
        if chat.sending == Some(part) {
            chat.sending = None;
        }
        self.rows.push(Row::PartState(part, state, message));
        if let Some(reply) = self.replies.get_mut(&line) {
            reply.open -= 1;
            // Suppressed parts follow from another end and do not hide it.
            reply.worst = match reply.worst {
                None | Some(PartState::Suppressed) => Some(state),
                Some(PartState::Sent) if state != PartState::Suppressed => Some(state),
                worst => worst,
            };
        }
        self.check_reply(line);
    }

    /// Ends a reply whose parts have all ended, and with it the message that it answers.
    fn check_reply(&mut self, line: Seq) {
        let Some(reply) = self.replies.get(&line).filter(|r| r.open == 0 && !r.growing) else { return };
        let (id, answers, notice, heard) = (reply.conversation, reply.answers, reply.notice, reply.heard);
        let worst = reply.worst.unwrap_or(PartState::Suppressed);
        let making = reply.making.clone();
        self.replies.remove(&line);
        self.chat(id).amend(line, |l| l.delivery = Some(worst));
        if worst == PartState::Unknown {
            self.raise(ItemKind::Unknown { line }, Some(id), None);
        }
        if worst == PartState::Sent
            && let Some(heard) = heard
        {
            let total = self.now.mono.since(heard);
            self.metrics.record(Stage::Total, total, self.now.mono);
            self.time_total(id.account, stages(total, making.as_deref()));
        }
        // What a correction names is ours and has had its end.
        let ours = |seq: &Seq| self.chats.get(&id).and_then(|c| c.line(*seq)).is_some_and(|l| l.author.is_ours());
        let Some(answers) = answers.filter(|seq| !ours(seq)) else { return };
        let outcome = match worst {
            PartState::Sent if notice => Outcome::Notice,
            PartState::Sent => Outcome::Replied,
            PartState::Unknown => Outcome::Unknown,
            PartState::Expired => Outcome::Expired,
            PartState::Failed => Outcome::Failed,
            _ => Outcome::Suppressed,
        };
        self.end_line(id, answers, outcome);
    }

    /// Asks the chat's history whether the doubtful part stands there; without a link, when one comes.
    pub fn look_up(&mut self, id: ConversationId) {
        let Some(part) = self.chats.get(&id).and_then(|c| c.doubtful) else { return };
        if !self.accounts.get(&id.account).is_some_and(|a| a.can_send()) {
            return;
        }
        let waiting = self.calls.values().any(|e| matches!(e, Errand::LookUp(p) if *p == part));
        if !waiting {
            self.call(id.account, Action::History { peer: id.peer, count: 20 }, Errand::LookUp(part));
        }
    }

    /// What history says about a doubtful part.
    pub fn on_looked_up(&mut self, part: PartId, outcome: CallOutcome) {
        let Some(delivery) = self.parts.get_mut(&part) else { return };
        let id = delivery.part.conversation;
        let is_lost = matches!(outcome, CallOutcome::NotSent | CallOutcome::Lost);
        delivery.lost_looks = if is_lost { delivery.lost_looks + 1 } else { 0 };
        let messages = match outcome {
            CallOutcome::Done(CallReply::Messages(messages)) => messages,
            // The link went away again: the next one asks, or this one where it is still there.
            _ if is_lost && delivery.lost_looks < LOST_LOOKS => {
                return self.timers.set(self.now.mono + LOOK_AFTER, Timer::LookUp(id));
            }
            _ => Vec::new(),
        };
        let Some(delivery) = self.parts.get(&part) else { return };
        if let Some(message) = self.find_part(&delivery.part, &messages) {
            self.chat(id).doubtful = None;
            self.part_arrived(part, Some(message));
        } else if self.never_came(delivery, &messages) {
            let certain = delivery.since + CERTAIN_AFTER;
            if self.now.mono < certain {
                return self.timers.set(certain, Timer::LookUp(id));
            }
            self.send_again(part);
        } else {
            self.part_failed(part, PartState::Unknown);
        }
        self.pump_delivery(id);
    }

    /// Whether this history is proof that a part did not arrive: it reaches back to before the part left, it shows what
    /// we said then (not all adapters keep that, or only in groups), and nothing of ours since that is not known. The
    /// words do not count: QQ may have changed them.
    fn never_came(&self, delivery: &Delivery, messages: &[Message]) -> bool {
        let id = delivery.part.conversation;
        let left = self.now.wall - self.now.mono.since(delivery.since);
        let said = |m: &Message| Wall(m.time.saturating_mul(1000));
        let unknown = |m: &Message| m.is_own() && !self.is_known(id, m.id) && said(m) + SKEW >= left;
        delivery.lost
            && !delivery.again
            && messages.iter().any(|m| m.is_own() && said(m) <= left)
            && !messages.iter().any(unknown)
    }

    /// Sends a part that never came once more.
    fn send_again(&mut self, part: PartId) {
        let Some(delivery) = self.parts.get_mut(&part) else { return };
        (delivery.part.state, delivery.again) = (PartState::Generated, true);
        let id = delivery.part.conversation;
        self.rows.push(Row::PartState(part, PartState::Generated, None));
        self.chat(id).doubtful = None;
    }

    /// Whether a message of ours is known to be a part.
    fn is_known(&self, id: ConversationId, message: MessageId) -> bool {
        let Some(chat) = self.chats.get(&id) else { return false };
        chat.tail.iter().any(|line| chat.messages_of(line.seq).contains(&message))
    }

    /// A message of ours with the part's words that no other part is known to be.
    fn find_part(&self, part: &Part, messages: &[Message]) -> Option<MessageId> {
        let Action::Send { segments, .. } = &part.action else { return None };
        let words = |text: &str| text.split_whitespace().collect::<String>();
        let sent: String =
            segments.iter().map(|s| if let OutSegment::Text(text) = s { words(text) } else { String::new() }).collect();
        let ours = |m: &&Message| m.is_own() && words(&m.text()) == sent;
        messages.iter().rev().filter(ours).map(|m| m.id).find(|id| !self.is_known(part.conversation, *id))
    }

    /// Holds back what has not left of the replies to a message: it was taken back, heard before, or stopped.
    pub fn hold_back(&mut self, answers: Seq) {
        for line in self.replies_to(answers) {
            self.hold_back_reply(line);
        }
    }

    /// Our lines on their way that answer a message.
    pub fn replies_to(&self, answers: Seq) -> Vec<Seq> {
        self.replies.values().filter(|r| r.answers == Some(answers)).map(|r| r.line).collect()
    }

    /// Holds back what has not left of one.
    pub fn hold_back_reply(&mut self, line: Seq) {
        let Some(id) = self.replies.get(&line).map(|r| r.conversation) else { return };
        let parts = self.parts.values().filter(|d| d.part.line == line && !self.is_out(d));
        let held: Vec<_> = parts.map(|d| d.part.id).collect();
        self.commits.waiting.retain(|(_, part)| !held.contains(part));
        for part in held {
            self.end_part(part, PartState::Suppressed, None);
        }
        self.pump_delivery(id);
    }

    /// Whether a part may have left: a part that waits for the commit of its `sending` has not.
    fn is_out(&self, delivery: &Delivery) -> bool {
        let id = delivery.part.id;
        let chat = self.chats.get(&delivery.part.conversation);
        let under_way = chat.is_some_and(|c| c.sending == Some(id) || c.doubtful == Some(id));
        under_way && !self.commits.waiting.iter().any(|(_, part)| *part == id)
    }

    /// Ends what waits in a chat where nothing can be said any more. What may have left has its own end.
    pub fn drop_outbox(&mut self, id: ConversationId) {
        let waiting = self.parts.values().filter(|d| d.part.conversation == id && !self.is_out(d));
        let held: Vec<_> = waiting.map(|d| d.part.id).collect();
        self.commits.waiting.retain(|(_, part)| !held.contains(part));
        for part in held {
            self.end_part(part, PartState::Failed, None);
        }
    }

    /// Ends parts that a restart or an operator leaves no hope for.
    pub fn drop_part(&mut self, part: PartId, state: PartState) {
        if self.parts.contains_key(&part) {
            self.end_part(part, state, None);
        }
    }
}

/// Where the time of an answer went, from the message to the adapter's word.
fn stages(total: Duration, making: Option<&Making>) -> [Duration; 5] {
    let zero = Duration::ZERO;
    let Some(making) = making else { return [zero, zero, zero, total, zero] };
    let queued = making.queued.min(total);
    let first = making.first_text.unwrap_or(zero).min(total - queued);
    let generation = making.total.saturating_sub(making.first_text.unwrap_or(zero)).min(total - queued - first);
    [queued, zero, first, generation, total - queued - first - generation]
}
