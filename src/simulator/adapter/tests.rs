use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{accept_async, connect_async};

use super::*;
use crate::domain::{GroupId, UserId};
use crate::simulator::world::FIRST_ACCOUNT;
use crate::simulator::{World, WorldSize, segment};

async fn forward(dialect: Dialect, change: impl FnOnce(&mut AdapterSettings)) -> (Adapter, CancellationToken) {
    let world = World::new(1, WorldSize::default());
    let mut settings = AdapterSettings::new(dialect, Side::forward(), world.rosters[0].clone());
    change(&mut settings);
    let stop = CancellationToken::new();
    (Adapter::start(settings, stop.clone()).await.unwrap(), stop)
}

type Client = tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

async fn attach(adapter: &Adapter) -> Client {
    let (mut client, _) = connect_async(adapter.url().unwrap()).await.unwrap();
    let hello = frame(&mut client).await;
    assert_eq!((hello["meta_event_type"].as_str(), hello["sub_type"].as_str()), (Some("lifecycle"), Some("connect")));
    client
}

async fn frame(client: &mut Client) -> Value {
    loop {
        match client.next().await.unwrap().unwrap() {
            Message::Text(text) => return serde_json::from_str(&text).unwrap(),
            Message::Close(_) => return Value::Null,
            _ => {}
        }
    }
}

async fn call(client: &mut Client, action: &str, params: Value) -> Value {
    let request = json!({"action": action, "params": params, "echo": "e1"});
    client.send(Message::text(request.to_string())).await.unwrap();
    frame(client).await
}

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

#[tokio::test]
async fn a_message_of_napcat_has_napcats_shape() {
    let (adapter, _stop) = forward(Dialect::Napcat, |_| {}).await;
    let mut client = attach(&adapter).await;
    let group = Peer::Group(GroupId(700_000_000));
    let said = [segment::at(adapter.self_id()), segment::text(" 你好 ")];
    let (id, carried) = adapter.say(group, 30_000_001, &said).await;
    assert!(carried);
    let event = frame(&mut client).await;
    let expected = [
        "font",
        "group_id",
        "group_name",
        "message",
        "message_format",
        "message_id",
        "message_seq",
        "message_type",
        "post_type",
        "raw_message",
        "real_id",
        "real_seq",
        "self_id",
        "sender",
        "sub_type",
        "time",
        "user_id",
    ];
    assert_eq!(keys(&event), expected);
    assert_eq!(keys(&event["sender"]), ["card", "nickname", "role", "user_id"]);
    assert_eq!(event["message_id"], id);
    // Trimmed, as NapCat does; the segments are not.
    assert_eq!(event["raw_message"], "[CQ:at,qq=10001000] 你好");
    assert_eq!(event["message"][1]["data"]["text"], " 你好 ");
    let person = adapter.say(Peer::Private(UserId(20_000_000)), 20_000_000, &[segment::text("x")]).await.0;
    let event = frame(&mut client).await;
    assert_eq!((event["message_id"].as_i64(), event["target_id"].as_i64()), (Some(person), Some(20_000_000)));
    assert_eq!((event["sub_type"].as_str(), event.get("group_id")), (Some("friend"), None));
}

