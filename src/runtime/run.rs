//! From options to a running bot, and in order back.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use tokio::runtime;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::clock::Clock;
use super::driver::{Driver, Lanes, Stop};
use super::handle::Handle;
use super::inbox::{self, Inbox};
use super::keeper::{Keeper, Objections};
use super::links::{Links, hub_settings};
use super::load::Loaded;
use super::prompts::Prompts;
use super::start_error::StartError;
use crate::adapter::{Door, Hub};
use crate::domain::Now;
use crate::engine::Engine;
use crate::flow::Input;
use crate::logs::Logs;
use crate::notify::{self, Notifiers};
use crate::store::Store;
use crate::telemetry::{self, Pretended, Sampler};

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
    /// The log of this process.
    pub logs: Logs,
    /// Cards to show instead of this machine's.
    pub cards: Option<Pretended>,
    /// What other rooms have against a configuration that is read again.
    pub objections: Objections,
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
        self.inbox.tell(inbox::Told::Terminate).await;
    }

    /// Tells it to read the configuration again.
    pub async fn reload(&self) {
        self.inbox.tell(inbox::Told::HangUp).await;
    }

    /// Waits for its end.
    pub async fn ended(&mut self) -> End {
        (&mut self.task).await.unwrap_or(End::Broken)
    }
}

/// Tries what the configuration promises and its text alone does not show: secrets can be had, clients can be built,
/// the certificate fits its key.
///
/// # Errors
/// What is wrong, in English.
pub fn rehearse(loaded: &Loaded) -> Result<(), String> {
    super::providers(&loaded.config, &loaded.directory)?;
    super::destinations(&loaded.config, &loaded.directory)?;
    super::links::rehearse(&loaded.config, &loaded.directory)
}

/// Starts the bot inside the current tokio runtime. `others`: threads that take their share of the questions once
/// there are many at a time.
///
/// # Errors
/// Whatever keeps it from starting; once it runs, faults are alerts and not errors.
pub async fn start(
    loaded: Loaded,
    options: RunOptions,
    others: Option<runtime::Handle>,
) -> Result<Running, StartError> {
    let (mut driver, mut lanes, handle) = assemble(loaded, options).await?;
    driver.others = others;
    let (addresses, inbox) = (driver.links.addresses(), driver.inbox.clone());
    let task = tokio::spawn(async move {
        driver.drive(&mut lanes).await;
        close(driver, lanes).await
    });
    Ok(Running { handle, addresses, inbox, task })
}

/// Everything in its place, with what the store remembered already told.
async fn assemble(loaded: Loaded, options: RunOptions) -> Result<(Driver, Lanes, Handle), StartError> {
    options.logs.redact(super::secrets::all(&loaded.config, &loaded.directory));
    let providers = super::providers(&loaded.config, &loaded.directory).map_err(StartError::Configured)?;
    let destinations = super::destinations(&loaded.config, &loaded.directory).map_err(StartError::Configured)?;
    let (store_lane, store) = mpsc::channel(STORE_ROOM);
    let (link_lane, link_news) = mpsc::channel(LINK_ROOM);
    let (inbox, told) = Inbox::new();

    let mut notifiers = Notifiers::new(inbox.lane().clone(), notify::Pace::default());
    notifiers.follow(destinations);

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

    let leaf = inbox.clone();
    let pace = telemetry::Pace::new(&loaded.config.telemetry);
    let cards = options.cards.or_else(Pretended::asked);
    // A lane that is full loses a sample; the next one tells the same and more.
    let tell = move |gauges| {
        let sent = leaf.lane().try_send(inbox::Told::Gauges(Box::new(gauges)));
        !matches!(sent, Err(mpsc::error::TrySendError::Closed(_)))
    };
    let sampler = Sampler::start(pace, &options.data, cards, tell)
        .inspect_err(|error| tracing::error!(%error, "nobody looks at the machine"))
        .ok();

    let now = clock.now();
    let seed = seed(now);
    let (handle, ends) = Handle::pair(DOOR_ROOM);
    let handle = handle.with_log(options.logs.ring().clone());
    let mut driver = Driver {
        engine: Engine::new(Arc::clone(&loaded.config), seed, now),
        clock,
        seed,
        hub: Hub::new(hub_settings(&loaded.config)),
        links,
        providers,
        jobs: HashMap::new(),
        notifiers,
        others: None,
        prompts: Prompts::default(),
        store: opened.store,
        backlog: VecDeque::new(),
        linger: None,
        keeper: Keeper::start(options.config.clone(), options.objections, inbox.clone()),
        sampler,
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
        ends_by: None,
        data: options.data,
        logs: options.logs,
        loaded,
    };
    driver.place();
    driver.feed(Input::Recovered(Box::new(opened.recovered)));
    Ok((driver, Lanes { links: link_news, store, told }, handle))
}

