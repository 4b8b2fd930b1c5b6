//! The reverse server: adapters dial us. HTTP/1.1 up to the upgrade, with every bound that a listening
//! socket needs; refusals are answered before the upgrade, because every adapter takes a failed handshake
//! for "try again later" (onebot.md §1.1).

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::door::Door;
use super::fragments::Fragments;
use super::gate::{Gate, Seat};
use super::handshake::{self, Refusal, Rules, Welcome};
use super::link::{Introduction, LinkSettings, PROOF};
use super::tls;
use super::token::Token;
use crate::config::{Network, OneBot};

/// From accept to upgrade, TLS included (threats.md A14).
const HANDSHAKE: Duration = Duration::from_secs(5);
/// After an accept that failed (no file descriptors left, M3).
const BREATH: Duration = Duration::from_millis(75);

/// What a server needs to know; secrets resolved.
#[derive(Debug, Clone)]
pub struct ServerSettings {
    /// Addresses to listen on.
    pub listen: Vec<String>,
    /// Paths that are a WebSocket.
    pub paths: Vec<String>,
    /// The token; empty: none.
    pub token: Token,
    /// Accept `?access_token=` too.
    pub allow_query_token: bool,
    /// Browser origins let in; `*` for any.
    pub origins: Vec<String>,
    /// Who may connect, by address.
    pub network: Network,
    /// PEM files of the chain and of its key.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// Links at once.
    pub max_connections: usize,
    /// How links behave.
    pub link: LinkSettings,
}

impl ServerSettings {
    /// Tries whether the certificate and its key can be used, where there are any.
    ///
    /// # Errors
    /// [`ServerError::Tls`].
    pub fn rehearse(&self) -> Result<(), ServerError> {
        self.acceptor().map(drop)
    }

    fn acceptor(&self) -> Result<Option<TlsAcceptor>, ServerError> {
        let Some((cert, key)) = &self.tls else { return Ok(None) };
        let failed = |cause| ServerError::Tls { cert: cert.clone(), key: key.clone(), cause };
        tls::acceptor(cert, key).map(Some).map_err(failed)
    }

    /// As configured, with the token resolved.
    pub fn new(onebot: &OneBot, network: &Network, token: Token) -> Self {
        let tls =
            (!onebot.tls.cert.is_empty()).then(|| (onebot.tls.cert.clone().into(), onebot.tls.key.clone().into()));
        Self {
            listen: onebot.listen.clone(),
            paths: onebot.paths.clone(),
            token,
            allow_query_token: onebot.allow_query_token,
            origins: onebot.origins.clone(),
            network: network.clone(),
            tls,
            max_connections: onebot.max_connections,
            link: LinkSettings { heartbeat: onebot.heartbeat, proof: PROOF, max_frame: onebot.max_frame },
        }
    }
}

/// Why a server could not start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The address is taken, or is none.
    #[error("cannot listen on {address} (onebot.listen): {source}")]
    Listen {
        /// Which.
        address: String,
        /// Why.
        source: io::Error,
    },
    /// Anybody on the network could speak for any account.
    #[error(
        "onebot.token is empty and {address} (onebot.listen) is reachable from outside; set a token or listen on 127.0.0.1"
    )]
    NoToken {
        /// Which.
        address: String,
    },
    /// The certificate or its key.
    #[error("cannot use the certificate {cert} with the key {key} (onebot.tls): {cause}")]
    Tls {
        /// The chain's file.
        cert: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// Why.
        cause: String,
    },
}

/// A running server. Ends with the token given to [`Server::start`]; links end with it.
#[derive(Debug)]
pub struct Server {
    addresses: Vec<SocketAddr>,
    tasks: TaskTracker,
}

impl Server {
    /// Binds all addresses, or none, and starts to accept.
    pub async fn start(settings: ServerSettings, door: Door, stop: CancellationToken) -> Result<Self, ServerError> {
        let tls = settings.acceptor()?;
        let mut listeners = Vec::new();
        for address in &settings.listen {
            let failed = |source| ServerError::Listen { address: address.clone(), source };
            let listener = TcpListener::bind(address).await.map_err(failed)?;
            let bound = listener.local_addr().map_err(failed)?;
            if settings.token.is_empty() && !bound.ip().to_canonical().is_loopback() {
                return Err(ServerError::NoToken { address: address.clone() });
            }
            listeners.push((listener, bound));
        }
        let tasks = TaskTracker::new();
        let addresses = listeners.iter().map(|(_, bound)| *bound).collect();
        let shared = Arc::new(Shared {
            gate: Gate::new(settings.max_connections),
            link: settings.link,
            tls,
            door,
            stop,
            tasks: tasks.clone(),
            rules: Rules {
                paths: settings.paths,
                token: settings.token,
                allow_query_token: settings.allow_query_token,
                origins: settings.origins,
                network: settings.network,
            },
        });
        for (listener, _) in listeners {
            tasks.spawn(accept(shared.clone(), listener));
        }
        tasks.close();
        Ok(Self { addresses, tasks })
    }

