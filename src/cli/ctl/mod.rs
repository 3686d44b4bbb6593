//! `hoopctl`: one file for each subcommand, with its arguments and what it does.

pub mod console;
pub mod index;
pub mod search;
pub mod sessions;
pub mod verify;
//! `hoopctl`, one file per subcommand.

pub mod config;
pub mod policy;
