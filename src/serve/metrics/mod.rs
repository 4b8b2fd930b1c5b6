//! Figures for Prometheus at `/metrics`, and whether the bot lives (`/healthz`) and can work (`/readyz`), over HTTP.
//!
//! The door asks no password: it is for loopback or behind a proxy. It reads nothing but a request's first line, keeps
//! no connection, and gives each ten seconds in all, so that a slow or hostile client costs a place among
//! [`CONNECTIONS`] and nothing else. It follows the configuration.
//!
//! * `exposition`: from the state to the text format 0.0.4 · `health`: what makes the bot ready

#[cfg(test)]
mod dashboard;
mod exposition;
mod health;
#[cfg(test)]
mod strict;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

use crate::runtime::handle::Handle;

/// Connections at once; one more is closed.
pub const CONNECTIONS: usize = 16;
/// A connection's whole time.
const WHOLE: Duration = Duration::from_secs(10);
/// How long the engine may take to answer before it counts as stuck.
const STUCK: Duration = Duration::from_secs(2);
/// Before an address that could not be had is tried again.
const AGAIN: Duration = Duration::from_secs(15);
/// After an accept that failed.
const BREATH: Duration = Duration::from_millis(200);

/// Listens where the configuration says, until `stop`; goes along with each change of it. Where it listens is told to
/// `bound` (the latest wins). An address that cannot be had is told in the log and tried again: the bot itself needs
/// no metrics.
pub async fn keep(handle: Handle, stop: CancellationToken, bound: watch::Sender<Option<SocketAddr>>) {
    let mut placed = handle.placements();
    loop {
        let listen = placed.borrow_and_update().config.metrics.listen.clone();
        let end = stop.child_token();
        let serving = async {
            if listen.is_empty() {
                return std::future::pending().await;
            }
            loop {
                match TcpListener::bind(&listen).await {
                    Ok(listener) => {
                        let address = listener.local_addr().ok();
                        tracing::info!(address = listen, "metrics");
                        bound.send_replace(address);
                        return serve(listener, handle.clone(), end.clone()).await;
                    }
                    Err(error) => tracing::error!(address = listen, %error, "no metrics: cannot listen"),
                }
                tokio::time::sleep(AGAIN).await;
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = serving => {}
            gone = other(&mut placed, &listen) => if gone { return },
        }
        end.cancel();
        bound.send_replace(None);
    }
}

/// Waits for another address in the configuration; `true`: there will be none any more.
async fn other(placed: &mut watch::Receiver<crate::runtime::handle::Placed>, listen: &str) -> bool {
    placed.wait_for(|placed| placed.config.metrics.listen != listen).await.is_err()
}

/// Answers until `stop`.
pub async fn serve(listener: TcpListener, handle: Handle, stop: CancellationToken) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                // Who finds no place is closed at once: a scraper comes again.
                let Ok(place) = room.clone().try_acquire_owned() else { continue };
                let (handle, stop) = (handle.clone(), stop.clone());
                tokio::spawn(async move {
                    tokio::select! {
                        _ = tokio::time::timeout(WHOLE, talk(stream, handle)) => {}
                        () = stop.cancelled() => {}
                    }
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection for metrics could not be accepted");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
}

async fn talk(stream: TcpStream, handle: Handle) {
    let service = service_fn(|request| {
        let handle = handle.clone();
        async move { Ok::<_, Infallible>(answer(&handle, &request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(WHOLE)
        .max_buf_size(8 << 10)
        .max_headers(32)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a request for metrics failed");
    }
}

async fn answer(handle: &Handle, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut refused = text(StatusCode::METHOD_NOT_ALLOWED, "GET, HEAD\n".into());
        refused.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return refused;
    }
    let path = request.uri().path();
    if !["/metrics", "/healthz", "/readyz"].contains(&path) {
        return text(StatusCode::NOT_FOUND, "/metrics /healthz /readyz\n".into());
    }
    let Ok(Ok((snapshot, measures))) = tokio::time::timeout(STUCK, handle.measures()).await else {
        return text(StatusCode::SERVICE_UNAVAILABLE, health::lines(&[crate::words::Unready::Stuck]));
    };
    match path {
        "/healthz" => text(StatusCode::OK, "ok\n".into()),
        "/readyz" => match health::unready(&snapshot, &handle.placed()) {
            reasons if reasons.is_empty() => text(StatusCode::OK, "ok\n".into()),
            reasons => text(StatusCode::SERVICE_UNAVAILABLE, health::lines(&reasons)),
        },
        _ => {
            let limits = &handle.placed().config.chats.group.limits.clone();
            let mut page = text(StatusCode::OK, exposition::page(&snapshot, &measures, limits));
            let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
            page.headers_mut().insert(header::CONTENT_TYPE, kind);
            page
        }
    }
}

fn text(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
