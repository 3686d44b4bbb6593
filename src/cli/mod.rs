//! Arguments, composition, printing and exit codes of the programs.

pub mod ctl;
pub mod replay;
