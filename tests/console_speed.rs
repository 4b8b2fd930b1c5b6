//! How long one key and one snapshot take with ten thousand chats. Ignored: a release build on a quiet machine tells.
//! `cargo test --release --test console_speed -- --ignored --nocapture`

use std::sync::Arc;
use std::time::{Duration, Instant};

use qqdeck::console::{Console, Depth, News, Settings};
use qqdeck::domain::*;
use qqdeck::words::Lang;

const NOW: Now = Now { mono: Mono(1_000_000_000), wall: Wall(1_763_738_060_000), offset: 8 * 3600 };
/// A frame at 60 Hz.
const MOST: Duration = Duration::from_millis(16);

fn id(n: i64) -> ConversationId {
    ConversationId { account: SelfId(10001), peer: Peer::Group(GroupId(n)) }
}

fn line(seq: u64, id: ConversationId) -> Arc<Line> {
    Arc::new(Line {
        seq: Seq(seq),
        conversation: id,
        at: Wall(NOW.wall.0 - 1000 * (20_000 - seq as i64 % 20_000)),
        author: Author::Person { id: UserId(seq as i64 % 50), name: Text::from("小明") },
        text: Text::from(format!("第{seq}句，不长也不短，说说今天的天气和晚饭").as_str()),
        message: None,
        others: Vec::new(),
        answers: None,
        pictures: Vec::new(),
        verdict: Some(Verdict::ignore(Gate::Access, Reason::NotAllowed(AccessId::Group(GroupId(1))))),
        outcome: Some(Outcome::Ignored),
        delivery: None,
        making: None,
        recalled: false,
    })
}

fn chat(n: i64, lines: u64) -> Arc<ChatView> {
    let id = id(n);
    let first = if lines > 10 { 1_000_000 } else { n as u64 * 4 };
    let tail: Vec<Arc<Line>> = (0..lines).map(|l| line(first + l, id)).collect();
    Arc::new(ChatView {
        id,
        state: ChatState { name: Text::from(format!("群{n}").as_str()), ..ChatState::default() },
        mode: Mode::Auto,
        persona: "".into(),
        provider: None,
        claim: None,
        window: None,
        today: ChatToday { cost: 0.0, input: 0, output: 0 },
        last: tail.last().map_or(Seq(0), |l| l.seq),
        tail,
        writing: Vec::new(),
        queued: 0,
    })
}

fn world() -> Snapshot {
    let mut snap = Snapshot { version: 1, now: NOW, ..Snapshot::default() };
    for n in 1..=10_000 {
        let view = chat(n, if n == 10_000 { 1000 } else { 2 });
        snap.chats.insert(view.id, view);
    }
    snap
}

#[test]
#[ignore = "measures"]
fn keys_and_snapshots_are_quick_among_ten_thousand_chats() {
    let operator = Operator { name: Text::from("zhang"), role: Role::Admin };
    let settings = Settings {
        operator,
        read_only: false,
        size: (120, 40),
        depth: Depth::Rgb,
        forced: false,
        ascii: false,
        lang: Lang::Zh,
        term: "xterm-256color".into(),
        demo: false,
    };
    let mut console = Console::new(settings, NOW);
    console.tell(News::Remembered(None), NOW);
    let mut snap = world();
    let mut now = NOW;
    let mut worst: Vec<(String, Duration)> = Vec::new();
    let mut measure = |what: &str, console: &mut Console, now: Now, news: Vec<News>| {
        let times: Vec<Duration> = news
            .into_iter()
            .map(|news| {
                let begun = Instant::now();
                console.tell(news, now);
                console.draw(now);
                begun.elapsed()
            })
            .collect();
        let (sum, most) = (times.iter().sum::<Duration>(), times.iter().max().copied().unwrap_or_default());
        println!("{what:40} {:?} on average, {most:?} at most", sum / times.len() as u32);
        worst.push((what.to_owned(), most));
    };
    let keys = |keys: &str| keys.chars().map(|k| News::Bytes(k.to_string().into_bytes())).collect::<Vec<_>>();
    measure("the first snapshot", &mut console, now, vec![News::Snapshot(Arc::new(snap.clone()))]);
    measure("moving in the list", &mut console, now, keys("jjjjjjjjjjkkkkkjjjGgg"));
    measure("into the chat of a thousand lines, and up", &mut console, now, keys("lkkkkkkkkkkkkkkkkkkkkkkkkkkkkggG"));
    let mut snapshots = |now: Now| -> Vec<News> {
        let next = |n: u64| {
            let mut view = (*chat(1 + n as i64 * 37, 2)).clone();
            view.tail.push(line(2_000_000 + snap.version, view.id));
            view.last = Seq(2_000_000 + snap.version);
            snap.version += 1;
            snap.now = now;
            snap.chats.insert(view.id, Arc::new(view));
            News::Snapshot(Arc::new(snap.clone()))
        };
        (0..20).map(next).collect()
    };
    measure("a snapshot under the keys", &mut console, now, snapshots(now));
    now.mono = now.mono + Duration::from_secs(10);
    measure("a snapshot when nobody types", &mut console, now, snapshots(now));
    measure("narrowing the list", &mut console, now, keys("h/群99"));
    for (what, most) in worst {
        assert!(most < MOST, "{what}: {most:?}");
    }
}
