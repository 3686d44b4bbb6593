//! The `hoopctl` program.

fn main() {}
