//! Where a line may break: the Chinese rules of what begins and ends no line, and whole words for the rest.
//!
//! A small part of Unicode's line breaking (UAX 14), by hand: the full tables also decide for Thai and for
//! quotation styles that QQ does not see, and would not let us say which rule moved a character.

use unicode_width::UnicodeWidthChar;

/// Begins no line.
const CLOSE: &str = concat!(
    "，。、！？；：」』）】》〉〕｝］〗〙”’…～％‰℃°·・‧〃々〻ー゛゜ゝゞヽヾ",
    "ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮｧｨｩｪｫｬｭｮｯｰ､｡｣",
    ",.!?;:)]}%",
);

/// Ends no line.
const OPEN: &str = "（「『【《〈〔｛［〖〘“‘￥＄¥￡£€＃＠([{$#@｢";

/// What two neighbours make of the place between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gap {
    /// A line may break here.
    Free,
    /// Only where the line has no free place: inside a word.
    Word,
    /// Only where the line has no other place at all.
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Space,
    Open,
    Close,
    Wide,
    Word,
}

/// Whether a grapheme is a space: dropped at the end of a line, and a place to break behind.
pub(super) fn is_space(grapheme: &str) -> bool {
    matches!(grapheme, " " | "\t" | "\u{3000}")
}

/// Whether a grapheme ends a line by itself.
pub(super) fn is_newline(grapheme: &str) -> bool {
    matches!(grapheme, "\n" | "\r\n")
}

/// What lies between two neighbouring graphemes.
pub(super) fn gap(before: &str, after: &str) -> Gap {
    let (a, b) = (class(before), class(after));
    match (a, b) {
        (_, Class::Space | Class::Close) | (Class::Open, _) => Gap::Never,
        (Class::Space, _) => Gap::Free,
        _ if before == "—" && after == "—" => Gap::Never,
        _ if narrow(before) && narrow(after) => Gap::Word,
        _ => Gap::Free,
    }
}

fn class(grapheme: &str) -> Class {
    let Some(first) = grapheme.chars().next() else { return Class::Word };
    if is_space(grapheme) {
        Class::Space
    } else if first == '#' || first == '@' {
        // A keycap (#️⃣) is a picture, no sign before a word.
        if grapheme.len() == 1 { Class::Open } else { Class::Wide }
    } else if CLOSE.contains(first) {
        Class::Close
    } else if OPEN.contains(first) {
        Class::Open
    } else if wide(first) {
        Class::Wide
    } else {
        Class::Word
    }
}

/// Part of a word in a script that parts words by spaces, its marks and quotes included.
fn narrow(grapheme: &str) -> bool {
    grapheme.chars().next().is_some_and(|c| !wide(c))
}

/// By what the character is, not by how wide a terminal draws it: where a line breaks must not depend on that alone.
fn wide(c: char) -> bool {
    c.width() == Some(2) || c == '—'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_character_both_opens_and_closes() {
        assert!(OPEN.chars().all(|c| !CLOSE.contains(c)));
    }

    #[test]
    fn lines_break_between_characters_and_after_spaces() {
        for (a, b, want) in [
            ("你", "好", Gap::Free),
            ("你", "a", Gap::Free),
            ("a", "你", Gap::Free),
            ("a", "b", Gap::Word),
            (" ", "b", Gap::Free),
            ("a", " ", Gap::Never),
            ("好", "，", Gap::Never),
            ("，", "世", Gap::Free),
            ("“", "你", Gap::Never),
            ("你", "“", Gap::Free),
            ("你", "（", Gap::Free),
            ("—", "—", Gap::Never),
            ("…", "…", Gap::Never),
            ("…", "好", Gap::Free),
            (".", "5", Gap::Word),
            ("’", "t", Gap::Word),
            ("@", "小", Gap::Never),
            ("￥", "8", Gap::Never),
            ("5", "%", Gap::Never),
            ("😀", "😀", Gap::Free),
        ] {
            assert_eq!(gap(a, b), want, "{a}|{b}");
        }
    }
}
