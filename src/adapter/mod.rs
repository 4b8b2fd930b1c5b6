//! The QQ side: everything between a WebSocket and [`crate::domain::AdapterEvent`] and [`crate::domain::Call`].
//!
//! ```text
//!  adapter dials us  → server ┐             ┌→ LinkEvent → hub (runtime's task) → AdapterEvent, CallOutcome
//!  we dial adapter   → client ┴→ door, talk ┤
//!                                           └← Outgoing ← hub ← Call
//! ```
//!
//! [`onebot`] is the wire: pure functions from text to frames and from calls to text. `door` drives each
//! link, whoever dialled. [`Hub`] is a plain struct of the runtime's task that knows which link serves
//! which account and which call waits for which answer. A leaf: it imports `domain` and `config` only.

mod client;
mod door;
mod ending;
mod fragments;
mod gate;
mod handshake;
mod hub;
#[cfg(test)]
mod hub_tests;
mod link;
pub mod onebot;
mod pending;
mod restart;
mod server;
mod talk;
mod tls;
mod token;
mod wire;

pub use client::{DialSettings, dial};
pub use door::Door;
pub use hub::{Counters, Hub, HubSettings, Output};
pub use link::{Introduction, LinkEvent, LinkHandle, LinkRole, LinkSettings, Outgoing, PROOF};
pub use restart::restart;
pub use server::{Server, ServerError, ServerSettings};
pub use token::Token;
