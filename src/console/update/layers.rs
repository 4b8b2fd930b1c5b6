//! Keys for what lies over the view. Esc and q go back; destructive answers are never Enter.

use std::time::Duration;

use super::Intents;
use super::compose::edit;
use crate::console::action::Action;
use crate::console::face::Intent;
use crate::console::input::{Code, Key, Mods, fold};
use crate::console::keymap::Meaning;
use crate::console::layer::{Act, Ask, Confirm, Grade, Layer, Page, Prompt, Sheet, Topic};
use crate::console::state::{Cursor, Pending, Ui};
use crate::console::text::Composer;
use crate::console::view::{layers as drawn, page, sheet};
use crate::domain::*;

/// How long a question must have stood before it is answered.
const READ: Duration = Duration::from_millis(150);

impl Ui {
    pub(super) fn on_layer_key(&mut self, key: Key, out: &mut Intents) {
        let Some(layer) = self.layers.pop() else { return };
        match layer {
            Layer::Sheet(sheet) => self.on_sheet_key(sheet, key, out),
            Layer::Confirm(confirm) => self.on_confirm_key(confirm, key, out),
            Layer::Prompt(prompt) => self.on_prompt_key(prompt, key, out),
            Layer::Page(page) => self.on_page_key(page, key, out),
        }
    }

    /// A picture of the screen can be taken whatever lies over it, and does not put it away: by a key that types
    /// nothing, and where nothing is typed by any.
    pub(super) fn shoots(&mut self, key: Key, out: &mut Intents) -> bool {
        let types = match self.layers.last() {
            Some(Layer::Prompt(_)) => true,
            Some(Layer::Sheet(sheet)) => sheet.filter.is_some(),
            Some(Layer::Confirm(confirm)) => confirm.grade != Grade::Yes,
            Some(Layer::Page(page)) => matches!(page.topic, Topic::Help(_)),
            // The composer.
            None => true,
        };
        if types && key.typed().is_some() {
            self.chord.clear();
            return false;
        }
        self.chord.push(key);
        match self.keymap.meaning(&self.chord, self.view) {
            // Drawing everything again, too, is wanted wherever the screen is broken.
            Meaning::Act(action @ (Action::Screenshot | Action::Redraw)) => {
                self.chord.clear();
                self.act(action, out);
                return true;
            }
            // The beginning of the chord has its own meaning here.
            Meaning::More => {}
            _ => self.chord.clear(),
        }
        false
    }

    fn on_sheet_key(&mut self, mut sheet: Sheet, key: Key, out: &mut Intents) {
        let rows = sheet::rows(&sheet);
        let folded = if sheet.filter.is_some() { key } else { fold(key) };
        match (folded.code(), folded.mods()) {
            (Code::Esc, _) => {
                if let Some(former) = sheet.restore {
                    self.choose_theme(former);
                }
                return;
            }
            (Code::Down, _) => sheet.cursor.shift(1, rows.len(), 1),
            (Code::Up, _) => sheet.cursor.shift(-1, rows.len(), 1),
            (Code::PageDown, _) => sheet.cursor.shift(10, rows.len(), 1),
            (Code::PageUp, _) => sheet.cursor.shift(-10, rows.len(), 1),
            (Code::Enter, _) => return self.choose(sheet, &rows, out),
            _ => {
                if let Some(filter) = &mut sheet.filter {
                    match (key.code(), key.typed()) {
                        (Code::Backspace, _) => drop(filter.pop()),
                        (_, Some(c)) => filter.push(c),
                        _ => {}
                    }
                    sheet.cursor = Cursor::default();
                } else {
                    match folded.typed() {
                        Some('q') => return,
                        Some('j') => sheet.cursor.shift(1, rows.len(), 1),
                        Some('k') => sheet.cursor.shift(-1, rows.len(), 1),
                        Some(c @ '1'..='9') => {
                            let place = c as usize - '1' as usize;
                            if place < rows.len() {
                                sheet.cursor.at = place;
                                return self.choose(sheet, &rows, out);
                            }
                        }
                        _ => {}
                    }
                }
            }
        }
        self.preview(&sheet);
        self.layers.push(Layer::Sheet(sheet));
    }

    /// A theme is shown while it is looked at.
    fn preview(&mut self, sheet: &Sheet) {
        let rows = sheet::rows(sheet);
        if let Some(Act::Theme(name)) = rows.get(sheet.cursor.at).map(|n| &sheet.rows[*n].act) {
            self.set_theme(&name.clone());
        }
    }

    fn choose(&mut self, sheet: Sheet, rows: &[usize], out: &mut Intents) {
        let Some(choice) = rows.get(sheet.cursor.at).map(|n| sheet.rows[*n].clone()) else {
            return self.layers.push(Layer::Sheet(sheet));
        };
        match choice.act {
            Act::Action(action) => self.act(action, out),
            Act::Heading => {}
            Act::Insert(text) => self.insert(&text, out),
            Act::Export(exports) => self.export_all(exports, out),
            Act::Open(mut layer) => {
                if let Layer::Confirm(confirm) = &mut *layer {
                    confirm.since = self.now.mono;
                }
                self.layers.push(*layer);
            }
            Act::Theme(name) => {
                self.set_theme(&name);
                out.push(Intent::Remember(self.memory()));
            }
            Act::Commands(commands, words) => self.together(commands, words, out),
        }
    }

