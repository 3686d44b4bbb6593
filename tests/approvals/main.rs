//! Answers from elsewhere: real hoop-run, real hoopctl, a real AWS client, a certified identity provider, other users, and
//! an agent inside that tries to answer for itself.

#![allow(clippy::unwrap_used, missing_docs, reason = "a panic is how a test reports")]
#![allow(clippy::disallowed_methods, reason = "tests wait in real time for real programs")]
#![allow(clippy::print_stderr, reason = "a test that skips says why")]

mod answers;
mod inside;
mod live;
mod people;
#[path = "../sandbox/person.rs"]
#[allow(dead_code, reason = "the tests of the sandbox use the rest")]
mod person;
mod rude;
#[path = "../support/mod.rs"]
mod support;
mod world;
