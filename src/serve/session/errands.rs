//! What a console wants done that takes time. A courier takes it from a session in order and brings news back; it
//! finishes what it was given also when the session ends meanwhile.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::export;
use crate::console::News;
use crate::domain::{Command, Operator, Page, Query, Refusal};
use crate::runtime::handle::Handle;
use crate::serve::remember;
use crate::words::{Exit, Lang};

/// Errands that one session may have given and not yet had news of.
const ROOM: usize = 32;

/// One thing to be done.
#[derive(Debug)]
pub enum Errand {
    /// Give a command.
    Command {
        /// Comes back.
        tag: u64,
        /// The version of the chat that was on the screen.
        expects: Option<u64>,
        /// What.
        command: Command,
    },
    /// Ask the store.
    Query {
        /// Comes back.
        tag: u64,
        /// What.
        query: Query,
    },
    /// Write a file.
    Export {
        /// Comes back.
        tag: u64,
        /// Its name.
        name: String,
        /// What is in it.
        text: String,
    },
    /// Remember a screen.
    Remember(String),
}

/// Where errands are done.
#[derive(Debug, Clone)]
pub struct Ground {
    /// The running bot.
    pub handle: Handle,
    /// Who wants it.
    pub operator: Operator,
    /// The reader's language.
    pub lang: Lang,
    /// Where exports go.
    pub exports: PathBuf,
}

/// A session's end of its courier.
#[derive(Debug)]
pub struct Errands {
    /// Drops and says so: an errand that finds no room is answered at once.
    lane: mpsc::Sender<(Errand, OwnedSemaphorePermit)>,
    /// Never full: there is room for the news of every errand that has a permit.
    news: mpsc::Receiver<News>,
    room: Arc<Semaphore>,
    lang: Lang,
}

impl Errands {
    /// Starts a courier.
    pub fn start(ground: Ground) -> Self {
        let (lane, errands) = mpsc::channel(ROOM);
        let (back, news) = mpsc::channel(ROOM);
        let lang = ground.lang;
        tokio::spawn(courier(ground, errands, back));
        Self { lane, news, room: Arc::new(Semaphore::new(ROOM)), lang }
    }

    /// Gives an errand; never waits. What cannot be taken is answered as refused.
    pub fn give(&self, errand: Errand) -> Option<News> {
        let errand = match self.room.clone().try_acquire_owned() {
            Ok(permit) => match self.lane.try_send((errand, permit)) {
                Ok(()) => return None,
                Err(mpsc::error::TrySendError::Full((errand, _)) | mpsc::error::TrySendError::Closed((errand, _))) => {
                    errand
                }
            },
            Err(_) => errand,
        };
        let words =
            self.lang.pick("上一批操作还没有完成，请稍候", "earlier requests are not finished yet; wait a moment");
        match errand {
            Errand::Command { tag, .. } => Some(News::Answer(tag, Err(Refusal::Not(words.to_owned())))),
            Errand::Query { tag, .. } => Some(News::Page(tag, Page::Failed(words.to_owned()))),
            Errand::Export { tag, .. } => Some(News::Exported(tag, Err(words.to_owned()))),
            // The next one will hold more.
            Errand::Remember(_) => None,
        }
    }

    /// News of an errand. Nothing is lost when the future is dropped unfinished.
    pub async fn news(&mut self) -> News {
        match self.news.recv().await {
            Some(news) => news,
            // The courier ends after the session only.
            None => std::future::pending().await,
        }
    }
}

async fn courier(
    ground: Ground,
    mut errands: mpsc::Receiver<(Errand, OwnedSemaphorePermit)>,
    back: mpsc::Sender<News>,
) {
    while let Some((errand, permit)) = errands.recv().await {
        // A session that has ended wants no news.
        let back = back.clone();
        let bring = move |news| {
            let _ = back.try_send(news);
            drop(permit);
        };
        let Ground { handle, operator, lang, .. } = ground.clone();
        match errand {
            Errand::Command { tag, expects, command } => {
                // Handed over here, in order; only the answers are waited for side by side.
                let answer = handle.hand_over(operator, expects, command).await;
                tokio::spawn(async move {
                    let answer = match answer {
                        Ok(answer) => answer.await.unwrap_or(Err(Refusal::ShuttingDown)),
                        Err(_) => Err(Refusal::ShuttingDown),
                    };
                    bring(News::Answer(tag, answer));
                });
            }
            Errand::Query { tag, query } => {
                tokio::spawn(async move {
                    let gone = |_| Page::Failed(crate::words::refusal(&Refusal::ShuttingDown, lang));
                    bring(News::Page(tag, handle.query(query).await.unwrap_or_else(gone)));
                });
            }
            Errand::Export { tag, name, text } => {
                let folder = ground.exports.clone();
                tokio::task::spawn_blocking(move || {
                    let written = export::write(&folder, &name, &text);
                    let written = written.map(|path| path.display().to_string()).map_err(|error| {
                        let path = folder.display().to_string();
                        Exit::CannotWrite { path, cause: error.to_string() }.words(lang)
                    });
                    bring(News::Exported(tag, written));
                });
            }
            // In order, so that the newest stays.
            Errand::Remember(screen) => remember::keep(&handle, &operator, screen).await,
        }
    }
}
