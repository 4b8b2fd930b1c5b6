//! Keys one after the other: `g g`, `ctrl-w z`.

use std::fmt;
use std::str::FromStr;

use super::{Key, KeyError};

/// One key or more, pressed one after the other. Never empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Chord(Vec<Key>);

impl Chord {
    /// The keys in order.
    pub fn keys(&self) -> &[Key] {
        &self.0
    }
}

impl From<Key> for Chord {
    fn from(key: Key) -> Self {
        Self(vec![key])
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, key) in self.0.iter().enumerate() {
            if n > 0 {
                f.write_str(" ")?;
            }
            write!(f, "{key}")?;
        }
        Ok(())
    }
}

impl FromStr for Chord {
    type Err = KeyError;

    /// Keys divided by blanks. `gg` is a mistake, not two keys: `pgup` could not be told from four.
    fn from_str(text: &str) -> Result<Self, KeyError> {
        let keys = text.split_ascii_whitespace().map(str::parse).collect::<Result<Vec<Key>, _>>()?;
        if keys.is_empty() { Err(KeyError::Empty) } else { Ok(Self(keys)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chords_are_keys_divided_by_blanks() {
        let chord: Chord = " ctrl-w  z ".parse().unwrap();
        assert_eq!(chord.keys().len(), 2);
        assert_eq!(chord.to_string(), "ctrl-w z");
        assert_eq!("g g".parse::<Chord>().unwrap().keys(), [Key::char('g'), Key::char('g')]);
        assert_eq!("gg".parse::<Chord>(), Err(KeyError::UnknownName("gg".into())));
        assert_eq!(" ".parse::<Chord>(), Err(KeyError::Empty));
    }
}
