//! A model server without a model: Ollama's and OpenAI's protocol on one port (llm.md §1, §3.1).

mod canned;
mod fault;
mod http;
mod plan;
mod routes;
mod shape;
mod stream;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::lock;
pub use fault::{Fault, FaultMix};
use http::Connection;

/// Histories and bodies that are remembered.
const KEPT: usize = 4096;

/// What is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Answers {
    /// `[NAME seq=N msgs=M hist=HHHHHHHH] <the question>`: crossed conversations and lost histories show.
    #[default]
    Echo,
    /// Believable Chinese, for the demonstration.
    Canned,
}

/// How a stream is cut into network writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Writes {
    /// One a line, as real servers do.
    #[default]
    PerLine,
    /// All at once.
    Whole,
}

/// How one model server behaves; may be changed while it runs.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelSettings {
    /// Its name in the echo.
    pub name: String,
    /// Address to listen on; read at the start only.
    pub listen: String,
    /// Models it has; `deepseek-r1:14b+thinking` adds a capability. Any other name is 404 on Ollama's side.
    pub models: Vec<String>,
    /// What is answered.
    pub answers: Answers,
    /// Time to the first token.
    pub first_token: Duration,
    /// 0: no pauses.
    pub tokens_per_second: f64,
    /// Cut the answer into so many pieces instead of tokens.
    pub pieces: Option<usize>,
    /// How the stream is written.
    pub writes: Writes,
    /// Answers at once, the rest wait; 0: no limit. Read at the start only.
    pub parallel: usize,
    /// The time a model takes to load.
    pub load_delay: Duration,
    /// Refuse other keys with 401 (OpenAI's side); empty: none asked.
    pub api_key: String,
    /// `Retry-After` of 429 and 503.
    pub retry_after: Option<Duration>,
    /// The first token of [`Fault::Slow`].
    pub slow_first: Duration,
    /// Faults by chance.
    pub faults: FaultMix,
    /// Every question's connection is reset.
    pub down: bool,
    /// Share of a model's bytes on the card, for `/api/ps`.
    pub vram_share: f64,
    /// Bytes of a model.
    pub model_bytes: u64,
    /// Remember so many of the newest request bodies, for tests; at most 4096.
    pub keep_bodies: usize,
    /// Of the faults' chances.
    pub seed: u64,
}

impl ModelSettings {
    /// An echo without any pause.
    pub fn instant(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            listen: "127.0.0.1:0".into(),
            models: ["fake", "qwen3:8b+thinking", "deepseek-r1:14b+thinking"].map(String::from).to_vec(),
            answers: Answers::Echo,
            first_token: Duration::ZERO,
            tokens_per_second: 0.0,
            pieces: None,
            writes: Writes::PerLine,
            parallel: 0,
            load_delay: Duration::ZERO,
            api_key: String::new(),
            retry_after: None,
            slow_first: Duration::from_secs(10),
            faults: FaultMix::default(),
            down: false,
            vram_share: 1.0,
            model_bytes: 5_200_000_000,
            keep_bodies: 0,
            seed: 1,
        }
    }

    /// Believable answers at the speed of a small card.
    pub fn believable(name: &str, model: &str) -> Self {
        Self {
            models: vec![model.to_owned()],
            answers: Answers::Canned,
            first_token: Duration::from_millis(400),
            tokens_per_second: 40.0,
            ..Self::instant(name)
        }
    }

    /// The model of this name (without a tag: `:latest`), and its capabilities.
    fn find(&self, name: &str) -> Option<(&str, Vec<&str>)> {
        self.models.iter().find_map(|entry| {
            let mut parts = entry.split('+');
            let known = parts.next().unwrap_or_default();
            (full_name(known) == full_name(name)).then(|| (known, parts.collect()))
        })
    }
}

/// Ollama's name with its tag.
fn full_name(name: &str) -> String {
    if name.contains(':') { name.to_owned() } else { format!("{name}:latest") }
}

/// What was counted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ModelStats {
    /// Questions, preloads and unloads.
    pub requests: u64,
    /// At this moment.
    pub in_flight: usize,
    /// At most so far.
    pub max_in_flight: usize,
    /// How they ended: `ok`, `client_gone`, `load`, `unload`, `no_model`, `injected_KIND` …
    pub outcomes: BTreeMap<String, u64>,
    /// Messages of each question, in order; the newest 4096.
    pub histories: VecDeque<usize>,
    /// The newest bodies, where [`ModelSettings::keep_bodies`] asks for them.
    pub bodies: VecDeque<String>,
}

/// A loaded model.
#[derive(Debug, Clone)]
struct Loaded {
    /// `None`: for ever.
    until: Option<Instant>,
    /// The options whose change means a reload: num_ctx, num_batch, num_gpu, num_thread.
    options: [Option<i64>; 4],
}

