//! A key: what was pressed and what was held.

/// Modifiers held with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Mods(u8);

impl Mods {
    /// None.
    pub const NONE: Mods = Mods(0);
    /// Shift. Never beside a letter without Ctrl: there the letter itself is the capital one.
    pub const SHIFT: Mods = Mods(1);
    /// Alt, Option or Meta.
    pub const ALT: Mods = Mods(2);
    /// Ctrl.
    pub const CTRL: Mods = Mods(4);

    /// Both together.
    pub const fn with(self, other: Mods) -> Mods {
        Mods(self.0 | other.0)
    }

    /// These without `other`.
    pub const fn without(self, other: Mods) -> Mods {
        Mods(self.0 & !other.0)
    }

    /// Whether all of `other` is held.
    pub const fn has(self, other: Mods) -> bool {
        self.0 & other.0 == other.0
    }
}

/// What was pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Code {
    /// A character, also the space; capital letters are characters of their own.
    Char(char),
    /// Enter, also the one of the number block.
    Enter,
    /// Tab; with [`Mods::SHIFT`] the back tab.
    Tab,
    /// Backspace (the byte 7F; the byte 08 is Ctrl-H).
    Backspace,
    /// Escape.
    Esc,
    /// Arrow up.
    Up,
    /// Arrow down.
    Down,
    /// Arrow left.
    Left,
    /// Arrow right.
    Right,
    /// Home.
    Home,
    /// End.
    End,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// Insert.
    Insert,
    /// Delete.
    Delete,
    /// A function key, from 1 on.
    F(u8),
}

/// A key in its one spelling: [`Key::new`] brings every way to report a key to the same value, so that a
/// keymap may compare with `==`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    code: Code,
    mods: Mods,
}

impl Key {
    /// The key with these modifiers.
    ///
    /// Shift goes into a letter (`shift` + `a` is `A`). With Ctrl letters are small, since bytes below 20 hold
    /// no case, and Shift stays beside them: only newer keyboard protocols report it.
    pub fn new(code: Code, mods: Mods) -> Self {
        let Code::Char(c) = code else { return Self { code, mods } };
        if mods.has(Mods::CTRL) {
            let shift = if c.is_ascii_uppercase() { Mods::SHIFT } else { Mods::NONE };
            return Self { code: Code::Char(c.to_ascii_lowercase()), mods: mods.with(shift) };
        }
        if !mods.has(Mods::SHIFT) {
            return Self { code, mods };
        }
        let mut capital = c.to_uppercase();
        match (capital.next(), capital.next()) {
            // A letter: one capital form. `ß` has two characters there and stays as it is.
            (Some(capital), None) if capital != c || c.is_uppercase() => {
                Self { code: Code::Char(capital), mods: mods.without(Mods::SHIFT) }
            }
            _ => Self { code, mods },
        }
    }

    /// A key without modifiers.
    pub fn plain(code: Code) -> Self {
        Self::new(code, Mods::NONE)
    }

    /// A character without modifiers.
    pub fn char(c: char) -> Self {
        Self::plain(Code::Char(c))
    }

    /// What was pressed.
    pub fn code(self) -> Code {
        self.code
    }

    /// What was held.
    pub fn mods(self) -> Mods {
        self.mods
    }

    /// The character that this key types into a text field, if it types one.
    pub fn typed(self) -> Option<char> {
        match self.code {
            Code::Char(c) if self.mods.without(Mods::SHIFT) == Mods::NONE => Some(c),
            _ => None,
        }
    }
}
