//! `qqdeck replay FILE`: a scenario, a quarantined crash or a bug report, fed to an engine.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::json;

use super::output::{End, print};
use super::place::Place;
use crate::config::Config;
use crate::engine::Engine;
use crate::flow::Input;
use crate::runtime::quarantine::Recorded;
use crate::serve::line;
use crate::words::Exit;

/// Options of `replay`.
#[derive(Debug, clap::Args)]
pub struct Replay {
    /// Recorded inputs, one JSON a line: {"now": …, "input": …}
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl Replay {
    /// Prints the effects of each input as one line of JSON. A first input that is a configuration is what the
    /// engine begins with.
    pub fn run(self, _: &Place) -> Result<(), End> {
        let path = self.file.display().to_string();
        let file = File::open(&self.file).map_err(|e| Exit::CannotRead { path: path.clone(), cause: e.to_string() })?;
        let mut engine: Option<Engine> = None;
        for (n, text) in BufReader::new(file).lines().enumerate() {
            let text = text.map_err(|e| Exit::CannotRead { path: path.clone(), cause: e.to_string() })?;
            let bad = |e: serde_json::Error| Exit::BadRecord { path: path.clone(), line: n + 1, cause: e.to_string() };
            let Recorded { seed, now, input } = serde_json::from_str(&text).map_err(bad)?;
            let effects = match (&mut engine, input) {
                (None, Input::Config(config)) => {
                    engine = Some(Engine::new(config, seed.unwrap_or(1), now));
                    continue;
                }
                (Some(engine), input) => engine.apply(input, now),
                (none, input) => {
                    none.insert(Engine::new(Arc::new(Config::default()), seed.unwrap_or(1), now)).apply(input, now)
                }
            };
            let mut text = line::json(&json!({ "line": n + 1, "effects": effects }));
            text.push('\n');
            print(&text)?;
        }
        Ok(())
    }
}
