//! The composer: what is typed, to whom it goes, and the claim that keeps others and the bot from talking over it.

use std::time::Duration;

use super::Intents;
use super::rows::{chat_ref, selected_items};
use crate::console::action::Action;
use crate::console::input::{Code, Key, Mods};
use crate::console::layer::{Layer, Sheet};
use crate::console::layout::areas;
use crate::console::lead::columns;
use crate::console::state::{Composing, Cursor, Lead, Pane, Pending, Purpose, Tone, Typed, Ui};
use crate::console::text::Composer;
use crate::domain::*;

/// A claim lasts 120 s; it is renewed well before, as long as the composer is open.
const RENEW: Duration = Duration::from_secs(60);

impl Ui {
    /// Opens the composer: for the draft that waits here, or for a message.
    pub(super) fn compose(&mut self, out: &mut Intents) {
        let Some(id) = self.chat() else { return self.nothing() };
        let draft = selected_items(self).into_iter().find_map(|n| match self.item(n).map(|i| &i.kind) {
            Some(ItemKind::Draft { text, suggestion: false, .. }) => Some((n, text.clone())),
            _ => None,
        });
        match draft {
            Some((item, text)) => self.begin_with(id, Purpose::Approve(item), &text, out),
            None => self.begin(id, Purpose::Say, out),
        }
    }

    /// Opens the composer with what the bot said, to put it right.
    pub(super) fn correct(&mut self, out: &mut Intents) {
        let Some(id) = self.chat() else { return self.nothing() };
        let line = self.line().filter(|l| l.author.is_ours() && !l.recalled);
        let last = || self.lines(id).into_iter().rev().find(|l| l.author == Author::Bot && !l.recalled).cloned();
        let Some(line) = line.or_else(last) else {
            let (zh, en) = ("这里没有机器人说过的话", "the bot said nothing here");
            return self.toast(self.lang().pick(zh, en).to_owned(), Tone::Hint);
        };
        self.begin_with(id, Purpose::Correct(line.seq), line.text.raw(), out);
    }

    /// Opens the composer with words to begin from, unless it was already begun.
    fn begin_with(&mut self, chat: ConversationId, purpose: Purpose, text: &str, out: &mut Intents) {
        let known = self.chat_ui(chat);
        if known.typed(&purpose).is_none_or(Composer::is_empty) {
            known.typed_mut(&purpose).set(text);
        }
        self.begin(chat, purpose, out);
    }

    pub(super) fn begin(&mut self, chat: ConversationId, purpose: Purpose, out: &mut Intents) {
        self.enter_chat();
        let claim_at = self.now.mono + RENEW;
        self.composing = Some(Composing { chat, purpose, claim_at });
        self.send(Command::Claim { chat: chat_ref(chat) }, Pending::Quiet, None, out);
    }

    pub(super) fn renew_claim(&mut self, out: &mut Intents) {
        let now = self.now.mono;
        let Some(composing) = self.composing.as_mut().filter(|c| c.claim_at <= now) else { return };
        composing.claim_at = now + RENEW;
        let chat = chat_ref(composing.chat);
        self.send(Command::Claim { chat }, Pending::Quiet, None, out);
    }

    /// Puts the composer away; what was typed stays.
    pub(super) fn end_composing(&mut self, out: &mut Intents) {
        if let Some(composing) = self.composing.take() {
            self.send(Command::Release { chat: chat_ref(composing.chat) }, Pending::Quiet, None, out);
        }
    }

    pub(super) fn on_compose_key(&mut self, key: Key, out: &mut Intents) {
        let Some(composing) = self.composing.clone() else { return };
        let plain = key.mods() == Mods::NONE;
        match key.code() {
            Code::Esc => return self.end_composing(out),
            Code::Enter if plain => return self.say(&composing, out),
            Code::Char('r') if key.mods() == Mods::CTRL => return self.open_canned(),
            // An empty line ends as in a shell; what is typed stays.
            Code::Char('d')
                if key.mods() == Mods::CTRL && self.typed(composing.chat).is_none_or(Composer::is_empty) =>
            {
                return self.end_composing(out);
            }
            // What was said above can be read while one writes.
            Code::PageUp if plain => return self.motion(Action::PageUp, out),
            Code::PageDown if plain => return self.motion(Action::PageDown, out),
            _ => {}
        }
        if composing.purpose == Purpose::Say && self.on_lead_key(composing.chat, key) {
            return;
        }
        let columns = {
            let areas = areas(self);
            columns(self, composing.chat, areas.active(self).map_or(0, |t| t.composer.width))
        };
        let width = self.width;
        let draft = self.chat_ui(composing.chat).typed_mut(&composing.purpose);
        match (key.code(), key.mods()) {
            (Code::Up, Mods::NONE) => drop(draft.up(columns, width)),
            (Code::Down, Mods::NONE) => drop(draft.down(columns, width)),
            (Code::Enter, _) => drop(draft.insert_char('\n')),
            (Code::Char('j'), Mods::CTRL) => drop(draft.insert_char('\n')),
            _ => drop(edit(draft, key)),
        }
    }

