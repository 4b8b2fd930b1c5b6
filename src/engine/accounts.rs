//! Our accounts and the links that serve them: coming, going, catching up, being muted, being asked.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::hear::Heard;
use super::limits::Bucket;
use super::state::State;
use super::timers::Timer;
use crate::domain::*;
use crate::flow::Effect;

/// Chats whose history is read after a reconnect, most recent first; more would be a storm of calls.
const CATCH_UP_CHATS: usize = 50;
/// Messages of each that are asked for; more and more where even the oldest of them was said after the link had
/// gone, since a busy group says many times the first page in a few minutes.
const CATCH_UP_COUNTS: [u32; 3] = [20, 100, 500];
/// After a restart nobody knows when the adapter was last heard: chats heard within this are read.
const CATCH_UP_HORIZON: Duration = Duration::from_secs(24 * 3600);
/// Heartbeats within which our pings miss a link that died without a word: two without an answer, and the one begun.
const PINGS_TO_MISS: u32 = 3;
/// The end of a mute that has none.
const FOR_GOOD: Wall = Wall(i64::MAX);
/// How long a new link is given to tell by itself what it has, before its history is read.
const SETTLE: Duration = Duration::from_millis(500);

/// One of our accounts.
pub(super) struct Account {
    pub nickname: Text,
    /// Its links, oldest first. The newest sends; the adapter room knows which that is.
    pub links: Vec<LinkId>,
    pub online: Option<bool>,
    pub reason: Text,
    pub app: AppKind,
    pub version: Text,
    pub peer: String,
    pub since: Wall,
    /// When its last link went away.
    pub down_since: Option<Wall>,
    /// Since when its histories have not been read.
    pub missed_since: Option<Wall>,
    /// It has had a link since we started.
    pub met: bool,
    pub pace: Bucket,
    /// The groups it is in, by number.
    pub groups: Arc<Vec<(GroupId, Text)>>,
    /// Groups in which it may not speak, and until when.
    pub muted: BTreeMap<GroupId, Wall>,
    /// When its adapter last told something that mattered.
    pub last_event: Wall,
    /// Its adapter is being restarted.
    pub restarting: bool,
}

impl Account {
    pub fn new(now: Wall) -> Self {
        Self {
            nickname: Text::default(),
            links: Vec::new(),
            online: None,
            reason: Text::default(),
            app: AppKind::Other,
            version: Text::default(),
            peer: String::new(),
            since: now,
            down_since: None,
            missed_since: None,
            met: false,
            pace: Bucket::default(),
            groups: Arc::default(),
            muted: BTreeMap::new(),
            last_event: now,
            restarting: false,
        }
    }

    /// A link is up and QQ has not said that the account is offline.
    pub fn can_send(&self) -> bool {
        !self.links.is_empty() && self.online != Some(false)
    }
}

/// What a call was made for.
#[derive(Debug, Clone)]
pub(super) enum Errand {
    /// Delivering a part.
    Deliver(PartId),
    /// Looking whether a part arrived.
    LookUp(PartId),
    /// Reading what was said while we were away.
    CatchUp { conversation: ConversationId, since: Wall, count: u32 },
    /// Learning the names of groups.
    Groups(SelfId),
    /// Answering a request, for whoever asked.
    Answer { item: ItemId, session: SessionId, tag: u64 },
    /// Taking a message of this line of ours back.
    Recall(Seq),
    /// Telling an admin of an alert.
    Notify(NotificationId),
}

impl State {
    /// Makes a call.
    pub fn call(&mut self, account: SelfId, action: Action, errand: Errand) {
        let id = self.numbers.call();
        self.calls.insert(id, errand);
        self.effects.push(Effect::Call(Call { id, account, action }));
    }

    /// The end of a call.
    pub fn on_called(&mut self, call: CallId, outcome: CallOutcome) {
        let Some(errand) = self.calls.remove(&call) else { return };
        match errand {
            Errand::Deliver(part) => self.on_sent(part, outcome),
            Errand::LookUp(part) => self.on_looked_up(part, outcome),
            Errand::CatchUp { conversation, since, count } => self.on_history(conversation, since, count, outcome),
            Errand::Groups(account) => self.on_groups(account, outcome),
            Errand::Answer { item, session, tag } => {
                let result = answered(&outcome);
                if result.is_ok() {
                    self.drop_item(item);
                }
                self.answer_late(session, tag, result);
            }
            Errand::Recall(line) => self.on_taken_back(line, answered(&outcome)),
            Errand::Notify(note) => self.on_admin_told(note, outcome),
        }
    }

