//! Gauges, destinations of alerts, logs, the database and the console.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::secs;

/// Gauges.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Telemetry {
    /// Between samples while somebody looks.
    pub interval: Duration,
    /// While nobody does.
    pub idle_interval: Duration,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self { interval: secs(1), idle_interval: secs(10) }
    }
}

/// Log files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Logs {
    /// `error`, `warn`, `info`, `debug`, `trace`, or a filter such as `info,qqdeck::adapter=debug`.
    pub level: String,
    /// Past days kept; 0: somebody else rotates (logrotate), and nothing is ever taken out.
    pub keep: u32,
    /// Compress those of past days.
    pub compress: bool,
    /// Mode of the files: `0600`, `0640`, `0644`, `0660`, `0664`.
    pub mode: String,
    /// Bytes in all; a file is put aside early when it holds an eighth of it.
    pub max_total: u64,
}

impl Default for Logs {
    fn default() -> Self {
        Self { level: "info".into(), keep: 7, compress: true, mode: "0640".into(), max_total: 1 << 30 }
    }
}

/// Prometheus.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Metrics {
    /// Address; empty: off.
    pub listen: String,
}

/// The database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Storage {
    /// How long messages are kept.
    pub retention: Duration,
    /// What a commit survives.
    pub durability: Durability,
    /// How often a backup is made.
    pub backup: Backup,
    /// Backups kept.
    pub keep_backups: u32,
}

impl Default for Storage {
    fn default() -> Self {
        Self { retention: secs(90 * 86_400), durability: Durability::Process, backup: Backup::Daily, keep_backups: 7 }
    }
}

/// What a commit survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    /// kill -9.
    #[default]
    Process,
    /// A power cut.
    Power,
}

/// How often a backup is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Backup {
    /// Once a local day.
    #[default]
    Daily,
    /// Never.
    Off,
}

/// The console over SSH.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ssh {
    /// Address; empty: off.
    pub listen: String,
    /// Locks a session that idles so long.
    pub idle: Duration,
}

impl Default for Ssh {
    fn default() -> Self {
        Self { listen: String::new(), idle: secs(900) }
    }
}

/// The console's looks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Console {
    /// A theme's name.
    pub theme: String,
    /// `auto`, `none`, `16`, `256`, `rgb`; a flag and `NO_COLOR` come first.
    pub color: String,
    /// `auto` (off until the operator says otherwise), `on`, `off` (never).
    pub mouse: String,
    /// No glyphs beyond ASCII in the chrome.
    pub ascii: bool,
    /// Columns of characters of ambiguous width, 1 or 2.
    pub ambiguous_width: u8,
    /// How long a terminal may take nothing (about 1 KB a second counts as something) before its session is ended.
    pub stalled: Duration,
    /// What calls an operator when something new needs a human.
    pub notify: Ring,
    /// Keys that differ from the default, by action.
    pub keys: BTreeMap<String, String>,
    /// Replies that are at hand in the composer.
    pub canned: Vec<Canned>,
}

/// How a terminal calls its operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ring {
    /// Not at all.
    Off,
    /// The terminal's bell.
    #[default]
    Bell,
    /// The bell, and words for the desktop as iTerm2, kitty, WezTerm and Windows Terminal know them (OSC 9).
    Osc9,
    /// The bell, and words for the desktop as foot, rxvt and GNOME Terminal know them (OSC 777).
    Osc777,
}

/// A reply at hand: `{name}`, `{bot}` and `{operator}` in it are filled in.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Canned {
    /// What it is found by.
    pub name: String,
    /// What it says.
    pub text: String,
}

impl Default for Console {
    fn default() -> Self {
        Self {
            theme: "auto".into(),
            color: "auto".into(),
            mouse: "auto".into(),
            ascii: false,
            ambiguous_width: 1,
            stalled: secs(30),
            notify: Ring::default(),
            keys: BTreeMap::new(),
            canned: Vec::new(),
        }
    }
}
