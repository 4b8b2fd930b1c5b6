//! A message as it came, with everything that does not show made visible: control characters, hidden directions,
//! joiners. Nothing of it reaches the terminal as itself.

use unicode_segmentation::UnicodeSegmentation;

use super::paint::Span;
use crate::console::text::Width;
use crate::console::theme::Role;
use crate::domain::{Hazards, Text, hazard};
use crate::words::Lang;

/// Bytes that are shown.
const CAP: usize = 16 << 10;

/// The rows: the text, then what was found in it.
pub fn rows(text: &Text, width: usize, measure: Width, lang: Lang) -> Vec<Vec<Span>> {
    let raw = text.raw();
    let shown = &raw[..raw.floor_char_boundary(CAP)];
    let columns = width.saturating_sub(4).max(8);
    let mut rows: Vec<Vec<Span>> = vec![vec![("  ".to_owned(), Role::Text)]];
    let mut used = 0;
    for grapheme in shown.graphemes(true) {
        for (piece, role) in pieces(grapheme) {
            let wide = measure.of(&piece);
            if used + wide > columns {
                rows.push(vec![("  ".to_owned(), Role::Text)]);
                used = 0;
            }
            used += wide;
            if let Some(row) = rows.last_mut() {
                match row.last_mut() {
                    Some((words, last)) if *last == role => words.push_str(&piece),
                    _ => row.push((piece, role)),
                }
            }
        }
        if matches!(grapheme, "\n" | "\r\n") {
            rows.push(vec![("  ".to_owned(), Role::Text)]);
            used = 0;
        }
    }
    if shown.len() < raw.len() {
        let more = crate::console::text::figures::more(raw.len() - shown.len(), lang, measure);
        rows.push(vec![(format!("  {more}"), Role::TextDim)]);
    }
    rows.extend(found(raw, measure, lang));
    rows
}

/// A grapheme, taken apart where something in it does not show.
fn pieces(grapheme: &str) -> Vec<(String, Role)> {
    if !grapheme.chars().any(is_hidden) {
        return vec![(grapheme.to_owned(), Role::Text)];
    }
    grapheme
        .chars()
        .map(|c| if is_hidden(c) { (escaped(c), Role::Hazard) } else { (c.to_string(), Role::Text) })
        .collect()
}

/// Whether it is told by its number. Joiners and forms of emoji, too: whoever looks here wants to know.
fn is_hidden(c: char) -> bool {
    c.is_control() || hazard(c).is_some() || matches!(c, '\u{200d}' | '\u{fe00}'..='\u{fe0f}')
}

fn escaped(c: char) -> String {
    match c {
        '\n' => "\\n".into(),
        '\r' => "\\r".into(),
        '\t' => "\\t".into(),
        '\u{1b}' => "\\e".into(),
        _ => format!("\\u{{{:x}}}", u32::from(c)),
    }
}

/// Each kind of hazard, which characters, how often.
fn found(raw: &str, measure: Width, lang: Lang) -> Vec<Vec<Span>> {
    let kinds = [
        (Hazards::ESC, "会被终端当命令", "a terminal would obey it"),
        (Hazards::C0, "控制字符", "control characters"),
        (Hazards::C1, "控制字符，一些终端会照做", "control characters that some terminals obey"),
        (Hazards::CR, "回车，会盖住前面的字", "carriage returns, which write over what stands before"),
        (Hazards::BIDI, "改变书写方向，字看起来会倒过来", "they turn the direction; words may seem reversed"),
        (Hazards::LINESEP, "少见的换行", "rare line ends"),
        (Hazards::INVISIBLE, "看不见，能藏字", "they do not show and can hide words"),
    ];
    let mut rows = Vec::new();
    for (kind, zh, en) in kinds {
        let chars: Vec<char> = raw.chars().filter(|c| hazard(*c) == Some(kind)).collect();
        let Some(first) = chars.first() else { continue };
        if rows.is_empty() {
            rows.push(Vec::new());
        }
        rows.push(vec![
            (format!("  {} ", measure.fit_left(&format!("{}×{}", escaped(*first), chars.len()), 14)), Role::Hazard),
            (lang.pick(zh, en).to_owned(), Role::TextDim),
        ]);
    }
    if rows.is_empty() {
        let words = lang.pick("没有藏着什么", "nothing is hidden in it");
        rows.extend([Vec::new(), vec![(format!("  {words}"), Role::TextDim)]]);
    }
    rows
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(raw: &str, width: usize) -> (String, Vec<Vec<Span>>) {
        let rows = rows(&Text::from(raw), width, Width::new(1), Lang::En);
        (rows.iter().map(|row| row.iter().map(|(t, _)| t.as_str()).collect::<String>() + "\n").collect(), rows)
    }

    #[test]
    fn what_hides_is_told_by_its_number() {
        let (text, _) = shown("abc \u{202e}gnp\u{202c}\u{1b}[31m红\u{7}\u{200b}👨\u{200d}👩", 60);
        for piece in ["abc \\u{202e}gnp\\u{202c}\\e[31m红\\u{7}\\u{200b}👨\\u{200d}👩", "\\u{202e}×2", "\\e×1"] {
            assert!(text.contains(piece), "{piece} in\n{text}");
        }
        assert!(shown("hi", 60).0.contains("nothing is hidden"));
    }

    proptest! {
        #[test]
        fn nothing_raw_is_drawn_and_every_row_fits(raw in any::<String>(), width in 12usize..100) {
            let (text, rows) = shown(&raw, width);
            prop_assert!(text.chars().all(|c| c == '\n' || !is_hidden(c)));
            let columns = Width::new(1);
            for row in rows.iter().take_while(|row| !row.is_empty()) {
                prop_assert!(row.iter().map(|(t, _)| columns.of(t)).sum::<usize>() <= width.max(14));
            }
        }
    }
}
