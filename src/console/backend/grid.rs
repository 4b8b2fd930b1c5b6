//! A screen of tiles.

use ratatui::buffer::Buffer;

use super::color::Depth;
use super::tile::{self, Tile};
use crate::console::text::Width;

/// Rows of tiles, all of the same width.
#[derive(Debug, Default)]
pub(super) struct Grid {
    width: u16,
    height: u16,
    tiles: Vec<Tile>,
}

impl Grid {
    pub fn blank(width: u16, height: u16) -> Self {
        let tiles = vec![Tile::BLANK; usize::from(width) * usize::from(height)];
        Self { width, height, tiles }
    }

    pub fn is_of(&self, width: u16, height: u16) -> bool {
        (self.width, self.height) == (width, height)
    }

    pub fn height(&self) -> u16 {
        self.height
    }

    pub fn clear(&mut self) {
        self.tiles.fill(Tile::BLANK);
    }

    /// Takes over a buffer.
    pub fn fill(&mut self, buffer: &Buffer, depth: Depth, columns: Width) {
        (self.width, self.height) = (buffer.area.width, buffer.area.height);
        self.tiles.clear();
        self.tiles.reserve_exact(buffer.content.len());
        for cells in buffer.content.chunks_exact(usize::from(self.width)) {
            tile::row(cells, depth, columns, &mut self.tiles);
        }
    }

    pub fn row(&self, y: u16) -> &[Tile] {
        let (y, width) = (usize::from(y), usize::from(self.width));
        &self.tiles[y * width..(y + 1) * width]
    }

    /// What the terminal does when told to scroll: rows from `top` to `bottom` move by `by`, up when positive.
    pub fn scroll(&mut self, top: u16, bottom: u16, by: i32) {
        let width = usize::from(self.width);
        let region = &mut self.tiles[usize::from(top) * width..(usize::from(bottom) + 1) * width];
        let count = (by.unsigned_abs() as usize * width).min(region.len());
        if by > 0 {
            region.rotate_left(count);
            let kept = region.len() - count;
            region[kept..].fill(Tile::BLANK);
        } else {
            region.rotate_right(count);
            region[..count].fill(Tile::BLANK);
        }
    }
}
