//! The configuration as the gates use it: patterns compiled once per policy, not once per message.

use std::collections::HashMap;
use std::sync::Arc;

use super::moderation::Moderation;
use super::trigger::Trigger;
use crate::config::{ChatPolicy, Config, Persona};
use crate::domain::Peer;

/// What holds in one chat.
pub(super) struct Policy {
    /// As configured.
    pub chat: Arc<ChatPolicy>,
    /// Its trigger, compiled.
    pub trigger: Trigger,
}

impl Policy {
    fn of(chat: &Arc<ChatPolicy>) -> Arc<Self> {
        Arc::new(Self { trigger: Trigger::compile(&chat.trigger), chat: Arc::clone(chat) })
    }
}

/// Everything compiled.
pub(super) struct Policies {
    private: Arc<Policy>,
    group: Arc<Policy>,
    persons: HashMap<i64, Arc<Policy>>,
    groups: HashMap<i64, Arc<Policy>>,
    /// The forbidden words.
    pub moderation: Moderation,
}

impl Policies {
    /// Compiles a valid configuration.
    pub fn compile(config: &Config) -> Self {
        let all = |table: &std::collections::BTreeMap<i64, Arc<ChatPolicy>>| {
            table.iter().map(|(id, chat)| (*id, Policy::of(chat))).collect()
        };
        Self {
            private: Policy::of(&config.chats.private),
            group: Policy::of(&config.chats.group),
            persons: all(&config.chats.persons),
            groups: all(&config.chats.groups),
            moderation: Moderation::compile(&config.moderation.words),
        }
    }

    /// What holds in this chat.
    pub fn of(&self, peer: Peer) -> &Arc<Policy> {
        match peer {
            Peer::Private(user) => self.persons.get(&user.0).unwrap_or(&self.private),
            Peer::Group(group) => self.groups.get(&group.0).unwrap_or(&self.group),
        }
    }
}

/// The persona in force: the chat's own, else the policy's, else the first configured, else nobody in particular.
pub(super) fn persona<'a>(config: &'a Config, own: Option<&str>, policy: &ChatPolicy) -> Option<&'a Persona> {
    let find = |name: &str| config.personas.iter().find(|p| p.name == name);
    own.and_then(find).or_else(|| find(&policy.persona)).or_else(|| config.personas.first())
}
