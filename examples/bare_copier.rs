//! The least that a program between a terminal and a program can do: copy bytes both ways. `benches/terminal.py`
//! measures hoop-run against it.
//!
//! usage: bare_copier PROGRAM ARG…

#![allow(clippy::unwrap_used, clippy::exit, reason = "a yardstick, not a product")]

use std::io;
use std::os::fd::AsFd;
use std::os::fd::AsRawFd;
use std::os::fd::BorrowedFd;
use std::os::unix::process::CommandExt;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use nix::fcntl::FcntlArg;
use nix::fcntl::FdFlag;
use nix::fcntl::fcntl;
use nix::pty::openpty;
use nix::sys::termios::SetArg;
use nix::sys::termios::cfmakeraw;
use nix::sys::termios::tcgetattr;
use nix::sys::termios::tcsetattr;
use nix::unistd::read;
use nix::unistd::write;

fn main() {
    let mut arguments = std::env::args_os().skip(1);
    let program = arguments.next().expect("usage: bare_copier PROGRAM ARG…");
    let stdin = io::stdin();
    let modes = tcgetattr(&stdin).ok();
    let pair = openpty(None, modes.as_ref()).unwrap();
    let slave = pair.slave.as_raw_fd();
    let mut command = Command::new(program);
    let end = || pair.slave.try_clone().unwrap();
    command.args(arguments).stdin(end()).stdout(end()).stderr(end());
    for fd in [&pair.master, &pair.slave] {
        fcntl(fd, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC)).unwrap();
    }
    let lead = move || {
        nix::unistd::setsid()?;
        // SAFETY: TIOCSCTTY takes an integer.
        match unsafe { libc::ioctl(slave, libc::TIOCSCTTY, 0) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    };
    // SAFETY: the closure makes system calls only.
    unsafe { command.pre_exec(lead) };
    let mut child = command.spawn().unwrap();
    drop(command);
    drop(pair.slave);
    if let Some(modes) = &modes {
        let mut raw = modes.clone();
        cfmakeraw(&mut raw);
        tcsetattr(&stdin, SetArg::TCSANOW, &raw).unwrap();
    }
    let keys_to = pair.master.try_clone().unwrap();
    std::thread::spawn(move || copy(io::stdin().as_fd(), keys_to.as_fd()));
    copy(pair.master.as_fd(), io::stdout().as_fd());
    let status = child.wait().unwrap();
    if let Some(modes) = &modes {
        tcsetattr(&stdin, SetArg::TCSANOW, modes).unwrap();
    }
    std::process::exit(status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0)));
}

fn copy(from: BorrowedFd<'_>, to: BorrowedFd<'_>) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = read(from, &mut buffer) {
        let mut rest = &buffer[..count];
        while !rest.is_empty() {
            match write(to, rest) {
                Ok(written) => rest = &rest[written..],
                Err(_) => return,
            }
        }
    }
}
