//! Arguments, composition, printing and exit codes of the programs.

pub mod run;
//! The command line: arguments, composition, printing, exit codes.

pub mod ctl;
