//! The endpoints of both protocols (llm.md §1.4, §3.1).

use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::http::{Connection, Request};
use super::plan::{self, Plan, Question};
use super::shape::{self, Protocol, Shape};
use super::stream::{self, Job};
use super::{Booking, Loaded, ModelSettings, Shared, full_name};
use crate::simulator::lock;

const JSON: &str = "application/json";

/// A body of either protocol; what the other does not have is absent.
#[derive(Deserialize)]
pub(super) struct Ask<'a> {
    #[serde(default)]
    model: String,
    #[serde(default, borrow)]
    messages: Vec<Said<'a>>,
    stream: Option<bool>,
    keep_alive: Option<Value>,
    options: Option<Value>,
    think: Option<Value>,
    prompt: Option<String>,
    max_tokens: Option<usize>,
    max_completion_tokens: Option<usize>,
    stream_options: Option<Value>,
}

#[derive(Deserialize)]
struct Said<'a> {
    #[serde(default)]
    role: String,
    #[serde(default, borrow)]
    content: Option<&'a RawValue>,
}

/// Words of a `content`: a string, or OpenAI's parts.
fn words(content: &RawValue) -> String {
    match serde_json::from_str(content.get()) {
        Ok(Value::String(words)) => words,
        Ok(Value::Array(parts)) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
        _ => String::new(),
    }
}

/// Answers one request; gives the connection back where it may be used again.
pub(super) async fn serve(shared: &Shared, mut connection: Connection, request: Request) -> Option<Connection> {
    let settings = shared.settings();
    let path = request.path.strip_prefix("/v1").unwrap_or(&request.path);
    let openai = path.len() < request.path.len() || matches!(path, "/models" | "/chat/completions");
    if openai && !settings.api_key.is_empty() && request.authorization != format!("Bearer {}", settings.api_key) {
        return error(connection, true, 401, None).await;
    }
    let (status, kind, body) = match (request.method.as_str(), path) {
        ("GET", "/") => (200, "text/plain; charset=utf-8", "Ollama is running".to_owned()),
        ("GET", "/api/version") => (200, JSON, json!({"version": "0.33.0"}).to_string()),
        ("GET", "/api/tags") => (200, JSON, tags(&settings).to_string()),
        ("GET", "/api/ps") => (200, JSON, running(shared, &settings).to_string()),
        ("POST", "/api/show") => show(&settings, &request.body),
        ("GET", "/models") => (200, JSON, catalogue(&settings).to_string()),
        ("POST", "/api/chat") => return ask(shared, &settings, connection, request, Protocol::OllamaChat).await,
        ("POST", "/api/generate") => {
            return ask(shared, &settings, connection, request, Protocol::OllamaGenerate).await;
        }
        ("POST", "/chat/completions") => return ask(shared, &settings, connection, request, Protocol::OpenAi).await,
        (_, "/api/chat" | "/api/generate" | "/api/show" | "/chat/completions") => {
            (405, "text/plain", "405 method not allowed".to_owned())
        }
        _ => (404, "text/plain", "404 page not found".to_owned()),
    };
    connection.respond(status, kind, "", &body).await.ok()?;
    Some(connection)
}

async fn error(mut connection: Connection, openai: bool, status: u16, words: Option<&str>) -> Option<Connection> {
    let (body, extra) = shape::refusal(openai, status, None, words);
    connection.respond(status, JSON, &extra, &body).await.ok()?;
    Some(connection)
}

fn details() -> Value {
    json!({"parent_model": "", "format": "gguf", "family": "qwen3", "families": ["qwen3"],
        "parameter_size": "8.2B", "quantization_level": "Q4_K_M"})
}

fn names(settings: &ModelSettings) -> impl Iterator<Item = (&str, Vec<&str>)> {
    settings.models.iter().map(|entry| {
        let mut parts = entry.split('+');
        (parts.next().unwrap_or_default(), parts.collect())
    })
}

fn capabilities(extra: &[&str]) -> Value {
    std::iter::once("completion").chain(extra.iter().copied()).collect()
}

fn tags(settings: &ModelSettings) -> Value {
    let models: Vec<Value> = names(settings)
        .map(|(name, extra)| {
            json!({"name": full_name(name), "model": full_name(name), "modified_at": "2026-01-01T00:00:00Z",
                "size": settings.model_bytes, "digest": format!("{:064x}", plan::hash(name.as_bytes(), 0)),
                "details": details(), "capabilities": capabilities(&extra)})
        })
        .collect();
    json!({"models": models})
}

