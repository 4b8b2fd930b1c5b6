//! The relay between a terminal and the session that draws on it. It owns the terminal and nothing else: when the
//! terminal goes, the relay goes, and the bot does not notice. When the daemon goes, the terminal is given back.

mod reach;
mod signals;
mod terminal;
mod tty;

pub use reach::Reach;

use std::io;
use std::time::Duration;

use bytes::BytesMut;
use futures_util::StreamExt;
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::codec::Encoder;

use self::reach::{Closed, Link};
use self::signals::{Signals, Told};
use self::terminal::Terminal;
use self::tty::{Display, Keyboard};
use super::output::{End, print};
use crate::serve::frame::{Codec, Frame};
use crate::serve::hello::Hello;
use crate::words::{Bye, Exit, Lang};

/// A window that is being dragged settles for so long before it is told.
const SETTLE: Duration = Duration::from_millis(30);
/// Typed bytes that may wait for the daemon before the terminal does.
const ROOM: usize = 64 << 10;
/// How long the last bytes may take to get out.
const LAST: Duration = Duration::from_millis(500);
/// How long a daemon that went away is waited for.
const RETURN: Duration = Duration::from_secs(60);
/// Between two looks whether it is back.
const LOOK: Duration = Duration::from_millis(500);

/// Why a link is left.
enum Left {
    /// The daemon says so.
    Bye(Bye),
    /// It went away without a word.
    Lost,
    /// The terminal has gone, or we were told to go.
    Quiet,
}

/// Carries bytes until one end has gone. Blocks.
///
/// # Errors
/// When there is no terminal or no session, or it ended otherwise than by the operator's wish.
pub fn run(reach: Reach, hello: Hello) -> Result<(), End> {
    let failed = |cause: io::Error| Exit::Failed { name: "attach", cause: cause.to_string() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    runtime.block_on(async move {
        let signals = Signals::listen().map_err(failed)?;
        let mut relay = Relay { lang: hello.lang(), reach, hello, signals };
        // Before the terminal is touched: what goes wrong here is told in peace.
        let link = relay.open().await.map_err(|closed| match closed {
            Closed::Nobody(exit) => exit.into(),
            Closed::Refused(end) => end,
        })?;
        let terminal = Terminal::enter().map_err(failed)?;
        let (keyboard, display) = tty::open().map_err(failed)?;
        let ended = relay.carry_on(link, Front { terminal, keyboard, display }).await;
        match ended? {
            Some(words) => print(&format!("{words}\n")),
            None => Ok(()),
        }
    })
}

/// The terminal and both its ends.
struct Front {
    terminal: Terminal,
    keyboard: Keyboard,
    display: Display,
}

impl Front {
    /// Lets what is on its way to the screen get there. A terminal that takes nothing takes no farewell either, and
    /// must not keep us.
    async fn settle(&mut self) {
        if !self.display.is_free() && timeout(LAST, self.display.shown()).await.is_err() {
            self.terminal.cleaned();
        }
    }
}

struct Relay {
    reach: Reach,
    hello: Hello,
    lang: Lang,
    signals: Signals,
}

impl Relay {
    async fn open(&mut self) -> Result<Link, Closed> {
        self.hello.size = Some(Terminal::size());
        self.reach.open(&self.hello).await
    }

    /// Link after link, until there is a reason to end. The terminal has been given back when this returns.
    async fn carry_on(&mut self, mut link: Link, mut front: Front) -> Result<Option<String>, End> {
        loop {
            let left = Carrier::new(&mut link, &mut front, &mut self.signals).carry().await;
            match left {
                Left::Quiet => {
                    front.settle().await;
                    return Ok(None);
                }
                // What was reached once ends with us, and has nothing to come back to.
                Left::Bye(Bye::Detached) if !self.reach.again() => return Ok(None),
                Left::Bye(bye @ (Bye::Detached | Bye::Stopped)) => return Ok(Some(bye.words(self.lang))),
                Left::Bye(Bye::Stalled | Bye::Stopping) | Left::Lost if self.reach.again() => {
                    front.terminal.clean();
                    match self.await_return(&mut front).await? {
                        Some(next) => link = next,
                        None => return Ok(None),
                    }
                }
                Left::Bye(Bye::Stopping) | Left::Lost => return Ok(Some(Bye::Stopping.words(self.lang))),
                Left::Bye(bye) => return Err(End::Said { code: 1, words: bye.words(self.lang) }),
            }
        }
    }

    /// Waits for the daemon to come back (an upgrade, a restart); `None`: nobody wants to wait any longer.
    async fn await_return(&mut self, front: &mut Front) -> Result<Option<Link>, End> {
        let Front { terminal, keyboard, display } = front;
        let line = self.lang.pick("重新连接… （q 离开）", "Reconnecting… (q leaves)");
        show(display, format!("\r\x1b[K{line}").as_bytes()).await;
        let until = Instant::now() + RETURN;
        let mut look = Instant::now();
        let end = loop {
            tokio::select! {
                biased;
                told = self.signals.next() => match told {
                    Told::Leave => break Ok(None),
                    Told::Stop => drop(terminal.stop(false)),
                    Told::Continued => terminal.again(),
                    Told::Resized => {}
                },
                typed = keyboard.typed() => match typed {
                    // q, ^C, ^D, Esc
                    Some(keys) if keys.iter().any(|key| matches!(key, b'q' | 3 | 4 | 0x1b)) => break Ok(None),
                    Some(_) => {}
                    None => break Ok(None),
                },
                () = sleep_until(look) => {
                    look = Instant::now() + LOOK;
                    match self.open().await {
                        Ok(link) => break Ok(Some(link)),
                        Err(Closed::Refused(end)) => break Err(end),
                        Err(Closed::Nobody(_)) if look < until => {}
                        Err(Closed::Nobody(_)) => {
                            break Err(Exit::Lost { socket: self.reach.name(), seconds: RETURN.as_secs() }.into());
                        }
                    }
                }
            }
        };
        show(display, b"\r\x1b[K").await;
        end
    }
}

/// Shows a few bytes of our own, if the terminal takes them.
async fn show(display: &mut Display, bytes: &[u8]) {
    let _ = timeout(LAST, async {
        if !display.is_free() {
            display.shown().await?;
        }
        display.show(bytes.to_vec());
        display.shown().await
    })
    .await;
}

/// One link, carried to its end.
struct Carrier<'a> {
    link: &'a mut Link,
    front: &'a mut Front,
    signals: &'a mut Signals,
    /// On its way to the daemon; bounded by [`ROOM`].
    out: BytesMut,
    /// The daemon takes nothing more; it may still have something to say.
    deaf: bool,
    settles: Option<Instant>,
}

