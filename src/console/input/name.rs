//! Keys as text: `ctrl-w`, `alt-enter`, `shift-tab`, `G`, `?`, `f5`. What is printed parses to the same key.

use std::fmt;
use std::str::FromStr;

use super::{Code, Key, Mods};

/// Highest function key that any protocol reports.
const F_KEYS: u8 = 35;

/// Names of keys that are no single character; the first of a code is the one that is printed.
const NAMES: [(&str, Code); 24] = [
    ("enter", Code::Enter),
    ("return", Code::Enter),
    ("tab", Code::Tab),
    ("backspace", Code::Backspace),
    ("bs", Code::Backspace),
    ("esc", Code::Esc),
    ("escape", Code::Esc),
    ("up", Code::Up),
    ("down", Code::Down),
    ("left", Code::Left),
    ("right", Code::Right),
    ("home", Code::Home),
    ("end", Code::End),
    ("pageup", Code::PageUp),
    ("pgup", Code::PageUp),
    ("pagedown", Code::PageDown),
    ("pgdn", Code::PageDown),
    ("insert", Code::Insert),
    ("ins", Code::Insert),
    ("delete", Code::Delete),
    ("del", Code::Delete),
    ("space", Code::Char(' ')),
    ("minus", Code::Char('-')),
    ("plus", Code::Char('+')),
];

const MODIFIERS: [(&str, Mods); 5] =
    [("ctrl", Mods::CTRL), ("control", Mods::CTRL), ("alt", Mods::ALT), ("meta", Mods::ALT), ("shift", Mods::SHIFT)];

/// Why a text is no key. Parameters, so that the reader's language can say it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyError {
    /// There is nothing.
    Empty,
    /// Modifiers with no key behind them.
    NoKey(String),
    /// Neither a name nor a single character.
    UnknownName(String),
    /// Something before a `-` that is no modifier.
    UnknownModifier(String),
    /// The same modifier twice.
    Twice(String),
    /// A function key that no keyboard has.
    NoSuchF(String),
    /// A character that no key types: control characters, marks without a letter.
    Unprintable(char),
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "a key is missing"),
            Self::NoKey(text) => write!(f, "{text:?} has modifiers but no key behind them"),
            Self::UnknownName(name) => write!(f, "{name:?} is neither a single character nor the name of a key"),
            Self::UnknownModifier(name) => write!(f, "{name:?} is no modifier; ctrl, alt and shift are"),
            Self::Twice(name) => write!(f, "the modifier {name:?} is there twice"),
            Self::NoSuchF(name) => write!(f, "{name:?} is no function key; f1 to f{F_KEYS} are"),
            Self::Unprintable(c) => write!(f, "U+{:04X} is no character that a key types", u32::from(*c)),
        }
    }
}

impl std::error::Error for KeyError {}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (held, name) in [(Mods::CTRL, "ctrl-"), (Mods::ALT, "alt-"), (Mods::SHIFT, "shift-")] {
            if self.mods().has(held) {
                f.write_str(name)?;
            }
        }
        match self.code() {
            Code::F(n) => write!(f, "f{n}"),
            // A lone dash or plus reads well; `minus` and `plus` are for those who find `ctrl--` odd.
            Code::Char(c) if c != ' ' => write!(f, "{c}"),
            code => f.write_str(NAMES.iter().find(|(_, named)| *named == code).map_or("?", |(name, _)| name)),
        }
    }
}

impl FromStr for Key {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        if text.is_empty() {
            return Err(KeyError::Empty);
        }
        let mut mods = Mods::NONE;
        let mut rest = text;
        // A dash divides only where something stands before it: `-` and `ctrl--` end in the dash key itself.
        while let Some(at) = rest.find(['-', '+']).filter(|at| *at > 0) {
            let (name, behind) = (&rest[..at], &rest[at + 1..]);
            let (_, held) = MODIFIERS
                .iter()
                .find(|(known, _)| known.eq_ignore_ascii_case(name))
                .ok_or_else(|| KeyError::UnknownModifier(name.into()))?;
            if mods.has(*held) {
                return Err(KeyError::Twice(name.into()));
            }
            mods = mods.with(*held);
            rest = behind;
        }
        if rest.is_empty() {
            return Err(KeyError::NoKey(text.into()));
        }
        code(rest, mods)
    }
}

