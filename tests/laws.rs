//! The laws of the house (see `src/lib.rs`), held by reading the source: which room may import which, and
//! what the pure rooms may not touch.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Rooms that a room may import besides itself. The simulator stands apart: it is the world, not the house.
const MAY: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("config", &["domain"]),
    ("flow", &["domain", "config"]),
    ("words", &["domain", "config"]),
    ("verbs", &["domain", "config", "words"]),
    ("engine", &["domain", "config", "flow", "words"]),
    ("console", &["domain", "config", "words", "verbs"]),
    ("adapter", &["domain", "config", "words"]),
    ("provider", &["domain", "config", "words"]),
    ("telemetry", &["domain", "config", "words"]),
    ("store", &["domain", "config", "flow", "words"]),
    ("security", &["domain", "config", "words"]),
    ("notify", &["domain", "config", "words"]),
    ("logs", &["domain", "config", "words"]),
    ("simulator", &["domain", "config"]),
    (
        "runtime",
        &[
            "domain",
            "config",
            "flow",
            "words",
            "engine",
            "adapter",
            "provider",
            "telemetry",
            "store",
            "security",
            "notify",
            "logs",
        ],
    ),
    ("serve", &["domain", "config", "words", "verbs", "runtime", "console"]),
    (
        "cli",
        &[
            "domain",
            "config",
            "flow",
            "words",
            "verbs",
            "engine",
            "adapter",
            "store",
            "security",
            "runtime",
            "serve",
            "simulator",
            "console",
            "telemetry",
            "notify",
            "logs",
        ],
    ),
];

/// What a pure room may not name: no clock, no chance, no world.
const IMPURE: &[&str] = &[
    "tokio",
    "std::fs",
    "std::net",
    "std::io",
    "std::env",
    "std::process",
    "std::thread",
    "Instant::now",
    "SystemTime",
    "rand::",
    "fastrand::u",
    "fastrand::f",
    "reqwest",
    "rusqlite",
];

