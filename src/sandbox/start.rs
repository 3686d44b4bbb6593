//! Starting the program in the finished sandbox: it gives up everything, then it runs.

use std::fs::File;
use std::io;
use std::io::Write;
use std::os::fd::AsFd;
use std::os::fd::AsRawFd;
use std::os::fd::OwnedFd;

use nix::sys::signal::SigSet;
use nix::unistd::ForkResult;
use nix::unistd::Pid;

use crate::sandbox::confine;
use crate::sandbox::init::Channels;
use crate::sandbox::init::Failure;
use crate::sandbox::init::at;
use crate::sandbox::level::Lack;
use crate::sandbox::level::Lacks;
use crate::sandbox::order;
use crate::sandbox::order::Parcel;
use crate::sandbox::order::Report;
use crate::sandbox::plan::Place;
use crate::sandbox::plan::Plan;
use crate::sandbox::process;
use crate::sandbox::seccomp;
use crate::sandbox::seccomp::Outsiders;
use crate::sandbox::wire;
use crate::sandbox::wire::Received;
use crate::sys::exec::Image;
use crate::sys::exec::usual_pipes;
use crate::sys::pty::Slave;

/// Makes a child that gives up everything, says so, and waits for the program that it becomes.
pub(super) fn fork(
    plan: &Plan,
    channels: &Channels,
    lacks: Lacks,
    slave: Option<&Slave>,
) -> Result<Pid, Failure> {
    // SAFETY: this process has one thread, so its copy may do whatever it could do.
    match unsafe { nix::unistd::fork() } {
        Ok(ForkResult::Child) => {
            let failure = match confine_program(plan, lacks, channels) {
                Ok(()) => become_program(plan, channels, slave),
                Err(failure) => Some(failure),
            };
            if let Some(failure) = failure {
                let _ = Report::Failed(failure).send(channels.control.as_fd(), &[]);
            }
            // SAFETY: ends this process at once, without anything that belongs to hoop-run's copy.
            unsafe { libc::_exit(127) }
        }
        Ok(ForkResult::Parent { child }) => {
            let_go_of_streams();
            Ok(child)
        }
        Err(errno) => Err(Failure { step: "make a process", errno: errno as i32 }),
    }
}

/// What hoop-run was started on must be able to end: the launcher keeps none of it open.
fn let_go_of_streams() {
    if let Ok(null) = File::options().read(true).write(true).open("/dev/null") {
        for stream in 0..=2 {
            // SAFETY: replaces a standard stream of this process, whose numbers nobody here owns.
            unsafe { libc::dup2(null.as_raw_fd(), stream) };
        }
    }
}

/// Waits for the program and runs it. What goes wrong is told by the pipe that came with it; before that, it is
/// returned.
fn become_program(plan: &Plan, channels: &Channels, slave: Option<&Slave>) -> Option<Failure> {
    let bad = Failure { step: "understand the order", errno: libc::EBADMSG };
    let packet = match wire::receive(channels.program.as_fd(), true) {
        Ok(Received::Packet(packet)) => packet,
        // There is nothing to run: hoop-run has given up.
        Ok(Received::Nothing | Received::Closed) => return None,
        Err(cause) => return Some(Failure::of("hear of the program", &cause)),
    };
    let mut fds = packet.fds.into_iter();
    let (Some(text), Some(trouble)) = (fds.next(), fds.next()) else { return Some(bad) };
    let failure = match order::read_all(text).map(|bytes| Parcel::parse(&bytes)) {
        Ok(Some(parcel)) => match prepare(plan, &parcel, slave, fds) {
            Ok(image) => Failure::of("", &image.run()),
            Err(failure) => failure,
        },
        Ok(None) => bad,
        Err(cause) => Failure::of("read the program", &cause),
    };
    let mut bytes = failure.errno.to_le_bytes().to_vec();
    bytes.extend(failure.step.as_bytes());
    let _ = File::from(trouble).write_all(&bytes);
    None
}

fn prepare(
    plan: &Plan,
    parcel: &Parcel,
    slave: Option<&Slave>,
    mut fds: impl Iterator<Item = OwnedFd>,
) -> Result<Image, Failure> {
    if plan.place != Place::OurGroup {
        let own = Pid::from_raw(0);
        nix::unistd::setpgid(own, own).map_err(at("make a process group"))?;
    }
    if let Some(slave) = slave {
        nix::unistd::tcsetpgrp(slave, nix::unistd::getpid()).map_err(at("take the foreground"))?;
    }
    for (number, stream) in (0..).zip(parcel.stdio) {
        let fd = match stream {
            b'f' => fds.next(),
            b't' => slave.and_then(|slave| slave.as_fd().try_clone_to_owned().ok()),
            _ => continue,
        };
        let fd = fd.ok_or(Failure { step: "find a stream", errno: libc::EBADF })?;
        // SAFETY: replaces a standard stream; the number is not owned by anything here.
        if unsafe { libc::dup2(fd.as_raw_fd(), number) } < 0 {
            return Err(Failure::of("connect a stream", &io::Error::last_os_error()));
        }
    }
    if let Some(directory) = &parcel.directory {
        nix::unistd::chdir(directory).map_err(at("enter the directory"))?;
    }
    if let Some(hardened) = plan.hardened {
        hardened.undo_in_child();
    }
    usual_pipes();
    // Whoever answers for the first execve(2) reads its arguments, as of every later one. Nobody else is here yet.
    let _ = nix::sys::prctl::set_dumpable(true);
    SigSet::empty().thread_set_mask().map_err(at("unblock signals"))?;
    Image::new(&parcel.program, &parcel.argv, &parcel.env)
        .map_err(|cause| Failure::of("make the arguments", &cause))
}

/// Gives up everything that can be given up, and reports it, with what will report the program's commands.
fn confine_program(plan: &Plan, mut lacks: Lacks, channels: &Channels) -> Result<(), Failure> {
    let mut listener = None;
    if plan.isolation.is_some() || plan.is_watched {
        confine::leave_keyring(&mut lacks);
        confine::drop_capabilities().map_err(|cause| Failure::of("drop capabilities", &cause))?;
        confine::forgo_privileges().map_err(|cause| Failure::of("forgo privileges", &cause))?;
        confine::scope();
        let outsiders = match &plan.isolation {
            Some(_) => Outsiders::Hidden,
            None => Outsiders::Visible,
        };
        if seccomp::harden(outsiders).is_err() {
            lacks.add(Lack::Filter);
        }
    } else {
        lacks.add(Lack::Filter);
    }
    if plan.is_watched {
        match seccomp::watch_execs(!process::exits_are_told()) {
            Ok(made) => listener = Some(made),
            Err(cause) if cause.raw_os_error() == Some(libc::EBUSY) => lacks.add(Lack::WatchTaken),
            Err(_) => lacks.add(Lack::Watch),
        }
    } else {
        lacks.add(Lack::Watch);
    }
    let beside: Vec<_> = listener.iter().map(AsFd::as_fd).collect();
    Report::Confined(lacks, std::process::id())
        .send(channels.control.as_fd(), &beside)
        .map_err(|cause| Failure::of("report", &cause))
}
