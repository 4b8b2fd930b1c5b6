//! Stories of quoting and calling, canned replies, exports and bells.

use super::*;
use crate::config::{Canned, Config, Ring};

impl Robot {
    /// Another configuration is in force.
    fn configured(&mut self, change: impl FnOnce(&mut Config)) -> &mut Self {
        let mut config = (*self.console.ui.config).clone();
        change(&mut config);
        self.tells(News::Config { config: Arc::new(config), origins: Arc::default(), file: "config.toml".into() });
        self
    }

    /// What was written to the terminal beside frames.
    fn rings(&mut self) -> Vec<String> {
        let wanted = std::mem::take(&mut self.wanted);
        let written = wanted.into_iter().filter_map(|i| if let Intent::Write(bytes) = i { Some(bytes) } else { None });
        written.map(|bytes| String::from_utf8(bytes).unwrap()).collect()
    }

    /// Something new waits in a chat.
    fn waits_in(&mut self, number: u64, chat: ConversationId, kind: ItemKind) -> &mut Self {
        let item = Item { since: self.now.wall, conversation: Some(chat), kind, expires: None };
        self.world(|snap| snap.attention.push((ItemId(number), Arc::new(item))))
    }

    fn answers(&mut self, page: Page) -> &mut Self {
        let tag = self.console.ui.tag;
        self.tells(News::Page(tag, page));
        self
    }

    fn files(&mut self) -> Vec<(String, String)> {
        let wanted = std::mem::take(&mut self.wanted);
        let files = wanted.into_iter().filter_map(|i| match i {
            Intent::Export { name, text, .. } => Some((name, text)),
            _ => None,
        });
        files.collect()
    }
}

const WANG: ConversationId = ConversationId { account: SelfId(10001), peer: Peer::Private(UserId(42)) };

fn canned() -> Vec<Canned> {
    let one = |name: &str, text: &str| Canned { name: name.into(), text: text.into() };
    vec![one("稍等", "{name}，请稍等。{x}"), one("营业时间", "我们九点开门，——{bot}/{operator}")]
}

#[test]
fn a_message_is_quoted_and_a_member_called() {
    let mut robot = Robot::sits_down();
    robot.selects("测试群").types("lkk>");
    let quoted = robot.console.ui.line().unwrap().seq;
    robot.sees("引用");
    let chat = robot.chat();
    robot.types("看这里@老");
    robot.sees("Tab@老王");
    robot.types("\t");
    robot.sees("@老王");
    robot.types("谢谢");
    let wanted = robot.types("\r").commands();
    let Command::Send { chat: to, text, quote, at } = &wanted[0] else { panic!("{wanted:?}") };
    assert_eq!((*to, text.as_str(), *quote, at.len()), (chat, "看这里谢谢", Some(quoted), 1));
    // The next message begins without them.
    robot.does_not_see("引用");
    robot.types("还有\r");
    assert_eq!(robot.commands(), [said(chat, "还有")]);
}

#[test]
fn what_stands_in_front_can_be_taken_away_and_comes_back_when_refused() {
    let mut robot = Robot::sits_down();
    robot.selects("测试群").types("lkk>@老\t");
    robot.presses("\x7f");
    robot.does_not_see("@老王");
    robot.sees("引用");
    robot.presses("\x7f");
    robot.does_not_see("引用");
    robot.types("\x1b>好\r");
    let tag = robot.console.ui.tag;
    robot.commands();
    robot.tells(News::Answer(tag, Err(Refusal::UnknownLine)));
    robot.sees("引用");
    robot.sees("好");
}

#[test]
fn an_address_of_mail_calls_nobody_and_a_friend_is_not_called() {
    let mut robot = Robot::sits_down();
    robot.selects("测试群").types("ia@老");
    assert_eq!(robot.console.ui.offered(), None);
    robot.types(" @");
    assert!(robot.console.ui.offered().is_some_and(|(_, members)| members.len() > 1));
    robot.types("\x15\x1bh").selects("王芳").types("i\x15@");
    assert_eq!(robot.console.ui.offered(), None);
}

#[test]
fn a_canned_reply_is_chosen_and_can_be_changed() {
    let mut robot = Robot::sits_down();
    robot.configured(|c| c.console.canned = canned());
    robot.world(|snap| snap.attention.clear()).selects("王芳").types("i您好，").presses("\x12");
    robot.sees("常用回复");
    // Typing narrows the list.
    robot.types("稍\r!");
    let chat = robot.chat();
    assert_eq!(robot.types("\r").commands(), [said(chat, "您好，王芳，请稍等。{x}!")]);
}

