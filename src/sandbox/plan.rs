//! What a sandbox is to be made of: plain values, decided before anything is forked.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use crate::sandbox::hide::Hidden;
use crate::sandbox::network::Wanted;
use crate::sys::harden::Hardened;
use crate::sys::tty::Modes;
use crate::sys::tty::Size;

/// A sandbox to be made.
#[derive(Debug)]
pub struct Plan {
    /// Namespaces and everything that needs them; none: the program sees the machine as it is.
    pub isolation: Option<Isolation>,
    /// The program may not gain privileges and every command is reported.
    pub is_watched: bool,
    /// A pseudo-terminal is needed.
    pub terminal: Option<Terminal>,
    /// Which session and process group the program belongs to.
    pub place: Place,
    /// What the program gets back of what hoop-run gave up.
    pub hardened: Option<Hardened>,
}

/// What a namespace of each kind holds.
#[derive(Clone, Debug)]
pub struct Isolation {
    /// What is not to be seen.
    pub hidden: Hidden,
    /// The network; none: that of the machine.
    pub network: Option<Wanted>,
}

/// The pseudo-terminal of the program.
#[derive(Debug)]
pub struct Terminal {
    /// Its size at the start.
    pub size: Size,
    /// Its modes, as of the terminal outside; none: usual ones.
    pub like: Option<Modes>,
    /// The terminal outside: it gets its modes back if hoop-run is killed.
    pub outside: Option<OwnedFd>,
}

/// Which session and process group the program belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// It leads the foreground group of a new session that its pseudo-terminal controls.
    Terminal,
    /// It leads a group of a new session without a terminal.
    OwnSession,
    /// It stays in hoop-run's process group, so that the terminal's Ctrl-C and Ctrl-Z reach both alike.
    OurGroup,
}

/// What is started in the finished sandbox.
#[derive(Debug)]
pub struct Program {
    /// The file to run, an absolute path.
    pub program: PathBuf,
    /// All arguments, the program's name first.
    pub argv: Vec<OsString>,
    /// The whole environment.
    pub env: Vec<(OsString, OsString)>,
    /// Where it runs; none: where hoop-run runs.
    pub directory: Option<PathBuf>,
    /// Standard input, output and error.
    pub stdio: [Stdio; 3],
}

/// One of the program's standard streams.
#[derive(Debug)]
pub enum Stdio {
    /// As hoop-run has it.
    Ours,
    /// The pseudo-terminal.
    Terminal,
    /// Something else.
    Fd(OwnedFd),
}
