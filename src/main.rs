//! The qqdeck program.

fn main() {}
