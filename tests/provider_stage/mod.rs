//! A model server made of scripts: for each request a list of steps, on a port of its own.
#![allow(dead_code, clippy::unwrap_used, missing_docs)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use qqdeck::config::{Provider, ProviderKind, Secret};
use qqdeck::domain::{Answer, Failure, Job, JobEvent, JobId, ProviderError, Turn, TurnRole};
use qqdeck::provider::{JobHandle, Providers};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};

/// What the server does next.
#[derive(Clone)]
pub enum Step {
    Send(Vec<u8>),
    Wait(Duration),
    /// A clean end of the connection.
    Close,
    /// An RST.
    Reset,
    /// Nothing more, until the client goes away.
    Hang,
}

/// What the server was asked.
#[derive(Clone, Debug)]
pub struct Asked {
    pub path: String,
    pub head: String,
    pub body: String,
}

impl Asked {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

pub struct Stage {
    pub url: String,
    pub asked: Arc<Mutex<Vec<Asked>>>,
    pub connections: Arc<AtomicUsize>,
    /// Clients that went away during a `Hang`.
    pub gone: watch::Receiver<usize>,
}

impl Stage {
    pub async fn new(script: impl Fn(&Asked) -> Vec<Step> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(AtomicUsize::new(0));
        let (leave, gone) = watch::channel(0);
        let stage = Self { url, asked: asked.clone(), connections: connections.clone(), gone };
        let (script, leave) = (Arc::new(script), Arc::new(leave));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(play(stream, script.clone(), asked.clone(), leave.clone()));
            }
        });
        stage
    }

    /// The same answer to every request.
    pub async fn always(steps: Vec<Step>) -> Self {
        Self::new(move |_| steps.clone()).await
    }

    pub fn last(&self) -> Asked {
        self.asked.lock().unwrap().last().cloned().unwrap()
    }
}

async fn play(
    mut stream: TcpStream,
    script: Arc<impl Fn(&Asked) -> Vec<Step>>,
    log: Arc<Mutex<Vec<Asked>>>,
    leave: Arc<watch::Sender<usize>>,
) {
    stream.set_nodelay(true).unwrap();
    while let Some(asked) = read(&mut stream).await {
        log.lock().unwrap().push(asked.clone());
        for step in script(&asked) {
            match step {
                Step::Send(bytes) => {
                    if stream.write_all(&bytes).await.is_err() {
                        return;
                    }
                }
                Step::Wait(time) => tokio::time::sleep(time).await,
                Step::Close => return,
                Step::Reset => {
                    stream.set_zero_linger().unwrap();
                    return;
                }
                Step::Hang => {
                    let _ = stream.read(&mut [0; 64]).await;
                    leave.send_modify(|n| *n += 1);
                    return;
                }
            }
        }
    }
}

async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
            let lower = head.to_ascii_lowercase();
            let length = lower
                .split_once("content-length: ")
                .map_or(0, |(_, rest)| rest.split("\r\n").next().unwrap().trim().parse::<usize>().unwrap());
            if bytes.len() >= end + 4 + length {
                let body = String::from_utf8(bytes[end + 4..].to_vec()).unwrap();
                let path = head.split(' ').nth(1).unwrap().to_owned();
                return Some(Asked { path, head, body });
            }
        }
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return None,
            Ok(n) => bytes.extend_from_slice(&buffer[..n]),
        }
    }
}

/// A whole response.
pub fn reply(status: u16, kind: &str, body: &[u8]) -> Step {
    let mut bytes =
        format!("HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    Step::Send(bytes)
}

/// The head of a chunked response.
pub fn head(kind: &str) -> Step {
    Step::Send(format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n\r\n").into_bytes())
}

/// One chunk.
pub fn chunk(bytes: impl AsRef<[u8]>) -> Step {
    let bytes = bytes.as_ref();
    if bytes.is_empty() {
        return Step::Send(Vec::new());
    }
    let mut framed = format!("{:x}\r\n", bytes.len()).into_bytes();
    framed.extend_from_slice(bytes);
    framed.extend_from_slice(b"\r\n");
    Step::Send(framed)
}

/// The end of the chunks.
pub fn fin() -> Step {
    Step::Send(b"0\r\n\r\n".to_vec())
}

/// A stream from chunks, ended cleanly.
pub fn stream(kind: &str, chunks: &[&str]) -> Vec<Step> {
    let mut steps = vec![head(kind)];
    steps.extend(chunks.iter().map(chunk));
    steps.push(fin());
    steps
}

pub const SSE: &str = "text/event-stream";
pub const NDJSON: &str = "application/x-ndjson";
pub const JSON: &str = "application/json";

/// An OpenAI piece of text.
pub fn delta(text: &str) -> String {
    format!("data: {}\n\n", serde_json::json!({"choices": [{"index": 0, "delta": {"content": text}}]}))
}

/// OpenAI's end.
pub const STOP: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
pub const DONE: &str = "data: [DONE]\n\n";

pub fn openai(url: &str) -> Provider {
    Provider {
        name: "p".into(),
        kind: ProviderKind::Openai,
        endpoint: format!("{url}/v1"),
        model: "tiny".into(),
        ..Provider::default()
    }
}

pub fn ollama(url: &str) -> Provider {
    Provider { kind: ProviderKind::Ollama, endpoint: url.into(), ..openai(url) }
}

pub fn literal(secret: &Secret) -> Result<String, String> {
    Ok(secret.0.clone())
}

pub fn providers(config: Provider) -> Providers {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Providers::new(&[config], &literal).unwrap()
}

pub fn job(text: &str) -> Job {
    Job {
        id: JobId(7),
        provider: "p".into(),
        key: 0,
        turns: [Turn { role: TurnRole::User, text: text.into(), pictures: vec![] }].into(),
        max_tokens: 64,
        budget: Duration::from_secs(300),
    }
}

pub fn start(config: Provider) -> (JobHandle, mpsc::Receiver<(JobId, JobEvent)>) {
    let (events, told) = mpsc::channel(64);
    (providers(config).ask(job("你好"), events), told)
}

/// All events of one question, the end apart. Checks that there is one end and that it is the last.
pub async fn ask(config: Provider) -> (Vec<JobEvent>, Result<Answer, Failure>) {
    let (handle, told) = start(config);
    let end = rest(told).await;
    drop(handle);
    end
}

pub async fn rest(mut told: mpsc::Receiver<(JobId, JobEvent)>) -> (Vec<JobEvent>, Result<Answer, Failure>) {
    let mut events = Vec::new();
    while let Some((id, event)) = told.recv().await {
        assert_eq!(id, JobId(7));
        if let JobEvent::Ended(end) = event {
            assert_eq!(told.recv().await, None, "something after the end");
            return (events, end);
        }
        events.push(event);
    }
    panic!("no end");
}

pub async fn answer(config: Provider) -> Answer {
    ask(config).await.1.unwrap()
}

pub async fn failure(config: Provider) -> ProviderError {
    ask(config).await.1.unwrap_err().error
}
