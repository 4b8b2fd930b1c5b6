//! The way to an operator's terminal. [`Screen`] knows what the terminal shows and writes the bytes that turn it
//! into the next buffer: one frame is one byte string, and nothing at all when nothing visible changed.
//!
//! Why not ratatui's `Terminal` with a `Backend` of ours: its differ loses a border that falls on the second half
//! of a wide glyph (ratatui#2526), hands out cells without the rows around them, which scrolling needs, and sends
//! a bare clear ahead of a repaint. Why not crossterm: a move after each Chinese character, resets in every empty
//! frame, and `NO_COLOR` of the daemon for everybody (console.md §C1, taste.md "Facts about the stack").
//! Widgets draw into a [`Buffer`] as ever; nobody ever asks the terminal for its size or its cursor.
//!
//! ```text
//!  Buffer ─tile→ Grid (what shall be seen) ─┬─scroll→ one move of whole rows
//!              Grid (what is seen) ─────────┴─row───→ brush ─→ bytes        color, pen: how a tile looks
//! ```

mod brush;
mod color;
mod grid;
#[cfg(test)]
mod measure;
mod modes;
mod pen;
#[cfg(test)]
mod replay;
mod row;
mod scroll;
#[cfg(test)]
mod tests;
mod tile;

use ratatui::buffer::Buffer;
use ratatui::layout::Position;

use super::text::Width;
use brush::Brush;
pub use color::Depth;
use grid::Grid;
pub use modes::{COPY_CAP, Manners, bell, copy, desktop, enter, leave, mouse, title};

/// The beginning of a synchronized update: the terminal shows nothing of what follows before the end. Sent
/// without asking whether it is known, for unknown private modes are ignored.
const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";

/// One terminal: what it shows, where its cursor is, how its next character would look.
#[derive(Debug)]
pub struct Screen {
    depth: Depth,
    columns: Width,
    seen: Grid,
    /// Kept for its memory: every frame fills it and then swaps it with `seen`.
    next: Grid,
    hand: brush::Hand,
    /// What is seen is not known: the next frame clears and draws everything.
    stale: bool,
    totals: Totals,
}

/// What was written so far, for the page of diagnostics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Frames with at least one byte.
    pub frames: u64,
    /// Bytes of all frames.
    pub bytes: u64,
    /// Frames that cleared and drew everything.
    pub repaints: u64,
    /// Frames in which rows were moved instead of drawn.
    pub scrolls: u64,
}

impl Screen {
    /// A terminal of which nothing is known. Its first frame draws everything.
    pub fn new(depth: Depth) -> Self {
        let (seen, next) = (Grid::default(), Grid::default());
        Self {
            depth,
            columns: Width::default(),
            seen,
            next,
            hand: brush::Hand::default(),
            stale: true,
            totals: Totals::default(),
        }
    }

    /// Colours of this session.
    pub fn depth(&self) -> Depth {
        self.depth
    }

    /// Other colours from the next frame on.
    pub fn set_depth(&mut self, depth: Depth) {
        self.stale |= depth != self.depth;
        self.depth = depth;
    }

    /// Other columns for ambiguous characters from the next frame on.
    pub fn set_width(&mut self, columns: Width) {
        self.stale |= columns != self.columns;
        self.columns = columns;
    }

    /// Makes the next frame draw everything: after a resize (terminals move what they show), after the console
    /// was left and entered again, when frames were lost, and for Ctrl-L. The clearing happens inside the frame.
    pub fn repaint(&mut self) {
        self.stale = true;
    }

    /// Appends the bytes that bring the terminal to `buffer`, with the real cursor at `caret` (in the buffer's
    /// coordinates) or hidden, and says how many there were. Zero when nothing visible changed.
    ///
    /// The bytes must reach the terminal, whole and in order, before those of the next frame: who drops them
    /// calls [`Screen::repaint`]. A buffer of another size is a resize.
    pub fn frame(&mut self, buffer: &Buffer, caret: Option<Position>, out: &mut Vec<u8>) -> usize {
        let area = buffer.area;
        if area.is_empty() {
            return 0;
        }
        if !self.seen.is_of(area.width, area.height) {
            self.seen = Grid::blank(area.width, area.height);
            self.stale = true;
        }
        self.next.fill(buffer, self.depth, self.columns);

        let start = out.len();
        out.extend_from_slice(BEGIN);
        let mut brush = Brush::new(out, std::mem::take(&mut self.hand));
        if caret.is_none() {
            brush.hide_cursor();
        }
        let repainted = std::mem::take(&mut self.stale);
        if repainted {
            brush.clear();
            self.seen.clear();
        }
        let scrolled = !repainted && scroll::apply(&mut brush, &mut self.seen, &self.next);
        for y in 0..area.height {
            row::draw(&mut brush, y, self.seen.row(y), self.next.row(y));
        }
        if let Some(caret) = caret {
            let x = caret.x.saturating_sub(area.x).min(area.width - 1);
            let y = caret.y.saturating_sub(area.y).min(area.height - 1);
            brush.show_cursor(x, y);
        }
        self.hand = brush.put_down();
        std::mem::swap(&mut self.seen, &mut self.next);

        if out.len() == start + BEGIN.len() {
            out.truncate(start);
            return 0;
        }
        out.extend_from_slice(END);
        let bytes = out.len() - start;
        self.totals.frames += 1;
        self.totals.bytes += bytes as u64;
        self.totals.repaints += u64::from(repainted);
        self.totals.scrolls += u64::from(scrolled);
        bytes
    }

    /// What was written so far.
    pub fn totals(&self) -> Totals {
        self.totals
    }
}
