//! The conversations of a snapshot, in a form that is cheap to publish again while readers hold the former one.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::{ChatView, ConversationId};

/// Shelves. A change copies the shelf that it is on, a publication the list of shelves: with 10 000 chats about 40
/// pointers for the one and 256 for the other, where one map would copy 10 000.
const SHELVES: usize = 256;

type Shelf = BTreeMap<ConversationId, Arc<ChatView>>;

/// Conversations by id, in no particular order.
#[derive(Debug, Clone, PartialEq)]
pub struct Chats {
    shelves: Vec<Arc<Shelf>>,
    len: usize,
}

impl Default for Chats {
    fn default() -> Self {
        Self { shelves: vec![Arc::default(); SHELVES], len: 0 }
    }
}

impl Chats {
    /// One of them.
    pub fn get(&self, id: &ConversationId) -> Option<&Arc<ChatView>> {
        self.shelves[place(id)].get(id)
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.len
    }

    /// None at all?
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All of them, with their ids.
    pub fn iter(&self) -> impl Iterator<Item = (&ConversationId, &Arc<ChatView>)> {
        self.shelves.iter().flat_map(|shelf| shelf.iter())
    }

    /// All of them.
    pub fn values(&self) -> impl Iterator<Item = &Arc<ChatView>> {
        self.shelves.iter().flat_map(|shelf| shelf.values())
    }

    /// Their ids.
    pub fn keys(&self) -> impl Iterator<Item = &ConversationId> {
        self.shelves.iter().flat_map(|shelf| shelf.keys())
    }

    /// Puts one in, in place of the former of its id.
    pub fn insert(&mut self, id: ConversationId, view: Arc<ChatView>) {
        let former = Arc::make_mut(&mut self.shelves[place(&id)]).insert(id, view);
        self.len += usize::from(former.is_none());
    }

    /// Takes one out.
    pub fn remove(&mut self, id: &ConversationId) {
        let shelf = &mut self.shelves[place(id)];
        if shelf.contains_key(id) {
            Arc::make_mut(shelf).remove(id);
            self.len -= 1;
        }
    }
}

fn place(id: &ConversationId) -> usize {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    // Truncation keeps the low bits, which are as good as any.
    hasher.finish() as usize % SHELVES
}

impl FromIterator<(ConversationId, Arc<ChatView>)> for Chats {
    fn from_iter<I: IntoIterator<Item = (ConversationId, Arc<ChatView>)>>(views: I) -> Self {
        let mut chats = Self::default();
        views.into_iter().for_each(|(id, view)| chats.insert(id, view));
        chats
    }
}

/// As a list, since a conversation is no key of JSON; each names itself.
impl Serialize for Chats {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.values())
    }
}
