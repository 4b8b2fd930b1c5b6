//! Telling the admins over QQ: private messages, text alone, never through the account that the alert is about.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::receiver::Receiver;
use crate::domain::*;
use crate::engine::accounts::Errand;
use crate::engine::state::State;
use crate::words;

/// Between two messages, where nothing else is configured; faster could endanger the account.
pub(super) const APART: Duration = Duration::from_secs(10);
/// Messages that wait; the newest beyond ends as "full".
const ROOM: usize = 50;
/// Characters of one message.
const LONGEST: usize = 1000;

/// One message to one admin.
#[derive(Debug)]
struct Message {
    note: NotificationId,
    to: UserId,
    text: String,
    about: Vec<SelfId>,
    /// The next one leaves so long after it.
    gap: Duration,
}

/// How far a notification has come.
#[derive(Debug, Default)]
struct Progress {
    left: usize,
    arrived: bool,
    fault: Option<NotifyFault>,
}

/// Messages to admins. Bounded; a full one ends the notification as [`NotifyFault::Full`].
#[derive(Debug, Default)]
pub(super) struct Qq {
    queue: VecDeque<Message>,
    not_before: Mono,
    open: BTreeMap<NotificationId, Progress>,
}

impl Qq {
    /// The process before this one may have sent a moment ago.
    pub fn new(receivers: &[Receiver], now: Mono) -> Self {
        let gap = receivers.iter().filter(|to| to.qq.is_some()).map(|to| to.gap).max();
        Self { not_before: now + gap.unwrap_or(APART), ..Self::default() }
    }

    pub fn deadline(&self) -> Option<Mono> {
        (!self.queue.is_empty()).then_some(self.not_before)
    }
}

impl State {
    /// An account that can tell people of what is wrong with these: one that has talked with one of them rather than
    /// another.
    pub(super) fn qq_account(&self, people: &[i64], about: &[SelfId]) -> Option<SelfId> {
        let able = self.accounts.iter().filter(|(id, account)| account.can_send() && !about.contains(id));
        let knows = |id: SelfId| {
            let chat = |admin: &i64| ConversationId { account: id, peer: Peer::Private(UserId(*admin)) };
            people.iter().map(chat).any(|chat| self.chats.contains_key(&chat) || self.cold.contains_key(&chat))
        };
        if people.is_empty() {
            return None;
        }
        able.map(|(id, _)| *id).min_by_key(|id| (!knows(*id), *id))
    }

    /// A message to each of these people.
    pub(super) fn tell_people(
        &mut self,
        note: NotificationId,
        to: &Receiver,
        message: &NotificationText,
        about: Vec<SelfId>,
    ) {
        let people = to.qq.as_deref().unwrap_or_default();
        if self.alerts.qq.queue.len() + people.len() > ROOM {
            return self.on_notified(note, Err(NotifyFault::Full));
        }
        if self.qq_account(people, &about).is_none() {
            return self.hold_notification(note);
        }
        let text = words::notification_as_text(message, LONGEST);
        self.alerts.qq.open.insert(note, Progress { left: people.len(), ..Progress::default() });
        for person in people {
            let (text, about, gap) = (text.clone(), about.clone(), to.gap);
            self.alerts.qq.queue.push_back(Message { note, to: UserId(*person), text, about, gap });
        }
    }

    /// Sends the next message, if it is time.
    pub(super) fn pump_qq(&mut self) {
        if self.alerts.qq.not_before > self.now.mono {
            return;
        }
        while let Some(message) = self.alerts.qq.queue.pop_front() {
            let Some(account) = self.qq_account(&[message.to.0], &message.about) else {
                self.on_admin_told(message.note, CallOutcome::NotSent);
                continue;
            };
            self.alerts.qq.not_before = self.now.mono + message.gap;
            let segments = vec![OutSegment::Text(message.text)];
            let action = Action::Send { peer: Peer::Private(message.to), temp_group: None, segments };
            return self.call(account, action, Errand::Notify(message.note));
        }
    }

    /// How a message to an admin ended.
    pub fn on_admin_told(&mut self, note: NotificationId, outcome: CallOutcome) {
        let Some(progress) = self.alerts.qq.open.get_mut(&note) else { return };
        progress.left -= 1;
        match outcome {
            CallOutcome::Done(_) => progress.arrived = true,
            CallOutcome::NotSent => {}
            CallOutcome::Refused { words, .. } => {
                progress.fault = Some(NotifyFault::Refused(crate::words::quoted(words.raw())));
            }
            CallOutcome::Ambiguous { words, .. } => {
                progress.fault = Some(NotifyFault::Unreachable(crate::words::quoted(words.raw())));
            }
            CallOutcome::Lost | CallOutcome::TimedOut => {
                progress.fault = Some(NotifyFault::Unreachable(String::new()));
            }
        }
        if progress.left > 0 {
            return;
        }
        let Some(progress) = self.alerts.qq.open.remove(&note) else { return };
        match (progress.arrived, progress.fault) {
            // One admin who knows is enough.
            (true, _) => self.on_notified(note, Ok(())),
            (false, Some(fault)) => self.on_notified(note, Err(fault)),
            (false, None) => self.hold_notification(note),
        }
    }
}
