//! What a console wants to find again when its operator comes back.
//!
//! SEAM: it lives in this process for now. Once the engine takes `Command::Remember { screen }` and the store
//! answers `Query::Screen { operator }`, both functions become one line each over the [`Handle`], and the map goes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::Operator;
use crate::runtime::handle::Handle;

/// Longest screen that is kept, in bytes.
const LONGEST: usize = 256 << 10;
/// Operators that are remembered.
const OPERATORS: usize = 64;

/// Screens by operator.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    screens: Arc<Mutex<BTreeMap<String, String>>>,
}

impl Memory {
    /// What this operator's console kept last.
    pub async fn load(&self, _handle: &Handle, operator: &Operator) -> Option<String> {
        let screens = self.screens.lock().unwrap_or_else(PoisonError::into_inner);
        screens.get(operator.name.shown()).cloned()
    }

    /// Keeps it.
    pub async fn keep(&self, _handle: &Handle, operator: &Operator, screen: String) {
        let mut screens = self.screens.lock().unwrap_or_else(PoisonError::into_inner);
        let name = operator.name.shown();
        if screen.len() <= LONGEST && (screens.len() < OPERATORS || screens.contains_key(name)) {
            screens.insert(name.to_owned(), screen);
        }
    }
}
