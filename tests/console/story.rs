//! What operators do, from the key to what arrives on QQ: the real binary in a terminal, between a simulated QQ and a
//! simulated model.

use super::harness::{Terminal, eventually};
use super::town::{Town, group, private};

/// Puts the composer away. A key right behind Esc would be one key with it, so it has to be seen.
fn put_away(terminal: &mut Terminal) {
    terminal.press("\x1b");
    terminal.gone("put away");
}

/// Waits until so many questions were answered, as their rows say at their ends.
fn answered(terminal: &Terminal, questions: usize) {
    terminal.until("an answer that arrived", |screen, _| screen.contents().matches(" ✓ │").count() >= 2 * questions);
}

#[test]
fn a_reply_is_written_and_arrives() {
    let town = Town::open("[access]\nmode = \"open\"\n");
    let mut terminal = town.sits_down();
    town.writes(77, "早上好");
    terminal.shows("早上好");
    town.hears(private(77), "早上好");
    terminal.press("i今天休息\r");
    town.hears(private(77), "今天休息");
    // The chat is in human hands now, with a countdown.
    terminal.shows("manual");
    put_away(&mut terminal);
    assert_eq!(terminal.leave(), 0);
    terminal.assert_restored();
}

#[test]
fn a_message_is_quoted_and_its_speaker_called() {
    let town = Town::open("[access]\nmode = \"open\"\n");
    let mut terminal = town.sits_down();
    town.mentions(9, 77, "几点开门");
    town.hears(group(9), "几点开门");
    answered(&terminal, 1);
    // The second line from below is the question.
    terminal.press("lk");
    terminal.press_and_see(">");
    terminal.shows("quoting");
    terminal.press("@");
    terminal.shows("Tab");
    terminal.press_and_see("\t");
    terminal.press("九点\r");
    let sent = town.hears(group(9), "九点");
    let kinds: Vec<_> = sent.segments.iter().map(|s| s["type"].as_str().unwrap().to_owned()).collect();
    assert_eq!(kinds, ["reply", "at", "text"], "{sent:?}");
    assert_eq!(sent.segments[1]["data"]["qq"], "77");
}

#[test]
fn a_group_is_let_in_and_answered() {
    let town = Town::open("[access]\nmode = \"whitelist\"\n");
    let mut terminal = town.sits_down();
    town.mentions(9, 77, "在吗");
    terminal.shows("在吗");
    terminal.press_and_see("w");
    terminal.shows("answer the last one");
    assert!(town.heard(group(9)).is_empty());
    terminal.press("\r");
    town.hears(group(9), "在吗");
    terminal.shows("allowed, answering");
    assert!(std::fs::read_to_string(town.home.path().join("config.toml")).unwrap().contains("groups = [9]"));
    // Undone, the group is a stranger again.
    terminal.press("u");
    terminal.shows("undone");
    town.mentions(9, 77, "还在吗");
    terminal.shows("还在吗");
    assert_eq!(town.heard(group(9)).len(), 1);
}

#[test]
fn what_was_changed_is_taken_back_and_the_file_means_what_it_meant() {
    let town = Town::open("[access]\nmode = \"open\"\n[[personas]]\nname = \"甲\"\nprompt = \"p\"\n");
    let mut terminal = town.sits_down();
    town.writes(77, "在吗");
    town.hears(private(77), "在吗");
    terminal.shows("Chats 1");
    let file = || std::fs::read_to_string(town.home.path().join("config.toml")).unwrap();
    // An empty list or table may be left behind.
    let means = || {
        let config = qqdeck::config::parse(&file()).unwrap().config;
        (config.access.clone(), config.moderation.clone(), config.chats.person(77).clone())
    };
    let before = means();
    // To block asks first, and the question is not answered before it can be read.
    terminal.press("B1");
    terminal.shows("y yes");
    eventually("the question is answered", || {
        terminal.press("y");
        file().contains("blocked_users = [77]").then_some(())
    });
    for (keys, written) in [
        ("", true),
        (":word add 刷单\r", true),
        (":set private:77 limits.per_user=1/min\r", true),
        ("m2", false),
        ("gp\r", false),
        ("gm\r", false),
        ("2jo2", false),
    ] {
        if !keys.is_empty() {
            terminal.press(keys);
        }
        terminal.shows("u undoes");
        assert_eq!(means() != before, written, "{keys}");
        terminal.press("u");
        terminal.shows("undone");
        eventually("the file means what it meant", || (means() == before).then_some(()));
        terminal.press("1");
        // What was said goes when something is laid over the view.
        terminal.glance();
        terminal.gone("undone");
    }
    // What cannot be taken back is asked first, and says so.
    terminal.press("gn");
    terminal.shows("y yes");
    eventually("the question is answered", || {
        terminal.press("y");
        terminal.has("begun anew").then_some(())
    });
    terminal.press("u");
    terminal.shows("cannot be undone");
}

