//! The simulator against a small application that answers every question: what the judge must see, and must not.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::accept_async_with_config;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use super::*;

/// How the application misbehaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    Faithful,
    /// Sends every reply twice.
    Doubling,
    /// Sends every reply to the person who asked before.
    Crossing,
    /// Never answers.
    Mute,
    /// Repeats what was not confirmed: wrong where the failure came late.
    Retrying,
}

/// Answers each question with its own words, in the chat where it was asked.
async fn application(manner: Manner, stop: CancellationToken) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/ws", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            tokio::select! {
                accepted = listener.accept() => { tokio::spawn(serve(accepted.unwrap().0, manner)); }
                () = stop.cancelled() => return,
            }
        }
    });
    url
}

async fn serve(stream: TcpStream, manner: Manner) {
    let config = WebSocketConfig::default().max_frame_size(Some(64 << 20));
    let Ok(mut socket) = accept_async_with_config(stream, Some(config)).await else { return };
    let mut before: Option<Value> = None;
    while let Some(Ok(frame)) = socket.next().await {
        let Message::Text(text) = frame else { continue };
        let Ok(event) = serde_json::from_str::<Value>(&text) else { continue };
        if manner == Manner::Retrying && event["status"] == "failed" {
            let mut again: Value = serde_json::from_str(event["echo"].as_str().unwrap()).unwrap();
            again["echo"] = event["echo"].clone();
            if socket.send(Message::text(again.to_string())).await.is_err() {
                return;
            }
        }
        if event["post_type"] != "message" || manner == Manner::Mute || event["user_id"].is_null() {
            continue;
        }
        let mut call = answer(&event);
        match manner {
            Manner::Crossing => {
                let now = call.clone();
                if let Some(mut other) = before.replace(now) {
                    other["params"]["message"] = call["params"]["message"].clone();
                    call = other;
                }
            }
            // The echo carries what to repeat.
            Manner::Retrying => call["echo"] = call.to_string().into(),
            _ => {}
        }
        for _ in 0..if manner == Manner::Doubling { 2 } else { 1 } {
            if socket.send(Message::text(call.to_string())).await.is_err() {
                return;
            }
        }
    }
}

fn answer(event: &Value) -> Value {
    let segments = match &event["message"] {
        Value::String(cq) => segment::decode(cq),
        other => segment::read(other, false),
    };
    let message = [segment::text(&segment::plain(&segments))];
    if event["message_type"] == "group" {
        json!({"action": "send_group_msg", "params": {"group_id": event["group_id"], "message": message}, "echo": "g"})
    } else {
        json!({"action": "send_private_msg", "params": {"user_id": event["user_id"], "message": message}, "echo": "p"})
    }
}

struct Room {
    simulator: Simulator,
    stop: CancellationToken,
}

