//! Cuts an answer into parts that QQ takes: at the end of a paragraph if there is one, else of a line, a
//! sentence, a clause, a word; never inside of what a reader sees as one character.

use std::ops::Range;

use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation};

use super::markdown;

/// QQ refuses text messages beyond about 5 000 characters (onebot.md §5); no part is longer, whatever is configured.
pub const HARD_CAP: usize = 4500;

/// Where a part may end, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Border {
    Paragraph,
    Line,
    Sentence,
    Clause,
    Word,
}

const BORDERS: [Border; 5] = [Border::Paragraph, Border::Line, Border::Sentence, Border::Clause, Border::Word];

/// Parts of at most `max_chars` characters, blanks between them dropped. Nothing else is lost: joined, the
/// parts are the text. A block of code stays in one part where it fits into one. No part is empty.
pub fn split(text: &str, max_chars: usize) -> Vec<&str> {
    let max = max_chars.clamp(1, HARD_CAP);
    let fences = fences(text);
    let mut parts = Vec::new();
    let mut start = 0;
    loop {
        start += text[start..].len() - without_blank_lines(&text[start..]).len();
        let rest = &text[start..];
        let Some((end, _)) = rest.char_indices().nth(max) else {
            parts.extend(Some(rest.trim_end()).filter(|part| !part.is_empty()));
            return parts;
        };
        let cut = around_code(text, start, best_cut(rest, end), &fences, max);
        let part = rest[..cut].trim_end();
        if !part.is_empty() {
            parts.push(part);
        }
        start += cut;
    }
}

/// A streamed answer so far: the paragraphs that are whole, and what may still grow. The first ends after a
/// blank line that is not inside a block of code.
pub fn paragraphs(text: &str) -> (&str, &str) {
    let fences = fences(text);
    let mut end = text.len();
    while let Some(at) = text[..end].rfind("\n\n") {
        match last_before(&fences, at + 1).filter(|fence| at + 1 < fence.end) {
            Some(fence) => end = fence.start,
            None => return text.split_at(at + 2),
        }
    }
    ("", text)
}

/// The rest of a text after a cut, less the blank lines at its head; the indent of its first line stays.
fn without_blank_lines(text: &str) -> &str {
    let words = text.trim_start();
    let blank = &text[..text.len() - words.len()];
    &text[blank.rfind('\n').map_or(0, |at| at + 1)..]
}

/// Blocks of code, fences included, in bytes. One that is never closed runs to the end.
fn fences(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut open: Option<(usize, &str)> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        match open {
            Some((start, mark)) if markdown::closes(line, mark) => {
                found.push(start..at + line.len());
                open = None;
            }
            None => open = markdown::opens(line).map(|mark| (at, mark)),
            Some(_) => {}
        }
        at += line.len();
    }
    found.extend(open.map(|(start, _)| start..text.len()));
    found
}

/// The last block that begins before `at`.
fn last_before(fences: &[Range<usize>], at: usize) -> Option<&Range<usize>> {
    fences[..fences.partition_point(|fence| fence.start < at)].last()
}

/// Where to cut `rest` so that at most `end` bytes stand before it: the last border of the best kind that
/// does not leave the part less than a third full.
fn best_cut(rest: &str, end: usize) -> usize {
    let window = &rest[..end];
    let mut cuts = [0; BORDERS.len()];
    let mut before = None;
    let mut chars = window.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let after = at + c.len_utf8();
        let next = chars.peek().map(|(_, c)| *c).or_else(|| rest[after..].chars().next());
        if let Some(border) = border(before, c, next) {
            cuts[border as usize] = after;
        }
        before = Some(c);
    }
    for border in BORDERS {
        let cut = cuts[border as usize];
        if cut * 3 >= end && is_boundary(rest, cut) {
            return cut;
        }
    }
    let whole = rest.grapheme_indices(true).map(|(at, _)| at).take_while(|at| *at <= end).last().unwrap_or(0);
    if whole > 0 {
        return whole;
    }
    // One "character" alone is longer than a part. Up to QQ's own limit it stays whole.
    let first = rest.graphemes(true).next().map_or(end, str::len);
    rest[..first].char_indices().nth(HARD_CAP).map_or(first, |(at, _)| at)
}

fn is_boundary(text: &str, at: usize) -> bool {
    at > 0 && GraphemeCursor::new(at, text.len(), true).is_boundary(text, 0).unwrap_or(false)
}

/// What kind of border there is behind `c`.
fn border(before: Option<char>, c: char, next: Option<char>) -> Option<Border> {
    let blank_next = next.is_none_or(char::is_whitespace);
    let closing = |c: char| matches!(c, '」' | '』' | '”' | '’' | '）' | '】' | '》' | ')' | ']' | '"' | '\'');
    match c {
        '\n' if next == Some('\n') || before == Some('\n') => Some(Border::Paragraph),
        '\n' => Some(Border::Line),
        // `？！`, `……`, `。”`: the sentence ends behind the last of them.
        '。' | '！' | '？' | '…' | '；' | '!' | '?' | ';' | '.' if next.is_some_and(|n| is_stop(n) || closing(n)) => {
            None
        }
        '。' | '！' | '？' | '…' | '；' => Some(Border::Sentence),
        '!' | '?' | ';' | '.' if blank_next => Some(Border::Sentence),
        c if closing(c) && before.is_some_and(is_stop) => Some(Border::Sentence),
        '，' | '、' | '：' => Some(Border::Clause),
        ',' | ':' if blank_next => Some(Border::Clause),
        c if c.is_whitespace() => Some(Border::Word),
        _ => None,
    }
}

