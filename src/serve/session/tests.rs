//! The loop, with a script for a console, a terminal that takes what it is told to take, and a clock that is turned.

use std::sync::{Arc, Mutex};

use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

mod crowd;

use super::link::{RESET, STALLED};
use super::waits::{LOG_LINES, LOG_PACE};
use super::*;
use crate::console::Depth;
use crate::domain::{ChatRef, Done, LogLevel, Operator, Role, Text, Wall};
use crate::runtime::handle::{Ends, Handle, Log, Publisher, Request};
use crate::serve::sessions::Session as Entry;
use crate::words::Lang;

/// Shows what it was told last, and does what the keys say.
#[derive(Default)]
struct Script {
    text: String,
    shown: String,
    deadline: Option<Mono>,
    looks: Arc<Mutex<u64>>,
}

impl Drawing for Script {
    fn open(&self) -> Vec<u8> {
        b"<".to_vec()
    }

    fn close(&self) -> Vec<u8> {
        b">".to_vec()
    }

    fn tell(&mut self, news: News, now: Now) -> Vec<Intent> {
        *self.looks.lock().unwrap() += 1;
        match news {
            News::Bytes(bytes) => return self.key(&bytes, now),
            News::Snapshot(snapshot) => self.text = format!("v{}", snapshot.version),
            News::Answer(tag, answer) => self.text = format!("{tag} {answer:?} after {}", self.text),
            News::Exported(_, path) => self.text = path.unwrap(),
            News::Remembered(screen) => self.text = format!("{screen:?}"),
            News::Operators(present) => self.text = format!("present {}", present.len()),
            News::Time => {
                self.text.push('t');
                self.deadline = self.deadline.filter(|at| *at > now.mono);
            }
            News::Repaint => self.shown.clear(),
            News::Resize(columns, rows) => self.text = format!("{columns}x{rows}"),
            News::Log(news) => {
                let seqs: Vec<_> = news.lines.iter().map(|line| line.seq).collect();
                self.text = format!("log {:?}..{:?} skipped {}", seqs.first(), seqs.last(), news.skipped);
            }
            News::Page(..) | News::Config { .. } => {}
        }
        Vec::new()
    }

    fn deadline(&self) -> Option<Mono> {
        self.deadline
    }

    fn draw(&mut self, _now: Now) -> Vec<u8> {
        self.shown.clone_from(&self.text);
        self.text.clone().into_bytes()
    }

    fn wanted(&self) -> bool {
        self.text != self.shown
    }

    fn memory(&self) -> String {
        self.text.clone()
    }

    fn composing(&self) -> Option<ChatRef> {
        None
    }
}

impl Script {
    fn key(&mut self, bytes: &[u8], now: Now) -> Vec<Intent> {
        match bytes {
            b"q" => vec![Intent::Detach],
            b"z" => vec![Intent::Suspend],
            b"c" => vec![Intent::Command { tag: 7, expects: None, command: Command::Reload }],
            b"x" => vec![Intent::Export { tag: 1, name: "../a b".into(), text: "words".into() }],
            b"r" => vec![Intent::Remember("here".into())],
            b"y" => vec![Intent::Write(b"copied".to_vec())],
            b"boom" => panic!("as the test wants"),
            b"t" => {
                self.deadline = Some(now.mono + Duration::from_millis(40));
                Vec::new()
            }
            b"log" => vec![Intent::Log(Some(0))],
            b"no log" => vec![Intent::Log(None)],
            b"same" => Vec::new(),
            other => {
                self.text = String::from_utf8_lossy(other).into_owned();
                Vec::new()
            }
        }
    }
}

struct Fingers(mpsc::UnboundedReceiver<Heard>);

impl Keys for Fingers {
    async fn next(&mut self) -> Option<Heard> {
        self.0.recv().await
    }
}

/// Hands on what it is to show, and has taken it when it is allowed to.
struct Paper {
    shown: mpsc::UnboundedSender<String>,
    takes: Arc<Semaphore>,
}

impl Paper {
    async fn take(&self) -> io::Result<()> {
        let taken = tokio::time::timeout(STALLED, self.takes.acquire()).await;
        taken.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?.unwrap().forget();
        Ok(())
    }

    fn tell(&self, words: String) {
        let _ = self.shown.send(words);
    }
}

impl Screen for Paper {
    const SUSPENDS: bool = true;

