//! The command log: every program that is executed is recorded, exactly once, with its end.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a panic is how a test reports")]
#![allow(clippy::print_stderr, reason = "a test that skips says why")]
#![allow(clippy::disallowed_methods, reason = "tests wait in real time for real programs")]

#[path = "../support/broker.rs"]
mod broker;
mod holders;
mod hostile;
mod rules;
mod session;
mod storms;
#[path = "../support/mod.rs"]
mod support;
mod ways;
mod world;
