//! Everything that goes wrong between us and a model, and how a question ends then: once.
#![allow(clippy::unwrap_used)]

mod provider_stage;

use std::sync::atomic::Ordering;
use std::time::Duration;

use provider_stage::*;
use qqdeck::config::{Provider, Secret};
use qqdeck::domain::{JobEvent, JobId, ProviderError, Stage as Timer};
use tokio::sync::mpsc;

fn line(text: &str) -> String {
    format!("{}\n", serde_json::json!({"message": {"role": "assistant", "content": text}, "done": false}))
}

const OLLAMA_DONE: &str =
    "{\"message\":{\"role\":\"assistant\",\"content\":\"\"},\"done\":true,\"done_reason\":\"stop\"}\n";

async fn fails(steps: Vec<Step>, config: impl Fn(&str) -> Provider) -> ProviderError {
    let stage = Stage::always(steps).await;
    failure(config(&stage.url)).await
}

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

#[tokio::test]
async fn refusals_before_the_first_byte() {
    for (status, code) in [
        (400, "bad_request"),
        (401, "auth"),
        (402, "quota"),
        (404, "model_missing"),
        (429, "rate_limited"),
        (500, "overloaded"),
        (502, "overloaded"),
        (503, "overloaded"),
        (504, "overloaded"),
    ] {
        for config in [openai, ollama] {
            assert_eq!(fails(vec![reply(status, JSON, b"{\"error\":\"no\"}")], config).await.code(), code, "{status}");
        }
    }
    let page = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>";
    assert_eq!(
        fails(vec![reply(502, "text/html", page)], openai).await,
        ProviderError::Overloaded(None, "HTTP 502: 502 Bad Gateway".into())
    );
    for config in [openai, ollama] {
        assert_eq!(
            fails(vec![reply(200, "text/html", page)], config).await,
            ProviderError::Protocol("a web page: 502 Bad Gateway".into())
        );
    }
}

#[tokio::test]
async fn a_wait_is_passed_on() {
    let wait = |seconds: &str| {
        let text = format!("HTTP/1.1 429 X\r\nretry-after: {seconds}\r\ncontent-length: 0\r\n\r\n");
        fails(vec![Step::Send(text.into_bytes())], openai)
    };
    assert!(matches!(wait("7").await, ProviderError::RateLimited(Some(t), _) if t == ms(7000)));
    assert!(matches!(wait("1000000000").await, ProviderError::RateLimited(Some(t), _) if t == ms(120_000)));
    assert!(matches!(wait("-1").await, ProviderError::RateLimited(None, _)));
}

