//! The whole way from QQ to a model and back, measured from outside: the simulator is the load and the model, the
//! subject is another process. Beside qqdeck runs a bare loop that does nothing but the way itself, with the same
//! libraries; budgets are ratios to it (design §10). A second bare loop commits each reply to SQLite before its
//! frame leaves: the floor of everything that promises at most one reply.
//!
//! `cargo bench --bench pipeline` · `-- --quick` for a minute · `QQDECK_BIN=PATH` for another binary.

mod bare;
mod ledger;
mod measure;
mod process;
mod table;

use std::path::{Path, PathBuf};

use measure::{Effort, Sample};
use process::Kind;

fn main() -> anyhow::Result<()> {
    // reqwest is built without a TLS provider of its own.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["bare", listen, model] => bare::run(listen, model, None),
        ["bare", listen, model, ledger] => bare::run(listen, model, Some(Path::new(ledger))),
        ref flags => compare(if flags.contains(&"--quick") { Effort::QUICK } else { Effort::FULL }),
    }
}

/// A B C A B C …, so that whatever else the machine does falls on all.
fn compare(effort: Effort) -> anyhow::Result<()> {
    let binary =
        std::env::var_os("QQDECK_BIN").map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_qqdeck")), PathBuf::from);
    // One thread: the load must not compete with what it measures more than it has to.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut bare, mut committed): (Vec<Sample>, Vec<Sample>) = Default::default();
    let mut whole: Result<Vec<Sample>, String> = Ok(Vec::new());
    for round in 0..effort.rounds {
        bare.push(runtime.block_on(measure::subject(&Kind::Bare, &effort, round))?);
        committed.push(runtime.block_on(measure::subject(&Kind::Committed, &effort, round))?);
        if let Ok(samples) = &mut whole {
            match runtime.block_on(measure::subject(&Kind::Qqdeck(binary.clone()), &effort, round)) {
                Ok(sample) => samples.push(sample),
                Err(e) => whole = Err(format!("{}: {e:#}", binary.display())),
            }
        }
    }
    table::print(&effort, &bare, &committed, whole.as_deref().map_err(String::as_str));
    Ok(())
}
