//! What is secret and how it is kept: here, references resolved to values that are never shown.
//!
//! A leaf: it reads the environment and files, and knows no other leaf; the runtime hands a [`Resolved`] on to
//! whoever needs it.

mod secret;

pub use secret::{LARGEST, Resolved, SecretError, resolve};
