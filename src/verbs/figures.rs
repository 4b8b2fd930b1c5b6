//! The bot's figures as rows, for `export metrics`: what the state holds of numbers, each under the name of its place.

use serde_json::{Value, json};

use crate::domain::Snapshot;

/// One number.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Its name, with dots: `latency.total.p95`. Times are in seconds.
    pub name: String,
    /// Of what, where there are several: a provider, a card.
    pub subject: String,
    /// How much.
    pub value: f64,
}

/// All of them. What is not known is left out: a zero would be a lie.
pub fn figures(snap: &Snapshot) -> Vec<Figure> {
    let mut rows = Vec::new();
    let mut add = |name: &str, subject: &str, value: Value| walk(name, subject, &value, &mut rows);
    add("", "", json!(snap.counters));
    add("", "", json!({"inflight": snap.inflight, "queued": snap.queued, "outbox": snap.outbox}));
    add("today", "", json!(snap.today));
    add("latency", "", json!(snap.latency));
    for p in &snap.providers {
        let first = p.ttft_p50;
        let value = json!({"inflight": p.inflight, "queued": p.queued, "first_text": first, "latency": p.latency});
        add("provider", &p.name, value);
    }
    if let Some(gauges) = &snap.gauges {
        add("host", "", json!(gauges.host));
        for gpu in &gauges.gpus {
            let value = json!({
                "total": gpu.total, "used": gpu.used, "busy": gpu.busy, "temperature": gpu.temperature, "power": gpu.power,
            });
            add("gpu", &format!("{} {}", gpu.index, gpu.name), value);
        }
    }
    rows
}

fn walk(name: &str, subject: &str, value: &Value, rows: &mut Vec<Figure>) {
    let mut push = |value: f64| rows.push(Figure { name: name.to_owned(), subject: subject.to_owned(), value });
    match value {
        Value::Number(n) => n.as_f64().into_iter().for_each(push),
        Value::Object(fields) => {
            // As durations are written.
            if let (2, Some(secs), Some(nanos)) = (fields.len(), fields.get("secs"), fields.get("nanos")) {
                return push(secs.as_f64().unwrap_or(0.0) + nanos.as_f64().unwrap_or(0.0) / 1e9);
            }
            for (field, value) in fields {
                let name = if name.is_empty() { field.clone() } else { format!("{name}.{field}") };
                walk(&name, subject, value, rows);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::{Counters, Latency, Percentiles};

    #[test]
    fn numbers_have_the_names_of_their_places_and_what_is_unknown_is_left_out() {
        let total = Percentiles { p50: Some(Duration::from_millis(1500)), p95: None, p99: None };
        let snap = Snapshot {
            counters: Counters { received: 7, ..Counters::default() },
            latency: Latency { total, ..Latency::default() },
            ..Snapshot::default()
        };
        let rows = figures(&snap);
        let of = |name: &str| rows.iter().find(|row| row.name == name).map(|row| row.value);
        assert_eq!((of("received"), of("replied"), of("queued")), (Some(7.0), Some(0.0), Some(0.0)));
        assert_eq!((of("latency.total.p50"), of("latency.total.p95")), (Some(1.5), None));
        assert_eq!(of("today.cost"), Some(0.0));
    }
}
