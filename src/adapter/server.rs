//! The reverse server: adapters dial us. HTTP/1.1 up to the upgrade, with every bound that a listening
//! socket needs; refusals are answered before the upgrade, because every adapter takes a failed handshake
//! for "try again later" (onebot.md §1.1).

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::fragments::Fragments;
use super::handshake::{self, Refusal, Rules, Welcome};
use super::link::{Door, Introduction, LinkSettings};
use crate::config::{Network, OneBot};

/// From accept to upgrade, TLS included (threats.md A14).
const HANDSHAKE: Duration = Duration::from_secs(5);
/// Connections before their upgrade, in all and per address. Loopback counts in all only: adapters behind
/// one proxy or in one container share it.
const WAITING: usize = 64;
const WAITING_EACH: usize = 4;
/// Refused handshakes that are reported in one minute.
const REPORTS: u32 = 30;
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
    pub token: String,
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
    /// As configured, with the token resolved.
    pub fn new(onebot: &OneBot, network: &Network, token: String) -> Self {
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
            link: LinkSettings { heartbeat: onebot.heartbeat, max_frame: onebot.max_frame },
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
        let tls = match &settings.tls {
            Some((cert, key)) => Some(acceptor(cert, key)?),
            None => None,
        };
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
        let gate = Arc::new(Gate::new(settings, tls, door, stop, tasks.clone()));
        for (listener, _) in listeners {
            tasks.spawn(accept(gate.clone(), listener));
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

fn acceptor(cert: &Path, key: &Path) -> Result<TlsAcceptor, ServerError> {
    let failed = |cause: String| ServerError::Tls { cert: cert.to_owned(), key: key.to_owned(), cause };
    let chain = CertificateDer::pem_file_iter(cert)
        .and_then(|chain| chain.collect::<Result<Vec<_>, _>>())
        .map_err(|error| failed(error.to_string()))?;
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| failed(error.to_string()))?;
    warn_if_readable(key);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, private))
        .map_err(|error| failed(error.to_string()))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

#[cfg(unix)]
fn warn_if_readable(key: &Path) {
    use std::os::unix::fs::PermissionsExt;
    if std::fs::metadata(key).is_ok_and(|m| m.permissions().mode() & 0o077 != 0) {
        tracing::warn!(key = %key.display(), "others can read the TLS key; chmod 600");
    }
}

#[cfg(not(unix))]
fn warn_if_readable(_: &Path) {}

/// What all connections of a server share.
struct Gate {
    rules: Rules,
    link: LinkSettings,
    tls: Option<TlsAcceptor>,
    door: Door,
    stop: CancellationToken,
    tasks: TaskTracker,
    waiting: AtomicUsize,
    waiting_each: Mutex<HashMap<IpAddr, usize>>,
    links: Arc<Semaphore>,
    reports: Mutex<(Instant, u32)>,
}

impl Gate {
    fn new(
        settings: ServerSettings,
        tls: Option<TlsAcceptor>,
        door: Door,
        stop: CancellationToken,
        tasks: TaskTracker,
    ) -> Self {
        let rules = Rules {
            paths: settings.paths,
            token: settings.token,
            allow_query_token: settings.allow_query_token,
            origins: settings.origins,
            network: settings.network,
        };
        Self {
            rules,
            link: settings.link,
            tls,
            door,
            stop,
            tasks,
            waiting: AtomicUsize::new(0),
            waiting_each: Mutex::default(),
            links: Arc::new(Semaphore::new(settings.max_connections)),
            reports: Mutex::new((Instant::now(), 0)),
        }
    }

    /// Whether one more refusal may be told: a scanner must fill neither logs nor the attention of people.
    fn may_report(&self) -> bool {
        let mut reports = self.reports.lock().unwrap_or_else(PoisonError::into_inner);
        if reports.0.elapsed() >= Duration::from_secs(60) {
            *reports = (Instant::now(), 0);
        }
        reports.1 += 1;
        reports.1 <= REPORTS
    }

