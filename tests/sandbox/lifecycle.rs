//! How sessions end, stop, go on and nest.

use std::fs;
use std::time::Duration;
use std::time::Instant;

use nix::sys::signal::Signal;
use nix::sys::signal::kill;
use nix::unistd::Pid;

use crate::person::Person;
use crate::person::has_namespaces;
use crate::support::PATIENCE;
use crate::support::Session;
use crate::support::run;

/// How many processes with exactly these arguments there are on the machine.
pub fn count_running(argv: &[&str]) -> usize {
    let wanted: Vec<u8> = argv.iter().flat_map(|word| word.bytes().chain([0])).collect();
    let entries = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    entries.filter(|entry| fs::read(entry.path().join("cmdline")).is_ok_and(|line| line == wanted)).count()
}

/// Waits until `is_so`.
pub fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "never: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A number of seconds to sleep that only this test process uses: its processes are told by it.
fn unique(number: u32) -> String {
    (700_000_000 + (std::process::id() % 1_000_000) * 100 + number).to_string()
}

/// A session with a child, a grandchild in the background and a daemon; each sleeps for its own number of seconds.
fn family(person: &Person, number: u32) -> (Session, [String; 3]) {
    let [child, grandchild, daemon] = [0, 1, 2].map(|n| unique(number + n));
    let script = format!(
        "trap '' HUP TERM INT; (sleep {grandchild} &); setsid -f sleep {daemon} </dev/null >/dev/null 2>&1; sleep {child} & echo rea''dy; wait; wait"
    );
    let mut session = Session::start(person.hoop_run(["-q", "--", "sh", "-c", &script]));
    session.wait_for("ready");
    let all = [child, grandchild, daemon];
    for seconds in &all {
        eventually("everybody sleeps", || count_running(&["sleep", seconds]) == 1);
    }
    (session, all)
}

fn assert_nobody(family: &[String; 3]) {
    for seconds in family {
        eventually("nobody survives", || count_running(&["sleep", seconds]) == 0);
    }
}

#[test]
fn nobody_survives_a_killed_hoop_run_and_its_recording_is_sealed_at_the_next_start() {
    if !has_namespaces() {
        return;
    }
    let person = Person::ordinary();
    let (mut session, family) = family(&person, 0);
    assert!(!session.is_cooked(), "the terminal is raw while the session runs");
    let folder = person.recordings().remove(0);
    // Output waits for a quarter of a second before it is written: that much may be lost.
    let is_written = || fs::read_to_string(folder.join("terminal.cast")).unwrap().contains("ready");
    session.wait_until("what was shown is written", |_| is_written());
    session.signal(Signal::SIGKILL);
    session.child().wait().unwrap();
    assert_nobody(&family);
    session.wait_until("the terminal has its modes back", |session| session.is_cooked());
    assert!(!folder.join("seal.json").exists());
    assert!(run(person.hoop_run(["-q", "--", "true"]), b"").status.success());
    assert!(folder.join("seal.json").exists(), "the killed session is not sealed");
    assert!(is_written());
}

#[test]
fn nobody_survives_a_killed_launcher() {
    if !has_namespaces() {
        return;
    }
    let person = Person::ordinary();
    let (mut session, family) = family(&person, 10);
    let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", session.pid())).unwrap();
    let launcher = children
        .split_whitespace()
        .find(|pid| fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name == "hoop-init\n"))
        .expect("a launcher");
    kill(Pid::from_raw(launcher.parse().unwrap()), Signal::SIGKILL).unwrap();
    session.wait();
    assert_nobody(&family);
    assert!(session.is_cooked());
    assert!(person.recordings()[0].join("seal.json").exists(), "hoop-run itself lives, and seals");
}

#[test]
fn nobody_inside_can_end_stop_or_slow_the_launcher() {
    if !has_namespaces() {
        return;
    }
    let person = Person::ordinary();
    // Where process 1 is the machine's, everybody would be everybody.
    let script = "read name < /proc/1/comm; test $name = hoop-init || exit 9
        kill -9 1; kill -STOP 1; kill -TERM 1; kill -KILL -1; echo still here";
    let mut session =
        Session::start(person.hoop_run(["-q", "--sandbox", "require", "--", "bash", "-c", script]));
    session.wait_for("still here");
    assert_eq!(session.wait().code(), Some(0));
}

#[test]
fn a_session_that_ends_takes_its_daemons_along() {
    if !has_namespaces() {
        return;
    }
    let person = Person::ordinary();
    let seconds = unique(20);
    let script = format!("setsid -f sleep {seconds} </dev/null >/dev/null 2>&1; echo started");
    assert_eq!(person.prints(&script), "started\n");
    eventually("the daemon is gone", || count_running(&["sleep", &seconds]) == 0);
}

#[test]
fn a_supervisor_that_was_stopped_loses_nothing() {
    let person = Person::ordinary();
    let script = "echo rea''dy; read line; for i in 1 2 3 4 5; do /bin/true $i; done; echo over";
    let mut session = Session::start(person.hoop_run(["-q", "--", "sh", "-c", script]));
    session.wait_for("ready");
    session.signal(Signal::SIGSTOP);
    session.send("go\r");
    std::thread::sleep(Duration::from_millis(300));
    session.signal(Signal::SIGCONT);
    session.wait_for("over");
    session.wait();
    let commands = person.events().iter().filter(|event| event["type"] == "command.start").count();
    assert_eq!(commands, 6, "sh and five times true");
}

