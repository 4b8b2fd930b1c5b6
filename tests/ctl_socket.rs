//! The control socket from the other end: every verb, and everything that a client can do wrong.

mod common;

use std::time::Duration;

use common::{Daemon, line, sample};
use futures_util::StreamExt;
use qqdeck::console::Depth;
use qqdeck::domain::*;
use qqdeck::serve::frame::{Codec, Frame};
use qqdeck::serve::hello::Hello;
use qqdeck::serve::{CONNECTIONS, line as wire};
use qqdeck::verbs::TABLE;
use qqdeck::words::{Bye, Lang};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio_util::codec::FramedRead;

#[tokio::test]
async fn every_verb_answers_in_fields_and_in_text() {
    let daemon = Daemon::start().await;
    for entry in TABLE.iter().filter(|e| !["tail", "kick"].contains(&e.name)) {
        for json in [true, false] {
            let answer = daemon.ask(entry.name, sample(entry.name), json).await;
            assert_eq!(answer["ok"], true, "{}: {answer:?}", entry.name);
            assert!(answer["code"].is_string() && answer["words"].is_string(), "{}", entry.name);
            let read = ["text"].iter().any(|f| answer.contains_key(*f));
            assert!(!(json && read), "{} gives fields or text, not both", entry.name);
        }
    }
    let history = daemon.ask("alerts", json!({"history": "5"}), true).await;
    assert!(history["alerts"].is_array() && !history.contains_key("silences"), "{history:?}");
    daemon.stop().await;
}

#[tokio::test]
async fn verbs_become_the_commands_they_say() {
    let mut daemon = Daemon::start().await;
    let group = ChatRef { peer: Peer::Group(GroupId(123)), account: None };
    let cases = [
        ("send", Command::Send { chat: group, text: "你好".into(), quote: None, at: Vec::new() }),
        ("ask", Command::Ask { chat: group, text: "你好".into() }),
        ("answer", Command::Answer { chat: group, line: None }),
        ("retry", Command::Retry { chat: group, line: None }),
        ("correct", Command::Correct { chat: group, line: Seq(12), text: "你好".into() }),
        ("claim", Command::Claim { chat: group }),
        ("release", Command::Release { chat: group }),
        ("stop", Command::Stop { chat: group }),
        ("new", Command::New { chat: group }),
        ("recall", Command::Recall { chat: group, line: Seq(12) }),
        (
            "mode",
            Command::Mode {
                chat: ChatRef { account: Some(SelfId(10001)), ..group },
                mode: Some(Mode::Manual),
                during: Some(Duration::from_secs(1800)),
            },
        ),
        ("persona", Command::Persona { chat: group, name: Some("x".into()) }),
        ("model", Command::Model { chat: group, provider: Some("x".into()) }),
        ("resume", Command::Resume { chat: group }),
        ("note", Command::Note { chat: group, text: "你好".into() }),
        ("approve", Command::Approve { item: ItemId(3), text: Some("better".into()) }),
        ("reject", Command::Reject { item: ItemId(3) }),
        ("accept", Command::Accept { item: ItemId(3) }),
        ("refuse", Command::Refuse { item: ItemId(3), reason: "no".into() }),
        (
            "allow",
            Command::Allow { id: AccessId::Group(GroupId(123)), during: Some(Duration::from_secs(5400)), answer: true },
        ),
        ("deny", Command::Deny { id: AccessId::Person(UserId(5)) }),
        ("block", Command::Block { id: AccessId::Person(UserId(5)), during: Some(Duration::from_secs(172_800)) }),
        ("unblock", Command::Unblock { id: AccessId::Person(UserId(5)) }),
        ("set", Command::Set { chat: group, key: "reply.at_sender".into(), value: "true".into() }),
        ("provider", Command::Provider { name: "qwen".into(), to: ProviderSwitch::Off }),
        ("word", Command::Word { word: "坏词".into(), add: true }),
        ("ack", Command::Ack { alert: AlertId(7) }),
        (
            "silence",
            Command::Silence {
                rule: "ws_disconnected".into(),
                labels: vec![("account".into(), "10001".into())],
                during: Duration::from_secs(3600),
                reason: "换机器".into(),
            },
        ),
        ("unsilence", Command::Unsilence { rule: "vram_high".into(), labels: Vec::new() }),
        ("notify", Command::TestNotify),
        ("reload", Command::Reload),
        ("shutdown", Command::Shutdown),
    ];
    for (verb, expected) in cases {
        daemon.ask(verb, sample(verb), true).await;
        let (operator, command) = daemon.commands.recv().await.unwrap();
        assert_eq!(command, expected);
        assert_eq!(operator.role, Role::Admin);
        assert!(!operator.name.is_empty());
        // The table's role is what the help promises; the engine's is what holds.
        let entry = TABLE.iter().find(|e| e.name == verb).unwrap();
        assert_eq!(entry.role, command.role(), "{verb}");
    }
    let quoting = json!({"chat": "group:123", "text": "你好", "quote": "5", "at": "7,8"});
    daemon.ask("send", quoting, true).await;
    let (quote, at) = (Some(Seq(5)), [7, 8].map(UserId).to_vec());
    let expected = Command::Send { chat: group, text: "你好".into(), quote, at };
    assert_eq!(daemon.commands.recv().await.unwrap().1, expected);
    daemon.stop().await;
}

