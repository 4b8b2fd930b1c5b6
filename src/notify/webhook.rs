//! JSON for programs, in the form of Alertmanager's webhooks, version 4:
//! <https://prometheus.io/docs/alerting/latest/configuration/#webhook_config>. With a secret, the body is signed
//! together with its time, so that nobody can send it again tomorrow.

use std::collections::BTreeMap;

use jiff::Timestamp;
use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::courier::Fault;
use super::hook::{Letter, Service};
use super::sign;
use crate::domain::{NotificationText, NotifiedAlert, Severity, Wall};

/// Seconds since 1970.
const TIMESTAMP: HeaderName = HeaderName::from_static("x-qqdeck-timestamp");
/// `sha256=` and the signature of `TIMESTAMP.BODY` in hexadecimal.
const SIGNATURE: HeaderName = HeaderName::from_static("x-qqdeck-signature");

/// One program.
pub struct Webhook {
    /// What it is called here.
    pub name: String,
    /// The whole address.
    pub url: Url,
    /// Empty: unsigned.
    pub secret: String,
    /// Configured headers.
    pub headers: HeaderMap,
}

impl Service for Webhook {
    fn letter(&self, text: &NotificationText, now: Timestamp) -> Letter {
        let mut letter = Letter::new(&self.url, &body(text, &self.name));
        letter.headers = self.headers.clone();
        let timestamp = now.as_second();
        letter.headers.insert(TIMESTAMP, HeaderValue::from(timestamp));
        if !self.secret.is_empty() {
            let mut signed = format!("{timestamp}.").into_bytes();
            signed.extend_from_slice(&letter.body);
            let signature = format!("sha256={}", sign::hex(self.secret.as_bytes(), &signed));
            // Hexadecimal always fits into a header.
            letter.headers.extend(HeaderValue::try_from(signature).ok().map(|value| (SIGNATURE, value)));
        }
        letter
    }

    fn read(&self, _: &[u8]) -> Result<(), Fault> {
        Ok(())
    }
}

fn body(text: &NotificationText, receiver: &str) -> Value {
    let labels: Vec<_> = text.alerts.iter().map(|alert| labels(alert, &text.instance)).collect();
    let common: BTreeMap<&str, &str> = match labels.split_first() {
        Some((first, others)) => {
            let shared = |(key, value): &(&&str, &&str)| others.iter().all(|other| other.get(**key) == Some(*value));
            first.iter().filter(shared).map(|(key, value)| (*key, *value)).collect()
        }
        None => BTreeMap::new(),
    };
    let group: BTreeMap<_, _> = common.get("alertname").map(|name| ("alertname", *name)).into_iter().collect();
    let key = group.get("alertname").copied().unwrap_or_default();
    let alerts: Vec<_> = text.alerts.iter().zip(&labels).map(|(one, labels)| alert(one, labels)).collect();
    json!({
        "version": "4",
        "groupKey": format!("{{}}:{{alertname={key:?}}}"),
        "truncatedAlerts": 0,
        "status": if text.resolved { "resolved" } else { "firing" },
        "receiver": receiver,
        "groupLabels": group,
        "commonLabels": common,
        "commonAnnotations": {"title": text.title, "description": text.body},
        "externalURL": "",
        "alerts": alerts,
        "instance": text.instance,
        "severity": severity(text.severity),
        "test": text.test,
    })
}

fn labels<'a>(alert: &'a NotifiedAlert, instance: &'a str) -> BTreeMap<&'a str, &'a str> {
    let own = alert.labels.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    let ours = [("alertname", alert.rule.as_str()), ("severity", severity(alert.severity)), ("instance", instance)];
    own.chain(ours).collect()
}

fn alert(alert: &NotifiedAlert, labels: &BTreeMap<&str, &str>) -> Value {
    json!({
        "status": if alert.until.is_some() { "resolved" } else { "firing" },
        "labels": labels,
        "annotations": {"summary": alert.words},
        "startsAt": moment(alert.since),
        // Alertmanager's word for "not yet".
        "endsAt": alert.until.map_or_else(|| "0001-01-01T00:00:00Z".to_owned(), moment),
        "generatorURL": "",
        "fingerprint": alert.fingerprint,
    })
}

/// RFC 3339.
fn moment(at: Wall) -> String {
    Timestamp::from_millisecond(at.0).unwrap_or_default().to_string()
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Critical => "critical",
    }
}
