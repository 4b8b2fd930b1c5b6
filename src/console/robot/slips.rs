//! Stories of tired fingers: what is pasted, mistyped or pressed in the wrong place does no harm, and says so.

use super::*;
use crate::console::Present;

#[test]
fn a_large_paste_is_cut_and_told() {
    let mut robot = Robot::sits_down();
    let text = "很长".repeat(200_000);
    robot.selects("测试群").types("i").pastes(&text);
    robot.sees("太长");
    assert_eq!(robot.commands(), []);
    robot.types("\x1b").pastes("qq\r");
    robot.sees("按 i 打开输入框再粘贴");
    assert_eq!(robot.wanted.iter().filter(|i| matches!(i, Intent::Detach)).count(), 0);
}

#[test]
fn a_pasted_new_line_does_not_send() {
    let mut robot = Robot::sits_down();
    robot.selects("测试群").types("i").pastes("一\n二");
    assert_eq!(robot.commands(), []);
    let chat = robot.chat();
    assert_eq!(robot.types("\r").commands(), [said(chat, "一\n二")]);
}

#[test]
fn a_draft_survives_going_elsewhere_and_coming_again() {
    let mut robot = Robot::sits_down();
    robot.selects("测试群").types("i未完的话\x1b").types("h");
    robot.selects("运维群");
    robot.does_not_see("未完的话");
    robot.selects("测试群");
    robot.sees("未完的话");
    let kept = robot.console.ui.memory();
    let mut again = Robot::sits_down();
    again.tells(News::Remembered(Some(kept)));
    again.selects("测试群");
    again.sees("未完的话");
}

#[test]
fn full_width_keys_are_keys() {
    let mut robot = Robot::sits_down();
    robot.types("：");
    robot.sees("能对所选做的事");
    robot.types("\x1b！");
    assert!(robot.console.ui.layers.is_empty());
    robot.types("？");
    robot.sees("帮助");
}

#[test]
fn chinese_among_the_keys_gets_a_hint() {
    let mut robot = Robot::sits_down();
    robot.selects("测试群").types("你好");
    robot.sees("按 i 才是说话");
    assert_eq!(robot.commands(), []);
}

#[test]
fn a_tiny_window_and_back_keeps_the_place() {
    let mut robot = Robot::sits_down();
    robot.selects("测试群").types("lkk");
    let before = robot.screen();
    robot.tells(News::Resize(1, 1));
    robot.screen();
    robot.tells(News::Resize(80, 24));
    assert_eq!(robot.screen(), before);
}

#[test]
fn what_leaves_elsewhere_leaves_here() {
    for line in [":q\r", ":q!\r", ":wq\r", ":qa\r", ":x\r", ":exit\r", "：ｑ！\r", "\x03\x03"] {
        let mut robot = Robot::sits_down();
        robot.types(line);
        assert!(robot.wanted.contains(&Intent::Detach), "{line:?}");
        assert_eq!(robot.commands(), [], "{line:?}");
    }
    let mut robot = Robot::sits_down();
    robot.types(":w\r").sees("不用存");
    robot.types("ZZ").sees("折行").sees("离开按 q");
    assert!(!robot.wanted.contains(&Intent::Detach));
}

#[test]
fn ctrl_c_gives_up_what_is_begun_and_leaves_only_when_pressed_twice_at_once() {
    let mut robot = Robot::sits_down();
    robot.selects("测试群").types("i还没写完\x03");
    assert!(robot.console.ui.composing.is_none());
    robot.sees("还没写完");
    robot.types(":allow\x03");
    assert!(robot.console.ui.layers.is_empty());
    robot.types("g\x03").sees("Enter菜单");
    robot.types("lkkD").sees("y 是");
    robot.types("\x03");
    assert!(robot.console.ui.layers.is_empty());
    robot.types("\x03").sees("再按一次 Ctrl-C 离开");
    robot.waits(Duration::from_secs(2));
    robot.types("\x03");
    assert!(!robot.wanted.contains(&Intent::Detach));
    assert_eq!(robot.commands(), []);
}

#[test]
fn however_often_esc_is_pressed_nobody_is_thrown_out() {
    let mut robot = Robot::sits_down();
    robot.selects("测试群").types("l/今天\rz gj");
    for _ in 0..30 {
        robot.types("\x1b");
    }
    robot.presses("\x1b\x1b\x1b\x1b\x1b\x1b").waits(Duration::from_millis(200));
    assert!(!robot.wanted.contains(&Intent::Detach));
    assert_eq!(robot.commands(), []);
    robot.sees("测试群");
}

#[test]
fn a_question_is_not_answered_by_what_was_typed_before_it_could_be_read() {
    let mut robot = Robot::sits_down();
    // "Dyson", typed where the composer was thought to be.
    robot.selects("测试群").types("lkk");
    robot.presses("D").presses("y").presses("s").presses("o").presses("n");
    assert_eq!(robot.commands(), []);
    robot.types("y");
    assert!(matches!(robot.commands()[..], [Command::Recall { .. }]));
}

#[test]
fn a_key_that_means_nothing_says_so() {
    let mut robot = Robot::sits_down();
    robot.types("f").sees("按键 f 没有用处");
    robot.waits(Duration::from_secs(6));
    robot.types("gq").sees("按键 g q 没有用处");
    robot.waits(Duration::from_secs(6));
    robot.types("o").sees("账号与模型").sees("按 2");
}

