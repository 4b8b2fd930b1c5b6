//! What each action does. One arm an action; what is longer than a line stands in a file of its own.

use super::Intents;
use super::rows::{chat_ref, matters, selected_alert, selected_items, selected_matter, selected_provider};
use super::several::again;
use crate::console::action::{Action, Scope, showing};
use crate::console::face::Intent;
use crate::console::layer::{Ask, Layer, Page, Topic};
use crate::console::state::{Cursor, Pane, Paused, Pending, RowKey, Tone, Ui, View};
use crate::domain::*;
use crate::words::{self, Lang};

impl Ui {
    /// Does what a key means.
    pub(super) fn act(&mut self, action: Action, out: &mut Intents) {
        let entry = action.entry();
        if !self.may(entry.role) {
            let words = self.not_for_you(entry.role);
            return self.toast(words, Tone::Bad);
        }
        // What needs somebody names its chat: keys of chats act there.
        if !entry.fits(self.view) && entry.scope == Scope::Chats && self.view == View::Alerts {
            self.go_to_its_chat();
            // The row is meant, whatever was marked before.
            self.list.marks.clear();
        }
        if self.wants_one(action) {
            return self.one_at_a_time(action);
        }
        if !entry.fits(self.view) {
            return self.out_of_place(action);
        }
        match action {
            Action::Chats => self.show(View::Chats, out),
            Action::Accounts => self.show(View::Accounts, out),
            Action::Alerts => self.show(View::Alerts, out),
            Action::Usage => self.show(View::Usage, out),
            Action::Log => self.show(View::Log, out),
            Action::Down
            | Action::Up
            | Action::PageDown
            | Action::PageUp
            | Action::Top
            | Action::Bottom
            | Action::Left
            | Action::Right
            | Action::NextPane
            | Action::PreviousPane => self.motion(action, out),
            Action::Menu => self.on_enter(out),
            Action::Reply => self.compose(out),
            Action::Quote => self.quote(out),
            Action::Canned => self.open_canned(),
            Action::Correct => self.correct(out),
            Action::Access => self.open_access(),
            Action::Mode => self.open_modes(),
            Action::Settings => self.open_settings(),
            Action::Block => self.open_block(),
            Action::Persona => self.open_personas(),
            Action::Model => self.open_models(),
            Action::Groups => self.open_groups(),
            Action::Provider => self.open_provider(),
            Action::Silence => self.open_silence(),
            Action::Restart => self.ask_restart(),
            Action::Theme => self.open_themes(),
            Action::Accept if self.is_marked() => self.accept_marked(out),
            Action::Accept => self.accept(out),
            Action::Refuse if self.is_marked() => self.refuse_marked(out),
            Action::Refuse => self.refuse(out),
            Action::Regenerate if self.is_marked() => self.regenerate_marked(out),
            Action::Regenerate => self.regenerate(out),
            Action::Recall => self.recall(),
            Action::New => self.ask_new(),
            Action::Resume => self.on_marked(out, |id| Command::Resume { chat: chat_ref(id) }, "恢复发送", "resumed"),
            Action::Note => self.ask_note(),
            Action::Mark => self.mark(),
            Action::Range => self.mark_range(),
            Action::Undo => self.undo(out),
            Action::NextAttention => self.next_attention(),
            Action::Why => self.open_why(),
            Action::Details => self.open_details(out),
            Action::Raw => match self.line() {
                Some(line) => {
                    let topic = Topic::Raw(line.conversation, line.seq);
                    self.open(Layer::Page(Page { topic, cursor: Cursor::default() }));
                }
                None => self.nothing(),
            },
            Action::Filter => self.ask(self.filter_of_here()),
            Action::Search => self.ask(Ask::Search),
            Action::Date => {
                if let Some(id) = self.chat() {
                    self.ask(Ask::Date(id));
                }
            }
            Action::NextMatch => self.find(true),
            Action::PreviousMatch => self.find(false),
            Action::Copy => self.copy(out),
            Action::Export => self.open_export(),
            Action::LogLevel => self.next_level(),
            Action::Wrap => self.wrap_log(),
            Action::Beside => self.keep_beside(out),
            Action::Zoom => self.zoom = !self.zoom,
            Action::Pause => match self.paused {
                Some(_) => self.thaw(out),
                None => self.paused = Some(Paused { since: self.now.mono, behind: self.snap.clone() }),
            },
            Action::Palette => self.ask(Ask::Palette),
            Action::Help => {
                let cursor = Cursor { at: crate::console::view::page::help_row(self, "", 0, true), top: 0 };
                self.open(Layer::Page(Page { topic: Topic::Help(String::new()), cursor }))
            }
            Action::Messages => {
                // They stand there; in the corner they would lie over what is read.
                self.toasts.clear();
                self.open(Layer::Page(Page { topic: Topic::Messages, cursor: Default::default() }));
            }
            Action::Reach => self.reach = self.reach.next(),
            Action::Closer => self.look_from(self.reach.closer()),
            Action::Further => self.look_from(self.reach.further()),
            Action::Times => self.ages = !self.ages,
            Action::Mouse => self.switch_mouse(out),
            Action::Bell => self.switch_bell(),
            Action::Screenshot => out.push(self.screenshot()),
            Action::Redraw => self.repaint = true,
            Action::Suspend => out.push(Intent::Suspend),
            Action::Quit => self.quit(out),
            Action::Shutdown => self.ask_shutdown(),
        }
    }

