//! The operating system's side: the only place, with the sandbox, where `unsafe` and `libc` may stand.
//!
//! Every file knows one thing: a PTY, a terminal's modes, a program to start, a child, signals, waiting, writing
//! without blocking, and what protects our own memory.

pub mod child;
pub mod disk;
pub mod draft;
pub mod exec;
pub mod fd;
pub mod harden;
pub mod locked;
pub mod lookup;
pub mod nice;
pub mod outlet;
pub mod peer;
pub mod poll;
pub mod pty;
pub mod signals;
pub mod tty;
pub mod user;
pub mod wake;
