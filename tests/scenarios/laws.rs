//! What must hold after every input, whatever it was. A broken law is told as a sentence.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use qqdeck::domain::*;
use qqdeck::flow::{Effect, Input};

use crate::shelf::Shelf;

/// What the laws remember of the world.
#[derive(Default)]
pub struct Laws {
    parts: BTreeMap<PartId, Way>,
    /// The part of each chat that is committed, or about to be, as being sent.
    sending: BTreeMap<ConversationId, PartId>,
    /// Calls that speak and have not ended.
    flying: BTreeMap<CallId, (ConversationId, PartId)>,
    /// Looks into histories that have not ended.
    looking: BTreeMap<CallId, ConversationId>,
    /// Messages that are known to be a part of ours.
    known: BTreeSet<(ConversationId, MessageId)>,
    jobs: BTreeSet<JobId>,
    heard: BTreeMap<Seq, (ConversationId, Option<UserId>)>,
    said: BTreeMap<Seq, (Option<Seq>, Author)>,
    ended: BTreeSet<Seq>,
    /// Messages that an operator, or a restart, asked to answer (again): order and number of replies are theirs.
    asked_for: BTreeSet<Seq>,
    /// The last message of each speaker that was answered.
    answered: BTreeMap<(ConversationId, UserId), Seq>,
    /// The reply of ours that left for each message.
    replies: BTreeMap<Seq, Seq>,
    committed: BatchNo,
    stopped: bool,
    restarted: bool,
    batch: BatchNo,
    /// Alerts that a destination heard of.
    heard_of: BTreeSet<(usize, String)>,
    /// What notifications under way say to whom.
    telling: BTreeMap<NotificationId, Vec<News>>,
    /// What has arrived, and the batch that says so: on record, it is not said again.
    arrived: BTreeMap<News, BatchNo>,
    /// When an admin was told of an alert last.
    told: Option<Mono>,
    /// The moment of the input.
    pub at: Mono,
    /// What was broken so far.
    pub broken: Vec<String>,
}

/// That an alert that began then began, or is over: at this destination.
type News = (usize, String, Wall, bool);

/// A part as the laws saw it.
struct Way {
    part: Part,
    /// The batch in which it became `Sending` last.
    since: BatchNo,
    /// It left and no definite word says that it did not arrive.
    maybe_out: bool,
    /// When it left.
    left: Mono,
    /// Its link went away behind it.
    lost: bool,
    /// It left twice.
    again: bool,
}

impl Laws {
    /// An input is about to be applied.
    pub fn before(&mut self, input: &Input) {
        match input {
            Input::Called(call, outcome) => {
                self.landed(*call, outcome);
                self.looked(*call, outcome);
            }
            Input::Job(job, JobEvent::Ended(_)) => drop(self.jobs.remove(job)),
            Input::Notified(id, result) => {
                let said = self.telling.remove(id).unwrap_or_default();
                if result.is_ok() {
                    let next = BatchNo(self.batch.0 + 1);
                    self.arrived.extend(said.into_iter().map(|news| (news, next)));
                }
            }
            // Its destinations may be others.
            Input::Config(_) => {
                self.telling.clear();
                self.arrived.clear();
            }
            Input::Committed { batch, duplicates } => {
                self.committed = self.committed.max(*batch);
                // What the store had already counts as never heard again.
                for seq in duplicates {
                    self.heard.remove(seq);
                }
            }
            _ => {}
        }
    }

    fn landed(&mut self, call: CallId, outcome: &CallOutcome) {
        let Some((_, part)) = self.flying.remove(&call) else { return };
        let Some(way) = self.parts.get_mut(&part) else { return };
        way.lost = *outcome == CallOutcome::Lost;
        if matches!(outcome, CallOutcome::NotSent | CallOutcome::Refused { .. }) {
            way.maybe_out = false;
        }
    }

