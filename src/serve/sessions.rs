//! Who is connected.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use super::hello::Purpose;
use super::shape::moment;
use super::table::Table;
use crate::domain::Wall;
use crate::words::{Lang, clock, quoted};

/// One connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Who.
    pub operator: String,
    /// What for.
    pub purpose: Purpose,
    /// Since when.
    pub since: Wall,
}

/// All connections, by number.
#[derive(Debug, Clone, Default)]
pub struct Sessions {
    open: Arc<Mutex<BTreeMap<u64, Session>>>,
}

/// An entry that ends with its connection.
#[derive(Debug)]
pub struct Entered {
    sessions: Sessions,
    number: u64,
}

impl Sessions {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Session>> {
        // The map is whole between any two statements, so a panic elsewhere cannot have broken it.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters a connection until the guard is dropped.
    pub fn enter(&self, session: Session) -> Entered {
        let mut open = self.lock();
        let number = open.last_key_value().map_or(1, |(last, _)| last + 1);
        open.insert(number, session);
        Entered { sessions: self.clone(), number }
    }

    /// As JSON.
    pub fn json(&self) -> Value {
        let row = |(n, s): (&u64, &Session)| json!({"id": n, "operator": s.operator, "purpose": s.purpose, "since": moment(s.since)});
        self.lock().iter().map(row).collect()
    }

    /// As text.
    pub fn text(&self, lang: Lang) -> String {
        let mut table = match lang {
            Lang::Zh => Table::new(["编号", "谁", "用途", "从"]),
            Lang::En => Table::new(["no.", "who", "for", "since"]),
        };
        for (n, s) in self.lock().iter() {
            let purpose = match s.purpose {
                Purpose::Ctl => "ctl",
                Purpose::Attach => "attach",
            };
            table.row([n.to_string(), quoted(&s.operator), purpose.to_owned(), clock(s.since.0.div_euclid(1000))]);
        }
        table.lines()
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.sessions.lock().remove(&self.number);
    }
}
