//! The qqdeck program.

use std::process::ExitCode;

fn main() -> ExitCode {
    // One TLS provider for everything; an error would mean that it is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    qqdeck::cli::main()
}