    async fn show(&mut self, bytes: Vec<u8>) -> io::Result<()> {
        self.tell(String::from_utf8(bytes).unwrap());
        self.take().await
    }

    async fn suspend(&mut self, last: Vec<u8>) -> io::Result<()> {
        self.tell(format!("{} stop", String::from_utf8(last).unwrap()));
        Ok(())
    }

    async fn end(&mut self, last: Vec<u8>, bye: Bye) -> io::Result<()> {
        self.tell(format!("{}{bye:?}", String::from_utf8(last).unwrap()));
        Ok(())
    }
}

/// One session, and the world around it.
struct Stage {
    keys: mpsc::UnboundedSender<Heard>,
    shown: mpsc::UnboundedReceiver<String>,
    takes: Arc<Semaphore>,
    looks: Arc<Mutex<u64>>,
    session: JoinHandle<Bye>,
}

/// A runtime that answers, and doors to it.
struct World {
    doors: Doors,
    log: Log,
    snapshots: Arc<Publisher>,
    commands: mpsc::UnboundedReceiver<Command>,
    stop: CancellationToken,
    dir: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let (handle, Ends { mut requests, snapshots, lines, placed }) = Handle::pair(8);
        let snapshots = Arc::new(snapshots);
        let (told, commands) = mpsc::unbounded_channel();
        let publisher = snapshots.clone();
        tokio::spawn(async move {
            let _kept = (lines, placed);
            while let Some(request) = requests.recv().await {
                match request {
                    Request::Snapshot { reply } => drop(reply.send(version(1))),
                    Request::Command { command, reply, .. } => {
                        let _ = told.send(command);
                        // As the engine does: first the state that shows it, then the answer.
                        publisher.publish(version(100));
                        let _ = reply.send(Ok(Done::Ok));
                    }
                    Request::Query { .. } | Request::Measures { .. } => {}
                }
            }
        });
        let (dir, stop) = (tempfile::tempdir().unwrap(), CancellationToken::new());
        let log = Log::default();
        let doors = Doors::new(handle.with_log(log.clone()), dir.path(), stop.clone());
        Self { doors, log, snapshots, commands, stop, dir }
    }

    fn publish(&self, n: u64) {
        self.snapshots.publish(version(n));
    }

    fn enter(&self, read_only: bool) -> Stage {
        let settings = Settings {
            operator: Operator { name: Text::from("li"), role: Role::Admin },
            read_only,
            size: (80, 24),
            depth: Depth::None,
            forced: false,
            ascii: false,
            lang: Lang::En,
            term: String::new(),
            demo: false,
        };
        let entered = self.doors.sessions.enter(Entry::attach(&settings, crate::serve::now::now()));
        let opening = Opening { doors: self.doors.clone(), entered, settings, remote: false };
        let (keys, typed) = mpsc::unbounded_channel();
        let (tell, shown) = mpsc::unbounded_channel();
        let (takes, looks) = (Arc::new(Semaphore::new(0)), Arc::default());
        let paper = Paper { shown: tell, takes: takes.clone() };
        let script = Script { looks: Arc::clone(&looks), ..Script::default() };
        let session = tokio::spawn(play(opening, Fingers(typed), paper, |_, _| script));
        Stage { keys, shown, takes, looks, session }
    }
}

impl Stage {
    fn press(&self, keys: &[u8]) {
        self.keys.send(Heard::Bytes(keys.to_vec())).unwrap();
    }

    fn take(&self) {
        self.takes.add_permits(1);
    }

    /// The next frame.
    async fn frame(&mut self) -> String {
        self.shown.recv().await.expect("a frame")
    }

    /// Nothing is shown, however long one waits.
    async fn quiet(&mut self) {
        let waited = tokio::time::timeout(Duration::from_secs(20), self.shown.recv()).await;
        assert!(waited.is_err(), "{waited:?}");
    }
}

fn version(n: u64) -> Arc<Snapshot> {
    Arc::new(Snapshot { version: n, ..Snapshot::default() })
}

#[tokio::test(start_paused = true)]
async fn one_frame_is_in_flight_and_the_newest_wins() {
    let world = World::new();
    let mut stage = world.enter(false);
    assert_eq!(stage.frame().await, "<v1", "the first frame has the state");
    for n in 2..10 {
        world.publish(n);
    }
    stage.quiet().await;
    stage.take();
    assert_eq!(stage.frame().await, "v9");
    stage.take();
    stage.quiet().await;
    stage.press(b"same");
    stage.quiet().await;
}

