//! Stories of the log: followed, held, filtered, copied.

use super::*;

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
    robot.sees("等待 QQ 适配器连接");
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

#[test]
fn the_log_reads_in_the_readers_language_and_is_found_in_both() {
    let mut robot = Robot::at((120, 40), Lang::Zh);
    robot.types("5").sees("链路断开").does_not_see("link is down");
    robot.types("/链路断开\r").sees("链路断开");
    robot.types("\x1b/link is down\r").sees("链路断开");
    let mut english = Robot::at((120, 40), Lang::En);
    english.types("5").sees("link is down");
}
