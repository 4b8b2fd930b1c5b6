//! What a console remembers for its operator until the next time, as JSON in the store. Unknown and missing fields are no
//! errors: an older or newer program wrote it.

use serde::{Deserialize, Serialize};

use super::Intents;
use crate::console::state::{Ui, View};
use crate::domain::*;

/// Chats whose drafts and read marks are kept, those with a draft first.
const CHATS: usize = 400;

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Memory {
    view: u8,
    zoom: bool,
    ages: bool,
    theme: Option<String>,
    mouse: Option<bool>,
    filter: String,
    selected: Option<String>,
    beside: Vec<String>,
    chats: Vec<(String, u64, String)>,
    history: Vec<String>,
}

impl Ui {
    /// What to keep.
    pub fn memory(&self) -> String {
        let mut chats: Vec<_> =
            self.chats.iter().map(|(id, c)| (id.to_string(), c.read.0, c.draft.text().to_owned())).collect();
        chats.sort_by_key(|(_, read, draft)| (draft.is_empty(), std::cmp::Reverse(*read)));
        chats.truncate(CHATS);
        let memory = Memory {
            view: View::ALL.iter().position(|v| *v == self.view).unwrap_or(0) as u8,
            zoom: self.zoom,
            ages: self.ages,
            theme: self.chosen_theme.clone(),
            mouse: self.chosen_mouse,
            filter: self.list.filter.clone(),
            selected: self.selected_chat().map(|id| id.to_string()),
            beside: self.beside.iter().map(ToString::to_string).collect(),
            chats,
            history: self.history.clone(),
        };
        kept(memory)
    }

    /// Takes up where the operator left; asks for what the store knows.
    pub(super) fn remembered(&mut self, screen: Option<&str>, out: &mut Intents) {
        let memory: Memory = screen.and_then(|s| serde_json::from_str(s).ok()).unwrap_or_default();
        self.view = View::ALL.get(usize::from(memory.view)).copied().unwrap_or_default();
        (self.zoom, self.ages, self.history) = (memory.zoom, memory.ages, memory.history);
        self.list.filter = memory.filter;
        for (id, read, draft) in memory.chats {
            if let Some(id) = conversation(&id) {
                let known = self.chat_ui(id);
                known.read = known.read.max(Seq(read));
                if known.draft.is_empty() {
                    known.draft.set(&draft);
                }
            }
        }
        if let Some(name) = memory.theme {
            self.set_theme(&name);
        }
        self.remember_mouse(memory.mouse, out);
        self.beside = memory.beside.iter().filter_map(|id| conversation(id)).collect();
        if let Some(id) = memory.selected.as_deref().and_then(conversation) {
            self.list.selected = Some(crate::console::state::RowKey::Chat(id));
        }
        self.ask_chats(None, out);
    }
}

/// As JSON, and no more than is kept: what is longest goes first, for a pasted book must not cost everything else.
fn kept(mut memory: Memory) -> String {
    loop {
        let text = serde_json::to_string(&memory).unwrap_or_default();
        if text.len() <= Command::SCREEN {
            return text;
        }
        let draft = memory.chats.iter_mut().max_by_key(|(_, _, draft)| draft.len());
        let line =
            memory.history.iter().enumerate().max_by_key(|(_, line)| line.len()).map(|(n, line)| (n, line.len()));
        match (draft, line) {
            (Some((_, _, draft)), line) if line.is_none_or(|(_, bytes)| bytes <= draft.len()) && !draft.is_empty() => {
                draft.clear();
            }
            (_, Some((n, _))) => drop(memory.history.remove(n)),
            _ => return String::new(),
        }
    }
}

fn conversation(text: &str) -> Option<ConversationId> {
    let chat: ChatRef = text.parse().ok()?;
    Some(ConversationId { account: chat.account?, peer: chat.peer })
}
