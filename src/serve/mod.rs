//! The doors of a running bot: a Unix socket in the data directory, for `ctl` and, later, the console.
//!
//! A connection begins with one JSON line ([`hello::Hello`]). A `ctl` then sends one JSON line a question
//! ([`hello::Ask`]) and gets one JSON line an answer: `ok`, `code`, `words`, and either the verb's own fields or,
//! for people, `text`. `tail` answers with lines until the client goes. What the verbs are stands in one table,
//! [`crate::verbs::TABLE`].

pub mod client;

mod connection;
pub mod ctl;
pub mod hello;
pub mod line;
pub mod manual;

mod sessions;
pub mod shape;
pub mod show;
pub mod socket;
mod table;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::runtime::handle::Handle;
use crate::words::{Exit, Lang};

/// Connections at once; one more is told so and closed.
pub const CONNECTIONS: usize = 64;
/// The pause after `accept` failed, most often for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Lets operators in until `stop`; then ends their connections and removes the socket.
///
/// # Errors
/// When the socket cannot be watched at all. Failures of single connections are not errors.
pub async fn serve(listener: socket::Listener, handle: Handle, stop: CancellationToken) -> io::Result<()> {
    let accept = UnixListener::from_std(listener.socket.try_clone()?)?;
    let sessions = sessions::Sessions::default();
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let tasks = TaskTracker::new();
    loop {
        let stream = tokio::select! {
            accepted = accept.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "a connection to the socket could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
            () = stop.cancelled() => break,
        };
        let Some(operator) = peer(&stream) else { continue };
        let Ok(place) = room.clone().try_acquire_owned() else {
            refuse(stream);
            continue;
        };
        let talk = connection::talk(stream, handle.clone(), sessions.clone(), operator, stop.clone());
        tasks.spawn(async move {
            talk.await;
            drop(place);
        });
    }
    tasks.close();
    tasks.wait().await;
    Ok(())
}

/// Who it is; `None`: not one of ours, or the system would not say.
fn peer(stream: &UnixStream) -> Option<crate::domain::Operator> {
    match stream.peer_cred() {
        Ok(cred) => {
            let operator = socket::operator(cred.uid());
            if operator.is_none() {
                tracing::warn!(uid = cred.uid(), "a stranger at the socket was turned away");
            }
            operator
        }
        Err(error) => {
            tracing::warn!(%error, "a peer without credentials was turned away");
            None
        }
    }
}

/// Tells a client that there is no room; one try, since nobody may hold up the door.
fn refuse(stream: UnixStream) {
    let answer = ctl::Answer::failed(&Exit::Busy, Lang::En);
    let mut words = line::json(&answer.0);
    words.push('\n');
    let _ = stream.try_write(words.as_bytes());
}
