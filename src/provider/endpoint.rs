//! One configured endpoint: its HTTP client, address, keys and headers, and requests with bounded answers.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, RequestBuilder, Response, Url};

use super::error;
use super::retry_after;
use crate::config::{Provider, Secret};
use crate::domain::{ProviderError, Redactor};

/// Longest body of an error or a report in bytes.
const SMALL_BODY: usize = 1 << 20;
/// Connections kept for later questions; each holds some 30 KiB. Under a flood they are taken again before there are
/// so many.
const IDLE: usize = 16;
/// The longest wait for the body of a refusal.
const REFUSAL_WAIT: Duration = Duration::from_secs(5);

/// Why a provider cannot be used as it is configured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("provider `{provider}`: {words}")]
pub struct BuildError {
    /// The configured name.
    pub provider: String,
    /// What is wrong; holds no secret.
    pub words: String,
}

/// One configured endpoint.
#[derive(Debug)]
pub struct Endpoint {
    /// The configured name.
    pub name: Arc<str>,
    /// All of its settings.
    pub config: Provider,
    /// Takes its secrets out of whatever is shown.
    pub redact: Redactor,
    client: Client,
    base: Url,
    keys: Vec<HeaderValue>,
    headers: HeaderMap,
}

impl Endpoint {
    /// Resolves the secrets and builds the client.
    pub fn new(config: &Provider, resolve: &dyn Fn(&Secret) -> Result<String, String>) -> Result<Self, BuildError> {
        let bad = |words: String| BuildError { provider: config.name.clone(), words };
        let base = Url::parse(&config.endpoint)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            .ok_or_else(|| bad(format!("`{}` is not an http(s) address", config.endpoint)))?;
        let mut secrets = Vec::new();
        let mut keys = Vec::new();
        for key in &config.api_keys {
            let key = resolve(key).map_err(&bad)?;
            let key = key.trim().to_owned();
            keys.push(sensitive(&format!("Bearer {key}")).ok_or_else(|| bad("a key has odd characters".into()))?);
            secrets.push(key);
        }
        let mut headers = HeaderMap::new();
        for (name, value) in &config.headers {
            let value = resolve(value).map_err(&bad)?;
            let field: HeaderName = name.parse().map_err(|_| bad(format!("`{name}` cannot be a header")))?;
            let odd = || bad(format!("the value of header `{name}` has odd characters"));
            headers.insert(field, sensitive(value.trim()).ok_or_else(odd)?);
            secrets.push(value.trim().to_owned());
        }
        secrets.extend(Url::parse(&config.proxy).ok().and_then(|url| url.password().map(String::from)));
        let client = client(config, &base).map_err(&bad)?;
        let redact = Redactor::new(secrets);
        Ok(Self { name: config.name.as_str().into(), config: config.clone(), redact, client, base, keys, headers })
    }

    /// The host, in lower case.
    pub fn host(&self) -> &str {
        self.base.host_str().unwrap_or_default()
    }

    /// Whether the server runs on this machine.
    pub fn is_local(&self) -> bool {
        is_loopback(&self.base)
    }

    /// How many keys there are.
    pub fn keys(&self) -> usize {
        self.keys.len()
    }

    /// Posts JSON; whatever the status.
    pub async fn post(&self, path: &[&str], key: usize, body: Vec<u8>) -> Result<Response, ProviderError> {
        let (url, body) = (self.under(path), Bytes::from(body));
        let json = HeaderValue::from_static("application/json");
        let request = || self.request(Method::POST, url.clone(), key).header(CONTENT_TYPE, &json).body(body.clone());
        self.send(request).await
    }

    /// Sends, and once more where the connection ended before a byte of the answer: servers close connections that
    /// they had promised to keep (llama.cpp does after each streamed answer), and what meets that end says nothing
    /// about the server.
    async fn send(&self, request: impl Fn() -> RequestBuilder) -> Result<Response, ProviderError> {
        let sent = match request().send().await {
            Err(error) if error::is_stale(&error) => {
                tracing::debug!(provider = %self.name, "the server had closed a kept connection; asked again");
                request().send().await
            }
            sent => sent,
        };
        sent.map_err(|error| error::transport(error, &self.redact))
    }

    /// Asks for a short report below the base address and reads all of it; a refusal is an error.
    pub async fn get(&self, path: &[&str], key: usize) -> Result<Vec<u8>, ProviderError> {
        self.get_url(self.under(path), key).await
    }

    /// The same from the root of the host: vendors keep their balances outside of the versioned path.
    pub async fn get_root(&self, path: &str, key: usize) -> Result<Vec<u8>, ProviderError> {
        let mut url = self.base.clone();
        url.set_path(path);
        self.get_url(url, key).await
    }

    async fn get_url(&self, url: Url, key: usize) -> Result<Vec<u8>, ProviderError> {
        let response = self.send(|| self.request(Method::GET, url.clone(), key)).await?;
        self.read(self.accepted(response).await?).await
    }

