//! Programs that do not play fair, and supervisors that end.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::process::Stdio;

use crate::world::World;
use crate::world::command;
use crate::world::compiled;

const POINTERS: &str = r#"
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(void) {
    char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(page + 4096, 4096);
    strcpy(page + 4096 - 10, "/bin/true");               /* ends with the page */
    char *argv[] = { "true", NULL }, *none[] = { NULL };
    unsigned long bad[] = { 1, 7, 4095, 0xffffffffffffffff, 0x8000000000000000, 0x7ffffffff000 };
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (syscall(SYS_execve, bad[i], argv, none) != -1 || errno != EFAULT) return 1;
        if (syscall(SYS_execve, "/bin/true", bad[i], none) != -1 || errno != EFAULT) return 2;
        char *wild[] = { "true", (char *) bad[i], NULL };
        if (syscall(SYS_execve, "/bin/true", wild, none) != -1 || errno != EFAULT) return 3;
        if (syscall(SYS_execve, "/bin/true", argv, bad[i]) != -1 || errno != EFAULT) return 4;
    }
    char *long_path = malloc(10000);
    memset(long_path, 'a', 9999);
    long_path[9999] = 0;
    if (execve(long_path, argv, none) != -1 || errno != ENAMETOOLONG) return 5;
    if (execve("", argv, none) != -1 || errno != ENOENT) return 6;
    if (execve("/etc/passwd", argv, none) != -1 || errno != EACCES) return 7;
    if (syscall(SYS_execveat, 999, "x", argv, none, 0) != -1 || errno != EBADF) return 8;
    char **many = malloc(100001 * sizeof *many);
    for (int i = 0; i < 100000; i++) many[i] = "y";
    many[100000] = NULL;
    pid_t pid = fork();
    if (!pid) { execve("/bin/true", many, none); _exit(errno == E2BIG ? 0 : 9); }
    int status;
    waitpid(pid, &status, 0);
    if (status) return 9;
    execve(page + 4096 - 10, argv, none);
    return 10;
}
"#;

#[test]
fn wild_pointers_harm_nobody() {
    let world = World::new();
    let done = world.run(command(compiled("pointers", POINTERS, &[]), &[]));
    assert_eq!(done.status.code(), Some(0));
    let log = world.finish();
    log.check();
    let last = log.starts().into_iter().last().unwrap();
    assert_eq!(last["exe"], "/bin/true");
    assert_eq!(log.end(&last["id"])["status"], 0);
}

#[test]
fn without_a_supervisor_nothing_is_executed() {
    let world = World::new();
    let mut bash =
        command("/bin/bash", &["--norc", "-c", "read x; /bin/true; echo $?; read x; echo still here"]);
    bash.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = world.start(bash);
    let mut keys = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    world.commands.finish();
    keys.write_all(b"\n").unwrap();
    assert_eq!(lines.next().unwrap().unwrap(), "126");
    keys.write_all(b"\n").unwrap();
    assert_eq!(lines.next().unwrap().unwrap(), "still here");
    let done = child.wait_with_output().unwrap();
    assert!(String::from_utf8_lossy(&done.stderr).contains("Function not implemented"));
    let log = world.finish();
    log.check();
    assert_eq!(log.starts().len(), 1);
}

#[test]
fn a_second_supervisor_is_refused() {
    use hoop::sandbox::seccomp;
    let world = World::new();
    let own = std::env::current_exe().unwrap();
    if std::env::var_os("HOOP_TEST_NESTED").is_some() {
        assert_eq!(seccomp::watch_execs(false).unwrap_err().raw_os_error(), Some(libc::EBUSY));
        return;
    }
    let mut inner = command(own, &["--exact", "hostile::a_second_supervisor_is_refused"]);
    inner.env("HOOP_TEST_NESTED", "1");
    let done = world.run(inner);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
    world.finish().check();
}

#[test]
fn children_that_outlive_their_parents() {
    let world = World::new();
    let done = world.bash("(setsid sh -c 'sleep 0.2; /bin/true' >/dev/null 2>&1 &) ; sleep 0.05");
    assert!(done.status.success());
    // Nobody is left to report to once the last has ended.
    crate::world::until("the daemon has ended", || {
        world.commands.of_number(6).is_some() && !world.commands.lines(6).is_empty()
    });
    std::thread::sleep(std::time::Duration::from_millis(100));
    let log = world.finish();
    log.check();
    assert_eq!(log.end_of("true")["status"], 0);
    let daemon = log.start_of("setsid");
    assert!(daemon["parent"].is_null() || daemon["parent"] == 1);
}
