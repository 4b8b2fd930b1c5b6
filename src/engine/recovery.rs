//! The store's word: what it remembered, what is on disk, what it could not write; and stopping in order.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::accounts::Errand;
use super::alerts::samples::Failed;
use super::delivery::{Delivery, Reply};
use super::question::Said;
use super::reply::Saying;
use super::state::{Cold, State, Waiting};
use super::timers::{Timer, Timers};
use crate::domain::*;
use crate::flow::Effect;

/// A store that has not committed within this is out of order: replies go on without it.
const LATE: Duration = Duration::from_secs(2);
/// A reply that was ready before a restart is delivered after it if it is younger than this.
const STILL_FRESH: Duration = Duration::from_secs(600);

/// Batches on their way to the disk.
#[derive(Default)]
pub(super) struct Commits {
    outstanding: VecDeque<(BatchNo, Mono)>,
    /// Parts whose frames leave when their batch is on disk.
    pub waiting: Waiting,
    /// The store takes no commits: at most one reply per message is not promised while this lasts.
    pub unrecorded: bool,
    /// Why, in the store's words.
    pub words: Option<String>,
}

impl Commits {
    /// A batch has been handed to the store.
    pub fn sent(&mut self, batch: BatchNo, now: Mono, timers: &mut Timers) {
        // One timer for the oldest is enough: it looks again when it rings.
        if self.outstanding.is_empty() {
            timers.set(now + LATE, Timer::Late);
        }
        self.outstanding.push_back((batch, now));
    }

    /// Whether everything is on disk.
    pub fn is_clear(&self) -> bool {
        self.outstanding.is_empty()
    }
}

impl State {
    /// A batch, and all before it, are on disk.
    pub fn on_committed(&mut self, batch: BatchNo, duplicates: &[Seq]) {
        let commits = &mut self.commits;
        while commits.outstanding.front().is_some_and(|(n, _)| *n <= batch) {
            commits.outstanding.pop_front();
        }
        if commits.unrecorded && commits.outstanding.is_empty() {
            (commits.unrecorded, commits.words) = (false, None);
            self.changed = true;
            self.stir(Metric::StorageUnrecorded);
        }
        for seq in duplicates {
            self.on_duplicate(*seq);
        }
        self.count_missed();
        while let Some((_, part)) = self.commits.waiting.front().copied().filter(|(n, _)| *n <= batch) {
            self.commits.waiting.pop_front();
            self.send_now(part);
        }
    }

    /// The store keeps the batch and goes on trying; `Late` decides when that has lasted too long.
    pub fn on_commit_failed(&mut self, words: &str) {
        self.commits.words = Some(words.to_owned());
        self.changed = true;
        self.count_failure(Failed::Storage);
    }

    pub fn on_late(&mut self) {
        let Some((_, since)) = self.commits.outstanding.front().copied() else { return };
        if self.now.mono.since(since) < LATE {
            return self.timers.set(since + LATE, Timer::Late);
        }
        if !self.commits.unrecorded {
            self.commits.unrecorded = true;
            self.changed = true;
            self.stir(Metric::StorageUnrecorded);
        }
        self.release_all();
        self.timers.set(self.now.mono + LATE, Timer::Late);
    }

    /// Sends what waits for the store without it.
    pub fn release_all(&mut self) {
        while let Some((_, part)) = self.commits.waiting.pop_front() {
            self.send_now(part);
        }
    }

    /// Messages that came while we were away stand in attention as one row, once the store says they are new.
    fn count_missed(&mut self) {
        if self.missed.is_empty() || !self.commits.is_clear() {
            return;
        }
        let mut by_chat = std::collections::BTreeMap::<ConversationId, u32>::new();
        for (_, chat) in self.missed.drain() {
            *by_chat.entry(chat).or_default() += 1;
        }
        for (chat, mut count) in by_chat {
            let former = self.items.iter().find_map(|(id, item)| match item.kind {
                ItemKind::WhileOffline { count } if item.conversation == Some(chat) => Some((*id, count)),
                _ => None,
            });
            if let Some((id, before)) = former {
                count += before;
                self.drop_item(id);
            }
            self.raise(ItemKind::WhileOffline { count }, Some(chat), None);
        }
    }

