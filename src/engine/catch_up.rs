//! What was said while no link served an account, or while one was dead and nobody had noticed: it is read from the
//! adapter's histories once there is a link again. Chats that could not be read stay owed.

use std::cmp::Reverse;
use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use super::accounts::Errand;
use super::hear::Heard;
use super::state::State;
use super::timers::Timer;
use crate::domain::*;

/// Histories that are read at the same time; more would be a storm of calls.
const AT_ONCE: usize = 50;
/// Chats that are read after a reconnect, most recent first.
const MOST: usize = 500;
/// Messages of each that are asked for; more and more where even the oldest of them was said after the link had
/// gone, since a busy group says many times the first page in a few minutes.
const COUNTS: [u32; 3] = [20, 100, 500];
/// After a restart nobody knows when the adapter was last heard: chats heard within this are read.
pub(super) const CATCH_UP_HORIZON: Duration = Duration::from_secs(24 * 3600);
/// How long a new link is given to tell by itself what it has, before its history is read.
const SETTLE: Duration = Duration::from_millis(500);

/// Histories of one account that are still to be read.
#[derive(Debug, Default)]
pub(super) struct Debt {
    /// Since when any chat may have missed something; which chats that are is not known before the link has settled.
    since: Option<Wall>,
    /// Chats to read and from when on, in this order.
    chats: VecDeque<(ConversationId, Wall)>,
    /// Those whose call was lost: the next link owes them.
    lost: Vec<(ConversationId, Wall)>,
    /// Calls under way.
    reading: usize,
}

impl State {
    /// What was said from then on may have been missed: it is read once the link has settled. A link that was too
    /// short to be read leaves what it owes to the next one.
    pub fn owe_histories(&mut self, id: SelfId, since: Option<Wall>) {
        // An account whose chats are all new has missed nothing that could be read.
        let is_known = self.chats.keys().chain(self.cold.keys()).any(|chat| chat.account == id);
        let debt = &mut self.account(id).debt;
        debt.since = [debt.since, since].into_iter().flatten().min().filter(|_| is_known);
        if is_known {
            self.timers.set(self.now.mono + SETTLE, Timer::CatchUp(id));
        }
    }

    /// Reads the histories of the chats that were alive, to answer what was missed: first those that are owed for
    /// longest, then those that spoke last.
    pub fn catch_up(&mut self, id: SelfId) {
        let linked = self.accounts.get_mut(&id).filter(|account| !account.links.is_empty());
        let Some(since) = linked.and_then(|account| account.debt.since.take()) else { return };
        if self.config.onebot.catch_up.is_zero() {
            return;
        }
        let hot = self.chats.values().map(|c| (c.last_heard, c.id));
        let known = hot.chain(self.cold.iter().map(|(id, cold)| (cold.spoke, *id)));
        let mut order: Vec<_> = known.filter(|(_, c)| c.account == id).map(|(at, c)| (Reverse(at), c)).collect();
        order.sort_unstable();
        let now = self.now.wall;
        let alive = |at: Option<Wall>| at.is_some_and(|at| now.since(at) < CATCH_UP_HORIZON);
        // Where there are few, the silent ones are read, too.
        let wanted = order.iter().enumerate().filter(|(n, (Reverse(at), _))| *n < AT_ONCE || alive(*at));
        let mut wanted: Vec<_> = wanted.map(|(_, (_, chat))| *chat).collect();
        let unread = wanted.split_off(wanted.len().min(MOST)).len();
        let debt = &mut self.account(id).debt;
        let mut chats: VecDeque<_> = std::mem::take(&mut debt.lost).into();
        chats.append(&mut debt.chats);
        let owed: BTreeSet<_> = chats.iter().map(|(chat, _)| *chat).collect();
        chats.extend(wanted.into_iter().filter(|chat| !owed.contains(chat)).map(|chat| (chat, since)));
        debt.chats = chats;
        self.tell_of_unread(id, u32::try_from(unread).unwrap_or(u32::MAX));
        self.read_on(id);
    }

