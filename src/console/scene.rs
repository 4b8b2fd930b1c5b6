//! A small town to look at: the fixture of screen tests. Times are fixed, so that a picture never changes by itself.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::*;

/// 2025-11-21 23:14:20 in China.
pub const NOW: Now = Now { mono: Mono(1_000_000_000), wall: Wall(1_763_738_060_000), offset: 8 * 3600 };

const BOT: SelfId = SelfId(10001);

fn group(n: i64) -> ConversationId {
    ConversationId { account: BOT, peer: Peer::Group(GroupId(n)) }
}

fn private(n: i64) -> ConversationId {
    ConversationId { account: BOT, peer: Peer::Private(UserId(n)) }
}

fn at(seconds_ago: u64) -> Wall {
    NOW.wall - Duration::from_secs(seconds_ago)
}

fn line(seq: u64, id: ConversationId, ago: u64, author: Author, text: &str) -> Line {
    Line {
        seq: Seq(seq),
        conversation: id,
        at: at(ago),
        author,
        text: Text::from(text),
        message: Some(MessageId(seq as i64)),
        others: Vec::new(),
        answers: None,
        pictures: Vec::new(),
        verdict: None,
        outcome: None,
        delivery: None,
        making: None,
        recalled: false,
    }
}

fn person(id: i64, name: &str) -> Author {
    Author::Person { id: UserId(id), name: Text::from(name) }
}

fn asked(mut line: Line, reason: Reason) -> Arc<Line> {
    line.verdict = Some(Verdict::reply(Gate::Trigger, reason));
    line.outcome = Some(Outcome::Replied);
    Arc::new(line)
}

fn ignored(mut line: Line, gate: Gate, reason: Reason) -> Arc<Line> {
    line.verdict = Some(Verdict::ignore(gate, reason));
    line.outcome = Some(Outcome::Ignored);
    Arc::new(line)
}

fn reply(mut line: Line, answers: u64, provider: &str, total: u64, tokens: u32) -> Arc<Line> {
    line.answers = Some(Seq(answers));
    line.delivery = Some(PartState::Sent);
    line.making = Some(Arc::new(Making {
        provider: provider.into(),
        model: "qwen3:8b".into(),
        first_text: Some(Duration::from_millis(420)),
        total: Duration::from_millis(total),
        tokens: Tokens { input: Some(1820), cached: Some(900), output: Some(tokens) },
        tokens_per_second: Some(41.0),
        cost: 0.0012,
        window: (12, 3),
        ..Making::default()
    }));
    Arc::new(line)
}

fn chat(id: ConversationId, name: &str, tail: Vec<Arc<Line>>) -> ChatView {
    ChatView {
        id,
        state: ChatState { name: Text::from(name), ..ChatState::default() },
        mode: Mode::Auto,
        persona: "客服".into(),
        provider: None,
        claim: None,
        window: Some(ChatWindow { lines: 12, of: 20, tokens: 1900, room: 6000 }),
        today: ChatToday { cost: 0.11, input: 21_000, output: 4_200 },
        last: tail.last().map_or(Seq(0), |l| l.seq),
        tail,
        writing: Vec::new(),
        queued: 0,
    }
}