#[test]
fn rooms_import_only_what_stands_below_them() {
    let mut wrong = Vec::new();
    for (room, file, code) in sources() {
        let Some((_, may)) = MAY.iter().find(|(name, _)| *name == room) else {
            wrong.push(format!("{}: room `{room}` has no entry in the table of laws", file.display()));
            continue;
        };
        for other in imports(&room, &file, &code) {
            if other != room && !may.contains(&other.as_str()) {
                wrong.push(format!("{}: `{room}` imports `{other}`", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn pure_rooms_touch_no_clock_no_chance_and_no_world() {
    let mut wrong = Vec::new();
    let all = sources();
    let only_tests: BTreeSet<PathBuf> = all.iter().flat_map(|(_, file, code)| modules_of_tests(file, code)).collect();
    for (room, file, code) in all.into_iter().filter(|(_, file, _)| !only_tests.contains(file)) {
        if ["engine", "console", "domain", "words"].contains(&room.as_str()) {
            let code = without_tests(&code);
            let named = IMPURE.iter().filter(|name| contains_path(&code, name));
            wrong.extend(named.map(|name| format!("{}: names `{name}`", file.display())));
            if room == "engine" && contains_path(&code, "ratatui") {
                wrong.push(format!("{}: draws", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_map_names_every_room() {
    let map = std::fs::read_to_string(root().join("src/lib.rs")).unwrap();
    for room in sources().into_iter().map(|(room, _, _)| room).collect::<BTreeSet<_>>() {
        assert!(map.contains(&format!("[`{room}`]")), "src/lib.rs does not tell about `{room}`");
        assert!(map.contains(&format!("pub mod {room};")), "src/lib.rs does not declare `{room}`");
    }
}

#[test]
fn the_reader_of_sources_is_not_fooled() {
    let code = strip("a /* crate::engine /* x */ */ b // crate::store\nc(\"crate::cli\", r#\"crate::x\"#, '\"', 'a) d");
    assert!(!code.contains("crate::"), "{code}");
    assert!(code.contains('d'), "{code}");
    let found = imports(
        "adapter",
        Path::new("src/adapter/onebot/wire.rs"),
        "use crate::{domain::X, config}; super::super::super::store::Y; super::cq::Z",
    );
    assert_eq!(found, ["config", "domain", "store"].map(String::from).into());
    assert!(contains_path("use tokio::x", "tokio") && !contains_path("let my_tokio_x", "tokio"));
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Room, file and stripped code of every source file in a room.
fn sources() -> Vec<(String, PathBuf, String)> {
    let mut files = Vec::new();
    walk(&root().join("src"), &mut files);
    files
        .into_iter()
        .filter_map(|file| {
            let relative = file.strip_prefix(root().join("src")).ok()?.to_owned();
            let first = relative.components().next()?.as_os_str().to_str()?.to_owned();
            let room = first.strip_suffix(".rs").unwrap_or(&first).to_owned();
            (room != "main" && room != "lib").then(|| {
                let code = strip(&std::fs::read_to_string(&file).unwrap());
                (room, Path::new("src").join(relative), code)
            })
        })
        .collect()
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, files);
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
}

/// Rooms that a file's code names: `crate::room`, `crate::{room, …}`, or enough `super::` to leave its own.
fn imports(room: &str, file: &Path, code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            found.extend(top_level(group));
        } else {
            found.insert(word(rest));
        }
    }
    // src/room/mod.rs and src/room.rs are one step from the root, each folder or file below one more.
    let depth = file.components().count() - 2;
    let depth = if file.ends_with("mod.rs") { depth } else { depth + usize::from(depth > 0) };
    let up = "super::".repeat(depth.max(1));
    for (at, _) in code.match_indices(&up) {
        let before = &code[..at];
        if depth > 0 && !before.ends_with("super::") {
            found.insert(word(&code[at + up.len()..]));
        }
    }
    found.retain(|name| !name.is_empty() && name != "super" && name != room && MAY.iter().any(|(r, _)| r == name));
    found
}

fn top_level(group: &str) -> Vec<String> {
    let (mut depth, mut names, mut fresh) = (0, Vec::new(), true);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => fresh = true,
            c if depth == 0 && fresh && (c.is_alphanumeric() || c == '_') => {
                names.push(word(&group[at..]));
                fresh = false;
            }
            _ => {}
        }
    }
    names
}

fn word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// Whether a path is named, as a word of its own.
fn contains_path(code: &str, path: &str) -> bool {
    let letter = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(path).any(|(at, _)| {
        let runs_on = path.ends_with(letter) && code[at + path.len()..].starts_with(letter);
        !code[..at].ends_with(letter) && !runs_on
    })
}

/// Files that a file declares for tests alone.
fn modules_of_tests(file: &Path, code: &str) -> Vec<PathBuf> {
    let folder = if file.ends_with("mod.rs") { file.with_file_name("") } else { file.with_extension("") };
    let declared = code.split("#[cfg(test)]").skip(1).filter_map(|rest| rest.trim_start().strip_prefix("mod "));
    declared.map(|rest| folder.join(format!("{}.rs", word(rest)))).collect()
}

/// Code up to the tests, which may do what they like.
fn without_tests(code: &str) -> String {
    code.split("#[cfg(test)]").next().unwrap_or("").to_owned()
}

/// Code without comments, strings and character literals.
fn strip(code: &str) -> String {
    let bytes: Vec<char> = code.chars().collect();
    let mut out = String::with_capacity(code.len());
    let mut at = 0;
    let starts = |at: usize, s: &str| s.chars().enumerate().all(|(n, c)| bytes.get(at + n) == Some(&c));
    while at < bytes.len() {
        if starts(at, "//") {
            while at < bytes.len() && bytes[at] != '\n' {
                at += 1;
            }
        } else if starts(at, "/*") {
            let mut depth = 0;
            loop {
                if starts(at, "/*") {
                    (depth, at) = (depth + 1, at + 2);
                } else if starts(at, "*/") {
                    (depth, at) = (depth - 1, at + 2);
                } else {
                    at += 1;
                }
                if depth == 0 || at >= bytes.len() {
                    break;
                }
            }
        } else if bytes[at] == 'r'
            && (starts(at, "r\"") || starts(at, "r#"))
            && !out.ends_with(|c: char| c.is_alphanumeric() || c == '_')
        {
            let hashes = bytes[at + 1..].iter().take_while(|c| **c == '#').count();
            if bytes.get(at + 1 + hashes) == Some(&'"') {
                let end: String = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
                at += 2 + hashes;
                while at < bytes.len() && !starts(at, &end) {
                    at += 1;
                }
                at += end.len();
            } else {
                out.push(bytes[at]);
                at += 1;
            }
        } else if bytes[at] == '"' {
            at += 1;
            while at < bytes.len() && bytes[at] != '"' {
                at += if bytes[at] == '\\' { 2 } else { 1 };
            }
            at += 1;
        } else if bytes[at] == '\'' && (bytes.get(at + 1) == Some(&'\\') || bytes.get(at + 2) == Some(&'\'')) {
            at += 2;
            while at < bytes.len() && bytes[at] != '\'' {
                at += 1;
            }
            at += 1;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    out
}

/// Rooms and what they import, for whoever runs the tests with `--nocapture`.
#[test]
fn the_rooms_form_floors() {
    let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (room, file, code) in sources() {
        edges.entry(room.clone()).or_default().extend(imports(&room, &file, &code));
    }
    // Above the ground floor (domain, config, words know each other) nobody is below himself.
    for room in edges.keys().filter(|r| !["domain", "config", "words"].contains(&r.as_str())) {
        let mut seen = BTreeSet::new();
        let mut todo: Vec<_> = edges.get(room).into_iter().flatten().cloned().collect();
        while let Some(next) = todo.pop() {
            assert_ne!(next, *room, "`{room}` stands on itself");
            if seen.insert(next.clone()) {
                todo.extend(edges.get(&next).into_iter().flatten().cloned());
            }
        }
    }
}

/// The log's sentences that a console shows have their Chinese: what is written here must stand in `words::log_line`.
#[test]
fn every_sentence_of_the_log_has_its_chinese() {
    let opening = regex::Regex::new(r"tracing::(?:info|warn|error)!\(").unwrap();
    let literal = regex::Regex::new(r#""((?:[^"\\]|\\.)*)""#).unwrap();
    let filled = regex::Regex::new(r"\{[^}]*\}").unwrap();
    let mut sentences = 0;
    for (room, file, _) in sources() {
        if room == "simulator" || file.ends_with("tests.rs") {
            continue;
        }
        // As it is written: what is looked for stands in strings.
        let text = std::fs::read_to_string(&file).unwrap();
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let file = file.display();
        for begin in opening.find_iter(text) {
            // The sentence is the last string before the macro ends.
            let body = &text[begin.end()..];
            let strings: Vec<_> = literal.captures_iter(body).map(|c| c.get(0).unwrap().range()).collect();
            let (mut depth, mut end) = (1, body.len());
            for (at, c) in body.char_indices().filter(|(at, _)| !strings.iter().any(|s| s.contains(at))) {
                depth += i32::from(c == '(') - i32::from(c == ')');
                if depth == 0 {
                    end = at;
                    break;
                }
            }
            let Some(sentence) = literal.captures_iter(&body[..end]).last() else { continue };
            let sentence = filled.replace_all(&sentence[1], "x").into_owned();
            sentences += 1;
            assert!(
                sentence == "x" || qqdeck::words::log_line(&sentence, qqdeck::words::Lang::Zh).is_some(),
                "{file}: {sentence}"
            );
        }
    }
    assert!(sentences > 40, "{sentences}");
}
