//! The running bot: owns the engine, hands its effects to the leaves and publishes what it became.
//! The only room that knows all leaves. Doors see no more of it than [`handle::Handle`].
//!
//! * [`run`]: from options to a running bot and back · `driver`: the loop · [`handle`]: what doors hold
//! * `inbox`: what leaves tell · `links`: server and dials · [`start_error`]: what keeps the bot from starting
//! * [`load`]: reads the configuration file · [`keeper`]: watches and edits it · `secrets`: what the log must never show
//! * `farewell`: notifications that are under way at the end
//! * [`quarantine`]: inputs that made the engine panic, and the form of recordings · `clock`, `alarm`

mod alarm;
mod clock;
mod driver;
mod farewell;
pub mod handle;
mod inbox;
pub mod keeper;
mod links;
pub mod load;
mod prompts;
pub mod quarantine;
pub mod run;
mod secrets;
pub mod start_error;

use std::path::Path;

use crate::config::{Config, Secret};
use crate::notify::Prepared;
use crate::provider::Providers;

/// The configured providers with their secrets.
fn providers(config: &Config, directory: &Path) -> Result<Providers, String> {
    let resolve = |secret: &Secret| links::reveal(secret, directory, "");
    Providers::new(&config.providers, &resolve).map_err(|wrong| lines(&wrong))
}

/// The configured destinations with their secrets.
fn destinations(config: &Config, directory: &Path) -> Result<Prepared, String> {
    let resolve = |secret: &Secret| links::reveal(secret, directory, "");
    Prepared::new(&config.notify, &resolve).map_err(|wrong| lines(&wrong))
}

fn lines<E: ToString>(wrong: &[E]) -> String {
    wrong.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
