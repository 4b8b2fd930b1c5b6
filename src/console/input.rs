//! What an operator's terminal sends. [`Decoder`] turns bytes, cut anywhere, into [`Event`]s; [`Key`] and
//! [`Chord`] have a text form for the keymap (`ctrl-w`, `g g`); [`fold()`] forgives an input method left on.
//!
//! Our own decoder, because crossterm reads the process's tty only and every published parser either needs
//! whole sequences or stops for good at a reply it does not know (crates.md §1, "Bytes -> events").

mod chord;
mod decoder;
mod fold;
mod key;
mod name;
mod paste;
mod sequence;
#[cfg(test)]
mod soup;
#[cfg(test)]
mod tests;

pub use chord::Chord;
pub use decoder::Decoder;
pub use fold::fold;
pub use key::{Code, Key, Mods};
pub use name::KeyError;
pub use paste::{PASTE_CAP, Paste};

/// One thing an operator did, or the only reply of a terminal that is of use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A key went down or repeats. Releases are never told.
    Key(Key),
    /// Pasted text, whole. Never keys, whatever it holds.
    Paste(Paste),
    /// The mouse, where it was switched on.
    Mouse(Mouse),
    /// The terminal's window got the focus (`true`) or lost it.
    Focus(bool),
    /// Answer to OSC 11: the background as red, green, blue. Tells a light terminal from a dark one.
    Background(u8, u8, u8),
}

/// A mouse event. Column and row count from 0, as in a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mouse {
    /// What happened.
    pub act: MouseAct,
    /// Column.
    pub x: u16,
    /// Row.
    pub y: u16,
    /// Modifiers held. Terminals keep Shift for their own selection.
    pub mods: Mods,
}

/// What the mouse did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MouseAct {
    /// A button went down.
    Down(Button),
    /// A button went up. X10 reports do not say which one: then it is [`Button::Left`].
    Up(Button),
    /// Moved with a button down.
    Drag(Button),
    /// Moved with none.
    Move,
    /// Wheel away from the operator.
    ScrollUp,
    /// Wheel towards the operator.
    ScrollDown,
    /// Wheel to the left.
    ScrollLeft,
    /// Wheel to the right.
    ScrollRight,
}

/// A mouse button.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Button {
    /// The first.
    Left,
    /// The wheel.
    Middle,
    /// The second.
    Right,
}
