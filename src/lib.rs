//! qqdeck answers QQ chats with language models, and gives the people who run the bot a terminal console.
//!
//! This file is the map of the house. Rooms import only rooms of lower floors; `tests/laws.rs` holds them to it.
//!
//! # The flow
//!
//! ```text
//!  QQ ─frame→ adapter ──Event──┐                                 ┌─ Call ────────────→ adapter → QQ
//!  model ─text→ provider ─Event┤  bounded; leaves await          ├─ Ask, Cancel ─────→ provider
//!  timers, Committed, Config ──┼───────► runtime ─► Engine::apply┼─ Record(n, rows) ─→ store ─Committed(n)→ engine
//!  ctl ─Envelope<Command>──────┘                 │               └─ Edit, Load, Answer
//!                                                ▼
//!                                   Arc<Snapshot>, latest wins: ctl, console
//! ```
//!
//! # Ground floor: plain data, no IO
//!
//! * [`domain`]: ids, sanitised text, messages, verdicts, commands, rows.
//! * [`config`]: the schema with its defaults, reading and checking, edits that keep comments.
//! * [`flow`]: everything that goes into the engine and comes out of it.
//! * [`words`]: every sentence that a person sees, in Chinese and English.
//!
//! * [`verbs`]: what operators type: one table for `ctl`, the console's palette and the docs.
//!
//! # First floor: pure; no clock, no chance, no IO. Its two wings never meet
//!
//! * [`engine`]: `apply(Input, Now) -> Effects`, the single writer of all state. A change of what the bot does
//!   begins here: one gate, one concern a file. Alerts are judged here too, and who is told of them (`docs/alerts.md`).
//! * [`console`]: what an operator sees and does: keys, state, view, themes; `tell(News) -> Intents`, `draw -> bytes`.
//!
//! # Second floor: leaves that touch the world and never each other
//!
//! * [`adapter`]: OneBot v11 over WebSocket, both directions.
//! * [`provider`]: Ollama and OpenAI-compatible models.
//! * [`store`]: SQLite: history, search, outbox, books, audit, backups.
//! * [`security`]: references to secrets become secrets.
//! * [`logs`]: the program's own log: files by day, and the newest lines for whoever watches.
//! * [`notify`]: alerts go out by other roads than QQ: Bark, ServerChan, group robots, ntfy, mail, webhooks.
//! * [`telemetry`]: cards, processor, memory, disk.
//!
//! # Third floor
//!
//! * [`runtime`]: owns the engine, hands its effects to the leaves, publishes what it became.
//!
//! # Fourth floor: doors
//!
//! * [`serve`]: the Unix socket, the verbs of `ctl`, and the sessions that run a console each.
//! * [`cli`]: one file a subcommand; the relay between a terminal and its session.
//!
//! Beside the house stands [`simulator`]: a QQ world and both model protocols on loopback sockets, for the demo,
//! the tests and the benches.

pub mod adapter;
pub mod cli;
pub mod config;
pub mod console;
pub mod domain;
pub mod engine;
pub mod flow;
pub mod logs;
pub mod notify;
pub mod provider;
pub mod runtime;
pub mod security;
pub mod serve;
pub mod simulator;
pub mod store;
pub mod telemetry;
pub mod verbs;
pub mod words;
