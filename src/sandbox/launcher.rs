//! hoop-run's side of the launcher: forks it, hears when the sandbox is made, has the program started, hears of its end.

use std::fs::File;
use std::io;
use std::io::Read;
use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::path::PathBuf;

use nix::sys::signal::Signal;
use nix::sys::signal::kill;
use nix::sys::wait::waitpid;
use nix::unistd::Pid;

use crate::error::Error;
use crate::error::IoContext;
use crate::error::Kind;
use crate::error::Result;
use crate::sandbox::init;
use crate::sandbox::init::Channels;
use crate::sandbox::init::Owner;
use crate::sandbox::level::Lacks;
use crate::sandbox::order;
use crate::sandbox::order::Order;
use crate::sandbox::order::Parcel;
use crate::sandbox::order::Report;
use crate::sandbox::plan::Plan;
use crate::sandbox::plan::Program;
use crate::sandbox::plan::Stdio;
use crate::sandbox::wire;
use crate::sandbox::wire::Received;
use crate::sys::child::Change;
use crate::sys::exec;
use crate::sys::exec::Trouble;
use crate::sys::exec::Unstartable;
use crate::sys::fd;
use crate::sys::pty::Master;

/// A launcher that makes its sandbox, or has made it. Everything in it ends when this is dropped.
#[derive(Debug)]
pub struct Launcher {
    pid: Pid,
    control: OwnedFd,
    program: OwnedFd,
    sockets: Option<OwnedFd>,
    is_isolated: bool,
    /// Its status was taken.
    is_reaped: bool,
    /// It has closed its side.
    is_silent: bool,
}

/// A finished sandbox, with a process in it that has given up everything and waits to become the program.
#[derive(Debug)]
pub struct Ready {
    /// What it lacks.
    pub lacks: Lacks,
    /// The number of that process, as it sees it.
    pub pid: u32,
    /// Reports the program's commands; they wait until somebody answers.
    pub listener: Option<OwnedFd>,
    /// Our end of the program's terminal.
    pub master: Option<Master>,
    /// What [`crate::sandbox::network::set_up`] has made.
    pub network: Vec<OwnedFd>,
    /// Asks the launcher for sockets of the inner network.
    pub sockets: Option<OwnedFd>,
}

/// Why there is no sandbox of the kind that was planned.
#[derive(Clone, Debug)]
pub struct Impossible {
    /// The step that did not work, as "cannot …" continues.
    pub step: String,
    /// What the system said.
    pub why: String,
}

/// A program that was told to run.
#[derive(Debug)]
pub struct Starting {
    trouble: OwnedFd,
    shown: String,
    program: PathBuf,
}

impl Launcher {
    /// What the launcher is called in a process list.
    pub const NAME: &str = "hoop-init";

    /// Forks the launcher; it begins at once. Only one thread may exist.
    ///
    /// # Errors
    /// When there is no process or socket to be had; `Impossible` stands for namespaces that are refused.
    pub fn fork(plan: &Plan) -> Result<std::result::Result<Self, Impossible>> {
        let (control, its_control) = wire::pair().context(|| "cannot make a socket")?;
        let (sockets, its_sockets) = wire::pair().context(|| "cannot make a socket")?;
        let (program, its_program) = wire::pair().context(|| "cannot make a socket")?;
        let is_isolated = plan.isolation.is_some();
        let mut flags = libc::SIGCHLD;
        if let Some(isolation) = &plan.isolation {
            flags |= libc::CLONE_NEWUSER | libc::CLONE_NEWNS | libc::CLONE_NEWPID | libc::CLONE_NEWIPC;
            if isolation.network.is_some() {
                flags |= libc::CLONE_NEWNET;
            }
        }
        // In a new user namespace nobody has a number before it is mapped.
        let owner = Owner { uid: nix::unistd::geteuid(), gid: nix::unistd::getegid() };
        // SAFETY: without CLONE_VM this is fork(2); with one thread the copy may do whatever we could do. The null
        // stack means "the same one, copied".
        let pid = unsafe { libc::syscall(libc::SYS_clone, libc::c_long::from(flags), 0, 0, 0, 0) };
        if pid == 0 {
            drop((control, sockets, program));
            let channels = Channels { control: its_control, sockets: its_sockets, program: its_program };
            let ran = catch_unwind(AssertUnwindSafe(|| init::run(plan, &channels, owner)));
            // SAFETY: ends this process at once; nothing of hoop-run's may run in it.
            unsafe { libc::_exit(ran.unwrap_or(1)) }
        }
        if pid < 0 {
            let cause = io::Error::last_os_error();
            if is_isolated {
                let why = crate::error::plain(&cause);
                return Ok(Err(Impossible { step: "make namespaces".to_owned(), why }));
            }
            return Err(Error::io("cannot make a process", &cause));
        }
        let pid = Pid::from_raw(i32::try_from(pid).unwrap_or(0));
        let sockets = Some(sockets);
        Ok(Ok(Self { pid, control, program, sockets, is_isolated, is_reaped: false, is_silent: false }))
    }

