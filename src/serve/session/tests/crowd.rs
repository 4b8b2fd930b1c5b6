//! Ten operators at real consoles while everybody talks: one never reads, one reads 2 KB/s from far away. The clock is
//! virtual, and so is the flood: what is held is the law, not the time.

use std::num::NonZero;
use std::sync::Weak;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::*;
use crate::domain::{
    Author, ChatState, ChatToday, ChatView, ConversationId, Line, Mode, Peer, SelfId, Seq, UserId, Wall,
};

/// How a link carries bytes.
#[derive(Clone, Copy)]
struct Wire {
    /// Bytes a second; 0: none ever.
    rate: u64,
    /// One way.
    lag: Duration,
}

const QUICK: Wire = Wire { rate: 100_000_000, lag: Duration::ZERO };
/// A phone at the edge of its network.
const SLOW: Wire = Wire { rate: 2000, lag: Duration::from_millis(300) };
const DEAD: Wire = Wire { rate: 0, lag: Duration::ZERO };

/// A terminal behind a wire: shows what arrives, and has taken it when its word is back.
struct Glass {
    wire: Wire,
    seen: Arc<Mutex<vt100::Parser>>,
    frames: Arc<AtomicUsize>,
    largest: Arc<AtomicUsize>,
}

impl Screen for Glass {
    const SUSPENDS: bool = false;

    async fn show(&mut self, bytes: Vec<u8>) -> io::Result<()> {
        if self.wire.rate == 0 {
            tokio::time::sleep(STALLED).await;
            return Err(io::ErrorKind::TimedOut.into());
        }
        tokio::time::sleep(self.wire.lag + Duration::from_micros(bytes.len() as u64 * 1_000_000 / self.wire.rate))
            .await;
        self.seen.lock().unwrap().process(&bytes);
        self.frames.fetch_add(1, Relaxed);
        self.largest.fetch_max(bytes.len(), Relaxed);
        tokio::time::sleep(self.wire.lag).await;
        Ok(())
    }

    async fn suspend(&mut self, _last: Vec<u8>) -> io::Result<()> {
        Ok(())
    }

    async fn end(&mut self, _last: Vec<u8>, _bye: Bye) -> io::Result<()> {
        Ok(())
    }
}

/// Somebody at a terminal.
struct Seat {
    keys: mpsc::UnboundedSender<Heard>,
    seen: Arc<Mutex<vt100::Parser>>,
    frames: Arc<AtomicUsize>,
    largest: Arc<AtomicUsize>,
    session: JoinHandle<Bye>,
}

impl Seat {
    fn at(world: &World, wire: Wire) -> Self {
        let settings = Settings {
            operator: Operator { name: Text::from("li"), role: Role::Admin },
            read_only: false,
            size: (80, 24),
            depth: Depth::None,
            forced: false,
            ascii: false,
            lang: Lang::En,
            term: String::new(),
            demo: false,
        };
        let entered = world.doors.sessions.enter(Entry::attach(&settings, crate::serve::now::now()));
        let opening = Opening { doors: world.doors.clone(), entered, settings, remote: wire.lag > Duration::ZERO };
        let (keys, typed) = mpsc::unbounded_channel();
        let cells = |n| NonZero::new(n).unwrap();
        let seen = Arc::new(Mutex::new(vt100::Parser::new(cells(24), cells(80), 0)));
        let (frames, largest) = (Arc::default(), Arc::default());
        let glass = Glass { wire, seen: Arc::clone(&seen), frames: Arc::clone(&frames), largest: Arc::clone(&largest) };
        let session = tokio::spawn(play(opening, Fingers(typed), glass, Console::new));
        Self { keys, seen, frames, largest, session }
    }

    fn shows(&self, words: &str) -> bool {
        self.seen.lock().unwrap().screen().contents().contains(words)
    }