#[tokio::test]
async fn chats_that_said_nothing_since_the_start_are_known_all_the_same() {
    let daemon = Daemon::start().await;
    let all = daemon.ask("chats", json!({}), true).await;
    let names: Vec<_> = all["chats"].as_array().unwrap().iter().map(|chat| chat["chat"].as_str().unwrap()).collect();
    assert_eq!(names, ["group:123@10001", "group:456@10001"]);
    assert_ne!(all["chats"][0]["note"], "常客", "what is in memory goes before what is on record");
    let text = daemon.ask("chats", json!({}), false).await;
    assert!(text["text"].as_str().unwrap().contains("group:456"), "{text:?}");
    for chat in ["group:456", "group:456@10001"] {
        let found = daemon.ask("get", json!({"chat": chat}), true).await;
        let fields = (&found["note"], &found["mode"], &found["today"]);
        assert_eq!(fields, (&json!("常客"), &json!("draft"), &Value::Null), "{found:?}");
    }
    let mode = daemon.ask("get", json!({"chat": "group:456", "key": "mode"}), true).await;
    assert_eq!(mode["value"], "draft");
    for (chat, words) in [("group:45", "group:45"), ("group:456@7", "group:456@7")] {
        let refused = daemon.ask("get", json!({"chat": chat}), true).await;
        assert_eq!(refused["code"], "unknown_chat", "{refused:?}");
        assert!(refused["words"].as_str().unwrap().contains(words), "{refused:?}");
    }
    daemon.stop().await;
}

#[tokio::test]
async fn none_is_not_how_many() {
    let daemon = Daemon::start().await;
    for (verb, name) in [("history", "limit"), ("usage", "days"), ("audit", "limit"), ("alerts", "history")] {
        let mut arguments = sample(verb);
        arguments[name] = json!("0");
        let refused = daemon.ask(verb, arguments, true).await;
        assert_eq!((&refused["ok"], &refused["code"]), (&json!(false), &json!("usage")), "{verb}: {refused:?}");
    }
    daemon.stop().await;
}

#[tokio::test]
async fn status_has_what_scripts_rely_on() {
    let daemon = Daemon::start().await;
    let s = Value::Object(daemon.ask("status", json!({}), true).await);
    assert_eq!(s["accounts"][0]["self_id"], 10001);
    assert_eq!((&s["accounts"][0]["online"], &s["accounts"][0]["connected"]), (&json!(true), &json!(true)));
    assert_eq!(s["accounts"][0]["adapter"], "NapCat 4.8");
    let p = &s["providers"][0];
    assert_eq!((&p["name"], &p["state"], &p["inflight"]), (&json!("qwen"), &json!("ready"), &json!(1)));
    assert_eq!(p["ttft_p50_ms"], 412.0);
    for counter in ["received", "replied", "ignored", "failed", "unknown", "shed"] {
        assert!(s["counters"][counter].is_u64(), "{counter}");
    }
    for stage in ["queue", "first_text", "generation", "send", "total"] {
        for p in ["p50", "p95", "p99"] {
            assert!(s["latency_ms"][stage].get(p).is_some() && s["latency_ms"].get(p).is_some());
        }
    }
    for list in ["gpus", "alerts", "attention"] {
        assert!(s[list].is_array(), "{list}");
    }
    assert_eq!(s["attention"][0]["kind"], "draft");
    assert_eq!(s["outbox"], 2);
    assert!(s["usage_today"]["asks"].is_u64());
    daemon.stop().await;
}