#[test]
fn drafts_are_approved_edited_and_dropped() {
    let town = Town::open("[access]\nmode = \"open\"\n[chat.private]\nmode = \"draft\"\n");
    let mut terminal = town.sits_down();
    town.writes(77, "第一个");
    terminal.shows("drafts 1");
    terminal.press("a");
    town.hears(private(77), "第一个");
    terminal.gone("drafts 1");

    town.writes(77, "第二个");
    terminal.shows("drafts 1");
    terminal.press_and_see("i");
    // The draft stands in the composer; it is said otherwise.
    terminal.press("\x15由我来说\r");
    town.hears(private(77), "由我来说");
    terminal.gone("drafts 1");

    town.writes(77, "第三个");
    terminal.shows("drafts 1");
    terminal.press("x");
    terminal.gone("drafts 1");
    assert_eq!(town.heard(private(77)).len(), 2);
}

#[test]
fn what_the_bot_said_is_corrected() {
    let town = Town::open("[access]\nmode = \"open\"\n");
    let mut terminal = town.sits_down();
    town.writes(77, "明天冷吗");
    town.hears(private(77), "明天冷吗");
    answered(&terminal, 1);
    terminal.press_and_see("c");
    terminal.shows("correct");
    terminal.press("\x15很冷，多穿\r");
    town.hears(private(77), "很冷，多穿");
    assert_eq!(town.asked("delete_msg"), 1, "the wrong one was taken back");
    terminal.shows("recalled");
}

#[test]
fn enter_arrows_and_digits_are_enough() {
    let town = Town::open("[access]\nmode = \"open\"\n[chat.private]\nmode = \"draft\"\n");
    let mut terminal = town.sits_down();
    town.writes(77, "第一个");
    terminal.shows("drafts 1");
    // The first row is what is most likely wanted.
    terminal.press_and_see("\r");
    terminal.shows("send the draft");
    terminal.press("\r");
    town.hears(private(77), "第一个");
    // Down to the modes, then a digit.
    terminal.gone("drafts 1");
    terminal.press("\r");
    terminal.shows("who answers");
    terminal.until_selected("who answers");
    terminal.press("\r");
    terminal.shows("Who answers");
    terminal.press("1");
    terminal.shows("77 · auto");
    town.writes(77, "第二个");
    town.hears(private(77), "第二个");
}

#[test]
fn old_messages_are_found_and_shown_among_their_neighbours() {
    let town = Town::open("[access]\nmode = \"open\"\n");
    let mut terminal = town.sits_down();
    town.writes(77, "我的订单号是八八四八");
    town.hears(private(77), "八八四八");
    for n in 0..30 {
        town.writes(78, &format!("第{n}句"));
        town.hears(private(78), &format!("第{n}句"));
    }
    // The other chat is the one that is looked at.
    terminal.press("gg");
    terminal.gone("订单号");
    terminal.press_and_see("gf");
    terminal.press("八四八\r");
    terminal.shows("订单号");
    terminal.press("\r");
    terminal.shows("三分糖去冰 77");
    terminal.shows("我的订单号是八八四八");
}

