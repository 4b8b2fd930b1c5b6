//! An HTTP server that keeps what it is asked and answers as it is told.

#![allow(dead_code)] // each test file uses a part

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::HeaderMap;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

/// What it does with one request.
pub enum Play {
    /// A status, a body, and perhaps a header.
    Say(u16, String, Option<(&'static str, String)>),
    /// The same, once somebody lets it.
    Wait(oneshot::Receiver<()>, u16, String),
    /// Nothing, ever.
    Silence,
    /// Says back all that it was sent: address, headers, body.
    Echo(u16),
}

impl Play {
    pub fn say(status: u16, body: &str) -> Self {
        Self::Say(status, body.to_owned(), None)
    }
}

/// What a service says when all is well.
pub fn fine(kind: &str) -> &'static str {
    match kind {
        "bark" => r#"{"code":200,"message":"success","timestamp":1}"#,
        "serverchan" => r#"{"code":0,"message":"","data":{"pushid":"1"}}"#,
        "wecom" | "dingtalk" => r#"{"errcode":0,"errmsg":"ok"}"#,
        "feishu" => r#"{"StatusCode":0,"StatusMessage":"success","code":0,"data":{},"msg":"success"}"#,
        "ntfy" => r#"{"id":"hwQ2YpKdmg","time":1,"event":"message","topic":"t"}"#,
        _ => "",
    }
}

/// A `[[notify.to]]`, as people write it.
pub fn destination(kind: &str, keys: &[(&str, &str)]) -> String {
    let keys = keys.iter().map(|(key, value)| format!("{key} = \"{value}\"\n"));
    format!("[[notify.to]]\nkind = \"{kind}\"\n{}", keys.collect::<String>())
}

/// A request as it came.
#[derive(Debug)]
pub struct Asked {
    pub method: String,
    pub target: String,
    pub headers: HeaderMap,
    pub body: String,
}

impl Asked {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    /// A parameter of the query, decoded.
    pub fn query(&self, name: &str) -> Option<String> {
        let url = reqwest::Url::parse(&format!("http://h{}", self.target)).expect("a target");
        url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }
}

pub struct Endpoint {
    pub address: SocketAddr,
    asked: mpsc::UnboundedReceiver<Asked>,
    plays: Arc<Mutex<VecDeque<Play>>>,
}

/// What a server says when its plays are over: by the address.
pub type Otherwise = fn(&str) -> Play;

impl Endpoint {
    /// Begins with these plays; afterwards, it says 404.
    pub async fn start(plays: impl IntoIterator<Item = Play>) -> Self {
        Self::saying(plays, |_| Play::say(404, "nothing more is played")).await
    }

    /// Begins with these plays; afterwards, it says what is right for each address.
    pub async fn saying(plays: impl IntoIterator<Item = Play>, otherwise: Otherwise) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (tell, asked) = mpsc::unbounded_channel();
        let plays = Arc::new(Mutex::new(plays.into_iter().collect::<VecDeque<_>>()));
        let script = Arc::clone(&plays);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (tell, script) = (tell.clone(), Arc::clone(&script));
                let service = service_fn(move |request| answer(request, tell.clone(), Arc::clone(&script), otherwise));
                let served = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), service);
                tokio::spawn(served);
            }
        });
        Self { address, asked, plays }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn then(&self, play: Play) {
        self.plays.lock().unwrap().push_back(play);
    }

    /// The next request.
    pub async fn asked(&mut self) -> Asked {
        self.asked.recv().await.expect("the server lives")
    }

    /// A request that has come and that nobody has looked at.
    pub fn next(&mut self) -> Option<Asked> {
        self.asked.try_recv().ok()
    }

    /// Requests that nobody has looked at.
    pub fn unseen(&mut self) -> usize {
        std::iter::from_fn(|| self.next()).count()
    }
}

async fn answer(
    request: Request<Incoming>,
    tell: mpsc::UnboundedSender<Asked>,
    plays: Arc<Mutex<VecDeque<Play>>>,
    otherwise: Otherwise,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let body = String::from_utf8_lossy(&body).into_owned();
    let (method, target) = (head.method.to_string(), head.uri.to_string());
    let echo = format!("{target} {:?} {body}", head.headers);
    let play = plays.lock().unwrap().pop_front().unwrap_or_else(|| otherwise(&target));
    let _ = tell.send(Asked { method, target, headers: head.headers, body });
    let (status, said, header) = match play {
        Play::Say(status, said, header) => (status, said, header),
        Play::Wait(gate, status, said) => {
            let _ = gate.await;
            (status, said, None)
        }
        Play::Silence => std::future::pending().await,
        Play::Echo(status) => (status, echo, None),
    };
    let mut response = Response::builder().status(status);
    if let Some((name, value)) = header {
        response = response.header(name, value);
    }
    Ok(response.body(Full::new(said.into())).expect("a response"))
}
