//! Stories of settings: a value is checked where it is typed, and what was typed is never lost.

use super::*;

/// The screen without frames, blanks and breaks: what is said, however it is wrapped.
fn run_together(robot: &Robot) -> String {
    robot.screen().chars().filter(|c| !c.is_whitespace() && *c != '│').collect()
}

/// At the prompt of one setting of the test group, with an empty line.
fn at_the_prompt(robot: &mut Robot, key: &str) {
    robot.selects("测试群").types("e").types(key).types("\r\x15");
    robot.sees(&format!("{key} ="));
}

#[test]
fn a_value_that_does_not_fit_is_told_at_the_prompt_and_kept() {
    let mut robot = Robot::sits_down();
    at_the_prompt(&mut robot, "limits.per_user");
    robot.types("often\r");
    assert_eq!(robot.commands(), [], "nothing leaves");
    robot.sees("often").sees("6/min burst 3");
    robot.types("\x15\"6/min\"\r");
    let chat = robot.chat();
    let key = "limits.per_user".to_owned();
    assert_eq!(robot.commands(), [Command::Set { chat, key, value: "\"6/min\"".into() }]);
}

#[test]
fn a_value_that_the_file_refuses_comes_back_with_the_reason() {
    let mut robot = Robot::sits_down();
    at_the_prompt(&mut robot, "context.idle");
    robot.types("\"2h\"\r");
    assert_eq!(robot.commands().len(), 1);
    let trouble = ConfigTrouble { zh: "文件是只读的".into(), en: "the file is read-only".into() };
    let tag = robot.console.ui.tag;
    robot.tells(News::Answer(tag, Err(Refusal::Config(trouble))));
    robot.sees("context.idle =").sees("\"2h\"").sees("文件是只读的");
}

#[test]
fn what_was_refused_can_be_read_whole_afterwards() {
    for width in [45, 120] {
        let mut robot = Robot::at((width, 30), Lang::Zh);
        let zh = format!("要写成一个时长，例如 2h，{}，到此为止（/etc/qqdeck/config.toml）", "很长的理由".repeat(20));
        let trouble = ConfigTrouble { zh: zh.clone(), en: String::new() };
        robot.console.ui.pending.insert(77, crate::console::state::Pending::Quiet);
        robot.tells(News::Answer(77, Err(Refusal::Config(trouble))));
        // The reason is what is seen first.
        robot.sees("要写成一个时长");
        robot.types("g!");
        assert!(robot.console.ui.toasts.is_empty(), "nothing lies over what is read");
        let whole: String = zh.chars().filter(|c| !c.is_whitespace()).collect();
        assert!(run_together(&robot).contains(&whole), "{width}:\n{}", robot.screen());
    }
}