/// The town's snapshot.
pub fn town() -> Arc<Snapshot> {
    let test = group(123_456);
    let weather = vec![
        ignored(line(1, test, 90_000, person(2, "小红"), "昨天好热闹"), Gate::Trigger, Reason::NotTriggered),
        ignored(line(10, test, 190, person(2, "小红"), "[图片] 今天好冷"), Gate::Trigger, Reason::NotTriggered),
        asked(
            line(
                11,
                test,
                130,
                person(3, "小明"),
                "@小助手 明天要带伞吗？我要去上海出差，早上八点的高铁，晚上十一点才到家，行李已经很多了",
            ),
            Reason::Mentioned,
        ),
        reply(
            line(
                12,
                test,
                126,
                Author::Bot,
                "明天上海多云转小雨，下午三点以后降水概率 70%，建议带一把折叠伞；早上出门时大概率不用撑开。",
            ),
            11,
            "qwen3",
            1300,
            212,
        ),
        ignored(line(13, test, 70, person(4, "老王"), "@小助手 你这个……"), Gate::Moderation, Reason::Word(0)),
        asked(line(14, test, 20, person(3, "小明"), "@小助手 那后天呢？"), Reason::Mentioned),
    ];
    let mut test_chat = chat(test, "测试群", weather);
    test_chat.writing = vec![Writing {
        answers: Seq(14),
        provider: "qwen3".into(),
        text: "后天转晴，最高气温十二度，".into(),
        since: at(2),
        queued: Duration::ZERO,
        first_text: Some(Duration::from_millis(400)),
        tokens_per_second: Some(41.0),
    }];
    let wang = private(42);
    let wang_chat = chat(
        wang,
        "王芳",
        vec![asked(line(15, wang, 300, person(42, "王芳"), "我的订单还没发货，能帮我催一下吗？"), Reason::Private)],
    );
    let new = group(777);
    let new_chat = chat(
        new,
        "新群",
        (0..3)
            .map(|n| {
                ignored(
                    line(20 + n, new, 60 - n * 9, person(7, "路人"), "@小助手 在吗"),
                    Gate::Access,
                    Reason::NotAllowed(AccessId::Group(GroupId(777))),
                )
            })
            .collect(),
    );
    let ops = group(888);
    let ops_chat = chat(
        ops,
        "运维群",
        (0..12)
            .map(|n| {
                ignored(
                    line(30 + n, ops, 900 - n * 10, person(8, "阿强"), "CPU 又满了"),
                    Gate::Trigger,
                    Reason::NotTriggered,
                )
            })
            .collect(),
    );
    let fish = group(999);
    let mut fish_chat =
        chat(fish, "水友群", vec![asked(line(50, fish, 1500, person(9, "鱼"), "今晚吃什么"), Reason::Always)]);
    fish_chat.mode = Mode::Manual;
    fish_chat.state.mode = Some((Mode::Manual, Some(NOW.wall + Duration::from_secs(1500))));
    fish_chat.claim = Some(Claim { operator: Text::from("li"), until: NOW.wall + Duration::from_secs(100) });
    let mut book_chat = chat(
        group(1010),
        "读书会",
        vec![ignored(line(51, group(1010), 5000, person(10, "书虫"), "推荐一本"), Gate::Trigger, Reason::ChatMuted)],
    );
    book_chat.mode = Mode::Muted;

    let mut chats = Chats::default();
    for view in [test_chat, wang_chat, new_chat, ops_chat, fish_chat, book_chat] {
        chats.insert(view.id, Arc::new(view));
    }
    let making = Arc::new(Making { provider: "qwen3".into(), ..Making::default() });
    let item = |n: u64, ago: u64, conversation, kind| {
        (ItemId(n), Arc::new(Item { since: at(ago), conversation, kind, expires: None }))
    };
    let request = Request {
        account: BOT,
        kind: RequestKind::Friend,
        user: UserId(555),
        flag: "f".into(),
        comment: Text::from("我是张三"),
        time: 0,
    };
    Arc::new(Snapshot {
        version: 1,
        now: NOW,
        instance: "home".into(),
        accounts: vec![account(BOT, "小助手", true, None), account(SelfId(10002), "客服2", true, Some("被踢下线"))],
        providers: vec![
            provider("qwen3", "qwen3:8b", ProviderState::Ready, None),
            provider("deepseek", "deepseek-chat", ProviderState::Aside, Some("余额不足")),
        ],
        chats,
        attention: vec![
            item(
                1,
                250,
                Some(wang),
                ItemKind::Draft {
                    answers: Seq(15),
                    text: "您好，已经为您催促仓库，今晚发出。".into(),
                    making,
                    suggestion: false,
                },
            ),
            item(2, 100, Some(test), ItemKind::Handover { line: Seq(11) }),
            item(3, 60, None, ItemKind::Request(request)),
        ],
        alerts: Arc::default(),
        silences: Arc::default(),
        grants: Vec::new(),
        counters: Counters { received: 512, replied: 201, ..Counters::default() },
        latency: latency(),
        gauges: Some(Arc::new(gauges())),
        trends: Arc::new(trends()),
        refused: RefusedLinks::default(),
        outbox: 0,
        queued: 0,
        inflight: 1,
        today: Today { asks: 201, input: 350_000, output: 60_000, cost: 0.83 },
        unrecorded: false,
        stopping: false,
    })
}

