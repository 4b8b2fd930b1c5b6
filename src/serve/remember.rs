//! What a console wants to find again when its operator comes back: the engine takes it, the store keeps it.

use crate::domain::{Command, Operator, Page, Query};
use crate::runtime::handle::Handle;

/// What this operator's console kept last. A store that cannot tell costs a fresh console, nothing more.
pub async fn load(handle: &Handle, operator: &Operator) -> Option<String> {
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
