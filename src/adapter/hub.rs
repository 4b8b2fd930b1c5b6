//! Which link serves which account, and which call waits for which answer. A plain struct of the runtime's
//! task: no lock, no task, no clock of its own.
//!
//! The newest link of an account is used for calls; older ones stay and their events still count. Links are
//! known by their number alone, so the late close of an old one cannot take a newer one down. The account is
//! what events say; the handshake's header only stands in until then, and pairs the two sockets of adapters
//! that keep events and calls apart.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::link::{Introduction, LinkEvent, LinkHandle, LinkRole, Outgoing};
use super::onebot::{self, Heard, Probe, Response, Wanted, What};
use super::pending::{Pending, PendingCalls, Waiting};
use crate::domain::{
    AdapterEvent, AppKind, AtTarget, Call, CallId, CallOutcome, LinkId, Message, Mono, Segment, SelfId, Text,
};

/// How long a new link may take to say who it is. A wrong path of LLOneBot's is silent for ever.
const PROBE: Duration = Duration::from_secs(5);

/// What the hub goes by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubSettings {
    /// Accounts served; empty: all.
    pub accounts: BTreeSet<i64>,
    /// The longest wait for an answer; sends get 30 s at least, everything else 12 s.
    pub request_timeout: Duration,
}

/// What becomes of link events and deadlines.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// For the engine.
    Event(AdapterEvent),
    /// The one end of a call.
    Called(CallId, CallOutcome),
}

/// What was dropped, since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Answers that no call waits for: late, doubled, made up, or of another account.
    pub stray_answers: u64,
    /// Events of accounts that are not served.
    pub foreign_events: u64,
    /// Events of links whose account nobody has named yet.
    pub nameless_events: u64,
}

/// How sure an account is; later words overrule earlier ones only upwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    Header,
    Login,
    Event,
}

/// What the engine was told about a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Nothing,
    /// `Up`, before the adapter had said its name.
    Early,
    Up,
}

#[derive(Debug)]
struct Link {
    who: Introduction,
    handle: LinkHandle,
    account: Option<(SelfId, Source)>,
    /// What the platform behind onebots calls the account, where it differs: mentions use it.
    alias: Option<i64>,
    nickname: Text,
    app: AppKind,
    version: Text,
    /// Probes without an answer.
    probes: u8,
    /// Anything came at all.
    heard: bool,
    told: Told,
}

impl Link {
    fn account(&self) -> Option<SelfId> {
        self.account.map(|(account, _)| account)
    }
}

/// The table of links and calls.
#[derive(Debug)]
pub struct Hub {
    settings: HubSettings,
    links: BTreeMap<LinkId, Link>,
    pending: PendingCalls,
    online: BTreeMap<SelfId, Option<bool>>,
    counters: Counters,
}

impl Hub {
    /// An empty hub.
    pub fn new(settings: HubSettings) -> Self {
        Self {
            settings,
            links: BTreeMap::new(),
            pending: PendingCalls::default(),
            online: BTreeMap::new(),
            counters: Counters::default(),
        }
    }

    /// Takes new settings; accounts that are no longer served fall silent at once.
    pub fn configure(&mut self, settings: HubSettings) {
        self.settings = settings;
    }

    /// What was dropped.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Calls in flight, probes included.
    pub fn in_flight(&self) -> usize {
        self.pending.len()
    }

    /// Ends all links; their closing events still come.
    pub fn close_all(&mut self) {
        for link in self.links.values() {
            link.handle.close();
        }
    }

    /// When [`Self::on_deadline`] wants to be called, at the latest.
    pub fn next_deadline(&self) -> Option<Mono> {
        self.pending.next_deadline()
    }

    /// Ends what is overdue.
    pub fn on_deadline(&mut self, now: Mono, out: &mut Vec<Output>) {
        while let Some(pending) = self.pending.overdue(now) {
            match pending.who {
                Waiting::Call(id, _) => out.push(Output::Called(id, CallOutcome::TimedOut)),
                Waiting::Probe(_) => self.probed(pending.link, out),
            }
        }
    }

