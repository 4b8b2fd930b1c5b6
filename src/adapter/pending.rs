//! Calls that wait for their answers, by echo, over all links: NapCat answers on its current connection,
//! which need not be the one that was asked (onebot.md §4).

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher, RandomState};

use super::onebot::{Probe, Wanted};
use crate::domain::{CallId, LinkId, Mono, SelfId};

/// Who waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waiting {
    /// The engine.
    Call(CallId, Wanted),
    /// The hub.
    Probe(Probe),
}

/// One call in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pending {
    pub link: LinkId,
    /// The account that was meant; answers of another's links are not taken.
    pub account: Option<SelfId>,
    pub who: Waiting,
    pub deadline: Mono,
}

/// All calls in flight.
#[derive(Debug, Default)]
pub(super) struct PendingCalls {
    calls: HashMap<u64, Pending>,
    deadlines: BTreeSet<(Mono, u64)>,
    last: u64,
    /// Keyed at random for each process, so that nobody can make up the echo of a call they did not see.
    keys: RandomState,
}

impl PendingCalls {
    /// Adds a call: its number and its echo.
    pub(super) fn add(&mut self, call: Pending) -> (u64, String) {
        self.last += 1;
        self.calls.insert(self.last, call);
        self.deadlines.insert((call.deadline, self.last));
        (self.last, self.echo(self.last))
    }

    fn echo(&self, number: u64) -> String {
        format!("q{number:x}-{:016x}", self.keys.hash_one(number))
    }

    /// The call that this echo belongs to.
    pub(super) fn find(&self, echo: &str) -> Option<(u64, Pending)> {
        let (number, _) = echo.strip_prefix('q')?.split_once('-')?;
        let number = u64::from_str_radix(number, 16).ok()?;
        let pending = self.calls.get(&number)?;
        (self.echo(number) == echo).then_some((number, *pending))
    }

    /// Takes a call out.
    pub(super) fn remove(&mut self, number: u64) -> Option<Pending> {
        let pending = self.calls.remove(&number)?;
        self.deadlines.remove(&(pending.deadline, number));
        Some(pending)
    }

    /// Takes out all calls of one link.
    pub(super) fn remove_link(&mut self, link: LinkId) -> Vec<(u64, Pending)> {
        let mut numbers: Vec<u64> = self.calls.iter().filter(|(_, p)| p.link == link).map(|(n, _)| *n).collect();
        numbers.sort_unstable();
        numbers.into_iter().filter_map(|n| Some((n, self.remove(n)?))).collect()
    }

    /// The next deadline.
    pub(super) fn next_deadline(&self) -> Option<Mono> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    /// Takes out one call whose time is up.
    pub(super) fn overdue(&mut self, now: Mono) -> Option<Pending> {
        let (_, number) = *self.deadlines.first().filter(|(at, _)| *at <= now)?;
        self.remove(number)
    }

    /// Calls in flight.
    pub(super) fn len(&self) -> usize {
        self.calls.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(link: u64, at: u64) -> Pending {
        let who = Waiting::Call(CallId(at), Wanted::Nothing);
        Pending { link: LinkId(link), account: None, who, deadline: Mono(at) }
    }

    #[test]
    fn an_echo_cannot_be_guessed_from_its_number() {
        let mut calls = PendingCalls::default();
        let (number, echo) = calls.add(call(1, 5));
        assert_eq!(calls.find(&echo), Some((number, call(1, 5))));
        for bad in ["", "q1", "q1-", "q1-0000000000000000", "1", "q-", "qzz-0"] {
            assert_eq!(calls.find(bad), None, "{bad}");
        }
        assert_ne!(PendingCalls::default().add(call(1, 5)).1, echo);
        calls.remove(number);
        assert_eq!((calls.find(&echo), calls.next_deadline()), (None, None));
    }

    #[test]
    fn deadlines_come_in_order() {
        let mut calls = PendingCalls::default();
        for (link, at) in [(1, 30), (2, 10), (1, 20)] {
            calls.add(call(link, at));
        }
        assert_eq!(calls.next_deadline(), Some(Mono(10)));
        assert_eq!(calls.overdue(Mono(9)), None);
        assert_eq!(calls.overdue(Mono(10)), Some(call(2, 10)));
        assert_eq!(calls.remove_link(LinkId(1)).len(), 2);
        assert_eq!((calls.len(), calls.next_deadline()), (0, None));
    }
}