    /// Goes on where the last process stopped.
    pub fn recover(&mut self, recovered: Recovered) {
        self.numbers.seq = recovered.last_seq.0;
        self.numbers.part = recovered.last_part.0;
        self.numbers.item = recovered.last_item.0;
        let spoke: BTreeMap<_, _> = recovered.spoke.into_iter().collect();
        let cold = |(id, state)| (id, Cold { state, spoke: spoke.get(&id).copied() });
        self.cold = recovered.chats.into_iter().map(cold).collect();
        for grant in recovered.grants {
            self.grants.insert(grant);
        }
        for usage in &recovered.usage {
            self.books.add(usage);
        }
        for (id, item) in recovered.items {
            if let Some(at) = item.expires {
                self.timers.set(self.now.mono + at.since(self.now.wall), Timer::ItemEnds(id));
            }
            self.items.insert(id, Arc::new(item));
        }
        let modes: Vec<_> = self.cold.iter().filter_map(|(id, s)| Some((*id, s.state.mode?.1?))).collect();
        for (id, until) in modes {
            // Warmed so that the end finds it; modes with an end are few.
            self.chat(id);
            self.timers.set(self.now.mono + until.since(self.now.wall), Timer::ModeEnds(id));
        }
        let trusted = recovered.same_boot || recovered.clean;
        let parts: Vec<_> = recovered.parts.iter().map(|(part, _)| (part.id, part.state, part.ready)).collect();
        for (part, line) in recovered.parts {
            self.recover_part(part, &line);
        }
        // Only when all parts of a reply are known may one of them end: else the first would end the reply.
        for (part, state, ready) in parts {
            self.settle_part(part, state, ready, trusted);
        }
        // No link may ever come: then their time runs out.
        let outboxes: Vec<_> = self.chats.values().filter(|c| !c.outbox.is_empty()).map(|c| c.id).collect();
        outboxes.into_iter().for_each(|id| self.pump_delivery(id));
        self.recover_alerts(recovered.alerts, recovered.last_alert, recovered.silences, recovered.served);
        self.greet_providers();
        let drafted: Vec<_> = self.items.values().filter_map(|item| item.kind.drafted()).collect();
        for line in recovered.waiting.into_iter().filter(|line| !drafted.contains(&line.seq)) {
            self.chat(line.conversation);
            self.reopen(&Arc::new(line), false);
        }
    }

    /// A part that had no end is in the outbox again.
    fn recover_part(&mut self, part: Part, line: &Line) {
        let (id, seq, conversation) = (part.id, part.line, part.conversation);
        let reply = self.replies.entry(seq).or_insert_with(|| {
            let saying = Saying {
                conversation,
                author: line.author.clone(),
                text: String::new(),
                answers: line.answers,
                making: None,
                heard: None,
                lead: Vec::new(),
            };
            Reply { growing: false, ..Reply::new(seq, &saying) }
        });
        reply.open += 1;
        reply.count = reply.count.max(part.index + 1);
        self.chat(conversation).outbox.push_back(id);
        self.parts.insert(id, Delivery::new(part, self.now.mono));
    }

    /// What becomes of it: ready ones are delivered while fresh, ones that may have left are looked up. After a
    /// power cut the last commits may be missing, so nothing that was ready is trusted.
    fn settle_part(&mut self, id: PartId, state: PartState, ready: Wall, trusted: bool) {
        let Some(conversation) = self.parts.get(&id).map(|d| d.part.conversation) else { return };
        let stale = self.now.wall.since(ready) > STILL_FRESH;
        let chat = self.chat(conversation);
        match state {
            PartState::Generated if !trusted => self.drop_part(id, PartState::Unknown),
            PartState::Generated if stale => self.drop_part(id, PartState::Expired),
            PartState::Generated => {}
            // At most one part of a chat was on its way; anything else is an unclean record and stays unknown.
            _ if chat.doubtful.is_none() => chat.doubtful = Some(id),
            _ => self.drop_part(id, PartState::Unknown),
        }
    }

    /// Lines of a conversation are back in memory.
    pub fn on_loaded(&mut self, id: ConversationId, lines: Vec<Line>) {
        let Some(chat) = self.chats.get_mut(&id) else { return };
        chat.loading = false;
        // What was said while they were on their way stands behind them.
        let fresh: Vec<_> = chat.tail.drain(..).collect();
        let first = fresh.first().map_or(Seq(u64::MAX), |l| l.seq);
        chat.last_heard = chat.last_heard.or_else(|| lines.iter().rev().find(|l| !l.author.is_ours()).map(|l| l.at));
        for line in lines.into_iter().filter(|l| l.seq < first).map(Arc::new).chain(fresh) {
            chat.push(line);
        }
        for (seq, outcome) in std::mem::take(&mut chat.ended) {
            chat.amend(seq, |l| l.outcome = Some(outcome));
        }
        self.join_merged(id);
        self.forget_if_silent(id, first);
        self.touch(id);
        self.hear_missed(id);
        let commands = self.chats.get_mut(&id).map(|c| std::mem::take(&mut c.commands)).unwrap_or_default();
        commands.into_iter().for_each(|envelope| self.on_command(envelope));
        self.pump_chat(id);
    }

