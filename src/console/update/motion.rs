//! Moving: through lists, through lines, between panes. Following the newest is a matter of where one stands.

use std::sync::Arc;

use super::Intents;
use super::rows::{matters, things};
use crate::console::action::Action;
use crate::console::input::{Button, Mouse, MouseAct};
use crate::console::layout::areas;
use crate::console::state::{By, Cursor, Half, Pane, Pending, RowKey, Ui, View};
use crate::console::view::lines;
use crate::domain::*;

/// Older lines asked of the store at once.
const PAGE: u32 = 100;
/// Older lines kept of one chat; beyond, the newest of them go and are asked again when needed.
const OLDER: usize = 5000;

impl Ui {
    pub(super) fn motion(&mut self, action: Action, out: &mut Intents) {
        let half = (areas(self).body.height / 2).max(1) as isize;
        let by = match action {
            Action::Down => 1,
            Action::Up => -1,
            Action::PageDown => half,
            Action::PageUp => -half,
            Action::Top => isize::MIN / 2,
            Action::Bottom => isize::MAX / 2,
            _ => return self.turn(action),
        };
        match (self.view, self.pane) {
            (View::Chats, Pane::List) => self.move_in_list(by),
            (View::Chats, Pane::Chat) => self.move_in_chat(by),
            (View::Accounts, _) => self.accounts.shift(by, things(&self.snap).len(), 1),
            (View::Alerts, _) => self.alerts.shift(by, matters(self).len(), 1),
            (View::Usage, _) => {
                let rows = crate::console::view::usage::sums(self).len();
                self.usage.cursor.shift(by, rows, areas(self).body.height.saturating_sub(4).into());
            }
            (View::Log, _) if self.log.half == Half::Log => self.move_in_log(by),
            (View::Log, _) => {
                let rows = self.log.audit.len();
                self.log.cursor.shift(by, rows, areas(self).body.height.saturating_sub(2).into());
            }
        }
        self.look_closer(out);
    }

    fn turn(&mut self, action: Action) {
        if self.view == View::Usage {
            let at = By::ALL.iter().position(|by| *by == self.usage.by).unwrap_or(0);
            let by = if matches!(action, Action::Left | Action::PreviousPane) { By::ALL.len() - 1 } else { 1 };
            self.usage.by = By::ALL[(at + by) % By::ALL.len()];
            self.usage.cursor = Cursor::default();
            return;
        }
        if self.view == View::Log {
            return self.turn_log();
        }
        match action {
            Action::Left => self.pane = Pane::List,
            Action::Right => self.enter_chat(),
            Action::NextPane | Action::PreviousPane if self.pane == Pane::List => self.enter_chat(),
            Action::NextPane | Action::PreviousPane => self.pane = Pane::List,
            _ => {}
        }
    }

    /// The chat gets the keys.
    pub(super) fn enter_chat(&mut self) {
        if let Some(id) = self.chat() {
            self.pane = Pane::Chat;
            let read = self.chat_ui(id).read;
            self.chat_ui(id).fresh.get_or_insert(read);
            self.mark_read();
        }
    }

    fn move_in_list(&mut self, by: isize) {
        let rows = &self.list.rows;
        if rows.is_empty() {
            return;
        }
        let at = self.list.selected.and_then(|s| rows.iter().position(|k| *k == s)).unwrap_or(0);
        let to = at.saturating_add_signed(by).min(rows.len() - 1);
        self.select(rows[to]);
    }

    /// Another row is selected; the chat that is left is read so far.
    pub(super) fn select(&mut self, key: RowKey) {
        if self.list.selected == Some(key) {
            return;
        }
        if let Some(left) = self.chat() {
            self.chat_ui(left).fresh = None;
        }
        self.list.selected = Some(key);
        if let Some(id) = self.chat() {
            let read = self.chat_ui(id).read;
            self.chat_ui(id).fresh = Some(read);
        }
        self.mark_read();
    }

    fn move_in_chat(&mut self, by: isize) {
        let Some(id) = self.chat() else { return };
        let all: Vec<Seq> = self.lines(id).iter().map(|l| l.seq).collect();
        let Some(last) = all.len().checked_sub(1) else { return };
        let known = self.chat_ui(id);
        let at = known.at.and_then(|seq| all.binary_search(&seq).ok()).unwrap_or(last);
        let to = at.saturating_add_signed(by).min(last);
        // At the newest line one follows what comes.
        known.at = (to < last).then(|| all[to]);
        if known.at.is_none() {
            known.follow();
        }
    }

    /// Esc in a chat: follow again, then back to the list.
    pub(super) fn follow_or_leave_chat(&mut self) {
        if self.view != View::Chats || self.pane == Pane::List {
            return;
        }
        let Some(id) = self.chat() else { return self.pane = Pane::List };
        let known = self.chat_ui(id);
        if known.at.is_none() && known.bottom.is_none() {
            self.pane = Pane::List;
        } else {
            known.follow();
        }
    }

    /// What is on the screen counts as read.
    pub(super) fn mark_read(&mut self) {
        let Some(id) = self.chat() else { return };
        let Some(last) = self.chat_view(id).map(|c| c.last) else { return };
        if self.view == View::Chats && self.paused.is_none() && areas(self).lines.height > 0 {
            let known = self.chat_ui(id);
            if known.bottom.is_none() {
                known.read = known.read.max(last);
            }
        }
    }

