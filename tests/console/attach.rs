//! Coming, looking, leaving.

use super::harness::{Home, Terminal, eventually};

#[test]
fn it_shows_keys_arrive_and_leaving_restores_the_terminal() {
    let home = Home::running();
    let mut terminal = home.attach();
    terminal.glance();
    assert_eq!(terminal.leave(), 0);
    terminal.assert_restored();
    terminal.until("a farewell", |screen, _| screen.contents().contains("the bot goes on"));
    assert!(home.answers(), "the bot runs on");
}

#[test]
fn a_terminal_may_shrink_to_one_cell_and_grow_again() {
    let home = Home::running();
    let mut terminal = home.attach();
    terminal.resize(1, 1);
    terminal.resize(120, 40);
    terminal.until("it is drawn again", Terminal::shows_console);
    assert_eq!(terminal.leave(), 0);
    terminal.assert_restored();
}

#[test]
fn two_look_at_once_and_one_may_end_the_other() {
    let home = Home::running();
    let (mut one, mut other) = (home.attach(), home.attach());
    assert_eq!(home.attached(), 2);
    one.glance();
    other.glance();
    assert!(home.ctl(&["kick", "1"]).status.success());
    assert_eq!(one.exit(), 1);
    one.assert_restored();
    one.until("who did it", |screen, _| screen.contents().contains("ended this session"));
    other.glance();
    assert_eq!(home.attached(), 1);
}

#[test]
fn without_a_bot_it_says_how_to_start_one() {
    let home = Home::new();
    let mut terminal = home.terminal(&["attach"]);
    assert_eq!(terminal.exit(), 1);
    terminal.until("the way", |screen, _| screen.contents().contains("run --headless"));
    terminal.assert_restored();
}

#[test]
fn a_bot_that_was_replaced_is_found_again() {
    let mut home = Home::running();
    let mut terminal = home.attach();
    home.kill();
    terminal.until("it says so on a clean screen", |screen, _| {
        !screen.alternate_screen() && screen.contents().contains("Reconnecting")
    });
    home.start();
    terminal.until("it is back", Terminal::shows_console);
    terminal.glance();
    assert_eq!(terminal.leave(), 0);
    terminal.assert_restored();
}

#[test]
fn nobody_has_to_wait_for_a_bot_that_is_gone() {
    let mut home = Home::running();
    let mut terminal = home.attach();
    home.kill();
    terminal.until("it waits", |screen, _| screen.contents().contains("Reconnecting"));
    terminal.press("q");
    assert_eq!(terminal.exit(), 0);
    terminal.assert_restored();
}

#[test]
fn a_relay_that_is_killed_takes_nothing_with_it() {
    let home = Home::running();
    let (one, mut other) = (home.attach(), home.attach());
    one.signal(rustix::process::Signal::KILL);
    eventually("its session ends", || (home.attached() == 1).then_some(()));
    other.glance();
}

#[test]
fn in_the_demo_keys_write_a_configuration_as_anywhere() {
    let home = Home::new();
    let mut terminal = home.terminal(&["demo", "--rate", "5"]);
    terminal.until("the console shows", Terminal::shows_console);
    terminal.resize(120, 40);
    let file = home.data().join("config.toml");
    let before = std::fs::read_to_string(&file).unwrap();
    terminal.shows("not allowed");
    terminal.press(":allow group_700008888\r");
    terminal.shows("u undoes");
    let after = std::fs::read_to_string(&file).unwrap();
    assert_eq!(before.lines().filter(|line| !after.contains(line)).count(), 1, "one line is another:\n{after}");
    assert!(after.contains("700008888"), "{after}");
    terminal.press("u");
    terminal.shows("undone");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), before);
    assert_eq!(terminal.leave(), 0);
}

#[test]
fn nothing_but_ascii_is_drawn_where_that_is_asked_for() {
    let plain = |flags: &[&str], plain: bool| {
        let home = Home::running();
        let mut terminal = home.terminal(flags);
        terminal.until("the header", |screen, _| {
            screen.contents().contains("queue 0") && screen.contents().contains(['│', '○', '─']) != plain
        });
        assert_eq!(terminal.leave(), 0);
    };
    plain(&["attach"], false);
    for flags in [&["attach", "--ascii"][..], &["--ascii", "attach"], &["--ascii"]] {
        plain(flags, true);
    }
}

#[test]
fn a_demo_keeps_its_data_where_it_is_told_and_writes_over_nobodys_configuration() {
    let home = Home::new();
    std::fs::create_dir_all(home.data()).unwrap();
    let mine = home.data().join("config.toml");
    std::fs::write(&mine, "# mine\n").unwrap();
    let mut terminal = home.terminal(&["demo"]);
    terminal.shows("give --data another directory");
    assert_eq!(terminal.exit(), 2);
    assert_eq!(std::fs::read_to_string(&mine).unwrap(), "# mine\n");
    std::fs::remove_file(&mine).unwrap();
    // Twice: what the first one left is a demo's.
    for _ in 0..2 {
        let mut terminal = home.terminal(&["demo", "--ascii"]);
        terminal.until("the console shows", Terminal::shows_console);
        assert_eq!(terminal.leave(), 0);
        assert!(home.data().join("qqdeck.db").exists() && mine.exists());
    }
}

#[test]
fn the_demo_ends_with_its_terminal() {
    let home = Home::new();
    let mut terminal = home.terminal(&["demo"]);
    terminal.until("the console shows", Terminal::shows_console);
    // One account is dialled, the other one dials a port that only the bot knows.
    terminal.resize(120, 40);
    terminal.shows("小助手●online");
    terminal.shows("客服2号●online");
    assert_eq!(terminal.leave(), 0);
    terminal.assert_restored();
    assert!(!home.answers());
}
