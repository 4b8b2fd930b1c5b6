//! `qqdeck demo`: the bot between a simulated QQ and simulated models, over real loopback sockets.

use std::path::Path;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::daemon;
use super::output::{End, print, remark};
use super::place::Place;
use super::usage::bad_value;
use crate::runtime::handle::{Handle, Heard};
use crate::runtime::keeper::Loaded;
use crate::runtime::run::RunOptions;
use crate::serve::show;
use crate::simulator;
use crate::words::{Exit, Lang};

/// Options of `demo`.
#[derive(Debug, clap::Args)]
pub struct Demo {
    /// What chance begins with; the same seed is the same show
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Messages a second, 0.01 to 1000
    #[arg(long, value_name = "R", default_value_t = 0.5)]
    rate: f64,
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
        if !self.headless {
            remark(place.lang.pick(
                "控制台还没有做好，先在终端里自言自语（Ctrl-C 结束）。",
                "The console is not built yet: for now it talks to itself in the terminal (Ctrl-C ends it).",
            ));
        }
        let folder = std::env::temp_dir().join(format!("qqdeck-demo-{}", std::process::id()));
        let data = place.data.clone().unwrap_or_else(|| folder.clone());
        let threads = daemon::threads(2)?;
        let shown = threads.block_on(self.show(&data, place.lang));
        // Only what this very demo made: a named place is kept.
        if place.data.is_none() {
            let _ = std::fs::remove_dir_all(&folder);
        }
        Ok(shown?)
    }

    async fn show(&self, data: &Path, lang: Lang) -> Result<(), Exit> {
        daemon::log_to_stderr("warn");
        let stop = CancellationToken::new();
        let failed = |cause: std::io::Error| Exit::Failed { name: "demo", cause: cause.to_string() };
        let demo = simulator::demo(self.seed, self.rate, stop.clone()).await.map_err(failed)?;
        let loaded = Loaded {
            config: Arc::new(demo.config().clone()),
            origins: Arc::default(),
            warnings: Vec::new(),
            directory: data.to_owned(),
        };
        let options = RunOptions { config: data.join("config.toml"), data: data.to_owned() };
        let town = tokio::spawn(demo.run());
        let ended = daemon::daemon(loaded, options, |handle| talk(handle, lang)).await;
        stop.cancel();
        let _ = town.await;
        ended
    }
}

/// Prints what is said until nobody reads any more.
async fn talk(handle: Handle, lang: Lang) {
    let mut tail = handle.tail();
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
