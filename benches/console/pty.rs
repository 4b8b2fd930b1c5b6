//! A program in a pseudo-terminal that is read as fast as it can be, and what `/proc` tells of processes.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, ensure};
use portable_pty::{CommandBuilder, MasterPty, PtySize, native_pty_system};

/// The terminal of all figures.
pub const SIZE: (u16, u16) = (120, 40);
/// Longest wait for anything.
const DEADLINE: Duration = Duration::from_secs(20);

/// What came out so far.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    bytes: usize,
    frames: usize,
    last: Option<Instant>,
    /// The reader should end.
    enough: bool,
}

type Shared = Arc<(Mutex<Count>, Condvar)>;

/// A program in a pseudo-terminal.
pub struct Pty {
    child: Box<dyn portable_pty::Child + Send + Sync>,
    master: Option<Box<dyn MasterPty + Send>>,
    writer: Option<Box<dyn Write + Send>>,
    reader: Option<JoinHandle<()>>,
    count: Shared,
    begun: Instant,
}

impl Pty {
    /// Starts it. `reads`: somebody reads; `remote`: it is told that it is behind SSH.
    pub fn start(binary: &Path, arguments: &[&str], reads: bool, remote: bool) -> anyhow::Result<Self> {
        let size = PtySize { rows: SIZE.1, cols: SIZE.0, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size)?;
        let mut command = CommandBuilder::new(binary);
        command.args(arguments);
        command.env_remove("SSH_CONNECTION");
        command.env_remove("SSH_TTY");
        command.env_remove("NO_COLOR");
        for (name, value) in [("TERM", "xterm-256color"), ("COLORTERM", "truecolor"), ("LANG", "zh_CN.UTF-8")] {
            command.env(name, value);
        }
        if remote {
            command.env("SSH_CONNECTION", "192.0.2.1 1 192.0.2.2 22");
        }
        let (count, begun) = (Shared::default(), Instant::now());
        let child = pair.slave.spawn_command(command)?;
        let reader = match reads {
            true => {
                let (from, count) = (pair.master.try_clone_reader()?, count.clone());
                Some(std::thread::spawn(move || read(from, &count)))
            }
            false => None,
        };
        let writer = Some(pair.master.take_writer()?);
        Ok(Self { child, master: Some(pair.master), writer, reader, count, begun })
    }

    /// Its number.
    pub fn pid(&self) -> anyhow::Result<u32> {
        self.child.process_id().context("no process")
    }

    fn count(&self) -> Count {
        *self.count.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Bytes and frames so far.
    pub fn said(&self) -> (usize, usize) {
        let count = self.count();
        (count.bytes, count.frames)
    }

    /// Waits for bytes beyond so many, and tells how long after `since` they came.
    fn beyond(&self, bytes: usize, since: Instant) -> anyhow::Result<Duration> {
        let (count, changed) = &*self.count;
        let count = count.lock().map_err(|_| anyhow!("the reader panicked"))?;
        let (count, waited) =
            changed.wait_timeout_while(count, DEADLINE, |c| c.bytes <= bytes).map_err(|_| anyhow!("panicked"))?;
        ensure!(!waited.timed_out(), "nothing is shown");
        Ok(count.last.unwrap_or(since).saturating_duration_since(since))
    }

    /// The first paint: bytes, and from the start of the program until the last of them.
    pub fn first_paint(&self) -> anyhow::Result<(usize, Duration)> {
        let first = self.beyond(0, self.begun)?;
        loop {
            let before = self.count();
            std::thread::sleep(Duration::from_millis(60));
            if self.count().bytes == before.bytes {
                return Ok((before.bytes, before.last.map_or(first, |last| last - self.begun)));
            }
        }
    }

    /// Types a key, and tells how long it took until the first byte after it.
    pub fn key(&mut self, key: &str) -> anyhow::Result<Duration> {
        let before = self.count().bytes;
        let pressed = Instant::now();
        let writer = self.writer.as_mut().context("hung up")?;
        writer.write_all(key.as_bytes())?;
        self.beyond(before, pressed)
    }

    /// Closes the other end, and tells how long the program lived on.
    pub fn hang_up(mut self) -> anyhow::Result<Duration> {
        self.count.0.lock().map_err(|_| anyhow!("panicked"))?.enough = true;
        // The reader sits in a read; whatever is drawn wakes it. Every copy of the master must be closed.
        let size = PtySize { rows: SIZE.1 - 1, cols: SIZE.0 - 1, pixel_width: 0, pixel_height: 0 };
        if let (Some(master), Some(reader)) = (&self.master, self.reader.take()) {
            master.resize(size)?;
            reader.join().map_err(|_| anyhow!("the reader panicked"))?;
        }
        drop((self.master.take(), self.writer.take()));
        let closed = Instant::now();
        while self.child.try_wait()?.is_none() {
            ensure!(closed.elapsed() < DEADLINE, "it lives on after a hang-up");
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(closed.elapsed())
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        // Once it has been waited for, its number may be another's.
        if let Ok(None) = self.child.try_wait() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// The end of a synchronized update.
const FRAME_ENDS: &[u8] = b"\x1b[?2026l";

fn read(mut from: Box<dyn Read + Send>, shared: &(Mutex<Count>, Condvar)) {
    let mut piece = vec![0; 1 << 16];
    while let Ok(n @ 1..) = from.read(&mut piece) {
        let mut count = shared.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        count.bytes += n;
        // Where a frame ends; one whose end lies on the border of two reads is not counted.
        count.frames += piece[..n].windows(FRAME_ENDS.len()).filter(|bytes| *bytes == FRAME_ENDS).count();
        count.last = Some(Instant::now());
        shared.1.notify_all();
        if count.enough {
            return;
        }
    }
}

/// What a process has used so far.
#[derive(Debug, Clone, Copy)]
pub struct Used {
    /// Time on a core.
    pub cpu: Duration,
    /// Times that it was woken.
    pub wakes: u64,
}

/// Of all its threads.
pub fn used(pid: u32) -> anyhow::Result<Used> {
    let (mut nanos, mut wakes) = (0, 0);
    for task in fs::read_dir(format!("/proc/{pid}/task")).context("needs Linux' /proc")? {
        let task = task?.path();
        let stat = fs::read_to_string(task.join("schedstat"))?;
        nanos += stat.split(' ').next().and_then(|n| n.parse::<u64>().ok()).unwrap_or(0);
        wakes += field(&fs::read_to_string(task.join("status"))?, "voluntary_ctxt_switches:");
    }
    Ok(Used { cpu: Duration::from_nanos(nanos), wakes })
}

/// Resident bytes.
pub fn resident(pid: u32) -> anyhow::Result<u64> {
    Ok(field(&fs::read_to_string(format!("/proc/{pid}/status"))?, "VmRSS:") << 10)
}

fn field(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("0");
    line.split_whitespace().next().and_then(|n| n.parse().ok()).unwrap_or(0)
}
