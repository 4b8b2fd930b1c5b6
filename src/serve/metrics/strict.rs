//! A reader of the text format that forgives nothing, and the pages that it reads.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::exposition::page;
use crate::config::Limits;
use crate::domain::*;

/// A snapshot in which everything has a value.
pub fn town() -> Arc<Snapshot> {
    let account = |id, connected, online| AccountView {
        id: SelfId(id),
        nickname: Text::from("小助手"),
        connected,
        online,
        reason: Text::default(),
        app: AppKind::Napcat,
        adapter: Text::from("NapCat"),
        peer: "127.0.0.1:1".into(),
        since: Wall(0),
        groups: Arc::default(),
        muted: vec![(GroupId(1), None)],
        last_event: Wall(1_763_738_060_123),
        restarting: false,
    };
    let provider = ProviderView {
        name: "qwen\"3\\\n".into(),
        model: "m".into(),
        kind: "ollama".into(),
        tier: 0,
        state: ProviderState::Ready,
        failure: None,
        retry_at: None,
        inflight: 1,
        queued: 2,
        ttft_p50: None,
        latency: ProviderLatency::default(),
        version: None,
        resident: Some(Residency { loaded: true, size: 6 << 30, size_vram: 5 << 30, expires: None, context: None }),
        balance: None,
    };
    let process = |memory, model| GpuProcess { pid: 1, name: String::new(), memory: Some(memory), model };
    let card = Gpu {
        name: "card".into(),
        total: Some(10),
        used: Some(9),
        busy: Some(50),
        temperature: Some(60),
        slowdown_at: Some(90),
        power: Some(90_000),
        power_limit: Some(200_000),
        processes: vec![process(3, true), process(2, false)],
        throttled: vec![Throttle::Heat],
        ..Gpu::default()
    };
    let gpus = vec![card, Gpu { index: 1, name: "asleep".into(), state: GpuState::Asleep, ..Gpu::default() }];
    let (disk_total, disk_free) = (Some(9), Some(5));
    let host = Host {
        cpu: Some(12.0),
        memory_total: 8,
        memory_used: 4,
        own_memory: 1,
        own_cpu: Some(1.0),
        disk_total,
        disk_free,
    };
    Arc::new(Snapshot {
        accounts: vec![account(10001, true, Some(true)), account(10002, false, None)],
        providers: vec![provider],
        gauges: Some(Arc::new(Gauges { gpus, no_gpu: None, host, simulated: true })),
        today: Today { asks: 1, input: 2, output: 3, cost: 0.5 },
        ..Snapshot::default()
    })
}

pub fn measures() -> Measures {
    let mut all = Measures::default();
    for millis in [1, 30, 900, 400_000] {
        all.total.record(Duration::from_millis(millis));
    }
    let mut of = ProviderMeasures { answered: 3, cost: 1e-7, ..ProviderMeasures::default() };
    of.failed.insert("truncated".into(), 2);
    of.first_text.record(Duration::from_millis(300));
    all.providers.insert("qwen\"3\\\n".into(), of);
    all
}

/// A series: its name and its labels.
pub type Series = (String, BTreeMap<String, String>);

/// Reads a page or tells what is wrong with it.
pub fn read(text: &str) -> Result<BTreeMap<Series, f64>, String> {
    let mut found = BTreeMap::new();
    let mut closed: BTreeSet<String> = BTreeSet::new();
    let mut family: Option<(String, String)> = None;
    let mut helped = String::new();
    if !text.ends_with('\n') {
        return Err("the last line does not end".into());
    }
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, words) = help.split_once(' ').ok_or("help without words")?;
            if words.trim().is_empty() || !closed.insert(name.to_owned()) {
                return Err(format!("{name}: told twice, or without words"));
            }
            (helped, family) = (name.to_owned(), None);
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').ok_or("type without kind")?;
            if name != helped || !["counter", "gauge", "histogram"].contains(&kind) {
                return Err(format!("{line}: not after its help"));
            }
            if (kind == "counter") != name.ends_with("_total") {
                return Err(format!("{name}: a counter ends in _total, and nothing else does"));
            }
            family = Some((name.to_owned(), kind.to_owned()));
        } else {
            let (series, value) = sample(line)?;
            let (name, kind) = family.as_ref().ok_or(format!("{line}: without a family"))?;
            let suffix = series.0.strip_prefix(name.as_str()).ok_or(format!("{line}: in the family {name}"))?;
            let fits = match kind.as_str() {
                "histogram" => ["_bucket", "_sum", "_count"].contains(&suffix),
                _ => suffix.is_empty(),
            };
            if !fits || found.insert(series.clone(), value).is_some() {
                return Err(format!("{line}: wrong suffix, or twice"));
            }
        }
    }
    histograms(&found)?;
    Ok(found)
}

