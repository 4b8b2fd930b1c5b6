//! Stories of what is not said yet: drafts that wait, corrections half typed, and whose keys are whose.

use super::*;
use crate::console::state::RowKey;

const WANG: ConversationId = ConversationId { account: SelfId(10001), peer: Peer::Private(UserId(42)) };

#[test]
fn a_draft_is_read_where_it_is_sent() {
    let mut robot = Robot::sits_down();
    robot.selects("王芳");
    robot.sees("✎草稿").sees("已经为您催促仓库").sees("a发出 i改 x否");
    let mut english = Robot::at((120, 40), Lang::En);
    english.selects("王芳");
    english.sees("✎draft").sees("a sends i edits x drops");
}

#[test]
fn of_two_drafts_the_keys_stand_at_the_one_that_they_act_on() {
    let mut robot = Robot::sits_down();
    robot.world(|snap| {
        let mut second = (*snap.attention[0].1).clone();
        if let ItemKind::Draft { text, .. } = &mut second.kind {
            *text = "第二份草稿".into();
        }
        snap.attention.push((ItemId(9), Arc::new(second)));
    });
    robot.selects("王芳");
    let screen = robot.screen();
    let place = |words: &str| screen.find(words).unwrap_or_else(|| panic!("{words} is not on\n{screen}"));
    assert!(place("仓库") < place("a发出") && place("a发出") < place("第二份草稿"), "{screen}");
    assert_eq!(screen.matches("a发出").count(), 1, "{screen}");
    robot.types("a");
    assert_eq!(robot.commands(), [Command::Approve { item: ItemId(1), text: None }]);
}

#[test]
fn a_long_draft_is_cut_and_the_composer_has_it_whole() {
    let mut robot = Robot::sits_down();
    robot.world(|snap| {
        let mut long = (*snap.attention[0].1).clone();
        if let ItemKind::Draft { text, .. } = &mut long.kind {
            *text = (0..60).map(|n| format!("第{n}行\n")).collect();
        }
        snap.attention[0].1 = Arc::new(long);
    });
    robot.selects("王芳");
    robot.sees("第0行").sees("第11行").sees("↓49").does_not_see("第12行");
    robot.types("i");
    robot.sees("第59行");
}

#[test]
fn a_correction_takes_no_message_and_becomes_none() {
    let mut robot = Robot::sits_down();
    robot.selects("测试群").types("i我写了一半\x1b");
    let chat = robot.chat();
    robot.commands();
    robot.types("c\x15改过的\x1b");
    robot.sees("我写了一半").does_not_see("改过的");
    robot.types("c");
    robot.sees("改过的").does_not_see("我写了一半");
    robot.types("\x1bi\r");
    let said: Vec<_> = robot.commands().into_iter().filter(|c| matches!(c, Command::Send { .. })).collect();
    assert_eq!(said, [super::said(chat, "我写了一半")]);
}

#[test]
fn a_correction_that_was_refused_is_still_a_correction() {
    let mut robot = Robot::sits_down();
    robot.selects("测试群").types("c\x15改过的\r");
    let corrects = |i: &Intent| match i {
        Intent::Command { tag, command: Command::Correct { .. }, .. } => Some(*tag),
        _ => None,
    };
    let tag = robot.wanted.iter().find_map(corrects).unwrap();
    robot.tells(News::Answer(tag, Err(Refusal::OnItsWay)));
    robot.does_not_see("改过的");
    robot.types("i\r");
    assert!(robot.commands().iter().all(|c| !matches!(c, Command::Send { .. })));
    robot.types("c");
    robot.sees("改过的");
}

#[test]
fn where_no_chat_is_shown_none_is_acted_on() {
    for view in ["2", "4", "5"] {
        let mut robot = Robot::sits_down();
        robot.selects("测试群").types(view);
        robot.commands();
        for key in ["r", "x", "y"] {
            robot.types(key);
        }
        let acted = robot.commands();
        // On the view of accounts, keys have things of their own.
        let of_chats = |c: &Command| matches!(c, Command::Retry { .. } | Command::Answer { .. } | Command::Stop { .. });
        assert!(!acted.iter().any(of_chats), "{view}: {acted:?}");
    }
}

#[test]
fn keys_of_the_last_row_fit_what_is_selected() {
    let mut robot = Robot::sits_down();
    robot.types("gg");
    assert!(matches!(robot.console.ui.list.selected, Some(RowKey::Account(_))));
    robot.sees("R重启").does_not_see("w放行");
    robot.types("j");
    assert!(matches!(robot.console.ui.list.selected, Some(RowKey::Provider(_))));
    robot.sees("r重试 o开关").does_not_see("w放行");
    robot.types("2");
    robot.sees("r重试").does_not_see("r重写");
    robot.types("1");
    robot.selects("王芳");
    robot.sees("i回复");
}

#[test]
fn what_sending_changes_stands_in_front_of_what_is_typed() {
    let mut robot = Robot::at((120, 40), Lang::Zh);
    robot.selects("测试群").types("i");
    robot.sees("(自动，发后转人工30分)");
    let mut narrow = Robot::at((80, 24), Lang::Zh);
    narrow.selects("测试群").types("i");
    narrow.sees("发后转人工30分");
    narrow.types("\x1b");
    narrow.does_not_see("发后转人工");
}

#[test]
fn a_rule_with_an_end_is_seen_with_what_is_left_of_it() {
    let mut robot = Robot::sits_down();
    let grant = |effect, minutes: i64, robot: &Robot| Grant {
        id: AccessId::from(WANG.peer),
        effect,
        until: Wall(robot.now.wall.0 + minutes * 60_000 + 1000),
        by: Text::from("li"),
    };
    robot.selects("王芳").types("w");
    robot.sees("不在白名单里");
    robot.types("\x1b");
    let allow = grant(GrantEffect::Allow, 59, &robot);
    robot.world(|snap| snap.grants.push(allow)).types("w");
    robot.sees("临时放行，还剩 59分");
    robot.types("\x1b");
    let block = grant(GrantEffect::Block, 5, &robot);
    robot.world(|snap| snap.grants.push(block)).types("w");
    robot.sees("屏蔽中，还剩 5分");
}

#[test]
fn what_stands_written_comes_before_what_else_waits_in_a_chat() {
    let mut robot = Robot::sits_down();
    robot.world(|snap| {
        let handover = ItemKind::Handover { line: Seq(15) };
        let since = snap.attention[0].1.since;
        let item = Item { since, conversation: Some(WANG), kind: handover, expires: None };
        snap.attention.insert(0, (ItemId(0), Arc::new(item)));
    });
    robot.selects("王芳");
    robot.sees("a发出");
    robot.types("a");
    assert_eq!(robot.commands(), [Command::Approve { item: ItemId(1), text: None }]);
}

#[test]
fn why_a_message_has_no_answer_yet_is_told() {
    let mut robot = Robot::sits_down();
    robot.selects("王芳").types("K");
    robot.sees("✎ 草稿 等人过目");
}

#[test]
fn the_way_out_of_the_composer_is_seen_on_a_phone() {
    let mut robot = Robot::at((45, 12), Lang::Zh);
    robot.types("G\ri");
    robot.sees("Enter发送").sees("Esc收起");
}
