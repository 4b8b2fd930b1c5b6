//! How many bytes a frame costs: the budgets of `docs` and the design, held by a test. `--nocapture` prints them.

use std::sync::Arc;

use ratatui::style::Color;

use super::face::News;
use super::scene::{NOW, town};
use super::screens::{console, types};
use super::{Console, Depth};
use crate::domain::*;
use crate::words::Lang;

const TEST: ConversationId = ConversationId { account: SelfId(10001), peer: Peer::Group(GroupId(123_456)) };

fn bytes(console: &mut Console) -> usize {
    console.draw(NOW).len()
}

/// The town, later: something changed in the chat that is open.
fn later(version: u64, change: impl FnOnce(&mut ChatView)) -> News {
    let mut snap = (*town()).clone();
    let mut chat = (**snap.chats.get(&TEST).unwrap()).clone();
    change(&mut chat);
    snap.version = version;
    snap.chats.insert(TEST, Arc::new(chat));
    News::Snapshot(Arc::new(snap))
}

fn says(chat: &mut ChatView, n: u64) {
    let mut line = (**chat.tail.last().unwrap()).clone();
    // Unlike each other, as people's are: rows that are alike would cost nothing.
    let words = ["今晚吃什么", "有人要拼车去机场吗，两点", "哈哈", "刚看到新闻，明天停水到下午", "谁有上次的照片"];
    let said = format!("{n} {}", words[(n * 7 % 5) as usize].repeat(1 + (n % 3) as usize));
    (line.seq, line.text) = (Seq(1000 + n), Text::from(said.as_str()));
    line.author = Author::Person { id: UserId(n as i64 % 7), name: Text::from(words[(n % 5) as usize]) };
    chat.last = line.seq;
    chat.writing.clear();
    chat.tail.push(Arc::new(line));
}

fn full(chat: &mut ChatView) {
    for n in 0..60 {
        says(chat, n);
    }
}

#[test]
fn frames_cost_what_they_may() {
    let mut figures: Vec<(&str, usize, usize)> = Vec::new();
    let mut c = console((120, 40), Lang::Zh);
    figures.push(("first paint", bytes(&mut c), 10_000));
    types(&mut c, "jjj");
    bytes(&mut c);
    figures.push(("nothing changed", bytes(&mut c), 0));
    c.tell(later(2, |_| ()), NOW);
    figures.push(("a snapshot in which nothing seen changed", bytes(&mut c), 0));
    types(&mut c, "j");
    figures.push(("another row of the list", bytes(&mut c), 4000));
    types(&mut c, "k");
    bytes(&mut c);
    c.tell(later(3, |chat| chat.writing[0].text = "后天转晴，最高气温十二度，记得".into()), NOW);
    figures.push(("a piece of a streaming answer", bytes(&mut c), 60));
    c.tell(later(4, full), NOW);
    bytes(&mut c);
    c.tell(later(5, |chat| (full(chat), says(chat, 60)).1), NOW);
    figures.push(("a message, three panes", bytes(&mut c), 4000));
    types(&mut c, "lz");
    bytes(&mut c);
    c.tell(later(6, |chat| (full(chat), says(chat, 60), says(chat, 61)).2), NOW);
    figures.push(("a message, zoomed", bytes(&mut c), 400));
    for (what, bytes, most) in &figures {
        println!("{bytes:6} bytes of {most:6}: {what}");
    }
    for (what, bytes, most) in figures {
        assert!(bytes <= most, "{what}: {bytes} bytes");
    }
}

/// A theme that is painted costs more, for blanks have a colour too; not so much that a link would notice.
#[test]
fn painted_themes_cost_little_more() {
    let mut c = console((120, 40), Lang::Zh);
    types(&mut c, ":theme light\r");
    c.tell(News::Bytes(b"\x1b]11;rgb:0000/0000/0000\x1b\\".to_vec()), NOW);
    assert!(c.ui.theme.base().bg.is_some());
    let first = bytes(&mut c);
    println!("{first}");
    types(&mut c, "jjj");
    c.tell(later(4, full), NOW);
    bytes(&mut c);
    c.tell(later(5, |chat| (full(chat), says(chat, 60)).1), NOW);
    let message = bytes(&mut c);
    println!("{message}");
    assert!(first <= 10_000 && message <= 4000, "{first} {message}");
    assert_eq!(bytes(&mut c), 0);
}

#[test]
fn sixteen_colours_get_sixteen_colours() {
    let mut settings = console((80, 24), Lang::Zh).ui.settings.clone();
    settings.depth = Depth::Ansi16;
    let mut c = Console::new(settings, NOW);
    c.tell(News::Snapshot(town()), NOW);
    let (buffer, _) = super::view::picture(&c.ui);
    assert!(!buffer.content.iter().any(|cell| [cell.fg, cell.bg].iter().any(|c| matches!(c, Color::Rgb(..)))));
}