/// A shell of the user's on a terminal, in which hoop-run is started by hand.
fn outer_shell(person: &Person) -> Session {
    let mut command = person.command("bash", ["--norc", "--noprofile", "-i"]);
    command.env("PS1", "outer> ");
    let mut session = Session::start(command);
    session.wait_for("outer> ");
    session
}

#[test]
fn ctrl_z_on_a_wrapped_program_stops_both_and_fg_resumes_both() {
    let person = Person::ordinary();
    let mut session = outer_shell(&person);
    let program = person.program();
    session.send(&format!("{} -q -- cat\r", program.display()));
    session.wait_until("raw", |session| !session.is_cooked());
    session.send("first\r");
    session.wait_for("first\r\nfirst\r\n");
    session.send("\x1a");
    session.wait_for("Stopped");
    session.wait_for("outer> ");
    session.send("echo in'between'; jobs\r");
    session.wait_for("inbetween");
    session.wait_for("outer> ");
    session.send("fg\r");
    session.wait_until("raw again", |session| !session.is_cooked());
    session.send("second\r");
    session.wait_for("second\r\nsecond\r\n");
    // Once more: the second time must be as the first.
    session.send("\x1a");
    session.wait_for("Stopped");
    session.wait_for("outer> ");
    session.send("fg\r");
    session.wait_until("raw again", |session| !session.is_cooked());
    session.send("third\r");
    session.wait_for("third\r\nthird\r\n");
    session.send("\x04");
    session.wait_for("outer> ");
    session.send("exit\r");
    session.wait();
}

#[test]
fn an_interactive_shell_inside_has_job_control() {
    for shell in ["bash --norc --noprofile", "zsh -f", "sh"] {
        let person = Person::ordinary();
        let mut words = shell.split(' ');
        if !person.has(words.next().unwrap()) {
            continue;
        }
        let mut argv: Vec<&str> = vec!["-q", "--"];
        argv.extend(shell.split(' '));
        argv.push("-i");
        let mut command = person.hoop_run(argv);
        command.env("PS1", "inner> ");
        let mut session = Session::start(command);
        session.wait_for("inner> ");
        session.send("sleep 300\r");
        std::thread::sleep(Duration::from_millis(500));
        session.send("\x1a");
        session.wait_for("inner> ");
        session.send("jobs; echo li''sted\r");
        session.wait_for("sleep 300");
        session.wait_for("listed\r\n");
        session.send("fg\r");
        std::thread::sleep(Duration::from_millis(500));
        session.send("\x03");
        // Until the shell has its terminal back, keys may be thrown away.
        session.wait_until("interrupted", |session| {
            session.send("echo al''pha\r");
            session.text().contains("alpha\r\n")
        });
        session.send("(sleep 1; echo from be''hind) & echo be''fore\r");
        session.wait_for("before\r\n");
        session.wait_for("from behind\r\n");
        session.wait_until("the end", |session| {
            session.send("exit 5\r");
            session.child().try_wait().unwrap().is_some()
        });
        assert_eq!(session.child().wait().unwrap().code(), Some(5), "{shell}: {}", session.text());
    }
}

#[test]
fn a_hoop_run_inside_a_session_says_who_records_and_becomes_the_program() {
    if !has_namespaces() {
        return;
    }
    let person = Person::ordinary();
    let inner = person.program();
    let script = format!("{} -- sh -c 'echo nested; exit 7'; echo $?", inner.display());
    let output = person.inside(&script);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "nested\n7\n", "{}", output.stderr);
    assert!(output.stderr.contains("already inside session 01"), "{}", output.stderr);
    assert_eq!(person.recordings().len(), 1, "one session, one recording");
    let commands = person.events().iter().filter(|event| event["type"] == "command.start").count();
    assert_eq!(commands, 3, "sh, hoop-run, and the sh that it became");
}

#[test]
fn a_program_that_looks_like_a_nested_session_is_none() {
    // The variable alone persuades nobody: outside a sandbox, hoop-run records.
    let person = Person::ordinary();
    let mut command = person.hoop_run(["-q", "--", "true"]);
    command.env("HOOP_SESSION", "01FORGED");
    assert!(run(command, b"").status.success());
    assert_eq!(person.recordings().len(), 1);
}

#[test]
fn renaming_what_holds_the_recordings_loses_none() {
    if !has_namespaces() {
        return;
    }
    let person = Person::ordinary();
    let script =
        "echo before; mv ~/.local/state ~/.local/hidden && mkdir -p ~/.local/state/hoop/sessions; echo after";
    let output = person.inside(script);
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(stdout.ends_with("after\n"), "{stdout}{}", output.stderr);
    let folder = person.recordings().pop().expect("the recording is where it belongs");
    assert!(folder.join("seal.json").exists(), "{folder:?} is not sealed: {}", output.stderr);
    assert!(fs::read_to_string(folder.join("terminal.cast")).unwrap().contains("after"));
}

#[test]
fn a_program_inside_cannot_write_the_next_sessions_policy() {
    if !has_namespaces() {
        return;
    }
    let person = Person::ordinary();
    person.file(".config/hoop/config.toml", "policy = \"readonly\"\n");
    person.inside(
        "mv ~/.config ~/.config.old; mkdir -p ~/.config/hoop; echo 'policy = \"observe\"' > ~/.config/hoop/config.toml",
    );
    let text = fs::read_to_string(person.home().join(".config/hoop/config.toml")).unwrap_or_default();
    assert_eq!(text, "policy = \"readonly\"\n", "the program has put its own configuration in our place");
}
