//! Writes to the terminal and keeps in mind what that does to its cursor and its look.

use super::pen::{Pen, number};
use super::tile::{Tile, Trust};

/// Where a brush was put down: what one frame leaves for the next.
#[derive(Debug, Default)]
pub(super) struct Hand {
    /// The cursor; `None` when a doubtful glyph may have put it anywhere. In the column behind the last one the
    /// terminal may be waiting to wrap: then only a carriage return or an absolute move is safe.
    at: Option<(u16, u16)>,
    /// `None` when unknown.
    pen: Option<Pen>,
    visible: Option<bool>,
}

/// A brush over one frame.
pub(super) struct Brush<'a> {
    out: &'a mut Vec<u8>,
    hand: Hand,
    /// Where the cursor is if the glyphs of a drawn line took what they should; good for going on with the line.
    run: Option<(u16, u16)>,
}

impl<'a> Brush<'a> {
    pub fn new(out: &'a mut Vec<u8>, hand: Hand) -> Self {
        Self { out, hand, run: None }
    }

    pub fn put_down(self) -> Hand {
        self.hand
    }

    /// Clears everything, in the terminal's own colours; nothing that was thought to be known is relied on.
    pub fn clear(&mut self) {
        self.hand.pen = None;
        self.look(Pen::default());
        self.out.extend_from_slice(b"\x1b[H\x1b[2J");
        self.place(Some((0, 0)));
    }

    pub fn hide_cursor(&mut self) {
        if self.hand.visible != Some(false) {
            self.hand.visible = Some(false);
            self.out.extend_from_slice(b"\x1b[?25l");
        }
    }

    pub fn show_cursor(&mut self, x: u16, y: u16) {
        if self.hand.at != Some((x, y)) {
            self.go(x, y);
        }
        if self.hand.visible != Some(true) {
            self.hand.visible = Some(true);
            self.out.extend_from_slice(b"\x1b[?25h");
        }
    }

    /// Draws the tile at `x` of this row. `clean`: nothing but blanks of the same look is under it.
    pub fn draw(&mut self, x: u16, y: u16, row: &[Tile], clean: bool) {
        let tile = &row[usize::from(x)];
        let goes_on = tile.trust() == Trust::Run && self.run == Some((x, y));
        if !goes_on {
            self.approach(x, y, row);
        }
        if tile.is_blank() {
            self.look_on_blank(tile.pen)
        } else {
            self.look(tile.pen)
        }
        if tile.trust() == Trust::Doubtful && tile.width > 1 && !clean {
            // A terminal that gives it fewer cells would leave what was in the others.
            self.out.extend(std::iter::repeat_n(b' ', tile.width.into()));
            self.place(None);
            self.go(x, y);
        }
        tile.glyph.write(self.out);
        let behind = Some((x + u16::from(tile.width), y));
        match tile.trust() {
            Trust::Sure => self.place(behind),
            Trust::Run => {
                self.place(None);
                self.run = behind;
            }
            Trust::Doubtful => self.place(None),
        }
    }

    /// Erases from `x` to the end of the row, in the default background and without reverse or underline:
    /// terminals differ in what else of a look an erased cell takes.
    pub fn erase_rest(&mut self, x: u16, y: u16, row: &[Tile]) {
        self.approach(x, y, row);
        self.look_on_blank(Pen::default());
        self.out.extend_from_slice(b"\x1b[K");
    }

    /// Erases `count` cells from `x` on; the cursor stays.
    pub fn erase(&mut self, x: u16, y: u16, count: u16, row: &[Tile]) {
        self.approach(x, y, row);
        self.look_on_blank(Pen::default());
        self.csi(&[count], b'X');
    }

    /// Moves the rows from `top` to `bottom` by `by` rows, up when positive; rows that come free are blank.
    ///
    /// With lines deleted or inserted inside a scroll region: `CSI S` and `CSI T` are shorter by a move, but the
    /// Linux console does not know them.
    pub fn scroll(&mut self, top: u16, bottom: u16, by: i32) {
        self.look_on_blank(Pen::default());
        self.csi(&[top + 1, bottom + 1], b'r');
        self.place(None);
        self.go(0, top);
        self.csi(&[by.unsigned_abs() as u16], if by > 0 { b'M' } else { b'L' });
        self.out.extend_from_slice(b"\x1b[r");
        self.place(None);
    }

    fn place(&mut self, at: Option<(u16, u16)>) {
        self.hand.at = at;
        self.run = None;
    }

    /// A look for blanks only.
    fn look_on_blank(&mut self, pen: Pen) {
        if !self.hand.pen.is_some_and(|current| current.alike_on_blank(pen)) {
            self.look(pen);
        }
    }

    fn look(&mut self, pen: Pen) {
        Pen::change(self.hand.pen, pen, self.out);
        self.hand.pen = Some(pen);
    }

    /// Goes to `x`, over the tiles before it where writing them again is no longer than a move.
    fn approach(&mut self, x: u16, y: u16, row: &[Tile]) {
        let Some((from, _)) = self.hand.at.filter(|(at, line)| *line == y && *at < x) else {
            return if self.hand.at == Some((x, y)) { self.run = None } else { self.go(x, y) };
        };
        let between = &row[usize::from(from)..usize::from(x)];
        let same = |tile: &Tile| {
            let alike = |pen: Pen| pen == tile.pen || tile.is_blank() && pen.alike_on_blank(tile.pen);
            tile.trust() == Trust::Sure && self.hand.pen.is_some_and(alike)
        };
        let whole = between.first().is_some_and(|tile| tile.width > 0);
        let drawn = || between.iter().filter(|tile| tile.width > 0);
        let length: usize = drawn().map(|tile| tile.glyph.len()).sum();
        if whole && length <= forward_len(x - from) && drawn().all(same) {
            drawn().for_each(|tile| tile.glyph.write(self.out));
            self.place(Some((x, y)));
        } else {
            self.go(x, y);
        }
    }

    /// The shortest move: forward, or from the beginning of this row or the next, or absolute.
    fn go(&mut self, x: u16, y: u16) {
        let absolute = 3 + if (x, y) == (0, 0) { 0 } else { digits(y + 1) + if x > 0 { 1 + digits(x + 1) } else { 0 } };
        let relative = match self.hand.at {
            Some((at, line)) if line == y && at < x => Some((&b""[..], x - at)),
            Some((_, line)) if line == y => Some((&b"\r"[..], x)),
            Some((_, line)) if line + 1 == y => Some((&b"\r\n"[..], x)),
            _ => None,
        };
        match relative.filter(|(start, by)| start.len() + forward_len(*by) < absolute) {
            Some((start, by)) => {
                self.out.extend_from_slice(start);
                match by {
                    0 => {}
                    1 => self.csi(&[], b'C'),
                    _ => self.csi(&[by], b'C'),
                }
            }
            None if (x, y) == (0, 0) => self.csi(&[], b'H'),
            None if x == 0 => self.csi(&[y + 1], b'H'),
            None => self.csi(&[y + 1, x + 1], b'H'),
        }
        self.place(Some((x, y)));
    }

    fn csi(&mut self, numbers: &[u16], last: u8) {
        self.out.extend_from_slice(b"\x1b[");
        for (n, value) in numbers.iter().enumerate() {
            if n > 0 {
                self.out.push(b';');
            }
            number(self.out, *value);
        }
        self.out.push(last);
    }
}

fn forward_len(by: u16) -> usize {
    match by {
        0 => 0,
        1 => 3,
        _ => 3 + digits(by),
    }
}

fn digits(n: u16) -> usize {
    n.checked_ilog10().map_or(1, |log| log as usize + 1)
}
