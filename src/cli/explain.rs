//! `qqdeck explain`: frames in, verdicts out, one JSON a line each, with no side effect.

use std::io::{BufRead, Read, stdin};

use serde_json::{Value, json};

use super::join;
use super::output::{End, print};
use super::place::{Place, read};
use crate::config::Config;
use crate::serve::{line, shape};
use crate::words::Exit;

/// Longest frame that is read, in bytes: the default of `onebot.max_frame`.
const LONGEST: u64 = 64 << 20;

/// Options of `explain`: none of its own.
#[derive(Debug, clap::Args)]
pub struct Explain {}

impl Explain {
    /// Reads stdin to its end.
    pub fn run(self, place: &Place) -> Result<(), End> {
        let config = configuration(place)?;
        let mut input = stdin().lock();
        loop {
            let mut frame = Vec::new();
            let fail = |e: std::io::Error| Exit::CannotRead { path: "stdin".to_owned(), cause: e.to_string() };
            let taken = input.by_ref().take(LONGEST).read_until(b'\n', &mut frame).map_err(fail)?;
            if taken == 0 {
                return Ok(());
            }
            if frame.last() != Some(&b'\n') && taken as u64 == LONGEST {
                return Err(Exit::CannotRead { path: "stdin".to_owned(), cause: "a line > 64 MiB".to_owned() }.into());
            }
            // A text message of a WebSocket is UTF-8 or no message; here the rest is still worth a look.
            let frame = String::from_utf8_lossy(&frame);
            let mut answer = line::json(&explain(&config, frame.trim_end_matches(['\r', '\n']), place)?);
            answer.push('\n');
            print(&answer)?;
        }
    }
}

/// The named file, one that is found, or the defaults: a look at frames needs no configuration.
fn configuration(place: &Place) -> Result<Config, End> {
    let path = match place.config() {
        Ok(path) => path,
        Err(Exit::NoConfig { .. }) if place.config.is_none() => return Ok(Config::default()),
        Err(exit) => return Err(exit.into()),
    };
    Ok(join::parse_config(&path.display().to_string(), &read(&path)?, place.lang)?.config)
}

fn explain(config: &Config, frame: &str, place: &Place) -> Result<Value, Exit> {
    let mut answer = join::describe(frame)?;
    let verdict = join::judge(config, frame)?.map_or(Value::Null, |v| shape::verdict(&v, place.lang));
    match &mut answer {
        Value::Object(fields) => {
            fields.insert("verdict".to_owned(), verdict);
        }
        other => *other = json!({"kind": "invalid", "verdict": verdict}),
    }
    Ok(answer)
}