    /// Waits until the sandbox is made.
    ///
    /// # Errors
    /// The step that did not work; the launcher is to be dropped then.
    pub fn ready(&mut self, plan: &Plan) -> std::result::Result<Ready, Impossible> {
        let (Report::Ready(_), mut fds) = self.hear()? else {
            return Err(Impossible::new("spoke out of turn"));
        };
        let master = match plan.terminal {
            Some(_) if !fds.is_empty() => {
                Some(Master::from_fd(fds.remove(0)).map_err(|error| Impossible::new(error.what()))?)
            }
            _ => None,
        };
        let (Report::Confined(lacks, pid), listener) = self.hear()? else {
            return Err(Impossible::new("spoke out of turn"));
        };
        let listener = listener.into_iter().next();
        Ok(Ready { lacks, pid, listener, master, network: fds, sockets: self.sockets.take() })
    }

    fn hear(&self) -> std::result::Result<(Report, Vec<OwnedFd>), Impossible> {
        let packet = match wire::receive(self.control.as_fd(), true) {
            Ok(Received::Packet(packet)) => packet,
            Ok(_) => return Err(Impossible::new("its process died")),
            Err(cause) => return Err(Impossible::new(&crate::error::plain(&cause))),
        };
        match Report::parse(&packet.bytes) {
            Some((Report::Failed(failure), step)) => {
                let why = crate::error::plain(&io::Error::from_raw_os_error(failure.errno));
                Err(Impossible { step, why })
            }
            Some((report, _)) => Ok((report, packet.fds)),
            None => Err(Impossible::new("it spoke out of turn")),
        }
    }

    /// Has the program run, with files in the place of others: (what, where), only with namespaces.
    ///
    /// # Errors
    /// When the launcher cannot be told to.
    pub fn go(&mut self, program: Program, binds: &[(PathBuf, PathBuf)]) -> Result<Starting, Unstartable> {
        let ours = |error: Error| Unstartable { trouble: Trouble::Ours, error };
        let unheard = |cause: io::Error| ours(Error::io("cannot reach the launcher", &cause));
        let text = order::in_memory(&order::of_binds(binds)).map_err(unheard)?;
        Order::Bind.send(self.control.as_fd(), &[text.as_fd()]).map_err(unheard)?;
        let (reader, writer) = fd::pipe().map_err(ours)?;
        let shown = program.program.display().to_string().escape_debug().to_string();
        let file = program.program.clone();
        let (parcel, streams) = pack(program);
        let text = order::in_memory(&parcel.to_bytes()).map_err(unheard)?;
        match self.hear() {
            Ok((Report::Bound, _)) => {}
            Ok(_) => {
                return Err(ours(Error::new(Kind::System, "the launcher ended before the program began")));
            }
            Err(Impossible { step, why }) => {
                return Err(ours(Error::new(Kind::System, format!("cannot {step}")).why(why)));
            }
        }
        let mut fds = vec![text.as_fd(), writer.as_fd()];
        fds.extend(streams.iter().map(AsFd::as_fd));
        wire::send(self.program.as_fd(), b"G", &fds).map_err(unheard)?;
        Ok(Starting { trouble: reader, shown, program: file })
    }

