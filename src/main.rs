//! The qqdeck program.

use std::process::ExitCode;

/// Messages are many small strings that are made on one thread and dropped on another.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // One TLS provider for everything; an error would mean that it is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    qqdeck::cli::main()
}