    /// A question that a restart interrupted was made of several messages: the store has them by themselves.
    fn join_merged(&mut self, id: ConversationId) {
        let Some(chat) = self.chats.get(&id) else { return };
        for question in self.questions.values_mut().filter(|q| q.conversation == id && q.said.len() == 1) {
            for line in chat.merged_into(question.head).filter(|l| !l.recalled) {
                question.said.push(Said::of(line));
                question.pictures.extend(line.pictures.iter().cloned());
            }
        }
    }

    /// What was loaded is forgotten if the conversation had been silent for `context.idle` before it woke.
    fn forget_if_silent(&mut self, id: ConversationId, first_fresh: Seq) {
        let idle = self.policy(id).chat.context.idle;
        let wall = self.now.wall;
        let Some(chat) = self.chats.get_mut(&id).filter(|_| !idle.is_zero()) else { return };
        let old = chat.tail.iter().rev().find(|l| l.seq < first_fresh);
        if let Some((seq, at)) = old.map(|l| (l.seq, l.at))
            && wall.since(at) > idle
        {
            chat.state.forgotten = seq;
            self.save_chat(id);
        }
    }

    /// Drain: nothing new is begun, what is being written may finish, what is ready may leave.
    pub fn on_shutdown(&mut self, grace: Duration) {
        if !self.stopping {
            self.stopping = true;
            self.changed = true;
            self.timers.set(self.now.mono + grace, Timer::GraceEnds);
        }
    }

    /// Whatever is unfinished stays on record: questions without an answer are asked again at the next start.
    pub fn on_grace_ends(&mut self) {
        for job in self.jobs.keys() {
            self.effects.push(Effect::Cancel(*job));
        }
        self.grace_over = true;
    }

    /// Stops when everything that can be finished is finished. Called when the input's own rows have been handed
    /// over, so that the mark of a clean stop is the last row of all.
    pub fn check_stopped(&mut self) {
        if self.stopping && !self.stopped && (self.grace_over || self.is_finished()) {
            self.stop();
        }
    }

    fn is_finished(&self) -> bool {
        let wall = self.now.wall;
        let busy = |c: &super::chat::Chat| {
            let muted = c.state.bot_muted.is_some_and(|until| until > wall);
            let can_send = self.accounts.get(&c.id.account).is_some_and(|a| a.can_send());
            c.sending.is_some() || (!c.outbox.is_empty() && !c.state.paused && !muted && can_send)
        };
        // An admin who is being told over QQ is told once, if the adapter says so in time.
        let telling = self.calls.values().any(|errand| matches!(errand, Errand::Notify(_)));
        self.jobs.is_empty() && !telling && !self.chats.values().any(busy)
    }

    fn stop(&mut self) {
        self.stopped = true;
        self.changed = true;
        // Committed, or about to be, as being sent, and held for that commit: they have not left.
        let held = std::mem::take(&mut self.commits.waiting);
        let rows = held.into_iter().map(|(_, part)| Row::PartState(part, PartState::Generated, None));
        let rows = rows.chain(self.audit_unanswered()).collect();
        let last = self.last_rows(rows);
        self.effects.push(last);
        self.effects.push(Effect::Stopped);
    }

    /// Rows, and the mark of a clean stop behind them.
    fn last_rows(&mut self, mut rows: Vec<Row>) -> Effect {
        rows.push(Row::CleanStop);
        let batch = self.next_batch();
        self.numbers.batch = batch.0;
        Effect::Record(batch, rows)
    }

    /// A notification that was under way when everything had stopped has ended.
    pub fn on_notified_after_all(&mut self, id: NotificationId, result: Result<(), NotifyFault>) -> Vec<Effect> {
        let rows = self.on_notified_late(id, result);
        if rows.is_empty() { Vec::new() } else { vec![self.last_rows(rows)] }
    }
}
