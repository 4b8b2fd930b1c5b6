//! The running bot with its doors: what `run` and `demo` have in common.

use std::fs::{DirBuilder, File, OpenOptions};
use std::future::Future;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::output::remark;
use crate::domain::ConfigTrouble;
use crate::runtime::keeper::{LoadError, Loaded};
use crate::runtime::run::{End, RunOptions, Running, StartError, start};
use crate::serve::{self, Doors, socket};
use crate::store::StoreError;
use crate::words::{Exit, Lang};

/// Reads a configuration file.
///
/// # Errors
/// [`Exit::ConfigErrors`] with all errors at once, [`Exit::CannotRead`].
pub fn load(path: &Path, lang: Lang) -> Result<Loaded, Exit> {
    let loaded = crate::runtime::keeper::load(path).map_err(|error| match &error {
        LoadError::Unreadable { path, error } => {
            Exit::CannotRead { path: path.display().to_string(), cause: error.to_string() }
        }
        LoadError::Wrong { path, .. } => {
            Exit::ConfigErrors { path: path.display().to_string(), errors: error.words(lang) }
        }
    })?;
    let errors = console_errors(path, &loaded, lang);
    match errors.is_empty() {
        true => Ok(loaded),
        false => Err(Exit::ConfigErrors { path: path.display().to_string(), errors }),
    }
}

/// What the console has against a configuration that is read again.
pub fn objections(path: &Path, loaded: &Loaded) -> Option<ConfigTrouble> {
    let words = |lang| console_errors(path, loaded, lang).join("\n");
    let trouble = ConfigTrouble { zh: words(Lang::Zh), en: words(Lang::En) };
    (!trouble.en.is_empty()).then_some(trouble)
}

/// What only the console knows of its part of the file, by place.
fn console_errors(path: &Path, loaded: &Loaded, lang: Lang) -> Vec<String> {
    let place = |key: &str| loaded.origins.get(key).or_else(|| loaded.origins.get("console.keys"));
    let mut flaws = crate::console::check(&loaded.config);
    flaws.sort_by_key(|flaw| place(&flaw.key));
    let told = flaws.iter().map(|flaw| {
        let at = place(&flaw.key).map_or_else(String::new, |p| format!(":{}:{}", p.line, p.column));
        format!("{}{at}: {}: {}", path.display(), flaw.key, flaw.words(lang))
    });
    told.collect()
}

/// A runtime with the configured number of threads, or as many as there are cores: more would only take turns.
///
/// # Errors
/// When threads cannot be had.
pub fn threads(workers: usize) -> Result<tokio::runtime::Runtime, Exit> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let built =
        tokio::runtime::Builder::new_multi_thread().worker_threads(workers.clamp(1, cores)).enable_all().build();
    built.map_err(|error| Exit::Failed { name: "run", cause: error.to_string() })
}

/// Writes the log to stderr, where systemd and people read it.
pub fn log_to_stderr(level: &str) {
    let lines = tracing_subscriber::fmt().with_env_filter(filter(level)).with_writer(std::io::stderr);
    // Set already when a test runs several bots in one process.
    let _ = lines.with_target(false).with_ansi(false).try_init();
}

/// Writes the log to `logs/daemon.log` in the data directory, where there is no stderr that anybody reads.
///
/// # Errors
/// [`Exit::CannotWrite`].
pub fn log_to_file(level: &str, data: &Path) -> Result<Arc<File>, Exit> {
    let path = data.join("logs").join("daemon.log");
    let fail = |e: std::io::Error| Exit::CannotWrite { path: path.display().to_string(), cause: e.to_string() };
    DirBuilder::new().recursive(true).mode(0o700).create(data.join("logs")).map_err(fail)?;
    let file = Arc::new(OpenOptions::new().create(true).append(true).mode(0o640).open(&path).map_err(fail)?);
    let lines = tracing_subscriber::fmt().with_env_filter(filter(level)).with_writer(file.clone());
    let _ = lines.with_target(false).with_ansi(false).try_init();
    Ok(file)
}

fn filter(level: &str) -> tracing_subscriber::EnvFilter {
    tracing_subscriber::EnvFilter::try_new(level).unwrap_or_else(|_| "info".into())
}

/// Runs the bot with its socket until it has stopped; `beside` runs along once the socket listens, and its end ends
/// the bot. `demo`: the world is simulated, and consoles say so.
///
/// # Errors
/// What keeps it from starting, or that it broke.
pub async fn daemon<F: Future<Output = ()>>(
    loaded: Loaded,
    options: RunOptions,
    demo: bool,
    beside: impl FnOnce(Doors) -> F,
) -> Result<(), Exit> {
    let file = options.config.display().to_string();
    let data = options.data.clone();
    socket::check_length(&socket::path(&data))?;
    let mut signals = Signals::listen().map_err(|error| Exit::Failed { name: "run", cause: error.to_string() })?;
    let mut running = start(loaded, options).await.map_err(|error| refusal(error, &file, &data))?;
    let door = socket::listen(&data)?;
    let stop = CancellationToken::new();
    let doors = Doors::new(running.handle.clone(), &data, stop.clone());
    let doors = if demo { doors.of_demo() } else { doors };
    let served = tokio::spawn(serve::serve(door, doors.clone()));
    let end = until_end(&mut running, &mut signals, beside(doors)).await;
    stop.cancel();
    if let Ok(Err(error)) = served.await {
        tracing::error!(%error, "the socket");
    }
    match end {
        End::Finished | End::AtOnce => Ok(()),
        End::Broken => {
            Err(Exit::Failed { name: "run", cause: "the engine panicked again and again; see quarantine/".into() })
        }
    }
}

async fn until_end(running: &mut Running, signals: &mut Signals, beside: impl Future<Output = ()>) -> End {
    tokio::pin!(beside);
    let mut along = true;
    loop {
        tokio::select! {
            end = running.ended() => return end,
            _ = signals.term.recv() => running.terminate().await,
            _ = signals.int.recv() => running.terminate().await,
            _ = signals.hup.recv() => running.reload().await,
            () = &mut beside, if along => {
                along = false;
                running.terminate().await;
            }
        }
    }
}

struct Signals {
    term: Signal,
    int: Signal,
    hup: Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            term: signal(SignalKind::terminate())?,
            int: signal(SignalKind::interrupt())?,
            hup: signal(SignalKind::hangup())?,
        })
    }
}

fn refusal(error: StartError, file: &str, data: &Path) -> Exit {
    match error {
        StartError::Configured(words) => Exit::ConfigErrors { path: file.to_owned(), errors: vec![words] },
        StartError::Store(StoreError::Busy { pid, .. }) => {
            Exit::AlreadyRunning { socket: socket::path(data).display().to_string(), pid }
        }
        StartError::Listen(cause) => Exit::Failed { name: "run", cause },
        StartError::Store(error) => Exit::Failed { name: "run", cause: error.to_string() },
    }
}

/// Tells the warnings of a configuration.
pub fn warn(loaded: &Loaded, file: &str, lang: Lang) {
    for issue in &loaded.warnings {
        remark(&issue.line(file, lang.language()));
    }
}
