//! `hoopctl index`: the database that lists and searches use.

use std::path::Path;

use super::console::Console;
use crate::error::Result;
use crate::record::index;

/// Look after the index that lists and searches use.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub action: Action,
}

/// What can be done with the index.
#[derive(Debug, clap::Subcommand)]
pub enum Action {
    /// Make it anew from the recordings, which are the truth.
    Rebuild,
}

/// Does it; gives the exit status: 1 when a recording could not be read.
pub fn run(args: &Args, state: &Path, console: &mut Console<'_>) -> Result<u8> {
    let Action::Rebuild = args.action;
    let done = index::rebuild(state)?;
    for (id, why) in &done.unreadable {
        console.notice(&format!("{id} is not in the index: {why}"));
    }
    console.line(&format!("indexed {} sessions", done.updated))?;
    Ok(u8::from(!done.unreadable.is_empty()))
}
