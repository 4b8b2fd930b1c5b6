//! From the configuration to destinations that can be used: secrets resolved, addresses read, clients built.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Url};

use super::bark::Bark;
use super::courier::{Goal, Pace, Way};
use super::dingtalk::{self, Dingtalk};
use super::feishu::{self, Feishu};
use super::hook::{Hook, Service};
use super::ntfy::Ntfy;
use super::serverchan::ServerChan;
use super::smtp::{self, Mail};
use super::webhook::Webhook;
use super::wecom::{self, Wecom};
use crate::config::{self, Destination, Notify, Road, Secret};
use crate::domain::Redactor;

/// Parts of an address's path that are so long are keys.
const KEY: usize = 16;

/// Why a destination cannot be used as it is configured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("notify `{destination}`: {words}")]
pub struct BuildError {
    /// The configured name.
    pub destination: String,
    /// What is wrong; holds no secret.
    pub words: String,
}

/// Destinations that can be used, not yet in use.
pub struct Prepared(Vec<(Arc<str>, Option<Ready>)>);

/// What a road became.
struct Ready {
    way: Box<dyn Way>,
    redact: Redactor,
    gap: Duration,
    /// Tries take so many times longer than over HTTP.
    turns: u32,
}

impl Prepared {
    /// Resolves all secrets and builds all clients.
    ///
    /// # Errors
    /// Everything that cannot be used.
    pub fn new(notify: &Notify, resolve: &dyn Fn(&Secret) -> Result<String, String>) -> Result<Self, Vec<BuildError>> {
        let mut builder = Builder { resolve, clients: HashMap::new() };
        let (mut to, mut wrong) = (Vec::new(), Vec::new());
        for destination in &notify.to {
            match builder.road(destination) {
                Ok(mut ready) => {
                    if let (Some(ready), Some(gap)) = (&mut ready, destination.gap) {
                        ready.gap = gap;
                    }
                    to.push((destination.name.as_str().into(), ready));
                }
                Err(words) => wrong.push(BuildError { destination: destination.name.clone(), words }),
            }
        }
        if wrong.is_empty() { Ok(Self(to)) } else { Err(wrong) }
    }

    /// The destinations by place; those that the engine serves are none.
    pub(super) fn goals(self, pace: &Pace) -> Vec<(Arc<str>, Option<Arc<Goal>>)> {
        let goal = |(name, ready): (Arc<str>, Option<Ready>)| {
            let ready = ready.map(|Ready { way, redact, gap, turns }| {
                let (gap, timeout) = (pace.gap.unwrap_or(gap), pace.timeout * turns);
                Arc::new(Goal { name: Arc::clone(&name), way, redact, gap, timeout })
            });
            (name, ready)
        };
        self.0.into_iter().map(goal).collect()
    }
}

struct Builder<'r> {
    resolve: &'r dyn Fn(&Secret) -> Result<String, String>,
    /// By proxy, and whether the server is this very machine.
    clients: HashMap<(String, bool), Client>,
}

/// The secrets of one destination, as they are found.
#[derive(Default)]
struct Found(Vec<String>);

