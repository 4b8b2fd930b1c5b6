//! A session over a Unix stream to a relay: frames in, frames out.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::Notify;
use tokio_util::codec::{Encoder, FramedRead};

use super::Doors;
use super::frame::{Codec, Frame};
use super::hello::Hello;
use super::now::now;
use super::session::link::{Heard, Keys, Screen};
use super::session::{self, Opening};
use super::sessions::Session;
use super::size;
use crate::console::{Depth, Settings};
use crate::domain::{Operator, Role};
use crate::words::Bye;

/// Bytes a second that a terminal must take to count as one that takes anything.
const SLOWEST: usize = 1 << 10;
/// Bytes in one piece at most: a frame holds no more.
const MOST: usize = 32 << 10;
/// Where the terminal did not say.
const USUAL: (u16, u16) = (80, 24);

/// Runs a session with a relay that has said hello, and tells why it ended.
pub async fn session(
    read: impl AsyncRead + Send + Unpin,
    write: impl AsyncWrite + Send + Unpin + 'static,
    doors: Doors,
    operator: Operator,
    hello: &Hello,
) -> Bye {
    let settings = settings(hello, operator, doors.demo);
    let entered = doors.sessions.enter(Session::attach(&settings, now()));
    let taken = Arc::new(Notify::new());
    let keys = Typed { frames: FramedRead::new(read, Codec), taken: taken.clone() };
    let stalled = doors.handle.placements().borrow().config.console.stalled;
    let screen = Shown { write, taken, stalled };
    session::run(Opening { doors, entered, settings, remote: hello.remote }, keys, screen).await
}

fn settings(hello: &Hello, operator: Operator, demo: bool) -> Settings {
    let role = if hello.read_only { Role::Viewer } else { operator.role };
    let known = |(columns, rows)| columns > 0 && rows > 0;
    Settings {
        operator: Operator { role, ..operator },
        read_only: hello.read_only,
        size: size::clamp(hello.size.filter(|size| known(*size)).unwrap_or(USUAL)),
        depth: hello.depth.as_deref().and_then(Depth::parse).unwrap_or_default(),
        forced: hello.forced,
        ascii: hello.ascii,
        lang: hello.lang(),
        term: hello.term.clone().unwrap_or_default(),
        demo,
    }
}

/// What the relay sends.
struct Typed<R> {
    frames: FramedRead<R, Codec>,
    /// Told by the relay, waited for by [`Shown`].
    taken: Arc<Notify>,
}

impl<R: AsyncRead + Send + Unpin> Keys for Typed<R> {
    async fn next(&mut self) -> Option<Heard> {
        loop {
            return match self.frames.next().await? {
                Ok(Frame::Taken) => {
                    self.taken.notify_one();
                    continue;
                }
                Ok(Frame::Bytes(bytes)) => Some(Heard::Bytes(bytes.into())),
                Ok(Frame::Resize(columns, rows)) => Some(Heard::Resize(columns, rows)),
                Ok(Frame::Away) => Some(Heard::Away),
                Ok(Frame::Back) => Some(Heard::Back),
                Ok(Frame::Bye(_) | Frame::Suspend) => None,
                Err(error) => {
                    tracing::debug!(%error, "a relay");
                    None
                }
            };
        }
    }
}

/// What the relay is sent.
struct Shown<W> {
    write: W,
    taken: Arc<Notify>,
    /// How long it may take nothing.
    stalled: Duration,
}

impl<W: AsyncWrite + Send + Unpin + 'static> Shown<W> {
    async fn send(&mut self, frames: impl IntoIterator<Item = Frame>) -> io::Result<()> {
        let mut wire = BytesMut::new();
        frames.into_iter().try_for_each(|frame| Codec.encode(frame, &mut wire))?;
        self.write.write_all(&wire).await?;
        self.write.flush().await
    }

    async fn piece(&mut self, bytes: Bytes) -> io::Result<()> {
        let stalled = self.stalled;
        let taken = async {
            self.send([Frame::Bytes(bytes)]).await?;
            self.taken.notified().await;
            Ok(())
        };
        tokio::time::timeout(stalled, taken).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<W: AsyncWrite + Send + Unpin + 'static> Screen for Shown<W> {
    const SUSPENDS: bool = true;

    async fn show(&mut self, bytes: Vec<u8>) -> io::Result<()> {
        let mut bytes = Bytes::from(bytes);
        let most = usize::try_from(self.stalled.as_secs()).unwrap_or(1).max(1).saturating_mul(SLOWEST).min(MOST);
        while !bytes.is_empty() {
            let piece = bytes.split_to(bytes.len().min(most));
            self.piece(piece).await?;
        }
        Ok(())
    }

    async fn suspend(&mut self, last: Vec<u8>) -> io::Result<()> {
        self.show(last).await?;
        self.send([Frame::Suspend]).await
    }

    async fn end(&mut self, last: Vec<u8>, bye: Bye) -> io::Result<()> {
        self.send([Frame::Bytes(last.into()), Frame::Bye(bye)]).await?;
        self.write.shutdown().await
    }
}