#[test]
fn the_palette_takes_what_ctl_takes() {
    let town = Town::open("[access]\nmode = \"open\"\n");
    let mut terminal = town.sits_down();
    town.writes(77, "你好");
    town.hears(private(77), "你好");
    terminal.press_and_see(":");
    terminal.press("mode private:77 mutd");
    terminal.shows("it should be auto, draft");
    terminal.press("\x15mode private:77 muted --for 1h\r");
    terminal.shows("77 · muted");
    town.writes(77, "还在吗");
    terminal.shows("还在吗");
    assert_eq!(town.heard(private(77)).len(), 1, "nobody answers");
    assert!(town.home.ctl(&["audit"]).stdout.windows(5).any(|w| w == b"muted"), "it is on record");
}

#[test]
fn words_survive_a_window_of_one_cell() {
    let town = Town::open("[access]\nmode = \"open\"\n");
    let mut terminal = town.sits_down();
    town.writes(77, "你好");
    town.hears(private(77), "你好");
    answered(&terminal, 1);
    terminal.press("i半句话");
    terminal.shows("半句话");
    terminal.resize(1, 1);
    terminal.press("还有");
    terminal.resize(120, 40);
    terminal.shows("半句话还有");
    terminal.press("\r");
    town.hears(private(77), "半句话还有");
}

#[test]
fn a_paste_of_a_megabyte_is_cut_and_sent_by_nobody() {
    let town = Town::open("[access]\nmode = \"open\"\n");
    let mut terminal = town.sits_down();
    town.writes(77, "你好");
    town.hears(private(77), "你好");
    answered(&terminal, 1);
    terminal.press_and_see("i");
    let book = "a line of a book\n".repeat(1 << 16);
    terminal.press(&format!("\x1b[200~{book}\x1b[201~"));
    terminal.shows("too long");
    assert_eq!(town.heard(private(77)).len(), 1, "no newline of it sent anything");
    // The console and the bot go on.
    put_away(&mut terminal);
    assert!(town.home.ctl(&["status"]).status.success());
    town.writes(78, "别人");
    town.hears(private(78), "别人");
    terminal.shows("Chats 2");
}

#[test]
fn what_was_being_typed_outlives_its_terminal() {
    let town = Town::open("[access]\nmode = \"open\"\n");
    let mut terminal = town.sits_down();
    town.writes(77, "你好");
    town.hears(private(77), "你好");
    answered(&terminal, 1);
    terminal.press("i还没写完");
    terminal.shows("还没写完");
    terminal.hang_up();
    terminal.exit();
    eventually("its session ends", || (town.home.attached() == 0).then_some(()));
    let terminal = town.sits_down();
    terminal.shows("还没写完");
    assert!(!town.heard(private(77)).iter().any(|text| text.contains("还没写完")));
}

#[test]
fn what_was_being_typed_outlives_another_session_of_the_same_operator() {
    let town = Town::open("[access]\nmode = \"open\"\n");
    let mut one = town.sits_down();
    town.writes(77, "你好");
    town.hears(private(77), "你好");
    answered(&one, 1);
    let mut other = town.sits_down();
    answered(&other, 1);
    one.press("i写给别人看的");
    one.shows("写给别人看的");
    put_away(&mut one);
    one.leave();
    // It came before the draft was kept, and knows nothing of it.
    other.leave();
    eventually("both sessions end", || (town.home.attached() == 0).then_some(()));
    town.sits_down().shows("写给别人看的");
}

#[test]
fn whoever_replies_at_two_terminals_is_told() {
    let town = Town::open("[access]\nmode = \"open\"\n");
    let (mut one, mut other) = (town.sits_down(), town.sits_down());
    town.writes(77, "你好");
    town.hears(private(77), "你好");
    answered(&one, 1);
    answered(&other, 1);
    one.press("i");
    one.shows("Enter send");
    other.press("i");
    other.shows("you are replying here at another terminal, too");
    one.shows("you are replying here at another terminal, too");
    one.press("\x1b");
    other.gone("at another terminal");
}
