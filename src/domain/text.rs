//! The sanitiser. Every string that comes from QQ, a model or an error body becomes a [`Text`] where it
//! enters, once; from then on only [`Text::shown`] reaches a terminal, a log or an operator.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use unicode_width::UnicodeWidthChar;

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
    /// Characters that take no room and hide text: zero width, soft hyphen, byte order mark, tags.
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
///
/// In the shown form control bytes are visible marks (`␛` for escape, `⟨U+009B⟩` for C1, likewise for
/// bidirectional controls), every kind of line end is a line feed, invisible characters are gone, joiners stay
/// inside emoji only, and no character carries more than four marks. A tab stays: the view expands it.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Text {
    raw: Box<str>,
    /// Only where it differs from `raw`, which is rare: most chats pay for one string.
    shown: Option<Box<str>>,
    hazards: Hazards,
}

impl Text {
    /// Looks at every character once; a clean string costs nothing but that look.
    pub fn new(raw: impl Into<Box<str>>) -> Self {
        let raw = raw.into();
        let (shown, hazards) = sanitise(&raw);
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
        '\u{ad}' | '\u{34f}' | '\u{180e}' | '\u{200b}' | '\u{200c}' | '\u{2060}'..='\u{2065}' => Hazards::INVISIBLE,
        '\u{206a}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' => Hazards::INVISIBLE,
        '\u{e0000}'..='\u{e0fff}' => Hazards::INVISIBLE,
        _ => return None,
    })
}

/// Joins emoji into one picture; anywhere else it only hides.
const JOINER: char = '\u{200d}';
/// Asks for the coloured form of the emoji before it.
const EMOJI_STYLE: char = '\u{fe0f}';
/// Marks that one base character may carry; more climb over the rows above (threats.md C06).
const MARKS: u8 = 4;

/// What becomes of one character.
enum Fate {
    Keep,
    Drop,
    As(char),
    Named,
}

/// The showable form, where it differs, and what was found. One pass; nothing is copied before the
/// first character that has to go.
fn sanitise(raw: &str) -> (Option<Box<str>>, Hazards) {
    let mut hazards = Hazards::default();
    if raw.bytes().all(|b| matches!(b, b' '..=b'~' | b'\n' | b'\t')) {
        return (None, hazards);
    }
    let mut shown: Option<String> = None;
    let (mut before, mut marks) = ('\0', 0);
    let mut chars = raw.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let found = hazard(c);
        hazards = hazards.union(found.unwrap_or_default());
        let next = chars.peek().map_or('\0', |(_, next)| *next);
        let fate = match found {
            Some(found) => replace(c, found, next),
            None => keep(c, before, next, &mut marks),
        };
        let last = match fate {
            Fate::Keep => c,
            Fate::As(other) => other,
            Fate::Named => '\u{27e9}',
            Fate::Drop => before,
        };
        before = last;
        if matches!(fate, Fate::Keep) {
            if let Some(shown) = &mut shown {
                shown.push(c);
            }
            continue;
        }
        let shown = shown.get_or_insert_with(|| {
            let mut copy = String::with_capacity(raw.len() + 16);
            copy.push_str(&raw[..at]);
            copy
        });
        match fate {
            Fate::As(other) => shown.push(other),
            Fate::Named => shown.push_str(&format!("\u{27e8}U+{:04X}\u{27e9}", u32::from(c))),
            Fate::Keep | Fate::Drop => {}
        }
        if !matches!(fate, Fate::Drop) {
            marks = 0;
        }
    }
    (shown.map(String::into_boxed_str), hazards)
}

/// A hazard becomes a mark that a reader can see, a line end, or nothing.
fn replace(c: char, found: Hazards, next: char) -> Fate {
    match found {
        Hazards::CR if next == '\n' => Fate::Drop,
        Hazards::CR | Hazards::LINESEP => Fate::As('\n'),
        Hazards::INVISIBLE => Fate::Drop,
        Hazards::C1 | Hazards::BIDI => Fate::Named,
        // Unicode's pictures of control characters: `␛` for escape.
        _ if c == '\u{7f}' => Fate::As('\u{2421}'),
        _ => Fate::As(char::from_u32(0x2400 + u32::from(c)).unwrap_or(char::REPLACEMENT_CHARACTER)),
    }
}

