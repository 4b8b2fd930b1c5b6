//! The two loops of a link, in one task. Frames are decoded here, on whatever thread drives the link, so that
//! the runtime gets finished events. Reading pauses while the runtime is busy (that is the back-pressure);
//! writing and pings go on meanwhile.

use std::pin::pin;
use std::time::{Duration, SystemTime};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_util::sync::CancellationToken;

use super::ending::Ending;
use super::link::{LinkEvent, LinkSettings, Outgoing};
use super::onebot::{self, Frame};
use super::wire::{Pulse, Wire};
use crate::domain::LinkId;

/// Frames written before one flush.
const BATCH: usize = 64;
/// A writer that gets nothing out for so long is dead.
const STALL: Duration = Duration::from_secs(30);
/// Our own pings that may go unanswered.
const PINGS: u32 = 2;
/// Frames that cannot be read, in one minute (threats.md A27).
const GARBAGE: u32 = 100;
/// Pings and pongs of the adapter's in one minute; none of them sends any of its own (threats.md A25).
const CONTROL: u32 = 1000;
/// Garbage is reported at most so often.
const REPORT: Duration = Duration::from_secs(10);

/// One link at work.
pub(super) struct Talk<'a, S> {
    link: LinkId,
    socket: &'a Wire<S>,
    events: &'a mpsc::Sender<LinkEvent>,
    pulse: Pulse,
    dialled: bool,
}

impl<'a, S: AsyncRead + AsyncWrite + Unpin> Talk<'a, S> {
    pub(super) fn new(link: LinkId, socket: &'a Wire<S>, events: &'a mpsc::Sender<LinkEvent>, dialled: bool) -> Self {
        Self { link, socket, events, pulse: Pulse::default(), dialled }
    }

    /// Reads and writes until either ends. `in_hand` is the call whose frame was taken from the queue and has
    /// not reached the socket.
    pub(super) async fn run(
        self,
        queue: &mut mpsc::Receiver<Outgoing>,
        in_hand: &mut Option<u64>,
        settings: &LinkSettings,
        stop: &CancellationToken,
        doubt: &Notify,
    ) -> Ending {
        let mut bad = Bad::new(Instant::now());
        let ending = tokio::select! {
            ending = self.read(&mut bad) => ending,
            ending = self.write(queue, in_hand, settings, doubt) => ending,
            () = stop.cancelled() => Ending::Stopped,
        };
        if bad.unreported > 0 {
            drop(self.events.send(LinkEvent::Garbage(self.link, bad.unreported)).await);
        }
        ending
    }

    async fn read(&self, bad: &mut Bad) -> Ending {
        let mut first = true;
        loop {
            let message = match self.socket.next().await {
                Some(Ok(message)) => message,
                Some(Err(error)) => return Ending::from_error(error, self.socket.tripped()),
                None => return Ending::Eof,
            };
            self.pulse.heard();
            let frame = match message {
                Message::Text(text) => onebot::decode(&text),
                Message::Binary(bytes) => std::str::from_utf8(&bytes).map_or(Frame::Invalid, onebot::decode),
                Message::Ping(_) | Message::Pong(_) if bad.too_much_control() => return Ending::Flood,
                Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => continue,
                Message::Close(close) => return Ending::closed(close),
            };
            let event = match frame {
                // The first word to whom an adapter does not trust; later it is an answer that nobody waits for.
                Frame::Response(response) if first && self.dialled && response.auth_failure() => {
                    return Ending::Unauthorized(response.words);
                }
                Frame::Response(response) => LinkEvent::Answered(self.link, response),
                Frame::Invalid => match bad.garbage() {
                    Verdict::Enough => return Ending::Garbage,
                    Verdict::Later => continue,
                    Verdict::Report(frames) => LinkEvent::Garbage(self.link, frames),
                },
                event => match event.heard(seconds()) {
                    Some(heard) => LinkEvent::Heard(self.link, heard),
                    None => continue,
                },
            };
            first = false;
            self.pulse.pause(true);
            if self.events.send(event).await.is_err() {
                return Ending::Stopped;
            }
            self.pulse.pause(false);
        }
    }

