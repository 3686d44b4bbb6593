//! Real clients while a person thinks: kept for longer than any of them waits by itself, told the reason where the answer
//! is no, forwarded once for one yes; and nothing forwarded where hoop-run ends or is killed meanwhile.
//!
//! Ninety seconds are waited once for all clients; the other tests go on beside that.

#![allow(clippy::unwrap_used, reason = "a panic is how a test reports")]
#![allow(clippy::disallowed_methods, reason = "tests wait in real time for real programs")]
#![allow(clippy::print_stderr, reason = "a test that is left out says so")]

mod all_wait;
#[path = "../support/broker.rs"]
mod broker;
mod clients;
mod ended;
mod fresh;
mod grants;
mod inside;
mod retries;
#[path = "../support/mod.rs"]
mod support;
#[allow(dead_code, reason = "shared with the tests of the gateway")]
#[path = "../gateway/upstream.rs"]
mod upstream;
#[allow(dead_code, reason = "shared with the tests of the gateway")]
#[path = "../gateway/world.rs"]
mod world;
