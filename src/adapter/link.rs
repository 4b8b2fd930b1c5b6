//! One connection to an adapter, whoever dialled: one task that reads and writes at once.
//!
//! Frames are decoded here, on whatever thread drives the link, so that the runtime gets finished events.
//! Reading pauses while the runtime is busy (that is the back-pressure), writing and pings go on meanwhile.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Message, protocol::WebSocketConfig};
use tokio_util::sync::CancellationToken;

use super::ending::{Ending, farewell};
use super::fragments::Fragments;
use super::onebot::{self, Frame, Heard, Response};
use super::wire::{Pulse, Wire};
use crate::domain::{LinkId, Text};

/// Frames that wait for a link's socket. Bounded: a full queue refuses and the call ends as not sent.
const OUTGOING: usize = 256;
/// Frames written before one flush.
const BATCH: usize = 64;
/// A writer that gets nothing out for so long is dead.
const STALL: Duration = Duration::from_secs(30);
/// Frames that cannot be read, in one minute (threats.md A27).
const GARBAGE: u32 = 100;
/// Pings and pongs of the adapter's in one minute; none of them sends any of its own (threats.md A25).
const CONTROL: u32 = 1000;
/// Garbage is reported at most so often.
const REPORT: Duration = Duration::from_secs(10);

/// How links behave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkSettings {
    /// Between our own pings; two unanswered ones end the link.
    pub heartbeat: Duration,
    /// Largest frame and message, in bytes.
    pub max_frame: u64,
}

impl LinkSettings {
    /// Buffers small while idle (threats.md M1); the write buffer is capped, so that an adapter that pings
    /// and never reads does not grow it (A25), and holds any message of ours.
    pub(super) fn websocket(&self) -> WebSocketConfig {
        let limit = usize::try_from(self.max_frame).unwrap_or(usize::MAX);
        WebSocketConfig::default()
            .read_buffer_size(8 << 10)
            .write_buffer_size(16 << 10)
            .max_write_buffer_size(8 << 20)
            .max_message_size(Some(limit))
            .max_frame_size(Some(limit))
    }
}

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkRole {
    /// Events and calls.
    Universal,
    /// Calls only.
    Api,
    /// Events only.
    Event,
}

impl LinkRole {
    /// Whether calls may go through it.
    pub fn calls(self) -> bool {
        self != Self::Event
    }
}

/// Who is at the other end, as far as the handshake tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Introduction {
    /// The peer's address or the name of the dialled entry.
    pub peer: String,
    /// What the link is for.
    pub role: LinkRole,
    /// `X-Self-ID`, an opaque label of at most 64 bytes: pairs split roles, and names the account only until
    /// an event does.
    pub label: Option<String>,
    /// We dialled.
    pub dialled: bool,
}

/// One frame on its way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The hub's number of the call; comes back in [`LinkEvent::Closed`] if the frame never left.
    pub call: u64,
    /// The frame.
    pub text: String,
}

/// The hub's end of a link.
#[derive(Debug, Clone)]
pub struct LinkHandle {
    frames: mpsc::Sender<Outgoing>,
    stop: CancellationToken,
}

impl LinkHandle {
    /// A handle and what it leads to: for the link loop, and for tests that play a link.
    pub fn new(stop: CancellationToken) -> (Self, mpsc::Receiver<Outgoing>) {
        let (frames, queue) = mpsc::channel(OUTGOING);
        (Self { frames, stop }, queue)
    }

    /// Hands a frame over without waiting; false: the queue is full or the link is gone, and nothing was sent.
    pub fn offer(&self, frame: Outgoing) -> bool {
        self.frames.try_send(frame).is_ok()
    }

    /// Ends the link.
    pub fn close(&self) {
        self.stop.cancel();
    }

    /// Whether we ended it.
    pub fn is_closing(&self) -> bool {
        self.stop.is_cancelled()
    }
}

/// What links tell the hub.
#[derive(Debug)]
pub enum LinkEvent {
    /// A connection stands.
    Open(LinkId, Introduction, LinkHandle),
    /// An event came.
    Heard(LinkId, Heard),
    /// An answer came.
    Answered(LinkId, Box<Response>),
    /// So many frames could not be read since the last report.
    Garbage(LinkId, u32),
    /// The connection is gone; exactly one for each `Open`, after everything that was read.
    Closed {
        /// Which.
        link: LinkId,
        /// Why.
        reason: Text,
        /// Calls whose frames never reached the socket.
        unsent: Vec<u64>,
    },
    /// A connection that never became a link.
    Refused {
        /// The peer's address or the dialled entry's name.
        peer: String,
        /// Why.
        cause: Text,
    },
}

/// Where links report to, shared by servers and dials. The channel is bounded and awaits: reading pauses.
/// Refusals alone are dropped when it is full.
#[derive(Debug, Clone)]
pub struct Door {
    events: mpsc::Sender<LinkEvent>,
    ids: Arc<AtomicU64>,
}

impl Door {
    /// A door for all links of one hub.
    pub fn new(events: mpsc::Sender<LinkEvent>) -> Self {
        Self { events, ids: Arc::new(AtomicU64::new(1)) }
    }

    /// Reports a connection that never became a link; dropped while the hub is behind.
    pub(super) fn refused(&self, peer: String, cause: impl Into<Text>) {
        let cause = cause.into();
        tracing::warn!(peer, cause = cause.shown(), "connection refused");
        // A scanner must not be able to slow events down, so nobody waits for this.
        drop(self.events.try_send(LinkEvent::Refused { peer, cause }));
    }

