//! A byte stream that watches WebSocket frame headers go by and ends a message in too many fragments.
//!
//! The WebSocket library bounds the bytes of a message, so endless *empty* fragments cost it nothing and it
//! reads on for ever (threats.md A21). Only headers are looked at; payload is skipped by arithmetic.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Fragments that one message may come in. Adapters send whole frames.
const LIMIT: u32 = 4096;

/// A stream under watch.
#[derive(Debug)]
pub(super) struct Fragments<S> {
    inner: S,
    watch: Watch,
}

impl<S> Fragments<S> {
    /// A stream whose next byte begins a frame.
    pub(super) fn new(inner: S) -> Self {
        Self { inner, watch: Watch::default() }
    }

    /// A stream on which the answer to our handshake comes first.
    pub(super) fn after_handshake(inner: S) -> Self {
        Self { inner, watch: Watch { head: HEAD_END.len(), ..Watch::default() } }
    }

    /// Whether a message was ended for its fragments. From then on bytes pass unwatched, to be thrown away.
    pub(super) fn tripped(&self) -> bool {
        self.watch.tripped
    }
}

/// Ends the head of an HTTP answer.
const HEAD_END: &[u8] = b"\r\n\r\n";

#[derive(Debug, Default)]
struct Watch {
    /// Bytes of [`HEAD_END`] that are still to come; 0: frames.
    head: usize,
    header: [u8; 14],
    filled: usize,
    payload: u64,
    fragments: u32,
    tripped: bool,
}

impl Watch {
    /// Looks at bytes as they come; false where the limit was passed.
    fn look(&mut self, mut bytes: &[u8]) -> bool {
        while let Some((byte, rest)) = bytes.split_first().filter(|_| self.head > 0) {
            self.head = match HEAD_END[HEAD_END.len() - self.head] {
                wanted if wanted == *byte => self.head - 1,
                _ if *byte == b'\r' => HEAD_END.len() - 1,
                _ => HEAD_END.len(),
            };
            bytes = rest;
        }
        while !bytes.is_empty() {
            let skip = usize::try_from(self.payload).unwrap_or(usize::MAX).min(bytes.len());
            self.payload -= skip as u64;
            bytes = &bytes[skip..];
            let Some((first, rest)) = bytes.split_first() else { break };
            self.header[self.filled] = *first;
            self.filled += 1;
            bytes = rest;
            if self.filled == self.header_length() {
                self.frame();
                self.filled = 0;
                if self.fragments > LIMIT {
                    return false;
                }
            }
        }
        true
    }

    /// How long the header is, as far as is known: 2 bytes, a longer length, a mask.
    fn header_length(&self) -> usize {
        if self.filled < 2 {
            return 2;
        }
        let length = match self.header[1] & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        2 + length + if self.header[1] & 0x80 == 0 { 0 } else { 4 }
    }

    fn frame(&mut self) {
        let big_endian = |bytes: &[u8]| bytes.iter().fold(0, |n: u64, b| n << 8 | u64::from(*b));
        self.payload = match self.header[1] & 0x7f {
            126 => big_endian(&self.header[2..4]),
            127 => big_endian(&self.header[2..10]),
            short => u64::from(short),
        };
        let (last, control) = (self.header[0] & 0x80 != 0, self.header[0] & 0x08 != 0);
        match (control, last) {
            (true, _) => {}
            (false, true) => self.fragments = 0,
            (false, false) => self.fragments += 1,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Fragments<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buf))?;
        if !self.watch.tripped && !self.watch.look(&buf.filled()[before..]) {
            self.watch.tripped = true;
            return Poll::Ready(Err(io::Error::other("a message in too many fragments")));
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Fragments<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frame(first: u8, payload: usize, masked: bool) -> Vec<u8> {
        let mask = if masked { 0x80 } else { 0 };
        let mut bytes = vec![first];
        match payload {
            0..126 => bytes.push(mask | payload as u8),
            126..65536 => {
                bytes.push(mask | 126);
                bytes.extend((payload as u16).to_be_bytes());
            }
            _ => {
                bytes.push(mask | 127);
                bytes.extend((payload as u64).to_be_bytes());
            }
        }
        bytes.extend(std::iter::repeat_n(0, if masked { 4 } else { 0 } + payload));
        bytes
    }

    #[test]
    fn endless_empty_fragments_are_ended_and_whole_messages_are_not() {
        let mut watch = Watch::default();
        assert!(watch.look(&frame(0x01, 3, true)));
        let end = (0..10_000).position(|_| !watch.look(&frame(0x00, 0, true)));
        assert_eq!(end, Some(LIMIT as usize - 1));

        let mut watch = Watch::default();
        assert!((0..10_000).all(|_| watch.look(&frame(0x81, 5, true))));
        assert!((0..10_000).all(|_| watch.look(&frame(0x01, 5, true)) && watch.look(&frame(0x80, 0, true))));
    }

    #[test]
    fn frames_begin_behind_the_head_of_the_answer() {
        let mut watch = Watch { head: HEAD_END.len(), ..Watch::default() };
        assert!(watch.look(b"HTTP/1.1 101 Switching\r\nA: b\r\r\n\r"));
        assert!(watch.head > 0);
        let mut rest = b"\n".to_vec();
        rest.extend(frame(0x01, 300, false));
        assert!(watch.look(&rest));
        assert_eq!((watch.head, watch.fragments, watch.payload, watch.filled), (0, 1, 0, 0));
    }

    proptest! {
        #[test]
        fn headers_are_found_however_the_bytes_are_cut(
            frames in proptest::collection::vec((prop_oneof![Just(0x81_u8), Just(0x01), Just(0x00), Just(0x89)], 0_usize..70_000, any::<bool>()), 1..6),
            chunk in 1_usize..9000,
        ) {
            let bytes: Vec<u8> = frames.iter().flat_map(|(first, payload, masked)| frame(*first, *payload, *masked)).collect();
            let (mut whole, mut cut) = (Watch::default(), Watch::default());
            prop_assert!(whole.look(&bytes));
            prop_assert!(bytes.chunks(chunk).all(|piece| cut.look(piece)));
            prop_assert_eq!((whole.fragments, whole.payload, whole.filled), (cut.fragments, cut.payload, cut.filled));
            prop_assert_eq!((cut.payload, cut.filled), (0, 0));
        }
    }
}
