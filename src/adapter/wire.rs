//! A WebSocket that two loops of one task use at once, and the pulse they share.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::{Sink, Stream};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::fragments::Fragments;

/// The socket. The lock is held for single polls only, and by one task, so it is never contended; unlike a
/// split sink it keeps no frame back, so that it stays known which frames the socket has taken.
pub(super) struct Wire<S>(Mutex<WebSocketStream<Fragments<S>>>);

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub(super) fn new(socket: WebSocketStream<Fragments<S>>) -> Self {
        Self(Mutex::new(socket))
    }

    fn lock(&self) -> MutexGuard<'_, WebSocketStream<Fragments<S>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next message.
    pub(super) async fn next(&self) -> Option<Result<Message, Error>> {
        poll_fn(|cx| Pin::new(&mut *self.lock()).poll_next(cx)).await
    }

    /// Waits for room.
    pub(super) async fn ready(&self) -> Result<(), Error> {
        poll_fn(|cx| Pin::new(&mut *self.lock()).poll_ready(cx)).await
    }

    /// Puts a message into the write buffer; [`Self::ready`] came first.
    pub(super) fn put(&self, message: Message) -> Result<(), Error> {
        Pin::new(&mut *self.lock()).start_send(message)
    }

    /// Writes everything out.
    pub(super) async fn flush(&self) -> Result<(), Error> {
        poll_fn(|cx| Pin::new(&mut *self.lock()).poll_flush(cx)).await
    }

    /// Whether reading ended over too many fragments.
    pub(super) fn tripped(&self) -> bool {
        self.lock().get_ref().tripped()
    }

    pub(super) fn into_inner(self) -> WebSocketStream<Fragments<S>> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Signs of life. While reading is paused nobody listens for them, and none are missed.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    heard: AtomicBool,
    paused: AtomicBool,
}

impl Pulse {
    /// Something came.
    pub(super) fn heard(&self) {
        self.heard.store(true, Ordering::Relaxed);
    }

    /// Reading pauses or goes on.
    pub(super) fn pause(&self, paused: bool) {
        self.paused.store(paused, Ordering::Relaxed);
    }

    /// Whether there was a sign of life since the last look.
    pub(super) fn take(&self) -> bool {
        let heard = self.heard.swap(false, Ordering::Relaxed);
        heard || self.paused.load(Ordering::Relaxed)
    }
}