    /// Waits, on the virtual clock, until these words are on the screen; tells how many frames that took.
    async fn until(&self, words: &str) -> usize {
        let before = self.frames.load(Relaxed);
        for _ in 0..60_000 {
            if self.shows(words) {
                return self.frames.load(Relaxed) - before;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        panic!("{words} is never on\n{}", self.seen.lock().unwrap().screen().contents());
    }
}

const CHAT: ConversationId = ConversationId { account: SelfId(1), peer: Peer::Private(UserId(7)) };

/// A chat in which every row is another one each time.
fn talk(n: u64) -> Arc<Snapshot> {
    let line = |row: u64| {
        Arc::new(Line {
            seq: Seq(n * 100 + row),
            conversation: CHAT,
            at: Wall(1_763_738_060_000),
            author: Author::Person { id: UserId(7), name: Text::from("王芳") },
            text: Text::from(format!("第 {n}-{row} 句，{} 是这样说的", (n * 7919 + row * 104_729) % 1_000_003)),
            message: None,
            others: Vec::new(),
            answers: None,
            pictures: Vec::new(),
            verdict: None,
            outcome: None,
            delivery: None,
            making: None,
            recalled: false,
        })
    };
    let view = ChatView {
        id: CHAT,
        state: ChatState::default(),
        mode: Mode::Auto,
        persona: String::new(),
        provider: None,
        claim: None,
        window: None,
        today: ChatToday::default(),
        tail: (0..40).map(line).collect(),
        writing: Vec::new(),
        queued: 0,
        last: Seq(n * 100 + 39),
    };
    let mut snapshot = Snapshot { version: n, ..Snapshot::default() };
    snapshot.chats.insert(CHAT, Arc::new(view));
    Arc::new(snapshot)
}

#[tokio::test(start_paused = true)]
async fn one_who_never_reads_and_one_who_reads_slowly_cost_the_others_nothing() {
    let world = World::new();
    let dead = Seat::at(&world, DEAD);
    let slow = Seat::at(&world, SLOW);
    let others: Vec<Seat> = (0..8).map(|_| Seat::at(&world, QUICK)).collect();
    others[0].until("Chats").await;
    let begun = Instant::now();
    let mut published: Vec<Weak<Snapshot>> = Vec::new();
    for n in 2..=102 {
        let snapshot = talk(n);
        published.push(Arc::downgrade(&snapshot));
        // The engine's side of it: it hands the state over and waits for nobody.
        world.snapshots.publish(snapshot);
        tokio::time::sleep(Duration::from_millis(20)).await;
        let kept = published.iter().filter(|one| one.strong_count() > 0).count();
        // The newest, the one that it came after, and what the slow one's last frame showed.
        assert!(kept <= 12, "{kept} states are kept for ten sessions");
    }
    for other in &others {
        other.until("102-39").await;
    }
    let late = slow.until("102-39").await;
    assert!(late <= 2, "{late} frames of the past were on their way");
    assert_eq!(dead.session.await.unwrap(), Bye::Stalled);
    assert!(begun.elapsed() <= STALLED + Duration::from_secs(20));
    // The others go on.
    world.snapshots.publish(talk(600));
    for other in &others {
        other.until("600-39").await;
    }
    assert!(others.iter().all(|other| !other.session.is_finished()) && !slow.session.is_finished());
}

#[tokio::test(start_paused = true)]
async fn a_key_on_a_slow_link_waits_for_no_more_than_the_frame_on_its_way() {
    let world = World::new();
    let slow = Seat::at(&world, SLOW);
    slow.until("Chats").await;
    world.snapshots.publish(talk(2));
    slow.until("2-39").await;
    let flood = {
        let snapshots = Arc::clone(&world.snapshots);
        tokio::spawn(async move {
            for n in 3.. {
                snapshots.publish(talk(n));
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
    };
    for press in 0..6 {
        // At different moments of a frame's way.
        tokio::time::sleep(Duration::from_millis(700 * press)).await;
        let (key, words, begun) = (Heard::Bytes(b"?".to_vec()), "Acting", Instant::now());
        slow.keys.send(key).unwrap();
        let frames = slow.until(words).await;
        let frame = Duration::from_millis(slow.largest.load(Relaxed) as u64 / 2);
        assert!(frames <= 2, "{frames} frames before the key's");
        // The word of the frame on its way, that frame, and the one that answers.
        assert!(begun.elapsed() <= 2 * frame + 4 * SLOW.lag, "{:?}", begun.elapsed());
        slow.keys.send(Heard::Bytes(b"?".to_vec())).unwrap();
        for _ in 0..20_000 {
            if !slow.shows(words) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    flood.abort();
    let last = talk(99_999);
    world.snapshots.publish(last);
    assert!(slow.until("99999-39").await <= 2, "the newest is what it comes to");
}
