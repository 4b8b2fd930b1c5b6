//! Ollama's own protocol (llm.md §1): what is asked, how the stream is read, which model is in memory.
//!
//! Of ollama-rs only the types are used. Its stream reader decodes each network chunk by itself and loses
//! Chinese text, its errors lose the status, its metrics are all or nothing (llm.md §2).

mod look;
mod options;
mod request;
mod wire;

pub use look::{look, preload, unload};
pub use request::body;
pub use wire::Reader;

use ollama_rs::models::{ModelInfo, ModelOptions};
use tokio::sync::OnceCell;

use super::endpoint::Endpoint;
use crate::domain::ProviderError;

/// Where questions go, below the base address.
pub const CHAT: &[&str] = &["api", "chat"];

/// What one Ollama endpoint remembers.
#[derive(Debug)]
pub struct Ollama {
    /// Options that every request and the preload have in common: those that decide about loading must be
    /// the same each time, or the model is loaded anew (llm.md §1.1).
    options: ModelOptions,
    /// Whether the model can reason; asked once.
    thinks: OnceCell<bool>,
}

impl Ollama {
    /// For an endpoint.
    pub fn new(endpoint: &Endpoint) -> Self {
        Self { options: options::common(&endpoint.config, endpoint.is_local()), thinks: OnceCell::new() }
    }

    /// Whether the model can reason, by `/api/show`. A server that cannot tell is asked again next time.
    pub async fn thinks(&self, endpoint: &Endpoint) -> Result<bool, ProviderError> {
        let ask = async || {
            let body = serde_json::json!({"model": endpoint.config.model}).to_string().into_bytes();
            let response = match endpoint.accepted(endpoint.post(&["api", "show"], 0, body).await?).await {
                // Not the model is missing but the path: something older or other than Ollama.
                Err(ProviderError::ModelMissing(words)) if !words.contains(&endpoint.config.model) => return Ok(false),
                response => response?,
            };
            let info: ModelInfo = endpoint.decode(&endpoint.read(response).await?)?;
            Ok(info.capabilities.iter().any(|capability| capability == "thinking"))
        };
        self.thinks.get_or_try_init(ask).await.copied()
    }
}
