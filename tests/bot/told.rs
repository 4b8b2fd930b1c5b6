//! Each fault that an operator must hear of, at each kind of destination: one message when it begins, one when it is
//! over, and none besides.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use qqdeck::simulator::{Adapter, Dialect, DropStyle, Fault, FaultMix, ModelSettings, Side};
use rustix::process::Signal;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};

use super::endpoint::{Asked, Endpoint, Play, destination, fine};
use super::harness::*;

/// Our other account, which can tell of the first one's trouble.
const OTHER: i64 = 10_002;
/// The admin.
const ADMIN: i64 = 900;
/// Somewhere that nobody listens.
const NOWHERE: &str = "ws://127.0.0.1:9/ws";

/// The rules that ship; changes are told at once, and a window is over soon.
fn rules() -> String {
    let soon = "keep_firing = \"0s\"\n";
    [
        "[telemetry]\nidle_interval = \"1s\"\n".to_owned(),
        at_once(&["ws_disconnected", "account_offline", "provider_aside"]),
        at_once(&["reply_latency_high"]) + "threshold = \"200ms\"\nwindow = \"1s\"\nmin_samples = 1\n" + soon,
        at_once(&["vram_high"]) + "for = \"0s\"\n" + soon,
        at_once(&["error_burst"]) + "window = \"5m\"\n",
    ]
    .concat()
}

/// What the service at an address says when all is well.
fn yes(target: &str) -> Play {
    Play::say(200, fine(kind(target)))
}

fn kind(target: &str) -> &'static str {
    match target.split('?').next().unwrap_or_default() {
        "/push" => "bark",
        "/SCTkey.send" => "serverchan",
        "/wecom" => "wecom",
        "/dingtalk" => "dingtalk",
        "/feishu" => "feishu",
        "/" => "ntfy",
        "/hook" => "webhook",
        other => panic!("{other} is nobody's address"),
    }
}

/// What people read of a request.
fn read(asked: &Asked) -> String {
    let json = asked.json();
    let text = match kind(&asked.target) {
        "bark" => &json["body"],
        "serverchan" => &json["desp"],
        "wecom" | "dingtalk" => &json["text"]["content"],
        "feishu" => &json["content"]["text"],
        "ntfy" => &json["message"],
        _ => &json["commonAnnotations"]["description"],
    };
    text.as_str().unwrap_or_else(|| panic!("{json}")).to_owned()
}

/// A mail server that takes everything, and tells the text of each letter.
async fn mailbox() -> (u16, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, letters) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let tell = tell.clone();
            tokio::spawn(async move { take(socket, &tell).await });
        }
    });
    (port, letters)
}

async fn take(socket: TcpStream, tell: &mpsc::UnboundedSender<String>) -> std::io::Result<()> {
    let mut socket = BufReader::new(socket);
    let (mut line, mut letter, mut in_letter) = (String::new(), String::new(), false);
    socket.write_all(b"220 mail.test\r\n").await?;
    while socket.read_line(&mut line).await? > 0 {
        let said = match line.trim_end() {
            "." if in_letter => {
                in_letter = false;
                let _ = tell.send(text_of(&std::mem::take(&mut letter)));
                "250 queued"
            }
            _ if in_letter => {
                letter.push_str(&line);
                ""
            }
            "DATA" => {
                in_letter = true;
                "354 go on"
            }
            "QUIT" => "221 bye",
            _ => "250 ok",
        };
        if !said.is_empty() {
            socket.write_all(format!("{said}\r\n").as_bytes()).await?;
        }
        line.clear();
    }
    Ok(())
}

fn text_of(letter: &str) -> String {
    let (headers, body) = letter.split_once("\r\n\r\n").unwrap();
    let headers = headers.to_lowercase();
    let coded = |how: &str| headers.contains(&format!("content-transfer-encoding: {how}"));
    let text = match () {
        () if coded("base64") => STANDARD.decode(body.replace("\r\n", "")).unwrap(),
        () if coded("quoted-printable") => unquoted(body.trim_end()),
        () => body.trim_end().as_bytes().to_vec(),
    };
    String::from_utf8(text).unwrap()
}

