//! What the machine shows: cards, processor, memory, disk. Each value may be missing, and a card may be in a state in
//! which it shows nothing: that is how things stand, never an error.

use serde::{Deserialize, Serialize};

/// One sample of everything, taken together.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Gauges {
    /// Cards, in the driver's order.
    pub gpus: Vec<Gpu>,
    /// Why there are none.
    pub no_gpu: Option<NoGpu>,
    /// The machine we run on.
    pub host: Host,
    /// The cards are made up: a demo, or a test of alerts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub simulated: bool,
}

/// Why no card is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoGpu {
    /// Neither a driver of NVIDIA nor a card of AMD is there.
    NoDriver,
    /// The driver's library and its kernel module differ: after an upgrade, until the next boot.
    Mismatch,
    /// A driver without a card.
    NoCard,
    /// We may not ask.
    Forbidden,
    /// What the driver said.
    Failed(String),
}

/// How a card stands.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GpuState {
    /// It answers.
    #[default]
    Active,
    /// Its power is off to save energy; asking would wake it.
    Asleep,
    /// It is divided (MIG): the whole shows its memory and little else.
    Divided,
    /// It does not answer any more: what the driver said ("GPU is lost").
    Lost(String),
}

/// One card. Missing values are not told by this card, driver or container.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Gpu {
    /// Its place in the driver's order.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// How it stands.
    pub state: GpuState,
    /// Bytes in all.
    pub total: Option<u64>,
    /// Bytes in use, by anybody.
    pub used: Option<u64>,
    /// Per cent of time in which it computed.
    pub busy: Option<u8>,
    /// Degrees Celsius.
    pub temperature: Option<u32>,
    /// Degrees at which it slows itself down.
    pub slowdown_at: Option<u32>,
    /// Milliwatts.
    pub power: Option<u32>,
    /// Milliwatts it may take.
    pub power_limit: Option<u32>,
    /// Why it runs slower than it could; empty where it does not, or does not tell.
    pub throttled: Vec<Throttle>,
    /// Who uses its memory, greatest first.
    pub processes: Vec<GpuProcess>,
}

/// Why a card slows itself down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Throttle {
    /// It is at its power limit, as it is under full load.
    Power,
    /// Too hot, by the driver's limit.
    Heat,
    /// Too hot or starved, by the hardware's own limit.
    Hardware,
    /// The power supply told it to.
    Brake,
}

/// A process on a card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GpuProcess {
    /// Its number.
    pub pid: u32,
    /// Its program's name.
    pub name: String,
    /// Bytes; `None` where the driver does not tell (containers).
    pub memory: Option<u64>,
    /// It serves models (Ollama, llama.cpp, vLLM …); all others are foreign.
    pub model: bool,
}

/// The machine we run on.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Host {
    /// Per cent of all cores.
    pub cpu: Option<f32>,
    /// Bytes of memory.
    pub memory_total: u64,
    /// Bytes in use.
    pub memory_used: u64,
    /// Bytes of the file system with the data directory.
    pub disk_total: Option<u64>,
    /// Bytes free there for us.
    pub disk_free: Option<u64>,
    /// Resident bytes of this process.
    pub own_memory: u64,
    /// Per cent of one core that this process takes.
    pub own_cpu: Option<f32>,
}

impl Gpu {
    /// The share of its memory that is in use, 0 to 1; `None` where that is not told.
    pub fn share(&self) -> Option<f32> {
        let total = self.total.filter(|total| *total > 0)?;
        Some((self.used? as f64 / total as f64) as f32)
    }

    /// Bytes that model servers use and that others use; `None` where the driver does not tell who uses what.
    pub fn split(&self) -> Option<(u64, u64)> {
        let known = |model: bool| self.processes.iter().filter(move |p| p.model == model).filter_map(|p| p.memory);
        if self.processes.iter().all(|p| p.memory.is_none()) {
            return None;
        }
        Some((known(true).sum(), known(false).sum()))
    }
}
