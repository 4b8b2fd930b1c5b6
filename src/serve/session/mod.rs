//! One operator's session: a console, a link, and the loop between them.
//!
//! ```text
//!  link ─keys──┐                          ┌─ commands, queries, exports → courier ─┐
//!  snapshots ──┤                          │                                        │
//!  answers ────┼─→ take all there is → Console → draw once → one frame in flight → link
//!  deadline ───┘                                              (the newest wins)    │
//!      ↑───────────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! The loop sleeps until something comes in. It draws when something visible may have changed, when no frame is on
//! its way, and when the pace allows it; snapshots are not even looked at before, since only the newest will be
//! shown. Keys are taken at any time, first, and answered at once.

mod clock;
mod errands;
mod export;
mod flight;
mod guard;
pub mod link;
mod pace;
#[cfg(test)]
mod tests;
mod waits;

use std::future::Future;
use std::io;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::watch;
use tokio::time::Instant;

use self::clock::Clock;
use self::errands::{Errand, Errands, Ground};
use self::flight::Flight;
use self::guard::{Drawing, Guarded, Panicked};
use self::link::{Heard, Keys, Screen};
use self::pace::Pace;
use self::waits::{Following, changed, drawn_at, followed, sleep, wait};
use super::Doors;
use super::sessions::Entered;
use crate::console::{Console, Intent, News, Settings};
use crate::domain::{Command, LogNews, Mono, Now, Operator, Refusal, Snapshot};
use crate::runtime::handle::{Gone, Placed, Watch};
use crate::words::Bye;

/// How long the first frame waits for the state and for what was remembered.
const FIRST: Duration = Duration::from_millis(50);
/// Chunks of keys taken before the rest gets its turn.
const KEYS: usize = 64;
/// How long the last bytes may take.
const LAST: Duration = Duration::from_millis(800);
/// Raw bytes (clipboard, bells) that may wait for a frame to land; more is dropped.
const RAW: usize = 256 << 10;

/// What a session needs to know at its start.
#[derive(Debug)]
pub struct Opening {
    /// The doors it came in by.
    pub doors: Doors,
    /// Its entry among the sessions.
    pub entered: Entered,
    /// Who and with what terminal.
    pub settings: Settings,
    /// The terminal is behind a network.
    pub remote: bool,
}

type First = Pin<Box<dyn Future<Output = (Result<Watch, Gone>, Option<String>)> + Send>>;

/// What woke the loop.
enum Event {
    Heard(Option<Heard>),
    Landed(io::Result<Duration>),
    News(News),
    Log(LogNews),
    First((Result<Watch, Gone>, Option<String>)),
    Snapshot(Option<std::sync::Arc<Snapshot>>),
    Placed,
    Present,
    End(Bye),
    Alarm,
}

struct Session<C, K, S> {
    console: Guarded<C>,
    keys: K,
    flight: Flight<S>,
    pace: Pace,
    clock: Clock,
    errands: Errands,
    doors: Doors,
    entered: Entered,
    operator: Operator,
    read_only: bool,
    placed: watch::Receiver<Placed>,
    present: watch::Receiver<u64>,
    /// The first state and what was remembered, on their way.
    first: Option<First>,
    /// Until when the first frame waits for them.
    patience: Option<Instant>,
    watch: Option<Watch>,
    /// The log, while the console shows it.
    log: Option<Following>,
    /// Something was told since the last draw.
    dirty: bool,
    /// Bytes for the terminal beside the frames.
    raw: Vec<u8>,
    /// The deadline that the console was told last: it is told of each once, whatever it answers.
    told: Option<Mono>,
    /// The terminal's program should stop.
    suspending: bool,
    /// It has.
    away: bool,
    /// This operator told the bot to stop.
    stopped: bool,
    /// The console left by itself, and has said what to keep.
    left: bool,
    /// What it knows of what was kept: what it was given, or kept itself since.
    base: Option<String>,
}

/// Runs a session to its end, and tells why it ended.
pub async fn run(opening: Opening, keys: impl Keys, screen: impl Screen) -> Bye {
    play(opening, keys, screen, Console::new).await
}

/// The same with any console.
async fn play<C: Drawing>(
    opening: Opening,
    keys: impl Keys,
    screen: impl Screen,
    console: impl FnOnce(Settings, Now) -> C,
) -> Bye {
    let mut session = Session::new(opening, keys, screen, console);
    let bye = session.live().await;
    session.remember();
    session.finish(&bye).await;
    bye
}

