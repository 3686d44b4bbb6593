//! What must go on working in the sandbox: the tools that agents use.

use std::fs;
use std::process::Command;

use crate::person::Person;
use crate::person::has_namespaces;
use crate::support::run;

/// Runs `script` in the sandbox; shows what went wrong.
#[track_caller]
fn works(person: &Person, script: &str) -> String {
    person.prints(&format!("set -e\n{script}"))
}

#[test]
fn git_commits_and_clones() {
    let person = Person::ordinary();
    if !person.has("git") {
        return;
    }
    let said = works(
        &person,
        "git init -q repository; cd repository; git config user.name Ana; git config user.email ana@example.org
        echo one > file; git add file; git commit -qm 'first'; git worktree add -q ../tree -b side
        cd ..; git clone -q repository copy; git clone -q file://$PWD/repository other; git -C copy log --oneline; git -C other status --short --branch",
    );
    assert!(said.contains("first") && said.contains("## "), "{said}");
}

#[test]
fn npm_installs_a_local_package_and_runs_its_scripts() {
    let person = Person::ordinary();
    if !person.has("npm") {
        return;
    }
    person.file(
        "dependency/package.json",
        r#"{"name":"dependency","version":"1.0.0","main":"index.js","scripts":{"install":"node -e 1"}}"#,
    );
    person.file("dependency/index.js", "module.exports = () => 'installed';\n");
    let said = works(
        &person,
        "mkdir app; cd app; npm init -y --loglevel=error >/dev/null
        npm install --offline --no-audit --no-fund --loglevel=error ../dependency >/dev/null
        npm pkg set scripts.hello=\"node -p \\\"require('dependency')()\\\"\"; npm run --silent hello",
    );
    assert_eq!(said, "installed\n");
}

#[test]
fn node_has_workers_children_and_sockets() {
    let person = Person::ordinary();
    if !person.has("node") {
        return;
    }
    person.file(
        "workers.mjs",
        r#"
import { Worker } from "node:worker_threads";
import { execFileSync, fork } from "node:child_process";
import { createServer, connect } from "node:net";
import { readFile, writeFile } from "node:fs/promises";
const worker = new Worker("require('node:worker_threads').parentPort.postMessage('worker')", { eval: true });
console.log(await new Promise((resolve, reject) => worker.on("message", resolve).on("error", reject)));
console.log(execFileSync("echo", ["child"]).toString().trim());
const server = createServer((socket) => socket.end("socket"));
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const socket = connect(server.address().port, "127.0.0.1");
console.log(await new Promise((resolve, reject) => socket.on("data", (data) => resolve(data.toString())).on("error", reject)));
server.close();
await writeFile("written", "file");
console.log((await readFile("written")).toString());
"#,
    );
    assert_eq!(works(&person, "node workers.mjs"), "worker\nchild\nsocket\nfile\n");
}

#[test]
fn python_has_pools_shared_memory_and_locks() {
    let person = Person::ordinary();
    person.file(
        "pools.py",
        r#"
import asyncio, concurrent.futures, multiprocessing, multiprocessing.shared_memory, subprocess, tempfile

def square(n):
    return n * n

if __name__ == "__main__":
    for method in ("fork", "spawn", "forkserver"):
        with multiprocessing.get_context(method).Pool(2) as pool:
            print(method, sum(pool.map(square, range(10))))
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        print(sum(pool.map(square, range(10))))
    memory = multiprocessing.shared_memory.SharedMemory(create=True, size=16)
    memory.close(), memory.unlink()
    multiprocessing.Lock().acquire()
    async def child():
        process = await asyncio.create_subprocess_exec("true")
        return await process.wait()
    print(asyncio.run(child()))
"#,
    );
    assert_eq!(works(&person, "python3 pools.py"), "fork 285\nspawn 285\nforkserver 285\n285\n0\n");
}

#[test]
fn make_builds_in_parallel() {
    let person = Person::ordinary();
    if !person.has("make") || !person.has("gcc") {
        return;
    }
    person.file(
        "Makefile",
        "OBJECTS = a.o b.o c.o d.o\nprogram: $(OBJECTS)\n\tgcc -o $@ $^\n%.o: %.c\n\tgcc -c -o $@ $<\nsub:\n\t+$(MAKE) -s program\n",
    );
    for name in ["a", "b", "c"] {
        person.file(&format!("{name}.c"), &format!("int {name}(void) {{ return 1; }}\n"));
    }
    person.file("d.c", "int a(void), b(void), c(void); int main(void) { return a() + b() + c() - 3; }\n");
    works(&person, "make -s -j2 sub; ./program");
    let commands = person.events().iter().filter(|event| event["type"] == "command.start").count();
    assert!(commands > 10, "{commands} commands");
}

/// The toolchain may lie where only root may look (CI): then root builds, in the sandbox that root gets.
#[test]
fn cargo_builds_without_a_network() {
    let toolchain = Command::new("rustc").args(["--print", "sysroot"]).output();
    let Ok(toolchain) = toolchain else {
        eprintln!("skipped: rustc is not on PATH");
        return;
    };
    let bin = format!("{}/bin", String::from_utf8_lossy(&toolchain.stdout).trim());
    let mut person = Person::ordinary();
    let reaches = person
        .command(format!("{bin}/cargo"), ["--version"])
        .output()
        .is_ok_and(|output| output.status.success());
    if !reaches {
        person = Person::root().expect("whoever runs cargo reaches it");
    }
    person.file(
        "crate/Cargo.toml",
        "[package]\nname = \"tiny\"\nversion = \"0.1.0\"\nedition = \"2021\"\nbuild = \"build.rs\"\n",
    );
    person.file("crate/build.rs", "fn main() { println!(\"cargo:rustc-env=BUILT=yes\"); }\n");
    person.file(
        "crate/src/main.rs",
        "fn main() { println!(\"built {}\", env!(\"BUILT\")); }\n#[test] fn one() {}\n",
    );
    let said = works(
        &person,
        &format!(
            "export PATH={bin}:$PATH; cd crate; cargo run -q --offline; cargo test -q --offline >/dev/null"
        ),
    );
    assert_eq!(said, "built yes\n");
}

