//! `qqdeck replay FILE`: a scenario, a quarantined crash or a bug report, fed to an engine.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

use serde::Deserialize;

use super::join;
use super::output::{End, print};
use super::place::Place;
use crate::domain::{Input, Now};
use crate::serve::line;
use crate::words::Exit;

/// Options of `replay`.
#[derive(Debug, clap::Args)]
pub struct Replay {
    /// Recorded inputs, one JSON a line: {"now": …, "input": …}
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// One line of a recording.
#[derive(Debug, Deserialize)]
struct Recorded {
    now: Now,
    input: Input,
}

impl Replay {
    /// Prints the effects of each input as one line of JSON.
    pub fn run(self, _: &Place) -> Result<(), End> {
        let path = self.file.display().to_string();
        let file = File::open(&self.file).map_err(|e| Exit::CannotRead { path: path.clone(), cause: e.to_string() })?;
        let mut inputs = BufReader::new(file).lines().enumerate().map(|(n, text)| {
            let text = text.map_err(|e| Exit::CannotRead { path: path.clone(), cause: e.to_string() })?;
            let recorded: Recorded = serde_json::from_str(&text).map_err(|e| Exit::BadRecord {
                path: path.clone(),
                line: n + 1,
                cause: e.to_string(),
            })?;
            Ok((recorded.now, recorded.input))
        });
        let mut printed = Ok(());
        join::replay(&mut inputs, &mut |effects| {
            if printed.is_ok() {
                let mut text = line::json(&effects);
                text.push('\n');
                printed = print(&text);
            }
        })?;
        printed
    }
}
