//! The mouse: the wheel turns what is under it, a click goes where it points. Neither selects a line behind one's
//! back: keys act on the selected one.

use std::sync::Arc;

use ratatui::layout::{Position, Rect};

use super::Intents;
use crate::console::action::Action;
use crate::console::input::{Button, Code, Key, Mouse, MouseAct};
use crate::console::layout::{Talk, areas};
use crate::console::state::{Pane, Ui, View};
use crate::console::view::{lines, list};
use crate::domain::*;

/// Rows of a chat that a notch of the wheel turns, at least: a line may be several.
const NOTCH: usize = 3;

impl Ui {
    pub(super) fn on_mouse(&mut self, mouse: Mouse, out: &mut Intents) {
        // What lies over the view is what the wheel turns; a click beside it must not change what is below.
        if !self.layers.is_empty() {
            match mouse.act {
                MouseAct::ScrollUp => self.on_layer_key(Key::plain(Code::Up), out),
                MouseAct::ScrollDown => self.on_layer_key(Key::plain(Code::Down), out),
                _ => {}
            }
            return;
        }
        let areas = areas(self);
        let inside = |r: Rect| r.contains(Position::new(mouse.x, mouse.y));
        let talk = areas.talks.iter().find(|t| inside(t.all)).copied();
        match mouse.act {
            MouseAct::ScrollUp | MouseAct::ScrollDown => {
                let down = mouse.act == MouseAct::ScrollDown;
                match talk {
                    Some(talk) => self.turn_chat(&talk, down),
                    None if inside(areas.list) => self.move_in_list(if down { 1 } else { -1 }),
                    None if self.view == View::Chats => {}
                    None => self.motion(if down { Action::Down } else { Action::Up }, out),
                }
            }
            MouseAct::Down(Button::Left) if inside(areas.list) => {
                if let Some(key) = list::row_at(self, areas.list, mouse.y) {
                    self.select(key);
                    self.pane = Pane::List;
                }
            }
            MouseAct::Down(Button::Left) => {
                if let Some(talk) = talk.filter(|t| inside(t.lines)) {
                    self.click_in_chat(&talk, mouse.y);
                }
            }
            _ => {}
        }
    }

    /// A click gives the chat the keys; on the row that tells what is below, it goes there.
    fn click_in_chat(&mut self, talk: &Talk, y: u16) {
        let known = talk.chat.and_then(|id| self.chats.get(&id));
        let newer = y + 1 == talk.lines.bottom() && known.is_some_and(|c| c.bottom.is_some());
        self.pane = talk.pane;
        self.enter_chat();
        if let Some(id) = talk.chat.filter(|_| newer) {
            self.chat_ui(id).follow();
            self.mark_read();
        }
    }

    /// Scrolls a chat; the selected line, where there is one, goes along at the edge of the screen.
    fn turn_chat(&mut self, talk: &Talk, down: bool) {
        let Some(id) = talk.chat else { return };
        let all: Vec<Arc<Line>> = self.lines(id).into_iter().cloned().collect();
        let Some(last) = all.len().checked_sub(1) else { return };
        let (width, height) = (talk.lines.width, usize::from(talk.lines.height).saturating_sub(1).max(1));
        let place = |seq: Seq| all.partition_point(|l| l.seq < seq).min(last);
        let known = self.chats.get(&id);
        let (at, bottom) = known.map_or((None, None), |c| (c.at, c.bottom));
        let mut to = bottom.map_or(last, place);
        let mut rows = 0;
        while rows < NOTCH {
            rows += lines::height(self, &all, if down { (to + 1).min(last) } else { to }, width).max(1);
            // Further up there would be nothing above the first line.
            to = match down {
                true if to < last => to + 1,
                false if to > 0 && self.first_shown(&all, to, width, height) > 0 => to - 1,
                _ => break,
            };
        }
        let first = self.first_shown(&all, to, width, height).min(to);
        let at = at.map(|seq| place(seq).clamp(first, to));
        let known = self.chat_ui(id);
        if to >= last {
            if at.is_none() {
                known.follow();
            }
            known.bottom = None;
        } else {
            known.bottom = Some(all[to].seq);
        }
        known.at = at.filter(|at| *at < last).map(|at| all[at].seq);
        self.mark_read();
    }
}