#[tokio::test(start_paused = true)]
async fn keys_are_heard_while_a_frame_is_away_and_shown_when_it_landed() {
    let world = World::new();
    let mut stage = world.enter(false);
    stage.frame().await;
    stage.press(b"a");
    stage.press(b"y");
    stage.press(b"ab");
    stage.take();
    assert_eq!(stage.frame().await, "copiedab");
    stage.press(b"q");
    stage.take();
    assert_eq!(stage.frame().await, ">Detached");
    assert_eq!(stage.session.await.unwrap(), Bye::Detached);
}

#[tokio::test(start_paused = true)]
async fn idle_is_silent_and_sleeps() {
    let world = World::new();
    let mut stage = world.enter(false);
    stage.frame().await;
    stage.take();
    stage.quiet().await;
    let looks = *stage.looks.lock().unwrap();
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!(*stage.looks.lock().unwrap(), looks, "nothing is told where nothing happens");
    stage.press(b"t");
    assert_eq!(stage.frame().await, "v1t", "the deadline that was asked for is told");
    stage.take();
    stage.quiet().await;
    assert_eq!(*stage.looks.lock().unwrap(), looks + 2);
}

#[tokio::test(start_paused = true)]
async fn a_flood_is_paced_and_a_key_is_not() {
    let world = World::new();
    let mut stage = world.enter(false);
    stage.takes.add_permits(1000);
    stage.frame().await;
    let begun = Instant::now();
    let mut frames = 0;
    for n in 2..502 {
        world.publish(n);
        tokio::time::sleep(Duration::from_millis(2)).await;
        while stage.shown.try_recv().is_ok() {
            frames += 1;
        }
    }
    let second = begun.elapsed().as_secs_f64();
    assert!(frames <= (62.0 * second) as usize && frames >= 30, "{frames} in {second} s");
    tokio::time::sleep(Duration::from_millis(5)).await;
    while stage.shown.try_recv().is_ok() {}
    let pressed = Instant::now();
    stage.press(b"k");
    assert_eq!(stage.frame().await, "k");
    assert!(pressed.elapsed() <= Duration::from_millis(5), "{:?}", pressed.elapsed());
}

#[tokio::test(start_paused = true)]
async fn the_log_is_told_only_where_it_is_watched_and_ten_times_a_second_at_most() {
    let world = World::new();
    let mut stage = world.enter(false);
    stage.takes.add_permits(1000);
    stage.frame().await;
    let say = || world.log.push(Wall(0), LogLevel::Info, String::new(), String::new());
    say();
    stage.quiet().await;
    stage.press(b"log");
    assert_eq!(stage.frame().await, "log Some(1)..Some(1) skipped 0");
    let begun = Instant::now();
    let mut frames = Vec::new();
    for _ in 0..500 {
        (0..4).for_each(|_| drop(say()));
        tokio::time::sleep(Duration::from_millis(2)).await;
        frames.extend(stage.shown.try_recv());
    }
    let seconds = begun.elapsed().as_secs_f64();
    assert!((frames.len() as f64) <= 10.0 * seconds + 1.0 && frames.len() >= 8, "{} in {seconds} s", frames.len());
    tokio::time::sleep(LOG_PACE).await;
    while stage.shown.try_recv().is_ok() {}
    stage.press(b"no log");
    say();
    stage.quiet().await;
    // Who comes back after a flood is told what was missed.
    (0..3000).for_each(|_| drop(say()));
    stage.press(b"log");
    assert_eq!(stage.frame().await, format!("log Some({})..Some(5002) skipped 0", 5003 - LOG_LINES));
}

#[tokio::test(start_paused = true)]
async fn a_terminal_that_takes_nothing_is_let_go_and_nobody_else_notices() {
    let world = World::new();
    let (stuck, mut other) = (world.enter(false), world.enter(false));
    assert_eq!(other.frame().await, "<v1");
    other.take();
    world.publish(2);
    assert_eq!(other.frame().await, "v2");
    other.take();
    let begun = Instant::now();
    assert_eq!(stuck.session.await.unwrap(), Bye::Stalled);
    assert!(begun.elapsed() <= STALLED + LAST);
    assert_eq!(other.frame().await, "present 1", "the others see who is left");
}

