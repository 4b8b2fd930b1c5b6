//! Stories of narrowing the views that are not chats.

use super::*;
use crate::console::scene::alarms;
use crate::console::state::View;

#[test]
fn accounts_and_models_are_narrowed_and_the_list_of_chats_is_not() {
    let mut robot = Robot::sits_down();
    robot.types("2").sees("qwen3:8b").sees("deepseek-chat");
    robot.types("/deep").sees("deepseek-chat").does_not_see("qwen3:8b");
    assert_eq!(robot.console.ui.list.filter, "");
    // What is typed stays in force and is shown; keys act on what is left.
    robot.types("\r").sees("/deep").does_not_see("qwen3:8b");
    robot.types("o2");
    let off = Command::Provider { name: "deepseek".into(), to: ProviderSwitch::Off };
    assert_eq!(robot.commands(), [off]);
    robot.types("\x1b").sees("qwen3:8b").does_not_see("/deep");
    robot.types("/!deep\r").sees("qwen3:8b").does_not_see("deepseek-chat");
    robot.types("/\x15没有的").sees("没有匹配的");
    robot.types("\x1b").sees("qwen3:8b").sees("deepseek-chat");
}

#[test]
fn what_needs_somebody_and_alerts_are_narrowed() {
    let mut robot = Robot::sits_down();
    robot.world(|snap| snap.alerts = alarms().alerts.clone());
    robot.types("3").sees("RTX 4090");
    robot.types("/王芳\r").sees("王芳").does_not_see("RTX 4090").does_not_see("张三");
    robot.types("a");
    assert_eq!(robot.commands(), [Command::Approve { item: ItemId(1), text: None }]);
    robot.types("\x1b").sees("RTX 4090");
    assert_eq!(robot.console.ui.view, View::Alerts);
}

fn used(user: i64, peer: Peer, asks: u32) -> Usage {
    Usage {
        day: NOW.day(),
        provider: "qwen3".into(),
        user: UserId(user),
        conversation: ConversationId { peer, ..TEST },
        asks,
        input: 10,
        cached: 0,
        output: 10,
        cost: 0.0,
    }
}

/// The books of two people, one of whom nobody knows by name.
fn books(robot: &mut Robot) {
    robot.types("4\t\t");
    let (tag, _) = robot.queries().into_iter().find(|(_, q)| matches!(q, Query::Usage { .. })).unwrap();
    let rows = vec![used(3, TEST.peer, 7), used(42, Peer::Private(UserId(42)), 5), used(98_765, TEST.peer, 3)];
    robot.tells(News::Page(tag, Page::Usage(rows)));
}

#[test]
fn rows_of_the_books_are_narrowed() {
    let mut robot = Robot::sits_down();
    books(&mut robot);
    robot.sees("98765");
    robot.types("/王芳").sees("王芳").does_not_see("98765");
    robot.types("\x1b").sees("98765");
}

#[test]
fn people_are_told_by_name_where_it_is_known() {
    let mut robot = Robot::sits_down();
    books(&mut robot);
    robot.sees("小明").sees("王芳").sees("98765");
}

#[test]
fn marks_and_filter_are_both_shown() {
    let mut robot = Robot::sits_down();
    robot.selects("测试群").types("  /群\r");
    robot.sees("◆1").sees("/群");
}
