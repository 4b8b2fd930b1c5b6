//! Frames between a relay and the session that draws its terminal, after the hello line and its answer: one byte of
//! type, four of length (big endian), and so many bytes.

use std::io;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio_util::codec::{Decoder, Encoder};

use crate::words::Bye;

/// Most bytes in one frame; longer output goes in several.
pub const LONGEST: usize = 64 << 10;
/// Type and length.
const HEAD: usize = 5;

/// One frame. Who sends it stands with each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// Both: what was typed, or what is to be shown.
    Bytes(Bytes),
    /// Relay: the terminal has these columns and rows now.
    Resize(u16, u16),
    /// Relay: the terminal has taken the last bytes whole. Without this the socket's own buffer would hold many
    /// frames that a slow terminal has long been past.
    Taken,
    /// Relay: stopped; nothing is shown until it is back.
    Away,
    /// Relay: back; what the terminal shows is unknown.
    Back,
    /// Daemon: stop, as ^Z does.
    Suspend,
    /// Both: the end.
    Bye(Bye),
}

/// Reads and writes frames.
#[derive(Debug, Clone, Copy, Default)]
pub struct Codec;

const BYTES: u8 = 1;
const RESIZE: u8 = 2;
const TAKEN: u8 = 3;
const AWAY: u8 = 4;
const BACK: u8 = 5;
const SUSPEND: u8 = 6;
const BYE: u8 = 7;

impl Decoder for Codec {
    type Item = Frame;
    type Error = io::Error;

    fn decode(&mut self, from: &mut BytesMut) -> io::Result<Option<Frame>> {
        let Some((&[kind, a, b, c, d], _)) = from.split_first_chunk::<HEAD>() else { return Ok(None) };
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        if length > LONGEST {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a frame is too long"));
        }
        if from.len() < HEAD + length {
            from.reserve(HEAD + length - from.len());
            return Ok(None);
        }
        from.advance(HEAD);
        let body = from.split_to(length).freeze();
        frame(kind, body).map(Some).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no such frame"))
    }
}

fn frame(kind: u8, body: Bytes) -> Option<Frame> {
    Some(match (kind, body.len()) {
        (BYTES, _) => Frame::Bytes(body),
        (RESIZE, 4) => {
            let mut body = body;
            Frame::Resize(body.get_u16(), body.get_u16())
        }
        (TAKEN, 0) => Frame::Taken,
        (AWAY, 0) => Frame::Away,
        (BACK, 0) => Frame::Back,
        (SUSPEND, 0) => Frame::Suspend,
        (BYE, _) => Frame::Bye(serde_json::from_slice(&body).ok()?),
        _ => return None,
    })
}

impl Encoder<Frame> for Codec {
    type Error = io::Error;

    fn encode(&mut self, frame: Frame, to: &mut BytesMut) -> io::Result<()> {
        let mut put = |kind, body: &[u8]| {
            to.put_u8(kind);
            to.put_u32(u32::try_from(body.len()).unwrap_or(u32::MAX));
            to.put_slice(body);
        };
        match frame {
            Frame::Bytes(bytes) => bytes.chunks(LONGEST).for_each(|piece| put(BYTES, piece)),
            Frame::Resize(columns, rows) => {
                let [a, b] = columns.to_be_bytes();
                let [c, d] = rows.to_be_bytes();
                put(RESIZE, &[a, b, c, d]);
            }
            Frame::Taken => put(TAKEN, &[]),
            Frame::Away => put(AWAY, &[]),
            Frame::Back => put(BACK, &[]),
            Frame::Suspend => put(SUSPEND, &[]),
            Frame::Bye(bye) => put(BYE, &serde_json::to_vec(&bye)?),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all() -> Vec<Frame> {
        vec![
            Frame::Bytes(Bytes::from_static("键\u{1b}[A".as_bytes())),
            Frame::Resize(120, 40),
            Frame::Taken,
            Frame::Away,
            Frame::Back,
            Frame::Suspend,
            Frame::Bye(Bye::Ended { by: "li".into() }),
        ]
    }

    #[test]
    fn frames_read_back_wherever_the_stream_is_cut() {
        let mut wire = BytesMut::new();
        all().into_iter().for_each(|f| Codec.encode(f, &mut wire).unwrap());
        for cut in 0..wire.len() {
            let (mut some, mut read) = (BytesMut::new(), Vec::new());
            for part in [&wire[..cut], &wire[cut..]] {
                some.put_slice(part);
                while let Some(frame) = Codec.decode(&mut some).unwrap() {
                    read.push(frame);
                }
            }
            assert_eq!(read, all());
        }
    }

    #[test]
    fn long_output_goes_in_several_frames_and_long_frames_are_refused() {
        let mut wire = BytesMut::new();
        Codec.encode(Frame::Bytes(vec![7; LONGEST + 1].into()), &mut wire).unwrap();
        let lengths: Vec<_> = std::iter::from_fn(|| Codec.decode(&mut wire).unwrap())
            .map(|f| if let Frame::Bytes(b) = f { b.len() } else { 0 })
            .collect();
        assert_eq!(lengths, [LONGEST, 1]);
        assert!(Codec.decode(&mut BytesMut::from(&[BYTES, 0xff, 0, 0, 0][..])).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
            let mut from = BytesMut::from(&bytes[..]);
            while let Ok(Some(_)) = Codec.decode(&mut from) {}
        }
    }
}
