//! Words in the upper right corner, where the oldest lines are: what was done, what was not.

use ratatui::layout::Rect;

use super::paint::Paint;
use crate::console::state::Tone;
use crate::console::theme::{Glyph, Role};

pub fn draw(p: &mut Paint, area: Rect) {
    // Under the title of a chat; what is typed at the bottom and the newest lines stay free.
    let top = area.y + 2.min(area.height.saturating_sub(1));
    for (y, toast) in (top..area.bottom()).zip(&p.ui.toasts) {
        let (glyph, role) = match toast.tone {
            Tone::Bad => (Glyph::Refused, Role::ToastError),
            Tone::Done => (Glyph::Done, Role::ToastOk),
            Tone::Hint => (Glyph::Dot, Role::Overlay),
        };
        let text = format!(" {} {} ", p.glyph(glyph), crate::console::text::plain(&toast.words));
        let cols = p.cols(&text).min(area.width.saturating_sub(2));
        let x = (area.x + area.width).saturating_sub(cols + 1);
        p.clear(Rect { x, y, width: cols, height: 1 }, role);
        p.put(x, y, cols, &text, role);
    }
}
