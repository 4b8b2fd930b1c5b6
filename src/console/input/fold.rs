//! Chinese input methods left on in normal mode: full-width characters become the keys that were meant.

use super::{Code, Key};

/// The key that an operator meant in normal mode: `：` is `:`, `／` is `/`, `Ｇ` is `G`. Other keys stay.
///
/// Not for text fields: there the character itself was meant.
pub fn fold(key: Key) -> Key {
    match key.code() {
        Code::Char(c) => Key::new(Code::Char(narrow(c)), key.mods()),
        _ => key,
    }
}

/// The ASCII character on the same key cap of a Chinese keyboard.
fn narrow(c: char) -> char {
    match c {
        // The full-width forms stand in the order of ASCII.
        '！'..='～' => u32::from(c).checked_sub(0xfee0).and_then(char::from_u32).unwrap_or(c),
        '\u{3000}' => ' ',
        '。' => '.',
        // Input methods put it on `/` or on `\`; of the two, only `/` does something here.
        '、' => '/',
        '《' | '〈' => '<',
        '》' | '〉' => '>',
        '【' | '「' => '[',
        '】' | '」' => ']',
        '『' => '{',
        '』' => '}',
        '“' | '”' => '"',
        '‘' | '’' => '\'',
        '—' => '_',
        '…' => '^',
        '·' => '`',
        '￥' => '$',
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::input::Mods;

    #[test]
    fn full_width_keys_are_what_was_meant() {
        let wide = "：／？！；，。、（）《》【】ＡＺａｚ０９～　";
        let meant = ":/?!;,./()<>[]AZaz09~ ";
        assert_eq!(wide.chars().map(narrow).collect::<String>(), meant);
        assert_eq!(fold(Key::new(Code::Char('ｗ'), Mods::ALT)), Key::new(Code::Char('w'), Mods::ALT));
    }

    #[test]
    fn other_keys_stay() {
        for key in [Key::char('好'), Key::char('g'), Key::plain(Code::Up), Key::new(Code::F(5), Mods::CTRL)] {
            assert_eq!(fold(key), key);
        }
    }

    #[test]
    fn folding_twice_is_folding_once() {
        for c in (0..0x1_1000).filter_map(char::from_u32) {
            assert_eq!(narrow(narrow(c)), narrow(c), "{c:?}");
        }
    }
}
