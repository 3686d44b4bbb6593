//! hoop-run: runs a program in a terminal, recorded, masked and gated.

mod agent;
mod approvals;
pub mod args;
mod asks;
mod beginning;
mod compose;
mod dialog;
mod ending;
mod gateway;
mod identity;
mod notes;
mod notifying;
mod recovery;
mod repository;
mod roles;
mod saml;
mod sandbox;
mod settings;
mod summary;

use std::ffi::OsString;
use std::panic;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use clap::CommandFactory;
use clap::Parser;
use clap::error::ErrorKind;

use crate::cli::saying;
use crate::sys::signals;
use crate::sys::signals::Signal;
use args::Args;

/// Exit status when hoop-run itself failed, as env(1) and timeout(1) have it.
const OURS: u8 = 125;

/// The program's definition, for man pages and completions.
#[must_use]
pub fn command() -> clap::Command {
    Args::command()
}

/// The whole program: arguments in, exit status out. A program killed by a signal makes us die of the same one.
#[must_use]
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    saying::mask_panics();
    let args = match Args::try_parse_from(arguments) {
        Ok(args) => args,
        Err(error) => {
            // Help and version are answers, not failures.
            saying::misused(&error);
            return match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
                _ => ExitCode::from(OURS),
            };
        }
    };
    // A panic has told what there is to tell, and brought the terminal back.
    match panic::catch_unwind(AssertUnwindSafe(|| compose::run(args))) {
        Ok(ending::Status::Code(code)) => ExitCode::from(code),
        Ok(ending::Status::Signal(signal)) => die_of(signal),
        Err(_) => ExitCode::from(OURS),
    }
}

fn die_of(signal: Signal) -> ExitCode {
    signals::die_of(signal);
    // Only if it did not kill us.
    ExitCode::from(128_u8.saturating_add(signal as u8))
}
