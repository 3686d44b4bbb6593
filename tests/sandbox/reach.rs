//! What an attacker reaches from inside, per level: the table in reach.txt, cell by cell.

use std::fs;
use std::os::unix::fs::chown;

use serde_json::Value;
use serde_json::json;

use crate::person::Person;
use crate::person::has_namespaces;
use crate::support::run;

const TABLE: &str = include_str!("reach.txt");
const COLUMNS: [&str; 4] = ["bare", "off", "full", "root"];

/// A way and what must come of it, per column.
fn rows() -> impl Iterator<Item = (String, [&'static str; 4])> {
    TABLE.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (name, cells) = words.split_last_chunk::<4>().unwrap_or_else(|| panic!("reach.txt: {line}"));
        (name.join(" "), *cells)
    })
}

fn fits(cell: &str, found: &str) -> bool {
    let is_refused = || !["works", "relayed", "died"].contains(&found) && !found.contains('[');
    cell.split('|').any(|one| one == found || one == "*" || (one == "-" && is_refused()))
}

/// What the probe found, and all that was seen, of `wrapper` in front of the probe.
fn look(person: &Person, wrapper: &[&str]) -> Value {
    let mut argv: Vec<String> = Vec::new();
    if !wrapper.is_empty() {
        argv.push(person.program().display().to_string());
        argv.extend(wrapper.iter().map(|&word| word.to_owned()));
        argv.push("--".to_owned());
    }
    let orders = person.folder().join("orders.json");
    let text = json!({
        "uid": person.uid, "gid": person.gid, "folder": person.folder(), "wrapper": argv,
        "recorder": !wrapper.is_empty(), "program": person.program(),
    });
    fs::write(&orders, text.to_string()).unwrap();
    // It begins as root, where root runs the tests: it makes a network of its own, then becomes the user.
    let mut command = std::process::Command::new("/usr/bin/python3");
    command.arg(person.script("world.py")).arg(&orders).env_clear().env("PATH", crate::person::PATH);
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    let output = run(command, b"");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "the world broke: {said}{}", output.stderr);
    let seen: Value = serde_json::from_str(said.lines().last().unwrap_or_default()).unwrap();
    assert_eq!(seen["status"], 0, "{}\n{}", seen["shown"].as_str().unwrap_or_default(), output.stderr);
    for folder in person.recordings() {
        // The record may hold what was shown and executed; nothing of that is a secret here.
        for name in ["terminal.cast", "audit.jsonl"] {
            let text = fs::read_to_string(folder.join(name)).unwrap();
            assert!(!text.contains(seen["canary"].as_str().unwrap()), "{name} has the secret");
        }
    }
    seen
}

/// Holds what was found against one column of the table; every difference is told.
fn hold(column: &str, seen: &Value) {
    let at = COLUMNS.iter().position(|name| *name == column).unwrap();
    let found = seen["found"].as_object().unwrap();
    let has_network = seen["seen"]["has_network"] == true;
    let mut faults = Vec::new();
    for (name, cells) in rows() {
        let cell = cells[at];
        match found.get(&name).and_then(Value::as_str) {
            None if cell == "absent" || cell == "*" || (name.starts_with("net: ") && !has_network) => {}
            None => faults.push(format!("{name}: not tried, expected {cell}")),
            Some("absent") if cell != "works" => {}
            Some(result) if fits(cell, result) => {}
            Some(result) => faults.push(format!("{name}: {result}, expected {cell}")),
        }
    }
    for name in found.keys().filter(|name| !rows().any(|(row, _)| row == **name)) {
        faults.push(format!("{name}: {}, and not in reach.txt", found[name]));
    }
    let shown = seen["shown"].as_str().unwrap_or_default();
    assert!(
        faults.is_empty(),
        "{column}: {} of {} differ\n{}\n{shown}",
        faults.len(),
        found.len(),
        faults.join("\n")
    );
}