    /// Reads as many of the histories that are owed as may be read at the same time.
    fn read_on(&mut self, id: SelfId) {
        loop {
            let Some(account) = self.accounts.get_mut(&id).filter(|account| !account.links.is_empty()) else { return };
            if account.debt.reading >= AT_ONCE {
                return;
            }
            let Some((chat, since)) = account.debt.chats.pop_front() else { return };
            account.debt.reading += 1;
            self.read_history(chat, since, COUNTS[0]);
        }
    }

    /// Chats that were alive and are not read stand in attention as one row an account: what was said in them
    /// meanwhile nobody has heard.
    fn tell_of_unread(&mut self, account: SelfId, chats: u32) {
        let same = |item: &Item| matches!(item.kind, ItemKind::Unread { account: of, .. } if of == account);
        let former: Vec<_> = self.items.iter().filter(|(_, item)| same(item)).map(|(id, _)| *id).collect();
        if chats > 0 {
            former.into_iter().for_each(|item| drop(self.drop_item(item)));
            self.raise(ItemKind::Unread { account, chats }, None, None);
        }
    }

    fn read_history(&mut self, conversation: ConversationId, since: Wall, count: u32) {
        let action = Action::History { peer: conversation.peer, count };
        self.call(conversation.account, action, Errand::CatchUp { conversation, since, count });
    }

    /// The end of a call for a history. The next one is read.
    pub fn on_history(&mut self, conversation: ConversationId, since: Wall, count: u32, outcome: CallOutcome) {
        let messages = match outcome {
            CallOutcome::Done(CallReply::Messages(messages)) => messages,
            // The link went again, or the adapter had other things to do: the next link owes it.
            CallOutcome::NotSent | CallOutcome::Lost | CallOutcome::TimedOut => {
                self.account(conversation.account).debt.lost.push((conversation, since));
                Vec::new()
            }
            // This adapter has no histories, or not of this chat.
            _ => Vec::new(),
        };
        let is_missed = |message: &Message| Wall(message.time.saturating_mul(1000)) >= since;
        // Adapters leave out what they cannot show, hence a page counts as full from its half on.
        let is_full = messages.len() * 2 >= count as usize;
        let more = COUNTS.into_iter().find(|more| *more > count);
        if let Some(more) = more.filter(|_| is_full && messages.iter().all(is_missed)) {
            // Nothing of it is heard before what was said earlier.
            return self.read_history(conversation, since, more);
        }
        let debt = &mut self.account(conversation.account).debt;
        debt.reading = debt.reading.saturating_sub(1);
        self.hear_history(messages.into_iter().filter(is_missed));
        self.read_on(conversation.account);
    }

    /// What was said while we were away. A chat that is not in memory is brought there first: what it has on
    /// record was heard before, and must not be obeyed, counted against a rate or asked about again.
    fn hear_history(&mut self, messages: impl Iterator<Item = Message>) {
        for message in messages {
            let chat = self.chat(message.conversation);
            if chat.loading {
                chat.missed.push(message);
            } else {
                self.hear_as(message, Heard::CatchingUp);
            }
        }
    }

