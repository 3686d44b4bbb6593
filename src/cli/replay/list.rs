//! The sessions of the store, as lines.

use std::env;
use std::io;
use std::io::IsTerminal;

use jiff::tz::TimeZone;

use super::place;
use crate::cli::ctl::console::Console;
use crate::cli::ctl::sessions;
use crate::clock::Clock;
use crate::error::Result;

/// The examples of `hoop-replay list --help`.
pub const AFTER_HELP: &str = "\
Examples:
  hoop-replay list --since 2d --decision deny
  hoop-replay list --action 's3:Delete*' --user ana
  hoop-replay list --text 'AccessDenied' --json | jq .id

Times: 2026-07-01, 2026-07-01T12:30, RFC 3339, or a length of time ago: 90m, 2h, 3d, 1w.";

/// Prints the list.
pub fn run(args: &sessions::Args) -> Result<()> {
    let (mut out, mut err) = (io::stdout().lock(), io::stderr().lock());
    let width = io::stdout().is_terminal().then(columns).flatten();
    let now = Clock::system().unix_micros();
    let mut console = Console { out: &mut out, err: &mut err, width, zone: TimeZone::system(), now };
    sessions::run(args, &place::state()?, &mut console).map(|_| ())
}

pub(super) fn columns() -> Option<usize> {
    let set = env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    set.or_else(|| crossterm::terminal::size().ok().map(|(cols, _)| usize::from(cols)))
}
