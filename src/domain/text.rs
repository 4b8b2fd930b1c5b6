//! The sanitiser. Every string that comes from QQ, a model or an error body becomes a [`Text`] where it
//! enters, once; from then on only [`Text::shown`] reaches a terminal, a log or an operator.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What a string held that must not reach a terminal raw.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Hazards(u8);

impl Hazards {
    /// U+001B.
    pub const ESC: Hazards = Hazards(1);
    /// Other control characters below U+0020 except line feed, tab and carriage return, and U+007F.
    pub const C0: Hazards = Hazards(2);
    /// U+0080–U+009F.
    pub const C1: Hazards = Hazards(4);
    /// A carriage return.
    pub const CR: Hazards = Hazards(8);
    /// Bidirectional controls: U+061C, U+200E, U+200F, U+202A–U+202E, U+2066–U+2069.
    pub const BIDI: Hazards = Hazards(16);
    /// U+2028 and U+2029.
    pub const LINESEP: Hazards = Hazards(32);
    /// Characters that take no room and hide text: zero width, soft hyphen, byte order mark, tags, fillers.
    pub const INVISIBLE: Hazards = Hazards(64);

    const NAMES: [(&'static str, Hazards); 7] = [
        ("esc", Self::ESC),
        ("c0", Self::C0),
        ("c1", Self::C1),
        ("cr", Self::CR),
        ("bidi", Self::BIDI),
        ("linesep", Self::LINESEP),
        ("invisible", Self::INVISIBLE),
    ];

    /// Nothing found.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Both sets together.
    pub fn union(self, other: Hazards) -> Hazards {
        Hazards(self.0 | other.0)
    }

    /// Whether all of `other` is in here.
    pub fn contains(self, other: Hazards) -> bool {
        self.0 & other.0 == other.0
    }

    /// The names of what was found, in a fixed order.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES.into_iter().filter(move |(_, bit)| self.contains(*bit)).map(|(name, _)| name)
    }
}

impl fmt::Debug for Hazards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

/// Untrusted words: as they came, as they may be shown, and what was wrong with them.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Text {
    raw: Box<str>,
    /// Only where it differs from `raw`, which is rare: most chats pay for one string.
    shown: Option<Box<str>>,
    hazards: Hazards,
}

impl Text {
    /// Looks at every character once.
    pub fn new(raw: impl Into<Box<str>>) -> Self {
        let raw = raw.into();
        let mut hazards = Hazards::default();
        for c in raw.chars() {
            if let Some(h) = hazard(c) {
                hazards = hazards.union(h);
            }
        }
        let shown = (!hazards.is_empty()).then(|| sanitise(&raw).into_boxed_str());
        Self { raw, shown, hazards }
    }

    /// What was said, byte for byte. For models and the store, never for a terminal.
    pub fn raw(&self) -> &str {
        &self.raw
    }

    /// What may be shown.
    pub fn shown(&self) -> &str {
        self.shown.as_deref().unwrap_or(&self.raw)
    }

    /// What was found.
    pub fn hazards(&self) -> Hazards {
        self.hazards
    }

    /// Whether there is nothing at all.
    pub fn is_empty(&self) -> bool {
        self.raw.is_empty()
    }
}

/// Hazard class of one character.
pub fn hazard(c: char) -> Option<Hazards> {
    Some(match c {
        '\n' | '\t' => return None,
        '\u{1b}' => Hazards::ESC,
        '\r' => Hazards::CR,
        '\0'..='\u{1f}' | '\u{7f}' => Hazards::C0,
        '\u{80}'..='\u{9f}' => Hazards::C1,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => Hazards::BIDI,
        '\u{2028}' | '\u{2029}' => Hazards::LINESEP,
        '\u{200b}' | '\u{2060}' | '\u{feff}' | '\u{ad}' | '\u{e0000}'..='\u{e007f}' => Hazards::INVISIBLE,
        _ => return None,
    })
}

fn sanitise(raw: &str) -> String {
    raw.chars().filter(|c| hazard(*c).is_none()).collect()
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.raw)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.shown())
    }
}

impl From<&str> for Text {
    fn from(raw: &str) -> Self {
        Self::new(raw)
    }
}

impl From<String> for Text {
    fn from(raw: String) -> Self {
        Self::new(raw)
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.raw)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d).map(Self::from)
    }
}
