//! `qqdeck run`.

use super::output::{End, remark};
use super::place::{Place, read};
use super::{join, output};
use crate::runtime::run::{RunOptions, run};
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
        // Read once here, so that errors come in the reader's language and with their own exit code.
        let parsed = join::parse_config(&config.display().to_string(), &read(&config)?, place.lang)?;
        for warning in &parsed.warnings {
            remark(warning);
        }
        if !self.headless {
            return Err(Exit::NoConsole.into());
        }
        let options = RunOptions { config, data: place.data()?, headless: self.headless };
        run(options).map_err(|error| match error.downcast::<Exit>() {
            Ok(exit) => exit.into(),
            Err(error) => output::End::from(Exit::Failed { name: "run", cause: format!("{error:#}") }),
        })
    }
}