    fn say(&mut self, composing: &Composing, out: &mut Intents) {
        let id = composing.chat;
        if self.corrects_nothing(composing) {
            let (zh, en) = ("没有改动，什么都没发；Esc 收起", "nothing was changed, nothing is sent; Esc puts it away");
            return self.toast(self.lang().pick(zh, en).to_owned(), Tone::Hint);
        }
        // Taken at once: a second Enter must not send it twice. It comes back when the engine refuses.
        let text = self.chat_ui(id).typed_mut(&composing.purpose).take().trim_end().to_owned();
        if text.trim().is_empty() {
            return self.end_composing(out);
        }
        let lead = match composing.purpose {
            Purpose::Say => std::mem::take(&mut self.chat_ui(id).lead),
            _ => Lead::default(),
        };
        let purpose = composing.purpose.clone();
        let typed = Some(Typed { chat: id, purpose, text: text.clone(), lead: lead.clone() });
        let (chat, lang) = (chat_ref(id), self.lang());
        let (command, words) = match composing.purpose {
            Purpose::Say => {
                let (quote, at) = (lead.quote, lead.at.into_iter().map(|(user, _)| user).collect());
                (Command::Send { chat, text, quote, at }, lang.pick("已交给发送", "on its way"))
            }
            Purpose::Correct(line) => (Command::Correct { chat, line, text }, lang.pick("正在改正", "being corrected")),
            Purpose::Approve(item) => {
                (Command::Approve { item, text: Some(text) }, lang.pick("草稿已发出", "draft sent"))
            }
        };
        let pending = Pending::Command { words: words.to_owned(), typed };
        self.send(command, pending, None, out);
        self.chat_ui(id).follow();
        // A correction and a draft are one text each; a talk goes on.
        if composing.purpose != Purpose::Say {
            self.end_composing(out);
        }
        if self.pane == Pane::List {
            self.pane = Pane::Chat;
        }
    }

    /// A correction that is the very line: recalling it to say it again would only be noise.
    fn corrects_nothing(&self, composing: &Composing) -> bool {
        let Purpose::Correct(seq) = composing.purpose else { return false };
        let lines = self.lines(composing.chat);
        let Some(line) = lines.iter().find(|line| line.seq == seq) else { return false };
        self.typed(composing.chat).is_some_and(|typed| typed.text().trim_end() == line.text.raw().trim_end())
    }

    /// Pasted text is text wherever it arrives; in normal mode it is none of our keys.
    pub(super) fn on_paste(&mut self, text: &str, dropped: usize, _out: &mut Intents) {
        let mut lost = dropped;
        match self.layers.last_mut() {
            Some(Layer::Prompt(prompt)) => lost += prompt.line.insert(&text.replace('\n', " ")),
            Some(Layer::Confirm(confirm)) => lost += confirm.typed.insert(text.trim()),
            Some(Layer::Sheet(Sheet { filter: Some(filter), cursor, .. })) => {
                filter.extend(text.lines().next().unwrap_or_default().chars().take(64));
                *cursor = Cursor::default();
            }
            Some(_) => {}
            None => match self.composing.clone() {
                Some(composing) => lost += self.chat_ui(composing.chat).typed_mut(&composing.purpose).insert(text),
                None => {
                    let (zh, en) = ("按 i 打开输入框再粘贴", "press i first, then paste");
                    return self.toast(self.lang().pick(zh, en).to_owned(), Tone::Hint);
                }
            },
        }
        if lost > 0 {
            let words = match self.lang() {
                crate::words::Lang::Zh => format!("太长，丢下了 {lost} 字节"),
                crate::words::Lang::En => format!("too long: {lost} bytes left out"),
            };
            self.toast(words, Tone::Bad);
        }
    }
}

/// The keys of every text field; tells whether the key meant something.
pub(super) fn edit(line: &mut Composer, key: Key) -> bool {
    match (key.code(), key.mods()) {
        (Code::Backspace, Mods::NONE) | (Code::Char('h'), Mods::CTRL) => line.delete_before(),
        (Code::Delete, Mods::NONE) | (Code::Char('d'), Mods::CTRL) => line.delete_after(),
        (Code::Char('w'), Mods::CTRL) | (Code::Backspace, Mods::ALT) => line.delete_word(),
        (Code::Char('k'), Mods::CTRL) => line.kill_to_end(),
        (Code::Char('u'), Mods::CTRL) => line.kill_to_start(),
        (Code::Char('z' | '_'), Mods::CTRL) => line.undo(),
        (Code::Left, Mods::NONE) | (Code::Char('b'), Mods::CTRL) => line.left(),
        (Code::Right, Mods::NONE) | (Code::Char('f'), Mods::CTRL) => line.right(),
        (Code::Left, Mods::CTRL) | (Code::Char('b'), Mods::ALT) => line.word_left(),
        (Code::Right, Mods::CTRL) | (Code::Char('f'), Mods::ALT) => line.word_right(),
        (Code::Home, Mods::NONE) | (Code::Char('a'), Mods::CTRL) => line.home(),
        (Code::End, Mods::NONE) | (Code::Char('e'), Mods::CTRL) => line.end(),
        _ => match key.typed() {
            Some(c) => line.insert_char(c) == 0,
            None => false,
        },
    }
}
