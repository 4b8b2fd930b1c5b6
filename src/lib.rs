//! qqdeck answers QQ chats with language models, and gives the people who run the bot a terminal console.

pub mod config;
pub mod domain;
pub mod engine;
