//! Many programs in a short time: none is missing, none is there twice.

use std::fs;
use std::process::Command;

use crate::world::World;
use crate::world::command;
use crate::world::compiled;
use crate::world::until;

const STORM: &str = r#"
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
static void nothing(int signal) { (void) signal; }
/* storm COUNT AT_ONCE urgent|calm: COUNT children, each executes and exits with its number modulo 100. */
int main(int argc, char **argv) {
    int count = atoi(argv[1]), at_once = atoi(argv[2]), urgent = !strcmp(argv[3], "urgent"), running = 0, failed = 0;
    struct sigaction action = { .sa_handler = nothing, .sa_flags = SA_RESTART };
    sigaction(SIGURG, &action, NULL);
    for (int i = 0; i < count; i++) {
        char number[16];
        int n = 0, left = i % 100;
        number[n++] = '0' + left / 10;
        number[n++] = '0' + left % 10;
        number[n] = 0;
        pid_t pid = fork();
        if (pid < 0) return 96;
        if (!pid) {
            char *args[] = { "exits", number, NULL };
            char *none[] = { NULL };
            execve(argv[4], args, none);
            _exit(255);
        }
        running++;
        if (urgent)
            for (int j = 0; j < 40; j++) { kill(pid, SIGURG); if (j % 4 == 0) usleep(1); }
        while (running >= at_once) {
            int status;
            wait(&status);
            running--;
            failed += !WIFEXITED(status) || WEXITSTATUS(status) == 255;
        }
    }
    while (running--) wait(NULL);
    return failed ? 95 : 0;
}
"#;

const EXITS: &str = "#include <stdlib.h>\nint main(int argc, char **argv) { return atoi(argv[1]); }\n";

fn storm(count: u64, at_once: &str, mood: &str) -> Command {
    let storm = compiled("storm", STORM, &["-static"]);
    let exits = compiled("exits", EXITS, &["-static"]);
    command(storm, &[&count.to_string(), at_once, mood, exits.to_str().unwrap()])
}

fn check(count: u64, at_once: &str, mood: &str) {
    let world = World::new();
    let done = world.run(storm(count, at_once, mood));
    assert_eq!(done.status.code(), Some(0), "{mood}");
    let log = world.finish();
    log.check();
    assert_eq!(log.starts().len() as u64, count + 1, "{mood}");
    let mut seen = vec![0; 100];
    for start in log.starts().iter().skip(1) {
        let number: usize = start["argv"][1].as_str().unwrap().parse().unwrap();
        assert_eq!(log_status(&log, &start["id"]), Some(number as u64), "{start}");
        assert_eq!(start["parent"], 1);
        seen[number] += 1;
    }
    assert!(seen.iter().all(|times| *times == count / 100), "{seen:?}");
    assert_eq!(log.of("command.failed").count(), 0);
}

fn log_status(log: &crate::world::Log, id: &serde_json::Value) -> Option<u64> {
    log.of("command.end").find(|line| line["id"] == *id)?["status"].as_u64()
}

#[test]
fn two_thousand_one_after_the_other() {
    check(2_000, "1", "calm");
}

#[test]
fn two_thousand_at_once() {
    check(2_000, "50", "calm");
}

#[test]
fn two_thousand_under_a_storm_of_signals() {
    check(2_000, "1", "urgent");
    check(1_000, "20", "urgent");
}

#[test]
fn nothing_grows() {
    let count = |what: &str| {
        let links = fs::read_dir("/proc/self/fd").unwrap().flatten();
        links
            .filter(|link| {
                fs::read_link(link.path()).is_ok_and(|target| target.to_string_lossy().contains(what))
            })
            .count()
    };
    let world = World::new();
    let mut command = storm(1_500, "10", "calm");
    command.stdout(std::process::Stdio::null());
    let mut child = world.start(command);
    assert!(child.wait().unwrap().success());
    // Other tests run beside this one; they come to an end, too.
    until("the descriptors of ended processes are closed", || count("pidfd") < 300);
    world.finish().check();
}
