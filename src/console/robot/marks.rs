//! Stories of several chats that are marked: what is done then is done to all of them, and told once.

use super::*;

impl Robot {
    /// Marks chats by their names.
    fn marks(&mut self, names: &[&str]) -> &mut Self {
        for name in names {
            self.selects(name).types(" ");
        }
        assert_eq!(self.console.ui.list.marks.len(), names.len());
        self
    }

    /// The engine answers all that was asked since the last look, in turn.
    fn hears_back(&mut self, mut answers: Vec<Result<Done, Refusal>>) -> &mut Self {
        let wanted = std::mem::take(&mut self.wanted);
        let tags: Vec<u64> = wanted
            .into_iter()
            .filter_map(|i| match i {
                Intent::Command { command: Command::Claim { .. } | Command::Release { .. }, .. } => None,
                Intent::Command { tag, .. } => Some(tag),
                _ => None,
            })
            .collect();
        assert_eq!(tags.len(), answers.len());
        for (tag, answer) in tags.into_iter().zip(answers.drain(..)) {
            self.tells(News::Answer(tag, answer));
        }
        self
    }

    fn toasts(&self) -> Vec<&str> {
        self.console.ui.toasts.iter().map(|t| t.words.as_str()).collect()
    }
}

const fn of(number: i64) -> ChatRef {
    ChatRef { peer: Peer::Group(GroupId(number)), account: Some(SelfId(10001)) }
}

const WANG: ChatRef = ChatRef { peer: Peer::Private(UserId(42)), account: Some(SelfId(10001)) };

#[test]
fn the_last_line_of_each_is_answered() {
    let mut robot = Robot::sits_down();
    robot.marks(&["运维群", "水友群"]).selects("王芳").types("r");
    let wanted =
        [Command::Answer { chat: of(888), line: Some(Seq(41)) }, Command::Retry { chat: of(999), line: Some(Seq(50)) }];
    assert_eq!(robot.commands(), wanted);
    assert!(robot.console.ui.list.marks.is_empty());
}

#[test]
fn the_first_thing_of_each_is_accepted_or_refused_and_told_once() {
    let mut robot = Robot::sits_down();
    robot.marks(&["王芳", "测试群", "运维群"]).types("a");
    robot.hears_back(vec![Ok(Done::Ok), Ok(Done::Ok)]);
    assert_eq!(robot.toasts(), ["2 个会话 · 已处理 · 1 个没有等着的"]);
    robot.marks(&["王芳", "测试群"]).selects("运维群").types("x");
    assert_eq!(robot.commands(), [Command::Reject { item: ItemId(1) }, Command::Reject { item: ItemId(2) }]);
    robot.marks(&["运维群", "水友群"]).selects("王芳").types("a");
    assert_eq!(robot.commands(), []);
    robot.sees("没有要处理的");
}

#[test]
fn what_is_being_written_in_those_that_are_marked_stops() {
    let mut robot = Robot::sits_down();
    robot.world(|snap| snap.attention.clear()).marks(&["测试群", "运维群"]).types("x");
    assert_eq!(robot.commands(), [Command::Stop { chat: of(123_456) }]);
}

#[test]
fn several_answers_are_one_toast_and_one_way_back() {
    let mut robot = Robot::sits_down();
    let inverse = |chat| Command::Mode { chat, mode: None, during: None };
    let changed = |chat| Ok(Done::Changed { undo: Box::new(inverse(chat)) });
    robot.marks(&["测试群", "运维群", "读书会"]).types("m3");
    robot.hears_back(vec![changed(of(888)), Ok(Done::Already), changed(of(123_456))]);
    assert_eq!(robot.toasts(), ["3 个会话 · 人工 · 1 本来就是 · u 撤销"]);
    assert_eq!(robot.types("u").commands(), [inverse(of(888)), inverse(of(123_456))]);
    robot.marks(&["测试群", "运维群"]).types("m3");
    robot.hears_back(vec![Err(Refusal::Role(Role::Admin)), Ok(Done::Already)]);
    let toasts = robot.toasts().join("\n");
    assert!(
        toasts.ends_with("2 个会话 · 人工 · 1 本来就是 · 1 个没成：需要角色 admin") || toasts.contains("1 个没成："),
        "{toasts}"
    );
}

