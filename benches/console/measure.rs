//! The figures: a demo world as the daemon, relays in front of it.

use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::ensure;

use crate::pty::{Pty, Used, resident, used};

/// Opens a line to type in, where each of the letters shows something.
const LINE: &str = ":";
/// No two alike beside each other, or a line that is full would look the same.
const LETTERS: [&str; 7] = ["s", "t", "a", "u", "x", "y", "z"];
/// What the demo is asked for, so that about 50 messages a second come of it.
const FLOOD: f64 = 80.0;

/// How long is measured.
pub struct Effort {
    idle: Duration,
    flood: Duration,
    keys: usize,
}

impl Effort {
    /// For numbers that are kept.
    pub const FULL: Self = Self { idle: Duration::from_secs(60), flood: Duration::from_secs(20), keys: 300 };
    /// For a look.
    pub const QUICK: Self = Self { idle: Duration::from_secs(8), flood: Duration::from_secs(5), keys: 60 };
}

/// What a terminal and two processes did in a while.
#[derive(Debug, Clone, Copy)]
pub struct While {
    /// Bytes a second.
    pub bytes: f64,
    /// A second.
    pub frames: f64,
    /// Of one core, daemon and relay.
    pub cpu: f64,
    /// Wake-ups a second of the relay.
    pub wakes: f64,
    /// Messages a second that the bot heard.
    pub messages: f64,
}

/// From a key to the first byte.
#[derive(Debug, Clone, Copy)]
pub struct Keys {
    pub p50: Duration,
    pub p99: Duration,
}

/// Everything.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    pub paint_bytes: usize,
    pub paint: Duration,
    pub idle: While,
    /// The same daemon with nobody attached.
    pub alone: f64,
    pub rest: Keys,
    pub flood: While,
    pub flooded: Keys,
    pub far: While,
    pub hang_up: Duration,
    pub relay: u64,
    pub daemon: u64,
    /// Resident bytes of the daemon for each of ten more sessions, one of which never reads.
    pub session: u64,
    pub crowded: Keys,
    pub demo_hang_up: Duration,
}

/// A bot for relays to attach to.
struct Daemon {
    child: Child,
    data: tempfile::TempDir,
}

impl Daemon {
    /// One to whom nobody talks.
    fn quiet(binary: &Path) -> anyhow::Result<Self> {
        let data = tempfile::tempdir()?;
        let config = data.path().join("config.toml");
        std::fs::write(&config, "[onebot]\nlisten = [\"127.0.0.1:0\"]\n")?;
        let mut command = Command::new(binary);
        command.args(["run", "--headless", "--config"]).arg(config).arg("--data").arg(data.path());
        Self::start(command, data)
    }

    /// One in a simulated world where everybody talks.
    fn busy(binary: &Path) -> anyhow::Result<Self> {
        let data = tempfile::tempdir()?;
        let mut command = Command::new(binary);
        command.args(["demo", "--headless", "--rate", &FLOOD.to_string(), "--data"]).arg(data.path());
        Self::start(command, data)
    }

    fn start(mut command: Command, data: tempfile::TempDir) -> anyhow::Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(std::fs::File::create(data.path().join("err"))?);
        let daemon = Self { child: command.spawn()?, data };
        let begun = Instant::now();
        while UnixStream::connect(daemon.data.path().join("qqdeck.sock")).is_err() {
            ensure!(begun.elapsed() < Duration::from_secs(20), "the daemon does not answer");
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(daemon)
    }

    /// Messages that it heard so far.
    fn received(&self, binary: &Path) -> anyhow::Result<f64> {
        let said = Command::new(binary).args(["ctl", "status", "--json", "--data"]).arg(self.data.path()).output()?;
        let log = || std::fs::read_to_string(self.data.path().join("err")).unwrap_or_default();
        ensure!(said.status.success(), "{}\n{}", String::from_utf8_lossy(&said.stderr), log());
        let status: serde_json::Value = serde_json::from_slice(&said.stdout)?;
        Ok(status["counters"]["received"].as_f64().unwrap_or(0.0))
    }

