//! The hub with links that are only queues, on a clock that is only a number.

use serde_json::{Value, json};
use tokio::sync::mpsc::Receiver;
use tokio_util::sync::CancellationToken;

use super::hub::{Hub, HubSettings, Output};
use super::link::{Introduction, LinkEvent, LinkHandle, LinkRole, Outgoing};
use super::onebot::{Frame, decode};
use crate::domain::*;
use futures_util::FutureExt;
use std::time::Duration;

const NOW: Mono = Mono(0);

struct Play {
    hub: Hub,
    queues: Vec<(LinkId, Receiver<Outgoing>, CancellationToken)>,
    handles: Vec<LinkHandle>,
}

impl Play {
    fn new(accounts: &[i64]) -> Self {
        let settings =
            HubSettings { accounts: accounts.iter().copied().collect(), request_timeout: Duration::from_secs(30) };
        Self { hub: Hub::new(settings), queues: Vec::new(), handles: Vec::new() }
    }

    fn tell(&mut self, event: LinkEvent) -> Vec<Output> {
        let mut out = Vec::new();
        self.hub.on_link(event, NOW, &mut out);
        out
    }

    fn open(&mut self, id: u64, role: LinkRole, label: Option<&str>, dialled: bool) {
        let stop = CancellationToken::new();
        let (handle, queue) = LinkHandle::new(stop.clone());
        let kept = handle.clone();
        let who = Introduction { peer: format!("peer{id}"), role, label: label.map(Into::into), dialled };
        assert_eq!(self.tell(LinkEvent::Open(LinkId(id), who, handle)), []);
        self.queues.push((LinkId(id), queue, stop));
        self.handles.push(kept);
    }

    fn frame(&mut self, id: u64, frame: Value) -> Vec<Output> {
        let id = LinkId(id);
        match decode(&frame.to_string()) {
            Frame::Response(response) => self.tell(LinkEvent::Answered(id, response)),
            event => self.tell(LinkEvent::Heard(id, event.heard(0).unwrap())),
        }
    }

    fn lifecycle(&mut self, id: u64, account: i64) -> Vec<Output> {
        self.frame(id, json!({"post_type": "meta_event", "meta_event_type": "lifecycle", "self_id": account}))
    }

    fn message(&mut self, id: u64, account: i64) -> Vec<Output> {
        self.frame(
            id,
            json!({"post_type": "message", "message_type": "private", "self_id": account, "user_id": 7, "message": "a"}),
        )
    }

    /// The next frame that went out on a link.
    fn sent(&mut self, id: u64) -> Option<(Value, u64)> {
        let queue = self.queues.iter_mut().find(|(link, ..)| link.0 == id)?;
        let frame = queue.1.try_recv().ok()?;
        Some((serde_json::from_str(&frame.text).unwrap(), frame.call))
    }

    /// Answers everything that was asked on a link so far.
    fn answer_probes(&mut self, id: u64, account: i64) -> Vec<Output> {
        let mut out = Vec::new();
        while let Some((call, _)) = self.sent(id) {
            let data = match call["action"].as_str().unwrap() {
                "get_login_info" => json!({"user_id": account, "nickname": "小助手"}),
                "get_version_info" => json!({"app_name": "NapCat.Onebot", "app_version": "4.18"}),
                _ => json!({"online": true, "good": true}),
            };
            out.extend(self.frame(id, json!({"status": "ok", "retcode": 0, "data": data, "echo": call["echo"]})));
        }
        out
    }

    /// A universal link that is up.
    fn up(&mut self, id: u64, account: i64) {
        self.open(id, LinkRole::Universal, Some(&account.to_string()), false);
        self.lifecycle(id, account);
        let out = self.answer_probes(id, account);
        assert!(ups(&out).contains(&(account, id)), "{out:?}");
    }

    fn call(&mut self, id: u64, account: i64) -> Option<CallOutcome> {
        let action = Action::Send {
            peer: Peer::Private(UserId(7)),
            temp_group: None,
            segments: vec![OutSegment::Text("好".into())],
        };
        self.hub.call(&Call { id: CallId(id), account: SelfId(account), action }, NOW)
    }

    fn close(&mut self, id: u64, unsent: Vec<u64>) -> Vec<Output> {
        self.tell(LinkEvent::Closed { link: LinkId(id), reason: "gone".into(), unsent })
    }

