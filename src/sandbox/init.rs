//! The launcher itself: process 1 of the sandbox. It makes everything ready, starts the program when it is told to,
//! reaps, relays signals, and dies with hoop-run, taking everyone along.

use std::ffi::CString;
use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::os::fd::AsRawFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::poll::PollFd;
use nix::poll::PollFlags;
use nix::poll::PollTimeout;
use nix::poll::poll;
use nix::sys::signal::SaFlags;
use nix::sys::signal::SigAction;
use nix::sys::signal::SigHandler;
use nix::sys::signal::SigSet;
use nix::sys::signal::Signal;
use nix::sys::signal::kill;
use nix::sys::signal::killpg;
use nix::sys::signal::sigaction;
use nix::sys::signalfd::SfdFlags;
use nix::sys::signalfd::SignalFd;
use nix::sys::wait::WaitPidFlag;
use nix::unistd::Gid;
use nix::unistd::Pid;
use nix::unistd::Uid;

use crate::sandbox::confine;
use crate::sandbox::launcher::Launcher;
use crate::sandbox::level::Lack;
use crate::sandbox::level::Lacks;
use crate::sandbox::mounts;
use crate::sandbox::network;
use crate::sandbox::order;
use crate::sandbox::order::Order;
use crate::sandbox::order::Report;
use crate::sandbox::plan::Isolation;
use crate::sandbox::plan::Place;
use crate::sandbox::plan::Plan;
use crate::sandbox::start;
use crate::sandbox::wire;
use crate::sandbox::wire::Packet;
use crate::sandbox::wire::Received;
use crate::sys::pty;
use crate::sys::tty;

/// A step that did not work.
#[derive(Clone, Copy, Debug)]
pub struct Failure {
    /// Which, as "cannot …" continues.
    pub step: &'static str,
    /// Why: errno.
    pub errno: i32,
}

impl Failure {
    /// `step` failed because of `cause`.
    #[must_use]
    pub fn of(step: &'static str, cause: &io::Error) -> Self {
        Self { step, errno: cause.raw_os_error().unwrap_or(libc::EIO) }
    }
}

/// Names the step that a system call belongs to.
pub(super) fn at(step: &'static str) -> impl Fn(Errno) -> Failure {
    move |errno| Failure { step, errno: errno as i32 }
}

/// Sockets of the launcher.
pub(super) struct Channels {
    /// Orders come, reports go.
    pub(super) control: OwnedFd,
    /// Requests for sockets of the inner network.
    pub(super) sockets: OwnedFd,
    /// The program comes here, to the process that becomes it.
    pub(super) program: OwnedFd,
}

/// Whose program it is, as numbered outside.
#[derive(Clone, Copy)]
pub(super) struct Owner {
    pub(super) uid: Uid,
    pub(super) gid: Gid,
}

/// Everything that process 1 does; returns its exit status.
pub(super) fn run(plan: &Plan, channels: &Channels, owner: Owner) -> i32 {
    let control = channels.control.as_fd();
    let usual = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    // SAFETY: the default action has no handler. Ignored children would leave no status to report.
    let _ = unsafe { sigaction(Signal::SIGCHLD, &usual) };
    // Nothing may stop or end the launcher but its orders and SIGKILL; children get an empty mask back.
    let _ = SigSet::all().thread_block();
    match make(plan, channels, owner) {
        Ok(running) => serve(plan, channels, &running),
        Err(failure) => {
            // hoop-run then tries less, or is gone.
            let _ = Report::Failed(failure).send(control, &[]);
            1
        }
    }
}