impl<C: Drawing, K: Keys, S: Screen> Session<C, K, S> {
    fn new(opening: Opening, keys: K, screen: S, console: impl FnOnce(Settings, Now) -> C) -> Self {
        let Opening { doors, entered, settings, remote } = opening;
        let ground = Ground {
            handle: doors.handle.clone(),
            operator: settings.operator.clone(),
            lang: settings.lang,
            exports: doors.exports.clone(),
        };
        let first = {
            let (Ground { handle, operator, .. }, screens) = (ground.clone(), doors.screens.clone());
            async move { tokio::join!(handle.watch(), crate::serve::remember::load(&handle, &screens, &operator)) }
        };
        let mut clock = Clock::new();
        let now = clock.now();
        let (mut placed, mut present) = (doors.handle.placements(), doors.sessions.changes());
        // The first look is news too.
        placed.mark_changed();
        present.mark_changed();
        Self {
            operator: settings.operator.clone(),
            read_only: settings.read_only,
            console: Guarded::new(|| console(settings, now)),
            keys,
            flight: Flight::new(screen),
            pace: Pace::new(remote),
            clock,
            errands: Errands::start(ground),
            doors,
            entered,
            placed,
            present,
            first: Some(Box::pin(first)),
            patience: Some(Instant::now() + FIRST),
            watch: None,
            log: None,
            dirty: true,
            raw: Vec::new(),
            told: None,
            suspending: false,
            away: false,
            stopped: false,
            left: false,
            base: None,
        }
    }

    async fn live(&mut self) -> Bye {
        match self.console.with(|c| c.open()) {
            Ok(bytes) => self.raw = bytes,
            Err(Panicked) => return Bye::Crashed,
        }
        loop {
            match self.turn().await {
                ControlFlow::Continue(()) => {}
                ControlFlow::Break(bye) => return bye,
            }
        }
    }

    /// Waits for something, takes everything that is there, draws once.
    async fn turn(&mut self) -> ControlFlow<Bye> {
        let deadline = match self.console.with(|c| c.deadline()) {
            Ok(deadline) => deadline.filter(|at| self.told != Some(*at)),
            Err(Panicked) => return ControlFlow::Break(Bye::Crashed),
        };
        let event = self.next(deadline).await;
        self.take(event)?;
        self.take_the_rest()?;
        self.tell_time(deadline)?;
        self.draw()
    }

    /// The next thing that happens. Nothing is lost when one of the others happens at the same time.
    async fn next(&mut self, deadline: Option<Mono>) -> Event {
        let now = Instant::now();
        let (free, due) = (self.flight.is_free() && !self.away, self.pace.due(now));
        let timer = deadline.map(|at| self.clock.instant(at));
        let draws = drawn_at(free && self.dirty, self.patience.max(due), now);
        let alarm = [timer, draws].into_iter().flatten().min();
        tokio::select! {
            biased;
            heard = self.keys.next() => Event::Heard(heard),
            bye = self.entered.ended() => Event::End(bye),
            () = self.doors.stop.cancelled() => Event::End(Bye::Stopping),
            landed = self.flight.landed() => Event::Landed(landed),
            news = self.errands.news() => Event::News(news),
            first = wait(&mut self.first) => Event::First(first),
            // One tells that there is something to draw; until that is drawn, no other is looked at.
            newest = changed(&mut self.watch), if free && !self.dirty => Event::Snapshot(newest),
            news = followed(&mut self.log), if free && !self.dirty => Event::Log(news),
            Ok(()) = self.placed.changed() => Event::Placed,
            Ok(()) = self.present.changed() => Event::Present,
            () = sleep(alarm) => Event::Alarm,
        }
    }

