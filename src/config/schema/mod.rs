//! What can be configured, with its defaults; the same names as in `config.toml`.
//!
//! This is the *resolved* form: secrets are still references, `[chat.*]` tables have been laid over the
//! global `[trigger]`, `[limits]`, `[context]` and `[reply]`, so that a reader finds everything for one chat
//! in one [`ChatPolicy`].

mod access;
mod alerts;
mod chat;
mod links;
mod notify;
mod provider;
mod reply;
mod surroundings;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use access::*;
pub use alerts::*;
pub use chat::*;
pub use links::*;
pub use notify::*;
pub use provider::*;
pub use reply::*;
pub use surroundings::*;

const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// The whole configuration.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// Language of what people see.
    pub language: Language,
    /// Who this instance is.
    pub instance: Instance,
    /// The engine's bounds.
    pub engine: Engine,
    /// Links to QQ adapters.
    pub onebot: OneBot,
    /// Who may connect, by address.
    pub network: Network,
    /// Who is answered.
    pub access: Access,
    /// Settings by chat, already laid over the global ones.
    pub chats: Chats,
    /// Forbidden words.
    pub moderation: Moderation,
    /// Commands typed in chat.
    pub commands: Commands,
    /// Who the bot is, by name.
    pub personas: Vec<Persona>,
    /// Model endpoints.
    pub providers: Vec<Provider>,
    /// How providers are chosen.
    pub routing: Routing,
    /// Answers kept.
    pub cache: Cache,
    /// Gauges.
    pub telemetry: Telemetry,
    /// Alerts.
    pub alerts: Alerts,
    /// Where alerts go.
    pub notify: Notify,
    /// Log files.
    pub logs: Logs,
    /// Prometheus.
    pub metrics: Metrics,
    /// The database.
    pub storage: Storage,
    /// The console over SSH.
    pub ssh: Ssh,
    /// The console's looks.
    pub console: Console,
}

/// A language that people read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Language {
    /// By the environment of whoever reads; Chinese in QQ.
    #[default]
    #[serde(rename = "auto")]
    Auto,
    /// Chinese.
    #[serde(rename = "zh-CN")]
    Chinese,
    /// English.
    #[serde(rename = "en")]
    English,
}

/// Who this instance is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Instance {
    /// Shown in every header.
    pub name: String,
    /// A colour name or `#rrggbb` for that header.
    pub accent: String,
    /// Marks the header so that nobody takes it for a test.
    pub production: bool,
}

impl Default for Instance {
    fn default() -> Self {
        Self { name: "qqdeck".into(), accent: "cyan".into(), production: false }
    }
}

/// The engine's bounds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Engine {
    /// Threads of the runtime; needs a restart.
    pub workers: usize,
    /// Questions at providers at once.
    pub max_inflight: usize,
    /// Messages waiting in all; beyond, the newest is refused with a notice.
    pub queue: usize,
    /// The longest wait for a slot.
    pub queue_wait: Duration,
    /// The longest life of one question, retries included.
    pub timeout: Duration,
    /// Conversations kept in memory.
    pub hot: usize,
    /// The time to finish in when stopping.
    pub shutdown_grace: Duration,
}

impl Default for Engine {
    fn default() -> Self {
        Self {
            workers: 4,
            max_inflight: 64,
            queue: 1024,
            queue_wait: secs(60),
            timeout: secs(300),
            hot: 2000,
            shutdown_grace: secs(10),
        }
    }
}
