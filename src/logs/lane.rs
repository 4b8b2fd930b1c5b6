//! A queue to one place where lines are written, and the thread that writes there. Whoever logs never waits.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use super::ring::Ring;
use crate::domain::LogLine;

/// Lines that may wait.
const ROOM: usize = 4096;
/// Lines written at once.
const BATCH: usize = 512;
/// How often a flush tries a queue that is full.
const AGAIN: Duration = Duration::from_millis(5);

/// Where lines end up.
pub trait Sink: Send {
    /// Writes lines, in order. `dropped`: so many that came after the last batch found no room.
    fn write(&mut self, lines: &[Arc<LogLine>], dropped: u64);

    /// Somebody asked for attention: rules or files may have changed.
    fn wake(&mut self) {}

    /// Nothing more comes.
    fn close(&mut self) {}
}

enum Note {
    Line(Arc<LogLine>),
    Wake,
    Flush(SyncSender<()>),
}

/// The writing end. Bounded; drops and counts.
#[derive(Debug)]
pub struct Lane {
    queue: SyncSender<Note>,
    dropped: Arc<AtomicU64>,
    ring: Ring,
}

impl std::fmt::Debug for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Note")
    }
}

impl Lane {
    /// Starts a thread of that name.
    ///
    /// # Errors
    /// When there can be no thread.
    pub fn start(name: &str, ring: Ring, sink: impl Sink + 'static) -> io::Result<Self> {
        Self::with_room(ROOM, name, ring, sink)
    }

    fn with_room(room: usize, name: &str, ring: Ring, sink: impl Sink + 'static) -> io::Result<Self> {
        let (queue, notes) = sync_channel(room);
        let dropped = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&dropped);
        thread::Builder::new().name(name.to_owned()).spawn(move || serve(&notes, &counted, sink))?;
        Ok(Self { queue, dropped, ring })
    }

    /// Gives a line. Without room it is dropped and counted.
    pub fn give(&self, line: Arc<LogLine>) {
        if self.queue.try_send(Note::Line(line)).is_err() {
            self.dropped.fetch_add(1, Relaxed);
            self.ring.dropped(1);
        }
    }

    /// Asks for attention. A queue that is full has the thread awake already, and it looks around after each batch.
    pub fn wake(&self) {
        let _ = self.queue.try_send(Note::Wake);
    }

    /// Waits until everything given so far is written; `false`: not within that time.
    pub fn flush(&self, patience: Duration) -> bool {
        let until = Instant::now() + patience;
        let (done, written) = sync_channel(1);
        let mut note = Note::Flush(done);
        loop {
            match self.queue.try_send(note) {
                Ok(()) => break,
                Err(TrySendError::Disconnected(_)) => return false,
                Err(TrySendError::Full(_)) if Instant::now() >= until => return false,
                Err(TrySendError::Full(back)) => note = back,
            }
            thread::sleep(AGAIN);
        }
        !matches!(written.recv_timeout(until.saturating_duration_since(Instant::now())), Err(RecvTimeoutError::Timeout))
    }
}

fn serve(notes: &Receiver<Note>, dropped: &AtomicU64, mut sink: impl Sink) {
    let mut lines = Vec::new();
    while let Ok(first) = notes.recv() {
        let (mut waiting, mut woken) = (Vec::new(), false);
        let mut next = Some(first);
        while let Some(note) = next {
            match note {
                Note::Line(line) => lines.push(line),
                Note::Wake => woken = true,
                Note::Flush(done) => waiting.push(done),
            }
            next = if lines.len() < BATCH { notes.try_recv().ok() } else { None };
        }
        if woken {
            sink.wake();
        }
        let lost = dropped.swap(0, Relaxed);
        if !lines.is_empty() || lost > 0 {
            sink.write(&lines, lost);
            lines.clear();
        }
        for done in waiting {
            // Whoever does not wait any more needs no answer.
            let _ = done.try_send(());
        }
    }
    sink.close();
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::domain::{LogLevel, Wall};

    /// Writes when it is allowed to.
    struct Slow {
        may: mpsc::Receiver<()>,
        wrote: mpsc::Sender<(usize, u64)>,
    }

    impl Sink for Slow {
        fn write(&mut self, lines: &[Arc<LogLine>], dropped: u64) {
            let _ = self.may.recv();
            let _ = self.wrote.send((lines.len(), dropped));
        }
    }

    #[test]
    fn a_full_queue_drops_counts_and_tells_and_nobody_waits() {
        let ring = Ring::default();
        let ((allow, may), (wrote, written)) = (mpsc::channel(), mpsc::channel());
        let lane = Lane::with_room(8, "test", ring.clone(), Slow { may, wrote }).unwrap();
        let line = ring.push(Wall(0), LogLevel::Info, String::new(), String::new());
        // The thread is stuck in its first batch, of whatever size; then eight wait, and the rest is dropped.
        for _ in 0..100 {
            lane.give(Arc::clone(&line));
        }
        let dropped = ring.health().dropped;
        assert!(dropped >= 80, "{dropped}");
        for _ in 0..100 {
            allow.send(()).unwrap();
        }
        assert!(lane.flush(Duration::from_secs(20)));
        let (lines, told) = written.try_iter().fold((0, 0), |(a, b), (lines, dropped)| (a + lines as u64, b + dropped));
        assert_eq!((lines + told, told), (100, dropped));
    }
}
