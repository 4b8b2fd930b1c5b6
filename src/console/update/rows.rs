//! The rows of the views that are not chats, and what is selected in them.

use crate::console::state::{RowKey, Ui, View};
use crate::domain::*;

/// A row of the view of accounts and models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thing {
    /// An account, by its place.
    Account(usize),
    /// A provider, by its place.
    Provider(usize),
}

/// All of them in their order.
pub fn things(snap: &Snapshot) -> Vec<Thing> {
    let accounts = (0..snap.accounts.len()).map(Thing::Account);
    accounts.chain((0..snap.providers.len()).map(Thing::Provider)).collect()
}

/// An account that cannot speak.
pub fn is_down(account: &AccountView) -> bool {
    !account.connected || account.online == Some(false)
}

/// A provider that needs somebody.
pub fn is_aside(provider: &ProviderView) -> bool {
    matches!(provider.state, ProviderState::Aside | ProviderState::Open)
}

/// Whether the last thing said by somebody met a closed door.
pub fn is_refused(chat: &ChatView) -> bool {
    let last = chat.tail.iter().rev().find(|l| !l.author.is_ours());
    last.and_then(|l| l.verdict.as_ref()).is_some_and(|v| v.gate == Gate::Access && v.decision == Decision::Ignore)
}

/// Everything that needs a human, as rows: items, then accounts, then providers, then chats that were refused.
pub fn attention(ui: &Ui) -> Vec<RowKey> {
    let snap = &ui.snap;
    let items = snap.attention.iter().map(|(id, _)| RowKey::Item(*id));
    let accounts = snap.accounts.iter().filter(|a| is_down(a)).map(|a| RowKey::Account(a.id));
    let providers = snap.providers.iter().enumerate().filter(|(_, p)| is_aside(p)).map(|(n, _)| RowKey::Provider(n));
    let refused = ui.list.rows[..ui.list.urgent.min(ui.list.rows.len())].iter().copied().filter(|key| match key {
        RowKey::Chat(id) => ui.chat_view(*id).is_some_and(|c| is_refused(c)) && ui.items_of(*id).next().is_none(),
        _ => false,
    });
    items.chain(accounts).chain(providers).chain(refused).collect()
}

/// The items that keys act on now, the oldest first.
pub fn selected_items(ui: &Ui) -> Vec<ItemId> {
    match ui.view {
        View::Chats if ui.beside_chat().is_some() => {
            ui.beside_chat().into_iter().flat_map(|id| ui.items_of(id)).map(|(n, _)| *n).collect()
        }
        View::Chats => match ui.list.selected {
            Some(RowKey::Item(item)) => vec![item],
            Some(RowKey::Chat(id)) => ui.items_of(id).map(|(n, _)| *n).collect(),
            _ => Vec::new(),
        },
        View::Alerts => match attention(ui).get(ui.alerts.at) {
            Some(RowKey::Item(item)) => vec![*item],
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// The provider that keys act on.
pub fn selected_provider(ui: &Ui) -> Option<&ProviderView> {
    let place = match ui.view {
        View::Accounts => match things(&ui.snap).get(ui.accounts.at)? {
            Thing::Provider(n) => *n,
            Thing::Account(_) => return None,
        },
        View::Alerts => match attention(ui).get(ui.alerts.at)? {
            RowKey::Provider(n) => *n,
            _ => return None,
        },
        View::Chats if ui.beside_chat().is_some() => return None,
        View::Chats => match ui.list.selected? {
            RowKey::Provider(n) => n,
            _ => return None,
        },
        _ => return None,
    };
    ui.snap.providers.get(place)
}
