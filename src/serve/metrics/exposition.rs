//! From the state to Prometheus' text format 0.0.4. Labels are bounded: accounts (the first 64), providers as
//! configured, cards; never chats or people, whose numbers strangers choose.

use std::fmt::Write as _;

use crate::config::Limits;
use crate::domain::{
    AlertState, BOUNDS, Gauges, Gpu, GpuState, Histogram, Measures, ProviderState, ProviderView, Severity, Snapshot,
    Throttle,
};

/// Accounts with series of their own.
const ACCOUNTS: usize = 64;

/// The whole page.
pub fn page(s: &Snapshot, m: &Measures, limits: &Limits) -> String {
    let mut page = Page::default();
    page.one("qqdeck_info", "gauge", "The version, as a label.", &[("version", super::super::hello::VERSION)], 1.0);
    messages(&mut page, s);
    now(&mut page, s);
    today(&mut page, s, limits);
    accounts(&mut page, s);
    providers(&mut page, s, m);
    stages(&mut page, m);
    if let Some(gauges) = &s.gauges {
        cards(&mut page, gauges);
        host(&mut page, gauges);
    }
    page.text
}

/// A label: its name and its value.
type Label<'a> = (&'a str, &'a str);

#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    /// The head of a family; its samples must follow at once.
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &[Label<'_>], value: f64) {
        self.text.push_str(name);
        for (n, (label, value)) in labels.iter().enumerate() {
            self.text.push(if n == 0 { '{' } else { ',' });
            let _ = write!(self.text, "{label}=\"");
            for c in value.chars() {
                match c {
                    '\\' => self.text.push_str("\\\\"),
                    '"' => self.text.push_str("\\\""),
                    '\n' => self.text.push_str("\\n"),
                    c => self.text.push(c),
                }
            }
            self.text.push('"');
        }
        let close = if labels.is_empty() { "" } else { "}" };
        let _ = match value {
            v if v == f64::INFINITY => writeln!(self.text, "{close} +Inf"),
            v if v == f64::NEG_INFINITY => writeln!(self.text, "{close} -Inf"),
            v => writeln!(self.text, "{close} {v}"),
        };
    }

    /// A family of one.
    fn one(&mut self, name: &str, kind: &str, help: &str, labels: &[Label<'_>], value: f64) {
        self.family(name, kind, help);
        self.sample(name, labels, value);
    }

    /// A family with a value for some of these; left out where none has one.
    fn each<T>(
        &mut self,
        (name, kind, help): (&str, &str, &str),
        of: &[T],
        label: impl Fn(&T) -> Vec<(&'static str, String)>,
        value: impl Fn(&T) -> Option<f64>,
    ) {
        let mut headed = false;
        for one in of {
            let Some(value) = value(one) else { continue };
            if !std::mem::replace(&mut headed, true) {
                self.family(name, kind, help);
            }
            let labels = label(one);
            let labels: Vec<Label<'_>> = labels.iter().map(|(name, value)| (*name, value.as_str())).collect();
            self.sample(name, &labels, value);
        }
    }

    fn histogram(&mut self, name: &str, label: Label<'_>, histogram: &Histogram) {
        let bucket = format!("{name}_bucket");
        let mut below = 0;
        for (count, bound) in histogram.buckets.iter().zip(BOUNDS.into_iter().chain([f64::INFINITY])) {
            below += count;
            let bound = if bound.is_finite() { bound.to_string() } else { "+Inf".into() };
            self.sample(&bucket, &[label, ("le", &bound)], below as f64);
        }
        self.sample(&format!("{name}_sum"), &[label], histogram.sum.as_secs_f64());
        self.sample(&format!("{name}_count"), &[label], below as f64);
    }
}

fn messages(page: &mut Page, s: &Snapshot) {
    let c = &s.counters;
    for (name, help, value) in [
        ("qqdeck_messages_received_total", "Messages heard, duplicates not among them.", c.received),
        ("qqdeck_messages_replied_total", "Messages with a reply.", c.replied),
        ("qqdeck_messages_ignored_total", "Messages that the gates ignored.", c.ignored),
        ("qqdeck_messages_failed_total", "Messages whose every attempt failed.", c.failed),
        ("qqdeck_messages_unknown_total", "Messages whose reply was never confirmed.", c.unknown),
        ("qqdeck_messages_shed_total", "Messages refused for want of room.", c.shed),
        ("qqdeck_messages_duplicate_total", "Messages heard again.", c.duplicates),
        ("qqdeck_frames_unreadable_total", "Frames that could not be read.", c.garbage),
        ("qqdeck_provider_errors_total", "Questions that failed at any provider.", c.provider_errors),
        ("qqdeck_links_refused_total", "Connections that never became a link.", s.refused.count),
    ] {
        page.one(name, "counter", help, &[], value as f64);
    }
}

fn now(page: &mut Page, s: &Snapshot) {
    let flag = |is: bool| if is { 1.0 } else { 0.0 };
    for (name, help, value) in [
        ("qqdeck_messages_waiting", "Messages that wait for a model.", s.queued as f64),
        ("qqdeck_questions_inflight", "Questions being answered.", s.inflight as f64),
        ("qqdeck_outbox_parts", "Parts that wait to be delivered.", s.outbox as f64),
        ("qqdeck_attention_items", "Things that wait for a human.", s.attention.len() as f64),
        ("qqdeck_chats_in_memory", "Conversations in memory.", s.chats.len() as f64),
        ("qqdeck_unrecorded", "1 while the database takes no writes.", flag(s.unrecorded)),
        ("qqdeck_stopping", "1 while the bot drains.", flag(s.stopping)),
    ] {
        page.one(name, "gauge", help, &[], value);
    }
    page.family("qqdeck_alerts_firing", "gauge", "Alerts that fire, silenced and acknowledged ones among them.");
    for (word, severity) in [("critical", Severity::Critical), ("warning", Severity::Warning), ("info", Severity::Info)]
    {
        let alerts = s.alerts.iter().map(|view| &view.alert);
        let firing = alerts.filter(|alert| alert.state == AlertState::Firing && alert.severity == severity).count();
        page.sample("qqdeck_alerts_firing", &[("severity", word)], firing as f64);
    }
}

fn today(page: &mut Page, s: &Snapshot, limits: &Limits) {
    let t = &s.today;
    page.family("qqdeck_today_tokens", "gauge", "Tokens of the local day.");
    page.sample("qqdeck_today_tokens", &[("kind", "input")], t.input as f64);
    page.sample("qqdeck_today_tokens", &[("kind", "output")], t.output as f64);
    page.one("qqdeck_today_cost", "gauge", "Money of the local day, in the prices' currency.", &[], t.cost);
    if limits.tokens_per_day > 0 {
        let help = "Tokens that a day may cost.";
        page.one("qqdeck_quota_tokens", "gauge", help, &[], limits.tokens_per_day as f64);
    }
    if limits.cost_per_day > 0.0 {
        page.one("qqdeck_quota_cost", "gauge", "Money that a day may cost.", &[], limits.cost_per_day);
    }
}

fn accounts(page: &mut Page, s: &Snapshot) {
    let all = &s.accounts[..s.accounts.len().min(ACCOUNTS)];
    let label = |a: &crate::domain::AccountView| vec![("account", a.id.to_string())];
    let flag = |is: bool| Some(if is { 1.0 } else { 0.0 });
    page.each(("qqdeck_account_connected", "gauge", "1 while a link is up."), all, label, |a| flag(a.connected));
    let help = "1 while QQ says that the account is online; missing where it says nothing.";
    page.each(("qqdeck_account_online", "gauge", help), all, label, |a| a.online.and_then(flag));
    let help = "When the account's adapter last told something that mattered.";
    page.each(("qqdeck_account_last_event_timestamp_seconds", "gauge", help), all, label, |a| {
        Some(a.last_event.0 as f64 / 1000.0)
    });
    page.each(("qqdeck_account_muted_groups", "gauge", "Groups in which it may not speak."), all, label, |a| {
        Some(a.muted.len() as f64)
    });
}

fn providers(page: &mut Page, s: &Snapshot, m: &Measures) {
    let all = &s.providers;
    let label = |p: &ProviderView| vec![("provider", p.name.to_string())];
    page.each(("qqdeck_provider_inflight", "gauge", "Questions being answered."), all, label, |p| {
        Some(p.inflight as f64)
    });
    page.each(("qqdeck_provider_queued", "gauge", "Questions waiting for a slot."), all, label, |p| {
        Some(p.queued as f64)
    });
    let states = [
        ("ready", ProviderState::Ready),
        ("open", ProviderState::Open),
        ("probing", ProviderState::Probing),
        ("aside", ProviderState::Aside),
        ("off", ProviderState::Off),
    ];
    if !all.is_empty() {
        page.family("qqdeck_provider_state", "gauge", "1 for the state in which the provider is.");
        for p in all {
            for (state, which) in states {
                let value = if p.state == which { 1.0 } else { 0.0 };
                page.sample("qqdeck_provider_state", &[("provider", &p.name), ("state", state)], value);
            }
        }
    }
    let resident = |p: &ProviderView| p.resident.clone().filter(|r| r.loaded);
    page.each(("qqdeck_model_resident_bytes", "gauge", "Bytes of the model in memory."), all, label, |p| {
        resident(p).map(|r| r.size as f64)
    });
    page.each(("qqdeck_model_resident_gpu_bytes", "gauge", "Of these, bytes on the card."), all, label, |p| {
        resident(p).map(|r| r.size_vram as f64)
    });
    sums(page, m);
}

/// Since the start, by provider.
fn sums(page: &mut Page, m: &Measures) {
    let all: Vec<_> = m.providers.iter().collect();
    let label = |(name, _): &(_, _)| vec![("provider", ToString::to_string(name))];
    page.each(("qqdeck_provider_answers_total", "counter", "Questions answered."), &all, label, |(_, p)| {
        Some(p.answered as f64)
    });
    page.each(("qqdeck_provider_cost_total", "counter", "Money, in the prices' currency."), &all, label, |(_, p)| {
        Some(p.cost)
    });
    if all.iter().any(|(_, p)| !p.failed.is_empty()) {
        page.family("qqdeck_provider_failures_total", "counter", "Questions that failed, by cause.");
        for (name, p) in &all {
            for (code, count) in &p.failed {
                let labels = [("provider", &***name), ("cause", code.as_str())];
                page.sample("qqdeck_provider_failures_total", &labels, *count as f64);
            }
        }
    }
    if all.is_empty() {
        return;
    }
    page.family("qqdeck_provider_tokens_total", "counter", "Tokens; cached ones are among the input.");
    for (name, p) in &all {
        for (kind, count) in [("input", p.input), ("cached", p.cached), ("output", p.output)] {
            page.sample("qqdeck_provider_tokens_total", &[("provider", name), ("kind", kind)], count as f64);
        }
    }
    for (name, help, of) in [
        ("qqdeck_provider_first_text_seconds", "From the question to its first visible text.", 0),
        ("qqdeck_provider_generation_seconds", "From the first text to the last.", 1),
        ("qqdeck_provider_load_seconds", "Loading the model, where there was something to load.", 2),
    ] {
        page.family(name, "histogram", help);
        for (provider, p) in &all {
            let histogram = [&p.first_text, &p.generation, &p.load][of];
            page.histogram(name, ("provider", provider), histogram);
        }
    }
}

fn stages(page: &mut Page, m: &Measures) {
    let name = "qqdeck_stage_seconds";
    page.family(name, "histogram", "Where the time of a reply goes; total is from the message to the adapter's word.");
    for (stage, histogram) in [
        ("queue", &m.queue),
        ("load", &m.load),
        ("first_text", &m.first_text),
        ("generation", &m.generation),
        ("send", &m.send),
        ("total", &m.total),
    ] {
        page.histogram(name, ("stage", stage), histogram);
    }
}

fn cards(page: &mut Page, gauges: &Gauges) {
    let all = &gauges.gpus;
    let label = |g: &Gpu| vec![("gpu", g.index.to_string()), ("name", g.name.clone())];
    let up = |g: &Gpu| Some(if matches!(g.state, GpuState::Active | GpuState::Divided) { 1.0 } else { 0.0 });
    page.each(("qqdeck_gpu_up", "gauge", "1 while the card answers; 0 asleep or lost."), all, label, up);
    type Value = fn(&Gpu) -> Option<f64>;
    let values: [(&str, &str, Value); 9] = [
        ("qqdeck_gpu_memory_total_bytes", "Memory in all.", |g| g.total.map(|v| v as f64)),
        ("qqdeck_gpu_memory_used_bytes", "Memory in use, by anybody.", |g| g.used.map(|v| v as f64)),
        ("qqdeck_gpu_memory_model_bytes", "Memory of model servers.", |g| g.split().map(|(model, _)| model as f64)),
        ("qqdeck_gpu_memory_foreign_bytes", "Memory of all others.", |g| g.split().map(|(_, foreign)| foreign as f64)),
        ("qqdeck_gpu_busy_ratio", "Share of time in which it computed.", |g| g.busy.map(|v| f64::from(v) / 100.0)),
        ("qqdeck_gpu_temperature_celsius", "Its temperature.", |g| g.temperature.map(f64::from)),
        ("qqdeck_gpu_slowdown_celsius", "Where it slows itself down.", |g| g.slowdown_at.map(f64::from)),
        ("qqdeck_gpu_power_watts", "Its power.", |g| g.power.map(|v| f64::from(v) / 1000.0)),
        ("qqdeck_gpu_power_limit_watts", "Power it may take.", |g| g.power_limit.map(|v| f64::from(v) / 1000.0)),
    ];
    for (name, help, value) in values {
        page.each((name, "gauge", help), all, label, value);
    }
    if all.is_empty() {
        return;
    }
    page.family("qqdeck_gpu_throttled", "gauge", "1 while it runs slower than it could, by reason.");
    for gpu in all {
        for (reason, which) in [
            ("power", Throttle::Power),
            ("heat", Throttle::Heat),
            ("hardware", Throttle::Hardware),
            ("brake", Throttle::Brake),
        ] {
            let value = if gpu.throttled.contains(&which) { 1.0 } else { 0.0 };
            let index = gpu.index.to_string();
            let labels = [("gpu", index.as_str()), ("name", gpu.name.as_str()), ("reason", reason)];
            page.sample("qqdeck_gpu_throttled", &labels, value);
        }
    }
}

fn host(page: &mut Page, gauges: &Gauges) {
    let h = &gauges.host;
    let known = |bytes: u64| (bytes > 0).then_some(bytes as f64);
    for (name, help, value) in [
        ("qqdeck_host_cpu_ratio", "Share of all cores in use.", h.cpu.map(|v| f64::from(v) / 100.0)),
        ("qqdeck_host_memory_total_bytes", "Memory of the machine.", known(h.memory_total)),
        ("qqdeck_host_memory_used_bytes", "Memory in use.", known(h.memory_used)),
        ("qqdeck_data_disk_total_bytes", "The disk with the data directory.", h.disk_total.map(|v| v as f64)),
        ("qqdeck_data_disk_free_bytes", "Room left there for us.", h.disk_free.map(|v| v as f64)),
        ("qqdeck_process_resident_bytes", "Memory of this process.", known(h.own_memory)),
        (
            "qqdeck_process_cpu_ratio",
            "Share of one core that this process takes.",
            h.own_cpu.map(|v| f64::from(v) / 100.0),
        ),
    ] {
        if let Some(value) = value {
            page.one(name, "gauge", help, &[], value);
        }
    }
}
