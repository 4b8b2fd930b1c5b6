//! A store in memory, as `domain::record` documents it: rows wait for their commit, committed ones survive a
//! kill, and what is found at the next start is [`Recovered`].

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use qqdeck::domain::*;

/// Rows handed over, and rows on disk.
#[derive(Default)]
pub struct Shelf {
    pending: VecDeque<(BatchNo, Vec<Row>)>,
    lines: BTreeMap<Seq, Line>,
    keys: BTreeSet<(ConversationId, i64)>,
    parts: BTreeMap<PartId, Part>,
    chats: BTreeMap<ConversationId, ChatState>,
    grants: Vec<Grant>,
    items: BTreeMap<ItemId, Item>,
    usage: Vec<Usage>,
    /// Lines that had their end and were judged anew since.
    reopened: BTreeSet<Seq>,
    alerts: BTreeMap<AlertId, Alert>,
    silences: Vec<Silence>,
    served: BTreeMap<SelfId, (Text, Wall)>,
    last_alert: AlertId,
    last: (Seq, PartId, ItemId),
    clean: bool,
}

impl Shelf {
    /// A batch is handed over.
    pub fn hand_over(&mut self, batch: BatchNo, rows: Vec<Row>) {
        self.pending.push_back((batch, rows));
    }

    /// The oldest batch that is not on disk.
    pub fn waits(&self) -> Option<BatchNo> {
        self.pending.front().map(|(batch, _)| *batch)
    }

    /// The last row of all was [`Row::CleanStop`].
    pub fn is_clean(&self) -> bool {
        matches!(self.pending.back().map(|(_, rows)| rows.last()), Some(Some(Row::CleanStop)))
            || (self.pending.is_empty() && self.clean)
    }

    /// Writes the oldest batch; tells its number and the lines of it that had been heard before.
    pub fn commit(&mut self) -> Option<(BatchNo, Vec<Seq>)> {
        let (batch, rows) = self.pending.pop_front()?;
        let mut duplicates = Vec::new();
        for row in rows {
            self.write(row, &mut duplicates);
        }
        Some((batch, duplicates))
    }

    /// The process dies: what was not committed is gone.
    pub fn lose_pending(&mut self) {
        self.pending.clear();
    }

    fn write(&mut self, row: Row, duplicates: &mut Vec<Seq>) {
        self.clean = matches!(row, Row::CleanStop);
        match row {
            Row::Heard { line, dedupe, .. } => {
                self.last.0 = self.last.0.max(line.seq);
                if !self.keys.insert((line.conversation, dedupe)) {
                    duplicates.push(line.seq);
                } else if line.merged_into().is_some_and(|head| !self.lines.contains_key(&head)) {
                    self.put(Arc::new(line.unmerged()));
                } else {
                    self.put(line);
                }
            }
            Row::Said(line) => self.put(line),
            Row::Judged(seq, verdict) => {
                self.reopened.insert(seq);
                self.amend(seq, |line| {
                    line.outcome = line.outcome.take().filter(|_| verdict.decision != Decision::Reply);
                    line.verdict = Some(verdict);
                });
            }
            Row::Ended(seq, outcome) => {
                self.reopened.remove(&seq);
                self.amend(seq, |line| line.outcome = Some(outcome));
            }
            Row::Recalled(seq) => self.amend(seq, |line| line.recalled = true),
            Row::Part(part) => {
                self.last.1 = self.last.1.max(part.id);
                self.parts.insert(part.id, part);
            }
            Row::PartState(id, state, message) => {
                let Some(part) = self.parts.get_mut(&id) else { return };
                part.state = state;
                let line = part.line;
                if message.is_some() {
                    self.amend(line, |line| match line.message {
                        None => line.message = message,
                        first => line.others.extend(message.filter(|_| first != message)),
                    });
                }
            }
            Row::Chat(id, state) => drop(self.chats.insert(id, *state)),
            Row::Usage(usage) => self.usage.push(usage),
            Row::Grant(grant) => {
                self.grants.retain(|g| (g.id, g.effect) != (grant.id, grant.effect));
                self.grants.push(grant);
            }
            Row::Item(id, item) => {
                self.last.2 = self.last.2.max(id);
                self.items.insert(id, *item);
            }
            Row::ItemDone(id) => drop(self.items.remove(&id)),
            Row::Alert(alert) => {
                self.last_alert = self.last_alert.max(alert.id);
                match alert.state == AlertState::Resolved && alert.fired.is_none() {
                    true => drop(self.alerts.remove(&alert.id)),
                    false => drop(self.alerts.insert(alert.id, *alert)),
                }
            }
            Row::Silence(silence) => {
                self.silences.retain(|s| (&s.rule, &s.labels) != (&silence.rule, &silence.labels));
                self.silences.push(silence);
            }
            Row::Served { account, name, at } => drop(self.served.insert(account, (name, at))),
            Row::Audit(_) | Row::Screen { .. } | Row::CleanStop => {}
        }
    }

    fn put(&mut self, line: Arc<Line>) {
        self.last.0 = self.last.0.max(line.seq);
        self.chats.entry(line.conversation).or_default();
        self.lines.insert(line.seq, Line::clone(&line));
    }

    fn amend(&mut self, seq: Seq, change: impl FnOnce(&mut Line)) {
        if let Some(line) = self.lines.get_mut(&seq) {
            change(line);
        }
    }

