//! The subject as a process: how it is started, and what the kernel says about it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::Context;
use tempfile::TempDir;

/// What is measured.
pub enum Kind {
    /// This very binary as the bare loop.
    Bare,
    /// The bare loop with a commit for each reply.
    Committed,
    /// The real thing, headless.
    Qqdeck(PathBuf),
}

/// A running subject; killed when dropped.
pub struct Process {
    child: Child,
    /// Configuration and data; gone with the process.
    _home: TempDir,
}

impl Process {
    /// Starts it; it is to listen on this port and to ask that model.
    pub fn start(kind: &Kind, port: u16, model: &str) -> anyhow::Result<Self> {
        let home = tempfile::tempdir()?;
        let listen = format!("127.0.0.1:{port}");
        let mut command = match kind {
            Kind::Bare | Kind::Committed => {
                let mut command = Command::new(std::env::current_exe()?);
                command.args(["bare", &listen, model]);
                if matches!(kind, Kind::Committed) {
                    command.arg(home.path().join("ledger.db"));
                }
                command
            }
            Kind::Qqdeck(path) => {
                let config = home.path().join("config.toml");
                fs::write(&config, configuration(&listen, model))?;
                let mut command = Command::new(path);
                command.args(["run", "--headless", "--config"]).arg(config);
                command.arg("--data").arg(home.path().join("data"));
                command
            }
        };
        let errors = fs::File::create(home.path().join("stderr"))?;
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(errors);
        let child = command.spawn().context("cannot be started")?;
        Ok(Self { child, _home: home })
    }

    /// Why it is not there any more, where it is not.
    pub fn ended(&mut self) -> Option<String> {
        let status = self.child.try_wait().ok().flatten()?;
        let words = fs::read_to_string(self._home.path().join("stderr")).unwrap_or_default();
        Some(format!("ended with {status} {}", words.lines().last().unwrap_or_default()))
    }

    /// CPU time of all its threads so far.
    pub fn cpu(&self) -> Duration {
        cpu(&Path::new("/proc").join(self.child.id().to_string()))
    }

    /// Resident bytes.
    pub fn resident(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
        line.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) * 1024
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// CPU time of this process: load and model.
pub fn own_cpu() -> Duration {
    cpu(Path::new("/proc/self"))
}

/// The first number of `schedstat` is nanoseconds on a CPU; there is one for each thread.
fn cpu(process: &Path) -> Duration {
    let threads = fs::read_dir(process.join("task")).into_iter().flatten().flatten();
    let nanos = threads.filter_map(|thread| {
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanos.sum())
}

fn configuration(listen: &str, model: &str) -> String {
    format!(
        r#"[onebot]
listen = ["{listen}"]
token = ""

[access]
mode = "open"

[limits]
global = "0"
per_user = "0"
per_group = "0"
loop_guard = 0

[trigger]
merge_window = {{ private = "0s", group = "0s" }}

[reply]
pace = "0"
jitter = "0s"

[engine]
max_inflight = 256
queue = 4096

[storage]
durability = "process"

[[providers]]
name = "simulated"
kind = "ollama"
endpoint = "{model}"
model = "fake"
max_concurrency = 128
"#
    )
}
