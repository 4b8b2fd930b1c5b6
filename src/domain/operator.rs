//! Who operates.

use serde::{Deserialize, Serialize};

use super::Text;

/// What an operator may do; ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Looks.
    Viewer,
    /// Talks, approves, mutes.
    Operator,
    /// Changes access, configuration and providers; stops the bot.
    Admin,
}

/// An operator, as authenticated at the door.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operator {
    /// Login name, or `QQ 123` for a chat user.
    pub name: Text,
    /// The role at the door; the engine decides by it at the moment of each command.
    pub role: Role,
}
