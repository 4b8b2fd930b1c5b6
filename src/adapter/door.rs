//! Where connections become links: their life from opening to the one closing event.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::FutureExt;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_util::sync::CancellationToken;

use super::ending::{Ending, farewell};
use super::fragments::Fragments;
use super::link::{Introduction, LinkEvent, LinkHandle, LinkSettings};
use super::talk::Talk;
use super::wire::Wire;
use crate::domain::{LinkId, Text};

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
        // Whoever reads the events logs it, too. A scanner must not be able to slow events down, so nobody waits for this.
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
        let (stop, doubt) = (handle.stop.clone(), Arc::clone(&handle.doubt));
        let (peer, dialled) = (who.peer.clone(), who.dialled);
        if self.events.send(LinkEvent::Open(link, who, handle)).await.is_err() {
            return Ending::Stopped;
        }
        tracing::info!(peer, link = link.0, "link open");
        let mut in_hand = None;
        let socket = Wire::new(socket);
        let ending = {
            let talk = Talk::new(link, &socket, &self.events, dialled);
            let talk = talk.run(&mut queue, &mut in_hand, &settings, &stop, &doubt);
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
}
