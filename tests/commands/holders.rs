//! Who made a connection, and whose key id it is.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::net::TcpListener;
use std::process::Stdio;

use hoop::aws::key_id;

use crate::world::Wish;
use crate::world::World;
use crate::world::argv;
use crate::world::command;
use crate::world::compiled;
use crate::world::until;

const BASE: &str = "ASIAQWERTYUIAAAAAAAA";

#[test]
fn a_socket_leads_to_its_command() {
    let world = World::new();
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    let script = format!(
        "exec 3<>/dev/tcp/127.0.0.1/{port}; readlink /proc/$$/fd/3; \
         (exec 4<>/dev/tcp/127.0.0.1/{port}; exec 3>&-; readlink /proc/$BASHPID/fd/4; read x) <&0; read x"
    );
    let mut bash = command("/bin/bash", &["--norc", "-c", &script]);
    bash.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = world.start(bash);
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let inodes: Vec<u64> = lines
        .take(2)
        .map(|line| line.unwrap().trim_start_matches("socket:[").trim_end_matches(']').parse().unwrap())
        .collect();
    // readlink itself holds both, as long as it runs.
    let of_bash = |inode| {
        let holder = world.commands.holder_of_socket(inode).unwrap();
        (holder.command == Some(1)).then_some(holder.pid)
    };
    until("bash alone holds it", || of_bash(inodes[0]) == Some(child.id()));
    // The subshell has executed nothing of its own.
    until("the subshell alone holds it", || of_bash(inodes[1]).is_some_and(|pid| pid != child.id()));
    // Found once, found again; one who takes it over later comes first.
    assert_eq!(of_bash(inodes[0]), Some(child.id()));
    assert_eq!(world.commands.holder_of_socket(1), None);
    assert!(world.commands.lines(1)[0].starts_with("/bin/bash --norc -c"));
    child.stdin.take().unwrap().write_all(b"\n\n").unwrap();
    child.wait().unwrap();
    world.finish().check();
}

const SPAWNS: &str = r#"
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
extern char **environ;
int main(void) {
    pid_t pid;
    char *argv[] = { "printenv", "AWS_ACCESS_KEY_ID", NULL };
    printf("%s\n", getenv("AWS_ACCESS_KEY_ID"));
    fflush(stdout);
    posix_spawnp(&pid, "/usr/bin/printenv", NULL, NULL, argv, environ);
    waitpid(pid, NULL, 0);
    usleep(200000);
    printf("%s\n", getenv("AWS_ACCESS_KEY_ID"));
    return 0;
}
"#;

#[test]
fn every_command_has_a_key_id_of_its_own() {
    let world = World::with(Wish { key_id: Some(BASE.to_owned()), ..Wish::default() });
    let spawns = compiled("spawns", SPAWNS, &[]);
    let script = format!(
        "echo $AWS_ACCESS_KEY_ID; printenv AWS_ACCESS_KEY_ID; sh -c 'printenv AWS_ACCESS_KEY_ID; :'; {}; \
         AWS_ACCESS_KEY_ID=AKIAOTHERS0000000000 printenv AWS_ACCESS_KEY_ID; env -i printenv; exec printenv AWS_ACCESS_KEY_ID",
        spawns.display()
    );
    let mut bash = command("/bin/bash", &["--norc", "-c", &script]);
    bash.env("AWS_ACCESS_KEY_ID", BASE);
    let done = world.run(bash);
    let text = String::from_utf8(done.stdout).unwrap();
    let ids: Vec<Option<u64>> = text.lines().map(|id| key_id::number(BASE, id)).collect();
    let one = Some(1);
    let log = world.finish();
    log.check();
    let number = |index: usize| log.starts()[index]["id"].as_u64();
    // bash, printenv, sh, its printenv, the spawner, its printenv, the spawner again, a foreign id, the last.
    assert_eq!(
        ids,
        [
            one,
            number(1),
            number(2 + 1),
            number(4),
            number(5),
            number(4),
            None,
            number(log.starts().len() - 1)
        ],
        "{text}"
    );
    assert_eq!(argv(log.starts()[5]), ["printenv", "AWS_ACCESS_KEY_ID"]);
}
