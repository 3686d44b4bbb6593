//! Every way in which a program can be executed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;

use crate::world::World;
use crate::world::argv;
use crate::world::command;
use crate::world::compiled;
use crate::world::program;

#[test]
fn a_shell_and_what_it_starts() {
    let world = World::new();
    let done = world
        .bash("/bin/true; (exit 3); sh -c 'exit 7'; (/bin/false; true) | cat; cd /usr; ls >/dev/null; :");
    assert!(done.status.success());
    let folder = world.folder.path().canonicalize().unwrap();
    let log = world.finish();
    log.check();
    let bash = log.start_of("bash");
    assert_eq!((&bash["id"], &bash["exe"]), (&1.into(), &"/bin/bash".into()));
    assert_eq!(Path::new(bash["cwd"].as_str().unwrap()), folder);
    assert_eq!(argv(bash)[..3], ["/bin/bash", "--norc", "-c"]);
    assert_eq!(bash["ppid"], std::process::id());
    assert!(bash["parent"].is_null());
    for (name, status) in [("true", 0), ("sh", 7), ("false", 1), ("cat", 0), ("ls", 0)] {
        let start = log.start_of(name);
        assert_eq!(start["parent"], 1, "{name}, also from a subshell");
        assert_eq!(log.end(&start["id"])["status"], status, "{name}");
    }
    assert_eq!(log.start_of("true")["ppid"], bash["pid"]);
    assert_ne!(log.start_of("false")["ppid"], bash["pid"]);
    assert_eq!(log.start_of("ls")["cwd"], "/usr");
    assert_eq!(log.end_of("bash")["status"], 0);
    assert!(log.end_of("bash")["took"].as_u64() > log.end_of("sh")["took"].as_u64());
    assert_eq!(log.starts().len(), 6);
}

#[test]
fn signals_and_replacements() {
    let world = World::new();
    let done = world.bash("sh -c 'kill -TERM $$'; exec sh -c 'exec /bin/sleep 0.05'");
    assert!(done.status.success());
    let log = world.finish();
    log.check();
    let starts = log.starts();
    let [bash, killed, shell, sleep] = starts[..] else { panic!("{starts:#?}") };
    assert_eq!(log.end(&killed["id"])["signal"], 15);
    assert!(log.end(&killed["id"])["status"].is_null());
    assert_eq!((&shell["replaces"], &sleep["replaces"]), (&bash["id"], &shell["id"]));
    assert_eq!(log.end(&bash["id"])["replaced_by"], shell["id"]);
    assert_eq!(log.end(&shell["id"])["replaced_by"], sleep["id"]);
    assert_eq!(log.end(&sleep["id"])["status"], 0);
    assert!(log.end(&sleep["id"])["took"].as_u64().unwrap() >= 50_000);
    assert_eq!(bash["pid"], sleep["pid"]);
    assert!(sleep["parent"].is_null(), "whoever started the first has started the last");
}

#[test]
fn searches_along_the_path_that_fail() {
    let world = World::new();
    fs::create_dir(world.path("bin")).unwrap();
    fs::write(world.path("bin/tool"), "no program").unwrap();
    fs::create_dir(world.path("bin/folder")).unwrap();
    std::os::unix::fs::symlink("/nowhere", world.path("bin/dangling")).unwrap();
    let bin = world.path("bin").display().to_string();
    let done = world.bash(&format!(
        "PATH=/no/where:{bin}:/usr/bin:/bin env true; PATH=/no/where /usr/bin/env tool; {bin}/tool; {bin}/folder; \
         {bin}/dangling; echo {bin}/dangling $?; env ./nothing"
    ));
    assert_eq!(done.status.code(), Some(127));
    let log = world.finish();
    log.check();
    let failed: Vec<(&str, &str)> = log
        .of("command.failed")
        .map(|line| (line["exe"].as_str().unwrap(), line["why"].as_str().unwrap()))
        .collect();
    let tool = format!("{bin}/tool");
    for expected in [
        ("/no/where/true", "not-found"),
        (&format!("{bin}/true"), "not-found"),
        ("/no/where/tool", "not-found"),
        (&tool, "not-executable"),
        (&format!("{bin}/dangling"), "not-found"),
    ] {
        assert!(failed.contains(&expected), "{expected:?} in {failed:#?}");
    }
    assert!(failed.iter().any(|(path, _)| path.ends_with("/nothing")), "{failed:#?}");
    let nothing = log.of("command.failed").last().unwrap();
    let env = log.starts().into_iter().rfind(|line| program(line) == "env").unwrap();
    assert_eq!(nothing["parent"], env["id"], "env itself wanted it");
    assert_eq!(nothing["pid"], env["pid"]);
    assert_eq!(log.start_of("true")["exe"], "/usr/bin/true");
}

