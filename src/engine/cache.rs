//! Answers to questions that were put before, word for word: least recently used first, bounded by bytes.
//!
//! What the time is stands in the last turn, so a key must be made from a window built without a clock.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use crate::config;
use crate::domain::{Answer, ConversationId, Finish, Mono, Turn};

/// What an entry costs besides its text: two tree nodes, the key twice, the counters.
const OVERHEAD: usize = 160;

/// 128 bits of everything an answer depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(u64, u64);

impl Key {
    /// The key of a question. The model counts, not the endpoint it is reached by. The chat counts too: an
    /// answer never crosses from one chat to another, even if both asked the same (llm.md §4).
    pub fn of(conversation: ConversationId, turns: &[Turn], provider: &config::Provider) -> Self {
        let half = |salt: u8| {
            // Keyless, so that a replay meets the same hits. 128 bits leave nothing to guess.
            let mut hasher = DefaultHasher::new();
            salt.hash(&mut hasher);
            conversation.hash(&mut hasher);
            turns.hash(&mut hasher);
            provider.model.hash(&mut hasher);
            (provider.think, provider.max_tokens, provider.temperature.to_bits()).hash(&mut hasher);
            for (name, value) in &provider.extra {
                (name, value.to_string()).hash(&mut hasher);
            }
            hasher.finish()
        };
        Self(half(0), half(1))
    }
}

#[derive(Debug, Clone)]
struct Entry {
    text: Arc<str>,
    since: Mono,
    used: u64,
}

/// The answers kept.
#[derive(Debug, Clone, Default)]
pub struct Cache {
    entries: BTreeMap<Key, Entry>,
    /// By last use; the first one goes first.
    order: BTreeMap<u64, Key>,
    uses: u64,
    bytes: usize,
}

impl Cache {
    /// The answer, if it is there and not older than `ttl`.
    pub fn get(&mut self, key: Key, ttl: Duration, now: Mono) -> Option<Arc<str>> {
        let entry = self.entries.get_mut(&key)?;
        if now.since(entry.since) >= ttl {
            self.remove(key);
            return None;
        }
        self.order.remove(&entry.used);
        self.uses += 1;
        entry.used = self.uses;
        self.order.insert(self.uses, key);
        Some(entry.text.clone())
    }

    /// Keeps an answer, and drops others until all fit into `config.cache_size`. Only whole ones: an answer
    /// that was cut, blocked or is empty is not kept, whoever asks. Says whether it was.
    pub fn put(&mut self, key: Key, answer: &Answer, config: &config::Cache, now: Mono) -> bool {
        let room = usize::try_from(config.cache_size).unwrap_or(usize::MAX).saturating_mul(1 << 20);
        let whole = answer.finish == Finish::Stop && !answer.text.trim().is_empty();
        if !config.enable || !whole || cost(&answer.text) > room {
            return false;
        }
        self.remove(key);
        self.uses += 1;
        self.bytes += cost(&answer.text);
        self.entries.insert(key, Entry { text: answer.text.as_str().into(), since: now, used: self.uses });
        self.order.insert(self.uses, key);
        while self.bytes > room {
            let Some(oldest) = self.order.values().next().copied() else { break };
            self.remove(oldest);
        }
        true
    }

    /// Forgets everything: the configuration changed.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// How many answers, and how many bytes they take.
    pub fn size(&self) -> (usize, usize) {
        (self.entries.len(), self.bytes)
    }

    fn remove(&mut self, key: Key) {
        if let Some(entry) = self.entries.remove(&key) {
            self.order.remove(&entry.used);
            self.bytes -= cost(&entry.text);
        }
    }
}

fn cost(text: &str) -> usize {
    text.len() + OVERHEAD
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Peer, SelfId, Timing, Tokens, TurnRole, UserId};

    const TTL: Duration = Duration::from_secs(600);

    fn chat(user: i64) -> ConversationId {
        ConversationId { account: SelfId(1), peer: Peer::Private(UserId(user)) }
    }

    fn turn(text: &str) -> Turn {
        Turn { role: TurnRole::User, text: text.into(), pictures: Vec::new() }
    }

    fn key(question: &str) -> Key {
        Key::of(chat(1), &[turn(question)], &config::Provider::default())
    }

    fn answer(text: &str) -> Answer {
        let (tokens, timing) = (Tokens::default(), Timing::default());
        Answer { text: text.into(), finish: Finish::Stop, tokens, timing, thought: 0 }
    }

    fn one_megabyte() -> config::Cache {
        config::Cache { enable: true, cache_size: 1, ttl: TTL }
    }

    #[test]
    fn everything_an_answer_depends_on_is_in_the_key() {
        let base = config::Provider::default();
        let extra = [("seed".to_owned(), serde_json::json!(7))].into_iter().collect();
        let others = [
            Key::of(chat(2), &[turn("a")], &base),
            Key::of(chat(1), &[turn("b")], &base),
            Key::of(chat(1), &[turn("a"), turn("")], &base),
            Key::of(chat(1), &[turn("a")], &config::Provider { model: "m".into(), ..base.clone() }),
            Key::of(chat(1), &[turn("a")], &config::Provider { temperature: 0.0, ..base.clone() }),
            Key::of(chat(1), &[turn("a")], &config::Provider { extra, ..base.clone() }),
        ];
        for (n, other) in others.iter().enumerate() {
            assert_ne!(*other, key("a"), "{n}");
        }
        assert_eq!(Key::of(chat(1), &[turn("a")], &config::Provider { endpoint: "http://b".into(), ..base }), key("a"));
    }

    #[test]
    fn answers_age() {
        let mut cache = Cache::default();
        assert!(cache.put(key("q"), &answer("a"), &one_megabyte(), Mono(0)));
        assert_eq!(cache.get(key("q"), TTL, Mono(599_999_999)).as_deref(), Some("a"));
        assert_eq!(cache.get(key("q"), TTL, Mono(600_000_000)), None, "use does not make it younger");
        assert_eq!(cache.size(), (0, 0));
    }

    #[test]
    fn only_whole_answers_are_kept() {
        let mut cache = Cache::default();
        let cut = Answer { finish: Finish::Length, ..answer("half an ans") };
        assert!(!cache.put(key("q"), &cut, &one_megabyte(), Mono(0)));
        assert!(!cache.put(key("q"), &answer(" \n"), &one_megabyte(), Mono(0)));
        assert!(!cache.put(key("q"), &answer(&"x".repeat(1 << 20)), &one_megabyte(), Mono(0)));
        assert!(!cache.put(key("q"), &answer("a"), &config::Cache::default(), Mono(0)), "off");
        assert_eq!(cache.size(), (0, 0));
    }

    #[test]
    fn the_least_recently_used_goes_first() {
        let mut cache = Cache::default();
        let big = answer(&"x".repeat(300_000));
        for question in ["1", "2", "3"] {
            cache.put(key(question), &big, &one_megabyte(), Mono(0));
        }
        assert!(cache.get(key("1"), TTL, Mono(1)).is_some());
        cache.put(key("4"), &big, &one_megabyte(), Mono(1));
        let left = ["1", "2", "3", "4"].map(|question| cache.get(key(question), TTL, Mono(1)).is_some());
        assert_eq!(left, [true, false, true, true]);
        assert!(cache.size().1 <= 1 << 20);
        cache.put(key("4"), &answer("short"), &one_megabyte(), Mono(1));
        assert_eq!(cache.size(), (3, 2 * cost(&big.text) + cost("short")));
    }
}
