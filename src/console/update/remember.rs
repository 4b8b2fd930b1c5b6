//! What a console remembers for its operator until the next time, as JSON in the store. Unknown and missing fields are no
//! errors: an older or newer program wrote it.

use serde::{Deserialize, Serialize};

use super::Intents;
use crate::config::Config;
use crate::console::keymap::Keymap;
use crate::console::state::{Ui, View};
use crate::console::text::Width;
use crate::console::theme::{Glyphs, choose, dress};
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
    filter: String,
    selected: Option<String>,
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
            theme: Some(self.theme_name.clone()).filter(|n| *n != self.config.console.theme),
            filter: self.list.filter.clone(),
            selected: self.chat().map(|id| id.to_string()),
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
        if let Some(id) = memory.selected.as_deref().and_then(conversation) {
            self.list.selected = Some(crate::console::state::RowKey::Chat(id));
        }
        self.ask_chats(None, out);
    }

    /// A configuration is in force: keys, widths, colours.
    pub(super) fn on_config(&mut self, config: std::sync::Arc<Config>) {
        let console = &config.console;
        let own: Vec<(&str, Vec<String>)> = console
            .keys
            .iter()
            .map(|(name, keys)| (name.as_str(), keys.split(',').map(|k| k.trim().to_owned()).collect()))
            .collect();
        self.keymap = Keymap::new(own.iter().map(|(name, keys)| (*name, keys.as_slice())));
        self.width = Width::new(console.ambiguous_width).with_ascii(console.ascii);
        self.glyphs = Glyphs::of(console.ascii);
        let themed =
            self.config.console.theme != console.theme || self.config.instance.accent != config.instance.accent;
        self.config = config;
        if themed || self.theme_name.is_empty() {
            self.retheme();
        }
    }

    pub(super) fn on_background(&mut self, background: (u8, u8, u8)) {
        self.background = Some(background);
        if self.config.console.theme == "auto" && !self.chose_theme {
            self.retheme();
        }
    }

    /// The configured theme, by the terminal's background where it says `auto`.
    pub(super) fn retheme(&mut self) {
        let name = choose(&self.config.console.theme, self.settings.depth, self.background, None).to_owned();
        self.apply_theme(&name);
    }

    /// A theme by name, as the operator chose it; false where there is none.
    pub(super) fn set_theme(&mut self, name: &str) -> bool {
        self.chose_theme = self.apply_theme(name);
        self.chose_theme
    }

    fn apply_theme(&mut self, name: &str) -> bool {
        let Some(theme) = dress(name, &self.config.instance.accent, self.settings.depth) else { return false };
        self.theme = theme;
        self.theme_name = name.to_owned();
        true
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