#[tokio::test]
async fn the_envelope_differs_by_adapter() {
    let expected: [(Dialect, &[&str], i64); 4] = [
        (Dialect::Napcat, &["data", "echo", "message", "retcode", "status", "stream", "wording"], 1404),
        (Dialect::Llonebot, &["data", "echo", "message", "retcode", "status", "wording"], 1404),
        (Dialect::Lagrange, &["data", "echo", "retcode", "status"], 404),
        (Dialect::Gocqhttp, &["data", "echo", "message", "retcode", "status"], 404),
    ];
    for (dialect, fields, unknown) in expected {
        let (adapter, _stop) = forward(dialect, |_| {}).await;
        let mut client = attach(&adapter).await;
        let ok = call(&mut client, "get_login_info", json!({})).await;
        assert_eq!(keys(&ok), fields, "{dialect:?}");
        assert_eq!((ok["data"]["user_id"].as_i64(), ok["echo"].as_str()), (Some(FIRST_ACCOUNT), Some("e1")));
        assert_eq!(call(&mut client, "no_such", json!({})).await["retcode"], unknown, "{dialect:?}");
        assert_eq!(call(&mut client, "get_version_info", json!({})).await["data"]["app_name"], dialect.app_name());
        client.send(Message::text(r#"{"action":"get_status","params":{}}"#)).await.unwrap();
        let without = frame(&mut client).await;
        let echo = match dialect {
            Dialect::Napcat => Some(json!("")),
            Dialect::Lagrange => Some(Value::Null),
            Dialect::Llonebot | Dialect::Gocqhttp => None,
        };
        assert_eq!(without.get("echo"), echo.as_ref(), "{dialect:?}");
    }
}

#[tokio::test]
async fn an_echo_of_any_type_comes_back_as_it_was() {
    let (adapter, _stop) = forward(Dialect::Napcat, |_| {}).await;
    let mut client = attach(&adapter).await;
    for echo in [json!(12), json!({"id": 7, "k": ["v", null]}), json!("x\"y")] {
        let request = json!({"action": "get_status", "echo": echo});
        client.send(Message::text(request.to_string())).await.unwrap();
        assert_eq!(frame(&mut client).await["echo"], echo);
    }
}

#[tokio::test]
async fn history_holds_the_accounts_own_messages() {
    let (adapter, _stop) = forward(Dialect::Napcat, |_| {}).await;
    let mut client = attach(&adapter).await;
    let peer = Peer::Private(UserId(20_000_000));
    adapter.say(peer, 20_000_000, &[segment::text("q")]).await;
    frame(&mut client).await;
    let sent =
        call(&mut client, "send_private_msg", json!({"user_id": 20_000_000, "message": [segment::text("a")]})).await;
    let id = sent["data"]["message_id"].as_i64().unwrap();
    let all = call(&mut client, "get_friend_msg_history", json!({"user_id": "20000000", "count": 20})).await;
    let messages = all["data"]["messages"].as_array().unwrap();
    let told: Vec<_> =
        messages.iter().map(|m| (m["raw_message"].as_str().unwrap(), m["user_id"].as_i64().unwrap())).collect();
    assert_eq!(told, [("q", 20_000_000), ("a", FIRST_ACCOUNT)]);
    assert_eq!(call(&mut client, "get_msg", json!({"message_id": id})).await["data"]["message_id"], id);
    assert_eq!(call(&mut client, "delete_msg", json!({"message_id": id})).await["status"], "ok");
    assert_eq!(frame(&mut client).await["notice_type"], "friend_recall");
    assert_eq!(call(&mut client, "delete_msg", json!({"message_id": id})).await["retcode"], 1200);
}

#[tokio::test]
async fn cq_text_in_a_string_is_read_as_codes_and_in_segments_is_not() {
    let (adapter, _stop) = forward(Dialect::Napcat, |_| {}).await;
    let mut client = attach(&adapter).await;
    call(&mut client, "send_group_msg", json!({"group_id": 1, "message": "a[CQ:at,qq=all]"})).await;
    call(&mut client, "send_group_msg", json!({"group_id": 1, "message": [segment::text("a[CQ:at,qq=all]")]})).await;
    let sent = adapter.sent();
    assert_eq!(sent[0].segments[1], segment::at("all"));
    assert_eq!(sent[1].text, "a[CQ:at,qq=all]");
}

#[tokio::test]
async fn lagrange_refuses_numbers_where_strings_belong() {
    let (adapter, _stop) = forward(Dialect::Lagrange, |_| {}).await;
    let mut client = attach(&adapter).await;
    let numeric = json!([{"type": "at", "data": {"qq": 5}}, segment::text("x")]);
    assert_eq!(call(&mut client, "send_group_msg", json!({"group_id": 1, "message": numeric})).await["retcode"], 200);
    assert!(adapter.sent().is_empty());
}

#[tokio::test]
async fn a_muted_group_refuses_in_each_adapters_own_way() {
    for (dialect, retcode) in
        [(Dialect::Napcat, 1200), (Dialect::Llonebot, 1200), (Dialect::Lagrange, 120), (Dialect::Gocqhttp, 100)]
    {
        let (adapter, _stop) = forward(dialect, |_| {}).await;
        let mut client = attach(&adapter).await;
        adapter.mute(1, 2, Some(Duration::from_secs(60))).await;
        assert_eq!(frame(&mut client).await["notice_type"], "group_ban");
        let refused =
            call(&mut client, "send_group_msg", json!({"group_id": 1, "message": [segment::text("x")]})).await;
        assert_eq!(refused["retcode"], retcode, "{dialect:?}");
        adapter.mute(1, 2, None).await;
        frame(&mut client).await;
        assert_eq!(
            call(&mut client, "send_group_msg", json!({"group_id": 1, "message": [segment::text("x")]})).await["retcode"],
            0
        );
    }
}

#[tokio::test]
async fn the_three_failures_of_a_send_differ_in_what_people_saw() {
    let (adapter, _stop) = forward(Dialect::Napcat, |_| {}).await;
    let mut client = attach(&adapter).await;
    let mut seen = Vec::new();
    for (refuse, late_delivered, late_lost) in [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)] {
        adapter.faults(|f| (f.refuse, f.late_delivered, f.late_lost) = (refuse, late_delivered, late_lost));
        let before = adapter.sent().len();
        let failed =
            call(&mut client, "send_private_msg", json!({"user_id": 1, "message": [segment::text("x")]})).await;
        let timeout = failed["message"].as_str().unwrap().starts_with("Timeout: NTEvent");
        seen.push((failed["retcode"].as_i64().unwrap(), timeout, adapter.sent().len() - before));
    }
    assert_eq!(seen, [(1200, false, 0), (1200, true, 1), (1200, true, 0)]);
}

#[tokio::test]
async fn a_request_is_answered_once_by_its_flag() {
    let (adapter, _stop) = forward(Dialect::Llonebot, |_| {}).await;
    let mut client = attach(&adapter).await;
    let flag = adapter.request(77, None, "我是小明").await;
    let event = frame(&mut client).await;
    assert_eq!((event["request_type"].as_str(), event["flag"].as_str()), (Some("friend"), Some(flag.as_str())));
    let number: i64 = flag.parse().unwrap();
    assert_eq!(call(&mut client, "set_friend_add_request", json!({"flag": number})).await["retcode"], 1400);
    let accepted = call(&mut client, "set_friend_add_request", json!({"flag": flag, "approve": true})).await;
    assert_eq!(accepted["status"], "ok");
    assert_eq!(frame(&mut client).await["notice_type"], "friend_add");
    assert_eq!(call(&mut client, "set_friend_add_request", json!({"flag": flag})).await["status"], "failed");
}

#[tokio::test]
async fn a_wrong_token_is_refused_in_each_adapters_own_way() {
    for dialect in Dialect::ALL {
        let (adapter, _stop) = forward(dialect, |s| s.token = "right".into()).await;
        let url = adapter.url().unwrap();
        let wrong = connect_async(format!("{url}?access_token=wrong")).await;
        match dialect {
            Dialect::Napcat | Dialect::Llonebot => {
                let mut client = wrong.unwrap().0;
                assert_eq!(frame(&mut client).await["retcode"], 1403, "{dialect:?}");
                let close = client.next().await.unwrap().unwrap();
                let code = if let Message::Close(frame) = close { frame.map(|f| u16::from(f.code)) } else { Some(0) };
                assert_eq!(code, (dialect == Dialect::Llonebot).then_some(1008));
            }
            Dialect::Lagrange | Dialect::Gocqhttp => assert!(wrong.is_err(), "{dialect:?}"),
        }
        let (mut client, _) = connect_async(format!("{url}?access_token=right")).await.unwrap();
        assert_eq!(frame(&mut client).await["meta_event_type"], "lifecycle", "{dialect:?}");
    }
}

#[tokio::test]
async fn offline_shows_in_notice_heartbeat_and_status() {
    let (adapter, _stop) = forward(Dialect::Napcat, |_| {}).await;
    let mut client = attach(&adapter).await;
    adapter.set_online(false, "您的账号已在另一台终端登录。").await;
    assert_eq!(frame(&mut client).await["notice_type"], "bot_offline");
    let beat = frame(&mut client).await;
    assert_eq!(
        (beat["meta_event_type"].as_str(), beat["status"]["online"].as_bool()),
        (Some("heartbeat"), Some(false))
    );
    assert_eq!(call(&mut client, "get_status", json!({})).await["data"]["online"], false);
    assert_eq!(call(&mut client, "send_private_msg", json!({"user_id": 1, "message": "x"})).await["status"], "failed");
}

/// Reverse: what the handshake shows, and that it dials again after each way of losing the link.
#[tokio::test]
async fn it_dials_with_its_headers_and_dials_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/ws", listener.local_addr().unwrap());
    let mut settings = AdapterSettings::new(Dialect::Gocqhttp, Side::reverse(url), Roster::lonely(5, "x"));
    settings.token = "t".into();
    settings.reconnect = Duration::from_millis(1);
    let stop = CancellationToken::new();
    let adapter = Adapter::start(settings, stop.clone()).await.unwrap();
    let mut parked = Vec::new();
    for style in [DropStyle::Abort, DropStyle::Close, DropStyle::HalfOpen] {
        let (stream, _) = listener.accept().await.unwrap();
        let headers = Mutex::new(Vec::new());
        #[expect(clippy::result_large_err, reason = "the library's signature")]
        let note = |request: &tokio_tungstenite::tungstenite::handshake::server::Request, response| {
            for name in ["x-self-id", "x-client-role", "authorization", "user-agent"] {
                lock(&headers).push(request.headers()[name].to_str().unwrap().to_owned());
            }
            Ok(response)
        };
        let socket = tokio_tungstenite::accept_hdr_async(stream, note).await.unwrap();
        assert_eq!(*lock(&headers), ["5", "Universal", "Token t", "CQHttp/4.15.0"]);
        adapter.wait_up().await;
        let lost = adapter.lost_links();
        adapter.drop_links(style).await;
        parked.push(socket);
        if style == DropStyle::Close {
            // Answers the close handshake.
            while parked[1].next().await.is_some_and(|frame| frame.is_ok()) {}
        }
        while adapter.lost_links() == lost {
            tokio::task::yield_now().await;
        }
    }
    // Half-open: the old socket says nothing, and a new one is there.
    let (stream, _) = listener.accept().await.unwrap();
    accept_async(stream).await.unwrap();
    stop.cancel();
    adapter.stopped().await;
}

