//! An adapter without QQ: it dials the application or is dialled by it, speaks OneBot v11 with the quirks of one
//! of four real ones, and fails on demand. One [`Adapter`] is one account, as NapCat, LLOneBot, Lagrange and
//! go-cqhttp run one account a process.

mod account;
mod actions;
mod event;
mod faults;
mod link;
mod reach;
mod react;

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::judge::Judge;
use super::{Dialect, Roster, lock};
use crate::domain::Peer;
use account::{Account, Asked};
pub use event::Format;
pub use faults::{AdapterFaults, DropStyle};
use link::{LinkEntry, Order};

/// How many sends [`Adapter::sent`] remembers.
const SENT_KEPT: usize = 256;

/// Who dials whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Side {
    /// The adapter dials the application.
    Reverse {
        /// `ws://…`; empty: waits until [`Adapter::dial`] tells.
        url: String,
        /// One socket for everything, or one for calls and one for events.
        roles: Roles,
        /// Links with the same account, 1 at least; two are what a URL configured twice gives (onebot.md §6).
        links: usize,
    },
    /// The application dials the adapter, at this address; port 0 for any.
    Forward {
        /// `127.0.0.1:0`
        listen: String,
    },
}

/// What one socket of a reverse link carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Roles {
    /// Everything.
    #[default]
    Universal,
    /// Two sockets to the same URL: calls, and events (Lagrange, go-cqhttp).
    Split,
}

impl Side {
    /// One universal link to this URL.
    pub fn reverse(url: impl Into<String>) -> Self {
        Self::Reverse { url: url.into(), roles: Roles::Universal, links: 1 }
    }

    /// Any free port of the loopback.
    pub fn forward() -> Self {
        Self::Forward { listen: "127.0.0.1:0".into() }
    }
}

/// How one adapter is set up.
#[derive(Debug, Clone, PartialEq)]
pub struct AdapterSettings {
    /// Which adapter is imitated.
    pub dialect: Dialect,
    /// How `message` is written.
    pub format: Format,
    /// Token shown (reverse) or asked for (forward); empty: none.
    pub token: String,
    /// Who dials whom.
    pub side: Side,
    /// The account and whom it knows.
    pub roster: Roster,
    /// Between heartbeats; zero: none.
    pub heartbeat: Duration,
    /// Pause before dialling again.
    pub reconnect: Duration,
    /// Patience with a handshake; NapCat and LLOneBot give up after 2 s.
    pub handshake: Duration,
    /// Emit `message_sent` for the account's own messages (`message` on Lagrange).
    pub report_self: bool,
    /// Of the faults' chances.
    pub seed: u64,
    /// At the beginning.
    pub faults: AdapterFaults,
}

impl AdapterSettings {
    /// With the dialect's own pauses (onebot.md §1.1, §6).
    pub fn new(dialect: Dialect, side: Side, roster: Roster) -> Self {
        let (heartbeat, reconnect) = match dialect {
            Dialect::Napcat => (30_000, 5_000),
            Dialect::Llonebot => (60_000, 3_000),
            Dialect::Lagrange => (5_000, 5_000),
            Dialect::Gocqhttp => (5_000, 3_000),
        };
        Self {
            dialect,
            format: if dialect == Dialect::Gocqhttp { Format::CqString } else { Format::Array },
            token: String::new(),
            side,
            roster,
            heartbeat: Duration::from_millis(heartbeat),
            reconnect: Duration::from_millis(reconnect),
            handshake: Duration::from_secs(2),
            report_self: false,
            seed: 1,
            faults: AdapterFaults::default(),
        }
    }
}

/// A message that reached people.
#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    /// Where.
    pub peer: Peer,
    /// What.
    pub segments: Vec<Value>,
    /// Its words.
    pub text: String,
}

/// A running adapter. Cheap to clone; ends with the stop signal it was started with.
#[derive(Clone)]
pub struct Adapter(Arc<Shared>);

