//! One connection to an adapter, whoever dialled: what is known of it, and what it tells.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_util::sync::CancellationToken;

use super::onebot::{Heard, Response};
use crate::domain::{LinkId, Text};

/// Frames that wait for a link's socket. Bounded: a full queue refuses and the call ends as not sent.
const OUTGOING: usize = 256;

/// How long a link may take to show that it lives after a newer one of its account came (threats.md A29).
pub const PROOF: Duration = Duration::from_secs(3);

/// How links behave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkSettings {
    /// Between our own pings; two unanswered ones end the link.
    pub heartbeat: Duration,
    /// How long a link may take to show that it lives once it is doubted; [`PROOF`] outside tests.
    pub proof: Duration,
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
    pub(super) stop: CancellationToken,
    pub(super) doubt: Arc<Notify>,
}

impl LinkHandle {
    /// A handle and what it leads to: for the link loop, and for tests that play a link.
    pub fn new(stop: CancellationToken) -> (Self, mpsc::Receiver<Outgoing>) {
        let (frames, queue) = mpsc::channel(OUTGOING);
        (Self { frames, stop, doubt: Arc::default() }, queue)
    }

    /// Hands a frame over without waiting; false: the queue is full or the link is gone, and nothing was sent.
    pub fn offer(&self, frame: Outgoing) -> bool {
        self.frames.try_send(frame).is_ok()
    }

    /// Has it show that it lives, or end: a newer link of its account came, which it would do when this one is dead
    /// and our pings have not missed it yet.
    pub fn doubt(&self) {
        self.doubt.notify_one();
    }

    /// Waits until it is doubted; for tests that play a link.
    pub async fn doubted(&self) {
        self.doubt.notified().await;
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
