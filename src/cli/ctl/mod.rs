//! `hoopctl`: one file for each subcommand, with its arguments and what it does.

pub mod config;
pub mod console;
pub mod index;
pub mod policy;
pub mod search;
pub mod sessions;
pub mod verify;
