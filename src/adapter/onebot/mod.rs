//! OneBot v11 as adapters really speak it: text to frames, calls to text. Pure; nothing here can fail a link.
//!
//! * [`decode`] one text frame → [`Frame`]; lenient to the last byte · [`describe()`] the same for people and `explain`
//! * [`cq`] messages written as strings · `message`, `segment` its parts · `event`, `notice` what happened · `heard` what it means
//! * `response` what was answered
//! * [`encode`] a call → text · `reply` an answer → how the call ended

mod call;
pub mod cq;
mod describe;
mod event;
mod heard;
mod json;
mod message;
mod notice;
mod reply;
mod response;
mod segment;
mod wire;

pub use call::{Probe, encode, encode_probe, patience};
pub use describe::describe;
pub use event::{MessageFrame, MessageKind, RequestFrame};
pub use heard::{Heard, What};
pub use json::Id;
pub use notice::NoticeFrame;
pub use reply::{Login, Wanted, login, online, outcome, version};
pub use response::{Response, is_ambiguous};
pub use segment::{Part, Whom};
pub use wire::{Frame, decode};
