//! What a console wants to find again when its operator comes back: the engine takes it, the store keeps it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};

use crate::console::merged;
use crate::domain::{Command, Operator, Page, Query};
use crate::runtime::handle::Handle;

/// What consoles of this process kept last, by operator. The store has it a moment later, and one who comes back at
/// once must not begin from what was before. An operator may sit at several: what one of them did not change is not
/// taken back by its leaving later.
#[derive(Debug, Clone, Default)]
pub struct Screens(Arc<Mutex<HashMap<String, String>>>);

impl Screens {
    /// What a console that began with `base` looks like now, together with what others of this operator kept.
    pub fn note(&self, operator: &Operator, base: Option<&str>, screen: &str) -> String {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = kept.entry(operator.name.raw().to_owned());
        let all = match &last {
            Entry::Occupied(last) => merged(base, Some(last.get()), screen),
            Entry::Vacant(_) => screen.to_owned(),
        };
        last.insert_entry(all.clone());
        all
    }

    fn last(&self, operator: &Operator) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(operator.name.raw()).cloned()
    }
}

/// What this operator's console kept last. A store that cannot tell costs a fresh console, nothing more.
pub async fn load(handle: &Handle, screens: &Screens, operator: &Operator) -> Option<String> {
    if let Some(screen) = screens.last(operator) {
        return Some(screen);
    }
    match handle.query(Query::Screen { operator: operator.name.clone() }).await {
        Ok(Page::Screen(screen)) => screen,
        _ => None,
    }
}

/// Keeps it.
pub async fn keep(handle: &Handle, operator: &Operator, screen: String) {
    if let Err(refusal) = handle.command(operator.clone(), None, Command::Remember { screen }).await {
        tracing::warn!(%refusal, operator = operator.name.shown(), "the screen is not remembered");
    }
}
