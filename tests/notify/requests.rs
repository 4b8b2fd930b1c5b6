//! What each service is asked, to the letter, and what its answers mean.

use ring::hmac;
use serde_json::json;

use super::*;

fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message).as_ref().to_vec()
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

const SECRET: &str = "SECcanary+/2";

#[tokio::test]
async fn each_service_is_asked_as_it_wants() {
    let mut server = Endpoint::start((0..KINDS.len()).map(yes)).await;
    let mut desk = Desk::new(&everywhere(&server), HASTE);
    let mut asked = Vec::new();
    for place in 0..KINDS.len() {
        assert_eq!(desk.tell(place, text()).await, Ok(()), "{place}");
        let one = server.asked().await;
        assert_eq!(one.method, "POST");
        assert_eq!(one.header("content-type"), "application/json; charset=utf-8");
        asked.push(one);
    }
    assert_eq!(server.unseen(), 0);
    let [bark, turbo, three, wecom, dingtalk, feishu, ntfy, webhook] = &asked[..] else { panic!("{asked:?}") };

    assert_eq!(bark.target, "/push");
    let body = "小助手 离线 8 分\n<at user_id=\"all\">某</at> *星* 掉线";
    let want = json!({"device_key": "BarkCanary1/+=", "title": "[home] QQ 离线", "body": body, "group": "home",
        "level": "timeSensitive"});
    assert_eq!(bark.json(), want);

    assert_eq!(turbo.target, "/SCT1CanaryCanary.send");
    assert_eq!(three.target, "/send/sctp7tCanaryCanary.send");
    let desp = "小助手 离线 8 分\n\n\\<at user\\_id=\"all\"\\>某\\</at\\> \\*星\\* 掉线";
    assert_eq!(turbo.json(), json!({"title": "[home] QQ 离线", "desp": desp}));
    assert_eq!(three.json(), turbo.json());

    assert_eq!(wecom.target, "/cgi-bin/webhook/send?key=wecom-canary-4");
    let whole = format!("[home] QQ 离线\n{body}");
    assert_eq!(wecom.json(), json!({"msgtype": "text", "text": {"content": whole}}));

    assert!(dingtalk.target.starts_with("/robot/send?access_token=dingcanary5&timestamp="), "{}", dingtalk.target);
    let timestamp = dingtalk.query("timestamp").unwrap();
    assert_eq!(timestamp.len(), 13, "milliseconds");
    let sign = base64(&hmac(SECRET.as_bytes(), format!("{timestamp}\n{SECRET}").as_bytes()));
    assert_eq!(dingtalk.query("sign"), Some(sign));
    let want = json!({"msgtype": "text", "text": {"content": whole}, "at": {"isAtAll": false}});
    assert_eq!(dingtalk.json(), want);

    assert_eq!(feishu.target, "/open-apis/bot/v2/hook/feishu-canary-6-0123456789");
    let mut said = feishu.json();
    let timestamp = said["timestamp"].take().as_str().unwrap().to_owned();
    assert_eq!(timestamp.len(), 10, "seconds");
    let sign = base64(&hmac(format!("{timestamp}\n{SECRET}").as_bytes(), b""));
    assert_eq!(said["sign"].take(), sign);
    let harmless = whole.replace('<', "＜");
    assert_eq!(said, json!({"msg_type": "text", "content": {"text": harmless}, "timestamp": null, "sign": null}));

    assert_eq!((ntfy.target.as_str(), ntfy.header("authorization")), ("/", "Bearer tk_canary3"));
    let want = json!({"topic": "canary-topic", "title": "[home] QQ 离线", "message": body, "priority": 5,
        "tags": ["rotating_light"]});
    assert_eq!(ntfy.json(), want);

    assert_eq!((webhook.target.as_str(), webhook.header("x-key")), ("/hook?token=hookcanary7", "tk_canary3"));
    let timestamp = webhook.header("x-qqdeck-timestamp");
    let signed = hmac(SECRET.as_bytes(), format!("{timestamp}.{}", webhook.body).as_bytes());
    let signed: String = signed.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(webhook.header("x-qqdeck-signature"), format!("sha256={signed}"));
    let labels =
        json!({"alertname": "ws_disconnected", "severity": "critical", "instance": "home", "account": "10001"});
    let want = json!({
        "version": "4", "groupKey": "{}:{alertname=\"ws_disconnected\"}", "truncatedAlerts": 0, "status": "firing",
        "receiver": "webhook", "groupLabels": {"alertname": "ws_disconnected"}, "commonLabels": labels,
        "commonAnnotations": {"title": "QQ 离线", "description": body}, "externalURL": "",
        "alerts": [{"status": "firing", "labels": labels, "annotations": {"summary": "小助手 离线 8 分"},
            "startsAt": "2023-11-14T22:13:20Z", "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "",
            "fingerprint": "ws_disconnected{account=10001}"}],
        "instance": "home", "severity": "critical", "test": false,
    });
    assert_eq!(webhook.json(), want);
    assert_eq!(desk.close().await, []);
}

