//! Stories: somebody sits at the console, presses keys, and what they want done and see is told.

mod acting;
mod beside;
mod dress;

use std::sync::Arc;
use std::time::Duration;

use super::face::{Intent, News};
use super::scene::{NOW, town};
use super::screens::{console, words};
use super::{Console, view};
use crate::domain::*;
use crate::words::Lang;

/// A person at a console, with a clock.
struct Robot {
    console: Console,
    now: Now,
    snap: Arc<Snapshot>,
    /// What was wanted and not looked at yet.
    wanted: Vec<Intent>,
}

impl Robot {
    fn sits_down() -> Self {
        Self::at((80, 24), Lang::Zh)
    }

    fn at(size: (u16, u16), lang: Lang) -> Self {
        Self { console: console(size, lang), now: NOW, snap: town(), wanted: Vec::new() }
    }

    fn tells(&mut self, news: News) {
        let wanted = self.console.tell(news, self.now);
        self.wanted.extend(wanted);
    }

    /// Types, one piece a key; Esc is Esc only after a moment.
    fn types(&mut self, keys: &str) -> &mut Self {
        for key in keys.chars() {
            self.tells(News::Bytes(key.to_string().into_bytes()));
            if key == '\x1b' {
                self.waits(Duration::from_millis(100));
            }
        }
        self
    }

    /// A key that is several bytes.
    fn presses(&mut self, bytes: &str) -> &mut Self {
        self.tells(News::Bytes(bytes.as_bytes().to_vec()));
        self
    }

    fn pastes(&mut self, text: &str) -> &mut Self {
        self.tells(News::Bytes(format!("\x1b[200~{text}\x1b[201~").into_bytes()));
        self
    }

    fn waits(&mut self, time: Duration) -> &mut Self {
        self.now.mono = self.now.mono + time;
        self.now.wall = Wall(self.now.wall.0 + time.as_millis() as i64);
        self.tells(News::Time);
        self
    }

    /// Goes to a chat of the list by its name.
    fn selects(&mut self, name: &str) -> &mut Self {
        self.types("gg");
        for _ in 0..20 {
            if self.console.ui.chat().is_some_and(|id| self.console.ui.name_of(id) == name) {
                return self;
            }
            self.types("j");
        }
        panic!("no chat {name} in\n{}", self.screen());
    }

    /// The world goes on.
    fn world(&mut self, change: impl FnOnce(&mut Snapshot)) -> &mut Self {
        let snap = Arc::make_mut(&mut self.snap);
        snap.version += 1;
        change(snap);
        let snap = Arc::clone(&self.snap);
        self.tells(News::Snapshot(snap));
        self
    }

    /// Somebody says something in a chat.
    fn hears(&mut self, id: ConversationId, text: &str) -> &mut Self {
        let at = self.now.wall;
        self.world(|snap| {
            let mut chat = (**snap.chats.get(&id).unwrap()).clone();
            let mut line = (**chat.tail.last().unwrap()).clone();
            line.seq = Seq(chat.last.0.max(1000) + 1);
            line.author = Author::Person { id: UserId(3), name: Text::from("小明") };
            (line.text, line.at, line.making, line.delivery) = (Text::from(text), at, None, None);
            chat.last = line.seq;
            chat.tail.push(Arc::new(line));
            snap.chats.insert(id, Arc::new(chat));
        })
    }

    /// The engine agrees with the last command.
    fn agrees(&mut self, done: Done) -> &mut Self {
        let tag = self.console.ui.tag;
        self.tells(News::Answer(tag, Ok(done)));
        self
    }

    /// What was asked of the engine since the last look, claims left out.
    fn commands(&mut self) -> Vec<Command> {
        let wanted = std::mem::take(&mut self.wanted);
        let commands = wanted.into_iter().filter_map(|intent| match intent {
            Intent::Command { command: Command::Claim { .. } | Command::Release { .. }, .. } => None,
            Intent::Command { command, .. } => Some(command),
            _ => None,
        });
        commands.collect()
    }

    fn queries(&mut self) -> Vec<(u64, Query)> {
        let wanted = std::mem::take(&mut self.wanted);
        wanted
            .into_iter()
            .filter_map(|i| if let Intent::Query { tag, query } = i { Some((tag, query)) } else { None })
            .collect()
    }

    fn screen(&self) -> String {
        words(&view::picture(&self.console.ui).0)
    }

    fn sees(&self, text: &str) -> &Self {
        assert!(self.screen().contains(text), "{text} is not on\n{}", self.screen());
        self
    }

