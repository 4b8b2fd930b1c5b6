//! From options to a running bot.

use std::path::PathBuf;

/// What `qqdeck run` was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunOptions {
    /// The configuration file; it exists and has been read once without errors.
    pub config: PathBuf,
    /// The data directory; may not exist yet.
    pub data: PathBuf,
    /// Stay in the foreground without a console.
    pub headless: bool,
}

/// Runs the bot until it is told to stop.
///
/// # Errors
/// Whatever keeps it from starting; once it runs, faults are alerts and not errors.
pub fn run(options: RunOptions) -> anyhow::Result<()> {
    let _ = options;
    anyhow::bail!("this build has no runtime yet")
}
