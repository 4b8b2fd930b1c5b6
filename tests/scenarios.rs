//! Scenarios of the engine: what it is told at virtual times, and what it must do about it.
//!
//! Each `tests/scenarios/<room>/<name>.toml` says in `about` what it shows. `config` is laid over the defaults in
//! `play.rs`. A `[[step]]` has a time `at`, a line `tell` (the language is in `tell.rs`) and the lines `see`
//! (`see.rs`) that must come of it, all of them and in order; `snapshot` looks at published values. Deadlines of
//! the engine on the way to a step are kept, and what comes of them stands first, with its moment. Rows are
//! committed by themselves unless `commits = "manual"`. Rows of `usage`, `audit`, `alerts`, and the effects `load`
//! and `provider` are left out unless `show` names them.
//!
//! After every input, the laws of `laws.rs` must hold.
//!
//! Writing one: leave `see` out and run with `SCENARIOS=print` to read what the engine does, or with
//! `SCENARIOS=write` to have each step's `see` written into the files that fail. Either way the test still
//! fails: look at what was written before it counts. `SCENARIO=name` plays only files whose path holds that word.

#![allow(clippy::unwrap_used)] // a test that cannot go on says so

#[path = "scenarios/laws.rs"]
mod laws;
#[path = "scenarios/play.rs"]
mod play;
#[path = "scenarios/random.rs"]
mod random;
#[path = "scenarios/see.rs"]
mod see;
#[path = "scenarios/shelf.rs"]
mod shelf;
#[path = "scenarios/tell.rs"]
mod tell;
#[path = "scenarios/world.rs"]
mod world;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The folders; each is a test, so that a failure names its room.
const ROOMS: [&str; 8] = ["gates", "limits", "operators", "dispatch", "reply", "delivery", "restart", "alerts"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "toml"));
    files.sort();
    files
}

fn play_room(room: &str) {
    let (wish, only) = (std::env::var("SCENARIOS"), std::env::var("SCENARIO").unwrap_or_default());
    let mut failures = String::new();
    for path in files(&folder().join(room)) {
        if !path.to_string_lossy().contains(&only) {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let (seen, result) = play::play(&path, &text);
        match wish.as_deref() {
            Ok("print") => {
                println!("── {}", path.display());
                seen.iter().flatten().for_each(|line| println!("{line}"));
            }
            Ok("write") if result.is_err() => std::fs::write(&path, written(&text, &seen)).unwrap(),
            _ => {}
        }
        if let Err(words) = result {
            let _ = writeln!(failures, "── {}\n{words}", path.display());
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

/// The file with each step's `see` as it was.
fn written(text: &str, seen: &[Vec<String>]) -> String {
    let mut out = String::new();
    let mut steps = text.split("[[step]]");
    out.push_str(steps.next().unwrap_or_default());
    for (n, step) in steps.enumerate() {
        out.push_str("[[step]]");
        let Some(seen) = seen.get(n) else {
            out.push_str(step);
            continue;
        };
        let kept = match step.find("\nsee = [") {
            Some(at) => {
                let rest = &step[at + 1..];
                let end = rest.find("\n]").map_or_else(|| rest.find('\n').unwrap_or(rest.len()), |e| e + 2);
                let end = if rest.starts_with("see = []") { 8 } else { end };
                format!("{}{}", &step[..at], &rest[end..])
            }
            None => step.to_owned(),
        };
        let (kept, gap) = (kept.trim_end(), &kept[kept.trim_end().len()..]);
        out.push_str(kept);
        if !seen.is_empty() {
            out.push_str("\nsee = [\n");
            for line in seen {
                let _ = writeln!(out, "  {},", toml::Value::from(line.as_str()));
            }
            out.push(']');
        }
        out.push_str(if gap.is_empty() { "\n" } else { gap });
    }
    out
}

#[test]
fn every_file_stands_in_a_room() {
    assert_eq!(files(&folder()), Vec::<PathBuf>::new());
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert!(!path.is_dir() || ROOMS.contains(&name.as_str()), "{name} is played by nobody");
    }
}

macro_rules! rooms {
    ($($room:ident)*) => { $(#[test] fn $room() { play_room(stringify!($room)); })* };
}

rooms! { gates limits operators dispatch reply delivery restart alerts }
