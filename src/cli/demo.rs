//! `qqdeck demo`.

use super::join;
use super::output::End;
use super::place::Place;
use super::usage::bad_value;

/// Options of `demo`.
#[derive(Debug, clap::Args)]
pub struct Demo {
    /// What chance begins with; the same seed is the same show
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Messages a second, 0.01 to 1000
    #[arg(long, value_name = "R", default_value_t = 0.5)]
    rate: f64,
    /// Without a console: it talks to itself in the terminal
    #[arg(long)]
    headless: bool,
}

impl Demo {
    /// Shows it until Ctrl-C.
    pub fn run(self, place: &Place) -> Result<(), End> {
        if !(0.01..=1000.0).contains(&self.rate) {
            return Err(bad_value("--rate", &self.rate.to_string(), "0.01 … 1000").into());
        }
        Ok(join::demo(self.seed, self.rate, self.headless, place.lang)?)
    }
}
