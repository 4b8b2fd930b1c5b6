//! The newest lines in memory, for whoever watches: the console's view of the log, and `ctl logs`.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::domain::{LogHealth, LogLevel, LogLine, LogNews, Wall};

/// Lines kept.
pub const ROOM: usize = 2000;

/// The newest lines. Clones are the same.
#[derive(Debug, Clone)]
pub struct Ring(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    lines: Mutex<VecDeque<Arc<LogLine>>>,
    /// Latest wins: the number of the newest line. Readers fetch what they lack and are told what they missed.
    last: watch::Sender<u64>,
    dropped: AtomicU64,
    lost: AtomicU64,
    trouble: Mutex<Option<Arc<str>>>,
}

impl Default for Ring {
    fn default() -> Self {
        Self(Arc::new(Inner {
            lines: Mutex::default(),
            last: watch::Sender::new(0),
            dropped: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            trouble: Mutex::default(),
        }))
    }
}

/// A panic elsewhere cannot have broken what is whole between any two statements.
fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Ring {
    /// Takes a line in; never waits for readers.
    pub fn push(&self, at: Wall, level: LogLevel, target: String, text: String) -> Arc<LogLine> {
        let mut lines = lock(&self.0.lines);
        let seq = lines.back().map_or(1, |line| line.seq + 1);
        let (target, text) = (target.into_boxed_str(), text.into_boxed_str());
        let line = Arc::new(LogLine { seq, at, level, target, text });
        if lines.len() == ROOM {
            lines.pop_front();
        }
        lines.push_back(Arc::clone(&line));
        drop(lines);
        // Two who come at once may tell in the other order; the newest is told either way.
        self.0.last.send_if_modified(|last| std::mem::replace(last, seq.max(*last)) < seq);
        line
    }

    /// What somebody lacks who has seen everything up to `after`: at most the newest `most` lines.
    pub fn since(&self, after: u64, most: usize) -> LogNews {
        let lines = lock(&self.0.lines);
        let last = lines.back().map_or(0, |line| line.seq);
        let first = lines.front().map_or(1, |line| line.seq);
        let begin = (after + 1).max(first).max((last + 1).saturating_sub(most as u64));
        let skip = usize::try_from(begin - first).unwrap_or(usize::MAX);
        let wanted: Vec<_> = lines.iter().skip(skip).cloned().collect();
        drop(lines);
        // Before the ring's first line nobody missed anything who has not seen any.
        let skipped = if after == 0 { 0 } else { begin.saturating_sub(after + 1) };
        LogNews { lines: wanted, last, skipped, health: self.health() }
    }

    /// A reader that has seen everything up to `after`.
    pub fn reader(&self, after: u64) -> Reader {
        Reader { ring: self.clone(), last: self.0.last.subscribe(), after }
    }

    /// How the log does.
    pub fn health(&self) -> LogHealth {
        let inner = &self.0;
        let trouble = lock(&inner.trouble).clone();
        LogHealth { dropped: inner.dropped.load(Relaxed), lost: inner.lost.load(Relaxed), trouble }
    }

    /// So many lines came too fast for the files.
    pub fn dropped(&self, n: u64) {
        self.0.dropped.fetch_add(n, Relaxed);
    }

    /// The disk did not take so many lines.
    pub fn lost(&self, n: u64, words: &str) {
        self.0.lost.fetch_add(n, Relaxed);
        *lock(&self.0.trouble) = Some(words.into());
    }

    /// The disk takes lines again.
    pub fn well(&self) {
        *lock(&self.0.trouble) = None;
    }
}

/// Somebody who follows the log.
#[derive(Debug)]
pub struct Reader {
    ring: Ring,
    last: watch::Receiver<u64>,
    after: u64,
}

impl Reader {
    /// Waits until there is something new. Nothing is lost when the future is dropped unfinished.
    pub async fn wait(&mut self) {
        let after = self.after;
        // The ring that we hold keeps the sender.
        let _ = self.last.wait_for(|last| *last > after).await;
    }

    /// What is new: at most the newest `most` lines.
    pub fn take(&mut self, most: usize) -> LogNews {
        let news = self.ring.since(self.after, most);
        self.after = self.after.max(news.last);
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say(ring: &Ring, n: usize) {
        for _ in 0..n {
            ring.push(Wall(0), LogLevel::Info, "qqdeck".into(), "x".into());
        }
    }

    fn seqs(news: &LogNews) -> (u64, u64, usize, u64) {
        let (first, last) = (news.lines.first().map_or(0, |l| l.seq), news.lines.last().map_or(0, |l| l.seq));
        (first, last, news.lines.len(), news.skipped)
    }

    #[test]
    fn it_keeps_the_newest_and_tells_what_a_reader_missed() {
        let ring = Ring::default();
        assert_eq!(seqs(&ring.since(0, 9)), (0, 0, 0, 0));
        say(&ring, 5);
        assert_eq!(seqs(&ring.since(0, 9)), (1, 5, 5, 0));
        assert_eq!(seqs(&ring.since(3, 9)), (4, 5, 2, 0));
        assert_eq!(seqs(&ring.since(5, 9)), (0, 0, 0, 0));
        assert_eq!(seqs(&ring.since(1, 2)), (4, 5, 2, 2));
        say(&ring, ROOM);
        assert_eq!(seqs(&ring.since(0, 9999)), (6, 2005, ROOM, 0));
        assert_eq!(seqs(&ring.since(2, 9999)), (6, 2005, ROOM, 3));
        assert_eq!(seqs(&ring.since(9999, 9)), (0, 0, 0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_sleeps_until_there_is_something_and_loses_nothing_when_it_is_disturbed() {
        let ring = Ring::default();
        let mut reader = ring.reader(0);
        let second = std::time::Duration::from_secs(1);
        assert!(tokio::time::timeout(second, reader.wait()).await.is_err());
        say(&ring, 3);
        reader.wait().await;
        // Disturbed here: it is told again.
        reader.wait().await;
        assert_eq!(reader.take(2).skipped, 0, "who has seen nothing missed nothing");
        assert!(tokio::time::timeout(second, reader.wait()).await.is_err());
        say(&ring, 3);
        reader.wait().await;
        assert_eq!(seqs(&reader.take(2)), (5, 6, 2, 1));
    }
}
