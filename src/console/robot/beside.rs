//! Several chats side by side, and pictures of what is seen.

use super::*;
use crate::console::layout::areas;
use crate::console::state::Pane;

fn named(robot: &Robot) -> String {
    let ui = &robot.console.ui;
    ui.chat().map_or_else(String::new, |id| ui.name_of(id))
}

#[test]
fn a_chat_is_kept_beside_and_the_keys_go_there() {
    let mut robot = Robot::at((200, 50), Lang::Zh);
    robot.selects("水友群").types("|").selects("测试群");
    assert_eq!(areas(&robot.console.ui).talks.len(), 2);
    robot.sees("今晚吃什么").sees("那后天呢");
    // From the list to the chat to what is beside it, and back.
    robot.types("l");
    assert_eq!((named(&robot).as_str(), robot.console.ui.pane), ("测试群", Pane::Chat));
    robot.types("l");
    assert_eq!((named(&robot).as_str(), robot.console.ui.pane), ("水友群", Pane::Beside(0)));
    robot.types("m1");
    let id = ConversationId { account: SelfId(10001), peer: Peer::Group(GroupId(999)) };
    let chat = ChatRef { peer: id.peer, account: Some(id.account) };
    assert!(robot.commands().iter().any(|c| matches!(c, Command::Mode { chat: of, .. } if *of == chat)));
    robot.types("i吃火锅\r");
    let said = robot.commands();
    assert!(said.contains(&Command::Send { chat, text: "吃火锅".into(), quote: None, at: Vec::new() }), "{said:?}");
    robot.types("\x1b\t");
    assert_eq!(robot.console.ui.pane, Pane::List);
    robot.presses("\x1b[Z");
    assert_eq!(robot.console.ui.pane, Pane::Beside(0));
    // What is gone to in the list has the keys then, not what is beside.
    robot.types("!");
    assert_ne!((named(&robot).as_str(), robot.console.ui.pane), ("水友群", Pane::Beside(0)));
    robot.types("hh").selects("测试群").types("\t\t|");
    assert_eq!((named(&robot).as_str(), areas(&robot.console.ui).talks.len()), ("测试群", 1));
}

#[test]
fn where_there_is_no_room_what_has_the_keys_is_shown() {
    for size in [(45, 12), (80, 24)] {
        let mut robot = Robot::at(size, Lang::Zh);
        robot.selects("水友群").types("|").selects("测试群").types("l");
        robot.sees("那后天呢").does_not_see("今晚吃什么");
        robot.types("l");
        robot.sees("今晚吃什么").does_not_see("那后天呢");
        assert_eq!(areas(&robot.console.ui).talks.len(), 1);
    }
}

#[test]
fn chats_beside_are_remembered() {
    let mut robot = Robot::at((200, 50), Lang::Zh);
    robot.selects("水友群").types("|").selects("王芳").types("|").selects("测试群").types("|");
    assert_eq!(robot.console.ui.beside.len(), 2, "the oldest goes");
    let memory = robot.console.ui.memory();
    let mut again = Robot::at((200, 50), Lang::Zh);
    again.tells(News::Remembered(Some(memory)));
    assert_eq!(again.console.ui.beside, robot.console.ui.beside);
    again.sees("催一下");
}

#[test]
fn what_is_open_beside_counts_as_read() {
    let mut robot = Robot::at((200, 50), Lang::Zh);
    robot.selects("水友群").types("|").selects("测试群");
    let fish = ConversationId { account: SelfId(10001), peer: Peer::Group(GroupId(999)) };
    robot.hears(fish, "有人吗");
    let ui = &robot.console.ui;
    assert_eq!(ui.unread(ui.chat_view(fish).unwrap()), 0);
}

#[test]
fn how_much_is_below_hides_nothing() {
    let mut robot = Robot::at((80, 14), Lang::Zh);
    for n in 0..30 {
        robot.hears(TEST, &format!("第{n}句"));
    }
    robot.selects("测试群").types("l");
    for _ in 0..20 {
        robot.types("k");
        let screen = robot.screen();
        // The row that tells it tells nothing else, and the selected line is in sight.
        assert!(screen.lines().all(|row| !row.contains("新 G") || !row.contains('句')), "{screen}");
        let line = robot.console.ui.line().unwrap();
        assert!(screen.contains(line.text.shown()), "{} in\n{screen}", line.text.shown());
    }
    robot.sees("新 G");
}

