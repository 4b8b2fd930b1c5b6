//! Where the configuration and the data are.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::words::{Exit, Lang};

/// Largest configuration file that is read, in bytes (threats.md F05).
const LARGEST: u64 = 1 << 20;

/// What every subcommand is told.
#[derive(Debug, Clone)]
pub struct Place {
    /// `--config`.
    pub config: Option<PathBuf>,
    /// `--data`.
    pub data: Option<PathBuf>,
    /// The reader's language.
    pub lang: Lang,
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

/// Reads a text file of a person's size.
///
/// # Errors
/// [`Exit::CannotRead`], also for what is not a file, not UTF-8 or over 1 MiB.
pub fn read(path: &Path) -> Result<String, Exit> {
    let fail = |cause: String| Exit::CannotRead { path: path.display().to_string(), cause };
    let found = fs::metadata(path).map_err(|e| fail(e.to_string()))?;
    if found.len() > LARGEST {
        return Err(fail("> 1 MiB".to_owned()));
    }
    fs::read_to_string(path).map_err(|e| fail(e.to_string()))
}