    /// Makes a call through the newest link of its account. `Some`: it ended at once.
    pub fn call(&mut self, call: &Call, now: Mono) -> Option<CallOutcome> {
        let serves = |link: &Link| link.who.role.calls() && link.account() == Some(call.account);
        let newest_first: Vec<LinkId> = self.links.iter().rev().filter(|(_, l)| serves(l)).map(|(id, _)| *id).collect();
        for id in newest_first {
            let Some(link) = self.links.get(&id) else { continue };
            let (number, echo) = self.pending.add(Pending {
                link: id,
                account: Some(call.account),
                who: Waiting::Call(call.id, Wanted::by(call)),
                deadline: now + onebot::patience(&call.action, self.settings.request_timeout),
            });
            if link.handle.offer(Outgoing { call: number, text: onebot::encode(call, link.app, &echo) }) {
                return None;
            }
            self.pending.remove(number);
        }
        Some(CallOutcome::NotSent)
    }

    /// Takes what a link tells.
    pub fn on_link(&mut self, event: LinkEvent, now: Mono, out: &mut Vec<Output>) {
        match event {
            LinkEvent::Open(id, who, handle) => self.open(id, who, handle, now),
            LinkEvent::Heard(id, heard) => self.heard(id, heard, out),
            LinkEvent::Answered(id, response) => self.answered(id, *response, out),
            LinkEvent::Garbage(link, frames) => out.push(Output::Event(AdapterEvent::Garbage { link, frames })),
            LinkEvent::Closed { link, reason, unsent } => self.closed(link, reason, &unsent, out),
            LinkEvent::Refused { peer, cause } => out.push(Output::Event(AdapterEvent::Refused { peer, cause })),
        }
    }

    fn serves(&self, account: SelfId) -> bool {
        self.settings.accounts.is_empty() || self.settings.accounts.contains(&account.0)
    }

    fn open(&mut self, id: LinkId, who: Introduction, handle: LinkHandle, now: Mono) {
        let named = who.label.as_deref().and_then(|label| label.trim().parse().ok()).filter(|id| *id > 0).map(SelfId);
        // Only the calls' half of a pair: a whole link of its own speaks for itself soon enough, and two
        // adapters may have one label.
        let pair = if who.role == LinkRole::Api { self.paired(who.label.as_deref()) } else { None };
        let account = pair.or(named.map(|account| (account, Source::Header)));
        let mut probes = 0;
        if who.role.calls() {
            for probe in Probe::ALL {
                let pending = Pending { link: id, account: None, who: Waiting::Probe(probe), deadline: now + PROBE };
                let (number, echo) = self.pending.add(pending);
                if handle.offer(Outgoing { call: number, text: onebot::encode_probe(probe, &echo) }) {
                    probes += 1;
                } else {
                    self.pending.remove(number);
                }
            }
        }
        let link = Link {
            who,
            handle,
            account,
            alias: None,
            nickname: Text::default(),
            app: AppKind::Other,
            version: Text::default(),
            probes,
            heard: false,
            told: Told::Nothing,
        };
        self.links.insert(id, link);
    }

    /// What the newest link with this label knows about its account better than the label does.
    fn paired(&self, label: Option<&str>) -> Option<(SelfId, Source)> {
        let same = |link: &&Link| label.is_some() && link.who.label.as_deref() == label;
        self.links.values().rev().filter(same).find_map(|link| link.account.filter(|(_, s)| *s == Source::Event))
    }

    fn heard(&mut self, id: LinkId, mut heard: Heard, out: &mut Vec<Output>) {
        let Some(link) = self.links.get_mut(&id) else { return };
        link.heard = true;
        let (known, source) = link.account.unzip();
        let alias = link.alias;
        // A stray event of an account that is not served takes no account from a link that has said itself whose it is.
        let is_stray = |known: SelfId| heard.account.is_some_and(|a| !self.serves(a)) && self.serves(known);
        if source.is_some_and(|source| source > Source::Header) && known.is_some_and(is_stray) {
            self.counters.foreign_events += u64::from(heard.what != What::Nothing);
            return;
        }
        match (heard.account, known) {
            (Some(account), _) => self.identify(id, account, Source::Event, out),
            (None, Some(account)) => heard.set_account(account),
            (None, None) => {
                self.counters.nameless_events += u64::from(heard.what != What::Nothing);
                return;
            }
        }
        let Some(account) = heard.account else { return };
        if !self.serves(account) {
            self.counters.foreign_events += u64::from(heard.what != What::Nothing);
            return;
        }
        let event = match heard.what {
            What::Nothing => return,
            What::State(online, reason) => return self.state(account, online, reason, out),
            What::Notice(notice) => AdapterEvent::Notice(notice),
            What::Request(request) => AdapterEvent::Request(request),
            What::Message(mut message) => {
                if let Some(alias) = alias.filter(|alias| *alias != account.0) {
                    mention_account(&mut message, alias);
                }
                AdapterEvent::Message(message)
            }
        };
        self.announce_early(account, out);
        out.push(Output::Event(event));
    }