    /// Why something may not be done from here: one sentence, whoever says it.
    pub(super) fn not_for_you(&self, role: Role) -> String {
        match self.settings.read_only {
            true => self.lang().pick("只读：看得见，动不了", "read-only: look, do not touch").to_owned(),
            false => words::refusal(&Refusal::Role(role), self.lang()),
        }
    }

    /// Says where an action works, and how to get there.
    fn out_of_place(&mut self, action: Action) {
        let lang = self.lang();
        let entry = action.entry();
        let view = match entry.scope {
            Scope::Accounts => View::Accounts,
            Scope::Alerts => View::Alerts,
            Scope::Log => View::Log,
            Scope::Chats | Scope::Anywhere | Scope::Lists => View::Chats,
        };
        let (does, place) = (entry.short(lang), showing(view).entry().words(lang));
        let key = self.keymap.key_of(showing(view)).unwrap_or_default();
        let mut words = match lang {
            Lang::Zh => format!("“{does}”在“{place}”里用（按 {key}）"),
            Lang::En => format!("“{does}” works in “{place}” (press {key})"),
        };
        if action == Action::Wrap {
            // Who presses Z most often means vi's ZZ.
            let quit = self.keymap.key_of(Action::Quit).unwrap_or_default();
            words.push_str(&match lang {
                Lang::Zh => format!("；离开按 {quit}"),
                Lang::En => format!("; {quit} leaves"),
            });
        }
        self.toast(words, Tone::Hint);
    }

    pub(super) fn show(&mut self, view: View, out: &mut Intents) {
        self.view = view;
        self.look_closer(out);
        self.mark_read();
    }

    /// From what needs somebody to the chat in which it does.
    fn go_to_its_chat(&mut self) {
        let id = match selected_matter(self) {
            Some(RowKey::Chat(id)) => Some(id),
            Some(RowKey::Item(item)) => self.item(item).and_then(|i| i.conversation),
            _ => None,
        };
        if let Some(id) = id {
            self.view = View::Chats;
            self.select(RowKey::Chat(id));
        }
    }

    fn quit(&mut self, out: &mut Intents) {
        if self.zoom {
            self.zoom = false;
        } else if self.view == View::Chats && self.pane != Pane::List && self.settings.size.0 < 70 {
            self.pane = Pane::List;
        } else {
            self.leave(out);
        }
    }

    fn on_enter(&mut self, _out: &mut Intents) {
        if self.view == View::Chats && self.pane == Pane::List && self.chat().is_some() {
            let single = self.settings.size.0 < 70 || self.zoom;
            if single {
                return self.enter_chat();
            }
        }
        if self.view == View::Alerts {
            if let Some(id) = selected_alert(self).map(|view| view.alert.id) {
                return self.open(Layer::Page(Page { topic: Topic::Alert(id), cursor: Cursor::default() }));
            }
            self.go_to_its_chat();
            if self.view == View::Chats {
                return self.enter_chat();
            }
        }
        self.open_menu();
    }

