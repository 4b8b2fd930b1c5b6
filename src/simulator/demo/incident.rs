//! What goes wrong or stands out, and when.

use std::time::Duration;

/// Something worth a line in a console.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Incident {
    /// Somebody wants to be friends.
    FriendRequest,
    /// Somebody wants into a group.
    GroupRequest,
    /// A customer asks for a human.
    Handover,
    /// The owner mentions everybody.
    AtAll,
    /// A question whose answer fills pages.
    LongAnswer,
    /// A question with a forbidden word.
    ForbiddenWord,
    /// The bot is called in a group that is not allowed.
    Stranger,
    /// The local model takes its time for half a minute.
    SlowModel,
    /// The local model's server is gone for 40 s.
    ProviderDown,
    /// The remote provider wants money for a minute.
    NoBalance,
    /// The second account is logged out for a minute.
    Offline,
    /// The second account's link breaks.
    LinkDrop,
    /// A reply whose delivery is not confirmed.
    Unconfirmed,
    /// The first account may not speak in a group for 90 s.
    Muted,
    /// Somebody takes a message back.
    Recalled,
}

const ALL: [Incident; 15] = [
    Incident::FriendRequest,
    Incident::GroupRequest,
    Incident::Handover,
    Incident::AtAll,
    Incident::LongAnswer,
    Incident::ForbiddenWord,
    Incident::Stranger,
    Incident::SlowModel,
    Incident::ProviderDown,
    Incident::NoBalance,
    Incident::Offline,
    Incident::LinkDrop,
    Incident::Unconfirmed,
    Incident::Muted,
    Incident::Recalled,
];

/// An endless, seeded stream of incidents: all of them once before any comes again.
pub(super) struct Schedule {
    rng: fastrand::Rng,
    at: Duration,
    bag: Vec<Incident>,
}

impl Schedule {
    /// Begins with the three that give an operator something to do.
    pub fn new(seed: u64) -> Self {
        let bag = vec![Incident::Stranger, Incident::Handover, Incident::FriendRequest];
        Self { rng: fastrand::Rng::with_seed(seed ^ 0x1c1d), at: Duration::ZERO, bag }
    }
}

impl Iterator for Schedule {
    type Item = (Duration, Incident);

    fn next(&mut self) -> Option<Self::Item> {
        let early = self.at < Duration::from_secs(10);
        self.at += Duration::from_secs_f64(if early { 3.0 } else { 8.0 + 16.0 * self.rng.f64() });
        if self.bag.is_empty() {
            self.bag = ALL.to_vec();
            self.rng.shuffle(&mut self.bag);
        }
        Some((self.at, self.bag.pop()?))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn everything_happens_and_the_same_seed_repeats_it() {
        let all: Vec<_> = Schedule::new(3).take(18).collect();
        assert_eq!(all, Schedule::new(3).take(18).collect::<Vec<_>>());
        assert_eq!(all.iter().map(|(_, what)| what).collect::<HashSet<_>>().len(), ALL.len());
        assert!(all.windows(2).all(|w| w[0].0 < w[1].0));
        assert_eq!(all[0].1, Incident::FriendRequest);
    }
}
