//! `qqdeck man`.

use super::output::{End, print};
use super::place::Place;
use crate::words::Exit;

/// Options of `man`: none of its own.
#[derive(Debug, clap::Args)]
pub struct Man {}

impl Man {
    /// Prints the manual page, in roff: `qqdeck man | man -l -`.
    pub fn run(self, place: &Place) -> Result<(), End> {
        let mut page = Vec::new();
        let written = clap_mangen::Man::new(super::command(place.lang)).render(&mut page);
        written.map_err(|e| Exit::Failed { name: "man", cause: e.to_string() })?;
        print(&String::from_utf8_lossy(&page))
    }
}
