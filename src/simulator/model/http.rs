//! As much HTTP/1.1 as a model server needs, by hand: it shares two cores with what it measures.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longest head that is read.
const MAX_HEAD: usize = 64 << 10;
/// Longest body: a few pictures.
const MAX_BODY: usize = 64 << 20;

/// One request.
pub(super) struct Request {
    pub method: String,
    /// Without the query.
    pub path: String,
    pub authorization: String,
    pub body: Vec<u8>,
}

/// The client went away in the middle of an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Gone;

impl From<io::Error> for Gone {
    fn from(_: io::Error) -> Self {
        Self
    }
}

/// One client connection, kept alive between requests.
pub(super) struct Connection {
    stream: TcpStream,
    input: Vec<u8>,
    output: Vec<u8>,
}

impl Connection {
    pub fn new(stream: TcpStream) -> Self {
        Self { stream, input: Vec::new(), output: Vec::new() }
    }

    /// The next request; `None` at the end of the connection or on something that is not HTTP.
    pub async fn request(&mut self) -> Option<Request> {
        let head = loop {
            if let Some(at) = self.input.windows(4).position(|w| w == b"\r\n\r\n") {
                break at;
            }
            if self.input.len() > MAX_HEAD || self.fill().await.is_err() {
                return None;
            }
        };
        let text = std::str::from_utf8(&self.input[..head]).ok()?;
        let mut lines = text.split("\r\n");
        let mut first = lines.next()?.split(' ');
        let (method, target) = (first.next()?.to_owned(), first.next()?);
        let path = target.split('?').next().unwrap_or(target).to_owned();
        let (mut length, mut authorization) = (0_usize, String::new());
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().ok()?;
            } else if name.eq_ignore_ascii_case("authorization") {
                value.trim().clone_into(&mut authorization);
            }
        }
        if length > MAX_BODY {
            return None;
        }
        let end = head + 4 + length;
        while self.input.len() < end {
            self.fill().await.ok()?;
        }
        let body = self.input[head + 4..end].to_vec();
        self.input.drain(..end);
        Some(Request { method, path, authorization, body })
    }

    async fn fill(&mut self) -> Result<(), Gone> {
        let read = self.stream.read_buf(&mut self.input).await?;
        if read == 0 { Err(Gone) } else { Ok(()) }
    }

    /// A whole response.
    pub async fn respond(&mut self, status: u16, kind: &str, extra: &str, body: &str) -> Result<(), Gone> {
        let head = format!(
            "HTTP/1.1 {status} {}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n{extra}\r\n",
            reason(status),
            body.len()
        );
        self.output.extend_from_slice(head.as_bytes());
        self.output.extend_from_slice(body.as_bytes());
        self.flush().await
    }

    /// The head of a chunked response; goes out with the first flush.
    pub fn begin(&mut self, kind: &str) {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n\r\n");
        self.output.extend_from_slice(head.as_bytes());
    }

    /// One chunk; goes out with the next flush.
    pub fn chunk(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return; // an empty chunk would end the body
        }
        self.output.extend_from_slice(format!("{:x}\r\n", bytes.len()).as_bytes());
        self.output.extend_from_slice(bytes);
        self.output.extend_from_slice(b"\r\n");
    }

    /// The end of a chunked response.
    pub async fn end(&mut self) -> Result<(), Gone> {
        self.output.extend_from_slice(b"0\r\n\r\n");
        self.flush().await
    }

    /// Writes what is buffered.
    pub async fn flush(&mut self) -> Result<(), Gone> {
        let wrote = self.stream.write_all(&self.output).await;
        self.output.clear();
        Ok(wrote?)
    }

    /// Waits; an early end means that the client went away.
    pub async fn pause(&mut self, time: Duration) -> Result<(), Gone> {
        let gone = async { while self.fill().await.is_ok() && self.input.len() < MAX_BODY {} };
        tokio::select! {
            () = tokio::time::sleep(time) => Ok(()),
            () = gone => Err(Gone),
        }
    }

    /// Ends with a TCP reset.
    pub fn reset(self) {
        let _ = self.stream.set_zero_linger();
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        404 => "Not Found",
        405 => "Method Not Allowed",
        429 => "Too Many Requests",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Internal Server Error",
    }
}
