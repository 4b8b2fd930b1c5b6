//! The mark of a question: `T<conversation>-<turn>-<4 hex digits>`.

use std::fmt;

/// The mark of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// Number of the conversation.
    pub conversation: usize,
    /// Number of the turn in it.
    pub turn: usize,
    /// So that a reply cannot hit by chance.
    pub check: u16,
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "T{}-{}-{:04x}", self.conversation, self.turn, self.check)
    }
}

impl Token {
    /// Reads one at the beginning of the text.
    pub fn read(text: &str) -> Option<Self> {
        let rest = text.strip_prefix('T')?;
        let (conversation, rest) = number(rest)?;
        let (turn, rest) = number(rest.strip_prefix('-')?)?;
        let hex = rest.strip_prefix('-')?.get(..4)?;
        if !hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
            return None;
        }
        Some(Self { conversation, turn, check: u16::from_str_radix(hex, 16).ok()? })
    }
}

fn number(text: &str) -> Option<(usize, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..end].parse().ok()?, &text[end..]))
}

/// The last token of the text that the judge knows: what was quoted or remembered stands before what is answered.
pub(super) fn find_last<T>(text: &str, known: impl Fn(Token) -> Option<T>) -> Option<T> {
    text.rmatch_indices('T').find_map(|(at, _)| known(Token::read(&text[at..])?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_back() {
        let token = Token { conversation: 12, turn: 3, check: 0xbe };
        assert_eq!(token.to_string(), "T12-3-00be");
        assert_eq!(Token::read("T12-3-00be 你好"), Some(token));
        for other in [
            "T",
            "T1-2",
            "T1-2-",
            "T1-2-00b",
            "T1-2-00bX",
            "T-1-0000",
            "t1-2-0000",
            "T1-2-你好吗吗",
            "T99999999999999999999-1-0000",
        ] {
            assert_eq!(Token::read(other), None, "{other}");
        }
    }

    #[test]
    fn the_last_known_one_counts() {
        let found =
            find_last("T1-1-aaaa 引用 T2-2-bbbb T9-9-cccc", |t| (t.conversation < 9).then_some(t.conversation));
        assert_eq!(found, Some(2));
    }
}