    fn late(&mut self, seconds: u64) -> Vec<Output> {
        let mut out = Vec::new();
        self.hub.on_deadline(Mono(seconds * 1_000_000), &mut out);
        out
    }
}

fn ups(out: &[Output]) -> Vec<(i64, u64)> {
    out.iter()
        .filter_map(|o| match o {
            Output::Event(AdapterEvent::Up { account, link, .. }) => Some((account.0, link.0)),
            _ => None,
        })
        .collect()
}

fn downs(out: &[Output]) -> Vec<(i64, u64, bool)> {
    out.iter()
        .filter_map(|o| match o {
            Output::Event(AdapterEvent::Down { account, link, others_left, .. }) => {
                Some((account.0, link.0, *others_left))
            }
            _ => None,
        })
        .collect()
}

fn called(out: &[Output]) -> Vec<(u64, CallOutcome)> {
    out.iter().filter_map(|o| if let Output::Called(id, end) = o { Some((id.0, end.clone())) } else { None }).collect()
}

fn messages(out: &[Output]) -> usize {
    out.iter().filter(|o| matches!(o, Output::Event(AdapterEvent::Message(_)))).count()
}

fn refused(out: &[Output]) -> usize {
    out.iter().filter(|o| matches!(o, Output::Event(AdapterEvent::Refused { .. }))).count()
}

fn ok(echo: &Value) -> Value {
    json!({"status": "ok", "retcode": 0, "data": {"message_id": 5}, "echo": echo})
}

#[test]
fn an_account_is_up_when_its_probes_are_answered() {
    let mut play = Play::new(&[]);
    play.open(1, LinkRole::Universal, Some("10"), false);
    assert_eq!(play.lifecycle(1, 10), []);
    let out = play.answer_probes(1, 10);
    let up = AdapterEvent::Up {
        account: SelfId(10),
        link: LinkId(1),
        nickname: "小助手".into(),
        app: AppKind::Napcat,
        version: "NapCat.Onebot 4.18".into(),
        peer: "peer1".into(),
    };
    let online = AdapterEvent::Online { account: SelfId(10), online: Some(true), reason: Text::default() };
    assert_eq!(out, [Output::Event(online), Output::Event(up)]);
    assert_eq!((play.hub.in_flight(), play.hub.next_deadline()), (0, None));
}

#[test]
fn without_answers_it_is_up_after_five_seconds() {
    let mut play = Play::new(&[]);
    play.open(1, LinkRole::Universal, None, false);
    play.lifecycle(1, 10);
    assert_eq!(play.late(4), []);
    assert_eq!(ups(&play.late(5)), [(10, 1)]);
}

#[test]
fn a_message_before_that_can_be_answered_at_once() {
    let mut play = Play::new(&[]);
    play.open(1, LinkRole::Universal, None, false);
    let out = play.message(1, 10);
    assert_eq!((ups(&out), messages(&out)), (vec![(10, 1)], 1));
    assert_eq!(play.call(1, 10), None);
    assert_eq!(play.message(1, 10).len(), 1);
    let out = play.answer_probes(1, 10);
    assert_eq!(ups(&out), [(10, 1)], "told again, with its name");
}

#[test]
fn the_newest_link_is_called_and_the_late_close_of_the_older_changes_nothing() {
    let mut play = Play::new(&[]);
    play.up(1, 10);
    play.up(2, 10);
    assert_eq!(play.call(1, 10), None);
    assert!(play.sent(1).is_none());
    let (frame, _) = play.sent(2).unwrap();
    let out = play.close(1, Vec::new());
    assert_eq!((downs(&out), called(&out)), (vec![(10, 1, true)], vec![]));
    let out = play.frame(2, ok(&frame["echo"]));
    assert_eq!(called(&out), [(1, CallOutcome::Done(CallReply::Sent(Some(MessageId(5)))))]);
    assert_eq!(downs(&play.close(2, Vec::new())), [(10, 2, false)]);
    assert_eq!(play.call(2, 10), Some(CallOutcome::NotSent));
}

#[tokio::test]
async fn a_new_link_puts_the_older_ones_of_its_account_to_the_proof() {
    let mut play = Play::new(&[]);
    for (id, account) in [(1, 10), (2, 20), (3, 10)] {
        play.up(id, account);
    }
    let doubted = |id: usize| play.handles[id - 1].doubted().now_or_never().is_some();
    assert_eq!([1, 2, 3].map(doubted), [true, false, false]);
}

