//! Is the server there, which version, is the model in memory; load it, unload it (llm.md §1.4).

use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;

use super::{CHAT, Ollama, request};
use crate::domain::{ProviderError, ProviderReport, Residency};
use crate::provider::endpoint::Endpoint;

/// A model whose end is further away than this was loaded for ever: Ollama says the year 2319.
const FOREVER: Duration = Duration::from_secs(100 * 365 * 86_400);

#[derive(Deserialize)]
struct Version {
    version: String,
}

#[derive(Deserialize)]
struct Loaded {
    #[serde(default)]
    models: Vec<LoadedModel>,
}

#[derive(Deserialize)]
struct LoadedModel {
    #[serde(default)]
    name: String,
    #[serde(default)]
    size: u64,
    #[serde(default)]
    size_vram: u64,
    #[serde(default)]
    expires_at: String,
    context_length: Option<u32>,
}

/// Version and residency; a model that is not loaded must at least exist.
pub async fn look(ollama: &Ollama, endpoint: &Endpoint) -> ProviderReport {
    let mut report = ProviderReport {
        provider: endpoint.name.clone(),
        reachable: Ok(()),
        version: None,
        resident: None,
        balance: None,
    };
    if let Err(error) = fill(ollama, endpoint, &mut report).await {
        report.reachable = Err(error);
    }
    report
}

async fn fill(ollama: &Ollama, endpoint: &Endpoint, report: &mut ProviderReport) -> Result<(), ProviderError> {
    let loaded: Loaded = endpoint.decode(&endpoint.get(&["api", "ps"], 0).await?)?;
    report.resident = Some(residency(&loaded.models, &endpoint.config.model, Timestamp::now()));
    let version: Version = endpoint.decode(&endpoint.get(&["api", "version"], 0).await?)?;
    report.version = Some(endpoint.redact.words(&version.version));
    // Answers 404 for a model that is not there. Older servers tell no capabilities; that is no failure.
    match ollama.thinks(endpoint).await {
        Err(error @ ProviderError::ModelMissing(_)) => Err(error),
        _ => Ok(()),
    }
}

fn residency(models: &[LoadedModel], name: &str, now: Timestamp) -> Residency {
    match models.iter().find(|model| full(&model.name) == full(name)) {
        None => Residency { loaded: false, size: 0, size_vram: 0, expires: None, context: None },
        Some(model) => Residency {
            loaded: true,
            size: model.size,
            size_vram: model.size_vram,
            expires: expires(&model.expires_at, now),
            context: model.context_length,
        },
    }
}

fn expires(at: &str, now: Timestamp) -> Option<i64> {
    let at: Timestamp = at.parse().ok()?;
    let far = at.as_second().saturating_sub(now.as_second()) > FOREVER.as_secs() as i64;
    (!far).then(|| at.as_second())
}

/// A model's full name: no tag means `latest`. A slash may stand behind a host with a port.
fn full(name: &str) -> String {
    let tail = name.rsplit('/').next().unwrap_or(name);
    let name = name.to_ascii_lowercase();
    if tail.contains(':') { name } else { format!("{name}:latest") }
}

/// Loads the model with the options that questions will have; waits as long as a first token may take.
pub async fn preload(ollama: &Ollama, endpoint: &Endpoint) -> Result<(), ProviderError> {
    send(endpoint, request::load(ollama, &endpoint.config, None)).await
}

/// Drops the model from memory.
pub async fn unload(ollama: &Ollama, endpoint: &Endpoint) -> Result<(), ProviderError> {
    send(endpoint, request::load(ollama, &endpoint.config, Some(0))).await
}

async fn send(endpoint: &Endpoint, body: Result<Vec<u8>, serde_json::Error>) -> Result<(), ProviderError> {
    let body = body.map_err(|error| ProviderError::Internal(error.to_string()))?;
    let response = endpoint.accepted(endpoint.post(CHAT, 0, body).await?).await?;
    endpoint.read(response).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_in_full() {
        for (a, b) in [
            ("tiny", "tiny:latest"),
            ("Qwen3:8B", "qwen3:8b"),
            ("hf.co/x/y", "hf.co/x/y:latest"),
            ("h:1/x/y", "h:1/x/y:latest"),
        ] {
            assert_eq!(full(a), full(b));
        }
        assert_ne!(full("qwen3"), full("qwen3:8b"));
    }

    #[test]
    fn for_ever_has_no_end() {
        let now = "2026-11-22T22:00:00Z".parse().unwrap();
        assert_eq!(expires("2026-11-22T22:56:27.895971975Z", now), Some(1_795_388_187));
        assert_eq!(expires("2026-11-23T06:56:27+08:00", now), Some(1_795_388_187));
        assert_eq!(expires("2319-03-04T22:33:44.787237826Z", now), None);
        assert_eq!(expires("", now), None);
    }
}