    /// Drives one link to its end, which is always reported, also after a panic.
    pub(super) async fn run<S>(
        &self,
        socket: WebSocketStream<Fragments<S>>,
        who: Introduction,
        settings: LinkSettings,
        stop: CancellationToken,
    ) -> Ending
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let link = LinkId(self.ids.fetch_add(1, Ordering::Relaxed));
        let (handle, mut queue) = LinkHandle::new(stop.child_token());
        let stop = handle.stop.clone();
        let peer = who.peer.clone();
        if self.events.send(LinkEvent::Open(link, who, handle)).await.is_err() {
            return Ending::Stopped;
        }
        tracing::info!(peer, link = link.0, "link open");
        let mut in_hand = None;
        let socket = Wire::new(socket);
        let ending = {
            let talk = self.talk(link, &socket, &mut queue, &mut in_hand, settings, &stop);
            AssertUnwindSafe(talk).catch_unwind().await.unwrap_or(Ending::Panicked)
        };
        queue.close();
        let mut unsent: Vec<u64> = in_hand.into_iter().collect();
        while let Ok(frame) = queue.try_recv() {
            unsent.push(frame.call);
        }
        tracing::info!(peer, link = link.0, reason = %ending, "link closed");
        let reason = Text::from(ending.to_string());
        drop(self.events.send(LinkEvent::Closed { link, reason, unsent }).await);
        farewell(socket.into_inner(), &ending).await;
        ending
    }

    async fn talk<S>(
        &self,
        link: LinkId,
        socket: &Wire<S>,
        queue: &mut mpsc::Receiver<Outgoing>,
        in_hand: &mut Option<u64>,
        settings: LinkSettings,
        stop: &CancellationToken,
    ) -> Ending
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let pulse = Pulse::default();
        let mut bad = Bad::new(Instant::now());
        let ending = tokio::select! {
            ending = self.read(link, socket, &pulse, &mut bad) => ending,
            ending = write(socket, queue, in_hand, &pulse, settings.heartbeat) => ending,
            () = stop.cancelled() => Ending::Stopped,
        };
        if bad.unreported > 0 {
            drop(self.events.send(LinkEvent::Garbage(link, bad.unreported)).await);
        }
        ending
    }

    async fn read<S>(&self, link: LinkId, socket: &Wire<S>, pulse: &Pulse, bad: &mut Bad) -> Ending
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        loop {
            let message = match socket.next().await {
                Some(Ok(message)) => message,
                Some(Err(error)) => return Ending::from_error(error, socket.tripped()),
                None => return Ending::Eof,
            };
            pulse.heard();
            let frame = match message {
                Message::Text(text) => onebot::decode(&text),
                Message::Binary(bytes) => std::str::from_utf8(&bytes).map_or(Frame::Invalid, onebot::decode),
                Message::Ping(_) | Message::Pong(_) if bad.too_much_control() => return Ending::Flood,
                Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => continue,
                Message::Close(close) => return Ending::closed(close),
            };
            let event = match frame {
                Frame::Invalid => match bad.garbage() {
                    Verdict::Enough => return Ending::Garbage,
                    Verdict::Later => continue,
                    Verdict::Report(frames) => LinkEvent::Garbage(link, frames),
                },
                Frame::Response(response) if response.auth_failure() => {
                    return Ending::Unauthorized(response.words);
                }
                Frame::Response(response) => LinkEvent::Answered(link, response),
                event => match event.heard(seconds()) {
                    Some(heard) => LinkEvent::Heard(link, heard),
                    None => continue,
                },
            };
            pulse.pause(true);
            if self.events.send(event).await.is_err() {
                return Ending::Stopped;
            }
            pulse.pause(false);
        }
    }
}

/// Seconds since 1970.
fn seconds() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(0)
}

/// Writes frames and pings. The queue is drained before one flush.
async fn write<S>(
    socket: &Wire<S>,
    queue: &mut mpsc::Receiver<Outgoing>,
    in_hand: &mut Option<u64>,
    pulse: &Pulse,
    heartbeat: Duration,
) -> Ending
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut unanswered = 0;
    let mut ping_at = Instant::now() + heartbeat;
    loop {
        let frame = tokio::select! {
            frame = queue.recv() => frame,
            () = tokio::time::sleep_until(ping_at) => {
                ping_at = Instant::now() + heartbeat;
                unanswered = if pulse.take() { 0 } else { unanswered };
                if unanswered == 2 {
                    return Ending::Silent;
                }
                unanswered += 1;
                let ping = async {
                    socket.feed(Message::Ping(Default::default())).await?;
                    socket.flush().await
                };
                match tokio::time::timeout(STALL, ping).await {
                    Ok(Ok(())) => continue,
                    Ok(Err(error)) => return Ending::from_error(error, false),
                    Err(_) => return Ending::Stalled,
                }
            }
        };
        // The hub keeps a handle for as long as the link stands.
        let Some(frame) = frame else { return Ending::Stopped };
        match tokio::time::timeout(STALL, batch(socket, queue, frame, in_hand)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Ending::from_error(error, false),
            Err(_) => return Ending::Stalled,
        }
    }
}

async fn batch<S>(
    socket: &Wire<S>,
    queue: &mut mpsc::Receiver<Outgoing>,
    first: Outgoing,
    in_hand: &mut Option<u64>,
) -> Result<(), tokio_tungstenite::tungstenite::Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut next, mut room) = (Some(first), BATCH);
    while let Some(frame) = next.take() {
        // Until the socket has room the frame is ours; from then on it may have been seen.
        *in_hand = Some(frame.call);
        socket.ready().await?;
        *in_hand = None;
        socket.put(Message::text(frame.text))?;
        room -= 1;
        if room > 0 {
            next = queue.try_recv().ok();
        }
    }
    socket.flush().await
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
