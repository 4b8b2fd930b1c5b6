//! The calls into rooms that other subcommands and the running bot share, one function each.

use std::path::Path;

use serde_json::Value;

use crate::config::Config;
use crate::domain::{Input, Now, Verdict};
use crate::words::{Exit, Lang};

/// A configuration that can be used, with what somebody should look at: a line each, in words.
pub struct Read {
    /// The configuration.
    pub config: Config,
    /// The warnings.
    pub warnings: Vec<String>,
}

/// Reads and checks the text of a configuration file.
///
/// # Errors
/// [`Exit::ConfigErrors`] with all errors at once.
pub fn parse_config(file: &str, text: &str, lang: Lang) -> Result<Read, Exit> {
    let _ = (file, text, lang);
    Err(Exit::NotBuilt { name: "check".to_owned() })
}

/// What the adapter room makes of a frame.
///
/// # Errors
/// When this build cannot.
pub fn describe(frame: &str) -> Result<Value, Exit> {
    let _ = frame;
    Err(Exit::NotBuilt { name: "explain".to_owned() })
}

/// What the engine's gates make of a frame, with no side effect; `None` where it is not a message.
///
/// # Errors
/// When this build cannot.
pub fn judge(config: &Config, frame: &str) -> Result<Option<Verdict>, Exit> {
    let _ = (config, frame);
    Err(Exit::NotBuilt { name: "explain".to_owned() })
}

/// Feeds recorded inputs to an engine and gives its effects, one JSON value an input.
///
/// # Errors
/// When this build cannot, or the engine panicked.
pub fn replay(
    inputs: &mut dyn Iterator<Item = Result<(Now, Input), Exit>>,
    tell: &mut dyn FnMut(Value),
) -> Result<(), Exit> {
    let _ = (inputs, tell);
    Err(Exit::NotBuilt { name: "replay".to_owned() })
}

/// Runs the bot between a simulated QQ and a simulated model.
///
/// # Errors
/// When this build cannot, or a port cannot be opened.
pub fn demo(seed: u64, rate: f64, headless: bool, lang: Lang) -> Result<(), Exit> {
    let _ = (seed, rate, headless, lang);
    Err(Exit::NotBuilt { name: "demo".to_owned() })
}

/// Puts a copy of the database back into a data directory of a stopped bot.
///
/// # Errors
/// [`Exit::NotABackup`], [`Exit::StopFirst`], [`Exit::CannotWrite`].
pub fn restore(data: &Path, from: &Path) -> Result<(), Exit> {
    let _ = (data, from);
    Err(Exit::NotBuilt { name: "restore".to_owned() })
}
