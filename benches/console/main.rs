//! What an attached operator costs, measured from outside: the real binary in pseudo-terminals that are read as fast
//! as they can be, its CPU and wake-ups from `/proc` (Linux), beside the budgets. The method is that of a terminal
//! meter: every byte that a program writes is counted once, and the time from a key to the first byte after it.
//!
//! `cargo bench --bench console` · `-- --quick` for less than a minute · `QQDECK_BIN=PATH` for another binary.

mod measure;
mod pty;
mod table;

use std::path::PathBuf;

fn main() -> anyhow::Result<()> {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let binary =
        std::env::var_os("QQDECK_BIN").map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_qqdeck")), PathBuf::from);
    let effort = if quick { measure::Effort::QUICK } else { measure::Effort::FULL };
    table::print(&measure::all(&binary, &effort)?);
    Ok(())
}
