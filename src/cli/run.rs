//! `qqdeck run`.

use std::future::pending;

use super::daemon;
use super::launch;
use super::output::End;
use super::place::Place;
use super::threads::Threads;
use crate::domain::LogLevel;
use crate::runtime::run::RunOptions;

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
        let threads = Threads::new(loaded.config.engine.workers)?;
        let data = place.data()?;
        let logs = daemon::logs(&loaded.config.logs, &data, !self.detached)?;
        logs.catch_panics();
        // What is said on stderr in the reader's language is in the files as well.
        for issue in &loaded.warnings {
            logs.note(LogLevel::Warn, &issue.line(&file, place.lang.language()));
        }
        if !self.detached {
            daemon::warn(&loaded, &file, place.lang);
        }
        let options = RunOptions { config, data, logs: logs.clone(), cards: None, objections: daemon::objections };
        let running = daemon::daemon(threads.others(), loaded, options, false, |_, _| {
            if self.detached {
                // Until here the one who started us reads our last words; from here on nobody does.
                logs.take_stderr();
            }
            pending()
        });
        let ended = threads.block_on(running);
        if let Err(exit) = &ended {
            logs.note(LogLevel::Error, &exit.words(place.lang));
        }
        logs.flush();
        Ok(ended?)
    }
}
