//! Our accounts and the links that serve them: coming, going, catching up, being muted, being asked.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::catch_up::{CATCH_UP_HORIZON, Debt};
use super::limits::Bucket;
use super::state::State;
use super::timers::Timer;
use crate::domain::*;
use crate::flow::Effect;

/// Heartbeats within which our pings miss a link that died without a word: two without an answer, and the one begun.
const PINGS_TO_MISS: u32 = 3;
/// The end of a mute that has none.
const FOR_GOOD: Wall = Wall(i64::MAX);
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
    /// What may have been missed and was not read yet.
    pub debt: Debt,
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
            debt: Debt::default(),
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

    pub fn account(&mut self, id: SelfId) -> &mut Account {
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

    pub fn on_up(&mut self, id: SelfId, link: LinkId, nickname: Text, app: AppKind, version: Text, peer: String) {
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

    pub fn on_down(&mut self, id: SelfId, link: LinkId, reason: Text, others_left: bool) {
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
