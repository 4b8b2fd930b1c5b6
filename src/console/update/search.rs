//! Looking for words in everything that was said, and going to what was found.

use super::Intents;
use super::rows::chat_ref;
use crate::console::layer::{Layer, Page, Topic};
use crate::console::state::{Cursor, Pending, RowKey, Ui, View};
use crate::domain::*;

impl Ui {
    pub(super) fn search(&mut self, text: String, out: &mut Intents) {
        for text in self.as_told(&text) {
            self.query(Query::Search { text, chat: None, before: None, limit: 200 }, Pending::Search, out);
        }
        self.open(Layer::Page(Page { topic: Topic::Found { text, lines: None }, cursor: Cursor::default() }));
    }

    /// The words, and the words as they came over the wire: where an account's name is shown its number was told.
    fn as_told(&self, text: &str) -> Vec<String> {
        let accounts = self.snap.accounts.iter();
        let named = accounts.map(|a| (a.nickname.shown(), a.id)).filter(|(name, _)| !name.is_empty());
        let numbered =
            named.filter(|(name, _)| text.contains(name)).map(|(name, id)| text.replace(name, &id.to_string()));
        std::iter::once(text.to_owned()).chain(numbered).collect()
    }

    /// Shows a line that was found, among its neighbours.
    pub(super) fn go_to(&mut self, line: &Line, out: &mut Intents) {
        let id = line.conversation;
        self.view = View::Chats;
        self.list.filter.clear();
        let stored = self.list.stored.entry(id);
        stored.or_insert_with(|| ChatRow { id, state: ChatState::default(), last: line.clone() });
        self.touched = Mono(0);
        self.arrange();
        self.select(RowKey::Chat(id));
        self.enter_chat();
        let until = Some(Wall(line.at.0.saturating_add(1)));
        let chat = chat_ref(id);
        let query = Query::History { chat, before: None, after: None, since: None, until, limit: 100 };
        self.query(query, Pending::Date(id, Some(line.seq)), out);
    }
}