fn running(shared: &Shared, settings: &ModelSettings) -> Value {
    shared.expire();
    let now = Instant::now();
    let models: Vec<Value> = lock(&shared.loaded)
        .iter()
        .map(|(name, model)| {
            // num_gpu below all of 33 layers leaves the rest on the CPU.
            let layers = model.options[2].filter(|n| *n >= 0).map_or(1.0, |n| (n as f64 / 33.0).min(1.0));
            let expires = match model.until {
                Some(until) => timestamp(until.saturating_duration_since(now)),
                None => "2318-01-01T00:00:00Z".into(),
            };
            json!({"name": name, "model": name, "size": settings.model_bytes, "details": details(),
                "digest": format!("{:064x}", plan::hash(name.as_bytes(), 0)), "expires_at": expires,
                "size_vram": (settings.model_bytes as f64 * settings.vram_share * layers) as u64,
                "context_length": model.options[0].unwrap_or(4096)})
        })
        .collect();
    json!({"models": models})
}

fn show(settings: &ModelSettings, body: &[u8]) -> (u16, &'static str, String) {
    let Ok(asked) = serde_json::from_slice::<Value>(body) else {
        return (400, JSON, json!({"error": "missing request body"}).to_string());
    };
    let name = asked["model"].as_str().or_else(|| asked["name"].as_str()).unwrap_or_default();
    let Some((_, extra)) = settings.find(name) else {
        return (404, JSON, json!({"error": format!("model '{name}' not found")}).to_string());
    };
    let body = json!({"modelfile": "# simulated\n", "parameters": "num_ctx 4096", "template": "{{ .Prompt }}",
        "details": details(), "modified_at": "2026-01-01T00:00:00Z", "capabilities": capabilities(&extra),
        "model_info": {"general.architecture": "qwen3", "general.parameter_count": 8_190_735_360_u64,
            "qwen3.block_count": 36, "qwen3.context_length": 40960, "qwen3.embedding_length": 4096,
            "qwen3.attention.head_count": 32, "qwen3.attention.head_count_kv": 8, "qwen3.attention.key_length": 128}});
    (200, JSON, body.to_string())
}

fn catalogue(settings: &ModelSettings) -> Value {
    let models: Vec<Value> = names(settings)
        .map(|(name, _)| json!({"id": name, "object": "model", "created": 1_700_000_000, "owned_by": "simulator"}))
        .collect();
    json!({"object": "list", "data": models})
}

/// RFC 3339, so much from now.
fn timestamp(ahead: Duration) -> String {
    let ahead = jiff::SignedDuration::try_from(ahead).unwrap_or_default();
    jiff::Timestamp::now().saturating_add(ahead).unwrap_or(jiff::Timestamp::MAX).to_string()
}

/// Go's duration string or seconds; negative: for ever (`Ok(None)`).
fn keep_alive(value: Option<&Value>) -> Result<Option<Duration>, String> {
    let bad = |words: &str| format!("time: invalid duration {words:?}");
    match value {
        None | Some(Value::Null) => Ok(Some(Duration::from_secs(300))),
        Some(Value::Number(n)) => Ok(Duration::try_from_secs_f64(n.as_f64().unwrap_or(-1.0)).ok()),
        Some(Value::String(words)) => {
            let (negative, mut rest) = words.strip_prefix('-').map_or((false, words.as_str()), |rest| (true, rest));
            let mut total = 0.0;
            while !rest.is_empty() {
                let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
                let number: f64 = rest[..digits].parse().map_err(|_| bad(words))?;
                rest = &rest[digits..];
                let unit = [("ms", 1e-3), ("s", 1.0), ("m", 60.0), ("h", 3600.0)]
                    .into_iter()
                    .find(|(u, _)| rest.starts_with(u));
                let (unit, factor) = match unit {
                    Some(found) => found,
                    None if rest.is_empty() => ("", 1.0),
                    None => return Err(bad(words)),
                };
                total += number * factor;
                rest = &rest[unit.len()..];
            }
            Ok(if negative { None } else { Duration::try_from_secs_f64(total).ok() })
        }
        Some(other) => Err(bad(&other.to_string())),
    }
}

/// Makes sure that the model is loaded with these options; how long that took.
async fn load(
    shared: &Shared,
    settings: &ModelSettings,
    name: &str,
    ask: &Ask<'_>,
    keep: Option<Duration>,
) -> Duration {
    shared.expire();
    let option = |key: &str| ask.options.as_ref().and_then(|options| options[key].as_i64());
    let options = ["num_ctx", "num_batch", "num_gpu", "num_thread"].map(option);
    let known = lock(&shared.loaded).get(&full_name(name)).cloned();
    // An option that is not given does not reload.
    let fits = known
        .as_ref()
        .is_some_and(|known| options.iter().zip(known.options).all(|(wanted, has)| wanted.is_none() || *wanted == has));
    let mut took = Duration::ZERO;
    if !fits && !settings.load_delay.is_zero() {
        tokio::time::sleep(settings.load_delay).await;
        took = settings.load_delay;
    }
    let options = if fits { known.map_or(options, |known| known.options) } else { options };
    let until = keep.map(|keep| Instant::now() + keep);
    lock(&shared.loaded).insert(full_name(name), Loaded { until, options });
    took
}