    fn accept(&mut self, out: &mut Intents) {
        if let Some(view) = selected_alert(self) {
            let name = words::alert_name(&view.alert, self.lang());
            let command = Command::Ack { alert: view.alert.id };
            return self.command(command, format!("{name} · {}", self.lang().pick("已确认", "known")), out);
        }
        let Some(item) = selected_items(self).first().copied() else { return self.nothing() };
        let Some(kind) = self.item(item).map(|i| i.kind.clone()) else { return };
        let lang = self.lang();
        match kind {
            ItemKind::Draft { .. } => {
                self.command(Command::Approve { item, text: None }, lang.pick("已发出", "sent").into(), out);
            }
            ItemKind::Request(_) => {
                self.command(Command::Accept { item }, lang.pick("已同意", "accepted").into(), out);
            }
            ItemKind::Paused | ItemKind::BotMuted => {
                if let Some(id) = self.item(item).and_then(|i| i.conversation) {
                    self.command(Command::Resume { chat: chat_ref(id) }, lang.pick("已恢复", "resumed").into(), out);
                }
            }
            ItemKind::Unknown { .. }
            | ItemKind::Handover { .. }
            | ItemKind::WhileOffline { .. }
            | ItemKind::Unread { .. }
            | ItemKind::Removed => {
                self.command(Command::Reject { item }, lang.pick("已处理", "done with").into(), out);
            }
        }
    }

    fn refuse(&mut self, out: &mut Intents) {
        let lang = self.lang();
        if let Some(item) = selected_items(self).first().copied() {
            let is_request = self.item(item).is_some_and(|i| matches!(i.kind, ItemKind::Request(_)));
            if is_request {
                return self.ask(Ask::Refusal(item));
            }
            return self.command(Command::Reject { item }, lang.pick("已否决", "refused").into(), out);
        }
        match self.chat().filter(|_| self.view == View::Chats) {
            Some(id) if self.chat_view(id).is_some_and(|c| !c.writing.is_empty() || c.queued > 0) => {
                self.command(Command::Stop { chat: chat_ref(id) }, lang.pick("已停下", "stopped").into(), out);
            }
            _ => self.nothing(),
        }
    }

    /// Write again, answer what was ignored, or try a provider again: what fits the selection.
    fn regenerate(&mut self, out: &mut Intents) {
        let lang = self.lang();
        if let Some(name) = selected_provider(self).map(|p| p.name.to_string()) {
            let command = Command::Provider { name: name.clone(), to: ProviderSwitch::Reset };
            return self.command(command, format!("{name} · {}", lang.pick("重试", "tried again")), out);
        }
        if self.view == View::Alerts {
            self.go_to_its_chat();
        }
        // A line that is not on the screen is not meant.
        let Some(line) = self.line().filter(|_| self.view == View::Chats) else { return self.nothing() };
        let (command, zh, en) = again(&line);
        self.command(command, lang.pick(zh, en).into(), out);
    }

    /// Takes the last change back. What cannot be taken back is said first: pressed again, `u` goes on to what was
    /// done before it.
    fn undo(&mut self, out: &mut Intents) {
        let lang = self.lang();
        let before = self.undo.last().map(|undo| undo.words.clone());
        if let Some((words, _)) = self.beyond.take().filter(|(_, until)| *until > self.now.mono) {
            let more = before.map_or_else(String::new, |before| match lang {
                Lang::Zh => format!("；再按 u 撤销“{before}”"),
                Lang::En => format!("; u again undoes “{before}”"),
            });
            let words = match lang {
                Lang::Zh => format!("“{words}”撤销不了{more}"),
                Lang::En => format!("“{words}” cannot be undone{more}"),
            };
            return self.toast(words, Tone::Hint);
        }
        let Some(undo) = self.undo.pop() else {
            let (zh, en) = ("没有可撤销的改动（只撤 30 秒内的）", "nothing to undo (only changes of the last 30 s)");
            return self.toast(lang.pick(zh, en).to_owned(), Tone::Hint);
        };
        // What was done and is undone now is no news any more.
        self.toasts.retain(|toast| toast.tone != Tone::Done);
        let words = format!("{}{}", lang.pick("已撤销：", "undone: "), undo.words);
        for command in undo.commands {
            self.send(command, Pending::Undo(words.clone()), None, out);
        }
    }

