//! Questions to models and what comes back.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{JobId, Picture};

/// Who speaks in a turn. Set by structure alone, never by what a text looks like (threats.md B14).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TurnRole {
    /// The persona.
    System,
    /// People.
    User,
    /// The bot.
    Assistant,
}

/// One entry of what the model is shown.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Turn {
    /// Who.
    pub role: TurnRole,
    /// What.
    pub text: Arc<str>,
    /// Pictures of this turn; empty unless the provider sees.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pictures: Vec<Picture>,
}

/// One question to one provider. Ends in exactly one [`JobEvent::Ended`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Echoed in every event.
    pub id: JobId,
    /// The configured name of the provider.
    pub provider: Arc<str>,
    /// Which of its keys, by position in `api_keys`; 0 when it has none.
    pub key: usize,
    /// What the model is shown, system turn first.
    pub turns: Arc<[Turn]>,
    /// Longest answer in tokens.
    pub max_tokens: u32,
    /// Time left of the question's total budget; the provider's own total may be shorter.
    pub budget: Duration,
}

/// How far a job has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobEvent {
    /// The request has left.
    Started,
    /// The first visible text has come; reasoning does not count.
    FirstText,
    /// All visible text so far; at most every 50 ms.
    Progress(Arc<str>),
    /// The end, whichever way.
    Ended(Result<Answer, Failure>),
}

/// A whole answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Visible text, reasoning already taken out.
    pub text: String,
    /// Why it ended.
    pub finish: Finish,
    /// Tokens, where the server counted.
    pub tokens: Tokens,
    /// Times.
    pub timing: Timing,
    /// Characters of reasoning that were filtered out.
    pub thought: usize,
}

/// Why a model stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// It was done.
    Stop,
    /// `max_tokens` or the context ran out: the answer is cut.
    Length,
    /// Anything else that a server calls an end.
    Other,
}

/// Tokens of one question. `None`: the server did not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tokens {
    /// Read by the model, cached ones among them.
    pub input: Option<u32>,
    /// Of these, read from the provider's prefix cache.
    pub cached: Option<u32>,
    /// Written, reasoning among them.
    pub output: Option<u32>,
}

/// Times of one question, from the moment the request left.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Timing {
    /// Loading the model, where the server says (Ollama).
    pub load: Option<Duration>,
    /// Until the first visible text.
    pub first_text: Option<Duration>,
    /// Until the end.
    pub total: Duration,
    /// Generation speed by the server's own clock; `None` under five tokens, where it means nothing.
    pub tokens_per_second: Option<f32>,
}

/// An answer that did not come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// What went wrong.
    pub error: ProviderError,
    /// Visible text that had come before.
    pub partial: String,
}

/// Which timer ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Connecting.
    Connect,
    /// Waiting for the first token, the load of the model included.
    FirstToken,
    /// Between data events.
    Idle,
    /// The whole.
    Total,
}

/// Everything a model server can do wrong, sorted by what is to be done about it (llm.md §3.2).
/// The `String`s are the server's own words, sanitised, redacted and cut to 300 characters: for operators, never for chats.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum ProviderError {
    /// Too many requests; wait as told.
    #[error("rate limited: {1}")]
    RateLimited(Option<Duration>, String),
    /// 5xx, a full queue, a model that is being loaded elsewhere; wait as told.
    #[error("overloaded: {1}")]
    Overloaded(Option<Duration>, String),
    /// No money left, arrears, plan used up.
    #[error("out of quota or balance: {0}")]
    Quota(String),
    /// The key is refused.
    #[error("key refused: {0}")]
    Auth(String),
    /// No such model there.
    #[error("no such model: {0}")]
    ModelMissing(String),
    /// Our request was wrong: the same elsewhere would be as wrong.
    #[error("bad request: {0}")]
    BadRequest(String),
    /// Too many tokens.
    #[error("context too long: {words}")]
    ContextTooLong {
        /// The real limit in tokens where the server told.
        limit: Option<u32>,
        /// What it said.
        words: String,
    },
    /// The vendor's content check refused.
    #[error("content blocked: {0}")]
    ContentBlocked(String),
    /// No connection, reset, TLS, DNS.
    #[error("connection: {0}")]
    Transport(String),
    /// A timer ran out.
    #[error("timeout: {0:?}")]
    Timeout(Stage),
    /// The stream ended without its end mark.
    #[error("answer was cut off")]
    Truncated,
    /// Well-formed and empty: only reasoning, or nothing.
    #[error("empty answer")]
    Empty,
    /// Not what the protocol says.
    #[error("unreadable answer: {0}")]
    Protocol(String),
    /// The engine asked for it.
    #[error("cancelled")]
    Cancelled,
    /// Our own task failed.
    #[error("internal: {0}")]
    Internal(String),
}

/// What a [`ProviderError`] says to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advice {
    /// Ask another provider, or this one later.
    Elsewhere,
    /// Put this key or provider aside, tell the operator, ask another.
    SetAside,
    /// Shorten the window and ask once more.
    Shorten,
    /// This one would say the same again; another provider, if there is one, may take it.
    Another,
    /// Asking again is pointless, wherever.
    Stop,
}

impl ProviderError {
    /// What to do about it.
    pub fn advice(&self) -> Advice {
        match self {
            Self::RateLimited(..)
            | Self::Overloaded(..)
            | Self::Transport(_)
            | Self::Timeout(_)
            | Self::Truncated
            | Self::Empty
            | Self::Protocol(_)
            | Self::Internal(_) => Advice::Elsewhere,
            Self::Quota(_) | Self::Auth(_) | Self::ModelMissing(_) => Advice::SetAside,
            Self::ContextTooLong { .. } => Advice::Shorten,
            Self::BadRequest(_) => Advice::Another,
            // A verdict on the words rather than a failure: it is not passed on until somebody takes them.
            Self::ContentBlocked(_) | Self::Cancelled => Advice::Stop,
        }
    }

    /// A stable word for records, metrics and `ctl`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::RateLimited(..) => "rate_limited",
            Self::Overloaded(..) => "overloaded",
            Self::Quota(_) => "quota",
            Self::Auth(_) => "auth",
            Self::ModelMissing(_) => "model_missing",
            Self::BadRequest(_) => "bad_request",
            Self::ContextTooLong { .. } => "context_too_long",
            Self::ContentBlocked(_) => "content_blocked",
            Self::Transport(_) => "transport",
            Self::Timeout(_) => "timeout",
            Self::Truncated => "truncated",
            Self::Empty => "empty",
            Self::Protocol(_) => "protocol",
            Self::Cancelled => "cancelled",
            Self::Internal(_) => "internal",
        }
    }
}

/// What a look at a provider found: told by its leaf from time to time and after loads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProviderReport {
    /// The configured name.
    pub provider: Arc<str>,
    /// Reachable at all? The words of the failure otherwise.
    pub reachable: Result<(), ProviderError>,
    /// The server's version, where it has one.
    pub version: Option<String>,
    /// Whether the configured model is loaded; `None` where that cannot be known.
    pub resident: Option<Residency>,
    /// Money left, in the vendor's own currency and words.
    pub balance: Option<String>,
}

/// A model in memory (Ollama's `/api/ps`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Residency {
    /// Loaded now.
    pub loaded: bool,
    /// Bytes in all.
    pub size: u64,
    /// Bytes on the card; less than `size` means layers run on the CPU.
    pub size_vram: u64,
    /// Seconds since 1970 when it will be dropped; `None` for never.
    pub expires: Option<i64>,
    /// Tokens of context it was loaded with.
    pub context: Option<u32>,
}
