//! What the command log costs each program that is executed: the same driver, watched and not, in turns.
//!
//! `cargo bench --bench commands`. Figures are microseconds for each program, from its start to its end as its parent sees
//! it: the least and the median of all rounds. The least is what counts on a machine that does something else, too.

#![allow(clippy::unwrap_used, reason = "a panic is how a benchmark reports")]
#![allow(clippy::print_stdout, reason = "figures are its output")]
#![allow(clippy::disallowed_methods, reason = "it measures real time")]

#[path = "../tests/support/broker.rs"]
mod broker;

use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::fd::FromRawFd;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::Child;
use std::process::ChildStdin;
use std::process::ChildStdout;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use broker::NOBODY;
use broker::broker;
use hoop::audit::End;
use hoop::audit::Start;
use hoop::clock::Clock;
use hoop::mask::Engine;
use hoop::policy::PolicySet;
use hoop::record::Recorder;
use hoop::sandbox::seccomp;
use hoop::sandbox::seccomp::Outsiders;
use hoop::session::commands::Commands;
use hoop::session::commands::Setup;
use hoop::session::notices::Notices;
use hoop::sys::wake;
use hoop::types::SessionId;
use nix::sys::socket::ControlMessage;
use nix::sys::socket::ControlMessageOwned;
use nix::sys::socket::MsgFlags;

const KEY_ID: &str = "ASIAQWERTYUIAAAAAAAA";
/// Rounds, and programs in each.
const ROUNDS: usize = 30;
const PROGRAMS: usize = 60;
/// Programs in a shell's loop.
const LOOP: usize = 300;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.get(1).is_some_and(|argument| argument == "drive") {
        drive();
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let nothing = folder.path().join("nothing");
    let source = folder.path().join("nothing.c");
    std::fs::write(&source, "int main(void) { return 0; }\n").unwrap();
    let done = Command::new("cc").args(["-O1", "-static", "-o"]).arg(&nothing).arg(&source).status().unwrap();
    assert!(done.success());
    let nothing = nothing.to_str().unwrap();
    let shell = format!("for i in {{1..{LOOP}}}; do /bin/true; done");
    println!(
        "{:32} {:>8} {:>8} {:>8} {:>8}   {:>7} {:>7}",
        "us each", "plain", "median", "watched", "median", "least", "median"
    );
    for (name, key_id) in [("", None), (", key id", Some(KEY_ID.to_owned()))] {
        let clock = Clock::system();
        let (waker, _wakeups) = wake::channel().unwrap();
        let start = Start::new(SessionId::new(clock.unix_micros(), 7), clock.unix_micros(), Vec::new());
        let state = folder.path().join(format!("state{}", name.len()));
        let recorder = Recorder::create(&state, &start, clock.clone()).unwrap();
        let commands = Commands::new(Setup {
            recorder: recorder.clone(),
            masks: Arc::new(Engine::builtin()),
            policies: PolicySet::new(Vec::new()),
            clock: clock.clone(),
            broker: broker(&clock, &recorder, NOBODY),
            who: String::new(),
            agent: None,
            repository: None,
            approval_ttl: Duration::from_secs(1),
            key_id,
            notices: Notices::new(waker),
        });
        let mut plain = Driver::start(None);
        let mut watched = Driver::start(Some(&commands));
        for (what, line, each) in [
            ("static program", format!("{PROGRAMS} {nothing}"), 1),
            ("dynamic program (/bin/true)", format!("{PROGRAMS} /bin/true"), 1),
            ("shell loop of /bin/true", format!("1 /bin/bash -c {shell}"), LOOP),
        ] {
            let (mut without, mut with) = (Vec::new(), Vec::new());
            for _ in 0..ROUNDS {
                without.extend(plain.round(&line));
                with.extend(watched.round(&line));
            }
            let figures = |all: &mut Vec<u64>| {
                all.sort_unstable();
                (all[0] as f64 / 1e3 / each as f64, all[all.len() / 2] as f64 / 1e3 / each as f64)
            };
            let ((least, median), (watched_least, watched_median)) =
                (figures(&mut without), figures(&mut with));
            println!(
                "{:32} {least:8.1} {median:8.1} {watched_least:8.1} {watched_median:8.1}   {:+7.1} {:+7.1}",
                format!("{what}{name}"),
                watched_least - least,
                watched_median - median
            );
        }
        drop((plain, watched));
        commands.finish();
        recorder.finish(&End::default()).unwrap();
    }
}

/// A process that starts programs when it is told to.
struct Driver {
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Driver {
    fn start(commands: Option<&Commands>) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg("drive").stdin(Stdio::piped()).stdout(Stdio::piped());
        command.env_clear().env("PATH", "/usr/bin:/bin").env("AWS_ACCESS_KEY_ID", KEY_ID);
        // As many variables as a desktop's shell has.
        command.envs((0..50).map(|number| (format!("VARIABLE_{number}"), "x".repeat(10 + number))));
        let mut child = match commands {
            None => command.spawn().unwrap(),
            Some(commands) => watched(command, commands),
        };
        let orders = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().unwrap());
        Self { child, orders, answers }
    }

    /// Nanoseconds of each program.
    fn round(&mut self, line: &str) -> Vec<u64> {
        writeln!(self.orders.as_ref().unwrap(), "{line}").unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        answer.split_whitespace().map(|number| number.parse().unwrap()).collect()
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        drop(self.orders.take());
        let _ = self.child.wait();
    }
}

fn drive() {
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        let mut words = line.splitn(4, ' ');
        let count: usize = words.next().unwrap().parse().unwrap();
        let words: Vec<&str> = words.collect();
        let mut answer = String::new();
        for _ in 0..count {
            let mut command = Command::new(words[0]);
            command.args(&words[1..]).stdin(Stdio::null());
            let start = Instant::now();
            assert!(command.status().unwrap().success());
            answer.push_str(&format!("{} ", start.elapsed().as_nanos()));
        }
        println!("{answer}");
    }
}

fn watched(mut command: Command, commands: &Commands) -> Child {
    let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    let filters = move || {
        nix::sys::prctl::set_no_new_privs()?;
        seccomp::harden(Outsiders::Hidden)?;
        let listener = seccomp::watch_execs(false)?;
        let fds = [listener.as_raw_fd()];
        let bytes = [std::io::IoSlice::new(b"x")];
        let message = [ControlMessage::ScmRights(&fds)];
        nix::sys::socket::sendmsg::<()>(theirs.as_raw_fd(), &bytes, &message, MsgFlags::empty(), None)?;
        Ok(())
    };
    // SAFETY: the child allocates a little, which the C library allows after fork; no lock of ours is taken.
    unsafe { command.pre_exec(filters) };
    // The start waits until the program runs, which waits for our answer.
    let starting = std::thread::spawn(move || command.spawn().unwrap());
    let mut byte = [0];
    let mut space = nix::cmsg_space!([i32; 1]);
    let mut bytes = [std::io::IoSliceMut::new(&mut byte)];
    let flags = MsgFlags::MSG_CMSG_CLOEXEC;
    let received =
        nix::sys::socket::recvmsg::<()>(ours.as_raw_fd(), &mut bytes, Some(&mut space), flags).unwrap();
    let mut fds = received.cmsgs().unwrap().filter_map(|message| match message {
        ControlMessageOwned::ScmRights(fds) => fds.first().copied(),
        _ => None,
    });
    // SAFETY: the descriptor came with the message and is nobody else's.
    commands.watch(unsafe { OwnedFd::from_raw_fd(fds.next().unwrap()) }).unwrap();
    starting.join().unwrap()
}
