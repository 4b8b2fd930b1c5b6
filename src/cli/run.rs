//! `qqdeck run`.

use std::future::pending;

use super::daemon;
use super::launch;
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
    /// Leave the terminal and write a log file: how `qqdeck` starts its bot
    #[arg(long, requires = "headless", hide = true)]
    detached: bool,
}

impl Run {
    /// Runs the bot until it is told to stop.
    pub fn run(self, place: &Place) -> Result<(), End> {
        if !self.headless {
            return launch::run(place);
        }
        if self.detached {
            // First of all: from here on no terminal can hang up on us. An error means that we lead one already.
            let _ = rustix::process::setsid();
        }
        let config = place.config()?;
        // Errors come in the reader's language and with their own exit code.
        let loaded = daemon::load(&config, place.lang)?;
        let file = config.display().to_string();
        let options = RunOptions { config, data: place.data()?, objections: daemon::objections };
        let threads = daemon::threads(loaded.config.engine.workers)?;
        if !self.detached {
            daemon::warn(&loaded, &file, place.lang);
            daemon::log_to_stderr(&loaded.config.logs.level);
            return Ok(threads.block_on(daemon::daemon(loaded, options, false, |_| pending()))?);
        }
        let log = daemon::log_to_file(&loaded.config.logs.level, &options.data)?;
        for issue in &loaded.warnings {
            tracing::warn!("{}", issue.line(&file, place.lang.language()));
        }
        let running = daemon::daemon(loaded, options, false, |_| {
            // Until here the one who started us reads our last words; from here on nobody does.
            if let Err(error) = rustix::stdio::dup2_stderr(&log) {
                tracing::warn!(%error, "what is said on stderr will not be in the log");
            }
            pending()
        });
        threads.block_on(running).map_err(|exit: Exit| {
            tracing::error!("{exit}");
            exit.into()
        })
    }
}