struct Shared {
    settings: AdapterSettings,
    self_id: i64,
    faults: watch::Sender<AdapterFaults>,
    url: watch::Sender<String>,
    /// Links that carry events; latest wins.
    up: watch::Sender<usize>,
    account: Mutex<Account>,
    links: Mutex<Vec<LinkEntry>>,
    judge: Mutex<Option<Arc<Judge>>>,
    counts: Mutex<BTreeMap<&'static str, u64>>,
    sent: Mutex<VecDeque<Sent>>,
    chance: Mutex<fastrand::Rng>,
    lost_links: AtomicU64,
    next_link: AtomicU64,
    address: Option<SocketAddr>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Adapter {
    /// Starts dialling or listening.
    ///
    /// # Errors
    /// The forward address cannot be listened on.
    pub async fn start(settings: AdapterSettings, stop: CancellationToken) -> io::Result<Self> {
        let listener = match &settings.side {
            Side::Forward { listen } => Some(tokio::net::TcpListener::bind(listen.as_str()).await?),
            Side::Reverse { .. } => None,
        };
        let url = match &settings.side {
            Side::Reverse { url, .. } => url.clone(),
            Side::Forward { .. } => String::new(),
        };
        let shared = Arc::new(Shared {
            self_id: settings.roster.me.id,
            faults: watch::Sender::new(settings.faults.clone()),
            url: watch::Sender::new(url),
            up: watch::Sender::new(0),
            account: Mutex::new(Account::new(settings.roster.clone(), settings.dialect, settings.format)),
            links: Mutex::default(),
            judge: Mutex::default(),
            counts: Mutex::default(),
            sent: Mutex::default(),
            chance: Mutex::new(fastrand::Rng::with_seed(settings.seed)),
            lost_links: AtomicU64::new(0),
            next_link: AtomicU64::new(0),
            address: listener.as_ref().map(tokio::net::TcpListener::local_addr).transpose()?,
            stop,
            tasks: TaskTracker::new(),
            settings,
        });
        reach::begin(&shared, listener);
        Ok(Self(shared))
    }

    /// The account.
    pub fn self_id(&self) -> i64 {
        self.0.self_id
    }

    /// Which adapter it imitates.
    pub fn dialect(&self) -> Dialect {
        self.0.settings.dialect
    }

    /// Where to dial it, on the forward side.
    pub fn url(&self) -> Option<String> {
        self.0.address.map(|address| format!("ws://{address}/"))
    }

    /// From now on (and at once where no URL was known) dials this one.
    pub fn dial(&self, url: impl Into<String>) {
        self.0.url.send_replace(url.into());
    }

    /// Opens one more link with the same account to the same URL.
    pub fn open_another_link(&self) {
        reach::dial_once_more(&self.0);
    }

    /// Changes the faults while it runs.
    pub fn faults(&self, change: impl FnOnce(&mut AdapterFaults)) {
        self.0.faults.send_modify(change);
    }

    /// Waits until a link carries events.
    pub async fn wait_up(&self) {
        let mut up = self.0.up.subscribe();
        // The sender lives in `self`, so it cannot fail.
        let _ = up.wait_for(|links| *links > 0).await;
    }

    /// Waits until no link carries events.
    pub async fn wait_down(&self) {
        let mut up = self.0.up.subscribe();
        let _ = up.wait_for(|links| *links == 0).await;
    }

    /// Links that carry events now.
    pub fn links_up(&self) -> usize {
        *self.0.up.borrow()
    }

    /// Links that ended so far, for whatever reason.
    pub fn lost_links(&self) -> u64 {
        self.0.lost_links.load(Ordering::Relaxed)
    }

    /// Drops all links now. Reverse links are dialled again.
    pub async fn drop_links(&self, style: DropStyle) {
        for entry in self.0.entries() {
            let _ = entry.orders.send(Order::Drop(style)).await;
        }
    }

    /// Sends any frame over all event links, awaiting room; false where there is none.
    pub async fn emit(&self, frame: impl Into<Utf8Bytes>) -> bool {
        self.0.emit(frame.into()).await
    }

    /// Somebody says something: the message's id, and whether a link carried it.
    pub async fn say(&self, peer: Peer, speaker: i64, segments: &[Value]) -> (i64, bool) {
        let (id, frame) = lock(&self.0.account).say(peer, speaker, segments);
        (id, self.tell(frame).await)
    }

    /// Makes a message's frame and id without sending it; [`Adapter::tell`] sends it.
    pub fn prepare(&self, peer: Peer, speaker: i64, segments: &[Value]) -> (i64, Utf8Bytes) {
        lock(&self.0.account).say(peer, speaker, segments)
    }

    /// Sends a prepared message event, perhaps twice where the faults say so.
    pub async fn tell(&self, frame: Utf8Bytes) -> bool {
        let twice = self.0.chance(self.0.faults.borrow().duplicate_events);
        let carried = self.0.emit(frame.clone()).await;
        if twice {
            self.0.count("duplicate_events", 1);
            self.0.emit(frame).await;
        }
        self.0.count("events", 1);
        carried
    }

    /// A notice, with `time`, `self_id` and `post_type` filled in.
    pub async fn notice(&self, body: Value) -> bool {
        self.0.emit(event::base(self.0.self_id, "notice", body).to_string().into()).await
    }

    /// Somebody types in a private chat; the adapter shows it as NapCat does.
    pub async fn typing(&self, user: i64) -> bool {
        self.notice(json!({"notice_type": "notify", "sub_type": "input_status", "status_text": "对方正在输入...",
            "event_type": 1, "user_id": user, "group_id": 0}))
            .await
    }

    /// Asks to be let in: as a friend, or into a group. Returns the flag.
    pub async fn request(&self, user: i64, group: Option<i64>, comment: &str) -> String {
        let flag = {
            let mut account = lock(&self.0.account);
            let flag = format!("{}", 1_750_000_000 + account.requests.len() + self.0.count("requests", 1));
            account.requests.insert(flag.clone(), Asked { user, group });
            flag
        };
        let mut body = json!({"request_type": "friend", "user_id": user, "comment": comment, "flag": flag});
        if let Some(group) = group {
            body["request_type"] = "group".into();
            body["sub_type"] = "add".into();
            body["group_id"] = group.into();
        }
        self.0.emit(event::base(self.0.self_id, "request", body).to_string().into()).await;
        flag
    }

    /// QQ logs the account out or in again: heartbeats, `get_status`, sends and the notice follow.
    pub async fn set_online(&self, online: bool, words: &str) {
        lock(&self.0.account).online = online;
        if !online {
            let me = self.0.self_id;
            self.notice(json!({"notice_type": "bot_offline", "user_id": me, "tag": "下线通知", "message": words}))
                .await;
        } else if self.0.settings.dialect == Dialect::Lagrange {
            self.notice(json!({"notice_type": "bot_online", "reason": words})).await;
        }
        let beat = event::heartbeat(self.0.settings.dialect, self.0.self_id, self.0.heartbeat_ms(), online);
        self.0.emit(beat.into()).await;
    }

    /// Mutes the account in a group, or lets it speak again (`None`).
    pub async fn mute(&self, group: i64, operator: i64, duration: Option<Duration>) {
        self.faults(|faults| {
            if duration.is_some() {
                faults.muted_groups.insert(group)
            } else {
                faults.muted_groups.remove(&group)
            };
        });
        let sub_type = if duration.is_some() { "ban" } else { "lift_ban" };
        self.notice(json!({"notice_type": "group_ban", "sub_type": sub_type, "group_id": group,
            "user_id": self.0.self_id, "operator_id": operator, "duration": duration.map_or(0, |d| d.as_secs())}))
            .await;
    }

    /// The newest message of a chat that is remembered; of our own account, or of anybody.
    pub fn newest(&self, peer: Peer, mine: bool) -> Option<i64> {
        lock(&self.0.account).newest(peer, mine)
    }

    /// Makes the account know these people, so that names and lists fit.
    pub fn introduce(&self, peer: Peer, person: i64) {
        let mut account = lock(&self.0.account);
        match peer {
            Peer::Private(user) => {
                account.roster.befriend(user.0);
            }
            Peer::Group(group) => {
                account.roster.join(group.0, person);
            }
        }
    }

    /// The newest messages that reached people, oldest first.
    pub fn sent(&self) -> Vec<Sent> {
        lock(&self.0.sent).iter().cloned().collect()
    }

    /// Everything that was counted: actions by name, events, faults.
    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        lock(&self.0.counts).clone()
    }