/// No hazard by itself, yet joiners outside of emoji, Hangul fillers (blank nicknames) and towers of marks go.
fn keep(c: char, before: char, next: char, marks: &mut u8) -> Fate {
    if c == JOINER {
        let joins = (is_emoji(before) || before == EMOJI_STYLE) && is_emoji(next);
        return if joins { Fate::Keep } else { Fate::Drop };
    }
    if matches!(c, '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}') {
        return Fate::Drop;
    }
    if !is_mark(c) {
        *marks = 0;
        return Fate::Keep;
    }
    if *marks == MARKS {
        return Fate::Drop;
    }
    *marks += 1;
    Fate::Keep
}

/// Whether it stands on the character before it.
fn is_mark(c: char) -> bool {
    match c {
        // The bulk of what people write, without a look at the table.
        '\0'..='\u{2ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' => false,
        _ => UnicodeWidthChar::width(c) == Some(0),
    }
}

/// Whether it can stand at either end of a joiner: the blocks that hold pictographs.
fn is_emoji(c: char) -> bool {
    matches!(c, '\u{2190}'..='\u{21ff}' | '\u{2300}'..='\u{23ff}' | '\u{2600}'..='\u{27bf}' | '\u{2b00}'..='\u{2bff}'
        | '\u{1f000}'..='\u{1faff}' | '\u{a9}' | '\u{ae}')
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(raw: &str) -> String {
        Text::from(raw).shown().to_owned()
    }

    #[test]
    fn a_clean_string_is_not_copied() {
        for clean in ["", "hello\tyou\n", "明天要带伞吗？", "👨‍👩‍👧‍👦 一家人", "1️⃣ é", "नमस्ते", "👩🏽‍🚀🏳️‍🌈"]
        {
            let text = Text::from(clean);
            assert_eq!((text.shown.is_none(), text.shown()), (true, clean));
            assert!(text.hazards().is_empty());
        }
    }

    #[test]
    fn control_bytes_become_visible_marks() {
        assert_eq!(shown("\u{1b}]0;x\u{7}好"), "␛]0;x␇好");
        assert_eq!(shown("\0\u{7f}\u{8}"), "␀␡␈");
        assert_eq!(shown("a\u{9b}31m"), "a⟨U+009B⟩31m");
        assert_eq!(shown("\u{202e}gnp.exe"), "⟨U+202E⟩gnp.exe");
    }

    #[test]
    fn every_line_end_is_a_line_feed() {
        assert_eq!(shown("a\r\nb\rc\u{2028}d\u{2029}e\nf"), "a\nb\nc\nd\ne\nf");
    }

    #[test]
    fn what_hides_is_dropped() {
        assert_eq!(shown("a\u{200b}\u{ad}b\u{feff}\u{e0041}\u{3164}c"), "abc");
        assert_eq!(shown("a\u{200d}b 👨\u{200d}b"), "ab 👨b");
        assert_eq!(shown("👨\u{200d}\u{200b}👩"), "👨👩");
    }

    #[test]
    fn towers_of_marks_are_cut_at_four() {
        let tower = format!("e{}x\u{301}", "\u{301}".repeat(1000));
        assert_eq!(shown(&tower), format!("e{}x\u{301}", "\u{301}".repeat(4)));
    }

    #[test]
    fn the_names_of_hazards_are_those_of_the_field() {
        let text = Text::from("\u{1b}\u{7}\u{9b}\r\u{202e}\u{2028}\u{200b}");
        let names: Vec<_> = text.hazards().names().collect();
        assert_eq!(names, ["esc", "c0", "c1", "cr", "bidi", "linesep", "invisible"]);
    }

    proptest! {
        #[test]
        fn shown_holds_no_hazard_and_is_its_own_shown(raw in "\\PC*|[\u{0}-\u{ff}\u{300}-\u{310}\u{200b}-\u{202e}👨👩🚀\u{fe0f}\u{3164}\u{e0041}a]*") {
            let text = Text::from(raw.clone());
            prop_assert!(text.shown().chars().all(|c| hazard(c).is_none()));
            prop_assert_eq!(shown(text.shown()), text.shown());
            prop_assert_eq!(text.raw(), raw);
        }
    }
}
