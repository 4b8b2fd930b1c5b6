//! Reading, checking and editing `config.toml`, from the outside.

#[path = "config/edits.rs"]
mod edits;

use std::fs;
use std::path::{Path, PathBuf};

use qqdeck::config::{self, Config, Language, Origins, Parsed, SHIPPED, Severity};
use qqdeck::domain::{GroupId, Peer, UserId};

fn fixtures(folder: &str) -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config").join(folder);
    let mut files: Vec<_> =
        fs::read_dir(folder).expect("fixtures").map(|entry| entry.expect("a fixture").path()).collect();
    files.sort();
    files.into_iter().map(|path| (path.clone(), fs::read_to_string(path).expect("text"))).collect()
}

fn parse(text: &str) -> Parsed {
    config::parse(text).unwrap_or_else(|issues| panic!("{}", shown(&issues)))
}

fn shown(issues: &[config::Issue]) -> String {
    issues.iter().map(|issue| issue.line("config.toml", Language::English) + "\n").collect()
}

/// The commented examples (`#key`, no blank behind the hash) become real.
fn uncommented() -> String {
    let real = |line: &str| match line.strip_prefix('#') {
        Some(rest) if rest.is_empty() || !rest.starts_with(' ') => format!("{rest}\n"),
        _ => format!("{line}\n"),
    };
    SHIPPED.lines().map(real).collect()
}

#[test]
fn the_shipped_file_is_the_default() {
    let Parsed { config, warnings, .. } = parse(SHIPPED);
    assert_eq!(config, Config::default());
    let codes: Vec<_> = warnings.iter().map(|issue| issue.kind.code()).collect();
    assert_eq!(codes, ["no_providers", "answers_nobody"], "only what every new file has to fill in");
    assert_eq!(parse("").config, Config::default());
}

#[test]
fn the_examples_of_the_shipped_file_work() {
    let Parsed { config, .. } = parse(&uncommented());
    let names: Vec<_> = config.providers.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["qwen3", "deepseek"]);
    assert_eq!(config.onebot.dial.len(), 1);
    let group = config.chats.group(123456);
    assert_eq!((group.persona.as_str(), group.provider.as_str()), ("客服", "deepseek"));
    let kinds: Vec<_> = config.notify.to.iter().map(|to| to.road.kind()).collect();
    assert_eq!(kinds, config::Road::KINDS, "every kind is shown once");
    let ollama = config::Provider { name: "qwen3".into(), model: "qwen3:8b".into(), ..config::Provider::default() };
    assert_eq!(config.providers[0], ollama, "the long example shows the defaults");
}

#[test]
fn the_shipped_file_shows_every_key() {
    let text = uncommented();
    let Parsed { origins, .. } = parse(&text);
    let written = |key: &str| origins.iter().any(|(other, _)| without_positions(other) == key);
    let missing: Vec<_> = config::known_keys()
        .into_iter()
        .filter(|key| !key.starts_with("chat.") && !key.starts_with("reply.failure_notice."))
        .filter(|key| !written(key))
        .collect();
    assert!(missing.is_empty(), "not in config.toml: {missing:?}");
}

fn without_positions(key: &str) -> String {
    let parts = key.split('.').map(|part| part.split('[').next().unwrap_or_default());
    parts.collect::<Vec<_>>().join(".")
}

#[test]
fn valid_files_are_read() {
    for (path, text) in fixtures("valid") {
        let expected: Vec<_> = expectations(&text).collect();
        let Parsed { warnings, .. } =
            config::parse(&text).unwrap_or_else(|issues| panic!("{}:\n{}", path.display(), shown(&issues)));
        assert_eq!(found(&warnings), expected, "{}", path.display());
    }
}

#[test]
fn invalid_files_are_refused_with_everything_that_is_wrong() {
    for (path, text) in fixtures("invalid") {
        let expected: Vec<_> = expectations(&text).collect();
        let issues = config::parse(&text).expect_err(&path.display().to_string());
        assert!(issues.iter().any(|issue| issue.severity() == Severity::Error));
        assert_eq!(found(&issues), expected, "{}:\n{}", path.display(), shown(&issues));
        for issue in &issues {
            let [chinese, english] = [Language::Chinese, Language::English].map(|language| issue.words(language));
            assert_ne!(chinese, english);
            assert!(chinese.chars().any(|c| c >= '\u{4e00}'), "{chinese}");
            assert!(!english.contains('{') || issue.kind.code() == "regex" || english.contains("{ "), "{english}");
        }
    }
}

/// `# expect: LINE:COLUMN CODE KEY`
fn expectations(text: &str) -> impl Iterator<Item = String> + '_ {
    text.lines().filter_map(|line| line.strip_prefix("# expect: ")).map(|line| line.trim_end().to_owned())
}

fn found(issues: &[config::Issue]) -> Vec<String> {
    let one = |i: &config::Issue| format!("{}:{} {} {}", i.at.line, i.at.column, i.kind.code(), i.key);
    issues.iter().map(|issue| one(issue).trim_end().to_owned()).collect()
}