    /// Writes frames and pings.
    async fn write(
        &self,
        queue: &mut mpsc::Receiver<Outgoing>,
        in_hand: &mut Option<u64>,
        settings: &LinkSettings,
        doubt: &Notify,
    ) -> Ending {
        let mut unanswered = 0;
        let mut proof = None;
        // One timer, set when it has rung and not with each frame.
        let mut ping = pin!(sleep_until(Instant::now() + settings.heartbeat));
        loop {
            let written = tokio::select! {
                frame = queue.recv() => match frame {
                    Some(frame) => timeout(STALL, self.batch(queue, frame, in_hand)).await,
                    // The hub has let go of its handle.
                    None => return Ending::Stopped,
                },
                () = doubt.notified(), if proof.is_none() => {
                    proof = Some(Instant::now() + settings.proof);
                    self.pulse.take();
                    timeout(STALL, self.ping()).await
                }
                () = sleep_until(proof.unwrap_or_else(Instant::now)), if proof.is_some() => {
                    if !self.pulse.take() {
                        return Ending::Replaced;
                    }
                    (proof, unanswered) = (None, 0);
                    continue;
                }
                () = &mut ping => {
                    ping.as_mut().reset(Instant::now() + settings.heartbeat);
                    unanswered = if self.pulse.take() { 0 } else { unanswered };
                    if unanswered == PINGS {
                        return Ending::Silent;
                    }
                    unanswered += 1;
                    timeout(STALL, self.ping()).await
                }
            };
            match written {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return Ending::from_error(error, false),
                Err(_) => return Ending::Stalled,
            }
        }
    }

    async fn ping(&self) -> Result<(), Error> {
        self.socket.ready().await?;
        self.socket.put(Message::Ping(Default::default()))?;
        self.socket.flush().await
    }

    /// Drains the queue, within reason, and flushes once.
    async fn batch(
        &self,
        queue: &mut mpsc::Receiver<Outgoing>,
        first: Outgoing,
        in_hand: &mut Option<u64>,
    ) -> Result<(), Error> {
        let (mut next, mut room) = (Some(first), BATCH);
        while let Some(frame) = next.take() {
            // Until the socket has room the frame is ours; from then on it may have been seen.
            *in_hand = Some(frame.call);
            self.socket.ready().await?;
            *in_hand = None;
            self.socket.put(Message::text(frame.text))?;
            room -= 1;
            if room > 0 {
                next = queue.try_recv().ok();
            }
        }
        self.socket.flush().await
    }
}

/// Seconds since 1970.
fn seconds() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(0)
}

/// Counts of what should not come, by minute.
struct Bad {
    minute: Instant,
    garbage: u32,
    control: u32,
    unreported: u32,
    reported: Option<Instant>,
}

enum Verdict {
    Later,
    Report(u32),
    Enough,
}

impl Bad {
    fn new(now: Instant) -> Self {
        Self { minute: now, garbage: 0, control: 0, unreported: 0, reported: None }
    }

    fn roll(&mut self) -> Instant {
        let now = Instant::now();
        if now.duration_since(self.minute) >= Duration::from_secs(60) {
            (self.minute, self.garbage, self.control) = (now, 0, 0);
        }
        now
    }

    fn garbage(&mut self) -> Verdict {
        let now = self.roll();
        self.garbage += 1;
        self.unreported += 1;
        if self.garbage > GARBAGE {
            return Verdict::Enough;
        }
        if self.reported.is_some_and(|at| now.duration_since(at) < REPORT) {
            return Verdict::Later;
        }
        self.reported = Some(now);
        Verdict::Report(std::mem::take(&mut self.unreported))
    }

    fn too_much_control(&mut self) -> bool {
        self.roll();
        self.control += 1;
        self.control > CONTROL
    }
}
