//! The brush of all panes: text by role, cut to a width, never half a glyph, never a control character.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;

use crate::console::state::Ui;
use crate::console::text::figures;
use crate::console::theme::{Glyph, Role};
use crate::domain::Wall;
use crate::words::Lang;

/// Draws into a buffer.
pub struct Paint<'a> {
    buffer: &'a mut Buffer,
    /// Everything that is drawn from.
    pub ui: &'a Ui,
}

/// Words with what they mean.
pub type Span = (String, Role);

impl<'a> Paint<'a> {
    pub fn new(buffer: &'a mut Buffer, ui: &'a Ui) -> Self {
        Self { buffer, ui }
    }

    pub fn lang(&self) -> Lang {
        self.ui.lang()
    }

    pub fn glyph(&self, glyph: Glyph) -> &'static str {
        self.ui.glyphs.get(glyph)
    }

    /// Whether another pane stands to the right.
    pub fn has_neighbour(&self, area: Rect) -> bool {
        area.right() < self.buffer.area.right()
    }

    /// Columns of a text.
    pub fn cols(&self, text: &str) -> u16 {
        u16::try_from(self.ui.width.of(text)).unwrap_or(u16::MAX)
    }

    /// Puts words at a place, at most so many columns; tells the column behind them.
    pub fn put(&mut self, x: u16, y: u16, most: u16, text: &str, role: Role) -> u16 {
        self.put_styled(x, y, most, text, self.ui.theme.style(role))
    }

    /// The same in a style of one's own.
    pub fn put_styled(&mut self, x: u16, y: u16, most: u16, text: &str, style: Style) -> u16 {
        let area = self.buffer.area;
        if y < area.y || y >= area.bottom() || x >= area.right() {
            return x;
        }
        let end = x.saturating_add(most).min(area.right());
        let text = self.ui.width.truncate(text, usize::from(end - x));
        let mut at = x;
        for grapheme in text.graphemes(true) {
            let wide = u16::try_from(self.ui.width.grapheme(grapheme)).unwrap_or(0);
            if wide == 0 || at + wide > end || grapheme.chars().any(char::is_control) {
                continue;
            }
            // The shadow of a wide glyph belongs to it: whatever stood there goes.
            for shadow in at..at + wide {
                let cell = &mut self.buffer[(shadow, y)];
                let background = cell.bg;
                cell.reset();
                cell.set_bg(background);
                cell.set_style(style);
            }
            self.buffer[(at, y)].set_symbol(grapheme);
            at += wide;
        }
        at
    }

    /// Puts several pieces after each other.
    pub fn spans(&mut self, x: u16, y: u16, most: u16, spans: &[Span]) -> u16 {
        let end = x.saturating_add(most);
        spans.iter().fold(x, |at, (text, role)| self.put(at, y, end.saturating_sub(at), text, *role))
    }

    /// Those of several pieces that fit whole, from the first on: half a figure is a wrong figure.
    pub fn whole(&self, spans: Vec<Span>, most: u16) -> Vec<Span> {
        let mut used = 0;
        let mut fits = |(text, _): &Span| {
            used += self.cols(text.trim_end());
            let fits = used <= most;
            used += self.cols(text) - self.cols(text.trim_end());
            fits
        };
        let count = spans.iter().take_while(|span| fits(span)).count().max(1);
        spans.into_iter().take(count).collect()
    }

    /// Several pieces in as many rows as they take, so that each stays whole; all but the first row are indented.
    pub fn flow(&self, spans: Vec<Span>, most: u16, indent: usize) -> Vec<Vec<Span>> {
        let lead = u16::try_from(indent).unwrap_or(0);
        let (mut rows, mut row, mut used) = (Vec::new(), Vec::new(), 0);
        for (mut text, role) in spans {
            if used + self.cols(text.trim_end()) > most && used > lead {
                rows.push(std::mem::replace(&mut row, vec![(" ".repeat(indent), Role::Text)]));
                text = text.trim_start().to_owned();
                used = lead;
            }
            used += self.cols(&text);
            row.push((text, role));
        }
        rows.push(row);
        rows
    }

    /// Puts words so that they end at a column.
    pub fn put_right(&mut self, right: u16, y: u16, most: u16, text: &str, role: Role) -> u16 {
        let cols = self.cols(text).min(most);
        let x = right.saturating_sub(cols);
        self.put(x, y, cols, text, role);
        x
    }

    /// Gives a row another style under its words.
    pub fn row_style(&mut self, area: Rect, role: Role) {
        self.buffer.set_style(area.intersection(self.buffer.area), self.ui.theme.style(role));
    }

    /// Empties an area for something that lies over it.
    pub fn clear(&mut self, area: Rect, role: Role) {
        let area = area.intersection(self.buffer.area);
        for y in area.top()..area.bottom() {
            // A wide glyph that reaches into the area is cut: half of it would eat our edge.
            if area.x > self.buffer.area.x && self.buffer[(area.x - 1, y)].symbol().len() > 1 {
                let cell = &mut self.buffer[(area.x - 1, y)];
                if unicode_width::UnicodeWidthStr::width(cell.symbol()) > 1 {
                    cell.set_symbol(" ");
                }
            }
            for x in area.left()..area.right() {
                self.buffer[(x, y)].reset();
            }
        }
        self.buffer.set_style(area, self.ui.theme.base());
        self.buffer.set_style(area, self.ui.theme.style(role));
    }

    /// Time that is left, in one unit: it changes no more than once a minute.
    pub fn age_left(&self, until: Wall) -> String {
        left(self.ui, until.since(self.ui.now.wall))
    }

    /// How long something has been so.
    pub fn age(&self, since: Wall) -> String {
        age(self.ui, self.ui.now.wall.since(since))
    }
}

/// A moment: the clock, or how long ago.
pub fn time(ui: &Ui, at: Wall) -> String {
    if ui.ages {
        return age(ui, ui.now.wall.since(at));
    }
    let local = at.0.div_euclid(1000) + i64::from(ui.now.offset);
    format!("{:02}:{:02}", local.rem_euclid(86_400) / 3600, local.rem_euclid(3600) / 60)
}

/// A length of time in whole minutes or more: what shows it is drawn again once a minute.
pub fn age(ui: &Ui, time: Duration) -> String {
    ui.shows_age.store(true, Relaxed);
    match time.as_secs() {
        0..60 => ui.lang().pick("刚才", "now").to_owned(),
        _ => figures::age(time, ui.lang()),
    }
}

/// Time that is left, in whole minutes or more.
pub fn left(ui: &Ui, time: Duration) -> String {
    match time.as_secs() {
        0..60 => {
            ui.shows_age.store(true, Relaxed);
            ui.lang().pick("不到1分", "<1m").to_owned()
        }
        _ => age(ui, time),
    }
}

/// A length of time, short.
pub fn took(d: Duration) -> String {
    figures::took(d)
}
