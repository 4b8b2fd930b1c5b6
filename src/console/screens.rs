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
        lang,
        term: "xterm-256color".into(),
        demo: false,
    };
    let mut console = Console::new(settings, NOW);
    console.tell(News::Remembered(None), NOW);
    console.tell(News::Snapshot(town()), NOW);
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
        ("themes", "gt"),
    ] {
        check(name, (80, 24), keys);
    }
    for (name, keys) in [("help", "?"), ("composer", "jjji你好"), ("menu", "jjj\r"), ("why", "jjjK"), ("chord", "g")]
    {
        check(name, (45, 12), keys);
    }
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
                "jj|j|jj|lll",
                "gr",
            ] {
                types(&mut console, keys);
                console.draw(NOW);
                types(&mut console, "\x1b\x1b\x1b1h");
            }
        }
    }
}