impl Drop for Room {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn room(manner: Manner, change: impl Fn(&mut AdapterSettings)) -> Room {
    let stop = CancellationToken::new();
    let url = application(manner, stop.clone()).await;
    let mut settings = SimulatorSettings::small();
    settings.models.clear();
    for adapter in &mut settings.adapters {
        adapter.reconnect = Duration::from_millis(5);
        change(adapter);
    }
    let simulator = Simulator::start(settings, &stop).await.unwrap();
    simulator.dial(&url);
    for adapter in &simulator.adapters {
        adapter.wait_up().await;
    }
    Room { simulator, stop }
}

fn talk(count: usize, turns: usize) -> Conversations {
    Conversations { count, turns, members_per_group: 3, drain: Duration::from_millis(50), ..Conversations::default() }
}

/// Where something must stay unanswered, nobody wants to wait for long.
fn impatient(count: usize, turns: usize) -> Conversations {
    Conversations { patience: Duration::from_millis(300), ..talk(count, turns) }
}

#[tokio::test]
async fn a_faithful_application_is_found_clean_with_every_adapter_and_format() {
    for dialect in Dialect::ALL {
        for format in [Format::Array, Format::CqString] {
            let room = room(Manner::Faithful, |s| (s.dialect, s.format) = (dialect, format)).await;
            let plan = Conversations { rich: true, at_once: 2, ..talk(12, 5) };
            let report = room.simulator.run_conversations(&plan).await;
            assert!(report.is_clean(), "{dialect:?} {format:?} {report:?}");
            assert_eq!((report.untagged, report.latency_group.count), (0, 30));
        }
    }
}

#[tokio::test]
async fn two_accounts_and_a_second_link_keep_apart() {
    let stop = CancellationToken::new();
    let url = application(Manner::Faithful, stop.clone()).await;
    let mut settings = SimulatorSettings::small();
    let other = AdapterSettings::new(Dialect::Llonebot, Side::reverse(""), Roster::lonely(FIRST_ACCOUNT + 1, "b"));
    settings.adapters.push(other);
    let simulator = Simulator::start(settings, &stop).await.unwrap();
    simulator.dial(&url);
    let report = simulator.run_conversations(&talk(10, 3)).await;
    assert!(report.is_clean(), "{report:?}");
    // Each link brings the event, and this application does not know them apart.
    simulator.adapters[0].open_another_link();
    while simulator.adapters[0].links_up() < 2 {
        tokio::task::yield_now().await;
    }
    assert!(simulator.run_conversations(&talk(10, 3)).await.duplicates > 0);
    stop.cancel();
    simulator.stopped().await;
}

#[tokio::test]
async fn doubled_replies_are_seen() {
    let room = room(Manner::Doubling, |_| {}).await;
    let report = room.simulator.run_conversations(&talk(6, 3)).await;
    assert_eq!((report.answered, report.duplicates), (18, 18), "{report:?}");
}

#[tokio::test]
async fn doubled_events_are_answered_twice_by_the_naive() {
    let room = room(Manner::Faithful, |s| s.faults.duplicate_events = 1.0).await;
    let report = room.simulator.run_conversations(&talk(4, 3)).await;
    assert_eq!((report.answered, report.duplicates), (12, 12), "{report:?}");
}

#[tokio::test]
async fn crossed_replies_are_seen() {
    let room = room(Manner::Crossing, |_| {}).await;
    let plan = Conversations { group_share: 0.0, ..impatient(6, 1) };
    let report = room.simulator.run_conversations(&plan).await;
    assert_eq!((report.crossed, report.lost), (5, 5), "{report:?}");
}

#[tokio::test]
async fn silence_is_loss() {
    let room = room(Manner::Mute, |_| {}).await;
    let report = room.simulator.run_conversations(&impatient(4, 1)).await;
    assert_eq!((report.answered, report.lost, report.lost_during_drop), (0, 4, 0), "{report:?}");
}

#[tokio::test]
async fn a_late_lost_send_is_loss_and_a_retry_of_a_late_delivered_one_is_a_double() {
    let lost = room(Manner::Faithful, |s| s.faults.late_lost = 1.0).await;
    assert_eq!(lost.simulator.run_conversations(&impatient(4, 1)).await.lost, 4);
    let doubled = room(Manner::Retrying, |s| s.faults.late_delivered = 0.5).await;
    let report = doubled.simulator.run_conversations(&talk(8, 3)).await;
    assert!(report.lost == 0 && report.duplicates > 0, "{report:?}");
    let refused = room(Manner::Retrying, |s| s.faults.refuse = 0.5).await;
    let report = refused.simulator.run_conversations(&talk(8, 3)).await;
    assert!(report.is_clean(), "{report:?}");
    assert!(refused.simulator.adapters[0].counts()["failures"] > 0);
}

#[tokio::test]
async fn a_muted_group_hears_nothing() {
    let room = room(Manner::Faithful, |_| {}).await;
    room.simulator.adapters[0].faults(|f| f.muted_groups.extend(710_000_000..710_000_010));
    let report = room.simulator.run_conversations(&impatient(4, 1)).await;
    assert_eq!((report.lost, report.latency_private.count), (2, 2), "{report:?}");
}

#[tokio::test]
async fn withheld_responses_do_not_unsay_what_was_said() {
    let room = room(Manner::Faithful, |s| s.faults.no_response = 1.0).await;
    assert!(room.simulator.run_conversations(&talk(4, 2)).await.is_clean());
    assert_eq!(room.simulator.adapters[0].counts()["responses_withheld"], 8);
}

#[tokio::test]
async fn dropped_links_come_back_and_garbage_is_harmless() {
    for style in [DropStyle::Abort, DropStyle::Close, DropStyle::HalfOpen] {
        let room = room(Manner::Faithful, |s| {
            s.faults.drop_every = Some(Duration::from_millis(60));
            s.faults.drop_style = style;
            s.faults.garbage_every = Some(Duration::from_millis(7));
        })
        .await;
        let plan = Conversations { think: Duration::from_millis(20), ..impatient(6, 12) };
        let report = room.simulator.run_conversations(&plan).await;
        // What is lost, is lost with a link; the rest is answered once.
        assert_eq!(report.lost, report.lost_during_drop, "{style:?} {report:?}");
        assert_eq!((report.duplicates, report.crossed, report.aborted), (0, 0, 0), "{style:?} {report:?}");
        assert!(report.answered > 36, "{style:?} {report:?}");
        assert!(room.simulator.adapters[0].counts()["drops"] > 0);
    }
}

#[tokio::test]
async fn the_same_seed_asks_the_same() {
    let mut said = Vec::new();
    for seed in [1, 1, 2] {
        let room = room(Manner::Faithful, |_| {}).await;
        let plan = Conversations { seed, rich: true, ..talk(4, 3) };
        assert!(room.simulator.run_conversations(&plan).await.is_clean());
        let mut texts: Vec<String> = room.simulator.adapters[0].sent().into_iter().map(|sent| sent.text).collect();
        texts.sort();
        said.push(texts);
    }
    assert_eq!(said[0], said[1]);
    assert_ne!(said[0], said[2]);
}
