//! Stories of answering: replies, drafts, corrections, what is asked twice and what is taken back.

use super::*;

#[test]
fn a_reply_is_sent_once() {
    let mut robot = Robot::sits_down();
    robot.selects("测试群").types("i你好");
    robot.sees("你好");
    let chat = robot.chat();
    assert_eq!(robot.types("\r\r").commands(), [said(chat, "你好")]);
}

#[test]
fn a_refused_reply_comes_back() {
    let mut robot = Robot::sits_down();
    robot.selects("测试群").types("i你好\r");
    let tag = robot.console.ui.tag;
    robot.tells(News::Answer(tag, Err(Refusal::Role(Role::Admin))));
    robot.sees("你好");
}

#[test]
fn the_refused_group_is_let_in_and_answered() {
    let mut robot = Robot::sits_down();
    robot.selects("新群").types("w");
    robot.sees("放行，并回答最后一条");
    let id = AccessId::Group(GroupId(777));
    assert_eq!(robot.types("\r").commands(), [Command::Allow { id, during: None, answer: true }]);
}

#[test]
fn the_next_thing_includes_who_was_refused() {
    let mut robot = Robot::sits_down();
    let mut seen = Vec::new();
    for _ in 0..6 {
        robot.types("!");
        seen.push(robot.console.ui.chat().map(|id| robot.console.ui.name_of(id)));
    }
    for name in ["王芳", "测试群", "新群"] {
        assert!(seen.contains(&Some(name.to_owned())), "{seen:?}");
    }
}

#[test]
fn a_draft_is_approved() {
    let mut robot = Robot::sits_down();
    robot.selects("王芳").types("a");
    assert_eq!(robot.commands(), [Command::Approve { item: ItemId(1), text: None }]);
}

#[test]
fn a_draft_is_edited_first() {
    let mut robot = Robot::sits_down();
    robot.selects("王芳").types("i");
    robot.sees("您好，已经为您催促仓库");
    robot.types("谢谢\r");
    let text = "您好，已经为您催促仓库，今晚发出。谢谢".to_owned();
    assert_eq!(robot.commands(), [Command::Approve { item: ItemId(1), text: Some(text) }]);
    robot.types("x");
    assert_eq!(robot.commands(), [Command::Reject { item: ItemId(1) }]);
}

#[test]
fn what_the_bot_said_is_corrected() {
    let mut robot = Robot::sits_down();
    robot.selects("测试群").types("lkkk");
    assert_eq!(robot.console.ui.line().unwrap().seq, Seq(11));
    robot.types("jc\x15明天晴\r");
    let chat = robot.chat();
    assert_eq!(robot.commands(), [Command::Correct { chat, line: Seq(12), text: "明天晴".into() }]);
}

#[test]
fn a_reply_is_written_again_and_what_was_ignored_answered() {
    let mut robot = Robot::sits_down();
    robot.selects("测试群").types("lkk");
    let chat = robot.chat();
    assert_eq!(robot.types("r").commands(), [Command::Retry { chat, line: Some(Seq(12)) }]);
    assert_eq!(robot.types("jr").commands(), [Command::Answer { chat, line: Some(Seq(13)) }]);
}

#[test]
fn what_is_being_written_is_stopped() {
    let mut robot = Robot::sits_down();
    robot.world(|snap| snap.attention.retain(|(id, _)| *id != ItemId(2)));
    robot.selects("测试群").types("x");
    let chat = robot.chat();
    assert_eq!(robot.commands(), [Command::Stop { chat }]);
}

#[test]
fn recalling_asks_and_enter_is_no_yes() {
    let mut robot = Robot::sits_down();
    robot.selects("测试群").types("lkkD\r\r");
    robot.sees("y 是");
    assert_eq!(robot.commands(), []);
    let chat = robot.chat();
    assert_eq!(robot.types("y").commands(), [Command::Recall { chat, line: Seq(12) }]);
    assert_eq!(robot.types("Dny").commands(), []);
}

#[test]
fn blocking_asks() {
    let mut robot = Robot::sits_down();
    robot.selects("王芳").types("B1\r");
    assert_eq!(robot.commands(), []);
    let id = AccessId::Person(UserId(42));
    assert_eq!(robot.types("y").commands(), [Command::Block { id, during: None }]);
}

#[test]
fn stopping_the_bot_needs_its_name() {
    let mut robot = Robot::sits_down();
    robot.types(":shutdown\ry\r");
    assert_eq!(robot.commands(), []);
    robot.types("\x15home\r");
    assert_eq!(robot.commands(), [Command::Shutdown]);
}

