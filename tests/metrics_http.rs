//! The door for Prometheus, from outside: what it answers, what it refuses, and that it follows the configuration.

#![allow(clippy::unwrap_used)] // a failure here is the test's

mod common;

use std::net::SocketAddr;
use std::sync::Arc;

use qqdeck::config::Config;
use qqdeck::runtime::handle::{Ends, Handle, Placed, Request};
use qqdeck::serve::metrics::{CONNECTIONS, keep, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// A bot that answers, or one whose engine is stuck.
fn bot(stuck: bool) -> (Handle, watch::Sender<Placed>) {
    let (handle, Ends { mut requests, snapshots, lines, placed }) = Handle::pair(8);
    tokio::spawn(async move {
        let _kept = (snapshots, lines);
        let mut unanswered = Vec::new();
        while let Some(request) = requests.recv().await {
            match request {
                Request::Measures { reply } if !stuck => {
                    let _ = reply.send((Arc::new(common::snapshot()), Box::default()));
                }
                other => unanswered.push(other),
            }
        }
    });
    (handle, placed)
}

async fn door(stuck: bool) -> (SocketAddr, CancellationToken, watch::Sender<Placed>) {
    let (handle, placed) = bot(stuck);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    tokio::spawn(serve(listener, handle, stop.clone()));
    (address, stop, placed)
}

/// Status line with headers, and body.
async fn get(address: SocketAddr, request: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    let _ = stream.read_to_string(&mut text).await;
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    (head.to_ascii_lowercase(), body.to_owned())
}

fn path(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n")
}

#[tokio::test]
async fn figures_life_and_readiness() {
    let (address, _stop, placed) = door(false).await;
    let (head, body) = get(address, &path("/metrics")).await;
    assert!(head.starts_with("http/1.1 200") && head.contains("text/plain; version=0.0.4"), "{head}");
    assert!(head.contains("connection: close"), "{head}");
    assert!(body.contains("\nqqdeck_messages_received_total 10\n"), "{body}");
    assert!(body.contains("qqdeck_account_connected{account=\"10001\"} 1\n"), "{body}");
    assert_eq!(get(address, &path("/healthz")).await.1, "ok\n");
    let (head, body) = get(address, &path("/readyz")).await;
    assert!(head.starts_with("http/1.1 200") && body == "ok\n", "{head} {body}");
    placed.send_modify(|placed| placed.refused = true);
    let (head, body) = get(address, &path("/readyz")).await;
    assert!(head.starts_with("http/1.1 503") && body.starts_with("configuration: "), "{head} {body}");
}

#[tokio::test(start_paused = true)]
async fn a_stuck_engine_is_neither_alive_nor_ready() {
    let (address, _stop, _placed) = door(true).await;
    for asked in ["/healthz", "/readyz", "/metrics"] {
        let (head, body) = get(address, &path(asked)).await;
        assert!(head.starts_with("http/1.1 503") && body.starts_with("stuck: "), "{asked} {head} {body}");
    }
}

#[tokio::test]
async fn what_is_refused() {
    let (address, _stop, _placed) = door(false).await;
    assert!(get(address, &path("/")).await.0.starts_with("http/1.1 404"));
    let (head, _) = get(address, "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n").await;
    assert!(head.starts_with("http/1.1 405") && head.contains("allow: get, head"), "{head}");
    let (head, body) = get(address, "HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(head.starts_with("http/1.1 200") && body.is_empty(), "{head} {body}");
    let long = format!("GET /metrics HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(100_000));
    let (head, body) = get(address, &long).await;
    assert!(!head.starts_with("http/1.1 200") && body.is_empty(), "{head}");
    let many: String = (0..100).map(|n| format!("X-{n}: x\r\n")).collect();
    let (head, _) = get(address, &format!("GET /metrics HTTP/1.1\r\n{many}\r\n")).await;
    assert!(head.starts_with("http/1.1 431"), "{head}");
    assert!(!get(address, "\x16\x03\x01 nonsense\r\n\r\n").await.0.starts_with("http/1.1 200"));
}

#[tokio::test]
async fn those_who_say_nothing_take_places_and_are_sent_away_in_time() {
    let (address, _stop, _placed) = door(false).await;
    let mut silent = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET /met").await.unwrap();
        silent.push(stream);
    }
    // All places are taken: one more is closed without a word, sooner or later after it came.
    let mut one_more = TcpStream::connect(address).await.unwrap();
    assert_eq!(one_more.read(&mut [0; 8]).await.unwrap_or(0), 0);
    // They leave, and others are answered.
    drop(silent);
    loop {
        let (head, _) = get(address, &path("/healthz")).await;
        if head.starts_with("http/1.1 200") {
            break;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_is_slow_is_closed() {
    let (address, _stop, _placed) = door(false).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /met").await.unwrap();
    // The clock of this test runs ahead as soon as everybody waits.
    let mut text = Vec::new();
    let _ = stream.read_to_end(&mut text).await;
    assert!(!String::from_utf8_lossy(&text).contains("200 OK"));
}

#[tokio::test]
async fn the_door_follows_the_configuration() {
    let (handle, placed) = bot(false);
    let listen = |address: &str| {
        let mut config = Config::default();
        config.metrics.listen = address.to_owned();
        Arc::new(config)
    };
    let (bound, mut at) = watch::channel(None);
    let stop = CancellationToken::new();
    let kept = tokio::spawn(keep(handle, stop.clone(), bound));
    placed.send_modify(|placed| placed.config = listen("127.0.0.1:0"));
    let first = at.wait_for(Option::is_some).await.unwrap().unwrap();
    assert_eq!(get(first, &path("/healthz")).await.1, "ok\n");
    // Another key of the file changes nothing here.
    placed.send_modify(|placed| placed.refused = true);
    assert!(!get(first, &path("/readyz")).await.0.starts_with("http/1.1 200"));
    placed.send_modify(|placed| placed.config = listen("0.0.0.0:0"));
    let second = at.wait_for(|now| now.is_some_and(|now| now != first)).await.unwrap().unwrap();
    assert_eq!(get(([127, 0, 0, 1], second.port()).into(), &path("/healthz")).await.1, "ok\n");
    assert!(TcpStream::connect(first).await.is_err(), "the former address is given back");
    placed.send_modify(|placed| placed.config = listen(""));
    at.wait_for(Option::is_none).await.unwrap();
    stop.cancel();
    kept.await.unwrap();
}

/// The page about metrics tells of every series that the door gives.
#[test]
fn the_page_about_metrics_tells_of_all() {
    let source = include_str!("../src/serve/metrics/exposition.rs");
    let page = include_str!("../docs/metrics.md");
    let families = regex::Regex::new(r#""(qqdeck_[a-z_]+)""#).unwrap();
    // The page writes families that differ in one word together: `qqdeck_gpu_memory_{total,used}_bytes`.
    let inside = regex::Regex::new(r"(qqdeck_[a-z_]*)\{([a-z_,]+)\}([a-z_]*)").unwrap();
    for family in families.captures_iter(source) {
        let told = |pattern: &str| {
            page.contains(&format!("`{pattern}`"))
                || inside
                    .captures_iter(page)
                    .any(|c| c[2].split(',').any(|word| format!("{}{word}{}", &c[1], &c[3]) == *pattern))
        };
        assert!(told(&family[1]), "docs/metrics.md does not tell about {}", &family[1]);
    }
}
