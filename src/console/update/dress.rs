//! How a console is dressed: keys, widths, signs and colours, by what the configuration says, what the operator
//! chose and what the terminal tells of itself.

use std::sync::Arc;

use super::Intents;
use crate::config::{self, Config};
use crate::console::backend::{self, Depth};
use crate::console::face::{Intent, Settings};
use crate::console::keymap::Keymap;
use crate::console::state::{Tone, Ui};
use crate::console::text::Width;
use crate::console::theme::{Glyphs, choose, dress};

/// The colours in force: those that were asked for, else the configured ones, else what the environment told.
fn depth(settings: &Settings, console: &config::Console) -> Depth {
    match Depth::parse(&console.color) {
        Some(depth) if !settings.forced => depth,
        _ => settings.depth,
    }
}

impl Ui {
    /// A configuration is in force: keys, widths, colours, the mouse.
    pub(super) fn on_config(&mut self, config: Arc<Config>, out: &mut Intents) {
        let console = &config.console;
        let own: Vec<(&str, Vec<String>)> = console
            .keys
            .iter()
            .map(|(name, keys)| (name.as_str(), keys.split(',').map(|k| k.trim().to_owned()).collect()))
            .collect();
        self.keymap = Keymap::new(own.iter().map(|(name, keys)| (*name, keys.as_slice())));
        let ascii = console.ascii || self.settings.ascii;
        self.width = Width::new(console.ambiguous_width).with_ascii(ascii);
        self.glyphs = Glyphs::of(ascii).for_width(self.width);
        let mouse = self.config.console.mouse != console.mouse;
        self.config = config;
        self.depth = depth(&self.settings, &self.config.console);
        if mouse {
            self.grab_mouse(self.wants_mouse(), out);
        }
        self.retheme();
    }

    /// Whether the mouse is ours from the beginning.
    fn wants_mouse(&self) -> bool {
        match self.config.console.mouse.as_str() {
            "on" => true,
            "off" => false,
            // What the operator chose last; else off, for a mouse that is ours cannot select text.
            _ => self.chosen_mouse.unwrap_or(false),
        }
    }

    /// Takes up whether the mouse was ours the last time.
    pub(super) fn remember_mouse(&mut self, chosen: Option<bool>, out: &mut Intents) {
        self.chosen_mouse = chosen;
        self.grab_mouse(self.wants_mouse(), out);
    }

    /// The operator switches it.
    pub(super) fn switch_mouse(&mut self, out: &mut Intents) {
        if self.config.console.mouse == "off" {
            let (zh, en) = ("配置里关了鼠标（console.mouse）", "the configuration has it off (console.mouse)");
            return self.toast(self.lang().pick(zh, en).to_owned(), Tone::Hint);
        }
        self.chosen_mouse = Some(!self.mouse);
        self.grab_mouse(!self.mouse, out);
        let (zh, en) = match self.mouse {
            true => ("鼠标归控制台，按住 Shift 选字", "the mouse is the console's; Shift-drag selects"),
            false => ("鼠标归终端", "the mouse is the terminal's"),
        };
        self.toast(self.lang().pick(zh, en).to_owned(), Tone::Hint);
    }

    fn grab_mouse(&mut self, on: bool, out: &mut Intents) {
        if self.mouse == on {
            return;
        }
        self.mouse = on;
        let mut bytes = Vec::new();
        backend::mouse(on, &mut bytes);
        out.push(Intent::Write(bytes));
    }

    /// The terminal told its background.
    pub(super) fn on_background(&mut self, background: (u8, u8, u8)) {
        (self.background, self.answer_by) = (Some(background), None);
        self.retheme();
    }

    /// It did not, and will not: what was chosen is painted.
    pub(super) fn on_silence(&mut self) {
        if self.answer_by.is_some_and(|until| until <= self.now.mono) {
            self.answer_by = None;
            self.retheme();
        }
    }

    /// The name of a theme, or `auto`: what the operator chose, else what is configured.
    fn wanted_theme(&self) -> &str {
        self.chosen_theme.as_deref().unwrap_or(&self.config.console.theme)
    }

    /// The wanted theme as this terminal can wear it.
    pub(super) fn retheme(&mut self) {
        let name = choose(self.wanted_theme(), self.depth, self.background, None).to_owned();
        let Some(theme) = dress(&name, &self.config.instance.accent, self.depth) else { return };
        // While the answer may still come, the terminal counts as fitting: most do, and a screen that changes its
        // colour at once after the beginning looks like a fault.
        let chosen = self.wanted_theme() != "auto" && self.answer_by.is_none();
        self.theme = theme.over(self.background, chosen);
        self.theme_name = name;
    }

    /// When the terminal has been silent for long enough to matter.
    pub(super) fn silent_at(&self) -> Option<crate::domain::Mono> {
        self.answer_by.filter(|_| self.wanted_theme() != "auto" && self.background.is_none())
    }

    /// A theme by name, as the operator chose it; false where there is none. `auto` is one, too.
    pub(super) fn set_theme(&mut self, name: &str) -> bool {
        if name != "auto" && dress(name, "default", Depth::Rgb).is_none() {
            return false;
        }
        self.choose_theme(Some(name.to_owned()));
        true
    }

    /// What the operator chose, or that nothing was chosen.
    pub(super) fn choose_theme(&mut self, name: Option<String>) {
        self.chosen_theme = name;
        self.retheme();
    }
}