fn make(plan: &Plan, channels: &Channels, owner: Owner) -> Result<Running, Failure> {
    // It only shows in process lists; and tells a hoop-run inside where it is.
    let _ = nix::sys::prctl::set_name(&CString::new(Launcher::NAME).unwrap_or_default());
    if plan.isolation.is_none() {
        // As process 1 of a namespace does: what loses its parent goes on descending from the session, and cannot pass for
        // somebody outside who answers questions.
        let _ = nix::sys::prctl::set_child_subreaper(true);
    }
    close_inherited(plan, channels).map_err(|cause| Failure::of("close inherited descriptors", &cause))?;
    let mut lacks = Lacks::default();
    let mut passed = Vec::new();
    match &plan.isolation {
        Some(isolation) => {
            lacks = lacks.with(isolate(isolation, owner, &mut passed)?);
        }
        None => lacks.add(Lack::Namespaces),
    }
    if owner.uid.is_root() {
        lacks.add(Lack::Root);
    }
    if plan.place != Place::OurGroup {
        nix::unistd::setsid().map_err(at("begin a session"))?;
    }
    let mut slave = None;
    if let Some(terminal) = &plan.terminal {
        let (ours, its) = pty::open(terminal.size, terminal.like.as_ref())
            .map_err(|_| Failure { step: "open a pseudo-terminal", errno: Errno::last_raw() })?;
        take_terminal(its.as_fd()).map_err(|cause| Failure::of("take the pseudo-terminal", &cause))?;
        passed.insert(0, ours.into());
        slave = Some(its);
    }
    if passed.len() > wire::PACKET_FDS {
        return Err(Failure { step: "pass that many listeners", errno: libc::E2BIG });
    }
    let fds: Vec<BorrowedFd<'_>> = passed.iter().map(AsFd::as_fd).collect();
    Report::Ready(lacks)
        .send(channels.control.as_fd(), &fds)
        .map_err(|cause| Failure::of("report", &cause))?;
    let pid = start::fork(plan, channels, lacks, slave.as_ref())?;
    Ok(Running { pid, leads: plan.place != Place::OurGroup })
}

fn isolate(isolation: &Isolation, owner: Owner, passed: &mut Vec<OwnedFd>) -> Result<Lacks, Failure> {
    let Owner { uid, gid } = owner;
    // Our own files below /proc belong to us only while we may be looked at.
    set_dumpable(true);
    let write =
        |file: &str, text: String, step| fs::write(file, text).map_err(|cause| Failure::of(step, &cause));
    write("/proc/self/uid_map", format!("{uid} {uid} 1"), "map the user id")?;
    write("/proc/self/setgroups", "deny".to_owned(), "give up group changes")?;
    write("/proc/self/gid_map", format!("{gid} {gid} 1"), "map the group id")?;
    // From here on nobody inside can read what we have inherited from hoop-run's memory.
    set_dumpable(false);
    let directory = std::env::current_dir();
    let mut lacks = mounts::set_up(&isolation.hidden, uid.is_root())?;
    if let Ok(directory) = directory {
        // The same path, through what is mounted now.
        nix::unistd::chdir(&directory).map_err(at("enter the working directory again"))?;
    }
    match &isolation.network {
        Some(wanted) => {
            let made = network::set_up(wanted);
            passed.extend(made.map_err(|(step, cause)| Failure::of(step, &cause))?);
        }
        None => lacks.add(Lack::Network),
    }
    Ok(lacks)
}

fn set_dumpable(dumpable: bool) {
    // It cannot fail but for a bad argument.
    let _ = nix::sys::prctl::set_dumpable(dumpable);
}

/// Closes what belongs to hoop-run alone. What the user has handed down (`3< file`) stays, for the program.
fn close_inherited(plan: &Plan, channels: &Channels) -> io::Result<()> {
    let outside = plan.terminal.as_ref().and_then(|terminal| terminal.outside.as_ref());
    let own = [&channels.control, &channels.sockets, &channels.program];
    let kept: Vec<i32> = own.into_iter().chain(outside).map(AsRawFd::as_raw_fd).collect();
    let numbers = fs::read_dir("/proc/self/fd")?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok())
        .collect::<Vec<_>>();
    for number in numbers.into_iter().filter(|number| !kept.contains(number)) {
        // SAFETY: F_GETFD reads a flag of a number, which may be closed by now.
        let flags = unsafe { libc::fcntl(number, libc::F_GETFD) };
        if flags >= 0 && flags & libc::FD_CLOEXEC != 0 {
            // SAFETY: in this process nobody uses the descriptor any more: its owners live in hoop-run's copy.
            unsafe { libc::close(number) };
        }
    }
    Ok(())
}

