//! hoop-run as a person has it: on a terminal.

#![allow(clippy::disallowed_methods, reason = "tests wait in real time for real programs")]
#![allow(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod support;

use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::Signal;
use nix::sys::signal::kill;
use nix::unistd::Pid;
use support::Home;
use support::Session;

fn sh(home: &Home, script: &str) -> Session {
    Session::start(home.hoop_run(["-q", "--", "sh", "-c", script]))
}

#[test]
fn the_program_has_a_terminal_of_the_same_size_and_its_output_is_recorded() {
    let home = Home::new();
    let mut session =
        sh(&home, "test -t 0 && test -t 1 && test -t 2 && stty size && printf 'd\\303\\251j\\303\\240\\n'");
    assert_eq!(session.wait().code(), Some(0));
    assert_eq!(session.text(), "24 80\r\ndéjà\r\n");
    assert_eq!(home.recorded("o"), "24 80\r\ndéjà\r\n");
}

#[test]
fn one_line_before_and_one_line_after_unless_quiet() {
    let home = Home::new();
    let mut session = Session::start(home.hoop_run(["true"]));
    session.wait();
    let text = session.text();
    // A line of its own tells what a sandbox that is not full leaves unprotected, as it is for root.
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("hoop-run: sandbox ")).collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert!(lines[0].starts_with("hoop-run: recording 01") && lines[0].contains("policy guarded"), "{text}");
    assert!(lines[1].contains("replay it: hoop-replay 01"), "{text}");
}

#[test]
fn keys_reach_the_program_and_ctrl_c_is_a_signal_inside() {
    let home = Home::new();
    let mut session = sh(
        &home,
        "trap 'echo caught' INT; echo ready; while [ -z $line ]; do read line; done; echo \"got $line\"; exit 3",
    );
    session.wait_for("ready");
    session.send("\x03");
    session.wait_for("caught");
    session.send("hello\r");
    session.wait_for("got hello");
    assert_eq!(session.wait().code(), Some(3));
    assert!(session.is_cooked());
}

#[test]
fn a_program_killed_by_a_signal_makes_us_die_of_the_same_one() {
    let home = Home::new();
    for signal in [Signal::SIGTERM, Signal::SIGKILL, Signal::SIGINT] {
        let mut session = sh(&home, &format!("kill -{} $$", signal as i32));
        assert_eq!(session.wait().signal(), Some(signal as i32));
        assert!(session.is_cooked());
    }
}

#[test]
fn signals_sent_to_us_reach_the_program_and_the_terminal_comes_back() {
    for signal in [Signal::SIGTERM, Signal::SIGHUP, Signal::SIGINT, Signal::SIGUSR1] {
        let home = Home::new();
        let mut session = sh(&home, "echo ready; exec sleep 60");
        session.wait_for("ready");
        session.signal(signal);
        assert_eq!(session.wait().signal(), Some(signal as i32), "{signal}");
        assert!(session.is_cooked(), "{signal}");
    }
}

#[test]
fn a_resize_reaches_the_program_and_the_recording() {
    let home = Home::new();
    let mut session =
        sh(&home, "trap 'stty size' WINCH; echo ready; while read l; do [ $l = end ] && exit; done");
    session.wait_for("ready");
    session.resize(100, 30);
    session.wait_for("30 100");
    session.send("end\r");
    session.wait();
    assert_eq!(home.recorded("r"), "100x30");
}

#[test]
fn a_terminal_that_goes_away_hangs_the_program_up() {
    let home = Home::new();
    let mut session = sh(&home, "trap '' HUP; echo ready; exec sleep 60");
    session.wait_for("ready");
    session.close_terminal();
    // It ignores SIGHUP and goes on, without a terminal; we wait for it, as it is still our session.
    std::thread::sleep(Duration::from_millis(200));
    assert!(session.child().try_wait().unwrap().is_none());
    let ours = i32::try_from(session.child().id()).unwrap();
    kill(Pid::from_raw(ours), Signal::SIGTERM).unwrap();
    assert_eq!(session.child().wait().unwrap().signal(), Some(Signal::SIGTERM as i32));

    let home = Home::new();
    let mut session = sh(&home, "echo ready; exec sleep 60");
    session.wait_for("ready");
    session.close_terminal();
    assert_eq!(session.child().wait().unwrap().signal(), Some(Signal::SIGHUP as i32));
}

#[test]
fn a_stopped_program_stops_us_and_both_go_on() {
    let home = Home::new();
    // An interactive shell does the job control, as for a person.
    let mut command = home.program("sh", ["-i"]);
    command.env("PS1", "outer> ");
    let mut session = Session::start(command);
    session.wait_for("outer> ");
    session.send(&format!(
        "{} -q -- sh -c 'echo re''ady; read line; echo \"got $line\"'\r",
        env!("CARGO_BIN_EXE_hoop-run")
    ));
    session.wait_for("ready");
    session.send("\x1a");
    session.wait_for("Stopped");
    session.wait_for("outer> ");
    session.send("echo in'between'\r");
    session.wait_for("inbetween");
    session.send("fg\r");
    std::thread::sleep(Duration::from_millis(300));
    session.send("hello\r");
    session.wait_for("got hello");
    session.wait_for("outer> ");
    session.send("exit\r");
    session.wait();
}