    /// News from an adapter, messages excepted.
    pub fn on_adapter(&mut self, event: AdapterEvent) {
        self.changed = true;
        if let Some(account) = event.account().and_then(|id| self.accounts.get_mut(&id)) {
            account.last_event = self.now.wall;
        }
        if !matches!(event, AdapterEvent::Message(_)) {
            self.stir_accounts();
        }
        match &event {
            AdapterEvent::Up { peer, .. } => self.alerts.note_up(peer),
            AdapterEvent::Refused { peer, cause } => self.alerts.note_refused(peer, cause),
            _ => {}
        }
        match event {
            AdapterEvent::Up { account, link, nickname, app, version, peer } => {
                self.on_up(account, link, nickname, app, version, peer);
            }
            AdapterEvent::Down { account, link, reason, others_left } => {
                self.on_down(account, link, reason, others_left);
            }
            AdapterEvent::Online { account, online, reason } => self.on_online(account, online, reason),
            AdapterEvent::Message(message) => self.hear(*message),
            AdapterEvent::Notice(notice) => self.on_notice(notice),
            AdapterEvent::Request(request) => self.on_request(request),
            AdapterEvent::Garbage { frames, .. } => self.counters.garbage += u64::from(frames),
            AdapterEvent::Refused { peer, cause } => {
                self.refused.count += 1;
                self.refused.last = Some(RefusedLink { at: self.now.wall, peer, cause });
            }
        }
    }

    fn account(&mut self, id: SelfId) -> &mut Account {
        let wall = self.now.wall;
        let (chats, cold) = (&self.chats, &self.cold);
        self.accounts.entry(id).or_insert_with(|| {
            // What was heard of mutes before a restart holds; an account is met once.
            let states = chats.values().map(|c| (c.id, &c.state)).chain(cold.iter().map(|(id, c)| (*id, &c.state)));
            let muted = states.filter(|(chat, _)| chat.account == id).filter_map(|(chat, state)| match chat.peer {
                Peer::Group(group) => Some((group, state.bot_muted?)),
                Peer::Private(_) => None,
            });
            Account { muted: muted.collect(), ..Account::new(wall) }
        })
    }

    fn on_up(&mut self, id: SelfId, link: LinkId, nickname: Text, app: AppKind, version: Text, peer: String) {
        let wall = self.now.wall;
        let account = self.account(id);
        let was_up = !account.links.is_empty();
        let is_new = !account.links.contains(&link);
        if is_new {
            account.links.push(link);
        }
        if !nickname.is_empty() {
            account.nickname = nickname;
        }
        (account.app, account.version, account.peer) = (app, version, peer);
        if is_new {
            self.forget_bans(id);
        }
        if was_up {
            if is_new {
                // It may take the place of one that is dead and not yet missed by our pings: what was said into that
                // one reached nobody.
                self.owe_histories(id, Some(wall - self.config.onebot.heartbeat * PINGS_TO_MISS));
            }
            return self.pump_account(id);
        }
        let account = self.account(id);
        // Why the former link ended. What this one said of QQ may have come before it was up, and holds.
        if account.online != Some(false) {
            account.reason = Text::default();
        }
        account.since = wall;
        let met = std::mem::replace(&mut account.met, true);
        self.note_served(id);
        let account = self.account(id);
        let down = account.down_since.take().map(|down| down - Duration::from_secs(5));
        let since = down.or((!met).then(|| wall - CATCH_UP_HORIZON));
        self.call(id, Action::GroupList, Errand::Groups(id));
        self.owe_histories(id, since);
        self.pump_account(id);
    }

