//! How often: token buckets over all, per person and per group; one notice a minute; and a guard against
//! two bots that answer each other for ever (threats.md B01–B03).
//!
//! Everything is bounded: a flood of invented numbers can make the engine forget buckets, which gives their
//! owners a fresh burst, but not eat memory; the global bucket still holds.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::config::{self, Rate};
use crate::domain::{ConversationId, GroupId, Mono, Peer, Reason, UserId};

/// Numbers remembered of each kind.
const REMEMBERED: usize = 10_000;
/// Between two notices in one chat.
const NOTICE_EVERY: Duration = Duration::from_secs(60);
/// A person needs longer than this to read a reply and type the next question, if not always then at
/// least once in `limits.loop_guard` times; a bot does not.
const PAUSE: Duration = Duration::from_secs(10);
/// Without a reply for so long, a peer that was taken for a bot is given another chance.
const CALM: Duration = Duration::from_secs(60);

/// A token bucket in eight bytes: the moment at which it would be full again (the generic cell rate
/// algorithm). A fresh one is full, and a change of the rate needs no conversion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bucket {
    full_at: Mono,
}

impl Bucket {
    /// Takes one token, or says when there will be one.
    pub fn take(&mut self, rate: &Rate, now: Mono) -> Result<(), Mono> {
        self.ready(rate, now)?;
        if let Some(step) = step(rate) {
            self.full_at = self.full_at.max(now) + step;
        }
        Ok(())
    }

    /// The same without taking it.
    pub fn ready(&self, rate: &Rate, now: Mono) -> Result<(), Mono> {
        let Some(step) = step(rate) else { return Ok(()) };
        let slack = step.saturating_mul(rate.burst.max(1) - 1);
        let owed = self.full_at.since(now);
        if owed <= slack { Ok(()) } else { Err(now + (owed - slack)) }
    }
}

/// The time in which one token grows, in whole microseconds as [`Mono`] counts, never too short;
/// `None`: no limit.
fn step(rate: &Rate) -> Option<Duration> {
    let micros = u64::try_from(rate.per.as_micros()).unwrap_or(u64::MAX);
    (rate.count > 0 && micros > 0).then(|| Duration::from_micros(micros.div_ceil(rate.count.into())))
}

/// All buckets, the notices given, and the runs of replies.
#[derive(Debug, Clone, Default)]
pub struct Limits {
    global: Bucket,
    users: BTreeMap<UserId, Bucket>,
    groups: BTreeMap<GroupId, Bucket>,
    notices: BTreeMap<ConversationId, Mono>,
    runs: BTreeMap<(ConversationId, UserId), Run>,
}

/// Replies to one peer without a pause.
#[derive(Debug, Clone, Copy)]
struct Run {
    replies: u32,
    last: Mono,
}

impl Limits {
    /// Takes one from every bucket that counts here, or from none. A refusal names the bucket that lasts
    /// longest and the moment at which all of them would let one through.
    ///
    /// A group is one bucket also where two of our accounts are in it; a person is one everywhere.
    pub fn check(
        &mut self,
        config: &config::Limits,
        conversation: ConversationId,
        speaker: UserId,
        now: Mono,
    ) -> Result<(), (Reason, Mono)> {
        let mut global = self.global;
        let mut user = self.users.get(&speaker).copied().unwrap_or_default();
        let mut group = match conversation.peer {
            Peer::Group(id) => Some((id, self.groups.get(&id).copied().unwrap_or_default())),
            Peer::Private(_) => None,
        };
        let refusals = [
            user.take(&config.per_user, now).err().map(|when| (when, Reason::UserRate)),
            group
                .as_mut()
                .and_then(|(_, g)| g.take(&config.per_group, now).err())
                .map(|when| (when, Reason::GroupRate)),
            global.take(&config.global, now).err().map(|when| (when, Reason::GlobalRate)),
        ];
        // The first of equals: a person who is over both hears of his own rate.
        if let Some((when, reason)) = refusals.into_iter().flatten().reduce(|a, b| if b.0 > a.0 { b } else { a }) {
            return Err((reason, when));
        }
        self.global = global;
        keep(&mut self.users, speaker, user, |bucket| bucket.full_at);
        if let Some((id, bucket)) = group {
            keep(&mut self.groups, id, bucket, |bucket| bucket.full_at);
        }
        Ok(())
    }

