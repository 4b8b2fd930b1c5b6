//! Parts of a message, from segments or CQ codes, on their way from the wire to the engine.

use serde_json::Value;

use super::json::{self, Fields, Id};
use crate::domain::{AtTarget, MessageId, Picture, Segment, Text, UserId};

/// Whom an `at` is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    /// `all`; Shamrock also sends 0.
    All,
    /// One person; other platforms behind onebots may have ids that are no numbers.
    One(Id),
}

/// One part as the wire has it: ids and types still as written.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// `text`.
    Text(String),
    /// `at` with the name that LLOneBot and Lagrange add.
    At(Option<Whom>, Option<String>),
    /// `reply`.
    Reply(Option<Id>),
    /// `face` with NapCat's name for it.
    Face(String, Option<String>),
    /// `image`; NapCat sends market faces as images with an `emoji_id`.
    Image(Picture),
    /// `mface`: a market face of LLOneBot and Lagrange.
    MarketFace(Picture),
    /// `record`.
    Voice,
    /// `video`.
    Video,
    /// `file` with its name.
    File(String),
    /// `markdown`.
    Markdown(String),
    /// Anything else.
    Other {
        /// The OneBot type.
        kind: String,
        /// What stands behind the type in the rendered form: a dice's number, a share's title, a contact's id.
        detail: Option<String>,
        /// A line for people, where there is one: a card's prompt, a location's name.
        title: Option<String>,
    },
}

impl Part {
    /// Reads one part of any type from its fields.
    pub(super) fn read(kind: String, mut data: Fields) -> Self {
        let data = &mut data;
        match kind.as_str() {
            "text" => Self::Text(json::word(data, "text").unwrap_or_default()),
            "at" => Self::At(whom(data), json::some_word(data, "name")),
            "reply" => Self::Reply(json::id(data, "id")),
            "face" => Self::Face(json::word(data, "id").unwrap_or_default(), face_name(data)),
            "image" => Self::Image(picture(data)),
            "mface" => Self::MarketFace(Picture { sticker: true, ..picture(data) }),
            "record" => Self::Voice,
            "video" => Self::Video,
            "file" => Self::File(first_word(data, &["name", "file_name", "file"]).unwrap_or_default()),
            "markdown" => Self::Markdown(json::word(data, "content").unwrap_or_default()),
            _ => Self::other(kind, data),
        }
    }

    fn other(kind: String, data: &mut Fields) -> Self {
        let detail = match kind.as_str() {
            "dice" | "rps" => first_word(data, &["result", "value"]),
            "share" => json::some_word(data, "title"),
            "contact" => json::some_word(data, "id"),
            _ => None,
        };
        let title = detail.clone().or_else(|| match kind.as_str() {
            "json" => card_title(json::take(data, "data")),
            "location" => first_word(data, &["title", "content"]),
            "onlinefile" => json::some_word(data, "fileName"),
            _ => json::some_word(data, "title"),
        });
        Self::Other { kind, detail, title }
    }

    /// The OneBot type.
    pub fn kind(&self) -> &str {
        match self {
            Self::Text(_) => "text",
            Self::At(..) => "at",
            Self::Reply(_) => "reply",
            Self::Face(..) => "face",
            Self::Image(_) => "image",
            Self::MarketFace(_) => "mface",
            Self::Voice => "record",
            Self::Video => "video",
            Self::File(_) => "file",
            Self::Markdown(_) => "markdown",
            Self::Other { kind, .. } => kind,
        }
    }

    /// The part as the engine knows it.
    pub fn into_segment(self) -> Segment {
        match self {
            Self::Text(text) => Segment::Text(text.into()),
            Self::At(whom, name) => at(whom, name.map(Text::from)),
            // Lagrange sends 0 for a quote it cannot find.
            Self::Reply(id) => Segment::Reply(id.and_then(|id| id.number()).filter(|id| *id != 0).map(MessageId)),
            Self::Face(id, name) => Segment::Face(plain(id), name.map(Text::from)),
            Self::Image(picture) | Self::MarketFace(picture) => Segment::Image(picture),
            Self::Voice => Segment::Voice,
            Self::Video => Segment::Video,
            Self::File(name) => Segment::File(name.into()),
            Self::Markdown(content) => Segment::Markdown(content.into()),
            Self::Other { kind, title, .. } => Segment::Other(plain(kind), title.map(Text::from)),
        }
    }
}