#[tokio::test]
async fn what_is_not_configured_is_not_sent() {
    let mut server = Endpoint::start([4, 5, 6, 7].map(yes)).await;
    let url = server.url("/x");
    let robot = |kind| destination(kind, &[("url", &url)]);
    let ntfy = destination("ntfy", &[("server", &url), ("topic", "t")]) + "priority = 1\n";
    let toml = robot("dingtalk") + &robot("feishu") + &ntfy + &robot("webhook");
    let mut desk = Desk::new(&toml, HASTE);
    for place in 0..4 {
        assert_eq!(desk.tell(place, text()).await, Ok(()));
    }
    let (dingtalk, feishu) = (server.asked().await, server.asked().await);
    let (ntfy, webhook) = (server.asked().await, server.asked().await);
    assert_eq!(dingtalk.target, "/x");
    assert!(feishu.json().get("sign").is_none() && feishu.json().get("timestamp").is_none());
    assert_eq!((ntfy.header("authorization"), &ntfy.json()["priority"]), ("", &json!(1)));
    assert_eq!(webhook.header("x-qqdeck-signature"), "");
    assert_eq!(desk.close().await, []);
}

#[tokio::test]
async fn an_end_of_an_alert_looks_like_one() {
    let mut server = Endpoint::start([0, 6, 7].map(yes)).await;
    let mut desk = Desk::new(&everywhere(&server), HASTE);
    let mut over = text();
    over.resolved = true;
    over.alerts[0].until = Some(Wall(1_700_000_060_000));
    let mut other = over.alerts[0].clone();
    other.labels = vec![("account".into(), "10002".into())];
    over.alerts.push(other);
    for place in [0, 6, 7] {
        assert_eq!(desk.tell(place, over.clone()).await, Ok(()));
    }
    assert_eq!(server.asked().await.json()["level"], "passive");
    let ntfy = server.asked().await.json();
    assert_eq!((&ntfy["priority"], &ntfy["tags"]), (&json!(3), &json!(["white_check_mark"])));
    let webhook = server.asked().await.json();
    assert_eq!(
        (&webhook["status"], &webhook["alerts"][1]["endsAt"]),
        (&json!("resolved"), &json!("2023-11-14T22:14:20Z"))
    );
    let shared = json!({"alertname": "ws_disconnected", "severity": "critical", "instance": "home"});
    assert_eq!(webhook["commonLabels"], shared, "the account is not what they share");
    assert_eq!(desk.close().await, []);
}

#[tokio::test]
async fn long_words_fit_into_what_each_service_takes() {
    let mut server = Endpoint::start((0..KINDS.len()).map(yes)).await;
    let mut desk = Desk::new(&everywhere(&server), HASTE);
    let mut long = text();
    long.title = "长".repeat(2000);
    long.body = "一行👨‍👩‍👧\n".repeat(10_000);
    for place in 0..KINDS.len() {
        assert_eq!(desk.tell(place, long.clone()).await, Ok(()));
    }
    let size = |json: &serde_json::Value| json.as_str().unwrap().len();
    let bark = server.asked().await;
    assert!(bark.body.len() < 4000 && size(&bark.json()["body"]) > 2000, "Apple takes 4 KiB");
    for _ in 0..2 {
        let chan = server.asked().await.json();
        assert_eq!(chan["title"].as_str().unwrap().chars().count(), 32);
        assert!(size(&chan["desp"]) <= 32_000);
        assert!(chan["desp"].as_str().unwrap().starts_with("\\[home\\] 长长"), "what the title could not hold");
    }
    assert!(size(&server.asked().await.json()["text"]["content"]) <= 2048);
    assert!(server.asked().await.body.len() < 20_000);
    assert!(server.asked().await.body.len() < 20_000);
    assert!(size(&server.asked().await.json()["message"]) <= 4096);
    assert!(server.asked().await.json()["commonAnnotations"]["description"].as_str().unwrap().ends_with('\n'), "whole");
    assert_eq!(desk.close().await, []);
}

