//! From options to a running bot, and in order back.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::clock::Clock;
use super::driver::{Driver, Lanes, Stop};
use super::handle::Handle;
use super::inbox::{Inbox, Told};
use super::keeper::{Keeper, Loaded, Objections};
use super::links::{Links, hub_settings};
use super::prompts::Prompts;
use crate::adapter::{Door, Hub};
use crate::domain::{Input, Now};
use crate::engine::Engine;
use crate::store::{Store, StoreError};

/// Events of links that may wait before their sockets do.
const LINK_ROOM: usize = 1024;
/// Commits that may wait before the writer does.
const STORE_ROOM: usize = 1024;
/// Requests of doors that may wait before the doors do.
const DOOR_ROOM: usize = 64;

/// What `qqdeck run` was told.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// The configuration file.
    pub config: PathBuf,
    /// The data directory; made where missing.
    pub data: PathBuf,
    /// What other rooms have against a configuration that is read again.
    pub objections: Objections,
}

/// What keeps the bot from starting.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration is fine by itself, and yet it cannot be used here: a secret is missing.
    #[error("{0}")]
    Configured(String),
    /// An address cannot be listened on.
    #[error("{0}")]
    Listen(String),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How the bot ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Everything that could be finished was finished.
    Finished,
    /// At once, because it was told twice.
    AtOnce,
    /// The engine panicked again and again.
    Broken,
}

/// A running bot.
pub struct Running {
    /// For doors.
    pub handle: Handle,
    /// Where QQ adapters reach us.
    pub addresses: Vec<SocketAddr>,
    inbox: Inbox,
    task: JoinHandle<End>,
}

impl Running {
    /// Tells it to stop: the first time in order, the second time at once.
    pub async fn terminate(&self) {
        self.inbox.tell(Told::Terminate).await;
    }

    /// Tells it to read the configuration again.
    pub async fn reload(&self) {
        self.inbox.tell(Told::HangUp).await;
    }

    /// Waits for its end.
    pub async fn ended(&mut self) -> End {
        (&mut self.task).await.unwrap_or(End::Broken)
    }
}

/// Tries what the configuration promises and its text alone does not show: secrets can be had, clients can be built.
///
/// # Errors
/// What is wrong, in English.
pub fn rehearse(loaded: &Loaded) -> Result<(), String> {
    super::providers(&loaded.config, &loaded.directory)?;
    super::links::reveal(&loaded.config.onebot.token, &loaded.directory, "onebot.token")?;
    for dial in &loaded.config.onebot.dial {
        super::links::reveal(&dial.token, &loaded.directory, &format!("onebot.dial {}", dial.name))?;
    }
    Ok(())
}

/// Starts the bot inside the current tokio runtime.
///
/// # Errors
/// Whatever keeps it from starting; once it runs, faults are alerts and not errors.
pub async fn start(loaded: Loaded, options: RunOptions) -> Result<Running, StartError> {
    let (mut driver, mut lanes, handle) = assemble(loaded, options).await?;
    let (addresses, inbox) = (driver.links.addresses(), driver.inbox.clone());
    let task = tokio::spawn(async move {
        driver.drive(&mut lanes).await;
        close(driver, lanes).await
    });
    Ok(Running { handle, addresses, inbox, task })
}

