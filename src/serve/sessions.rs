//! Who is connected.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::{oneshot, watch};

use super::hello::Purpose;
use super::shape::moment;
use super::table::Table;
use crate::console::{Present, Settings};
use crate::domain::{ChatRef, Operator, Text, Wall};
use crate::words::{Bye, Lang, clock, quoted, span};

/// Whoever pressed no key for so long is told as idle to the others, and as active when they press one again.
const IDLE: Duration = Duration::from_secs(60);

/// One connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    operator: Text,
    purpose: Purpose,
    since: Wall,
    /// The last key.
    active: Wall,
    size: Option<(u16, u16)>,
    read_only: bool,
    /// Where its operator is about to speak.
    composing: Option<ChatRef>,
}

impl Session {
    /// A connection for questions.
    pub fn ctl(operator: &Operator, since: Wall) -> Self {
        let operator = operator.name.clone();
        Self { operator, purpose: Purpose::Ctl, since, active: since, size: None, read_only: false, composing: None }
    }

    /// A console.
    pub fn attach(settings: &Settings, since: Wall) -> Self {
        let (operator, size) = (settings.operator.name.clone(), Some(settings.size));
        let read_only = settings.read_only;
        Self { operator, purpose: Purpose::Attach, since, active: since, size, read_only, composing: None }
    }

    fn purpose(&self) -> &'static str {
        match self.purpose {
            Purpose::Ctl => "ctl",
            Purpose::Attach => "attach",
        }
    }

    fn json(&self, number: u64, now: Wall) -> Value {
        let idle = now.since(self.active).as_secs();
        let mut row = json!({
            "id": number, "operator": self.operator.shown(), "purpose": self.purpose, "since": moment(self.since), "idle_s": idle,
        });
        if let Some(size) = self.size {
            row["size"] = json!(size);
            row["read_only"] = json!(self.read_only);
        }
        row
    }
}

#[derive(Debug)]
struct Row {
    session: Session,
    /// Ends the connection; taken by the first who does.
    end: Option<oneshot::Sender<Bye>>,
}

/// All connections, by number.
#[derive(Debug, Clone)]
pub struct Sessions {
    open: Arc<Mutex<BTreeMap<u64, Row>>>,
    /// Latest wins: a number that changes when consoles come, go or wake.
    changes: watch::Sender<u64>,
}

impl Default for Sessions {
    fn default() -> Self {
        Self { open: Arc::default(), changes: watch::Sender::new(0) }
    }
}

/// An entry that ends with its connection.
#[derive(Debug)]
pub struct Entered {
    sessions: Sessions,
    number: u64,
    end: Option<oneshot::Receiver<Bye>>,
}

impl Sessions {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Row>> {
        // The map is whole between any two statements, so a panic elsewhere cannot have broken it.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters a connection until the guard is dropped.
    pub fn enter(&self, session: Session) -> Entered {
        let (end, ended) = oneshot::channel();
        let attached = session.purpose == Purpose::Attach;
        let mut open = self.lock();
        let number = open.last_key_value().map_or(1, |(last, _)| last + 1);
        open.insert(number, Row { session, end: Some(end) });
        drop(open);
        if attached {
            self.changed();
        }
        Entered { sessions: self.clone(), number, end: Some(ended) }
    }

    /// Changes when consoles come, go or wake.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn changed(&self) {
        self.changes.send_modify(|n| *n = n.wrapping_add(1));
    }

    /// Ends a connection. `false`: there is none of this number.
    pub fn end(&self, number: u64, by: &Operator) -> bool {
        let mut open = self.lock();
        let Some(row) = open.get_mut(&number) else { return false };
        if let Some(end) = row.end.take() {
            // One that is ending anyway needs no telling.
            let _ = end.send(Bye::Ended { by: by.name.shown().to_owned() });
        }
        true
    }

    /// As JSON.
    pub fn json(&self, now: Wall) -> Value {
        self.lock().iter().map(|(n, row)| row.session.json(*n, now)).collect()
    }

    /// As text.
    pub fn text(&self, now: Wall, lang: Lang) -> String {
        let mut table = match lang {
            Lang::Zh => Table::new(["编号", "谁", "用途", "从", "大小", "闲置", ""]),
            Lang::En => Table::new(["no.", "who", "for", "since", "size", "idle", ""]),
        };
        for (n, Row { session: s, .. }) in self.lock().iter() {
            table.row([
                n.to_string(),
                quoted(s.operator.shown()),
                s.purpose().to_owned(),
                clock(s.since.0.div_euclid(1000)),
                s.size.map_or_else(String::new, |(columns, rows)| format!("{columns}×{rows}")),
                span(Duration::from_secs(now.since(s.active).as_secs()), lang),
                if s.read_only { lang.pick("只读", "read-only").to_owned() } else { String::new() },
            ]);
        }
        table.lines()
    }
}

