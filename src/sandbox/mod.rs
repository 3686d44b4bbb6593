//! Where a program runs: its own namespaces, without the credentials of its user, watched.
//!
//! A launcher is forked early, makes the sandbox while hoop-run prepares the rest, and is process 1 in it.

mod confine;
pub mod hide;
mod init;
pub mod launcher;
pub mod level;
mod mounts;
pub mod network;
pub mod notify;
mod order;
pub mod plan;
pub mod probe;
pub mod process;
pub mod seccomp;
pub mod sockets;
mod start;
mod wire;
