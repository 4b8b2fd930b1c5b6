//! `qqdeck explain`: frames in, verdicts out, one JSON a line each, with no side effect.

use std::io::{BufRead, Read, stdin};
use std::sync::Arc;

use serde_json::{Value, json};

use super::daemon;
use super::output::{End, print};
use super::place::Place;
use crate::adapter::onebot::{self, Frame, What};
use crate::config::Config;
use crate::domain::{Gate, Now, Reason, Verdict};
use crate::engine::Engine;
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
        let config = Arc::new(configuration(place)?);
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
            let mut answer = line::json(&explain(&config, frame.trim_end_matches(['\r', '\n']), place));
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
    Ok(daemon::load(&path, place.lang)?.config.as_ref().clone())
}

fn explain(config: &Arc<Config>, frame: &str, place: &Place) -> Value {
    let mut answer = onebot::describe(frame);
    let verdict = judge(config, frame).map_or(Value::Null, |v| shape::verdict(&v, place.lang));
    match &mut answer {
        Value::Object(fields) => {
            fields.insert("verdict".to_owned(), verdict);
        }
        other => *other = json!({"kind": "invalid", "verdict": verdict}),
    }
    answer
}

/// What the gates make of a frame; `None` where it is no message. A fresh engine each time: frames must not use up
/// one another's rates.
fn judge(config: &Arc<Config>, frame: &str) -> Option<Verdict> {
    let frame = onebot::decode(frame);
    if !matches!(frame, Frame::Message(_)) {
        return None;
    }
    let message = match frame.heard(0).map(|heard| heard.what) {
        Some(What::Message(message)) => message,
        // A channel of go-cqhttp: understood, never answered.
        _ => return Some(Verdict::ignore(Gate::Own, Reason::Unsupported("guild".to_owned()))),
    };
    let now = Now::default();
    Some(Engine::new(Arc::clone(config), 1, now).judge(&message, now))
}
