//! The palette: every action by its name, and every verb of `ctl` with its arguments, read by the same parser.

use serde_json::Map;

use super::Intents;
use crate::config::fits;
use crate::console::action::{Action, TABLE, named};
use crate::console::input::{Key, fold};
use crate::console::layer::{Ask, Layer, Page, Prompt, Topic};
use crate::console::state::{Cursor, Half, Tone, Ui, View};
use crate::console::theme::Themes;
use crate::domain::*;
use crate::verbs::{self, Verb, arguments::Arguments, command};
use crate::words::Lang;

/// Lines remembered.
pub(super) const HISTORY: usize = 100;

/// What leaves in the programs that people come from.
const LEAVE: &[&str] = &["q", "q!", "qa", "qa!", "wq", "wq!", "wqa", "x", "xa", "exit", "quit!", "bye", "detach"];
/// What saves there.
const SAVE: &[&str] = &["w", "w!", "wa", "write", "save"];

/// One line that the palette offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// What is typed.
    pub name: String,
    /// What it takes.
    pub arguments: String,
    /// What it does.
    pub words: &'static str,
    /// Its key.
    pub key: Option<String>,
}

impl Ui {
    /// What fits what is typed so far, the best first.
    pub fn completions(&self, prompt: &Prompt) -> Vec<Completion> {
        let lang = self.lang();
        let typed = narrowed(prompt.line.text().trim_start_matches([':', '：', ' ']));
        let typed = typed.as_str();
        if let Some(begun) = typed.strip_prefix("theme ") {
            return themes(begun.trim(), lang);
        }
        if let Some(begun) = typed.strip_prefix("canned ") {
            return self.canned_named(begun.trim());
        }
        let (name, has_more) = typed.split_once(char::is_whitespace).map_or((typed, false), |(n, _)| (n, true));
        let actions = TABLE.iter().filter(|e| self.may(e.role)).map(|e| Completion {
            name: e.name.to_owned(),
            arguments: String::new(),
            words: e.words(lang),
            key: self.keymap.key_of(e.action),
        });
        let is_action = |name: &str| TABLE.iter().any(|e| e.name == name);
        let known = verbs::TABLE.iter().filter(|e| self.may(e.role));
        let verbs = known.filter(|e| !e.arguments.is_empty() || !is_action(e.name)).map(|e| Completion {
            name: e.name.to_owned(),
            arguments: e.arguments.iter().map(verbs::Argument::shown).collect::<Vec<_>>().join(" "),
            words: e.words(lang),
            key: None,
        });
        let all = actions.chain(verbs);
        if has_more {
            return all.filter(|c| c.name == name).collect();
        }
        let mut scored: Vec<_> = all.filter_map(|c| Some((score(&c, name)?, c))).collect();
        scored.sort_by_key(|(score, _)| *score);
        scored.into_iter().map(|(_, c)| c).collect()
    }

    /// What a line with arguments would do, or what is wrong with it, before Enter. `None`: it says enough itself.
    pub fn understood(&self, prompt: &Prompt) -> Option<Result<String, String>> {
        let line = prompt.line.text().trim_start_matches([':', '：', ' ']);
        let name = line.split_whitespace().next()?;
        if prompt.ask != Ask::Palette || (!line.contains(' ') && verbs::find(name).is_none()) || named(line).is_some() {
            return None;
        }
        if let Some(theme) = line.strip_prefix("theme ") {
            let (zh, en) = ("没有这个配色", "no such theme");
            let known = theme.trim() == "auto" || Themes::shipped().names().any(|n| n == theme.trim());
            return Some(if known {
                Ok(Action::Theme.entry().words(self.lang()).to_owned())
            } else {
                Err(self.lang().pick(zh, en).into())
            });
        }
        if let Some(name) = line.strip_prefix("canned ") {
            let (zh, en) = ("没有这条常用回复", "no such canned reply");
            return Some(match self.canned_named(name.trim()).is_empty() {
                false => Ok(Action::Canned.entry().words(self.lang()).to_owned()),
                true => Err(self.lang().pick(zh, en).into()),
            });
        }
        let lang = self.lang();
        let (line, chat) = self.meant(line);
        let read = verbs::line::read(&line, lang).and_then(|(entry, given)| {
            let arguments = Arguments::new(given, lang);
            let command = command::command(entry.verb, &arguments).map_err(|e| e.words(lang))?;
            if let Some(Command::Set { chat, key, value }) = command {
                fits(chat.peer.into(), &key, &value).map_err(|e| e.words(lang.language()))?;
            }
            if entry.verb == Verb::Export {
                verbs::export::wanted(&arguments, self.now.wall).map_err(|e| e.words(lang))?;
            }
            // To whom it goes is what must not be overlooked.
            let to = chat.map_or_else(String::new, |name| format!("{name} · "));
            Ok(format!("{to}{}", entry.words(lang)))
        });
        Some(read)
    }

