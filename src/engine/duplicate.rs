//! A message that the store had already: the gates and the models did not wait for its word, so what was begun
//! for the message is taken back, or passes to the next message of the same question.

use std::sync::Arc;

use super::commands::{Asker, PendingEdit};
use super::question::Said;
use super::state::State;
use crate::domain::*;
use crate::flow::Effect;

impl State {
    /// The store had this message already: it is as if it had never been heard again.
    pub fn on_duplicate(&mut self, seq: Seq) {
        self.missed.remove(&seq);
        self.counters.duplicates += 1;
        self.counters.received = self.counters.received.saturating_sub(1);
        let of_it = |edit: &PendingEdit| matches!(edit.asker, Asker::Chat(_, _, line) if line == seq);
        self.edits.retain(|_, edit| !of_it(edit));
        self.questions.values_mut().for_each(|question| question.take_out(seq));
        let chat = self.chats.values_mut().find(|c| c.line(seq).is_some());
        let Some((line, chat)) = chat.and_then(|chat| Some((chat.remove(seq)?, chat))) else {
            return self.withdraw(seq);
        };
        let (id, heirs) = (chat.id, chat.merged_into(seq).cloned().collect::<Vec<_>>());
        self.touch(id);
        match heirs.first() {
            Some(heir) => self.pass_on(&line, heir.seq, &heirs),
            None => self.withdraw(seq),
        }
    }

    /// Nobody said it: what came of it goes no further, and none of that is anybody's end.
    fn withdraw(&mut self, seq: Seq) {
        self.cancel_question(seq, Outcome::Ignored);
        for line in self.replies_to(seq) {
            if let Some(reply) = self.replies.get_mut(&line) {
                reply.answers = None;
            }
            self.hold_back_reply(line);
        }
        for draft in self.drafts_of(seq) {
            self.drop_item(draft);
        }
    }

    /// One of several messages of a question was taken back: the question goes on without it, and a model that is at
    /// it is asked anew.
    pub fn take_out(&mut self, head: Seq, line: Seq) {
        let Some(question) = self.questions.get_mut(&head) else { return };
        let id = question.conversation;
        question.take_out(line);
        if question.cancelled.is_none()
            && let Some(asking) = question.asking.as_ref().filter(|_| !question.again)
        {
            question.again = true;
            self.effects.push(Effect::Cancel(asking.job));
        }
        let left: Vec<_> = question.said.iter().map(|said| Arc::clone(&said.line)).collect();
        let gone = self.chats.get(&id).and_then(|chat| chat.line(line)).cloned();
        if let (true, Some(gone), Some(heir)) = (head == line, gone, left.first()) {
            self.pass_on(&gone, heir.seq, &left);
            self.end_line(id, line, Outcome::Suppressed);
        }
        self.touch(id);
    }

    /// Others were merged into it: the first of them stands in its place, with all that is kept under its number.
    fn pass_on(&mut self, line: &Line, to: Seq, heirs: &[Arc<Line>]) {
        let (from, id) = (line.seq, line.conversation);
        self.inherit(line, to, heirs);
        if let Some(mut question) = self.questions.remove(&from) {
            let of_question = |heir: &Arc<Line>| question.said.iter().find(|said| said.line.seq == heir.seq).cloned();
            question.said = heirs.iter().map(|heir| of_question(heir).unwrap_or_else(|| Said::of(heir))).collect();
            question.head = to;
            self.chat(id).pass_on(question.speaker, from, to);
            self.timers.pass_on(from, to);
            let queues = self.providers.iter_mut().flat_map(|provider| &mut provider.queue);
            let jobs = self.jobs.values_mut();
            queues.chain(jobs).filter(|head| **head == from).for_each(|head| *head = to);
            self.questions.insert(to, question);
        }
        self.replies.values_mut().filter(|r| r.answers == Some(from)).for_each(|r| r.answers = Some(to));
        for (id, item) in &mut self.items {
            if !matches!(item.kind, ItemKind::Draft { answers, .. } if answers == from) {
                continue;
            }
            // Shared with snapshots: only what changes is copied.
            let item = Arc::make_mut(item);
            if let ItemKind::Draft { answers, .. } = &mut item.kind {
                *answers = to;
            }
            self.rows.push(Row::Item(*id, Box::new(item.clone())));
        }
    }

    /// The same in the conversation's lines.
    fn inherit(&mut self, line: &Line, to: Seq, heirs: &[Arc<Line>]) {
        let from = line.seq;
        let Some(chat) = self.chats.get_mut(&line.conversation) else { return };
        chat.amend(to, |l| (l.verdict, l.outcome) = (line.verdict.clone(), line.outcome.clone()));
        self.rows.extend(line.verdict.clone().map(|verdict| Row::Judged(to, verdict)));
        self.rows.extend(line.outcome.clone().map(|outcome| Row::Ended(to, outcome)));
        for heir in heirs.iter().filter(|heir| heir.seq != to) {
            chat.amend(heir.seq, |l| l.outcome = Some(Outcome::Merged(to)));
            self.rows.push(Row::Ended(heir.seq, Outcome::Merged(to)));
        }
        let ours = chat.tail.iter().filter(|l| l.author.is_ours() && l.answers == Some(from));
        for ours in ours.map(|l| l.seq).collect::<Vec<_>>() {
            chat.amend(ours, |l| l.answers = Some(to));
            self.rows.extend(chat.line(ours).cloned().map(Row::Said));
        }
    }
}
