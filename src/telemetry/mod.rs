//! What the machine shows: cards, processor, memory, disk. Read on a thread of its own, since a driver may take its
//! time or never answer; nothing else waits for it.
//!
//! * [`sampler`]: how often, and to whom it is told
//! * [`gpu`]: cards of NVIDIA through their driver's library, loaded at run time; cards of AMD through sysfs
//! * [`host`]: the machine, through sysinfo
//! * [`pretended`]: cards that are not there, for the demo and for trying alerts
//!
//! Nothing here is an error: a card that sleeps, a driver that is missing or does not fit are states, and told as
//! such. A card that sleeps is never woken.

pub mod gpu;
pub mod host;
pub mod pretended;
pub mod sampler;

pub use pretended::Pretended;
pub use sampler::{Pace, Sampler};
