//! Model endpoints and how they are chosen.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Secret, secs};

/// A kind of model server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProviderKind {
    /// Ollama's own protocol.
    #[default]
    Ollama,
    /// Anything that speaks `/v1/chat/completions`.
    Openai,
}

/// A model endpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Provider {
    /// Its name here.
    pub name: String,
    /// Which protocol.
    pub kind: ProviderKind,
    /// Base URL; for `openai` with its version path (`https://api.deepseek.com/v1`).
    pub endpoint: String,
    /// The model's name there.
    pub model: String,
    /// References to keys, used in turn.
    pub api_keys: Vec<Secret>,
    /// Lower tiers are asked first.
    pub tier: u32,
    /// The share within a tier.
    pub weight: u32,
    /// Questions at once.
    pub max_concurrency: usize,
    /// Ask it to stream.
    pub stream: bool,
    /// Let it reason.
    pub think: bool,
    /// It looks at pictures.
    pub vision: bool,
    /// Longest answer.
    pub max_tokens: u32,
    /// Sampling temperature, 0 to 2.
    pub temperature: f64,
    /// Load the model at start (Ollama).
    pub preload: bool,
    /// How long the model stays loaded after a question (Ollama).
    pub keep_alive: Duration,
    /// The four timeouts.
    pub timeout: Timeouts,
    /// CPU threads; `None` ("auto"): 80 % of the physical cores.
    pub num_threads: Option<u32>,
    /// Layers on the card; `None` ("auto"): Ollama decides.
    pub gpu_layers: Option<u32>,
    /// No layers on the card.
    pub cpu_only: bool,
    /// Tokens of context.
    pub context: u32,
    /// Prompt batch; `None` ("auto"): Ollama decides.
    pub batch_size: Option<u32>,
    /// Per million tokens.
    pub price: Price,
    /// Ask the vendor for the balance.
    pub balance: bool,
    /// Proxy URL; empty: as the environment says.
    pub proxy: String,
    /// Further request headers; values may be secret references.
    pub headers: BTreeMap<String, Secret>,
    /// Further fields of each request, sent as they are.
    pub extra: serde_json::Map<String, serde_json::Value>,
}

impl Default for Provider {
    fn default() -> Self {
        Self {
            name: String::new(),
            kind: ProviderKind::Ollama,
            endpoint: "http://127.0.0.1:11434".into(),
            model: String::new(),
            api_keys: Vec::new(),
            tier: 0,
            weight: 1,
            max_concurrency: 1,
            stream: true,
            think: false,
            vision: false,
            max_tokens: 1024,
            temperature: 0.7,
            preload: true,
            keep_alive: secs(1800),
            timeout: Timeouts::default(),
            num_threads: None,
            gpu_layers: None,
            cpu_only: false,
            context: 8192,
            batch_size: None,
            price: Price::default(),
            balance: false,
            proxy: String::new(),
            headers: BTreeMap::new(),
            extra: serde_json::Map::new(),
        }
    }
}

impl Provider {
    /// The defaults of a kind. Ollama answers one question at a time unless told otherwise; a hosted API eight.
    pub fn of(kind: ProviderKind) -> Self {
        let ollama = Self::default();
        match kind {
            ProviderKind::Ollama => ollama,
            ProviderKind::Openai => {
                Self { kind, endpoint: "https://api.openai.com/v1".into(), max_concurrency: 8, ..ollama }
            }
        }
    }

    /// Costs nothing per token.
    pub fn is_free(&self) -> bool {
        self.price == Price::default()
    }
}

/// The four timeouts of a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Timeouts {
    /// To connect.
    pub connect: Duration,
    /// To the first token, loading the model included.
    pub first_token: Duration,
    /// Between data events; keep-alive comments do not count.
    pub idle: Duration,
    /// In all.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: secs(5), first_token: secs(180), idle: secs(60), total: secs(300) }
    }
}

/// Per million tokens, in whatever currency the operator counts.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Price {
    /// Tokens read.
    pub input: f64,
    /// Tokens read from the provider's cache.
    pub cached: f64,
    /// Tokens written.
    pub output: f64,
}

/// How providers are chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Routing {
    /// Providers tried for one question.
    pub attempts: u32,
    /// When one is left alone.
    pub breaker: Breaker,
}

impl Default for Routing {
    fn default() -> Self {
        Self { attempts: 3, breaker: Breaker::default() }
    }
}

/// When a provider is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Breaker {
    /// Failures in a row.
    pub failures: u32,
    /// How long, at first; doubles.
    pub open: Duration,
    /// How long at most.
    pub max_open: Duration,
}

impl Default for Breaker {
    fn default() -> Self {
        Self { failures: 3, open: secs(5), max_open: secs(60) }
    }
}

/// Answers kept for equal questions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cache {
    /// At all?
    pub enable: bool,
    /// Megabytes.
    pub cache_size: u64,
    /// How long.
    pub ttl: Duration,
}

impl Default for Cache {
    fn default() -> Self {
        Self { enable: false, cache_size: 1024, ttl: secs(600) }
    }
}
