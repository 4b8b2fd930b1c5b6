//! The least that answers: a WebSocket server, one streaming request for each message, one frame back. No queue, no
//! history, no database, no log; on demand, a commit of each reply before it leaves. What qqdeck costs beyond this is
//! qqdeck's own.

use std::path::Path;

use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;

use crate::ledger::Ledger;

#[derive(Deserialize)]
struct Event {
    #[serde(default)]
    post_type: String,
    #[serde(default)]
    user_id: i64,
    group_id: Option<i64>,
    #[serde(default)]
    message: Vec<Segment>,
}

#[derive(Deserialize)]
struct Segment {
    #[serde(default)]
    data: Words,
}

#[derive(Deserialize, Default)]
struct Words {
    #[serde(default)]
    text: String,
}

#[derive(Deserialize)]
struct Line {
    message: Content,
}

#[derive(Deserialize)]
struct Content {
    content: String,
}

/// What every answer needs.
#[derive(Clone)]
struct Way {
    client: reqwest::Client,
    url: String,
    ledger: Option<Ledger>,
}

/// Serves until it is killed.
pub fn run(listen: &str, model: &str, ledger: Option<&Path>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(listen).await?;
        let client = reqwest::Client::builder().no_proxy().tcp_nodelay(true).build()?;
        let ledger = ledger.map(Ledger::open).transpose()?;
        let way = Way { client, url: format!("{model}/api/chat"), ledger };
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            tokio::spawn(serve(stream, way.clone()));
        }
    })
}

async fn serve(stream: TcpStream, way: Way) {
    let Ok(socket) = tokio_tungstenite::accept_async(stream).await else { return };
    let (mut sink, mut frames) = socket.split();
    let (replies, mut queue) = mpsc::channel::<String>(1024);
    tokio::spawn(async move {
        while let Some(reply) = queue.recv().await {
            if sink.send(Message::text(reply)).await.is_err() {
                return;
            }
        }
    });
    while let Some(Ok(frame)) = frames.next().await {
        let Message::Text(text) = frame else { continue };
        let Ok(event) = serde_json::from_str::<Event>(&text) else { continue };
        if event.post_type == "message" {
            tokio::spawn(answer(event, way.clone(), replies.clone()));
        }
    }
}

async fn answer(event: Event, way: Way, replies: mpsc::Sender<String>) -> Option<()> {
    let question: String = event.message.into_iter().map(|segment| segment.data.text).collect();
    let body = json!({"model": "fake", "stream": true, "messages": [{"role": "user", "content": question}]});
    let response = way.client.post(way.url).json(&body).send().await.ok()?;
    let mut chunks = response.bytes_stream();
    let (mut buffer, mut text) = (Vec::new(), String::new());
    while let Some(Ok(chunk)) = chunks.next().await {
        buffer.extend_from_slice(&chunk);
        while let Some(end) = buffer.iter().position(|b| *b == b'\n') {
            if let Ok(line) = serde_json::from_slice::<Line>(&buffer[..end]) {
                text.push_str(&line.message.content);
            }
            buffer.drain(..=end);
        }
    }
    let message = json!([{"type": "text", "data": {"text": text}}]);
    let call = match event.group_id {
        Some(group) => {
            json!({"action": "send_group_msg", "params": {"group_id": group, "message": message}, "echo": "1"})
        }
        None => {
            json!({"action": "send_private_msg", "params": {"user_id": event.user_id, "message": message}, "echo": "1"})
        }
    };
    let call = call.to_string();
    if let Some(ledger) = way.ledger {
        ledger.commit(&call).await?;
    }
    replies.send(call).await.ok()
}