#[test]
fn chats_are_laid_over_their_class_and_that_over_the_global_tables() {
    let parsed = parse(
        r#"
[trigger]
group = ["at"]
random = 0.1
[chat.group]
trigger.group = "always"
reply.pace = "off"
[chat.group_7]
mode = "draft"
context = { messages = 3 }
[chat.person_7]
trigger.prefixes = ["bot"]
"#,
    );
    let chats = &parsed.config.chats;
    assert_eq!(chats.private.trigger.group, [config::Call::At]);
    assert_eq!(chats.group.trigger.group, [config::Call::Always]);
    let seven = chats.group(7);
    assert_eq!((seven.mode, seven.context.messages), (config::ChatMode::Draft, 3));
    assert_eq!(seven.trigger, chats.group.trigger);
    assert_eq!((seven.trigger.random, seven.reply.pace.count), (0.1, 0));
    assert_eq!(chats.person(7).trigger.prefixes, ["bot"]);
    assert_eq!(chats.person(8), &chats.private);

    let line = |key: &str, peer| parsed.origins.decided(key, peer).map(|(key, at)| format!("{key}:{}", at.line));
    let origins: &Origins = &parsed.origins;
    assert_eq!(origins.get("chat.group_7.mode").map(|at| at.line), Some(9));
    assert_eq!(line("trigger.group", Peer::Group(GroupId(7))).as_deref(), Some("chat.group.trigger.group:6"));
    assert_eq!(line("trigger.group", Peer::Private(UserId(7))).as_deref(), Some("trigger.group:3"));
    assert_eq!(line("context.messages", Peer::Group(GroupId(7))).as_deref(), Some("chat.group_7.context.messages:10"));
    assert_eq!(line("access.groups", Peer::Group(GroupId(7))), None);
}

#[test]
fn a_destination_takes_its_kind_for_a_name_and_keeps_its_own_settings() {
    let text =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config/valid/notify.toml")).unwrap();
    let to = parse(&text).config.notify.to;
    let names: Vec<_> = to.iter().map(|to| to.name.as_str()).collect();
    assert_eq!(names, ["bark", "second", "wecom", "ntfy", "mine", "smtp", "webhook", "keyed", "qq"]);
    assert_eq!(to[0].min_severity, qqdeck::domain::Severity::Critical);
    assert_eq!(to[1].min_severity, qqdeck::domain::Severity::Warning);
    assert!(to[0].quiet_hours.is_some_and(|hours| hours.holds(0) && !hours.holds(720)) && to[1].quiet_hours.is_none());
    let config::Road::Smtp(mail) = &to[5].road else { panic!("{:?}", to[5]) };
    assert_eq!(
        (mail.sender(), mail.port(), mail.to.as_slice()),
        ("me@example.com", 25, &["me@example.com".to_owned()][..])
    );
    assert!(matches!(&to[8].road, config::Road::Qq(road) if road.to == [123456]));
}

#[test]
fn a_secret_is_never_in_what_is_said() {
    let canary = "sk-canary-0123456789";
    let text = format!(
        "[onebot]\ntoken = \"{canary}\"\n[[providers]]\nname=\"a\"\nmodel=\"m\"\napi_keys=[\"{canary}\", 5]\nheaders={{Authorization=\"{canary}\", \"a b\"=\"{canary}\"}}\n"
    );
    let text = format!(
        "{text}[[notify.to]]\nkind=\"wecom\"\nurl=\"{canary}\"\n[[notify.to]]\nkind=\"bark\"\nurl=\"{canary}\"\n"
    );
    let issues = config::parse(&text).unwrap_err();
    assert!(issues.len() >= 7, "{}", shown(&issues));
    assert!(!format!("{issues:?}{}", shown(&issues)).contains(canary));
}

#[test]
fn too_much_is_refused_unread() {
    let large = "#".repeat(config::LARGEST + 1);
    assert_eq!(found(&config::parse(&large).unwrap_err()), ["1:1 too_large"]);
    let deep = format!("a{} = 1\n", ".a".repeat(100_000));
    assert_eq!(found(&config::parse(&deep).unwrap_err()), ["1:1 syntax"]);
    let inline = format!("a = {{ b{} = 1 }}\n", ".b".repeat(100_000));
    assert_eq!(found(&config::parse(&inline).unwrap_err()), ["1:6 syntax"]);
    assert!(
        config::parse(&format!("[[providers]]\nextra{} = 1\n", ".a".repeat(999))).is_err(),
        "and this deep is read"
    );
    for open in ["[", "{a="] {
        let nested = format!("a = {}", open.repeat(100_000));
        assert!(config::parse(&nested).is_err());
    }
}

#[test]
fn a_flood_of_mistakes_is_cut() {
    let flood: String = (0..5000).map(|i| format!("k{i} = 1\n")).collect();
    assert_eq!(config::parse(&flood).unwrap_err().len(), 1000);
}

#[test]
fn a_cut_file_never_panics() {
    for text in [SHIPPED.to_owned(), uncommented()] {
        // Every byte of a file of ours takes long under a debug build; every byte of its densest part does not.
        let dense = text.find("[[providers]]").unwrap_or(0);
        let piece: String = text[dense..].chars().take(1500).collect();
        for cut in (0..piece.len()).filter(|cut| piece.is_char_boundary(*cut)) {
            let _ = config::parse(&piece[..cut]);
        }
        for cut in (0..text.len()).step_by(37).filter(|cut| text.is_char_boundary(*cut)) {
            let _ = config::parse(&text[..cut]);
        }
    }
}

proptest::proptest! {
    #[test]
    fn no_text_is_too_odd(text in proptest::prelude::any::<String>(), toml in "[\\[\\]a-d.=\"'{}#, \n0-9]{0,80}") {
        for text in [text, toml] {
            if let Err(issues) = config::parse(&text) {
                proptest::prop_assert!(!issues.is_empty());
                proptest::prop_assert!(!shown(&issues).is_empty());
            }
        }
    }
}
