//! Where alerts go: one destination a `[[notify.to]]`, each by a road of its own.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Secret;
use crate::domain::Severity;

/// Where alerts go.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Notify {
    /// Destinations; a notification names one by its place here.
    pub to: Vec<Destination>,
}

/// One destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destination {
    /// What operators call it; its kind where nothing is written. A reload knows it again by this.
    pub name: String,
    /// Alerts below are not sent.
    pub min_severity: Severity,
    /// The daily time when it is left in peace; local time.
    pub quiet_hours: Option<QuietHours>,
    /// Least time between two messages, 0 to 1 h; `None`: what its kind allows.
    #[serde(default)]
    pub gap: Option<Duration>,
    /// How it is reached.
    #[serde(flatten)]
    pub road: Road,
}

impl Default for Destination {
    fn default() -> Self {
        Self {
            name: String::new(),
            min_severity: Severity::Warning,
            quiet_hours: None,
            gap: None,
            road: Road::default(),
        }
    }
}

/// How a destination is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Road {
    /// A private message in QQ. The engine sends it; no leaf knows this road.
    Qq(QqRoad),
    /// Bark: an iPhone.
    Bark(Bark),
    /// ServerChan (Server 酱): WeChat or its own app.
    Serverchan(ServerChan),
    /// A robot in a WeCom group.
    Wecom(Robot),
    /// A robot in a DingTalk group.
    Dingtalk(Robot),
    /// A robot in a Feishu or Lark group.
    Feishu(Robot),
    /// ntfy: a phone or a browser.
    Ntfy(Ntfy),
    /// Mail.
    Smtp(Smtp),
    /// JSON for programs.
    Webhook(Webhook),
}

impl Default for Road {
    fn default() -> Self {
        Self::Qq(QqRoad::default())
    }
}

impl Road {
    /// The words that may stand behind `kind`.
    pub const KINDS: [&str; 9] = ["qq", "bark", "serverchan", "wecom", "dingtalk", "feishu", "ntfy", "smtp", "webhook"];

    /// The road of a kind, with its defaults. `None`: there is no such kind.
    pub fn of(kind: &str) -> Option<Self> {
        Some(match kind {
            "qq" => Self::Qq(QqRoad::default()),
            "bark" => Self::Bark(Bark::default()),
            "serverchan" => Self::Serverchan(ServerChan::default()),
            "wecom" => Self::Wecom(Robot::default()),
            "dingtalk" => Self::Dingtalk(Robot::default()),
            "feishu" => Self::Feishu(Robot::default()),
            "ntfy" => Self::Ntfy(Ntfy::default()),
            "smtp" => Self::Smtp(Smtp::default()),
            "webhook" => Self::Webhook(Webhook::default()),
            _ => return None,
        })
    }

    /// The word behind `kind`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Qq(_) => "qq",
            Self::Bark(_) => "bark",
            Self::Serverchan(_) => "serverchan",
            Self::Wecom(_) => "wecom",
            Self::Dingtalk(_) => "dingtalk",
            Self::Feishu(_) => "feishu",
            Self::Ntfy(_) => "ntfy",
            Self::Smtp(_) => "smtp",
            Self::Webhook(_) => "webhook",
        }
    }

    /// Everything that must not be seen.
    pub fn secrets(&self) -> Vec<&Secret> {
        match self {
            Self::Qq(_) => Vec::new(),
            Self::Bark(road) => vec![&road.key],
            Self::Serverchan(road) => vec![&road.key],
            Self::Wecom(road) | Self::Dingtalk(road) | Self::Feishu(road) => vec![&road.url, &road.secret],
            Self::Ntfy(road) => vec![&road.topic, &road.token],
            Self::Smtp(road) => vec![&road.password],
            Self::Webhook(road) => [&road.url, &road.secret].into_iter().chain(road.headers.values()).collect(),
        }
    }

    /// The keys that it cannot do without and that are empty.
    pub fn missing(&self) -> Vec<&'static str> {
        let needed: Vec<(&'static str, bool)> = match self {
            Self::Qq(_) => Vec::new(),
            Self::Bark(road) => vec![("key", road.key.is_empty()), ("server", road.server.is_empty())],
            Self::Serverchan(road) => vec![("key", road.key.is_empty())],
            Self::Wecom(road) | Self::Dingtalk(road) | Self::Feishu(road) => vec![("url", road.url.is_empty())],
            Self::Ntfy(road) => vec![("topic", road.topic.is_empty()), ("server", road.server.is_empty())],
            Self::Smtp(road) => vec![
                ("host", road.host.is_empty()),
                ("to", road.to.is_empty()),
                ("from", road.sender().is_empty()),
                ("password", road.password.is_empty() && !road.user.is_empty()),
                ("user", road.user.is_empty() && !road.password.is_empty()),
            ],
            Self::Webhook(road) => vec![("url", road.url.is_empty())],
        };
        needed.into_iter().filter(|(_, missing)| *missing).map(|(key, _)| key).collect()
    }
}

