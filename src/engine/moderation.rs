//! Forbidden words: found in one pass whatever their number, blind to letter case, full-width forms and the
//! invisible characters that people put between to get past a filter.

use aho_corasick::{AhoCorasick, MatchKind};

use super::fold::{fold, folded, is_hidden};

/// A compiled word list.
#[derive(Debug, Clone)]
pub struct Moderation {
    /// `None`: no words, and nothing to pay for.
    words: Option<AhoCorasick>,
    /// Position in the configured list by pattern, since blank words are skipped.
    positions: Vec<usize>,
}

impl Moderation {
    /// Compiles the list. Blank words are skipped: they would match everything.
    pub fn compile(words: &[String]) -> Self {
        let (positions, patterns): (Vec<_>, Vec<_>) =
            words.iter().map(|word| searchable(word.trim())).enumerate().filter(|(_, word)| !word.is_empty()).unzip();
        let words = (!patterns.is_empty()).then(|| {
            AhoCorasick::builder()
                .match_kind(MatchKind::LeftmostLongest)
                .build(patterns)
                .expect("a build fails only beyond 2^31 states, gigabytes of words")
        });
        Self { words, positions }
    }

    /// The first forbidden word, by its position in the configured list.
    pub fn find(&self, text: &str) -> Option<usize> {
        let found = self.words.as_ref()?.find(&searchable(text))?;
        self.positions.get(found.pattern().as_usize()).copied()
    }

    /// The text with `＊` for every character of every forbidden word.
    pub fn mask(&self, text: &str) -> String {
        let Some(words) = &self.words else { return text.to_owned() };
        let searched = searchable(text);
        let mut found = words.find_iter(&searched).map(|m| m.range()).peekable();
        let mut at = 0;
        let mut masked = String::with_capacity(text.len());
        for c in text.chars() {
            while found.next_if(|range| range.end <= at).is_some() {}
            let inside = found.peek().is_some_and(|range| range.contains(&at));
            if is_hidden(c) {
                // Took part in no match; inside of one it goes with the word.
                if !found.peek().is_some_and(|range| range.start < at && at < range.end) {
                    masked.push(c);
                }
                continue;
            }
            masked.push(if inside { '＊' } else { c });
            at += fold(c).len_utf8();
        }
        masked
    }
}

/// As words are compared: folded, hidden characters taken out.
fn searchable(text: &str) -> String {
    if text.contains(is_hidden) { text.chars().filter(|c| !is_hidden(*c)).map(fold).collect() } else { folded(text) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(list: &[&str]) -> Moderation {
        Moderation::compile(&list.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn finds_the_first_word_by_its_place_in_the_list() {
        let list = words(&["", "赌博", "VPN", " "]);
        for (text, expected) in [
            ("今天天气", None),
            ("一起赌博吗", Some(1)),
            ("买ｖＰn", Some(2)),
            ("vpn和赌博", Some(2)),
            ("赌\u{200b}博", Some(1)),
            ("", None),
        ] {
            assert_eq!(list.find(text), expected, "{text}");
        }
    }

    #[test]
    fn the_longest_word_is_masked() {
        let list = words(&["赌", "赌博网站", "abc"]);
        for (text, expected) in [
            ("去赌博网站玩", "去＊＊＊＊玩"),
            ("赌一把", "＊一把"),
            ("ＡＢＣd", "＊＊＊d"),
            ("赌\u{200b}博网站", "＊＊＊＊"),
            ("a\u{200b}b", "a\u{200b}b"),
            ("赌赌", "＊＊"),
        ] {
            assert_eq!(list.mask(text), expected, "{text}");
        }
    }

    #[test]
    fn no_words_forbid_nothing() {
        let list = words(&[]);
        assert_eq!((list.find("anything"), list.mask("anything").as_str()), (None, "anything"));
    }

    proptest! {
        #[test]
        fn what_is_masked_holds_no_forbidden_word(text in "[ab赌博网Ａ\u{200b} ]{0,40}") {
            let list = words(&["赌博", "ab", "a网"]);
            let masked = list.mask(&text);
            prop_assert_eq!(list.find(&masked), None);
            prop_assert_eq!(masked == text, list.find(&text).is_none());
        }
    }
}