    /// A history without a trace of what a dead link took along: ten seconds after, that never came.
    fn looked(&mut self, call: CallId, outcome: &CallOutcome) {
        let now = self.at;
        let Some(conversation) = self.looking.remove(&call) else { return };
        let CallOutcome::Done(CallReply::Messages(messages)) = outcome else { return };
        let known = &self.known;
        let other = |m: &Message| known.contains(&(conversation, m.id));
        let shows = |part: &Part| messages.iter().any(|m| m.is_own() && !other(m) && m.text() == words(&part.action));
        for way in self.parts.values_mut().filter(|way| way.part.conversation == conversation) {
            if way.lost && !way.again && now.since(way.left) >= Duration::from_secs(10) && !shows(&way.part) {
                (way.maybe_out, way.again) = (false, true);
            }
        }
    }

    /// What came of it.
    pub fn after(&mut self, effects: &[Effect], snapshot: &Snapshot) {
        for effect in effects {
            // Who was told of an alert while everything else had stopped, and that the stop was clean.
            let last_words = |row: &Row| matches!(row, Row::Alert(_) | Row::CleanStop);
            if self.stopped && !matches!(effect, Effect::Record(_, rows) if rows.iter().all(last_words)) {
                self.broken.push(format!("{effect:?} after `stopped`"));
            }
            match effect {
                Effect::Record(batch, rows) => {
                    if *batch <= self.batch {
                        self.broken.push(format!("batch {batch} after batch {}", self.batch));
                    }
                    self.batch = *batch;
                    rows.iter().for_each(|row| self.row(*batch, row));
                }
                Effect::Call(call) if call.action.speaks() => self.sends(call, snapshot),
                Effect::Call(Call { id, account, action: Action::History { peer, .. } }) => {
                    self.looking.insert(*id, ConversationId { account: *account, peer: *peer });
                }
                Effect::Notify(note) => self.notifies(note),
                Effect::Ask(job) => drop(self.jobs.insert(job.id)),
                Effect::Stopped => self.stopped = true,
                _ => {}
            }
        }
        if !self.stopped && snapshot.inflight != self.jobs.len() {
            self.broken.push(format!("{} jobs are open, the engine counts {}", self.jobs.len(), snapshot.inflight));
        }
        let mut heads = BTreeSet::new();
        for writing in snapshot.chats.values().flat_map(|chat| &chat.writing) {
            if !heads.insert(writing.answers) {
                self.broken.push(format!("message {} is asked twice at once", writing.answers));
            }
        }
    }

    /// That an alert is over is told only to those who heard that it was.
    fn notifies(&mut self, note: &Notification) {
        for alert in &note.message.alerts {
            let news = (note.to, alert.fingerprint.clone(), alert.since, alert.until.is_some());
            let anew = alert.words.starts_with("仍未恢复") || alert.words.starts_with("时好时坏");
            if !anew && self.arrived.contains_key(&news) {
                self.broken.push(format!("{} is told again to who knows it: {}", alert.fingerprint, alert.words));
            }
            self.telling.entry(note.id).or_default().push(news);
            let key = (note.to, alert.fingerprint.clone());
            // What was kept back is told afterwards, in one word. A kill may take with it that the end was told.
            let over = alert.until.is_some() && !alert.words.starts_with("曾经");
            if alert.until.is_none() {
                self.heard_of.insert(key);
            } else if over && !self.heard_of.contains(&key) {
                self.broken.push(format!("{} is said to be over to who never heard of it", alert.fingerprint));
            }
        }
    }

    /// An admin is told of an alert: beside the chats, and slowly.
    fn tells_admin(&mut self, call: CallId, peer: Peer) {
        if peer.is_group() {
            self.broken.push(format!("call {call} tells a group of an alert"));
        }
        if self.told.is_some_and(|at| self.at.since(at) < std::time::Duration::from_secs(10)) {
            self.broken.push(format!("call {call} tells of an alert less than 10 s after another"));
        }
        self.told = Some(self.at);
    }

