//! Words in the upper right corner, where the oldest lines are: what was done, what was not.

use ratatui::layout::Rect;

use super::paint::Paint;
use crate::console::state::Tone;
use crate::console::text::{Columns, lines};
use crate::console::theme::{Glyph, Role};

/// Rows of one of them at most; all of it stands among the messages.
const TALLEST: usize = 3;

pub fn draw(p: &mut Paint, area: Rect) {
    // Under the title of a chat; what is typed at the bottom and the newest lines stay free.
    let top = area.y + 2.min(area.height.saturating_sub(1));
    let mut y = top;
    for toast in &p.ui.toasts {
        let (glyph, role) = match toast.tone {
            Tone::Bad => (Glyph::Refused, Role::ToastError),
            Tone::Done => (Glyph::Done, Role::ToastOk),
            Tone::Hint => (Glyph::Dot, Role::Overlay),
        };
        let text = format!("{} {}", p.glyph(glyph), crate::console::text::plain(&toast.words));
        let most = area.width.saturating_sub(2);
        let pieces = lines(&text, Columns::same(usize::from(most).saturating_sub(2).max(8)), p.ui.width).take(TALLEST);
        let pieces: Vec<String> = pieces.map(|piece| format!(" {} ", piece.of(&text))).collect();
        let cols = pieces.iter().map(|piece| p.cols(piece)).max().unwrap_or(0).min(most);
        let x = (area.x + area.width).saturating_sub(cols + 1);
        for piece in pieces {
            if y >= area.bottom() {
                return;
            }
            p.clear(Rect { x, y, width: cols, height: 1 }, role);
            p.put(x, y, cols, &piece, role);
            y += 1;
        }
    }
}
