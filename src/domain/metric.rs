//! What the rules of alerts can measure, each with its name in config.toml and its unit.

use serde::{Deserialize, Serialize};

/// The unit of what is measured: how a threshold is written and shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// 1: so it is; 0: it is not.
    Flag,
    /// A number of things.
    Count,
    /// Seconds.
    Seconds,
    /// Per cent.
    Percent,
    /// Degrees Celsius.
    Celsius,
    /// Bytes.
    Bytes,
    /// Money, in the currency of the prices.
    Money,
}

macro_rules! metrics {
    ($($(#[$doc:meta])* $name:ident $word:literal $unit:ident)*) => {
        /// What a rule can measure.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Metric {
            $($(#[$doc])* #[serde(rename = $word)] $name,)*
        }

        impl Metric {
            /// All of them.
            pub const ALL: &[Metric] = &[$(Self::$name),*];
            /// Their names in the file, in the same order.
            pub const NAMES: &[&str] = &[$($word),*];

            /// Its name in the file.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// Its unit.
            pub fn unit(self) -> Unit {
                match self { $(Self::$name => Unit::$unit,)* }
            }
        }
    };
}

metrics! {
    /// An account without a link, or an adapter that we dial and over which no account has come up.
    AccountDown "account.down" Flag
    /// No adapter has ever connected, and none is known or dialled that should have.
    AdapterNone "adapter.none" Flag
    /// QQ says that an account is offline while its link is up.
    AccountOffline "account.offline" Flag
    /// An account may not speak in a group.
    AccountMuted "account.muted" Flag
    /// A provider whose key was refused, whose money is out, or whose model is not there.
    ProviderAside "provider.aside" Flag
    /// No provider can be asked.
    ProvidersDown "providers.down" Flag
    /// The store takes no commits.
    StorageUnrecorded "storage.unrecorded" Flag
    /// A reload was refused.
    ConfigRefused "config.refused" Flag
    /// Today's tokens or money are used up.
    QuotaReached "quota.reached" Flag
    /// From a message to the first text of its answer, median.
    FirstP50 "latency.first.p50" Seconds
    /// The same, 95th percentile.
    FirstP95 "latency.first.p95" Seconds
    /// The same, 99th percentile.
    FirstP99 "latency.first.p99" Seconds
    /// From a message to the adapter's word that its answer arrived, median.
    TotalP50 "latency.total.p50" Seconds
    /// The same, 95th percentile.
    TotalP95 "latency.total.p95" Seconds
    /// The same, 99th percentile.
    TotalP99 "latency.total.p99" Seconds
    /// Failures within the window: answers that no provider gave, parts that did not arrive, panics, the store.
    Errors "errors" Count
    /// Messages that wait for a model.
    Queue "queue" Count
    /// Questions at models.
    Inflight "inflight" Count
    /// Parts that wait to be delivered.
    Outbox "outbox" Count
    /// Things that wait for a human: drafts, requests, handovers and the like.
    Unanswered "unanswered" Count
    /// Memory of a card in use.
    Vram "vram" Percent
    /// How busy a card is.
    GpuBusy "gpu.busy" Percent
    /// How hot a card is.
    GpuTemperature "gpu.temperature" Celsius
    /// How busy the machine's processor is.
    Cpu "cpu" Percent
    /// The machine's memory in use.
    Memory "memory" Percent
    /// Bytes free beside the database.
    DiskFree "disk.free" Bytes
    /// A provider's balance, where it tells one.
    Balance "balance" Money
    /// Tokens since midnight.
    TokensToday "tokens_today" Count
    /// Money since midnight.
    CostToday "cost_today" Money
}

impl Metric {
    /// The percentile that it is.
    pub fn percentile(self) -> Option<u8> {
        Some(match self {
            Self::FirstP50 | Self::TotalP50 => 50,
            Self::FirstP95 | Self::TotalP95 => 95,
            Self::FirstP99 | Self::TotalP99 => 99,
            _ => return None,
        })
    }

    /// Whether it looks back over a window.
    pub fn is_windowed(self) -> bool {
        self.percentile().is_some() || self == Self::Errors
    }
}