    fn on_confirm_key(&mut self, mut confirm: Confirm, key: Key, out: &mut Intents) {
        // What was typed before the question could be read is no answer to it.
        let early = self.now.mono.since(confirm.since) < READ;
        let said = match (&confirm.grade, key.code()) {
            (_, Code::Esc) => Some(false),
            _ if early => None,
            (Grade::Yes, _) => match fold(key).typed() {
                Some('y' | 'Y') => Some(true),
                Some('n' | 'N' | 'q') => Some(false),
                _ => None,
            },
            (Grade::Typed(name), Code::Enter) => (confirm.typed.text().trim() == name).then_some(true),
            (Grade::Typed(_), _) => {
                edit(&mut confirm.typed, key);
                None
            }
        };
        match said {
            Some(true) => self.together(confirm.commands, confirm.done, out),
            Some(false) => {}
            None => self.layers.push(Layer::Confirm(confirm)),
        }
    }

    fn on_prompt_key(&mut self, mut prompt: Prompt, key: Key, out: &mut Intents) {
        match (key.code(), key.mods()) {
            (Code::Esc, _) => {
                if let Ask::Narrow(view) = prompt.ask {
                    self.narrow(view, "");
                }
                if prompt.ask == Ask::Filter {
                    self.widen(true);
                } else if matches!(prompt.ask, Ask::LogFilter | Ask::AuditFilter) {
                    self.filter_log(&prompt.ask, "");
                }
                return;
            }
            (Code::Enter, _) => return self.answer_prompt(prompt, out),
            (Code::Tab, _) => self.complete(&mut prompt),
            (Code::Down, _) if prompt.ask == Ask::Palette => self.recall_newer(&mut prompt),
            (Code::Up, _) if prompt.ask == Ask::Palette => self.recall_command(&mut prompt),
            (Code::Backspace, Mods::NONE) if prompt.line.is_empty() => {
                if prompt.ask == Ask::Filter {
                    self.widen(true);
                }
                return;
            }
            _ => {
                edit(&mut prompt.line, key);
                (prompt.cursor, prompt.error, prompt.back) = (Cursor::default(), None, 0);
            }
        }
        if let Ask::Narrow(view) = prompt.ask {
            self.narrow(view, prompt.line.text());
        }
        if prompt.ask == Ask::Filter {
            self.list.filter = prompt.line.text().to_owned();
            self.touched = Mono(0);
            self.arrange();
            if let Some(first) = self.list.rows.first().copied() {
                self.select(first);
            }
        }
        if matches!(prompt.ask, Ask::LogFilter | Ask::AuditFilter) {
            self.filter_log(&prompt.ask, prompt.line.text());
        }
        self.layers.push(Layer::Prompt(prompt));
    }

    fn answer_prompt(&mut self, mut prompt: Prompt, out: &mut Intents) {
        let text = prompt.line.text().trim().to_owned();
        let lang = self.lang();
        match prompt.ask.clone() {
            Ask::Palette => {
                if let Err(words) = self.run_line(&text, &prompt, out) {
                    prompt.error = Some(words);
                    self.layers.push(Layer::Prompt(prompt));
                }
            }
            Ask::Filter => {
                if !text.is_empty() {
                    self.ask_chats(None, out);
                }
            }
            Ask::LogFilter | Ask::AuditFilter => self.filter_log(&prompt.ask, &text),
            Ask::Narrow(view) => self.narrow(view, &text),
            Ask::Search if text.is_empty() => {}
            Ask::Search => self.search(text, out),
            Ask::Find(id) => self.find_first(id, text),
            Ask::Date(id) => match self.day(&text) {
                Some(until) => {
                    let query = Query::History {
                        chat: super::rows::chat_ref(id),
                        before: None,
                        after: None,
                        since: None,
                        until: Some(until),
                        limit: 200,
                    };
                    self.query(query, Pending::Date(id, None), out);
                }
                None => {
                    let (zh, en) = ("写作 2026-11-21、11-21 或 3（天前）", "write 2026-11-21, 11-21 or 3 (days ago)");
                    prompt.error = Some(lang.pick(zh, en).to_owned());
                    self.layers.push(Layer::Prompt(prompt));
                }
            },
            Ask::Note(id) => {
                let all = if self.list.marks.is_empty() { vec![id] } else { self.targets() };
                let words = self.of_several(&all, lang.pick("备注已记下", "noted"));
                let note = |id: &ConversationId| Command::Note { chat: super::rows::chat_ref(*id), text: text.clone() };
                self.together(all.iter().map(note).collect(), words, out);
            }
            Ask::Setting(_, key) if self.list.marks.len() > 1 => self.set_marked(&key, text, out),
            Ask::Setting(id, key) => self.write_setting(id, key, text, prompt, out),
            Ask::Refusal(item) => {
                let words = lang.pick("已拒绝", "refused").into();
                self.command(Command::Refuse { item, reason: text }, words, out);
            }
        }
    }

