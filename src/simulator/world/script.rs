//! Who says what when: an endless, seeded stream of lines, bursty like people.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use super::lines::{CHATTER, FOLLOW_UPS, LONG_QUESTIONS, questions};
use super::{Roster, Topic, World};
use crate::domain::{GroupId, Peer, UserId};

/// A part of a line; becomes a segment at the adapter, which knows ids.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Piece {
    /// Words.
    Text(String),
    /// A mention of our account.
    AtBot,
    /// A mention of everybody.
    AtAll,
    /// A quote of the newest message of our account in that chat; left out where there is none.
    QuoteBot,
    /// A quote of the newest message of anybody.
    QuoteLast,
    /// A picture.
    Picture(u32),
    /// A yellow face.
    Face(u32),
}

/// Something somebody says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    /// When, since the script's beginning.
    pub at: Duration,
    /// To which account (the roster's place in the world).
    pub account: usize,
    /// Where.
    pub peer: Peer,
    /// Who.
    pub speaker: i64,
    /// What.
    pub pieces: Vec<Piece>,
    /// How long they typed before; private chats show it.
    pub typing: Duration,
}

/// An endless iterator of [`Line`]s in order of time.
///
/// Bursts begin by chance (a Poisson process); each is one chat for one to six lines some seconds apart, so that a
/// chat is lively for a while and silent for long. The mean over time is the rate that was asked for.
#[derive(Debug)]
pub struct Script<'w> {
    world: &'w World,
    rng: fastrand::Rng,
    /// Seconds between the beginnings of bursts, on average.
    gap: f64,
    next_burst: f64,
    planned: BinaryHeap<Reverse<Line>>,
}

const MEAN_BURST: f64 = 3.0;

impl<'w> Script<'w> {
    /// `rate`: lines a second on average over all accounts; at least one an hour.
    pub fn new(world: &'w World, seed: u64, rate: f64) -> Self {
        let gap = MEAN_BURST / rate.max(1.0 / 3600.0);
        Self {
            world,
            rng: fastrand::Rng::with_seed(seed ^ 0x5c21_7e57),
            gap,
            next_burst: 0.0,
            planned: BinaryHeap::new(),
        }
    }

    fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.rng.f64()).ln()
    }

    fn burst(&mut self) {
        let mut at = self.next_burst;
        let gap = self.exponential(self.gap);
        self.next_burst += gap;
        if self.world.rosters.is_empty() {
            return;
        }
        let account = self.rng.usize(..self.world.rosters.len());
        let roster = &self.world.rosters[account];
        let places = roster.friends.len() + 2 * roster.groups.len();
        if places == 0 {
            return;
        }
        // Some chats are livelier than others: the square of a uniform draw prefers the first ones.
        let draw = self.rng.f64();
        let place = ((draw * draw * places as f64) as usize).min(places - 1);
        let count = 1 + self.rng.usize(..5);
        for n in 0..count {
            let line = if place < 2 * roster.groups.len() {
                self.in_group(roster, place / 2, at, account, n)
            } else {
                self.in_private(roster, place - 2 * roster.groups.len(), at, account, n)
            };
            self.planned.push(Reverse(line));
            at += 0.8 + self.exponential(4.0);
        }
    }

    fn in_group(&mut self, roster: &Roster, place: usize, at: f64, account: usize, n: usize) -> Line {
        let group = &roster.groups[place];
        let speaker = group.members[self.rng.usize(..group.members.len())].person.id;
        let draw = self.rng.f64();
        let pieces = if draw < 0.35 {
            vec![Piece::AtBot, Piece::Text(format!(" {}", self.question(group.topic)))]
        } else if draw < 0.45 && n > 0 {
            vec![Piece::QuoteBot, Piece::AtBot, Piece::Text(format!(" {}", self.pick(FOLLOW_UPS)))]
        } else if draw < 0.53 {
            vec![Piece::QuoteLast, Piece::Text(self.pick(CHATTER).to_owned())]
        } else if draw < 0.60 {
            vec![Piece::Picture(self.rng.u32(..)), Piece::Text(self.pick(CHATTER).to_owned())]
        } else if draw < 0.64 {
            vec![Piece::Face(self.rng.u32(..200))]
        } else {
            vec![Piece::Text(self.pick(CHATTER).to_owned())]
        };
        self.line(at, account, Peer::Group(GroupId(group.id)), speaker, pieces)
    }

    fn in_private(&mut self, roster: &Roster, place: usize, at: f64, account: usize, n: usize) -> Line {
        let friend = &roster.friends[place];
        let topic = [Topic::Shop, Topic::Life, Topic::Study, Topic::Weather, Topic::Servers][place % 5];
        let draw = self.rng.f64();
        let mut pieces = if n > 0 && draw < 0.6 {
            vec![Piece::Text(self.pick(FOLLOW_UPS).to_owned())]
        } else {
            vec![Piece::Text(self.question(topic))]
        };
        if self.rng.f64() < 0.1 {
            pieces.insert(0, Piece::Picture(self.rng.u32(..)));
        }
        if self.rng.f64() < 0.1 {
            pieces.push(Piece::Face(self.rng.u32(..200)));
        }
        self.line(at, account, Peer::Private(UserId(friend.id)), friend.id, pieces)
    }

    fn line(&mut self, at: f64, account: usize, peer: Peer, speaker: i64, pieces: Vec<Piece>) -> Line {
        let typing = Duration::from_secs_f64(0.5 + self.exponential(1.5).min(8.0));
        Line { at: Duration::from_secs_f64(at), account, peer, speaker, pieces, typing }
    }

    fn pick(&mut self, from: &'static [&'static str]) -> &'static str {
        from[self.rng.usize(..from.len())]
    }

    fn question(&mut self, topic: Topic) -> String {
        let from = if self.rng.f64() < 0.04 { LONG_QUESTIONS } else { questions(topic) };
        self.pick(from).to_owned()
    }
}

impl Iterator for Script<'_> {
    type Item = Line;

    fn next(&mut self) -> Option<Line> {
        if self.world.rosters.iter().all(|r| r.friends.is_empty() && r.groups.is_empty()) {
            return None;
        }
        loop {
            // Later bursts cannot begin before `next_burst`, so an earlier line is the earliest of all.
            let settled = self.planned.peek().is_some_and(|Reverse(line)| line.at.as_secs_f64() < self.next_burst);
            if settled {
                return self.planned.pop().map(|Reverse(line)| line);
            }
            self.burst();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::WorldSize;

    fn world() -> World {
        World::new(3, WorldSize { accounts: 2, friends: 6, groups: 6, members: 12 })
    }

    #[test]
    fn the_same_seed_says_the_same_in_order_of_time() {
        let world = world();
        let said: Vec<Line> = Script::new(&world, 11, 2.0).take(500).collect();
        assert_eq!(said, Script::new(&world, 11, 2.0).take(500).collect::<Vec<_>>());
        assert_ne!(said, Script::new(&world, 12, 2.0).take(500).collect::<Vec<_>>());
        assert!(said.windows(2).all(|w| w[0].at <= w[1].at));
    }

    #[test]
    fn the_mean_is_the_rate() {
        let world = world();
        let last = Script::new(&world, 5, 4.0).nth(8000).map(|line| line.at.as_secs_f64());
        let rate = 8000.0 / last.unwrap();
        assert!((3.4..4.6).contains(&rate), "{rate}");
    }

    #[test]
    fn a_world_without_people_is_silent() {
        let world = World { rosters: vec![Roster::lonely(1, "x")] };
        assert_eq!(Script::new(&world, 1, 1.0).next(), None);
    }
}
