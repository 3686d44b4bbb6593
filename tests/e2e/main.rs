//! The programs as a user has them: real clients, a real emulator, whole sessions.

#![allow(
    clippy::unwrap_used,
    clippy::missing_docs_in_private_items,
    missing_docs,
    reason = "a panic is how a test reports"
)]

mod approvals;
mod clients;
mod demo;
mod golden;
mod minted;
mod network;
mod policy;
mod secrets;
mod support;
mod verify;
