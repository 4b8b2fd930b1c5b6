//! Moving: through lists, through lines, between panes. Following the newest is a matter of where one stands.

use std::sync::Arc;

use super::Intents;
use super::rows::{matters, things};
use crate::console::action::Action;
use crate::console::face::Intent;
use crate::console::layout::areas;
use crate::console::state::{By, Cursor, Half, Pane, Pending, RowKey, Tone, Ui, View};
use crate::console::view::{audit, lines, unsent};
use crate::domain::*;

/// Older lines asked of the store at once.
const PAGE: u32 = 100;
/// Chats kept beside at most.
const BESIDE: usize = 2;
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
            (View::Chats, Pane::Chat | Pane::Beside(_)) => self.move_in_chat(by),
            (View::Accounts, _) => self.accounts.shift(by, things(self).len(), 1),
            (View::Alerts, _) => self.alerts.shift(by, matters(self).len(), 1),
            (View::Usage, _) => {
                let rows = crate::console::view::usage::sums(self).len();
                self.usage.cursor.shift(by, rows, areas(self).body.height.saturating_sub(4).into());
            }
            (View::Log, _) if self.log.half == Half::Log => self.move_in_log(by),
            (View::Log, _) => {
                let rows = audit::shown(self).len();
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
        // From left to right: the list, the selected chat, those beside it.
        let last = self.beside.len() + 1;
        let at = match self.pane {
            Pane::List => 0,
            Pane::Chat => 1,
            Pane::Beside(n) => (n + 2).min(last),
        };
        let to = match action {
            Action::Left => at.saturating_sub(1),
            Action::Right => (at + 1).min(last),
            Action::PreviousPane => at.checked_sub(1).unwrap_or(last),
            _ => (at + 1) % (last + 1),
        };
        match to {
            0 => self.pane = Pane::List,
            1 => {
                // No chat may be selected; then what lies beside is next.
                self.pane = if self.selected_chat().is_some() || last == 1 { Pane::List } else { Pane::Beside(0) };
                self.enter_chat();
            }
            n => {
                self.pane = Pane::Beside(n - 2);
                self.mark_read();
            }
        }
    }

    /// Keeps the chat beside the others, or no longer.
    pub(super) fn keep_beside(&mut self, out: &mut Intents) {
        let Some(id) = self.chat() else { return self.nothing() };
        let lang = self.lang();
        let words = match self.beside.iter().position(|b| *b == id) {
            Some(n) => {
                self.beside.remove(n);
                self.pane = if self.pane == Pane::List { Pane::List } else { Pane::Chat };
                lang.pick("不再放在旁边", "no longer kept beside")
            }
            None => {
                self.beside.push(id);
                let more = self.beside.len().saturating_sub(BESIDE);
                self.beside.drain(..more);
                match self.settings.size.0 < 100 {
                    true => lang.pick(
                        "放在旁边了，Tab 过去；100 列起并排",
                        "kept beside: Tab goes there; side by side from 100 columns",
                    ),
                    false => lang.pick("放在旁边了，Tab 过去，| 收起", "kept beside: Tab goes there, | puts it away"),
                }
            }
        };
        self.toast(format!("{} · {words}", self.name_of(id)), Tone::Done);
        out.push(Intent::Remember(self.memory()));
    }

    /// The chat gets the keys.
    pub(super) fn enter_chat(&mut self) {
        if let Some(id) = self.chat() {
            if self.beside_chat().is_none() {
                self.pane = Pane::Chat;
            }
            let read = self.chat_ui(id).read;
            self.chat_ui(id).fresh.get_or_insert(read);
            self.mark_read();
        }
    }

    pub(super) fn move_in_list(&mut self, by: isize) {
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
        if self.beside_chat().is_some() {
            self.pane = Pane::Chat;
        }
        if self.list.selected == Some(key) {
            return;
        }
        if let Some(left) = self.chat() {
            self.chat_ui(left).fresh = None;
        }
        self.list.selected = Some(key);
        if self.selected_chat().is_none() {
            // Keys for lines would do nothing there.
            self.pane = Pane::List;
        }
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
        if self.view != View::Chats {
            return;
        }
        let Some(id) = self.chat() else { return self.pane = Pane::List };
        if self.pane == Pane::List {
            // The wheel may have turned it meanwhile.
            if self.chat_ui(id).bottom.is_some() {
                self.chat_ui(id).follow();
                self.mark_read();
            }
            return;
        }
        let known = self.chat_ui(id);
        if known.at.is_none() && known.bottom.is_none() {
            self.pane = Pane::List;
        } else {
            known.follow();
        }
    }

    /// What is on the screen counts as read.
    pub(super) fn mark_read(&mut self) {
        if self.view != View::Chats || self.paused.is_some() {
            return;
        }
        for talk in areas(self).talks.iter().filter(|t| t.lines.height > 0) {
            let Some(id) = talk.chat else { continue };
            let Some(last) = self.chat_view(id).map(|c| c.last) else { continue };
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
            let (len, room, urgent) = (self.list.rows.len(), height.saturating_sub(1), self.list.urgent);
            let mut settled = cursor.clone();
            settled.settle(len, room);
            // The line under what needs a human takes a row, where it is on the screen.
            let ruled = urgent > settled.top && urgent < len && urgent <= settled.top + room;
            cursor.settle(len, if ruled { room.saturating_sub(1) } else { room });
            self.list.top = cursor.top;
        }
        self.settle_log();
        for talk in areas.talks.iter().filter(|t| t.lines.height > 0) {
            if let Some(id) = talk.chat {
                // The last rows are what is not said yet, or tell how much is below.
                let known = self.chats.get(&id);
                let taken = match known.is_some_and(|c| c.bottom.is_none()) {
                    true => unsent::rows(self, id, talk.lines.width).len(),
                    false => 0,
                };
                let below = taken.max(usize::from(known.is_some_and(|c| c.at.is_some())));
                self.settle_chat(id, talk.lines.width, usize::from(talk.lines.height).saturating_sub(below).max(1));
            }
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
        // Where the selected line is above the screen, it becomes the first.
        if at >= self.first_shown(&all, bottom, width, height) {
            return;
        }
        let tall = |n: usize| lines::height(self, &all, n, width);
        let mut room = height.saturating_sub(tall(at));
        let mut end = at;
        while end + 1 < all.len() && room >= tall(end + 1) {
            room -= tall(end + 1);
            end += 1;
        }
        let newest = end + 1 >= all.len();
        self.chat_ui(id).bottom = if newest { None } else { all.get(end).map(|l| l.seq) };
    }

    /// The first line that is on the screen whole where `bottom` is the last.
    pub(super) fn first_shown(&self, all: &[Arc<Line>], bottom: usize, width: u16, height: usize) -> usize {
        let mut room = height;
        let mut first = bottom + 1;
        while first > 0 {
            let tall = lines::height(self, all, first - 1, width);
            if room < tall {
                break;
            }
            room -= tall;
            first -= 1;
        }
        first
    }

    /// Asks for older lines before the operator gets to the oldest at hand.
    pub(super) fn page_back(&mut self, out: &mut Intents) {
        let open: Vec<ConversationId> = self.selected_chat().into_iter().chain(self.beside.iter().copied()).collect();
        open.into_iter().for_each(|id| self.page_back_in(id, out));
    }

    fn page_back_in(&mut self, id: ConversationId, out: &mut Intents) {
        let lines = self.lines(id);
        // Where the wheel has turned, no line need be selected.
        let at = self.chats.get(&id).and_then(|c| c.at.or(c.bottom));
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
        for (id, known) in self.chats.iter_mut().filter(|(_, c)| !c.older.is_empty() || c.at.or(c.bottom).is_some()) {
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
}