    fn does_not_see(&self, text: &str) -> &Self {
        assert!(!self.screen().contains(text), "{text} is on\n{}", self.screen());
        self
    }

    fn chat(&self) -> ChatRef {
        let id = self.console.ui.chat().unwrap();
        ChatRef { peer: id.peer, account: Some(id.account) }
    }
}

/// Words alone.
fn said(chat: ChatRef, text: &str) -> Command {
    Command::Send { chat, text: text.into(), quote: None, at: Vec::new() }
}

const TEST: ConversationId = ConversationId { account: SelfId(10001), peer: Peer::Group(GroupId(123_456)) };

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
    robot.sees("只读");
}

#[test]
fn a_viewer_is_told_what_is_missing() {
    let mut robot = Robot::sits_down();
    robot.console.ui.settings.operator.role = Role::Viewer;
    robot.selects("王芳").types("a");
    assert_eq!(robot.commands(), []);
    robot.sees("需要角色");
}

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
fn the_list_stands_still_under_the_keys_and_the_selection_sticks() {
    let mut robot = Robot::sits_down();
    robot.waits(Duration::from_secs(5));
    robot.selects("读书会");
    let order = robot.console.ui.list.rows.clone();
    let ops = ConversationId { peer: Peer::Group(GroupId(888)), ..TEST };
    robot.hears(ops, "又来一条");
    assert_eq!(robot.console.ui.list.rows, order, "moved under a key");
    let until = robot.console.deadline().unwrap();
    let wait = until.since(robot.now.mono);
    robot.waits(wait);
    assert_ne!(robot.console.ui.list.rows, order, "never put in order");
    assert_eq!(robot.console.ui.chat().map(|id| robot.console.ui.name_of(id)).as_deref(), Some("读书会"));
}

#[test]
fn a_frozen_picture_stands_and_thaws() {
    let mut robot = Robot::sits_down();
    robot.selects("测试群").types("p").hears(TEST, "冻结时来的");
    robot.sees("画面冻结");
    robot.does_not_see("冻结时来的");
    robot.types("p");
    robot.sees("冻结时来的");
}

#[test]
fn what_is_found_is_gone_to() {
    let mut robot = Robot::sits_down();
    robot.types("gf雨\r");
    let (tag, query) = robot.queries().into_iter().find(|(_, q)| matches!(q, Query::Search { .. })).unwrap();
    assert!(matches!(query, Query::Search { text, .. } if text == "雨"));
    let lines: Vec<Line> = robot.snap.chats.get(&TEST).unwrap().tail.iter().map(|l| (**l).clone()).collect();
    let found = lines[2].clone();
    robot.tells(News::Page(tag, Page::Lines { lines: vec![found.clone()], more: false }));
    robot.sees("明天要带伞吗");
    robot.types("\r");
    let (tag, _) =
        robot.queries().into_iter().find(|(_, q)| matches!(q, Query::History { until: Some(_), .. })).unwrap();
    let page: Vec<Line> = lines.iter().rev().filter(|l| l.seq <= found.seq).cloned().collect();
    robot.tells(News::Page(tag, Page::Lines { lines: page, more: false }));
    assert_eq!(robot.console.ui.chat(), Some(TEST));
    assert_eq!(robot.console.ui.line().unwrap().seq, found.seq);
}

#[test]
fn a_day_is_gone_to() {
    let mut robot = Robot::sits_down();
    robot.selects("测试群").types("gd昨天\r");
    robot.sees("天前");
    robot.types("\x1511-20\r");
    let (_, query) =
        robot.queries().into_iter().find(|(_, q)| matches!(q, Query::History { until: Some(_), .. })).unwrap();
    let Query::History { until: Some(until), .. } = query else { panic!() };
    // The last moment of that day in China.
    assert_eq!((until.0 + 8 * 3_600_000).rem_euclid(86_400_000), 86_399_999);
}

#[test]
fn a_theme_that_is_only_looked_at_goes_again() {
    let mut robot = Robot::sits_down();
    let before = robot.console.ui.theme.clone();
    robot.types("gtjjjj");
    assert_ne!(robot.console.ui.theme, before);
    robot.types("\x1b");
    assert_eq!(robot.console.ui.theme, before);
}

#[test]
fn the_beginning_of_a_chord_tells_how_it_goes_on() {
    let mut robot = Robot::sits_down();
    robot.types("g");
    robot.sees("日期");
    robot.types("\x1b");
    robot.does_not_see("日期");
}