    /// Learns the account of a link, and of its pair.
    fn identify(&mut self, id: LinkId, account: SelfId, source: Source, out: &mut Vec<Output>) {
        let Some(link) = self.links.get(&id) else { return };
        if link.account.is_some_and(|(known, from)| from > source || (known == account && from == source)) {
            return;
        }
        let (before, label) = (link.account(), link.who.label.clone());
        let learn = |(other, link): (&LinkId, &mut Link)| {
            let known = link.account();
            let pair = link.who.role == LinkRole::Api && label.is_some() && link.who.label == label;
            let weaker = link.account.is_none_or(|(_, from)| from < source) || known == before;
            if *other != id && !(pair && weaker) {
                return None;
            }
            link.account = Some((account, source));
            (known != Some(account)).then_some((*other, known, link.told))
        };
        let moved: Vec<_> = self.links.iter_mut().filter_map(learn).collect();
        for (other, before, told) in moved {
            if let (Some(before), Told::Early | Told::Up) = (before, told) {
                self.down(other, before, "another account logged in".into(), out);
                if let Some(link) = self.links.get_mut(&other) {
                    link.told = Told::Nothing;
                }
            }
            self.announce(other, out);
        }
    }

    /// Tells of a link once its probes are through.
    fn announce(&mut self, id: LinkId, out: &mut Vec<Output>) {
        if self.links.get(&id).is_some_and(|link| link.probes == 0 && link.told != Told::Up) {
            self.up(id, Told::Up, out);
        }
    }

    /// Tells of all links of an account before the first event of its own, so that the engine can answer it.
    fn announce_early(&mut self, account: SelfId, out: &mut Vec<Output>) {
        let untold =
            |link: &Link| link.told == Told::Nothing && link.who.role.calls() && link.account() == Some(account);
        if !self.links.values().any(untold) {
            return;
        }
        let ids: Vec<LinkId> = self.links.iter().filter(|(_, link)| untold(link)).map(|(id, _)| *id).collect();
        for id in ids {
            self.up(id, Told::Early, out);
        }
    }

    fn up(&mut self, id: LinkId, told: Told, out: &mut Vec<Output>) {
        let Some(account) = self.links.get(&id).and_then(Link::account).filter(|a| self.serves(*a)) else { return };
        let Some(link) = self.links.get_mut(&id).filter(|link| link.who.role.calls()) else { return };
        link.told = told;
        self.doubt_older(id, account);
        let Some(link) = self.links.get(&id) else { return };
        out.push(Output::Event(AdapterEvent::Up {
            account,
            link: id,
            nickname: link.nickname.clone(),
            app: link.app,
            version: link.version.clone(),
            peer: link.who.peer.clone(),
        }));
    }

    /// Older links of the account that do the same may be dead: an adapter comes back because its link broke, which
    /// our end of it may not have noticed.
    fn doubt_older(&self, id: LinkId, account: SelfId) {
        let Some(role) = self.links.get(&id).map(|link| link.who.role) else { return };
        let older = self.links.range(..id).map(|(_, link)| link);
        older.filter(|link| link.account() == Some(account) && link.who.role == role).for_each(|l| l.handle.doubt());
    }

    fn state(&mut self, account: SelfId, online: Option<bool>, reason: Text, out: &mut Vec<Output>) {
        if self.online.insert(account, online) != Some(online) || !reason.is_empty() {
            out.push(Output::Event(AdapterEvent::Online { account, online, reason }));
        }
    }

