//! What operators type: one table of verbs, their arguments, and the commands that they make. `ctl` and the
//! console's palette read the same.

pub mod arguments;
pub mod command;
pub mod export;
pub mod figures;
pub mod line;
pub mod near;
mod table;

pub use table::*;
