//! The engine decides. Pure: no clock, no chance, no input or output, no tokio; every moment and every
//! throw of the dice is given.
//!
//! * the gates: [`access`], [`trigger`], [`slash`], [`limits`], [`moderation`] ([`fold`] makes their words comparable)
//! * what the model is shown: [`window`] ([`template`] takes the sting out of control tokens)
//! * who is asked and what it costs: [`breaker`], [`cache`], [`usage`]
//! * how an answer looks: [`markdown`], [`split`]
//! * how long it took: [`metrics`]

pub mod access;
pub mod breaker;
pub mod cache;
pub mod fold;
pub mod limits;
pub mod markdown;
pub mod metrics;
pub mod moderation;
pub mod slash;
pub mod split;
pub mod template;
pub mod trigger;
pub mod usage;
pub mod window;
