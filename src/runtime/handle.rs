//! What doors hold of the running bot: a lane for requests, a view of the state, and what is being said.
//!
//! Holding a [`Handle`] costs the runtime nothing. The state is published only while somebody holds a [`Watch`],
//! lines only while somebody holds a [`Tail`]; both are asked for through the request lane, so that a runtime
//! that sleeps because nobody reads is woken by the first reader.

use std::sync::Arc;

use tokio::sync::{broadcast, mpsc, oneshot, watch};

use crate::config::{Config, Origins};
use crate::domain::{Command, Done, Line, Measures, Operator, Page, Peer, Query, Reason, Refusal, Snapshot};
pub use crate::logs::{Reader as LogReader, Ring as Log};

/// Lines that a slow reader of [`Tail`] may lag behind before it loses some.
const TAIL: usize = 256;

/// One thing that a door asks of the runtime. Answered once, or never if the runtime ends first.
#[derive(Debug)]
pub enum Request {
    /// For the engine. Answered after the snapshot that shows the effect.
    Command {
        /// Who asks.
        operator: Operator,
        /// The version of the chat that was on the screen.
        expects: Option<u64>,
        /// What.
        command: Command,
        /// Where the answer goes.
        reply: oneshot::Sender<Result<Done, Refusal>>,
    },
    /// For the store; never passes through the engine.
    Query {
        /// What.
        query: Query,
        /// Where the answer goes.
        reply: oneshot::Sender<Page>,
    },
    /// A snapshot as of now with everything measured since the start.
    Measures {
        /// Where they go.
        reply: oneshot::Sender<(Arc<Snapshot>, Box<Measures>)>,
    },
    /// A snapshot as of now, whether or not anybody watches. The runtime also publishes it.
    Snapshot {
        /// Where it goes.
        reply: oneshot::Sender<Arc<Snapshot>>,
    },
}

/// The configuration in force, its file, and where each of its keys stands: what a verdict points at.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Placed {
    /// The file.
    pub file: std::path::PathBuf,
    /// The lines.
    pub origins: Arc<Origins>,
    /// What holds.
    pub config: Arc<Config>,
    /// The file holds something else now, which was refused.
    pub refused: bool,
}

impl Placed {
    /// `config.toml:58`, where the key that decided in this chat is written; `None` where a default decided.
    pub fn of(&self, reason: &Reason, peer: Peer) -> Option<String> {
        let (_, position) = self.origins.decided(reason.config_key()?, peer)?;
        let name = self.file.file_name().map(std::ffi::OsStr::to_string_lossy)?;
        Some(format!("{name}:{}", position.line))
    }
}

/// The runtime has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the bot has stopped")]
pub struct Gone;

/// The doors' end. Clones are cheap and equal.
#[derive(Debug, Clone)]
pub struct Handle {
    /// Bounded and awaits: the runtime's own lane for doors, taken before its other inputs.
    requests: mpsc::Sender<Request>,
    /// Latest wins. Held only to subscribe: a sender does not count as a reader.
    snapshots: watch::Sender<Arc<Snapshot>>,
    /// Drops and counts: a reader that lags is told how many lines it lost. Held only to subscribe.
    lines: broadcast::Sender<Arc<Line>>,
    /// Latest wins.
    placed: watch::Receiver<Placed>,
    /// The newest lines of the log; latest wins, and it tells what a reader missed.
    log: Log,
}

/// The runtime's ends.
#[derive(Debug)]
pub struct Ends {
    /// What doors ask; `None` from it means that all doors are closed.
    pub requests: mpsc::Receiver<Request>,
    /// Where the state goes.
    pub snapshots: Publisher,
    /// Where lines go.
    pub lines: Lines,
    /// Where the configuration's places go. Latest wins.
    pub placed: watch::Sender<Placed>,
}

impl Handle {
    /// A handle and the runtime's ends of it. `room`: requests that may wait before doors wait themselves.
    pub fn pair(room: usize) -> (Self, Ends) {
        let (requests, incoming) = mpsc::channel(room.max(1));
        let (snapshots, _) = watch::channel(Arc::new(Snapshot::default()));
        let (lines, _) = broadcast::channel(TAIL);
        let (place, placed) = watch::channel(Placed::default());
        let ends = Ends {
            requests: incoming,
            snapshots: Publisher { sender: snapshots.clone() },
            lines: Lines { sender: lines.clone() },
            placed: place,
        };
        (Self { requests, snapshots, lines, placed, log: Log::default() }, ends)
    }

    /// With the log of this process.
    #[must_use]
    pub fn with_log(self, log: Log) -> Self {
        Self { log, ..self }
    }

