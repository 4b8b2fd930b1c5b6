//! What a console remembers for its operator until the next time, as JSON in the store. Unknown and missing fields are no
//! errors: an older or newer program wrote it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Intents;
use crate::console::state::{Ui, View};
use crate::domain::*;

/// Chats whose drafts and read marks are kept, those with a draft first.
const CHATS: usize = 400;

/// A chat by its id, up to where it is read, what is being typed there.
type Chat = (String, u64, String);

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
    chats: Vec<Chat>,
    history: Vec<String>,
}

impl Ui {
    /// What to keep.
    pub fn memory(&self) -> String {
        let mut chats: Vec<_> =
            self.chats.iter().map(|(id, c)| (id.to_string(), c.read.0, c.draft.text().to_owned())).collect();
        first(&mut chats);
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
        let memory: Memory = read(screen);
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

/// What two sessions of one operator leave is both: `mine` as a session that began with `base` leaves it, where `last`
/// is what another one kept meanwhile. What this session did not change stays as the other left it; where one looks
/// goes by the one who leaves last.
pub fn merged(base: Option<&str>, last: Option<&str>, mine: &str) -> String {
    let Some(last) = last else { return mine.to_owned() };
    let Ok(mut memory) = serde_json::from_str::<Memory>(mine) else { return mine.to_owned() };
    let (base, last) = (read(base), read(Some(last)));
    memory.theme = changed(base.theme, last.theme, memory.theme);
    memory.mouse = changed(base.mouse, last.mouse, memory.mouse);
    memory.chats = chats(base.chats, last.chats, memory.chats);
    let typed: Vec<String> = memory.history.into_iter().filter(|line| !base.history.contains(line)).collect();
    memory.history = last.history.into_iter().filter(|line| !typed.contains(line)).chain(typed.clone()).collect();
    let old = memory.history.len().saturating_sub(super::palette::HISTORY);
    memory.history.drain(..old);
    kept(memory)
}

fn read(screen: Option<&str>) -> Memory {
    screen.and_then(|s| serde_json::from_str(s).ok()).unwrap_or_default()
}

/// Mine where I changed it, else what the other left.
fn changed<T: PartialEq>(base: T, last: T, mine: T) -> T {
    if mine == base { last } else { mine }
}

/// Read marks only go forward; a draft is the one of who wrote it last, and what I emptied is not what the other wrote
/// since.
fn chats(base: Vec<Chat>, last: Vec<Chat>, mine: Vec<Chat>) -> Vec<Chat> {
    let by_id = |chats: Vec<Chat>| -> BTreeMap<String, (u64, String)> {
        chats.into_iter().map(|(id, read, draft)| (id, (read, draft))).collect()
    };
    let (base, mut all) = (by_id(base), by_id(last));
    for (id, read, draft) in mine {
        let before = base.get(&id).map_or("", |(_, draft)| draft);
        let (marked, kept) = all.entry(id).or_default();
        *marked = read.max(*marked);
        let theirs = kept != before;
        if draft != before && !(draft.is_empty() && theirs) {
            *kept = draft;
        }
    }
    let mut all: Vec<Chat> = all.into_iter().map(|(id, (read, draft))| (id, read, draft)).collect();
    first(&mut all);
    all
}

/// Those with a draft, then those read last, and no more than are kept.
fn first(chats: &mut Vec<Chat>) {
    chats.sort_by_key(|(_, read, draft)| (draft.is_empty(), std::cmp::Reverse(*read)));
    chats.truncate(CHATS);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn memory(chats: &[(&str, u64, &str)], history: &[&str]) -> String {
        let chats = chats.iter().map(|(id, read, draft)| ((*id).into(), *read, (*draft).into())).collect();
        let history = history.iter().map(|line| (*line).into()).collect();
        kept(Memory { chats, history, ..Memory::default() })
    }

    fn together(base: &str, last: &str, mine: &str) -> Vec<Chat> {
        read(Some(&merged(Some(base), Some(last), mine))).chats
    }

    fn chat(id: &str, read: u64, draft: &str) -> Chat {
        (id.into(), read, draft.into())
    }

    #[test]
    fn what_a_session_did_not_touch_stays_as_another_left_it() {
        let base = memory(&[("a", 5, "旧的"), ("b", 2, "")], &[]);
        let last = memory(&[("a", 9, "新的"), ("b", 2, ""), ("c", 1, "别处的")], &[]);
        let mine = memory(&[("a", 7, "旧的"), ("b", 3, "我的")], &[]);
        let all = [chat("a", 9, "新的"), chat("b", 3, "我的"), chat("c", 1, "别处的")];
        assert_eq!(together(&base, &last, &mine), all);
    }

    #[test]
    fn a_draft_that_was_sent_is_gone_and_what_another_wrote_since_is_not() {
        let (base, sent) = (memory(&[("a", 5, "旧的")], &[]), memory(&[("a", 5, "")], &[]));
        assert_eq!(together(&base, &base, &sent), [chat("a", 5, "")]);
        let last = memory(&[("a", 5, "后写的")], &[]);
        assert_eq!(together(&base, &last, &sent), [chat("a", 5, "后写的")]);
        // Written by both: the one who leaves last.
        assert_eq!(together(&base, &last, &memory(&[("a", 5, "最后的")], &[])), [chat("a", 5, "最后的")]);
    }

    #[test]
    fn the_lines_of_the_palette_are_those_of_both() {
        let (base, last) = (memory(&[], &["one"]), memory(&[], &["one", "two"]));
        let all = merged(Some(&base), Some(&last), &memory(&[], &["one", "three"]));
        assert_eq!(read(Some(&all)).history, ["one", "two", "three"]);
    }

    #[test]
    fn a_theme_chosen_in_one_session_is_not_undone_by_another() {
        let themed = |theme: &str| kept(Memory { theme: Some(theme.into()), ..Memory::default() });
        let all = merged(Some(&themed("nord")), Some(&themed("latte")), &themed("nord"));
        assert_eq!(read(Some(&all)).theme.as_deref(), Some("latte"));
    }

    #[test]
    fn where_nothing_else_was_kept_it_is_what_is_left() {
        assert_eq!(merged(None, None, "{\"x\""), "{\"x\"");
        let mine = memory(&[("a", 1, "字")], &[]);
        assert_eq!(merged(None, None, &mine), mine);
        assert_eq!(merged(None, Some("not JSON"), &mine), mine);
    }
}
