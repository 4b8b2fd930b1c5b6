//! One change, one line; everything else byte for byte.

use proptest::prelude::*;
use qqdeck::config::{self, EditError, Edited};
use qqdeck::domain::{AccessId, ConfigEdit, GroupId, UserId};

const COMMENTED: &str = include_str!("commented.toml");

fn group(id: i64) -> AccessId {
    AccessId::Group(GroupId(id))
}

fn person(id: i64) -> AccessId {
    AccessId::Person(UserId(id))
}

fn set(id: AccessId, key: &str, value: &str) -> ConfigEdit {
    ConfigEdit::SetChat { id, key: key.into(), value: value.into() }
}

fn word(word: &str, add: bool) -> ConfigEdit {
    ConfigEdit::Word { word: word.into(), add }
}

fn changed(text: &str, change: &ConfigEdit) -> String {
    match config::edit(text, change) {
        Ok(Edited::Changed(text)) => text,
        other => panic!("{change:?}: {other:?}"),
    }
}

/// The lines that went and the lines that came.
fn difference<'t>(before: &'t str, after: &'t str) -> (Vec<&'t str>, Vec<&'t str>) {
    let (before, after): (Vec<_>, Vec<_>) = (before.split('\n').collect(), after.split('\n').collect());
    let head = before.iter().zip(&after).take_while(|(a, b)| a == b).count();
    let tail = before[head..].iter().rev().zip(after[head..].iter().rev()).take_while(|(a, b)| a == b).count();
    (before[head..before.len() - tail].to_vec(), after[head..after.len() - tail].to_vec())
}

#[test]
fn each_edit_changes_one_line() {
    type Case = (ConfigEdit, &'static [&'static str], &'static [&'static str]);
    let cases: &[Case] = &[
        (ConfigEdit::Allow(group(9)), &[], &["    9,"]),
        (ConfigEdit::Deny(group(100)), &["    100,               # 老王的群"], &[]),
        (ConfigEdit::Deny(group(200)), &["    \"group_200\",       # 运维"], &[]),
        // What stands right above one alone is about it, and must not end up above another.
        (ConfigEdit::Deny(group(300)), &["", "    # 试用到年底", "    300,               # 最后一个"], &[]),
        (ConfigEdit::Allow(person(9)), &["users = [1, 2]         # 家里人"], &["users = [1, 2, 9]      # 家里人"]),
        (ConfigEdit::Deny(person(1)), &["users = [1, 2]         # 家里人"], &["users = [2]            # 家里人"]),
        (
            ConfigEdit::Block(person(9)),
            &["blocked_users = \"7, person_8\"   # 一串"],
            &["blocked_users = \"7, person_8, 9\" # 一串"],
        ),
        (
            ConfigEdit::Unblock(person(8)),
            &["blocked_users = \"7, person_8\"   # 一串"],
            &["blocked_users = \"7\"             # 一串"],
        ),
        (word("广告", true), &["words = []  # 还没有"], &["words = [\"广告\"] # 还没有"]),
        (set(group(100), "mode", "draft"), &["mode = \"manual\" # 人工"], &["mode = \"draft\" # 人工"]),
        (
            set(group(100), "trigger.group", "[\"at\"]"),
            &["trigger.group = \"at, quote\"    # 只有这些"],
            &["trigger.group = [\"at\"]         # 只有这些"],
        ),
        (set(group(100), "persona", "客服"), &[], &["persona = \"客服\""]),
        (set(group(100), "trigger.random", "0.5"), &[], &["trigger.random = 0.5"]),
        (set(group(100), "mode", ""), &["mode = \"manual\" # 人工"], &[]),
        (set(group(555), "mode", "muted"), &[], &["", "[chat.group_555]", "mode = \"muted\""]),
    ];
    for (change, gone, new) in cases {
        let after = changed(COMMENTED, change);
        assert_eq!(difference(COMMENTED, &after), (gone.to_vec(), new.to_vec()), "{change:?}\n{after}");
        assert!(config::parse(&after).is_ok());
        assert_eq!(config::edit(&after, change), Ok(Edited::Same), "twice is once: {change:?}");
        let windows = COMMENTED.replace('\n', "\r\n");
        assert_eq!(changed(&windows, change), after.replace('\n', "\r\n"), "{change:?}");
    }
}

