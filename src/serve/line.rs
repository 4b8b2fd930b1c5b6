//! Lines on a socket: read with a bound and a deadline, written so that no terminal can be harmed by them.

use std::fmt::Write as _;
use std::io;
use std::time::Duration;

use serde::Serialize;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncWrite, AsyncWriteExt};

use crate::domain::text::hazard;

/// Longest line that a client may send, in bytes. QQ itself refuses far shorter messages.
pub const LONGEST: usize = 256 << 10;

/// Why there is no line.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// The other end closed; `true`: in the middle of a line.
    #[error("closed")]
    Closed(bool),
    /// Longer than [`LONGEST`].
    #[error("too long")]
    TooLong,
    /// Not in time.
    #[error("too slow")]
    TooSlow,
    /// The socket failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Reads one line without its end.
///
/// # Errors
/// When the line does not end within `deadline` or [`LONGEST`] bytes, or the socket does.
pub async fn read(from: &mut (impl AsyncBufRead + Unpin), deadline: Duration) -> Result<Vec<u8>, LineError> {
    tokio::time::timeout(deadline, unhurried(from)).await.unwrap_or(Err(LineError::TooSlow))
}

async fn unhurried(from: &mut (impl AsyncBufRead + Unpin)) -> Result<Vec<u8>, LineError> {
    let mut line = Vec::new();
    loop {
        let buffer = from.fill_buf().await?;
        if buffer.is_empty() {
            return Err(LineError::Closed(!line.is_empty()));
        }
        let end = buffer.iter().position(|b| *b == b'\n');
        let piece = buffer.get(..end.unwrap_or(buffer.len())).unwrap_or_default();
        if line.len() + piece.len() > LONGEST {
            return Err(LineError::TooLong);
        }
        line.extend_from_slice(piece);
        let used = piece.len() + usize::from(end.is_some());
        from.consume(used);
        if end.is_some() {
            return Ok(line);
        }
    }
}

/// Writes one value as a line.
///
/// # Errors
/// When the other end does not take it within `deadline`, or the socket fails.
pub async fn write(to: &mut (impl AsyncWrite + Unpin), value: &impl Serialize, deadline: Duration) -> io::Result<()> {
    let mut line = json(value);
    line.push('\n');
    let write = async {
        to.write_all(line.as_bytes()).await?;
        to.flush().await
    };
    tokio::time::timeout(deadline, write).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// One value as JSON on one line. Characters that a terminal would obey are escaped, so that the line can be
/// shown as it is and still holds every byte of the value (threats.md C09).
pub fn json(value: &impl Serialize) -> String {
    let plain = serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned());
    if !plain.contains(|c| hazard(c).is_some()) {
        return plain;
    }
    let mut safe = String::with_capacity(plain.len() + 64);
    for c in plain.chars() {
        // Outside strings JSON is ASCII, so a hazard is always inside one, where `\u` may stand.
        if hazard(c).is_some() {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(safe, "\\u{unit:04x}");
            }
        } else {
            safe.push(c);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio::io::BufReader;

    use super::*;
    use crate::domain::Text;

    #[tokio::test(start_paused = true)]
    async fn lines_are_bounded_in_length_and_time() {
        let deadline = Duration::from_secs(5);
        let mut two = BufReader::new(&b"one\ntwo"[..]);
        assert_eq!(read(&mut two, deadline).await.unwrap(), b"one");
        assert!(matches!(read(&mut two, deadline).await, Err(LineError::Closed(true))));
        assert!(matches!(read(&mut two, deadline).await, Err(LineError::Closed(_))));
        let long = vec![b'x'; LONGEST + 1];
        assert!(matches!(read(&mut BufReader::new(&long[..]), deadline).await, Err(LineError::TooLong)));
        let (_open, silent) = tokio::io::duplex(8);
        assert!(matches!(read(&mut BufReader::new(silent), deadline).await, Err(LineError::TooSlow)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_never_reads_is_given_up() {
        let (mut ours, _theirs) = tokio::io::duplex(8);
        let words = "x".repeat(100);
        let error = write(&mut ours, &words, Duration::from_secs(3)).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    proptest! {
        #[test]
        fn no_line_holds_a_hazard_and_each_reads_back(text: String) {
            let line = json(&text);
            prop_assert!(Text::from(line.as_str()).hazards().is_empty());
            prop_assert!(!line.contains('\n'));
            prop_assert_eq!(serde_json::from_str::<String>(&line).unwrap(), text);
        }
    }

    #[test]
    fn characters_beyond_the_first_plane_become_pairs() {
        assert_eq!(json(&"\u{e0041}\u{9b}"), "\"\\udb40\\udc41\\u009b\"");
    }
}
