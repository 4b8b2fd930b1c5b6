//! `qqdeck run`.

use super::daemon;
use super::output::End;
use super::place::Place;
use crate::runtime::run::RunOptions;
use crate::words::Exit;

/// Options of `run`.
#[derive(Debug, clap::Args)]
pub struct Run {
    /// Stay in the foreground, without a console
    #[arg(long)]
    headless: bool,
}

impl Run {
    /// Runs the bot until it is told to stop.
    pub fn run(self, place: &Place) -> Result<(), End> {
        let config = place.config()?;
        // Errors come in the reader's language and with their own exit code.
        let loaded = daemon::load(&config, place.lang)?;
        daemon::warn(&loaded, &config.display().to_string(), place.lang);
        if !self.headless {
            return Err(Exit::NoConsole.into());
        }
        daemon::log_to_stderr(&loaded.config.logs.level);
        let options = RunOptions { config, data: place.data()? };
        let threads = daemon::threads(loaded.config.engine.workers)?;
        Ok(threads.block_on(daemon::daemon(loaded, options, |_| std::future::pending()))?)
    }
}
