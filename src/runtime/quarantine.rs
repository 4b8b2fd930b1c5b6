//! Inputs that made the engine panic, kept as files that `qqdeck replay` takes: a crash report that can be run.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::domain::Now;
use crate::flow::Input;

/// One line of a recording. The first line of a file has the seed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recorded {
    /// The engine's seed, on the first line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// When.
    pub now: Now,
    /// What.
    pub input: Input,
}

/// Keeps an input with the configuration that was in force. Failures are logged: there is nothing better to do.
pub(super) fn keep(data: &Path, config: &std::sync::Arc<Config>, seed: u64, input: &Input, now: Now) {
    let folder = data.join("quarantine");
    let file = folder.join(format!("{}.jsonl", now.wall.0));
    let first = Recorded { seed: Some(seed), now, input: Input::Config(std::sync::Arc::clone(config)) };
    let last = Recorded { seed: None, now, input: input.clone() };
    let text: String =
        [first, last].iter().filter_map(|line| serde_json::to_string(line).ok()).map(|line| line + "\n").collect();
    let kept = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&file, text));
    match kept {
        Ok(()) => tracing::error!(file = %file.display(), "the engine panicked; its input is kept"),
        Err(error) => tracing::error!(%error, "the engine panicked, and its input could not be kept"),
    }
}
