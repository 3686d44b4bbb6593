//! What a program inherits, and what lies about in its reach.

use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;

use nix::sys::resource::Resource;
use nix::sys::resource::setrlimit;

use crate::person::Person;
use crate::person::has_namespaces;
use crate::support::Session;
use crate::support::run;

/// The numbers of the open descriptors, one per line; the listing's own is left out.
const DESCRIPTORS: &str = "for fd in $(ls /proc/self/fd); do test -e /proc/$$/fd/$fd && echo $fd; done; true";

#[test]
fn no_descriptor_of_ours_is_inherited() {
    let person = Person::ordinary();
    // Whoever runs the tests may hand descriptors down, and these arrive, too: what a bare program has is the measure.
    let bare = run(person.command("sh", ["-c", DESCRIPTORS]), b"").stdout;
    let bare = String::from_utf8_lossy(&bare).into_owned();
    assert_eq!(person.prints(DESCRIPTORS), bare, "in pipes");
    let mut session = Session::start(person.hoop_run(["-q", "--", "sh", "-c", DESCRIPTORS]));
    session.wait();
    assert_eq!(session.text().replace('\r', ""), bare, "on a terminal");
    let script = person.file("fds.sh", &format!("({DESCRIPTORS}) > fds\n"));
    run(person.hoop_run(["-q", "--headless", "--", "sh", script.to_str().unwrap()]), b"");
    let headless = fs::read_to_string(person.home().join("fds")).unwrap();
    let without_redirection =
        |text: &str| text.lines().filter(|fd| *fd != "10").map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(without_redirection(&headless), without_redirection(&bare), "headless");
}

#[test]
fn what_the_user_hands_down_arrives() {
    let person = Person::ordinary();
    let file = fs::File::open(person.file("given", "handed down\n")).unwrap();
    let mut command = person.hoop_run(["-q", "--", "sh", "-c", "cat <&7"]);
    let fd = file.as_raw_fd();
    let copy = move || {
        // SAFETY: dup2(2) takes numbers; the copy is not closed on exec.
        let copied = unsafe { libc::dup2(fd, 7) };
        if copied < 0 { Err(std::io::Error::last_os_error()) } else { Ok(()) }
    };
    // SAFETY: the closure makes a system call and nothing else.
    unsafe { command.pre_exec(copy) };
    let output = run(command, b"");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "handed down\n", "{}", output.stderr);
}

#[test]
fn the_program_may_dump_core_as_the_user_wants_and_we_may_not() {
    let person = Person::ordinary();
    let script = "ulimit -c; ulimit -Hc";
    let mut command = person.hoop_run(["-q", "--", "sh", "-c", script]);
    // SAFETY: setrlimit(2) is a system call.
    unsafe { command.pre_exec(|| Ok(setrlimit(Resource::RLIMIT_CORE, 512_000, 1_024_000)?)) };
    let output = run(command, b"");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "1000\n2000\n", "{}", output.stderr);

    let mut session = Session::start(person.hoop_run(["-q", "--", "sh", "-c", "echo ready; read line"]));
    session.wait_for("ready");
    let limits = fs::read_to_string(format!("/proc/{}/limits", session.pid())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    session.send("\r");
    session.wait();
}

#[test]
fn process_1_has_nothing_to_read() {
    if !has_namespaces() {
        return;
    }
    let person = Person::ordinary();
    let script = "cat /proc/1/comm; for f in environ maps mem auxv fd root cwd exe ns/mnt; do
        { cat /proc/1/$f || ls /proc/1/$f/ || readlink /proc/1/$f; } >/dev/null 2>&1 && echo $f; done; true";
    let said = person.prints(script);
    assert_eq!(said, "hoop-init\n");
}

#[test]
fn the_environment_has_no_way_to_the_real_key() {
    let person = Person::ordinary();
    let environment = person.prints("env");
    for secret in ["realSecret", "AKIAREALKEY2TEST2345"] {
        assert!(!environment.contains(secret), "{environment}");
    }
}

#[test]
fn what_the_gateway_leaves_in_the_file_system_is_public() {
    let person = Person::ordinary();
    // Whatever the program is pointed at, and everything beside it.
    let script = "for name in REQUESTS_CA_BUNDLE AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE SSL_CERT_FILE; do
        eval file=\\$$name; test -n \"$file\" && cat \"$(dirname $file)\"/* 2>/dev/null; done; true";
    let said = person.prints(script);
    for secret in ["PRIVATE KEY", "realSecret", "AKIAREALKEY2TEST2345"] {
        assert!(!said.contains(secret), "{secret} in\n{said}");
    }
}

#[test]
fn no_process_of_the_session_and_no_file_is_left() {
    if !has_namespaces() {
        return;
    }
    let person = Person::ordinary();
    let output = person
        .inside("setsid sleep 4711 & setsid -f sleep 4712 </dev/null >/dev/null 2>&1; echo $SSL_CERT_FILE");
    assert!(output.status.success(), "{}", output.stderr);
    assert_eq!(crate::lifecycle::count_running(&["sleep", "4711"]), 0);
    assert_eq!(crate::lifecycle::count_running(&["sleep", "4712"]), 0);
    let file = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    assert!(file.is_empty() || !std::path::Path::new(&file).exists(), "{file} is left");
}
