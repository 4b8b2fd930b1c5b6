use futures_util::future::join_all;
use reqwest::Client;
use serde::Deserialize;
use serde_json::{Value, json};

use super::*;

async fn model(change: impl FnOnce(&mut ModelSettings)) -> (Model, Client, CancellationToken) {
    // reqwest's TLS has no provider of its own; a second installation is refused, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut settings = ModelSettings::instant("A");
    change(&mut settings);
    let stop = CancellationToken::new();
    let client = Client::builder().no_proxy().build().unwrap();
    (Model::start(settings, stop.clone()).await.unwrap(), client, stop)
}

fn chat(text: &str) -> Value {
    json!({"model": "fake", "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": text}]})
}

async fn post(client: &Client, model: &Model, path: &str, body: &Value) -> (u16, String) {
    let response = client.post(format!("{}{path}", model.url())).json(body).send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct OllamaLine {
    model: String,
    created_at: String,
    message: OllamaMessage,
    done: bool,
    done_reason: Option<String>,
    total_duration: Option<u64>,
    load_duration: Option<u64>,
    prompt_eval_count: Option<u64>,
    prompt_eval_duration: Option<u64>,
    eval_count: Option<u64>,
    eval_duration: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct OllamaMessage {
    role: String,
    content: String,
    thinking: Option<String>,
}

#[tokio::test]
async fn ollama_streams_lines_and_metrics() {
    let (model, client, _stop) = model(|_| {}).await;
    let (status, body) = post(&client, &model, "/api/chat", &chat("你好，世界")).await;
    assert_eq!(status, 200);
    let lines: Vec<OllamaLine> = body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (last, said) = lines.split_last().unwrap();
    let text: String = said.iter().map(|line| line.message.content.as_str()).collect();
    assert!(text.starts_with("[A seq=1 msgs=2 hist=") && text.ends_with("] 你好，世界"), "{text}");
    assert!(said.iter().all(|line| !line.done) && said.len() > 5);
    assert!(last.created_at.parse::<jiff::Timestamp>().is_ok());
    assert!(last.done && last.message.content.is_empty());
    assert_eq!((last.done_reason.as_deref(), last.eval_count), (Some("stop"), Some(said.len() as u64)));
    assert!(last.total_duration.is_some() && last.eval_duration.is_some());
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct OpenAiChunk {
    id: String,
    object: String,
    created: u64,
    model: String,
    choices: Vec<OpenAiChoice>,
    usage: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct OpenAiChoice {
    index: u32,
    delta: OpenAiDelta,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct OpenAiDelta {
    role: Option<String>,
    content: Option<String>,
    reasoning_content: Option<String>,
}

#[tokio::test]
async fn openai_streams_events_usage_and_done() {
    let (model, client, _stop) = model(|_| {}).await;
    let mut body = chat("[[think=让我想想]] 你好");
    body["stream"] = true.into();
    body["stream_options"] = json!({"include_usage": true});
    let (_, text) = post(&client, &model, "/v1/chat/completions", &body).await;
    let mut events: Vec<&str> = text.split("\n\n").filter(|event| !event.is_empty()).collect();
    assert_eq!(events.pop(), Some("data: [DONE]"));
    let chunks: Vec<OpenAiChunk> =
        events.iter().map(|event| serde_json::from_str(event.strip_prefix("data: ").unwrap()).unwrap()).collect();
    let deltas = || chunks.iter().flat_map(|chunk| &chunk.choices).map(|choice| &choice.delta);
    let said: String = deltas().filter_map(|delta| delta.content.as_deref()).collect();
    let thought: String = deltas().filter_map(|delta| delta.reasoning_content.as_deref()).collect();
    assert!(said.ends_with("] 你好"), "{said}");
    assert_eq!(thought, "让我想想");
    assert_eq!(deltas().next().unwrap().role.as_deref(), Some("assistant"));
    let usage = chunks.last().unwrap();
    assert!(usage.choices.is_empty() && usage.usage.as_ref().unwrap()["completion_tokens"].as_u64() > Some(4));
    body["stream"] = false.into();
    let whole: Value = serde_json::from_str(&post(&client, &model, "/v1/chat/completions", &body).await.1).unwrap();
    assert_eq!(whole["choices"][0]["finish_reason"], "stop");
    assert!(whole["choices"][0]["message"]["content"].as_str().unwrap().ends_with("你好"));
}

#[tokio::test]
async fn the_history_shows_in_the_tag() {
    let (model, client, _stop) = model(|_| {}).await;
    let mut tags = Vec::new();
    for system in ["s", "s", "other"] {
        let mut body = chat("q");
        body["messages"][0]["content"] = system.into();
        body["stream"] = false.into();
        let answer: OllamaLine = serde_json::from_str(&post(&client, &model, "/api/chat", &body).await.1).unwrap();
        tags.push(answer.message.content.split("hist=").nth(1).unwrap().to_owned());
    }
    assert_eq!(tags[0], tags[1]);
    assert_ne!(tags[0], tags[2]);
    assert_eq!(model.stats().histories, [2, 2, 2]);
}

#[tokio::test]
async fn each_status_has_its_protocols_body() {
    let (model, client, _stop) = model(|s| s.retry_after = Some(Duration::from_secs(7))).await;
    for status in [400, 401, 402, 404, 429, 500, 502, 503, 504] {
        let body = chat(&format!("[[fail={status}]] x"));
        let (got, text) = post(&client, &model, "/api/chat", &body).await;
        let told: Value = serde_json::from_str(&text).unwrap();
        assert!(got == status && told["error"].is_string(), "{text}");
        let (got, text) = post(&client, &model, "/v1/chat/completions", &body).await;
        let told: Value = serde_json::from_str(&text).unwrap();
        assert!(got == status && told["error"]["message"].is_string(), "{text}");
    }
    let request = client.post(format!("{}/chat/completions", model.openai_url())).json(&chat("[[fail=429]]"));
    assert_eq!(request.send().await.unwrap().headers()["retry-after"], "7");
    assert_eq!(model.stats().outcomes["injected_503"], 2);
}

#[tokio::test]
async fn each_fault_of_a_stream_looks_as_it_should() {
    let (model, client, _stop) = model(|_| {}).await;
    let text = |body: String| body;
    let ask =
        async |fault: &str| post(&client, &model, "/api/chat", &chat(&format!("[[fail={fault}]] 你好你好"))).await.1;
    let whole = ask("nodone").await;
    assert!(whole.contains("好") && !whole.contains("\"done\":true"));
    assert!(!ask("eof@2").await.contains("\"done\":true"));
    assert!(ask("empty").await.is_empty());
    assert!(text(ask("errmid@2").await).lines().last().unwrap().starts_with("{\"error\":"));
    let bad = ask("badjson@2").await;
    assert!(bad.contains("\"assis\n") && bad.contains("\"done\":true"));
    assert!(ask("garbage@1").await.contains("\"done\":true"));
    assert!(serde_json::from_str::<Value>(ask("truncjson@2").await.lines().last().unwrap()).is_err());
    assert!(ask("html").await.contains("nginx"));
    let reset = client.post(format!("{}/api/chat", model.url())).json(&chat("[[fail=reset@2]] x")).send().await;
    assert!(match reset {
        Ok(response) => response.text().await.is_err(),
        Err(_) => true,
    });
}

#[tokio::test]
async fn a_hanging_answer_ends_when_the_client_goes() {
    let (model, client, _stop) = model(|_| {}).await;
    for fault in ["hang", "hang@2"] {
        let request = client.post(format!("{}/api/chat", model.url())).json(&chat(&format!("[[fail={fault}]] x")));
        let asking = tokio::spawn(async move { request.send().await.unwrap().text().await });
        while model.stats().in_flight == 0 {
            tokio::task::yield_now().await;
        }
        asking.abort();
        while model.stats().in_flight > 0 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn models_load_unload_and_are_listed() {
    let (model, client, _stop) = model(|s| s.vram_share = 0.5).await;
    let (_, loaded) = post(&client, &model, "/api/generate", &json!({"model": "qwen3:8b", "keep_alive": "10m"})).await;
    assert!(loaded.contains("\"done_reason\":\"load\""), "{loaded}");
    let get = async |path: &str| {
        let response = client.get(format!("{}{path}", model.url())).send().await.unwrap();
        response.json::<Value>().await.unwrap()
    };
    let ps = get("/api/ps").await;
    assert_eq!(
        (ps["models"][0]["name"].as_str(), ps["models"][0]["size_vram"].as_u64()),
        (Some("qwen3:8b"), Some(2_600_000_000))
    );
    assert_eq!(get("/api/tags").await["models"][0]["name"], "fake:latest");
    assert_eq!(get("/v1/models").await["data"][0]["id"], "fake");
    assert!(get("/api/version").await["version"].is_string());
    let (_, show) = post(&client, &model, "/api/show", &json!({"model": "qwen3:8b"})).await;
    assert_eq!(serde_json::from_str::<Value>(&show).unwrap()["capabilities"], json!(["completion", "thinking"]));
    post(&client, &model, "/api/generate", &json!({"model": "qwen3:8b", "keep_alive": 0})).await;
    assert!(model.loaded().is_empty());
    assert_eq!(
        post(&client, &model, "/api/chat", &json!({"model": "nope:7b", "messages": []})).await,
        (404, r#"{"error":"model 'nope:7b' not found"}"#.into())
    );
    let mut thinking = chat("x");
    thinking["think"] = true.into();
    assert_eq!(post(&client, &model, "/api/chat", &thinking).await.0, 400);
    let bad = json!({"model": "fake", "keep_alive": "5 minutes"});
    assert_eq!(post(&client, &model, "/api/generate", &bad).await.0, 400);
}

#[tokio::test]
async fn a_key_is_asked_for_on_openais_side() {
    let (model, client, _stop) = model(|s| s.api_key = "k".into()).await;
    let url = format!("{}/models", model.openai_url());
    assert_eq!(client.get(&url).send().await.unwrap().status(), 401);
    assert_eq!(client.get(&url).bearer_auth("k").send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn pieces_and_writes_do_not_change_the_words() {
    let (model, client, _stop) = model(|s| (s.pieces, s.writes) = (Some(12), Writes::Whole)).await;
    let (_, body) = post(&client, &model, "/api/chat", &chat("你好你好你好你好你好")).await;
    assert_eq!(body.lines().count(), 13);
    let (_, cut) = post(&client, &model, "/api/chat", &chat("[[split=1]] 你好你好你好你好你好")).await;
    let words = |body: &str| -> String {
        body.lines().map(|line| serde_json::from_str::<OllamaLine>(line).unwrap().message.content).collect()
    };
    assert!(words(&body).ends_with("] 你好你好你好你好你好"));
    assert_eq!(words(&body).split(']').nth(1), words(&cut).split(']').nth(1));
}

#[tokio::test]
async fn many_at_once_are_counted_and_bounded() {
    let (model, client, _stop) = model(|s| s.parallel = 2).await;
    let all = (0..20).map(|n| {
        let (client, model) = (client.clone(), model.clone());
        async move { post(&client, &model, "/api/chat", &chat(&format!("q{n}"))).await }
    });
    assert!(join_all(all).await.iter().all(|(status, _)| *status == 200));
    let stats = model.stats();
    assert_eq!((stats.requests, stats.in_flight, stats.outcomes["ok"]), (20, 0, 20));
}