#[test]
fn scripts_and_odd_words() {
    let world = World::new();
    let script = world.path("script");
    fs::write(&script, "#!/bin/sh\nexit 4\n").unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let done = world.bash("./script 'a\nb' '' $'\\xff\\xfe' é; exec -a lie /bin/true");
    assert!(done.status.success());
    let script = script.canonicalize().unwrap();
    let log = world.finish();
    log.check();
    let start = log.start_of("script");
    assert_eq!(argv(start), ["./script", "a\nb", "", "\u{fffd}\u{fffd}", "é"]);
    assert_eq!(start["exe"].as_str(), script.to_str());
    assert_eq!(log.end_of("script")["status"], 4);
    assert_eq!(argv(log.start_of("true")), ["lie"]);
}

const WAYS: &str = r#"
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
extern char **environ;
static void *thread(void *name) {
    char *argv[] = { name, "from-a-thread", NULL };
    execve("/bin/true", argv, environ);
    _exit(99);
}
static int wait_for(pid_t pid) {
    int status;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status);
}
int main(int argc, char **argv) {
    if (argc > 1 && !strcmp(argv[1], "exit")) return atoi(argv[2]);
    int failures = 0;
    pid_t pid = fork();
    if (!pid) {
        pthread_t other;
        pthread_create(&other, NULL, thread, "true");
        pthread_join(other, NULL);
        pause();
    }
    failures += wait_for(pid);
    pid = vfork();
    if (!pid) { execl("/bin/true", "true", "from-vfork", (char *) NULL); _exit(99); }
    failures += wait_for(pid);
    char *spawned[] = { "true", "from-posix_spawn", NULL };
    posix_spawn(&pid, "/bin/true", NULL, NULL, spawned, environ);
    failures += wait_for(pid);
    int fd = memfd_create("inmemory", 0);
    int own = open("/proc/self/exe", O_RDONLY);
    static char copy[1 << 20];
    ssize_t size = read(own, copy, sizeof copy);
    if (write(fd, copy, size) != size) return 98;
    char *from_memory[] = { "nameless", "exit", "0", NULL };
    pid = fork();
    if (!pid) { syscall(SYS_execveat, fd, "", from_memory, environ, AT_EMPTY_PATH); _exit(99); }
    failures += wait_for(pid);
    int bin = open("/bin", O_PATH);
    char *relative[] = { "true", "from-a-folder", NULL };
    pid = fork();
    if (!pid) { syscall(SYS_execveat, bin, "true", relative, environ, 0); _exit(99); }
    failures += wait_for(pid);
    pid = fork();
    if (!pid) { execl("/proc/self/exe", "self", "exit", "0", (char *) NULL); _exit(99); }
    failures += wait_for(pid);
    pid = fork();
    if (!pid) { execve("/bin/true", NULL, NULL); _exit(99); }
    failures += wait_for(pid);
    char *huge = malloc(300000);
    memset(huge, 'x', 120000);
    huge[120000] = 0;
    pid = fork();
    if (!pid) { execl("/bin/true", "true", "large", huge, (char *) NULL); _exit(99); }
    failures += wait_for(pid);
    pid = fork();
    if (!pid) { execl("/bin/true", "true", "too-large", huge, huge, (char *) NULL); _exit(99); }
    failures += wait_for(pid);
    pid = fork();
    if (!pid) { prctl(PR_SET_DUMPABLE, 0); execl("/bin/true", "true", "undumpable", (char *) NULL); _exit(99); }
    failures += wait_for(pid);
    char *cwd = strdup("/tmp/hoop-cwd-XXXXXX");
    if (!mkdtemp(cwd) || chdir(cwd) || rmdir(cwd)) return 97;
    pid = fork();
    if (!pid) { execl("/bin/true", "true", "nowhere", (char *) NULL); _exit(99); }
    failures += wait_for(pid);
    pid = fork();
    if (!pid) { execl("gone", "gone", (char *) NULL); _exit(errno == ENOENT ? 0 : 99); }
    failures += wait_for(pid);
    return failures;
}
"#;