impl<'a> Carrier<'a> {
    fn new(link: &'a mut Link, front: &'a mut Front, signals: &'a mut Signals) -> Self {
        Self { link, front, signals, out: BytesMut::new(), deaf: false, settles: None }
    }

    async fn carry(mut self) -> Left {
        loop {
            // Read only when the terminal has taken what came before: never more than one piece waits here.
            let (listens, room) = (self.front.display.is_free(), self.out.len() < ROOM);
            tokio::select! {
                biased;
                told = self.signals.next() => match told {
                    Told::Leave => return Left::Quiet,
                    Told::Resized => self.settles = self.settles.or(Some(Instant::now() + SETTLE)),
                    Told::Stop => self.stop(false).await,
                    Told::Continued => self.back(),
                },
                typed = self.front.keyboard.typed(), if room => match typed {
                    Some(bytes) => self.say(Frame::Bytes(bytes.into())),
                    None => return Left::Quiet,
                },
                shown = self.front.display.shown() => match shown {
                    Ok(()) => self.say(Frame::Taken),
                    Err(_) => return Left::Quiet,
                },
                sent = self.link.write.write_buf(&mut self.out), if !self.out.is_empty() => {
                    self.deaf |= !sent.is_ok_and(|n| n > 0);
                    if self.deaf {
                        self.out.clear();
                    }
                }
                frame = self.link.frames.next(), if listens => match frame {
                    Some(Ok(Frame::Bytes(bytes))) => {
                        self.front.terminal.drawn();
                        self.front.display.show(bytes.into());
                    }
                    Some(Ok(Frame::Suspend)) => {
                        self.front.terminal.cleaned();
                        self.stop(true).await;
                    }
                    Some(Ok(Frame::Bye(bye))) => {
                        // Its last bytes gave the screen back.
                        self.front.terminal.cleaned();
                        return Left::Bye(bye);
                    }
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return Left::Lost,
                },
                () = settled(self.settles) => {
                    self.settles = None;
                    self.resize();
                }
            }
        }
    }

    fn say(&mut self, frame: Frame) {
        if !self.deaf {
            // Frames of ours have no length that could be refused.
            let _ = Codec.encode(frame, &mut self.out);
        }
    }

    fn resize(&mut self) {
        let (columns, rows) = Terminal::size();
        self.say(Frame::Resize(columns, rows));
    }

    /// Stops, for one's own sake or for the whole job. The daemon has stopped drawing when it is the one who asks.
    async fn stop(&mut self, whole_job: bool) {
        if !whole_job {
            if !self.front.display.is_free() && matches!(timeout(LAST, self.front.display.shown()).await, Ok(Ok(()))) {
                self.say(Frame::Taken);
            }
            self.say(Frame::Away);
            let _ = timeout(LAST, self.link.write.write_all_buf(&mut self.out)).await;
        }
        if !self.front.terminal.stop(whole_job) {
            self.back();
        }
    }

    /// Goes on after a stop, whoever caused it.
    fn back(&mut self) {
        self.front.terminal.again();
        self.resize();
        self.say(Frame::Back);
    }
}

async fn settled(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => sleep(Duration::MAX).await,
    }
}