    /// Bans without an end may have been lifted while nobody told us: a group in which the account may not speak after
    /// all refuses what is sent there.
    fn forget_bans(&mut self, id: SelfId) {
        let banned = |chat: &ConversationId, state: &ChatState| {
            chat.account == id && state.bot_muted.is_some_and(|until| until == FOR_GOOD)
        };
        let hot: Vec<_> = self.chats.values().filter(|c| banned(&c.id, &c.state)).map(|c| c.id).collect();
        for chat in hot {
            self.chat(chat).state.bot_muted = None;
            self.save_chat(chat);
            self.drop_items(chat, &ItemKind::BotMuted);
        }
        let mut lifted = Vec::new();
        for (chat, cold) in self.cold.iter_mut().filter(|(chat, cold)| banned(chat, &cold.state)) {
            cold.state.bot_muted = None;
            self.rows.push(Row::Chat(*chat, Box::new(cold.state.clone())));
            lifted.push(*chat);
        }
        for chat in lifted {
            self.touch(chat);
            self.drop_items(chat, &ItemKind::BotMuted);
        }
        self.account(id).muted.retain(|_, until| *until != FOR_GOOD);
    }

    /// The account may speak in this group again, as an operator knows.
    pub fn unmute(&mut self, conversation: ConversationId) {
        self.chat(conversation).state.bot_muted = None;
        self.drop_items(conversation, &ItemKind::BotMuted);
        if let Peer::Group(group) = conversation.peer {
            self.account(conversation.account).muted.remove(&group);
        }
        self.stir_accounts();
    }

    /// What was said from then on may have been missed: it is read once the link has settled. A link that was too
    /// short to be read leaves what it owes to the next one.
    fn owe_histories(&mut self, id: SelfId, since: Option<Wall>) {
        // An account whose chats are all new has missed nothing that could be read.
        let is_known = self.chats.keys().chain(self.cold.keys()).any(|chat| chat.account == id);
        let account = self.account(id);
        account.missed_since = [account.missed_since, since].into_iter().flatten().min().filter(|_| is_known);
        if is_known {
            self.timers.set(self.now.mono + SETTLE, Timer::CatchUp(id));
        }
    }

    fn on_down(&mut self, id: SelfId, link: LinkId, reason: Text, others_left: bool) {
        let wall = self.now.wall;
        let account = self.account(id);
        account.links.retain(|l| *l != link);
        if !others_left {
            account.links.clear();
            // Its word about QQ ends with it; the next one's heartbeat will tell.
            account.online = None;
            account.down_since = Some(wall);
            account.since = wall;
            account.reason = reason;
        }
    }

    fn on_online(&mut self, id: SelfId, online: Option<bool>, reason: Text) {
        let wall = self.now.wall;
        let account = self.account(id);
        if account.online == online {
            return;
        }
        let was_offline = account.online == Some(false);
        account.online = online;
        account.since = wall;
        if !reason.is_empty() || online == Some(true) {
            account.reason = reason;
        }
        if was_offline && account.can_send() {
            self.pump_account(id);
        }
    }

    /// Delivers what waited for this account, and looks up what is in doubt.
    fn pump_account(&mut self, id: SelfId) {
        let chats: Vec<_> = self
            .chats
            .values()
            .filter(|c| c.id.account == id && (!c.outbox.is_empty() || c.doubtful.is_some()))
            .map(|c| c.id)
            .collect();
        for chat in chats {
            self.look_up(chat);
            self.pump_delivery(chat);
        }
    }