    /// Where it listens, in the order of the configuration.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Waits until the last link has ended.
    pub async fn stopped(&self) {
        self.tasks.wait().await;
    }
}

/// What all connections of a server share.
struct Shared {
    gate: Gate,
    rules: Rules,
    link: LinkSettings,
    tls: Option<TlsAcceptor>,
    door: Door,
    stop: CancellationToken,
    tasks: TaskTracker,
}

async fn accept(shared: Arc<Shared>, listener: TcpListener) {
    loop {
        let accepted = tokio::select! {
            () = shared.stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => admit(&shared, stream, peer),
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
}

fn admit(shared: &Arc<Shared>, stream: TcpStream, peer: SocketAddr) {
    let address = peer.ip().to_canonical();
    let Some(place) = shared.gate.place(address) else {
        tracing::debug!(%peer, "too many connections wait for their handshake");
        return;
    };
    drop(stream.set_nodelay(true));
    let shared = shared.clone();
    let tasks = shared.tasks.clone();
    tasks.spawn(async move {
        let stop = shared.stop.clone();
        let handshake = async {
            match shared.tls.clone() {
                None => serve(shared, stream, peer).await,
                Some(tls) => match tls.accept(stream).await {
                    Ok(stream) => serve(shared, stream, peer).await,
                    Err(error) => tracing::debug!(%peer, %error, "no TLS"),
                },
            }
        };
        tokio::select! {
            _ = tokio::time::timeout(HANDSHAKE, handshake) => {}
            () = stop.cancelled() => {}
        }
        drop(place);
    });
}

/// One request, and no more: either it becomes a link or the connection is done.
async fn serve<S>(shared: Arc<Shared>, stream: S, peer: SocketAddr)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(|request| {
        let response = answer(&shared, request, peer);
        async { Ok::<_, Infallible>(response) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HANDSHAKE)
        .max_buf_size(16 << 10)
        .max_headers(64)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    if let Err(error) = connection.await {
        tracing::debug!(%peer, %error, "handshake failed");
    }
}

fn answer(shared: &Arc<Shared>, mut request: Request<Incoming>, peer: SocketAddr) -> Response<Full<Bytes>> {
    let upgrade = hyper::upgrade::on(&mut request);
    let (parts, _) = request.into_parts();
    let client = handshake::client(&shared.rules.network, peer.ip(), &parts.headers);
    let judged = handshake::judge(&shared.rules, client, &parts).and_then(|welcome| {
        let full = Refusal { status: StatusCode::SERVICE_UNAVAILABLE, cause: "onebot.max_connections is reached" };
        let leave = shared.stop.child_token();
        let seat = shared.gate.seat(welcome.role, welcome.label.as_deref(), leave.clone());
        Ok((welcome, seat.ok_or(full)?, leave))
    });
    match judged {
        Ok((welcome, seat, leave)) => {
            welcome_in(shared, welcome, (seat, leave), upgrade, SocketAddr::new(client, peer.port()))
        }
        Err(refusal) => turn_away(shared, &refusal, client),
    }
}

fn turn_away(shared: &Arc<Shared>, refusal: &Refusal, client: IpAddr) -> Response<Full<Bytes>> {
    if shared.gate.may_report() {
        shared.door.refused(client.to_string(), refusal.cause);
    }
    let reason = refusal.status.canonical_reason().unwrap_or_default();
    let mut response = Response::new(Full::new(Bytes::from(reason)));
    *response.status_mut() = refusal.status;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    match refusal.status {
        StatusCode::UNAUTHORIZED => {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        StatusCode::UPGRADE_REQUIRED => {
            headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
            headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        }
        _ => {}
    }
    response
}

fn welcome_in(
    shared: &Arc<Shared>,
    welcome: Welcome,
    (seat, leave): (Seat, CancellationToken),
    upgrade: OnUpgrade,
    client: SocketAddr,
) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    // Both values are ASCII: base64, and what the client's own header held.
    if let Ok(accept) = HeaderValue::from_str(&welcome.accept) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    if let Some(protocol) = welcome.protocol.and_then(|name| HeaderValue::from_str(&name).ok()) {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    let who = Introduction { peer: client.to_string(), role: welcome.role, label: welcome.label, dialled: false };
    let (shared, tasks) = (shared.clone(), shared.tasks.clone());
    tasks.spawn(async move {
        let _seat = seat;
        let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, upgrade).await else { return };
        let stream = Fragments::new(TokioIo::new(stream));
        let config = Some(shared.link.websocket());
        let socket = WebSocketStream::from_raw_socket(stream, Role::Server, config).await;
        shared.door.run(socket, who, shared.link, leave).await;
    });
    response
}