    pub(super) fn complete(&self, prompt: &mut Prompt) {
        let typed = prompt.line.text().to_owned();
        if typed.starts_with("theme ") || typed.starts_with("canned ") {
            if let Some(found) = self.completions(prompt).get(prompt.cursor.at) {
                prompt.line.set(&found.name);
            }
            return;
        }
        if let Some(found) = self.completions(prompt).get(prompt.cursor.at)
            && !typed.contains(' ')
        {
            let space = if found.arguments.is_empty() { "" } else { " " };
            prompt.line.set(&format!("{}{space}", found.name));
        } else if let Some(chat) = self.chat().filter(|_| typed.ends_with(' ')) {
            // The chat at hand is what most verbs are about.
            let wants_id = ["allow ", "deny ", "block ", "unblock "].iter().any(|v| typed.starts_with(v));
            let name = if wants_id { AccessId::from(chat.peer).to_string() } else { chat.to_string() };
            prompt.line.set(&format!("{typed}{name} "));
        }
        prompt.cursor = Cursor::default();
    }

    pub(super) fn recall_command(&self, prompt: &mut Prompt) {
        if prompt.cursor.at > 0 {
            return prompt.cursor.shift(-1, usize::MAX, 8);
        }
        prompt.back = (prompt.back + 1).min(self.history.len());
        self.show_former(prompt);
    }

    /// Towards the newest line again, then down the completions.
    pub(super) fn recall_newer(&self, prompt: &mut Prompt) {
        if prompt.back == 0 {
            let rows = self.completions(prompt).len();
            return prompt.cursor.shift(1, rows, 8);
        }
        prompt.back -= 1;
        if prompt.back == 0 {
            prompt.line.set("");
        }
        self.show_former(prompt);
    }

    fn show_former(&self, prompt: &mut Prompt) {
        if let Some(line) = self.history.len().checked_sub(prompt.back).and_then(|n| self.history.get(n)) {
            prompt.line.set(line);
        }
    }

    /// Runs a line of the palette.
    ///
    /// # Errors
    /// Why not, in words.
    pub(super) fn run_line(&mut self, text: &str, prompt: &Prompt, out: &mut Intents) -> Result<(), String> {
        let text = narrowed(text.trim_start_matches([':', '：']));
        let text = text.as_str();
        if LEAVE.contains(&text) {
            self.leave(out);
            return Ok(());
        }
        if SAVE.contains(&text) {
            let (zh, en) = ("不用存：每个改动当时就写好了", "nothing to save: every change is written at once");
            self.toast(self.lang().pick(zh, en).to_owned(), Tone::Hint);
            return Ok(());
        }
        // Without arguments, what is selected in the list is what was meant.
        let chosen = match text.contains(' ') {
            true => None,
            false => self.completions(prompt).get(prompt.cursor.at).cloned(),
        };
        let line = match &chosen {
            Some(c) if c.name != text && prompt.back == 0 && (prompt.cursor.at > 0 || verbs::find(text).is_none()) => {
                c.name.clone()
            }
            _ => text.to_owned(),
        };
        if line.is_empty() {
            return Ok(());
        }
        self.history.retain(|l| *l != line);
        self.history.push(line.clone());
        let old = self.history.len().saturating_sub(HISTORY);
        self.history.drain(..old);
        if let Some(entry) = TABLE.iter().find(|e| e.name == line) {
            self.act(entry.action, out);
            return Ok(());
        }
        if let Some(begun) = line.strip_prefix("theme ") {
            // What is selected, or begun well enough to be the only one.
            let found = self.completions(prompt);
            let name = match found.get(prompt.cursor.at) {
                Some(c) if prompt.cursor.at > 0 || found.len() == 1 => c.name.trim_start_matches("theme ").to_owned(),
                _ => begun.trim().to_owned(),
            };
            return match self.set_theme(&name) {
                true => Ok(()),
                false => Err(format!("{}{name}", self.lang().pick("没有这个配色：", "no such theme: "))),
            };
        }
        if let Some(begun) = line.strip_prefix("canned ") {
            let found = self.canned_named(begun.trim());
            let (zh, en) = ("没有这条常用回复：", "no such canned reply: ");
            let name = found.get(prompt.cursor.at).map(|c| c.name.trim_start_matches("canned ").to_owned());
            let text =
                name.and_then(|n| self.config.console.canned.iter().find(|c| c.name == n)).map(|c| c.text.clone());
            let text = text.ok_or_else(|| format!("{}{begun}", self.lang().pick(zh, en)))?;
            self.insert(&text, out);
            return Ok(());
        }
        let lang = self.lang();
        let (entry, given) = verbs::line::read(&self.meant(&line).0, lang)?;
        self.run_verb(entry, given, out)
    }

