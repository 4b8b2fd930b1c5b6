//! Pictures of the town at every size that is designed, in both languages, with their styles.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::scene::{NOW, town};
use super::{Console, Depth, News, Settings};
use crate::domain::{Operator, Role, Snapshot, Text};
use crate::words::Lang;

/// A console in front of the town.
pub fn console(size: (u16, u16), lang: Lang) -> Console {
    let operator = Operator { name: Text::from("zhang"), role: Role::Admin };
    let settings = Settings {
        operator,
        read_only: false,
        size,
        depth: Depth::Rgb,
        forced: false,
        ascii: false,
        lang,
        term: "xterm-256color".into(),
        demo: false,
    };
    let mut console = Console::new(settings, NOW);
    console.tell(News::Remembered(None), NOW);
    console.tell(News::Snapshot(town()), NOW);
    console.tell(News::Log(super::scene::log()), NOW);
    console.ui.log.audit = super::scene::audit();
    console
}

/// Types keys, one after the other; `\x1b` waits until it is known to be alone.
pub fn types(console: &mut Console, keys: &str) -> Vec<super::Intent> {
    let mut intents = Vec::new();
    for key in keys.chars() {
        let mut bytes = [0; 4];
        intents.extend(console.tell(News::Bytes(key.encode_utf8(&mut bytes).as_bytes().to_vec()), NOW));
        if key == '\x1b' {
            let later = crate::domain::Now { mono: NOW.mono + std::time::Duration::from_millis(100), ..NOW };
            intents.extend(console.tell(News::Time, later));
        }
    }
    intents
}

/// The words on the screen.
pub fn words(buffer: &Buffer) -> String {
    let mut text = String::new();
    for y in 0..buffer.area.height {
        let mut row = String::new();
        let mut skip = 0;
        for x in 0..buffer.area.width {
            let symbol = buffer[(x, y)].symbol();
            if skip > 0 {
                skip -= 1;
                continue;
            }
            skip = unicode_width::UnicodeWidthStr::width(symbol).saturating_sub(1);
            row.push_str(symbol);
        }
        text.push_str(row.trim_end());
        text.push('\n');
    }
    text
}

/// Which style each cell has: a letter a style, and what the letters mean.
fn styles(buffer: &Buffer) -> String {
    let mut letters: BTreeMap<String, char> = BTreeMap::new();
    let mut map = String::new();
    let plain = Buffer::empty(Rect::new(0, 0, 1, 1))[(0, 0)].style();
    for y in 0..buffer.area.height {
        let mut row = String::new();
        for x in 0..buffer.area.width {
            let style = buffer[(x, y)].style();
            if style == Style::reset() || style == plain {
                row.push(' ');
                continue;
            }
            let next = char::from_u32('a' as u32 + letters.len() as u32).unwrap_or('?');
            let style = format!("{:?} on {:?} {:?}", style.fg, style.bg, style.add_modifier);
            row.push(*letters.entry(style).or_insert(next));
        }
        map.push_str(row.trim_end());
        map.push('\n');
    }
    let mut letters: Vec<_> = letters.into_iter().map(|(style, letter)| (letter, style)).collect();
    letters.sort_unstable();
    for (letter, style) in letters {
        let _ = writeln!(map, "{letter}: {style}");
    }
    map
}

fn picture(world: Arc<Snapshot>, size: (u16, u16), lang: Lang, keys: &str) -> String {
    let mut console = console(size, lang);
    console.tell(News::Snapshot(world), NOW);
    types(&mut console, keys);
    let (buffer, caret) = super::view::picture(&console.ui);
    let caret = caret.map_or_else(|| "none".to_owned(), |c| format!("{},{}", c.x, c.y));
    format!("{}\ncaret {caret}\n\n{}", words(&buffer), styles(&buffer))
}

/// `name`: what is shown; `keys`: what is typed to get there.
fn check(name: &str, size: (u16, u16), keys: &str) {
    check_in(town(), name, size, keys);
}

fn check_in(world: Arc<Snapshot>, name: &str, size: (u16, u16), keys: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../tests/screens");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for lang in [Lang::Zh, Lang::En] {
            let name = format!("{name}_{}x{}_{}", size.0, size.1, lang.code());
            insta::assert_snapshot!(name, picture(Arc::clone(&world), size, lang, keys));
        }
    });
}

const SIZES: [(u16, u16); 4] = [(45, 12), (80, 24), (120, 40), (200, 50)];

#[test]
fn views() {
    for size in SIZES {
        for (name, keys) in
            [("chats", "jjj"), ("chat", "jjjl"), ("accounts", "2"), ("alerts", "3"), ("usage", "4"), ("log", "5")]
        {
            check(name, size, keys);
        }
    }
}

/// Several chats side by side, as far as there is room.
#[test]
fn beside() {
    for size in [(80, 24), (120, 40), (200, 50)] {
        check("beside", size, "jjj|jjjj|kkl");
    }
}

/// The last rows of what is odd, and above the long one what came before.
#[test]
fn oddities() {
    for size in SIZES {
        for (name, keys) in [("odd", "jjl"), ("odd_above", "jjlkk")] {
            check_in(super::scene::oddities(), name, size, keys);
        }
    }
}

