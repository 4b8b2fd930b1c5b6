//! One request over HTTP, and what its answer means. Services answer 200 and put the error into the body, so it is
//! always read.

use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode, Url};
use serde_json::Value;

use super::courier::{Fault, Way};
use crate::domain::NotificationText;

/// Longest answer that is looked at, in bytes.
const ANSWER: usize = 64 << 10;
/// The wait after "too many" where the service does not say how long.
pub const LATER: Duration = Duration::from_secs(60);

/// One request: a POST of JSON.
pub struct Letter {
    /// Where.
    pub url: Url,
    /// Headers besides the usual.
    pub headers: HeaderMap,
    /// JSON.
    pub body: Vec<u8>,
}

impl Letter {
    /// Without headers of its own.
    pub fn new(url: &Url, body: &Value) -> Self {
        Self { url: url.clone(), headers: HeaderMap::new(), body: body.to_string().into_bytes() }
    }
}

/// What one service wants, and how it says no.
pub trait Service: Send + Sync {
    /// The request for a notification.
    fn letter(&self, text: &NotificationText, now: Timestamp) -> Letter;

    /// What the body of a success (2xx) says.
    ///
    /// # Errors
    /// The service's own refusal.
    fn read(&self, body: &[u8]) -> Result<(), Fault>;
}

/// A service and the client that reaches it.
pub struct Hook<S> {
    /// What it wants.
    pub service: S,
    /// Shared by destinations with the same proxy.
    pub client: Client,
}

impl<S: Service> Way for Hook<S> {
    fn send<'a>(&'a self, text: &'a NotificationText) -> BoxFuture<'a, Result<(), Fault>> {
        let Letter { url, headers, body } = self.service.letter(text, Timestamp::now());
        let json = HeaderValue::from_static("application/json; charset=utf-8");
        let request = self.client.post(url).header(CONTENT_TYPE, json).headers(headers).body(body);
        async move {
            let response = request.send().await.map_err(|error| transport(&error.without_url()))?;
            let (status, wait) = (response.status(), retry_after(response.headers()));
            let body = read(response).await?;
            match status {
                _ if status.is_success() => self.service.read(&body),
                _ => Err(refused(status, wait, &body)),
            }
        }
        .boxed()
    }
}

/// What stands at the root says it all: "Connection refused", "invalid peer certificate: …".
fn transport(error: &reqwest::Error) -> Fault {
    let mut root: &dyn std::error::Error = error;
    while let Some(source) = root.source() {
        root = source;
    }
    Fault::again(root.to_string())
}

/// The answer, as far as it matters.
async fn read(mut response: Response) -> Result<Vec<u8>, Fault> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| transport(&error.without_url()))? {
        body.extend_from_slice(&chunk[..chunk.len().min(ANSWER - body.len())]);
        if body.len() == ANSWER {
            break;
        }
    }
    Ok(body)
}

/// What a status that is no success means.
fn refused(status: StatusCode, wait: Option<Duration>, body: &[u8]) -> Fault {
    let code = status.as_u16();
    if status.is_redirection() {
        return Fault::Refused(format!("HTTP {code}: redirects are not followed"));
    }
    let said = said(body);
    let words = if said.is_empty() { format!("HTTP {code}") } else { format!("HTTP {code}: {said}") };
    match code {
        429 => Fault::Again { words, wait: wait.or(Some(LATER)) },
        408 | 425 | 500.. => Fault::Again { words, wait },
        _ => Fault::Refused(words),
    }
}

/// Seconds; dates are not worth reading for a wait that is cut to a minute.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

/// The service's words, wherever it puts them.
fn said(body: &[u8]) -> String {
    let field = |json: Value| {
        let text = |name| json.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(String::from);
        ["errmsg", "msg", "message", "error", "StatusMessage"].into_iter().find_map(text)
    };
    let text = || String::from_utf8_lossy(body).trim().to_owned();
    serde_json::from_slice(body).ok().and_then(field).unwrap_or_else(text)
}

/// Reads a body that says how it went by a number under one of these names.
///
/// # Errors
/// A number that is not `fine`; one of `later` may go better after a while. A body that says nothing may come from
/// something in between, and is tried again.
pub fn by_code(body: &[u8], names: &[&str], fine: i64, later: &[i64]) -> Result<(), Fault> {
    let json: Option<Value> = serde_json::from_slice(body).ok();
    let code = json.as_ref().and_then(|json| names.iter().find_map(|name| json.get(name)?.as_i64()));
    match code {
        Some(code) if code == fine => Ok(()),
        Some(code) if later.contains(&code) => {
            Err(Fault::Again { words: format!("{code}: {}", said(body)), wait: Some(LATER) })
        }
        Some(code) => Err(Fault::Refused(format!("{code}: {}", said(body)))),
        None => Err(unreadable(body)),
    }
}

/// An answer that the service cannot have given.
pub fn unreadable(body: &[u8]) -> Fault {
    Fault::again(format!("the answer cannot be read: {}", String::from_utf8_lossy(body).trim()))
}
