//! Adapters dial us: handshakes, frames in both directions, and how links end, over real sockets.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod adapter_play;

use std::sync::Arc;
use std::time::Duration;

use adapter_play::{Desk, close_code, desk, hear, link, request, say, soon, status};
use futures_util::SinkExt;
use qqdeck::adapter::onebot::What;
use qqdeck::adapter::{Door, LinkEvent, LinkRole, Outgoing, Server, ServerError, ServerSettings};
use qqdeck::config::{Network, OneBot};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_util::sync::CancellationToken;

const MESSAGE: &str =
    r#"{"post_type":"message","message_type":"private","self_id":10,"user_id":7,"message_id":1,"message":"你好"}"#;

#[tokio::test]
async fn handshakes_are_judged_before_the_upgrade() {
    let desk = desk(|_| {}).await;
    let (url, token) = (desk.url("/ws"), ("authorization", "Bearer secret"));
    assert_eq!(status(&url, &[]).await, 401);
    assert_eq!(status(&url, &[("authorization", "Bearer nope")]).await, 403);
    assert_eq!(status(&url, &[token, ("authorization", "Bearer nope")]).await, 400);
    assert_eq!(status(&url, &[token, ("origin", "https://evil.example")]).await, 403);
    assert_eq!(status(&desk.url("/admin"), &[token]).await, 404);
    assert_eq!(status(&url, &[token, ("x-self-id", &"1".repeat(65))]).await, 400);
    for good in ["Bearer secret", "bearer secret", "Token secret", "secret"] {
        assert_eq!(status(&url, &[("authorization", good)]).await, 101, "{good}");
    }
    assert_eq!(status(&desk.url("/onebot/v11/ws?access_token=secret"), &[]).await, 101);
}

#[tokio::test]
async fn refusals_are_told_with_their_cause() {
    let mut desk = desk(|_| {}).await;
    status(&desk.url("/ws"), &[("authorization", "Bearer nope")]).await;
    let LinkEvent::Refused { peer, cause } = desk.next().await else { panic!() };
    assert_eq!((peer.as_str(), cause.shown()), ("127.0.0.1", "wrong token"));
}

#[tokio::test]
async fn the_handshake_introduces_the_link() {
    let mut desk = desk(|_| {}).await;
    let headers = [
        ("authorization", "Token secret"),
        ("x-self-id", "bot-one"),
        ("x-client-role", "API"),
        ("sec-websocket-protocol", "11.Shamrock"),
    ];
    let (_socket, response) = soon(connect_async(request(&desk.url("/"), &headers))).await.unwrap();
    assert_eq!(response.headers()["sec-websocket-protocol"], "11.Shamrock");
    let LinkEvent::Open(_, who, _) = desk.next().await else { panic!() };
    assert_eq!((who.role, who.label.as_deref(), who.dialled), (LinkRole::Api, Some("bot-one"), false));
}