#[test]
fn what_already_is_so_changes_nothing() {
    for change in [
        ConfigEdit::Allow(group(100)),
        ConfigEdit::Allow(group(200)),
        ConfigEdit::Allow(person(2)),
        ConfigEdit::Deny(group(1)),
        ConfigEdit::Block(person(8)),
        ConfigEdit::Unblock(group(4)),
        word("没有", false),
        set(group(100), "mode", "manual"),
        set(group(100), "context.idle", ""),
    ] {
        assert_eq!(config::edit(COMMENTED, &change), Ok(Edited::Same), "{change:?}");
    }
    let all = "[access]\ngroups = [\"*\"]\n";
    assert_eq!(config::edit(all, &ConfigEdit::Allow(group(1))), Ok(Edited::Same));
    assert!(matches!(config::edit(all, &ConfigEdit::Deny(group(1))), Err(EditError::Everybody { .. })));
}

#[test]
fn what_is_missing_is_made_in_its_place() {
    let made = |text: &str, change: &ConfigEdit| changed(text, change);
    let allow = ConfigEdit::Allow(group(1));
    assert_eq!(made("", &allow).trim_start(), "[access]\ngroups = [1]\n");
    assert_eq!(made("[access]\n", &allow), "[access]\ngroups = [1]\n");
    assert_eq!(made("access.users = [2]\n", &allow), "access.users = [2]\naccess.groups = [1]\n");
    assert_eq!(made("access = { users = [2] }\n", &allow), "access = { users = [2], groups = [1] }\n");
    assert_eq!(made("[access]\ngroups = 5\n", &allow), "[access]\ngroups = [5, 1]\n");
    assert_eq!(
        made("[engine]\nhot = 16\n\n# below\n[trigger]\nrandom = 0.0\n", &allow),
        "[engine]\nhot = 16\n\n[access]\ngroups = [1]\n\n# below\n[trigger]\nrandom = 0.0\n"
    );
    assert_eq!(
        made("[access]\nblocked_users = []  # a\nusers         = [] # b\n", &allow),
        "[access]\nblocked_users = []  # a\nusers         = [] # b\ngroups        = [1]\n"
    );
    let mode = set(group(1), "mode", "draft");
    assert_eq!(made("", &mode).trim_start(), "[chat.group_1]\nmode = \"draft\"\n");
    assert_eq!(
        made("chat.group_1.persona = \"\"\n", &mode),
        "chat.group_1.persona = \"\"\nchat.group_1.mode = \"draft\"\n"
    );
    assert_eq!(
        made("[chat]\ngroup_1 = { persona = \"\" } # one\n", &mode),
        "[chat]\ngroup_1 = { persona = \"\", mode = \"draft\" } # one\n"
    );
    let only_below = made("[chat.group_1.trigger] # x\nrandom = 0.0\n", &mode);
    assert!(only_below.contains("[chat.group_1]\nmode = \"draft\"\n"), "{only_below}");
    assert!(only_below.contains("[chat.group_1.trigger] # x\nrandom = 0.0\n"), "{only_below}");
}

#[test]
fn an_edit_that_would_break_the_file_is_refused() {
    for (key, value, code) in [
        ("mode", "drfat", "not_a_word"),
        ("mdoe", "draft", "unknown_key"),
        ("trigger.random", "2.0", "out_of_range"),
        ("trigger.regex", "a(", "regex"),
        ("persona", "nobody", "unknown_name"),
        ("persona", "x\"\n[engine]\nhot = 16", "unknown_name"),
        ("trigger", "1", "wrong_type"),
    ] {
        match config::edit("", &set(group(1), key, value)) {
            Err(EditError::Refused(issues)) => assert_eq!(issues[0].kind.code(), code, "{key} {value}"),
            other => panic!("{key} {value}: {other:?}"),
        }
    }
    assert!(matches!(config::edit("", &set(group(1), "a..b", "1")), Err(EditError::Form { .. })));
    assert!(matches!(config::edit("[x]\n", &ConfigEdit::Allow(group(1))), Err(EditError::Broken(_))));
    let plain = "[chat.group_1]\ntrigger.merge_window = \"1s\"\n";
    let below = set(group(1), "trigger.merge_window.group", "2s");
    assert!(matches!(config::edit(plain, &below), Err(EditError::Form { .. })));
}

