//! Anything that speaks `/chat/completions` (llm.md §3): what is asked, how answers are read, what vendors tell
//! about money.

mod balance;
mod request;
mod wire;

pub use balance::balance;
pub use request::body;
pub use wire::Reader;

use super::endpoint::Endpoint;
use crate::domain::{ProviderError, ProviderReport};

/// Where questions go, below the base address.
pub const CHAT: &[&str] = &["chat", "completions"];

/// Looks whether the server answers, and at the balance where that is wanted.
pub async fn look(endpoint: &Endpoint) -> ProviderReport {
    let reachable = match endpoint.get(&["models"], 0).await {
        // Some vendors have no list of models; whoever says so is there.
        Ok(_) | Err(ProviderError::ModelMissing(_)) => Ok(()),
        Err(error) => Err(error),
    };
    let balance = if endpoint.config.balance && reachable.is_ok() { balance(endpoint).await } else { None };
    ProviderReport { provider: endpoint.name.clone(), reachable, version: None, resident: None, balance }
}
