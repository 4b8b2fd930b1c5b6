//! The console as an operator meets it: the real binary in a pseudo-terminal, whose screen is read until it shows what
//! it should. What is on the screen is the console's own matter; here it is about the way there and back.

#![allow(clippy::unwrap_used)] // a test that cannot go on says so

#[macro_use]
mod setting;

#[path = "console/attach.rs"]
mod attach;
#[path = "console/crowd.rs"]
mod crowd;
#[path = "console/daemon.rs"]
mod daemon;
#[path = "console/hangup.rs"]
mod hangup;
#[path = "console/harness.rs"]
mod harness;
#[path = "console/stop.rs"]
mod stop;
#[path = "console/story.rs"]
mod story;
#[path = "console/town.rs"]
mod town;