impl Entered {
    /// A key was pressed.
    pub fn touch(&self, now: Wall) {
        let mut woke = false;
        if let Some(row) = self.sessions.lock().get_mut(&self.number) {
            woke = now.since(row.session.active) >= IDLE;
            row.session.active = now;
        }
        if woke {
            self.sessions.changed();
        }
    }

    /// The terminal has another size.
    pub fn resized(&self, size: (u16, u16)) {
        if let Some(row) = self.sessions.lock().get_mut(&self.number) {
            row.session.size = Some(size);
        }
    }

    /// Its operator is about to speak there, or no longer anywhere.
    pub fn composing(&self, chat: Option<ChatRef>) {
        let mut changed = false;
        if let Some(row) = self.sessions.lock().get_mut(&self.number) {
            changed = std::mem::replace(&mut row.session.composing, chat) != chat;
        }
        if changed {
            self.sessions.changed();
        }
    }

    /// Who is at a console, as seen from this one.
    pub fn present(&self, now: Wall) -> Vec<Present> {
        let open = self.sessions.lock();
        let attached = open.iter().filter(|(_, row)| row.session.purpose == Purpose::Attach);
        let present = attached.map(|(number, Row { session, .. })| Present {
            name: session.operator.clone(),
            read_only: session.read_only,
            since: session.since,
            idle: now.since(session.active),
            you: *number == self.number,
            composing: session.composing,
        });
        present.collect()
    }

    /// Waits until somebody ends this connection.
    pub async fn ended(&mut self) -> Bye {
        if let Some(end) = &mut self.end {
            let bye = end.await;
            self.end = None;
            if let Ok(bye) = bye {
                return bye;
            }
        }
        pending().await
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        let removed = self.sessions.lock().remove(&self.number);
        if removed.is_some_and(|row| row.session.purpose == Purpose::Attach) {
            self.sessions.changed();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Role;

    fn operator(name: &str) -> Operator {
        Operator { name: Text::from(name), role: Role::Admin }
    }

    fn attached(name: &str) -> Session {
        Session { purpose: Purpose::Attach, ..Session::ctl(&operator(name), Wall(0)) }
    }

    #[tokio::test]
    async fn one_ends_another_and_everybody_sees_who_is_left() {
        let sessions = Sessions::default();
        let mut changes = sessions.changes();
        let (mut li, wang) = (sessions.enter(attached("li")), sessions.enter(attached("wang")));
        let _ctl = sessions.enter(Session::ctl(&operator("root"), Wall(0)));
        assert_eq!(li.present(Wall(5000)).iter().map(|p| p.you).collect::<Vec<_>>(), [true, false]);
        assert!(
            sessions.end(1, &operator("wang"))
                && sessions.end(1, &operator("zhao"))
                && !sessions.end(9, &operator("x"))
        );
        assert_eq!(li.ended().await, Bye::Ended { by: "wang".into() }, "the first who ends it is named");
        changes.mark_unchanged();
        drop(li);
        assert!(changes.has_changed().unwrap());
        assert_eq!(wang.present(Wall(0)).len(), 1);
    }

    #[test]
    fn where_somebody_is_about_to_speak_is_told_once() {
        let sessions = Sessions::default();
        let (li, other) = (sessions.enter(attached("li")), sessions.enter(attached("li")));
        let changes = sessions.changes();
        let chat = "group:1".parse().ok();
        li.composing(chat);
        assert!(changes.has_changed().unwrap());
        assert_eq!(other.present(Wall(0)).iter().map(|p| p.composing).collect::<Vec<_>>(), [chat, None]);
        let changes = sessions.changes();
        li.composing(chat);
        assert!(!changes.has_changed().unwrap(), "a claim is renewed every minute");
        li.composing(None);
        assert!(changes.has_changed().unwrap());
    }

    #[test]
    fn waking_is_told_and_typing_is_not() {
        let sessions = Sessions::default();
        let li = sessions.enter(attached("li"));
        let changes = sessions.changes();
        li.touch(Wall(1000));
        li.touch(Wall(59_000));
        assert!(!changes.has_changed().unwrap());
        li.touch(Wall(200_000));
        assert!(changes.has_changed().unwrap());
    }
}
