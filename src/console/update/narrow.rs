//! Narrowing the views that are neither chats nor log to the rows that are looked for.

use crate::console::layer::Ask;
use crate::console::state::{Cursor, Pane, Ui, View};

impl Ui {
    /// What a view is narrowed to; empty: to nothing.
    pub fn narrowed(&self, view: View) -> &str {
        self.narrowed.get(&view).map_or("", String::as_str)
    }

    /// What `/` asks here.
    pub(super) fn filter_of_here(&self) -> Ask {
        match (self.view, self.pane, self.chat()) {
            (View::Chats, Pane::Chat | Pane::Beside(_), Some(id)) => Ask::Find(id),
            (View::Chats, ..) => Ask::Filter,
            (View::Log, ..) => self.log_filter(),
            (view, ..) => Ask::Narrow(view),
        }
    }

    /// Only rows with these words are shown, from the first of them on.
    pub(super) fn narrow(&mut self, view: View, typed: &str) {
        if self.narrowed(view) == typed {
            return;
        }
        self.narrowed.insert(view, typed.to_owned());
        match view {
            View::Accounts => self.accounts = Cursor::default(),
            View::Alerts => self.alerts = Cursor::default(),
            View::Usage => self.usage.cursor = Cursor::default(),
            View::Chats | View::Log => {}
        }
    }

    /// Everything is shown again; `false`: it was.
    pub(super) fn show_all(&mut self) -> bool {
        let narrow = !self.narrowed(self.view).is_empty();
        self.narrow(self.view, "");
        narrow
    }
}
