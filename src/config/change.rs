//! What differs between two configurations, by key.

use serde_json::Value;

use super::Config;

/// Keys that a reload cannot change: the threads exist, the database is open.
const RESTART: &[&str] = &["engine.workers", "storage.durability"];

/// The keys that differ and take effect only after a restart. The data directory is no key: it is given on
/// the command line.
pub fn restart_needed(old: &Config, new: &Config) -> Vec<&'static str> {
    differing(old, new, RESTART.iter().copied())
}

/// Those of the dotted keys whose values differ.
pub(super) fn differing<K: AsRef<str>>(old: &Config, new: &Config, keys: impl IntoIterator<Item = K>) -> Vec<K> {
    // The schema serialises to its own names, so a dotted key is a JSON pointer. That a map with only string
    // keys and finite numbers serialises is certain; were it not, nothing would differ.
    let (old, new) = (serde_json::to_value(old).unwrap_or_default(), serde_json::to_value(new).unwrap_or_default());
    let at = |root: &Value, key: &str| root.pointer(&format!("/{}", key.replace('.', "/"))).cloned();
    keys.into_iter().filter(|key| at(&old, key.as_ref()) != at(&new, key.as_ref())).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::Durability;

    #[test]
    fn only_what_cannot_be_changed_needs_a_restart() {
        let old = Config::default();
        let mut new = Config::default();
        assert!(restart_needed(&old, &new).is_empty());
        new.engine.timeout = Duration::from_secs(1);
        assert!(restart_needed(&old, &new).is_empty());
        new.engine.workers = 9;
        new.storage.durability = Durability::Power;
        assert_eq!(restart_needed(&old, &new), ["engine.workers", "storage.durability"]);
    }

    #[test]
    fn every_restart_key_exists() {
        let whole = serde_json::to_value(Config::default()).unwrap();
        for key in RESTART {
            assert!(whole.pointer(&format!("/{}", key.replace('.', "/"))).is_some(), "{key}");
        }
    }
}
