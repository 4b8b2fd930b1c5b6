//! What a list is narrowed to, as it is typed after `/`.

/// Words of which one must be in a row; `!` in front: none may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sieve {
    wanted: String,
    inverted: bool,
}

impl Sieve {
    /// As it was typed.
    pub fn new(typed: &str) -> Self {
        let (wanted, inverted) = match typed.strip_prefix(['!', '！']) {
            Some(rest) => (rest, true),
            None => (typed, false),
        };
        Self { wanted: wanted.to_lowercase(), inverted }
    }

    /// Whether a row with these words passes.
    pub fn passes<T: AsRef<str>>(&self, words: &[T]) -> bool {
        let found = || words.iter().any(|words| words.as_ref().to_lowercase().contains(&self.wanted));
        self.wanted.is_empty() || found() != self.inverted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_passes_by_any_of_its_words_and_the_other_way_round_behind_an_exclamation_mark() {
        let row = ["Qwen3", "就绪"];
        for (typed, passes) in [("", true), ("qwen", true), ("就", true), ("x", false), ("!qwen", false), ("！x", true)]
        {
            assert_eq!(Sieve::new(typed).passes(&row), passes, "{typed}");
        }
        assert!(Sieve::new("!").passes(&row), "nothing is asked for yet");
    }
}
