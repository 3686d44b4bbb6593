//! The sandbox as an attacker, a tool and a user meet it.
//!
//! CI runs as root: programs run as an ordinary user of the test's own; a few tests look at what root gets.

#![allow(
    clippy::unwrap_used,
    clippy::missing_docs_in_private_items,
    missing_docs,
    reason = "a panic is how a test reports"
)]
#![allow(clippy::disallowed_methods, reason = "tests wait in real time for real programs")]
#![allow(clippy::print_stderr, reason = "a test that skips says why")]

mod hygiene;
mod levels;
mod lifecycle;
mod person;
mod reach;
#[path = "../support/mod.rs"]
mod support;
mod tools;
