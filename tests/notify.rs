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

use endpoint::{Endpoint, Play, destination, fine};
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

/// One destination of each kind, at a server of ours, in the order of [`KINDS`].
fn everywhere(server: &Endpoint) -> String {
    let url = |path: &str| server.url(path);
    let secret = ("secret", "env:SECRET");
    [
        destination("bark", &[("server", &url("")), ("key", "env:KEY")]),
        destination("serverchan", &[("server", &url("")), ("key", "env:SENDKEY")]),
        destination("serverchan", &[("name", "three"), ("server", &url("")), ("key", "env:THREE")]),
        destination("wecom", &[("url", &url("/cgi-bin/webhook/send?key=wecom-canary-4"))]),
        destination("dingtalk", &[("url", &url("/robot/send?access_token=dingcanary5")), secret]),
        destination("feishu", &[("url", &url("/open-apis/bot/v2/hook/feishu-canary-6-0123456789")), secret]),
        destination("ntfy", &[("server", &url("")), ("topic", "env:TOPIC"), ("token", "env:TOKEN")]),
        destination("webhook", &[("url", &url("/hook?token=hookcanary7")), secret]),
        "headers = { \"X-Key\" = \"env:TOKEN\" }\n".to_owned(),
    ]
    .concat()
}

/// The kinds of these destinations.
const KINDS: [&str; 8] = ["bark", "serverchan", "serverchan", "wecom", "dingtalk", "feishu", "ntfy", "webhook"];

/// What the service at a place says when all is well.
fn yes(place: usize) -> Play {
    Play::say(200, fine(KINDS[place]))
}

/// How one notification to the destination at a place ends at a server that plays this, and how often it is asked.
async fn told(place: usize, plays: impl IntoIterator<Item = Play>) -> (Result<(), NotifyFault>, usize) {
    let mut server = Endpoint::start(plays).await;
    let mut desk = Desk::new(&everywhere(&server), HASTE);
    let end = desk.tell(place, text()).await;
    assert_eq!(desk.close().await, []);
    (end, server.unseen())
}

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
