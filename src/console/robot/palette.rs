//! Stories of the palette: a chat that is not named is the selected one, and what is missing is named in words.

use super::*;

#[test]
fn without_a_chat_the_selected_one_is_meant_and_told_before_enter() {
    let mut robot = Robot::sits_down();
    let chat = robot.selects("测试群").chat();
    robot.types(":mode draft").sees("测试群 ·");
    let mode = Some(Mode::Draft);
    assert_eq!(robot.types("\r").commands(), [Command::Mode { chat, mode, during: None }]);
    assert_eq!(robot.types(":send hi 你好\r").commands(), [said(chat, "hi 你好")]);
    let set = Command::Set { chat, key: "mode".into(), value: "manual".into() };
    assert_eq!(robot.types(":set mode=manual\r").commands(), [set]);
    let during = Some(Duration::from_secs(3600));
    assert_eq!(
        robot.types(":mode --for 1h muted\r").commands(),
        [Command::Mode { chat, mode: Some(Mode::Muted), during }]
    );
    assert_eq!(robot.types(":retry 12\r").commands(), [Command::Retry { chat, line: Some(Seq(12)) }]);
    assert_eq!(robot.types(":resume\r").commands(), [Command::Resume { chat }]);
}

#[test]
fn a_chat_is_named_by_its_number_or_its_name_too() {
    let mut robot = Robot::sits_down();
    robot.selects("王芳");
    let chat = ChatRef { peer: TEST.peer, account: Some(TEST.account) };
    robot.types(":mode 测试群 draft").sees("测试群 ·");
    assert_eq!(robot.types("\r").commands(), [Command::Mode { chat, mode: Some(Mode::Draft), during: None }]);
    assert_eq!(robot.types(":send 123456 好\r").commands(), [said(chat, "好")]);
    let id = AccessId::Group(GroupId(888));
    assert_eq!(robot.types(":allow 888\r").commands(), [Command::Allow { id, during: None, answer: false }]);
    assert_eq!(robot.types(":whitelist rm 888\r").commands(), [Command::Deny { id }]);
    let id = AccessId::Person(UserId(42));
    assert_eq!(robot.types(":unblock\r").commands(), [Command::Unblock { id }]);
    let plain = ChatRef { account: None, ..chat };
    assert_eq!(robot.types(":send group:123456 好\r").commands(), [said(plain, "好")]);
}

/// Somebody calls himself what an operator is about to say, or as a group is called.
#[test]
fn a_name_that_anybody_may_take_says_nothing_and_lets_nobody_in() {
    let mut robot = Robot::sits_down();
    let called = |robot: &mut Robot, name: &str| {
        robot.world(|snap| {
            let wang = ConversationId { account: SelfId(10001), peer: Peer::Private(UserId(42)) };
            let mut chat = (**snap.chats.get(&wang).unwrap()).clone();
            chat.state.name = Text::from(name);
            snap.chats.insert(wang, Arc::new(chat));
        });
    };
    let chat = robot.selects("测试群").chat();
    called(&mut robot, "你好");
    assert_eq!(robot.types(":send 你好 大家\r").commands(), [said(chat, "你好 大家")]);
    called(&mut robot, "运维群");
    for line in [":allow 运维群\r", ":mode 运维群 muted\r"] {
        assert_eq!(robot.types(line).commands(), [], "{line:?}");
        robot.types("\x1b");
    }
}

#[test]
fn who_is_blocked_is_named_or_asked_about() {
    let mut robot = Robot::sits_down();
    robot.selects("王芳");
    // As by its key: first for how long, then whether.
    assert_eq!(robot.types(":block\r").commands(), []);
    robot.sees("屏蔽");
    assert_eq!(robot.types("\x1b:block --for 7d\r").commands(), []);
    robot.types("\x1b:block private:42 --for 7d\r");
    assert!(matches!(robot.commands()[..], [Command::Block { .. }]));
}

#[test]
fn a_chat_that_does_not_exist_is_no_word_to_send() {
    let mut robot = Robot::sits_down();
    robot.selects("测试群");
    for line in [":send 99999 好\r", ":send grup:5 好\r", ":mode group:0x12 auto\r"] {
        robot.types(line);
        assert_eq!(robot.commands(), [], "{line:?}");
        assert!(!robot.console.ui.layers.is_empty(), "{line:?} can be mended");
        robot.types("\x1b");
    }
}

#[test]
fn a_setting_that_does_not_fit_is_told_before_enter() {
    let mut robot = Robot::sits_down();
    robot.selects("测试群").types(":set mode=manuall").sees("没有“manuall”这个选项");
    robot.types("\x7f").sees("测试群 ·");
}

#[test]
fn what_is_missing_is_named_in_the_readers_words() {
    let mut robot = Robot::sits_down();
    robot.selects("测试群").types(":mode ").sees("还缺：auto、draft、manual、muted");
    robot.types("\x15:set\r").sees("还缺：键=值");
    robot.types("\x15:ask\r").sees("还缺：文字");
    robot.does_not_see("还缺 ");
}

#[test]
fn what_other_programs_call_a_whitelist_leads_there() {
    let mut robot = Robot::sits_down();
    let id = AccessId::Person(UserId(42));
    let allow = Command::Allow { id, during: None, answer: false };
    assert_eq!(robot.types(":whitelist add 42\r").commands(), [allow]);
    assert_eq!(robot.types(":blacklist add person_42\r").commands(), [Command::Block { id, during: None }]);
    robot.types(":whitelist 10001\r").sees("allow");
    assert_eq!(robot.commands(), []);
}

#[test]
fn figures_of_the_bot_are_exported_and_the_console_tells_of_itself() {
    let mut robot = Robot::sits_down();
    robot.types(":export metrics --format csv\r");
    let mut files = robot.wanted.iter().filter_map(|intent| match intent {
        Intent::Export { name, text, .. } => Some((name.clone(), text.clone())),
        _ => None,
    });
    let (name, text) = files.next_back().expect("a file");
    assert_eq!(name, "metrics.csv");
    assert!(text.contains("received,,512\r\n") || text.contains("received,,512\n"), "{text}");
    robot.types(":diag\r").sees("控制台自检");
}

#[test]
fn an_export_without_a_chat_is_of_the_selected_one() {
    let mut robot = Robot::sits_down();
    let chat = robot.selects("测试群").chat();
    for line in [":export chat\r", ":export --format md\r", ":export\r1"] {
        robot.queries();
        robot.types(line);
        let asked = robot.queries();
        let of = |(_, q): &(u64, Query)| matches!(q, Query::History { chat: of, .. } if *of == chat);
        assert!(asked.iter().any(of), "{line:?}: {asked:?}");
    }
}
