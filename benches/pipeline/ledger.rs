//! The least that keeps the promise "on disk before the frame leaves": one thread, one table, one transaction for
//! all that waits, a log that is written back by SQLite itself.

use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};

use rusqlite::Connection;
use tokio::sync::oneshot;

/// A reply, and who waits for it to be on disk.
type Entry = (String, oneshot::Sender<()>);

/// The way to the thread.
#[derive(Clone)]
pub struct Ledger(Sender<Entry>);

impl Ledger {
    /// Opens a new database as qqdeck does its own with `durability = "process"`.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let conn = Connection::open(path)?;
        conn.pragma_update(None, "journal_mode", "WAL")?;
        conn.pragma_update(None, "synchronous", "NORMAL")?;
        conn.execute_batch("CREATE TABLE replies(id INTEGER PRIMARY KEY, text TEXT NOT NULL)")?;
        let (entries, queue) = channel();
        std::thread::spawn(move || {
            if let Err(e) = write(&conn, &queue) {
                eprintln!("the ledger cannot be written: {e}");
            }
        });
        Ok(Self(entries))
    }

    /// Returns once it is on disk; `None`: never.
    pub async fn commit(&self, reply: &str) -> Option<()> {
        let (done, committed) = oneshot::channel();
        self.0.send((reply.to_owned(), done)).ok()?;
        committed.await.ok()
    }
}

fn write(conn: &Connection, queue: &Receiver<Entry>) -> rusqlite::Result<()> {
    while let Ok(first) = queue.recv() {
        let group: Vec<Entry> = std::iter::once(first).chain(queue.try_iter()).collect();
        conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        for (text, _) in &group {
            conn.prepare_cached("INSERT INTO replies(text) VALUES(?1)")?.execute([text])?;
        }
        conn.prepare_cached("COMMIT")?.execute([])?;
        for (_, done) in group {
            // Whoever asked may be gone.
            let _ = done.send(());
        }
    }
    Ok(())
}
