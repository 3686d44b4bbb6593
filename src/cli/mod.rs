//! The command line: arguments, composition, printing, exit codes.

pub mod ctl;
pub mod replay;
pub mod run;
mod saying;
mod surroundings;
