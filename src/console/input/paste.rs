//! A bracketed paste: everything up to `CSI 201 ~` is one text.

/// Longest pasted text in bytes; what comes behind is counted and dropped.
pub const PASTE_CAP: usize = 1 << 20;

const END: &[u8] = b"\x1b[201~";

/// Pasted text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Paste {
    /// The text, every line end a line feed. Control characters are still in it: it has not been sanitised.
    pub text: String,
    /// Bytes that were over [`PASTE_CAP`].
    pub dropped: usize,
}

/// A paste that is coming in.
#[derive(Debug, Default)]
pub(super) struct Pasting {
    bytes: Vec<u8>,
    dropped: usize,
    /// How much of [`END`] the newest bytes may be.
    matched: usize,
}

impl Pasting {
    /// Takes bytes up to the end mark. `Some(rest)` once the mark was there.
    pub fn take<'a>(&mut self, mut bytes: &'a [u8]) -> Option<&'a [u8]> {
        while let Some((&first, rest)) = bytes.split_first() {
            if first == END[self.matched] {
                self.matched += 1;
                bytes = rest;
                if self.matched == END.len() {
                    self.matched = 0;
                    return Some(bytes);
                }
            } else if self.matched > 0 {
                // ESC stands only at the front of the mark, so nothing shorter can have begun inside.
                let matched = std::mem::take(&mut self.matched);
                self.keep(&END[..matched]);
            } else {
                let plain = bytes.iter().position(|b| *b == END[0]).unwrap_or(bytes.len());
                self.keep(&bytes[..plain]);
                bytes = &bytes[plain..];
            }
        }
        None
    }

    /// The text so far.
    pub fn finish(mut self) -> Paste {
        let matched = std::mem::take(&mut self.matched);
        self.keep(&END[..matched]);
        if self.dropped > 0 {
            // The cap may have cut a character; its first half is dropped as well rather than shown broken.
            let whole = match std::str::from_utf8(&self.bytes) {
                Err(e) if e.error_len().is_none() => e.valid_up_to(),
                _ => self.bytes.len(),
            };
            self.dropped += self.bytes.len() - whole;
            self.bytes.truncate(whole);
        }
        let text = String::from_utf8_lossy(&self.bytes);
        // Terminals and tmux send CR for a line end, Windows clipboards CR LF.
        let text = if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text.into_owned() };
        Paste { text, dropped: self.dropped }
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = PASTE_CAP.saturating_sub(self.bytes.len()).min(bytes.len());
        self.bytes.extend_from_slice(&bytes[..room]);
        self.dropped += bytes.len() - room;
    }

    /// Bytes held, for the test of bounds.
    #[cfg(test)]
    pub fn held(&self) -> usize {
        self.bytes.capacity()
    }
}
