//! Arguments, composition, printing, exit codes.

pub mod ctl;
