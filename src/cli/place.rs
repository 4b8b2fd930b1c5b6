//! Where the configuration and the data are.

use std::env;
use std::path::PathBuf;

use crate::words::{Exit, Lang};

/// What every subcommand is told.
#[derive(Debug, Clone)]
pub struct Place {
    /// `--config`.
    pub config: Option<PathBuf>,
    /// `--data`.
    pub data: Option<PathBuf>,
    /// The reader's language.
    pub lang: Lang,
    /// `--ascii`, before any subcommand.
    pub ascii: bool,
}

impl Place {
    /// The configuration file: the named one, `./config.toml`, `$XDG_CONFIG_HOME/qqdeck/config.toml`.
    ///
    /// # Errors
    /// [`Exit::NoConfig`] when none of them exists.
    pub fn config(&self) -> Result<PathBuf, Exit> {
        let tried = match &self.config {
            Some(named) => vec![named.clone()],
            None => {
                [Some(PathBuf::from("./config.toml")), xdg("XDG_CONFIG_HOME", ".config").map(|d| d.join("config.toml"))]
                    .into_iter()
                    .flatten()
                    .collect()
            }
        };
        match tried.iter().find(|path| path.exists()) {
            Some(found) => Ok(found.clone()),
            None => Err(Exit::NoConfig { tried: tried.iter().map(|p| p.display().to_string()).collect() }),
        }
    }

    /// Where a new configuration goes: the named file, else the user's own.
    ///
    /// # Errors
    /// [`Exit::NoHome`].
    pub fn new_config(&self) -> Result<PathBuf, Exit> {
        match &self.config {
            Some(named) => Ok(named.clone()),
            None => xdg("XDG_CONFIG_HOME", ".config").map(|d| d.join("config.toml")).ok_or(Exit::NoHome),
        }
    }

    /// The data directory: the named one, else `$XDG_DATA_HOME/qqdeck`.
    ///
    /// # Errors
    /// [`Exit::NoHome`].
    pub fn data(&self) -> Result<PathBuf, Exit> {
        match &self.data {
            Some(named) => Ok(named.clone()),
            None => xdg("XDG_DATA_HOME", ".local/share").ok_or(Exit::NoHome),
        }
    }
}

/// A directory of ours by the rules of the desktop: an empty or relative variable counts as unset.
fn xdg(variable: &str, fallback: &str) -> Option<PathBuf> {
    let absolute = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute(variable).or_else(|| absolute("HOME").map(|home| home.join(fallback)))?;
    Some(base.join("qqdeck"))
}