#[test]
fn calls_of_a_dead_link_are_lost_where_they_were_written_and_not_sent_where_not() {
    let mut play = Play::new(&[]);
    play.up(1, 10);
    for id in 1..=3 {
        assert_eq!(play.call(id, 10), None);
    }
    let numbers: Vec<u64> = (0..3).map(|_| play.sent(1).unwrap().1).collect();
    let out = play.close(1, vec![numbers[2]]);
    assert_eq!(called(&out), [(1, CallOutcome::Lost), (2, CallOutcome::Lost), (3, CallOutcome::NotSent)]);
    assert_eq!(play.hub.in_flight(), 0);
}

#[test]
fn a_full_queue_refuses_at_once() {
    let mut play = Play::new(&[]);
    play.up(1, 10);
    let ended = (0..1000).find_map(|id| play.call(id, 10));
    assert_eq!(ended, Some(CallOutcome::NotSent));
}

#[test]
fn a_call_times_out_once_and_its_late_answer_is_counted() {
    let mut play = Play::new(&[]);
    play.up(1, 10);
    play.call(1, 10);
    let (frame, _) = play.sent(1).unwrap();
    assert_eq!(play.hub.next_deadline(), Some(Mono(30_000_000)));
    assert_eq!(called(&play.late(30)), [(1, CallOutcome::TimedOut)]);
    assert_eq!(play.frame(1, ok(&frame["echo"])), []);
    assert_eq!(play.frame(1, ok(&json!("req-1"))), []);
    assert_eq!(play.hub.counters().stray_answers, 2);
}

#[test]
fn an_answer_may_come_on_another_link_of_the_account_but_not_of_another() {
    let mut play = Play::new(&[]);
    play.up(1, 10);
    play.up(2, 20);
    play.call(1, 10);
    play.up(3, 10);
    let (frame, _) = play.sent(1).unwrap();
    assert_eq!(play.frame(2, ok(&frame["echo"])), []);
    assert_eq!(called(&play.frame(3, ok(&frame["echo"]))).len(), 1);
    assert_eq!(play.frame(1, ok(&frame["echo"])), [], "only once");
}

#[test]
fn chunks_of_a_stream_keep_a_call_waiting() {
    let mut play = Play::new(&[]);
    play.up(1, 10);
    play.call(1, 10);
    let (frame, _) = play.sent(1).unwrap();
    let chunk = json!({"status": "ok", "retcode": 0, "data": {"type": "stream"}, "stream": "stream-action", "echo": frame["echo"]});
    assert_eq!(play.frame(1, chunk), []);
    assert_eq!(called(&play.frame(1, ok(&frame["echo"]))).len(), 1);
}

#[test]
fn split_roles_are_paired_by_their_label() {
    for api_first in [true, false] {
        let mut play = Play::new(&[]);
        let roles = [(1, LinkRole::Api), (2, LinkRole::Event)];
        for (id, role) in if api_first { roles } else { [roles[1], roles[0]] } {
            play.open(id, role, Some("bot-one"), false);
        }
        let mut out = play.lifecycle(2, 10);
        out.extend(play.answer_probes(1, 10));
        assert_eq!(ups(&out), [(10, 1)]);
        assert_eq!(messages(&play.message(2, 10)), 1);
        assert_eq!(play.call(1, 10), None);
        assert!(play.sent(2).is_none() && play.sent(1).is_some());
        assert_eq!(downs(&play.close(2, Vec::new())), [(10, 2, true)]);
        let out = play.close(1, Vec::new());
        assert_eq!((downs(&out), called(&out)), (vec![(10, 1, false)], vec![(1, CallOutcome::Lost)]));
    }
}

#[test]
fn the_account_is_what_events_say_and_mentions_of_its_other_id_are_mentions_of_it() {
    let mut play = Play::new(&[]);
    play.open(1, LinkRole::Universal, Some("10000"), false);
    play.lifecycle(1, 14_168_941_763);
    assert_eq!(ups(&play.answer_probes(1, 10_000)), [(14_168_941_763, 1)]);
    let out = play.frame(
        1,
        json!({"post_type": "message", "message_type": "group", "self_id": 14_168_941_763_i64, "user_id": 7, "group_id": 3,
            "message": [{"type": "at", "data": {"qq": "10000"}}]}),
    );
    let [Output::Event(AdapterEvent::Message(message))] = &out[..] else { panic!("{out:?}") };
    assert!(message.mentions(14_168_941_763));
}

