//! Why a link ended, and how the other side is told.

use std::fmt;
use std::time::Duration;

use futures_util::SinkExt;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::{Error, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{self, Message};

use super::fragments::Fragments;

/// Why a link ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ending {
    /// The adapter closed it with this code and these words.
    Closed(Option<u16>, String),
    /// The adapter does not accept our token, in its words.
    Unauthorized(String),
    /// The connection broke off without a close.
    Eof,
    /// The socket failed.
    Socket(String),
    /// Not WebSocket.
    Protocol(String),
    /// Text that is not UTF-8.
    NotUtf8,
    /// A frame or message over the limit.
    TooBig,
    /// One message in too many fragments.
    Fragments,
    /// Too many frames that could not be read.
    Garbage,
    /// Too many pings.
    Flood,
    /// Nothing got out for 30 s.
    Stalled,
    /// Two of our pings were not answered.
    Silent,
    /// A newer link took its place, and it answered no ping any more.
    Replaced,
    /// We ended it.
    Stopped,
    /// A bug of ours.
    Panicked,
}

impl Ending {
    pub(super) fn from_error(error: Error, too_many_fragments: bool) -> Self {
        match error {
            _ if too_many_fragments => Self::Fragments,
            Error::ConnectionClosed | Error::AlreadyClosed => Self::Eof,
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Self::Eof,
            Error::Protocol(error) => Self::Protocol(error.to_string()),
            Error::Utf8(_) => Self::NotUtf8,
            Error::Capacity(_) => Self::TooBig,
            Error::WriteBufferFull(_) => Self::Stalled,
            other => Self::Socket(other.to_string()),
        }
    }

    /// onebots closes with 1008 where it does not accept our token, LLOneBot after a frame that says so.
    pub(super) fn closed(close: Option<CloseFrame>) -> Self {
        match close {
            Some(close) if close.code == CloseCode::Policy => Self::Unauthorized(close.reason.to_string()),
            Some(close) => Self::Closed(Some(close.code.into()), close.reason.to_string()),
            None => Self::Closed(None, String::new()),
        }
    }

    /// What we close with; `None` where the other side is gone or closed first.
    fn code(&self) -> Option<CloseCode> {
        Some(match self {
            Self::Closed(..) | Self::Unauthorized(_) => CloseCode::Normal,
            Self::Protocol(_) => CloseCode::Protocol,
            Self::NotUtf8 => CloseCode::Invalid,
            Self::TooBig => CloseCode::Size,
            Self::Fragments | Self::Garbage | Self::Flood => CloseCode::Policy,
            Self::Stopped => CloseCode::Away,
            Self::Panicked => CloseCode::Error,
            Self::Eof | Self::Socket(_) | Self::Stalled | Self::Silent | Self::Replaced => return None,
        })
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed(Some(code), words) if !words.is_empty() => write!(f, "closed with {code}: {words}"),
            Self::Closed(Some(code), _) => write!(f, "closed with {code}"),
            Self::Closed(None, _) => f.write_str("closed by the adapter"),
            Self::Unauthorized(words) => write!(f, "token refused: {words}"),
            Self::Eof => f.write_str("connection lost"),
            Self::Socket(words) => write!(f, "connection failed: {words}"),
            Self::Protocol(words) => write!(f, "not WebSocket: {words}"),
            Self::NotUtf8 => f.write_str("text that is not UTF-8"),
            Self::TooBig => f.write_str("a frame over the limit"),
            Self::Fragments => f.write_str("a message in too many fragments"),
            Self::Garbage => f.write_str("more than 100 unreadable frames in a minute"),
            Self::Flood => f.write_str("more than 1000 pings in a minute"),
            Self::Stalled => f.write_str("nothing could be written for 30 s"),
            Self::Silent => f.write_str("two pings went unanswered"),
            Self::Replaced => f.write_str("a newer link took its place and it answered no ping"),
            Self::Stopped => f.write_str("closed here"),
            Self::Panicked => f.write_str("internal error"),
        }
    }
}

/// Closes with the right code and lets the other side read it: a socket dropped over unread bytes is reset,
/// and the code is lost on the way (crates.md §4). Takes a second at most.
pub(super) async fn farewell<S>(mut socket: WebSocketStream<Fragments<S>>, ending: &Ending)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Some(code) = ending.code() else { return };
    let close = CloseFrame { code, reason: tungstenite::Utf8Bytes::from_static("") };
    let goodbye = async {
        // After a close of the adapter's there is nothing to send but the answer that already waits.
        drop(socket.send(Message::Close(Some(close))).await);
        drop(socket.flush().await);
        let stream = socket.get_mut();
        stream.shutdown().await?;
        let mut scrap = [0; 4096];
        while stream.read(&mut scrap).await? > 0 {}
        Ok::<_, std::io::Error>(())
    };
    drop(tokio::time::timeout(Duration::from_secs(1), goodbye).await);
}