#[test]
fn a_change_is_taken_back() {
    let mut robot = Robot::sits_down();
    robot.selects("测试群").types("m3");
    let chat = robot.chat();
    assert_eq!(robot.commands(), [Command::Mode { chat, mode: Some(Mode::Manual), during: None }]);
    let inverse = Command::Mode { chat, mode: None, during: None };
    robot.agrees(Done::Changed { undo: Box::new(inverse.clone()) });
    robot.sees("u 撤销");
    assert_eq!(robot.types("u").commands(), [inverse]);
    assert_eq!(robot.types("u").commands(), []);
}

#[test]
fn a_change_of_long_ago_is_not_taken_back() {
    let mut robot = Robot::sits_down();
    robot.selects("测试群").types("m3");
    let chat = robot.chat();
    robot.agrees(Done::Changed { undo: Box::new(Command::Mode { chat, mode: None, during: None }) });
    robot.commands();
    robot.waits(Duration::from_secs(31));
    assert_eq!(robot.types("u").commands(), []);
}

#[test]
fn several_are_marked_and_changed_together() {
    let mut robot = Robot::sits_down();
    robot.selects("水友群").types("  ");
    let marked = robot.console.ui.list.marks.len();
    robot.types("m");
    robot.sees(&format!("{marked} 个会话"));
    robot.types("1");
    assert_eq!(robot.commands().len(), marked);
    assert!(robot.console.ui.list.marks.is_empty());
    robot.selects("水友群").types("  B");
    robot.types("1");
    robot.sees("2 个会话");
    assert_eq!(robot.types("y").commands().len(), 2);
}

#[test]
fn read_only_touches_nothing() {
    let mut robot = Robot::sits_down();
    robot.console.ui.settings.read_only = true;
    robot.selects("王芳").types("aixwmceDBr");
    assert_eq!(robot.commands(), []);
    robot.sees("只读：看得见，动不了");
    // The palette says it in the same words.
    robot.waits(Duration::from_secs(6)).types("\x1b:allow group_1\r");
    robot.sees("只读：看得见，动不了");
}

#[test]
fn a_viewer_is_told_what_is_missing() {
    let mut robot = Robot::sits_down();
    robot.console.ui.settings.operator.role = Role::Viewer;
    robot.selects("王芳").types("a");
    assert_eq!(robot.commands(), []);
    robot.sees("没有权限：需要");
}

#[test]
fn whatever_the_engine_can_take_back_u_takes_back() {
    let id = AccessId::Group(GroupId(123_456));
    let chat = ChatRef { peer: TEST.peer, account: Some(TEST.account) };
    let inverses = [
        ("B4y", Command::Unblock { id }),
        ("wj\r", Command::Deny { id }),
        ("m2", Command::Mode { chat, mode: None, during: None }),
        ("gp\r", Command::Persona { chat, name: None }),
        ("gm\r", Command::Model { chat, provider: None }),
        ("gNx\r", Command::Note { chat, text: String::new() }),
        ("etrigger.group\r\x15[\"at\"]\r", Command::Unset { chat, key: "trigger.group".into() }),
        (":word add 刷单\r", Command::Word { word: "刷单".into(), add: false }),
        (":set group:123456 trigger.random=0.5\r", Command::Unset { chat, key: "trigger.random".into() }),
        ("2jjjo2", Command::Provider { name: "deepseek".into(), to: ProviderSwitch::On }),
    ];
    for (keys, inverse) in inverses {
        let mut robot = Robot::sits_down();
        robot.selects("测试群").types(keys);
        assert_eq!(robot.commands().len(), 1, "{keys:?}\n{}", robot.screen());
        robot.agrees(Done::Changed { undo: Box::new(inverse.clone()) }).sees("u 撤销");
        assert_eq!(robot.types("u").commands(), std::slice::from_ref(&inverse), "{keys:?}");
        // The engine could undo the undoing; pressing `u` twice is no wish for that.
        robot.agrees(Done::Changed { undo: Box::new(inverse) }).sees("已撤销").does_not_see("u 撤销");
        assert_eq!(robot.types("u").commands(), [], "{keys:?}");
    }
}

#[test]
fn what_cannot_be_taken_back_says_so_before_u_goes_on_to_what_was_before() {
    let mut robot = Robot::sits_down();
    robot.selects("测试群").types("m2");
    let inverse = Command::Mode { chat: robot.chat(), mode: None, during: None };
    robot.agrees(Done::Changed { undo: Box::new(inverse.clone()) });
    robot.types("gny").agrees(Done::Ok);
    robot.commands();
    assert_eq!(robot.types("u").commands(), []);
    robot.sees("撤销不了").sees("再按 u 撤销");
    assert_eq!(robot.types("u").commands(), [inverse]);
    // Of long ago, nothing is said.
    let mut robot = Robot::sits_down();
    robot.selects("测试群").types("gny").agrees(Done::Ok).waits(Duration::from_secs(31));
    robot.types("u").sees("没有可撤销的改动");
}
