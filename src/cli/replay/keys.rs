//! `hoop-replay keys`: every key, as a file to start from.

use std::io;
use std::io::Write;

use crate::cli::looking;
use crate::cli::surroundings;
use crate::config::load::Config;
use crate::error::IoContext;
use crate::error::Result;

/// The examples of `hoop-replay keys --help`.
pub const AFTER_HELP: &str = "\
What is built in stands behind #, what your own file says does not. Every line is `action = [keys]`, in the table of the
place where it works.

Examples:
  hoop-replay keys | less
  hoop-replay keys > my-keys.toml      then change it, and move it to ~/.config/hoop/keys.toml
  HOOP_REPLAY_KEYS=my-keys.toml hoop-replay keys     is it right?";

/// Prints them.
pub fn run() -> Result<()> {
    let config = Config::load(&surroundings::sources())?;
    let text = looking::keys(&config)?.to_toml();
    match io::stdout().lock().write_all(text.as_bytes()) {
        // Whoever has seen enough may leave.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done.context(|| "cannot write the keys"),
    }
}
