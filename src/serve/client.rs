//! The other end of the socket: what `qqdeck ctl` does. Blocking, since it has nothing else to do.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value};

use super::hello::{Ask, Hello};
use super::{line, socket};
use crate::words::{Exit, Lang};

/// Longer than the daemon's own patience, so that its word about it arrives.
const PATIENCE: Duration = Duration::from_secs(40);

/// A connection to a running daemon.
#[derive(Debug)]
pub struct Client {
    stream: BufReader<UnixStream>,
    path: String,
}

impl Client {
    /// Connects and says hello.
    ///
    /// # Errors
    /// [`Exit::NoDaemon`], [`Exit::SocketRefused`], [`Exit::SocketPathTooLong`], [`Exit::NoAnswer`].
    pub fn connect(data: &Path, lang: Lang) -> Result<Self, Exit> {
        let at = socket::path(data);
        socket::check_length(&at)?;
        let path = at.display().to_string();
        let mut stream = UnixStream::connect(&at);
        if stream.as_ref().is_err_and(socket::is_nobody) {
            socket::await_start(data);
            stream = UnixStream::connect(&at);
        }
        let stream = stream.map_err(|e| match socket::is_nobody(&e) {
            true => Exit::NoDaemon { socket: path.clone() },
            false => Exit::SocketRefused { socket: path.clone(), cause: e.to_string() },
        })?;
        let client = Self { stream: BufReader::new(stream), path };
        client.stream.get_ref().set_read_timeout(Some(PATIENCE)).map_err(|e| client.lost(&e))?;
        client.stream.get_ref().set_write_timeout(Some(PATIENCE)).map_err(|e| client.lost(&e))?;
        client.send(&Hello::ctl(lang))?;
        Ok(client)
    }

    /// Asks and waits for the answer.
    ///
    /// # Errors
    /// [`Exit::NoAnswer`] when there is none.
    pub fn ask(&mut self, ask: &Ask) -> Result<Map<String, Value>, Exit> {
        // A daemon that refuses the connection answers before it reads, so a failed write may still have an answer.
        let sent = self.send(ask);
        match self.hear() {
            Ok(Some(answer)) => Ok(answer),
            Ok(None) => Err(sent.err().unwrap_or_else(|| self.lost(&io::ErrorKind::UnexpectedEof.into()))),
            Err(error) => Err(sent.err().unwrap_or(error)),
        }
    }

    /// The next line of an answer that has many; `None` at its end.
    ///
    /// # Errors
    /// [`Exit::NoAnswer`].
    pub fn hear(&mut self) -> Result<Option<Map<String, Value>>, Exit> {
        let mut text = String::new();
        match self.stream.read_line(&mut text) {
            Ok(0) => Ok(None),
            Ok(_) => serde_json::from_str(&text).map(Some).map_err(|e| self.lost(&e.into())),
            Err(e) => Err(self.lost(&e)),
        }
    }

    /// From now on waits as long as it takes.
    ///
    /// # Errors
    /// [`Exit::NoAnswer`] when the socket will not.
    pub fn be_patient(&self) -> Result<(), Exit> {
        self.stream.get_ref().set_read_timeout(None).map_err(|e| self.lost(&e))
    }

    fn send(&self, value: &impl serde::Serialize) -> Result<(), Exit> {
        let mut text = line::json(value);
        text.push('\n');
        self.stream.get_ref().write_all(text.as_bytes()).map_err(|e| self.lost(&e))
    }

    fn lost(&self, error: &io::Error) -> Exit {
        Exit::NoAnswer { socket: self.path.clone(), cause: error.to_string() }
    }
}
