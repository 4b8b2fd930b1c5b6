//! The doors of a running bot: a Unix socket in the data directory, for `ctl` and the console.
//!
//! A connection begins with one JSON line ([`hello::Hello`]). A `ctl` then sends one JSON line a question
//! ([`hello::Ask`]) and gets one JSON line an answer: `ok`, `code`, `words`, and either the verb's own fields or,
//! for people, `text`. `tail` answers with lines until the client goes. What the verbs are stands in one table,
//! [`crate::verbs::TABLE`].
//!
//! A relay is answered with one such line, and from then on both ends speak in [`frame::Frame`]s. What is shown is
//! drawn here, by one [`session`] an operator.
//!
//! Beside them, where it is configured, the door for Prometheus: [`metrics`].

mod attach;
pub mod client;
mod connection;
pub mod ctl;
pub mod frame;
pub mod hello;
pub mod line;
pub mod manual;
pub mod metrics;
mod now;
mod remember;
pub mod session;
mod sessions;
pub mod shape;
pub mod show;
mod size;
pub mod socket;
mod table;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::sessions::Sessions;
use crate::domain::Operator;
use crate::runtime::handle::Handle;
use crate::words::{Exit, Lang};

/// Connections at once; one more is told so and closed.
pub const CONNECTIONS: usize = 64;
/// The pause after `accept` failed, most often for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// What everybody shares who comes in by one of the doors. Clones are the same.
#[derive(Debug, Clone)]
pub struct Doors {
    handle: Handle,
    sessions: Sessions,
    /// What consoles kept last.
    screens: remember::Screens,
    /// Where exports go.
    exports: PathBuf,
    /// The world is simulated.
    demo: bool,
    /// Ends everything.
    stop: CancellationToken,
}

impl Doors {
    /// The doors of a bot with this data directory, open until `stop`.
    pub fn new(handle: Handle, data: &Path, stop: CancellationToken) -> Self {
        let (sessions, screens) = (Sessions::default(), remember::Screens::default());
        let exports = data.join("exports");
        // Whoever is told a path may be in another directory than the bot.
        let exports = std::path::absolute(&exports).unwrap_or(exports);
        Self { handle, sessions, screens, exports, demo: false, stop }
    }

    /// Those of a demo: consoles say that it is one.
    #[must_use]
    pub fn of_demo(self) -> Self {
        Self { demo: true, ..self }
    }

    /// The running bot.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Serves one connection, of whatever kind, to its end.
    pub async fn talk(self, stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, operator: Operator) {
        connection::talk(stream, self, operator).await;
    }
}

/// Lets operators in until the doors are closed; then ends their connections and removes the socket.
///
/// # Errors
/// When the socket cannot be watched at all. Failures of single connections are not errors.
pub async fn serve(listener: socket::Listener, doors: Doors) -> io::Result<()> {
    let accept = UnixListener::from_std(listener.socket.try_clone()?)?;
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
            () = doors.stop.cancelled() => break,
        };
        let Some(operator) = peer(&stream) else { continue };
        let Ok(place) = room.clone().try_acquire_owned() else {
            refuse(stream);
            continue;
        };
        let talk = doors.clone().talk(stream, operator);
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
fn peer(stream: &UnixStream) -> Option<Operator> {
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