    fn row(&mut self, batch: BatchNo, row: &Row) {
        match row {
            Row::Heard { line, .. } => {
                let speaker = if let Author::Person { id, .. } = line.author { Some(id) } else { None };
                if self.heard.insert(line.seq, (line.conversation, speaker)).is_some() {
                    self.broken.push(format!("number {} was given twice", line.seq));
                }
                if let Some(outcome) = &line.outcome {
                    self.is_merged_rightly(line.seq, outcome);
                    self.ended.insert(line.seq);
                }
            }
            Row::Said(line) => {
                let told = self.said.get(&line.seq).is_some_and(|(answers, _)| *answers == line.answers);
                if let Some(answers) = line.answers.filter(|_| !told)
                    && !self.heard.contains_key(&answers)
                    && !self.said.contains_key(&answers)
                {
                    self.broken.push(format!("line {} answers {answers}, which was never heard", line.seq));
                }
                self.said.insert(line.seq, (line.answers, line.author.clone()));
            }
            Row::Judged(seq, verdict) if verdict.decision == Decision::Reply => {
                self.ended.remove(seq);
                // Else it stands in the place of a duplicate that it was merged into.
                if verdict.reason == Reason::Asked {
                    self.asked_for.insert(*seq);
                }
            }
            // Of a second reply the engine may learn only later that the first has ended in the last process.
            Row::Ended(seq, outcome) => {
                self.is_merged_rightly(*seq, outcome);
                if !self.heard.contains_key(seq) {
                    self.broken.push(format!("message {seq} ended and was never heard"));
                }
                // What is merged is over, whatever it is merged into.
                let merged = matches!(outcome, Outcome::Merged(_));
                let excused = merged || (self.restarted && self.asked_for.contains(seq));
                let again = !self.ended.insert(*seq);
                if again && !excused {
                    self.broken.push(format!("message {seq} ended twice, now {}", outcome.code()));
                }
            }
            Row::Item(_, item) => {
                // From here on its order and number are a human's.
                if let ItemKind::Draft { answers, .. } = item.kind {
                    self.asked_for.insert(answers);
                }
            }
            Row::Part(part) => {
                let way = Way {
                    part: part.clone(),
                    since: batch,
                    maybe_out: false,
                    left: Mono(0),
                    lost: false,
                    again: false,
                };
                self.parts.insert(part.id, way);
                self.moves(batch, part.id, part.state);
            }
            Row::PartState(id, state, message) => {
                self.moves(batch, *id, *state);
                let conversation = self.parts.get(id).map(|way| way.part.conversation);
                self.known.extend(conversation.zip(*message));
            }
            _ => {}
        }
    }

    fn is_merged_rightly(&mut self, seq: Seq, outcome: &Outcome) {
        if let Outcome::Merged(head) = outcome
            && !self.heard.contains_key(head)
        {
            self.broken.push(format!("message {seq} is merged into {head}, which was never heard"));
        }
    }

    fn moves(&mut self, batch: BatchNo, id: PartId, state: PartState) {
        let Some(way) = self.parts.get_mut(&id) else {
            return self.broken.push(format!("part {id} moves and was never made"));
        };
        let conversation = way.part.conversation;
        if way.part.state.is_final() {
            self.broken.push(format!("part {id} moves to {} after its end", state.code()));
        }
        way.part.state = state;
        if state == PartState::Sending {
            way.since = batch;
            self.sending.insert(conversation, id);
        } else if self.sending.get(&conversation) == Some(&id) {
            self.sending.remove(&conversation);
        }
    }

    fn sends(&mut self, call: &Call, snapshot: &Snapshot) {
        let (Action::Send { peer, .. } | Action::SendForward { peer, .. }) = &call.action else { return };
        let conversation = ConversationId { account: call.account, peer: *peer };
        if let Action::Send { segments, .. } = &call.action
            && let [OutSegment::Text(text)] = &segments[..]
            && text.starts_with("[qqdeck] ")
        {
            return self.tells_admin(call.id, *peer);
        }
        if let Some((other, _)) = self.flying.iter().find(|(_, (c, _))| *c == conversation) {
            self.broken.push(format!("call {} leaves for {conversation} while call {other} is out", call.id));
        }
        let Some(way) = self.sending.get(&conversation).and_then(|part| self.parts.get_mut(part)) else {
            return self.broken.push(format!("call {} sends what is not recorded as being sent", call.id));
        };
        let id = way.part.id;
        if way.part.action != call.action {
            self.broken.push(format!("call {} sends other words than part {id}", call.id));
        }
        if way.maybe_out {
            self.broken.push(format!("part {id} is sent again by call {}", call.id));
        }
        if way.since > self.committed && !snapshot.unrecorded {
            self.broken.push(format!("part {id} leaves before its commit"));
        }
        way.maybe_out = true;
        way.left = snapshot.now.mono;
        let (line, index) = (way.part.line, way.part.index);
        self.flying.insert(call.id, (conversation, id));
        if index == 0 {
            self.reply_leaves(line);
        }
    }