#[tokio::test]
async fn text_for_people_lines_up_and_moves_no_cursor() {
    let daemon = Daemon::start().await;
    for verb in [
        "status",
        "chats",
        "accounts",
        "attention",
        "history",
        "why",
        "get",
        "usage",
        "audit",
        "sessions",
        "alerts",
        "export",
    ] {
        let answer = daemon.ask(verb, sample(verb), false).await;
        let text = answer["text"].as_str().unwrap();
        assert!(Text::from(text).hazards().is_empty(), "{verb}: {text:?}");
        assert!(text.ends_with('\n') && !text.contains("\n\n\n"), "{verb}: {text:?}");
    }
    let why = daemon.ask("why", sample("why"), false).await;
    let why = why["text"].as_str().unwrap();
    assert!(why.contains("不回：群 123 还没放行") && why.contains("access.groups"), "{why}");
    assert!(why.contains("qqdeck ctl allow group_123 --answer"), "{why}");
    let usage = daemon.ask("usage", sample("usage"), false).await;
    let usage = usage["text"].as_str().unwrap().to_owned();
    assert!(usage.lines().nth(1).unwrap().starts_with("deepseek"), "the dearest first: {usage}");
    let fields = Value::Object(daemon.ask("history", sample("history"), true).await);
    assert_eq!(fields["lines"][1]["text"], common::NASTY, "fields hold every byte, escaped");
    assert_eq!(fields["lines"][0]["verdict"]["reason"], "not_allowed");
    daemon.stop().await;
}

#[tokio::test]
async fn an_export_is_whole_and_in_the_shape_that_was_asked_for() {
    let daemon = Daemon::start().await;
    let fields = daemon.ask("export", json!({"what": "group:123", "format": "txt"}), true).await;
    let text = fields["export"].as_str().unwrap();
    assert!(
        fields["format"] == "txt" && text.contains("second") && Text::from(text).hazards().is_empty(),
        "{fields:?}"
    );
    let audit = daemon.ask("export", json!({"what": "audit", "format": "csv"}), false).await;
    assert!(audit["text"].as_str().unwrap().starts_with("time,operator,command,result\n"), "{audit:?}");
    let wrong = daemon.ask("export", json!({"what": "audit", "format": "exe"}), true).await;
    assert_eq!((&wrong["ok"], &wrong["code"]), (&json!(false), &json!("usage")));
    daemon.stop().await;
}

#[tokio::test]
async fn what_came_of_a_command_is_told_by_code_and_words() {
    let daemon = Daemon::start().await;
    let started = daemon.ask("ask", sample("ask"), true).await;
    assert_eq!((&started["code"], &started["seq"]), (&json!("started"), &json!(77)));
    let already = daemon.ask("unblock", sample("unblock"), true).await;
    assert_eq!(already["code"], "already");
    let said = daemon.ask("allow", sample("allow"), true).await;
    assert_eq!(said["words"], "已放行 群 123（1 小时 30 分钟）。");
    let refused = daemon.ask("provider", json!({"name": "qwn", "to": "on"}), true).await;
    assert_eq!(
        (&refused["ok"], &refused["code"], &refused["nearest"]),
        (&json!(false), &json!("unknown_provider"), &json!("qwen"))
    );
    let failed = daemon.ask("search", json!({"text": "broken"}), true).await;
    assert_eq!(failed["code"], "store");
    let nowhere = daemon.ask("why", json!({"chat": "group:123", "message": "404"}), true).await;
    assert_eq!(nowhere["code"], "unknown_line");
    let near = daemon.ask("get", json!({"chat": "group:124"}), true).await;
    assert_eq!((&near["code"], &near["nearest"]), (&json!("unknown_chat"), &json!("group:123")));
    let one = daemon.ask("get", json!({"chat": "group:123", "key": "persona"}), true).await;
    assert_eq!(one["value"], "客服");
    daemon.stop().await;
}

