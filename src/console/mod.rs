//! The operators' console: pure and synchronous. It is told [`News`], answers with [`Intent`]s, and draws bytes.
//!
//! This is a stand-in, just enough to try the way to it: it shows the newest state in a few lines, what was typed,
//! and leaves at `q`.

mod face;

pub use face::{Depth, Intent, News, Present, Settings};

use std::sync::Arc;
use std::time::Duration;

use crate::domain::{Mono, Now, Snapshot};

/// One operator's console.
#[derive(Debug)]
pub struct Console {
    settings: Settings,
    snapshot: Arc<Snapshot>,
    typed: String,
    told: String,
    present: usize,
    escape: Option<Mono>,
    shown: String,
    repaint: bool,
}

impl Console {
    /// A console that has seen nothing yet.
    pub fn new(settings: Settings, _now: Now) -> Self {
        let snapshot = Arc::default();
        let (typed, told, shown) = (String::new(), String::new(), String::new());
        Self { settings, snapshot, typed, told, present: 0, escape: None, shown, repaint: true }
    }

    /// What prepares the terminal.
    pub fn open(&self) -> Vec<u8> {
        b"\x1b[?1049h\x1b[?2004h\x1b[?1004h".to_vec()
    }

    /// What gives the terminal back.
    pub fn close(&self) -> Vec<u8> {
        b"\x1b[?1004l\x1b[?2004l\x1b[0m\x1b[?25h\x1b[?1049l".to_vec()
    }

    /// Takes note, and says what should be done about it.
    pub fn tell(&mut self, news: News, now: Now) -> Vec<Intent> {
        match news {
            News::Bytes(bytes) => return bytes.iter().filter_map(|b| self.key(*b, now)).collect(),
            News::Resize(columns, rows) => {
                self.settings.size = (columns, rows);
                self.repaint = true;
            }
            News::Snapshot(snapshot) => self.snapshot = snapshot,
            News::Answer(tag, answer) => self.told = format!("{tag}: {}", answer.is_ok()),
            News::Exported(_, path) => self.told = path.unwrap_or_else(|words| words),
            News::Operators(present) => self.present = present.len(),
            News::Time => self.escape = None,
            News::Repaint => self.repaint = true,
            News::Page(..) | News::Config { .. } | News::Remembered(_) => {}
        }
        Vec::new()
    }

    fn key(&mut self, byte: u8, now: Now) -> Option<Intent> {
        match byte {
            b'q' => return Some(Intent::Detach),
            0x1a => return Some(Intent::Suspend),
            0x1b => self.escape = Some(now.mono + Duration::from_millis(40)),
            b' '..=b'~' => self.typed.push(char::from(byte)),
            _ => self.typed.clear(),
        }
        None
    }

    /// When [`News::Time`] should be told.
    pub fn deadline(&self) -> Option<Mono> {
        self.escape
    }

    /// One frame; empty when nothing visible changed.
    pub fn draw(&mut self, _now: Now) -> Vec<u8> {
        let text = self.text();
        if !self.repaint && text == self.shown {
            return Vec::new();
        }
        self.repaint = false;
        self.shown.clone_from(&text);
        format!("\x1b[?2026h\x1b[H\x1b[2J{text}\x1b[?2026l").into_bytes()
    }

    /// Whether something may have changed since the last draw.
    pub fn wanted(&self) -> bool {
        self.repaint || self.text() != self.shown
    }

    fn text(&self) -> String {
        let (columns, rows) = self.settings.size;
        let s = &self.snapshot;
        let lines = [
            format!("qqdeck {}x{} operators {}", columns, rows, self.present),
            format!("received {} replied {}", s.counters.received, s.counters.replied),
            // The end of it: a key shows however many came before.
            format!("> {}", &self.typed[self.typed.len().saturating_sub(usize::from(columns.saturating_sub(2)))..]),
            self.told.clone(),
        ];
        let fit = lines.iter().take(rows.into()).map(|l| l.chars().take(columns.into()).collect::<String>());
        fit.collect::<Vec<_>>().join("\r\n")
    }
}
