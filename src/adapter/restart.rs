//! Restarts an adapter's program by a command that the operator configured. Arguments are handed over as they are: no
//! shell looks at them. What it says goes to the log, and only so much of it.

use std::process::{ExitStatus, Stdio};

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::domain::{Restart, RestartFault, Text};

/// Bytes of a command's words that go to the log; the rest is read and thrown away, so that it never blocks.
const SAID: u64 = 16 << 10;

/// Runs the command to its end, or to its timeout: then it is killed.
///
/// # Errors
/// When it cannot be started, ends with another status than 0, or takes too long.
pub async fn restart(asked: &Restart) -> Result<(), RestartFault> {
    let account = asked.account;
    let Some((program, arguments)) = asked.argv.split_first() else { return Err(RestartFault::NotStarted("".into())) };
    let started = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn();
    let mut child = started.map_err(|error| RestartFault::NotStarted(error.to_string()))?;
    tracing::info!(%account, program, "restarting the adapter");
    match tokio::time::timeout(asked.timeout, ended(&mut child)).await {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(RestartFault::Failed(status.code())),
        Ok(Err(error)) => Err(RestartFault::NotStarted(error.to_string())),
        Err(_) => {
            // Killed and reaped: dropping alone would leave that to chance.
            let _ = child.kill().await;
            Err(RestartFault::TimedOut)
        }
    }
}

/// Waits for its end. What it left running may keep its outputs open: nobody waits for those.
async fn ended(child: &mut Child) -> std::io::Result<ExitStatus> {
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let said = async { tokio::join!(log(out), log(err)) };
    tokio::pin!(said);
    tokio::select! {
        biased;
        _ = &mut said => child.wait().await,
        status = child.wait() => {
            // What is said already is still read.
            let _ = tokio::time::timeout(std::time::Duration::from_millis(100), said).await;
            status
        }
    }
}

async fn log(output: Option<impl AsyncRead + Unpin>) {
    let Some(output) = output else { return };
    let mut said = BufReader::new(output).take(SAID);
    let mut line = Vec::new();
    while matches!(said.read_until(b'\n', &mut line).await, Ok(1..)) {
        let text = Text::from(String::from_utf8_lossy(&line).trim_end());
        tracing::info!(line = text.shown(), "restart says");
        line.clear();
    }
    let _ = tokio::io::copy(&mut said.into_inner(), &mut tokio::io::sink()).await;
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::SelfId;

    async fn run(argv: &[&str], timeout: Duration) -> Result<(), RestartFault> {
        let argv = argv.iter().map(|a| (*a).to_owned()).collect();
        restart(&Restart { account: SelfId(1), argv, timeout }).await
    }

    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn ends_as_the_command_ends() {
        assert_eq!(run(&["true"], LONG).await, Ok(()));
        assert_eq!(run(&["false"], LONG).await, Err(RestartFault::Failed(Some(1))));
        assert!(matches!(run(&["/nowhere/at/all"], LONG).await, Err(RestartFault::NotStarted(_))));
        assert!(matches!(run(&[], LONG).await, Err(RestartFault::NotStarted(_))));
        assert_eq!(run(&["sh", "-c", "kill -9 $$"], LONG).await, Err(RestartFault::Failed(None)));
    }

    #[tokio::test]
    async fn one_that_never_ends_is_killed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pid");
        let script = format!("echo $$ > {}; exec sleep 1000", file.display());
        assert_eq!(run(&["sh", "-c", &script], Duration::from_millis(300)).await, Err(RestartFault::TimedOut));
        if let Ok(pid) = std::fs::read_to_string(&file) {
            assert!(!std::path::Path::new("/proc").join(pid.trim()).exists(), "reaped");
        }
    }

    #[tokio::test]
    async fn no_shell_looks_at_arguments() {
        let folder = tempfile::tempdir().unwrap();
        let odd = folder.path().join("a b; $(false) *");
        assert_eq!(run(&["touch", odd.to_str().unwrap()], LONG).await, Ok(()));
        assert!(odd.exists());
    }

    #[tokio::test]
    async fn a_flood_of_words_blocks_nobody() {
        let flood = "yes | head -c 3000000; yes | head -c 3000000 >&2";
        assert_eq!(run(&["sh", "-c", flood], LONG).await, Ok(()));
    }

    #[tokio::test]
    async fn what_it_leaves_running_is_not_waited_for() {
        assert_eq!(run(&["sh", "-c", "sleep 1000 & echo $!"], LONG).await, Ok(()));
    }
}
