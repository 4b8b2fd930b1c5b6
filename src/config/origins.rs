//! Where each key stands, so that a verdict can point at the line that decided.

use std::collections::BTreeMap;

use crate::domain::Peer;

use super::Position;

/// The places of all keys that are written. A key that is not here has its default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origins(BTreeMap<String, Position>);

impl Origins {
    pub(super) fn new(places: BTreeMap<String, Position>) -> Self {
        Self(places)
    }

    /// The place of a dotted key such as `access.groups`, `chat.group_123.trigger.group`,
    /// `providers[0].model`, `onebot.listen[1]`.
    pub fn get(&self, key: &str) -> Option<Position> {
        self.0.get(key).copied()
    }

    /// The key that decides for a chat and its place: of `chat.group_123.trigger.group`,
    /// `chat.group.trigger.group` and `trigger.group` the first that is written. Keys that do not cascade
    /// are looked up as they are.
    pub fn decided(&self, key: &str, peer: Peer) -> Option<(String, Position)> {
        let (class, one) = match peer {
            Peer::Private(id) => ("private", format!("chat.person_{id}.{key}")),
            Peer::Group(id) => ("group", format!("chat.group_{id}.{key}")),
        };
        [one, format!("chat.{class}.{key}"), key.to_owned()].into_iter().find_map(|key| {
            let at = self.get(&key)?;
            Some((key, at))
        })
    }

    /// All keys with their places, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Position)> {
        self.0.iter().map(|(key, at)| (key.as_str(), *at))
    }
}
