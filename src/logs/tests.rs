//! From events to lines.

use super::*;
use crate::domain::Text;

fn logged(config: &str, say: impl FnOnce(&Logs)) -> Vec<String> {
    let logs = Logs::default();
    lock(&logs.0.level).text = config.to_owned();
    tracing::subscriber::with_default(logs.subscriber(), || say(&logs));
    let line = |l: &std::sync::Arc<crate::domain::LogLine>| format!("{} {} {}", l.level.letter(), l.target, l.text);
    logs.ring().since(0, 99).lines.iter().map(line).collect()
}

#[test]
fn an_event_is_a_sentence_and_its_fields() {
    let lines = logged("info", |_| {
        let name = Text::from("小明\u{1b}[2J\nERROR forged");
        tracing::info!(account = 10001, reason = "timed out", name = name.shown(), empty = "", "link is down");
        tracing::warn!(cause = %"a\"b", ok = ?Some(true), "x");
        tracing::error!(only = 1);
        tracing::debug!("not let through");
    });
    let here = "qqdeck::logs::tests";
    let expected = [
        format!("I {here} link is down account=10001 reason=\"timed out\" name=\"小明␛[2J\\nERROR forged\" empty=\"\""),
        format!("W {here} x cause=\"a\\\"b\" ok=Some(true)"),
        format!("E {here} only=1"),
    ];
    assert_eq!(lines, expected);
}

#[test]
fn known_secrets_are_in_no_line_those_of_former_configurations_included() {
    let lines = logged("trace", |logs| {
        logs.redact(["hunter22-first".to_owned()]);
        logs.redact(["hunter22-second".to_owned()]);
        tracing::error!(body = "{\"error\":\"bad key hunter22-first\"}", "refused by ws://h/?t=hunter22-second");
        logs.note(LogLevel::Warn, "literal hunter22-second");
    });
    assert_eq!(lines.len(), 2);
    assert!(!lines.concat().contains("hunter22"), "{lines:?}");
}

#[test]
fn the_level_changes_while_it_runs_and_parts_have_their_own() {
    let lines = logged("warn,qqdeck::logs=error", |logs| {
        tracing::warn!("no");
        tracing::warn!(target: "elsewhere", "yes");
        logs.configure(&config::Logs { level: "debug".into(), ..config::Logs::default() });
        tracing::debug!("now");
        logs.configure(&config::Logs { level: "off".into(), ..config::Logs::default() });
        tracing::error!("no more");
    });
    assert!(logged("trace", |_| tracing::trace!(target: "notify::inotify", "a write")).is_empty(), "would feed itself");
    let words: Vec<_> = lines.iter().map(|l| l.split(' ').nth(2).unwrap()).collect();
    assert_eq!(words, ["yes", "the", "now"], "{lines:?}");
}

#[test]
fn lines_reach_the_file_before_a_flush_ends() {
    let dir = tempfile::tempdir().unwrap();
    let logs = Logs::start(dir.path(), &config::Logs::default(), false).unwrap();
    tracing::subscriber::with_default(logs.subscriber(), || {
        for n in 0..100 {
            tracing::info!(n, "line");
        }
    });
    logs.flush();
    let text = std::fs::read_to_string(dir.path().join(FOLDER).join(CURRENT)).unwrap();
    assert_eq!(text.lines().count(), 100);
    assert!(text.ends_with(" INFO  qqdeck::logs::tests line n=99\n"), "{text}");
}

/// What a line costs whoever logs it, and how many come through: `cargo test --lib logs::tests::figures -- --ignored
/// --nocapture`.
#[test]
#[ignore = "prints numbers"]
fn figures() {
    let dir = tempfile::tempdir().unwrap();
    let logs = Logs::start(dir.path(), &config::Logs::default(), false).unwrap();
    logs.redact((0..8).map(|n| format!("a-secret-of-somebody-{n}")));
    let begun = std::time::Instant::now();
    const LINES: u32 = 50_000;
    tracing::subscriber::with_default(logs.subscriber(), || {
        for n in 0..LINES {
            tracing::info!(n, account = 10001, reason = "timed out", "link is down");
        }
    });
    let each = begun.elapsed() / LINES;
    logs.flush();
    let written = std::fs::read_to_string(dir.path().join(FOLDER).join(CURRENT)).unwrap().lines().count();
    println!("{each:?} a line; {written} lines written, {} dropped", logs.ring().health().dropped);
}

#[test]
fn a_panic_is_a_line_of_the_log() {
    let lines = logged("error", |_| {
        let here = std::thread::current().id();
        let before = std::sync::Arc::new(std::panic::take_hook());
        let other = std::sync::Arc::clone(&before);
        std::panic::set_hook(Box::new(move |panic| match std::thread::current().id() == here {
            true => layer::panicked(panic),
            // That of another test.
            false => other(panic),
        }));
        let panicked = std::panic::catch_unwind(|| panic!("an unlikely\nthing"));
        std::panic::set_hook(Box::new(move |panic| before(panic)));
        assert!(panicked.is_err());
    });
    assert_eq!(lines.len(), 1);
    assert!(lines[0].starts_with("E qqdeck::logs::layer panicked: an unlikely\\nthing thread="), "{lines:?}");
    assert!(lines[0].contains("at=src/logs/tests.rs:"), "{lines:?}");
}
