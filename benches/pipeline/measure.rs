//! What is measured, in which order, on one process.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use qqdeck::simulator::{Conversations, Report, Simulator, SimulatorSettings, Writes};
use tokio_util::sync::CancellationToken;

use crate::process::{Kind, Process, own_cpu};

/// How long everything takes.
pub struct Effort {
    /// Processes of each kind; medians are taken over them.
    pub rounds: u64,
    /// Messages of the single conversation, and about as many of each other run.
    pub messages: usize,
}

impl Effort {
    /// Under a minute.
    pub const QUICK: Self = Self { rounds: 3, messages: 1000 };
    /// A few minutes.
    pub const FULL: Self = Self { rounds: 7, messages: 6000 };
}

/// What one process showed.
pub struct Sample {
    /// From its start to the answered WebSocket handshake.
    pub ready: Duration,
    /// Resident bytes with a link and before the first message.
    pub idle: u64,
    /// Resident bytes after 200 conversations.
    pub busy: u64,
    /// 1 conversation, instant model.
    pub one: Report,
    /// 20 conversations.
    pub twenty: Report,
    /// 100 conversations.
    pub hundred: Report,
    /// Closed loop with 200 conversations.
    pub many: Report,
    /// CPU of the process for one message with an answer of a dozen writes.
    pub cpu: Duration,
    /// CPU of load and model for the same message.
    pub own: Duration,
}

/// Long enough for a slow start, short enough to notice that there is none.
const START: Duration = Duration::from_secs(10);

/// Starts a process, measures it, ends it.
pub async fn subject(kind: &Kind, effort: &Effort, round: u64) -> anyhow::Result<Sample> {
    let stop = CancellationToken::new();
    let _end = stop.clone().drop_guard();
    let mut settings = SimulatorSettings::small();
    settings.adapters[0].reconnect = Duration::from_millis(1);
    settings.models[0].pieces = Some(12);
    settings.models[0].writes = Writes::Whole;
    let simulator = Simulator::start(settings, &stop).await?;
    let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let begun = Instant::now();
    let mut process = Process::start(kind, port, &simulator.models[0].url())?;
    simulator.dial(&format!("ws://127.0.0.1:{port}/ws"));
    let ready = tokio::time::timeout(START, async {
        tokio::select! {
            () = simulator.adapters[0].wait_up() => Ok(begun.elapsed()),
            words = gone(&mut process) => bail!("{words}"),
        }
    });
    let ready = ready.await.context("no WebSocket within 10 s")??;
    // Let it finish whatever it does behind its first link.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let idle = process.resident();
    let bench = Bench { simulator: &simulator, seed: round * 1000 };
    let warm = bench.run(1, 100, 1).await;
    if warm.answered == 0 {
        bail!("answers nothing: {warm}");
    }
    let one = bench.run(1, effort.messages, 2).await;
    let twenty = bench.run(20, effort.messages / 20, 3).await;
    let hundred = bench.run(100, (effort.messages * 2 / 100).max(10), 4).await;
    simulator.models[0].change(|model| model.writes = Writes::PerLine);
    let (cpu, own) = (process.cpu(), own_cpu());
    let written = bench.run(20, effort.messages / 20, 5).await;
    let share = u32::try_from(written.answered.max(1)).unwrap_or(u32::MAX);
    let (cpu, own) = ((process.cpu() - cpu) / share, (own_cpu() - own) / share);
    simulator.models[0].change(|model| model.writes = Writes::Whole);
    let many = bench.run(200, (effort.messages * 4 / 200).max(20), 6).await;
    let busy = process.resident();
    Ok(Sample { ready, idle, busy, one, twenty, hundred, many, cpu, own })
}

async fn gone(process: &mut Process) -> String {
    loop {
        if let Some(words) = process.ended() {
            return words;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

struct Bench<'a> {
    simulator: &'a Simulator,
    seed: u64,
}

impl Bench<'_> {
    /// Half of the speakers in groups, half in private.
    async fn run(&self, count: usize, turns: usize, step: u64) -> Report {
        let plan = Conversations {
            count,
            turns,
            group_share: if count == 1 { 0.0 } else { 0.5 },
            members_per_group: 2,
            patience: Duration::from_secs(10),
            drain: Duration::from_millis(50),
            seed: self.seed + step,
            ..Conversations::default()
        };
        self.simulator.run_conversations(&plan).await
    }
}
