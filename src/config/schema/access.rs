//! Who is answered.

use serde::{Deserialize, Serialize};

/// Who is answered.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Access {
    /// How the lists work.
    pub mode: AccessMode,
    /// People in private chats.
    pub users: IdList,
    /// Groups.
    pub groups: IdList,
    /// People who are ignored wherever they speak.
    pub blocked_users: IdList,
    /// Groups that are ignored.
    pub blocked_groups: IdList,
    /// People who may everything, by number.
    pub admins: Vec<i64>,
}

/// How the access lists work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AccessMode {
    /// Only who is listed in `users` and `groups`.
    #[default]
    Whitelist,
    /// All but who is blocked.
    Blacklist,
    /// Everybody, `blocked_*` excepted as ever.
    Open,
}

/// Numbers, or everybody (`"*"`).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct IdList {
    /// `"*"` stands in the list.
    pub any: bool,
    /// The numbers.
    pub ids: std::collections::BTreeSet<i64>,
}

impl IdList {
    /// Whether this number is meant.
    pub fn has(&self, id: i64) -> bool {
        self.any || self.ids.contains(&id)
    }
}
