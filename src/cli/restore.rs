//! `qqdeck restore FILE`.

use std::path::PathBuf;

use super::output::{End, print};
use super::place::Place;
use crate::domain::Wall;
use crate::serve::client::Client;
use crate::serve::socket;
use crate::store::{self, StoreError};
use crate::words::{Exit, Lang};

/// Options of `restore`.
#[derive(Debug, clap::Args)]
pub struct Restore {
    /// A file that `backup` wrote
    #[arg(value_name = "FILE")]
    from: PathBuf,
}

impl Restore {
    /// Puts the copy in the place of the database; the former one stays beside it.
    pub fn run(self, place: &Place) -> Result<(), End> {
        let data = place.data()?;
        if Client::connect(&data, place.lang).is_ok() {
            return Err(Exit::StopFirst { socket: socket::path(&data).display().to_string() }.into());
        }
        if !self.from.is_file() {
            let cause = std::io::Error::from(std::io::ErrorKind::NotFound).to_string();
            return Err(Exit::CannotRead { path: self.from.display().to_string(), cause }.into());
        }
        let now = std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap_or_default();
        let at = Wall(i64::try_from(now.as_millis()).unwrap_or(0));
        store::restore(&data, &self.from, at).map_err(|error| match error {
            StoreError::Busy { .. } => Exit::StopFirst { socket: socket::path(&data).display().to_string() },
            StoreError::BadBackup { file, words } => {
                Exit::NotABackup { path: file.display().to_string(), cause: words }
            }
            other => Exit::Failed { name: "restore", cause: other.to_string() },
        })?;
        let at = data.display();
        print(&match place.lang {
            Lang::Zh => format!("已恢复到 {at}；原来的数据库留在旁边\n"),
            Lang::En => format!("Restored to {at}; the former database was left beside it\n"),
        })
    }
}