#[test]
fn threads_vfork_memory_and_others() {
    let world = World::new();
    let dynamic = compiled("ways", WAYS, &["-pthread"]);
    let done = world.run(command(&dynamic, &[]));
    assert_eq!(done.status.code(), Some(0));
    let log = world.finish();
    log.check();
    for start in log.starts() {
        assert_eq!(log.end(&start["id"])["status"], 0, "{start}");
        assert!(start["id"] == 1 || start["parent"] == 1 || start["replaces"] == 1, "{start}");
    }
    let second = |word: &str| {
        let found: Vec<_> =
            log.starts().into_iter().filter(|line| argv(line).get(1) == Some(&word)).collect();
        assert_eq!(found.len(), 1, "{word}");
        found[0]
    };
    for word in ["from-a-thread", "from-vfork", "from-posix_spawn"] {
        assert_eq!(second(word)["exe"], "/bin/true", "{word}");
    }
    assert!(second("from-a-folder")["exe"].as_str().unwrap().ends_with("/bin/true"));
    let nameless = log.starts().into_iter().find(|line| argv(line).first() == Some(&"nameless")).unwrap();
    assert!(nameless["exe"].as_str().unwrap().starts_with("/memfd:inmemory"), "{nameless}");
    let own = log.starts().into_iter().find(|line| argv(line).first() == Some(&"self")).unwrap();
    assert_eq!(own["exe"], "/proc/self/exe");
    let empty: Vec<_> = log.starts().into_iter().filter(|line| argv(line).is_empty()).collect();
    assert_eq!((empty.len(), empty[0]["truncated"].as_bool()), (1, None));
    assert_eq!(argv(second("large"))[2].len(), 120_000);
    assert!(second("large")["truncated"].is_null());
    let cut = second("too-large");
    assert_eq!(cut["truncated"], true);
    assert!(argv(cut).iter().map(|word| word.len()).sum::<usize>() <= 128 << 10);
    if nix::unistd::geteuid().is_root() {
        second("undumpable");
    }
    assert!(second("nowhere")["cwd"].as_str().unwrap().ends_with(" (deleted)"));
    assert_eq!(log.of("command.failed").count(), 1);
}

#[test]
fn programs_without_a_dynamic_linker() {
    let world = World::new();
    let linked = compiled("ways-static", WAYS, &["-pthread", "-static"]);
    let done = world.run(command(&linked, &[]));
    assert_eq!(done.status.code(), Some(0));
    let log = world.finish();
    log.check();
    assert!(log.starts().iter().all(|start| log.end(&start["id"])["status"] == 0));
}