#[tokio::test]
async fn frames_go_both_ways() {
    let mut desk = desk(|_| {}).await;
    let (mut socket, link, handle) = desk.adapter().await;
    say(&mut socket, MESSAGE).await;
    match desk.next().await {
        LinkEvent::Heard(from, heard) => {
            let What::Message(message) = heard.what else { panic!() };
            assert_eq!((from, message.text().as_str()), (link, "你好"));
        }
        other => panic!("{other:?}"),
    }
    for call in 0..200 {
        assert!(handle.offer(Outgoing { call, text: format!("{call}") }));
    }
    for call in 0..200 {
        assert_eq!(hear(&mut socket).await, call.to_string());
    }
    say(&mut socket, r#"{"status":"ok","retcode":0,"echo":"e"}"#).await;
    assert!(matches!(desk.next().await, LinkEvent::Answered(_, response) if response.echo() == Some("e")));
}

#[tokio::test]
async fn writing_goes_on_while_nobody_takes_events() {
    let mut desk = desk(|_| {}).await;
    let (mut socket, _, handle) = desk.adapter().await;
    for _ in 0..500 {
        say(&mut socket, MESSAGE).await;
    }
    assert!(handle.offer(Outgoing { call: 1, text: "out".into() }));
    assert_eq!(hear(&mut socket).await, "out");
    for _ in 0..500 {
        assert!(matches!(desk.next().await, LinkEvent::Heard(..)));
    }
}

#[tokio::test]
async fn bad_frames_are_counted_and_a_hundred_and_one_in_a_minute_end_the_link() {
    let mut desk = desk(|_| {}).await;
    let (mut socket, ..) = desk.adapter().await;
    for _ in 0..100 {
        say(&mut socket, "{]nope").await;
    }
    say(&mut socket, MESSAGE).await;
    let mut counted = 0;
    loop {
        match desk.next().await {
            LinkEvent::Garbage(_, frames) => counted += frames,
            LinkEvent::Heard(..) => break,
            other => panic!("{other:?}"),
        }
    }
    assert!(counted > 0);
    say(&mut socket, "[]").await;
    assert_eq!(close_code(&mut socket).await, Some(1008));
    loop {
        match desk.next().await {
            LinkEvent::Garbage(_, frames) => counted += frames,
            LinkEvent::Closed { .. } => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(counted, 101);
}

#[tokio::test]
async fn a_refused_token_later_on_is_only_a_frame() {
    let mut desk = desk(|_| {}).await;
    let (mut socket, ..) = desk.adapter().await;
    say(&mut socket, r#"{"status":"failed","retcode":1403,"message":"token","echo":null}"#).await;
    assert!(matches!(desk.next().await, LinkEvent::Answered(..)));
    say(&mut socket, MESSAGE).await;
    assert!(matches!(desk.next().await, LinkEvent::Heard(..)));
}

async fn ends_with(frames: Vec<Message>) -> (Option<u16>, String) {
    let mut desk = desk(|_| {}).await;
    let (mut socket, ..) = desk.adapter().await;
    for frame in frames {
        // A long flood may be cut short by the close that it deserves.
        if socket.feed(frame).await.is_err() {
            break;
        }
    }
    drop(socket.flush().await);
    let code = close_code(&mut socket).await;
    (code, desk.closed().await.0)
}

fn fragment(opcode: Data, bytes: &'static [u8]) -> Message {
    Message::Frame(Frame::message(bytes, OpCode::Data(opcode), false))
}

#[tokio::test]
async fn every_fault_closes_with_its_code() {
    let whole = |bytes: &'static [u8]| Message::Frame(Frame::message(bytes, OpCode::Data(Data::Text), true));
    assert_eq!(ends_with(vec![whole(b"\xc3\x28")]).await.0, Some(1007));
    let big: &'static [u8] = Box::leak(vec![b'a'; (1 << 20) + 1].into_boxed_slice());
    assert_eq!(ends_with(vec![whole(big)]).await.0, Some(1009));
    assert_eq!(ends_with(vec![fragment(Data::Text, b"a"), whole(b"b")]).await.0, Some(1002));
    let mut empty = vec![fragment(Data::Text, b"a")];
    empty.extend((0..5000).map(|_| fragment(Data::Continue, b"")));
    assert_eq!(ends_with(empty).await.0, Some(1008));
    assert_eq!(ends_with((0..1500).map(|_| Message::Ping("x".into())).collect()).await.0, Some(1008));
}

#[tokio::test]
async fn stopping_says_goodbye_and_reports_what_never_left() {
    let mut desk = desk(|_| {}).await;
    let (mut socket, _, handle) = desk.adapter().await;
    desk.stop.cancel();
    assert_eq!(close_code(&mut socket).await, Some(1001));
    let (reason, unsent) = desk.closed().await;
    assert_eq!((reason.as_str(), unsent), ("closed here", vec![]));
    assert!(!handle.offer(Outgoing { call: 1, text: "late".into() }));
    drop(socket);
    soon(desk.server.stopped()).await;
}

#[tokio::test]
async fn frames_that_wait_behind_a_stuck_socket_are_reported_unsent() {
    let mut desk = desk(|_| {}).await;
    let (socket, _, handle) = desk.adapter().await;
    let text = "x".repeat(1 << 20);
    let offered = (0..40).take_while(|call| handle.offer(Outgoing { call: *call, text: text.clone() })).count() as u64;
    assert_eq!(offered, 40);
    // The adapter reads nothing; its socket takes some of the 40 MiB and then is full.
    tokio::task::yield_now().await;
    handle.close();
    let (_, unsent) = desk.closed().await;
    assert!(!unsent.is_empty());
    assert_eq!(unsent, (offered - unsent.len() as u64..offered).collect::<Vec<_>>(), "a tail, in order");
    drop(socket);
}

#[tokio::test]
async fn an_adapter_that_answers_no_ping_is_gone() {
    let mut desk = desk(|settings| settings.link.heartbeat = Duration::from_millis(20)).await;
    let (socket, ..) = desk.adapter().await;
    // Nobody reads this socket, so nobody answers.
    assert_eq!(desk.closed().await.0, "two pings went unanswered");
    drop(socket);
}

#[tokio::test]
async fn a_doubted_link_is_asked_at_once_and_stays_when_it_answers() {
    use futures_util::StreamExt;
    let mut desk = desk(|settings| settings.link.proof = Duration::from_secs(2)).await;
    let (mut socket, _, handle) = desk.adapter().await;
    handle.doubt();
    // No ping of its own is due for half a minute.
    assert!(matches!(soon(socket.next()).await.unwrap().unwrap(), Message::Ping(_)));
    // Doubted again once the first proof is through: reading flushed the answer.
    let again = async {
        handle.doubt();
        soon(socket.next()).await.unwrap().unwrap()
    };
    assert!(matches!(again.await, Message::Ping(_)));
    assert!(handle.offer(Outgoing { call: 1, text: "still here".into() }));
    assert_eq!(hear(&mut socket).await, "still here");
}

#[tokio::test]
async fn a_doubted_link_that_says_nothing_is_gone() {
    let mut desk = desk(|settings| settings.link.proof = Duration::from_millis(20)).await;
    let (socket, _, handle) = desk.adapter().await;
    // Nobody reads this socket, so nobody answers.
    handle.doubt();
    assert_eq!(desk.closed().await.0, "a newer link took its place and it answered no ping");
    drop(socket);
}

#[tokio::test]
async fn an_adapter_that_answers_pings_stays() {
    let mut desk = desk(|settings| settings.link.heartbeat = Duration::from_millis(40)).await;
    let (mut socket, _, handle) = desk.adapter().await;
    let mut pings = 0;
    while pings < 4 {
        use futures_util::StreamExt;
        if let Message::Ping(_) = soon(socket.next()).await.unwrap().unwrap() {
            pings += 1;
        }
        // Reading again flushes the answer.
    }
    assert!(handle.offer(Outgoing { call: 1, text: "still here".into() }));
    assert_eq!(hear(&mut socket).await, "still here");
}

#[tokio::test]
async fn links_are_limited_and_places_come_back() {
    let mut desk = desk(|settings| settings.max_connections = 1).await;
    let token = [("authorization", "Bearer secret")];
    let (socket, ..) = desk.adapter().await;
    assert_eq!(status(&desk.url("/ws"), &token).await, 503);
    drop(socket);
    desk.closed().await;
    while status(&desk.url("/ws"), &token).await != 101 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn dead_links_of_an_adapter_do_not_lock_it_out() {
    let mut desk = desk(|settings| settings.max_connections = 1).await;
    let headers = [("authorization", "Bearer secret"), ("x-self-id", "10")];
    let (mut dead, _) = soon(connect_async(request(&desk.url("/ws"), &headers))).await.unwrap();
    let LinkEvent::Open(first, ..) = desk.next().await else { panic!() };
    let (_alive, _) = soon(connect_async(request(&desk.url("/ws"), &headers))).await.unwrap();
    let (mut opened, mut closed) = (false, false);
    while !(opened && closed) {
        match desk.next().await {
            LinkEvent::Open(second, ..) => opened = second != first,
            LinkEvent::Closed { link, .. } => closed = link == first,
            other => panic!("{other:?}"),
        }
    }
    assert!(close_code(&mut dead).await.is_some());
}

async fn raw(desk: &Desk, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(desk.server.addresses()[0]).await.unwrap();
    // The answer may come, and the connection go, before everything is written.
    drop(stream.write_all(bytes).await);
    let mut answer = Vec::new();
    drop(soon(stream.read_to_end(&mut answer)).await);
    String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn requests_without_an_end_are_cut_off() {
    let desk = desk(|_| {}).await;
    let long = format!("GET /ws HTTP/1.1\r\nX: {}", "a".repeat(200_000));
    assert!(raw(&desk, long.as_bytes()).await.contains("431"));
    let many = format!("GET /ws HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(500));
    assert!(raw(&desk, many.as_bytes()).await.contains("431"));
    assert!(raw(&desk, b"\x16\x03\x01\x02\x00\x01\x00").await.contains("400"));
    assert!(raw(&desk, b"GET /ws HTTP/1.1\r\nHost: x\r\nAuthorization: secret\r\n\r\n").await.contains("426"));
}

#[tokio::test]
async fn denied_addresses_stay_out() {
    let desk = desk(|settings| settings.network.deny = vec!["127.0.0.0/8".parse().unwrap()]).await;
    assert_eq!(status(&desk.url("/ws"), &[("authorization", "Bearer secret")]).await, 403);
}

async fn start(listen: &str, token: &str) -> Result<Server, ServerError> {
    let onebot = OneBot { listen: vec![listen.into()], ..OneBot::default() };
    let settings = ServerSettings::new(&onebot, &Network::default(), token.into());
    Server::start(settings, Door::new(mpsc::channel(1).0), CancellationToken::new()).await
}

#[tokio::test]
async fn no_token_on_an_open_address_does_not_start() {
    assert!(matches!(start("0.0.0.0:0", "").await, Err(ServerError::NoToken { .. })));
    assert!(start("127.0.0.1:0", "").await.is_ok());
    assert!(start("0.0.0.0:0", "x").await.is_ok());
    assert!(matches!(start("nonsense", "x").await, Err(ServerError::Listen { .. })));
}

fn tls_file(name: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/frames/tls").join(name)
}

#[tokio::test]
async fn links_run_over_tls() {
    let files = (tls_file("cert.pem"), tls_file("key.pem"));
    let mut desk = desk(|settings| settings.tls = Some(files)).await;
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(tls_file("cert.pem")).unwrap()).unwrap();
    let config = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let tcp = TcpStream::connect(desk.server.addresses()[0]).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let tls = soon(tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, tcp)).await.unwrap();
    let request = request("ws://localhost/ws", &[("authorization", "Bearer secret")]);
    let (mut socket, _) = soon(tokio_tungstenite::client_async(request, tls)).await.unwrap();
    desk.opened().await;
    socket.send(Message::text(MESSAGE)).await.unwrap();
    assert!(matches!(desk.next().await, LinkEvent::Heard(..)));
}

#[tokio::test]
async fn a_certificate_that_is_none_does_not_start() {
    let onebot = OneBot { listen: vec!["127.0.0.1:0".into()], ..OneBot::default() };
    let mut settings = ServerSettings::new(&onebot, &Network::default(), "x".into());
    settings.link = link();
    settings.tls = Some((tls_file("cert.pem"), tls_file("missing.pem")));
    let error = Server::start(settings, Door::new(mpsc::channel(1).0), CancellationToken::new()).await.unwrap_err();
    assert!(error.to_string().contains("missing.pem"), "{error}");
}
