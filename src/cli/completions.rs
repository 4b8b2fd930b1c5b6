//! `qqdeck completions SHELL`.

use clap_complete::Shell;

use super::output::{End, print};
use super::place::Place;

/// Options of `completions`.
#[derive(Debug, clap::Args)]
pub struct Completions {
    /// Which shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

impl Completions {
    /// Prints the script.
    pub fn run(self, place: &Place) -> Result<(), End> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut super::command(place.lang), "qqdeck", &mut script);
        print(&String::from_utf8_lossy(&script))
    }
}
