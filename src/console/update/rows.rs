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

/// Everything that needs a human, as rows: items, then accounts, then providers.
pub fn attention(snap: &Snapshot) -> Vec<RowKey> {
    let items = snap.attention.iter().map(|(id, _)| RowKey::Item(*id));
    let accounts = snap.accounts.iter().filter(|a| is_down(a)).map(|a| RowKey::Account(a.id));
    let providers = snap.providers.iter().enumerate().filter(|(_, p)| is_aside(p)).map(|(n, _)| RowKey::Provider(n));
    items.chain(accounts).chain(providers).collect()
}

/// The items that keys act on now, the oldest first.
pub fn selected_items(ui: &Ui) -> Vec<ItemId> {
    match ui.view {
        View::Chats => match ui.list.selected {
            Some(RowKey::Item(item)) => vec![item],
            Some(RowKey::Chat(id)) => ui.items_of(id).map(|(n, _)| *n).collect(),
            _ => Vec::new(),
        },
        View::Alerts => match attention(&ui.snap).get(ui.alerts.at) {
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
        View::Alerts => match attention(&ui.snap).get(ui.alerts.at)? {
            RowKey::Provider(n) => *n,
            _ => return None,
        },
        View::Chats => match ui.list.selected? {
            RowKey::Provider(n) => n,
            _ => return None,
        },
        _ => return None,
    };
    ui.snap.providers.get(place)
}