#[test]
fn ssh_tells_its_version() {
    let person = Person::listed();
    if person.has("ssh") {
        assert!(works(&person, "ssh -V 2>&1").contains("SSH"));
    }
}

#[test]
fn bubblewrap_makes_its_own_sandbox_inside() {
    let person = Person::ordinary();
    if !has_namespaces() || !person.has("bwrap") {
        return;
    }
    let said = works(
        &person,
        "bwrap --ro-bind / / --dev /dev --proc /proc --tmpfs /tmp --unshare-all --die-with-parent sh -c 'echo nested; id -u'",
    );
    assert_eq!(said, format!("nested\n{}\n", person.uid));
}

#[test]
fn programs_make_namespaces_of_their_own() {
    if !has_namespaces() {
        return;
    }
    let person = Person::ordinary();
    // What bubblewrap does, for machines without it.
    let script = "unshare -Urmpf --mount-proc sh -c 'mount -t tmpfs none /mnt && echo $$ && id -u'";
    if person.has("unshare") {
        assert_eq!(works(&person, script), "1\n0\n");
    }
}

#[test]
fn codex_has_its_own_sandbox_inside() {
    let person = Person::ordinary();
    if !has_namespaces() || !person.has("codex") {
        return;
    }
    let said = works(
        &person,
        "codex sandbox linux -- sh -c 'echo nested' 2>/dev/null || codex sandbox -- sh -c 'echo nested'",
    );
    assert_eq!(said, "nested\n");
}

#[test]
fn strace_and_gdb_see_their_own_children() {
    let person = Person::ordinary();
    if person.has("strace") {
        let said = works(
            &person,
            "strace -f -e trace=execve -o trace sh -c '/bin/echo traced; /bin/true'; grep -c 'execve(.* = 0' trace",
        );
        assert_eq!(said, "traced\n3\n");
    }
    if person.has("gdb") {
        let said =
            works(&person, "gdb -nx -batch -ex run -ex 'print $_exitcode' --args /bin/true 2>/dev/null");
        assert!(said.contains("$1 = 0"), "{said}");
    }
}

#[test]
fn sudo_says_clearly_no() {
    let person = Person::listed();
    if !person.has("sudo") {
        return;
    }
    let output = person.inside("sudo -n true");
    assert_ne!(output.status.code(), Some(0));
    assert!(output.stderr.contains("sudo: "), "{}", output.stderr);
    assert!(output.stderr.contains("no new privileges"), "{}", output.stderr);
}

#[test]
fn terminal_programs_find_a_terminal() {
    let person = Person::ordinary();
    if person.has("script") {
        let said = works(&person, "script -qec 'test -t 0 && tty && echo terminal' /dev/null </dev/null");
        assert!(said.contains("/dev/pts/") && said.contains("terminal"), "{said}");
    }
    if person.has("tmux") {
        // A server of its own works; only the one outside is out of reach.
        let said = works(
            &person,
            "export TMUX_TMPDIR=$HOME; tmux -f /dev/null new-session -d 'echo made > made; sleep 60'; sleep 1; tmux ls; tmux kill-server; cat made",
        );
        assert!(said.contains("1 windows") && said.ends_with("made\n"), "{said}");
    }
}

#[test]
fn home_and_repository_are_as_writable_as_outside() {
    let person = Person::ordinary();
    works(
        &person,
        "echo '{}' > ~/.agent.json.new; mv ~/.agent.json.new ~/.agent.json; mkdir -p ~/.cache/x ~/.agent; ln -s ~/.agent ~/link
        touch ~/link/file; mv ~/.agent ~/.agent2; ls ~ >/dev/null; ls -a ~ | grep -q .agent2; mkfifo ~/fifo; rm ~/fifo; chmod 700 ~/.cache; ln ~/.agent.json ~/.agent.link",
    );
    assert_eq!(fs::read_to_string(person.home().join(".agent.json")).unwrap(), "{}\n");
    let owner = std::os::unix::fs::MetadataExt::uid(&fs::metadata(person.home().join(".cache")).unwrap());
    assert_eq!(owner, person.uid, "files belong to the user, as ever");
}

#[test]
fn programs_without_a_file_to_read_run_too() {
    // Static, by a script's first line, from memory, by a thread: whatever is executed runs.
    let person = Person::ordinary();
    person.file(
        "memory.py",
        "import os, shutil\nfd = os.memfd_create('program', 0)\nos.write(fd, open(shutil.which('true'), 'rb').read())\npid = os.posix_spawn('/proc/self/fd/%d' % fd, ['true'], {})\nprint(os.waitpid(pid, 0)[1])\n",
    );
    assert_eq!(works(&person, "python3 memory.py"), "0\n");
    let output = run(person.hoop_run(["-q", "--", "python3", "memory.py"]), b"");
    assert!(output.status.success(), "{}", output.stderr);
}
