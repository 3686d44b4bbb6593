//! What hoop-run was started on: a terminal, pipes, or nothing to look at.

use std::io;
use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::rc::Rc;

use crate::error::Result;
use crate::sandbox::plan;
use crate::sys::fd;
use crate::sys::fd::Behind;
use crate::sys::outlet::Outlet;
use crate::sys::tty;
use crate::sys::tty::Size;

/// Where the program's output goes, found once at the start.
#[derive(Debug)]
pub struct Surroundings {
    /// How the program is shown.
    pub face: Face,
    /// Standard input is a terminal, so the program gets the pseudo-terminal there, too.
    pub types_into_terminal: bool,
    /// Standard error is a terminal.
    pub error_is_terminal: bool,
}

/// How the program is shown.
#[derive(Debug)]
pub enum Face {
    /// On a terminal, through a pseudo-terminal; the outlet is also where keys come from.
    Terminal(Rc<Outlet>),
    /// Standard output is no terminal: pipes, byte by byte.
    Pipes,
    /// Through a pseudo-terminal that nobody sees.
    Headless,
}

/// The size of a pseudo-terminal that nobody sees, unless told otherwise.
const UNSEEN: Size = Size { cols: 80, rows: 24, pixels: (0, 0) };

impl Surroundings {
    /// Looks at standard input, output and error.
    ///
    /// # Errors
    /// When the terminal cannot be opened.
    pub fn look(headless: bool) -> Result<Self> {
        let (stdin, stdout, stderr) = (io::stdin(), io::stdout(), io::stderr());
        let is_terminal = |fd: BorrowedFd<'_>| fd::behind(fd) == Behind::Terminal;
        let face = if headless {
            Face::Headless
        } else if is_terminal(stdout.as_fd()) {
            Face::Terminal(Rc::new(Outlet::to(stdout.as_fd())?))
        } else {
            Face::Pipes
        };
        Ok(Self {
            face,
            types_into_terminal: is_terminal(stdin.as_fd()),
            error_is_terminal: is_terminal(stderr.as_fd()),
        })
    }

    /// The size of the screen that is recorded; `wanted` columns and rows count where nobody sees it.
    #[must_use]
    pub fn size(&self, wanted: (Option<u16>, Option<u16>)) -> Size {
        let seen = match &self.face {
            Face::Terminal(outlet) => tty::size_of(outlet.as_fd()).unwrap_or(UNSEEN),
            Face::Pipes | Face::Headless => UNSEEN,
        };
        Size {
            cols: wanted.0.filter(|cols| *cols > 0).unwrap_or(seen.cols),
            rows: wanted.1.filter(|rows| *rows > 0).unwrap_or(seen.rows),
            ..seen
        }
    }

    /// The pseudo-terminal that the program needs, of `size`; none: it gets pipes.
    #[must_use]
    pub fn terminal(&self, size: Size) -> Option<plan::Terminal> {
        match &self.face {
            Face::Pipes => None,
            Face::Headless => Some(plan::Terminal { size, like: None, outside: None }),
            Face::Terminal(outlet) => {
                // In the background the modes are those of the shell's line editor, which no program expects.
                let like =
                    tty::is_foreground(outlet.as_fd()).then(|| tty::Modes::of(outlet.as_fd())).flatten();
                let outside = outlet.as_fd().try_clone_to_owned().ok();
                Some(plan::Terminal { size, like, outside })
            }
        }
    }

    /// Whether a person can be asked here.
    #[must_use]
    pub fn can_ask(&self) -> bool {
        matches!(self.face, Face::Terminal(_))
    }
}
