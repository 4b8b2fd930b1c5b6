//! The difference of one row.

use super::brush::Brush;
use super::tile::{Tile, Trust};

/// Blanks in the middle of a row that cost as much as erasing them and moving on.
const ERASE_FROM: usize = 10;
/// Blanks up to the end of a row that cost as much as erasing them.
const ERASE_REST_FROM: usize = 3;

/// Writes what turns the row `seen` into `next`. Left to right, without exception: so a half of a wide glyph is
/// never touched before its other half was replaced.
pub(super) fn draw(brush: &mut Brush<'_>, y: u16, seen: &[Tile], next: &[Tile]) {
    let Some(last) = seen.iter().zip(next).rposition(|(seen, next)| seen != next) else { return };
    let tail = next.iter().rposition(|tile| *tile != Tile::BLANK).map_or(0, |at| at + 1);
    // Up to here a doubtful glyph may have painted over its neighbours: they are written again. One that goes
    // leaves nothing behind, for its neighbours were written after it.
    let mut spill = 0;
    let mut x = 0;
    while x < (last + 1).max(spill).min(next.len()) {
        let width = usize::from(next[x].width).max(1);
        if x >= spill && seen[x..x + width] == next[x..x + width] {
            x += width;
            continue;
        }
        let end = (last + 1).max(spill).min(next.len());
        if x >= tail && end - x > ERASE_REST_FROM {
            return brush.erase_rest(x as u16, y, next);
        }
        let blanks = blanks(seen, next, x, spill);
        if blanks >= ERASE_FROM {
            brush.erase(x as u16, y, blanks as u16, next);
            x += blanks;
            continue;
        }
        let clean = seen[x..x + width].iter().all(|tile| tile.is_blank() && tile.pen.alike_on_blank(next[x].pen));
        brush.draw(x as u16, y, next, clean && x >= spill);
        if next[x].trust() == Trust::Doubtful {
            spill = spill.max(x + usize::from(next[x].reach));
        }
        x += width;
    }
}

/// Length of the plain blanks from `x` up to the last one that has to be written.
fn blanks(seen: &[Tile], next: &[Tile], x: usize, spill: usize) -> usize {
    let run = next[x..].iter().take_while(|tile| **tile == Tile::BLANK).count();
    (x..x + run).rposition(|at| at < spill || seen[at] != Tile::BLANK).map_or(0, |last| last + 1)
}
