//! The machine we run on, through sysinfo: the few of its figures that are shown, and of all processes only our own.
//!
//! The disk is asked directly: sysinfo tells of disks by their mounts, asks all of them, and leaves out those in memory
//! and on the network, where a data directory may well lie.

use std::path::PathBuf;

use sysinfo::{MemoryRefreshKind, Pid, ProcessRefreshKind, ProcessesToUpdate, System};

use crate::domain::Host;

/// Reads; sysinfo remembers what it takes to make shares of time out of sums.
#[derive(Debug)]
pub struct Reader {
    /// Missing where sysinfo knows nothing of the machine; only the disk is told then.
    system: Option<System>,
    own: Pid,
    data: PathBuf,
    /// Shares of time lie between two looks.
    looked: bool,
}

impl Reader {
    /// `data` is the directory whose disk is told.
    pub fn new(data: PathBuf) -> Self {
        let system = System::new().inspect_err(|error| tracing::warn!(%error, "nothing is known of the machine")).ok();
        Self { system, own: Pid::from_u32(std::process::id()), data, looked: false }
    }

    /// The machine now. Shares of time are over the time since the last look; the first knows none. Looks that are
    /// less than 200 ms apart tell the same.
    pub fn read(&mut self) -> Host {
        let mut host = Host::default();
        if let Some(system) = &mut self.system {
            system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
            // Also brings the sums of all processors, which a share of them is made of.
            let kind = ProcessRefreshKind::nothing().with_cpu().with_memory().without_tasks();
            system.refresh_processes_specifics(ProcessesToUpdate::Some(&[self.own]), false, kind);
            (host.memory_total, host.memory_used) = (system.total_memory(), system.used_memory());
            let known = self.looked && !system.cpus().is_empty();
            host.cpu = known.then(|| system.global_cpu_usage().clamp(0.0, 100.0));
            if let Some(own) = system.process(self.own) {
                host.own_memory = own.memory();
                host.own_cpu = known.then(|| own.cpu_usage().max(0.0));
            }
            self.looked = true;
        }
        if let Ok(disk) = rustix::fs::statvfs(&self.data) {
            host.disk_total = Some(disk.f_blocks.saturating_mul(disk.f_frsize));
            host.disk_free = Some(disk.f_bavail.saturating_mul(disk.f_frsize));
        }
        host
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_at_this_machine() {
        let home = tempfile::tempdir().unwrap();
        let mut reader = Reader::new(home.path().to_owned());
        let first = reader.read();
        assert_eq!((first.cpu, first.own_cpu), (None, None), "a share of time needs two looks");
        assert!(first.memory_used > 0 && first.memory_used < first.memory_total, "{first:?}");
        // A test of a megabyte at least, and far less than the machine has.
        assert!(first.own_memory > 1 << 20 && first.own_memory < first.memory_used, "{first:?}");
        assert!(first.disk_free > Some(0) && first.disk_free <= first.disk_total, "{first:?}");
        let second = reader.read();
        assert!(second.cpu.is_some_and(|share| (0.0..=100.0).contains(&share)), "{second:?}");
        assert!(second.own_cpu.is_some_and(|share| share >= 0.0), "{second:?}");
    }

    #[test]
    fn of_all_processes_only_our_own_is_looked_at() {
        let mut reader = Reader::new("/".into());
        reader.read();
        reader.read();
        let system = reader.system.unwrap();
        assert_eq!(system.processes().keys().collect::<Vec<_>>(), [&reader.own], "nor any of our threads");
    }

    #[test]
    fn what_the_kernel_says_is_what_is_told() {
        let proc = |name: &str| std::fs::read_to_string(format!("/proc/{name}")).unwrap_or_default();
        let total = proc("meminfo").lines().find_map(|line| {
            line.strip_prefix("MemTotal:")?.trim().strip_suffix("kB").map(|n| n.trim().parse::<u64>().unwrap())
        });
        let Some(total) = total else { return };
        assert_eq!(Reader::new("/".into()).read().memory_total, total * 1024);
    }

    #[test]
    fn a_directory_that_is_not_there_has_no_disk() {
        let host = Reader::new("/nowhere".into()).read();
        assert_eq!((host.disk_total, host.disk_free), (None, None));
        assert!(host.memory_total > 0);
    }
}
