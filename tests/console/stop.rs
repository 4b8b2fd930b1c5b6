//! ^Z and back.

use rustix::process::Signal;

use super::harness::{Home, Terminal};

#[test]
fn a_shell_stops_it_and_brings_it_back() {
    let home = Home::running();
    let mut terminal = home.shell(&["/bin/sh", "-i"], "");
    terminal.until("a prompt", |screen, _| screen.contents().contains('$'));
    let command = format!("{}\n", terminal.program);
    terminal.press(&command);
    terminal.until("the console shows", Terminal::shows_console);
    terminal.press("\u{1a}");
    // Before its prompt is there, what is typed is still the relay's.
    terminal.until("the shell is back", |screen, _| {
        let shown = screen.contents();
        shown.contains("Stopped") && shown.trim_end().ends_with('$')
    });
    terminal.press("echo ba''ck; fg\n");
    terminal.until("it is drawn again", |screen, raw| {
        String::from_utf8_lossy(raw).contains("back") && Terminal::shows_console(screen, raw)
    });
    terminal.glance();
}

#[test]
fn where_nobody_could_continue_it_it_goes_on() {
    let home = Home::running();
    let mut terminal = home.attach();
    terminal.press_and_see("\u{1a}");
    terminal.until("it is drawn again", Terminal::shows_console);
    terminal.signal(Signal::TSTP);
    terminal.glance();
    assert_eq!(terminal.leave(), 0);
    terminal.assert_restored();
}
