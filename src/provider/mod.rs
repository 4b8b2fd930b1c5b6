//! Models: a [`Job`](crate::domain::Job) goes in, [`JobEvent`](crate::domain::JobEvent)s come out, the last of them
//! `Ended`. Also looks at providers: residency, version, balance; loads and unloads.
//!
//! * [`Providers`] the face · `job` one question: timers, events, one end · `server` a provider of either protocol
//! * `ollama`, `openai` requests and answers · `answer` what grows · `think` takes reasoning out
//! * `lines`, `sse`, `json` bounded reading of bytes that may be cut anywhere
//! * `error`, `retry_after` from what a server said to what is to be done and what may be shown
//! * `endpoint` the HTTP client · `picture` pictures from strangers' addresses

mod answer;
mod endpoint;
mod error;
mod job;
mod json;
mod lines;
mod ollama;
mod openai;
mod picture;
mod pool;
mod retry_after;
mod server;
mod sse;
mod think;

pub use endpoint::BuildError;
pub use picture::Allowed;
pub use pool::{JobHandle, Providers};