#[test]
fn two_adapters_with_one_label_are_not_mixed_up() {
    let mut play = Play::new(&[]);
    play.open(1, LinkRole::Universal, Some("default"), false);
    play.open(2, LinkRole::Universal, Some("default"), false);
    play.lifecycle(1, 10);
    assert_eq!(play.call(1, 10), None);
    play.lifecycle(2, 20);
    play.answer_probes(1, 10);
    assert_eq!(play.call(2, 10), None);
    assert!(play.sent(1).is_some());
}

#[test]
fn another_login_on_the_same_link_takes_the_old_account_down() {
    let mut play = Play::new(&[]);
    play.up(1, 10);
    let out = play.lifecycle(1, 20);
    assert_eq!((downs(&out), ups(&out)), (vec![(10, 1, false)], vec![(20, 1)]));
    assert_eq!(play.call(1, 10), Some(CallOutcome::NotSent));
}

#[test]
fn accounts_that_are_not_served_are_dropped_and_counted() {
    let mut play = Play::new(&[10]);
    play.open(1, LinkRole::Universal, Some("20"), false);
    assert_eq!(play.message(1, 20), []);
    let out = play.answer_probes(1, 20);
    assert_eq!((ups(&out).len(), refused(&out)), (0, 1));
    assert_eq!(play.hub.counters().foreign_events, 1);
    play.up(2, 10);
}

#[test]
fn a_stray_event_of_an_account_that_is_not_served_takes_nothing_down() {
    let mut play = Play::new(&[10]);
    play.up(1, 10);
    assert_eq!(play.message(1, 20), []);
    assert_eq!(play.lifecycle(1, 20), []);
    assert_eq!(play.hub.counters().foreign_events, 1, "a heartbeat of it says nothing");
    assert_eq!(messages(&play.message(1, 10)), 1);
    assert_eq!(play.call(1, 10), None);
}

#[test]
fn events_without_an_account_take_their_links_and_are_dropped_while_it_has_none() {
    let mut play = Play::new(&[]);
    play.open(1, LinkRole::Universal, None, false);
    let nameless = || json!({"post_type": "message", "message_type": "private", "user_id": 7, "message": "a"});
    assert_eq!(play.frame(1, nameless()), []);
    assert_eq!(play.hub.counters().nameless_events, 1);
    play.answer_probes(1, 10);
    let out = play.frame(1, nameless());
    let [Output::Event(AdapterEvent::Message(message))] = &out[..] else { panic!("{out:?}") };
    assert_eq!(message.conversation.account, SelfId(10));
}

#[test]
fn a_dialled_link_that_says_nothing_is_refused_and_closed() {
    let mut play = Play::new(&[]);
    play.open(1, LinkRole::Universal, None, true);
    assert_eq!(refused(&play.late(5)), 1);
    assert!(play.queues[0].2.is_cancelled());
    assert_eq!(play.close(1, Vec::new()), []);
}

#[test]
fn a_link_that_ends_before_it_was_anybody_is_refused() {
    let mut play = Play::new(&[]);
    play.open(1, LinkRole::Universal, None, true);
    assert_eq!(refused(&play.close(1, Vec::new())), 1);
    assert_eq!(play.late(60), []);
}

#[test]
fn the_qq_state_is_told_when_it_changes() {
    let mut play = Play::new(&[]);
    play.up(1, 10);
    let beat = |online: Value| json!({"post_type": "meta_event", "meta_event_type": "heartbeat", "self_id": 10, "status": {"online": online}});
    assert_eq!(play.frame(1, beat(json!(true))), []);
    assert_eq!(play.frame(1, beat(json!(false))).len(), 1);
    assert_eq!(play.frame(1, beat(json!(false))), []);
    let offline = json!({"post_type": "notice", "notice_type": "bot_offline", "self_id": 10, "message": "已下线"});
    assert_eq!(play.frame(1, offline).len(), 1, "a reason is news");
}
