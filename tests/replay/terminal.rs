//! The terminal is given back whatever happens, and every key counts: with a real terminal and a real shell.

use std::fs;
use std::io;
use std::io::Read;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::ExitStatus;
use std::process::Stdio;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use hoop::replay::Guard;
use hoop::replay::PanicGuard;
use hoop::sys::fd::close_in_children;
use nix::pty::OpenptyResult;
use nix::pty::Winsize;
use nix::pty::openpty;
use nix::sys::signal::Signal;
use nix::sys::signal::kill;
use nix::sys::termios::LocalFlags;
use nix::sys::termios::tcgetattr;
use nix::unistd::Pid;

use crate::filled;
use crate::pty::Driven;

const BIN: &str = env!("CARGO_BIN_EXE_hoop-replay");
const PATIENCE: Duration = Duration::from_secs(30);

/// The child of `parent` that is the viewer.
fn viewer_below(parent: i32) -> Pid {
    let end = Instant::now() + PATIENCE;
    loop {
        for entry in fs::read_dir("/proc").unwrap().flatten() {
            let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
            let Some((head, tail)) = stat.rsplit_once(')') else { continue };
            let is_child = tail.split_whitespace().nth(1) == Some(&parent.to_string());
            if is_child && head.ends_with("(hoop-replay") {
                return Pid::from_raw(entry.file_name().to_str().unwrap().parse().unwrap());
            }
        }
        assert!(Instant::now() < end, "no viewer below {parent}");
        thread::sleep(Duration::from_millis(5));
    }
}

fn shell(state: &Path, size: (u16, u16)) -> Driven {
    let variables = [("BIN", BIN), ("PATH", "/usr/bin:/bin"), ("PS1", "ready> ")];
    let mut shell = Driven::start_in(&variables, &["bash", "--norc", "--noprofile", "-i"], state, size);
    shell.wait_for("ready>");
    shell.press("\"$BIN\" last\r");
    shell.wait_for("bash -l  ana@build-7");
    shell
}

/// The shell has the terminal, as a shell wants it.
fn is_the_shells(shell: &mut Driven) {
    shell.wait_until("the main screen", |text| text.contains("ready>") && !text.contains("ana@build-7:"));
    assert!(!shell.is_alternate());
    shell.press("clear; stty -a\r");
    let modes = shell.wait_for("icanon");
    assert!(!modes.contains("-icanon") && !modes.contains("-echo "), "{modes}");
}

#[test]
fn suspending_gives_the_shell_its_terminal_and_fg_takes_it_back() {
    let dir = filled();
    let mut shell = shell(dir.path(), (90, 30));
    shell.press("\u{1a}");
    shell.wait_for("Stopped");
    is_the_shells(&mut shell);
    // Another size meanwhile.
    shell.resize(70, 20);
    shell.press("fg\r");
    shell.wait_until("the viewer in the new size", |text| {
        text.contains("bash -l  ana@build-7") && text.lines().nth(19).is_some_and(|row| row.contains("help"))
    });
    assert!(shell.is_alternate());
    // Keys come one by one again.
    shell.press("?");
    shell.wait_for("play, pause");
    shell.press("?q");
    shell.wait_for("ready>");
    is_the_shells(&mut shell);
    shell.press("exit\r");
    assert_eq!(shell.end().0, 0);
}

#[test]
fn stopped_from_outside_it_comes_back_with_fg() {
    for signal in [Signal::SIGTSTP, Signal::SIGSTOP] {
        let dir = filled();
        let mut shell = shell(dir.path(), (90, 30));
        kill(viewer_below(shell.pid()), signal).unwrap();
        shell.wait_for("Stopped");
        if signal == Signal::SIGTSTP {
            is_the_shells(&mut shell);
        }
        shell.press("fg\r");
        shell.wait_until("the viewer", |text| {
            text.contains("bash -l  ana@build-7")
                && text.lines().nth(29).is_some_and(|row| row.contains("help"))
        });
        assert!(shell.is_alternate(), "{signal}");
        shell.press("?");
        shell.wait_for("play, pause");
        shell.press("?q");
        shell.wait_for("ready>");
        is_the_shells(&mut shell);
        shell.press("exit\r");
        assert_eq!(shell.end().0, 0, "{signal}");
    }
}

#[test]
fn continued_by_another_it_draws_everything_anew() {
    let dir = filled();
    let mut viewer = Driven::start(&["last"], dir.path(), (90, 30));
    viewer.wait_for("bash -l  ana@build-7");
    viewer.signal(Signal::SIGSTOP);
    viewer.signal(Signal::SIGCONT);
    let raw = viewer.raw();
    let entered = |bytes: &[u8]| bytes.windows(8).filter(|window| *window == b"\x1b[?1049h").count();
    viewer.wait_until("the screen entered again", |_| entered(&raw.lock().unwrap()) >= 2);
    viewer.press("?");
    viewer.wait_for("play, pause");
    viewer.press("?q");
    assert_eq!(viewer.end(), (0, true));
}

