//! The machine we run on, from /proc: four small files and one call for the disk, far cheaper than a library that
//! knows everything. Where there is no /proc, nothing is told.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;
use std::time::Instant;

use crate::domain::Host;

/// No file that is read here says what we need after so many bytes.
const MOST: u64 = 4096;

/// Reads; remembers what it takes to make shares of time out of sums.
#[derive(Debug)]
pub struct Reader {
    proc: PathBuf,
    data: PathBuf,
    last: Option<Last>,
    text: String,
    path: String,
}

#[derive(Debug, Clone, Copy)]
struct Last {
    at: Instant,
    cpu: Option<Times>,
    own: Option<u64>,
}

/// Sums of /proc/stat, in ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Times {
    busy: u64,
    all: u64,
}

impl Reader {
    /// Reads below `proc`; `data` is the directory whose disk is told.
    pub fn new(proc: PathBuf, data: PathBuf) -> Self {
        Self { proc, data, last: None, text: String::new(), path: String::new() }
    }

    /// The machine now. Shares of time are over the time since the last look; the first knows none.
    pub fn read(&mut self, now: Instant) -> Host {
        let cpu = self.file("stat").and_then(times);
        let (memory_total, memory_used) = self.file("meminfo").map(memory).unwrap_or_default();
        let page = rustix::param::page_size() as u64;
        let own_memory = self.file("self/statm").and_then(resident).unwrap_or(0) * page;
        let own = self.file("self/stat").and_then(ticks);
        let mut host = Host { memory_total, memory_used, own_memory, ..Host::default() };
        if let Some(last) = self.last {
            host.cpu = last.cpu.zip(cpu).and_then(|(before, after)| share(before, after));
            let time = now.duration_since(last.at).as_secs_f64();
            let spent = last.own.zip(own).map(|(before, after)| after.saturating_sub(before));
            let seconds = spent.map(|ticks| ticks as f64 / rustix::param::clock_ticks_per_second() as f64);
            host.own_cpu = seconds.filter(|_| time > 0.0).map(|seconds| (seconds / time * 100.0) as f32);
        }
        if let Ok(disk) = rustix::fs::statvfs(&self.data) {
            host.disk_total = Some(disk.f_blocks.saturating_mul(disk.f_frsize));
            host.disk_free = Some(disk.f_bavail.saturating_mul(disk.f_frsize));
        }
        self.last = Some(Last { at: now, cpu, own });
        host
    }

    /// The beginning of a file, in a buffer that is used again.
    fn file(&mut self, name: &str) -> Option<&str> {
        self.path.clear();
        write!(self.path, "{}/{name}", self.proc.display()).ok()?;
        self.text.clear();
        File::open(&self.path).ok()?.take(MOST).read_to_string(&mut self.text).ok()?;
        Some(&self.text)
    }
}

/// `cpu  user nice system idle iowait irq softirq steal …`; guests are part of `user`.
fn times(stat: &str) -> Option<Times> {
    let line = stat.lines().next()?.strip_prefix("cpu ")?;
    let ticks: Vec<u64> = line.split_whitespace().take(8).map_while(|n| n.parse().ok()).collect();
    let all = ticks.iter().sum();
    let idle = ticks.get(3)? + ticks.get(4).copied().unwrap_or(0);
    Some(Times { busy: u64::saturating_sub(all, idle), all })
}

/// Per cent; nothing where no tick has passed, or where the sums went back (they may, by a little).
fn share(before: Times, after: Times) -> Option<f32> {
    let all = after.all.checked_sub(before.all).filter(|all| *all > 0)?;
    let busy = after.busy.saturating_sub(before.busy);
    Some((busy as f64 / all as f64 * 100.0).min(100.0) as f32)
}