/// Quoted-printable: `=E6` is a byte, a line's last `=` joins it with the next.
fn unquoted(text: &str) -> Vec<u8> {
    let joined = text.replace("=\r\n", "");
    let mut pieces = joined.split('=');
    let mut bytes = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        bytes.push(u8::from_str_radix(&piece[..2], 16).unwrap());
        bytes.extend_from_slice(&piece.as_bytes()[2..]);
    }
    bytes
}

/// All destinations, and what each was told.
struct Town {
    server: Endpoint,
    mail: mpsc::UnboundedReceiver<String>,
    stage: Stage,
    heard: BTreeMap<String, Vec<String>>,
    /// How many messages of each account are in there.
    seen: [usize; 2],
}

impl Town {
    async fn set() -> Self {
        let server = Endpoint::saying([], yes).await;
        let (port, mail) = mailbox().await;
        let everywhere = everywhere(&server, port);
        let mut bot = Bot::prepare("");
        let cards = bot.dir().join("cards.json");
        std::fs::write(&cards, card(10)).unwrap();
        bot.env("QQDECK_CARDS", cards);
        let adapters = vec![reverse(), adapter(OTHER, Dialect::Llonebot, Side::reverse(""))];
        let models = vec![ModelSettings::instant("A"), ModelSettings::instant("B")];
        let stage = Stage::set_for(bot, adapters, models, |sim| {
            let first = provider("first", "openai", &sim.models[0], "");
            format!("{OPEN}{}{everywhere}{first}{}", rules(), provider("spare", "openai", &sim.models[1], "tier = 1"))
        })
        .await;
        Self { server, mail, stage, heard: BTreeMap::new(), seen: [0; 2] }
    }

    fn fault(&self, status: u16) {
        let faults = FaultMix { rate: 1.0, kinds: vec![Fault::Status(status)] };
        self.stage.model().change(|m| m.faults = faults);
    }

    fn mend(&self) {
        self.stage.sim.models.iter().for_each(|model| model.change(|m| m.faults = FaultMix::default()));
    }

    /// Takes in what has come.
    fn listen(&mut self) {
        while let Some(asked) = self.server.next() {
            self.heard.entry(kind(&asked.target).to_owned()).or_default().push(read(&asked));
        }
        while let Ok(letter) = self.mail.try_recv() {
            self.heard.entry("smtp".to_owned()).or_default().push(letter);
        }
        let told = |adapter: &Adapter| {
            let sent = adapter.sent().into_iter().filter(|sent| sent.peer == private(ADMIN));
            sent.map(|sent| sent.text).filter(|text| text.starts_with("[qqdeck] ")).collect::<Vec<_>>()
        };
        // What began is never told through the account in question: the other one spoke first.
        for at in [1, 0] {
            let told = told(&self.stage.sim.adapters[at]);
            self.heard.entry("qq".to_owned()).or_default().extend_from_slice(&told[self.seen[at]..]);
            self.seen[at] = told.len();
        }
    }

