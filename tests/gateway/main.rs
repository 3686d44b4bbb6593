//! The gateway from outside: a client with the child's environment on one side, an upstream that checks the real
//! signature on the other.

#![allow(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod client;
mod held;
mod hosts;
mod javascript;
mod modes;
mod moto;
mod refusals;
mod streams;
mod upstream;
mod world;
