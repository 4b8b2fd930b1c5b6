//! Full-width rows that moved up or down are moved by the terminal, not drawn: a new message in a zoomed chat
//! costs a line instead of a screen. Panes beside each other cannot: margins left and right are too rare.

use super::brush::Brush;
use super::grid::Grid;
use super::tile::Tile;

/// Bytes that the move itself takes, at most: region, position, lines, region again.
const PRICE: i64 = 24;

/// Moves rows on the terminal and in `seen`, where that is cheaper than drawing them; says whether it did.
pub(super) fn apply(brush: &mut Brush<'_>, seen: &mut Grid, next: &Grid) -> bool {
    let Some(found) = find(seen, next) else { return false };
    brush.scroll(found.top, found.bottom, found.by);
    seen.scroll(found.top, found.bottom, found.by);
    true
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Scroll {
    top: u16,
    bottom: u16,
    /// Rows upwards; negative is downwards.
    by: i32,
}

/// The move that saves most.
fn find(seen: &Grid, next: &Grid) -> Option<Scroll> {
    let height = i32::from(next.height());
    let plain: Vec<i64> = (0..next.height()).map(|y| cost(Some(seen.row(y)), next.row(y))).collect();
    if plain.iter().sum::<i64>() <= PRICE {
        return None;
    }
    let bare: Vec<i64> = (0..next.height()).map(|y| cost(None, next.row(y))).collect();
    let hashes = |grid: &Grid| (0..grid.height()).map(|y| hash(grid.row(y))).collect::<Vec<u64>>();
    let (old, new) = (hashes(seen), hashes(next));

    let mut best: Option<(i64, Scroll)> = None;
    for by in (1 - height..height).filter(|by| *by != 0) {
        let (mut y, end) = ((-by).max(0), height.min(height - by));
        while y < end {
            let from = y;
            while y < end && new[y as usize] == old[(y + by) as usize] {
                y += 1;
            }
            if y == from {
                y += 1;
                continue;
            }
            // Rows that take over the old ones, and rows that are blank afterwards.
            let (taken, free) = (from..y, if by > 0 { y..y + by } else { from + by..from });
            let saved = taken.map(|y| plain[y as usize]).sum::<i64>()
                + free.map(|y| plain[y as usize] - bare[y as usize]).sum::<i64>()
                - PRICE;
            if saved > best.map_or(0, |(saved, _)| saved) {
                let (top, bottom) = if by > 0 { (from, y + by - 1) } else { (from + by, y - 1) };
                best = Some((saved, Scroll { top: top as u16, bottom: bottom as u16, by }));
            }
        }
    }
    best.map(|(_, found)| found)
}

/// Cheap and weak, which is enough: rows taken for equal by mistake would be moved and then drawn.
fn hash(row: &[Tile]) -> u64 {
    row.iter().fold(0, |hash: u64, tile| (hash.rotate_left(5) ^ tile.digest()).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// About how many bytes the row costs to draw over another, or over blanks.
fn cost(seen: Option<&[Tile]>, next: &[Tile]) -> i64 {
    let (mut bytes, mut pen, mut drawing) = (0, Tile::BLANK.pen, false);
    for (x, tile) in next.iter().enumerate() {
        if seen.map_or(&Tile::BLANK, |seen| &seen[x]) == tile {
            drawing = false;
            continue;
        }
        // A move to each piece, an SGR for each other look.
        bytes += tile.glyph.len() + if drawing { 0 } else { 5 };
        drawing = true;
        if pen != tile.pen && tile.width > 0 && !tile.is_blank() {
            bytes += 8;
            pen = tile.pen;
        }
    }
    bytes as i64
}
