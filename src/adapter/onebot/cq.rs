//! Messages written as one string with `[CQ:type,name=value]` codes in it (onebot.md §3, string format).
//!
//! Codes that are malformed (never closed, without a type) stay text, as an adapter's user would see them.

use serde_json::Value;

use super::json::Fields;
use super::segment::Part;

const OPEN: &str = "[CQ:";

/// Reads a string message. Never fails; stretches without text are left out.
pub fn parse(message: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let (mut rest, mut from) = (message, 0);
    while let Some(at) = rest[from..].find(OPEN).map(|at| at + from) {
        let Some((kind, fields, end)) = code(&rest[at..]) else {
            from = at + OPEN.len();
            continue;
        };
        push_text(&mut parts, &rest[..at]);
        parts.push(Part::read(kind.to_owned(), fields));
        rest = &rest[at + end..];
        from = 0;
    }
    push_text(&mut parts, rest);
    parts
}

fn push_text(parts: &mut Vec<Part>, escaped: &str) {
    if !escaped.is_empty() {
        parts.push(Part::Text(unescape(escaped)));
    }
}

/// The code that `text` begins with: its type, its fields, and where it ends.
fn code(text: &str) -> Option<(&str, Fields, usize)> {
    let close = text.find(']')?;
    let mut pieces = text.get(OPEN.len()..close)?.split(',');
    let kind = pieces.next()?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if kind.is_empty() || !kind.chars().all(allowed) {
        return None;
    }
    let mut fields = Fields::new();
    // A comma that should have been escaped leaves a piece without `=`; it is dropped.
    for (name, value) in pieces.filter_map(|piece| piece.split_once('=')) {
        fields.insert(name.trim_start().to_owned(), Value::String(unescape(value)));
    }
    Some((kind, fields, close + 1))
}

/// Turns the five-character escapes back, in one pass from the left, so `&amp;#91;` becomes `&#91;`.
pub fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        let (c, length) = [("&amp;", '&'), ("&#91;", '['), ("&#93;", ']'), ("&#44;", ',')]
            .into_iter()
            .find(|(escape, _)| rest.starts_with(escape))
            .map_or(('&', 1), |(escape, c)| (c, escape.len()));
        plain.push(c);
        rest = &rest[length..];
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::segment::Whom;
    use super::super::{Id, cq};
    use super::*;

    /// Escapes text; inside a code also commas.
    fn escape(text: &str, inside: bool) -> String {
        let mut escaped = String::with_capacity(text.len());
        for c in text.chars() {
            match c {
                '&' => escaped.push_str("&amp;"),
                '[' => escaped.push_str("&#91;"),
                ']' => escaped.push_str("&#93;"),
                ',' if inside => escaped.push_str("&#44;"),
                c => escaped.push(c),
            }
        }
        escaped
    }

    fn text(parts: &[Part]) -> String {
        parts.iter().filter_map(|p| if let Part::Text(t) = p { Some(t.as_str()) } else { None }).collect()
    }

    #[test]
    fn codes_and_text_alternate() {
        let parts = parse("问 [CQ:at,qq=10001000,name=张,三] 好[CQ:face,id=1]");
        let kinds: Vec<_> = parts.iter().map(Part::kind).collect();
        assert_eq!(kinds, ["text", "at", "text", "face"]);
        assert!(matches!(&parts[1], Part::At(Some(Whom::One(Id::Number(10001000))), Some(name)) if name == "张"));
    }

    #[test]
    fn malformed_codes_stay_text() {
        for odd in ["没有闭合[CQ:at,qq=1", "[CQ:]空", "[CQ 不是码]", "[cq:at,qq=1]", "[CQ:a b]", "[", "]", "&", "&#9"]
        {
            assert_eq!(text(&parse(odd)), odd);
            assert_eq!(parse(odd).len(), 1);
        }
        let nested = parse("[CQ:x[CQ:at,qq=1]");
        assert_eq!(text(&nested), "[CQ:x");
        assert_eq!(nested[1].kind(), "at");
    }

    #[test]
    fn the_ampersand_is_unescaped_last() {
        assert_eq!(unescape("&amp;#91;&#91;&amp;amp;&lt;"), "&#91;[&amp;&lt;");
    }

    proptest! {
        #[test]
        fn escaping_reads_back(raw in "[\\PC&\\[\\],;#=]*") {
            prop_assert_eq!(cq::unescape(&escape(&raw, true)), &*raw);
            let parts = parse(&format!("[CQ:share,title={}]", escape(&raw, true)));
            let Some(Part::Other { detail, .. }) = parts.first() else { panic!() };
            prop_assert_eq!(detail.clone().unwrap_or_default(), raw.clone());
            prop_assert_eq!(text(&parse(&escape(&raw, false))), raw);
        }

        #[test]
        fn a_cut_anywhere_still_reads(raw in "(\\[CQ:[a-z]{0,4}(,[a-z]{0,3}=?[^,]{0,3})*\\]?|[&\\[\\],#0-9;好]){0,12}") {
            for end in (0..=raw.len()).filter(|end| raw.is_char_boundary(*end)) {
                parse(&raw[..end]);
                parse(&raw[end..]);
            }
        }
    }
}
