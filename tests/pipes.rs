//! hoop-run without a terminal: in scripts, pipes and CI.

#![allow(clippy::unwrap_used, reason = "a panic is how a test reports")]
#![allow(clippy::disallowed_methods, reason = "tests wait in real time for real programs")]

mod support;

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::time::Duration;

use nix::sys::resource::Resource;
use nix::sys::resource::setrlimit;
use nix::sys::signal::Signal;
use nix::sys::signal::kill;
use nix::unistd::Pid;
use support::Home;
use support::run;

#[test]
fn output_and_errors_stay_apart_and_byte_exact() {
    let home = Home::new();
    let bytes: Vec<u8> = (0..200_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let output = run(home.hoop_run(["sh", "-c", "cat; echo problem >&2"]), &bytes);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(output.stdout, bytes);
    assert_eq!(output.stderr, "problem\n");
}

/// A machine that is busy with others gives us no time until long after the program's end.
#[test]
fn what_was_written_before_the_end_comes_however_late_it_is_looked_at() {
    let home = Home::new();
    // More than is read ahead of a reader, less than all pipes hold: the rest is still in the program's pipe when it ends.
    let mut command = home.hoop_run(["sh", "-c", "head -c 150000 /dev/zero | tr '\\0' x; echo > ended"]);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let process = Pid::from_raw(child.id().cast_signed());
    while !home.path().join("ended").exists() {
        std::thread::sleep(Duration::from_millis(10));
    }
    std::thread::sleep(Duration::from_millis(300));
    kill(process, Signal::SIGSTOP).unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut output = vec![0; 60_000];
    stdout.read_exact(&mut output).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    kill(process, Signal::SIGCONT).unwrap();
    stdout.read_to_end(&mut output).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(output.len(), 150_000);
    assert_eq!(home.recorded("o").len(), 150_000);
}

#[test]
fn lines_are_recorded_so_that_they_play_as_lines() {
    let home = Home::new();
    run(home.hoop_run(["printf", "one\\ntwo\\r\\nthree"]), b"");
    assert_eq!(home.recorded("o"), "one\r\ntwo\r\nthree");
}

#[test]
fn the_exit_status_is_the_programs() {
    let home = Home::new();
    let status = |arguments: &[&str]| run(home.hoop_run(arguments), b"").status;
    assert_eq!(status(&["sh", "-c", "exit 7"]).code(), Some(7));
    assert_eq!(status(&["sh", "-c", "kill -9 $$"]).signal(), Some(9));
    assert_eq!(status(&["-c", "exit 3"]).code(), Some(3));
}

#[test]
fn a_missing_program_is_127_and_one_that_cannot_run_126() {
    let home = Home::new();
    let output = run(home.hoop_run(["no-such-program"]), b"");
    assert_eq!(output.status.code(), Some(127));
    assert!(
        output
            .stderr
            .starts_with("hoop-run: cannot start `no-such-program`: no such program\n  why: searched ")
    );
    assert!(home.recordings().is_empty(), "a mistyped name makes no recording");
    let plain = home.file("plain", "echo ran\n");
    assert_eq!(run(home.hoop_run(["./plain"]), b"").status.code(), Some(126));
    fs::set_permissions(&plain, fs::Permissions::from_mode(0o755)).unwrap();
    let output = run(home.hoop_run(["./plain"]), b"");
    assert_eq!(output.status.code(), Some(126));
    assert!(
        output.stdout.is_empty() && output.stderr.contains("fix: the file is neither"),
        "{}",
        output.stderr
    );
}

#[test]
fn our_own_failures_are_125() {
    let home = Home::new();
    assert_eq!(run(home.hoop_run(["--no-such-option"]), b"").status.code(), Some(125));
    let mut command = home.hoop_run(["true"]);
    command.env("HOME", "/dev/null");
    let output = run(command, b"");
    assert_eq!(output.status.code(), Some(125), "{}", output.stderr);
}

#[test]
fn a_reader_that_goes_away_ends_the_program_as_in_any_pipe() {
    let home = Home::new();
    let mut command = home.hoop_run(["yes"]);
    command.stdout(Stdio::piped()).stdin(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut first = [0; 2];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut first).unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().signal(), Some(nix::libc::SIGPIPE));
}

#[test]
fn a_silent_program_notices_too_that_its_reader_went_away() {
    let home = Home::new();
    let mut command = home.hoop_run(["sh", "-c", "sleep 0.2; echo x; sleep 0.2; echo y; echo z > proof"]);
    command.stdout(Stdio::piped()).stdin(Stdio::null());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().signal(), Some(nix::libc::SIGPIPE));
    assert!(!home.path().join("proof").exists());
}

#[test]
fn output_and_errors_into_one_pipe_keep_their_order() {
    let home = Home::new();
    let script = "for i in 1 2 3 4 5 6 7 8 9; do echo out $i; echo err $i >&2; done";
    let output = run(
        home.program("sh", ["-c", "\"$0\" \"$@\" 2>&1", env!("CARGO_BIN_EXE_hoop-run"), "-c", script]),
        b"",
    );
    let expected: String = (1..10).map(|n| format!("out {n}\nerr {n}\n")).collect();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
}

