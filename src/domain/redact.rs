//! Takes secrets out of words that somebody may read: known ones in every spelling in which they travel, and what
//! has the looks of one.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::Text;

/// What stands in a secret's place.
const MASK: &str = "████";
/// Shorter ones are no secrets, and masking them would eat words.
const SHORTEST: usize = 4;
/// Longest words of a server in characters.
const CAP: usize = 300;
/// The shortest piece of base64 that is taken for a secret's.
const SHORTEST_BASE64: usize = 8;
/// What stands before a secret. `sk-` is part of the key itself; the others stay.
const MARKS: [&str; 6] = ["sk-", "bearer ", "key=", "token=", "secret=", "password="];

/// Knows secrets and takes them out (threats.md F12, F13).
#[derive(Clone, Default)]
pub struct Redactor {
    /// Every spelling, longest first, so that a secret within another leaves no rest.
    spellings: Vec<String>,
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Redactor({} spellings)", self.spellings.len())
    }
}

impl Redactor {
    /// For these secrets, as they are, in URLs and in base64. Those under four characters are left alone.
    pub fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        let spellings = secrets.into_iter().filter(|s| s.len() >= SHORTEST).flat_map(|s| spellings(&s)).collect();
        let mut redactor = Self { spellings };
        redactor.sort();
        redactor
    }

    fn sort(&mut self) {
        self.spellings.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        self.spellings.dedup();
    }

    /// For more secrets.
    #[must_use]
    pub fn and(&self, secrets: impl IntoIterator<Item = String>) -> Self {
        let mut both = Self::new(secrets);
        both.spellings.extend_from_slice(&self.spellings);
        both.sort();
        both
    }

    /// The words without secrets.
    pub fn mask<'w>(&self, words: &'w str) -> Cow<'w, str> {
        let mut masked = Cow::Borrowed(words);
        for secret in &self.spellings {
            if masked.contains(secret.as_str()) {
                masked = Cow::Owned(masked.replace(secret.as_str(), MASK));
            }
        }
        for mark in MARKS {
            if let Some(cleaned) = mask_after(&masked, mark) {
                masked = Cow::Owned(cleaned);
            }
        }
        masked
    }

    /// What a server said, as an operator may see it: one line, sanitised, without secrets, at most 300 characters.
    pub fn words(&self, said: &str) -> String {
        // Far more than is shown, so that a huge body costs nothing.
        let said: String = said.chars().take(CAP * 20).collect();
        let words = Text::new(said).shown().split_whitespace().collect::<Vec<_>>().join(" ");
        let words = self.mask(&words);
        match words.char_indices().nth(CAP) {
            Some((at, _)) => format!("{}…", &words[..at]),
            None => words.into_owned(),
        }
    }
}

/// A secret as it is, percent-encoded, and in base64 whatever stands before it.
fn spellings(secret: &str) -> Vec<String> {
    let mut all = vec![secret.to_owned()];
    let encoded = |upper: bool| {
        let byte = |b: u8| match b {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(b).to_string(),
            _ if upper => format!("%{b:02X}"),
            _ => format!("%{b:02x}"),
        };
        secret.bytes().map(byte).collect::<String>()
    };
    all.extend([encoded(true), encoded(false)]);
    // Three bytes make four letters: what stands before it shifts it by none, one or two bytes.
    for before in 0..3 {
        let mut bytes = vec![0; before];
        bytes.extend_from_slice(secret.as_bytes());
        // Letters that hold bits of a neighbour are left out.
        let (from, to) = ([0, 2, 3][before], bytes.len() * 8 / 6);
        for letters in [STANDARD_NO_PAD.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes)] {
            all.extend(letters.get(from..to).filter(|s| s.len() >= SHORTEST_BASE64).map(str::to_owned));
        }
    }
    all
}

/// Masks what follows a mark, where it has the looks and the length of a key; `None`: nothing does. `sk-` must not
/// continue a word ("task-…").
fn mask_after(words: &str, mark: &str) -> Option<String> {
    let lower = words.to_ascii_lowercase();
    let mut out = String::new();
    let mut from = 0;
    let mut kept = 0;
    while let Some(at) = lower[from..].find(mark).map(|at| from + at) {
        let begin = at + mark.len();
        let end = words[begin..]
            .find(|c: char| !(c.is_ascii_alphanumeric() || "-_.*+/=~%".contains(c)))
            .map_or(words.len(), |len| begin + len);
        let own = mark == "sk-";
        let word_before = own && words[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
        from = begin;
        if end - begin < 6 || word_before {
            continue;
        }
        out.push_str(&words[kept..if own { at } else { begin }]);
        out.push_str(MASK);
        (from, kept) = (end, end);
    }
    (kept > 0).then(|| out + &words[kept..])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_are_masked() {
        let redactor = Redactor::new(["secret-token".into(), "secret".into(), "k".into()]);
        for (said, shown) in [
            ("bad key secret-token!", "bad key ████!"),
            ("Incorrect API key provided: sk-abcd***wxyz. See", "Incorrect API key provided: ████ See"),
            ("Authorization: Bearer abcdef0123", "Authorization: Bearer ████"),
            ("https://x/?key=abcdef0123&y=1", "https://x/?key=████&y=1"),
            ("ws://h/ws?access_token=abcdef0123&x", "ws://h/ws?access_token=████&x"),
            ("the task-management model and sk-1", "the task-management model and sk-1"),
            ("bearer token missing k", "bearer token missing k"),
        ] {
            assert_eq!(redactor.mask(said), shown);
        }
    }

    #[test]
    fn a_secret_is_known_in_every_spelling() {
        let secret = "p@ss/wörd+1234";
        let redactor = Redactor::new([secret.to_owned()]);
        for before in ["", "a", "ab", "user:", "Bearer "] {
            let basic = base64::engine::general_purpose::STANDARD.encode(format!("{before}{secret} and more"));
            let masked = redactor.mask(&basic).into_owned();
            assert!(masked.contains(MASK), "{before}: {masked}");
        }
        for said in ["p%40ss%2Fw%C3%B6rd%2B1234", "p%40ss%2fw%c3%b6rd%2b1234", secret] {
            assert_eq!(redactor.mask(&format!("x {said} y")), format!("x {MASK} y"));
        }
    }

    #[test]
    fn words_without_secrets_are_not_copied() {
        assert!(matches!(Redactor::default().mask("nothing to hide"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_hidden_secret_is_found() {
        let redactor = Redactor::new(["secret-token".into(), "secret".into()]);
        assert_eq!(redactor.words("密钥 se\u{200b}cret 无效"), "密钥 ████ 无效");
        assert_eq!(redactor.words("Authorization: Bearer abcdef0123"), "Authorization: Bearer ████");
    }

    #[test]
    fn a_servers_words_are_one_short_safe_line() {
        let redactor = Redactor::default();
        assert_eq!(redactor.words("  a\r\n\x1b[2Jb\t c "), "a ␛[2Jb c");
        assert_eq!(redactor.words(&"错".repeat(9999)).chars().count(), 301);
    }

    proptest! {
        #[test]
        fn a_secret_never_comes_through(before in ".{0,30}", secret in "[A-Za-z0-9]{12,40}", after in ".{0,30}") {
            let redactor = Redactor::new([secret.clone()]);
            let words = format!("{before}{secret}{after}");
            prop_assert!(!redactor.mask(&words).contains(&secret));
        }

        #[test]
        fn no_words_make_it_panic(words in "(sk-|bearer |key=|[a-zK\u{212a}İ文%]){0,40}") {
            let _ = Redactor::default().mask(&words);
        }
    }
}
