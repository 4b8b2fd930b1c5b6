//! A running bot for the doors to talk to: the real socket, and a runtime that answers from a script.

#![allow(dead_code, clippy::unwrap_used)] // each test file uses a part; the helpers are tests too

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use qqdeck::domain::*;
use qqdeck::runtime::handle::{Ends, Handle, Lines, Request};
use qqdeck::serve::hello::{Ask, Hello};
use qqdeck::serve::{Doors, serve, socket};
use qqdeck::words::Lang;
use serde_json::{Map, Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Words that a terminal must never see raw.
pub const NASTY: &str = "hi\u{1b}[2J\u{9b}31m\u{202e}";

/// A daemon of a test.
pub struct Daemon {
    pub dir: tempfile::TempDir,
    /// Commands as they reach the engine.
    pub commands: mpsc::UnboundedReceiver<(Operator, Command)>,
    pub lines: Arc<Lines>,
    stop: CancellationToken,
    served: JoinHandle<std::io::Result<()>>,
}

impl Daemon {
    pub async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let listener = socket::listen(dir.path()).unwrap();
        let (handle, Ends { requests, snapshots, lines, placed: _placed }) = Handle::pair(8);
        let (told, commands) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            answer(requests, told).await;
            drop(snapshots);
        });
        let stop = CancellationToken::new();
        let doors = Doors::new(handle, dir.path(), stop.clone());
        let served = tokio::spawn(serve(listener, doors));
        Self { dir, commands, lines: Arc::new(lines), stop, served }
    }

    pub fn data(&self) -> &Path {
        self.dir.path()
    }

    pub async fn connect(&self) -> Connection {
        Connection { stream: BufReader::new(UnixStream::connect(socket::path(self.data())).await.unwrap()) }
    }

    /// One question on a connection of its own.
    pub async fn ask(&self, verb: &str, arguments: Value, json: bool) -> Map<String, Value> {
        let mut connection = self.connect().await;
        connection.say(&Hello::ctl(Lang::Zh)).await;
        connection.ask(verb, arguments, json).await;
        connection.hear().await.unwrap()
    }

    pub async fn stop(self) {
        self.stop.cancel();
        self.served.await.unwrap().unwrap();
        assert!(!socket::path(self.dir.path()).exists(), "the socket goes with the daemon");
    }
}

pub struct Connection {
    pub stream: BufReader<UnixStream>,
}

impl Connection {
    pub async fn raw(&mut self, bytes: &[u8]) {
        // The daemon may have closed already, with its reason on the way.
        let _ = self.stream.get_mut().write_all(bytes).await;
    }

    pub async fn say(&mut self, value: &impl serde::Serialize) {
        let mut line = serde_json::to_vec(value).unwrap();
        line.push(b'\n');
        self.raw(&line).await;
    }

    pub async fn ask(&mut self, verb: &str, arguments: Value, json: bool) {
        let Value::Object(arguments) = arguments else { panic!("arguments are an object") };
        self.say(&Ask { verb: verb.into(), arguments, json }).await;
    }

    /// The next line, or nothing when the daemon closed. Fails the test instead of hanging.
    pub async fn hear(&mut self) -> Option<Map<String, Value>> {
        let mut line = String::new();
        let read = tokio::time::timeout(Duration::from_secs(20), self.stream.read_line(&mut line)).await;
        if read.expect("an answer").unwrap_or(0) == 0 {
            return None;
        }
        assert!(Text::from(line.as_str()).hazards().is_empty(), "{line:?}");
        Some(serde_json::from_str(&line).unwrap())
    }
}

async fn answer(mut requests: mpsc::Receiver<Request>, told: mpsc::UnboundedSender<(Operator, Command)>) {
    while let Some(request) = requests.recv().await {
        match request {
            Request::Snapshot { reply } => {
                let _ = reply.send(Arc::new(snapshot()));
            }
            Request::Measures { reply } => {
                let _ = reply.send((Arc::new(snapshot()), Box::default()));
            }
            Request::Query { query, reply } => {
                let _ = reply.send(page(query));
            }
            Request::Command { operator, command, reply, .. } => {
                let result = result(&command);
                let _ = told.send((operator, command));
                let _ = reply.send(result);
            }
        }
    }
}