    /// Keeps what is selected on the screen.
    pub(super) fn settle(&mut self) {
        let areas = areas(self);
        let height = usize::from(areas.list.height);
        if let Some(at) = self.list.selected.and_then(|s| self.list.rows.iter().position(|k| *k == s)) {
            let mut cursor = Cursor { at, top: self.list.top };
            // One row for the line under what needs a human.
            cursor.settle(self.list.rows.len(), height.saturating_sub(2));
            self.list.top = cursor.top;
        }
        self.settle_log();
        if let Some(id) = self.chat().filter(|_| areas.lines.height > 0) {
            self.settle_chat(id, areas.lines.width, areas.lines.height.into());
        }
    }

    /// Scrolls no further than the selected line needs.
    fn settle_chat(&mut self, id: ConversationId, width: u16, height: usize) {
        let Some(at) = self.chats.get(&id).and_then(|c| c.at) else { return };
        let all: Vec<Arc<Line>> = self.lines(id).into_iter().cloned().collect();
        let place = |seq: Seq| all.partition_point(|l| l.seq < seq);
        let bottom = self.chats.get(&id).and_then(|c| c.bottom).map_or(all.len().saturating_sub(1), place);
        let at = place(at).min(all.len().saturating_sub(1));
        if at > bottom {
            return self.chat_ui(id).bottom = all.get(at).map(|l| l.seq);
        }
        let tall = |n: usize| lines::height(self, &all, n, width);
        // Where the selected line is above the screen, it becomes the first.
        let mut room = height;
        let mut first = bottom + 1;
        while first > 0 && room >= tall(first - 1) {
            room -= tall(first - 1);
            first -= 1;
        }
        if at >= first {
            return;
        }
        let mut room = height.saturating_sub(tall(at));
        let mut end = at;
        while end + 1 < all.len() && room >= tall(end + 1) {
            room -= tall(end + 1);
            end += 1;
        }
        let newest = end + 1 >= all.len();
        self.chat_ui(id).bottom = if newest { None } else { all.get(end).map(|l| l.seq) };
    }

    /// Asks for older lines before the operator gets to the oldest at hand.
    pub(super) fn page_back(&mut self, out: &mut Intents) {
        let Some(id) = self.chat() else { return };
        let lines = self.lines(id);
        let at = self.chats.get(&id).and_then(|c| c.at);
        let near = match at {
            Some(seq) => lines.partition_point(|l| l.seq < seq) < 40,
            None => lines.len() < 60,
        };
        let before = lines.first().map(|l| l.seq);
        if self.page_on(id, out) {
            return;
        }
        let known = self.chat_ui(id);
        if !near || known.complete || known.loading || known.older.len() >= OLDER {
            return;
        }
        known.loading = true;
        let chat = ChatRef { peer: id.peer, account: Some(id.account) };
        let query = Query::History { chat, before, after: None, since: None, until: None, limit: PAGE };
        self.query(query, Pending::Older(id), out);
    }

    /// A snapshot holds only the newest lines of a chat. Those that it no longer holds stay at hand where somebody
    /// reads further up, or there would be a hole.
    pub(super) fn keep_what_fell_off(&mut self, old: &Snapshot) {
        for (id, known) in self.chats.iter_mut().filter(|(_, c)| !c.older.is_empty() || c.at.is_some()) {
            let (Some(old), Some(new)) = (old.chats.get(id), self.snap.chats.get(id)) else { continue };
            let Some(first) = new.tail.first().map(|l| l.seq) else { continue };
            if known.gap.is_some() || Arc::ptr_eq(old, new) {
                continue;
            }
            let last = known.older.back().map_or(Seq(0), |l| l.seq);
            known.older.extend(old.tail.iter().filter(|l| l.seq > last && l.seq < first).cloned());
            if old.tail.last().is_some_and(|l| l.seq < first) {
                // More was said between two snapshots than one holds.
                known.gap = known.older.back().map(|l| l.seq);
            }
        }
    }

    /// Asks for what follows the lines of a day, before the operator gets to their end.
    fn page_on(&mut self, id: ConversationId, out: &mut Intents) -> bool {
        let Some(known) = self.chats.get_mut(&id).filter(|c| !c.loading) else { return false };
        let (Some(gap), Some(at)) = (known.gap, known.at) else { return false };
        let left = known.older.len() - known.older.partition_point(|l| l.seq < at);
        if left > 40 || at > gap {
            return false;
        }
        known.loading = true;
        let chat = ChatRef { peer: id.peer, account: Some(id.account) };
        let query = Query::History { chat, before: None, after: Some(gap), since: None, until: None, limit: PAGE };
        self.query(query, Pending::Newer(id), out);
        true
    }

    pub(super) fn on_mouse(&mut self, mouse: Mouse, out: &mut Intents) {
        let areas = areas(self);
        let inside = |r: ratatui::layout::Rect| r.contains(ratatui::layout::Position::new(mouse.x, mouse.y));
        match mouse.act {
            MouseAct::ScrollUp => self.motion(Action::Up, out),
            MouseAct::ScrollDown => self.motion(Action::Down, out),
            MouseAct::Down(Button::Left) if inside(areas.list) => {
                if let Some(key) = crate::console::view::list::row_at(self, areas.list, mouse.y) {
                    self.select(key);
                    self.pane = Pane::List;
                }
            }
            MouseAct::Down(Button::Left) if inside(areas.lines) => self.enter_chat(),
            _ => {}
        }
    }
}
