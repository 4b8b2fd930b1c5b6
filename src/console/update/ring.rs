//! A bell, or words for the operator's desktop, when something new needs a human: once in a few seconds at most, and
//! never for what is being looked at.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Intents;
use super::rows::{is_aside, is_down};
use crate::config::Ring;
use crate::console::backend::{bell, desktop};
use crate::console::face::Intent;
use crate::console::state::{Caller, RowKey, Tone, Ui, View};
use crate::domain::*;
use crate::words;

/// After one, no other for so long: whoever was called looks at all that waits.
const QUIET: Duration = Duration::from_secs(5);

/// Everything that needs a human, as far as it is worth a bell: suggestions are not, nor refused strangers.
fn urgent(snap: &Snapshot) -> BTreeSet<Caller> {
    let waits = |item: &Item| !matches!(item.kind, ItemKind::Draft { suggestion: true, .. });
    let items = snap.attention.iter().filter(|(_, item)| waits(item)).map(|(id, _)| RowKey::Item(*id));
    let accounts = snap.accounts.iter().filter(|a| is_down(a)).map(|a| RowKey::Account(a.id));
    let providers = snap.providers.iter().enumerate().filter(|(_, p)| is_aside(p)).map(|(n, _)| RowKey::Provider(n));
    let alerts = snap.alerts.iter().filter(|view| calls(view)).map(|view| Caller::Alert(view.alert.id));
    items.chain(accounts).chain(providers).map(Caller::Row).chain(alerts).collect()
}

/// A new alert calls, unless somebody wants to hear nothing of it, or what is wrong has a row of its own that called.
fn calls(view: &AlertView) -> bool {
    let has_row = matches!(view.alert.subject, Subject::Account(_) | Subject::Provider(_) | Subject::Group(..));
    let rows = [Metric::AccountDown, Metric::AccountOffline, Metric::AccountMuted, Metric::ProviderAside];
    let own_row = has_row && rows.contains(&view.alert.metric);
    let hushed = view.silenced.is_some() || view.inhibited.is_some() || view.quiet || view.alert.acked.is_some();
    view.alert.state == AlertState::Firing && view.alert.severity > Severity::Info && !own_row && !hushed
}

impl Ui {
    /// Rings for what was not there before. What was there when the operator came rings never.
    pub(super) fn ring(&mut self, snap: &Snapshot, out: &mut Intents) {
        let now = urgent(snap);
        let Some(before) = self.bell.known.replace(now.clone()) else { return };
        let fresh: Vec<Caller> = now.difference(&before).copied().filter(|key| !self.looks_at(snap, *key)).collect();
        let Some(first) = fresh.first().copied() else { return };
        let quiet = self.bell.rung.is_some_and(|at| self.now.mono.since(at) < QUIET);
        if self.bell.muted || quiet || self.config.console.notify == Ring::Off {
            return;
        }
        self.bell.rung = Some(self.now.mono);
        let mut bytes = Vec::new();
        bell(&mut bytes);
        let more = if fresh.len() > 1 { format!(" +{}", fresh.len() - 1) } else { String::new() };
        desktop(
            self.config.console.notify,
            &snap.instance,
            &format!("{}{more}", self.said_of(snap, first)),
            &mut bytes,
        );
        out.push(Intent::Write(bytes));
    }

    /// Whether the operator sees it come. A terminal that never told whether it has the focus is taken to have it.
    fn looks_at(&self, snap: &Snapshot, key: Caller) -> bool {
        let chat = match key {
            Caller::Row(RowKey::Item(id)) => {
                snap.attention.iter().find(|(n, _)| *n == id).and_then(|(_, i)| i.conversation)
            }
            _ => None,
        };
        let shown = self.view == View::Chats && chat.is_some() && self.chat() == chat;
        !self.bell.away && (shown || self.view == View::Alerts)
    }

    fn said_of(&self, snap: &Snapshot, key: Caller) -> String {
        let lang = self.lang();
        let key = match key {
            Caller::Row(key) => key,
            Caller::Alert(id) => {
                let view = snap.alerts.iter().find(|view| view.alert.id == id);
                return view.map(|view| words::one_line(&words::alert_name(&view.alert, lang), 80)).unwrap_or_default();
            }
        };
        match key {
            RowKey::Item(id) => match snap.attention.iter().find(|(n, _)| *n == id) {
                Some((_, item)) => {
                    let who = item.conversation.map(|id| format!("{} · ", self.name_of(id))).unwrap_or_default();
                    format!("{who}{}", words::one_line(&words::item(&item.kind, lang), 80))
                }
                None => String::new(),
            },
            RowKey::Account(id) => {
                let name = snap.accounts.iter().find(|a| a.id == id).map_or("", |a| a.nickname.shown());
                format!("QQ {name} {id} · {}", lang.pick("不在线", "is offline"))
            }
            RowKey::Provider(n) => {
                let name = snap.providers.get(n).map_or("", |p| &p.name);
                format!("{name} · {}", lang.pick("暂时不用了", "is put aside"))
            }
            RowKey::Chat(id) => self.name_of(id),
        }
    }

    /// Silence in this session, or no longer.
    pub(super) fn switch_bell(&mut self) {
        self.bell.muted = !self.bell.muted;
        let lang = self.lang();
        let words = match (self.config.console.notify, self.bell.muted) {
            (Ring::Off, _) => lang.pick("配置里关着：console.notify", "off in the configuration: console.notify"),
            (_, true) => lang.pick("提示音关了（只在这里）", "no more bells (in this session)"),
            (_, false) => lang.pick("提示音开了", "bells again"),
        };
        self.toast(words.to_owned(), Tone::Hint);
    }
}
