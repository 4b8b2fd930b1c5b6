//! From news to the next state, and what is wanted of the world. Pure: the same news at the same times give the
//! same state.
//!
//! Keys go to the top layer, then to the composer, then to the view; each has a file beside this one.

mod act;
mod answers;
mod canned;
mod compose;
mod dress;
mod export;
mod forget;
mod layers;
mod list;
mod log;
mod meant;
mod mention;
mod menu;
mod motion;
mod mouse;
mod narrow;
mod palette;
mod remember;
mod ring;
mod rows;
mod search;
mod settings;
mod several;
mod sheets;

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::action::Action;
use super::face::{Intent, News};
use super::input::{Code, Event, Key, Mods};
use super::keymap::Meaning;
use super::layer::Layer;
use super::state::{Paused, Pending, Toast, Tone, Ui, View};
use crate::domain::*;
use crate::words::Lang;

pub use remember::merged;
pub(super) use rows::{Matter, Thing, attention, is_refused, matters, things};
pub(super) use settings::about;

/// How long words stay in the corner.
const TOAST: Duration = Duration::from_secs(5);
/// How long a change can be undone.
const UNDO: Duration = Duration::from_secs(30);
/// How long after a Ctrl-C another one leaves.
const AGAIN: Duration = Duration::from_secs(1);
/// Letters of a phrase that are shown where it was not meant to go.
const STRAY: usize = 20;
/// Words kept for `:messages`.
const SAID: usize = 200;
/// Intents of one piece of news.
pub(super) type Intents = Vec<Intent>;

impl Ui {
    /// Takes in one piece of news; typed bytes come as events.
    pub fn update(&mut self, news: News, now: Now) -> Intents {
        self.now = now;
        let mut out = Intents::new();
        match news {
            News::Bytes(_) => {}
            News::Resize(width, height) => self.settings.size = (width.clamp(1, 500), height.clamp(1, 200)),
            News::Snapshot(snap) => self.on_snapshot(snap, &mut out),
            News::Answer(tag, result) => self.on_answer(tag, result, &mut out),
            News::Page(tag, page) => self.on_page(tag, page, &mut out),
            News::Config { config, origins, file } => {
                (self.origins, self.file) = (origins, file);
                self.on_config(config, &mut out);
            }
            News::Operators(present) => {
                let known = self.composes_twice();
                self.present = present;
                self.warn_of_myself(known);
            }
            News::Remembered(screen) => self.remembered(screen.as_deref(), &mut out),
            News::Exported(tag, result) => self.on_exported(tag, result),
            News::Log(news) => self.on_log(news),
            News::Time => self.on_time(&mut out),
            News::Repaint => {}
        }
        self.watch_log(&mut out);
        self.settle();
        out
    }

    /// Takes in what was typed.
    pub fn event(&mut self, event: Event, now: Now) -> Intents {
        self.now = now;
        self.touched = now.mono;
        let mut out = Intents::new();
        let known = self.composes_twice();
        match event {
            Event::Key(key) => self.on_key(key, &mut out),
            Event::Paste(paste) => self.on_paste(&paste.text, paste.dropped, &mut out),
            Event::Mouse(mouse) => self.on_mouse(mouse, &mut out),
            Event::Background(r, g, b) => self.on_background((r, g, b)),
            Event::Focus(here) => self.bell.away = !here,
        }
        self.warn_of_myself(known);
        self.look_closer(&mut out);
        self.watch_log(&mut out);
        self.settle();
        out
    }

    /// The chat in which this operator is about to speak here and at another terminal.
    fn composes_twice(&self) -> Option<ConversationId> {
        self.composing.as_ref().map(|c| c.chat).filter(|id| self.composes_elsewhere(*id))
    }

    /// Says so, once and as long as it is so: a claim keeps others away, not oneself.
    fn warn_of_myself(&mut self, known: Option<ConversationId>) {
        let twice = self.composes_twice();
        if twice == known {
            return;
        }
        let (zh, en) = ("你在另一个终端里也正在回复这个会话", "you are replying here at another terminal, too");
        let words = self.lang().pick(zh, en);
        self.toasts.retain(|toast| toast.words != words);
        if twice.is_some() {
            self.toast(words.to_owned(), Tone::Bad);
        }
    }