    /// What became of the program since the last time, if anything; never waits.
    #[must_use]
    pub fn change(&mut self) -> Option<Change> {
        if self.is_silent {
            return None;
        }
        match wire::receive(self.control.as_fd(), false) {
            Ok(Received::Nothing) => None,
            Ok(Received::Packet(packet)) => match Report::parse(&packet.bytes)?.0 {
                Report::Stopped => Some(Change::Stopped),
                Report::Ended(status) => Some(Change::of_status(status)),
                Report::Ready(_) | Report::Failed(_) | Report::Confined(..) | Report::Bound => None,
            },
            Ok(Received::Closed) | Err(_) => {
                self.is_silent = true;
                Some(Change::Lost)
            }
        }
    }

    /// What becomes readable when there is a change; none once nothing more can come.
    #[must_use]
    pub fn changes(&self) -> Option<BorrowedFd<'_>> {
        (!self.is_silent).then(|| self.control.as_fd())
    }

    /// Sends `signal` to the program and what belongs to its group.
    pub fn signal(&self, signal: Signal) {
        // A launcher that is gone has taken the program along.
        let _ = Order::Signal(signal).send(self.control.as_fd(), &[]);
    }

    /// Tells that the terminal outside is raw from now on, or not any more: if we are killed, it gets its modes back.
    pub fn hold_terminal(&self, holds: bool) {
        let _ = Order::Holds(holds).send(self.control.as_fd(), &[]);
    }

    /// Lets a stopped program go on, in the foreground of its terminal.
    pub fn resume(&self) {
        let _ = Order::Resume.send(self.control.as_fd(), &[]);
    }

    /// Ends the program at once and, in a sandbox, everyone else in it.
    pub fn kill(&self) {
        self.signal(Signal::SIGKILL);
        if self.is_isolated && !self.is_reaped {
            let _ = kill(self.pid, Signal::SIGKILL);
        }
    }

    /// Ends the launcher and waits until it, and everyone in its sandbox, is gone.
    pub fn end(&mut self) {
        if !self.is_reaped {
            self.is_reaped = true;
            self.is_silent = true;
            let _ = kill(self.pid, Signal::SIGKILL);
            while waitpid(self.pid, None) == Err(nix::errno::Errno::EINTR) {}
        }
    }
}

impl Drop for Launcher {
    fn drop(&mut self) {
        self.end();
    }
}

impl Impossible {
    fn new(why: &str) -> Self {
        Self { step: "make the sandbox".to_owned(), why: why.to_owned() }
    }
}

impl Starting {
    /// Waits until the program runs.
    ///
    /// # Errors
    /// When the kernel does not run the file, or something before that failed.
    pub fn started(self) -> Result<(), Unstartable> {
        let mut bytes = Vec::new();
        // The pipe closes when the program runs.
        let read = File::from(self.trouble).take(1024).read_to_end(&mut bytes);
        let ours = |cause: &io::Error, what: String| Unstartable {
            trouble: Trouble::Ours,
            error: Error::io(what, cause),
        };
        if let Err(cause) = read {
            return Err(ours(&cause, format!("cannot start `{}`", self.shown)));
        }
        let Some((errno, step)) = bytes.split_first_chunk() else { return Ok(()) };
        let cause = io::Error::from_raw_os_error(i32::from_le_bytes(*errno));
        if step.is_empty() {
            return Err(exec::refused(&self.shown, &self.program, &cause));
        }
        let step = String::from_utf8_lossy(step);
        Err(ours(&cause, format!("cannot start `{}`: cannot {step}", self.shown)))
    }
}

/// The program as it travels, and the streams that go beside it.
fn pack(program: Program) -> (Parcel, Vec<OwnedFd>) {
    let mut streams = Vec::new();
    let stdio = program.stdio.map(|stream| match stream {
        Stdio::Ours => b'o',
        Stdio::Terminal => b't',
        Stdio::Fd(fd) => {
            streams.push(fd);
            b'f'
        }
    });
    let Program { program, argv, env, directory, .. } = program;
    (Parcel { program, directory, argv, env, stdio }, streams)
}
