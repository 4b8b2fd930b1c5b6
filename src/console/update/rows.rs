//! The rows of the views that are not chats, and what is selected in them.

use crate::console::sieve::Sieve;
use crate::console::state::{RowKey, Ui, View};
use crate::domain::*;
use crate::words;

/// A row of the view of accounts and models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thing {
    /// An account, by its place.
    Account(usize),
    /// A request to an account.
    Request(ItemId),
    /// A provider, by its place.
    Provider(usize),
}

/// All of them in their order, less what the view is narrowed to.
pub fn things(ui: &Ui) -> Vec<Thing> {
    let snap = &ui.snap;
    let accounts = (0..snap.accounts.len()).map(Thing::Account);
    let is_request = |item: &Item| matches!(item.kind, ItemKind::Request(_));
    let requests = snap.attention.iter().filter(|(_, item)| is_request(item)).map(|(id, _)| Thing::Request(*id));
    let all = accounts.chain(requests).chain((0..snap.providers.len()).map(Thing::Provider));
    let sieve = Sieve::new(ui.narrowed(View::Accounts));
    all.filter(|thing| sieve.passes(&words_of_thing(ui, *thing))).collect()
}

/// What a thing is looked for by.
fn words_of_thing(ui: &Ui, thing: Thing) -> Vec<String> {
    match thing {
        Thing::Account(n) => ui.snap.accounts.get(n).map_or_else(Vec::new, words_of_account),
        Thing::Request(item) => words_of_row(ui, RowKey::Item(item)),
        Thing::Provider(n) => ui.snap.providers.get(n).map_or_else(Vec::new, |p| words_of_provider(ui, p)),
    }
}

fn words_of_account(account: &AccountView) -> Vec<String> {
    vec![account.nickname.shown().to_owned(), account.id.to_string(), account.adapter.shown().to_owned()]
}

fn words_of_provider(ui: &Ui, provider: &ProviderView) -> Vec<String> {
    let state = words::provider_state(provider.state, ui.lang());
    vec![provider.name.to_string(), provider.model.to_string(), provider.kind.to_string(), state]
}

/// What a row that needs a human is looked for by.
fn words_of_row(ui: &Ui, row: RowKey) -> Vec<String> {
    match row {
        RowKey::Item(id) => {
            let Some(item) = ui.item(id) else { return Vec::new() };
            let chat = item.conversation.map(|chat| [ui.name_of(chat), chat.to_string()]);
            let words = [words::item_name(&item.kind, ui.lang()), words::item(&item.kind, ui.lang())];
            words.into_iter().chain(chat.into_iter().flatten()).collect()
        }
        RowKey::Account(id) => ui.snap.accounts.iter().find(|a| a.id == id).map_or_else(Vec::new, words_of_account),
        RowKey::Provider(n) => ui.snap.providers.get(n).map_or_else(Vec::new, |p| words_of_provider(ui, p)),
        RowKey::Chat(id) => vec![ui.name_of(id), id.to_string()],
    }
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

/// A row of the view of alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matter {
    /// An alert.
    Alert(AlertId),
    /// What needs a human.
    Row(RowKey),
}

/// The rows of the view of alerts: alerts that are up, what needs a human, alerts that are over.
pub fn matters(ui: &Ui) -> Vec<Matter> {
    let over = |view: &&AlertView| view.alert.state == AlertState::Resolved;
    let alert = |view: &AlertView| Matter::Alert(view.alert.id);
    let up = ui.snap.alerts.iter().filter(|view| !over(view)).map(alert);
    let past = ui.snap.alerts.iter().filter(over).map(alert);
    let all = up.chain(attention(ui).into_iter().map(Matter::Row)).chain(past);
    let sieve = Sieve::new(ui.narrowed(View::Alerts));
    all.filter(|matter| sieve.passes(&words_of_matter(ui, matter))).collect()
}

/// What a matter is looked for by.
fn words_of_matter(ui: &Ui, matter: &Matter) -> Vec<String> {
    match matter {
        Matter::Row(row) => words_of_row(ui, *row),
        Matter::Alert(id) => {
            let Some(view) = ui.alert(*id) else { return Vec::new() };
            let (rule, severity) = (view.alert.rule.to_string(), words::severity(view.alert.severity, ui.lang()));
            vec![words::alert_name(&view.alert, ui.lang()), rule, severity.to_owned()]
        }
    }
}

/// The alert that keys act on.
pub fn selected_alert(ui: &Ui) -> Option<&AlertView> {
    match (ui.view, matters(ui).get(ui.alerts.at)?) {
        (View::Alerts, Matter::Alert(id)) => ui.alert(*id),
        _ => None,
    }
}

/// What needs a human and is selected in the view of alerts.
pub fn selected_matter(ui: &Ui) -> Option<RowKey> {
    match matters(ui).get(ui.alerts.at)? {
        Matter::Row(key) => Some(*key),
        Matter::Alert(_) => None,
    }
}

/// The items that keys act on now: drafts, which stand written in the chat, and then the rest; the oldest first.
pub fn selected_items(ui: &Ui) -> Vec<ItemId> {
    match ui.view {
        View::Chats if ui.beside_chat().is_some() => ui.beside_chat().map(|id| of_chat(ui, id)).unwrap_or_default(),
        View::Chats => match ui.list.selected {
            Some(RowKey::Item(item)) => vec![item],
            Some(RowKey::Chat(id)) => of_chat(ui, id),
            _ => Vec::new(),
        },
        View::Alerts => match selected_matter(ui) {
            Some(RowKey::Item(item)) => vec![item],
            _ => Vec::new(),
        },
        View::Accounts => match things(ui).get(ui.accounts.at) {
            Some(Thing::Request(item)) => vec![*item],
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

fn of_chat(ui: &Ui, id: ConversationId) -> Vec<ItemId> {
    let mut items: Vec<_> = ui.items_of(id).map(|(n, item)| (item.kind.drafted().is_none(), *n)).collect();
    items.sort_by_key(|(other, _)| *other);
    items.into_iter().map(|(_, n)| n).collect()
}

/// The account that keys act on: the selected one, or the only one.
pub fn selected_account(ui: &Ui) -> Option<&AccountView> {
    let accounts = &ui.snap.accounts;
    let by_id = |id: SelfId| accounts.iter().find(|a| a.id == id);
    match ui.view {
        View::Accounts => match things(ui).get(ui.accounts.at)? {
            Thing::Account(n) => accounts.get(*n),
            _ => None,
        },
        View::Alerts => match selected_matter(ui)? {
            RowKey::Account(id) => by_id(id),
            _ => None,
        },
        View::Chats => match ui.list.selected? {
            RowKey::Account(id) => by_id(id),
            RowKey::Chat(id) => by_id(id.account),
            _ => None,
        },
        _ => None,
    }
}

/// The provider that keys act on.
pub fn selected_provider(ui: &Ui) -> Option<&ProviderView> {
    let place = match ui.view {
        View::Accounts => match things(ui).get(ui.accounts.at)? {
            Thing::Provider(n) => *n,
            Thing::Account(_) | Thing::Request(_) => return None,
        },
        View::Alerts => match selected_matter(ui)? {
            RowKey::Provider(n) => n,
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

/// A chat as commands name it.
pub fn chat_ref(id: ConversationId) -> ChatRef {
    ChatRef { peer: id.peer, account: Some(id.account) }
}