    /// The newest lines of a chat, oldest first.
    pub fn load(&self, load: &Load) -> Vec<Line> {
        let here = |line: &&Line| line.conversation == load.conversation && line.seq > load.after;
        let mut lines: Vec<_> = self.lines.values().rev().filter(here).take(load.lines as usize).cloned().collect();
        lines.reverse();
        lines
    }

    /// Lines heard that have an end and were not judged anew.
    pub fn ended(&self) -> BTreeSet<Seq> {
        let ended = self.lines.values().filter(|line| line.outcome.is_some()).map(|line| line.seq);
        ended.filter(|seq| !self.reopened.contains(seq)).collect()
    }

    /// A line on disk.
    pub fn line(&self, seq: Seq) -> Option<&Line> {
        self.lines.get(&seq)
    }

    /// Lines that were merged, and into which.
    pub fn merged(&self) -> impl Iterator<Item = (Seq, Seq)> {
        self.lines.values().filter_map(|line| Some((line.seq, line.merged_into()?)))
    }

    /// Messages whose draft waits for a human.
    pub fn drafted(&self) -> BTreeSet<Seq> {
        self.items.values().filter_map(|item| item.kind.drafted()).collect()
    }

    /// What the next process finds.
    pub fn recover(&mut self, now: Wall, same_boot: bool) -> Recovered {
        self.drop_what_answers_duplicates();
        self.settle();
        let answering: BTreeSet<Seq> = self.parts.values().filter_map(|p| self.lines.get(&p.line)?.answers).collect();
        let drafted = self.drafted();
        let waits = |line: &&Line| {
            !line.author.is_ours()
                && line.outcome.is_none()
                && line.verdict.as_ref().is_some_and(|v| v.decision == Decision::Reply)
                && !answering.contains(&line.seq)
                && !drafted.contains(&line.seq)
        };
        let open = self.parts.values().filter(|part| !part.state.is_final());
        let mut parts: Vec<_> = open.filter_map(|p| Some((p.clone(), self.lines.get(&p.line)?.clone()))).collect();
        parts.sort_by_key(|(part, _)| (part.line, part.index, part.id));
        let clean = std::mem::take(&mut self.clean);
        Recovered {
            last_seq: self.last.0,
            last_part: self.last.1,
            last_item: self.last.2,
            clean,
            same_boot,
            waiting: self.lines.values().filter(waits).cloned().collect(),
            parts,
            spoke: self.spoke(now - Duration::from_secs(24 * 3600)),
            chats: self.chats.iter().map(|(id, state)| (*id, state.clone())).collect(),
            grants: self.grants.iter().filter(|grant| grant.until > now).cloned().collect(),
            items: self.items.iter().map(|(id, item)| (*id, item.clone())).collect(),
            usage: self.usage.clone(),
            accounts: Vec::new(),
            last_alert: self.last_alert,
            alerts: self.alerts.values().filter(|alert| !alert.done).cloned().collect(),
            silences: self.silences.iter().filter(|s| s.until > now).cloned().collect(),
            served: self.served.iter().map(|(id, (name, at))| (*id, name.clone(), *at)).collect(),
        }
    }

    fn spoke(&self, since: Wall) -> Vec<(ConversationId, Wall)> {
        let last: BTreeMap<_, _> = self.lines.values().map(|line| (line.conversation, line.at)).collect();
        last.into_iter().filter(|(_, at)| *at >= since).collect()
    }

    /// What the last process made for a message before it could learn that it was a duplicate.
    fn drop_what_answers_duplicates(&mut self) {
        let lines = &self.lines;
        self.items.retain(|_, item| item.kind.drafted().is_none_or(|line| lines.contains_key(&line)));
        let lost = |part: &&mut Part| {
            let answers = lines.get(&part.line).and_then(|line| line.answers);
            !part.state.is_final() && answers.is_some_and(|line| !lines.contains_key(&line))
        };
        let mut of = BTreeSet::new();
        for part in self.parts.values_mut().filter(lost) {
            of.insert(part.line);
            if part.state == PartState::Generated {
                part.state = PartState::Suppressed;
            }
        }
        for line in of {
            self.amend(line, |line| line.answers = None);
        }
    }

    /// Lines whose reply had come to its end while their own was not yet written.
    fn settle(&mut self) {
        let mut worst: BTreeMap<Seq, (PartState, bool)> = BTreeMap::new();
        for part in self.parts.values() {
            let Some(line) = self.lines.get(&part.line) else { continue };
            let Some(answers) = line.answers else { continue };
            let notice = line.author == Author::Notice;
            let entry = worst.entry(answers).or_insert((part.state, notice));
            entry.0 = entry.0.min(part.state);
        }
        for (seq, (state, notice)) in worst {
            let outcome = match state {
                PartState::Generated | PartState::Sending => continue,
                PartState::Sent if notice => Outcome::Notice,
                PartState::Sent => Outcome::Replied,
                PartState::Unknown => Outcome::Unknown,
                PartState::Failed => Outcome::Failed,
                PartState::Expired => Outcome::Expired,
                PartState::Suppressed => Outcome::Suppressed,
            };
            if let Some(line) = self.lines.get_mut(&seq).filter(|line| line.outcome.is_none()) {
                line.outcome = Some(outcome);
            }
        }
    }
}
