//! The console: what one operator sees and does, without a terminal, a clock or a socket. A session tells it
//! [`News`] and carries out its [`Intent`]s; [`Console::draw`] gives one frame as one piece of bytes, empty when
//! nothing visible changed.
//!
//! ```text
//!  bytes → input → (layer | composer | keymap → action) → update → Intent
//!                                                           └→ view(snapshot, state, theme) → backend → bytes
//! ```
//!
//! * [`input`], [`backend`]: bytes of terminals, both ways
//! * [`action`]: the table from which keys, help, menu and palette are made; [`keymap`]
//! * `place`, `state`, `layer`: where one is and what is remembered between two keys; `update`: how it changes
//! * [`check()`]: what is wrong with `[console]` in the configuration
//! * `view`: one pane a file; [`theme`], [`text`]: how it looks; `layout`, `lead`: where it stands, and what stands before what is typed

pub mod action;
pub mod backend;
#[cfg(test)]
mod budget;
mod check;
mod face;
pub mod input;
pub mod keymap;
mod layer;
mod layout;
mod lead;
mod place;
#[cfg(test)]
mod robot;
#[cfg(test)]
mod scene;
#[cfg(test)]
mod screens;
mod sieve;
mod state;
mod svg;
pub mod text;
pub mod theme;
mod update;
mod view;

use crate::domain::{ChatRef, Mono, Now};

pub use backend::Depth;
pub use check::{Flaw, FlawKind, check};
pub use face::{Intent, News, Present, Settings};
pub use update::merged;

use backend::{Manners, Screen};
use input::{Decoder, Event};
use state::Ui;

/// One operator's console.
#[derive(Debug)]
pub struct Console {
    ui: Ui,
    screen: Screen,
    decoder: Decoder,
    /// When the decoder gives up waiting for the rest of a sequence.
    patience: Option<Mono>,
    dirty: bool,
}

impl Console {
    /// A console that has seen nothing yet.
    pub fn new(settings: Settings, now: Now) -> Self {
        let screen = Screen::new(settings.depth);
        let ui = Ui::new(settings, now);
        Self { ui, screen, decoder: Decoder::new(), patience: None, dirty: true }
    }

    /// What puts the terminal into our hands.
    pub fn open(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        backend::enter(&Manners { title: self.title(), mouse: self.ui.mouse }, &mut bytes);
        // Asks for the background, to tell a light terminal from a dark one; the answer may come late or never.
        bytes.extend_from_slice(b"\x1b]11;?\x1b\\");
        bytes
    }

    /// What gives it back.
    pub fn close(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        backend::leave(&mut bytes);
        bytes
    }

    fn title(&self) -> String {
        format!("qqdeck {}", self.ui.config.instance.name)
    }

    /// Takes in news; tells what is wanted.
    pub fn tell(&mut self, news: News, now: Now) -> Vec<Intent> {
        self.dirty = true;
        let mut events = Vec::new();
        let mut intents = match news {
            News::Bytes(bytes) => {
                self.decoder.feed(&bytes, &mut events);
                self.patience = self.decoder.patience().map(|d| now.mono + d);
                Vec::new()
            }
            News::Time => {
                if self.patience.is_some_and(|at| at <= now.mono) {
                    self.decoder.flush(&mut events);
                    self.patience = None;
                }
                self.ui.update(News::Time, now)
            }
            news => {
                if matches!(news, News::Repaint | News::Resize(..)) {
                    self.screen.repaint();
                }
                self.ui.update(news, now)
            }
        };
        for event in events {
            self.event(event, now, &mut intents);
        }
        self.screen.set_depth(self.ui.depth);
        self.screen.set_width(self.ui.width);
        if std::mem::take(&mut self.ui.repaint) {
            self.screen.repaint();
        }
        intents
    }

    fn event(&mut self, event: Event, now: Now, intents: &mut Vec<Intent>) {
        intents.extend(self.ui.event(event, now));
    }

    /// What to keep until the operator comes again, for a link that went without a word: as [`Intent::Remember`].
    pub fn memory(&self) -> String {
        self.ui.memory()
    }

    /// The chat in which the operator is about to speak, for their other terminals.
    pub fn composing(&self) -> Option<ChatRef> {
        let id = self.ui.composing.as_ref()?.chat;
        Some(ChatRef { peer: id.peer, account: Some(id.account) })
    }

    /// When [`News::Time`] is to be told.
    pub fn deadline(&self) -> Option<Mono> {
        [self.patience, self.ui.deadline()].into_iter().flatten().min()
    }

    /// Whether something may have changed since the last frame.
    pub fn wanted(&self) -> bool {
        self.dirty
    }

    /// One frame; empty when nothing visible changed.
    pub fn draw(&mut self, now: Now) -> Vec<u8> {
        self.dirty = false;
        self.ui.now = now;
        let (buffer, caret) = view::picture(&self.ui);
        let mut bytes = Vec::new();
        self.screen.frame(&buffer, caret, &mut bytes);
        let totals = self.screen.totals();
        self.ui.drawn = (totals.frames, totals.bytes);
        bytes
    }
}
