//! Two threads in front of the terminal, since reading and writing it can block: what is typed comes in pieces, what
//! is shown goes out one piece at a time.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::sync::mpsc;

/// Bytes read at once.
const PIECE: usize = 4096;
/// Pieces that may wait for the daemon before the terminal does.
const TYPED: usize = 16;
/// How often a terminal that says nothing is asked whether it is still there.
const WATCH: Duration = Duration::from_secs(2);
/// The same while the daemon takes nothing.
const FULL: Duration = Duration::from_millis(50);

/// What is typed.
#[derive(Debug)]
pub struct Keyboard {
    /// Bounded; the terminal waits. Ends when the terminal has gone.
    typed: mpsc::Receiver<Vec<u8>>,
}

/// Where pieces are shown, one at a time.
#[derive(Debug)]
pub struct Display {
    /// Never full: [`Display::show`] is called only when [`Display::is_free`].
    pieces: SyncSender<Vec<u8>>,
    shown: mpsc::Receiver<io::Result<()>>,
    busy: bool,
}

/// Starts both threads.
///
/// # Errors
/// When the terminal cannot be opened twice, or threads cannot be had.
pub fn open() -> io::Result<(Keyboard, Display)> {
    let input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    let watched = output.try_clone()?;
    let (keys, typed) = mpsc::channel(TYPED);
    let (pieces, to_show) = sync_channel(1);
    let (tell, shown) = mpsc::channel(1);
    thread::Builder::new().name("keys".to_owned()).spawn(move || read(input, &watched, &keys))?;
    thread::Builder::new().name("screen".to_owned()).spawn(move || write(output, &to_show, &tell))?;
    Ok((Keyboard { typed }, Display { pieces, shown, busy: false }))
}

impl Keyboard {
    /// What was typed; `None` when the terminal has gone.
    pub async fn typed(&mut self) -> Option<Vec<u8>> {
        self.typed.recv().await
    }
}

impl Display {
    /// Whether a piece may be shown.
    pub fn is_free(&self) -> bool {
        !self.busy
    }

    /// Shows a piece.
    pub fn show(&mut self, bytes: Vec<u8>) {
        // A thread that has ended says so through `shown`.
        let _ = self.pieces.try_send(bytes);
        self.busy = true;
    }

    /// Waits until the piece has been taken; for ever where there is none.
    ///
    /// # Errors
    /// The terminal's.
    pub async fn shown(&mut self) -> io::Result<()> {
        if !self.busy {
            return std::future::pending().await;
        }
        let shown = self.shown.recv().await;
        self.busy = false;
        shown.unwrap_or_else(|| Err(io::ErrorKind::BrokenPipe.into()))
    }
}

/// Reads until the terminal or the relay has gone. Ending is how it tells.
fn read(mut input: File, output: &File, keys: &mpsc::Sender<Vec<u8>>) {
    let mut waiting: Option<Vec<u8>> = None;
    while !keys.is_closed() {
        let full = waiting.is_some();
        let wanted = if full { PollFlags::empty() } else { PollFlags::IN };
        // Asked for nothing, a descriptor still tells that it hung up: also where no SIGHUP was sent or it is ignored.
        let Some(ready) = look(input.as_fd(), output.as_fd(), wanted, if full { FULL } else { WATCH }) else { return };
        if ready {
            let mut piece = vec![0; PIECE];
            match input.read(&mut piece) {
                Ok(0) => return,
                Ok(n) => {
                    piece.truncate(n);
                    waiting = Some(piece);
                }
                Err(error) if matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock) => {}
                Err(_) => return,
            }
        }
        if let Some(piece) = waiting.take()
            && let Err(mpsc::error::TrySendError::Full(piece)) = keys.try_send(piece)
        {
            waiting = Some(piece);
        }
    }
}

/// Whether there is something to read; `None`: the terminal has gone.
fn look(input: BorrowedFd<'_>, output: BorrowedFd<'_>, wanted: PollFlags, most: Duration) -> Option<bool> {
    let mut both = [PollFd::from_borrowed_fd(input, wanted), PollFd::from_borrowed_fd(output, PollFlags::empty())];
    let most = Timespec::try_from(most).ok();
    match poll(&mut both, most.as_ref()) {
        Ok(_) => {}
        Err(rustix::io::Errno::INTR) => return Some(false),
        Err(_) => return None,
    }
    let gone = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
    let [input, output] = both.map(|end| end.revents());
    if input.intersects(gone) || output.intersects(gone) { None } else { Some(input.contains(PollFlags::IN)) }
}

fn write(mut output: File, pieces: &Receiver<Vec<u8>>, tell: &mpsc::Sender<io::Result<()>>) {
    while let Ok(piece) = pieces.recv() {
        let shown = output.write_all(&piece);
        let failed = shown.is_err();
        if tell.blocking_send(shown).is_err() || failed {
            return;
        }
    }
}
