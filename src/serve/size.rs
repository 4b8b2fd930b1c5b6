//! How large a terminal may say that it is.

/// The largest terminal that is drawn on: the other end chooses the numbers, and they cost memory.
const LARGEST: (u16, u16) = (500, 200);

/// A terminal's size as far as it is believed.
pub fn clamp((columns, rows): (u16, u16)) -> (u16, u16) {
    (columns.clamp(1, LARGEST.0), rows.clamp(1, LARGEST.1))
}
