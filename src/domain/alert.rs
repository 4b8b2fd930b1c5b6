//! Alerts: what is wrong, how bad, since when, and who was told.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{ConfigTrouble, GroupId, Metric, ProviderError, SelfId, Text, Wall};

/// How bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Something gets worse.
    Warning,
    /// Somebody goes without an answer.
    Critical,
}

/// A number for one notification on its way to one destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NotificationId(pub u64);

/// What a destination is told. Its words are in the instance's language, sanitised and without secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// Ends in exactly one [`crate::flow::Input::Notified`] with this number.
    pub id: NotificationId,
    /// The place of the destination in `[[notify.to]]`, from 0.
    pub to: usize,
    /// What it says.
    pub message: NotificationText,
}

/// One message to one destination; several alerts of a rule may share it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotificationText {
    /// The instance's name.
    pub instance: String,
    /// The worst of its alerts.
    pub severity: Severity,
    /// All of its alerts are over.
    pub resolved: bool,
    /// A test that an operator asked for.
    pub test: bool,
    /// One line.
    pub title: String,
    /// Plain text, a line an alert.
    pub body: String,
    /// The alerts themselves, for destinations that programs read.
    pub alerts: Vec<NotifiedAlert>,
}

/// An alert as programs read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotifiedAlert {
    /// The rule and its labels: the same for the same trouble, in all its messages.
    pub fingerprint: String,
    /// The rule.
    pub rule: String,
    /// What it is about, by name: `account`, `provider`, `gpu`.
    pub labels: Vec<(String, String)>,
    /// How bad.
    pub severity: Severity,
    /// Since when.
    pub since: Wall,
    /// Until when; `None`: still.
    pub until: Option<Wall>,
    /// Its line.
    pub words: String,
}

/// Why a notification did not arrive. It is shown, and never counts as an error of its own alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotifyFault {
    /// Nobody answered, or not in time; tried three times.
    Unreachable(String),
    /// The service said no: its words.
    Refused(String),
    /// The destination's queue is full.
    Full,
    /// There is no such destination any more.
    Gone,
}

/// A number for one alert: one time that a rule held for one subject. Grows by one, also across restarts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AlertId(pub u64);

impl fmt::Display for AlertId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// What an alert is about. A rule has one alert at a time for each.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// The bot as a whole.
    Bot,
    /// One of our accounts.
    Account(SelfId),
    /// A group that an account is in.
    Group(SelfId, GroupId),
    /// An adapter that we dial, by its name in the configuration.
    Dial(Arc<str>),
    /// A provider, by name.
    Provider(Arc<str>),
    /// A card, by its place.
    Gpu(u32),
}

impl Subject {
    /// As programs and silences name it, sorted by name.
    pub fn labels(&self) -> Vec<(String, String)> {
        let label = |name: &str, value: String| (name.to_owned(), value);
        match self {
            Self::Bot => Vec::new(),
            Self::Account(account) => vec![label("account", account.to_string())],
            Self::Group(account, group) => {
                vec![label("account", account.to_string()), label("group", group.to_string())]
            }
            Self::Dial(name) => vec![label("dial", name.to_string())],
            Self::Provider(name) => vec![label("provider", name.to_string())],
            Self::Gpu(index) => vec![label("gpu", index.to_string())],
        }
    }

    /// The account that it is about.
    pub fn account(&self) -> Option<SelfId> {
        match self {
            Self::Account(account) | Self::Group(account, _) => Some(*account),
            Self::Bot | Self::Dial(_) | Self::Provider(_) | Self::Gpu(_) => None,
        }
    }
}

/// How far an alert has come. Acknowledged, silenced, inhibited and flapping are marks on it, not states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertState {
    /// Its condition holds, but not yet for long enough: shown, told to nobody.
    Pending,
    /// It holds.
    Firing,
    /// It is over.
    Resolved,
}

impl AlertState {
    /// A stable word for records and scripts.
    pub fn code(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Firing => "firing",
            Self::Resolved => "resolved",
        }
    }
}

/// A stage of an answer that takes time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlowStage {
    /// From the message to the question: merge window, queue, earlier attempts.
    Queue,
    /// Loading the model.
    Load,
    /// Until its first text.
    FirstToken,
    /// From the first text to the last; all of it where a provider does not stream.
    Generation,
    /// From the answer to the adapter's word: pacing, links, QQ.
    Send,
}

/// What there is to say besides the figure. Words at the reader.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Detail {
    /// Nothing.
    #[default]
    None,
    /// What an adapter or QQ said.
    Said(Text),
    /// A mute's end; `None`: until further notice.
    Until(Option<Wall>),
    /// Why a provider is set aside.
    Provider(ProviderError),
    /// Why each provider is not asked.
    Providers(Vec<(Arc<str>, ProviderError)>),
    /// Where most of the time of slow answers goes, and its share of it in per cent.
    Slow {
        /// The stage.
        stage: SlowStage,
        /// Per cent.
        share: u8,
    },
    /// Who fills a card.
    Memory {
        /// Bytes in use.
        used: u64,
        /// Bytes in all.
        total: u64,
        /// Programs that serve no models, with their bytes, greatest first.
        foreign: Vec<(String, u64)>,
        /// Providers whose models lie partly on the processor.
        spilled: Vec<Arc<str>>,
    },
    /// Errors by kind.
    Errors {
        /// Questions that no provider answered.
        answers: u32,
        /// Parts that did not arrive.
        sends: u32,
        /// Panics of the engine.
        panics: u32,
        /// Failures of the store.
        storage: u32,
    },
    /// What is wrong with the configuration.
    Config(ConfigTrouble),
    /// What the store said.
    Storage(String),
    /// The quota that is reached: of tokens, else of money.
    Quota {
        /// Tokens?
        tokens: bool,
    },
}

