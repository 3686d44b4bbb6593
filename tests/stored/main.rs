//! Nothing that is stored, said or exported has a secret in it: canaries are sent through every channel there is, and
//! then everything that hoop left behind is searched for every one of them, in every encoding.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::missing_docs_in_private_items,
    missing_docs,
    reason = "a panic is how a test reports; real programs are waited for in real time"
)]

mod approvals;
mod canary;
mod channels;
mod errors;
#[allow(dead_code, reason = "the end-to-end tests' support; each test program uses a part of it")]
#[path = "../e2e/support/mod.rs"]
mod support;
#[path = "../support/mod.rs"]
mod terminal;