/// Everything in its place, with what the store remembered already told.
async fn assemble(loaded: Loaded, options: RunOptions) -> Result<(Driver, Lanes, Handle), StartError> {
    let providers = super::providers(&loaded.config, &loaded.directory).map_err(StartError::Configured)?;
    let (store_lane, store) = mpsc::channel(STORE_ROOM);
    let (link_lane, link_news) = mpsc::channel(LINK_ROOM);
    let (inbox, told) = Inbox::new();

    let mut clock = Clock::new();
    // The store has threads of its own; the clock is cheap and shared with them.
    let shared = Mutex::new(clock.clone());
    let ask = move || shared.lock().map_or_else(|broken| broken.into_inner().now(), |mut clock| clock.now());
    let opened = Store::open(&options.data, &loaded.config.storage, Arc::new(ask), store_lane)?;
    for note in &opened.notes {
        tracing::error!(%note, "the store");
    }

    let mut links = Links::new(Door::new(link_lane));
    links.start(&loaded.config, &loaded.directory).await?;

    let now = clock.now();
    let seed = seed(now);
    let (handle, ends) = Handle::pair(DOOR_ROOM);
    let mut driver = Driver {
        engine: Engine::new(Arc::clone(&loaded.config), seed, now),
        clock,
        seed,
        hub: Hub::new(hub_settings(&loaded.config)),
        links,
        providers,
        jobs: HashMap::new(),
        prompts: Prompts::default(),
        store: opened.store,
        backlog: VecDeque::new(),
        linger: None,
        keeper: Keeper::start(options.config.clone(), options.objections, inbox.clone()),
        file: options.config,
        inbox,
        ends,
        answers: HashMap::new(),
        tag: 0,
        ups: HashMap::new(),
        rebuilds: 0,
        #[cfg(test)]
        fault: None,
        recovering: None,
        held: Vec::new(),
        published: Instant::now(),
        refused: None,
        stop: Stop::No,
        data: options.data,
        loaded,
    };
    driver.place();
    driver.feed(Input::Recovered(Box::new(opened.recovered)));
    Ok((driver, Lanes { links: link_news, store, told }, handle))
}

/// Says goodbye to links and writes what is left.
async fn close(mut driver: Driver, lanes: Lanes) -> End {
    driver.links.stop().await;
    driver.hand_over();
    // The writer awaits this lane's readers, who are gone.
    drop(lanes);
    let Driver { store, stop, .. } = driver;
    let closed = tokio::task::spawn_blocking(move || store.close());
    if closed.await.is_err() {
        tracing::error!("the store did not close in order");
    }
    match stop {
        Stop::AtOnce => End::AtOnce,
        Stop::Broken => End::Broken,
        _ => End::Finished,
    }
}

/// The engine's dice, different in every run.
fn seed(now: Now) -> u64 {
    fastrand::u64(..) ^ u64::try_from(now.wall.0).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::domain::*;

    fn said(id: i64, words: &str) -> Input {
        let conversation = ConversationId { account: SelfId(1), peer: Peer::Private(UserId(7)) };
        let sender = Sender { id: UserId(7), name: "某".into(), rank: GroupRank::Member, anonymous: false };
        let segments = vec![Segment::Text(words.into())];
        let (group_name, temp_group) = (None, None);
        let id = MessageId(id);
        let message = Message { conversation, id, sender, group_name, temp_group, segments, time: id.0 };
        Input::Adapter(AdapterEvent::Message(Box::new(message)))
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_engine_that_panics_is_replaced_and_its_input_can_be_played_again() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let home = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.onebot.listen = Vec::new();
        config.access.mode = crate::config::AccessMode::Open;
        let config = Arc::new(config);
        let loaded =
            Loaded { config, origins: Arc::default(), warnings: Vec::new(), directory: home.path().to_owned() };
        let options = RunOptions {
            config: home.path().join("config.toml"),
            data: home.path().join("data"),
            objections: |_, _| None,
        };
        let (mut driver, mut lanes, _handle) = assemble(loaded, options).await.unwrap();
        driver.fault = Some("boom");

        driver.feed(said(1, "before"));
        driver.feed(said(2, "boom"));
        assert!(driver.recovering.is_some(), "a new engine asks the store");
        driver.feed(said(3, "meanwhile"));
        driver.recover(&mut lanes).await;
        driver.feed(said(4, "after"));

        let snapshot = driver.engine.snapshot();
        assert_eq!(snapshot.counters.received, 2, "what came meanwhile and after; the rest is in the store");
        let chat = snapshot.chats.values().next().unwrap();
        assert!(chat.last > Seq(2), "numbers go on from those of the former engine: {:?}", chat.last);

        let kept = std::fs::read_dir(home.path().join("data/quarantine")).unwrap().next().unwrap().unwrap();
        let text = std::fs::read_to_string(kept.path()).unwrap();
        let lines: Vec<super::super::quarantine::Recorded> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(matches!(lines[0].input, Input::Config(_)) && lines[0].seed.is_some());
        assert_eq!(lines[1].input, said(2, "boom"));

        driver.stop = Stop::AtOnce;
        assert_eq!(close(driver, lanes).await, End::AtOnce);
    }
}