/// The same town on a bad day: what fires, is known, silenced, covered, may fire, and is over.
pub fn alarms() -> Arc<Snapshot> {
    let shipped = crate::config::Rule::shipped();
    let alert = |id: u64, rule: &str, subject: Subject, name: &str, ago: u64, detail: Detail| {
        let rule = shipped.iter().find(|r| r.name == rule).cloned().unwrap_or_else(|| shipped[0].clone());
        let alert = Alert {
            id: AlertId(id),
            rule: rule.name.as_str().into(),
            metric: rule.metric,
            subject,
            name: Text::from(name),
            severity: rule.severity,
            state: AlertState::Firing,
            since: at(ago),
            fired: Some(at(ago)),
            until: None,
            lasted: Duration::ZERO,
            value: 1.0,
            peak: 1.0,
            threshold: rule.threshold,
            detail,
            no_data: false,
            flapping: false,
            acked: None,
            told: Vec::new(),
            done: false,
        };
        AlertView { alert, silenced: None, inhibited: None, quiet: false }
    };
    let told = |to: &str, what, ago, fault| Told { to: to.into(), what, at: at(ago), fault, before: None };
    let mut down = alert(7, "ws_disconnected", Subject::Account(BOT), "小助手", 480, Detail::Said("1006".into()));
    down.alert.told = vec![
        told("bark", ToldWhat::Firing, 470, None),
        told("webhook", ToldWhat::Firing, 470, Some(NotifyFault::Unreachable("connection refused".into()))),
    ];
    let key = ProviderError::Auth("Authentication Fails (invalid api key)".into());
    let mut aside =
        alert(5, "provider_aside", Subject::Provider("deepseek".into()), "deepseek", 3000, Detail::Provider(key));
    aside.alert.acked = Some("li".into());
    let slow = Detail::Slow { stage: SlowStage::Load, share: 83 };
    let mut latency = alert(8, "reply_latency_high", Subject::Account(BOT), "小助手", 300, slow);
    (latency.alert.value, latency.alert.peak) = (4.2, 9.7);
    latency.inhibited = Some("ws_disconnected".into());
    let memory = Detail::Memory {
        used: 23_700_000_000,
        total: 25_200_000_000,
        foreign: vec![("GenshinImpact.exe".into(), 4_500_000_000), ("chrome".into(), 300_000_000)],
        spilled: vec!["qwen3".into()],
    };
    let mut vram = alert(6, "vram_high", Subject::Gpu(0), "NVIDIA GeForce RTX 4090", 900, memory);
    (vram.alert.value, vram.alert.peak) = (94.0, 97.2);
    vram.silenced = Some((NOW.wall + Duration::from_secs(5400), "zhang".into()));
    let mut pending = alert(9, "vram_high", Subject::Gpu(1), "NVIDIA GeForce RTX 3060", 12, Detail::None);
    (pending.alert.value, pending.alert.state, pending.alert.fired) = (91.3, AlertState::Pending, None);
    let errors = Detail::Errors { answers: 4, sends: 3, panics: 0, storage: 0 };
    let mut burst = alert(4, "error_burst", Subject::Bot, "", 7200, errors);
    (burst.alert.state, burst.alert.until) = (AlertState::Resolved, Some(at(6700)));
    (burst.alert.lasted, burst.alert.peak) = (Duration::from_secs(500), 7.0);
    let mut snap = (*town()).clone();
    snap.alerts = Arc::new(vec![down, aside, latency, vram, pending, burst]);
    Arc::new(snap)
}

