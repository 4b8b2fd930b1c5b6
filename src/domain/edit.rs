//! Small orders that others carry out for the engine: edits of config.toml, calls to providers.

use serde::{Deserialize, Serialize};

use super::AccessId;

/// What an edit of the configuration met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Met {
    /// It already was so.
    Same,
    /// It is changed.
    Changed {
        /// How a key was written before, as TOML; `None`: not at all, or the edit was not of a key.
        former: Option<String>,
    },
}

/// What is asked of a provider besides answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProviderCall {
    /// Residency, version, balance.
    Look,
    /// Load the model.
    Preload,
    /// Unload the model.
    Unload,
}

/// A change of config.toml that keeps comments and order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConfigEdit {
    /// Add to `access.users` or `access.groups`.
    Allow(AccessId),
    /// Remove from there.
    Deny(AccessId),
    /// Add to `access.blocked_users` or `access.blocked_groups`.
    Block(AccessId),
    /// Remove from there.
    Unblock(AccessId),
    /// Add to or remove from `moderation.words`.
    Word {
        /// Which.
        word: String,
        /// Add?
        add: bool,
    },
    /// Set a dotted key below `[chat.<id>]`.
    SetChat {
        /// Which chat.
        id: AccessId,
        /// Key.
        key: String,
        /// TOML value; a bare word is a string.
        value: String,
    },
}