#[test]
fn signals_give_the_terminal_back() {
    let dir = filled();
    for signal in
        [Signal::SIGTERM, Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGUSR1, Signal::SIGXCPU]
    {
        let script = "\"$0\" last; stty -a; echo finished";
        let variables = [("PATH", "/usr/bin:/bin")];
        let shell = Driven::start_in(&variables, &["/bin/sh", "-c", script, BIN], dir.path(), (80, 30));
        shell.wait_for("ana@build-7:~$");
        kill(viewer_below(shell.pid()), signal).unwrap();
        let after = shell.wait_for("finished");
        assert!(after.contains(" icanon") && after.contains(" echo "), "{signal}: {after}");
        assert_eq!(shell.end(), (0, true), "{signal}");
    }
}

/// Not a test of its own: the program that the next one looks at.
#[test]
fn a_program_that_panics() {
    if std::env::var_os("HOOP_TEST_PANIC").is_some() {
        let _hook = PanicGuard::set();
        let _guard = Guard::enter().unwrap();
        io::stdout().write_all(b"drawn on the other screen").unwrap();
        panic!("it is over");
    }
}

#[test]
fn a_panic_gives_the_terminal_back_and_is_told_there() {
    let dir = filled();
    let own = std::env::current_exe().unwrap();
    let script = "\"$0\" --exact terminal::a_program_that_panics --nocapture; stty -a; echo finished";
    let variables = [("PATH", "/usr/bin:/bin"), ("HOOP_TEST_PANIC", "1"), ("RUST_BACKTRACE", "0")];
    let shell = Driven::start_in(
        &variables,
        &["/bin/sh", "-c", script, own.to_str().unwrap()],
        dir.path(),
        (100, 40),
    );
    let after = shell.wait_for("finished");
    assert!(after.contains("it is over") && after.contains("a_program_that_panics"), "{after}");
    assert!(after.contains(" icanon") && after.contains(" echo "), "{after}");
    assert_eq!(shell.end(), (0, true));
}

#[test]
fn a_key_pressed_as_the_size_changes_counts_at_once() {
    let dir = filled();
    let mut viewer = Driven::start(&["last"], dir.path(), (100, 30));
    viewer.wait_for("bash -l  ana@build-7");
    for turn in 0..40 {
        viewer.resize(100 + turn % 2, 30);
        viewer.press("?");
        let opens = turn % 2 == 0;
        viewer.wait_until("the keys, shown or gone", |text| text.contains("play, pause") == opens);
    }
    viewer.press("q");
    assert_eq!(viewer.end(), (0, true));
}

/// A terminal that nobody reads unless asked to, and the viewer as the leader of its session.
fn unread(state: &Path, script: &str) -> (OpenptyResult, Child) {
    let size = Winsize { ws_row: 50, ws_col: 200, ws_xpixel: 0, ws_ypixel: 0 };
    let pair = openpty(&size, None).unwrap();
    // Other tests start programs at the same time: none of them may keep this terminal open.
    close_in_children(&pair.master).unwrap();
    close_in_children(&pair.slave).unwrap();
    let slave = || Stdio::from(pair.slave.try_clone().unwrap());
    let child = Command::new("setsid")
        .args(["-c", "/bin/sh", "-c", script, BIN])
        .env_clear()
        .envs([("TERM", "xterm-256color"), ("TZ", "UTC"), ("PATH", "/usr/bin:/bin")])
        .env("XDG_STATE_HOME", state)
        .stdin(slave())
        .stdout(slave())
        .stderr(slave())
        .spawn()
        .unwrap();
    (pair, child)
}

fn ended(mut child: Child) -> ExitStatus {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if Instant::now() > end {
            child.kill().unwrap();
            panic!("it goes on without a terminal");
        }
        thread::sleep(Duration::from_millis(10));
    }
}

fn read_until(master: &OwnedFd, wanted: &str) {
    let (mut file, mut seen) = (fs::File::from(master.try_clone().unwrap()), Vec::new());
    let mut bytes = [0; 4_096];
    while !String::from_utf8_lossy(&seen).contains(wanted) {
        let count = file.read(&mut bytes).unwrap();
        seen.extend_from_slice(&bytes[..count]);
    }
}

#[test]
fn a_terminal_that_is_closed_ends_it_also_where_hangups_are_ignored() {
    let dir = filled();
    for script in ["exec \"$0\" last", "trap '' HUP; exec \"$0\" last"] {
        let (pair, child) = unread(dir.path(), script);
        read_until(&pair.master, "ana@build-7");
        drop(pair);
        let status = ended(child);
        assert!(status.code().is_some(), "{script}: {status}");
    }
}

#[test]
fn a_terminal_that_takes_nothing_does_not_hold_it_for_ever() {
    let dir = filled();
    let (pair, child) = unread(dir.path(), "exec \"$0\" last");
    let is_raw = || !tcgetattr(&pair.slave).unwrap().local_flags.contains(LocalFlags::ICANON);
    let end = Instant::now() + PATIENCE;
    while !is_raw() {
        assert!(Instant::now() < end, "it never began");
        thread::sleep(Duration::from_millis(10));
    }
    // Time to fill what nobody reads.
    thread::sleep(Duration::from_millis(500));
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), Signal::SIGTERM).unwrap();
    let status = ended(child);
    assert!(status.signal() == Some(Signal::SIGTERM as i32) || status.code() == Some(0), "{status}");
    assert!(!is_raw(), "the terminal is as it was");
}
