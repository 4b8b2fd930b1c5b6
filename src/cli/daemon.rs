//! The running bot with its doors: what `run` and `demo` have in common.

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;

use tokio::runtime::Handle;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::output::remark;
use crate::domain::ConfigTrouble;
use crate::logs::{self, Logs};
use crate::runtime::load::{LoadError, Loaded};
use crate::runtime::run::{End, RunOptions, Running, start};
use crate::runtime::start_error::StartError;
use crate::serve::{self, Doors, socket};
use crate::store::StoreError;
use crate::words::{Exit, Lang};

/// Reads a configuration file.
///
/// # Errors
/// [`Exit::ConfigErrors`] with all errors at once, [`Exit::CannotRead`].
pub fn load(path: &Path, lang: Lang) -> Result<Loaded, Exit> {
    let loaded = crate::runtime::load::load(path).map_err(|error| match &error {
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

/// Starts the log: files in the data directory, and stderr where systemd and people read it.
///
/// # Errors
/// [`Exit::CannotWrite`].
pub fn logs(config: &crate::config::Logs, data: &Path, on_stderr: bool) -> Result<Logs, Exit> {
    let logs = Logs::start(data, config, on_stderr).map_err(|e| {
        let path = data.join(logs::FOLDER).join(logs::CURRENT);
        Exit::CannotWrite { path: path.display().to_string(), cause: e.to_string() }
    })?;
    logs.install();
    Ok(logs)
}

/// Runs the bot with its doors until it has stopped, the doors on the other threads where there are any; `beside`
/// runs along once the socket listens, is told where adapters may dial in, and its end ends the bot. `demo`: the world
/// is simulated, and consoles say so.
///
/// # Errors
/// What keeps it from starting, or that it broke.
pub async fn daemon<F: Future<Output = ()>>(
    others: Option<Handle>,
    loaded: Loaded,
    options: RunOptions,
    demo: bool,
    beside: impl FnOnce(Doors, &[SocketAddr]) -> F,
) -> Result<(), Exit> {
    let file = options.config.display().to_string();
    let (data, logs) = (options.data.clone(), options.logs.clone());
    socket::check_length(&socket::path(&data))?;
    let mut signals = Signals::listen().map_err(|error| Exit::Failed { name: "run", cause: error.to_string() })?;
    let mut running = start(loaded, options, others.clone()).await.map_err(|error| refusal(error, &file, &data))?;
    let door = socket::listen(&data)?;
    let stop = CancellationToken::new();
    let doors = Doors::new(running.handle.clone(), &data, stop.clone());
    let doors = if demo { doors.of_demo() } else { doors };
    let others = others.unwrap_or_else(Handle::current);
    let served = others.spawn(serve::serve(door, doors.clone()));
    let (bound, _) = watch::channel(None);
    others.spawn(serve::metrics::keep(running.handle.clone(), stop.clone(), bound));
    let beside = beside(doors, &running.addresses);
    let end = until_end(&mut running, &mut signals, &logs, beside).await;
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

async fn until_end(running: &mut Running, signals: &mut Signals, logs: &Logs, beside: impl Future<Output = ()>) -> End {
    tokio::pin!(beside);
    let mut along = true;
    loop {
        tokio::select! {
            end = running.ended() => return end,
            _ = signals.term.recv() => running.terminate().await,
            _ = signals.int.recv() => running.terminate().await,
            _ = signals.hup.recv() => running.reload().await,
            _ = signals.usr1.recv() => logs.reopen(),
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
    /// Log files were moved.
    usr1: Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            term: signal(SignalKind::terminate())?,
            int: signal(SignalKind::interrupt())?,
            hup: signal(SignalKind::hangup())?,
            usr1: signal(SignalKind::user_defined1())?,
        })
    }
}

fn refusal(error: StartError, file: &str, data: &Path) -> Exit {
    match error {
        StartError::Configured(words) => {
            Exit::ConfigErrors { path: file.to_owned(), errors: words.lines().map(str::to_owned).collect() }
        }
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
