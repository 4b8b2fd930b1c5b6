//! Bodies of `/api/chat`, and of the requests that load and unload a model.

use ollama_rs::models::ModelOptions;
use serde::Serialize;
use serde_json::Value;

use super::Ollama;
use crate::config::Provider;
use crate::domain::TurnRole;
use crate::provider::picture::Shown;

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    messages: Vec<Message<'a>>,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    think: Option<bool>,
    /// False: a question longer than the real context is refused; else its beginning would be left out and nobody
    /// told (llm.md §1.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    truncate: Option<bool>,
    keep_alive: String,
    options: ModelOptions,
}

#[derive(Serialize)]
struct Message<'a> {
    role: TurnRole,
    content: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    images: Vec<&'a str>,
}

/// A question. `thinks`: whether the model can reason; only then `think` may be sent, and then it must be, for
/// without it such a model reasons (llm.md §1.2).
pub fn body(
    ollama: &Ollama,
    config: &Provider,
    turns: &[Shown<'_>],
    max_tokens: u32,
    thinks: bool,
) -> Result<Vec<u8>, serde_json::Error> {
    let images = |turn: &'_ Shown<'_>| turn.pictures.len();
    let messages = turns.iter().map(|turn| {
        let mut message = Message { role: turn.role, content: &turn.text, images: Vec::with_capacity(images(turn)) };
        message.images.extend(turn.pictures.iter().map(|picture| &*picture.base64));
        message
    });
    let limit = i32::try_from(max_tokens).unwrap_or(i32::MAX);
    let request = Request {
        model: &config.model,
        messages: messages.collect(),
        stream: config.stream,
        think: thinks.then_some(config.think),
        truncate: Some(false),
        keep_alive: keep_alive(config),
        options: ollama.options.clone().num_predict(limit),
    };
    if config.extra.is_empty() {
        return serde_json::to_vec(&request);
    }
    let mut body = serde_json::to_value(&request)?;
    lay_over(&mut body, config, |_| true);
    serde_json::to_vec(&body)
}

/// A request without a question: it loads the model, or with `keep` 0 unloads it. Its options are those of every
/// question.
pub fn load(ollama: &Ollama, config: &Provider, keep: Option<u64>) -> Result<Vec<u8>, serde_json::Error> {
    let request = Request {
        model: &config.model,
        messages: Vec::new(),
        stream: false,
        think: None,
        truncate: None,
        keep_alive: keep.map_or_else(|| keep_alive(config), |seconds| format!("{seconds}s")),
        options: ollama.options.clone(),
    };
    let mut body = serde_json::to_value(&request)?;
    lay_over(&mut body, config, |key| key == "model" || key == "options");
    serde_json::to_vec(&body)
}

fn keep_alive(config: &Provider) -> String {
    format!("{}s", config.keep_alive.as_secs())
}

/// Lays `extra` over a request, its `options` one by one; a `null` takes a field out.
fn lay_over(body: &mut Value, config: &Provider, wanted: impl Fn(&str) -> bool) {
    let Value::Object(fields) = body else { return };
    for (key, value) in config.extra.iter().filter(|(key, _)| wanted(key)) {
        match (fields.get_mut(key), value) {
            (_, Value::Null) => drop(fields.remove(key)),
            (Some(Value::Object(ours)), Value::Object(theirs)) => {
                ours.extend(theirs.iter().map(|(key, value)| (key.clone(), value.clone())));
            }
            _ => drop(fields.insert(key.clone(), value.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::ollama::options;
    use crate::provider::picture::{Format, Loaded};
    use serde_json::json;
    use tokio::sync::OnceCell;

    fn config() -> Provider {
        Provider {
            model: "m".into(),
            temperature: 0.5,
            gpu_layers: Some(9),
            num_threads: Some(2),
            ..Provider::default()
        }
    }

    fn ollama(config: &Provider) -> Ollama {
        Ollama { options: options::common(config, true), thinks: OnceCell::new() }
    }

    fn parse(bytes: Result<Vec<u8>, serde_json::Error>) -> Value {
        serde_json::from_slice(&bytes.unwrap()).unwrap()
    }

    #[test]
    fn a_question() {
        let config = config();
        let picture = Loaded { format: Format::Png, base64: "QUJD".into() };
        let turns = [
            Shown { role: TurnRole::System, text: "s".into(), pictures: vec![] },
            Shown { role: TurnRole::User, text: "看".into(), pictures: vec![picture] },
        ];
        assert_eq!(
            parse(body(&ollama(&config), &config, &turns, 64, true)),
            json!({"model": "m", "stream": true, "think": false, "truncate": false, "keep_alive": "1800s",
                "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "看", "images": ["QUJD"]}],
                "options": {"num_ctx": 8192, "num_gpu": 9, "num_thread": 2, "temperature": 0.5, "num_predict": 64}})
        );
        assert_eq!(parse(body(&ollama(&config), &config, &turns, 64, false)).get("think"), None);
    }

    #[test]
    fn loading_uses_the_options_of_every_question() {
        let extra = json!({"options": {"num_ctx": 77, "main_gpu": 1}, "format": "json", "keep_alive": "1h"});
        let Value::Object(extra) = extra else { panic!("an object") };
        let config = Provider { extra, batch_size: Some(128), ..config() };
        let asked = parse(body(&ollama(&config), &config, &[], 64, false));
        let loaded = parse(load(&ollama(&config), &config, None));
        for option in ["num_ctx", "num_gpu", "num_thread", "num_batch", "main_gpu"] {
            assert!(!asked["options"][option].is_null(), "{option}");
            assert_eq!(asked["options"][option], loaded["options"][option], "{option}");
        }
        assert_eq!((&asked["format"], &asked["keep_alive"]), (&json!("json"), &json!("1h")));
        assert_eq!(loaded.get("format"), None);
        assert_eq!(loaded["messages"], json!([]));
        assert_eq!(parse(load(&ollama(&config), &config, Some(0)))["keep_alive"], "0s");
    }
}