/// Type names and face ids are attacker-controlled too (corpus class `inject-segment-type`).
fn plain(word: String) -> String {
    let text = Text::from(word);
    text.shown().to_owned()
}

fn at(whom: Option<Whom>, name: Option<Text>) -> Segment {
    match whom {
        Some(Whom::All) => Segment::At(AtTarget::All, name),
        Some(Whom::One(Id::Number(id))) => Segment::At(AtTarget::User(UserId(id)), name),
        Some(Whom::One(Id::Word(id))) => Segment::Other("at".into(), Some(name.unwrap_or_else(|| id.into()))),
        None => Segment::Other("at".into(), name),
    }
}

fn whom(data: &Fields) -> Option<Whom> {
    Some(match json::id(data, "qq")? {
        id if id.is_zero() => Whom::All,
        Id::Word(word) if word == "all" => Whom::All,
        id => Whom::One(id),
    })
}

fn first_word(data: &mut Fields, keys: &[&str]) -> Option<String> {
    keys.iter().find_map(|key| json::some_word(data, key))
}

/// NapCat: `raw.faceText`, as `[微笑]` or `/微笑`.
fn face_name(data: &mut Fields) -> Option<String> {
    let mut raw = json::object(data, "raw");
    let name = json::some_word(&mut raw, "faceText")?;
    Some(name.trim_start_matches(['/', '[']).trim_end_matches(']').to_owned())
}

fn picture(data: &mut Fields) -> Picture {
    // NapCat says sub_type, LLOneBot and go-cqhttp subType; 0 is a photograph, everything else a sticker of sorts.
    let kind = json::number(data, "sub_type").or_else(|| json::number(data, "subType"));
    let sticker = kind.unwrap_or(0) != 0 || data.contains_key("emoji_id");
    let usable = |url: &String| ["http://", "https://", "base64://"].iter().any(|scheme| url.starts_with(scheme));
    let url = ["url", "file"].iter().find_map(|key| json::some_word(data, key).filter(usable)).unwrap_or_default();
    Picture { url, sticker }
}

/// Cards larger than this are not looked into.
const CARD_LIMIT: usize = 64 << 10;

/// The prompt of a card; its data is a JSON string, seldom an object.
fn card_title(card: Value) -> Option<String> {
    let mut card = match card {
        Value::String(text) if text.len() <= CARD_LIMIT => match serde_json::from_str(&text).ok()? {
            Value::Object(card) => card,
            _ => return None,
        },
        Value::Object(card) => card,
        _ => return None,
    };
    first_word(&mut card, &["prompt", "desc"])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn one(kind: &str, data: Value) -> Part {
        let Value::Object(data) = data else { panic!() };
        Part::read(kind.into(), data)
    }

    #[test]
    fn pictures_of_all_adapters() {
        let url = |data| match one("image", data) {
            Part::Image(picture) => (picture.url, picture.sticker),
            other => panic!("{other:?}"),
        };
        assert_eq!(url(json!({"url": "https://a/1", "sub_type": "0"})), ("https://a/1".into(), false));
        assert_eq!(url(json!({"file": "https://a/1", "subType": 1})), ("https://a/1".into(), true));
        assert_eq!(url(json!({"file": "a.jpg", "url": null, "emoji_id": "x"})), (String::new(), true));
        assert_eq!(url(json!({"file": "base64://AA", "url": ""})), ("base64://AA".into(), false));
        assert_eq!(url(json!({"file": "file:///etc/passwd"})), (String::new(), false));
    }

    #[test]
    fn a_quote_of_nothing_is_no_quote() {
        assert_eq!(one("reply", json!({"id": "0"})).into_segment(), Segment::Reply(None));
        assert_eq!(one("reply", json!({"id": -5})).into_segment(), Segment::Reply(Some(MessageId(-5))));
        assert_eq!(one("reply", json!({"id": "x"})).into_segment(), Segment::Reply(None));
    }

    #[test]
    fn cards_show_their_prompt() {
        let card = json!({"data": "{\"prompt\":\"[小程序]视频\"}"});
        assert_eq!(one("json", card).into_segment(), Segment::Other("json".into(), Some("[小程序]视频".into())));
        assert_eq!(one("json", json!({"data": "{broken"})).into_segment(), Segment::Other("json".into(), None));
    }

    #[test]
    fn a_type_with_escapes_is_shown_safely() {
        assert_eq!(one("evil\u{1b}[2J", json!({})).into_segment(), Segment::Other("evil␛[2J".into(), None));
    }
}
