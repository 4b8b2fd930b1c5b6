//! The real binary: exit codes, what is said, in which language, and where.

#![allow(clippy::unwrap_used)] // the helpers are tests too

mod common;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use common::Daemon;
use qqdeck::domain::Text;
use qqdeck::serve::manual;

/// The program in an empty world: no home, no locale, nothing configured.
fn qqdeck(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_qqdeck"));
    command.env_clear().env("HOME", home).env("LANG", "en_US.UTF-8").current_dir(home).stdin(Stdio::null());
    command
}

fn run(home: &Path, arguments: &[&str]) -> (i32, String, String) {
    said(qqdeck(home).args(arguments).output().unwrap())
}

fn said(output: Output) -> (i32, String, String) {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (out, err) = (text(output.stdout), text(output.stderr));
    for s in [&out, &err] {
        assert!(Text::from(s.as_str()).hazards().is_empty(), "{s:?}");
    }
    assert!(!err.contains("panicked"), "{err}");
    (output.status.code().expect("no signal"), out, err)
}

async fn ctl(daemon: &Daemon, arguments: &[&str]) -> (i32, String, String) {
    let mut all = vec!["--data".to_owned(), daemon.data().display().to_string(), "ctl".to_owned()];
    all.extend(arguments.iter().map(|a| (*a).to_owned()));
    let home = daemon.data().to_owned();
    tokio::task::spawn_blocking(move || said(qqdeck(&home).args(all).output().unwrap())).await.unwrap()
}

#[test]
fn a_command_line_that_cannot_be_read_is_two() {
    let home = tempfile::tempdir().unwrap();
    for (arguments, mentions) in [
        (&["ctl", "stauts"][..], "status"),
        (&["chekc"], "check"),
        (&["ctl", "send", "group:1"], "<TEXT>. See"),
        (&["check", "--confg", "x"], "--config"),
        (&["demo", "--seed", "x"], "--seed"),
        (&["demo", "--rate", "0"], "0.01"),
        (&["demo", "--config", "mine.toml"], "--data DIR"),
        (&["--lang", "fr", "check"], "zh, en"),
        (&["completions", "tcsh"], "bash"),
        (&["ctl"], "status"),
    ] {
        let (code, out, err) = run(home.path(), arguments);
        assert_eq!((code, out.as_str()), (2, ""), "{arguments:?}: {err}");
        assert!(err.contains(mentions), "{arguments:?}: {err}");
    }
}

#[test]
fn no_configuration_is_78_and_says_where_it_was_looked_for() {
    let home = tempfile::tempdir().unwrap();
    for arguments in [&["check"][..], &["run", "--headless"], &["explain", "--config", "nowhere.toml"]] {
        let (code, _, err) = run(home.path(), arguments);
        assert_eq!(code, 78, "{err}");
        assert!(err.contains("config.toml") || err.contains("nowhere.toml"), "{err}");
        assert!(err.contains("qqdeck init"), "{err}");
    }
}

