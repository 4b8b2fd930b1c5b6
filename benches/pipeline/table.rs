//! The numbers beside their budgets.

use std::time::Duration;

use qqdeck::simulator::Report;

use crate::measure::{Effort, Sample};

/// One line of the table.
struct Row {
    what: &'static str,
    unit: &'static str,
    value: fn(&Sample) -> f64,
    /// The worst of all processes counts, not the median.
    worst: bool,
    /// Words of the budget, and whether qqdeck's and the bare loop's numbers keep it.
    budget: &'static str,
    kept: fn(f64, f64) -> bool,
}

const ROWS: &[Row] = &[
    Row {
        what: "latency, 1 conversation, p50",
        unit: "ms",
        value: |s| ms(s.one.latency.p50),
        worst: false,
        budget: "≤ 2 × bare and ≤ 0.7 ms",
        kept: |it, bare| it <= 2.0 * bare && it <= 0.7,
    },
    Row {
        what: "latency, 1 conversation, p99",
        unit: "ms",
        value: |s| ms(s.one.latency.p99),
        worst: false,
        budget: "≤ 5 ms",
        kept: |it, _| it <= 5.0,
    },
    Row {
        what: "latency, 20 conversations, p50",
        unit: "ms",
        value: |s| ms(s.twenty.latency.p50),
        worst: false,
        budget: "≤ 3.6 ms",
        kept: |it, _| it <= 3.6,
    },
    Row {
        what: "latency, 100 conversations, p50",
        unit: "ms",
        value: |s| ms(s.hundred.latency.p50),
        worst: false,
        budget: "",
        kept: |_, _| true,
    },
    Row {
        what: "lost, doubled, crossed, out of order",
        unit: "",
        value: |s| [&s.one, &s.twenty, &s.hundred, &s.many].into_iter().map(wrong).sum(),
        worst: true,
        budget: "0",
        kept: |it, _| it == 0.0,
    },
    Row {
        what: "throughput, 200 conversations",
        unit: "/s",
        value: |s| s.many.per_second(),
        worst: false,
        budget: "≥ 0.5 × bare and ≥ 4500/s",
        kept: |it, bare| it >= 0.5 * bare && it >= 4500.0,
    },
    Row {
        what: "CPU per message, a dozen writes",
        unit: "ms",
        value: |s| ms(s.cpu),
        worst: false,
        budget: "≤ 1.5 × bare",
        kept: |it, bare| it <= 1.5 * bare,
    },
    Row {
        what: "start to ready",
        unit: "ms",
        value: |s| ms(s.ready),
        worst: false,
        budget: "≤ 100 ms",
        kept: |it, _| it <= 100.0,
    },
    Row {
        what: "resident, idle",
        unit: "MiB",
        value: |s| mib(s.idle),
        worst: false,
        budget: "≤ 25 MiB",
        kept: |it, _| it <= 25.0,
    },
    Row {
        what: "resident, after 200 conversations",
        unit: "MiB",
        value: |s| mib(s.busy),
        worst: false,
        budget: "≤ 40 MiB",
        kept: |it, _| it <= 40.0,
    },
];

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

fn wrong(report: &Report) -> f64 {
    let counted = report.duplicates + report.crossed + report.out_of_order + report.late;
    (report.lost + report.aborted) as f64 + counted as f64
}

fn of(row: &Row, samples: &[Sample]) -> f64 {
    if row.worst { samples.iter().map(row.value).fold(0.0, f64::max) } else { median(samples, row.value) }
}

fn median(samples: &[Sample], value: fn(&Sample) -> f64) -> f64 {
    let mut all: Vec<f64> = samples.iter().map(value).collect();
    all.sort_by(f64::total_cmp);
    match all.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => all[n / 2],
        n => f64::midpoint(all[n / 2 - 1], all[n / 2]),
    }
}

/// Prints the table. Without qqdeck's samples: why, and the bare loops alone.
pub fn print(effort: &Effort, bare: &[Sample], committed: &[Sample], whole: Result<&[Sample], &str>) {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!("\npipeline: medians of {} processes each, taken in turn; {cores} cores,", effort.rounds);
    println!(
        "shared with the load and the model, which take {:.3} ms CPU a message themselves",
        median(bare, |s| ms(s.own))
    );
    if let Err(words) = whole {
        println!("qqdeck is not measured: {words}");
    }
    println!("\n{:<38}{:>12}{:>12}{:>12}{:>9}  budget", "", "bare loop", "+ commit", "qqdeck", "ratio");
    for row in ROWS {
        let base = of(row, bare);
        let shown = |n: f64| format!("{} {}", digits(n), row.unit).trim_end().to_owned();
        let (it, ratio, verdict) = match whole {
            Ok(samples) => {
                let it = of(row, samples);
                let ratio = if base > 0.0 { format!("{:.2}", it / base) } else { String::new() };
                (shown(it), ratio, if (row.kept)(it, base) { "" } else { "  ✗" })
            }
            Err(_) => ("–".into(), String::new(), ""),
        };
        let floor = shown(of(row, committed));
        println!("{:<38}{:>12}{floor:>12}{it:>12}{ratio:>9}  {}{verdict}", row.what, shown(base), row.budget);
    }
    println!("\n+ commit: the bare loop with one row in SQLite for each reply, on disk before its frame leaves");
    for (name, samples) in [("bare loop", Ok(bare)), ("+ commit", Ok(committed)), ("qqdeck", whole)] {
        for report in samples.unwrap_or_default().iter().flat_map(|s| [&s.one, &s.twenty, &s.hundred, &s.many]) {
            if !report.is_clean() {
                println!("{name}: {report}");
            }
        }
    }
}

fn digits(n: f64) -> String {
    match n {
        n if n >= 1000.0 || n == 0.0 => format!("{n:.0}"),
        n if n >= 10.0 => format!("{n:.1}"),
        n => format!("{n:.3}"),
    }
}
