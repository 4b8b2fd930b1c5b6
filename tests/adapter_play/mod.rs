//! Both ends of a link for the tests: a hub's side that only listens, and an adapter's side on a socket.

#![allow(dead_code, reason = "each test binary uses a part")]

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use qqdeck::adapter::{Door, LinkEvent, LinkHandle, LinkSettings, PROOF, Server, ServerSettings};
use qqdeck::config::{Network, OneBot};
use qqdeck::domain::LinkId;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message, http::Request};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use tokio_util::sync::CancellationToken;

pub type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Nothing in a test takes so long; a test that waits for it has failed.
pub async fn soon<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), work).await.expect("nothing happened")
}

pub fn link() -> LinkSettings {
    LinkSettings { heartbeat: Duration::from_secs(30), proof: PROOF, max_frame: 1 << 20 }
}

/// A server on a free port, and what its links tell.
pub struct Desk {
    pub server: Server,
    pub events: mpsc::Receiver<LinkEvent>,
    pub stop: CancellationToken,
    /// A link ends when the hub lets go of its handle.
    pub handles: Vec<LinkHandle>,
}

pub async fn desk(change: impl FnOnce(&mut ServerSettings)) -> Desk {
    let onebot = OneBot { listen: vec!["127.0.0.1:0".into()], ..OneBot::default() };
    let mut settings = ServerSettings::new(&onebot, &Network::default(), "secret".into());
    settings.link = link();
    change(&mut settings);
    let (sender, events) = mpsc::channel(64);
    let stop = CancellationToken::new();
    let server = Server::start(settings, Door::new(sender), stop.clone()).await.unwrap();
    Desk { server, events, stop, handles: Vec::new() }
}

impl Desk {
    pub fn url(&self, path: &str) -> String {
        format!("ws://{}{path}", self.server.addresses()[0])
    }

    pub async fn next(&mut self) -> LinkEvent {
        soon(self.events.recv()).await.unwrap()
    }

    pub async fn opened(&mut self) -> (LinkId, LinkHandle) {
        match self.next().await {
            LinkEvent::Open(link, _, handle) => {
                self.handles.push(handle.clone());
                (link, handle)
            }
            other => panic!("{other:?}"),
        }
    }

    /// Connects as an adapter with the right token.
    pub async fn adapter(&mut self) -> (Socket, LinkId, LinkHandle) {
        let socket = soon(connect_async(request(&self.url("/ws"), &[("authorization", "Bearer secret")])));
        let (socket, (link, handle)) = tokio::join!(socket, self.opened());
        (socket.unwrap().0, link, handle)
    }

    /// Waits for the end of the only link: why, and what was not sent.
    pub async fn closed(&mut self) -> (String, Vec<u64>) {
        loop {
            if let LinkEvent::Closed { reason, unsent, .. } = self.next().await {
                return (reason.shown().to_owned(), unsent);
            }
        }
    }
}

pub fn request(url: &str, headers: &[(&'static str, &str)]) -> Request<()> {
    let mut request = url.into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().append(*name, value.parse().unwrap());
    }
    request
}

/// The status with which a handshake ends.
pub async fn status(url: &str, headers: &[(&'static str, &str)]) -> u16 {
    match soon(connect_async(request(url, headers))).await {
        Ok(_) => 101,
        Err(Error::Http(response)) => response.status().as_u16(),
        Err(other) => panic!("{other}"),
    }
}

pub async fn say(socket: &mut Socket, text: &str) {
    socket.send(Message::text(text)).await.unwrap();
}

/// The next text frame.
pub async fn hear(socket: &mut Socket) -> String {
    loop {
        if let Message::Text(text) = soon(socket.next()).await.unwrap().unwrap() {
            return text.to_string();
        }
    }
}

/// The code with which the other side closes.
pub async fn close_code(socket: &mut Socket) -> Option<u16> {
    loop {
        match soon(socket.next()).await? {
            Ok(Message::Close(close)) => return close.map(|close| close.code.into()),
            Ok(_) => {}
            Err(error) => panic!("{error}"),
        }
    }
}
