//! Reads the answers of `/chat/completions`: event streams and whole bodies alike, told apart by their first
//! byte, since servers answer a stream's request with plain JSON and name the wrong content type.

use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::domain::{Finish, ProviderError, Redactor};
use crate::provider::answer::{Growing, count};
use crate::provider::error;
use crate::provider::json::Words;
use crate::provider::lines::STREAM_CAP;
use crate::provider::sse::{Item, Sse};

/// A chunk of a stream or a whole answer. Everything may be absent or null.
#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow, default)]
    choices: Option<Vec<Choice<'a>>>,
    #[serde(default, deserialize_with = "lenient")]
    usage: Option<Usage>,
    /// llama.cpp's ready speeds.
    #[serde(default, deserialize_with = "lenient")]
    timings: Option<Timings>,
    #[serde(default)]
    error: Option<Value>,
    /// vLLM's `{"object":"error","message":…}`.
    #[serde(borrow, default)]
    object: Words<'a>,
    /// SiliconFlow's `{"code":20012,"message":…,"data":null}`, also with 200.
    #[serde(default)]
    code: Option<Value>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow, default)]
    delta: Option<Delta<'a>>,
    #[serde(borrow, default)]
    message: Option<Delta<'a>>,
    #[serde(borrow, default)]
    finish_reason: Words<'a>,
    /// Moonshot puts it here.
    #[serde(default, deserialize_with = "lenient")]
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(borrow, default)]
    content: Words<'a>,
    #[serde(borrow, default)]
    reasoning_content: Words<'a>,
    #[serde(borrow, default)]
    reasoning: Words<'a>,
}

#[derive(Deserialize)]
struct Usage {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    prompt_tokens_details: Option<Details>,
    /// DeepSeek.
    prompt_cache_hit_tokens: Option<u64>,
    /// Moonshot.
    cached_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct Details {
    cached_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct Timings {
    predicted_n: Option<u64>,
    predicted_ms: Option<f64>,
}

/// What is not essential must not spoil an answer by its shape.
fn lenient<'de, D: Deserializer<'de>, T: serde::de::DeserializeOwned>(from: D) -> Result<Option<T>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::Null => None,
        value => T::deserialize(value).ok(),
    })
}

/// What the first byte said.
#[derive(Debug)]
enum Body {
    Unknown,
    Stream(Sse),
    Whole(BytesMut),
}

/// Reads one answer.
#[derive(Debug)]
pub struct Reader {
    body: Body,
}

impl Reader {
    /// Nothing read yet.
    pub fn new() -> Self {
        Self { body: Body::Unknown }
    }

    /// Takes the next chunk of the body.
    pub fn feed(&mut self, chunk: Bytes, answer: &mut Growing, redact: &Redactor) -> Result<(), ProviderError> {
        if let Body::Unknown = self.body {
            // DeepSeek sends empty lines before the JSON of a busy hour; a byte order mark counts as blank too.
            let blank = |byte: &u8| byte.is_ascii_whitespace() || b"\xef\xbb\xbf".contains(byte);
            match chunk.iter().find(|byte| !blank(byte)) {
                None => return Ok(()),
                Some(b'{' | b'[' | b'"' | b'<') => self.body = Body::Whole(BytesMut::new()),
                Some(_) => self.body = Body::Stream(Sse::default()),
            }
        }
        match &mut self.body {
            Body::Unknown => Ok(()),
            Body::Whole(body) => {
                if body.len() + chunk.len() > STREAM_CAP {
                    return Err(ProviderError::Protocol("an answer of more than 8 MiB".into()));
                }
                body.extend_from_slice(&chunk);
                Ok(())
            }
            Body::Stream(sse) => {
                sse.push(chunk).map_err(|error| ProviderError::Protocol(error.to_string()))?;
                while !answer.done
                    && let Some(item) = sse.next().map_err(|error| ProviderError::Protocol(error.to_string()))?
                {
                    event(&item, false, answer, redact)?;
                }
                Ok(())
            }
        }
    }