/// A private message in QQ.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct QqRoad {
    /// People; nobody: the admins of `access.admins`.
    pub to: Vec<i64>,
}

/// Bark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Bark {
    /// `http://` or `https://`.
    pub server: String,
    /// The device's key.
    pub key: Secret,
    /// The name of a sound of the app; empty: its own.
    pub sound: String,
    /// See [`super::Provider::proxy`].
    pub proxy: String,
}

impl Default for Bark {
    fn default() -> Self {
        let server = "https://api.day.app".into();
        Self { server, key: Secret::default(), sound: String::new(), proxy: String::new() }
    }
}

/// ServerChan.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ServerChan {
    /// The SendKey: `SCT…` of Turbo, `sctp…` of ServerChan³.
    pub key: Secret,
    /// `http://` or `https://`; empty: the one that the key belongs to.
    pub server: String,
    /// See [`super::Provider::proxy`].
    pub proxy: String,
}

/// A robot in a group. Its address holds its key.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Robot {
    /// The whole address, as the group's settings show it.
    pub url: Secret,
    /// Signs messages (DingTalk, Feishu); empty: unsigned.
    pub secret: Secret,
    /// See [`super::Provider::proxy`].
    pub proxy: String,
}

/// ntfy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ntfy {
    /// `http://` or `https://`.
    pub server: String,
    /// Where subscribers listen. Without a token, whoever knows it reads along.
    pub topic: Secret,
    /// An access token of the server; empty: none.
    pub token: Secret,
    /// 1 to 5; `None`: by the severity.
    pub priority: Option<u8>,
    /// See [`super::Provider::proxy`].
    pub proxy: String,
}

impl Default for Ntfy {
    fn default() -> Self {
        let (topic, token) = (Secret::default(), Secret::default());
        Self { server: "https://ntfy.sh".into(), topic, token, priority: None, proxy: String::new() }
    }
}

/// Mail.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Smtp {
    /// The server's name.
    pub host: String,
    /// `None`: 465, 587 or 25, by `tls`.
    pub port: Option<u16>,
    /// How the connection is kept private.
    pub tls: MailTls,
    /// Logs in; empty: does not.
    pub user: String,
    /// The password, often one for this purpose alone.
    pub password: Secret,
    /// The sender; empty: `user`.
    pub from: String,
    /// Recipients.
    pub to: Vec<String>,
}

impl Smtp {
    /// The sender's address.
    pub fn sender(&self) -> &str {
        if self.from.is_empty() { &self.user } else { &self.from }
    }

    /// The port, configured or usual.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(match self.tls {
            MailTls::Tls => 465,
            MailTls::Starttls => 587,
            MailTls::None => 25,
        })
    }
}

/// How a connection to a mail server is kept private.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTls {
    /// From the first byte.
    #[default]
    Tls,
    /// After a word in the clear; without it nothing is sent.
    Starttls,
    /// Not at all.
    None,
}

/// JSON for programs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Webhook {
    /// The whole address.
    pub url: Secret,
    /// Signs the body; empty: unsigned.
    pub secret: Secret,
    /// Headers besides ours.
    pub headers: BTreeMap<String, Secret>,
    /// See [`super::Provider::proxy`].
    pub proxy: String,
}

/// Minutes of a day.
const DAY: u16 = 24 * 60;

/// A daily time of peace, such as `23:00-08:00`. May pass midnight; its end does not belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct QuietHours {
    /// Minute of the day, below 1440.
    from: u16,
    /// Minute of the day, never equal to `from`; at most 1440.
    to: u16,
}

impl QuietHours {
    /// Whether a minute of the local day (0 to 1439) lies in it.
    pub fn holds(self, minute: u16) -> bool {
        match self.from < self.to {
            true => (self.from..self.to).contains(&minute),
            false => minute >= self.from || minute < self.to,
        }
    }

    /// Minutes from this minute of the local day until it ends; 0 where it does not hold. On days when clocks
    /// change it is an hour off.
    pub fn left(self, minute: u16) -> u16 {
        if self.holds(minute) { (self.to + DAY - minute - 1) % DAY + 1 } else { 0 }
    }
}

/// What cannot be read as quiet hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("quiet hours look like 23:00-08:00")]
pub struct NoQuietHours;

impl FromStr for QuietHours {
    type Err = NoQuietHours;

    fn from_str(text: &str) -> Result<Self, NoQuietHours> {
        let (from, to) = text.split_once(['-', '–', '—', '~', '～']).ok_or(NoQuietHours)?;
        let (from, to) = (clock(from).ok_or(NoQuietHours)?, clock(to).ok_or(NoQuietHours)?);
        // 24:00 is an end only, and "the whole day" is said by leaving the destination out.
        let whole = from == to || (from, to) == (0, DAY);
        if from == DAY || whole { Err(NoQuietHours) } else { Ok(Self { from, to }) }
    }
}