    fn attach(&self, binary: &Path, reads: bool, remote: bool) -> anyhow::Result<Pty> {
        let data = self.data.path().display().to_string();
        Pty::start(binary, &["attach", "--data", &data], reads, remote)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Measures everything, one thing after another.
pub fn all(binary: &Path, effort: &Effort) -> anyhow::Result<Sample> {
    let quiet = Daemon::quiet(binary)?;
    let quiet_pid = quiet.child.id();
    // What is done once after a start is done.
    std::thread::sleep(Duration::from_secs(2));
    let alone = {
        let (begun, before) = (Instant::now(), used(quiet_pid)?);
        std::thread::sleep(effort.idle / 4);
        share(before, used(quiet_pid)?, begun.elapsed())
    };
    let mut relay = quiet.attach(binary, true, false)?;
    let (paint_bytes, paint) = relay.first_paint()?;
    std::thread::sleep(Duration::from_secs(1));
    let idle = watch(&relay, &quiet, binary, effort.idle)?;
    let rest = keys(&mut relay, effort.keys, Duration::from_millis(20))?;
    let relay_rss = resident(relay.pid()?)?;
    let daemon = resident(quiet_pid)?;
    let mut crowd = Vec::new();
    for n in 0..10 {
        let other = quiet.attach(binary, n != 0, false)?;
        if n != 0 {
            other.first_paint()?;
        }
        crowd.push(other);
    }
    let crowded = keys(&mut relay, effort.keys, Duration::from_millis(20))?;
    let session = resident(quiet_pid)?.saturating_sub(daemon) / 10;
    drop(crowd);
    let hang_up = relay.hang_up()?;
    drop(quiet);

    let busy = Daemon::busy(binary)?;
    let mut relay = busy.attach(binary, true, false)?;
    relay.first_paint()?;
    // The town takes a while to get up.
    std::thread::sleep(Duration::from_secs(5));
    let flood = watch(&relay, &busy, binary, effort.flood)?;
    let flooded = keys(&mut relay, effort.keys, Duration::from_millis(37))?;
    drop(relay);
    let relay = busy.attach(binary, true, true)?;
    relay.first_paint()?;
    let far = watch(&relay, &busy, binary, effort.flood)?;
    drop((relay, busy));

    let demo = Pty::start(binary, &["demo"], true, false)?;
    demo.first_paint()?;
    let demo_hang_up = demo.hang_up()?;
    Ok(Sample {
        paint_bytes,
        paint,
        idle,
        alone,
        rest,
        flood,
        flooded,
        far,
        hang_up,
        relay: relay_rss,
        daemon,
        session,
        crowded,
        demo_hang_up,
    })
}

fn share(before: Used, after: Used, time: Duration) -> f64 {
    (after.cpu - before.cpu).as_secs_f64() / time.as_secs_f64()
}

fn watch(relay: &Pty, bot: &Daemon, binary: &Path, time: Duration) -> anyhow::Result<While> {
    let (pid, daemon, heard) = (relay.pid()?, bot.child.id(), bot.received(binary)?);
    let (begun, said, theirs, ours) = (Instant::now(), relay.said(), used(daemon)?, used(pid)?);
    std::thread::sleep(time);
    let (now, time) = (relay.said(), begun.elapsed());
    let (their_end, our_end) = (used(daemon)?, used(pid)?);
    let a_second = |n: usize| n as f64 / time.as_secs_f64();
    Ok(While {
        bytes: a_second(now.0 - said.0),
        frames: a_second(now.1 - said.1),
        cpu: share(theirs, their_end, time) + share(ours, our_end, time),
        wakes: a_second(usize::try_from(our_end.wakes - ours.wakes)?),
        messages: (bot.received(binary)? - heard) / time.as_secs_f64(),
    })
}

/// Under a flood the first byte may be another frame's; then it was as quick as a key's could be.
fn keys(relay: &mut Pty, times: usize, gap: Duration) -> anyhow::Result<Keys> {
    relay.key(LINE)?;
    let mut all = Vec::with_capacity(times);
    for letter in LETTERS.iter().cycle().take(times) {
        all.push(relay.key(letter)?);
        std::thread::sleep(gap);
    }
    all.sort_unstable();
    let at = |share: f64| all[((all.len() - 1) as f64 * share).round() as usize];
    Ok(Keys { p50: at(0.5), p99: at(0.99) })
}
