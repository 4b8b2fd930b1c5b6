//! Threads that read beside the writer.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use super::{StoreError, history, schema};
use crate::domain::{Line, Load, Page, Query};

/// Threads. Two, so that one slow question does not hold up another.
const READERS: usize = 2;
/// Questions that may wait. An operator's console asks one at a time, so this is many operators.
const WAITING: usize = 64;
/// Loads that may wait; the engine has at most one under way for each conversation.
const LOADS: usize = 4096;

/// Where the lines of a load go.
type Lines = oneshot::Sender<Result<Vec<Line>, StoreError>>;

#[derive(Default)]
struct Tray {
    loads: VecDeque<(Load, Lines)>,
    queries: VecDeque<(Query, oneshot::Sender<Page>)>,
    closed: bool,
}

enum Task {
    Load(Load, Lines),
    Query(Query, oneshot::Sender<Page>),
}

/// Where questions lie until a reader takes one. Bounded; a full one refuses. Loads are taken first: a
/// reply waits for them.
#[derive(Default)]
pub(super) struct Desk {
    tray: Mutex<Tray>,
    bell: Condvar,
}

impl Desk {
    fn tray(&self) -> MutexGuard<'_, Tray> {
        // Nothing is half done in there when a thread dies.
        self.tray.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers with [`Page::Failed`] when too many wait already.
    pub(super) fn query(&self, query: Query) -> oneshot::Receiver<Page> {
        let (tell, answer) = oneshot::channel();
        let mut tray = self.tray();
        // Whoever turned a page quickly has dropped the answers to the former questions.
        tray.queries.retain(|(_, tell)| !tell.is_closed());
        if tray.closed || tray.queries.len() >= WAITING {
            let _ = tell.send(Page::Failed("the store is busy: too many questions at once".into()));
        } else {
            tray.queries.push_back((query, tell));
            self.bell.notify_one();
        }
        answer
    }

    /// Answers with [`StoreError::Full`] when too many wait already.
    pub(super) fn load(&self, load: Load) -> oneshot::Receiver<Result<Vec<Line>, StoreError>> {
        let (tell, answer) = oneshot::channel();
        let mut tray = self.tray();
        if tray.closed || tray.loads.len() >= LOADS {
            let _ = tell.send(Err(StoreError::Full));
        } else {
            tray.loads.push_back((load, tell));
            self.bell.notify_one();
        }
        answer
    }

    /// Sends the readers home once nothing waits.
    pub(super) fn close(&self) {
        self.tray().closed = true;
        self.bell.notify_all();
    }

    fn next(&self) -> Option<Task> {
        let mut tray = self.tray();
        loop {
            if let Some((load, tell)) = tray.loads.pop_front() {
                return Some(Task::Load(load, tell));
            }
            if let Some((query, tell)) = tray.queries.pop_front() {
                return Some(Task::Query(query, tell));
            }
            if tray.closed {
                return None;
            }
            tray = self.bell.wait(tray).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Starts the readers.
pub(super) fn start(desk: &Arc<Desk>, path: &std::path::Path) -> Result<Vec<JoinHandle<()>>, StoreError> {
    let reader = |n: usize| {
        let (desk, path) = (Arc::clone(desk), path.to_owned());
        let thread = std::thread::Builder::new().name(format!("store-read-{n}"));
        thread.spawn(move || read(&desk, path)).map_err(|e| StoreError::io(std::path::Path::new("thread"), e))
    };
    (0..READERS).map(reader).collect()
}

/// One reader's life. Its connection is opened at the first question, and anew after a question failed.
fn read(desk: &Desk, path: PathBuf) {
    let mut open = None;
    while let Some(task) = desk.next() {
        let mut conn = match open.take().map_or_else(|| schema::connect_reader(&path), Ok) {
            Ok(conn) => conn,
            Err(e) => {
                match task {
                    Task::Load(_, tell) => drop(tell.send(Err(e.into()))),
                    Task::Query(_, tell) => drop(tell.send(Page::Failed(e.to_string()))),
                }
                continue;
            }
        };
        let sound = match task {
            Task::Load(load, tell) => {
                let lines = history::load(&conn, &load).map_err(StoreError::from);
                let sound = lines.is_ok();
                let _ = tell.send(lines);
                sound
            }
            Task::Query(_, tell) if tell.is_closed() => true,
            Task::Query(query, tell) => {
                let page = history::answer(&mut conn, &query);
                let sound = !matches!(page, Page::Failed(_));
                let _ = tell.send(page);
                sound
            }
        };
        open = sound.then_some(conn);
    }
}