    /// The newest lines of the log. The runtime is not asked: it has nothing to do with them.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Gives a command and waits for what came of it.
    ///
    /// # Errors
    /// The engine's refusal; [`Refusal::ShuttingDown`] when the runtime ends before it answers.
    pub async fn command(&self, operator: Operator, expects: Option<u64>, command: Command) -> Result<Done, Refusal> {
        let ask = |reply| Request::Command { operator, expects, command, reply };
        self.ask(ask).await.unwrap_or(Err(Refusal::ShuttingDown))
    }

    /// Hands a command over, and gives the answer to come. Commands that are handed over one after another reach
    /// the engine in this order, however long their answers take.
    ///
    /// # Errors
    /// [`Gone`] when the runtime has ended. Without an answer to come, it ended meanwhile.
    pub async fn hand_over(
        &self,
        operator: Operator,
        expects: Option<u64>,
        command: Command,
    ) -> Result<oneshot::Receiver<Result<Done, Refusal>>, Gone> {
        let (reply, answer) = oneshot::channel();
        let request = Request::Command { operator, expects, command, reply };
        self.requests.send(request).await.map_err(|_| Gone)?;
        Ok(answer)
    }

    /// Asks for stored history.
    ///
    /// # Errors
    /// [`Gone`] when the runtime ends before it answers.
    pub async fn query(&self, query: Query) -> Result<Page, Gone> {
        self.ask(|reply| Request::Query { query, reply }).await
    }

    /// The state as of now.
    ///
    /// # Errors
    /// [`Gone`] when the runtime ends before it answers.
    pub async fn snapshot(&self) -> Result<Arc<Snapshot>, Gone> {
        self.ask(|reply| Request::Snapshot { reply }).await
    }

    /// The state as of now, and everything measured since the start.
    ///
    /// # Errors
    /// [`Gone`] when the runtime ends before it answers.
    pub async fn measures(&self) -> Result<(Arc<Snapshot>, Box<Measures>), Gone> {
        self.ask(|reply| Request::Measures { reply }).await
    }

    /// The state now and each later one, as long as the watch is held.
    ///
    /// # Errors
    /// [`Gone`] when the runtime ends before it answers.
    pub async fn watch(&self) -> Result<Watch, Gone> {
        // Subscribed first: nothing that is published after the request can be missed.
        let receiver = self.snapshots.subscribe();
        let current = self.snapshot().await?;
        Ok(Watch { receiver, current, requests: self.requests.clone() })
    }

    /// Lines as they are heard and said, as long as the tail is held.
    pub fn tail(&self) -> Tail {
        Tail { receiver: self.lines.subscribe(), requests: self.requests.clone() }
    }

    /// Where the configuration in force stands.
    pub fn placed(&self) -> Placed {
        self.placed.borrow().clone()
    }

    /// The configuration in force, and each later one. Latest wins.
    pub fn placements(&self) -> watch::Receiver<Placed> {
        self.placed.clone()
    }

    /// Whether the runtime has ended.
    pub fn is_gone(&self) -> bool {
        self.requests.is_closed()
    }

    async fn ask<T>(&self, request: impl FnOnce(oneshot::Sender<T>) -> Request) -> Result<T, Gone> {
        let (reply, answer) = oneshot::channel();
        self.requests.send(request(reply)).await.map_err(|_| Gone)?;
        answer.await.map_err(|_| Gone)
    }
}

/// A reader of the state. While one is held, the runtime publishes.
#[derive(Debug)]
pub struct Watch {
    receiver: watch::Receiver<Arc<Snapshot>>,
    current: Arc<Snapshot>,
    requests: mpsc::Sender<Request>,
}

impl Watch {
    /// The newest state that [`Watch::changed`] has seen.
    pub fn current(&self) -> &Arc<Snapshot> {
        &self.current
    }

    /// Waits for a newer state; states in between are skipped. `None`: the runtime has ended.
    pub async fn changed(&mut self) -> Option<&Arc<Snapshot>> {
        loop {
            tokio::select! {
                changed = self.receiver.changed() => changed.ok()?,
                () = self.requests.closed() => return None,
            }
            let newest = self.receiver.borrow_and_update().clone();
            // The answer of the first request is published too, and may come second.
            if newest.version > self.current.version {
                self.current = newest;
                return Some(&self.current);
            }
        }
    }
}

/// What a [`Tail`] gives.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// A line.
    Line(Arc<Line>),
    /// So many were lost because the reader was slow.
    Missed(u64),
}