fn result(command: &Command) -> Result<Done, Refusal> {
    match command {
        Command::Ask { .. } => Ok(Done::Started(Some(Seq(77)))),
        Command::Unblock { .. } => Ok(Done::Already),
        Command::Provider { name, .. } if name != "qwen" => {
            Err(Refusal::UnknownProvider { name: name.clone(), nearest: Some("qwen".into()) })
        }
        Command::Note { text, .. } => Ok(Done::Said(format!("note: {text}"))),
        _ => Ok(Done::Ok),
    }
}

fn page(query: Query) -> Page {
    match query {
        Query::Prompt { .. } => Page::Prompt {
            turns: [Turn { role: TurnRole::User, text: NASTY.into(), pictures: vec![] }].into(),
            provider: "qwen".into(),
            model: "qwen3:8b".into(),
            at: Wall(0),
        },
        Query::Screen { .. } => Page::NotKept,
        // One that is in memory, one that said nothing since the start, and that on a page of its own.
        Query::Chats { before: None, filter, .. } => {
            let wanted = |row: &ChatRow| filter.as_ref().is_none_or(|f| row.id.peer.number().to_string().contains(f));
            let rows = [row(2, chat()), row(1, silent())];
            let more = filter.is_none();
            Page::Chats { chats: rows.into_iter().filter(wanted).take(if more { 1 } else { 2 }).collect(), more }
        }
        Query::Chats { .. } => Page::Chats { chats: vec![row(1, silent())], more: false },
        Query::Alerts { .. } => Page::Alerts(vec![]),
        Query::History { .. } => Page::Lines { lines: vec![line(2, "second"), line(1, NASTY)], more: true },
        Query::Search { text, .. } if text == "broken" => Page::Failed("disk on fire".into()),
        Query::Search { .. } => Page::Lines { lines: vec![], more: false },
        Query::Why { message: Some(404), .. } => Page::Why { line: None, replies: vec![] },
        Query::Why { .. } => Page::Why { line: Some(Box::new(line(1, NASTY))), replies: vec![] },
        Query::Usage { from, to } => {
            assert!(from <= to);
            let row = |provider: &str, cost| Usage {
                day: to,
                provider: provider.into(),
                conversation: chat(),
                user: UserId(5),
                asks: 2,
                input: 100,
                cached: 0,
                output: 50,
                cost,
            };
            Page::Usage(vec![row("qwen", 0.0), row("qwen", 0.0), row("deepseek", 1.5)])
        }
        Query::Audit { .. } => Page::Audit(vec![Audit {
            at: Wall(1_700_000_000_000),
            operator: Text::from("li"),
            command: "allow group_123".into(),
            result: "ok".into(),
        }]),
    }
}

pub fn chat() -> ConversationId {
    ConversationId { account: SelfId(10001), peer: Peer::Group(GroupId(123)) }
}

/// On record, and not in memory.
pub fn silent() -> ConversationId {
    ConversationId { account: SelfId(10001), peer: Peer::Group(GroupId(456)) }
}

fn row(seq: u64, id: ConversationId) -> ChatRow {
    let state = ChatState { note: "常客".into(), mode: Some((Mode::Draft, None)), ..ChatState::default() };
    ChatRow { id, state, last: Line { conversation: id, ..line(seq, "hi") } }
}

pub fn line(seq: u64, text: &str) -> Line {
    Line {
        seq: Seq(seq),
        conversation: chat(),
        at: Wall(1_700_000_000_000),
        author: Author::Person { id: UserId(5), name: Text::from(NASTY) },
        text: Text::from(text),
        message: Some(MessageId(-9)),
        others: Vec::new(),
        answers: None,
        pictures: vec![],
        verdict: Some(Verdict::ignore(Gate::Access, Reason::NotAllowed(AccessId::Group(GroupId(123))))),
        outcome: Some(Outcome::Ignored),
        delivery: None,
        making: None,
        recalled: false,
    }
}

