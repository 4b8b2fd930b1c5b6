//! The one thread that writes. Everything that waits is committed together; what cannot be written is kept
//! and tried again on a new connection.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode};
use tokio::sync::mpsc::Sender;
use tokio::sync::oneshot;

use super::errands::{Errand, Errands};
use super::keep::{Entry, Kept};
use super::lock::Lock;
use super::rows::{Book, is_there};
use super::upkeep::Upkeep;
use super::{Batch, Clock, StoreError, recover, schema, search};
use crate::config::Storage;
use crate::domain::{BatchNo, Recovered, Row, Seq};
use crate::flow::Input;

/// The first pause after a failure; doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How long a stopping store goes on trying to write what it kept.
const LAST_TRIES: Duration = Duration::from_secs(3);
/// Time of one slice of indexing or cleaning: the longest that it can hold up a commit.
const SLICE: Duration = Duration::from_millis(1);
/// Between slices: of indexing, of cleaning.
const SHORT_BREATH: Duration = Duration::from_millis(1);
const BREATH: Duration = Duration::from_millis(10);
/// Lines that may stay out of the index: a search scans so many in a few milliseconds. From the lower number
/// on, all of them are indexed when there is time; from the upper, some after each commit.
const LAZY: u64 = 512;
const BEHIND: u64 = 4096;
/// Beyond so many (a flood, an import) commits do wait for the index, else searches would.
const FAR_BEHIND: u64 = 65_536;
const LONG_SLICE: Duration = Duration::from_millis(20);
/// Pages of the log after which it is written back by another thread, and after which the writer does so itself.
const LOG: i32 = 2000;
const LONG_LOG: i32 = 16_384;

/// What the writer is told.
pub(super) enum Work {
    /// Rows, in order.
    Batches(Vec<Batch>),
    /// New settings.
    Settings(Storage),
    /// Clean now rather than when it is due.
    Sweep,
    /// Write what waits, then tell what is going on, for an engine that begins anew.
    Recover(oneshot::Sender<Result<Recovered, StoreError>>),
    /// For tests that need a fault on this very connection.
    #[cfg(test)]
    Do(Box<dyn FnOnce(&Connection) + Send>),
}

pub(super) struct Writer {
    path: PathBuf,
    settings: Storage,
    clock: Clock,
    work: Receiver<Work>,
    tell: Sender<Input>,
    errands: (Errands, JoinHandle<()>),
    /// `None` after a failure, until the next try.
    conn: Option<Connection>,
    book: Book,
    kept: Kept,
    pause: Option<(Instant, Duration)>,
    upkeep: Upkeep,
    /// Indexing has begun and goes on until nothing is left.
    indexing: bool,
    /// When the last slice ended.
    sliced: Option<Instant>,
    /// Pages of the log, as its hook tells.
    log: Arc<AtomicI32>,
    /// Pages of the log when it was last asked to be written back.
    asked: i32,
    _lock: Lock,
}

impl Writer {
    /// Takes over a connection on which everything is recovered.
    pub(super) fn new(
        (path, lock): (PathBuf, Lock),
        conn: Connection,
        (settings, clock): (Storage, Clock),
        (work, tell): (Receiver<Work>, Sender<Input>),
        errands: (Errands, JoinHandle<()>),
    ) -> rusqlite::Result<Self> {
        let mut writer = Self {
            path,
            settings,
            clock,
            work,
            tell,
            errands,
            conn: None,
            book: Book::read(&conn)?,
            kept: Kept::default(),
            pause: None,
            upkeep: Upkeep::new(Instant::now()),
            indexing: false,
            sliced: None,
            log: Arc::default(),
            asked: 0,
            _lock: lock,
        };
        writer.adopt(conn)?;
        Ok(writer)
    }