/// A reader of lines.
#[derive(Debug)]
pub struct Tail {
    receiver: broadcast::Receiver<Arc<Line>>,
    requests: mpsc::Sender<Request>,
}

impl Tail {
    /// Waits for the next line. `None`: the runtime has ended.
    pub async fn next(&mut self) -> Option<Heard> {
        tokio::select! {
            biased;
            line = self.receiver.recv() => match line {
                Ok(line) => Some(Heard::Line(line)),
                Err(broadcast::error::RecvError::Lagged(n)) => Some(Heard::Missed(n)),
                Err(broadcast::error::RecvError::Closed) => None,
            },
            () = self.requests.closed() => None,
        }
    }
}

/// Where the runtime puts the state.
#[derive(Debug)]
pub struct Publisher {
    sender: watch::Sender<Arc<Snapshot>>,
}

impl Publisher {
    /// Whether anybody watches; nothing needs to be built while nobody does.
    pub fn wanted(&self) -> bool {
        self.sender.receiver_count() > 0
    }

    /// Replaces the state; readers that have not seen the former skip it.
    pub fn publish(&self, snapshot: Arc<Snapshot>) {
        self.sender.send_replace(snapshot);
    }
}

/// Where the runtime puts lines.
#[derive(Debug)]
pub struct Lines {
    sender: broadcast::Sender<Arc<Line>>,
}

impl Lines {
    /// Whether anybody reads.
    pub fn wanted(&self) -> bool {
        self.sender.receiver_count() > 0
    }

    /// Gives a line to whoever reads; never waits.
    pub fn say(&self, line: Arc<Line>) {
        // An error means that nobody reads, which is no fault.
        let _ = self.sender.send(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Role, Text};

    fn operator() -> Operator {
        Operator { name: Text::from("li"), role: Role::Admin }
    }

    fn version(n: u64) -> Arc<Snapshot> {
        Arc::new(Snapshot { version: n, ..Snapshot::default() })
    }

    #[tokio::test]
    async fn a_handle_alone_wants_nothing_and_a_watch_wants_until_it_is_dropped() {
        let (handle, mut ends) = Handle::pair(4);
        assert!(!ends.snapshots.wanted() && !ends.lines.wanted());
        let asked = tokio::spawn({
            let handle = handle.clone();
            async move { handle.watch().await }
        });
        let Some(Request::Snapshot { reply }) = ends.requests.recv().await else { panic!("no request") };
        assert!(ends.snapshots.wanted(), "the runtime that is woken sees its reader");
        reply.send(version(3)).unwrap();
        let mut watch = asked.await.unwrap().unwrap();
        assert_eq!(watch.current().version, 3);
        ends.snapshots.publish(version(3));
        ends.snapshots.publish(version(4));
        ends.snapshots.publish(version(9));
        assert_eq!(watch.changed().await.map(|s| s.version), Some(9), "latest wins");
        drop(watch);
        assert!(!ends.snapshots.wanted());
    }

    #[tokio::test]
    async fn a_runtime_that_ends_wakes_everybody() {
        let (handle, mut ends) = Handle::pair(4);
        let mut tail = handle.tail();
        let asked = tokio::spawn({
            let handle = handle.clone();
            async move { handle.command(operator(), None, Command::Reload).await }
        });
        let request = ends.requests.recv().await;
        drop(ends);
        drop(request);
        assert_eq!(asked.await.unwrap(), Err(Refusal::ShuttingDown));
        assert_eq!(tail.next().await, None);
        assert_eq!(handle.snapshot().await.err(), Some(Gone));
        assert!(handle.is_gone());
    }

    #[tokio::test]
    async fn a_slow_reader_is_told_what_it_lost() {
        let (handle, ends) = Handle::pair(1);
        let mut tail = handle.tail();
        let line = Arc::new(crate::domain::Line {
            seq: crate::domain::Seq(1),
            conversation: crate::domain::ConversationId {
                account: crate::domain::SelfId(1),
                peer: crate::domain::Peer::Group(crate::domain::GroupId(2)),
            },
            at: crate::domain::Wall(0),
            author: crate::domain::Author::Bot,
            text: Text::from("hi"),
            message: None,
            others: Vec::new(),
            answers: None,
            pictures: Vec::new(),
            verdict: None,
            outcome: None,
            delivery: None,
            making: None,
            recalled: false,
        });
        for _ in 0..TAIL + 5 {
            ends.lines.say(line.clone());
        }
        assert_eq!(tail.next().await, Some(Heard::Missed(5)));
        assert_eq!(tail.next().await, Some(Heard::Line(line)));
    }
}