    fn on_page_key(&mut self, mut shown: Page, key: Key, out: &mut Intents) {
        let width = self.settings.size.0.min(drawn::PAGE).saturating_sub(2);
        let total = page::rows(self, &shown.topic, width.into()).len();
        let height = usize::from(self.settings.size.1.saturating_sub(4)).max(1);
        let selects = matches!(shown.topic, Topic::Found { .. } | Topic::Help(_));
        let last = if selects { total } else { total.saturating_sub(height) + 1 };
        if let Topic::Help(filter) = &mut shown.topic {
            match (key.code(), key.typed()) {
                (Code::Esc, _) if !filter.is_empty() => filter.clear(),
                (Code::Backspace, _) => drop(filter.pop()),
                (Code::Enter, _) => {
                    return match page::action_at(self, filter, shown.cursor.at) {
                        Some(action) => self.act(action, out),
                        None => self.layers.push(Layer::Page(shown)),
                    };
                }
                (_, Some('?' | '？')) => return,
                (_, Some(c)) => filter.push(c),
                (Code::Esc, _) => return,
                (code, _) => {
                    let by = step(code, height);
                    shown.cursor.shift(by, last, height);
                    shown.cursor.at = page::help_row(self, filter, shown.cursor.at, by >= 0);
                    return self.layers.push(Layer::Page(shown));
                }
            }
            shown.cursor = Cursor { at: page::help_row(self, filter, 0, true), top: 0 };
            return self.layers.push(Layer::Page(shown));
        }
        let folded = fold(key);
        let by = match (folded.code(), folded.typed()) {
            (Code::Esc, _) | (_, Some('q')) => return,
            (Code::Enter, _) => {
                if let Topic::Found { lines: Some(lines), .. } = &shown.topic
                    && let Some(line) = lines.get(shown.cursor.at).cloned()
                {
                    return self.go_to(&line, out);
                }
                // What is still being looked for is worth waiting for.
                if matches!(shown.topic, Topic::Found { lines: None, .. }) {
                    self.layers.push(Layer::Page(shown));
                }
                return;
            }
            (_, Some('j')) => 1,
            (_, Some('k')) => -1,
            (_, Some('G')) => isize::MAX / 2,
            (_, Some('g')) => isize::MIN / 2,
            (_, Some('w' | 'e' | 'r' | 'm' | 'c' | 'i' | 'B' | 'K' | 'L')) if !selects => {
                // The page names the key that changes it: it works from here.
                return self.on_key_of_page(&shown.topic, key, out);
            }
            (code, _) => step(code, height),
        };
        shown.cursor.shift(by, last, height);
        self.layers.push(Layer::Page(shown));
    }

    /// A key on a page about a line is meant for that line, whichever is selected below.
    fn on_key_of_page(&mut self, topic: &Topic, key: Key, out: &mut Intents) {
        let (Topic::Why(id, seq) | Topic::Details(id, seq, _)) = *topic else { return self.on_normal_key(key, out) };
        let was = self.chat_ui(id).at.replace(seq);
        self.on_normal_key(key, out);
        let known = self.chat_ui(id);
        if known.at == Some(seq) {
            known.at = was;
        }
    }

    /// Asks for a line.
    pub(super) fn ask(&mut self, ask: Ask) {
        let mut line = Composer::with_limit(4096);
        match &ask {
            Ask::Filter => {
                line.set(&self.list.filter);
                if self.list.filter.is_empty() {
                    self.list.former = self.list.selected;
                }
            }
            Ask::LogFilter => drop(line.set(&self.log.filter)),
            Ask::AuditFilter => drop(line.set(&self.log.sift.filter)),
            Ask::Narrow(view) => drop(line.set(self.narrowed(*view))),
            Ask::Note(id) => {
                // To several, only a note that they all have is worth beginning from.
                let all = self.targets();
                let note = self.chat_view(*id).map(|chat| chat.state.note.clone()).unwrap_or_default();
                if all.iter().all(|id| self.chat_view(*id).is_none_or(|chat| chat.state.note == note)) {
                    line.set(&note);
                }
            }
            _ => {}
        }
        self.open(Layer::Prompt(Prompt { ask, line, cursor: Cursor::default(), error: None, back: 0 }));
    }
}

fn step(code: Code, height: usize) -> isize {
    let page = height as isize;
    match code {
        Code::Down => 1,
        Code::Up => -1,
        Code::PageDown => page,
        Code::PageUp => -page,
        Code::Home => isize::MIN / 2,
        Code::End => isize::MAX / 2,
        _ => 0,
    }
}