/// What a destination knows of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToldWhat {
    /// Nothing yet: it is kept back (quiet hours, no account to send by) and told later what happened.
    Held,
    /// That it holds.
    Firing,
    /// That it comes and goes.
    Flapping,
    /// That it is over.
    Resolved,
}

/// Who was told of an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The destination, by name.
    pub to: String,
    /// What.
    pub what: ToldWhat,
    /// When.
    pub at: Wall,
    /// Why it did not arrive.
    pub fault: Option<NotifyFault>,
    /// It is not known to have arrived: they surely know no more than this. On record, so that whoever comes after a
    /// restart tells it.
    #[serde(default)]
    pub before: Option<ToldWhat>,
}

impl Told {
    /// What the destination surely knows.
    pub fn known(&self) -> ToldWhat {
        self.before.unwrap_or(self.what)
    }

    /// It has left and not ended.
    pub fn is_under_way(&self) -> bool {
        self.before.is_some() && self.fault.is_none()
    }
}

/// One time that a rule held for one subject.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// Its number.
    pub id: AlertId,
    /// The rule, by name.
    pub rule: Arc<str>,
    /// What it measures.
    pub metric: Metric,
    /// About what.
    pub subject: Subject,
    /// What that is called.
    pub name: Text,
    /// How bad.
    pub severity: Severity,
    /// How far.
    pub state: AlertState,
    /// Since when its condition holds.
    pub since: Wall,
    /// Since when it fires.
    pub fired: Option<Wall>,
    /// When it was over.
    pub until: Option<Wall>,
    /// How long it had lasted then.
    pub lasted: Duration,
    /// What is measured, in the metric's unit.
    pub value: f64,
    /// The worst of it.
    pub peak: f64,
    /// Beyond which it fires.
    pub threshold: f64,
    /// More to say.
    pub detail: Detail,
    /// It was measured last so long ago that nobody knows.
    pub no_data: bool,
    /// It comes and goes: told once, held until it is stable.
    pub flapping: bool,
    /// The operator who knows of it: nobody is told again, until it is over.
    pub acked: Option<Text>,
    /// Who was told.
    pub told: Vec<Told>,
    /// Nothing is owed to anybody any more.
    pub done: bool,
}

impl Alert {
    /// The rule and its sorted labels: the same for the same trouble.
    pub fn fingerprint(&self) -> String {
        let labels: Vec<_> = self.subject.labels().into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        if labels.is_empty() { self.rule.to_string() } else { format!("{}{{{}}}", self.rule, labels.join(",")) }
    }

    /// What a destination knows.
    pub fn told(&self, to: &str) -> Option<&Told> {
        self.told.iter().find(|told| told.to == to)
    }
}

/// Keeps alerts from being told until it ends. They are judged and shown as ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// The rule.
    pub rule: String,
    /// Labels that must be so; others may be anything. Sorted.
    pub labels: Vec<(String, String)>,
    /// Until when; in the past: lifted.
    pub until: Wall,
    /// By which operator.
    pub by: Text,
    /// Why.
    pub reason: String,
}

impl Silence {
    /// The longest.
    pub const LONGEST: Duration = Duration::from_secs(7 * 86_400);

    /// Whether it means this alert.
    pub fn covers(&self, alert: &Alert) -> bool {
        let labels = alert.subject.labels();
        *self.rule == *alert.rule && self.labels.iter().all(|label| labels.contains(label))
    }
}

/// An alert as it is shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlertView {
    /// The alert.
    pub alert: Alert,
    /// Nobody is told until then, by this operator.
    pub silenced: Option<(Wall, Text)>,
    /// Nobody is told because this rule's alert says it already.
    pub inhibited: Option<Arc<str>>,
    /// Shown and told to nobody: it needs no action.
    pub quiet: bool,
}

/// What came of telling one destination, as a test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivered {
    /// The destination, by name.
    pub to: String,
    /// Why it did not arrive.
    pub fault: Option<NotifyFault>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_trouble_has_the_same_fingerprint() {
        let group = Subject::Group(SelfId(1), GroupId(9));
        assert_eq!(group.labels(), [("account".to_owned(), "1".to_owned()), ("group".to_owned(), "9".to_owned())]);
        let silence = |labels: &[(&str, &str)]| Silence {
            rule: "account_muted".into(),
            labels: labels.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect(),
            until: Wall(1),
            by: "li".into(),
            reason: String::new(),
        };
        let alert = Alert {
            id: AlertId(1),
            rule: "account_muted".into(),
            metric: Metric::AccountMuted,
            subject: group,
            name: Text::default(),
            severity: Severity::Warning,
            state: AlertState::Firing,
            since: Wall(0),
            fired: None,
            until: None,
            lasted: Duration::ZERO,
            value: 1.0,
            peak: 1.0,
            threshold: 0.0,
            detail: Detail::None,
            no_data: false,
            flapping: false,
            acked: None,
            told: Vec::new(),
            done: false,
        };
        assert_eq!(alert.fingerprint(), "account_muted{account=1,group=9}");
        assert!(silence(&[]).covers(&alert) && silence(&[("group", "9")]).covers(&alert));
        assert!(!silence(&[("group", "8")]).covers(&alert));
    }
}
