//! Lines out of network chunks, bounded. A chunk may end anywhere, also inside a character: bytes are cut at
//! `\n` and nothing else, and only whole lines are decoded by whoever reads them (llm.md §2.1 tells of a
//! reader that decoded chunks and lost Chinese text).

use bytes::{Bytes, BytesMut};

/// Longest line in bytes (threats.md H10).
pub const LINE_CAP: usize = 1 << 20;
/// Longest stream in bytes (threats.md H10).
pub const STREAM_CAP: usize = 8 << 20;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// More than a model has to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Overflow {
    /// A line over [`LINE_CAP`].
    #[error("a line of more than 1 MiB")]
    Line,
    /// A stream over [`STREAM_CAP`].
    #[error("an answer of more than 8 MiB")]
    Stream,
}

/// Cuts chunks at line feeds. A carriage return before the line feed and a byte order mark at the very
/// beginning are taken off. A line that lies within one chunk is a slice of it, not a copy.
#[derive(Debug, Default)]
pub struct Lines {
    /// What of the newest chunk has not been looked at.
    chunk: Bytes,
    /// The beginning of a line whose end has not come; without a line feed.
    carry: BytesMut,
    /// Bytes so far.
    total: usize,
    /// The first line has been given.
    begun: bool,
}

impl Lines {
    /// Adds a chunk. Cheapest when [`Lines::next`] was asked until it had nothing more.
    pub fn push(&mut self, chunk: Bytes) -> Result<(), Overflow> {
        self.total = self.total.saturating_add(chunk.len());
        if self.total > STREAM_CAP {
            return Err(Overflow::Stream);
        }
        if self.chunk.is_empty() {
            self.chunk = chunk;
        } else {
            self.chunk = [std::mem::take(&mut self.chunk), chunk].concat().into();
        }
        Ok(())
    }

    /// The next whole line, without its end.
    pub fn next(&mut self) -> Result<Option<Bytes>, Overflow> {
        let end = self.chunk.iter().position(|byte| *byte == b'\n');
        let fresh = end.unwrap_or(self.chunk.len());
        if self.carry.len() + fresh > LINE_CAP {
            return Err(Overflow::Line);
        }
        let Some(end) = end else {
            self.carry.extend_from_slice(&self.chunk);
            self.chunk = Bytes::new();
            return Ok(None);
        };
        let mut line = self.chunk.split_to(end + 1);
        line.truncate(end);
        if !self.carry.is_empty() {
            self.carry.extend_from_slice(&line);
            line = self.carry.split().freeze();
        }
        Ok(Some(self.clean(line)))
    }

    /// What stands behind the last line feed, once the stream has ended.
    pub fn finish(&mut self) -> Option<Bytes> {
        self.carry.extend_from_slice(&std::mem::take(&mut self.chunk));
        let line = self.carry.split().freeze();
        (!line.is_empty()).then(|| self.clean(line))
    }

    fn clean(&mut self, mut line: Bytes) -> Bytes {
        if line.last() == Some(&b'\r') {
            line.truncate(line.len() - 1);
        }
        if !std::mem::replace(&mut self.begun, true) && line.starts_with(BOM) {
            line = line.slice(BOM.len()..);
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(chunks: impl IntoIterator<Item = Bytes>) -> Vec<Bytes> {
        let mut lines = Lines::default();
        let mut out = Vec::new();
        for chunk in chunks {
            lines.push(chunk).unwrap();
            while let Some(line) = lines.next().unwrap() {
                out.push(line);
            }
        }
        out.extend(lines.finish());
        out
    }

    /// `text` in two chunks, for every place where it can be cut.
    pub(crate) fn cuts(text: &[u8]) -> impl Iterator<Item = [Bytes; 2]> + '_ {
        (0..=text.len()).map(|at| [Bytes::copy_from_slice(&text[..at]), Bytes::copy_from_slice(&text[at..])])
    }

    #[test]
    fn every_cut_gives_the_same_lines() {
        let text = "\u{feff}你好\r\n\n世界🙂\n末".as_bytes();
        for chunks in cuts(text) {
            assert_eq!(all(chunks), ["你好", "", "世界🙂", "末"].map(Bytes::from));
        }
    }

    #[test]
    fn a_line_within_a_chunk_is_not_copied() {
        let chunk = Bytes::from_static("一\n二\n".as_bytes());
        let lines = all([chunk.clone()]);
        assert_eq!(lines[0].as_ptr(), chunk.as_ptr());
        assert_eq!(lines[1].as_ptr(), chunk[4..].as_ptr());
    }

    #[test]
    fn long_lines_and_long_streams_are_refused() {
        let mut lines = Lines::default();
        lines.push(Bytes::from(vec![b'x'; LINE_CAP])).unwrap();
        assert_eq!(lines.next(), Ok(None));
        lines.push(Bytes::from_static(b"x")).unwrap();
        assert_eq!(lines.next(), Err(Overflow::Line));

        let mut lines = Lines::default();
        lines.push(Bytes::from(vec![b'x'; LINE_CAP + 1])).unwrap();
        assert_eq!(lines.next(), Err(Overflow::Line));

        let mut lines = Lines::default();
        let chunk = Bytes::from(vec![b'\n'; LINE_CAP]);
        for _ in 0..8 {
            lines.push(chunk.clone()).unwrap();
            while lines.next().unwrap().is_some() {}
        }
        assert_eq!(lines.push(Bytes::from_static(b"\n")), Err(Overflow::Stream));
    }

    proptest! {
        #[test]
        fn any_chunks_give_the_lines_of_the_whole(chunks in prop::collection::vec("[a-z世🙂\r\n]{0,7}", 0..12)) {
            let whole = chunks.concat();
            let mut want: Vec<String> =
                whole.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line).to_owned()).collect();
            // An unfinished last line of nothing is no line; a lone "\r" there is an empty one.
            if whole.is_empty() || whole.ends_with('\n') {
                want.pop();
            }
            let bytes = whole.as_bytes().chunks(3).map(Bytes::copy_from_slice);
            prop_assert_eq!(all(bytes), want.iter().map(|l| Bytes::copy_from_slice(l.as_bytes())).collect::<Vec<_>>());
            let given = chunks.iter().map(|c| Bytes::copy_from_slice(c.as_bytes()));
            prop_assert_eq!(all(given).len(), want.len());
        }

        #[test]
        fn nothing_panics(chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..9), 0..9)) {
            all(chunks.into_iter().map(Bytes::from));
        }
    }
}
