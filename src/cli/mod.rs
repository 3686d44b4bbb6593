//! Arguments, composition, printing and exit codes of the programs.

pub mod run;
//! Arguments, composition, printing, exit codes.
//! The command line: arguments, composition, printing, exit codes.

pub mod ctl;
pub mod replay;
