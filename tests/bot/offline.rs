//! What needs no running bot: frames explained, recordings replayed, the demonstration.

use std::io::Write;
use std::process::Stdio;

use qqdeck::adapter::onebot::{self, What};
use qqdeck::config::Config;
use qqdeck::domain::{AdapterEvent, AppKind, LinkId, Now, SelfId, Text};
use qqdeck::flow::Input;
use qqdeck::runtime::quarantine::Recorded;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

use super::harness::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_recorded_frame_is_explained_as_it_is_meant() {
    let bot = Bot::prepare(OPEN);
    let recorded: Vec<Value> =
        include_str!("../frames/onebot.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    // A frame with line ends of its own would be several.
    let frame = |entry: &Value| entry["raw"].as_str().map_or_else(|| entry["frame"].to_string(), str::to_owned);
    let recorded: Vec<_> = recorded.iter().filter(|entry| !frame(entry).contains('\n')).collect();
    assert!(recorded.len() > 300);
    let mut child = bot.command().arg("explain").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let frames: String = recorded.iter().map(|entry| frame(entry) + "\n").collect();
    let feed = tokio::spawn(async move { stdin.write_all(frames.as_bytes()).await.unwrap() });
    let output = tokio::time::timeout(DEADLINE, child.wait_with_output()).await.unwrap().unwrap();
    feed.await.unwrap();
    assert_eq!(output.status.code(), Some(0));
    let out = String::from_utf8(output.stdout).unwrap();
    assert_eq!(out.lines().count(), recorded.len());
    for (entry, line) in recorded.iter().zip(out.lines()) {
        let said: Value = serde_json::from_str(line).unwrap();
        // What it must not do is not a field of the answer; answering at all is how it did not.
        let expected = entry["expect"].as_object().unwrap().iter().filter(|(key, _)| !key.starts_with("must_not_"));
        for (key, expected) in expected {
            assert_eq!(said.get(key), Some(expected), "{}: {key}", entry["name"]);
        }
        let is_message = matches!(said["kind"].as_str(), Some("private_message" | "group_message"));
        if is_message {
            assert!(said["verdict"]["action"].is_string(), "{}: {said}", entry["name"]);
        }
    }
}

/// A morning: a configuration, an account that comes up, and all that was recorded.
fn recording(bot: &Bot) -> std::path::PathBuf {
    let mut config = Config::default();
    config.access.mode = qqdeck::config::AccessMode::Open;
    let account = SelfId(10_001_000);
    let up = AdapterEvent::Up {
        account,
        link: LinkId(1),
        nickname: Text::from("机器人"),
        app: AppKind::Napcat,
        version: Text::from("NapCat"),
        peer: "test".into(),
    };
    let mut inputs =
        vec![Input::Config(std::sync::Arc::new(config)), Input::Recovered(Box::default()), Input::Adapter(up)];
    for line in include_str!("../frames/onebot.jsonl").lines() {
        let entry: Value = serde_json::from_str(line).unwrap();
        if let Some(What::Message(message)) = onebot::decode(&entry["frame"].to_string()).heard(0).map(|h| h.what) {
            inputs.push(Input::Adapter(AdapterEvent::Message(message)));
        }
    }
    let path = bot.dir().join("recorded.jsonl");
    let mut file = std::fs::File::create(&path).unwrap();
    for (n, input) in inputs.into_iter().enumerate() {
        let mut now = Now::default();
        now.mono.0 += 10 * n as u64;
        let line = Recorded { seed: (n == 0).then_some(7), now, input };
        writeln!(file, "{}", serde_json::to_string(&line).unwrap()).unwrap();
    }
    path
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recording_replayed_twice_has_the_same_effects() {
    let bot = Bot::prepare(OPEN);
    let path = recording(&bot).display().to_string();
    let (first, second) = (bot.run(&["replay", &path]).await, bot.run(&["replay", &path]).await);
    assert_eq!(first.code, 0, "{}", first.err);
    assert!(first.out == second.out, "not the same");
    let effects: Vec<Value> = first.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(effects.len() > 100 && effects.iter().any(|e| e["effects"].as_array().is_some_and(|e| !e.is_empty())));
    std::fs::write(bot.dir().join("torn.jsonl"), "{\"now\":").unwrap();
    let torn = bot.run(&["replay", "torn.jsonl"]).await;
    assert!(torn.code == 1 && torn.err.contains("torn.jsonl"), "{torn:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demonstration_talks_until_it_is_interrupted() {
    let bot = Bot::prepare(OPEN);
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_qqdeck"));
    command.env_clear().env("HOME", bot.dir()).env("TMPDIR", bot.dir()).kill_on_drop(true);
    command.args(["--lang", "en", "demo", "--headless", "--rate", "50"]).stdin(Stdio::null());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap()).lines();
    for _ in 0..20 {
        let line = tokio::time::timeout(DEADLINE, out.next_line()).await.unwrap().unwrap().expect("it goes on");
        assert!(Text::from(line.as_str()).hazards().is_empty(), "{line:?}");
    }
    let pid = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
    let rest = tokio::spawn(async move { while out.next_line().await.unwrap().is_some() {} });
    kill_process(pid, Signal::INT).unwrap();
    let output = tokio::time::timeout(DEADLINE, child.wait_with_output()).await.expect("it ends").unwrap();
    rest.await.unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{err}");
    assert!(!err.contains("panicked"), "{err}");
    let left: Vec<_> = std::fs::read_dir(bot.dir()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with("qqdeck-demo")), "{left:?}");
}