    fn adopt(&mut self, mut conn: Connection) -> rusqlite::Result<()> {
        let log = Arc::clone(&self.log);
        conn.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, pages| {
            log.store(pages, Ordering::Relaxed);
            Ok(())
        }))?;
        self.conn = Some(conn);
        Ok(())
    }

    /// Until the store lets go of the queue.
    pub(super) fn run(mut self) {
        loop {
            match self.work.recv_timeout(self.wait()) {
                Ok(work) => self.take(work),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            while !self.kept.is_group() {
                let Ok(work) = self.work.try_recv() else { break };
                self.take(work);
            }
            if self.may_write() {
                self.write();
            }
            // Also under a load that never pauses, only more rarely.
            let is_due = self.slice_in().is_zero() || self.book.unindexed >= BEHIND;
            if self.pause.is_none() && is_due {
                self.slice();
                self.sliced = Some(Instant::now());
            }
        }
        self.finish();
    }

    fn take(&mut self, work: Work) {
        match work {
            Work::Batches(batches) => {
                let failing = self.pause.is_some();
                let lost: Vec<_> = batches.into_iter().flat_map(|batch| self.kept.push(batch, failing)).collect();
                for batch in lost {
                    let words = "the store cannot write and its memory is full: given up".to_owned();
                    self.say(Input::CommitFailed { batch, words });
                }
            }
            Work::Settings(settings) => {
                self.settings = settings;
                self.errands.0.durability(self.settings.durability);
                if let Some(conn) = &self.conn
                    && let Err(e) = schema::set_durability(conn, self.settings.durability)
                {
                    tracing::error!("storage.durability did not take: {e}");
                }
            }
            Work::Sweep => self.upkeep.hurry(Instant::now()),
            Work::Recover(reply) => drop(reply.send(self.recover())),
            #[cfg(test)]
            Work::Do(act) => {
                if let Some(conn) = &self.conn {
                    act(conn);
                }
            }
        }
    }

    fn recover(&mut self) -> Result<Recovered, StoreError> {
        if self.may_write() {
            self.write();
        }
        self.connection()?;
        let conn = self.conn.as_ref().ok_or(StoreError::Stopped)?;
        let recovered = recover::again(conn, (self.clock)())?;
        // It has ended some lines.
        self.book = Book::read(conn)?;
        Ok(recovered)
    }

    /// How long nothing has to be done. Hours, when nothing is going on: no wake-ups.
    fn wait(&self) -> Duration {
        match self.pause {
            Some((until, _)) => until.saturating_duration_since(Instant::now()),
            None if self.kept.waiting() > 0 => Duration::ZERO,
            None => self.slice_in(),
        }
    }

    /// Until the next slice of what can wait.
    fn slice_in(&self) -> Duration {
        let now = Instant::now();
        let breath = if self.indexing || self.book.unindexed >= LAZY {
            SHORT_BREATH
        } else if self.upkeep.is_busy() {
            BREATH
        } else {
            return self.upkeep.wait(now);
        };
        self.sliced.map_or(Duration::ZERO, |last| (last + breath).saturating_duration_since(now))
    }

    fn may_write(&self) -> bool {
        self.kept.waiting() > 0 && self.pause.is_none_or(|(until, _)| until <= Instant::now())
    }

    fn say(&self, input: Input) {
        // A runtime that is gone needs no answers.
        let _ = self.tell.blocking_send(input);
    }

    /// One transaction for all that waits. Confirmed only after the commit.
    fn write(&mut self) {
        match self.commit() {
            Ok(None) => {}
            Ok(Some((batch, duplicates))) => {
                if self.pause.take().is_some() {
                    tracing::info!("the store writes again; {} rows were given up meanwhile", self.kept.lost());
                }
                self.say(Input::Committed { batch, duplicates });
                self.mind_the_log();
            }
            Err(e) => self.fail(&e),
        }
    }

    fn fail(&mut self, e: &rusqlite::Error) {
        // Whatever the connection thinks it wrote is not to be believed (threats.md G03).
        self.conn = None;
        let pause = self.pause.map_or(FIRST_PAUSE, |(_, pause)| (pause * 2).min(LONGEST_PAUSE));
        self.pause = Some((Instant::now() + pause, pause));
        let mut words = e.to_string();
        if self.kept.lost() > 0 {
            words = format!("{words}; {} rows given up", self.kept.lost());
        }
        tracing::error!(kept = self.kept.waiting(), "the store cannot write: {words}");
        for batch in self.kept.untold() {
            self.say(Input::CommitFailed { batch, words: words.clone() });
        }
    }

    fn connection(&mut self) -> rusqlite::Result<()> {
        if self.conn.is_none() {
            let conn = schema::connect(&self.path, self.settings.durability)?;
            self.book = Book::read(&conn)?;
            self.adopt(conn)?;
        }
        Ok(())
    }

    /// The last batch that is now on disk, and the duplicates among the lines of all of them.
    fn commit(&mut self) -> rusqlite::Result<Option<(BatchNo, Vec<Seq>)>> {
        self.connection()?;
        let Some(conn) = &self.conn else { return Ok(None) };
        conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let (mut count, mut last, mut duplicates) = (0, None, Vec::new());
        for Entry { batch, serial, .. } in self.kept.group() {
            // A commit may have reached the disk although it was reported as failed.
            if *serial <= self.book.batch {
                known(conn, &batch.rows, &mut duplicates)?;
            } else {
                for row in &batch.rows {
                    apply(&mut self.book, conn, row, &mut duplicates)?;
                }
                self.book.batch = *serial;
            }
            (count, last) = (count + 1, Some(batch.no));
        }
        self.book.close(conn)?;
        conn.prepare_cached("COMMIT")?.execute([])?;
        self.kept.written(count);
        Ok(last.map(|last| (last, duplicates)))
    }

    /// A slice of what can wait: the index first, then cleaning.
    fn slice(&mut self) {
        if self.pause.is_some() {
            return;
        }
        if let Err(e) = self.connection() {
            return self.put_off(&e);
        }
        let Some(conn) = &self.conn else { return };
        let slice = if self.book.unindexed > FAR_BEHIND { LONG_SLICE } else { SLICE };
        let end = Instant::now() + slice;
        let now = (self.clock)();
        self.indexing |= self.book.unindexed >= LAZY;
        let outcome = if self.indexing {
            let outcome = index(conn, &mut self.book, end);
            self.indexing = self.book.unindexed > 0;
            outcome
        } else {
            if self.upkeep.begin(Instant::now()) {
                self.errands.0.daily(&self.settings, now);
            }
            self.upkeep.slice(conn, &self.settings, now.wall, end, self.book.indexed)
        };
        match outcome {
            Ok(()) => self.mind_the_log(),
            Err(e) => self.put_off(&e),
        }
    }

    /// Indexing and cleaning failed: both wait a minute, or until the next commit has succeeded.
    fn put_off(&mut self, e: &rusqlite::Error) {
        tracing::error!("the store's upkeep failed: {e}");
        self.upkeep.put_off(Instant::now());
        self.conn = None;
        self.indexing = false;
        self.book.unindexed = 0;
    }

    /// Keeps the log short without anybody waiting for the disk; only a log that outgrows the other
    /// thread's work is written back here, where nothing can be added meanwhile.
    fn mind_the_log(&mut self) {
        let pages = self.log.load(Ordering::Relaxed);
        if pages < self.asked {
            self.asked = 0;
        }
        if pages - self.asked < LOG {
            return;
        }
        self.asked = pages;
        if pages < LONG_LOG {
            self.errands.0.send(Errand::Checkpoint);
        } else if let Some(conn) = &self.conn
            && let Err(e) = schema::checkpoint(conn)
        {
            tracing::warn!("the store's log could not be written back: {e}");
        }
    }

    /// Writes what is left, and leaves one file without a log.
    fn finish(mut self) {
        let end = Instant::now() + LAST_TRIES;
        while self.kept.waiting() > 0 && Instant::now() < end {
            if let Some((until, _)) = self.pause {
                std::thread::sleep(until.saturating_duration_since(Instant::now()));
            }
            self.write();
        }
        if self.kept.waiting() > 0 {
            tracing::error!("{} batches could not be written before the end", self.kept.waiting());
        }
        let Self { conn, errands: (errands, thread), .. } = self;
        // The store lets go of its end too; while a backup is being made, the log cannot be emptied.
        drop(errands);
        if thread.join().is_err() {
            tracing::error!("the store's thread for errands had died");
        }
        if let Some(conn) = conn
            && let Err(e) = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        {
            tracing::warn!("the store's log could not be written back: {e}");
        }
    }
}