#[test]
fn without_a_daemon_ctl_says_so_in_the_readers_language() {
    let home = tempfile::tempdir().unwrap();
    let (code, out, err) = run(home.path(), &["--lang", "zh", "ctl", "status"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.starts_with("没有正在运行的 qqdeck（"), "{err}");
    assert!(err.contains(".local/share/qqdeck/qqdeck.sock"), "{err}");
    let chinese = qqdeck(home.path()).args(["ctl", "status"]).env("LC_ALL", "zh_CN.UTF-8").output().unwrap();
    assert!(said(chinese).2.starts_with("没有正在运行的"));
    let long = "x".repeat(200);
    let (code, _, err) = run(home.path(), &["--data", &long, "ctl", "status"]);
    assert!(code == 1 && err.contains("too long"), "{err}");
}

#[test]
fn init_writes_what_only_its_owner_reads_and_never_overwrites() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    let (code, out, err) = run(home.path(), &["init", "--yes"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("ws://127.0.0.1:2280/ws"), "{out}");
    let config = home.path().join(".config/qqdeck/config.toml");
    let token = home.path().join(".local/share/qqdeck/onebot.token");
    for file in [&config, &token] {
        assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let before = std::fs::read_to_string(&config).unwrap();
    assert!(before.contains(&format!("file:{}", token.display())));
    let (code, _, err) = run(home.path(), &["init", "--yes"]);
    assert!(code == 1 && err.contains("exists already"), "{err}");
    assert_eq!(std::fs::read_to_string(&config).unwrap(), before);
}

#[test]
fn init_takes_answers_from_a_pipe() {
    let home = tempfile::tempdir().unwrap();
    let mut child = qqdeck(home.path())
        .args(["--lang", "zh", "init", "--config", "here.toml"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all("10001，10002\n123\nqwen3:4b\n".as_bytes()).unwrap();
    assert_eq!(said(child.wait_with_output().unwrap()).0, 0);
    let text = std::fs::read_to_string(home.path().join("here.toml")).unwrap();
    assert!(
        text.contains("admins = [10001, 10002]") && text.contains("groups = [123]") && text.contains("\"qwen3:4b\""),
        "{text}"
    );
}

#[test]
fn a_reader_that_goes_away_is_no_panic() {
    let home = tempfile::tempdir().unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = qqdeck(home.path()).arg("man").stdout(writer).stderr(Stdio::piped()).output().unwrap();
    assert_eq!((said(output).0), 0);
}

#[test]
fn help_version_completions_and_the_manual_are_printed() {
    let home = tempfile::tempdir().unwrap();
    for (arguments, mentions) in [
        (&["--help"][..], "backup"),
        (&["--lang", "zh", "--help"], "运行机器人"),
        (&["--lang", "zh", "ctl", "allow", "--help"], "放行"),
        (&["ctl", "--help"], "let in"),
        (&["--version"], env!("CARGO_PKG_VERSION")),
        (&["completions", "bash"], "_qqdeck"),
        (&["man"], ".TH"),
    ] {
        let (code, out, err) = run(home.path(), arguments);
        assert_eq!(code, 0, "{err}");
        assert!(out.contains(mentions), "{arguments:?}: {out}");
    }
}

#[test]
fn alone_without_a_terminal_it_says_what_to_do() {
    let home = tempfile::tempdir().unwrap();
    let (code, _, err) = run(home.path(), &[]);
    assert!(code == 2 && err.contains("run --headless"), "{err}");
    let (code, _, err) = run(home.path(), &["attach"]);
    assert!(code == 2 && err.contains("ssh -t"), "{err}");
}

#[test]
fn the_page_about_ctl_is_the_table_of_verbs() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ctl.md");
    if std::env::var_os("QQDECK_WRITE_DOCS").is_some() {
        std::fs::write(&path, manual::page()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(
        written == manual::page(),
        "docs/ctl.md is stale; QQDECK_WRITE_DOCS=1 cargo test --test ctl_binary writes it anew"
    );
}

#[tokio::test]
async fn answers_go_to_stdout_and_refusals_to_stderr() {
    let daemon = Daemon::start().await;
    let (code, out, err) = ctl(&daemon, &["status"]).await;
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.contains("NapCat 4.8") && out.contains("qwen3:8b"), "{out}");
    let (code, out, _) = ctl(&daemon, &["status", "--json"]).await;
    let value: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &value["accounts"][0]["self_id"]), (0, &serde_json::json!(10001)));
    let (code, out, _) = ctl(&daemon, &["send", "group:123", "你好", "世界"]).await;
    assert_eq!((code, out.as_str()), (0, "Done\n"));
    let (code, out, err) = ctl(&daemon, &["provider", "qwn", "off"]).await;
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("did you mean qwen?"), "{err}");
    let (code, _, err) = ctl(&daemon, &["mode", "grop:1", "auto"]).await;
    assert!(code == 2 && err.contains("group:1"), "{err}");
    let (code, out, _) = ctl(&daemon, &["alerts", "--json"]).await;
    assert_eq!(code, 0);
    assert!(serde_json::from_str::<serde_json::Value>(&out).unwrap()["alerts"].is_array());
    daemon.stop().await;
}

#[tokio::test]
async fn words_typed_apart_reach_the_engine_as_one_text() {
    let mut daemon = Daemon::start().await;
    ctl(&daemon, &["ask", "group:123", "明天", "要带伞吗"]).await;
    let (_, command) = daemon.commands.recv().await.unwrap();
    assert!(matches!(command, qqdeck::domain::Command::Ask { text, .. } if text == "明天 要带伞吗"));
    daemon.stop().await;
}