/// A 32-bit program that executes `/bin/true` with one argument, or exits with the error.
#[cfg(target_arch = "x86_64")]
fn small_i386() -> Vec<u8> {
    const BASE: u32 = 0x0804_8000;
    const CODE: u32 = 84;
    let code_bytes = 5 + 5 + 5 + 2 + 2 + 2 + 2 + 5 + 2;
    let data = BASE + CODE + code_bytes;
    let (path, word, list) = (data, data + 10, data + 20);
    let mut code = vec![0xb8, 11, 0, 0, 0, 0xbb];
    code.extend(path.to_le_bytes());
    code.push(0xb9);
    code.extend(list.to_le_bytes());
    code.extend([0x31, 0xd2, 0xcd, 0x80, 0x89, 0xc3, 0xf7, 0xdb, 0xb8, 1, 0, 0, 0, 0xcd, 0x80]);
    assert_eq!(code.len(), code_bytes as usize);
    code.extend(b"/bin/true\0from-i386\0");
    code.extend(word.to_le_bytes());
    code.extend([0; 4]);
    let total = CODE + u32::try_from(code.len()).unwrap();
    let mut elf = b"\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    elf.extend([2, 0, 3, 0, 1, 0, 0, 0]);
    for number in [BASE + CODE, 52, 0, 0] {
        elf.extend(number.to_le_bytes());
    }
    elf.extend([52, 0, 32, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    for number in [1, 0, BASE, BASE, total, total, 7, 0x1000] {
        elf.extend(number.to_le_bytes());
    }
    elf.extend(code);
    elf
}

#[cfg(target_arch = "x86_64")]
#[test]
fn programs_of_32_bits() {
    let world = World::new();
    let small = world.path("small");
    fs::write(&small, small_i386()).unwrap();
    fs::set_permissions(&small, fs::Permissions::from_mode(0o755)).unwrap();
    if command(&small, &[]).status().is_err() {
        eprintln!("this kernel does not run 32-bit programs");
        return;
    }
    let done = world.run(command(&small, &[]));
    assert_eq!((done.status.code(), done.status.signal()), (Some(0), None));
    let log = world.finish();
    log.check();
    assert_eq!(argv(log.start_of("true")), ["from-i386"]);
    assert_eq!(log.start_of("true")["replaces"], 1);
}

#[test]
fn debuggers_work_inside() {
    for tool in ["strace", "gdb"] {
        if command(tool, &["--version"]).output().is_err() {
            eprintln!("{tool} is not here");
            continue;
        }
        let world = World::new();
        let done = match tool {
            "strace" => {
                world.run(command(tool, &["-f", "-e", "trace=execve", "sh", "-c", "/bin/true; /bin/false"]))
            }
            _ => world.run(command(
                tool,
                &["-batch", "-ex", "run", "-ex", "bt", "--args", "/bin/sh", "-c", "exit 3"],
            )),
        };
        let text = [done.stdout, done.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        let log = world.finish();
        log.check();
        match tool {
            "strace" => {
                assert!(text.contains("execve(\"/bin/true\""), "{text}");
                assert_eq!(log.end_of("true")["status"], 0);
                assert_eq!(log.end_of("false")["status"], 1);
            }
            _ => assert!(text.contains("exited with code 03"), "{text}"),
        }
    }
}

/// As on kernels that do not tell how a process ended, where exits are watched instead. In a process of its own, because
/// of the variable that asks for it.
#[test]
fn exits_that_are_watched() {
    const MARK: &str = "HOOP_TEST_TRAP_EXITS";
    if std::env::var_os(MARK).is_none() {
        let own = std::env::current_exe().unwrap();
        let mut again = command(own, &["--exact", "ways::exits_that_are_watched", "--nocapture"]);
        assert!(again.env(MARK, "1").status().unwrap().success());
        return;
    }
    let world = World::new();
    let done = world.bash("sh -c 'exit 7'; sh -c 'kill -9 $$'; exec /bin/true");
    assert!(done.status.success());
    let log = world.finish();
    log.check();
    let starts = log.starts();
    assert_eq!(log.end(&starts[1]["id"])["status"], 7);
    assert!(log.end(&starts[2]["id"])["status"].is_null());
    assert_eq!(log.end_of("true")["status"], 0);
}
