//! A server's words as an operator may see them: no terminal tricks, no keys, one line of bounded length.

use crate::domain::{self, Text};

/// Longest words in characters.
const CAP: usize = 300;

/// Knows the secrets of one provider and takes them out of everything that is shown (threats.md F13).
#[derive(Debug, Clone, Default)]
pub struct Redactor(domain::Redactor);

impl Redactor {
    /// For these secrets.
    pub fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        Self(domain::Redactor::new(secrets))
    }

    /// One line, sanitised, without secrets, at most 300 characters.
    pub fn words(&self, said: &str) -> String {
        // Far more than is shown, so that a huge body costs nothing.
        let said: String = said.chars().take(CAP * 20).collect();
        let words = Text::new(said).shown().split_whitespace().collect::<Vec<_>>().join(" ");
        let words = self.0.mask(&words);
        match words.char_indices().nth(CAP) {
            Some((at, _)) => format!("{}…", &words[..at]),
            None => words.into_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_hidden_secret_is_found() {
        let redactor = Redactor::new(["secret-token".into(), "secret".into()]);
        assert_eq!(redactor.words("密钥 se\u{200b}cret 无效"), "密钥 ████ 无效");
        assert_eq!(redactor.words("Authorization: Bearer abcdef0123"), "Authorization: Bearer ████");
    }

    #[test]
    fn words_are_one_short_safe_line() {
        let redactor = Redactor::default();
        assert_eq!(redactor.words("  a\r\n\x1b[2Jb\t c "), "a ␛[2Jb c");
        assert_eq!(redactor.words(&"错".repeat(9999)).chars().count(), 301);
    }

    proptest! {
        #[test]
        fn a_secret_never_comes_through(before in ".{0,30}", secret in "[A-Za-z0-9]{12,40}", after in ".{0,30}") {
            let words = Redactor::new([secret.clone()]).words(&format!("{before}{secret}{after}"));
            prop_assert!(!words.contains(&secret));
        }
    }
}