    fn take(&mut self, event: Event) -> ControlFlow<Bye> {
        match event {
            Event::Heard(Some(heard)) => self.hear(heard),
            Event::Heard(None) => ControlFlow::Break(Bye::Detached),
            Event::End(Bye::Stopping) | Event::First((Err(Gone), _)) | Event::Snapshot(None) => {
                ControlFlow::Break(if self.stopped { Bye::Stopped } else { Bye::Stopping })
            }
            Event::End(bye) => ControlFlow::Break(bye),
            Event::Landed(Ok(took)) => {
                self.pace.taken(took);
                ControlFlow::Continue(())
            }
            Event::Landed(Err(error)) if error.kind() == io::ErrorKind::TimedOut => ControlFlow::Break(Bye::Stalled),
            Event::Landed(Err(_)) => ControlFlow::Break(Bye::Detached),
            Event::News(news) => {
                // The answer comes after the snapshot that shows its effect, also when that one would wait its turn.
                self.newest()?;
                self.pace.hurry();
                self.tell(news)
            }
            Event::First((Ok(watch), screen)) => {
                (self.first, self.patience) = (None, None);
                let snapshot = watch.current().clone();
                self.watch = Some(watch);
                self.base.clone_from(&screen);
                self.tell(News::Remembered(screen))?;
                self.tell(News::Snapshot(snapshot))
            }
            Event::Snapshot(Some(snapshot)) => self.tell(News::Snapshot(snapshot)),
            Event::Log(news) => self.tell(News::Log(news)),
            Event::Placed => self.tell_placed(),
            Event::Present => self.tell_present(),
            Event::Alarm => {
                self.patience = self.patience.filter(|until| *until > Instant::now());
                ControlFlow::Continue(())
            }
        }
    }

    /// What else has come in meanwhile, each source in turn, so that none can starve another.
    fn take_the_rest(&mut self) -> ControlFlow<Bye> {
        for _ in 0..KEYS {
            match self.keys.next().now_or_never() {
                Some(heard) => self.take(Event::Heard(heard))?,
                None => break,
            }
        }
        if let Some(landed) = self.flight.landed().now_or_never() {
            self.take(Event::Landed(landed))?;
        }
        while let Some(news) = self.errands.news().now_or_never() {
            self.take(Event::News(news))?;
        }
        if let Some(first) = wait(&mut self.first).now_or_never() {
            self.take(Event::First(first))?;
        }
        if self.placed.has_changed().unwrap_or(false) {
            self.placed.mark_unchanged();
            self.tell_placed()?;
        }
        if self.present.has_changed().unwrap_or(false) {
            self.present.mark_unchanged();
            self.tell_present()?;
        }
        if self.may_draw() { self.newest() } else { ControlFlow::Continue(()) }
    }

    /// The newest snapshot, if it has not been told.
    fn newest(&mut self) -> ControlFlow<Bye> {
        match changed(&mut self.watch).now_or_never() {
            Some(newest) => self.take(Event::Snapshot(newest)),
            None => ControlFlow::Continue(()),
        }
    }

    fn hear(&mut self, heard: Heard) -> ControlFlow<Bye> {
        self.pace.hurry();
        match heard {
            Heard::Bytes(bytes) => {
                let now = self.clock.now();
                self.entered.touch(now.wall);
                self.tell(News::Bytes(bytes))
            }
            Heard::Resize(columns, rows) => {
                let (columns, rows) = super::size::clamp((columns, rows));
                self.entered.resized((columns, rows));
                self.tell(News::Resize(columns, rows))
            }
            Heard::Away => {
                self.away = true;
                ControlFlow::Continue(())
            }
            Heard::Back => {
                self.away = false;
                match self.console.with(|c| c.open()) {
                    Ok(bytes) => self.write(&bytes),
                    Err(Panicked) => return ControlFlow::Break(Bye::Crashed),
                }
                self.tell(News::Repaint)
            }
        }
    }

    fn tell(&mut self, news: News) -> ControlFlow<Bye> {
        self.dirty = true;
        let now = self.clock.now();
        let Ok((intents, composing)) = self.console.with(|c| (c.tell(news, now), c.composing())) else {
            return ControlFlow::Break(Bye::Crashed);
        };
        self.entered.composing(composing);
        intents.into_iter().try_for_each(|intent| self.act(intent))
    }

