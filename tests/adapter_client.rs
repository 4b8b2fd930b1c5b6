//! We dial adapters: every way in which they refuse, silence, and dialling again, over real sockets.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod adapter_play;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use adapter_play::{link, soon};
use futures_util::{SinkExt, StreamExt};
use qqdeck::adapter::{DialSettings, Door, Hub, HubSettings, LinkEvent, Output, dial};
use qqdeck::domain::{AdapterEvent, Mono, SelfId};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::{WebSocketStream, accept_async, accept_hdr_async};
use tokio_util::sync::CancellationToken;

/// A dialler, and what it tells.
struct Caller {
    events: mpsc::Receiver<LinkEvent>,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

fn caller(url: String) -> Caller {
    let (sender, events) = mpsc::channel(64);
    let stop = CancellationToken::new();
    let settings = DialSettings {
        name: "napcat".into(),
        url,
        token: "secret".into(),
        reconnect: vec![Duration::from_millis(1)],
        link: link(),
    };
    let task = tokio::spawn(dial(settings, Door::new(sender), stop.clone()));
    Caller { events, stop, task }
}

impl Caller {
    async fn next(&mut self) -> LinkEvent {
        soon(self.events.recv()).await.unwrap()
    }

    /// The first refusal, by dial or by hub.
    async fn refusal(&mut self) -> String {
        let mut hub = Hub::new(HubSettings { accounts: BTreeSet::new(), request_timeout: Duration::from_secs(30) });
        loop {
            let mut out = Vec::new();
            hub.on_link(self.next().await, Mono(0), &mut out);
            for output in out {
                if let Output::Event(AdapterEvent::Refused { peer, cause }) = output {
                    assert_eq!(peer, "napcat");
                    return cause.shown().to_owned();
                }
            }
        }
    }
}

async fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    (listener, url)
}

async fn accept(listener: &TcpListener) -> TcpStream {
    soon(listener.accept()).await.unwrap().0
}

#[tokio::test]
#[allow(clippy::result_large_err, reason = "the library's signature")]
async fn the_token_and_the_path_arrive() {
    let (listener, url) = listener().await;
    let _caller = caller(format!("{url}a/b?c=d"));
    let mut seen = None;
    let look = |request: &tokio_tungstenite::tungstenite::handshake::server::Request, response| {
        let token = request.headers()["authorization"].to_str().unwrap().to_owned();
        seen = Some((request.uri().to_string(), token));
        Ok(response)
    };
    soon(accept_hdr_async(accept(&listener).await, look)).await.unwrap();
    assert_eq!(seen, Some(("/a/b?c=d".into(), "Bearer secret".into())));
}

async fn answers(bytes: &'static str) -> String {
    let (listener, url) = listener().await;
    let mut caller = caller(url);
    let mut stream = accept(&listener).await;
    let mut head = [0; 4096];
    assert!(soon(stream.read(&mut head)).await.unwrap() > 0);
    stream.write_all(bytes.as_bytes()).await.unwrap();
    drop(stream);
    caller.refusal().await
}

#[tokio::test]
async fn lagrange_and_go_cqhttp_refuse_a_token_by_http() {
    let refused = answers("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n").await;
    assert_eq!(refused, "token refused: HTTP 403 Forbidden");
    let refused = answers("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n").await;
    assert_eq!(refused, "token refused: HTTP 401 Unauthorized");
    assert!(answers("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").await.contains("404"));
}

async fn says(frames: Vec<Message>) -> String {
    let (listener, url) = listener().await;
    let mut caller = caller(url);
    let mut socket = soon(accept_async(accept(&listener).await)).await.unwrap();
    for frame in frames {
        socket.send(frame).await.unwrap();
    }
    caller.refusal().await
}

#[tokio::test]
async fn napcat_llonebot_and_onebots_refuse_a_token_after_the_upgrade() {
    let frame = r#"{"status":"failed","retcode":1403,"data":null,"message":"token验证失败","echo":null}"#;
    assert_eq!(says(vec![Message::text(frame), Message::Close(None)]).await, "token refused: token验证失败");
    let close = CloseFrame { code: CloseCode::Policy, reason: "Unauthorized".into() };
    assert_eq!(says(vec![Message::Close(Some(close))]).await, "token refused: Unauthorized");
    assert_eq!(says(vec![Message::Close(None)]).await, "closed by the adapter");
}

#[tokio::test]
async fn nobody_there_and_nonsense_are_refusals() {
    let (listener, url) = listener().await;
    drop(listener);
    assert!(caller(url).refusal().await.contains("refused"));
    assert!(!caller("nonsense".into()).refusal().await.is_empty());
}

#[tokio::test]
async fn it_dials_again_until_it_is_stopped() {
    let (listener, url) = listener().await;
    let mut caller = caller(url);
    for _ in 0..3 {
        let socket = soon(accept_async(accept(&listener).await)).await.unwrap();
        let LinkEvent::Open(_, who, _) = caller.next().await else { panic!() };
        assert!(who.dialled);
        drop(socket);
        assert!(matches!(caller.next().await, LinkEvent::Closed { .. }));
    }
    let socket = soon(accept_async(accept(&listener).await)).await.unwrap();
    caller.stop.cancel();
    drop(socket);
    soon(caller.task).await.unwrap();
}

async fn lifecycle(socket: &mut WebSocketStream<TcpStream>) {
    let frame = r#"{"post_type":"meta_event","meta_event_type":"lifecycle","sub_type":"connect","self_id":10}"#;
    socket.send(Message::text(frame)).await.unwrap();
}

#[tokio::test]
async fn an_account_comes_up_over_a_dialled_link() {
    let (listener, url) = listener().await;
    let mut caller = caller(url);
    let mut socket = soon(accept_async(accept(&listener).await)).await.unwrap();
    lifecycle(&mut socket).await;
    let adapter = tokio::spawn(async move {
        while let Some(Ok(message)) = socket.next().await {
            let Message::Text(text) = message else { continue };
            let call: serde_json::Value = serde_json::from_str(&text).unwrap();
            let answer = serde_json::json!({"status": "ok", "retcode": 0, "echo": call["echo"],
                "data": {"user_id": 10, "nickname": "n", "online": true}});
            socket.send(Message::text(answer.to_string())).await.unwrap();
        }
    });
    let start = Instant::now();
    let mut hub = Hub::new(HubSettings { accounts: BTreeSet::new(), request_timeout: Duration::from_secs(30) });
    let mut out = Vec::new();
    let up = |o: &Output| matches!(o, Output::Event(AdapterEvent::Up { account: SelfId(10), .. }));
    while !out.iter().any(up) {
        let now = Mono(u64::try_from(start.elapsed().as_micros()).unwrap());
        hub.on_link(caller.next().await, now, &mut out);
    }
    hub.close_all();
    assert!(matches!(caller.next().await, LinkEvent::Closed { .. }));
    adapter.await.unwrap();
}
