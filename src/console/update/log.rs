//! The live log: taken in, filtered, scrolled. Whoever scrolls up stops following; the picture stands still then.

use std::sync::Arc;

use super::Intents;
use crate::console::face::Intent;
use crate::console::layer::Ask;
use crate::console::layout::areas;
use crate::console::state::{Cursor, Half, LINES, LogUi, Ui, View};
use crate::console::view::{audit, halves, log, stamp};
use crate::domain::{LogLevel, LogLine, LogNews};

impl Ui {
    /// Has the log told where it is looked at, and nowhere else.
    pub(super) fn watch_log(&mut self, out: &mut Intents) {
        let wanted = self.view == View::Log;
        if wanted != self.log.watched {
            self.log.watched = wanted;
            out.push(Intent::Log(wanted.then_some(self.log.last)));
        }
    }

    pub(super) fn on_log(&mut self, news: LogNews) {
        let lang = self.lang();
        let log = &mut self.log;
        log.health = news.health;
        if self.paused.is_some() && log.bottom.is_none() {
            log.bottom = log.lines.back().map(|line| line.seq);
        }
        let mut lines = news.lines.into_iter().filter(|line| line.seq > log.last).peekable();
        if let Some(first) = lines.peek().filter(|_| news.skipped > 0) {
            let text = match lang {
                crate::words::Lang::Zh => format!("（太快了，这里少显示 {} 行，文件里有）", news.skipped),
                crate::words::Lang::En => {
                    format!("(too fast: {} lines are not shown here; the file has them)", news.skipped)
                }
            };
            let (at, level) = (first.at, LogLevel::Warn);
            let gap = LogLine { seq: first.seq - 1, at, level, target: "".into(), text: text.into() };
            log.lines.push_back(Arc::new(gap));
        }
        log.lines.extend(lines);
        log.last = log.last.max(news.last);
        let old = log.lines.len().saturating_sub(LINES);
        log.lines.drain(..old);
    }

    pub(super) fn move_in_log(&mut self, by: isize) {
        let shown = self.log.shown();
        let Some(last) = shown.len().checked_sub(1) else { return };
        let to = LogUi::place(&shown, self.log.at.or(self.log.bottom)).saturating_add_signed(by).min(last);
        // Where one stops, the picture stands: `settle_log` sees to it.
        let at = (to < last).then(|| shown[to].seq);
        match at {
            None => self.log.follow(),
            at => self.log.at = at,
        }
    }

    /// Scrolls no further than the selected line needs.
    pub(super) fn settle_log(&mut self) {
        let Some(at) = self.log.at.filter(|_| self.view == View::Log) else { return };
        let (area, _) = halves::halves(self, areas(self).body);
        let height = usize::from(area.height.saturating_sub(log::title_rows(self)));
        let shown = self.log.shown();
        if shown.is_empty() || height == 0 {
            return;
        }
        let tall = |n: usize| log::height(self, shown[n], area.width);
        let at = LogUi::place(&shown, Some(at));
        let mut bottom = LogUi::place(&shown, self.log.bottom).max(at);
        let (mut first, mut room) = (bottom + 1, height);
        while first > 0 && room >= tall(first - 1) {
            room -= tall(first - 1);
            first -= 1;
        }
        if at < first && at != bottom {
            // It becomes the first on the screen.
            let mut room = height.saturating_sub(tall(at));
            bottom = at;
            while bottom + 1 < shown.len() && room >= tall(bottom + 1) {
                bottom += 1;
                room -= tall(bottom);
            }
        }
        self.log.bottom = Some(shown[bottom].seq);
    }

    pub(super) fn turn_log(&mut self) {
        self.log.half = match self.log.half {
            Half::Log => Half::Audit,
            Half::Audit => Half::Log,
        };
    }

    /// What the filter of the half that has the keys is asked by.
    pub(super) fn log_filter(&self) -> Ask {
        match self.log.half {
            Half::Log => Ask::LogFilter,
            Half::Audit => Ask::AuditFilter,
        }
    }

    /// Narrows the half that is meant.
    pub(super) fn filter_log(&mut self, ask: &Ask, to: &str) {
        match ask {
            Ask::AuditFilter => {
                self.log.sift.filter = to.to_owned();
                self.log.cursor = Cursor::default();
            }
            _ => self.log.filter = to.to_owned(),
        }
    }

    /// The next stricter level, or all again. Of deeds, only those that were refused matter more than others.
    pub(super) fn next_level(&mut self) {
        if self.log.half == Half::Audit {
            self.log.sift.refused = !self.log.sift.refused;
            self.log.cursor = Cursor::default();
            return;
        }
        let at = LogLevel::ALL.iter().position(|level| *level == self.log.level).unwrap_or(0);
        self.log.level = LogLevel::ALL[(at + LogLevel::ALL.len() - 1) % LogLevel::ALL.len()];
    }

    /// Breaks long lines, or cuts them, where the keys are.
    pub(super) fn wrap_log(&mut self) {
        let wrap = match self.log.half {
            Half::Log => &mut self.log.wrap,
            Half::Audit => &mut self.log.sift.wrap,
        };
        *wrap = !*wrap;
    }

    /// Esc in this view: the filter, the level, then back to the newest. `false`: there was nothing to undo.
    pub(super) fn escape_log(&mut self) -> bool {
        if self.view != View::Log {
            return false;
        }
        if self.log.half == Half::Audit {
            let sift = &mut self.log.sift;
            let undoes = !sift.filter.is_empty() || sift.refused || self.log.cursor.at > 0;
            match sift.filter.is_empty() {
                true => sift.refused = false,
                false => sift.filter.clear(),
            }
            self.log.cursor = Cursor::default();
            return undoes;
        }
        if !self.log.filter.is_empty() {
            self.log.filter.clear();
        } else if self.log.level != LogLevel::Trace {
            self.log.level = LogLevel::Trace;
        } else if self.log.bottom.is_some() && self.paused.is_none() {
            self.log.follow();
        } else {
            return false;
        }
        true
    }

    /// The selected line or deed, or the newest line, as it stands in the file or on the record.
    pub(super) fn log_line(&self) -> Option<String> {
        if self.log.half == Half::Audit {
            let shown = audit::shown(self);
            let deed = shown.get(self.log.cursor.at)?;
            let at = format!("{} {}", stamp::date(self, deed.at), stamp::clock(self, deed.at));
            return Some(format!("{at} {} {} {}", deed.operator.shown(), deed.result, audit::sentence(self, deed)));
        }
        let shown = self.log.shown();
        let line = shown.get(LogUi::place(&shown, self.log.at))?;
        Some(format!("{} {} {} {}", stamp::clock(self, line.at), line.level.letter(), line.target, line.text))
    }
}
