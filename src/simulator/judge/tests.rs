use super::*;
use crate::domain::{GroupId, UserId};
use crate::simulator::segment::{at, reply, text};

const ME: i64 = 10;

fn token(conversation: usize, turn: usize) -> Token {
    Token { conversation, turn, check: 7 }
}

fn private(user: i64) -> Peer {
    Peer::Private(UserId(user))
}

/// Two private chats with two questions each.
fn judge() -> Judge {
    let judge = Judge::default();
    for user in 0..2 {
        let (conversation, _) = judge.open(ME, private(user), user);
        for turn in 0..2 {
            judge.asked(conversation, token(conversation, turn), 100 + (conversation * 10 + turn) as i64);
        }
    }
    judge
}

fn hear(judge: &Judge, peer: Peer, words: &str) {
    judge.heard(ME, peer, &[text(words)], words, Instant::now());
}

fn verdict(judge: &Judge) -> Report {
    judge.report(4, Duration::from_secs(1))
}

#[test]
fn each_question_answered_once_and_in_order_is_clean() {
    let judge = judge();
    for (user, words) in [(0, "T0-0-0007"), (1, "x T1-0-0007"), (0, "T0-1-0007"), (1, "T1-1-0007 y")] {
        hear(&judge, private(user), words);
    }
    let report = verdict(&judge);
    assert!(report.is_clean(), "{report:?}");
    assert_eq!((report.untagged, report.latency.count), (0, 4));
}

#[test]
fn doubles_parts_order_and_crossing_are_told_apart() {
    let judge = judge();
    hear(&judge, private(0), "T0-1-0007");
    hear(&judge, private(0), "T0-0-0007");
    hear(&judge, private(0), "T0-0-0007");
    hear(&judge, private(0), "T0-0-0007 part two");
    hear(&judge, private(0), "T1-0-0007");
    let report = verdict(&judge);
    assert_eq!((report.out_of_order, report.duplicates, report.extra_parts, report.crossed), (1, 1, 1, 1));
    assert!(!report.is_clean());
}

#[test]
fn what_was_given_up_is_lost_until_it_comes_late() {
    let judge = judge();
    judge.give_up(0, true);
    assert_eq!((verdict(&judge).lost, verdict(&judge).lost_during_drop), (2, 2));
    hear(&judge, private(0), "T0-1-0007");
    let report = verdict(&judge);
    assert_eq!((report.lost, report.late), (1, 1));
}

#[test]
fn without_a_token_the_quote_decides_then_the_mention() {
    let judge = Judge::default();
    let group = Peer::Group(GroupId(5));
    for user in 1..=2 {
        let (conversation, _) = judge.open(ME, group, user);
        judge.asked(conversation, token(conversation, 0), 100 + user);
    }
    judge.heard(ME, group, &[reply(102), text("yes")], "yes", Instant::now());
    judge.heard(ME, group, &[at(1), text("no")], "no", Instant::now());
    judge.heard(ME, group, &[text("hm")], "hm", Instant::now());
    let report = judge.report(2, Duration::ZERO);
    assert_eq!((report.answered, report.untagged, report.to_nobody), (2, 2, 1));
}

#[test]
fn a_wrong_check_is_no_token() {
    let judge = judge();
    hear(&judge, private(9), "T0-0-0008");
    assert_eq!((verdict(&judge).to_nobody, verdict(&judge).crossed), (1, 0));
}
