//! The real binary from end to end: a process of its own between a simulated QQ and simulated models, asked through
//! `qqdeck ctl` as an operator would.

#![allow(clippy::unwrap_used)] // a test that cannot go on says so

#[macro_use]
mod setting;

#[path = "bot/access.rs"]
mod access;
#[path = "bot/alerts.rs"]
mod alerts;
#[path = "bot/crash.rs"]
mod crash;
#[path = "bot/descriptors.rs"]
mod descriptors;
#[path = "notify/endpoint.rs"]
mod endpoint;
#[path = "bot/harness.rs"]
mod harness;
#[path = "bot/logs.rs"]
mod logs;
#[path = "bot/modes.rs"]
mod modes;
#[path = "bot/offline.rs"]
mod offline;
#[path = "bot/reload.rs"]
mod reload;
#[path = "bot/start.rs"]
mod start;
#[path = "bot/stop.rs"]
mod stop;
#[path = "bot/talk.rs"]
mod talk;
#[path = "bot/told.rs"]
mod told;