#[tokio::test]
async fn arguments_that_cannot_be_read_are_usage() {
    let daemon = Daemon::start().await;
    for (verb, arguments, mentions) in [
        ("stauts", json!({}), "status"),
        ("send", json!({"chat": "group:1"}), "TEXT"),
        ("send", json!({"text": "x"}), "CHAT"),
        ("send", json!({"chat": "grup:1", "text": "x"}), "group:1"),
        ("allow", json!({"id": "group123"}), "group_123"),
        ("allow", json!({"id": "group_1", "for": "soon"}), "30m"),
        ("mode", json!({"chat": "group:1", "mode": "manul"}), "manual"),
        ("approve", json!({"item": "x"}), "attention"),
        ("set", json!({"chat": "group:1", "setting": "x"}), "="),
        ("usage", json!({"by": "week"}), "day"),
        ("history", json!({"chat": "group:1", "since": "yesterday"}), "2025-11-21"),
        ("get", json!({"chat": "group:123", "key": "personna"}), "persona"),
        ("provider", json!({"name": "q", "to": ["on"]}), "TO"),
    ] {
        let answer = daemon.ask(verb, arguments, true).await;
        assert_eq!((&answer["ok"], &answer["code"]), (&json!(false), &json!("usage")), "{verb}");
        let words = answer["words"].as_str().unwrap();
        assert!(words.contains(mentions), "{verb}: {words}");
    }
    daemon.stop().await;
}

#[tokio::test]
async fn several_questions_may_follow_each_other_on_one_connection() {
    let daemon = Daemon::start().await;
    let mut c = daemon.connect().await;
    c.say(&Hello::ctl(Lang::En)).await;
    c.ask("reload", json!({}), true).await;
    c.ask("sessions", json!({}), true).await;
    assert_eq!(c.hear().await.unwrap()["words"], "Done");
    let sessions = c.hear().await.unwrap();
    assert_eq!(sessions["sessions"].as_array().map(Vec::len), Some(1));
    assert_eq!(sessions["sessions"][0]["purpose"], "ctl");
    drop(c);
    daemon.stop().await;
}

#[tokio::test]
async fn lines_that_are_no_questions_are_answered_and_end_the_connection() {
    let daemon = Daemon::start().await;
    let hello = serde_json::to_string(&Hello::ctl(Lang::En)).unwrap();
    let long = "x".repeat(wire::LONGEST + 10);
    for bytes in [
        "not json\n".to_owned(),
        "[]\n".to_owned(),
        format!("{hello}\nnot json\n"),
        format!("{hello}\n{{\"verb\": 5}}\n"),
        format!("{hello}\n{{\"verb\": \"status\", \"arguments\": []}}\n"),
        format!("{hello}\n{long}\n"),
        format!("{hello}\n{long}"),
    ] {
        let mut c = daemon.connect().await;
        c.raw(bytes.as_bytes()).await;
        let answer = c.hear().await.unwrap();
        assert_eq!((&answer["ok"], &answer["code"]), (&json!(false), &json!("bad_request")));
        assert!(c.hear().await.is_none(), "closed");
    }
    let mut binary = daemon.connect().await;
    binary.raw(b"\xff\xfe\x00\n").await;
    assert_eq!(binary.hear().await.unwrap()["code"], "bad_request");
    assert_eq!(daemon.ask("status", json!({}), true).await["ok"], true, "nobody else noticed");
    daemon.stop().await;
}

#[tokio::test]
async fn another_version_is_told_so_and_may_still_stop_the_daemon() {
    let mut daemon = Daemon::start().await;
    let other = Hello { version: "0.0.9".into(), ..Hello::ctl(Lang::En) };
    let mut c = daemon.connect().await;
    c.say(&other).await;
    c.ask("status", json!({}), true).await;
    let answer = c.hear().await.unwrap();
    assert_eq!((&answer["code"], &answer["version"]), (&json!("other_version"), &json!(env!("CARGO_PKG_VERSION"))));
    assert!(answer["words"].as_str().unwrap().contains("0.0.9"));
    let mut c = daemon.connect().await;
    c.say(&other).await;
    c.ask("shutdown", json!({}), true).await;
    assert_eq!(c.hear().await.unwrap()["ok"], true);
    assert_eq!(daemon.commands.recv().await.unwrap().1, Command::Shutdown);
    daemon.stop().await;
}

