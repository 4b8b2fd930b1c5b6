//! Pictures from strangers' addresses (threats.md B11): what is fetched, and what a model is told otherwise.
#![allow(clippy::unwrap_used)]

mod provider_stage;

use std::sync::atomic::Ordering;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use provider_stage::*;
use qqdeck::config::Provider;
use qqdeck::domain::{Picture, Turn, TurnRole};
use qqdeck::provider::{Allowed, Providers};
use serde_json::{Value, json};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n0000";

/// What the model is shown of one turn with these pictures.
async fn shown(urls: &[&str], allowed: Option<Allowed>, vision: bool) -> Value {
    let model = Stage::always(stream(SSE, &[&delta("好"), STOP, DONE])).await;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config = [Provider { vision, ..openai(&model.url) }];
    let providers = match allowed {
        Some(allowed) => Providers::with_pictures_from(&config, &literal, allowed),
        None => Providers::new(&config, &literal),
    };
    let pictures = urls.iter().map(|url| Picture { url: (*url).into(), sticker: false }).collect();
    let mut job = job("");
    job.turns = [Turn { role: TurnRole::User, text: "看".into(), pictures }].into();
    let (events, told) = tokio::sync::mpsc::channel(8);
    let _handle = providers.unwrap().ask(job, events);
    rest(told).await.1.unwrap();
    model.last().json()["messages"][0]["content"].clone()
}

async fn anywhere(url: &str) -> Value {
    shown(&[url], Some(|_| true), true).await
}

fn seen(format: &str, bytes: &[u8]) -> Value {
    let url = format!("data:image/{format};base64,{}", STANDARD.encode(bytes));
    json!([{"type": "text", "text": "看"}, {"type": "image_url", "image_url": {"url": url}}])
}

#[tokio::test]
async fn pictures_are_known_by_their_bytes() {
    for (format, bytes) in [
        ("png", PNG),
        ("jpeg", b"\xff\xd8\xff\xe0........".as_slice()),
        ("gif", b"GIF89a.........."),
        ("webp", b"RIFF....WEBPVP8 "),
    ] {
        let stage = Stage::always(vec![reply(200, "text/html", bytes)]).await;
        assert_eq!(anywhere(&stage.url).await, seen(format, bytes));
        let url = format!("base64://{}", STANDARD.encode(bytes));
        assert_eq!(shown(&[&url], None, true).await, seen(format, bytes));
    }
}

#[tokio::test]
async fn what_cannot_be_seen_is_said() {
    let big = [PNG, &vec![0; 5 << 20]].concat();
    for steps in [
        vec![reply(404, "image/png", PNG)],
        vec![reply(200, "image/png", b"<html>not a picture</html>")],
        vec![reply(200, "image/svg+xml", b"<svg/>")],
        vec![reply(200, "image/png", b"")],
        vec![Step::Send(b"HTTP/1.1 200 OK\r\ncontent-length: 9999999\r\n\r\n".to_vec()), Step::Hang],
        vec![head("image/png"), chunk(&big), fin()],
        vec![Step::Reset],
    ] {
        let stage = Stage::always(steps).await;
        assert_eq!(anywhere(&stage.url).await, "看 [图片]");
    }
    for url in
        ["", "file:///etc/passwd", "ftp://example.com/a.png", "base64://!!!", "base64://QUJD", "http://u:p@127.0.0.1/"]
    {
        assert_eq!(anywhere(url).await, "看 [图片]", "{url}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_picture_is_given_up() {
    let drip = (0..99).flat_map(|_| [Step::Wait(Duration::from_secs(1)), chunk(PNG)]);
    let stage = Stage::always([head("image/png")].into_iter().chain(drip).collect()).await;
    let before = tokio::time::Instant::now();
    assert_eq!(anywhere(&stage.url).await, "看 [图片]");
    assert_eq!(before.elapsed().as_secs(), 5);
}

#[tokio::test]
async fn private_addresses_are_never_asked() {
    let stage = Stage::always(vec![reply(200, "image/png", PNG)]).await;
    let port = stage.url.rsplit(':').next().unwrap();
    for host in
        ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "0177.0.0.1", "0.0.0.0"]
    {
        let url = format!("http://{host}:{port}/a.png");
        assert_eq!(shown(&[&url], None, true).await, "看 [图片]", "{url}");
    }
    assert_eq!(stage.connections.load(Ordering::SeqCst), 0);
}

fn redirect(to: &str) -> Vec<Step> {
    vec![Step::Send(format!("HTTP/1.1 302 X\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n").into_bytes())]
}

#[tokio::test]
async fn redirects_are_looked_at_again() {
    let stage = Stage::new(|asked| match asked.path.as_str() {
        "/3" => redirect("/2"),
        "/2" => redirect("/1"),
        "/1" => redirect("/picture"),
        "/4" => redirect("/3"),
        "/loop" => redirect("/loop"),
        "/file" => redirect("file:///etc/passwd"),
        _ => vec![reply(200, "image/png", PNG)],
    })
    .await;
    let at = |path: &str| format!("{}{path}", stage.url);
    assert_eq!(anywhere(&at("/3")).await, seen("png", PNG));
    for path in ["/4", "/loop", "/file"] {
        assert_eq!(anywhere(&at(path)).await, "看 [图片]", "{path}");
    }
    // Only 127.0.0.1 is let through: a redirect to another private address is not followed.
    let to_private = Stage::always(redirect(&at("/picture").replace("127.0.0.1", "127.0.0.2"))).await;
    let before = stage.connections.load(Ordering::SeqCst);
    let one: Allowed = |ip| ip == std::net::IpAddr::from([127, 0, 0, 1]);
    assert_eq!(shown(&[&to_private.url], Some(one), true).await, "看 [图片]");
    assert_eq!(stage.connections.load(Ordering::SeqCst), before);
}

#[tokio::test]
async fn a_model_that_does_not_see_asks_for_nothing() {
    let stage = Stage::always(vec![reply(200, "image/png", PNG)]).await;
    assert_eq!(shown(&[&stage.url, &stage.url], Some(|_| true), false).await, "看 [图片] [图片]");
    assert_eq!(stage.connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn of_many_pictures_the_newest_are_shown() {
    let stage = Stage::always(vec![reply(200, "image/png", PNG)]).await;
    let content = shown(&[stage.url.as_str(); 10], Some(|_| true), true).await;
    assert_eq!(content[0]["text"], "看 [图片] [图片]");
    assert_eq!(content.as_array().unwrap().len(), 9);
}
