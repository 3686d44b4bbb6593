//! The command line: arguments, composition, printing, exit codes.

pub mod ctl;
pub mod run;