#[test]
fn the_palette_knows_canned_replies_and_opens_the_composer() {
    let mut robot = Robot::sits_down();
    robot.configured(|c| c.console.canned = canned());
    robot.selects("测试群").types(":canned 营业\r");
    let chat = robot.chat();
    let bot = robot.console.ui.snap.accounts[0].nickname.shown().to_owned();
    let operator = robot.console.ui.settings.operator.name.shown().to_owned();
    assert_eq!(robot.types("\r").commands(), [said(chat, &format!("我们九点开门，——{bot}/{operator}"))]);
    robot.types("\x1b:canned 没有\r");
    robot.sees("没有这条常用回复");
}

#[test]
fn without_canned_replies_it_is_said_where_they_are_written() {
    let mut robot = Robot::sits_down();
    robot.selects("测试群").types("gr");
    robot.sees("[[console.canned]]");
}

#[test]
fn a_chat_is_exported_page_by_page() {
    let mut robot = Robot::sits_down();
    robot.selects("测试群");
    robot.queries();
    robot.types("gx");
    robot.sees("全部 · Markdown");
    robot.types("2");
    let (_, query) = robot.queries().pop().unwrap();
    let Query::History { after: Some(Seq(0)), limit: 1000, .. } = query else { panic!("{query:?}") };
    let mut lines: Vec<Line> = robot.snap.chats.get(&TEST).unwrap().tail.iter().map(|l| (**l).clone()).collect();
    let last = lines.last().unwrap().seq;
    lines.reverse();
    robot.answers(Page::Lines { lines: lines.clone(), more: true });
    assert_eq!(robot.files(), [], "there is more");
    robot.wanted.clear();
    lines.truncate(1);
    lines[0].seq = Seq(last.0 + 1);
    lines[0].text = Text::from("=末\x1b[2J");
    robot.answers(Page::Lines { lines, more: false });
    let (name, text) = robot.files().pop().unwrap();
    assert_eq!(name, "group_123456_10001.csv");
    assert!(text.starts_with("\u{feff}time,seq,") && !text.contains('\x1b'), "{text}");
    assert!(text.lines().last().unwrap().contains(",'=末"), "{text}");
    let tag = robot.console.ui.tag;
    robot.tells(News::Exported(tag, Ok("/data/exports/x.csv".into())));
    robot.sees("已存到 /data/exports/x.csv");
}

#[test]
fn the_audit_and_other_times_are_exported_by_the_palette() {
    let mut robot = Robot::sits_down();
    robot.queries();
    robot.types(":export audit --format txt --since 2h\r");
    let (_, query) = robot.queries().pop().unwrap();
    assert!(matches!(query, Query::Audit { .. }), "{query:?}");
    let deed = |ago: u64| Audit {
        at: NOW.wall - Duration::from_secs(ago),
        operator: Text::from("li"),
        command: format!("{ago}"),
        result: "ok".into(),
    };
    robot.answers(Page::Audit(vec![deed(60), deed(90), deed(9000)]));
    let (name, text) = robot.files().pop().unwrap();
    assert_eq!(name, "audit.txt");
    assert!(text.ends_with("li: 90 → ok\n23:13:20 li: 60 → ok\n") && !text.contains("9000"), "{text}");
    robot.types(":export group:1 --format exe\r");
    robot.sees("md");
    assert_eq!(robot.queries(), []);
}

#[test]
fn enter_waits_for_what_is_being_looked_for() {
    let mut robot = Robot::sits_down();
    robot.types("gf雨\r\r");
    assert!(!robot.console.ui.layers.is_empty(), "the page is still there");
    let line = (**robot.snap.chats.get(&TEST).unwrap().tail.last().unwrap()).clone();
    robot.answers(Page::Lines { lines: vec![line], more: false }).types("\r");
    assert!(robot.console.ui.layers.is_empty());
    assert_eq!(robot.console.ui.chat(), Some(TEST));
}

#[test]
fn a_pasted_book_is_forgotten_before_anything_else() {
    let mut robot = Robot::sits_down();
    robot.selects("运维群").types("i半句话\x1bh").selects("测试群").types("i").pastes(&"很长\n".repeat(200_000));
    let kept = robot.console.memory();
    assert!(kept.len() <= Command::SCREEN && kept.contains("半句话"), "{} bytes", kept.len());
    let mut again = Robot::sits_down();
    again.tells(News::Remembered(Some(kept)));
    again.selects("运维群").sees("半句话");
}

