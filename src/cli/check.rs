//! `qqdeck check`.

use super::daemon;
use super::output::{End, print};
use super::place::Place;
use crate::runtime::run::rehearse;
use crate::words::{Exit, Lang};

/// Options of `check`: none of its own.
#[derive(Debug, clap::Args)]
pub struct Check {}

impl Check {
    /// Reads the configuration and tells everything that is wrong or odd in it, secrets that cannot be had among it.
    pub fn run(self, place: &Place) -> Result<(), End> {
        let path = place.config()?;
        let file = path.display().to_string();
        let loaded = daemon::load(&path, place.lang)?;
        let mut text = String::new();
        for warning in &loaded.warnings {
            text.push_str(&warning.line(&file, place.lang.language()));
            text.push('\n');
        }
        if let Err(words) = rehearse(&loaded) {
            print(&text)?;
            let errors = words.lines().map(str::to_owned).collect();
            return Err(Exit::ConfigErrors { path: file, errors }.into());
        }
        let (warnings, providers) = (loaded.warnings.len(), loaded.config.providers.len());
        text.push_str(&match place.lang {
            Lang::Zh => format!("{file}：没有错误，{warnings} 处提醒，{providers} 个模型服务\n"),
            Lang::En => format!("{file}: no errors, warnings: {warnings}, providers: {providers}\n"),
        });
        print(&text)
    }
}
