//! The dashboard that ships asks for what there is: every series and every label in it is one of the page's.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;
use serde_json::Value;

use super::exposition::page;
use super::strict;
use crate::config::Limits;

/// Labels that Prometheus adds to what it reads.
const ADDED: [&str; 2] = ["instance", "job"];

/// The page's series by name, each with its labels and those that are added.
fn series() -> BTreeMap<String, BTreeSet<String>> {
    let limits = Limits { tokens_per_day: 1, cost_per_day: 1.0, ..Limits::default() };
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for ((name, labels), _) in strict::read(&page(&strict::town(), &strict::measures(), &limits)).unwrap() {
        let all = found.entry(name).or_default();
        all.extend(labels.into_keys().chain(ADDED.map(str::to_owned)));
    }
    found
}

/// What is wrong with a query and the words of its legend.
fn wrong(query: &str, legend: &str, series: &BTreeMap<String, BTreeSet<String>>) -> Result<(), String> {
    let asked = Regex::new(r"(qqdeck_[a-z_]+)(?:\{([^}]*)\})?").unwrap();
    let matched = Regex::new(r#"([a-zA-Z_]+)\s*(?:=~|!~|!=|=)\s*""#).unwrap();
    let lists = Regex::new(r"\b(by|on|without|ignoring)\s*\(([^)]*)\)").unwrap();
    let shown = Regex::new(r"\{\{\s*([a-z_]+)\s*\}\}").unwrap();
    // What the queried series have in common.
    let mut common: Option<BTreeSet<String>> = None;
    for one in asked.captures_iter(query) {
        let labels = series.get(&one[1]).ok_or_else(|| format!("there is no {}", &one[1]))?;
        for label in one.get(2).iter().flat_map(|inside| matched.captures_iter(inside.as_str())) {
            labels.get(&label[1]).ok_or_else(|| format!("{} has no label {}", &one[1], &label[1]))?;
        }
        common = Some(common.map_or_else(|| labels.clone(), |common| common.intersection(labels).cloned().collect()));
    }
    let common = common.ok_or("nothing of ours is asked")?;
    let mut left = common.clone();
    for list in lists.captures_iter(query) {
        let names: BTreeSet<String> = list[2].split(',').map(|name| name.trim().to_owned()).collect();
        if let Some(name) = names.difference(&common).next() {
            return Err(format!("not all have the label {name}"));
        }
        if &list[1] == "by" {
            left = names;
        }
    }
    for label in shown.captures_iter(legend) {
        left.get(&label[1]).ok_or_else(|| format!("the legend has no {}", &label[1]))?;
    }
    Ok(())
}

/// Every query of the dashboard with its legend, also those of its variables.
fn queries(value: &Value, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => {
            let text = |name: &str| fields.get(name).and_then(Value::as_str);
            if let Some(query) = text("expr") {
                found.push((query.to_owned(), text("legendFormat").unwrap_or_default().to_owned()));
            }
            if let Some(query) = text("query").filter(|query| query.contains("qqdeck_")) {
                found.push((query.to_owned(), String::new()));
            }
            fields.values().for_each(|value| queries(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| queries(value, found)),
        _ => {}
    }
}

#[test]
fn the_dashboard_asks_for_what_there_is() {
    let dashboard: Value = serde_json::from_str(include_str!("../../../packaging/grafana.json")).unwrap();
    let mut found = Vec::new();
    queries(&dashboard, &mut found);
    let series = series();
    let faults: Vec<_> =
        found.iter().filter_map(|(query, legend)| Some((query, wrong(query, legend, &series).err()?))).collect();
    assert!(faults.is_empty(), "{faults:#?}");
    assert!(found.len() > 30, "{}", found.len());
    let panels = dashboard["panels"].as_array().unwrap();
    let without = |panel: &&Value| panel["targets"].as_array().is_none_or(Vec::is_empty) && panel["type"] != "row";
    assert_eq!(panels.iter().find(without), None, "a panel that asks nothing");
}

#[test]
fn what_a_dashboard_may_get_wrong_is_found() {
    let series = series();
    for (query, legend, fault) in [
        ("qqdeck_messages_recieved_total", "", "there is no qqdeck_messages_recieved_total"),
        ("qqdeck_stage_seconds", "", "there is no qqdeck_stage_seconds"),
        ("qqdeck_gpu_busy_ratio{card=\"0\"}", "", "qqdeck_gpu_busy_ratio has no label card"),
        ("sum by (model) (qqdeck_provider_inflight)", "", "not all have the label model"),
        ("qqdeck_gpu_up * on(account) qqdeck_account_online", "", "not all have the label account"),
        ("sum by (stage) (qqdeck_stage_seconds_count)", "{{provider}}", "the legend has no provider"),
        ("up", "", "nothing of ours is asked"),
    ] {
        assert_eq!(wrong(query, legend, &series).unwrap_err(), fault);
    }
}
