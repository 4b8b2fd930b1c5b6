//! How a link comes about: dialling the application, or being dialled by it (onebot.md §1).

use std::sync::{Arc, Mutex};

use futures_util::SinkExt;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue, StatusCode, header};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, frame::coding::CloseCode};
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{accept_hdr_async_with_config, client_async_with_config};

use super::link::{self, Carries, Socket};
use super::{Roles, Shared, Side};
use crate::simulator::dialect::Refusal;
use crate::simulator::{Dialect, lock};

const EVERYTHING: Carries = Carries { api: true, events: true };

pub(super) fn begin(shared: &Arc<Shared>, listener: Option<TcpListener>) {
    if let Some(listener) = listener {
        shared.tasks.spawn(listen(Arc::clone(shared), listener));
    }
    if let Side::Reverse { roles, links, .. } = shared.settings.side {
        match roles {
            Roles::Universal => (0..links.max(1)).for_each(|_| dial_once_more(shared)),
            Roles::Split => {
                let role = shared.settings.dialect.api_role();
                shared.tasks.spawn(dial(Arc::clone(shared), role, Carries { api: true, events: false }));
                shared.tasks.spawn(dial(Arc::clone(shared), "Event", Carries { api: false, events: true }));
            }
        }
    }
}

pub(super) fn dial_once_more(shared: &Arc<Shared>) {
    shared.tasks.spawn(dial(Arc::clone(shared), "Universal", EVERYTHING));
}

async fn dial(shared: Arc<Shared>, role: &'static str, carries: Carries) {
    let mut url = shared.url.subscribe();
    let stop = shared.stop.clone();
    loop {
        let target = url.borrow_and_update().clone();
        let attempt = async {
            if !target.is_empty() {
                shared.count("dials", 1);
                match tokio::time::timeout(shared.settings.handshake, handshake(&shared, &target, role)).await {
                    Ok(Ok(socket)) => link::serve(&shared, socket, carries).await,
                    Ok(Err(tungstenite::Error::Http(_))) => {
                        shared.count("handshakes_refused", 1);
                    }
                    _ => {
                        shared.count("dials_failed", 1);
                    }
                }
                tokio::time::sleep(shared.settings.reconnect).await;
            } else {
                let _ = url.changed().await;
            }
        };
        tokio::select! {
            () = attempt => {}
            // A live link ends by the same signal with a close frame; give it that moment.
            () = async { stop.cancelled().await; tokio::time::sleep(std::time::Duration::from_millis(200)).await } => {}
        }
        if stop.is_cancelled() {
            return;
        }
    }
}

async fn handshake(shared: &Shared, url: &str, role: &'static str) -> Result<Socket, tungstenite::Error> {
    let dialect = shared.settings.dialect;
    let mut request = url.into_client_request()?;
    let uri = request.uri();
    let address = format!("{}:{}", uri.host().unwrap_or("127.0.0.1"), uri.port_u16().unwrap_or(80));
    let headers = request.headers_mut();
    headers.insert("x-self-id", HeaderValue::from(shared.self_id));
    headers.insert("x-client-role", HeaderValue::from_static(role));
    headers.insert(header::USER_AGENT, HeaderValue::from_static(dialect.user_agent()));
    if let Some(value) = dialect.authorization(&shared.settings.token) {
        headers.insert(
            HeaderName::from_static("authorization"),
            HeaderValue::from_str(&value).map_err(tungstenite::http::Error::from)?,
        );
    }
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (socket, _) = client_async_with_config(request, stream, Some(link::config())).await?;
    Ok(socket)
}

async fn listen(shared: Arc<Shared>, listener: TcpListener) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shared.stop.cancelled() => return,
        };
        if let Ok((stream, _)) = accepted {
            let _ = stream.set_nodelay(true);
            let one = Arc::clone(&shared);
            shared.tasks.spawn(async move {
                let stop = one.stop.clone();
                tokio::select! {
                    () = accept(one, stream) => {}
                    () = async { stop.cancelled().await; tokio::time::sleep(std::time::Duration::from_millis(200)).await } => {}
                }
            });
        }
    }
}

async fn accept(shared: Arc<Shared>, stream: TcpStream) {
    let asked = Mutex::new((String::new(), String::new()));
    let refusal = shared.settings.dialect.refusal();
    #[expect(clippy::result_large_err, reason = "the library's signature")]
    let check = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        let token = shown_token(shared.settings.dialect, request);
        if refusal == Refusal::Http && token != shared.settings.token {
            let mut refused = ErrorResponse::new(None);
            let none = token.is_empty() && shared.settings.dialect == Dialect::Gocqhttp;
            *refused.status_mut() = if none { StatusCode::UNAUTHORIZED } else { StatusCode::FORBIDDEN };
            return Err(refused);
        }
        *lock(&asked) = (token, request.uri().path().to_owned());
        Ok(response)
    };
    let Ok(mut socket) = accept_hdr_async_with_config(stream, check, Some(link::config())).await else {
        shared.count("handshakes_refused", 1);
        return;
    };
    let (token, path) = lock(&asked).clone();
    if !shared.settings.token.is_empty() && token != shared.settings.token {
        shared.count("handshakes_refused", 1);
        let words = r#"{"status":"failed","retcode":1403,"data":null,"message":"token验证失败","wording":"token验证失败","echo":null,"stream":"normal-action"}"#;
        let _ = socket.send(Message::text(words)).await;
        let policy = CloseFrame { code: CloseCode::Policy, reason: "invalid access token".into() };
        let _ = socket.close((refusal == Refusal::FrameAndPolicy).then_some(policy)).await;
        return;
    }
    let carries = match path.trim_end_matches('/') {
        "/api" => Carries { api: true, events: false },
        // NapCat answers calls there too.
        "/event" => Carries { api: shared.settings.dialect == Dialect::Napcat, events: true },
        "" => EVERYTHING,
        _ if shared.settings.dialect.any_path() => EVERYTHING,
        _ => {
            shared.count("dead_paths", 1);
            Carries { api: false, events: false }
        }
    };
    link::serve(&shared, socket, carries).await;
}

/// Which of header and query wins differs (onebot.md §1.2).
fn shown_token(dialect: Dialect, request: &Request) -> String {
    let header = request.headers().get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let pairs = request.uri().query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    let query = pairs.filter(|(key, _)| *key == "access_token").map(|(_, value)| value).next().unwrap_or_default();
    let bearer = header.strip_prefix("Bearer ");
    let shown = match dialect {
        Dialect::Napcat if !query.is_empty() => query,
        Dialect::Napcat => bearer.unwrap_or(header),
        Dialect::Llonebot if header.is_empty() => query,
        Dialect::Llonebot => bearer.unwrap_or(header),
        Dialect::Lagrange | Dialect::Gocqhttp if header.is_empty() => query,
        Dialect::Lagrange => bearer.unwrap_or_default(),
        Dialect::Gocqhttp => header.split_once(' ').map_or(header, |(_, token)| token),
    };
    shown.to_owned()
}