    /// Whether this chat may be told now that it asks too often; saying yes counts as telling it.
    pub fn notice_due(&mut self, conversation: ConversationId, now: Mono) -> bool {
        let due = self.notices.get(&conversation).is_none_or(|last| now.since(*last) >= NOTICE_EVERY);
        if due {
            keep(&mut self.notices, conversation, now, |last| *last);
        }
        due
    }

    /// Whether the speaker of this message is taken for a bot: `guard` replies in a row (0: never) were each
    /// followed within ten seconds by his next message. Over after a minute without a reply, however much he
    /// says meanwhile, so that a hasty person is not shut out by his own impatience.
    ///
    /// Runs are counted by chat and speaker, and what others say does not end them: three bots in one group
    /// would else take turns for ever.
    pub fn looping(&mut self, guard: u32, conversation: ConversationId, speaker: UserId, now: Mono) -> bool {
        let Some(run) = self.runs.get_mut(&(conversation, speaker)) else { return false };
        let gap = now.since(run.last);
        let tripped = guard > 0 && run.replies >= guard;
        if gap >= CALM || (!tripped && gap > PAUSE) {
            run.replies = 0;
            return false;
        }
        tripped
    }

    /// A reply to this speaker has been handed over.
    pub fn replied(&mut self, conversation: ConversationId, speaker: UserId, now: Mono) {
        let key = (conversation, speaker);
        let replies = self.runs.get(&key).map_or(0, |run| run.replies).saturating_add(1);
        keep(&mut self.runs, key, Run { replies, last: now }, |run| run.last);
    }
}