#[test]
fn scrolled_away_one_keeps_the_place_and_is_told_of_more() {
    let mut robot = Robot::at((80, 14), Lang::Zh);
    for n in 0..30 {
        robot.hears(TEST, &format!("第{n}句"));
    }
    robot.selects("测试群").types("lkkkkkkkkkkkkkkk");
    let line = robot.console.ui.line().unwrap().seq;
    let chat = |robot: &Robot| -> Vec<String> {
        robot.screen().lines().skip(2).take(6).filter_map(|l| Some(l.split_once('│')?.1.to_owned())).collect()
    };
    let before = chat(&robot);
    robot.hears(TEST, "刚来的");
    assert_eq!(robot.console.ui.line().unwrap().seq, line);
    assert_eq!(chat(&robot), before, "moved");
    robot.sees("新 G");
    robot.types("G");
    robot.sees("刚来的");
    robot.hears(TEST, "又来的");
    robot.sees("又来的");
}

#[test]
fn the_page_why_acts_on_its_own_line() {
    let mut robot = Robot::sits_down();
    robot.selects("测试群").types("lkK");
    robot.sees("#13");
    let chat = robot.chat();
    assert_eq!(robot.types("r").commands(), [Command::Answer { chat, line: Some(Seq(13)) }]);
}

#[test]
fn from_what_needs_somebody_one_gets_to_its_chat() {
    let mut robot = Robot::sits_down();
    robot.types("3i");
    robot.sees("您好，已经为您催促仓库");
    robot.types("\x1b3\r");
    assert_eq!(robot.console.ui.chat().map(|id| robot.console.ui.name_of(id)).as_deref(), Some("王芳"));
}

#[test]
fn typed_commands_are_read_before_enter() {
    let mut robot = Robot::sits_down();
    robot.types(":allow foo");
    robot.sees("ID 不能是");
    robot.types("\r");
    assert_eq!(robot.commands(), []);
    robot.types("\x15allow group_5\r");
    assert_eq!(robot.commands(), [Command::Allow { id: AccessId::Group(GroupId(5)), during: None, answer: false }]);
    robot.types(":").presses("\x1b[A");
    robot.sees("allow group_5");
}

#[test]
fn a_setting_begins_from_what_holds() {
    let mut robot = Robot::sits_down();
    robot.selects("测试群").types("eper_user\r");
    robot.sees("limits.per_user = \"6/min burst 3\"");
    robot.types("\x15\"9/min\"\r");
    let (chat, key) = (robot.chat(), "limits.per_user".to_owned());
    assert_eq!(robot.commands(), [Command::Set { chat, key, value: "\"9/min\"".into() }]);
    robot.types("eat_sender\r");
    robot.sees("true");
}

#[test]
fn silence_asks_for_no_time_and_ages_for_a_minute() {
    let mut robot = Robot::sits_down();
    robot.world(|snap| {
        snap.accounts.retain(|a| a.online == Some(true));
        snap.attention.clear();
        let fish = ConversationId { peer: Peer::Group(GroupId(999)), ..TEST };
        snap.chats.remove(&fish);
    });
    robot.waits(Duration::from_secs(60));
    robot.console.draw(robot.now);
    assert_eq!(robot.console.deadline(), None);
    robot.selects("测试群").types("t");
    robot.waits(Duration::from_secs(60));
    robot.console.draw(robot.now);
    assert!(robot.console.deadline().unwrap().since(robot.now.mono) <= Duration::from_secs(60));
}

#[test]
fn behind_a_day_of_long_ago_the_rest_is_fetched() {
    let mut robot = Robot::sits_down();
    let line = |seq: u64| {
        let mut line = (**town().chats.get(&TEST).unwrap().tail.first().unwrap()).clone();
        (line.seq, line.text) = (Seq(seq), Text::from(format!("旧{seq}").as_str()));
        line
    };
    // The snapshot begins far behind that day.
    robot.world(|snap| {
        let mut chat = (**snap.chats.get(&TEST).unwrap()).clone();
        chat.tail.retain(|l| l.seq >= Seq(10));
        snap.chats.insert(TEST, Arc::new(chat));
    });
    robot.selects("测试群").types("gd11-20\r");
    let day = |robot: &mut Robot| {
        robot.queries().into_iter().find(|(_, q)| matches!(q, Query::History { until: Some(_), .. }))
    };
    let (tag, _) = day(&mut robot).unwrap();
    robot.tells(News::Page(tag, Page::Lines { lines: vec![line(3), line(2)], more: false }));
    robot.types("j");
    let on = robot.queries().into_iter().find(|(_, q)| matches!(q, Query::History { after: Some(Seq(3)), .. }));
    let (tag, _) = on.unwrap();
    robot.types("j");
    robot.sees("中间的还没取来");
    robot.tells(News::Page(tag, Page::Lines { lines: vec![line(5), line(4)], more: false }));
    robot.types("kj");
    robot.sees("旧4");
    robot.does_not_see("中间的还没取来");
}