#[tokio::test]
async fn sessions_are_listed_and_ended_by_number() {
    let daemon = Daemon::start().await;
    let mut c = daemon.connect().await;
    c.say(&Hello { read_only: true, ..Hello::attach(Lang::Zh, (80, 24), "xterm".into(), Depth::Ansi16) }).await;
    assert_eq!(c.hear().await.unwrap()["code"], "attached");
    let listed = daemon.ask("sessions", json!({}), true).await;
    let row = &listed["sessions"][0];
    assert_eq!((&row["purpose"], &row["size"], &row["read_only"]), (&json!("attach"), &json!([80, 24]), &json!(true)));
    assert_eq!(daemon.ask("kick", json!({"session": "99"}), true).await["code"], "unknown_session");
    assert_eq!(daemon.ask("kick", json!({"session": row["id"]}), true).await["ok"], true);
    let (read, mut write) = tokio::io::split(c.stream);
    let mut frames = FramedRead::new(read, Codec);
    let bye = loop {
        match frames.next().await.unwrap().unwrap() {
            // As a relay does, or the session would wait for the terminal. Nobody wants to know it of the last bytes.
            Frame::Bytes(_) => drop(write.write_all(&[3, 0, 0, 0, 0]).await),
            Frame::Bye(bye) => break bye,
            other => panic!("{other:?}"),
        }
    };
    assert!(matches!(bye, Bye::Ended { .. }), "told why: {bye:?}");
    assert!(frames.next().await.is_none(), "and closed");
    daemon.stop().await;
}

#[tokio::test]
async fn a_relay_of_another_version_is_told_in_words_and_not_in_frames() {
    let daemon = Daemon::start().await;
    let mut c = daemon.connect().await;
    let hello = Hello::attach(Lang::Zh, (80, 24), "xterm".into(), Depth::Rgb);
    c.say(&Hello { version: "0.0.9".into(), ..hello }).await;
    let bye = c.hear().await.unwrap();
    assert_eq!((&bye["bye"], &bye["code"]), (&json!(true), &json!("other_version")));
    assert!(c.hear().await.is_none());
    daemon.stop().await;
}

#[tokio::test]
async fn a_follower_sees_its_chat_and_ends_with_the_bot() {
    let daemon = Daemon::start().await;
    let mut c = daemon.connect().await;
    c.say(&Hello::ctl(Lang::Zh)).await;
    c.ask("tail", json!({"chat": "group:123"}), true).await;
    assert_eq!(c.hear().await.unwrap()["code"], "following");
    let mut elsewhere = line(5, "elsewhere");
    elsewhere.conversation.peer = Peer::Group(GroupId(9));
    daemon.lines.say(elsewhere.into());
    daemon.lines.say(line(6, "here").into());
    let heard = c.hear().await.unwrap();
    assert_eq!((&heard["seq"], &heard["text"]), (&json!(6), &json!("here")));
    daemon.stop().await;
    assert!(c.hear().await.is_none());
}

#[tokio::test]
async fn a_crowd_is_kept_out_and_room_comes_back() {
    let daemon = Daemon::start().await;
    let mut crowd = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut c = daemon.connect().await;
        c.say(&Hello::ctl(Lang::En)).await;
        c.ask("reload", json!({}), true).await;
        assert_eq!(c.hear().await.unwrap()["ok"], true);
        crowd.push(c);
    }
    let mut late = daemon.connect().await;
    assert_eq!(late.hear().await.unwrap()["code"], "busy");
    // A connection that has ended makes room; its task may need a moment, so ask until it is so.
    crowd.pop();
    let mut tries = 0;
    while daemon.ask("reload", json!({}), true).await["ok"] != json!(true) {
        tries += 1;
        assert!(tries < 10_000, "no room came back");
        tokio::task::yield_now().await;
    }
    drop(crowd);
    daemon.stop().await;
}