#[test]
fn without_a_sandbox_every_way_is_open_so_the_probe_proves_something() {
    let seen = look(&Person::ordinary(), &[]);
    hold("bare", &seen);
    let open = seen["found"].as_object().unwrap().values().filter(|result| *result == "works").count();
    assert!(open > 100, "only {open} ways are open on a bare machine");
}

#[test]
fn off_is_off_but_for_what_the_gateway_keeps() {
    let person = Person::ordinary();
    hold("off", &look(&person, &["--sandbox", "off"]));
    assert_eq!(person.recorded_level().0, "off");
}

#[test]
fn a_full_sandbox_stops_every_way_that_it_says_it_stops() {
    if !has_namespaces() {
        return;
    }
    let person = Person::ordinary();
    let seen = look(&person, &["--sandbox", "require"]);
    hold("full", &seen);
    assert_eq!(person.recorded_level(), ("full".to_owned(), Vec::new()));
    assert_eq!(seen["seen"]["victim"], "S", "the victim was stopped or killed");
    assert_eq!(seen["seen"]["bashrc"], "# as it was\n");
    assert!(seen["shown"].as_str().unwrap().contains("sandbox full"), "{}", seen["shown"]);
}

#[test]
fn root_gets_a_sandbox_and_is_told_what_it_is_worth() {
    let Some(person) = Person::root() else { return };
    let seen = look(&person, &["--sandbox", "auto"]);
    hold("root", &seen);
    let (level, unprotected) = person.recorded_level();
    assert_eq!(level, "reduced");
    assert!(unprotected.iter().any(|phrase| phrase.starts_with("root can change")), "{unprotected:?}");
    assert!(
        seen["shown"].as_str().unwrap().contains("root can change this machine's files"),
        "{}",
        seen["shown"]
    );
}

#[test]
fn what_is_written_to_the_credential_folder_ends_with_the_session() {
    if !has_namespaces() {
        return;
    }
    let person = Person::ordinary();
    person.file(".aws/credentials", "realSecret");
    person.file(".aws/cli/cache/role.json", "realToken");
    let told = person.prints(
        "ls -A ~/.aws; mkdir -p ~/.aws/cli/cache && echo mine > ~/.aws/cli/cache/role.json && cat ~/.aws/cli/cache/role.json
        stat -c %a ~/.aws; dd if=/dev/zero of=~/.aws/much bs=1M count=32 2>/dev/null || echo full; rm ~/.aws/much
        cp /bin/true ~/.aws/run; ~/.aws/run 2>/dev/null || echo 'not run'; mv ~/.aws ~/.aside 2>/dev/null || echo kept",
    );
    assert_eq!(told, "mine\n700\nfull\nnot run\nkept\n");
    assert_eq!(person.prints("ls -A ~/.aws"), "", "the next session starts with nothing");
    let outside = |name: &str| fs::read_to_string(person.home().join(".aws").join(name)).unwrap();
    assert_eq!(outside("credentials"), "realSecret");
    assert_eq!(outside("cli/cache/role.json"), "realToken");
    assert!(!person.home().join(".aws/run").exists());
}

#[test]
fn credential_files_that_are_links_are_covered_where_they_lead() {
    if !has_namespaces() {
        return;
    }
    let person = Person::ordinary();
    person.file("dotfiles/aws-credentials", "realSecret");
    person.file("dotfiles/sso/cache/token.json", "realSecret");
    person.file(".aws/config", "[default]\nregion = eu-west-1\n");
    for (link, target) in [("credentials", "../dotfiles/aws-credentials"), ("sso", "../dotfiles/sso")] {
        std::os::unix::fs::symlink(target, person.home().join(".aws").join(link)).unwrap();
    }
    let told = person.prints(
        "cat ~/dotfiles/aws-credentials ~/dotfiles/sso/cache/token.json 2>&1 | grep -c realSecret; true",
    );
    assert_eq!(told, "0\n");
}