    /// Waits until each destination was told so often.
    async fn hear(&mut self, count: usize) {
        let begun = std::time::Instant::now();
        loop {
            self.listen();
            if self.heard.len() == KINDS && self.heard.values().all(|texts| texts.len() >= count) {
                return;
            }
            assert!(begun.elapsed() < DEADLINE, "waited in vain for {count} each: {:#?}", self.heard);
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
    }

    /// Nothing else was told, also not at the end. `begins` stands in the first message, `over` in the second.
    async fn end(mut self, begins: &str, over: &[&str]) {
        self.hear(2).await;
        assert_eq!(self.stage.bot.terminate().await, Some(0));
        self.listen();
        for (kind, texts) in &self.heard {
            // Markdown has its own way to write them.
            let texts: Vec<String> = texts.iter().map(|text| text.replace('\\', "")).collect();
            let [first, second] = &texts[..] else { panic!("{kind} was told {texts:#?}") };
            assert!(first.contains(begins) && !first.contains("over: "), "{kind}: {first}");
            let ends = ["over: ", ", after "].iter().chain(over).all(|words| second.contains(words));
            assert!(ends && !second.contains("was: "), "{kind}: {second}");
        }
    }

    /// The account that told the admin of what began.
    fn teller(&self) -> i64 {
        let begins = |text: &str| text.starts_with("[qqdeck] ") && !text.starts_with("[qqdeck] resolved");
        let tells =
            |adapter: &&Adapter| adapter.sent().iter().any(|sent| sent.peer == private(ADMIN) && begins(&sent.text));
        self.stage.sim.adapters.iter().find(tells).expect("somebody told").self_id()
    }
}

/// Kinds of destinations.
const KINDS: usize = 9;

fn everywhere(server: &Endpoint, mail: u16) -> String {
    let url = server.url("");
    let at = |kind: &str, keys: &[(&str, &str)]| destination(kind, keys) + "gap = \"0s\"\n";
    let robot = |kind: &str| at(kind, &[("url", &format!("{url}/{kind}"))]);
    [
        at("qq", &[]),
        at("bark", &[("server", &url), ("key", "k")]),
        at("serverchan", &[("server", &url), ("key", "SCTkey")]),
        robot("wecom"),
        robot("dingtalk"),
        robot("feishu"),
        at("ntfy", &[("server", &url), ("topic", "t")]),
        at("smtp", &[("host", "127.0.0.1"), ("tls", "none"), ("from", "a@b.c"), ("to", "d@e.f")]),
        format!("port = {mail}\n"),
        at("webhook", &[("url", &format!("{url}/hook")), ("secret", "s")]),
    ]
    .concat()
}

/// A card that is so full, mostly by a game.
fn card(percent: u64) -> String {
    let total = 8_u64 << 30;
    let used = total / 100 * percent;
    let game = serde_json::json!({"pid": 7, "name": "game.exe", "memory": used, "model": false});
    serde_json::json!({"gpus": [{"name": "RTX 3060", "total": total, "used": used, "processes": [game]}]}).to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_adapter_that_is_gone() {
    let mut town = Town::set().await;
    town.stage.adapter().dial(NOWHERE);
    town.stage.adapter().drop_links(DropStyle::Close).await;
    town.hear(1).await;
    assert_eq!(town.teller(), OTHER, "never through the account in question");
    town.stage.adapter().dial(town.stage.bot.url());
    town.end("the adapter of 机器人 (10001) is gone", &["the adapter of"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_is_offline_while_its_link_is_up() {
    let mut town = Town::set().await;
    town.stage.adapter().set_online(false, "账号在别处登录").await;
    town.hear(1).await;
    assert_eq!(town.teller(), OTHER, "never through the account in question");
    town.stage.adapter().set_online(true, "").await;
    town.end("is offline at QQ: 账号在别处登录", &["is offline at QQ"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_first_token() {
    let mut town = Town::set().await;
    town.stage.model().change(|m| m.first_token = std::time::Duration::from_millis(400));
    town.stage.write(1, "在吗").await;
    town.hear(1).await;
    assert_eq!(town.teller(), OTHER, "never through the account in question");
    town.end("answers slowly", &["answers slowly", ", at worst "]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn six_errors_in_five_minutes() {
    let mut town = Town::set().await;
    let faults = FaultMix { rate: 1.0, kinds: vec![Fault::Status(400)] };
    town.stage.sim.models.iter().for_each(|model| model.change(|m| m.faults = faults.clone()));
    for user in 10..15 {
        town.stage.write(user, "在吗").await;
    }
    town.stage.bot.until(&["status"], |s| s["counters"]["failed"] == 5).await;
    town.listen();
    let told: usize = town.heard.values().map(Vec::len).sum();
    assert_eq!(told, 0, "five are silent: {:?}", town.heard);
    town.stage.write(15, "在吗").await;
    town.hear(1).await;
    town.mend();
    // Five minutes that pass in a second.
    let shorter = town.stage.bot.configured().replace("window = \"5m\"", "window = \"1s\"");
    town.stage.bot.configure(&shorter);
    town.stage.bot.signal(Signal::HUP);
    town.end("too many errors: 6, threshold 5; unanswered 6", &["too many errors", ", at worst 6"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_key() {
    let mut town = Town::set().await;
    town.fault(401);
    town.stage.write(1, "在吗").await;
    town.hear(1).await;
    town.mend();
    assert_eq!(town.stage.bot.ctl(&["provider", "first", "reset"]).await.code, 0);
    town.end("the provider first is set aside", &["the provider first is set aside"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_card_at_95_per_cent() {
    let mut town = Town::set().await;
    let cards = town.stage.bot.dir().join("cards.json");
    std::fs::write(&cards, card(95)).unwrap();
    town.hear(1).await;
    std::fs::write(&cards, card(10)).unwrap();
    town.end("GPU 0 RTX 3060 is nearly full: 95.0%, threshold 90.0%", &["RTX 3060", ", at worst 95.0%"]).await;
}

/// One webhook that hears of a lost adapter.
async fn hook(plays: impl IntoIterator<Item = Play>) -> (Endpoint, Stage) {
    let server = Endpoint::saying(plays, yes).await;
    let to = destination("webhook", &[("url", &server.url("/hook"))]);
    (server, Stage::small(&format!("{OPEN}{}{to}", rules())).await)
}

async fn lose_adapter(stage: &Stage) {
    stage.adapter().dial(NOWHERE);
    stage.adapter().drop_links(DropStyle::Close).await;
}

/// The states that the rest of the requests tell.
fn states(server: &mut Endpoint) -> Vec<Value> {
    std::iter::from_fn(|| server.next()).map(|asked| asked.json()["status"].clone()).collect()
}

fn told(what: &'static str, arrived: bool) -> impl Fn(&Value) -> bool {
    move |v| {
        let alerts = v["alerts"].as_array().unwrap();
        alerts.iter().any(|a| a["told"][0]["what"] == what && a["told"][0]["arrived"] == arrived)
    }
}

fn arrived(what: &'static str) -> impl Fn(&Value) -> bool {
    told(what, true)
}

fn on_its_way(what: &'static str) -> impl Fn(&Value) -> bool {
    told(what, false)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_on_its_way_when_the_bot_was_killed_is_told_by_the_next_one() {
    let (mut server, mut stage) = hook([Play::Silence]).await;
    let kept = ["alerts", "--history", "1"];
    lose_adapter(&stage).await;
    assert_eq!(server.asked().await.json()["status"], "firing");
    stage.bot.until(&kept, on_its_way("firing")).await;
    stage.bot.kill9().await;
    stage.bot.restart().await;
    assert_eq!(server.asked().await.json()["status"], "firing", "nobody knows that it arrived");
    stage.bot.until(&["alerts"], arrived("firing")).await;

    // Now that it is over: the same.
    server.then(Play::Silence);
    stage.connect().await;
    assert_eq!(server.asked().await.json()["status"], "resolved");
    stage.bot.until(&kept, on_its_way("resolved")).await;
    stage.bot.kill9().await;
    stage.again().await;
    assert_eq!(server.asked().await.json()["status"], "resolved");
    stage.bot.until(&kept, arrived("resolved")).await;
    stage.bot.kill9().await;
    stage.again().await;
    assert_eq!(stage.bot.terminate().await, Some(0));
    assert_eq!(states(&mut server), [""; 0], "and no third time");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_arrives_while_the_bot_stops_is_not_told_again() {
    let (go, gate) = oneshot::channel();
    let (mut server, mut stage) = hook([Play::Wait(gate, 200, String::new())]).await;
    lose_adapter(&stage).await;
    assert_eq!(server.asked().await.json()["status"], "firing");
    stage.bot.signal(Signal::TERM);
    // Once nobody is let in any more, the engine has stopped.
    let url = stage.bot.url();
    let address = url.trim_start_matches("ws://").trim_end_matches("/ws");
    eventually("a closed door", async || TcpStream::connect(address).await.err()).await;
    go.send(()).unwrap();
    assert_eq!(stage.bot.end().await.code(), Some(0));
    stage.bot.restart().await;
    stage.bot.until(&["alerts"], arrived("firing")).await;
    stage.connect().await;
    stage.bot.until(&["alerts"], arrived("resolved")).await;
    assert_eq!(stage.bot.terminate().await, Some(0));
    assert_eq!(states(&mut server), ["resolved"]);
}