    /// Requests that wait for an answer.
    pub fn open_requests(&self) -> usize {
        lock(&self.0.account).requests.len()
    }

    pub(crate) fn watched_by(&self, judge: Option<Arc<Judge>>) {
        *lock(&self.0.judge) = judge;
    }

    /// Waits until every task of it has ended; the stop signal ends them.
    pub async fn stopped(&self) {
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }
}

impl Shared {
    fn count(&self, what: &'static str, n: u64) -> usize {
        let mut counts = lock(&self.counts);
        let entry = counts.entry(what).or_default();
        *entry += n;
        usize::try_from(*entry).unwrap_or(usize::MAX)
    }

    fn chance(&self, share: f64) -> bool {
        share > 0.0 && lock(&self.chance).f64() < share
    }

    fn heartbeat_ms(&self) -> u64 {
        u64::try_from(self.settings.heartbeat.as_millis()).unwrap_or(u64::MAX)
    }

    fn entries(&self) -> Vec<LinkEntry> {
        lock(&self.links).clone()
    }

    async fn emit(&self, frame: Utf8Bytes) -> bool {
        let mut carried = false;
        for entry in self.entries().into_iter().filter(|entry| entry.events) {
            carried |= entry.orders.send(Order::Frame(frame.clone())).await.is_ok();
        }
        if !carried {
            self.count("events_without_link", 1);
        }
        carried
    }

    /// For events that follow from a call: where a queue is full they are dropped and counted, since the link
    /// that would drain it is the one that speaks.
    fn emit_soon(&self, frame: &str) {
        for entry in self.entries().into_iter().filter(|entry| entry.events) {
            if entry.orders.try_send(Order::Frame(frame.into())).is_err() {
                self.count("events_dropped", 1);
            }
        }
    }
}

#[cfg(test)]
mod tests;