    /// Graphs reach as far; where they cannot, it is said.
    fn look_from(&mut self, reach: Option<Reach>) {
        let (zh, en) = match self.reach {
            Reach::Hours => ("走势图不能再远了", "graphs reach no further back"),
            _ => ("走势图不能再近了", "graphs get no closer"),
        };
        match reach {
            Some(reach) => self.reach = reach,
            None => self.toast(self.lang().pick(zh, en).to_owned(), Tone::Hint),
        }
    }

    fn next_attention(&mut self) {
        if self.view != View::Chats {
            let rows = matters(self).len();
            self.view = View::Alerts;
            self.alerts.at = if rows == 0 { 0 } else { (self.alerts.at + 1) % rows };
            return;
        }
        let all: Vec<RowKey> = self.list.rows[..self.list.urgent.min(self.list.rows.len())].to_vec();
        if all.is_empty() {
            let (zh, en) = ("没有等人处理的事", "nothing needs you");
            return self.toast(self.lang().pick(zh, en).to_owned(), Tone::Hint);
        }
        let at = self.list.selected.and_then(|s| all.iter().position(|k| *k == s));
        let next = at.map_or(0, |at| (at + 1) % all.len());
        self.select(all[next]);
    }

    pub(super) fn nothing(&mut self) {
        let (zh, en) = ("这里没有要处理的", "nothing here to act on");
        self.toast(self.lang().pick(zh, en).to_owned(), Tone::Hint);
    }

    fn copy(&mut self, out: &mut Intents) {
        let text = match self.view {
            View::Log => self.log_line(),
            View::Chats => self.line().map(|l| l.text.shown().to_owned()),
            _ => None,
        };
        let Some(text) = text else { return self.nothing() };
        let mut bytes = Vec::new();
        let cut = crate::console::backend::copy(&text, &mut bytes);
        out.push(Intent::Write(bytes));
        let (zh, en) = match cut {
            true => ("已复制前面的部分（终端的上限）", "copied the first part (a terminal's limit)"),
            false => ("已复制", "copied"),
        };
        self.toast(self.lang().pick(zh, en).to_owned(), Tone::Done);
    }

    fn screenshot(&mut self) -> Intent {
        let tag = self.next_tag();
        self.pending.insert(tag, Pending::File(None));
        let text = crate::console::svg::picture(&crate::console::view::picture(self).0, &self.theme, self.width);
        Intent::Export { tag, name: "screen.svg".into(), text }
    }

    fn find(&mut self, down: bool) {
        let Some(id) = self.chat() else { return };
        let find = self.chat_ui(id).find.to_lowercase();
        if find.is_empty() {
            return;
        }
        let lines = self.lines(id);
        let hits: Vec<Seq> =
            lines.iter().filter(|l| self.as_shown(l).to_lowercase().contains(&find)).map(|l| l.seq).collect();
        let at = self.chats.get(&id).and_then(|c| c.at).unwrap_or(Seq(u64::MAX));
        let next = match down {
            true => hits.iter().copied().find(|s| *s > at),
            false => hits.iter().rev().copied().find(|s| *s < at),
        };
        match next {
            Some(seq) => {
                if self.pane == Pane::List {
                    self.pane = Pane::Chat;
                }
                self.chat_ui(id).at = Some(seq);
            }
            None => {
                let (zh, en) = ("没有更多了", "no more");
                self.toast(format!("{}: {find}", self.lang().pick(zh, en)), Tone::Hint);
            }
        }
    }

    /// A line as it is read: what is seen can be looked for.
    fn as_shown<'l>(&self, line: &'l Line) -> std::borrow::Cow<'l, str> {
        crate::console::view::lines::named(self, line.conversation.account, line.text.shown())
    }

    /// Looks for words in a chat, from the newest line up.
    pub(super) fn find_first(&mut self, id: ConversationId, text: String) {
        self.chat_ui(id).find = text;
        self.find(false);
    }
}
