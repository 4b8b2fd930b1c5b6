//! Stories of the audit: who did what, in words, and the keys on that half of the view.

use super::*;

/// At the audit, with these deeds, the newest first.
fn at_the_audit(size: (u16, u16), lang: Lang, deeds: &[(&str, Command, &str)]) -> Robot {
    let mut robot = Robot::at(size, lang);
    let row = |(who, command, result): &(&str, Command, &str)| Audit {
        at: NOW.wall,
        operator: Text::from(*who),
        command: serde_json::to_string(command).unwrap(),
        result: (*result).into(),
    };
    robot.console.ui.log.audit = deeds.iter().map(row).collect();
    robot.types("5\t");
    robot
}

fn test_group() -> ChatRef {
    ChatRef { peer: TEST.peer, account: Some(TEST.account) }
}

fn deeds() -> Vec<(&'static str, Command, &'static str)> {
    let chat = test_group();
    vec![
        ("li", said(chat, "好的，\n马上"), "ok"),
        ("zhang", Command::Mode { chat, mode: Some(Mode::Muted), during: Some(Duration::from_secs(3600)) }, "already"),
        ("wang", Command::Allow { id: AccessId::Group(GroupId(777)), during: None, answer: false }, "role"),
        ("QQ 5", Command::Set { chat, key: "reply.quote".into(), value: "\"never\"".into() }, "config"),
    ]
}

#[test]
fn what_was_done_is_told_in_the_readers_language() {
    let robot = at_the_audit((120, 24), Lang::Zh, &deeds());
    robot.sees("成功").sees("发送 测试群 “好的， 马上”");
    robot.sees("本来如此").sees("模式 测试群 静音 1 小时");
    robot.sees("没有权限").sees("放行 新群");
    robot.sees("配置没改").sees("设置 测试群 reply.quote = \"never\"");
    robot.does_not_see("{").does_not_see("ok ");
    let robot = at_the_audit((120, 24), Lang::En, &deeds());
    robot.sees("ok").sees("send 测试群 “好的， 马上”");
    robot.sees("not permitted").sees("let in 新群");
}

#[test]
fn what_no_program_knows_any_more_is_shown_as_it_was_kept() {
    let mut robot = Robot::at((120, 24), Lang::Zh);
    let row = Audit { at: NOW.wall, operator: "li".into(), command: "{\"fly\":1}".into(), result: "ok".into() };
    robot.console.ui.log.audit = vec![row];
    robot.types("5\t").sees("{\"fly\":1}");
}

#[test]
fn the_filter_acts_on_the_half_that_has_the_keys() {
    let mut robot = at_the_audit((120, 24), Lang::Zh, &deeds());
    robot.types("/新群").sees("放行 新群");
    robot.does_not_see("静音 1 小时").does_not_see("好的");
    robot.types("\r").sees("/新群");
    assert_eq!(robot.console.ui.log.filter, "", "the log is another matter");
    robot.types("\x1b").sees("静音 1 小时");
    // The other way round, by a name.
    robot.types("/!测试群\r").sees("放行 新群");
    robot.does_not_see("好的");
    robot.types("\x1b/没有这样的\r").sees("没有符合的");
    robot.types("\x1b\t/等待\r");
    assert_eq!(robot.console.ui.log.filter, "等待");
}

#[test]
fn the_level_means_what_was_refused() {
    let mut robot = at_the_audit((120, 24), Lang::Zh, &deeds());
    robot.types("v").sees("放行 新群").sees("只看没做成的");
    robot.does_not_see("好的").does_not_see("静音 1 小时");
    assert_eq!(robot.console.ui.log.level, LogLevel::Trace, "the log is another matter");
    robot.types("v").sees("静音 1 小时");
    robot.types("v\x1b").sees("静音 1 小时");
}

#[test]
fn a_long_deed_is_broken_where_it_is_wanted() {
    let long = format!("{}完", "很长的一句话，".repeat(30));
    let deeds = [("li", said(test_group(), &long), "ok"), ("li", Command::Reload, "ok")];
    let mut robot = at_the_audit((80, 24), Lang::Zh, &deeds);
    robot.does_not_see("完”");
    robot.types("Z").sees("完”");
    robot.sees("重读配置");
    assert!(robot.screen().contains("很长"), "the first row stays where it is selected");
}

#[test]
fn the_end_of_the_audit_is_the_end_of_what_is_shown() {
    let deeds: Vec<_> = (0..60).map(|n| ("li", said(test_group(), &format!("第{n}句")), "ok")).collect();
    let mut robot = at_the_audit((80, 24), Lang::Zh, &deeds);
    robot.sees("第0句");
    robot.types("G").sees("第59句");
    robot.types("/第5\r").sees("第5句").sees("第59句");
    robot.does_not_see("第0句");
}