    fn answered(&mut self, id: LinkId, response: Response, out: &mut Vec<Output>) {
        let from = self.links.get_mut(&id).and_then(|link| {
            link.heard = true;
            link.account()
        });
        let found = response.echo().and_then(|echo| self.pending.find(echo));
        // NapCat may answer on another link than the one that was asked, but never on another account's.
        let meant = |pending: &Pending| pending.link == id || from.is_none() || pending.account == from;
        let Some((number, pending)) = found.filter(|(_, pending)| meant(pending)) else {
            self.counters.stray_answers += 1;
            return;
        };
        if !response.last {
            return;
        }
        self.pending.remove(number);
        match pending.who {
            Waiting::Call(call, wanted) => out.push(Output::Called(call, onebot::outcome(wanted, response))),
            Waiting::Probe(probe) => {
                if response.ok() {
                    self.learn(pending.link, probe, response, out);
                }
                self.probed(pending.link, out);
            }
        }
    }

    fn learn(&mut self, id: LinkId, probe: Probe, response: Response, out: &mut Vec<Output>) {
        let Some(link) = self.links.get_mut(&id) else { return };
        match probe {
            Probe::Version => (link.app, link.version) = onebot::version(response.data),
            Probe::Login => {
                let login = onebot::login(response.data);
                link.nickname = login.nickname;
                let Some(account) = login.account else { return };
                link.alias = Some(account.0);
                self.identify(id, account, Source::Login, out);
            }
            Probe::Status => {
                let online = onebot::online(response.data);
                if let Some(account) = link.account().filter(|account| self.serves(*account)) {
                    self.state(account, online, Text::default(), out);
                }
            }
        }
    }

    /// One probe ended, with or without an answer.
    fn probed(&mut self, id: LinkId, out: &mut Vec<Output>) {
        let Some(link) = self.links.get_mut(&id) else { return };
        link.probes = link.probes.saturating_sub(1);
        if link.probes > 0 {
            return;
        }
        if link.who.dialled && !link.heard {
            // Connected, and silent for ever: LLOneBot does so on any path but `/`, `/api` and `/event`.
            out.push(Output::Event(AdapterEvent::Refused {
                peer: link.who.peer.clone(),
                cause: "connected, but nothing answers: wrong path?".into(),
            }));
            link.handle.close();
            return;
        }
        let foreign = link.account().filter(|account| !self.serves(*account));
        match (foreign, self.links.get(&id)) {
            (Some(account), Some(link)) => out.push(Output::Event(AdapterEvent::Refused {
                peer: link.who.peer.clone(),
                cause: format!("account {account} is not in onebot.accounts").into(),
            })),
            _ => self.announce(id, out),
        }
    }

    fn closed(&mut self, id: LinkId, reason: Text, unsent: &[u64], out: &mut Vec<Output>) {
        for (number, pending) in self.pending.remove_link(id) {
            if let Waiting::Call(call, _) = pending.who {
                let outcome = if unsent.contains(&number) { CallOutcome::NotSent } else { CallOutcome::Lost };
                out.push(Output::Called(call, outcome));
            }
        }
        let Some(link) = self.links.remove(&id) else { return };
        match link.account().filter(|account| self.serves(*account)) {
            Some(account) if link.told != Told::Nothing => self.down(id, account, reason, out),
            // The events' half of split roles: never told of by itself, yet without it the account is deaf.
            Some(account) if !link.who.role.calls() => self.down(id, account, reason, out),
            _ if link.handle.is_closing() => {}
            _ => out.push(Output::Event(AdapterEvent::Refused { peer: link.who.peer, cause: reason })),
        }
    }

    fn down(&mut self, id: LinkId, account: SelfId, reason: Text, out: &mut Vec<Output>) {
        let other =
            |(other, link): (&LinkId, &Link)| *other != id && link.who.role.calls() && link.account() == Some(account);
        let others_left = self.links.iter().any(other);
        if !others_left {
            self.online.remove(&account);
        }
        out.push(Output::Event(AdapterEvent::Down { account, link: id, reason, others_left }));
    }
}

/// Mentions of what the platform calls the account become mentions of the account (onebot.md §10).
fn mention_account(message: &mut Message, alias: i64) {
    let account = message.conversation.account.0;
    for segment in &mut message.segments {
        match segment {
            Segment::At(AtTarget::User(user), _) if user.0 == alias => user.0 = account,
            _ => {}
        }
    }
}
