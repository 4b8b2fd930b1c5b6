//! The running bot: owns the engine, hands its effects to the leaves and publishes what it became.
//! The only room that knows all leaves. Doors see no more of it than [`handle::Handle`].

pub mod handle;
pub mod run;
