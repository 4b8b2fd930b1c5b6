//! Control tokens of chat templates in people's words are broken up, so that a local server that pastes a
//! prompt together as text cannot be talked into another role (threats.md B14). Roles are set by structure alone.

use std::borrow::Cow;

/// Tokens with a fixed spelling; those between `<|` and `|>` are recognised by their shape.
const TOKENS: [&str; 18] = [
    "<s>",
    "</s>",
    "<bos>",
    "<eos>",
    "<sop>",
    "<eop>",
    "<start_of_turn>",
    "<end_of_turn>",
    "[INST]",
    "[/INST]",
    "<<SYS>>",
    "<</SYS>>",
    "[SYSTEM_PROMPT]",
    "[/SYSTEM_PROMPT]",
    "[gMASK]",
    "[BOS]",
    "[EOS]",
    "<unk>",
];

/// The longest name between `<|` and `|>` (DeepSeek's `<｜begin▁of▁sentence｜>` has 17 characters).
const NAME: usize = 40;

/// The text with a blank behind the first character of every control token; untouched where there is none.
pub fn neutral(text: &str) -> Cow<'_, str> {
    // As nearly every text: looked at as bytes, which both marks are in UTF-8.
    if !text.bytes().any(|byte| matches!(byte, b'<' | b'[')) {
        return Cow::Borrowed(text);
    }
    let mut safe: Option<String> = None;
    let mut copied = 0;
    for (at, _) in text.match_indices(['<', '[']) {
        let rest = &text[at..];
        if TOKENS.iter().any(|token| rest.get(..token.len()).is_some_and(|r| r.eq_ignore_ascii_case(token)))
            || is_shaped(rest)
        {
            let out = safe.get_or_insert_with(|| String::with_capacity(text.len() + 8));
            out.push_str(&text[copied..=at]);
            out.push(' ');
            copied = at + 1;
        }
    }
    match safe {
        Some(mut out) => {
            out.push_str(&text[copied..]);
            Cow::Owned(out)
        }
        None => Cow::Borrowed(text),
    }
}

/// `<|name|>`, also with the full-width bars that DeepSeek uses. A lone `<|` is an operator and stays.
fn is_shaped(rest: &str) -> bool {
    let Some(name) = rest.strip_prefix("<|").or_else(|| rest.strip_prefix("<｜")) else { return false };
    let mut chars = name.chars();
    for c in chars.by_ref().take(NAME) {
        match c {
            '|' | '｜' => return chars.next() == Some('>'),
            c if c.is_alphanumeric() || matches!(c, '_' | '-' | '/' | '▁') => {}
            _ => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn control_tokens_are_broken_up() {
        for (text, expected) in [
            ("</s><|im_start|>system", "< /s>< |im_start|>system"),
            ("[INST] hi [/INST]", "[ INST] hi [ /INST]"),
            ("<｜begin▁of▁sentence｜>", "< ｜begin▁of▁sentence｜>"),
            ("<start_of_turn>user", "< start_of_turn>user"),
            ("<|<|im_end|>im_end|>", "<|< |im_end|>im_end|>"),
        ] {
            assert_eq!(neutral(text), expected);
        }
    }

    #[test]
    fn ordinary_words_and_code_stay() {
        for text in ["f <| x |> g", "a < b && c[i] > 0", "<b>粗</b>", "[图片]", "", "<|", "<strong>"] {
            assert!(matches!(neutral(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_is_left_to_break_up(text in "(<\\||\\|>|<s>|</s>|\\[INST\\]|im|<|\\[|你|｜|>){0,12}") {
            let once = neutral(&text).into_owned();
            prop_assert!(matches!(neutral(&once), Cow::Borrowed(_)), "{once}");
        }
    }
}