#[tokio::test]
async fn split_roles_are_two_sockets() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let side = Side::Reverse { url, roles: Roles::Split, links: 1 };
    let stop = CancellationToken::new();
    let adapter = Adapter::start(AdapterSettings::new(Dialect::Lagrange, side, Roster::lonely(5, "x")), stop.clone())
        .await
        .unwrap();
    let mut sockets = Vec::new();
    for _ in 0..2 {
        sockets.push(accept_async(listener.accept().await.unwrap().0).await.unwrap());
    }
    adapter.wait_up().await;
    assert_eq!(adapter.links_up(), 1);
    stop.cancel();
    adapter.stopped().await;
}

#[tokio::test]
async fn heartbeats_garbage_and_huge_frames_come_when_switched_on() {
    let (adapter, _stop) = forward(Dialect::Napcat, |s| s.heartbeat = Duration::ZERO).await;
    let mut client = attach(&adapter).await;
    adapter.faults(|f| {
        f.huge_bytes = 300_000;
        f.huge_every = Some(Duration::from_millis(1));
    });
    let huge = frame(&mut client).await;
    assert!(huge["content"].as_str().unwrap().len() >= 299_000);
    adapter.faults(|f| (f.huge_every, f.garbage_every) = (None, Some(Duration::from_millis(1))));
    while !adapter.counts().contains_key("garbage") {
        client.next().await.unwrap().unwrap();
    }
}