/// Buckets grow, and the last is the count.
fn histograms(found: &BTreeMap<Series, f64>) -> Result<(), String> {
    let mut buckets: BTreeMap<Series, Vec<(f64, f64)>> = BTreeMap::new();
    for ((name, labels), value) in found {
        if let Some(base) = name.strip_suffix("_bucket") {
            let mut labels = labels.clone();
            let le = labels.remove("le").ok_or("a bucket without le")?;
            let le = if le == "+Inf" { f64::INFINITY } else { le.parse().map_err(|_| "le is no number")? };
            buckets.entry((base.to_owned(), labels)).or_default().push((le, *value));
        }
    }
    for ((base, labels), mut all) in buckets {
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        let grows = all.windows(2).all(|pair| pair[0].1 <= pair[1].1);
        let count = found.get(&(format!("{base}_count"), labels.clone()));
        let sum = found.contains_key(&(format!("{base}_sum"), labels));
        let last = all.last().filter(|(le, _)| le.is_infinite()).map(|(_, count)| count);
        if !grows || !sum || last.is_none() || last != count {
            return Err(format!("{base}: no histogram"));
        }
    }
    Ok(())
}

fn sample(line: &str) -> Result<(Series, f64), String> {
    let wrong = |what: &str| format!("{line}: {what}");
    let name_ends = line.find(['{', ' ']).ok_or(wrong("no value"))?;
    let name = &line[..name_ends];
    let is_name = |n: &str| {
        n.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
            && n.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    if !is_name(name) {
        return Err(wrong("no name"));
    }
    let mut labels = BTreeMap::new();
    let mut rest = &line[name_ends..];
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        loop {
            let (label, after) = rest.split_once("=\"").ok_or(wrong("no label"))?;
            let mut value = String::new();
            let mut chars = after.char_indices();
            let end = loop {
                match chars.next().ok_or(wrong("a label without an end"))? {
                    (at, '"') => break at,
                    (_, '\\') => match chars.next() {
                        Some((_, '\\')) => value.push('\\'),
                        Some((_, '"')) => value.push('"'),
                        Some((_, 'n')) => value.push('\n'),
                        _ => return Err(wrong("a wrong escape")),
                    },
                    (_, c) => value.push(c),
                }
            };
            if !is_name(label) || labels.insert(label.to_owned(), value).is_some() {
                return Err(wrong("a wrong label, or one twice"));
            }
            rest = &after[end + 1..];
            match rest.strip_prefix(',') {
                Some(more) => rest = more,
                None => break rest = rest.strip_prefix('}').ok_or(wrong("labels without an end"))?,
            }
        }
    }
    let value = rest.strip_prefix(' ').ok_or(wrong("no blank before the value"))?;
    let value = if value == "+Inf" { f64::INFINITY } else { value.parse().map_err(|_| wrong("no number"))? };
    Ok(((name.to_owned(), labels), value))
}

fn of<'a>(found: &'a BTreeMap<Series, f64>, name: &str, labels: &[(&str, &str)]) -> Option<&'a f64> {
    let labels = labels.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    found.get(&(name.to_owned(), labels))
}