/// What is wrong, in a list and one by one.
#[test]
fn alarms() {
    for size in SIZES {
        check_in(super::scene::alarms(), "alarms", size, "3");
    }
    for (name, keys) in [("alarm", "3\r"), ("alarm_silence", "3jjjs"), ("alarm_end", "3G")] {
        check_in(super::scene::alarms(), name, (80, 24), keys);
    }
    check_in(super::scene::alarms(), "alarm", (45, 12), "3\r");
}

/// Nothing has happened yet.
#[test]
fn nothing_yet() {
    let mut snap = (*town()).clone();
    snap.chats = crate::domain::Chats::default();
    (snap.attention, snap.accounts, snap.providers) = Default::default();
    let snap = Arc::new(snap);
    for (name, keys) in [("empty", ""), ("empty_accounts", "2"), ("empty_alerts", "3")] {
        check_in(Arc::clone(&snap), name, (80, 24), keys);
    }
}

/// The log, scrolled and filtered, with long lines broken, and a disk that takes none.
#[test]
fn logs() {
    for size in SIZES {
        check("log_audit", size, "5\t");
        check("log_wrapped", size, "5Z");
    }
    for (name, keys) in [("log_warnings", "5vvv"), ("log_filter", "5/link"), ("log_held", "5kkk"), ("log_menu", "5\r")]
    {
        check(name, (80, 24), keys);
        check(name, (45, 12), keys);
    }
}

#[test]
fn layers() {
    for (name, keys) in [
        ("help", "?"),
        ("menu", "jjj\r"),
        ("access", "jjjjjjjjjw"),
        ("modes", "jjjm"),
        ("settings", "jjje"),
        ("palette", ":al"),
        ("block", "jjjB"),
        ("confirm", "jjjB1"),
        ("shutdown", ":shutdown\r"),
        ("why", "jjjK"),
        ("details", "jjjlkkL"),
        ("composer", "jjjhi你好，世界"),
        ("chord", "g"),
        ("filter", "/测试"),
        ("search", "gf雨\r"),
        ("quote", "jjjlkk>@老\t看这里@"),
        ("export", "jjjgx"),
        ("long", "jjji一\n二\n三\n四\n五\n六\n七\n八\n九\n十\n末"),
        ("themes", "gt"),
    ] {
        check(name, (80, 24), keys);
    }
    for (name, keys) in [
        ("help", "?"),
        ("composer", "jjji你好"),
        ("menu", "jjj\r"),
        ("why", "jjjK"),
        ("chord", "g"),
        ("quote", "jjjlkk>@老\t看"),
    ] {
        check(name, (45, 12), keys);
    }
}

#[test]
fn keys_on_an_alert_ask_the_engine() {
    use crate::domain::{AlertId, Command};
    let asked = |keys: &str| {
        let mut console = console((80, 24), Lang::En);
        console.tell(News::Snapshot(super::scene::alarms()), NOW);
        let intents = types(&mut console, keys);
        intents.into_iter().find_map(|intent| match intent {
            super::Intent::Command { command, .. } => Some(command),
            _ => None,
        })
    };
    assert_eq!(asked("3a"), Some(Command::Ack { alert: AlertId(7) }));
    let silence = |rule: &str, labels: &[(&str, &str)], minutes: u64| {
        let labels = labels.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        let during = std::time::Duration::from_secs(minutes * 60);
        Some(Command::Silence { rule: rule.into(), labels, during, reason: String::new() })
    };
    assert_eq!(asked("3sj\r"), silence("ws_disconnected", &[("account", "10001")], 120));
    assert_eq!(asked("3sjjjjj\r"), silence("ws_disconnected", &[], 30));
    let end = Command::Unsilence { rule: "vram_high".into(), labels: Vec::new() };
    assert_eq!(asked("3jjjs\r"), Some(end));
    assert_eq!(asked("s"), None, "only where alerts are");
}

#[test]
fn no_size_is_too_small_and_no_key_harms() {
    for width in [1, 2, 3, 7, 20, 44, 69, 70, 99, 100, 160, 300] {
        for height in [1, 2, 3, 4, 7, 12, 60] {
            // One after the other in the same console: what one leaves behind must not harm the next.
            let mut console = console((width, height), Lang::Zh);
            for keys in [
                "",
                "jjjl",
                "jjjlk",
                "jjji你好\x1b",
                "2",
                "3",
                "4",
                "5",
                "5Zkkvv/x\r\t",
                "?",
                ":a",
                "jjj\r",
                "w",
                "e",
                "K",
                "jjjLL",
                "/x",
                "gg",
                "B1",
                "gdx\r",
                "jjjl>@\t一\n二\n三\n四\n五\n六\n七\n八\n九\n\x1b",
                "gx",
                "gr",
                "jj|j|jj|lll",
                "gR",
            ] {
                types(&mut console, keys);
                console.draw(NOW);
                types(&mut console, "\x1b\x1b\x1b1h");
            }
        }
    }
}