/// A group in which everything odd was said.
pub fn oddities() -> Arc<Snapshot> {
    let id = group(31_337);
    let long = "一条很长很长的消息，".repeat(136);
    let said = [
        (person(61, "一个特别特别长的昵称连着写也不换行的那种人"), "你好"),
        (person(62, "👨‍👩‍👧‍👦🏳️‍🌈"), "家庭 👨‍👩‍👧‍👦 旗 🏳️‍🌈 手 👍🏽 国 🇨🇳 键 1️⃣ 完"),
        (person(63, "محمد"), "abc \u{202e}gnp.exe\u{202c} \u{1b}[31m红\u{7} שלום"),
        (person(64, "换行"), "\n\n\n\n"),
        (person(65, "e\u{301}\u{302}\u{303}\u{304}"), "Zalgo: h\u{300}\u{301}\u{302}\u{303}e\u{300}\u{301} ok"),
        (
            person(66, ""),
            "https://example.com/a/very/long/path/without/any/break/in/it/at/all?and=a&query=that&goes=on&and=on",
        ),
        (person(67, "tab"), "a\tb\tc　全角空格　完"),
        (person(68, "长"), long.as_str()),
    ];
    let mut tail: Vec<Arc<Line>> = said
        .into_iter()
        .enumerate()
        .map(|(n, (who, text))| {
            ignored(line(60 + n as u64, id, 90 - n as u64, who, text), Gate::Moderation, Reason::Word(0))
        })
        .collect();
    let mut answer = line(80, id, 5, Author::Bot, "好。");
    answer.delivery = Some(PartState::Unknown);
    answer.making = Some(Arc::new(Making {
        provider: "一个名字很长的模型服务商".into(),
        total: Duration::from_secs(75),
        cut: true,
        ..Making::default()
    }));
    tail.push(Arc::new(answer));
    let mut snap = (*town()).clone();
    snap.chats = Chats::default();
    snap.attention.clear();
    snap.chats.insert(id, Arc::new(chat(id, "🎉名字里有表情而且很长很长很长的群🎉", tail)));
    Arc::new(snap)
}

fn latency() -> Latency {
    let p = |a, b, c| Percentiles {
        p50: Some(Duration::from_millis(a)),
        p95: Some(Duration::from_millis(b)),
        p99: Some(Duration::from_millis(c)),
    };
    Latency {
        queue: p(2, 9, 40),
        load: p(2100, 2300, 2300),
        first_text: p(410, 620, 1900),
        generation: p(1200, 4100, 9000),
        per_token: p(24, 71, 90),
        send: p(80, 120, 300),
        total: p(1700, 4800, 11_000),
    }
}

fn account(id: SelfId, name: &str, connected: bool, trouble: Option<&str>) -> AccountView {
    AccountView {
        id,
        nickname: Text::from(name),
        connected,
        online: Some(trouble.is_none()),
        reason: Text::from(trouble.unwrap_or_default()),
        app: AppKind::Napcat,
        adapter: Text::from("NapCat.Onebot 4.8.1"),
        peer: "127.0.0.1:50412".into(),
        since: at(480),
        groups: Arc::new(vec![(GroupId(123_456), Text::from("测试群")), (GroupId(777), Text::from("新群"))]),
        muted: Vec::new(),
        last_event: at(20),
        restarting: false,
    }
}

fn provider(name: &str, model: &str, state: ProviderState, words: Option<&str>) -> ProviderView {
    ProviderView {
        name: name.into(),
        model: model.into(),
        kind: "ollama".into(),
        tier: 0,
        state,
        words: words.map(str::to_owned),
        retry_at: None,
        inflight: usize::from(state == ProviderState::Ready),
        queued: 0,
        ttft_p50: (state == ProviderState::Ready).then(|| Duration::from_millis(410)),
        latency: ProviderLatency::default(),
        version: None,
        resident: (state == ProviderState::Ready).then_some(Residency {
            loaded: true,
            size: 6_100_000_000,
            size_vram: 6_100_000_000,
            expires: None,
            context: Some(8192),
        }),
        balance: (state == ProviderState::Aside).then(|| "¥0.00".into()),
    }
}

