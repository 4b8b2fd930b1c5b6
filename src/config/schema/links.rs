//! Links to QQ adapters, secrets, and who may connect.

use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::secs;

/// Links to QQ adapters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OneBot {
    /// Addresses to listen on for adapters that dial us.
    pub listen: Vec<String>,
    /// Paths that are a WebSocket.
    pub paths: Vec<String>,
    /// Reference to the token; empty: none, and then only loopback addresses may be listened on.
    pub token: Secret,
    /// Accept `?access_token=` too: onebots has nothing else.
    pub allow_query_token: bool,
    /// Accounts served; empty: all.
    pub accounts: Vec<i64>,
    /// Browser origins let in; `*` for any.
    pub origins: Vec<String>,
    /// Interval of our own pings; two missed end the link.
    pub heartbeat: Duration,
    /// The longest wait for an adapter's answer; NapCat itself waits 10 s for QQ.
    pub request_timeout: Duration,
    /// Largest frame in bytes.
    pub max_frame: u64,
    /// Links at once.
    pub max_connections: usize,
    /// Messages missed while away are answered if they are younger than this.
    pub catch_up: Duration,
    /// Certificate and key files; empty: plain.
    pub tls: Tls,
    /// Adapters that we dial.
    pub dial: Vec<Dial>,
    /// How adapters' programs are restarted.
    pub restart: Vec<RestartCommand>,
}

impl OneBot {
    /// How this account's adapter is restarted: its own entry, else the one for all.
    pub fn restart_of(&self, account: i64) -> Option<&RestartCommand> {
        let of = |id| self.restart.iter().find(move |entry| entry.account == id);
        of(account).or_else(|| of(0))
    }
}

/// A command that restarts an adapter's program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RestartCommand {
    /// Of which account; 0: of all that have no entry of their own.
    pub account: i64,
    /// The program and its arguments; no shell looks at them.
    pub command: Vec<String>,
    /// It is killed after so long.
    pub timeout: Duration,
}

impl Default for RestartCommand {
    fn default() -> Self {
        Self { account: 0, command: Vec::new(), timeout: secs(30) }
    }
}

impl Default for OneBot {
    fn default() -> Self {
        Self {
            listen: vec!["127.0.0.1:2280".into()],
            paths: ["/ws", "/", "/onebot/v11/ws", "/onebot/v11"].map(String::from).to_vec(),
            token: Secret::default(),
            allow_query_token: true,
            accounts: Vec::new(),
            origins: Vec::new(),
            heartbeat: secs(30),
            request_timeout: secs(30),
            max_frame: 64 << 20,
            max_connections: 16,
            catch_up: secs(180),
            tls: Tls::default(),
            dial: Vec::new(),
            restart: Vec::new(),
        }
    }
}

/// Files of a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Tls {
    /// PEM chain.
    pub cert: String,
    /// PEM key, mode 0600.
    pub key: String,
}

/// An adapter that we dial.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Dial {
    /// Its name here.
    pub name: String,
    /// `ws://` or `wss://`.
    pub url: String,
    /// Reference to its token.
    pub token: Secret,
    /// Pauses before the first, second … attempt; the last one repeats. ±10 %.
    pub reconnect: Vec<Duration>,
    /// Dial it at all?
    pub enable: bool,
}

impl Default for Dial {
    fn default() -> Self {
        Self {
            name: String::new(),
            url: "ws://127.0.0.1:3001".into(),
            token: Secret::default(),
            reconnect: vec![secs(5), secs(15), secs(30)],
            enable: true,
        }
    }
}

/// A secret or where it is: `secret:NAME`, `env:NAME`, `file:PATH`, or the thing itself (`check` warns).
/// Its `Debug` never shows a literal.
#[derive(Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl Secret {
    /// Nothing configured.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the secret itself stands in the file.
    pub fn is_literal(&self) -> bool {
        !self.0.is_empty() && !["secret:", "env:", "file:"].iter().any(|p| self.0.starts_with(p))
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.is_literal() { "<literal>" } else { &self.0 })
    }
}

/// Who may connect, by address. Deny wins; an empty `allow` lets everybody else in.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Network {
    /// Let in.
    pub allow: Vec<IpNet>,
    /// Keep out.
    pub deny: Vec<IpNet>,
    /// Where admins may come from; empty: anywhere. Not built yet: must be empty.
    pub admin_ips: Vec<IpNet>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
}
