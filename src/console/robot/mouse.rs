//! Stories of the mouse: the wheel turns what is under it, and a click goes where it points.

use super::*;
use crate::console::layout::areas;

impl Robot {
    /// Turns the wheel over a cell, towards older lines.
    fn wheels_up(&mut self, x: u16, y: u16) -> &mut Self {
        self.presses(&format!("\x1b[<64;{};{}M", x + 1, y + 1))
    }

    fn wheels_down(&mut self, x: u16, y: u16) -> &mut Self {
        self.presses(&format!("\x1b[<65;{};{}M", x + 1, y + 1))
    }

    fn clicks(&mut self, x: u16, y: u16) -> &mut Self {
        self.presses(&format!("\x1b[<0;{};{}M\x1b[<0;{};{}m", x + 1, y + 1, x + 1, y + 1))
    }

    /// The last row of the chat that is open.
    fn last_row(&self) -> (u16, u16) {
        let lines = areas(&self.console.ui).talks[0].lines;
        (lines.x + 5, lines.bottom() - 1)
    }
}

/// A chat with more than a screen of lines, selected in the list.
fn talked() -> Robot {
    let mut robot = Robot::at((80, 14), Lang::Zh);
    for n in 0..40 {
        robot.hears(TEST, &format!("第{n}句"));
    }
    robot.selects("测试群");
    robot
}

#[test]
fn the_wheel_scrolls_the_chat_under_it_and_the_list_stays() {
    let mut robot = talked();
    let (x, y) = robot.last_row();
    robot.sees("第39句");
    robot.wheels_up(x, y).wheels_up(x, y);
    assert_eq!(robot.console.ui.chat(), Some(TEST));
    robot.does_not_see("第39句").sees("新 G");
    // Keys are still for the list, and no line was selected behind one's back.
    assert_eq!(robot.console.ui.line().map(|l| l.text.shown().to_owned()).as_deref(), Some("第39句"));
    for _ in 0..60 {
        robot.wheels_up(x, y);
    }
    robot.sees("昨天好热闹");
    for _ in 0..60 {
        robot.wheels_down(x, y);
    }
    robot.sees("第39句").does_not_see("新 G");
    robot.hears(TEST, "刚来的").sees("刚来的");
}

#[test]
fn the_selected_line_stays_on_the_screen_when_the_wheel_turns() {
    let mut robot = talked();
    let (x, y) = robot.last_row();
    robot.types("lkk");
    let line = robot.console.ui.line().unwrap().seq;
    for _ in 0..5 {
        robot.wheels_up(x, y);
    }
    assert!(robot.console.ui.line().unwrap().seq < line);
    robot.does_not_see("第39句");
}

#[test]
fn the_wheel_over_the_list_moves_in_the_list() {
    let mut robot = talked();
    robot.types("l");
    let row = robot.console.ui.list.selected;
    robot.wheels_down(3, 5);
    assert_ne!(robot.console.ui.list.selected, row);
}

#[test]
fn a_click_on_what_is_new_goes_there() {
    let mut robot = talked();
    let (x, y) = robot.last_row();
    robot.wheels_up(x, y).wheels_up(x, y).hears(TEST, "刚来的").does_not_see("刚来的");
    robot.clicks(x, y).sees("刚来的").does_not_see("新 G");
}

#[test]
fn esc_in_the_list_follows_again_what_the_wheel_has_turned() {
    let mut robot = talked();
    let (x, y) = robot.last_row();
    robot.wheels_up(x, y).wheels_up(x, y).does_not_see("第39句");
    robot.types("\x1b").sees("第39句").does_not_see("新 G");
}

#[test]
fn what_is_read_by_the_wheel_does_not_fall_out_of_sight() {
    let mut robot = talked();
    let (x, y) = robot.last_row();
    robot.wheels_up(x, y).wheels_up(x, y);
    let (screen, lines) = (robot.screen(), robot.console.ui.lines(TEST).len());
    robot.world(|snap| {
        let mut chat = (**snap.chats.get(&TEST).unwrap()).clone();
        chat.tail.drain(..44);
        snap.chats.insert(TEST, Arc::new(chat));
    });
    assert_eq!(robot.console.ui.lines(TEST).len(), lines);
    assert_eq!(robot.screen(), screen);
}
