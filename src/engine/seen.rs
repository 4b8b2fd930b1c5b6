//! Messages heard of late, so that an event told twice is dropped at once. The store's unique index is the
//! one that lasts; this ring saves it and the models the work.

use std::collections::{HashSet, VecDeque};

use crate::domain::ConversationId;

/// How many are remembered: NapCat itself remembers 5 000.
const CAPACITY: usize = 8192;

/// A ring of keys.
#[derive(Debug, Default)]
pub(super) struct Seen {
    order: VecDeque<(ConversationId, i64)>,
    keys: HashSet<(ConversationId, i64)>,
}

impl Seen {
    /// Whether it is new; it is not the second time.
    pub fn insert(&mut self, conversation: ConversationId, key: i64) -> bool {
        if !self.keys.insert((conversation, key)) {
            return false;
        }
        if self.order.len() == CAPACITY
            && let Some(oldest) = self.order.pop_front()
        {
            self.keys.remove(&oldest);
        }
        self.order.push_back((conversation, key));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{GroupId, Peer, SelfId};

    #[test]
    fn the_same_id_in_two_chats_is_two_messages_and_the_ring_is_bounded() {
        let chat = |n| ConversationId { account: SelfId(1), peer: Peer::Group(GroupId(n)) };
        let mut seen = Seen::default();
        assert!(seen.insert(chat(1), 7) && seen.insert(chat(2), 7));
        assert!(!seen.insert(chat(1), 7));
        for n in 0..CAPACITY as i64 {
            seen.insert(chat(3), n);
        }
        assert_eq!(seen.keys.len(), CAPACITY);
        assert!(seen.insert(chat(1), 7), "long gone");
    }
}
