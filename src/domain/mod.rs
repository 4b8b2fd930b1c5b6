//! The ground floor: the words that all rooms share. Plain data; no styles, channels or locks.
//!
//! * `ids` who and where · `time` clocks as values · `text` the sanitiser · `redact` takes secrets out of words
//! * `message` what people say · `adapter` the QQ side · `model` the model side
//! * `verdict` why the bot did or did not answer · `record` what is remembered
//! * `command`, `operator` what operators ask · `edit` what the engine asks of config.toml and of providers
//! * `log` what the program says of itself
//! * `gauge` what the machine shows · `measure` what is measured · `metric` what a rule can measure
//! * `alert` what is wrong and who is told
//! * `snapshot` the published state

mod adapter;
mod alert;
mod chats;
mod command;
mod edit;
mod gauge;
mod ids;
mod log;
mod measure;
mod message;
mod metric;
mod model;
mod operator;
mod record;
mod redact;
mod snapshot;
pub mod text;
mod time;
mod verdict;

pub use adapter::*;
pub use alert::*;
pub use chats::Chats;
pub use command::*;
pub use edit::*;
pub use gauge::*;
pub use ids::*;
pub use log::*;
pub use measure::*;
pub use message::*;
pub use metric::*;
pub use model::{
    Advice, Answer, Failure, Finish, Job, JobEvent, ProviderError, ProviderReport, Residency, Stage, Timing, Tokens,
    Turn, TurnRole,
};
pub use operator::*;
pub use record::*;
pub use redact::Redactor;
pub use snapshot::*;
pub use text::{Hazards, Text, hazard};
pub use time::*;
pub use verdict::*;