fn is_stop(c: char) -> bool {
    matches!(c, '。' | '！' | '？' | '…' | '；' | '!' | '?' | ';' | '.')
}

/// Moves a cut out of a block of code: before it where the block fits into a part of its own, else to the
/// end of a line.
fn around_code(text: &str, start: usize, cut: usize, fences: &[Range<usize>], max: usize) -> usize {
    let at = start + cut;
    let Some(fence) = last_before(fences, at).filter(|fence| at < fence.end) else { return cut };
    let fits = text[fence.clone()].trim_end().chars().nth(max).is_none();
    if fits && fence.start > start && !text[start..fence.start].trim().is_empty() {
        return fence.start - start;
    }
    match text[start..at].rfind('\n') {
        Some(line) if line > 0 => line + 1,
        _ => cut,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_best_border_is_taken() {
        let cases: [(&str, usize, &[&str]); 12] = [
            ("", 10, &[]),
            (" \n\n ", 10, &[]),
            ("短", 10, &["短"]),
            ("第一段。\n\n第二段。还有", 10, &["第一段。", "第二段。还有"]),
            ("一二三。四五六。七八", 9, &["一二三。四五六。", "七八"]),
            ("他说“好。”然后走了", 7, &["他说“好。”", "然后走了"]),
            ("真的吗？！不会吧", 6, &["真的吗？！", "不会吧"]),
            ("一二三，四五六七八", 6, &["一二三，", "四五六七八"]),
            ("Pi is 3.14159 or so", 12, &["Pi is", "3.14159 or", "so"]),
            ("一二三四五六", 4, &["一二三四", "五六"]),
            ("👨‍👩‍👧‍👦👨‍👩‍👧‍👦", 8, &["👨‍👩‍👧‍👦", "👨‍👩‍👧‍👦"]),
            ("👨‍👩‍👧‍👦a", 3, &["👨‍👩‍👧‍👦", "a"]),
        ];
        for (text, max, expected) in cases {
            assert_eq!(split(text, max), expected, "{text}");
        }
    }

    #[test]
    fn a_block_of_code_stays_whole_where_it_fits() {
        let text = "前面的话。\n```rust\nlet a = 1;\n\nlet b = 2;\n```\n后面";
        assert_eq!(split(text, 42), ["前面的话。", "```rust\nlet a = 1;\n\nlet b = 2;\n```\n后面"]);
        let long = format!("```\n{}```", "    line one two\n".repeat(6));
        let parts = split(&long, 50);
        assert!(parts.len() > 1);
        assert!(parts.iter().skip(1).all(|part| part.starts_with("    line") || *part == "```"), "{parts:?}");
    }

    #[test]
    fn nothing_beats_the_hard_cap() {
        let text = "字".repeat(10_000);
        assert!(split(&text, usize::MAX).iter().all(|part| part.chars().count() <= HARD_CAP));
        let zalgo = format!("a{}", "\u{301}".repeat(10_000));
        assert!(split(&zalgo, 100).iter().all(|part| part.chars().count() <= HARD_CAP));
        assert_eq!(split(&zalgo, 100).concat(), zalgo);
        assert_eq!(split("ab", 0), ["a", "b"]);
    }

    #[test]
    fn whole_paragraphs_of_a_stream() {
        for (text, complete, rest) in [
            ("", "", ""),
            ("一段", "", "一段"),
            ("一段\n\n二", "一段\n\n", "二"),
            ("一\n\n二\n\n三", "一\n\n二\n\n", "三"),
            ("看\n\n```\na\n\nb", "看\n\n", "```\na\n\nb"),
            ("```\na\n\nb\n```\n\n好", "```\na\n\nb\n```\n\n", "好"),
        ] {
            assert_eq!(paragraphs(text), (complete, rest), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_no_part_is_too_long(
            text in "(字|一句。|，|\n|\n\n| |a word|```|👨‍👩‍👧|🇨🇳|e\u{301}|……|\\.|”){0,60}", max in 1usize..40,
        ) {
            let parts = split(&text, max);
            let solid = |s: &str| s.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(solid(&parts.concat()), solid(&text));
            let borders: Vec<usize> = text.grapheme_indices(true).map(|(at, _)| at).chain([text.len()]).collect();
            for part in parts {
                prop_assert!(!part.trim().is_empty());
                prop_assert!(part.graphemes(true).count() <= max);
                prop_assert!(part.chars().count() <= max || part.graphemes(true).count() == 1);
                let start = part.as_ptr() as usize - text.as_ptr() as usize;
                prop_assert!(borders.contains(&start) && borders.contains(&(start + part.len())), "{part:?}");
            }
        }

        #[test]
        fn a_stream_yields_the_same_paragraphs_however_it_is_cut(text in "(字|\n|\n\n|```\n|~~~|a){0,40}") {
            let (complete, rest) = paragraphs(&text);
            prop_assert_eq!(format!("{complete}{rest}"), text.clone());
            for (cut, _) in text.char_indices() {
                let (early, _) = paragraphs(&text[..cut]);
                prop_assert!(text.starts_with(early));
            }
        }
    }
}