#[test]
fn a_page_is_read_by_the_strict_reader_and_says_what_the_state_says() {
    let limits = Limits { tokens_per_day: 1000, cost_per_day: 2.5, ..Limits::default() };
    let text = page(&town(), &measures(), &limits);
    let found = read(&text).unwrap_or_else(|why| panic!("{why}\n{text}"));
    let name = ("provider", "qwen\"3\\\n");
    for (series, labels, value) in [
        ("qqdeck_account_connected", vec![("account", "10002")], Some(0.0)),
        ("qqdeck_account_online", vec![("account", "10002")], None),
        ("qqdeck_account_last_event_timestamp_seconds", vec![("account", "10001")], Some(1_763_738_060.123)),
        ("qqdeck_provider_state", vec![name, ("state", "ready")], Some(1.0)),
        ("qqdeck_provider_state", vec![name, ("state", "off")], Some(0.0)),
        ("qqdeck_provider_failures_total", vec![name, ("cause", "truncated")], Some(2.0)),
        ("qqdeck_provider_cost_total", vec![name], Some(1e-7)),
        ("qqdeck_model_resident_gpu_bytes", vec![name], Some((5u64 << 30) as f64)),
        ("qqdeck_stage_seconds_bucket", vec![("stage", "total"), ("le", "0.05")], Some(2.0)),
        ("qqdeck_stage_seconds_bucket", vec![("stage", "total"), ("le", "+Inf")], Some(4.0)),
        ("qqdeck_stage_seconds_sum", vec![("stage", "total")], Some(400.931)),
        ("qqdeck_quota_tokens", vec![], Some(1000.0)),
        ("qqdeck_gpu_up", vec![("gpu", "1"), ("name", "asleep")], Some(0.0)),
        ("qqdeck_gpu_memory_used_bytes", vec![("gpu", "1"), ("name", "asleep")], None),
        ("qqdeck_gpu_memory_model_bytes", vec![("gpu", "0"), ("name", "card")], Some(3.0)),
        ("qqdeck_host_cpu_ratio", vec![], Some(0.12)),
    ] {
        assert_eq!(of(&found, series, &labels).copied(), value, "{series} {labels:?}\n{text}");
    }
}

#[test]
fn an_empty_state_is_a_page_too() {
    let text = page(&Snapshot::default(), &Measures::default(), &Limits::default());
    let found = read(&text).unwrap_or_else(|why| panic!("{why}\n{text}"));
    assert_eq!(of(&found, "qqdeck_messages_received_total", &[]), Some(&0.0));
    assert_eq!(of(&found, "qqdeck_quota_tokens", &[]), None);
}

/// Strangers choose numbers of chats and accounts; they must not make series.
#[test]
fn series_are_bounded_whatever_connects() {
    let mut snapshot = (*town()).clone();
    let one = snapshot.accounts[0].clone();
    snapshot.accounts = (0..100_000).map(|id| AccountView { id: SelfId(id), ..one.clone() }).collect();
    let text = page(&snapshot, &Measures::default(), &Limits::default());
    assert!(read(&text).unwrap().len() < 700, "{}", text.lines().count());
}

#[test]
fn the_strict_reader_is_strict() {
    for wrong in [
        "a 1\n",
        "# HELP a x\n# TYPE a gauge\na 1",
        "# HELP a x\n# TYPE a gauge\na{b=\"\\q\"} 1\n",
        "# HELP a x\n# TYPE a gauge\na 1\na 2\n",
        "# HELP a x\n# TYPE a counter\na 1\n",
        "# HELP a x\n# TYPE a gauge\nb 1\n",
        "# HELP a x\n# TYPE a histogram\na_bucket{le=\"1\"} 2\na_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 1\n",
        "# HELP a x\n# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 2\n",
    ] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
}

proptest! {
    #[test]
    fn no_name_breaks_a_page(name in any::<String>(), card in any::<String>(), cost in any::<f64>()) {
        let mut snapshot = (*town()).clone();
        snapshot.providers[0].name = name.as_str().into();
        let mut gauges = (**snapshot.gauges.as_ref().unwrap()).clone();
        gauges.gpus[0].name = card;
        snapshot.gauges = Some(Arc::new(gauges));
        snapshot.today.cost = if cost.is_nan() { 0.0 } else { cost };
        let text = page(&snapshot, &measures(), &Limits::default());
        // Lines are parted by \n alone; a \r in a name is part of it.
        if !text.contains('\r') {
            let found = read(&text);
            prop_assert!(found.is_ok() || cost == f64::NEG_INFINITY, "{:?}\n{}", found, text);
        }
    }
}