/// The part behind the modifiers.
fn code(name: &str, mods: Mods) -> Result<Key, KeyError> {
    let mut chars = name.chars();
    if let (Some(c), None) = (chars.next(), chars.next()) {
        if c.is_control() || c.is_whitespace() || unicode_width::UnicodeWidthChar::width(c).unwrap_or(0) == 0 {
            return Err(KeyError::Unprintable(c));
        }
        // `ctrl-W` is meant as `ctrl-w`: a binding that hardly any terminal can send would look broken.
        let c = if mods.has(Mods::CTRL) { c.to_ascii_lowercase() } else { c };
        return Ok(Key::new(Code::Char(c), mods));
    }
    if name.eq_ignore_ascii_case("backtab") {
        return Ok(Key::new(Code::Tab, mods.with(Mods::SHIFT)));
    }
    if let Some((_, code)) = NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
        return Ok(Key::new(*code, mods));
    }
    let digits = name.strip_prefix(['f', 'F']).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
    match digits.map(str::parse) {
        Some(Ok(n @ 1..=F_KEYS)) => Ok(Key::new(Code::F(n), mods)),
        Some(_) => Err(KeyError::NoSuchF(name.into())),
        None => Err(KeyError::UnknownName(name.into())),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Result<Key, KeyError> {
        text.parse()
    }

    #[test]
    fn keys_read_as_they_are_written_in_a_keymap() {
        for (text, code, mods) in [
            ("ctrl-w", Code::Char('w'), Mods::CTRL),
            ("ctrl-W", Code::Char('w'), Mods::CTRL),
            ("Ctrl+w", Code::Char('w'), Mods::CTRL),
            ("alt-enter", Code::Enter, Mods::ALT),
            ("shift-tab", Code::Tab, Mods::SHIFT),
            ("backtab", Code::Tab, Mods::SHIFT),
            ("space", Code::Char(' '), Mods::NONE),
            ("ctrl-space", Code::Char(' '), Mods::CTRL),
            ("g", Code::Char('g'), Mods::NONE),
            ("G", Code::Char('G'), Mods::NONE),
            ("shift-g", Code::Char('G'), Mods::NONE),
            ("?", Code::Char('?'), Mods::NONE),
            ("？", Code::Char('？'), Mods::NONE),
            ("-", Code::Char('-'), Mods::NONE),
            ("ctrl--", Code::Char('-'), Mods::CTRL),
            ("alt-minus", Code::Char('-'), Mods::ALT),
            ("+", Code::Char('+'), Mods::NONE),
            ("f1", Code::F(1), Mods::NONE),
            ("F12", Code::F(12), Mods::NONE),
            ("f", Code::Char('f'), Mods::NONE),
            ("esc", Code::Esc, Mods::NONE),
            ("ctrl-alt-delete", Code::Delete, Mods::CTRL.with(Mods::ALT)),
        ] {
            assert_eq!(parse(text), Ok(Key::new(code, mods)), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_one_sentence() {
        for (text, sentence) in [
            ("", "a key is missing"),
            ("ctrl-", "\"ctrl-\" has modifiers but no key behind them"),
            ("ctrl-foo", "\"foo\" is neither a single character nor the name of a key"),
            ("strg-c", "\"strg\" is no modifier; ctrl, alt and shift are"),
            ("ctrl-control-c", "the modifier \"control\" is there twice"),
            ("f99", "\"f99\" is no function key; f1 to f35 are"),
            ("f0", "\"f0\" is no function key; f1 to f35 are"),
            ("\u{7}", "U+0007 is no character that a key types"),
            ("\u{301}", "U+0301 is no character that a key types"),
        ] {
            assert_eq!(parse(text).map_err(|e| e.to_string()), Err(sentence.to_owned()), "{text:?}");
        }
    }

    pub(crate) fn any_key() -> impl Strategy<Value = Key> {
        let char =
            prop_oneof![proptest::char::range('!', '~'), Just(' '), proptest::char::range('一', '龥'), Just('ß')];
        let code = prop_oneof![
            char.prop_map(Code::Char),
            (1..=F_KEYS).prop_map(Code::F),
            proptest::sample::select(NAMES.map(|(_, code)| code).to_vec()),
        ];
        (code, any::<[bool; 3]>()).prop_map(|(code, held)| {
            let mut mods = Mods::NONE;
            for (held, mod_) in held.into_iter().zip([Mods::CTRL, Mods::ALT, Mods::SHIFT]) {
                mods = if held { mods.with(mod_) } else { mods };
            }
            Key::new(code, mods)
        })
    }

    proptest! {
        #[test]
        fn what_is_printed_parses_to_the_same_key(key in any_key()) {
            prop_assert_eq!(parse(&key.to_string()), Ok(key));
        }

        #[test]
        fn no_text_panics(text in "(ctrl|alt|shift|[-+]|\\PC){0,6}") {
            if let Ok(key) = parse(&text) {
                prop_assert_eq!(parse(&key.to_string()), Ok(key));
            }
        }
    }
}