/// Bytes in all, and in use: what is not available without swapping.
fn memory(meminfo: &str) -> (u64, u64) {
    let of = |name: &str| {
        let line = meminfo.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.and_then(|rest| rest.trim().trim_end_matches("kB").trim().parse::<u64>().ok()).map(|kib| kib * 1024)
    };
    let total = of("MemTotal").unwrap_or(0);
    (total, of("MemAvailable").map_or(0, |free| total.saturating_sub(free)))
}

/// Pages in memory.
fn resident(statm: &str) -> Option<u64> {
    statm.split_whitespace().nth(1)?.parse().ok()
}

/// Ticks spent, in the program and for it. The name may hold blanks and brackets; it ends with the last one.
fn ticks(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(user + system)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    const STAT: &str = "cpu  100 10 50 800 40 0 0 0 0 0\ncpu0 1 2 3 4\n";
    const MEMINFO: &str = "MemTotal:       16384 kB\nMemFree:  100 kB\nMemAvailable:    4096 kB\n";

    #[test]
    fn figures_of_proc() {
        assert_eq!(times(STAT), Some(Times { busy: 160, all: 1000 }));
        assert_eq!(times("cpu  1 2\n"), None);
        assert_eq!(times("intr 1"), None);
        assert_eq!(memory(MEMINFO), (16384 * 1024, 12288 * 1024));
        assert_eq!(memory("MemTotal: x kB"), (0, 0));
        assert_eq!(resident("5000 321 99 1 0 1 0"), Some(321));
        assert_eq!(ticks("1 (a) b) (c) S 1 1 1 0 -1 4194560 1 0 0 0 70 30 0 0 20 0"), Some(100));
        assert_eq!(ticks("1 (x) S 1"), None);
    }

    #[test]
    fn a_share_of_time_is_between_two_looks() {
        let at = |busy, all| Times { busy, all };
        assert_eq!(share(at(100, 1000), at(150, 1200)), Some(25.0));
        assert_eq!(share(at(100, 1000), at(100, 1000)), None);
        assert_eq!(share(at(100, 1000), at(90, 1100)), Some(0.0));
        assert_eq!(share(at(100, 1000), at(90, 900)), None);
    }

    #[test]
    fn a_look_at_a_tree() {
        let proc = tempfile::tempdir().unwrap();
        std::fs::create_dir(proc.path().join("self")).unwrap();
        let put = |name: &str, text: &str| std::fs::write(proc.path().join(name), text).unwrap();
        put("stat", STAT);
        put("meminfo", MEMINFO);
        put("self/statm", "5000 321 99 1 0 1 0");
        put("self/stat", "1 (qqdeck) S 1 1 1 0 -1 4194560 1 0 0 0 70 30 0 0 20 0");
        let mut reader = Reader::new(proc.path().to_owned(), proc.path().to_owned());
        let begun = Instant::now();
        let first = reader.read(begun);
        assert_eq!((first.cpu, first.own_cpu, first.memory_total), (None, None, 16384 * 1024));
        assert!(first.own_memory > 0 && first.disk_total > first.disk_free && first.disk_free.is_some());
        put("stat", "cpu  200 10 50 900 40 0 0 0 0 0\n");
        let half = 30 + rustix::param::clock_ticks_per_second() / 2;
        put("self/stat", &format!("1 (qqdeck) S 1 1 1 0 -1 4194560 1 0 0 0 70 {half} 0 0 20 0"));
        let second = reader.read(begun + Duration::from_secs(1));
        assert_eq!((second.cpu, second.own_cpu), (Some(50.0), Some(50.0)));
    }

    #[test]
    fn without_proc_nothing_is_told() {
        let mut reader = Reader::new("/nowhere".into(), "/nowhere".into());
        assert_eq!(reader.read(Instant::now()), Host::default());
        assert_eq!(reader.read(Instant::now()), Host::default());
    }

    proptest! {
        #[test]
        fn no_text_harms(text in "\\PC*") {
            let _ = (times(&text), memory(&text), resident(&text), ticks(&text));
            let _ = times(&format!("cpu  {text}"));
        }
    }
}
