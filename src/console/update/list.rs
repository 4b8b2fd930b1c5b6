//! The list of chats: what needs a human on top, then who spoke last. It is not sorted anew under a key press.

use std::collections::HashSet;
use std::time::Duration;

use super::Intents;
use super::rows::{is_aside, is_down, is_refused};
use crate::console::sieve::Sieve;
use crate::console::state::{ChatList, Pending, RowKey, Ui};
use crate::domain::*;

/// The order stands still for so long after a key.
const CALM: Duration = Duration::from_millis(1500);
/// Chats asked of the store at once.
const PAGE: u32 = 200;

impl Ui {
    /// Orders the rows; keeps the selected one.
    pub(super) fn arrange(&mut self) {
        let fresh = ordered(self);
        let calm = self.calm_until() > self.now.mono;
        let list = &mut self.list;
        if calm && !list.rows.is_empty() && list.filter.is_empty() {
            // Under a key press only what is gone goes, and what is new comes at the end of its part.
            let (rows, urgent) = fresh;
            let wanted: HashSet<RowKey> = rows.iter().copied().collect();
            let shown: HashSet<RowKey> = list.rows.iter().copied().collect();
            let (top, rest) = list.rows.split_at(list.urgent.min(list.rows.len()));
            let stays = |keys: &[RowKey]| keys.iter().filter(|k| wanted.contains(k)).copied().collect::<Vec<_>>();
            let (mut top, rest) = (stays(top), stays(rest));
            let (new_top, new_rest) = rows.split_at(urgent);
            let new = |keys: &[RowKey]| keys.iter().filter(|k| !shown.contains(k)).copied().collect::<Vec<_>>();
            top.extend(new(new_top));
            list.urgent = top.len();
            list.rows = [top, new(new_rest), rest].concat();
            list.unsettled = list.rows != rows;
        } else {
            (list.rows, list.urgent) = fresh;
            list.unsettled = false;
        }
        if !list.selected.is_some_and(|s| list.rows.contains(&s)) {
            self.list.selected = self.substitute();
            self.mark_read();
        }
    }

    /// Shows all again; goes `back` to what was selected before the filter, where nothing was chosen by it.
    pub(super) fn widen(&mut self, back: bool) {
        self.list.filter.clear();
        self.touched = Mono(0);
        self.arrange();
        if let Some(former) = self.list.former.take().filter(|key| back && self.list.rows.contains(key)) {
            self.select(former);
        }
    }

    /// Until when the order stands still.
    fn calm_until(&self) -> Mono {
        if self.touched == Mono(0) { Mono(0) } else { self.touched + CALM }
    }

    /// When the list is put into its order, where a key held it back.
    pub(super) fn settles_at(&self) -> Option<Mono> {
        (self.list.unsettled && self.paused.is_none()).then(|| self.calm_until())
    }

    /// What is selected where the selected row has gone.
    fn substitute(&self) -> Option<RowKey> {
        // An item that was dealt with leaves its chat selected.
        if let Some(RowKey::Item(item)) = self.list.selected
            && let Some(chat) = self.item(item).and_then(|i| i.conversation)
            && self.list.rows.contains(&RowKey::Chat(chat))
        {
            return Some(RowKey::Chat(chat));
        }
        self.list.rows.first().copied()
    }

    /// Asks the store for chats that are not in memory.
    pub(super) fn ask_chats(&mut self, before: Option<Seq>, out: &mut Intents) {
        let filter = Some(self.list.filter.clone()).filter(|f| !f.is_empty());
        self.query(Query::Chats { before, limit: PAGE, filter }, Pending::Chats, out);
    }
}

/// Everything in its order, and how much of it needs a human.
fn ordered(ui: &Ui) -> (Vec<RowKey>, usize) {
    let snap = &ui.snap;
    let list = &ui.list;
    let mut urgent = Vec::new();
    for account in snap.accounts.iter().filter(|a| is_down(a)) {
        urgent.push(RowKey::Account(account.id));
    }
    for (n, _) in snap.providers.iter().enumerate().filter(|(_, p)| is_aside(p)) {
        urgent.push(RowKey::Provider(n));
    }
    let mut taken: HashSet<RowKey> = HashSet::new();
    for (id, item) in &snap.attention {
        let key = item.conversation.map_or(RowKey::Item(*id), RowKey::Chat);
        if taken.insert(key) {
            urgent.push(key);
        }
    }
    // Whoever was refused and not looked at may be somebody to let in. The row stays while it is selected.
    for (id, chat) in snap.chats.iter().filter(|(_, chat)| is_refused(chat)) {
        let key = RowKey::Chat(*id);
        if (ui.unread(chat) > 0 || list.selected == Some(key)) && taken.insert(key) {
            urgent.push(key);
        }
    }
    let hot = snap.chats.iter().map(|(id, c)| (c.last, *id));
    let stored = list.stored.iter().filter(|(id, _)| snap.chats.get(id).is_none()).map(|(id, c)| (c.last.seq, *id));
    let mut rest: Vec<_> = hot.chain(stored).filter(|(_, id)| matches(ui, list, *id)).collect();
    rest.sort_unstable_by_key(|chat| std::cmp::Reverse(*chat));
    urgent.retain(|key| match key {
        RowKey::Chat(id) => matches(ui, list, *id),
        _ => list.filter.is_empty(),
    });
    let count = urgent.len();
    let rest = rest.into_iter().map(|(_, id)| RowKey::Chat(id)).filter(|key| !taken.contains(key));
    (urgent.into_iter().chain(rest).collect(), count)
}

/// Whether a chat passes the filter: name, number or note.
fn matches(ui: &Ui, list: &ChatList, id: ConversationId) -> bool {
    if list.filter.is_empty() {
        return true;
    }
    let note = ui.chat_view(id).map_or("", |c| &c.state.note);
    Sieve::new(&list.filter).passes(&[ui.name_of(id).as_str(), &id.to_string(), note])
}
