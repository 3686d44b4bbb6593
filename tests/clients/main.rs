//! Real clients, real sessions: each client in each way through hoop-run to a strict moto, and what each is told when
//! something is refused.

#![allow(
    clippy::unwrap_used,
    clippy::missing_docs_in_private_items,
    missing_docs,
    reason = "a panic is how a test reports"
)]
#![allow(dead_code, reason = "support is shared, and each program uses a part of it")]
#![allow(clippy::print_stderr, reason = "a test that is left out says so")]

mod matrix;
mod profiles;
mod refusals;
mod support;
mod traps;
mod way;
