//! Forward links: we dial an adapter, and dial it again (onebot.md §1.2).

use std::time::Duration;

use hyper::header::{self, HeaderValue};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::error::Error;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use tokio_util::sync::CancellationToken;

use super::door::Door;
use super::ending::Ending;
use super::fragments::Fragments;
use super::link::{Introduction, LinkRole, LinkSettings, PROOF};
use super::tls;
use super::token::Token;
use crate::config::{Dial, OneBot};

/// To connect and shake hands.
const CONNECT: Duration = Duration::from_secs(10);
/// A link that stood so long is forgiven its past failures.
const CALM: Duration = Duration::from_secs(60);

/// One adapter to dial; secrets resolved.
#[derive(Debug, Clone)]
pub struct DialSettings {
    /// Its name in the configuration.
    pub name: String,
    /// `ws://` or `wss://`; its path is kept.
    pub url: String,
    /// Its token; empty: none.
    pub token: Token,
    /// Pauses before the next attempt; the last one repeats. ±10 %.
    pub reconnect: Vec<Duration>,
    /// How the link behaves.
    pub link: LinkSettings,
}

impl DialSettings {
    /// As configured, with the token resolved.
    pub fn new(onebot: &OneBot, dial: &Dial, token: Token) -> Self {
        Self {
            name: if dial.name.is_empty() { without_secrets(&dial.url) } else { dial.name.clone() },
            url: dial.url.clone(),
            token,
            reconnect: dial.reconnect.clone(),
            link: LinkSettings { heartbeat: onebot.heartbeat, proof: PROOF, max_frame: onebot.max_frame },
        }
    }
}

