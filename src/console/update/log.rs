//! The live log: taken in, filtered, scrolled. Whoever scrolls up stops following; the picture stands still then.

use std::sync::Arc;

use super::Intents;
use crate::console::face::Intent;
use crate::console::layout::areas;
use crate::console::state::{Half, LINES, LogUi, Ui, View};
use crate::console::view::{halves, log, stamp};
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

    /// The next stricter level, or all again.
    pub(super) fn next_level(&mut self) {
        self.log.half = Half::Log;
        let at = LogLevel::ALL.iter().position(|level| *level == self.log.level).unwrap_or(0);
        self.log.level = LogLevel::ALL[(at + LogLevel::ALL.len() - 1) % LogLevel::ALL.len()];
    }

    /// Esc in this view: the filter, the level, then back to the newest. `false`: there was nothing to undo.
    pub(super) fn escape_log(&mut self) -> bool {
        if self.view != View::Log {
            return false;
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

    /// The selected line, or the newest, as it stands in the file.
    pub(super) fn log_line(&self) -> Option<String> {
        let shown = self.log.shown();
        let line = shown.get(LogUi::place(&shown, self.log.at))?;
        Some(format!("{} {} {} {}", stamp::clock(self, line.at), line.level.letter(), line.target, line.text))
    }
}