/// Remembers one more. When there are too many, the quarter that is nearest to being forgotten anyway goes:
/// sorting ten thousand once in 2 500 new numbers is cheaper than a list kept in order.
fn keep<K: Ord + Copy, V>(map: &mut BTreeMap<K, V>, key: K, value: V, worth: impl Fn(&V) -> Mono) {
    map.insert(key, value);
    if map.len() > REMEMBERED {
        let mut order: Vec<(Mono, K)> = map.iter().map(|(k, v)| (worth(v), *k)).collect();
        order.sort_unstable();
        for (_, old) in order.iter().filter(|(_, k)| *k != key).take(REMEMBERED / 4) {
            map.remove(old);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::SelfId;
    use proptest::prelude::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn at(seconds: u64) -> Mono {
        Mono::default() + SECOND * u32::try_from(seconds).unwrap()
    }

    fn group(id: i64) -> ConversationId {
        ConversationId { account: SelfId(1), peer: Peer::Group(GroupId(id)) }
    }

    fn private(id: i64) -> ConversationId {
        ConversationId { account: SelfId(1), peer: Peer::Private(UserId(id)) }
    }

    fn config() -> config::Limits {
        config::Limits {
            global: Rate::new(0, SECOND),
            per_user: Rate::new(6, SECOND * 60).burst(3),
            per_group: Rate::new(4, SECOND * 60),
            ..config::Limits::default()
        }
    }

    #[test]
    fn a_bucket_gives_its_burst_and_then_its_rate() {
        let rate = Rate::new(6, SECOND * 60).burst(3);
        let mut bucket = Bucket::default();
        for _ in 0..3 {
            assert_eq!(bucket.take(&rate, at(100)), Ok(()));
        }
        assert_eq!(bucket.take(&rate, at(100)), Err(at(110)));
        assert_eq!(bucket.take(&rate, at(109)), Err(at(110)));
        assert_eq!(bucket.take(&rate, at(110)), Ok(()));
        assert_eq!(bucket.take(&rate, at(111)), Err(at(120)));
        assert_eq!(bucket.take(&Rate::new(0, SECOND), at(111)), Ok(()), "0 means no limit");
    }

    #[test]
    fn refusals_take_from_no_bucket() {
        let (config, mut limits) = (config(), Limits::default());
        for n in 0..3 {
            assert_eq!(limits.check(&config, group(1), UserId(n), at(1)), Ok(()));
        }
        for _ in 0..2 {
            assert_eq!(limits.check(&config, private(9), UserId(9), at(1)), Ok(()));
        }
        assert_eq!(limits.check(&config, group(1), UserId(9), at(1)), Ok(()), "9 and the group are now both empty");
        assert_eq!(limits.check(&config, group(1), UserId(8), at(1)), Err((Reason::GroupRate, at(16))));
        assert_eq!(limits.check(&config, private(9), UserId(9), at(1)), Err((Reason::UserRate, at(11))));
        // 8 was refused by the group alone: three of its own are still there.
        for _ in 0..3 {
            assert_eq!(limits.check(&config, private(8), UserId(8), at(1)), Ok(()));
        }
    }

    #[test]
    fn one_notice_a_minute_and_chat() {
        let mut limits = Limits::default();
        let due = [(1, 5), (1, 64), (2, 64), (1, 65), (1, 66)].map(|(chat, t)| limits.notice_due(group(chat), at(t)));
        assert_eq!(due, [true, false, true, true, false]);
    }

    #[test]
    fn a_bot_that_answers_at_once_is_found() {
        let mut limits = Limits::default();
        for n in 0..3 {
            assert!(!limits.looping(3, group(1), UserId(5), at(10 + n * 4)));
            limits.replied(group(1), UserId(5), at(11 + n * 4));
            // Another bot in between does not help it.
            assert!(!limits.looping(3, group(1), UserId(6), at(12 + n * 4)));
            limits.replied(group(1), UserId(7), at(12 + n * 4));
        }
        assert!(limits.looping(3, group(1), UserId(5), at(20)));
        assert!(limits.looping(3, group(1), UserId(5), at(45)), "also when it goes on talking");
        assert!(!limits.looping(0, group(1), UserId(5), at(20)), "0 means off");
        assert!(!limits.looping(3, private(5), UserId(5), at(21)), "elsewhere it is nobody");
        assert!(!limits.looping(3, group(1), UserId(5), at(80)), "a minute without a reply");
    }

    #[test]
    fn a_person_who_pauses_once_in_a_while_is_no_bot() {
        let mut limits = Limits::default();
        let mut t = 0;
        for n in 0..50 {
            t += if n % 4 == 3 { 12 } else { 5 };
            assert!(!limits.looping(8, private(5), UserId(5), at(t)), "question {n}");
            limits.replied(private(5), UserId(5), at(t));
        }
    }

    #[test]
    fn invented_numbers_do_not_eat_memory() {
        let (config, mut limits) = (config::Limits { global: Rate::new(0, SECOND), ..config() }, Limits::default());
        for n in 0..30_000 {
            let chat = private(n);
            assert_eq!(limits.check(&config, chat, UserId(n), Mono(u64::try_from(n).unwrap())), Ok(()));
            limits.notice_due(chat, Mono(5));
            limits.replied(chat, UserId(n), Mono(5));
        }
        assert!(
            limits.users.len() <= REMEMBERED && limits.notices.len() <= REMEMBERED && limits.runs.len() <= REMEMBERED
        );
        assert!(limits.users.contains_key(&UserId(29_999)));
    }

    proptest! {
        #[test]
        fn never_more_than_the_burst_and_the_rate(
            gaps in prop::collection::vec(0u64..30_000_000, 1..200), count in 1u32..20, burst in 1u32..10,
        ) {
            let rate = Rate::new(count, SECOND * 60).burst(burst);
            let mut bucket = Bucket::default();
            let (mut now, mut taken) = (Mono(0), 0u64);
            for gap in gaps {
                now = Mono(now.0 + gap);
                match bucket.take(&rate, now) {
                    Ok(()) => taken += 1,
                    Err(when) => {
                        prop_assert!(when > now);
                        prop_assert_eq!(bucket.ready(&rate, when), Ok(()), "the promise holds");
                        prop_assert!(bucket.ready(&rate, Mono(when.0 - 1)).is_err());
                    }
                }
                let step = 60_000_000 / u64::from(count);
                prop_assert!(taken <= u64::from(burst) + now.0 / step + 1);
            }
        }
    }
}