/// What each says when it will not, by place.
const REFUSALS: [(usize, u16, &str, &str); 9] = [
    (
        0,
        400,
        r#"{"code":400,"message":"failed to get device token: not found"}"#,
        "HTTP 400: failed to get device token",
    ),
    (1, 400, r#"{"code":40001,"message":"[AUTH]错误的Key","info":"x"}"#, "[AUTH]错误的Key"),
    (1, 200, r#"{"code":40001,"message":"超过当天的发送次数限制"}"#, "40001: 超过当天"),
    (3, 200, r#"{"errcode":93000,"errmsg":"invalid webhook url, hint: [1]"}"#, "93000: invalid webhook url"),
    (4, 200, r#"{"errcode":310000,"errmsg":"keywords not in content"}"#, "310000: keywords not in content"),
    (5, 200, r#"{"code":19021,"msg":"sign match fail or timestamp is not within one hour"}"#, "19021: sign match fail"),
    (6, 403, r#"{"code":40301,"http":403,"error":"forbidden","link":"https://ntfy.sh/docs"}"#, "HTTP 403: forbidden"),
    (7, 401, "who are you", "HTTP 401: who are you"),
    (7, 404, "", "HTTP 404"),
];

#[tokio::test]
async fn a_service_that_says_no_is_asked_once() {
    for (place, status, body, words) in REFUSALS {
        let (end, asked) = told(place, [Play::say(status, body)]).await;
        assert!(matches!(&end, Err(NotifyFault::Refused(said)) if said.contains(words)), "{words}: {end:?}");
        assert_eq!(asked, 1, "{words}");
    }
}

#[tokio::test]
async fn a_service_that_stumbles_is_asked_again() {
    for place in 0..KINDS.len() {
        let wait = Some(("retry-after", "0".to_owned()));
        let stumbles = [Play::say(500, "oops"), Play::Say(429, String::new(), wait), yes(place)];
        assert_eq!(told(place, stumbles).await, (Ok(()), 3), "{place}");
    }
}

#[tokio::test]
async fn three_tries_are_all() {
    let told = told(7, (0..9).map(|_| Play::say(503, "down for repairs"))).await;
    assert_eq!(told, (Err(NotifyFault::Unreachable("HTTP 503: down for repairs".into())), 3));
}

#[tokio::test]
async fn an_answer_that_no_such_service_gives_is_not_believed() {
    for place in 0..7 {
        let page = "<html><title>Welcome to the café's Wi-Fi</title>";
        let plays = [page, "{}", "[]"].map(|body| Play::say(200, body));
        let (end, asked) = told(place, plays).await;
        assert!(
            matches!(&end, Err(NotifyFault::Unreachable(said)) if said.contains("cannot be read")),
            "{place} {end:?}"
        );
        assert_eq!(asked, 3);
    }
}

#[tokio::test]
async fn nobody_follows_a_redirect() {
    let mut elsewhere = Endpoint::start([]).await;
    for place in 0..KINDS.len() {
        let to = Some(("location", elsewhere.url("/stolen")));
        let (end, asked) = told(place, [Play::Say(307, String::new(), to)]).await;
        assert!(matches!(&end, Err(NotifyFault::Refused(said)) if said.contains("redirect")), "{end:?}");
        assert_eq!(asked, 1);
    }
    assert_eq!(elsewhere.unseen(), 0);
}

#[tokio::test]
async fn a_proxy_is_asked_where_one_is_configured() {
    let mut proxy = Endpoint::start([Play::say(200, ""), Play::Echo(407)]).await;
    let address = proxy.url("").replace("http://", "http://user:proxy-canary@");
    let toml = destination("webhook", &[("url", "http://nowhere.invalid/hook"), ("proxy", &address)]);
    let mut desk = Desk::new(&toml, HASTE);
    assert_eq!(desk.tell(0, text()).await, Ok(()));
    let asked = proxy.asked().await;
    assert_eq!(asked.target, "http://nowhere.invalid/hook");
    let end = desk.tell(0, text()).await;
    let password = base64(b"user:proxy-canary");
    let words = format!("{end:?}");
    assert!(words.contains("HTTP 407") && !words.contains("proxy-canary") && !words.contains(&password), "{words}");
    assert_eq!(desk.close().await, []);
}

#[tokio::test]
async fn silence_and_a_closed_door_are_unreachable() {
    let mut server = Endpoint::start((0..3).map(|_| Play::Silence)).await;
    let pace = Pace { timeout: Duration::from_millis(20), ..HASTE };
    let mut desk = Desk::new(&everywhere(&server), pace);
    let end = desk.tell(3, text()).await;
    assert!(matches!(&end, Err(NotifyFault::Unreachable(said)) if said.contains("no answer within")), "{end:?}");
    assert!(server.unseen() <= 3);
    assert_eq!(desk.close().await, []);

    let port = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let mut desk = Desk::new(&destination("webhook", &[("url", &format!("http://{port}/canary-path"))]), HASTE);
    let end = desk.tell(0, text()).await;
    assert!(
        matches!(&end, Err(NotifyFault::Unreachable(said)) if said.contains("refused") && !said.contains("canary"))
    );
    assert_eq!(desk.close().await, []);
}

#[tokio::test]
async fn no_key_is_ever_in_the_words() {
    let shown = |end: &Result<(), NotifyFault>| {
        let words = format!("{end:?}");
        assert!(words.contains("████"), "{words}");
        for canary in CANARIES {
            assert!(!words.contains(canary), "{canary} in {words}");
            assert!(!words.contains(&base64(canary.as_bytes())[..8]), "{canary} in {words}");
        }
    };
    for place in 0..KINDS.len() {
        let server = Endpoint::start([Play::Echo(400), Play::Echo(500), Play::Echo(500), Play::Echo(500)]).await;
        let mut desk = Desk::new(&everywhere(&server), HASTE);
        shown(&desk.tell(place, text()).await);
        shown(&desk.tell(place, text()).await);
        if place < 7 {
            server.then(Play::Echo(200));
            server.then(Play::Echo(200));
            server.then(Play::Echo(200));
            shown(&desk.tell(place, text()).await);
        }
        assert_eq!(desk.close().await, []);
    }
}

#[test]
fn what_cannot_work_is_said_all_at_once_and_without_keys() {
    let toml = r#"
[[notify.to]]
kind = "bark"
key = "env:NOBODY"
[[notify.to]]
kind = "serverchan"
key = "canary is no key"
[[notify.to]]
kind = "wecom"
url = "env:KEY"
[[notify.to]]
kind = "ntfy"
topic = "a b"
[[notify.to]]
kind = "webhook"
url = "https://h/"
headers = { "X-Y" = "canary\u0001" }
[[notify.to]]
kind = "bark"
name = "blank"
key = "  "
[[notify.to]]
kind = "smtp"
host = "h"
from = "a@b"
to = "a..b@c"
[[notify.to]]
kind = "bark"
name = "proxied"
key = "k"
proxy = "http://u:canary@%/"
[[notify.to]]
kind = "qq"
"#;
    let Err(wrong) = Prepared::new(&notify(toml), &resolve) else { panic!("it works") };
    let words: Vec<_> = wrong.iter().map(ToString::to_string).collect();
    assert_eq!(
        words,
        [
            "notify `bark`: `key`: the environment has no NOBODY",
            "notify `serverchan`: `key` is no SendKey: it begins with SCT, or with sctp and a number",
            "notify `wecom`: `url` is not an http(s) address",
            "notify `ntfy`: `topic` has 1 to 64 letters, digits, `_` and `-`",
            "notify `webhook`: header `X-Y` has odd characters",
            "notify `blank`: `key` is empty",
            "notify `smtp`: `to`: `a..b@c` is no mail address: Invalid email user",
            "notify `proxied`: `proxy` is not an address",
        ]
    );
}
