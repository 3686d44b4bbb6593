//! `hoopctl`, one file per subcommand.

pub mod config;
pub mod policy;
