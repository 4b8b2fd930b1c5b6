//! Deadlines in order of time. Most are left to ring: one that rings looks whether it still means something, which
//! is simpler than finding it again. Only those that lie minutes ahead of what they wait for are taken back.

use std::collections::BTreeMap;

use crate::domain::{ConversationId, ItemId, Mono, SelfId, Seq};

/// What a deadline is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Timer {
    /// The speaker has finished typing.
    Merged(Seq),
    /// The question has waited for a slot long enough.
    QueueWait(Seq),
    /// The question may be asked again, or for the first time where its rate said "wait".
    Retry(Seq),
    /// The question is too old.
    QuestionEnds(Seq),
    /// The chat may send again.
    Deliver(ConversationId),
    /// Look whether a part that may have been sent stands in the chat's history.
    LookUp(ConversationId),
    /// The store has not committed in time.
    Late,
    /// An item that waits for a human ends by itself.
    ItemEnds(ItemId),
    /// A chat's mode falls back.
    ModeEnds(ConversationId),
    /// An operator's claim of a chat runs out.
    ClaimEnds(ConversationId),
    /// A model's time in memory should be over.
    Resident,
    /// A provider may be asked again.
    Provider(usize),
    /// A new link has had time to tell by itself what it has: now its history is read.
    CatchUp(SelfId),
    /// An alert goes on by itself, or somebody is to be told of one.
    Alerts,
    /// Stop now, whatever is unfinished.
    GraceEnds,
}

/// A deadline that can be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Alarm(Mono, u64);

impl Alarm {
    /// When it rings.
    pub fn at(self) -> Mono {
        self.0
    }
}

/// All deadlines.
#[derive(Debug, Default)]
pub(super) struct Timers {
    queue: BTreeMap<(Mono, u64), Timer>,
    serial: u64,
}

impl Timers {
    /// Rings at this time; at once if it has passed.
    pub fn set(&mut self, at: Mono, timer: Timer) {
        self.alarm(at, timer);
    }

    /// The same, to be taken back perhaps.
    pub fn alarm(&mut self, at: Mono, timer: Timer) -> Alarm {
        self.serial += 1;
        self.queue.insert((at, self.serial), timer);
        Alarm(at, self.serial)
    }

    /// Takes a deadline back.
    pub fn cancel(&mut self, alarm: Alarm) {
        self.queue.remove(&(alarm.0, alarm.1));
    }

    /// What rings for one question rings for the one in its place.
    pub fn pass_on(&mut self, from: Seq, to: Seq) {
        for timer in self.queue.values_mut() {
            if let Timer::Merged(head) | Timer::QueueWait(head) | Timer::Retry(head) | Timer::QuestionEnds(head) = timer
                && *head == from
            {
                *head = to;
            }
        }
    }

    /// The earliest.
    pub fn next(&self) -> Option<Mono> {
        self.queue.keys().next().map(|(at, _)| *at)
    }

    /// The earliest that is due, taken out.
    pub fn due(&mut self, now: Mono) -> Option<Timer> {
        let entry = self.queue.first_entry()?;
        (entry.key().0 <= now).then(|| entry.remove())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_ring_in_order_and_not_early() {
        let mut timers = Timers::default();
        timers.set(Mono(20), Timer::GraceEnds);
        timers.set(Mono(10), Timer::Merged(Seq(1)));
        timers.set(Mono(10), Timer::Merged(Seq(2)));
        let taken_back = timers.alarm(Mono(10), Timer::Merged(Seq(3)));
        timers.cancel(taken_back);
        assert_eq!(timers.next(), Some(Mono(10)));
        assert_eq!(timers.due(Mono(9)), None);
        assert_eq!(timers.due(Mono(10)), Some(Timer::Merged(Seq(1))));
        assert_eq!(timers.due(Mono(30)), Some(Timer::Merged(Seq(2))));
        assert_eq!(timers.due(Mono(30)), Some(Timer::GraceEnds));
        assert_eq!(timers.due(Mono(30)), None);
    }

    #[test]
    fn a_question_in_anothers_place_keeps_its_times() {
        let mut timers = Timers::default();
        timers.set(Mono(10), Timer::Merged(Seq(1)));
        timers.set(Mono(20), Timer::Merged(Seq(2)));
        let end = timers.alarm(Mono(30), Timer::QuestionEnds(Seq(1)));
        timers.pass_on(Seq(1), Seq(3));
        timers.cancel(end);
        let rung: Vec<_> = std::iter::from_fn(|| timers.due(Mono(40))).collect();
        assert_eq!(rung, [Timer::Merged(Seq(3)), Timer::Merged(Seq(2))]);
    }
}