fn index(conn: &Connection, book: &mut Book, end: Instant) -> rusqlite::Result<()> {
    conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    let (count, reached) = search::index_some(conn, book.indexed, || Instant::now() >= end)?;
    conn.prepare_cached("COMMIT")?.execute([])?;
    book.indexed = reached;
    // The estimate drifts where lines were deleted meanwhile; with nothing left it is right again.
    book.unindexed = if count == 0 { 0 } else { book.unindexed.saturating_sub(count) };
    Ok(())
}

/// One row. A row that the tables refuse (which is a mistake of ours) is left out and logged: it would be
/// refused again, and everything behind it with it.
fn apply(book: &mut Book, conn: &Connection, row: &Row, duplicates: &mut Vec<Seq>) -> rusqlite::Result<()> {
    match book.apply(conn, row, duplicates) {
        Err(e) if is_refusal(&e) => {
            tracing::error!("a row was refused and is left out: {e}: {row:?}");
            Ok(())
        }
        other => other,
    }
}

fn is_refusal(e: &rusqlite::Error) -> bool {
    use ErrorCode::{ConstraintViolation, ParameterOutOfRange, TooBig, TypeMismatch};
    match e {
        rusqlite::Error::SqliteFailure(e, _) => {
            matches!(e.code, ConstraintViolation | ParameterOutOfRange | TooBig | TypeMismatch)
        }
        rusqlite::Error::ToSqlConversionFailure(_) => true,
        _ => false,
    }
}

/// The duplicates of a batch that is on disk already: lines heard that are under another number.
fn known(conn: &Connection, rows: &[Row], duplicates: &mut Vec<Seq>) -> rusqlite::Result<()> {
    for row in rows {
        if let Row::Heard { line, .. } = row
            && !is_there(conn, line.seq)?
        {
            duplicates.push(line.seq);
        }
    }
    Ok(())
}
