//! `qqdeck demo`: the bot between a simulated QQ and simulated models, over real loopback sockets.

use std::io;
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::output::{End, is_terminal, print};
use super::place::Place;
use super::relay::{self, Reach};
use super::threads::Threads;
use super::usage::bad_value;
use super::{attach, daemon};
use crate::config;
use crate::logs::Logs;
use crate::runtime::handle::Heard;
use crate::runtime::run::RunOptions;
use crate::serve::hello::Hello;
use crate::serve::{Doors, show, socket};
use crate::simulator;
use crate::telemetry::Pretended;
use crate::words::{Exit, Lang, UsageError};

/// Options of `demo`.
#[derive(Debug, clap::Args)]
pub struct Demo {
    /// What chance begins with; the same seed is the same show
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Messages a second, 0.01 to 1000
    #[arg(long, value_name = "R", default_value_t = 0.5)]
    rate: f64,
    /// Colours: auto, none, 16, 256 or rgb [default: by NO_COLOR, COLORTERM, TERM]
    #[arg(long, value_name = "DEPTH")]
    color: Option<String>,
    /// Draw with ASCII only, as console.ascii = true does, this once
    #[arg(long)]
    ascii: bool,
    /// Without a console: it talks to itself in the terminal
    #[arg(long)]
    headless: bool,
}

impl Demo {
    /// Shows it until Ctrl-C. Everything is forgotten afterwards, unless `--data` names a place for it.
    pub fn run(self, place: &Place) -> Result<(), End> {
        if !(0.01..=1000.0).contains(&self.rate) {
            return Err(bad_value("--rate", &self.rate.to_string(), "0.01 … 1000").into());
        }
        if place.config.is_some() {
            return Err(Exit::Usage(UsageError::OwnConfig).into());
        }
        let folder = std::env::temp_dir().join(format!("qqdeck-demo-{}", std::process::id()));
        let data = place.data.clone().unwrap_or_else(|| folder.clone());
        theirs(&data.join("config.toml"))?;
        let threads = Threads::new(2)?;
        let shown = if self.headless || !is_terminal() {
            let logs = daemon::logs(&config::Logs { level: "warn".into(), ..Default::default() }, &data, true)?;
            logs.catch_panics();
            let shown = threads
                .block_on(self.show(threads.others(), &data, place.lang, &logs, |doors| talk(doors, place.lang)));
            logs.flush();
            shown.map_err(End::from)
        } else {
            self.console(&threads, &data, place.lang, self.ascii || place.ascii)
        };
        // Only what this very demo made: a named place is kept.
        if place.data.is_none() {
            let _ = std::fs::remove_dir_all(&folder);
        }
        shown
    }

    /// The same relay as anywhere, on a thread of its own, and a session at the other end of a pair of sockets.
    fn console(&self, threads: &Threads, data: &Path, lang: Lang, ascii: bool) -> Result<(), End> {
        let failed = |cause: io::Error| Exit::Failed { name: "demo", cause: cause.to_string() };
        let logs = daemon::logs(&config::Logs::default(), data, false)?;
        let (ours, theirs) = UnixStream::pair().map_err(failed)?;
        theirs.set_nonblocking(true).map_err(failed)?;
        let me = rustix::process::geteuid().as_raw();
        let operator = socket::operator(me).ok_or(Exit::NoTerminal)?;
        let hello = Hello { ascii, ..attach::hello(lang, attach::depth(self.color.as_deref())?) };
        let (end, ended) = oneshot::channel();
        let relay = move || {
            let ended = relay::run(Reach::Once(Some(ours)), hello);
            // Without a reader the bot has ended already.
            let _ = end.send(());
            ended
        };
        let (keep, kept) = std::sync::mpsc::channel();
        let others = threads.others();
        let shown = threads.block_on(self.show(others.clone(), data, lang, &logs, |doors| async move {
            let others = others.unwrap_or_else(Handle::current);
            others.spawn(async move {
                if let Ok(theirs) = tokio::net::UnixStream::from_std(theirs) {
                    doors.talk(theirs, operator).await;
                }
            });
            let _ = keep.send(thread::spawn(relay));
            // The terminal's end is the demo's.
            let _ = ended.await;
        }));
        // The terminal is given back before anything is said in it.
        let relayed = kept.try_recv().ok().map_or(Ok(()), |relay| relay.join().unwrap_or(Ok(())));
        logs.flush();
        shown?;
        relayed
    }

    async fn show<F: Future<Output = ()>>(
        &self,
        others: Option<Handle>,
        data: &Path,
        lang: Lang,
        logs: &Logs,
        beside: impl FnOnce(Doors) -> F,
    ) -> Result<(), Exit> {
        let stop = CancellationToken::new();
        let failed = |cause: std::io::Error| Exit::Failed { name: "demo", cause: cause.to_string() };
        let demo = simulator::demo(self.seed, self.rate, stop.clone()).await.map_err(failed)?;
        // Ports are new every time, so the file is, too.
        let file = data.join("config.toml");
        std::fs::write(&file, demo.config_text()).map_err(failed)?;
        let loaded = daemon::load(&file, lang)?;
        let options = RunOptions {
            config: file,
            data: data.to_owned(),
            logs: logs.clone(),
            cards: Some(Pretended::Moving),
            objections: daemon::objections,
        };
        // The port is the bot's to choose: one that is chosen for it could be taken before it listens.
        let (tell, told) = oneshot::channel();
        let town = tokio::spawn(async move {
            if let Ok(address) = told.await {
                demo.dial(address);
            }
            demo.run().await;
        });
        let listening = move |doors, addresses: &[SocketAddr]| {
            let _ = addresses.first().map(|address| tell.send(*address));
            beside(doors)
        };
        let ended = daemon::daemon(others, loaded, options, true, listening).await;
        stop.cancel();
        let _ = town.await;
        ended
    }
}

/// A configuration that somebody else wrote is not written over.
///
/// # Errors
/// There is one.
fn theirs(file: &Path) -> Result<(), Exit> {
    match std::fs::read_to_string(file) {
        Ok(text) if !text.starts_with(simulator::DEMO) => {
            Err(Exit::Usage(UsageError::NotDemo { file: file.display().to_string() }))
        }
        _ => Ok(()),
    }
}

/// Prints what is said until nobody reads any more.
async fn talk(doors: Doors, lang: Lang) {
    let mut tail = doors.handle().tail();
    while let Some(heard) = tail.next().await {
        let text = match heard {
            Heard::Line(line) => show::line(&line, true, lang),
            Heard::Missed(n) => format!("… {n}\n"),
        };
        if print(&text).is_err() {
            return;
        }
    }
}
