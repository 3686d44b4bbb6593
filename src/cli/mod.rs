//! The command line: arguments, composition, printing, exit codes.

mod beside;
pub mod ctl;
mod known_values;
mod looking;
mod mask_rules;
pub mod replay;
pub mod run;
mod saying;
mod sign_in;
mod surroundings;
