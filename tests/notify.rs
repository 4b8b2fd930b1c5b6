//! Notifications over HTTP, from the outside: the configuration as people write it, a server on loopback that says what
//! the services say, and exactly one end for each.

#![allow(clippy::unwrap_used)]

#[path = "notify/endpoint.rs"]
mod endpoint;
#[path = "notify/queues.rs"]
mod queues;
#[path = "notify/requests.rs"]
mod requests;

use std::time::Duration;

use endpoint::{Endpoint, Play};
use qqdeck::config::{self, Secret};
use qqdeck::domain::*;
use qqdeck::notify::{Notifiers, Pace, Prepared};
use tokio::sync::mpsc;

type End = (NotificationId, Result<(), NotifyFault>);

/// Keys as `env:` names them. None of them may ever be shown.
const SECRETS: [(&str, &str); 6] = [
    ("KEY", "BarkCanary1/+="),
    ("SENDKEY", "SCT1CanaryCanary"),
    ("THREE", "sctp7tCanaryCanary"),
    ("SECRET", "SECcanary+/2"),
    ("TOKEN", "tk_canary3"),
    ("TOPIC", "canary-topic"),
];

/// Nothing waits longer than it must.
const HASTE: Pace = Pace { timeout: Duration::from_secs(20), waits: [Duration::ZERO; 2], gap: Some(Duration::ZERO) };

fn resolve(secret: &Secret) -> Result<String, String> {
    match secret.0.strip_prefix("env:") {
        Some(name) => {
            let found = SECRETS.iter().find(|(other, _)| *other == name);
            found.map(|(_, value)| (*value).to_owned()).ok_or_else(|| format!("the environment has no {name}"))
        }
        None => Ok(secret.0.clone()),
    }
}

fn notify(toml: &str) -> config::Notify {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let parsed = config::parse(toml).unwrap_or_else(|issues| {
        panic!("{}", issues.iter().map(|i| i.line("", config::Language::English)).collect::<Vec<_>>().join("\n"))
    });
    parsed.config.notify
}

fn prepared(toml: &str) -> Prepared {
    Prepared::new(&notify(toml), &resolve).unwrap_or_else(|wrong| panic!("{wrong:?}"))
}

struct Desk {
    notifiers: Notifiers<End>,
    ends: mpsc::Receiver<End>,
    next: u64,
}

impl Desk {
    fn new(toml: &str, pace: Pace) -> Self {
        let (lane, ends) = mpsc::channel(64);
        let mut notifiers = Notifiers::new(lane, pace);
        notifiers.follow(prepared(toml));
        Self { notifiers, ends, next: 0 }
    }

    fn send(&mut self, to: usize, message: NotificationText) -> Result<NotificationId, NotifyFault> {
        self.next += 1;
        let id = NotificationId(self.next);
        self.notifiers.send(Notification { id, to, message }).map(|()| id)
    }

    async fn end(&mut self) -> End {
        self.ends.recv().await.unwrap()
    }

    /// Sends one and waits for its end.
    async fn tell(&mut self, to: usize, message: NotificationText) -> Result<(), NotifyFault> {
        let id = self.send(to, message)?;
        let (ended, end) = self.end().await;
        assert_eq!(ended, id);
        end
    }

    /// Ends at once; whatever is still told.
    async fn close(self) -> Vec<End> {
        let Self { notifiers, mut ends, .. } = self;
        notifiers.finish(Duration::ZERO).await;
        let mut left = Vec::new();
        while let Some(end) = ends.recv().await {
            left.push(end);
        }
        left
    }
}

fn text() -> NotificationText {
    NotificationText {
        instance: "home".into(),
        severity: Severity::Critical,
        resolved: false,
        test: false,
        title: "QQ 离线".into(),
        body: "小助手 离线 8 分\n<at user_id=\"all\">某</at> *星* 掉线".into(),
        alerts: vec![NotifiedAlert {
            fingerprint: "ws_disconnected{account=10001}".into(),
            rule: "ws_disconnected".into(),
            labels: vec![("account".into(), "10001".into())],
            severity: Severity::Critical,
            since: Wall(1_700_000_000_000),
            until: None,
            words: "小助手 离线 8 分".into(),
        }],
    }
}

/// One destination of each kind, at a server of ours, in the order of [`FINE`].
fn everywhere(server: &Endpoint) -> String {
    let url = |path: &str| server.url(path);
    format!(
        r#"
[[notify.to]]
kind = "bark"
server = "{0}"
key = "env:KEY"
[[notify.to]]
kind = "serverchan"
server = "{0}"
key = "env:SENDKEY"
[[notify.to]]
kind = "serverchan"
name = "three"
server = "{0}"
key = "env:THREE"
[[notify.to]]
kind = "wecom"
url = "{1}"
[[notify.to]]
kind = "dingtalk"
url = "{2}"
secret = "env:SECRET"
[[notify.to]]
kind = "feishu"
url = "{3}"
secret = "env:SECRET"
[[notify.to]]
kind = "ntfy"
server = "{0}"
topic = "env:TOPIC"
token = "env:TOKEN"
[[notify.to]]
kind = "webhook"
url = "{4}"
secret = "env:SECRET"
headers = {{ "X-Key" = "env:TOKEN" }}
"#,
        url(""),
        url("/cgi-bin/webhook/send?key=wecom-canary-4"),
        url("/robot/send?access_token=dingcanary5"),
        url("/open-apis/bot/v2/hook/feishu-canary-6-0123456789"),
        url("/hook?token=hookcanary7"),
    )
}

/// What each says when all is well.
const FINE: [&str; 8] = [
    r#"{"code":200,"message":"success","timestamp":1}"#,
    r#"{"code":0,"message":"","data":{"pushid":"1"}}"#,
    r#"{"code":0,"message":"SUCCESS"}"#,
    r#"{"errcode":0,"errmsg":"ok"}"#,
    r#"{"errcode":0,"errmsg":"ok"}"#,
    r#"{"StatusCode":0,"StatusMessage":"success","code":0,"data":{},"msg":"success"}"#,
    r#"{"id":"hwQ2YpKdmg","time":1,"event":"message","topic":"t"}"#,
    "",
];

/// Parts of what must never be seen, in the forms that it travels in.
const CANARIES: [&str; 8] = [
    "BarkCanary1",
    "CanaryCanary",
    "SECcanary",
    "tk_canary3",
    "wecom-canary-4",
    "dingcanary5",
    "feishu-canary-6",
    "hookcanary7",
];
