//! Machines that lack something: the level is what was done, not what a version promises; it is printed and recorded.

use std::process::Command;

use crate::person::Person;
use crate::person::has_namespaces;
use crate::support::Output;
use crate::support::Session;
use crate::support::run;

const OURS: i32 = 125;

/// What the person at the terminal reads, of a session that runs `true`.
fn shown(command: Command) -> String {
    let mut session = Session::start(command);
    assert_eq!(session.wait().code(), Some(0), "{}", session.text());
    session.text()
}

fn on(person: &Person, denied: &str) -> Command {
    person.hoop_run_denied(denied, ["--", "true"])
}

fn required(person: &Person, denied: &str) -> Output {
    run(person.hoop_run_denied(denied, ["--sandbox", "require", "--", "touch", "ran"]), b"")
}

/// Where something is denied, a full sandbox is not to be had: nothing runs, and it says why.
fn assert_refused(person: &Person, denied: &str, why: &str) {
    let output = required(person, denied);
    assert_eq!(output.status.code(), Some(OURS), "{denied}: {}", output.stderr);
    assert!(output.stderr.starts_with("hoop-run: there is no "), "{denied}: {}", output.stderr);
    assert!(output.stderr.contains(why), "{denied}: no {why:?} in {}", output.stderr);
    assert!(output.stderr.contains("\n  fix: "), "{denied}: {}", output.stderr);
    assert!(!person.home().join("ran").exists(), "{denied}: the program ran all the same");
}

#[test]
fn a_full_sandbox_says_so_in_the_first_line_and_in_the_record() {
    if !has_namespaces() {
        return;
    }
    let person = Person::ordinary();
    let text = shown(person.hoop_run(["--", "true"]));
    assert!(text.lines().next().unwrap().ends_with("sandbox full"), "{text}");
    assert!(!text.contains("hoop-run: sandbox"), "a warning without a reason: {text}");
    assert_eq!(person.recorded_level(), ("full".to_owned(), Vec::new()));
}

#[test]
fn without_user_namespaces_the_credential_files_are_said_to_be_within_reach() {
    for denied in ["userns", "mounts"] {
        let person = Person::ordinary();
        let text = shown(on(&person, denied));
        assert!(text.contains("sandbox reduced"), "{denied}: {text}");
        assert!(text.contains("~/.aws") && text.contains("within reach"), "{denied}: {text}");
        let (level, unprotected) = person.recorded_level();
        assert_eq!(level, "reduced", "{denied}");
        assert!(unprotected.iter().any(|phrase| phrase.contains("~/.aws")), "{denied}: {unprotected:?}");
        assert_refused(&person, denied, "operation not permitted");
    }
}

#[test]
fn what_is_said_to_be_left_is_left() {
    let person = Person::ordinary();
    // Without namespaces: no new privileges, a filter, a keyring of its own, and commands are still watched.
    let script = "grep -E '^(NoNewPrivs|Seccomp|CapEff)' /proc/self/status; /bin/true; /bin/echo counted";
    let output = run(person.hoop_run_denied("userns", ["-q", "--", "sh", "-c", script]), b"");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("NoNewPrivs:\t1") && text.contains("Seccomp:\t2"), "{text}{}", output.stderr);
    assert!(text.contains("CapEff:\t0000000000000000"), "{text}");
    let commands = person.events().iter().filter(|event| event["type"] == "command.start").count();
    assert_eq!(commands, 4, "{:#?}", person.events());
}

#[test]
fn where_no_commands_can_be_watched_it_says_so() {
    if !has_namespaces() {
        return;
    }
    let person = Person::ordinary();
    let text = shown(on(&person, "notify"));
    assert!(
        text.contains("sandbox reduced") && text.contains("only the first command is recorded"),
        "{text}"
    );
    assert_eq!(person.recorded_level().0, "reduced");
    assert_refused(&person, "notify", "only the first command is recorded");
}