    /// The body has ended.
    pub fn end(&mut self, answer: &mut Growing, redact: &Redactor) -> Result<(), ProviderError> {
        match &mut self.body {
            Body::Unknown => Ok(()),
            Body::Whole(body) => {
                let start = body.iter().position(|byte| byte.is_ascii_graphic()).unwrap_or(0);
                chunk(&body[start..], true, answer, redact)?;
                answer.done = true;
                Ok(())
            }
            Body::Stream(sse) => match sse.finish().map_err(|error| ProviderError::Protocol(error.to_string()))? {
                Some(item) if !answer.done => event(&item, true, answer, redact),
                _ => Ok(()),
            },
        }
    }
}

fn event(item: &Item, ended: bool, answer: &mut Growing, redact: &Redactor) -> Result<(), ProviderError> {
    let Item::Event { name, data } = item else { return Ok(()) };
    let data = data.trim_ascii();
    if data == b"[DONE]" {
        answer.done = true;
        return Ok(());
    }
    if name.as_ref() == b"error" {
        let value = serde_json::from_slice(data);
        let value = value.unwrap_or_else(|_| Value::String(String::from_utf8_lossy(data).into_owned()));
        return Err(error::midway(&value, redact));
    }
    if data.is_empty() { Ok(()) } else { chunk(data, ended, answer, redact) }
}

fn chunk(data: &[u8], ended: bool, answer: &mut Growing, redact: &Redactor) -> Result<(), ProviderError> {
    // Gateways answer 200 with a bare string or a list (llm.md §3.2, SiliconFlow).
    if !data.starts_with(b"{")
        && let Ok(value) = serde_json::from_slice::<Value>(data)
    {
        return Err(error::midway(&value, redact));
    }
    let chunk: Chunk<'_> = serde_json::from_slice(data).map_err(|e| error::unreadable(&e, data, ended, redact))?;
    let choices = chunk.choices.unwrap_or_default();
    let coded = chunk.code.is_some_and(|code| !code.is_null()) && choices.is_empty();
    if chunk.error.is_some_and(|error| !error.is_null()) || &*chunk.object == "error" || coded {
        let value: Value = serde_json::from_slice(data).map_err(|e| error::unreadable(&e, data, ended, redact))?;
        return Err(error::midway(&value, redact));
    }
    book(chunk.usage, answer);
    if let Some(timings) = chunk.timings {
        answer.measured(timings.predicted_n.unwrap_or(0), timings.predicted_ms.unwrap_or(0.0) / 1000.0);
    }
    // Only one answer is ever asked for.
    let Some(choice) = choices.into_iter().next() else { return Ok(()) };
    if let Some(delta) = choice.delta.or(choice.message) {
        // Both fields at once would be the same thoughts twice.
        let reasoning = if delta.reasoning_content.is_empty() { &delta.reasoning } else { &delta.reasoning_content };
        answer.reasoning(reasoning);
        answer.content(&delta.content);
    }
    book(choice.usage, answer);
    finished(&choice.finish_reason, answer)
}

fn finished(reason: &str, answer: &mut Growing) -> Result<(), ProviderError> {
    answer.finish = Some(match reason {
        "" => return Ok(()),
        "stop" | "eos" | "end_turn" | "stop_sequence" => Finish::Stop,
        "length" | "max_tokens" => Finish::Length,
        "content_filter" | "sensitive" => return Err(ProviderError::ContentBlocked(reason.to_owned())),
        // OpenRouter, Zhipu, DeepSeek: their trouble, not ours.
        "error" | "network_error" | "insufficient_system_resource" => {
            return Err(ProviderError::Overloaded(None, format!("finish_reason {reason}")));
        }
        _ => Finish::Other,
    });
    Ok(())
}

fn book(usage: Option<Usage>, answer: &mut Growing) {
    let Some(usage) = usage else { return };
    let cached = usage.prompt_tokens_details.and_then(|details| details.cached_tokens);
    let cached = cached.or(usage.prompt_cache_hit_tokens).or(usage.cached_tokens);
    let tokens = &mut answer.tokens;
    tokens.input = usage.prompt_tokens.map(count).or(tokens.input);
    tokens.output = usage.completion_tokens.map(count).or(tokens.output);
    tokens.cached = cached.map(count).or(tokens.cached);
}
