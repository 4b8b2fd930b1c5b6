//! One configured provider, whichever its protocol.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;

use super::answer::Growing;
use super::endpoint::{BuildError, Endpoint};
use super::ollama::{self, Ollama};
use super::openai;
use super::picture::Shown;
use super::think::{self, Begins};
use crate::config::{Provider, ProviderKind, Secret};
use crate::domain::{ProviderCall, ProviderError, ProviderReport, Redactor, Stage};

/// The longest look.
const LOOK: Duration = Duration::from_secs(10);

/// One configured provider.
#[derive(Debug)]
pub struct Server {
    /// Where it is.
    pub endpoint: Endpoint,
    protocol: Protocol,
    /// It once closed thoughts that it had not opened: from then on text is held back until it does.
    begins_thinking: AtomicBool,
}

#[derive(Debug)]
enum Protocol {
    Ollama(Box<Ollama>),
    Openai,
}

/// Reads an answer in the protocol's way.
pub enum Reader {
    /// Lines of JSON.
    Ollama(ollama::Reader),
    /// An event stream, or JSON.
    Openai(openai::Reader),
}

impl Reader {
    /// Takes the next chunk of the body.
    pub fn feed(&mut self, chunk: Bytes, answer: &mut Growing, redact: &Redactor) -> Result<(), ProviderError> {
        match self {
            Self::Ollama(reader) => reader.feed(chunk, answer, redact),
            Self::Openai(reader) => reader.feed(chunk, answer, redact),
        }
    }

    /// The body has ended.
    pub fn end(&mut self, answer: &mut Growing, redact: &Redactor) -> Result<(), ProviderError> {
        match self {
            Self::Ollama(reader) => reader.end(answer, redact),
            Self::Openai(reader) => reader.end(answer, redact),
        }
    }
}

impl Server {
    /// From its settings.
    pub fn new(config: &Provider, resolve: &dyn Fn(&Secret) -> Result<String, String>) -> Result<Self, BuildError> {
        let endpoint = Endpoint::new(config, resolve)?;
        let protocol = match config.kind {
            ProviderKind::Ollama => Protocol::Ollama(Box::new(Ollama::new(&endpoint))),
            ProviderKind::Openai => Protocol::Openai,
        };
        Ok(Self { endpoint, protocol, begins_thinking: AtomicBool::new(false) })
    }

    /// Where questions go.
    pub fn path(&self) -> &'static [&'static str] {
        match self.protocol {
            Protocol::Ollama(_) => ollama::CHAT,
            Protocol::Openai => openai::CHAT,
        }
    }

    /// A reader for one answer.
    pub fn reader(&self) -> Reader {
        match self.protocol {
            Protocol::Ollama(_) => Reader::Ollama(ollama::Reader::default()),
            Protocol::Openai => Reader::Openai(openai::Reader::new()),
        }
    }

    /// The body of a question, and how its answer is expected to begin.
    pub async fn question(&self, turns: &[Shown<'_>], max_tokens: u32) -> Result<(Vec<u8>, Begins), ProviderError> {
        let config = &self.endpoint.config;
        let expected = match self.begins_thinking.load(Ordering::Relaxed) {
            true => Begins::Thinking,
            false => think::expected(&config.model),
        };
        let (body, begins) = match &self.protocol {
            Protocol::Ollama(ollama) => {
                // A server that cannot say will say more when it is asked the question itself.
                let thinks = ollama.thinks(&self.endpoint).await.unwrap_or(false);
                // Ollama takes thoughts out of the text of models that it knows to reason.
                let begins = if thinks { Begins::Openly } else { expected };
                (ollama::body(ollama, config, turns, max_tokens, thinks), begins)
            }
            Protocol::Openai => (openai::body(config, turns, max_tokens), expected),
        };
        body.map(|body| (body, begins)).map_err(|error| ProviderError::Internal(error.to_string()))
    }

    /// The model closed thoughts that it had not opened.
    pub fn began_thinking(&self) {
        self.begins_thinking.store(true, Ordering::Relaxed);
    }

    /// Looks, loads or unloads; then tells what there is. A load that failed counts as not reachable.
    pub async fn call(&self, call: ProviderCall) -> ProviderReport {
        let done = match (&self.protocol, call) {
            (Protocol::Ollama(ollama), ProviderCall::Preload) => {
                let wait = self.endpoint.config.timeout.first_token;
                within(wait, Stage::FirstToken, ollama::preload(ollama, &self.endpoint)).await
            }
            (Protocol::Ollama(ollama), ProviderCall::Unload) => {
                within(LOOK, Stage::Total, ollama::unload(ollama, &self.endpoint)).await
            }
            _ => Ok(()),
        };
        let look = async {
            Ok(match &self.protocol {
                Protocol::Ollama(ollama) => ollama::look(ollama, &self.endpoint).await,
                Protocol::Openai => openai::look(&self.endpoint).await,
            })
        };
        match (done, within(LOOK, Stage::Total, look).await) {
            (Ok(()), Ok(report)) => report,
            (Err(error), Ok(report)) => ProviderReport { reachable: Err(error), ..report },
            (_, Err(error)) => unreachable(&self.endpoint.name, error),
        }
    }
}

/// A report of nothing but a failure.
pub fn unreachable(provider: &std::sync::Arc<str>, error: ProviderError) -> ProviderReport {
    ProviderReport { provider: provider.clone(), reachable: Err(error), version: None, resident: None, balance: None }
}

async fn within<T>(
    wait: Duration,
    stage: Stage,
    future: impl Future<Output = Result<T, ProviderError>>,
) -> Result<T, ProviderError> {
    tokio::time::timeout(wait, future).await.unwrap_or(Err(ProviderError::Timeout(stage)))
}