    /// The response itself if it is a success; otherwise what the server meant.
    pub async fn accepted(&self, mut response: Response) -> Result<Response, ProviderError> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let wait = retry_after::read(response.headers(), jiff::Timestamp::now());
        let mut body = BytesMut::new();
        let all = async {
            while let Ok(Some(chunk)) = response.chunk().await {
                body.extend_from_slice(&chunk[..chunk.len().min(SMALL_BODY - body.len())]);
                if body.len() == SMALL_BODY {
                    break;
                }
            }
        };
        // What has come by then is enough: the status alone says most.
        let _ = tokio::time::timeout(REFUSAL_WAIT, all).await;
        Err(error::refused(status.as_u16(), wait, &body, &self.redact))
    }

    /// Reads a short body whole.
    pub async fn read(&self, mut response: Response) -> Result<Vec<u8>, ProviderError> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| error::transport(error, &self.redact))? {
            if body.len() + chunk.len() > SMALL_BODY {
                return Err(ProviderError::Protocol("a report of more than 1 MiB".into()));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// Decodes a short body.
    pub fn decode<T: serde::de::DeserializeOwned>(&self, body: &[u8]) -> Result<T, ProviderError> {
        serde_json::from_slice(body).map_err(|error| error::unreadable(&error, body, true, &self.redact))
    }

    fn request(&self, method: Method, url: Url, key: usize) -> RequestBuilder {
        let mut headers = self.headers.clone();
        if let Some(key) = self.keys.get(key)
            && !headers.contains_key(AUTHORIZATION)
        {
            headers.insert(AUTHORIZATION, key.clone());
        }
        self.client.request(method, url).headers(headers)
    }

    fn under(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }
}

fn sensitive(value: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(value).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback() || ip.is_unspecified())
}

/// HTTP/1.1 with a pool: a request that is given up closes its own connection and nobody else's. No
/// compression, which would hold small pieces of a stream back; no redirects, which would carry the key away
/// (threats.md H12).
fn client(config: &Provider, base: &Url) -> Result<Client, String> {
    let mut builder = Client::builder()
        .user_agent(concat!("qqdeck/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(config.timeout.connect)
        .pool_idle_timeout(Duration::from_secs(50))
        .pool_max_idle_per_host(config.max_concurrency.clamp(1, IDLE))
        .tcp_nodelay(true)
        .tcp_keepalive(Duration::from_secs(30))
        .http1_only()
        .no_gzip()
        // The engine decides about that; reqwest would copy each request for it.
        .retry(reqwest::retry::never())
        .redirect(reqwest::redirect::Policy::none());
    if !config.proxy.is_empty() {
        // The address may hold a password: it is not repeated.
        let proxy = reqwest::Proxy::all(&config.proxy).map_err(|_| "`proxy` is not an http(s) address".to_owned())?;
        builder = builder.proxy(proxy);
    } else if is_loopback(base) {
        // A proxy of the environment is never meant for a model on this machine.
        builder = builder.no_proxy();
        if base.scheme() == "http" {
            // Reading the system's certificates takes most of the time that building a client takes.
            builder = builder.tls_built_in_root_certs(false);
        }
    }
    builder.build().map_err(|error| error.without_url().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn literal(secret: &Secret) -> Result<String, String> {
        Ok(secret.0.clone())
    }

    fn build(change: impl FnOnce(&mut Provider)) -> Result<Endpoint, BuildError> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut config = Provider { name: "p".into(), ..Provider::default() };
        change(&mut config);
        Endpoint::new(&config, &literal)
    }

    #[test]
    fn paths_are_added_to_any_base() {
        for (base, want) in [
            ("http://h:1/v1", "http://h:1/v1/chat/completions"),
            ("http://h:1/v1/", "http://h:1/v1/chat/completions"),
            ("http://h:1", "http://h:1/chat/completions"),
            ("https://h/openai?api-version=1", "https://h/openai/chat/completions?api-version=1"),
        ] {
            let endpoint = build(|p| p.endpoint = base.into()).unwrap();
            assert_eq!(endpoint.under(&["chat", "completions"]).as_str(), want);
        }
    }

    #[test]
    fn only_this_machine_is_local() {
        for (base, local) in [
            ("http://localhost:1", true),
            ("http://[::1]:1", true),
            ("http://127.0.0.9", true),
            ("http://10.0.0.1", false),
        ] {
            assert_eq!(build(|p| p.endpoint = base.into()).unwrap().is_local(), local, "{base}");
        }
    }

    #[test]
    fn what_cannot_work_is_said_without_secrets() {
        assert!(build(|p| p.endpoint = "127.0.0.1:1".into()).unwrap_err().to_string().contains("127.0.0.1:1"));
        let error = build(|p| p.api_keys = vec![Secret("se\u{1}cret".into())]).unwrap_err();
        assert_eq!(error.to_string(), "provider `p`: a key has odd characters");
        assert!(build(|p| p.proxy = "::".into()).is_err());
        let endpoint = build(|p| p.api_keys = vec![Secret("a-secret-key\n".into())]).unwrap();
        assert!(!format!("{endpoint:?}").contains("secret-key"));
    }
}