#[test]
fn what_falls_out_of_the_snapshot_stays_for_who_reads_it() {
    let mut robot = Robot::sits_down();
    robot.selects("测试群").types("lkkk");
    let (line, before) = (robot.console.ui.line().unwrap().seq, robot.console.ui.lines(TEST).len());
    robot.world(|snap| {
        let mut chat = (**snap.chats.get(&TEST).unwrap()).clone();
        chat.tail.drain(..4);
        snap.chats.insert(TEST, Arc::new(chat));
    });
    assert_eq!(robot.console.ui.line().unwrap().seq, line);
    assert_eq!(robot.console.ui.lines(TEST).len(), before);
}

#[test]
fn opening_the_composer_claims_the_chat_and_closing_it_lets_go() {
    let mut robot = Robot::sits_down();
    robot.types("jjji");
    let asked = |robot: &Robot, of: fn(&Command) -> bool| {
        robot.wanted.iter().any(|i| matches!(i, Intent::Command { command, .. } if of(command)))
    };
    assert!(asked(&robot, |c| matches!(c, Command::Claim { .. })));
    assert!(!asked(&robot, |c| matches!(c, Command::Release { .. })));
    robot.types("\x1b");
    assert!(asked(&robot, |c| matches!(c, Command::Release { .. })));
}

#[test]
fn the_same_state_is_the_same_picture_and_costs_no_byte() {
    let mut robot = Robot::sits_down();
    robot.types("/测试群\r\x1b");
    assert!(!robot.console.draw(NOW).is_empty());
    robot.tells(News::Snapshot(town()));
    assert!(robot.console.draw(NOW).is_empty());
}

#[test]
fn usage_is_summed_by_what_tab_chooses() {
    let mut robot = Robot::sits_down();
    robot.types("4");
    let tag = robot.console.ui.tag;
    let usage = |provider: &str, user| Usage {
        day: NOW.day(),
        provider: provider.into(),
        conversation: ConversationId { account: SelfId(10001), peer: Peer::Group(GroupId(123_456)) },
        user: UserId(user),
        asks: 2,
        input: 900,
        cached: 100,
        output: 50,
        cost: 0.5,
    };
    robot.tells(News::Page(tag, Page::Usage(vec![usage("qwen3", 3), usage("deepseek", 4)])));
    let shown = |robot: &Robot| words(&view::picture(&robot.console.ui).0);
    assert!(shown(&robot).contains("qwen3"));
    assert!(shown(&robot).contains("deepseek 余额 ¥0.00"), "what is left at a vendor");
    robot.types("\t");
    let by_chat = shown(&robot);
    assert!(by_chat.contains("测试群") && !by_chat.contains("qwen3"), "{by_chat}");
}

#[test]
fn an_adapter_is_restarted_after_asking_and_without_a_command_it_is_said_how() {
    let mut robot = Robot::sits_down();
    robot.types("2R");
    robot.sees("onebot.restart");
    assert_eq!(robot.commands(), []);
    let mut config = crate::config::Config::default();
    let command = ["systemctl", "restart", "napcat"].map(str::to_owned).to_vec();
    config.onebot.restart = vec![crate::config::RestartCommand { command, ..Default::default() }];
    robot.tells(News::Config { config: Arc::new(config), origins: Arc::default(), file: "c.toml".into() });
    robot.types("\x1bR");
    robot.sees("systemctl restart napcat");
    assert_eq!(robot.commands(), []);
    robot.types("y");
    assert_eq!(robot.commands(), [Command::RestartAdapter { account: SelfId(10001) }]);
}

#[test]
fn a_request_is_accepted_among_the_accounts() {
    let mut robot = Robot::sits_down();
    robot.types("2jja");
    assert_eq!(robot.commands(), [Command::Accept { item: ItemId(3) }]);
}

#[test]
fn graphs_reach_as_far_back_as_was_chosen() {
    let mut robot = Robot::sits_down();
    robot.tells(News::Resize(120, 40));
    robot.types("2");
    for words in ["15 分钟", "4 小时", "1 分钟", "15 分钟"] {
        robot.sees(words);
        robot.types("V");
    }
}

/// More lines of the log.
fn more_log(from: u64, n: u64, text: &str) -> News {
    let line =
        |seq| LogLine { seq, at: NOW.wall, level: LogLevel::Info, target: "qqdeck::x".into(), text: text.into() };
    let lines = (from..from + n).map(|seq| Arc::new(line(seq))).collect();
    News::Log(LogNews { lines, last: from + n - 1, ..LogNews::default() })
}