#[test]
fn a_session_in_the_background_leaves_the_keys_alone_until_it_comes_to_the_foreground() {
    let home = Home::new();
    let mut command = home.program("bash", ["--norc", "-i"]);
    command.env("PS1", "outer> ");
    let mut session = Session::start(command);
    session.wait_for("outer> ");
    session.send(&format!("{} -q -- cat &\r", env!("CARGO_BIN_EXE_hoop-run")));
    session.wait_for("outer> ");
    std::thread::sleep(Duration::from_millis(300));
    session.send("echo to'shell'\r");
    session.wait_for("toshell\r\n");
    session.send("fg\r");
    session.wait_until("raw", |session| !session.is_cooked());
    std::thread::sleep(Duration::from_millis(300));
    session.send("hello\r");
    session.wait_for("hello\r\nhello\r\n");
    session.send("\x04");
    session.wait_for("outer> ");
    session.send("exit\r");
    session.wait();
}

#[test]
fn everything_written_before_the_end_is_shown() {
    let home = Home::new();
    for _ in 0..5 {
        let mut session = sh(&home, "seq 1 20000; printf last");
        session.wait();
        let lines = session.text().lines().count();
        assert_eq!(lines, 20_001);
        assert!(session.text().ends_with("20000\r\nlast"));
    }
}

#[test]
fn a_background_job_does_not_keep_the_session_open() {
    let home = Home::new();
    let begin = std::time::Instant::now();
    let mut session = sh(&home, "(trap '' HUP; sleep 30) & echo started");
    assert_eq!(session.wait().code(), Some(0));
    assert!(begin.elapsed() < Duration::from_secs(5));
    assert_eq!(session.text(), "started\r\n");
}

#[test]
fn input_from_a_pipe_and_errors_to_a_file_stay_what_they_are() {
    let home = Home::new();
    let errors = home.path().join("errors");
    let script = "test -t 0 && exit 9; test -t 2 && exit 8; test -t 1 || exit 7; cat; echo problem >&2";
    let mut command = home.hoop_run(["-q", "--", "sh", "-c", script]);
    let (reader, writer) = std::io::pipe().unwrap();
    std::io::Write::write_all(&mut &writer, b"from the pipe\n").unwrap();
    drop(writer);
    command.stdin(reader).stderr(Stdio::from(std::fs::File::create(&errors).unwrap()));
    let mut session = Session::start_with(command, [false, true, false]);
    assert_eq!(session.wait().code(), Some(0));
    assert_eq!(session.text(), "from the pipe\r\n");
    assert_eq!(std::fs::read_to_string(errors).unwrap(), "problem\n");
    assert_eq!(home.recorded("o"), "from the pipe\r\nproblem\r\n");
}

#[test]
fn typed_keys_are_recorded_only_if_asked_for_and_never_passwords() {
    let script = "read a; stty -echo; echo secret?; read b; stty echo; echo again; read c; exit 0";
    let home = Home::new();
    let mut session = Session::start(home.hoop_run(["-q", "--record-input", "--", "sh", "-c", script]));
    session.send("one\r");
    session.wait_for("secret?");
    session.send("hunter2\r");
    session.wait_for("again");
    session.send("two\r");
    session.wait();
    let typed = home.recorded("i");
    assert!(typed.contains("one") && typed.contains("two") && !typed.contains("hunter2"), "{typed:?}");

    let home = Home::new();
    let mut session = sh(&home, "read a");
    session.send("one\r");
    session.wait();
    assert_eq!(home.recorded("i"), "");
}

#[test]
fn a_secret_is_hidden_on_the_screen_and_in_the_recording() {
    let home = Home::new();
    let mut session = sh(&home, "printf 'key AKIA'; sleep 0.2; printf 'QYLPMN5HFIQR7XYZ here\\n'");
    session.wait();
    for text in [session.text(), home.recorded("o")] {
        assert!(!text.contains("QYLPMN5HFIQR7XYZ") && text.contains("here"), "{text:?}");
    }
}

#[test]
fn a_full_screen_program_is_passed_through_byte_for_byte() {
    let home = Home::new();
    let script = "printf '\\033[?1049h\\033[2J\\033[5;5Hx\\033[?1049l'";
    let mut session = sh(&home, script);
    session.wait();
    assert_eq!(session.text(), "\x1b[?1049h\x1b[2J\x1b[5;5Hx\x1b[?1049l");
}

#[test]
fn a_killed_full_screen_program_does_not_leave_the_terminal_in_its_modes() {
    let home = Home::new();
    let mut session = sh(&home, "printf '\\033[?1049h\\033[?25l\\033[?1000h'; kill -9 $$");
    session.wait();
    for sequence in ["\x1b[?1049l", "\x1b[?25h", "\x1b[?1000l"] {
        assert!(session.text().contains(sequence), "{:?}", session.text());
    }
}

#[test]
fn a_prompt_without_a_line_end_is_shown_before_anything_is_typed() {
    let home = Home::new();
    for prompt in ["Continue? [y/N] ", "password: ", "Enter token=", "token: '", "AKIA", "Name_", "http://"] {
        let mut session = Session::start(home.hoop_run([
            "-q",
            "--",
            "sh",
            "-c",
            "printf %s \"$0\"; read -r line; echo got",
            prompt,
        ]));
        session.wait_for(prompt);
        session.send("yes\r");
        session.wait_for("got");
        assert_eq!(session.wait().code(), Some(0), "{prompt:?}");
    }
}