#[test]
fn a_message_is_shown_as_it_came() {
    let mut robot = Robot::sits_down();
    robot.hears(TEST, "看 \u{202e}gpj.exe\u{1b}[31m");
    robot.selects("测试群").types("gR");
    robot.sees("\\u{202e}gpj.exe\\e[31m").sees("书写方向");
    robot.types("q");
    robot.does_not_see("\\u{202e}");
    robot.types(":raw\r");
    robot.sees("\\u{202e}");
}

#[test]
fn a_picture_is_taken_of_whatever_lies_above() {
    let pictures = |robot: &mut Robot| {
        let wanted = std::mem::take(&mut robot.wanted);
        let kept =
            wanted.into_iter().filter_map(|i| if let Intent::Export { text, .. } = i { Some(text) } else { None });
        kept.collect::<Vec<_>>()
    };
    let mut robot = Robot::sits_down();
    // By the chord where nothing is typed, by the control key everywhere; nothing is put away.
    for (open, shoot, shows) in [
        ("jjjK", "gS", "触"),
        ("\x1bm", "gS", "静"),
        ("\x1bB1", "gS", "默"),
        ("\x1b?", "\x13", "帮"),
        ("\x1b:al", "\x13", "告"),
        ("\x1b\x1bi你好", "\x13", "好"),
        ("\x1b", "\x13", "测"),
        ("", "gS", "测"),
    ] {
        robot.types(open);
        let (layers, before) = (robot.console.ui.layers.len(), robot.screen());
        robot.types(shoot);
        let taken = pictures(&mut robot);
        assert_eq!(taken.len(), 1, "{open:?} {before}");
        assert!(taken[0].contains(shows), "{open:?}");
        assert_eq!(robot.console.ui.layers.len(), layers);
    }
}

#[test]
fn a_find_marks_all_places_whatever_their_case() {
    let mut robot = Robot::at((120, 40), Lang::En);
    robot.hears(TEST, "Cat cat CAT");
    robot.selects("测试群").types("l/cat\r");
    let (picture, _) = view::picture(&robot.console.ui);
    let style = robot.console.ui.theme.style(crate::console::theme::Role::SearchMatch);
    let marked = picture.content.iter().filter(|c| Some(c.bg) == style.bg && c.symbol() != " ").count();
    assert_eq!(marked, 9);
}

#[test]
fn a_quiet_chat_tells_how_it_stands_until_lines_need_the_room() {
    let mut robot = Robot::at((120, 40), Lang::Zh);
    robot.selects("测试群");
    robot.does_not_see("每人每分钟 6 条");
    let asked = robot.queries().into_iter().rev().find(|(_, q)| matches!(q, Query::History { .. })).unwrap().0;
    robot.tells(News::Page(asked, Page::Lines { lines: Vec::new(), more: false }));
    robot.sees("不在白名单里").sees("@它 · 引用它").sees("每人每分钟 6 条").sees("5 句 · 回 2 · 略过 2 · 拦下 1");
    for n in 0..30 {
        robot.hears(TEST, &format!("第{n}句"));
    }
    robot.does_not_see("每人每分钟 6 条");
}

#[test]
fn how_an_answer_was_made_stands_beside_it() {
    let mut robot = Robot::at((200, 50), Lang::Zh);
    robot.selects("测试群").types("lkk");
    robot.sees("回答 · qwen3:8b").sees("首字 0.4s").sees("读 1.8k (缓存 900) 写 212 · 41t/s").sees("窗口 12，省去 3");
    // Of the question, too; not of what got none.
    robot.types("k");
    robot.sees("回答 · qwen3:8b");
    robot.types("k");
    robot.does_not_see("回答 · qwen3:8b");
}

#[test]
fn the_bot_is_called_by_its_name() {
    let mut robot = Robot::sits_down();
    robot.hears(TEST, "@10001 在吗 @1000");
    robot.selects("测试群");
    robot.sees("@小助手 在吗 @1000").does_not_see("@10001 ");
}