#[test]
fn the_log_is_watched_only_where_it_is_looked_at_and_goes_on_where_it_was_left() {
    let mut robot = Robot::sits_down();
    robot.types("2");
    assert!(!robot.wanted.iter().any(|i| matches!(i, Intent::Log(_))));
    robot.types("5");
    assert!(robot.wanted.contains(&Intent::Log(Some(9))), "nine lines are known");
    robot.wanted.clear();
    robot.types("v").tells(more_log(10, 5, "x"));
    assert!(!robot.wanted.iter().any(|i| matches!(i, Intent::Log(_))), "once");
    robot.types("1");
    assert!(robot.wanted.contains(&Intent::Log(None)));
    robot.types("5");
    assert!(robot.wanted.contains(&Intent::Log(Some(14))));
}

#[test]
fn scrolling_up_holds_the_log_and_going_to_the_end_follows_again() {
    let mut robot = Robot::sits_down();
    robot.types("5").sees("跟随");
    robot.tells(more_log(10, 40, "a fresh line"));
    robot.sees("a fresh line");
    robot.types("k").sees("停住 ↓0 新");
    let held = robot.screen();
    robot.tells(more_log(50, 7, "one that came later"));
    robot.sees("↓7 新");
    robot.does_not_see("one that came later");
    assert_eq!(held.replace("↓0", "↓7"), robot.screen(), "nothing else moves");
    for _ in 0..60 {
        robot.types("k");
    }
    robot.sees("listening for QQ adapters");
    robot.types("G").sees("one that came later");
    robot.sees("跟随");
    // Line by line to the end is the same.
    robot.types("kkjj").sees("跟随");
}

#[test]
fn the_frozen_picture_freezes_the_log_too() {
    let mut robot = Robot::sits_down();
    robot.types("5p").tells(more_log(10, 3, "came while frozen"));
    robot.does_not_see("came while frozen");
    robot.types("p").sees("came while frozen");
    robot.sees("跟随");
}

#[test]
fn the_log_is_filtered_by_level_and_words_and_esc_widens_it() {
    let mut robot = Robot::at((120, 40), Lang::En);
    robot.types("5").sees("reuse idle connection");
    robot.types("vvv").sees("level>=warn");
    robot.does_not_see("reuse idle connection");
    robot.does_not_see("link open");
    robot.sees("the store cannot write");
    robot.types("/DOWN\r").sees("link is down");
    robot.does_not_see("the store cannot write");
    robot.types("\x1b").sees("the store cannot write");
    robot.types("\x1b").sees("reuse idle connection");
    robot.types("/!link\r").sees("reuse idle connection");
    robot.does_not_see("link is down");
    robot.types("\x1b/nowhere\r").sees("no line fits");
}

#[test]
fn what_the_log_lost_and_what_was_skipped_is_told() {
    let mut robot = Robot::at((80, 24), Lang::En);
    robot.types("5");
    let News::Log(mut news) = more_log(500, 2, "after the flood") else { unreachable!() };
    news.skipped = 490;
    news.health = LogHealth { dropped: 3, lost: 4, trouble: Some("cannot write qqdeck.log: disk full".into()) };
    robot.tells(News::Log(news));
    robot.sees("too fast: 490 lines are not shown here");
    robot.sees("the log cannot be written, 4 lines lost: cannot write qqdeck.log: disk full");
    robot.sees("7 lines not in the files");
}

#[test]
fn a_line_of_the_log_is_copied_as_it_stands() {
    let mut robot = Robot::sits_down();
    robot.types("5kky");
    let copied =
        robot.wanted.iter().find_map(|i| if let Intent::Write(bytes) = i { Some(bytes.clone()) } else { None });
    let copied = String::from_utf8(copied.unwrap()).unwrap();
    let payload = copied.split(';').nth(2).unwrap().trim_end_matches(['\x07', '\x1b', '\\']);
    let text = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, payload).unwrap();
    assert!(
        String::from_utf8(text)
            .unwrap()
            .ends_with("I qqdeck::store the store writes again; 0 rows were given up meanwhile")
    );
}

#[test]
fn a_flood_of_lines_costs_no_memory() {
    let mut robot = Robot::sits_down();
    robot.types("5k");
    for n in 0..20 {
        robot.tells(more_log(10 + n * 500, 500, "flood"));
    }
    assert_eq!(robot.console.ui.log.lines.len(), 2000);
    robot.sees("flood");
}
