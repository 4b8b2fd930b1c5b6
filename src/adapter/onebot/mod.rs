//! OneBot v11 as adapters really speak it: text to frames, calls to text. Pure; nothing here can fail a link.
//!
//! * [`decode`] one text frame → [`Frame`]; lenient to the last byte · [`describe()`] the same for people and `explain`
//! * [`cq`] messages written as strings · `segment` parts of a message · `event` what happened · `response` what was answered
//! * [`encode`] a call → text · `reply` an answer → how the call ended

mod call;
pub mod cq;
mod describe;
mod event;
mod json;
mod notice;
mod reply;
mod response;
mod segment;
mod wire;

pub use call::{Probe, encode, encode_probe, patience};
pub use describe::describe;
pub use event::{Heard, MessageFrame, MessageKind, RequestFrame, What};
pub use json::Id;
pub use notice::NoticeFrame;
pub use reply::{Login, Wanted, is_ambiguous, login, online, outcome, version};
pub use response::Response;
pub use segment::{Part, Whom};
pub use wire::{Frame, decode};