    fn on_snapshot(&mut self, snap: Arc<Snapshot>, out: &mut Intents) {
        self.ring(&snap, out);
        if let Some(paused) = &mut self.paused {
            paused.behind = snap;
            return;
        }
        let old = std::mem::replace(&mut self.snap, snap);
        self.keep_what_fell_off(&old);
        self.arrange();
        self.mark_read();
        self.look_closer(out);
    }

    fn on_key(&mut self, key: Key, out: &mut Intents) {
        // Bad news stays until somebody was there.
        self.toasts.retain(|t| t.tone != Tone::Bad || t.until > self.now.mono);
        if (self.composing.is_some() || !self.layers.is_empty()) && self.shoots(key, out) {
            return;
        }
        let interrupts = (key.code(), key.mods()) == (Code::Char('c'), Mods::CTRL);
        if interrupts && self.keymap.meaning(&[key], self.view) == Meaning::Nothing {
            return self.interrupt(out);
        }
        if self.layers.is_empty() {
            match self.composing.is_some() {
                true => self.on_compose_key(key, out),
                false => self.on_normal_key(key, out),
            }
        } else {
            self.on_layer_key(key, out);
        }
    }

    /// Ctrl-C gives up what is begun, as Esc does; where nothing is begun, twice within a second leaves.
    fn interrupt(&mut self, out: &mut Intents) {
        if !self.layers.is_empty() || self.composing.is_some() || !self.chord.is_empty() {
            let esc = Key::plain(Code::Esc);
            self.interrupted = None;
            return match (self.layers.is_empty(), self.composing.is_some()) {
                (false, _) => self.on_layer_key(esc, out),
                (true, true) => self.on_compose_key(esc, out),
                (true, false) => self.chord.clear(),
            };
        }
        let before = self.interrupted.replace(self.now.mono);
        if before.is_some_and(|at| self.now.mono.since(at) <= AGAIN) {
            return self.leave(out);
        }
        let (zh, en) = ("再按一次 Ctrl-C 离开，机器人照常运行", "Ctrl-C once more leaves; the bot goes on");
        self.toast(self.lang().pick(zh, en).to_owned(), Tone::Hint);
    }

    /// The console ends, the bot does not.
    pub(super) fn leave(&mut self, out: &mut Intents) {
        out.push(Intent::Remember(self.memory()));
        out.push(Intent::Detach);
    }

    fn on_normal_key(&mut self, key: Key, out: &mut Intents) {
        if key.code() == Code::Esc && key.mods() == Mods::NONE {
            return self.escape(out);
        }
        self.chord.push(key);
        match self.keymap.meaning(&self.chord, self.view) {
            Meaning::More => {}
            Meaning::Act(action) => {
                self.chord.clear();
                self.act(action, out);
            }
            Meaning::Nothing => {
                let typed = key.typed();
                let pressed = std::mem::take(&mut self.chord);
                if let Some(c) = typed.filter(|c| !c.is_ascii()) {
                    self.stray(c);
                } else {
                    self.useless(&pressed);
                }
            }
        }
    }

    /// Chinese that arrives here was meant for the composer. An input method gives a phrase at once: one hint.
    fn stray(&mut self, c: char) {
        let lead = self.lang().pick("按 i 才是说话：", "press i to speak: ");
        let before = self.toasts.last().filter(|t| t.tone == Tone::Hint && t.until > self.now.mono);
        let before = before.and_then(|t| t.words.strip_prefix(lead)?.strip_suffix('…')).map(str::to_owned);
        if let Some(before) = &before {
            self.toasts.pop();
            self.said.pop_back();
            if before.chars().count() >= STRAY {
                return self.toast(format!("{lead}{before}…"), Tone::Hint);
            }
        }
        self.toast(format!("{lead}{}{c}…", before.unwrap_or_default()), Tone::Hint);
    }

    /// A key that means nothing here says so: silence looks like a console that hangs.
    fn useless(&mut self, pressed: &[Key]) {
        let keys: String = pressed.iter().map(|key| format!(" {key}")).collect();
        let help = self.keymap.key_of(Action::Help).unwrap_or_default();
        let words = match self.lang() {
            Lang::Zh => format!("按键{keys} 没有用处；{help} 看全部按键"),
            Lang::En => format!("the key{keys} means nothing; {help} shows all keys"),
        };
        self.toast(words, Tone::Hint);
    }