#[tokio::test]
async fn streams_that_break() {
    let hello = || vec![head(SSE), chunk(delta("你")), chunk(delta("好"))];
    let with = |more: Vec<Step>| hello().into_iter().chain(more).collect::<Vec<_>>();
    let error =
        "data: {\"error\":{\"message\":\"upstream failed mid-stream\",\"type\":\"server_error\",\"code\":502}}\n\n";
    for (steps, code) in [
        (with(vec![Step::Reset]), "transport"),
        (with(vec![Step::Close]), "transport"),
        (with(vec![fin()]), "truncated"),
        (with(vec![chunk("data: {\"choices\":[{\"delta\":{\"con"), fin()]), "truncated"),
        (with(vec![chunk("data: {\"choices\":[{\"delta\":{\"con\n\n"), chunk(STOP), fin()]), "protocol"),
        (with(vec![chunk("data: nonsense\n\n"), chunk(STOP), fin()]), "protocol"),
        (with(vec![chunk(b"\xff\xfe\0garbage\n\n"), chunk(STOP), fin()]), "protocol"),
        (with(vec![chunk(error), chunk(DONE), fin()]), "overloaded"),
        (with(vec![chunk("event: error\ndata: no more\n\n"), fin()]), "overloaded"),
        (with(vec![chunk("data: {\"object\":\"error\",\"message\":\"m\",\"code\":400}\n\n"), fin()]), "bad_request"),
        (
            with(vec![chunk("data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"content_filter\"}]}\n\n")]),
            "content_blocked",
        ),
        (
            with(vec![chunk("data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"sensitive\"}]}\n\n")]),
            "content_blocked",
        ),
        (
            with(vec![chunk("data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"network_error\"}]}\n\n")]),
            "overloaded",
        ),
        (vec![head(SSE), fin()], "truncated"),
        (vec![head(SSE), chunk(STOP), chunk(DONE), fin()], "empty"),
        (vec![head(SSE), chunk(delta("<think>没想完")), chunk(STOP), fin()], "empty"),
        (
            vec![reply(200, JSON, br#"{"error":{"message":"upstream failed","type":"server_error","code":429}}"#)],
            "rate_limited",
        ),
        (vec![reply(200, JSON, br#"{"code":20012,"message":"Model does not exist","data":null}"#)], "model_missing"),
        (vec![reply(200, JSON, br#""Invalid token""#)], "auth"),
        (vec![reply(200, JSON, br#"{"choices":[{"message":{"con"#)], "truncated"),
        (vec![reply(200, JSON, b"")], "truncated"),
        (vec![Step::Reset], "transport"),
        (vec![Step::Close], "transport"),
    ] {
        let got = fails(steps, openai).await;
        assert_eq!(got.code(), code, "{got:?}");
    }
}

#[tokio::test]
async fn lines_that_break() {
    let hello = || vec![head(NDJSON), chunk(line("你"))];
    let with = |more: Vec<Step>| hello().into_iter().chain(more).collect::<Vec<_>>();
    let error = "{\"error\":\"an error was encountered while running the model: unexpected EOF\"}\n";
    for (steps, code) in [
        (with(vec![Step::Reset]), "transport"),
        (with(vec![fin()]), "truncated"),
        (with(vec![chunk("{\"message\":{\"role\":\"assis"), fin()]), "truncated"),
        (with(vec![chunk("nonsense\n"), chunk(OLLAMA_DONE), fin()]), "protocol"),
        (with(vec![chunk(error), fin()]), "overloaded"),
        (vec![head(NDJSON), fin()], "truncated"),
        (vec![head(NDJSON), chunk(OLLAMA_DONE), fin()], "empty"),
    ] {
        // The first request is for the capabilities; a script that knows only one answer fails that too.
        let got = fails(steps, ollama).await;
        assert_eq!(got.code(), code, "{got:?}");
    }
}

#[tokio::test]
async fn a_flood_is_cut_off() {
    let long = vec![b'x'; 1 << 20];
    let mut steps = vec![head(SSE), chunk("data: ")];
    steps.extend((0..2).map(|_| chunk(&long)));
    assert_eq!(fails(steps, openai).await, ProviderError::Protocol("a line of more than 1 MiB".into()));
    let comment = [b":".as_slice(), &long[..1 << 19], b"\n"].concat();
    let mut steps = vec![head(SSE)];
    steps.extend((0..17).map(|_| chunk(&comment)));
    assert_eq!(fails(steps, openai).await, ProviderError::Protocol("an answer of more than 8 MiB".into()));
}

#[tokio::test]
async fn the_partial_text_comes_along() {
    let stage = Stage::always(vec![head(SSE), chunk(delta("你")), chunk(delta("好")), Step::Reset]).await;
    let failure = ask(openai(&stage.url)).await.1.unwrap_err();
    assert_eq!(failure.partial, "你好");
}

#[tokio::test]
async fn an_end_without_manners_is_an_end() {
    for last in [Step::Reset, Step::Close, fin()] {
        let stage = Stage::always(vec![head(SSE), chunk(delta("好")), chunk(STOP), last]).await;
        assert_eq!(answer(openai(&stage.url)).await.text, "好");
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_left_open_after_the_end_is_not_waited_for() {
    let stage = Stage::always(vec![head(SSE), chunk(delta("好")), chunk(STOP), Step::Hang]).await;
    let answer = answer(openai(&stage.url)).await;
    assert_eq!(answer.text, "好");
    assert!(answer.timing.total < ms(3100), "{:?}", answer.timing);
}

#[tokio::test(start_paused = true)]
async fn timers() {
    let idle = |steps: Vec<Step>| async {
        let stage = Stage::always(steps).await;
        let before = tokio::time::Instant::now();
        let error = failure(openai(&stage.url)).await;
        (error, before.elapsed().as_secs())
    };
    let comments = |n| (0..n).flat_map(|_| [Step::Wait(ms(10_000)), chunk(": keep-alive\n\n")]);
    // Nothing at all; a head without a body; comments for ever; a role and no word
    let role = chunk("data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n");
    let first = ProviderError::Timeout(Timer::FirstToken);
    assert_eq!(idle(vec![Step::Hang]).await, (first.clone(), 180));
    assert_eq!(idle(vec![head(SSE), Step::Hang]).await, (first.clone(), 180));
    assert_eq!(idle([head(SSE)].into_iter().chain(comments(99)).collect()).await, (first.clone(), 180));
    assert_eq!(idle(vec![head(SSE), role, Step::Hang]).await, (first, 180));
    // Text, then silence, or comments for ever
    let begun = || [head(SSE), Step::Wait(ms(5000)), chunk(delta("好"))];
    let idle_timer = ProviderError::Timeout(Timer::Idle);
    assert_eq!(idle(begun().into_iter().chain([Step::Hang]).collect()).await, (idle_timer.clone(), 65));
    assert_eq!(idle(begun().into_iter().chain(comments(99)).collect()).await, (idle_timer, 65));
    // Text for ever, reasoning for ever
    let thought = "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"想\"}}]}\n\n";
    for piece in [&delta("好"), thought] {
        let drip = (0..99).flat_map(|_| [Step::Wait(ms(10_000)), chunk(piece)]);
        let steps = begun().into_iter().chain(drip).collect();
        assert_eq!(idle(steps).await, (ProviderError::Timeout(Timer::Total), 300));
    }
}

#[tokio::test(start_paused = true)]
async fn the_budget_of_the_question_ends_it_too() {
    let stage = Stage::always(vec![Step::Hang]).await;
    let (events, told) = mpsc::channel(8);
    let mut job = job("x");
    job.budget = ms(1500);
    let before = tokio::time::Instant::now();
    let _handle = providers(openai(&stage.url)).ask(job, events);
    assert_eq!(rest(told).await.1.unwrap_err().error, ProviderError::Timeout(Timer::Total));
    assert_eq!(before.elapsed().as_millis() / 100, 15);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_shakes_hands_is_a_connect_timeout() {
    let stage = Stage::always(vec![Step::Hang]).await;
    let config = Provider { endpoint: stage.url.replace("http:", "https:"), ..openai("") };
    assert_eq!(failure(config).await, ProviderError::Timeout(Timer::Connect));
}

#[tokio::test]
async fn nobody_there() {
    let error = failure(openai("http://127.0.0.1:9")).await;
    assert!(matches!(&error, ProviderError::Transport(words) if words.contains("refused")), "{error:?}");
}

#[tokio::test]
async fn an_instant_answer_is_one_event() {
    let pieces: Vec<String> = (0..12).map(|n| delta(&n.to_string())).collect();
    let mut chunks: Vec<&str> = pieces.iter().map(String::as_str).collect();
    chunks.extend([STOP, DONE]);
    let stage = Stage::always(stream(SSE, &chunks)).await;
    let (_handle, mut told) = start(openai(&stage.url));
    // On a slow machine 50 ms may pass; then, and only then, something is told before.
    let mut before = 0;
    loop {
        match told.recv().await.unwrap().1 {
            JobEvent::Ended(end) => {
                let answer = end.unwrap();
                assert_eq!(answer.text, "01234567891011");
                assert!(answer.timing.first_text.is_some());
                assert!(before == 0 || answer.timing.total > ms(50), "{before} events before the end");
                return;
            }
            _ => before += 1,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_answer_is_told_at_a_measured_pace() {
    let mut steps = vec![Step::Wait(ms(1000)), head(SSE)];
    for _ in 0..100 {
        steps.extend([chunk(delta("好")), Step::Wait(ms(5))]);
    }
    steps.extend([Step::Wait(ms(20_000)), chunk(STOP), chunk(DONE), fin()]);
    let stage = Stage::always(steps).await;
    let (events, end) = ask(openai(&stage.url)).await;
    let answer = end.unwrap();
    assert_eq!(answer.text, "好".repeat(100));
    assert_eq!(answer.timing.first_text.unwrap().as_millis() / 10, 100);
    assert_eq!(events[..2], [JobEvent::Started, JobEvent::FirstText]);
    let progress: Vec<usize> = events[2..]
        .iter()
        .map(|event| match event {
            JobEvent::Progress(text) => text.chars().count(),
            other => panic!("{other:?}"),
        })
        .collect();
    // 500 ms of text, then nothing for 20 s: one progress each 50 ms, none while nothing comes.
    assert!((8..=11).contains(&progress.len()), "{progress:?}");
    assert!(progress.is_sorted_by(|a, b| a < b) && progress.last() == Some(&100), "{progress:?}");
}

#[tokio::test(start_paused = true)]
async fn a_full_channel_loses_progress_and_nothing_else() {
    let mut steps = vec![head(SSE), Step::Wait(ms(100))];
    for _ in 0..50 {
        steps.extend([chunk(delta("好")), Step::Wait(ms(20))]);
    }
    steps.extend([chunk(STOP), fin()]);
    let stage = Stage::always(steps).await;
    let (events, mut told) = mpsc::channel::<(JobId, JobEvent)>(2);
    let _handle = providers(openai(&stage.url)).ask(job("x"), events);
    tokio::time::sleep(ms(5000)).await;
    let mut kinds = Vec::new();
    while let Some((_, event)) = told.recv().await {
        kinds.push(match event {
            JobEvent::Started => "started",
            JobEvent::FirstText => "first",
            JobEvent::Progress(_) => "progress",
            JobEvent::Ended(end) => {
                assert_eq!(end.unwrap().text, "好".repeat(50));
                "ended"
            }
        });
    }
    assert_eq!(kinds, ["started", "first", "ended"]);
}

#[tokio::test]
async fn a_cancelled_question_closes_its_connection() {
    for steps in [vec![Step::Hang], vec![head(SSE), chunk(delta("好")), Step::Hang]] {
        let mut stage = Stage::always(steps).await;
        let (handle, mut told) = start(openai(&stage.url));
        // Something is told once the request has left.
        let first = told.recv().await.unwrap().1;
        assert!(matches!(first, JobEvent::Started | JobEvent::FirstText), "{first:?}");
        handle.cancel();
        assert_eq!(rest(told).await.1.unwrap_err().error, ProviderError::Cancelled);
        stage.gone.wait_for(|gone| *gone == 1).await.unwrap();
    }
}

#[tokio::test]
async fn a_question_cancelled_at_once_still_ends() {
    let stage = Stage::always(vec![Step::Hang]).await;
    let (handle, told) = start(openai(&stage.url));
    drop(handle);
    assert_eq!(rest(told).await.1.unwrap_err().error, ProviderError::Cancelled);
}

/// A sink that panics at the first text, inside of the question's task.
struct Fragile(JobEvent);

impl From<(JobId, JobEvent)> for Fragile {
    fn from((_, event): (JobId, JobEvent)) -> Self {
        assert!(!matches!(event, JobEvent::FirstText), "on purpose");
        Self(event)
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_an_end() {
    let stage = Stage::always(vec![head(SSE), Step::Wait(ms(100)), chunk(delta("好")), Step::Hang]).await;
    let (events, mut told) = mpsc::channel::<Fragile>(8);
    let _handle = providers(openai(&stage.url)).ask(job("x"), events);
    let mut last = None;
    while let Some(Fragile(event)) = told.recv().await {
        last = Some(event);
    }
    let Some(JobEvent::Ended(Err(failure))) = last else { panic!("{last:?}") };
    assert_eq!(failure.error, ProviderError::Internal("panic: on purpose".into()));
}

#[tokio::test]
async fn an_unknown_provider_is_an_end() {
    let stage = Stage::always(vec![Step::Hang]).await;
    let (events, told) = mpsc::channel(8);
    let mut job = job("x");
    job.provider = "nobody".into();
    let _handle = providers(openai(&stage.url)).ask(job, events);
    assert_eq!(rest(told).await.1.unwrap_err().error.code(), "internal");
}

#[tokio::test]
async fn keys_stay_where_they_belong() {
    let key = "a-very-secret-key";
    let elsewhere = Stage::always(vec![reply(200, JSON, b"{}")]).await;
    let to = elsewhere.url.clone();
    let stage = Stage::new(move |_| {
        let text = format!("HTTP/1.1 307 X\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n");
        vec![Step::Send(text.into_bytes())]
    })
    .await;
    let keyed = |url: &str| Provider {
        api_keys: vec![Secret("first-key".into()), Secret(key.into())],
        headers: [("x-group".to_owned(), Secret("a-secret-header".into()))].into(),
        ..openai(url)
    };
    assert_eq!(failure(keyed(&stage.url)).await.code(), "protocol");
    assert_eq!(elsewhere.connections.load(Ordering::SeqCst), 0, "the redirect was followed");

    let body = format!("{{\"error\":{{\"message\":\"bad \\u001b[31mkey {key} a-secret-header sk-0123456789\"}}}}");
    let stage = Stage::always(vec![reply(401, JSON, body.as_bytes())]).await;
    let (events, told) = mpsc::channel(8);
    let mut job = job("x");
    job.key = 1;
    let _handle = providers(keyed(&stage.url)).ask(job, events);
    let error = rest(told).await.1.unwrap_err().error;
    assert_eq!(error, ProviderError::Auth("HTTP 401: bad ␛[31mkey ████ ████ ████".into()));
    let head = stage.last().head.to_ascii_lowercase();
    assert!(head.contains("authorization: bearer a-very-secret-key") && head.contains("x-group: a-secret-header"));
}

/// llama.cpp answers, promises to keep the connection, and closes it: whoever asks at that moment meets the end.
#[tokio::test]
async fn a_kept_connection_that_the_server_closed_fails_nobody() {
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let stage = Stage::new(move |_| match asked.fetch_add(1, Ordering::SeqCst) {
        1 => vec![Step::Close],
        _ => stream(SSE, &[&delta("好"), STOP, DONE]),
    })
    .await;
    let providers = providers(openai(&stage.url));
    for n in 1..=2 {
        let (events, told) = mpsc::channel(64);
        let handle = providers.ask(job("你好"), events);
        assert_eq!(rest(told).await.1.unwrap().text, "好", "question {n}");
        drop(handle);
    }
    assert_eq!(stage.asked.lock().unwrap().len(), 3);
    assert_eq!(stage.connections.load(Ordering::SeqCst), 2, "one was kept");
}

/// One that always does so is down: it is tried twice, and no more.
#[tokio::test]
async fn a_server_that_only_closes_is_asked_twice() {
    let stage = Stage::always(vec![Step::Close]).await;
    assert_eq!(failure(openai(&stage.url)).await.code(), "transport");
    assert_eq!(stage.asked.lock().unwrap().len(), 2);
}
