//! `qqdeck` alone: the bot as a process of its own, started where it does not run yet, and the console in this
//! terminal. Losing the terminal never stops the bot.

use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::attach::Attach;
use super::init::Init;
use super::output::{End, is_terminal, print};
use super::place::Place;
use crate::serve::socket;
use crate::words::{Exit, Lang};

/// How long a bot may take to start: a large database is checked and recovered first.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks at it.
const LOOK: Duration = Duration::from_millis(10);
/// Most of what a bot that does not start has to say.
const WORDS: u64 = 16 << 10;

/// Starts what does not run yet, and attaches.
pub fn run(place: &Place) -> Result<(), End> {
    if !is_terminal() {
        return Err(Exit::NoTerminal.into());
    }
    let data = place.data()?;
    let socket = socket::path(&data);
    socket::check_length(&socket)?;
    if !answers(&socket) {
        if place.config().is_err() {
            Init::default().run(place)?;
            go_on(place.lang)?;
        }
        start(place, &data, &socket)?;
    }
    Attach::default().run(place)
}

/// The console covers what `init` has just said.
fn go_on(lang: Lang) -> Result<(), End> {
    print(lang.pick("\n按回车启动机器人并打开控制台。", "\nEnter starts the bot and opens the console."))?;
    let mut line = String::new();
    let read = io::stdin().read_line(&mut line);
    read.map(drop).map_err(|e| Exit::CannotRead { path: "stdin".to_owned(), cause: e.to_string() }.into())
}

/// Whether somebody listens. One who does not let us in does.
fn answers(socket: &Path) -> bool {
    match UnixStream::connect(socket) {
        Ok(_) => true,
        Err(error) => !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused),
    }
}

fn start(place: &Place, data: &Path, socket: &Path) -> Result<(), End> {
    let failed = |cause: io::Error| Exit::Failed { name: "run", cause: cause.to_string() };
    let config = std::path::absolute(place.config()?).map_err(failed)?;
    let data = std::path::absolute(data).map_err(failed)?;
    let mut command = Command::new(std::env::current_exe().map_err(failed)?);
    command.args(["run", "--headless", "--detached", "--lang", place.lang.code()]);
    command.arg("--config").arg(config).arg("--data").arg(data);
    // No directory is held, and no terminal: it goes into a session of its own as soon as it runs.
    command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(failed)?;
    let until = Instant::now() + PATIENCE;
    while !answers(socket) {
        if let Some(status) = child.try_wait().map_err(failed)? {
            // Two who start at once: the other was quicker, and serves us as well.
            if answers(socket) {
                return Ok(());
            }
            let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
            return Err(End::Said { code, words: last_words(&mut child) });
        }
        if Instant::now() > until {
            return Err(Exit::TimedOut.into());
        }
        thread::sleep(LOOK);
    }
    // Somebody has to notice its end, or it would stay as a zombie as long as we do.
    thread::spawn(move || child.wait());
    Ok(())
}

fn last_words(child: &mut Child) -> String {
    let mut words = Vec::new();
    if let Some(stderr) = child.stderr.take() {
        // What cannot be read is not told; the exit code is.
        let _ = stderr.take(WORDS).read_to_end(&mut words);
    }
    String::from_utf8_lossy(&words).trim_end().to_owned()
}