    /// Esc: the chord, the marks, the filter, the freeze, the zoom; one at a time.
    fn escape(&mut self, out: &mut Intents) {
        if !self.chord.is_empty() {
            self.chord.clear();
        } else if self.escape_log() || self.show_all() {
            // Done there.
        } else if self.is_marked() {
            self.list.marks.clear();
        } else if self.view == View::Chats && !self.list.filter.is_empty() {
            // What was chosen among the hits stays chosen.
            self.widen(self.list.selected.is_none());
        } else if self.paused.is_some() {
            self.thaw(out);
        } else if self.zoom {
            self.zoom = false;
        } else {
            self.follow_or_leave_chat();
        }
    }

    /// The picture moves again.
    fn thaw(&mut self, out: &mut Intents) {
        if let Some(Paused { behind, .. }) = self.paused.take() {
            if self.log.at.is_none() {
                self.log.follow();
            }
            self.on_snapshot(behind, out);
        }
    }

    fn on_time(&mut self, out: &mut Intents) {
        let now = self.now.mono;
        self.toasts.retain(|t| t.until > now || t.tone == Tone::Bad);
        self.undo.retain(|u| u.until > now);
        if self.settles_at().is_some_and(|at| at <= now) {
            self.touched = Mono(0);
            self.arrange();
        }
        self.on_silence();
        self.renew_claim(out);
    }

    /// When time itself changes something that is seen. Nothing is asked for where nothing would change: idle is
    /// silent.
    pub fn deadline(&self) -> Option<Mono> {
        let toasts = self.toasts.iter().filter(|t| t.tone != Tone::Bad).map(|t| t.until);
        let claim = self.composing.as_ref().map(|c| c.claim_at);
        let undo = self.undo.iter().map(|u| u.until);
        let minute = self.shows_age.load(Relaxed).then(|| self.next_minute());
        toasts.chain(claim).chain(undo).chain(self.settles_at()).chain(self.silent_at()).chain(minute).min()
    }

    /// When the clock on the wall turns: ages are drawn again then, and only where some are on the screen.
    fn next_minute(&self) -> Mono {
        let into = self.now.wall.0.rem_euclid(60_000);
        self.now.mono + Duration::from_millis(u64::try_from(60_000 - into).unwrap_or(60_000))
    }

    /// Says something in the corner.
    pub(super) fn toast(&mut self, words: String, tone: Tone) {
        let toast = Toast { words, tone, until: self.now.mono + TOAST, at: self.now.wall };
        // Said again at once, as when something is done to several: once is enough.
        if let Some(last) = self.toasts.last_mut().filter(|t| t.words == toast.words && t.tone == tone) {
            last.until = toast.until;
            return;
        }
        self.keep_said(&toast.words, tone);
        self.toasts.push(toast);
        let more = self.toasts.len().saturating_sub(3);
        self.toasts.drain(..more);
    }

    /// Keeps it among the messages, where it can be read again.
    pub(super) fn keep_said(&mut self, words: &str, tone: Tone) {
        let now = self.now;
        self.said.push_back(Toast { words: words.to_owned(), tone, until: now.mono, at: now.wall });
        if self.said.len() > SAID {
            self.said.pop_front();
        }
    }

    /// Asks the engine; `words` tell what was done when it was.
    pub(super) fn command(&mut self, command: Command, words: String, out: &mut Intents) {
        self.send(command, Pending::Command { words, typed: None }, None, out);
    }

    pub(super) fn send(&mut self, command: Command, pending: Pending, expects: Option<u64>, out: &mut Intents) {
        let tag = self.next_tag();
        self.pending.insert(tag, pending);
        out.push(Intent::Command { tag, expects, command });
    }

    pub(super) fn query(&mut self, query: Query, pending: Pending, out: &mut Intents) {
        let tag = self.next_tag();
        self.pending.insert(tag, pending);
        out.push(Intent::Query { tag, query });
    }

    /// Puts something over the view.
    pub(super) fn open(&mut self, layer: Layer) {
        self.chord.clear();
        // What was said of the last thing would lie over the next; it is kept among the messages.
        self.toasts.retain(|t| t.tone == Tone::Bad);
        self.layers.push(layer);
    }

    /// Pages that the screen as it is needs.
    fn look_closer(&mut self, out: &mut Intents) {
        match self.view {
            View::Chats => self.page_back(out),
            View::Usage => self.ask_usage(out),
            View::Log => self.ask_audit(out),
            View::Accounts | View::Alerts => {}
        }
    }
}