#[test]
fn the_arrows_move_in_the_composer_and_the_pages_in_the_chat() {
    let mut robot = Robot::sits_down();
    robot.selects("测试群").types("i一二").presses("\x1b[D").types("中").presses("\x1b[C").types("完");
    robot.sees("一中二完");
    robot.presses("\x1b[A").presses("\x1b[B");
    robot.sees("一中二完");
    robot.presses("\x1b[5~");
    assert!(robot.console.ui.composing.is_some(), "reading above does not end the writing");
    let chat = robot.chat();
    assert_eq!(robot.types("\r").commands(), [said(chat, "一中二完")]);
    robot.types("\x04");
    assert!(robot.console.ui.composing.is_none(), "Ctrl-D in an empty line ends it");
}

#[test]
fn what_is_mistyped_after_a_colon_is_told_and_kept() {
    for (line, words) in [
        (":allow 张三\r", "张三"),
        (":mode group:0x12 auto\r", "group:0x12"),
        (":mode group:123456 automatic\r", "automatic"),
        (":approve abc\r", "abc"),
        (":alow 123\r", "allow"),
    ] {
        let mut robot = Robot::sits_down();
        robot.types(line);
        assert_eq!(robot.commands(), [], "{line:?}");
        robot.sees(words);
        assert!(!robot.console.ui.layers.is_empty(), "{line:?} can be mended");
    }
}

#[test]
fn the_wheel_turns_what_is_on_top() {
    let mut robot = Robot::sits_down();
    robot.selects("测试群");
    let before = robot.console.ui.list.selected;
    robot.types("gt");
    robot.presses("\x1b[<65;5;5M").presses("\x1b[<65;5;5M").presses("\x1b[<0;5;8M");
    let Some(Layer::Sheet(sheet)) = robot.console.ui.layers.last() else { panic!("{}", robot.screen()) };
    assert!(sheet.cursor.at >= 2);
    assert_eq!(robot.console.ui.list.selected, before);
    robot.types("\x1b").presses("\x1b[<65;5;5M");
    assert_ne!(robot.console.ui.list.selected, before);
}

#[test]
fn a_correction_that_changes_nothing_is_not_sent() {
    let mut robot = Robot::sits_down();
    robot.selects("测试群").types("lkkc\r");
    assert_eq!(robot.commands(), []);
    robot.sees("没有改动");
    let chat = robot.chat();
    let text = format!("{}！", robot.snap.chats.get(&TEST).unwrap().tail[3].text.raw());
    assert_eq!(robot.types("！\r").commands(), [Command::Correct { chat, line: Seq(12), text }]);
}

#[test]
fn a_phrase_that_was_meant_for_the_composer_is_one_hint() {
    let mut robot = Robot::sits_down();
    robot.types("你好，在吗");
    robot.sees("按 i 才是说话：你好，在吗");
    assert_eq!(robot.console.ui.toasts.len(), 1);
    assert_eq!(robot.console.ui.said.len(), 1);
}

#[test]
fn what_is_quoted_in_a_question_has_one_pair_of_quotes() {
    let mut robot = Robot::sits_down();
    robot.world(|snap| {
        let mut chat = (**snap.chats.get(&TEST).unwrap()).clone();
        let mut line = (*chat.tail[3]).clone();
        line.text = Text::from("“好的”");
        chat.tail[3] = Arc::new(line);
        snap.chats.insert(TEST, Arc::new(chat));
    });
    robot.selects("测试群").types("lkkD");
    robot.sees("“好的”").does_not_see("““");
}

/// This operator's two terminals, the other of which is about to speak somewhere.
fn both(robot: &Robot, composing: Option<ChatRef>) -> News {
    let name = robot.console.ui.settings.operator.name.clone();
    let one = |you, composing| Present {
        name: name.clone(),
        read_only: false,
        since: NOW.wall,
        idle: Duration::ZERO,
        you,
        composing,
    };
    News::Operators(vec![one(true, None), one(false, composing)])
}

#[test]
fn whoever_replies_at_two_terminals_is_told() {
    let mut robot = Robot::sits_down();
    let chat = robot.selects("测试群").chat();
    let news = both(&robot, Some(chat));
    robot.tells(news);
    robot.sees("i 回复（你在另一终端回复中）");
    robot.types("i").sees("你在另一个终端里也正在回复这个会话").sees("别处也在回复");
    let said = robot.console.ui.said.len();
    robot.types("好").waits(Duration::from_secs(6)).types("的");
    robot.does_not_see("另一").does_not_see("别处");
    assert_eq!(robot.console.ui.said.len(), said, "once is enough");
    // It ends there, and begins anew.
    let (ends, begins) = (both(&robot, None), both(&robot, Some(chat)));
    robot.tells(ends);
    robot.does_not_see("另一");
    robot.tells(begins);
    robot.sees("你在另一个终端里也正在回复这个会话");
    // Elsewhere is no matter.
    let elsewhere = "group:888".parse().ok();
    let mut robot = Robot::sits_down();
    let news = both(&robot, elsewhere);
    robot.tells(news);
    robot.selects("测试群").types("i").does_not_see("另一");
}
