//! The way to the session that draws.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio_util::codec::FramedRead;

use crate::cli::output::End;
use crate::serve::frame::Codec;
use crate::serve::hello::Hello;
use crate::serve::{line, socket};
use crate::words::Exit;

/// How long a daemon may take to let us in.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where sessions are to be had.
#[derive(Debug)]
pub enum Reach {
    /// Behind this socket, again and again.
    Socket(PathBuf),
    /// At the other end of this stream, once.
    Once(Option<std::os::unix::net::UnixStream>),
}

/// A session that has let us in.
#[derive(Debug)]
pub struct Link {
    /// What it shows.
    pub frames: FramedRead<BufReader<OwnedReadHalf>, Codec>,
    /// Where what is typed goes.
    pub write: OwnedWriteHalf,
}

/// Why there is no session.
#[derive(Debug)]
pub enum Closed {
    /// Nobody there; somebody may be later.
    Nobody(Exit),
    /// Somebody who says no.
    Refused(End),
}

impl Reach {
    /// Whether it can be reached more than once.
    pub fn again(&self) -> bool {
        matches!(self, Self::Socket(_))
    }

    /// What it is called, for a person.
    pub fn name(&self) -> String {
        match self {
            Self::Socket(path) => path.display().to_string(),
            Self::Once(_) => String::new(),
        }
    }

    /// Goes there and says hello.
    ///
    /// # Errors
    /// [`Closed`].
    pub async fn open(&mut self, hello: &Hello) -> Result<Link, Closed> {
        let name = self.name();
        let stream = match self {
            Self::Socket(path) => {
                socket::check_length(path).map_err(|exit| Closed::Refused(exit.into()))?;
                UnixStream::connect(path).await
            }
            Self::Once(stream) => stream.take().ok_or(io::ErrorKind::NotFound.into()).and_then(|stream| {
                stream.set_nonblocking(true)?;
                UnixStream::from_std(stream)
            }),
        };
        let stream = stream.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
                Closed::Nobody(Exit::NoDaemon { socket: name.clone() })
            }
            _ => Closed::Nobody(Exit::SocketRefused { socket: name.clone(), cause: error.to_string() }),
        })?;
        let lost = |cause: String| Closed::Nobody(Exit::NoAnswer { socket: name.clone(), cause });
        let (read, mut write) = stream.into_split();
        let mut read = BufReader::new(read);
        let mut greeting = line::json(hello);
        greeting.push('\n');
        // A daemon that refuses answers before it reads, so a failed write may still have an answer.
        let _ = write.write_all(greeting.as_bytes()).await;
        let answer = line::read(&mut read, PATIENCE).await.map_err(|error| lost(error.to_string()))?;
        let answer: Map<String, Value> = serde_json::from_slice(&answer).map_err(|error| lost(error.to_string()))?;
        if answer.get("ok").and_then(Value::as_bool) == Some(true) {
            return Ok(Link { frames: FramedRead::new(read, Codec), write });
        }
        let words = answer.get("words").and_then(Value::as_str).unwrap_or_default().to_owned();
        Err(Closed::Refused(End::Said { code: 1, words }))
    }
}
