//! Text in a model's JSON, borrowed where it can be.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A string that may be null, absent or a list of parts with a `text` each (Mistral); borrowed from the line
/// it stands in unless it has escapes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words<'a>(Cow<'a, str>);

impl Deref for Words<'_> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Words<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(WordsVisitor).map(Words)
    }
}

struct WordsVisitor;

impl<'de> Visitor<'de> for WordsVisitor {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text, null or a list of parts")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(""))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Self::Value, A::Error> {
        let mut all = String::new();
        while let Some(part) = parts.next_element::<Part<'de>>()? {
            all.push_str(&part.0);
        }
        Ok(Cow::Owned(all))
    }
}

/// One part of a list; what has no text (a `thinking` part) is skipped.
struct Part<'a>(Words<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for Part<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct PartVisitor;
        impl<'de> Visitor<'de> for PartVisitor {
            type Value = Words<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a part")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut text = Words::default();
                while let Some(key) = map.next_key::<Words<'de>>()? {
                    if &*key == "text" {
                        text = map.next_value()?;
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(text)
            }
        }
        from.deserialize_map(PartVisitor).map(Part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_shapes_of_text() {
        for (json, want) in [
            (r#""你好""#, "你好"),
            (r#""a\nb""#, "a\nb"),
            ("null", ""),
            (r#"[{"type":"thinking","thinking":[{"text":"x"}]},{"type":"text","text":"a"},{"text":"b"}]"#, "ab"),
        ] {
            assert_eq!(&*serde_json::from_str::<Words<'_>>(json).unwrap(), want);
        }
        let json = r#""plain""#;
        assert!(matches!(serde_json::from_str::<Words<'_>>(json).unwrap().0, Cow::Borrowed(_)));
        assert!(serde_json::from_str::<Words<'_>>("7").is_err());
    }
}