#[test]
fn a_daemon_left_behind_does_not_keep_us() {
    let home = Home::new();
    let begin = std::time::Instant::now();
    let output = run(home.hoop_run(["sh", "-c", "sleep 30 & echo started"]), b"");
    assert_eq!(output.stdout, b"started\n");
    assert!(begin.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_secret_is_hidden_in_output_errors_and_the_recording() {
    let home = Home::new();
    let secret = "AKIAQYLPMN5HFIQR7XYZ";
    let output = run(home.hoop_run(["-c", &format!("echo id {secret}; echo id {secret} >&2")]), b"");
    let folder = home.recording();
    let audit = fs::read_to_string(folder.join("audit.jsonl")).unwrap();
    for text in [&String::from_utf8(output.stdout).unwrap(), &output.stderr, &home.recorded("o"), &audit] {
        assert!(!text.contains(secret), "{text}");
    }
    assert!(audit.contains(r#""type":"mask""#), "{audit}");
}

/// Everything in `shown` is in the recording.
fn assert_recorded(home: &Home, shown: &[u8]) {
    let recorded = support::recorded(&home.recording(), "o").replace("\r\n", "\n");
    let shown = String::from_utf8(shown.to_vec()).unwrap();
    assert!(recorded.starts_with(&shown), "{} bytes shown, {} recorded", shown.len(), recorded.len());
}

#[test]
fn a_full_disk_ends_the_session_and_nothing_unrecorded_is_shown() {
    for limit in [20_000, 65_536, 100_001] {
        let home = Home::new();
        // The gateway's files are longer than these limits.
        let mut command = home.hoop_run(["--no-gateway", "sh", "-c", "trap '' HUP; seq 1 100000; sleep 60"]);
        // SAFETY: setrlimit is a system call.
        unsafe { command.pre_exec(move || Ok(setrlimit(Resource::RLIMIT_FSIZE, limit, limit)?)) };
        let output = run(command, b"");
        assert_eq!(output.status.code(), Some(125), "{}", output.stderr);
        assert!(output.stderr.contains("cannot be recorded any more"), "{}", output.stderr);
        assert!(output.stderr.contains("fix: raise the limit on file size"), "{}", output.stderr);
        assert_recorded(&home, &output.stdout);
        assert!(output.stdout.len() < usize::try_from(limit).unwrap());
    }
}

#[test]
fn a_killed_session_leaves_what_was_shown_and_the_next_one_seals_it() {
    let home = Home::new();
    let mut command = home.hoop_run(["sh", "-c", "while :; do echo line; done"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut shown = vec![0; 200_000];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut shown).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_recorded(&home, &shown);
    let folder = home.recording();
    assert!(!folder.join("seal.json").exists());
    run(home.hoop_run(["true"]), b"");
    assert!(folder.join("seal.json").exists());
}

#[test]
fn the_copy_is_the_recording_and_replaces_nothing_unasked() {
    let home = Home::new();
    assert_eq!(run(home.hoop_run(["-o", "a.cast", "echo", "one"]), b"").status.code(), Some(0));
    let copy = fs::read(home.path().join("a.cast")).unwrap();
    assert_eq!(copy, fs::read(home.recording().join("terminal.cast")).unwrap());
    let output = run(home.hoop_run(["-o", "a.cast", "touch", "ran"]), b"");
    assert_eq!(output.status.code(), Some(125));
    assert!(output.stderr.contains("--overwrite") && !home.path().join("ran").exists());
    assert_eq!(
        run(home.hoop_run(["--overwrite", "-o", "a.cast", "echo", "two"]), b"").status.code(),
        Some(0)
    );
}

#[test]
fn headless_gives_a_terminal_that_nobody_sees() {
    let home = Home::new();
    let arguments = [
        "--headless",
        "--window-size",
        "100x30",
        "-c",
        "test -t 0 && test -t 2 && stty size; tty >/dev/null",
    ];
    let output = run(home.hoop_run(arguments), b"");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 0), "{}", output.stderr);
    assert_eq!(home.recorded("o"), "30 100\r\n");
}

#[test]
fn the_program_gets_the_environment_and_the_directory_asked_for() {
    let home = Home::new();
    fs::create_dir(home.path().join("d")).unwrap();
    let script = "pwd; echo $A; test -n \"$HOOP_SESSION\" && echo inside";
    let output = run(home.hoop_run(["-C", "d", "-E", "A=b=c", "-c", script]), b"");
    let expected = format!("{}/d\nb=c\ninside\n", home.path().canonicalize().unwrap().display());
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
}

#[test]
fn the_program_has_the_descriptors_limits_and_signals_that_we_were_given() {
    let home = Home::new();
    let script = "cd /proc/self/fd; echo *; ulimit -c; grep Sig[BIC] /proc/self/status";
    let outer = "exec 7</dev/null; trap '' USR1; ulimit -c 1000; \"$@\"";
    let under = |command: &[&str]| {
        let arguments = [&["-c", outer, "bash"], command, &["-c", script]].concat();
        String::from_utf8(run(home.program("bash", arguments), b"").stdout).unwrap()
    };
    let bare = under(&["sh"]);
    assert!(bare.contains(" 7") && bare.contains("\n2000\n"), "{bare}");
    assert_eq!(under(&[env!("CARGO_BIN_EXE_hoop-run"), "sh"]), bare);
}
