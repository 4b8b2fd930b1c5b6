//! Rules of alerts: those that ship, what the file changes of them, and the operator's own.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::secs;
use crate::domain::{Metric, Severity};

/// On which side of the threshold it is bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Op {
    /// Above.
    #[default]
    #[serde(rename = ">")]
    Above,
    /// Below.
    #[serde(rename = "<")]
    Below,
}

impl Op {
    /// Whether a value is beyond a threshold; at it, it is not.
    pub fn beyond(self, value: f64, threshold: f64) -> bool {
        match self {
            Self::Above => value > threshold,
            Self::Below => value < threshold,
        }
    }

    /// The worse of two values.
    pub fn worse(self, a: f64, b: f64) -> f64 {
        if self.beyond(b, a) { b } else { a }
    }
}

/// One rule, with everything decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// What it measures.
    pub metric: Metric,
    /// The bad side.
    pub op: Op,
    /// Strictly beyond it, it is bad.
    pub threshold: f64,
    /// Strictly on the good side of it, it is over; `None`: as soon as it is not beyond the threshold.
    pub clear: Option<f64>,
    /// How long it must be bad.
    pub hold: Duration,
    /// How long it must be over.
    pub keep_firing: Duration,
    /// How long a change waits for others before it is told.
    pub wait: Duration,
    /// How far back is looked.
    pub window: Duration,
    /// Samples under which nothing is known.
    pub min_samples: u32,
    /// How bad.
    pub severity: Severity,
    /// It is told again after so long; 0: never.
    pub repeat: Duration,
    /// Destinations by name; `None`: all.
    pub notify: Option<Vec<String>>,
}

impl Rule {
    fn new(name: &str, metric: Metric, threshold: f64, severity: Severity) -> Self {
        Self {
            name: name.to_owned(),
            metric,
            op: Op::Above,
            threshold,
            clear: None,
            hold: Duration::ZERO,
            keep_firing: Duration::ZERO,
            wait: secs(5),
            window: secs(300),
            min_samples: 5,
            severity,
            repeat: secs(1800),
            notify: None,
        }
    }

    /// The rules that ship (design.md §8, threats.md §4).
    pub fn shipped() -> Vec<Rule> {
        use Severity::{Critical, Warning};
        let flag = |name, metric, severity| Self::new(name, metric, 0.0, severity);
        vec![
            // An adapter that is restarted is back after 5 s.
            Self { wait: secs(10), ..flag("ws_disconnected", Metric::AccountDown, Critical) },
            // Whoever sets a bot up knows it, and takes their time.
            Self { repeat: Duration::ZERO, ..flag("no_adapter", Metric::AdapterNone, Severity::Info) },
            flag("account_offline", Metric::AccountOffline, Critical),
            // Those who know can wait for its end: it is not told again.
            Self { repeat: Duration::ZERO, ..flag("account_muted", Metric::AccountMuted, Warning) },
            flag("provider_aside", Metric::ProviderAside, Critical),
            flag("all_providers_down", Metric::ProvidersDown, Critical),
            Self {
                clear: Some(1.6),
                keep_firing: secs(60),
                ..Self::new("reply_latency_high", Metric::FirstP95, 2.0, Warning)
            },
            Self {
                clear: Some(85.0),
                hold: secs(30),
                keep_firing: secs(60),
                ..Self::new("vram_high", Metric::Vram, 90.0, Warning)
            },
            // Over at two.
            Self { clear: Some(3.0), ..Self::new("error_burst", Metric::Errors, 5.0, Critical) },
            flag("storage_unrecorded", Metric::StorageUnrecorded, Critical),
            flag("config_refused", Metric::ConfigRefused, Warning),
            Self { repeat: Duration::ZERO, ..flag("quota_reached", Metric::QuotaReached, Warning) },
        ]
    }

    /// Whether a value is bad.
    pub fn is_bad(&self, value: f64) -> bool {
        self.op.beyond(value, self.threshold)
    }

    /// Whether a value is good enough to be over.
    pub fn is_clear(&self, value: f64) -> bool {
        !self.is_bad(value) && self.clear.is_none_or(|clear| self.op.beyond(clear, value))
    }
}

/// One entry of `[[alerts.rules]]`, as written: a shipped rule by its name with what is different, or a new one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AlertRule {
    /// Its name.
    pub name: String,
    /// `false`: it is not looked at.
    pub enable: bool,
    /// What it measures; only of a new rule.
    pub metric: Option<Metric>,
    /// The bad side; only of a new rule.
    pub op: Option<Op>,
    /// As in [`Rule`], like the following.
    pub threshold: Option<f64>,
    /// Where it is over.
    pub clear: Option<f64>,
    /// `for` in the file.
    #[serde(rename = "for")]
    pub hold: Option<Duration>,
    /// How long it must be over.
    pub keep_firing: Option<Duration>,
    /// How long a change waits before it is told.
    pub wait: Option<Duration>,
    /// How far back is looked.
    pub window: Option<Duration>,
    /// Samples under which nothing is known.
    pub min_samples: Option<u32>,
    /// How bad.
    pub severity: Option<Severity>,
    /// It is told again after so long; 0: never.
    pub repeat: Option<Duration>,
    /// Destinations by name.
    pub notify: Option<Vec<String>>,
}