impl Builder<'_> {
    fn road(&mut self, to: &Destination) -> Result<Option<Ready>, String> {
        let mut found = Found::default();
        Ok(Some(match &to.road {
            Road::Qq(_) => return Ok(None),
            Road::Bark(road) => {
                let mut url = web("server", &road.server)?;
                if let Ok(mut path) = url.path_segments_mut() {
                    path.pop_if_empty().push("push");
                }
                let key = self.secret(&road.key, "key", &mut found)?;
                let sound = road.sound.clone();
                self.hook(Bark { url: url.clone(), key, sound }, &url, &road.proxy, Duration::ZERO, found)?
            }
            Road::Serverchan(road) => {
                let key = self.secret(&road.key, "key", &mut found)?;
                let service = ServerChan::new(&key, &road.server)?;
                let url = service.url.clone();
                self.hook(service, &url, &road.proxy, Duration::from_secs(1), found)?
            }
            Road::Wecom(road) => {
                let url = self.address(&road.url, &mut found)?;
                self.hook(Wecom { url: url.clone() }, &url, &road.proxy, wecom::GAP, found)?
            }
            Road::Dingtalk(road) => {
                let url = self.address(&road.url, &mut found)?;
                let secret = self.secret(&road.secret, "secret", &mut found)?;
                self.hook(Dingtalk { url: url.clone(), secret }, &url, &road.proxy, dingtalk::GAP, found)?
            }
            Road::Feishu(road) => {
                let url = self.address(&road.url, &mut found)?;
                let secret = self.secret(&road.secret, "secret", &mut found)?;
                self.hook(Feishu { url: url.clone(), secret }, &url, &road.proxy, feishu::GAP, found)?
            }
            Road::Ntfy(road) => self.ntfy(road, found)?,
            Road::Smtp(road) => {
                let password = self.secret(&road.password, "password", &mut found)?;
                // As it is said to the server, which may repeat it.
                found.0.push(STANDARD.encode(format!("\0{}\0{password}", road.user)));
                let way = Box::new(Mail::new(road, &password, |tls| tls)?);
                Ready { way, redact: found.redactor(), gap: smtp::GAP, turns: 3 }
            }
            Road::Webhook(road) => self.webhook(&to.name, road, found)?,
        }))
    }

    fn ntfy(&mut self, road: &config::Ntfy, mut found: Found) -> Result<Ready, String> {
        let url = web("server", &road.server)?;
        let topic = self.secret(&road.topic, "topic", &mut found)?;
        let letters = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if topic.is_empty() || topic.len() > 64 || !topic.chars().all(letters) {
            return Err("`topic` has 1 to 64 letters, digits, `_` and `-`".into());
        }
        let token = self.secret(&road.token, "token", &mut found)?;
        let token = match token.is_empty() {
            true => None,
            false => Some(hidden(&format!("Bearer {token}")).ok_or("`token` has odd characters")?),
        };
        let service = Ntfy { url: url.clone(), topic, token, priority: road.priority };
        self.hook(service, &url, &road.proxy, Duration::ZERO, found)
    }

    fn webhook(&mut self, name: &str, road: &config::Webhook, mut found: Found) -> Result<Ready, String> {
        let url = self.address(&road.url, &mut found)?;
        let secret = self.secret(&road.secret, "secret", &mut found)?;
        let mut headers = HeaderMap::new();
        for (name, value) in &road.headers {
            let field: HeaderName = name.parse().map_err(|_| format!("`{name}` cannot be a header"))?;
            let value = self.secret(value, name, &mut found)?;
            headers.insert(field, hidden(&value).ok_or_else(|| format!("header `{name}` has odd characters"))?);
        }
        let service = Webhook { name: name.to_owned(), url: url.clone(), secret, headers };
        self.hook(service, &url, &road.proxy, Duration::ZERO, found)
    }

    fn hook<S: Service + 'static>(
        &mut self,
        service: S,
        url: &Url,
        proxy: &str,
        gap: Duration,
        mut found: Found,
    ) -> Result<Ready, String> {
        Url::parse(proxy).iter().for_each(|proxy| found.login(proxy));
        let client = self.client(proxy, url)?;
        Ok(Ready { way: Box::new(Hook { service, client }), redact: found.redactor(), gap, turns: 1 })
    }

    /// A secret without the blanks that files and copies put around it.
    fn secret(&self, secret: &Secret, key: &str, found: &mut Found) -> Result<String, String> {
        let value = (self.resolve)(secret).map_err(|words| format!("`{key}`: {words}"))?.trim().to_owned();
        if value.is_empty() && !secret.is_empty() {
            return Err(format!("`{key}` is empty"));
        }
        found.0.push(value.clone());
        Ok(value)
    }

    /// An address that is a secret itself, as are the parts that look like one.
    fn address(&self, address: &Secret, found: &mut Found) -> Result<Url, String> {
        let url = web("url", &self.secret(address, "url", found)?)?;
        found.0.extend(url.query_pairs().map(|(_, value)| value.into_owned()));
        found.0.extend(url.query_pairs().filter(|(key, _)| key.len() >= KEY).map(|(key, _)| key.into_owned()));
        found.0.extend(url.path_segments().into_iter().flatten().filter(|part| part.len() >= KEY).map(String::from));
        found.login(&url);
        Ok(url)
    }

    /// Notifications are rare: no connection is kept for the next one, which would find it dead. No redirects,
    /// which would carry keys elsewhere.
    fn client(&mut self, proxy: &str, url: &Url) -> Result<Client, String> {
        let here = is_loopback(url);
        if let Some(client) = self.clients.get(&(proxy.to_owned(), here)) {
            return Ok(client.clone());
        }
        let mut builder = Client::builder()
            .user_agent(concat!("qqdeck/", env!("CARGO_PKG_VERSION")))
            .pool_max_idle_per_host(0)
            .http1_only()
            .redirect(reqwest::redirect::Policy::none());
        if !proxy.is_empty() {
            // The address may hold a password: it is not repeated.
            builder = builder.proxy(reqwest::Proxy::all(proxy).map_err(|_| "`proxy` is not an address".to_owned())?);
        } else if here {
            // A proxy of the environment is never meant for this machine.
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|error| error.without_url().to_string())?;
        self.clients.insert((proxy.to_owned(), here), client.clone());
        Ok(client)
    }
}

impl Found {
    /// The password of an address, also as it travels in a header.
    fn login(&mut self, url: &Url) {
        if let Some(password) = url.password() {
            self.0.push(password.to_owned());
            self.0.push(STANDARD.encode(format!("{}:{password}", url.username())));
        }
    }

    /// Knows each secret in the forms that it travels in.
    fn redactor(self) -> Redactor {
        Redactor::new(self.0.into_iter().flat_map(|secret| {
            let mut url = Url::parse("http://h/").ok();
            let encoded = url.as_mut().map(|url| {
                url.query_pairs_mut().append_pair("", &secret);
                url.query().unwrap_or_default().trim_start_matches('=').to_owned()
            });
            let base64 = STANDARD.encode(&secret);
            [Some(secret), encoded, Some(base64)].into_iter().flatten()
        }))
    }
}

/// The words never hold the address: it may hold a key.
fn web(key: &str, address: &str) -> Result<Url, String> {
    let url = Url::parse(address).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    url.ok_or_else(|| format!("`{key}` is not an http(s) address"))
}

fn hidden(value: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(value).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
