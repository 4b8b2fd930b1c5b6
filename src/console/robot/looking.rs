//! Stories of looking: lists, pages, days, what was found and what is frozen.

use super::*;

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
fn whom_a_line_calls_is_found_by_the_name_that_is_shown() {
    let mut robot = Robot::sits_down();
    robot.hears(TEST, "@10001 谁在").selects("测试群").sees("@小助手 谁在");
    robot.queries();
    robot.types("gf@小助手\r");
    let asked = robot.queries();
    let texts: Vec<&str> = asked
        .iter()
        .filter_map(|(_, query)| if let Query::Search { text, .. } = query { Some(text.as_str()) } else { None })
        .collect();
    assert_eq!(texts, ["@小助手", "@10001"]);
    let lines = |seqs: &[u64]| {
        let tail = &robot.snap.chats.get(&TEST).unwrap().tail;
        let lines = tail.iter().filter(|line| seqs.contains(&line.seq.0)).map(|line| (**line).clone()).collect();
        Page::Lines { lines, more: false }
    };
    let pages = [lines(&[11]), lines(&[11, 1001])];
    for ((tag, _), page) in asked.iter().zip(pages) {
        robot.tells(News::Page(*tag, page));
    }
    robot.sees("明天要带伞吗").sees("@小助手 谁在");
    // In one chat, too.
    robot.types("\x1bl/小助手 谁\r");
    assert_eq!(robot.console.ui.line().unwrap().text.shown(), "@10001 谁在");
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
fn where_there_is_room_all_sums_are_shown_at_once() {
    let mut robot = Robot::at((120, 40), Lang::En);
    robot.types("4");
    let tag = robot.queries().into_iter().find(|(_, q)| matches!(q, Query::Usage { .. })).unwrap().0;
    let usage = Usage {
        day: NOW.day(),
        provider: "qwen3".into(),
        conversation: TEST,
        user: UserId(7),
        asks: 2,
        input: 100,
        cached: 10,
        output: 20,
        cost: 0.5,
    };
    robot.tells(News::Page(tag, Page::Usage(vec![usage])));
    robot.sees("─ provider ─").sees("─ chat ─").sees("─ person ─").sees("─ day ─");
    let mut small = Robot::at((80, 24), Lang::En);
    small.types("4").does_not_see("─ chat ─");
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

#[test]
fn graphs_are_looked_at_closer_and_from_further_away() {
    let mut robot = Robot::at((120, 40), Lang::Zh);
    robot.types("2").sees("15 分钟");
    robot.types("+").sees("1 分钟");
    robot.types("+").sees("不能再近了");
    robot.types("--").sees("4 小时");
    robot.types("-").sees("不能再远了");
}

#[test]
fn a_graph_tells_the_least_and_the_most() {
    let mut robot = Robot::at((120, 40), Lang::Zh);
    robot.types("2").sees("↓0.3s ↑1.8s");
    // Where there is no room for both, the most.
    let mut robot = Robot::at((100, 40), Lang::Zh);
    robot.selects("测试群").sees("↑1.8s").does_not_see("↓0.3s");
}

#[test]
fn a_zoomed_pane_says_so_and_stays_so_over_a_new_size() {
    let mut robot = Robot::at((120, 40), Lang::En);
    robot.selects("测试群").types("lz").sees("zoomed z").does_not_see("Accounts");
    robot.tells(News::Resize(100, 30));
    robot.sees("zoomed z");
    // What vi calls windows are the panes.
    robot.types("\x17").sees("zoom");
    robot.types("z").does_not_see("zoomed z");
    robot.types("\x17h\x17v");
    assert_eq!(robot.console.ui.beside.len(), 1);
}

#[test]
fn the_list_fills_its_pane_to_the_last_row() {
    let mut robot = Robot::at((45, 6), Lang::Zh);
    robot.types("G");
    let last = robot.console.ui.list.selected;
    let screen = robot.screen();
    let rows: Vec<&str> = screen.lines().collect();
    assert!(rows[4].chars().any(|c| !c.is_whitespace()), "{screen}");
    for _ in 0..12 {
        robot.types("k");
        let selected = robot.console.ui.list.selected;
        let area = crate::console::layout::areas(&robot.console.ui).list;
        let shown = (area.y..area.bottom()).any(|y| view::list::row_at(&robot.console.ui, area, y) == selected);
        assert!(shown, "{selected:?} is not on\n{}", robot.screen());
    }
    robot.types("G");
    assert_eq!(robot.console.ui.list.selected, last);
}

#[test]
fn a_filter_without_a_hit_says_so_and_esc_brings_back_what_was_selected() {
    let mut robot = Robot::at((120, 40), Lang::Zh);
    robot.selects("运维群").types("/没有这样的群");
    robot.sees("没有会话叫“没有这样的群”").does_not_see("还没有人说过话");
    robot.types("\x1b").sees("CPU 又满了");
    assert_eq!(robot.console.ui.chat().map(|id| robot.console.ui.name_of(id)).as_deref(), Some("运维群"));
    // The same after Enter; what was chosen among hits stays chosen.
    robot.types("/没有这样的群\r").sees("Esc 清除");
    robot.types("\x1b").sees("CPU 又满了");
    robot.types("/读书\r\x1b");
    assert_eq!(robot.console.ui.chat().map(|id| robot.console.ui.name_of(id)).as_deref(), Some("读书会"));
}

#[test]
fn a_provider_says_what_is_wrong_in_the_readers_language() {
    for (lang, words) in [(Lang::Zh, "余额不足或套餐用完（HTTP 402）"), (Lang::En, "out of money or quota (HTTP 402)")]
    {
        let mut robot = Robot::at((120, 40), lang);
        let quota = ProviderError::Quota("HTTP 402".into());
        robot.world(|snap| snap.providers[1].failure = Some(quota));
        for keys in ["2", "3"] {
            robot.types(keys).sees(words);
            robot.does_not_see("out of quota");
        }
    }
}
