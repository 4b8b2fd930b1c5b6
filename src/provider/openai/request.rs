//! The body of a `/chat/completions` request.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::config::Provider;
use crate::domain::TurnRole;
use crate::provider::picture::Shown;

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    messages: Vec<Message<'a>>,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
    max_tokens: u32,
    temperature: f64,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Serialize)]
struct Message<'a> {
    role: TurnRole,
    content: Content<'a>,
}

/// Plain text stays a string: not every server takes lists.
#[derive(Serialize)]
#[serde(untagged)]
enum Content<'a> {
    Text(&'a str),
    Parts(Vec<Part<'a>>),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Part<'a> {
    Text { text: &'a str },
    ImageUrl { image_url: ImageUrl },
}

#[derive(Serialize)]
struct ImageUrl {
    url: String,
}

fn message<'a>(turn: &'a Shown<'a>) -> Message<'a> {
    let content = if turn.pictures.is_empty() {
        Content::Text(&turn.text)
    } else {
        let pictures = turn.pictures.iter().map(|p| Part::ImageUrl { image_url: ImageUrl { url: p.data_url() } });
        let text = (!turn.text.is_empty()).then_some(Part::Text { text: &turn.text });
        Content::Parts(text.into_iter().chain(pictures).collect())
    };
    Message { role: turn.role, content }
}

/// The request as bytes. `extra` is laid over it last. A `null` there takes a field out, and since TOML has no
/// null, so does `false` for the fields that are no switches (`stream_options = false` for servers that refuse
/// it). `max_completion_tokens` replaces `max_tokens`; `true` there means the same number.
pub fn body(config: &Provider, turns: &[Shown<'_>], max_tokens: u32) -> Result<Vec<u8>, serde_json::Error> {
    let request = Request {
        model: &config.model,
        messages: turns.iter().map(message).collect(),
        stream: config.stream,
        stream_options: config.stream.then_some(StreamOptions { include_usage: true }),
        max_tokens,
        temperature: config.temperature,
    };
    if config.extra.is_empty() {
        return serde_json::to_vec(&request);
    }
    let mut body = serde_json::to_value(&request)?;
    if let Some(fields) = body.as_object_mut() {
        lay_over(fields, &config.extra, max_tokens);
    }
    serde_json::to_vec(&body)
}

fn lay_over(fields: &mut Map<String, Value>, extra: &Map<String, Value>, max_tokens: u32) {
    for (key, value) in extra {
        let no_switch = matches!(key.as_str(), "stream_options" | "max_tokens" | "temperature");
        match value {
            Value::Null => drop(fields.remove(key)),
            Value::Bool(false) if no_switch => drop(fields.remove(key)),
            Value::Bool(true) if key == "max_completion_tokens" => {
                fields.remove("max_tokens");
                fields.insert(key.clone(), max_tokens.into());
            }
            value => {
                if key == "max_completion_tokens" {
                    fields.remove("max_tokens");
                }
                fields.insert(key.clone(), value.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::picture::{Format, Loaded};
    use serde_json::json;

    fn config(extra: Value) -> Provider {
        let Value::Object(extra) = extra else { panic!("an object") };
        Provider { model: "m".into(), extra, ..Provider::default() }
    }

    fn turn(text: &str) -> Shown<'_> {
        Shown { role: TurnRole::User, text: text.into(), pictures: Vec::new() }
    }

    fn ask(config: &Provider, turns: &[Shown<'_>]) -> Value {
        serde_json::from_slice(&body(config, turns, 9).unwrap()).unwrap()
    }

    #[test]
    fn the_plain_request() {
        assert_eq!(
            ask(&config(json!({})), &[turn("你好")]),
            json!({"model": "m", "messages": [{"role": "user", "content": "你好"}], "stream": true,
                "stream_options": {"include_usage": true}, "max_tokens": 9, "temperature": 0.7})
        );
    }

    #[test]
    fn pictures_become_parts() {
        let picture = Loaded { format: Format::Png, base64: "QUJD".into() };
        let seen = Shown { role: TurnRole::User, text: "看".into(), pictures: vec![picture] };
        assert_eq!(
            ask(&config(json!({})), &[seen])["messages"][0]["content"],
            json!([{"type": "text", "text": "看"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD"}}])
        );
    }

    #[test]
    fn extra_is_laid_over_last() {
        let body = ask(
            &config(json!({"stream_options": null, "temperature": false, "max_completion_tokens": true,
                "enable_thinking": false, "model": "other"})),
            &[turn("x")],
        );
        assert_eq!(
            body,
            json!({"model": "other", "messages": [{"role": "user", "content": "x"}], "stream": true,
                "max_completion_tokens": 9, "enable_thinking": false})
        );
        let body = ask(&config(json!({"max_completion_tokens": 77, "stream_options": false})), &[turn("x")]);
        assert_eq!((&body["max_completion_tokens"], body.get("max_tokens")), (&json!(77), None));
        assert_eq!(body.get("stream_options"), None);
    }
}