/// Lines of the log of the last minutes, and one of the day before.
pub fn log() -> LogNews {
    use LogLevel::{Debug, Error, Info, Warn};
    let lines = [
        (90_000, Info, "qqdeck::runtime::links", "listening for QQ adapters address=127.0.0.1:2280"),
        (900, Info, "qqdeck::adapter::link", "link open peer=127.0.0.1:50512 link=7"),
        (
            890,
            Info,
            "qqdeck::runtime::driver",
            "account is up account=10001 adapter=\"NapCat 4.8.90\" peer=127.0.0.1:50512",
        ),
        (600, Debug, "hyper::client::pool", "reuse idle connection for http://127.0.0.1:11434"),
        (
            480,
            Warn,
            "qqdeck::runtime::driver",
            "link is down account=10002 reason=\"Kicked: 另一台设备登录\" others_left=0",
        ),
        (
            300,
            Error,
            "qqdeck::store",
            "the store cannot write: database or disk is full (code 13) batches=3 path=/var/lib/qqdeck/qqdeck.db 最早的一批在 23:09:20 等着，磁盘空出来之后会补写",
        ),
        (299, Info, "qqdeck::store", "the store writes again; 0 rows were given up meanwhile"),
        (60, Warn, "qqdeck::adapter::server", "connection refused peer=203.0.113.9:40112 cause=\"wrong token ␛[2J\""),
        (20, Info, "qqdeck::serve::connection", "a session at the console ended operator=li bye=Detached"),
    ];
    let line = |(n, (ago, level, target, text)): (usize, &(u64, LogLevel, &str, &str))| {
        let (target, text) = ((*target).into(), (*text).into());
        Arc::new(LogLine { seq: n as u64 + 1, at: at(*ago), level: *level, target, text })
    };
    let lines: Vec<_> = lines.iter().enumerate().map(line).collect();
    LogNews { last: lines.len() as u64, lines, ..LogNews::default() }
}

/// Who did what.
pub fn audit() -> Vec<Audit> {
    let row = |(ago, who, command, result): &(u64, &str, Command, &str)| Audit {
        at: at(*ago),
        operator: Text::from(*who),
        command: serde_json::to_string(command).unwrap_or_default(),
        result: (*result).into(),
    };
    let chat = ChatRef { peer: Peer::Group(GroupId(123_456)), account: Some(BOT) };
    let rows = [
        (30, "zhang", Command::Approve { item: ItemId(1), text: None }, "ok"),
        (90, "zhang", Command::Send { chat, text: "好的，马上来看。".into(), quote: None, at: Vec::new() }, "ok"),
        (200, "li", Command::Allow { id: AccessId::Group(GroupId(777)), during: None, answer: false }, "role"),
        (4000, "zhang", Command::Mode { chat, mode: Some(Mode::Manual), during: None }, "already"),
        (9000, "QQ 5", Command::Provider { name: "deepseek".into(), to: ProviderSwitch::Reset }, "unknown_provider"),
    ];
    rows.iter().map(row).collect()
}

/// A card with a model and a game on it.
fn gauges() -> Gauges {
    let process = |pid, name: &str, memory, model| GpuProcess { pid, name: name.into(), memory: Some(memory), model };
    let gpu = Gpu {
        name: "NVIDIA GeForce RTX 3060 Ti".into(),
        total: Some(8 << 30),
        used: Some(7_645_000_000),
        busy: Some(64),
        temperature: Some(67),
        slowdown_at: Some(83),
        power: Some(152_000),
        power_limit: Some(200_000),
        throttled: vec![Throttle::Power],
        processes: vec![process(1201, "ollama", 6_100_000_000, true), process(2405, "game.exe", 1_400_000_000, false)],
        ..Gpu::default()
    };
    let host = Host {
        cpu: Some(25.0),
        memory_total: 32 << 30,
        memory_used: 11 << 30,
        disk_total: Some(500 << 30),
        disk_free: Some(120 << 30),
        own_memory: 21 << 20,
        own_cpu: Some(0.0),
    };
    Gauges { gpus: vec![gpu], no_gpu: None, host, simulated: false }
}

/// A quarter of an hour that was not measured from beginning to end.
fn trends() -> Trends {
    let wave = |low: f32, high: f32| -> Curve {
        (0..POINTS)
            .map(|n| (!(20..28).contains(&n)).then_some(low + (high - low) * ((n * 7 % 20) as f32 / 20.0)))
            .collect()
    };
    let curves = || Curves {
        first_text: wave(0.3, 1.9),
        speed: wave(31.0, 44.0),
        queue: vec![Some(0.0); POINTS],
        memory: wave(70.0, 89.0),
        busy: wave(0.0, 98.0),
        messages: wave(2.0, 30.0),
    };
    Trends { minute: curves(), quarter: curves(), hours: Curves::default() }
}