#[test]
fn one_note_is_kept_on_all() {
    let mut robot = Robot::sits_down();
    robot.marks(&["测试群", "运维群"]).types("gNVIP\r");
    let note = |chat| Command::Note { chat, text: "VIP".into() };
    assert_eq!(robot.commands(), [note(of(888)), note(of(123_456))]);
}

#[test]
fn a_setting_is_written_for_all_and_told_once() {
    let mut robot = Robot::sits_down();
    robot.marks(&["测试群", "运维群"]).types("e").sees("设置 · 2 个会话");
    robot.types("trigger.random\r\x150.5\r");
    let set = |chat| Command::Set { chat, key: "trigger.random".into(), value: "0.5".into() };
    assert_eq!(robot.commands(), [set(of(888)), set(of(123_456))]);
    // One that is chosen, not typed; a private chat among them has no triggers to set.
    robot.marks(&["王芳", "运维群"]).types("etrigger").sees("没有匹配");
    robot.types("\x1b");
    robot.types("emode\r").types("2");
    let set = |chat| Command::Set { chat, key: "mode".into(), value: "\"draft\"".into() };
    assert_eq!(robot.commands(), [set(WANG), set(of(888))]);
}

#[test]
fn each_is_exported_to_a_file_of_its_own_and_told_once() {
    let mut robot = Robot::sits_down();
    robot.marks(&["测试群", "运维群"]);
    robot.queries();
    robot.types("gx").sees("导出 · 2 个会话");
    robot.types("1");
    let asked = robot.queries();
    assert_eq!(asked.len(), 2, "{asked:?}");
    for (tag, _) in asked {
        robot.tells(News::Page(tag, Page::Lines { lines: Vec::new(), more: false }));
    }
    let files: Vec<u64> = std::mem::take(&mut robot.wanted)
        .into_iter()
        .filter_map(|i| if let Intent::Export { tag, .. } = i { Some(tag) } else { None })
        .collect();
    for (n, tag) in files.into_iter().enumerate() {
        robot.tells(News::Exported(tag, Ok(format!("/data/exports/{n}.md"))));
    }
    assert_eq!(robot.toasts(), ["2 个会话 · 已导出 · 存在 /data/exports"]);
    assert!(robot.console.ui.list.marks.is_empty());
}

#[test]
fn what_is_for_one_chat_only_says_so() {
    for key in ["i", ">", "gr", "c", "D"] {
        let mut robot = Robot::sits_down();
        robot.marks(&["测试群", "运维群"]).selects("测试群").types(key);
        robot.sees("一次只对一个会话");
        robot.types("hi\r");
        assert_eq!(robot.commands(), [], "{key}");
        assert_eq!(robot.console.ui.list.marks.len(), 2);
    }
    // The marked one alone is one.
    let mut robot = Robot::sits_down();
    robot.marks(&["测试群"]).selects("测试群").types("i好\r");
    assert_eq!(robot.commands(), [said(of(123_456), "好")]);
}

#[test]
fn a_range_is_marked_from_the_last_one_to_here() {
    let mut robot = Robot::sits_down();
    robot.selects("运维群").types("vkkv");
    assert_eq!(robot.console.ui.list.marks.len(), 3, "{}", robot.screen());
    robot.types("\x1b").selects("读书会").types(" ").selects("运维群").types("v");
    assert_eq!(robot.console.ui.list.marks.len(), 3, "{}", robot.screen());
}

#[test]
fn the_menu_is_for_those_that_are_marked() {
    let mut robot = Robot::sits_down();
    robot.marks(&["测试群", "运维群"]).selects("王芳").types("\r");
    robot.sees("2 个会话").sees("回答各自最后一条").does_not_see("发出草稿");
}

#[test]
fn a_row_of_another_view_is_meant_whatever_is_marked() {
    let mut robot = Robot::sits_down();
    robot.marks(&["运维群", "水友群"]).types("3m");
    robot.sees("谁来回答").does_not_see("2 个会话");
}