    /// The lines of a chat are there: what it missed can be told from what it knows.
    pub fn hear_missed(&mut self, id: ConversationId) {
        let missed = self.chats.get_mut(&id).map(|c| std::mem::take(&mut c.missed)).unwrap_or_default();
        for message in missed {
            self.hear_as(message, Heard::CatchingUp);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::config::Config;
    use crate::flow::Effect;

    const BOT: SelfId = SelfId(100);

    fn private(user: i64) -> ConversationId {
        ConversationId { account: BOT, peer: Peer::Private(UserId(user)) }
    }

    fn group(group: i64) -> ConversationId {
        ConversationId { account: BOT, peer: Peer::Group(GroupId(group)) }
    }

    /// A state that has found these chats in its store, in which something was said so many minutes ago.
    fn found(chats: impl Iterator<Item = (ConversationId, Option<u64>)>, now: Now) -> State {
        let mut state = State::new(Arc::new(Config::default()), 1, now);
        let mut recovered = Recovered { same_boot: true, ..Recovered::default() };
        for (id, minutes) in chats {
            recovered.chats.push((id, ChatState::default()));
            let spoke = minutes.map(|minutes| (id, now.wall - Duration::from_secs(60 * minutes)));
            recovered.spoke.extend(spoke);
        }
        state.recover(recovered);
        state
    }

    /// The histories of these chats come, or do not: which are asked for then.
    fn read_on(state: &mut State, chats: &[ConversationId], outcome: &CallOutcome) -> Vec<ConversationId> {
        state.effects.clear();
        for chat in chats {
            state.on_history(*chat, state.now.wall, COUNTS[0], outcome.clone());
        }
        asked(state)
    }

    /// The chats whose history is asked for once a link is up.
    fn read(state: &mut State) -> Vec<ConversationId> {
        state.on_up(BOT, LinkId(1), Text::default(), AppKind::Napcat, Text::default(), String::new());
        state.now.mono = state.now.mono + SETTLE;
        state.ring();
        asked(state)
    }

    fn asked(state: &State) -> Vec<ConversationId> {
        let peers = state.effects.iter().filter_map(|effect| match effect {
            Effect::Call(Call { account, action: Action::History { peer, .. }, .. }) => {
                Some(ConversationId { account: *account, peer: *peer })
            }
            _ => None,
        });
        peers.collect()
    }

    #[test]
    fn after_a_restart_the_chats_that_spoke_last_are_read_first() {
        let now = Now { mono: Mono(0), wall: Wall(1_795_219_200_000), offset: 0 };
        // Sixty people an hour ago, a hundred who were silent for days, and two groups a moment ago.
        let people = (1..=60).map(|user| (private(user), Some(60 + user as u64)));
        let silent = (1001..=1100).map(|user| (private(user), None));
        let groups = [(group(8), Some(2)), (group(9), Some(1))];
        let mut state = found(people.chain(silent).chain(groups), now);
        let first = read(&mut state);
        assert_eq!(first.len(), AT_ONCE);
        assert_eq!(first[..3], [group(9), group(8), private(1)]);
        assert!(state.items.is_empty());
        // Each that is read makes room for another, until all that were alive are read.
        let rest = read_on(&mut state, &first, &CallOutcome::Done(CallReply::Messages(Vec::new())));
        assert_eq!(rest.len(), 12);
        assert!(first.iter().chain(&rest).all(|chat| chat.peer.number() <= 60), "{rest:?}");
        assert_eq!(read_on(&mut state, &rest, &CallOutcome::Done(CallReply::Messages(Vec::new()))), []);
    }

    #[test]
    fn few_chats_are_all_read_and_nothing_is_told() {
        let now = Now { mono: Mono(0), wall: Wall(1_795_219_200_000), offset: 0 };
        let mut state = found((1..=50).map(|user| (private(user), (user % 2 == 0).then_some(5))), now);
        assert_eq!(read(&mut state).len(), 50);
        assert!(state.items.is_empty());
    }

    #[test]
    fn what_a_link_did_not_live_to_read_the_next_one_reads_first() {
        let now = Now { mono: Mono(0), wall: Wall(1_795_219_200_000), offset: 0 };
        let mut state = found((1..=75).map(|user| (private(user), Some(user as u64))), now);
        let first = read(&mut state);
        assert_eq!(first.len(), AT_ONCE);
        // It is gone with half of the pages read.
        let rest = read_on(&mut state, &first[..25], &CallOutcome::Done(CallReply::Messages(Vec::new())));
        assert_eq!(rest, (51..=75).map(private).collect::<Vec<_>>());
        state.on_down(BOT, LinkId(1), Text::default(), false);
        let lost: Vec<_> = first[25..].iter().chain(&rest).copied().collect();
        assert_eq!(read_on(&mut state, &lost, &CallOutcome::Lost), [], "nobody is there");
        state.effects.clear();
        let again = read(&mut state);
        assert_eq!(again, lost, "before those that spoke last");
    }

    #[test]
    fn more_than_can_be_read_are_told() {
        let now = Now { mono: Mono(0), wall: Wall(1_795_219_200_000), offset: 0 };
        let mut state = found((1..=MOST as i64 + 3).map(|user| (private(user), Some(5))), now);
        assert_eq!(read(&mut state).len(), AT_ONCE);
        let kinds: Vec<_> = state.items.values().map(|item| item.kind.clone()).collect();
        assert_eq!(kinds, [ItemKind::Unread { account: BOT, chats: 3 }]);
    }
}