/// A running model server. Cheap to clone; ends with the stop signal it was started with.
#[derive(Clone)]
pub struct Model(Arc<Shared>);

struct Shared {
    settings: Mutex<Arc<ModelSettings>>,
    stats: Mutex<ModelStats>,
    /// How often a text was asked; bounded by forgetting all of them.
    attempts: Mutex<HashMap<u64, u32>>,
    loaded: Mutex<BTreeMap<String, Loaded>>,
    slots: Option<Semaphore>,
    address: SocketAddr,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Model {
    /// Starts listening.
    ///
    /// # Errors
    /// The address cannot be listened on.
    pub async fn start(settings: ModelSettings, stop: CancellationToken) -> io::Result<Self> {
        let listener = TcpListener::bind(settings.listen.as_str()).await?;
        let shared = Arc::new(Shared {
            stats: Mutex::default(),
            attempts: Mutex::default(),
            loaded: Mutex::default(),
            slots: (settings.parallel > 0).then(|| Semaphore::new(settings.parallel)),
            address: listener.local_addr()?,
            settings: Mutex::new(Arc::new(settings)),
            stop,
            tasks: TaskTracker::new(),
        });
        shared.tasks.spawn(listen(Arc::clone(&shared), listener));
        Ok(Self(shared))
    }

    /// Ollama's base URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.0.address)
    }

    /// OpenAI's base URL, with its version path.
    pub fn openai_url(&self) -> String {
        format!("http://{}/v1", self.0.address)
    }

    /// Changes the behaviour from the next request on.
    pub fn change(&self, change: impl FnOnce(&mut ModelSettings)) {
        change(Arc::make_mut(&mut *lock(&self.0.settings)));
    }

    /// What was counted so far.
    pub fn stats(&self) -> ModelStats {
        lock(&self.0.stats).clone()
    }

    /// Names of the models in memory now.
    pub fn loaded(&self) -> Vec<String> {
        self.0.expire();
        lock(&self.0.loaded).keys().cloned().collect()
    }

    /// Waits until every task of it has ended; the stop signal ends them.
    pub async fn stopped(&self) {
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }
}

impl Shared {
    fn settings(&self) -> Arc<ModelSettings> {
        Arc::clone(&lock(&self.settings))
    }

    fn expire(&self) {
        let now = Instant::now();
        lock(&self.loaded).retain(|_, model| model.until.is_none_or(|until| until > now));
    }

    /// A question begins: its number.
    fn begin(&self, settings: &ModelSettings, messages: usize, body: &[u8]) -> u64 {
        let mut stats = lock(&self.stats);
        stats.requests += 1;
        stats.in_flight += 1;
        stats.max_in_flight = stats.max_in_flight.max(stats.in_flight);
        if stats.histories.len() == KEPT {
            stats.histories.pop_front();
        }
        stats.histories.push_back(messages);
        if settings.keep_bodies > 0 {
            while stats.bodies.len() >= settings.keep_bodies.min(KEPT) {
                stats.bodies.pop_front();
            }
            stats.bodies.push_back(String::from_utf8_lossy(body).into_owned());
        }
        stats.requests
    }

    fn attempt(&self, text: &str) -> u32 {
        let mut attempts = lock(&self.attempts);
        if attempts.len() > 100_000 {
            attempts.clear();
        }
        let entry = attempts.entry(plan::hash(text.as_bytes(), 0)).or_default();
        *entry += 1;
        *entry - 1
    }
}

/// Books the end of a question, also when its task is dropped.
struct Booking<'a> {
    shared: &'a Shared,
    outcome: String,
}

impl Drop for Booking<'_> {
    fn drop(&mut self) {
        let mut stats = lock(&self.shared.stats);
        stats.in_flight -= 1;
        *stats.outcomes.entry(std::mem::take(&mut self.outcome)).or_default() += 1;
    }
}

async fn listen(shared: Arc<Shared>, listener: TcpListener) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shared.stop.cancelled() => return,
        };
        if let Ok((stream, _)) = accepted {
            let one = Arc::clone(&shared);
            shared.tasks.spawn(async move {
                let stop = one.stop.clone();
                tokio::select! {
                    () = converse(&one, stream) => {}
                    () = stop.cancelled() => {}
                }
            });
        }
    }
}

async fn converse(shared: &Shared, stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    let mut connection = Connection::new(stream);
    while let Some(request) = connection.request().await {
        match routes::serve(shared, connection, request).await {
            Some(next) => connection = next,
            None => return,
        }
    }
}

#[cfg(test)]
mod tests;
