//! The words of a notification as services take them: one line and a text, cut where a service cuts or refuses.

use unicode_segmentation::UnicodeSegmentation as _;

use crate::domain::NotificationText;

/// Stands where something was cut.
const MARK: &str = "…";

/// The title with the instance's name, on one line. The name is what a robot's keyword can be.
pub fn head(text: &NotificationText) -> String {
    let title = if text.title.contains(&text.instance) || text.instance.is_empty() {
        text.title.clone()
    } else {
        format!("[{}] {}", text.instance, text.title)
    };
    line(&title)
}

/// On one line, without control characters: some libraries panic at them.
pub fn line(text: &str) -> String {
    text.split(char::is_control).map(str::trim).filter(|piece| !piece.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Title and text together, in so many bytes.
pub fn whole(text: &NotificationText, bytes: usize) -> String {
    let mut whole = head(text);
    if !text.body.is_empty() {
        whole.push('\n');
        whole.push_str(&text.body);
    }
    cut(&whole, bytes, str::len)
}

/// As it is, or cut between two graphemes to so many bytes of UTF-8, a mark at the end included.
pub fn bytes(text: &str, most: usize) -> String {
    cut(text, most, str::len)
}

/// The same in characters.
pub fn chars(text: &str, most: usize) -> String {
    cut(text, most, |piece| piece.chars().count())
}

fn cut(text: &str, most: usize, size: impl Fn(&str) -> usize) -> String {
    if size(text) <= most {
        return text.to_owned();
    }
    let Some(room) = most.checked_sub(size(MARK)) else { return String::new() };
    let (mut end, mut used) = (0, 0);
    for (at, grapheme) in text.grapheme_indices(true) {
        used += size(grapheme);
        if used > room {
            break;
        }
        end = at + grapheme.len();
    }
    format!("{}{MARK}", text[..end].trim_end())
}

#[cfg(test)]
mod tests {
    use super::super::tests::text;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_head_is_one_line_with_the_name_once() {
        let mut text = text();
        assert_eq!(head(&text), "[home] QQ 离线");
        text.title = "home：QQ\r\n离线\u{7}".into();
        assert_eq!(head(&text), "home：QQ 离线");
        text.body = String::new();
        assert_eq!(whole(&text, 100), "home：QQ 离线");
    }

    #[test]
    fn nothing_is_cut_in_the_middle() {
        assert_eq!(bytes("一二三", 9), "一二三");
        assert_eq!(bytes("一二三", 8), "一…");
        assert_eq!(chars("一二三四", 3), "一二…");
        assert_eq!(chars("a👨‍👩‍👧b!", 4), "a…", "a family is one grapheme");
        assert_eq!(bytes("一", 2), "");
    }

    proptest! {
        #[test]
        fn what_is_cut_fits_and_begins_alike(text in "(\\PC|👨‍👩‍👧|e\u{301}|\n){0,60}", most in 0..80usize) {
            for (cut, size) in [(bytes(&text, most), str::len as fn(&str) -> usize), (chars(&text, most), |s| s.chars().count())] {
                prop_assert!(size(&cut) <= most);
                if cut != text {
                    let kept = cut.strip_suffix(MARK).unwrap_or(&cut);
                    prop_assert!(text.starts_with(kept));
                    let border = text.grapheme_indices(true).any(|(at, _)| text[..at].trim_end() == kept);
                    prop_assert!(kept.is_empty() || border);
                }
            }
        }
    }
}
