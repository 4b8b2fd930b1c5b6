//! Server-sent events over [`Lines`] (llm.md §3.1).

use bytes::{Bytes, BytesMut};

use super::lines::{Lines, Overflow};

/// Why an event stream cannot be read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SseError {
    /// Too long.
    #[error(transparent)]
    Overflow(#[from] Overflow),
    /// A line that is neither a field nor text at all.
    #[error("bytes that are not an event stream")]
    Garbage,
}

/// What a stream brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// An event with data.
    Event {
        /// Its `event:` name; empty for most.
        name: Bytes,
        /// Its `data:` lines, joined with line feeds.
        data: Bytes,
    },
    /// A comment: a sign of life that says nothing. It must not re-arm the idle timer
    /// (llm.md §3.2: clients hung for 17 minutes on DeepSeek's keep-alives).
    Comment,
}

/// The data lines of an event that is not complete. One line, by far the most frequent, is not copied.
#[derive(Debug, Default)]
enum Held {
    #[default]
    None,
    One(Bytes),
    Many(BytesMut),
}

impl Held {
    fn add(&mut self, value: Bytes) {
        *self = match std::mem::take(self) {
            Self::None => Self::One(value),
            Self::One(first) => {
                let mut joined = BytesMut::with_capacity(first.len() + 1 + value.len());
                joined.extend_from_slice(&first);
                joined.extend_from_slice(b"\n");
                joined.extend_from_slice(&value);
                Self::Many(joined)
            }
            Self::Many(mut joined) => {
                joined.extend_from_slice(b"\n");
                joined.extend_from_slice(&value);
                Self::Many(joined)
            }
        };
    }

    fn take(&mut self) -> Option<Bytes> {
        match std::mem::take(self) {
            Self::None => None,
            Self::One(data) => Some(data),
            Self::Many(data) => Some(data.freeze()),
        }
    }
}

/// Reads events out of chunks.
#[derive(Debug, Default)]
pub struct Sse {
    lines: Lines,
    name: Bytes,
    held: Held,
}

impl Sse {
    /// Adds a chunk.
    pub fn push(&mut self, chunk: Bytes) -> Result<(), SseError> {
        Ok(self.lines.push(chunk)?)
    }

    /// The next item that is complete.
    pub fn next(&mut self) -> Result<Option<Item>, SseError> {
        while let Some(line) = self.lines.next()? {
            if let Some(item) = self.line(line)? {
                return Ok(Some(item));
            }
        }
        Ok(None)
    }

    /// The event that had not been closed by a blank line when the stream ended. The standard drops it;
    /// real servers forget the blank line before they close.
    pub fn finish(&mut self) -> Result<Option<Item>, SseError> {
        if let Some(line) = self.lines.finish()
            && let Some(item) = self.line(line)?
        {
            return Ok(Some(item));
        }
        Ok(self.dispatch())
    }

    fn line(&mut self, line: Bytes) -> Result<Option<Item>, SseError> {
        if line.is_empty() {
            return Ok(self.dispatch());
        }
        let (field, value) = match line.iter().position(|byte| *byte == b':') {
            Some(0) => return Ok(Some(Item::Comment)),
            Some(colon) => {
                let blank = usize::from(line.get(colon + 1) == Some(&b' '));
                (&line[..colon], line.slice(colon + 1 + blank..))
            }
            None => (&line[..], Bytes::new()),
        };
        match field {
            b"data" => self.held.add(value),
            b"event" => self.name = value,
            // `id`, `retry` and unknown fields are skipped, as the standard says; what is no text is refused.
            field if std::str::from_utf8(field).is_err() => return Err(SseError::Garbage),
            _ => {}
        }
        Ok(None)
    }

    fn dispatch(&mut self) -> Option<Item> {
        let name = std::mem::take(&mut self.name);
        self.held.take().map(|data| Item::Event { name, data })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(chunks: impl IntoIterator<Item = Bytes>) -> Result<Vec<Item>, SseError> {
        let mut sse = Sse::default();
        let mut out = Vec::new();
        for chunk in chunks {
            sse.push(chunk)?;
            while let Some(item) = sse.next()? {
                out.push(item);
            }
        }
        out.extend(sse.finish()?);
        Ok(out)
    }

    fn event(name: &'static str, data: &'static str) -> Item {
        Item::Event { name: name.into(), data: data.into() }
    }

    #[test]
    fn every_cut_gives_the_same_events() {
        let text = "\u{feff}data: {\"a\":\"你好\"}\r\n\r\n: keep-alive\n\nevent: error\nid: 7\nretry: 10\ndata:一\n\
                    data:  二\ndata\nwhat: ever\n\n\n\nevent: lost\n\ndata: [DONE]";
        let want = vec![event("", "{\"a\":\"你好\"}"), Item::Comment, event("error", "一\n 二\n"), event("", "[DONE]")];
        for at in 0..=text.len() {
            let (a, b) = text.as_bytes().split_at(at);
            assert_eq!(all([a, b].map(Bytes::copy_from_slice)), Ok(want.clone()), "cut at {at}");
        }
        assert_eq!(all(text.as_bytes().chunks(1).map(Bytes::copy_from_slice)), Ok(want));
    }

    #[test]
    fn data_of_one_line_is_not_copied() {
        let chunk = Bytes::from_static(b"data: x\n\n");
        let Item::Event { data, .. } = all([chunk.clone()]).unwrap().remove(0) else { panic!("an event") };
        assert_eq!(data.as_ptr(), chunk[6..].as_ptr());
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        assert_eq!(all([Bytes::from_static(b"\xff\xfe\0garbage\n\n")]), Err(SseError::Garbage));
    }

    proptest! {
        #[test]
        fn nothing_panics_and_cuts_do_not_matter(
            parts in prop::collection::vec("(data:|data: |event: |: |\r\n|\n|\n\n|世|x|\\[DONE\\]){0,4}", 0..10),
            size in 1usize..5,
        ) {
            let whole = parts.concat();
            let once = all([Bytes::copy_from_slice(whole.as_bytes())]);
            let cut = all(whole.as_bytes().chunks(size).map(Bytes::copy_from_slice));
            prop_assert_eq!(once, cut);
        }
    }
}
