//! Alerts: what is wrong, how bad, since when, and who was told.

use serde::{Deserialize, Serialize};

use super::Wall;

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
    /// Ends in exactly one [`super::Input::Notified`] with this number.
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