/// The minute that `8:00`, `08:00` or `24:00` means.
fn clock(text: &str) -> Option<u16> {
    let (hours, minutes) = text.trim().split_once([':', '：'])?;
    let number = |text: &str, lengths: &[usize]| {
        let digits = lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u16>().ok().filter(|_| digits)
    };
    let (hours, minutes) = (number(hours, &[1, 2])?, number(minutes, &[2])?);
    let minute = hours * 60 + minutes;
    (minutes < 60 && minute <= DAY).then_some(minute)
}

impl fmt::Display for QuietHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to } = self;
        write!(f, "{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)
    }
}

impl TryFrom<String> for QuietHours {
    type Error = NoQuietHours;

    fn try_from(text: String) -> Result<Self, NoQuietHours> {
        text.parse()
    }
}

impl From<QuietHours> for String {
    fn from(hours: QuietHours) -> Self {
        hours.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hours(text: &str) -> QuietHours {
        text.parse().unwrap()
    }

    #[test]
    fn quiet_hours_begin_and_end_to_the_minute() {
        let night = hours("23:00-08:00");
        for (minute, quiet) in
            [(22 * 60 + 59, false), (23 * 60, true), (0, true), (479, true), (480, false), (720, false)]
        {
            assert_eq!(night.holds(minute), quiet, "{minute}");
        }
        let noon = hours("12:00-13:30");
        for (minute, quiet) in [(719, false), (720, true), (809, true), (810, false), (0, false), (1439, false)] {
            assert_eq!(noon.holds(minute), quiet, "{minute}");
        }
        let evening = hours("22:00-24:00");
        assert!(evening.holds(1439) && !evening.holds(0));
        let early = hours("00:00-06:00");
        assert!(early.holds(0) && !early.holds(360) && !early.holds(1439));
        assert_eq!((night.left(23 * 60), night.left(0), night.left(479), night.left(480)), (540, 480, 1, 0));
        assert_eq!((evening.left(1439), evening.left(0)), (1, 0));
    }

    #[test]
    fn people_write_hours_in_more_than_one_way() {
        for text in ["23:00-08:00", " 23:00 - 8:00 ", "23:00–08:00", "23：00～08：00"] {
            assert_eq!(hours(text).to_string(), "23:00-08:00", "{text}");
        }
        for bad in [
            "",
            "23:00",
            "23-8",
            "23:00-",
            "-",
            "24:00-08:00",
            "23:60-08:00",
            "25:00-08:00",
            "23:0-08:00",
            "08:00-08:00",
            "00:00-24:00",
            "24:00-24:00",
            "+1:00-08:00",
            "23:00-08:00-09:00",
            "023:00-08:00",
            "23:00-24:01",
            "１:00-08:00",
        ] {
            assert_eq!(bad.parse::<QuietHours>(), Err(NoQuietHours), "{bad}");
        }
    }

    #[test]
    fn every_kind_has_its_road() {
        for kind in Road::KINDS {
            assert_eq!(Road::of(kind).unwrap().kind(), kind);
        }
        let to = Destination {
            road: Road::of("ntfy").unwrap(),
            quiet_hours: Some(hours("1:00-2:00")),
            ..Destination::default()
        };
        let json = serde_json::to_value(&to).unwrap();
        assert_eq!((&json["kind"], &json["quiet_hours"]), (&"ntfy".into(), &"01:00-02:00".into()));
        assert_eq!(serde_json::from_value::<Destination>(json).unwrap(), to, "a recording plays again");
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back_and_holds_as_long_as_it_says(from in 0..DAY, to in 0..=DAY) {
            prop_assume!(from != to && (from, to) != (0, DAY));
            let hours = QuietHours { from, to };
            prop_assert_eq!(hours.to_string().parse(), Ok(hours));
            let quiet = (0..DAY).filter(|minute| hours.holds(*minute)).count();
            prop_assert_eq!(quiet, usize::from((to + DAY - from) % DAY));
            for minute in 0..DAY {
                let left = hours.left(minute);
                prop_assert_eq!(left > 0, hours.holds(minute));
                let end = (minute + left) % DAY;
                prop_assert!(left == 0 || !hours.holds(end) && hours.holds((end + DAY - 1) % DAY));
            }
        }

        #[test]
        fn no_text_is_too_odd(text in any::<String>(), like in "[0-9:：~ -]{0,14}") {
            for text in [text, like] {
                if let Ok(hours) = text.parse::<QuietHours>() {
                    prop_assert_eq!(hours.to_string().parse(), Ok(hours));
                }
            }
        }
    }
}
