//! The `hoop-replay` program.

fn main() {}
