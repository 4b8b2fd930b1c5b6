//! The frame that lies over a view.

use ratatui::layout::Rect;

use super::paint::Paint;
use crate::console::theme::{Glyph, Role};

/// Under so many columns a frame takes them all.
const NARROW: u16 = 60;

/// A frame in the middle of an area; tells what is inside.
pub(super) fn frame(p: &mut Paint, area: Rect, width: u16, height: u16, title: &str) -> Rect {
    // On a phone what would be left at the sides is only half words.
    let width = if area.width < NARROW { area.width } else { width.min(area.width) };
    let height = height.min(area.height);
    let x = area.x + (area.width - width) / 2;
    let y = area.y + (area.height - height) / 2;
    let all = Rect { x, y, width, height };
    p.clear(all, Role::Overlay);
    let horizontal = p.ui.glyphs.horizontal(usize::from(width.saturating_sub(2)), p.ui.width);
    let corners = [Glyph::TopLeft, Glyph::TopRight, Glyph::BottomLeft, Glyph::BottomRight].map(|g| p.glyph(g));
    let (right, bottom) = (x + width - 1, y + height - 1);
    p.put(x + 1, y, width.saturating_sub(2), &horizontal, Role::OverlayBorder);
    p.put(x + 1, bottom, width.saturating_sub(2), &horizontal, Role::OverlayBorder);
    for (n, (cx, cy)) in [(x, y), (right, y), (x, bottom), (right, bottom)].into_iter().enumerate() {
        p.put(cx, cy, 1, corners[n], Role::OverlayBorder);
    }
    let vertical = p.glyph(Glyph::Vertical);
    for row in y + 1..bottom {
        p.put(x, row, 1, vertical, Role::OverlayBorder);
        p.put(right, row, 1, vertical, Role::OverlayBorder);
    }
    if !title.is_empty() {
        p.put(x + 2, y, width.saturating_sub(4), &format!(" {title} "), Role::OverlayTitle);
    }
    Rect { x: x + 1, y: y + 1, width: width.saturating_sub(2), height: height.saturating_sub(2) }
}

/// How many rows there are above and below those inside; the lower edge of the frame is at `bottom`.
pub(super) fn scroll_mark(p: &mut Paint, inner: Rect, bottom: u16, top: usize, total: usize) {
    let shown = top + usize::from(inner.height);
    if shown < total {
        let words = format!(" {}{} ", p.glyph(Glyph::Below), total - shown);
        p.put_right(inner.right(), bottom, 8, &words, Role::OverlayTitle);
    }
    if top > 0 {
        let words = format!(" {}{top} ", p.glyph(Glyph::Above));
        p.put_right(inner.right(), inner.y.saturating_sub(1), 8, &words, Role::OverlayTitle);
    }
}
