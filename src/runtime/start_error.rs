//! What keeps the bot from starting.

use crate::store::StoreError;

/// What keeps the bot from starting.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration is fine by itself, and yet it cannot be used here: a secret is missing.
    #[error("{0}")]
    Configured(String),
    /// An address cannot be listened on.
    #[error("{0}")]
    Listen(String),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}
