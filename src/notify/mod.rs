//! Notifications leave by other roads than the QQ that they may be about: a [`Notification`] goes in, exactly one end
//! comes out, also after a reload, a full queue, a panic and a stop.
//!
//! * [`Notifiers`] the face: a destination by its place, a reload, the end · `courier` one destination: its queue, its
//!   tries, its pace · `pledge` sees to the one end
//! * `build` from the configuration to what can be used; all secrets of a destination are known to its redactor
//! * `hook` one request over HTTP and what its answer means · `letter` the words as they are sent, cut to fit ·
//!   `sign` signatures
//! * `bark`, `serverchan`, `wecom`, `dingtalk`, `feishu`, `ntfy`, `smtp`, `webhook` what each service wants
//!
//! [`Notification`]: crate::domain::Notification

mod bark;
mod build;
mod courier;
mod dingtalk;
mod feishu;
mod hook;
mod letter;
mod ntfy;
mod pledge;
mod post;
mod serverchan;
mod sign;
mod smtp;
mod webhook;
mod wecom;

pub use build::{BuildError, Prepared};
pub use courier::Pace;
pub use post::Notifiers;

#[cfg(test)]
mod tests;
