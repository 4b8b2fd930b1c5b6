//! Stories of tired fingers: what is pasted, mistyped or pressed in the wrong place does no harm, and says so.

use super::*;

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