/// Makes the terminal behind `slave` the controlling one of our session.
fn take_terminal(slave: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: TIOCSCTTY takes an integer, not a pointer.
    let result = unsafe { libc::ioctl(slave.as_raw_fd(), libc::TIOCSCTTY as _, 0) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// The program, or the process that waits to become it.
struct Running {
    pid: Pid,
    leads: bool,
}

impl Running {
    fn signal(&self, signal: Signal) {
        // One that is gone needs no signal.
        let _ = if self.leads { killpg(self.pid, signal) } else { kill(self.pid, signal) };
    }

    /// Back to the foreground, and on.
    fn resume(&self) {
        if let Ok(terminal) = fs::File::open("/dev/tty") {
            let _ = nix::unistd::tcsetpgrp(&terminal, self.pid);
        }
        self.signal(Signal::SIGCONT);
    }
}

/// Does what hoop-run orders until it closes its side.
fn serve(plan: &Plan, channels: &Channels, running: &Running) -> i32 {
    let control = channels.control.as_fd();
    let mut only = SigSet::empty();
    only.add(Signal::SIGCHLD);
    let Ok(children) = SignalFd::with_flags(&only, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK) else {
        return 1;
    };
    let mut serves_sockets = true;
    let mut holds = false;
    loop {
        let flags = PollFlags::POLLIN;
        let mut waits = vec![PollFd::new(control, flags), PollFd::new(children.as_fd(), flags)];
        if serves_sockets {
            waits.push(PollFd::new(channels.sockets.as_fd(), flags));
        }
        match poll(&mut waits, PollTimeout::NONE) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(_) => return 1,
        }
        let is_ready = |number: usize| {
            waits.get(number).and_then(PollFd::revents).is_some_and(|events| !events.is_empty())
        };
        let (ordered, changed, asked) = (is_ready(0), is_ready(1), is_ready(2));
        if changed {
            while let Ok(Some(_)) = children.read_signal() {}
            if reap(running, control).is_err() {
                return 1;
            }
        }
        if asked {
            serves_sockets =
                matches!(network::serve_request(channels.sockets.as_fd()), Ok(network::Served::Served));
        }
        if ordered {
            match wire::receive(control, false) {
                Ok(Received::Nothing) => {}
                Ok(Received::Packet(packet)) => {
                    if obey(plan, running, control, packet, &mut holds).is_err() {
                        return 1;
                    }
                }
                Ok(Received::Closed) | Err(_) => {
                    bereaved(plan, running, holds);
                    return 0;
                }
            }
        }
    }
}

/// hoop-run is gone without a word: it was killed. Nobody in here survives it, whose process 1 ends with this. (The
/// kernel's parent-death signal would do the same, but at once: the terminal outside would stay raw.)
fn bereaved(plan: &Plan, running: &Running, holds: bool) {
    // Without namespaces this reaches the program's group only.
    running.signal(if plan.is_watched { Signal::SIGKILL } else { Signal::SIGHUP });
    if let Some(terminal) = plan.terminal.as_ref().filter(|_| holds)
        && let (Some(outside), Some(modes)) = (&terminal.outside, &terminal.like)
    {
        tty::bring_back(outside.as_fd(), modes);
    }
}

fn obey(
    plan: &Plan,
    running: &Running,
    control: BorrowedFd<'_>,
    packet: Packet,
    holds: &mut bool,
) -> io::Result<()> {
    match Order::parse(&packet.bytes) {
        Some(Order::Bind) => match bind(plan, packet.fds) {
            Ok(()) => Report::Bound.send(control, &[]),
            Err(failure) => Report::Failed(failure).send(control, &[]),
        },
        Some(Order::Resume) => {
            running.resume();
            Ok(())
        }
        Some(Order::Holds(now)) => {
            *holds = now;
            Ok(())
        }
        Some(Order::Signal(signal)) => {
            running.signal(signal);
            Ok(())
        }
        None => Ok(()),
    }
}

/// The last thing that needs capabilities; then they go.
fn bind(plan: &Plan, fds: Vec<OwnedFd>) -> Result<(), Failure> {
    if plan.isolation.is_none() {
        return Ok(());
    }
    let text = fds.into_iter().next().ok_or(Failure { step: "hear of files", errno: libc::EBADMSG })?;
    let bytes = order::read_all(text).map_err(|cause| Failure::of("hear of files", &cause))?;
    for (what, place) in order::binds(&bytes) {
        mounts::bind(&what, &place).map_err(|cause| Failure::of("put a file in its place", &cause))?;
    }
    confine::drop_capabilities().map_err(|cause| Failure::of("drop capabilities", &cause))
}

/// Takes the status of every child that has changed: ours, and the orphans that a process 1 inherits.
fn reap(running: &Running, control: BorrowedFd<'_>) -> io::Result<()> {
    let flags = (WaitPidFlag::WNOHANG | WaitPidFlag::WUNTRACED | WaitPidFlag::__WALL).bits();
    loop {
        let mut status = 0;
        // SAFETY: waitpid(2) writes one integer to the pointer, which is valid for it.
        let pid = unsafe { libc::waitpid(-1, &raw mut status, flags) };
        if pid <= 0 {
            return Ok(());
        }
        if running.pid.as_raw() != pid {
            continue;
        }
        let report = if libc::WIFSTOPPED(status) { Report::Stopped } else { Report::Ended(status) };
        report.send(control, &[])?;
    }
}
