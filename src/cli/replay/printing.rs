//! Printing what a subcommand found.

use std::io;
use std::io::BufWriter;
use std::io::IsTerminal;
use std::io::Write;

use jiff::tz::TimeZone;

use super::list::columns;
use crate::cli::ctl::console::Console;
use crate::clock::Clock;
use crate::error::Error;
use crate::error::Result;

/// Does `work` on standard output and standard error.
pub fn on_console<T>(work: impl FnOnce(&mut Console<'_>) -> Result<T>) -> Result<T> {
    // With a buffer: a line at a time would take as many system calls.
    let (mut out, mut err) = (BufWriter::new(io::stdout().lock()), io::stderr().lock());
    let width = io::stdout().is_terminal().then(columns).flatten();
    let now = Clock::system().unix_micros();
    let done = work(&mut Console { out: &mut out, err: &mut err, width, zone: TimeZone::system(), now })?;
    match out.flush() {
        // Whoever read our output may have gone away (`| head`).
        Err(cause) if cause.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::io("cannot write the output", &cause))
        }
        _ => Ok(done),
    }
}