/// What both protocols refuse before anything is written: outcome, status and words.
fn admit(settings: &ModelSettings, ask: &Ask<'_>, protocol: Protocol) -> Result<(), (&'static str, u16, String)> {
    keep_alive(ask.keep_alive.as_ref()).map_err(|words| ("bad_keep_alive", 400, words))?;
    let openai = protocol == Protocol::OpenAi;
    let Some((_, extra)) = settings.find(&ask.model) else {
        let words = if openai {
            format!("The model `{}` does not exist", ask.model)
        } else {
            format!("model '{}' not found", ask.model)
        };
        return Err(("no_model", 404, words));
    };
    let think = ask.think.as_ref().is_some_and(|think| !think.is_null() && *think != Value::Bool(false));
    if think && !openai && !extra.contains(&"thinking") {
        return Err(("no_thinking", 400, format!("\"{}\" does not support thinking", ask.model)));
    }
    Ok(())
}

async fn ask(
    shared: &Shared,
    settings: &ModelSettings,
    mut connection: Connection,
    request: Request,
    protocol: Protocol,
) -> Option<Connection> {
    let openai = protocol == Protocol::OpenAi;
    if settings.down {
        connection.reset();
        return None;
    }
    let asked = serde_json::from_slice::<Ask>(&request.body);
    let mut ask = match asked {
        Ok(ask) => ask,
        Err(_) if request.body.is_empty() => return error(connection, openai, 400, Some("missing request body")).await,
        Err(e) => return error(connection, openai, 400, Some(&format!("invalid JSON: {e}"))).await,
    };
    let prompt = ask.prompt.take();
    let prompt = prompt.filter(|p| protocol == Protocol::OllamaGenerate && !p.is_empty());
    let messages = ask.messages.len() + usize::from(prompt.is_some());
    let mut booking = Booking { shared, outcome: "client_gone".into() };
    let seq = shared.begin(settings, messages, &request.body);
    if let Err((outcome, status, words)) = admit(settings, &ask, protocol) {
        booking.outcome = outcome.into();
        return error(connection, openai, status, Some(&words)).await;
    }
    let keep = keep_alive(ask.keep_alive.as_ref()).unwrap_or_default();
    let (name, extra) = settings.find(&ask.model)?;
    let thinks = extra.contains(&"thinking");
    let shape = Shape {
        protocol,
        model: &ask.model,
        id: format!("chatcmpl-{}{seq:06}", settings.name),
        created: jiff::Timestamp::now().as_second().unsigned_abs(),
        created_at: timestamp(Duration::ZERO),
        include_usage: ask.stream_options.as_ref().is_some_and(|o| o["include_usage"] == Value::Bool(true)),
    };
    if messages == 0 {
        if openai {
            booking.outcome = "no_messages".into();
            return error(connection, true, 400, Some("messages: at least one message is required")).await;
        }
        let unload = keep == Some(Duration::ZERO);
        if unload {
            lock(&shared.loaded).remove(&full_name(name));
        } else {
            load(shared, settings, name, &ask, keep).await;
        }
        booking.outcome = if unload { "unload" } else { "load" }.into();
        connection.respond(200, JSON, "", &shape.loaded(&booking.outcome)).await.ok()?;
        return Some(connection);
    }
    let last = ask.messages.iter().rposition(|said| said.role == "user");
    let history = ask.messages.iter().enumerate().filter(|(n, _)| Some(*n) != last).fold(0, |h, (_, said)| {
        plan::hash(said.content.map_or("", RawValue::get).as_bytes(), plan::hash(said.role.as_bytes(), h))
    });
    let question = prompt.or_else(|| Some(words(ask.messages[last?].content?))).unwrap_or_default();
    let plan = Plan::new(
        settings,
        &Question { last: &question, seq, messages, history: history as u32, attempt: shared.attempt(&question) },
    );
    let permit = match &shared.slots {
        Some(slots) => slots.acquire().await.ok(),
        None => None,
    };
    let loading = if openai { Duration::ZERO } else { load(shared, settings, name, &ask, keep).await };
    let prompt_tokens = request.body.len() / 4 + 4 * messages;
    let predict = ask.options.as_ref().and_then(|o| o["num_predict"].as_i64()).and_then(|n| usize::try_from(n).ok());
    let limit = if openai { ask.max_completion_tokens.or(ask.max_tokens) } else { predict };
    let show_thoughts = openai || (thinks && ask.think != Some(Value::Bool(false)));
    // Ollama streams unless told otherwise, OpenAI does not.
    let streams = ask.stream.unwrap_or(!openai);
    let job = Job { settings, plan, shape, limit, show_thoughts, prompt_tokens, loading };
    let (outcome, connection) =
        if streams { stream::stream(job, connection).await } else { stream::whole(job, connection).await };
    booking.outcome = outcome;
    drop(permit);
    connection
}
