//! The `hoop-run` program.

fn main() {}
