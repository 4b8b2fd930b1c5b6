//! Makes words comparable: full-width forms, letter case, and what counts as the edge of a word where
//! Chinese is written without blanks.

use crate::domain::Hazards;
use crate::domain::text::hazard;

/// One character as it is compared: full-width ASCII as ASCII, the ideographic blank as a blank, lower case
/// where that is a single character. Always one for one, so that positions can be carried over.
pub fn fold(c: char) -> char {
    let c = match c {
        '\u{3000}' => ' ',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        _ => c,
    };
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

/// A whole string, folded.
pub fn folded(text: &str) -> String {
    text.chars().map(fold).collect()
}

/// What follows `prefix` (already folded) in `text`, if `text` begins with it.
pub fn strip_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let mut rest = text.chars();
    prefix.chars().all(|p| rest.next().map(fold) == Some(p)).then_some(rest.as_str())
}

/// What stands before `suffix` (already folded) in `text`, if `text` ends with it.
pub fn strip_suffix<'a>(text: &'a str, suffix: &str) -> Option<&'a str> {
    let mut rest = text.chars();
    suffix.chars().rev().all(|s| rest.next_back().map(fold) == Some(s)).then_some(rest.as_str())
}

/// Written without blanks between words: Han, kana, hangul, bopomofo and their extensions.
pub fn is_cjk(c: char) -> bool {
    matches!(c,
        '\u{2e80}'..='\u{2fdf}' | '\u{3005}'..='\u{3007}' | '\u{3021}'..='\u{3029}' | '\u{3031}'..='\u{303c}'
        | '\u{3041}'..='\u{30fa}' | '\u{30fc}'..='\u{318f}' | '\u{31a0}'..='\u{31bf}' | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}')
}

/// Part of a word that blanks delimit: letters, digits and `_`, but not [CJK](is_cjk).
pub fn in_word(c: char) -> bool {
    (c.is_alphanumeric() || c == '_') && !is_cjk(c)
}

/// Whether a word may end between these two: not inside a run of letters. The ends of a text count as edges.
pub fn is_edge(before: Option<char>, after: Option<char>) -> bool {
    !(before.is_some_and(in_word) && after.is_some_and(in_word))
}

/// A blank, a control or punctuation: what stands around a word that stands alone.
pub fn is_gap(c: char) -> bool {
    !c.is_alphanumeric() && c != '_'
}

/// Takes no room and hides words from a search: zero width characters, soft hyphens, direction marks.
pub fn is_hidden(c: char) -> bool {
    hazard(c).is_some_and(|h| h == Hazards::INVISIBLE || h == Hazards::BIDI)
        || matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_width_and_case_fold_one_for_one() {
        assert_eq!(folded("ＡＩ／ＨＥＬＰ　你好Ä"), "ai/help 你好ä");
        // Two characters in lower case: left alone rather than shifting positions.
        assert_eq!(folded("İ").chars().count(), 1);
    }

    #[test]
    fn prefixes_and_suffixes_are_stripped_by_folded_words() {
        assert_eq!(strip_prefix("ＡＩ你好", "ai"), Some("你好"));
        assert_eq!(strip_prefix("a", "ai"), None);
        assert_eq!(strip_suffix("你好ＡＩ", "ai"), Some("你好"));
        assert_eq!(strip_suffix("i", "ai"), None);
    }

    #[test]
    fn edges_of_words() {
        assert!(!is_edge(Some('i'), Some('r')));
        assert!(is_edge(Some('i'), Some('你')));
        assert!(is_edge(Some('i'), Some(' ')));
        assert!(is_edge(Some('i'), None));
        assert!(is_gap('，') && is_gap('@') && !is_gap('手'));
    }
}