#[test]
fn a_linked_credential_folder_is_covered_where_it_leads() {
    if !has_namespaces() {
        return;
    }
    let person = Person::ordinary();
    person.file("dotfiles/aws/credentials", "realSecret");
    let link = person.home().join(".aws");
    std::os::unix::fs::symlink("dotfiles/aws", &link).unwrap();
    std::os::unix::fs::lchown(&link, Some(person.uid), Some(person.gid)).unwrap();
    for path in ["~/.aws/credentials", "~/dotfiles/aws/credentials"] {
        assert_eq!(person.prints(&format!("cat {path} 2>/dev/null || echo refused")), "refused\n", "{path}");
    }
}

#[test]
fn what_is_allowed_and_what_is_hidden_is_for_the_user_to_say() {
    if !has_namespaces() {
        return;
    }
    let person = Person::ordinary();
    person.file(".gnupg/pubring", "ring");
    person.file("vault/secret", "mine");
    assert_eq!(person.prints("cat ~/.gnupg/pubring 2>/dev/null || echo refused"), "refused\n");
    person.file(".config/hoop/config.toml", "[sandbox]\nhide = \"~/vault\"\n");
    let allowed = run(
        person.hoop_run([
            "-q",
            "--allow",
            "gpg",
            "--",
            "sh",
            "-c",
            "cat ~/.gnupg/pubring; cat ~/vault/secret",
        ]),
        b"",
    );
    assert_eq!(String::from_utf8_lossy(&allowed.stdout), "ring", "{}", allowed.stderr);
    assert!(allowed.stderr.contains("Permission denied"), "{}", allowed.stderr);
    let wrong = run(person.hoop_run(["--allow", "gpgg", "--", "true"]), b"");
    assert_eq!(wrong.status.code(), Some(125), "{}", wrong.stderr);
    assert!(wrong.stderr.contains("hides nothing called `gpgg`"), "{}", wrong.stderr);
}

#[test]
fn a_tmux_server_outside_cannot_be_made_to_act() {
    let person = Person::ordinary();
    if !person.has("tmux") || !has_namespaces() {
        return;
    }
    let proof = person.home().join("proof");
    let sockets = person.folder().join("tmux");
    fs::create_dir(&sockets).unwrap();
    chown(&sockets, Some(person.uid), Some(person.gid)).unwrap();
    let tmux = |arguments: &[&str]| {
        let mut command = person.command("tmux", arguments.iter().copied());
        command.env("TMUX_TMPDIR", &sockets);
        command
    };
    assert!(
        tmux(&["-f", "/dev/null", "new-session", "-d", "-s", "outside", "sleep 300"])
            .status()
            .unwrap()
            .success()
    );
    let attack = format!("tmux run-shell 'touch {}'; tmux ls", proof.display());
    let control = {
        let mut command = person.command("sh", ["-c", &attack]);
        command.env("TMUX_TMPDIR", &sockets);
        run(command, b"")
    };
    let worked = proof.exists();
    let _ = fs::remove_file(&proof);
    let socket =
        fs::read_dir(sockets.join(format!("tmux-{}", person.uid))).unwrap().next().unwrap().unwrap().path();
    let mut inside = person.hoop_run(["-q", "--", "sh", "-c", &attack]);
    inside.env("TMUX_TMPDIR", &sockets).env("TMUX", format!("{},1,0", socket.display()));
    let attacked = run(inside, b"");
    let escaped = proof.exists();
    assert!(tmux(&["kill-server"]).status().unwrap().success());
    assert!(worked, "the way does not even exist outside: {}", control.stderr);
    assert!(!escaped, "the tmux server outside ran a command: {}", attacked.stderr);
}

#[test]
fn the_first_session_ever_hides_our_own_folders_too() {
    if !has_namespaces() {
        return;
    }
    let person = Person::ordinary();
    let script = "for folder in ~/.local/state/hoop ~/.config/hoop; do ls $folder >/dev/null 2>&1 && echo $folder; done
        ls -A ~/.aws; echo planted > ~/.aws/config && cat ~/.aws/config";
    assert_eq!(person.prints(script), "planted\n");
    assert!(!person.home().join(".aws/config").exists(), "planted for the user to trust");
}