#[test]
fn the_shipped_file_takes_edits() {
    let shipped = include_str!("../../config.toml");
    let after = changed(shipped, &ConfigEdit::Allow(group(123456)));
    let (gone, new) = difference(shipped, &after);
    assert_eq!((gone.len(), new), (1, vec!["groups         = [123456]                # 群 · groups"]));
    let back = changed(&after, &ConfigEdit::Deny(group(123456)));
    assert_eq!(back, shipped);
    let (gone, new) = {
        let after = changed(shipped, &set(group(1), "mode", "draft"));
        let (gone, new) = difference(shipped, &after);
        (gone.len(), new.join("\n"))
    };
    assert_eq!((gone, new.trim()), (0, "[chat.group_1]\nmode = \"draft\""));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever is added and taken, the others keep their comments.
    #[test]
    fn comments_stay_with_their_numbers(
        ids in prop::collection::btree_set(1..500i64, 1..8),
        ops in prop::collection::vec((any::<bool>(), 1..500i64), 1..12),
        trailing in any::<bool>(),
    ) {
        let mut text = String::from("# top\n[access]\nmode = \"open\" # m\ngroups = [ # all\n");
        for (i, id) in ids.iter().enumerate() {
            let comma = if trailing || i + 1 < ids.len() { "," } else { "" };
            text.push_str(&format!("  {id}{comma} # c{id}\n"));
        }
        text.push_str("] # end\n# bottom\n");
        let mut present = ids.clone();
        for (add, id) in ops {
            let change = if add { ConfigEdit::Allow(group(id)) } else { ConfigEdit::Deny(group(id)) };
            match config::edit(&text, &change) {
                Ok(Edited::Changed(new)) => text = new,
                Ok(Edited::Same) => prop_assert_eq!(present.contains(&id), add),
                Err(error) => prop_assert!(false, "{error}"),
            }
            if add { present.insert(id); } else { present.remove(&id); }
            let parsed = config::parse(&text).unwrap();
            prop_assert_eq!(&parsed.config.access.groups.ids, &present);
            for line in text.lines().filter(|line| line.contains("# c")) {
                let (number, comment) = line.split_once(" # c").unwrap();
                prop_assert_eq!(number.trim().trim_end_matches(','), comment, "{}", text);
            }
            prop_assert!(text.starts_with("# top\n[access]\nmode = \"open\" # m\ngroups = ["));
            prop_assert!(text.ends_with("] # end\n# bottom\n"), "{}", text);
            for id in present.iter().filter(|id| ids.contains(id)) {
                let kept = text.contains(&format!(" # c{id}\n"));
                // A number that was taken out and added again has lost its comment; one that stayed has not.
                prop_assert!(kept || text.contains(&format!("  {id}")), "{}", text);
            }
        }
    }

    #[test]
    fn odd_edits_never_panic_and_never_break_a_file(key in "[a-z._\"\\[ ]{0,16}", value in any::<String>(), word in any::<String>(), add in any::<bool>()) {
        for change in [set(group(1), &key, &value), ConfigEdit::Word { word, add }] {
            if let Ok(Edited::Changed(text)) = config::edit(COMMENTED, &change) {
                prop_assert!(config::parse(&text).is_ok());
            }
        }
    }
}

#[test]
fn a_written_key_can_be_written_again_as_it_was() {
    let id = group(7);
    for (key, value) in [("reply.quote", "always"), ("trigger.group", "[\"at\"]"), ("mode", "draft")] {
        let once = changed(COMMENTED, &set(id, key, value));
        let former = config::written(&once, id, key).unwrap();
        assert_eq!(config::written(COMMENTED, id, key), None);
        let twice = changed(&once, &set(id, key, ""));
        assert_eq!(changed(&twice, &set(id, key, &former)), once, "{key}");
    }
}