    fn act(&mut self, intent: Intent) -> ControlFlow<Bye> {
        let refused = match intent {
            Intent::Command { tag, command, .. } if self.read_only => {
                Some(News::Answer(tag, Err(Refusal::Role(command.role()))))
            }
            Intent::Command { tag, expects, command } => {
                self.stopped |= command == Command::Shutdown;
                self.errands.give(Errand::Command { tag, expects, command })
            }
            Intent::Query { tag, query } => self.errands.give(Errand::Query { tag, query }),
            Intent::Export { tag, name, text } => self.errands.give(Errand::Export { tag, name, text }),
            Intent::Remember(screen) => self.keep(screen),
            Intent::Write(bytes) => {
                self.write(&bytes);
                None
            }
            Intent::Log(after) => {
                self.log = after.map(|after| Following { reader: self.doors.handle.log().reader(after), due: None });
                None
            }
            Intent::Suspend => {
                self.suspending = S::SUSPENDS;
                None
            }
            Intent::Detach => {
                self.left = true;
                return ControlFlow::Break(Bye::Detached);
            }
        };
        refused.map_or(ControlFlow::Continue(()), |news| self.tell(news))
    }

    fn write(&mut self, bytes: &[u8]) {
        if self.raw.len() + bytes.len() <= RAW {
            self.raw.extend_from_slice(bytes);
        } else {
            tracing::warn!(bytes = bytes.len(), "a terminal is too slow for what was copied; dropped");
        }
    }

    fn tell_placed(&mut self) -> ControlFlow<Bye> {
        let Placed { config, origins, file, .. } = self.placed.borrow_and_update().clone();
        self.tell(News::Config { config, origins, file })
    }

    fn tell_present(&mut self) -> ControlFlow<Bye> {
        self.present.mark_unchanged();
        let now = self.clock.now();
        let present = self.entered.present(now.wall);
        self.tell(News::Operators(present))
    }

    fn tell_time(&mut self, deadline: Option<Mono>) -> ControlFlow<Bye> {
        match deadline {
            Some(at) if at <= self.clock.now().mono => {
                self.told = Some(at);
                self.tell(News::Time)
            }
            _ => ControlFlow::Continue(()),
        }
    }

    fn may_draw(&self) -> bool {
        self.flight.is_free() && !self.away && self.patience.is_none() && self.pace.due(Instant::now()).is_none()
    }

    /// Sends one frame, if there is one to send and one may be sent.
    fn draw(&mut self) -> ControlFlow<Bye> {
        if !self.may_draw() {
            return ControlFlow::Continue(());
        }
        if self.suspending {
            (self.suspending, self.away) = (false, true);
            let last = self.console.close();
            self.flight.send(last, true);
            return ControlFlow::Continue(());
        }
        if !self.dirty {
            return ControlFlow::Continue(());
        }
        self.dirty = false;
        let mut bytes = std::mem::take(&mut self.raw);
        match self.frame() {
            Ok(frame) => bytes.extend(frame),
            Err(Panicked) => return ControlFlow::Break(Bye::Crashed),
        }
        if !bytes.is_empty() {
            self.pace.drew(Instant::now());
            self.flight.send(bytes, false);
        }
        ControlFlow::Continue(())
    }

    fn frame(&mut self) -> Result<Vec<u8>, Panicked> {
        let now = self.clock.now();
        self.console.with(|c| if c.wanted() { c.draw(now) } else { Vec::new() })
    }

    /// A link that went without a word, or was ended, costs nothing that was typed.
    fn remember(&mut self) {
        if self.left || self.first.is_some() {
            return;
        }
        if let Ok(screen) = self.console.with(|c| c.memory()) {
            self.keep(screen);
        }
    }

    /// Keeps what the console looks like, here at once and in the store as soon as that may be.
    fn keep(&mut self, screen: String) -> Option<News> {
        let all = self.doors.screens.note(&self.operator, self.base.as_deref(), &screen);
        self.base = Some(screen);
        self.errands.give(Errand::Remember(all))
    }

    /// Gives the terminal back and says why.
    async fn finish(self, bye: &Bye) {
        let Self { mut console, mut keys, mut flight, away, .. } = self;
        let last = if away { Vec::new() } else { console.close() };
        let ending = async {
            while !flight.is_free() {
                // Keys may hold the word that a frame has landed; what was typed is too late.
                tokio::select! {
                    biased;
                    landed = flight.landed() => landed?,
                    heard = keys.next() => if heard.is_none() { return Ok(()) } else { continue },
                };
            }
            match flight.into_screen() {
                Some(mut screen) => screen.end(last, bye.clone()).await,
                None => Ok(()),
            }
        };
        // A link that has gone, or takes nothing, needs no farewell.
        let _ = tokio::time::timeout(LAST, ending).await;
    }
}
