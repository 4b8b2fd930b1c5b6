//! What a console wants to find again when its operator comes back: the engine takes it, the store keeps it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::{Command, Operator, Page, Query};
use crate::runtime::handle::Handle;

/// What consoles of this process kept last, by operator. The store has it a moment later, and one who comes back at
/// once must not begin from what was before. Latest wins.
#[derive(Debug, Clone, Default)]
pub struct Screens(Arc<Mutex<HashMap<String, String>>>);

impl Screens {
    /// This one now.
    pub fn note(&self, operator: &Operator, screen: &str) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(operator.name.raw().to_owned(), screen.to_owned());
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
