//! Real full-screen programs under hoop-run paint the screen that they paint without it, but for stars where a secret
//! stands. Each is run twice on a terminal of the same size, and both screens are emulated and compared, cell by cell.
//!
//! Programs that are not installed are left out, and that is said (`scripts/setup.sh test` installs them).

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    missing_docs,
    reason = "a panic is how a test reports; real programs are waited for in real time"
)]

#[allow(dead_code, reason = "the agents' tests have more to do with them")]
#[path = "../agents/agent.rs"]
mod agent;
mod agents;
mod asked;
mod compare;
mod programs;
#[allow(dead_code, reason = "the end-to-end tests' support; each test program uses a part of it")]
#[path = "../e2e/support/mod.rs"]
mod support;
#[path = "../support/mod.rs"]
mod terminal;