impl Default for AlertRule {
    fn default() -> Self {
        Self {
            name: String::new(),
            enable: true,
            metric: None,
            op: None,
            threshold: None,
            clear: None,
            hold: None,
            keep_firing: None,
            wait: None,
            window: None,
            min_samples: None,
            severity: None,
            repeat: None,
            notify: None,
        }
    }
}

impl AlertRule {
    /// What is written, laid over a rule.
    pub fn over(&self, rule: Rule) -> Rule {
        Rule {
            name: rule.name,
            metric: rule.metric,
            op: self.op.unwrap_or(rule.op),
            threshold: self.threshold.unwrap_or(rule.threshold),
            // A threshold of one's own needs a border of its own.
            clear: if self.threshold.is_some() { self.clear } else { self.clear.or(rule.clear) },
            hold: self.hold.unwrap_or(rule.hold),
            keep_firing: self.keep_firing.unwrap_or(rule.keep_firing),
            wait: self.wait.unwrap_or(rule.wait),
            window: self.window.unwrap_or(rule.window),
            min_samples: self.min_samples.unwrap_or(rule.min_samples),
            severity: self.severity.unwrap_or(rule.severity),
            repeat: self.repeat.unwrap_or(rule.repeat),
            notify: self.notify.clone().or(rule.notify),
        }
    }
}

/// Alerts.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Alerts {
    /// What differs from the rules that ship, and further rules.
    pub rules: Vec<AlertRule>,
}

impl Alerts {
    /// All rules in force, those that ship first.
    pub fn in_force(&self) -> Vec<Rule> {
        let mut rules = Rule::shipped();
        for written in &self.rules {
            let at = rules.iter().position(|rule| rule.name == written.name);
            match (at, written.metric) {
                (Some(at), _) if !written.enable => drop(rules.remove(at)),
                (Some(at), _) => rules[at] = written.over(rules[at].clone()),
                (None, Some(metric)) if written.enable => {
                    rules.push(written.over(Rule::new(&written.name, metric, 0.0, Severity::Warning)));
                }
                (None, _) => {}
            }
        }
        rules
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn borders_are_strict_on_both_sides() {
        let shipped = Rule::shipped();
        let rule = |name: &str| shipped.iter().find(|r| r.name == name).unwrap();
        for (name, value, bad, clear) in [
            ("error_burst", 5.0, false, false),
            ("error_burst", 6.0, true, false),
            ("error_burst", 2.0, false, true),
            ("error_burst", 3.0, false, false),
            ("vram_high", 90.0, false, false),
            ("vram_high", 90.01, true, false),
            ("vram_high", 85.0, false, false),
            ("vram_high", 84.9, false, true),
            ("reply_latency_high", 2.0, false, false),
            ("reply_latency_high", 2.001, true, false),
            ("ws_disconnected", 0.0, false, true),
            ("ws_disconnected", 1.0, true, false),
        ] {
            assert_eq!((rule(name).is_bad(value), rule(name).is_clear(value)), (bad, clear), "{name} {value}");
        }
        let low = Rule { op: Op::Below, clear: Some(10.0), ..Rule::new("x", Metric::Balance, 5.0, Severity::Info) };
        assert_eq!([4.0, 5.0, 10.0, 11.0].map(|v| (low.is_bad(v), low.is_clear(v))), {
            [(true, false), (false, false), (false, false), (false, true)]
        });
        assert_eq!((low.op.worse(4.0, 3.0), low.op.worse(3.0, 4.0)), (3.0, 3.0));
    }

    #[test]
    fn the_file_changes_shipped_rules_by_name_and_adds_its_own() {
        let written = |name: &str| AlertRule { name: name.into(), ..AlertRule::default() };
        let alerts = Alerts {
            rules: vec![
                AlertRule { threshold: Some(4.0), ..written("reply_latency_high") },
                AlertRule { enable: false, ..written("account_muted") },
                AlertRule { metric: Some(Metric::Queue), threshold: Some(50.0), ..written("long_queue") },
            ],
        };
        let rules = alerts.in_force();
        assert_eq!(rules.len(), Rule::shipped().len());
        let latency = rules.iter().find(|r| r.name == "reply_latency_high").unwrap();
        assert_eq!((latency.threshold, latency.clear, latency.keep_firing), (4.0, None, secs(60)));
        assert!(!rules.iter().any(|r| r.name == "account_muted"));
        assert_eq!(rules.last().map(|r| (r.name.as_str(), r.threshold)), Some(("long_queue", 50.0)));
    }

    #[test]
    fn names_of_metrics_stand_in_their_order() {
        for (metric, name) in Metric::ALL.iter().zip(Metric::NAMES) {
            assert_eq!(metric.name(), *name);
        }
    }
}
