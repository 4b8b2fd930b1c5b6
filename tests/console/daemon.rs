//! `qqdeck` alone: the bot becomes a process of its own.

use std::os::unix::fs::PermissionsExt;

use super::harness::{Home, Terminal, eventually};

#[test]
fn it_starts_the_bot_which_outlives_the_terminal() {
    let home = Home::new();
    let mut terminal = home.terminal(&[]);
    terminal.until("the console shows", Terminal::shows_console);
    terminal.hang_up();
    terminal.exit();
    assert!(home.answers(), "the bot runs on");
    let log = home.data().join("logs/qqdeck.log");
    assert_eq!(std::fs::metadata(&log).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(std::fs::read_to_string(&log).unwrap().contains("listening"));

    // What a crash would say has a place too.
    let said = |entry: std::io::Result<std::fs::DirEntry>| std::fs::read_link(entry.ok()?.path().join("fd/2")).ok();
    let log = log.canonicalize().unwrap();
    eventually("stderr is the log", || {
        std::fs::read_dir("/proc").unwrap().filter_map(said).any(|path| path == log).then_some(())
    });

    // The next one finds it.
    let mut terminal = home.terminal(&["run"]);
    terminal.until("the console shows", Terminal::shows_console);
    assert_eq!(home.attached(), 1);
    assert_eq!(terminal.leave(), 0);
    assert!(home.answers());
}

#[test]
fn a_bot_that_cannot_start_says_why_with_its_own_exit_code() {
    let home = Home::with("[onebot]\nlisten = [\"127.0.0.1:0\"]\nlisen = 5\n");
    let mut terminal = home.terminal(&[]);
    assert_eq!(terminal.exit(), 78);
    terminal.until("the reason", |screen, _| screen.contents().contains("lisen"));
    terminal.assert_restored();
}

#[test]
fn with_nothing_configured_it_asks_first() {
    let home = Home::new();
    std::fs::remove_file(home.path().join("config.toml")).unwrap();
    let mut terminal = home.terminal(&[]);
    terminal.until("a question", |screen, _| screen.contents().contains("QQ number"));
    terminal.press("10001\n\n\n");
    terminal.until("what comes next", |screen, _| screen.contents().contains("opens the console"));
    // The port that `init` chooses may be taken on this machine.
    let config = home.path().join("config.toml");
    let text = std::fs::read_to_string(&config).unwrap().replace("127.0.0.1:2280\"]", "127.0.0.1:0\"]");
    std::fs::write(config, text).unwrap();
    terminal.press("\n");
    terminal.until("the console shows", Terminal::shows_console);
    assert_eq!(terminal.leave(), 0);
}