pub fn snapshot() -> Snapshot {
    let item = |kind| Arc::new(Item { since: Wall(0), conversation: Some(chat()), kind, expires: None });
    let draft = ItemKind::Draft { answers: Seq(1), text: NASTY.into(), making: Arc::default(), suggestion: false };
    let view = ChatView {
        id: chat(),
        state: ChatState { name: Text::from("测试群"), ..ChatState::default() },
        mode: Mode::Auto,
        persona: "客服".into(),
        provider: None,
        claim: None,
        window: None,
        today: ChatToday::default(),
        tail: vec![Arc::new(line(1, NASTY))],
        writing: vec![],
        queued: 1,
        last: Seq(1),
    };
    Snapshot {
        version: 1,
        instance: "home".into(),
        accounts: vec![AccountView {
            id: SelfId(10001),
            nickname: Text::from(NASTY),
            connected: true,
            online: Some(true),
            reason: Text::default(),
            app: AppKind::Napcat,
            adapter: Text::from("NapCat 4.8"),
            peer: "127.0.0.1:5000".into(),
            since: Wall(0),
            groups: Arc::default(),
            muted: Vec::new(),
            last_event: Wall(0),
            restarting: false,
        }],
        providers: vec![ProviderView {
            name: "qwen".into(),
            model: "qwen3:8b".into(),
            kind: "ollama".into(),
            tier: 0,
            state: ProviderState::Ready,
            failure: None,
            retry_at: None,
            inflight: 1,
            queued: 0,
            ttft_p50: Some(Duration::from_millis(412)),
            latency: ProviderLatency::default(),
            version: Some("0.33.0".into()),
            resident: None,
            balance: None,
        }],
        chats: [(chat(), Arc::new(view))].into_iter().collect(),
        attention: vec![(ItemId(3), item(draft)), (ItemId(4), item(ItemKind::Paused))],
        counters: Counters { received: 10, replied: 7, ..Counters::default() },
        outbox: 2,
        ..Snapshot::default()
    }
}

/// Arguments with which a verb succeeds.
pub fn sample(verb: &str) -> Value {
    match verb {
        "send" | "ask" | "note" => json!({"chat": "group:123", "text": "你好"}),
        "set" => json!({"chat": "group:123", "setting": "reply.at_sender = true"}),
        "mode" => json!({"chat": "group:123@10001", "mode": "manual", "for": "30m"}),
        "recall" | "prompt" => json!({"chat": "group:123", "message": "12"}),
        "correct" => json!({"chat": "group:123", "message": "12", "text": "你好"}),
        "allow" => json!({"id": "group_123", "for": "1h30m", "answer": true}),
        "deny" | "unblock" => json!({"id": "person_5"}),
        "block" => json!({"id": "person_5", "for": "2d"}),
        "approve" => json!({"item": "#3", "text": "better"}),
        "reject" | "accept" => json!({"item": "3"}),
        "ack" => json!({"alert": "#7"}),
        "kick" => json!({"session": "1"}),
        "refuse" => json!({"item": 3, "reason": "no"}),
        "provider" => json!({"name": "qwen", "to": "off"}),
        "restart-adapter" => json!({"account": "10001"}),
        "word" => json!({"to": "add", "word": "坏词"}),
        "search" => json!({"text": "带 伞"}),
        "usage" => json!({"by": "provider", "days": "7"}),
        "silence" => json!({"rule": "ws_disconnected{account=10001}", "time": "1h", "reason": "换机器"}),
        "unsilence" => json!({"rule": "vram_high"}),
        "notify" => json!({"what": "test"}),
        "persona" | "model" => json!({"chat": "group:123", "name": "x"}),
        "history" => json!({"chat": "group:123", "since": "2h", "until": "2099-01-01", "limit": "5"}),
        "export" => json!({"what": "group:123", "format": "csv"}),
        "why" | "get" | "answer" | "retry" | "stop" | "new" | "resume" | "claim" | "release" => {
            json!({"chat": "group:123"})
        }
        _ => json!({}),
    }
}
