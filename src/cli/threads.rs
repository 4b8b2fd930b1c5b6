//! The threads of the bot.

use tokio::runtime::{Builder, Handle, Runtime};

use crate::words::Exit;

/// The bot has one thread of its own for a message's whole way: threads that wake each other were seen to cost about
/// a fifth of the CPU and of the time of a message. What may take long (consoles, `ctl`, the questions of a flood)
/// has the others.
pub struct Threads {
    own: Runtime,
    others: Option<Runtime>,
}

impl Threads {
    /// As many as configured, but no more than there are cores: more would only take turns. With one, everything
    /// runs on it.
    ///
    /// # Errors
    /// When threads cannot be had.
    pub fn new(workers: usize) -> Result<Self, Exit> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let failed = |error: std::io::Error| Exit::Failed { name: "run", cause: error.to_string() };
        let own = Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let others = match workers.clamp(1, cores) - 1 {
            0 => None,
            n => Some(Builder::new_multi_thread().worker_threads(n).enable_all().build().map_err(failed)?),
        };
        Ok(Self { own, others })
    }

    /// Runs this, and all that it spawns, on the bot's own thread, which is the calling one.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.own.block_on(future)
    }

    /// The others; `None`: there is but one thread.
    pub fn others(&self) -> Option<Handle> {
        self.others.as_ref().map(|others| others.handle().clone())
    }
}
