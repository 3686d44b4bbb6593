//! Where a program runs: its own namespaces, without the credentials of its user, watched.
//!
//! A launcher is forked early, makes the sandbox while hoop-run prepares the rest, and is process 1 in it.

pub mod network;
pub mod notify;
pub mod process;
pub mod seccomp;
pub mod sockets;