#[test]
fn what_is_new_rings_once_in_a_while_and_never_where_one_looks() {
    let mut robot = Robot::sits_down();
    let unknown = || ItemKind::Unknown { line: Seq(1) };
    robot.world(|_| {}).selects("测试群").rings();
    robot.waits_in(50, WANG, unknown());
    assert_eq!(robot.rings(), ["\x07"]);
    robot.waits_in(51, WANG, unknown());
    assert_eq!(robot.rings(), [] as [&str; 0], "just now");
    robot.waits(Duration::from_secs(6)).waits_in(52, TEST, unknown());
    assert_eq!(robot.rings(), [] as [&str; 0], "it is on the screen");
    robot.presses("\x1b[O").waits_in(53, TEST, unknown());
    assert_eq!(robot.rings(), ["\x07"], "nobody looks at the screen");
    robot.presses("\x1b[I").waits(Duration::from_secs(6));
    let suggestion = ItemKind::Draft { answers: Seq(1), text: "好".into(), making: Arc::default(), suggestion: true };
    robot.waits_in(54, WANG, suggestion);
    assert_eq!(robot.rings(), [] as [&str; 0], "nobody has to act");
    robot.types("gb").waits_in(55, WANG, unknown());
    robot.sees("提示音关了");
    assert_eq!(robot.rings(), [] as [&str; 0]);
}

#[test]
fn an_alert_rings_once_unless_it_is_hushed_or_its_row_has_rung() {
    let mut robot = Robot::sits_down();
    robot.configured(|c| c.console.notify = Ring::Osc9).world(|_| {}).selects("测试群").rings();
    let fires = |robot: &mut Robot, chosen: fn(&AlertView) -> bool| {
        let alerts = crate::console::scene::alarms().alerts.iter().filter(|v| chosen(v)).cloned().collect();
        robot.waits(Duration::from_secs(6)).world(|snap| snap.alerts = Arc::new(alerts));
        robot.rings().concat()
    };
    assert_eq!(
        fires(&mut robot, |_| true),
        "",
        "down has a row, the rest is covered, silenced, acked, pending or over"
    );
    let mut all = (*crate::console::scene::alarms().alerts).clone();
    all.iter_mut().for_each(|view| view.silenced = None);
    robot.waits(Duration::from_secs(6)).world(|snap| snap.alerts = Arc::new(all.clone()));
    let rung = robot.rings().concat();
    assert!(rung.starts_with("\x07\x1b]9;") && rung.contains("RTX 4090"), "{rung:?}");
    robot.waits(Duration::from_secs(6)).world(|snap| snap.counters.received += 1);
    assert_eq!(robot.rings(), [] as [&str; 0]);
}

#[test]
fn a_desktop_is_told_in_the_terminals_way() {
    let mut robot = Robot::sits_down();
    robot.configured(|c| c.console.notify = Ring::Osc777).world(|_| {}).selects("测试群").rings();
    robot.world(|snap| snap.accounts[0].connected = false);
    let rung = robot.rings().concat();
    assert!(rung.starts_with("\x07\x1b]777;notify;home;QQ ") && rung.contains("不在线"), "{rung:?}");
    robot.configured(|c| c.console.notify = Ring::Off).waits(Duration::from_secs(6));
    robot.waits_in(60, WANG, ItemKind::Paused);
    assert_eq!(robot.rings(), [] as [&str; 0]);
}

#[test]
fn forgetting_a_chat_is_asked_first_and_enter_is_no_answer() {
    let mut robot = Robot::sits_down();
    let chat = robot.selects("测试群").chat();
    robot.types("gn").sees("测试群").sees("y 是");
    assert_eq!(robot.types("\r").commands(), []);
    assert_eq!(robot.types("n").commands(), []);
    assert_eq!(robot.types("gny").commands(), [Command::New { chat }]);
    // The palette asks, too, of whichever chat.
    robot.types(":new group:888\r").sees("y 是").sees("运维群");
    assert_eq!(robot.commands(), []);
    robot.types("n");
    // For all that are marked, with their number.
    robot.selects("水友群").types("  gn").sees("2 个会话");
    assert_eq!(robot.types("y").commands().len(), 2);
    assert!(robot.console.ui.list.marks.is_empty());
}
