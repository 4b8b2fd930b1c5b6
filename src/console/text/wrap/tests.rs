use proptest::prelude::*;

use super::*;
use crate::console::text::plain;

const ONE: Width = Width::new(1);

fn shown(text: &str, cols: usize) -> Vec<&str> {
    lines(text, Columns::same(cols), ONE).map(|line| line.of(text)).collect()
}

/// What people and attackers write: Chinese with its marks, Latin, numbers, blanks, emoji, and anything at all.
pub fn prose() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        5 => "[你好世界今天气]{1,6}",
        3 => "[，。！？」（“”…—、￥]{1,2}",
        3 => "[a-z0-9.@:/-]{1,14}",
        3 => "[ \\n\\t\u{3000}]{1,3}",
        1 => "[👍❤👨\u{200d}\u{fe0f}\u{301}ㄱ가]{1,4}",
        1 => any::<String>(),
    ];
    proptest::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

#[test]
fn chinese_breaks_anywhere_but_before_its_marks() {
    assert_eq!(shown("今天天气很好，我们去公园", 12), ["今天天气很", "好，我们去公", "园"]);
    assert_eq!(shown("他说：“明天下雨”。", 8), ["他说：", "“明天下", "雨”。"]);
    assert_eq!(shown("你好（世界）", 6), ["你好", "（世", "界）"]);
    assert_eq!(shown("价格￥18的书", 6), ["价格", "￥18的", "书"]);
    assert_eq!(shown("你好……", 5), ["你", "好……"]);
}

#[test]
fn latin_words_stay_whole_until_they_are_longer_than_a_line() {
    assert_eq!(shown("the quick brown fox", 10), ["the quick", "brown fox"]);
    assert_eq!(shown("用 qwen3:8b 回答", 8), ["用", "qwen3:8b", "回答"]);
    assert_eq!(shown("abcdefghijkl", 5), ["abcde", "fghij", "kl"]);
    assert_eq!(shown("abcdefghij，好", 10), ["abcdefghi", "j，好"], "cut earlier rather than begin with a comma");
    assert_eq!(shown("don’t stop", 4), ["don’", "t", "stop"], "no other place");
}

#[test]
fn newlines_are_kept_and_spaces_at_the_end_dropped() {
    assert_eq!(shown("", 5), [""]);
    assert_eq!(shown("a  \n\nb\r\n", 5), ["a", "", "b", ""]);
    assert_eq!(shown("  a\tb", 9), ["  a\tb"]);
    assert_eq!(shown("好　　　　", 2), ["好"]);
    assert_eq!(shown("      a", 3), ["", "a"]);
}

#[test]
fn a_glyph_wider_than_the_line_stands_alone() {
    assert_eq!(shown("a好b", 1), ["a", "好", "b"]);
    assert_eq!(shown("好好", 0), ["好", "好"]);
}

#[test]
fn the_first_line_may_be_shorter_or_empty() {
    let first = |cols| -> Vec<&str> {
        let text = "你好世界";
        lines(text, Columns { first: cols, rest: 6 }, ONE).map(|l| l.of(text)).collect()
    };
    assert_eq!(first(4), ["你好", "世界"]);
    assert_eq!(first(1), ["", "你好世", "界"]);
    assert_eq!(first(0), ["", "你好世", "界"]);
}

#[test]
fn monstrous_text_is_capped_at_a_grapheme() {
    let text = format!("{}👨‍👩‍👧x", "a".repeat(10));
    for cap in 10..10 + "👨‍👩‍👧".len() {
        let wrapped = wrap(&text, Columns::same(80), ONE, cap);
        assert_eq!(wrapped.lines, [Line { start: 0, end: 10, width: 10 }]);
        assert_eq!(wrapped.rest, text.len() - 10);
    }
    let zalgo = format!("a{}", "\u{301}".repeat(100));
    assert_eq!(capped(&zalgo, 10).len(), 9, "one grapheme longer than the cap is cut inside");
    assert_eq!(wrap("短", Columns::same(80), ONE, 3).rest, 0);
}

proptest! {
    #[test]
    fn nothing_but_blanks_is_lost_and_no_line_is_too_wide(
        text in prose(), first in 0usize..200, rest in 0usize..200, two: bool,
    ) {
        let width = Width::new(if two { 2 } else { 1 });
        let cols = Columns { first, rest };
        let mut at = 0;
        for (n, line) in lines(&text, cols, width).enumerate() {
            let between = text.get(at..line.start).expect("lines lie in order, at characters");
            prop_assert!(between.graphemes(true).all(|g| is_space(g) || is_newline(g)), "lost {between:?}");
            let shown = line.of(&text);
            prop_assert_eq!(line.width, width.of(shown));
            prop_assert_eq!(line.width, width.of(&plain(shown)), "as drawn");
            prop_assert!(!shown.ends_with(' '));
            let allowed = if n == 0 { first } else { rest }.max(1);
            let glyphs = shown.graphemes(true).filter(|g| width.grapheme(g) > 0).count();
            prop_assert!(line.width <= allowed || glyphs == 1, "{shown:?} in {allowed}");
            at = line.end;
        }
        let left = &text[at..];
        prop_assert!(left.graphemes(true).all(is_space), "lost {left:?}");
    }

    #[test]
    fn lines_break_at_the_best_place_they_have(text in prose(), cols in 1usize..40) {
        let mut breaker = Breaker::new(&text, Columns::same(cols), ONE, Spaces::Drop);
        while let Some((line, end)) = breaker.next() {
            let (Some(next), End::Full) = (breaker.at, end) else { continue };
            let scanned: Vec<(usize, &str)> = text[line.start..next].grapheme_indices(true).collect();
            let after = text[next..].graphemes(true).next().expect("a full line has a next");
            let taken = gap(scanned.last().expect("not empty").1, after);
            let ink = scanned.iter().position(|(_, g)| !is_space(g)).unwrap_or(scanned.len());
            let best = scanned[ink..].windows(2).map(|w| gap(w[0].1, w[1].1)).min_by_key(|g| *g as u8);
            if line.width > 0 && let Some(best) = best {
                prop_assert!(taken as u8 <= best as u8, "{:?}|{after:?} was {taken:?}, not {best:?}", line.of(&text));
            }
        }
    }

    #[test]
    fn caps_cut_at_characters(text in any::<String>(), cap in 0usize..200) {
        let cut = capped(&text, cap);
        prop_assert!(cut.len() <= cap && text.starts_with(cut));
    }
}