/// Dials until it is stopped. Every attempt that fails is reported as refused, with its cause.
pub async fn dial(settings: DialSettings, door: Door, stop: CancellationToken) {
    let mut failures = 0;
    loop {
        let begun = Instant::now();
        let ending = tokio::select! {
            () = stop.cancelled() => return,
            connected = connect(&settings) => match connected {
                Ok(Connected::Plain(socket)) => run(&settings, *socket, &door, &stop).await,
                Ok(Connected::Tls(socket)) => run(&settings, *socket, &door, &stop).await,
                Err(refused) => {
                    door.refused(settings.name.clone(), refused.cause);
                    if refused.token { Ending::Unauthorized(String::new()) } else { Ending::Eof }
                }
            },
        };
        if begun.elapsed() >= CALM {
            failures = 0;
        }
        // A refused token does not become a good one by asking again soon.
        let step = if matches!(ending, Ending::Unauthorized(_)) { usize::MAX } else { failures };
        failures += 1;
        let pause = pause(&settings.reconnect, step);
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

async fn run<S>(settings: &DialSettings, socket: Socket<S>, door: &Door, stop: &CancellationToken) -> Ending
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let role = role(&settings.url);
    let who = Introduction { peer: settings.name.clone(), role, label: None, dialled: true };
    door.run(socket, who, settings.link, stop.clone()).await
}

/// The URL as it may be shown: tokens stand in queries and before an `@`.
fn without_secrets(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    match url.split_once("://") {
        Some((scheme, rest)) => format!("{scheme}://{}", rest.rsplit('@').next().unwrap_or_default()),
        None => url.to_owned(),
    }
}

/// `/api` carries no events, and `/event` no answers but NapCat's.
fn role(url: &str) -> LinkRole {
    let path = url.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    match path.rsplit('/').next() {
        Some("api") => LinkRole::Api,
        Some("event") => LinkRole::Event,
        _ => LinkRole::Universal,
    }
}

fn pause(pauses: &[Duration], failures: usize) -> Duration {
    let last = pauses.len().saturating_sub(1);
    let pause = pauses.get(failures.min(last)).copied().unwrap_or(Duration::from_secs(5));
    pause.mul_f64(0.9 + 0.2 * fastrand::f64())
}

type Socket<S> = WebSocketStream<Fragments<S>>;

enum Connected {
    Plain(Box<Socket<TcpStream>>),
    Tls(Box<Socket<tokio_rustls::client::TlsStream<TcpStream>>>),
}

/// An attempt that failed.
struct Refused {
    cause: String,
    token: bool,
}

impl From<String> for Refused {
    fn from(cause: String) -> Self {
        Self { cause, token: false }
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        match error {
            // Lagrange answers 403, go-cqhttp 401 for none and 403 for a wrong one.
            Error::Http(response) if matches!(response.status().as_u16(), 401 | 403) => {
                Self { cause: format!("token refused: HTTP {}", response.status()), token: true }
            }
            Error::Http(response) => format!("HTTP {} instead of a WebSocket", response.status()).into(),
            other => other.to_string().into(),
        }
    }
}

async fn connect(settings: &DialSettings) -> Result<Connected, Refused> {
    match tokio::time::timeout(CONNECT, attempt(settings)).await {
        Ok(connected) => connected,
        Err(_) => Err(format!("no answer within {} s", CONNECT.as_secs()).into()),
    }
}

async fn attempt(settings: &DialSettings) -> Result<Connected, Refused> {
    let request = request(settings)?;
    let uri = request.uri();
    let secure = uri.scheme_str() == Some("wss");
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
    let tcp = TcpStream::connect((host.as_str(), port)).await.map_err(|error| format!("{host}:{port}: {error}"))?;
    drop(tcp.set_nodelay(true));
    let config = Some(settings.link.websocket());
    if secure {
        let name = ServerName::try_from(host).map_err(|error| error.to_string())?;
        let tls = tls::connector()
            .map_err(|error| error.to_string())?
            .connect(name, tcp)
            .await
            .map_err(|error| format!("TLS: {error}"))?;
        let (socket, _) = client_async_with_config(request, Fragments::after_handshake(tls), config).await?;
        return Ok(Connected::Tls(Box::new(socket)));
    }
    let (socket, _) = client_async_with_config(request, Fragments::after_handshake(tcp), config).await?;
    Ok(Connected::Plain(Box::new(socket)))
}

/// The token goes into the header; the URL stays as it was written, also one with a token of its own.
fn request(settings: &DialSettings) -> Result<Request, Refused> {
    let mut request = settings.url.as_str().into_client_request()?;
    if !settings.token.is_empty() {
        let token = HeaderValue::from_str(&format!("Bearer {}", settings.token.reveal()))
            .map_err(|_| "the token has characters that no header can hold".to_owned())?;
        request.headers_mut().insert(header::AUTHORIZATION, token);
    }
    Ok(request)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_the_last_repeats() {
        let pauses = [5, 15, 30].map(Duration::from_secs);
        for (failures, wanted) in [(0, 5.0), (1, 15.0), (2, 30.0), (9, 30.0), (usize::MAX, 30.0)] {
            let pause = pause(&pauses, failures).as_secs_f64();
            assert!((wanted * 0.9..=wanted * 1.1).contains(&pause), "{failures}: {pause}");
        }
        assert!(pause(&[], 3) > Duration::from_secs(4));
    }

    #[test]
    fn a_url_is_shown_without_its_secrets() {
        assert_eq!(without_secrets("ws://u:p@h:1/a?access_token=x"), "ws://h:1/a");
        assert_eq!(without_secrets("nonsense?x"), "nonsense");
        let settings = DialSettings::new(&OneBot::default(), &Dial::default(), "s3cret".into());
        assert!(!format!("{settings:?}").contains("s3cret"));
    }

    #[test]
    fn the_path_tells_the_role() {
        assert_eq!(role("ws://h:1/"), LinkRole::Universal);
        assert_eq!(role("ws://h:1/qq/1/onebot/v11"), LinkRole::Universal);
        assert_eq!(role("ws://h:1/api?x=/event"), LinkRole::Api);
        assert_eq!(role("ws://h:1/event/"), LinkRole::Event);
    }

    #[test]
    fn the_url_keeps_its_path_and_the_header_has_the_token() {
        let settings = DialSettings {
            name: "n".into(),
            url: "ws://h:1/a/b?c=d".into(),
            token: "t".into(),
            reconnect: Vec::new(),
            link: LinkSettings { heartbeat: Duration::from_secs(30), proof: PROOF, max_frame: 1 << 20 },
        };
        let request = request(&settings).ok().unwrap();
        assert_eq!(request.uri().path_and_query().unwrap().as_str(), "/a/b?c=d");
        assert_eq!(request.headers()["authorization"], "Bearer t");
    }
}