    /// Reads the histories of the chats that were alive, to answer what was missed.
    pub fn catch_up(&mut self, id: SelfId) {
        let linked = |a: &&mut Account| !a.links.is_empty();
        let owed = self.accounts.get_mut(&id).filter(linked).and_then(|a| a.missed_since.take());
        let Some(since) = owed.filter(|_| !self.config.onebot.catch_up.is_zero()) else { return };
        let hot = self.chats.values().map(|c| (c.last_heard, c.id));
        let known = hot.chain(self.cold.iter().map(|(id, cold)| (cold.spoke, *id)));
        let mut order: Vec<_> = known.filter(|(_, c)| c.account == id).map(|(at, c)| (Reverse(at), c)).collect();
        order.sort_unstable();
        let left_out = order.split_off(order.len().min(CATCH_UP_CHATS));
        for (_, conversation) in order {
            self.read_history(conversation, since, CATCH_UP_COUNTS[0]);
        }
        let alive = |at: Wall| self.now.wall.since(at) < CATCH_UP_HORIZON;
        let chats = left_out.iter().filter(|(Reverse(at), _)| at.is_some_and(alive)).count();
        self.tell_of_unread(id, u32::try_from(chats).unwrap_or(u32::MAX));
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

    /// What was said while we were away. A chat that is not in memory is brought there first: what it has on
    /// record was heard before, and must not be obeyed, counted against a rate or asked about again.
    fn on_history(&mut self, conversation: ConversationId, since: Wall, count: u32, outcome: CallOutcome) {
        let messages = match outcome {
            CallOutcome::Done(CallReply::Messages(messages)) => messages,
            // The link went again, or the adapter had other things to do: the next link owes it.
            CallOutcome::NotSent | CallOutcome::Lost | CallOutcome::TimedOut => {
                if let Some(account) = self.accounts.get_mut(&conversation.account) {
                    account.missed_since = Some(account.missed_since.map_or(since, |owed| owed.min(since)));
                }
                return;
            }
            // This adapter has no histories.
            _ => return,
        };
        let is_missed = |message: &Message| Wall(message.time.saturating_mul(1000)) >= since;
        // Adapters leave out what they cannot show, hence a page counts as full from its half on.
        let is_full = messages.len() * 2 >= count as usize;
        let more = CATCH_UP_COUNTS.into_iter().find(|more| *more > count);
        if let Some(more) = more.filter(|_| is_full && messages.iter().all(is_missed)) {
            // Nothing of it is heard before what was said earlier.
            return self.read_history(conversation, since, more);
        }
        for message in messages.into_iter().filter(is_missed) {
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

    fn on_groups(&mut self, account: SelfId, outcome: CallOutcome) {
        let CallOutcome::Done(CallReply::Groups(mut groups)) = outcome else { return };
        groups.sort_unstable_by_key(|(group, _)| *group);
        if let Some(account) = self.accounts.get_mut(&account) {
            account.groups = Arc::new(groups.clone());
            self.changed = true;
        }
        for (group, name) in groups {
            let id = ConversationId { account, peer: Peer::Group(group) };
            if self.chats.contains_key(&id) {
                self.rename(id, name);
            } else if let Some(cold) = self.cold.get_mut(&id) {
                cold.state.name = name;
            }
        }
    }

    /// A new name of a group or person, for people to read.
    pub fn rename(&mut self, id: ConversationId, name: Text) {
        let chat = self.chat(id);
        if chat.state.name != name {
            chat.state.name = name;
            self.save_chat(id);
        }
    }

    fn on_notice(&mut self, notice: Notice) {
        match notice {
            Notice::Recalled { conversation, message, .. } => {
                let Some(line) = self.line_of(conversation, message) else { return };
                self.mark_recalled(conversation, line);
                let question = self.questions.values().find(|q| q.has(line)).map(|q| (q.head, q.said.len(), q.reply));
                match question {
                    // What has left of an answer was made for the whole question.
                    Some((head, 2.., None)) => self.take_out(head, line),
                    Some((head, ..)) => self.cancel_question(head, Outcome::Suppressed),
                    None => {}
                }
                // Adapters tell of our own words as well, and what answers those is said in their place.
                let chat = self.chats.get(&conversation);
                if chat.and_then(|c| c.line(line)).is_some_and(|l| !l.author.is_ours()) {
                    self.hold_back(line);
                }
            }
            Notice::Muted { conversation, duration, .. } => {
                let until = duration.map(|d| if d == Duration::MAX { FOR_GOOD } else { self.now.wall + d });
                self.chat(conversation).state.bot_muted = until;
                self.save_chat(conversation);
                if let Peer::Group(group) = conversation.peer {
                    let muted = &mut self.account(conversation.account).muted;
                    match until {
                        Some(until) => drop(muted.insert(group, until)),
                        None => drop(muted.remove(&group)),
                    }
                }
                self.tell_of_mute(conversation, until);
                match duration.filter(|d| *d < CATCH_UP_HORIZON * 40) {
                    Some(d) => self.timers.set(self.now.mono + d, Timer::Deliver(conversation)),
                    None => self.pump_delivery(conversation),
                }
            }
            Notice::Renamed { conversation, name } => self.rename(conversation, name),
            Notice::Removed { conversation, .. } => {
                self.leave(conversation);
                self.learn_groups(conversation.account);
            }
            Notice::Joined { conversation, .. } => {
                self.drop_items(conversation, &ItemKind::Removed);
                self.learn_groups(conversation.account);
            }
            Notice::Poked { .. } | Notice::Other { .. } => {}
        }
    }

    /// The list of groups is another now.
    fn learn_groups(&mut self, id: SelfId) {
        if !self.calls.values().any(|errand| matches!(errand, Errand::Groups(account) if *account == id)) {
            self.call(id, Action::GroupList, Errand::Groups(id));
        }
    }

    /// The account is in this group no more: nothing can be said there, and somebody should know.
    fn leave(&mut self, id: ConversationId) {
        let questions = self.questions.values().filter(|q| q.conversation == id).map(|q| q.head);
        // The newest first, so that none begins because the one before it ended.
        for head in questions.collect::<Vec<_>>().into_iter().rev() {
            self.cancel_question(head, Outcome::Failed);
        }
        self.drop_outbox(id);
        if !self.items.values().any(|item| item.conversation == Some(id) && item.kind == ItemKind::Removed) {
            self.raise(ItemKind::Removed, Some(id), None);
        }
    }

    /// One row a group, as long as the mute lasts.
    fn tell_of_mute(&mut self, id: ConversationId, until: Option<Wall>) {
        self.drop_items(id, &ItemKind::BotMuted);
        if let Some(until) = until {
            self.raise(ItemKind::BotMuted, Some(id), Some(until).filter(|until| *until != FOR_GOOD));
        }
    }

    fn on_request(&mut self, request: Request) {
        let known = |item: &Arc<Item>| matches!(&item.kind, ItemKind::Request(r) if r.flag == request.flag && r.account == request.account);
        if !self.items.values().any(known) {
            self.raise(ItemKind::Request(request), None, None);
        }
    }

    /// A line was taken back: it is shown so, and no model sees it again.
    pub fn mark_recalled(&mut self, conversation: ConversationId, line: Seq) {
        self.chat(conversation).amend(line, |l| l.recalled = true);
        self.rows.push(Row::Recalled(line));
    }

    /// The group through which a temporary private session runs.
    pub fn temp_group(&self, id: ConversationId) -> Option<GroupId> {
        self.chats.get(&id)?.temp_group
    }
}

fn answered(outcome: &CallOutcome) -> Result<Done, Refusal> {
    match outcome {
        CallOutcome::Done(_) => Ok(Done::Ok),
        CallOutcome::NotSent => Err(Refusal::NoLink),
        CallOutcome::Refused { words, .. } | CallOutcome::Ambiguous { words, .. } => {
            Err(Refusal::Not(words.shown().to_owned()))
        }
        CallOutcome::Lost | CallOutcome::TimedOut => Err(Refusal::Unanswered),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

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

    /// The chats whose history is asked for once a link is up.
    fn read(state: &mut State) -> Vec<ConversationId> {
        state.on_up(BOT, LinkId(1), Text::default(), AppKind::Napcat, Text::default(), String::new());
        state.now.mono = state.now.mono + SETTLE;
        state.ring();
        let peers = state.effects.iter().filter_map(|effect| match effect {
            Effect::Call(Call { account, action: Action::History { peer, .. }, .. }) => {
                Some(ConversationId { account: *account, peer: *peer })
            }
            _ => None,
        });
        peers.collect()
    }

    #[test]
    fn after_a_restart_the_chats_that_spoke_last_are_read_and_the_rest_is_told() {
        let now = Now { mono: Mono(0), wall: Wall(1_795_219_200_000), offset: 0 };
        // Sixty people an hour ago, a hundred who were silent for days, and two groups a moment ago.
        let people = (1..=60).map(|user| (private(user), Some(60 + user as u64)));
        let silent = (1001..=1100).map(|user| (private(user), None));
        let groups = [(group(8), Some(2)), (group(9), Some(1))];
        let mut state = found(people.chain(silent).chain(groups), now);
        let read = read(&mut state);
        assert_eq!(read.len(), CATCH_UP_CHATS);
        assert_eq!(read[..3], [group(9), group(8), private(1)]);
        assert!(read.iter().all(|chat| chat.peer.number() <= 60), "{read:?}");
        let kinds: Vec<_> = state.items.values().map(|item| item.kind.clone()).collect();
        assert_eq!(kinds, [ItemKind::Unread { account: BOT, chats: 12 }]);
    }

    #[test]
    fn few_chats_are_all_read_and_nothing_is_told() {
        let now = Now { mono: Mono(0), wall: Wall(1_795_219_200_000), offset: 0 };
        let mut state = found((1..=50).map(|user| (private(user), (user % 2 == 0).then_some(5))), now);
        assert_eq!(read(&mut state).len(), 50);
        assert!(state.items.is_empty());
    }
}
