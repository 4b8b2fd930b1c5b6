//! Words of servers as an operator may see them: no terminal tricks, no keys, one line of bounded length.

use super::Text;

/// Longest words in characters.
const CAP: usize = 300;
const MASK: &str = "████";

/// Knows the secrets of one endpoint and takes them out of everything that is shown (threats.md F13).
#[derive(Clone, Default)]
pub struct Redactor {
    /// Longest first, so that a secret within another leaves no rest.
    secrets: Vec<String>,
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Redactor({} secrets)", self.secrets.len())
    }
}

impl Redactor {
    /// For these secrets. Those under four characters are no secrets, and masking them would eat words.
    pub fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        let mut secrets: Vec<String> = secrets.into_iter().filter(|secret| secret.len() >= 4).collect();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        secrets.dedup();
        Self { secrets }
    }

    /// One line, sanitised, without secrets, at most 300 characters.
    pub fn words(&self, said: &str) -> String {
        // Far more than is shown, so that a huge body costs nothing.
        let said: String = said.chars().take(CAP * 20).collect();
        let mut words = Text::new(said).shown().split_whitespace().collect::<Vec<_>>().join(" ");
        for secret in &self.secrets {
            if words.contains(secret.as_str()) {
                words = words.replace(secret.as_str(), MASK);
            }
        }
        for mark in ["sk-", "bearer ", "key="] {
            words = mask_after(&words, mark);
        }
        match words.char_indices().nth(CAP) {
            Some((at, _)) => format!("{}…", &words[..at]),
            None => words,
        }
    }
}

/// Masks what follows a mark, where it has the looks and the length of a key. `sk-` is part of the key itself
/// and must not continue a word ("task-…"); the other marks stay.
fn mask_after(words: &str, mark: &str) -> String {
    let lower = words.to_ascii_lowercase();
    let mut out = String::with_capacity(words.len());
    let mut from = 0;
    while let Some(at) = lower[from..].find(mark).map(|at| from + at) {
        let begin = at + mark.len();
        let end = words[begin..]
            .find(|c: char| !(c.is_ascii_alphanumeric() || "-_.*+/=~".contains(c)))
            .map_or(words.len(), |len| begin + len);
        let own = mark == "sk-";
        let word_before = own && words[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
        if end - begin < 6 || word_before {
            out.push_str(&words[from..begin]);
            from = begin;
            continue;
        }
        out.push_str(&words[from..if own { at } else { begin }]);
        out.push_str(MASK);
        from = end;
    }
    out.push_str(&words[from..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn redactor() -> Redactor {
        Redactor::new(["secret-token".into(), "secret".into(), "k".into()])
    }

    #[test]
    fn keys_are_masked() {
        for (said, shown) in [
            ("bad key secret-token!", "bad key ████!"),
            ("Incorrect API key provided: sk-abcd***wxyz. See", "Incorrect API key provided: ████ See"),
            ("Authorization: Bearer abcdef0123", "Authorization: Bearer ████"),
            ("https://x/?key=abcdef0123&y=1", "https://x/?key=████&y=1"),
            ("the task-management model and sk-1", "the task-management model and sk-1"),
            ("bearer token missing k", "bearer token missing k"),
            ("密钥 se\u{200b}cret 无效", "密钥 ████ 无效"),
        ] {
            assert_eq!(redactor().words(said), shown);
        }
    }

    #[test]
    fn words_are_one_short_safe_line() {
        assert_eq!(redactor().words("  a\r\n\x1b[2Jb\t c "), "a ␛[2Jb c");
        assert_eq!(redactor().words(&"错".repeat(9999)).chars().count(), 301);
    }

    proptest! {
        #[test]
        fn a_secret_never_comes_through(before in ".{0,30}", secret in "[A-Za-z0-9]{12,40}", after in ".{0,30}") {
            let words = Redactor::new([secret.clone()]).words(&format!("{before}{secret}{after}"));
            prop_assert!(!words.contains(&secret));
        }
    }
}