    /// A place before the upgrade; `None`: too many wait already.
    fn place(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let mut each = self.waiting_each.lock().unwrap_or_else(PoisonError::into_inner);
        let own = each.get(&address).copied().unwrap_or(0);
        let full = self.waiting.load(Ordering::Relaxed) >= WAITING;
        if full || (own >= WAITING_EACH && !address.is_loopback()) {
            return None;
        }
        each.insert(address, own + 1);
        self.waiting.fetch_add(1, Ordering::Relaxed);
        Some(Place { gate: self.clone(), address })
    }
}

/// A place before the upgrade, given back on drop.
struct Place {
    gate: Arc<Gate>,
    address: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.gate.waiting.fetch_sub(1, Ordering::Relaxed);
        let mut each = self.gate.waiting_each.lock().unwrap_or_else(PoisonError::into_inner);
        match each.get_mut(&self.address) {
            Some(own) if *own > 1 => *own -= 1,
            _ => drop(each.remove(&self.address)),
        }
    }
}

async fn accept(gate: Arc<Gate>, listener: TcpListener) {
    loop {
        let accepted = tokio::select! {
            () = gate.stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => admit(&gate, stream, peer),
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
}

fn admit(gate: &Arc<Gate>, stream: TcpStream, peer: SocketAddr) {
    let address = peer.ip().to_canonical();
    let Some(place) = gate.place(address) else {
        tracing::debug!(%peer, "too many connections wait for their handshake");
        return;
    };
    drop(stream.set_nodelay(true));
    let gate = gate.clone();
    let tasks = gate.tasks.clone();
    tasks.spawn(async move {
        let stop = gate.stop.clone();
        let handshake = async {
            match gate.tls.clone() {
                None => serve(gate, stream, peer).await,
                Some(tls) => match tls.accept(stream).await {
                    Ok(stream) => serve(gate, stream, peer).await,
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
async fn serve<S>(gate: Arc<Gate>, stream: S, peer: SocketAddr)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(|request| {
        let response = answer(&gate, request, peer);
        async { Ok::<_, Infallible>(response) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HANDSHAKE)
        .max_buf_size(16 << 10)
        .max_headers(64)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    if let Err(error) = connection.await {
        tracing::debug!(%peer, %error, "handshake failed");
    }
}

fn answer(gate: &Arc<Gate>, mut request: Request<Incoming>, peer: SocketAddr) -> Response<Full<Bytes>> {
    let upgrade = hyper::upgrade::on(&mut request);
    let (parts, _) = request.into_parts();
    let client = handshake::client(&gate.rules.network, peer.ip(), &parts.headers);
    let judged = handshake::judge(&gate.rules, client, &parts).and_then(|welcome| {
        let full = Refusal { status: StatusCode::SERVICE_UNAVAILABLE, cause: "onebot.max_connections is reached" };
        Ok((welcome, gate.links.clone().try_acquire_owned().map_err(|_| full)?))
    });
    match judged {
        Ok((welcome, permit)) => welcome_in(gate, welcome, permit, upgrade, SocketAddr::new(client, peer.port())),
        Err(refusal) => turn_away(gate, &refusal, client),
    }
}

fn turn_away(gate: &Arc<Gate>, refusal: &Refusal, client: IpAddr) -> Response<Full<Bytes>> {
    if gate.may_report() {
        gate.door.refused(client.to_string(), refusal.cause);
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
    gate: &Arc<Gate>,
    welcome: Welcome,
    permit: OwnedSemaphorePermit,
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
    let link = gate.clone();
    gate.tasks.spawn(async move {
        let _permit = permit;
        let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, upgrade).await else { return };
        let stream = Fragments::new(TokioIo::new(stream));
        let socket = WebSocketStream::from_raw_socket(stream, Role::Server, Some(link.link.websocket())).await;
        link.door.run(socket, who, link.link, link.stop.clone()).await;
    });
    response
}