/// Says goodbye to links, lets notifications arrive and writes what is left.
async fn close(mut driver: Driver, mut lanes: Lanes) -> End {
    driver.links.stop().await;
    let arrived = driver.farewell(&mut lanes).await;
    if arrived > 0 {
        tracing::info!(arrived, "notifications that were under way");
    }
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
    use crate::flow::Effect;

    fn said(id: i64, words: &str) -> Input {
        let conversation = ConversationId { account: SelfId(1), peer: Peer::Private(UserId(7)) };
        let sender = Sender { id: UserId(7), name: "某".into(), rank: GroupRank::Member, anonymous: false };
        let segments = vec![Segment::Text(words.into())];
        let (group_name, temp_group) = (None, None);
        let id = MessageId(id);
        let message = Message { conversation, id, sender, group_name, temp_group, segments, time: id.0 };
        Input::Adapter(AdapterEvent::Message(Box::new(message)))
    }

    /// A configuration that answers everybody and listens nowhere.
    fn loaded(home: &std::path::Path, change: impl FnOnce(&mut Config)) -> Loaded {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut config = Config::default();
        config.onebot.listen = Vec::new();
        config.access.mode = crate::config::AccessMode::Open;
        change(&mut config);
        let config = Arc::new(config);
        Loaded { config, origins: Arc::default(), warnings: Vec::new(), directory: home.to_owned() }
    }

    fn options(home: &std::path::Path) -> RunOptions {
        RunOptions {
            config: home.join("config.toml"),
            data: home.join("data"),
            logs: Logs::default(),
            cards: None,
            objections: |_, _| None,
        }
    }

    /// `[[notify.to]]`, a webhook at each of these ports.
    fn webhooks(config: &mut Config, ports: &[u16]) {
        let hook = |port: &u16| {
            format!("[[notify.to]]\nkind = \"webhook\"\nname = \"{port}\"\nurl = \"http://127.0.0.1:{port}/\"\n")
        };
        let text: String = ports.iter().map(hook).collect();
        config.notify = crate::config::parse(&text).unwrap().config.notify;
    }

    fn notify(id: u64, to: usize) -> Effect {
        let message = NotificationText {
            instance: "home".into(),
            severity: Severity::Warning,
            resolved: false,
            test: true,
            title: "t".into(),
            body: String::new(),
            alerts: Vec::new(),
        };
        Effect::Notify(Box::new(Notification { id: NotificationId(id), to, message }))
    }

    /// A server that says yes to whoever it is let to: it waits for a word before each answer.
    async fn server() -> (u16, mpsc::Receiver<()>, mpsc::Sender<()>) {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let ((asked, questions), (go, mut gate)) = (mpsc::channel(8), mpsc::channel::<()>(8));
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let _ = socket.read(&mut [0; 4096]).await;
                let _ = asked.send(()).await;
                let _ = gate.recv().await;
                let _ = socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await;
            }
        });
        (port, questions, go)
    }

    async fn next(lanes: &mut Lanes) -> (u64, Result<(), NotifyFault>) {
        loop {
            match lanes.told.recv().await {
                Some(inbox::Told::Notified(NotificationId(id), end)) => return (id, end),
                // The machine shows something whenever it likes.
                Some(inbox::Told::Gauges(_)) => {}
                _ => panic!("something else was told"),
            }
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn notifications_go_out_and_come_back_and_follow_the_configuration() {
        let home = tempfile::tempdir().unwrap();
        let ((a, _questions, go_a), (b, mut asked_b, go_b)) = (server().await, server().await);
        let first = loaded(home.path(), |config| webhooks(config, &[a]));
        let (mut driver, mut lanes, _handle) = assemble(first, options(home.path())).await.unwrap();
        let mut todo = VecDeque::new();
        driver.carry_out(notify(1, 0), &mut todo);
        go_a.send(()).await.unwrap();
        assert_eq!(next(&mut lanes).await, (1, Ok(())));
        driver.carry_out(notify(2, 1), &mut todo);
        assert_eq!(todo.pop_front(), Some(Input::Notified(NotificationId(2), Err(NotifyFault::Gone))));

        let second = loaded(home.path(), |config| webhooks(config, &[a, b]));
        driver.on_told(inbox::Told::Config(Ok(Box::new(second)), None)).await;
        driver.carry_out(notify(3, 1), &mut todo);
        asked_b.recv().await.unwrap();
        let bad = loaded(home.path(), |config| {
            webhooks(config, &[b]);
            let crate::config::Road::Webhook(road) = &mut config.notify.to[0].road else { return };
            road.secret = crate::config::Secret("env:QQDECK_NOBODY_SETS_THIS".into());
        });
        driver.on_told(inbox::Told::Config(Ok(Box::new(bad)), None)).await;
        assert!(driver.refused.as_ref().is_some_and(|trouble| trouble.en.contains("QQDECK_NOBODY_SETS_THIS")));
        go_b.send(()).await.unwrap();
        assert_eq!(next(&mut lanes).await, (3, Ok(())), "a configuration that is refused changes nothing");

        driver.carry_out(notify(4, 1), &mut todo);
        asked_b.recv().await.unwrap();
        let none = loaded(home.path(), |_| {});
        driver.on_told(inbox::Told::Config(Ok(Box::new(none)), None)).await;
        assert_eq!(next(&mut lanes).await, (4, Err(NotifyFault::Gone)));
        assert!(todo.is_empty());
        driver.stop = Stop::AtOnce;
        assert_eq!(close(driver, lanes).await, End::AtOnce);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn stopping_leaves_a_notification_under_way_a_moment() {
        // It arrives; the grace is over already; a second signal.
        for (case, want) in [(0, (1, Stop::Finished)), (1, (0, Stop::Finished)), (2, (0, Stop::AtOnce))] {
            let home = tempfile::tempdir().unwrap();
            let (port, mut asked, go) = server().await;
            let config = loaded(home.path(), |config| webhooks(config, &[port]));
            let (mut driver, mut lanes, _handle) = assemble(config, options(home.path())).await.unwrap();
            driver.carry_out(notify(1, 0), &mut VecDeque::new());
            asked.recv().await.unwrap();
            driver.stop = Stop::Finished;
            match case {
                0 => go.send(()).await.unwrap(),
                1 => driver.ends_by = Some(Instant::now()),
                _ => driver.inbox.tell(inbox::Told::Terminate).await,
            }
            assert_eq!((driver.farewell(&mut lanes).await, driver.stop), want, "{case}");
            close(driver, lanes).await;
        }
    }

    async fn ended_job(lanes: &mut Lanes) -> u64 {
        loop {
            match lanes.told.recv().await {
                Some(inbox::Told::Job(id, JobEvent::Ended(_))) => return id.0,
                Some(inbox::Told::Gauges(_)) => {}
                _ => panic!("something else was told"),
            }
        }
    }

    #[tokio::test]
    async fn only_a_flood_of_questions_is_shared_with_the_other_threads() {
        let home = tempfile::tempdir().unwrap();
        let config = loaded(home.path(), |_| {});
        let (mut driver, mut lanes, _handle) = assemble(config, options(home.path())).await.unwrap();
        // Nothing runs there before it is told to.
        let others = runtime::Builder::new_current_thread().build().unwrap();
        driver.others = Some(others.handle().clone());
        let most = super::super::driver::ALONE as u64;
        for id in 0..=most {
            let (provider, budget) = ("nobody".into(), std::time::Duration::from_secs(1));
            let job = Job { id: JobId(id), provider, key: 0, turns: Arc::default(), max_tokens: 1, budget };
            driver.carry_out(Effect::Ask(job), &mut VecDeque::new());
        }
        let mut ended = Vec::new();
        for _ in 0..most {
            ended.push(ended_job(&mut lanes).await);
        }
        assert_eq!(ended, (0..most).collect::<Vec<_>>());
        tokio::task::yield_now().await;
        let ours = std::iter::from_fn(|| lanes.told.try_recv().ok()).any(|told| matches!(told, inbox::Told::Job(..)));
        assert!(!ours, "the last is not ours to ask");
        let run = move || {
            others.block_on(tokio::task::yield_now());
            others
        };
        let others = std::thread::spawn(run).join().unwrap();
        assert_eq!(ended_job(&mut lanes).await, most);
        others.shutdown_background();
        driver.stop = Stop::AtOnce;
        close(driver, lanes).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_engine_that_panics_is_replaced_and_its_input_can_be_played_again() {
        let home = tempfile::tempdir().unwrap();
        let config = loaded(home.path(), |_| {});
        let (mut driver, mut lanes, _handle) = assemble(config, options(home.path())).await.unwrap();
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
