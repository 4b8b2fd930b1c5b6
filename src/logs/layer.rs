//! Where events and panics become lines.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::PanicHookInfo;

use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::{Logs, line};

/// Takes every event that the level lets through.
pub struct Lines(pub Logs);

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        // No lock is held while fields are formatted: they may log themselves, or panic.
        let redactor = self.0.0.redactor();
        let (target, text) = line::words(event, &redactor);
        self.0.0.take(line::level(*event.metadata().level()), target, text);
    }
}

/// Logs a panic: where, in which thread, and its words.
pub fn panicked(panic: &PanicHookInfo<'_>) {
    let at = panic.location().map(ToString::to_string).unwrap_or_default();
    let current = std::thread::current();
    let thread = current.name().unwrap_or("unnamed");
    let words = panic.payload_as_str().unwrap_or("not in words");
    // Only where `RUST_BACKTRACE` asks for it.
    let trace = Backtrace::capture();
    match trace.status() {
        BacktraceStatus::Captured => tracing::error!(thread, at, %trace, "panicked: {words}"),
        _ => tracing::error!(thread, at, "panicked: {words}"),
    }
}