    /// One reply a message, and in the order of the speaker's messages.
    fn reply_leaves(&mut self, line: Seq) {
        let Some((Some(answers), author)) = self.said.get(&line).cloned() else { return };
        let Some((conversation, Some(speaker))) = self.heard.get(&answers).copied() else { return };
        // What a human says to it, beside the bot's reply, is a human's matter.
        if self.asked_for.contains(&answers) || matches!(author, Author::Operator(_)) {
            return;
        }
        if let Some(other) = self.replies.insert(answers, line).filter(|other| *other != line) {
            self.broken.push(format!("message {answers} is answered by {line} and was by {other}"));
        }
        if author != Author::Bot {
            return;
        }
        let last = self.answered.entry((conversation, speaker)).or_insert(answers);
        if *last > answers {
            self.broken.push(format!("message {answers} is answered after {last} of the same speaker"));
        }
        *last = answers.max(*last);
    }

    /// A new process: what was not on disk never was; what left has left.
    pub fn restart(&mut self, shelf: &Shelf, found: &Recovered) {
        // What left while the store was out of order was never on record: it may leave again.
        let unrecorded: BTreeSet<_> =
            self.parts.values().filter(|w| w.since > self.committed).map(|w| w.part.line).collect();
        self.replies.retain(|_, line| !unrecorded.contains(line));
        if !unrecorded.is_empty() {
            self.answered.clear();
        }
        let committed = self.committed;
        self.parts.values_mut().filter(|way| way.since > committed).for_each(|way| way.maybe_out = false);
        self.parts.values_mut().for_each(|way| way.since = BatchNo(0));
        self.flying.clear();
        self.looking.clear();
        self.parts.values_mut().for_each(|way| way.lost = false);
        self.sending.clear();
        self.jobs.clear();
        self.heard.retain(|seq, _| shelf.line(*seq).is_some());
        self.said.retain(|seq, _| shelf.line(*seq).is_some());
        self.parts.retain(|id, _| *id <= found.last_part);
        self.asked_for.retain(|seq| *seq <= found.last_seq);
        self.replies.retain(|_, line| *line <= found.last_seq);
        self.answered.retain(|_, seq| *seq <= found.last_seq);
        self.ended = shelf.ended();
        for (seq, head) in shelf.merged().filter(|(_, head)| shelf.line(*head).is_none()) {
            self.broken.push(format!("message {seq} is merged into {head}, which is not on record"));
        }
        self.telling.clear();
        self.arrived.retain(|_, batch| *batch <= committed);
        self.arrived.values_mut().for_each(|batch| *batch = BatchNo(0));
        self.restarted = true;
        for (part, _) in &found.parts {
            if let Some(way) = self.parts.get_mut(&part.id) {
                way.part.state = part.state;
            }
            if part.state == PartState::Sending {
                self.sending.insert(part.conversation, part.id);
            }
        }
        (self.batch, self.committed, self.stopped) = (BatchNo(0), BatchNo(0), false);
    }

    /// Messages that have no end.
    pub fn open(&self) -> impl Iterator<Item = Seq> {
        self.heard.keys().copied().filter(|seq| !self.ended.contains(seq))
    }

    /// Jobs that have not ended.
    pub fn jobs(&self) -> Vec<JobId> {
        self.jobs.iter().copied().collect()
    }
}

/// What an action says, as histories show it.
fn words(action: &Action) -> String {
    let Action::Send { segments, .. } = action else { return String::new() };
    let text = |segment: &OutSegment| if let OutSegment::Text(text) = segment { Some(text.clone()) } else { None };
    segments.iter().filter_map(text).collect()
}