    /// Canned replies whose name holds this.
    fn canned_named(&self, begun: &str) -> Vec<Completion> {
        let words = Action::Canned.entry().words(self.lang());
        let fits = self.config.console.canned.iter().filter(|c| c.name.contains(begun));
        let rows =
            fits.map(|c| Completion { name: format!("canned {}", c.name), arguments: String::new(), words, key: None });
        rows.collect()
    }

    fn run_verb(
        &mut self,
        entry: &verbs::Entry,
        given: Map<String, serde_json::Value>,
        out: &mut Intents,
    ) -> Result<(), String> {
        let lang = self.lang();
        if !self.may(entry.role) {
            return Err(self.not_for_you(entry.role));
        }
        let arguments = Arguments::new(given, lang);
        if let Some(command) = command::command(entry.verb, &arguments).map_err(|e| e.words(lang))? {
            if command == Command::Shutdown {
                self.ask_shutdown();
                return Ok(());
            }
            if let Command::New { chat } = command {
                self.ask_new_of(chat);
                return Ok(());
            }
            let words = command::happened(&command, lang).unwrap_or_else(|| entry.words(lang).to_owned());
            self.command(command, words, out);
            return Ok(());
        }
        match entry.verb {
            Verb::Search => {
                let text = arguments.text("text").map_err(|e| e.words(lang))?;
                self.search(text, out);
            }
            Verb::Export => {
                let export = verbs::export::wanted(&arguments, self.now.wall).map_err(|e| e.words(lang))?;
                self.toast(super::export::begun(lang).to_owned(), Tone::Hint);
                self.export(export, out);
            }
            Verb::Usage => self.show(View::Usage, out),
            Verb::Audit => {
                self.log.half = Half::Audit;
                self.show(View::Log, out);
            }
            Verb::Logs | Verb::Tail => {
                self.log.half = Half::Log;
                self.show(View::Log, out);
            }
            Verb::Accounts | Verb::Providers | Verb::Status => self.show(View::Accounts, out),
            Verb::Alerts | Verb::Attention | Verb::Drafts | Verb::Requests => self.show(View::Alerts, out),
            Verb::Why => self.act(Action::Why, out),
            Verb::Sessions => self.open(Layer::Page(Page { topic: Topic::Diagnosis, cursor: Cursor::default() })),
            Verb::History | Verb::Get | Verb::Chats => {
                if let Ok(chat) = arguments.chat("chat") {
                    let known = self.list.rows.iter().copied().find(|k| match k {
                        crate::console::state::RowKey::Chat(id) => {
                            id.peer == chat.peer && chat.account.is_none_or(|a| a == id.account)
                        }
                        _ => false,
                    });
                    match known {
                        Some(key) => self.select(key),
                        None => return Err(lang.pick("列表里没有这个会话", "this chat is not in the list").to_owned()),
                    }
                }
                self.show(View::Chats, out);
            }
            _ => return Err(lang.pick("请用 qqdeck ctl", "use qqdeck ctl for this").to_owned()),
        }
        Ok(())
    }
}

/// The name of the command without full-width letters: an input method may have been on. What follows stays as it is.
fn narrowed(line: &str) -> String {
    let end = line.find(char::is_whitespace).unwrap_or(line.len());
    let (name, rest) = line.split_at(end);
    let narrow = |c: char| if c.is_ascii() { Some(c) } else { fold(Key::char(c)).typed() };
    name.chars().filter_map(narrow).chain(rest.chars()).collect()
}

/// Themes whose name begins so.
fn themes(begun: &str, lang: Lang) -> Vec<Completion> {
    let shipped = Themes::shipped();
    let fits = std::iter::once("auto").chain(shipped.names()).filter(|n| n.starts_with(begun));
    let words = Action::Theme.entry().words(lang);
    fits.map(|n| Completion { name: format!("theme {n}"), arguments: String::new(), words, key: None }).collect()
}

/// How well a line fits: exact, at the beginning, somewhere, letters in order; `None`: not.
fn score(c: &Completion, typed: &str) -> Option<u8> {
    let typed = typed.to_lowercase();
    if typed.is_empty() {
        return Some(9);
    }
    let has_in_order = |text: &str| {
        let mut letters = text.chars();
        typed.chars().all(|t| letters.any(|l| l == t))
    };
    match &c.name {
        name if *name == typed => Some(0),
        name if name.starts_with(&typed) => Some(1),
        name if name.contains(&typed) => Some(2),
        _ if c.words.to_lowercase().contains(&typed) => Some(3),
        name if has_in_order(name) => Some(4),
        _ => None,
    }
}
