//! Terminals that go away. Nothing may stay behind, and nothing may spin.

use rustix::process::Signal;

use super::harness::{Home, Terminal, eventually};

#[test]
fn a_hang_up_ends_the_relay_and_not_the_bot() {
    let home = Home::running();
    let mut terminal = home.attach();
    terminal.hang_up();
    terminal.exit();
    eventually("its session ends", || (home.attached() == 0).then_some(()));
}

#[test]
fn it_ends_also_where_the_signal_is_ignored() {
    let home = Home::running();
    let mut terminal = home.shell(&["/bin/sh", "-c"], "trap '' HUP; exec QQDECK");
    terminal.until("the console shows", Terminal::shows_console);
    terminal.hang_up();
    terminal.exit();
    eventually("its session ends", || (home.attached() == 0).then_some(()));
}

#[test]
fn a_demo_ends_with_its_terminal_too() {
    let home = Home::new();
    let mut terminal = home.terminal(&["demo"]);
    terminal.until("the console shows", Terminal::shows_console);
    terminal.hang_up();
    terminal.exit();
}

#[test]
fn signals_that_end_it_restore_the_terminal() {
    let home = Home::running();
    for signal in [Signal::TERM, Signal::HUP] {
        let mut terminal = home.attach();
        terminal.signal(signal);
        terminal.exit();
        terminal.assert_restored();
    }
    assert!(home.answers());
}
