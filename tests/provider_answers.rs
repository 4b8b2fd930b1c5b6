//! Answers as real servers gave them (`tests/models`), whole and cut at every byte.
#![allow(clippy::unwrap_used)]

mod provider_stage;

use std::time::Duration;

use provider_stage::*;
use qqdeck::config::{Provider, Secret};
use qqdeck::domain::{Answer, Finish, ProviderCall, ProviderError, Tokens};

/// A recorded body and its status.
fn recorded(name: &str) -> (u16, String, Vec<u8>) {
    let read = |file: String| std::fs::read(format!("{}/tests/models/{file}", env!("CARGO_MANIFEST_DIR")));
    let head = String::from_utf8(read(format!("{name}.hdr")).unwrap()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let kind = head.lines().find_map(|line| line.strip_prefix("Content-Type: ")).unwrap().trim().to_owned();
    let body = read(format!("{name}.body")).or_else(|_| read(format!("{name}.ndjson"))).unwrap();
    (status, kind, body)
}

async fn replay(name: &str, config: impl Fn(&str) -> Provider) -> Result<Answer, ProviderError> {
    let (status, kind, body) = recorded(name);
    let stage = Stage::new(move |asked| match asked.path.as_str() {
        "/api/show" => vec![reply(200, JSON, &recorded("show").2)],
        _ => vec![reply(status, &kind, &body)],
    })
    .await;
    ask(config(&stage.url)).await.1.map_err(|failure| failure.error)
}

fn tokens(input: u32, cached: Option<u32>, output: u32) -> Tokens {
    Tokens { input: Some(input), cached, output: Some(output) }
}

#[tokio::test]
async fn ollama_bodies() {
    let stream = replay("ollama_chat_stream", ollama).await.unwrap();
    assert_eq!((stream.text.as_str(), stream.finish), ("npo出 ka nu", Finish::Length));
    assert_eq!(stream.tokens, tokens(18, None, 5));
    assert_eq!(stream.timing.load, Some(Duration::from_nanos(522_553_838)));
    assert!((stream.timing.tokens_per_second.unwrap() - 3.993).abs() < 0.01);

    for (name, text, output) in
        [("chat_nonstream", "soi wo2v", 5), ("chat_think_false", "起%", 2), ("badrole", "nu", 1), ("unkopt", "nu", 1)]
    {
        let answer = replay(name, ollama).await.unwrap();
        assert_eq!((answer.text.as_str(), answer.tokens), (text, tokens(18, None, output)), "{name}");
        if output < 5 {
            assert_eq!(answer.timing.tokens_per_second, None, "{name}");
        }
    }
    for (name, code) in [
        ("chat_missing", "model_missing"),
        ("gen_missing", "model_missing"),
        ("show_missing", "model_missing"),
        ("chat_preload", "empty"),
        ("gen_preload", "empty"),
        ("gen_unload", "empty"),
        ("chat_think_unsupported", "bad_request"),
        ("chat_tools_unsupported", "bad_request"),
        ("badjson", "bad_request"),
        ("badka", "bad_request"),
        ("badopt", "bad_request"),
        ("nobody", "bad_request"),
        ("notfound", "model_missing"),
        ("method", "model_missing"),
        ("lcpp_ollama_chat", "model_missing"),
        ("lcpp_ollama_tags", "model_missing"),
        ("lcpp_nonstream", "truncated"),
        ("version", "truncated"),
    ] {
        assert_eq!(replay(name, ollama).await.unwrap_err().code(), code, "{name}");
    }
}

#[tokio::test]
async fn openai_bodies() {
    let stream = replay("lcpp_stream", openai).await.unwrap();
    assert_eq!((stream.text.as_str(), stream.finish), ("nu{对", Finish::Length));
    assert_eq!(stream.tokens.output, Some(3));
    let stream = replay("oai_stream", openai).await.unwrap();
    assert_eq!((stream.text.as_str(), stream.finish, stream.tokens), ("_还想", Finish::Length, tokens(18, None, 3)));
    let whole = replay("lcpp_nonstream", openai).await.unwrap();
    assert_eq!((whole.text.as_str(), whole.finish, whole.tokens), ("用 boe", Finish::Length, tokens(19, Some(18), 3)));
    // llama.cpp answers even to no messages at all.
    assert!(replay("lcpp_nomsg", openai).await.unwrap().timing.tokens_per_second.unwrap() > 5.0);
    for (name, code) in [
        ("lcpp_badjson", "bad_request"),
        ("lcpp_nokey", "auth"),
        ("oai_missing", "model_missing"),
        ("lcpp_models", "empty"),
        ("oai_models", "empty"),
    ] {
        assert_eq!(replay(name, openai).await.unwrap_err().code(), code, "{name}");
    }
    let error = replay("lcpp_toolong", openai).await.unwrap_err();
    assert!(matches!(error, ProviderError::ContextTooLong { limit: Some(1024), .. }), "{error:?}");
}

/// Every place where a stream can be cut in two, over one connection.
async fn cut_everywhere(name: &str, config: impl Fn(&str) -> Provider) {
    let (_, kind, body) = recorded(name);
    let want = replay(name, &config).await.unwrap();
    let cuts = std::sync::atomic::AtomicUsize::new(0);
    let size = body.len();
    let stage = Stage::new(move |asked| {
        if asked.path == "/api/show" {
            return vec![reply(200, JSON, &recorded("show").2)];
        }
        let at = cuts.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        vec![head(&kind), chunk(&body[..at]), chunk(&body[at..]), fin()]
    })
    .await;
    let providers = providers(config(&stage.url));
    for at in 0..size {
        let (events, told) = tokio::sync::mpsc::channel(64);
        let handle = providers.ask(job("x"), events);
        let answer = rest(told).await.1.unwrap();
        drop(handle);
        assert_eq!((&answer.text, answer.finish, answer.tokens), (&want.text, want.finish, want.tokens), "cut at {at}");
    }
    assert!(stage.connections.load(std::sync::atomic::Ordering::SeqCst) < 9, "connections are used again");
}

#[tokio::test]
async fn streams_cut_at_every_byte() {
    cut_everywhere("ollama_chat_stream", ollama).await;
    cut_everywhere("lcpp_stream", openai).await;
}

#[tokio::test]
async fn what_vendors_send() {
    let usage = r#""usage":{"prompt_tokens":9,"completion_tokens":2,"#;
    for (chunks, text, thought, cached) in [
        // DeepSeek: comments while waiting, reasoning, its own cache count
        (
            vec![
                ": keep-alive\n\n".to_owned(),
                "data: {\"choices\":[{\"delta\":{\"content\":null,\"reasoning_content\":\"想\"}}],\"usage\":null}\n\n"
                    .into(),
                delta("好"),
                format!(
                    "data: {{\"choices\":[{{\"delta\":{{}},\"finish_reason\":\"stop\"}}],{usage}\"prompt_cache_hit_tokens\":4}}}}\n\n"
                ),
                DONE.into(),
            ],
            "好",
            1,
            Some(4),
        ),
        // Moonshot: usage inside of the choice, no blank after the colon, CRLF
        (
            vec![
                delta("好").replace("data: ", "data:").replace('\n', "\r\n"),
                format!(
                    "data:{{\"choices\":[{{\"delta\":{{}},\"finish_reason\":\"stop\",{usage}\"cached_tokens\":3}}}}]}}\r\n\r\n"
                ),
            ],
            "好",
            0,
            Some(3),
        ),
        // OpenRouter and new vLLM: `reasoning`; Azure: an empty first chunk; finish_reason ""
        (
            vec![
                ": OPENROUTER PROCESSING\n\n".into(),
                "data: {\"choices\":[],\"prompt_filter_results\":[]}\n\n".into(),
                "data: {\"choices\":[{\"delta\":{\"reasoning\":\"想想\"},\"finish_reason\":\"\"}]}\n\n".into(),
                delta("好"),
                STOP.into(),
                format!("data: {{\"choices\":[],{usage}\"prompt_tokens_details\":{{\"cached_tokens\":5}}}}}}\n\n"),
                DONE.into(),
            ],
            "好",
            2,
            Some(5),
        ),
        // Tags cut anywhere; no [DONE]; no blank line at the end
        (vec![delta("<thi"), delta("nk>想</th"), delta("ink>\n\n好"), STOP.trim_end().into()], "好", 1, None),
        // [DONE] without a reason
        (vec![delta("好"), DONE.into()], "好", 0, None),
        // Plain JSON where a stream was asked for, after empty lines
        (
            vec![
                "\n\n".into(),
                "\n{\"choices\":[{\"message\":{\"content\":\"<think>想</think>好\"},\"finish_reason\":\"stop\"}]}"
                    .into(),
            ],
            "好",
            1,
            None,
        ),
    ] {
        let chunks: Vec<&str> = chunks.iter().map(String::as_str).collect();
        let stage = Stage::always(stream(SSE, &chunks)).await;
        let answer = answer(openai(&stage.url)).await;
        assert_eq!((answer.text.as_str(), answer.thought, answer.tokens.cached), (text, thought, cached), "{chunks:?}");
    }
}

#[tokio::test]
async fn a_model_that_begins_in_its_thoughts_is_known_after_the_first_time() {
    let stage = Stage::always(stream(SSE, &[&delta("想\n"), &delta("</think>\n\n好"), STOP])).await;
    let providers = providers(openai(&stage.url));
    for _ in 0..2 {
        let (events, told) = tokio::sync::mpsc::channel(64);
        let _handle = providers.ask(job("x"), events);
        assert_eq!(rest(told).await.1.unwrap().text, "好");
    }
}

#[tokio::test]
async fn ollama_is_told_to_think_only_if_it_can() {
    for (capabilities, think) in [(r#"["completion","thinking"]"#, Some(false)), (r#"["completion"]"#, None)] {
        let show = format!("{{\"capabilities\":{capabilities}}}");
        let stage = Stage::new(move |asked| match asked.path.as_str() {
            "/api/show" => vec![reply(200, JSON, show.as_bytes())],
            _ => vec![reply(200, NDJSON, &recorded("ollama_chat_stream").2)],
        })
        .await;
        let providers = providers(ollama(&stage.url));
        for _ in 0..2 {
            let (events, told) = tokio::sync::mpsc::channel(64);
            let _handle = providers.ask(job("x"), events);
            rest(told).await.1.unwrap();
        }
        let asked = stage.asked.lock().unwrap().clone();
        let paths: Vec<_> = asked.iter().map(|a| a.path.as_str()).collect();
        assert_eq!(paths, ["/api/show", "/api/chat", "/api/chat"], "asked once");
        assert_eq!(asked[2].json().get("think").and_then(|t| t.as_bool()), think);
    }
}

async fn call(
    config: impl Fn(&str) -> Provider,
    ps: &'static str,
    call: ProviderCall,
) -> (Stage, qqdeck::domain::ProviderReport) {
    let stage = Stage::new(move |asked| {
        let (status, kind, body) = recorded(match asked.path.as_str() {
            "/api/ps" => ps,
            "/api/version" => "version",
            "/api/show" => "show",
            "/api/chat" => "chat_preload",
            "/v1/models" => "lcpp_models",
            _ => "notfound",
        });
        vec![reply(status, &kind, &body)]
    })
    .await;
    let report = providers(config(&stage.url)).call(&"p".into(), call).await;
    (stage, report)
}

#[tokio::test]
async fn residency_and_version() {
    let (_, report) = call(ollama, "ps_after", ProviderCall::Look).await;
    assert_eq!((report.reachable, report.version.as_deref()), (Ok(()), Some("0.0.0")));
    let resident = report.resident.unwrap();
    assert!(resident.loaded);
    assert_eq!((resident.size, resident.size_vram, resident.context), (4_959_763, 0, Some(2048)));
    assert_eq!(resident.expires, Some(1_795_388_187));

    let (_, report) = call(ollama, "ps_inf", ProviderCall::Look).await;
    assert_eq!(report.resident.unwrap().expires, None);
    let (_, report) = call(ollama, "ps_unloaded", ProviderCall::Look).await;
    assert!(!report.resident.unwrap().loaded);
    let (_, report) = call(openai, "ps_after", ProviderCall::Look).await;
    assert_eq!((report.reachable, report.resident), (Ok(()), None));
}

#[tokio::test]
async fn loading_asks_with_the_options_of_questions() {
    let (stage, report) = call(ollama, "ps_after", ProviderCall::Preload).await;
    assert_eq!(report.reachable, Ok(()));
    let load = stage.asked.lock().unwrap()[0].json();
    assert_eq!((&load["messages"], &load["keep_alive"]), (&serde_json::json!([]), &serde_json::json!("1800s")));
    assert_eq!(load["options"]["num_ctx"], 8192);
    let (stage, _) = call(ollama, "ps_unloaded", ProviderCall::Unload).await;
    assert_eq!(stage.asked.lock().unwrap()[0].json()["keep_alive"], "0s");
}

#[tokio::test]
async fn a_missing_model_or_server_is_told_by_a_look() {
    let stage = Stage::new(|asked| match asked.path.as_str() {
        "/api/show" => vec![reply(404, JSON, br#"{"error":"model 'tiny' not found"}"#)],
        "/api/ps" => vec![reply(200, JSON, br#"{"models":[]}"#)],
        _ => vec![reply(200, JSON, br#"{"version":"1"}"#)],
    })
    .await;
    let report = providers(ollama(&stage.url)).call(&"p".into(), ProviderCall::Look).await;
    assert_eq!(report.reachable.unwrap_err().code(), "model_missing");
    assert_eq!(report.version.as_deref(), Some("1"));
    let report = providers(ollama("http://127.0.0.1:9")).call(&"p".into(), ProviderCall::Look).await;
    assert_eq!(report.reachable.unwrap_err().code(), "transport");
    let report = providers(ollama("http://127.0.0.1:9")).call(&"q".into(), ProviderCall::Look).await;
    assert_eq!(report.reachable.unwrap_err().code(), "internal");
}

#[tokio::test]
async fn a_balance_is_asked_through_the_proxy_with_each_key() {
    let proxy = Stage::new(|asked| match asked.path.as_str() {
        "http://api.deepseek.com/user/balance" => {
            let body = r#"{"balance_infos":[{"currency":"CNY","total_balance":"1.50"}]}"#;
            vec![reply(200, JSON, body.as_bytes())]
        }
        "http://api.deepseek.com/v1/models" => vec![reply(200, JSON, b"{}")],
        _ => vec![reply(404, JSON, b"{}")],
    })
    .await;
    let config = Provider {
        endpoint: "http://api.deepseek.com/v1".into(),
        proxy: proxy.url.clone(),
        balance: true,
        api_keys: ["key-one", "key-two"].map(|key| Secret(key.into())).to_vec(),
        ..openai("")
    };
    let report = providers(config).call(&"p".into(), ProviderCall::Look).await;
    assert_eq!((report.reachable, report.balance.as_deref()), (Ok(()), Some("¥1.50 / ¥1.50")));
    assert!(proxy.last().head.to_ascii_lowercase().contains("authorization: bearer key-two"));
}