#[tokio::test(start_paused = true)]
async fn a_panic_ends_one_session_and_gives_its_terminal_back() {
    let world = World::new();
    let (mut one, mut other) = (world.enter(false), world.enter(false));
    one.frame().await;
    one.take();
    other.frame().await;
    other.take();
    one.press(b"boom");
    assert_eq!(one.frame().await, format!("{}Crashed", String::from_utf8_lossy(RESET)));
    assert_eq!(one.session.await.unwrap(), Bye::Crashed);
    assert_eq!(other.frame().await, "present 1");
    other.take();
    world.publish(2);
    assert_eq!(other.frame().await, "v2");
}

#[tokio::test(start_paused = true)]
async fn a_command_is_answered_after_the_state_that_shows_it() {
    let mut world = World::new();
    let mut stage = world.enter(false);
    stage.frame().await;
    stage.take();
    stage.press(b"c");
    assert_eq!(stage.frame().await, "7 Ok(Ok) after v100");
    assert_eq!(world.commands.recv().await, Some(Command::Reload));
}

#[tokio::test(start_paused = true)]
async fn who_only_looks_commands_nothing() {
    let mut world = World::new();
    let mut stage = world.enter(true);
    stage.frame().await;
    stage.take();
    stage.press(b"c");
    assert_eq!(stage.frame().await, "7 Err(Role(Admin)) after v1");
    stage.press(b"q");
    stage.take();
    stage.session.await.unwrap();
    assert!(world.commands.try_recv().is_err());
}

#[tokio::test]
async fn the_place_of_exports_is_told_from_the_root() {
    let world = World::new();
    let doors = Doors::new(world.doors.handle.clone(), std::path::Path::new("here"), CancellationToken::new());
    assert_eq!(doors.exports, std::env::current_dir().unwrap().join("here/exports"));
}

#[tokio::test]
async fn exports_and_what_is_remembered_reach_their_places() {
    let mut world = World::new();
    let mut stage = world.enter(false);
    stage.takes.add_permits(100);
    stage.frame().await;
    stage.press(b"x");
    let path = world.dir.path().join("exports/_a_b");
    while stage.frame().await != path.display().to_string() {}
    assert_eq!(std::fs::read_to_string(path).unwrap(), "words");
    stage.press(b"r");
    stage.press(b"q");
    stage.session.await.unwrap();
    // The courier finishes what it was given, though nobody waits for it.
    let kept = tokio::time::timeout(Duration::from_secs(20), world.commands.recv()).await.unwrap();
    assert_eq!(kept, Some(Command::Remember { screen: "here".into() }));
}

#[tokio::test(start_paused = true)]
async fn stopped_and_continued_everything_is_drawn_anew() {
    let world = World::new();
    let mut stage = world.enter(false);
    stage.frame().await;
    stage.take();
    stage.press(b"z");
    assert_eq!(stage.frame().await, "> stop");
    world.publish(5);
    stage.quiet().await;
    stage.keys.send(Heard::Resize(9999, 0)).unwrap();
    stage.keys.send(Heard::Back).unwrap();
    assert_eq!(stage.frame().await, "<v5", "the newest state, after what prepares the terminal");
}

#[tokio::test(start_paused = true)]
async fn sizes_are_believed_within_reason() {
    let world = World::new();
    let mut stage = world.enter(false);
    stage.frame().await;
    stage.take();
    stage.keys.send(Heard::Resize(9999, 0)).unwrap();
    assert_eq!(stage.frame().await, "500x1");
}

#[tokio::test(start_paused = true)]
async fn another_operator_or_the_end_of_the_bot_ends_it_with_a_reason() {
    let world = World::new();
    let (mut one, mut other) = (world.enter(false), world.enter(false));
    one.frame().await;
    one.take();
    other.frame().await;
    other.take();
    assert!(world.doors.sessions.end(1, &Operator { name: Text::from("wang"), role: Role::Admin }));
    assert_eq!(one.session.await.unwrap(), Bye::Ended { by: "wang".into() });
    world.stop.cancel();
    assert_eq!(other.session.await.unwrap(), Bye::Stopping);
}

/// The moment may come between two looks: then it must ring by itself, or the screen stands still.
#[test]
fn a_frame_whose_time_has_come_meanwhile_rings_at_once() {
    let now = Instant::now();
    let later = now + Duration::from_millis(16);
    assert_eq!(drawn_at(true, None, now), Some(now));
    assert_eq!(drawn_at(true, Some(later), now), Some(later));
    assert_eq!(drawn_at(false, None, now), None);
}
