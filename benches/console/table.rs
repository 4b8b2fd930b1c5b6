//! The numbers beside their budgets.

use std::time::Duration;

use crate::measure::Sample;
use crate::pty::SIZE;

struct Row {
    what: &'static str,
    unit: &'static str,
    value: fn(&Sample) -> f64,
    /// At most; none: only told.
    budget: Option<f64>,
}

const fn row(what: &'static str, unit: &'static str, value: fn(&Sample) -> f64, budget: Option<f64>) -> Row {
    Row { what, unit, value, budget }
}

const ROWS: &[Row] = &[
    row("first paint, from the start of the relay", "ms", |s| ms(s.paint), Some(50.0)),
    row("first paint", "B", |s| s.paint_bytes as f64, Some(10_240.0)),
    row("idle", "B/s", |s| s.idle.bytes, Some(4.0)),
    row("idle, wake-ups of the relay", "/s", |s| s.idle.wakes, Some(1.0)),
    row("idle, CPU that being attached costs", "% core", |s| 100.0 * (s.idle.cpu - s.alone).max(0.0), Some(0.1)),
    row("key to first byte at rest, p50", "ms", |s| ms(s.rest.p50), Some(2.0)),
    row("key to first byte at rest, p99", "ms", |s| ms(s.rest.p99), Some(10.0)),
    row("key to first byte in the flood, p50", "ms", |s| ms(s.flooded.p50), Some(2.0)),
    row("key to first byte in the flood, p99", "ms", |s| ms(s.flooded.p99), Some(10.0)),
    row("key to first byte, 10 more sessions, p99", "ms", |s| ms(s.crowded.p99), Some(10.0)),
    row("flood, messages", "/s", |s| s.flood.messages, None),
    row("flood, local, CPU of both, the world too", "% core", |s| 100.0 * s.flood.cpu, None),
    row("flood, local, frames", "/s", |s| s.flood.frames, Some(60.0)),
    row("flood, local, bytes a message", "B", |s| s.flood.bytes / s.flood.messages.max(1.0), Some(4096.0)),
    row("flood, remote, frames", "/s", |s| s.far.frames, Some(10.0)),
    row("flood, remote", "B/s", |s| s.far.bytes, Some(20_480.0)),
    row("hang-up to exit, relay", "ms", |s| ms(s.hang_up), Some(1000.0)),
    row("hang-up to exit, demo", "ms", |s| ms(s.demo_hang_up), Some(1000.0)),
    row("resident, relay", "MiB", |s| mib(s.relay), None),
    row("resident, daemon with one session", "MiB", |s| mib(s.daemon), Some(40.0)),
    row("resident, each session (one never reads)", "MiB", |s| mib(s.session), Some(2.0)),
];

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// Prints the table.
pub fn print(sample: &Sample) {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!("\nconsole: daemon and relay together, {}×{}; {cores} cores\n", SIZE.0, SIZE.1);
    for row in ROWS {
        let value = (row.value)(sample);
        let (budget, verdict) = match row.budget {
            Some(most) => (format!("≤ {most}"), if value <= most { "" } else { "  ✗" }),
            None => (String::new(), ""),
        };
        println!("{:<44}{value:>10.2} {:<8}{budget}{verdict}", row.what, row.unit);
    }
}