#[test]
fn where_somebody_else_watches_it_says_who_does_not_record() {
    if !has_namespaces() {
        return;
    }
    let person = Person::ordinary();
    let text = shown(on(&person, "watched"));
    assert!(text.contains("commands are recorded by another supervisor, not here"), "{text}");
    assert_eq!(person.recorded_level().0, "reduced");
    assert_refused(&person, "watched", "another supervisor");
}

#[test]
fn without_filters_it_says_so() {
    if !has_namespaces() {
        return;
    }
    let person = Person::ordinary();
    let text = shown(on(&person, "seccomp"));
    assert!(text.contains("system calls are not filtered"), "{text}");
    assert_refused(&person, "seccomp", "system calls are not filtered");
}

#[test]
fn without_landlock_the_namespaces_hold_all_the_same() {
    if !has_namespaces() {
        return;
    }
    // Its scopes are the second wall only: with namespaces nothing is lost.
    let person = Person::ordinary();
    let text = shown(on(&person, "landlock"));
    assert!(text.lines().next().unwrap().ends_with("sandbox full"), "{text}");
}

#[test]
fn without_namespaces_and_landlock_it_says_that_others_can_be_signalled() {
    let person = Person::ordinary();
    let text = shown(on(&person, "userns,landlock"));
    assert!(
        text.contains("sandbox reduced") && text.contains("processes outside are within reach"),
        "{text}"
    );
}

#[test]
fn where_nothing_can_be_had_the_level_is_none() {
    let person = Person::ordinary();
    let text = shown(on(&person, "userns,landlock,seccomp"));
    assert!(text.contains("sandbox none"), "{text}");
    assert_eq!(person.recorded_level().0, "none");
    assert_refused(&person, "userns,landlock,seccomp", "");
}

#[test]
fn without_a_fresh_proc_the_process_list_is_said_to_be_visible() {
    if !has_namespaces() {
        return;
    }
    let person = Person::ordinary();
    let text = shown(on(&person, "proc"));
    assert!(text.contains("sandbox reduced") && text.contains("process list is visible"), "{text}");
    assert_refused(&person, "proc", "process list");
    // And still nobody outside can be reached, whatever the list shows.
    let script = format!("cat /proc/{}/environ; kill -0 {0}; echo done", std::process::id());
    let output = run(person.hoop_run_denied("proc", ["-q", "--", "sh", "-c", &script]), b"");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "done\n", "{}", output.stderr);
}

#[test]
fn a_required_sandbox_that_is_full_runs_the_program() {
    if !has_namespaces() {
        return;
    }
    let person = Person::ordinary();
    let output = run(person.hoop_run(["--sandbox", "require", "--", "sh", "-c", "exit 7"]), b"");
    assert_eq!(output.status.code(), Some(7), "{}", output.stderr);
}

#[test]
fn root_cannot_require_what_it_does_not_get() {
    let Some(person) = Person::root() else { return };
    let output = run(person.hoop_run(["--sandbox", "require", "--", "touch", "ran"]), b"");
    assert_eq!(output.status.code(), Some(OURS), "{}", output.stderr);
    assert!(output.stderr.contains("root can change this machine's files"), "{}", output.stderr);
    assert!(!person.home().join("ran").exists());
}

#[test]
fn off_is_recorded_with_what_is_lost() {
    let person = Person::ordinary();
    run(person.hoop_run(["-q", "--sandbox", "off", "--", "true"]), b"");
    let (level, unprotected) = person.recorded_level();
    assert_eq!(level, "off");
    assert!(unprotected.iter().any(|phrase| phrase.contains("~/.aws")), "{unprotected:?}");
}

#[test]
fn pipes_and_scripts_hear_of_missing_namespaces_too() {
    let person = Person::ordinary();
    let output = run(on(&person, "userns"), b"");
    assert!(
        output.stderr.contains("sandbox reduced") && output.stderr.contains("~/.aws"),
        "{}",
        output.stderr
    );
}
