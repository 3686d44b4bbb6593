//! People are counted: logins that hoop-run checks itself, users of a machine that the system tells apart.

use std::fs;
use std::fs::Permissions;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::fs::chown;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hoop::identity::LoginStore;

use crate::world::POLICY;
use crate::world::World;
use crate::world::cache;
use crate::world::cards;
use crate::world::has_aws;
use crate::world::names;
use crate::world::said;

/// The certified provider of tests/identity; ends with its owner.
struct Provider {
    issuer: String,
    process: Child,
}

impl Provider {
    fn start() -> Option<Self> {
        let folder = cache().join("oidc");
        if !folder.join("node_modules/oidc-provider").exists() {
            eprintln!("left out: there is no OpenID provider; run scripts/setup.sh test");
            return None;
        }
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/identity/provider.mjs");
        let mut command = Command::new("node");
        command.arg(script).arg(folder).env("NODE_NO_WARNINGS", "1");
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let issuer = lines.map_while(Result::ok).find(|line| line.starts_with("http://127.0.0.1:"));
        Some(Self { issuer: issuer.expect("the provider starts"), process })
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn sign_in(world: &World, person: &str) {
    let browser = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/identity/browser.py");
    let mut command = world.command(env!("CARGO_BIN_EXE_hoopctl"));
    command.arg("login").stdin(Stdio::null());
    let page = world.path().join("page");
    command.env("BROWSER", format!("python3 {} {person} {}", browser.display(), page.display()));
    let (status, told) = said(&command.output().unwrap());
    assert_eq!(status, 0, "{told}");
}

/// Sends a line to the only session as this very process.
fn raw(world: &World, line: &str) -> String {
    let folder = world.path().join(".local/state/hoop/control");
    let socket = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).next().unwrap();
    let mut stream = UnixStream::connect(socket).unwrap();
    stream.write_all(format!("{line}\n").as_bytes()).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    reply
}

#[test]
fn two_people_say_yes_and_neither_is_who_asked() {
    let Some(provider) = Provider::start().filter(|_| has_aws()) else { return };
    let config =
        format!("[identity.corp]\nkind = \"oidc\"\nissuer = \"{}\"\nclient_id = \"hoop\"\n", provider.issuer);
    let world = World::with(POLICY, &config);
    sign_in(&world, "carol");
    let script = "aws s3api delete-object --bucket b --key k && echo went; aws s3api delete-object --bucket b --key two || echo refused";
    let running = world.start(&["--approve-via", "hoopctl"], script);
    let name = world.wait_for(1).remove(0);
    let allow = || world.approvals(&["allow", &name, "--reason", "seen"]);
    let (status, told) = allow();
    assert_eq!((status, told.contains("their own request")), (1, true), "{told}");
    sign_in(&world, "dave");
    let (status, told) = allow();
    assert_eq!((status, told.contains("the rule wants 2 of group dev")), (1, true), "{told}");
    // As the user of this machine, it is carol's session all the same.
    let (status, told) = world.approvals(&["allow", &name, "--identity", "local"]);
    assert_eq!((status, told.contains("their own request")), (1, true), "{told}");
    sign_in(&world, "alice");
    let (status, told) = allow();
    assert_eq!((status, told.contains("it still needs 1 more of group dev")), (3, true), "{told}");
    let (status, told) = allow();
    assert_eq!((status, told.contains("has said yes already")), (1, true), "{told}");
    let (_, told) = world.approvals(&["show", &name]);
    assert!(told.contains("alice@corp.example (hoopctl): seen"), "{told}");
    // Tokens that were changed, and those of nobody.
    let store = LoginStore::open(&world.path().join(".local/state/hoop")).unwrap();
    sign_in(&world, "bob");
    let token = store.load("corp").unwrap().unwrap().proof.secret().expose().to_owned();
    let parts: Vec<&str> = token.split('.').collect();
    let claims = String::from_utf8(URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
    let eve = URL_SAFE_NO_PAD.encode(claims.replace("bob", "eve"));
    assert_ne!(eve, parts[1]);
    let id = name.rsplit('-').next().unwrap();
    for forged in
        [format!("{}.{eve}.{}", parts[0], parts[2]), format!("{}.{}.", parts[0], parts[1]), "x".to_owned()]
    {
        let line = format!(
            r#"{{"request":"answer","id":{id},"answer":"allow","via":"hoopctl","as":{{"provider":"corp","token":"{forged}"}}}}"#
        );
        let reply = raw(&world, &line);
        assert!(reply.contains("the ID token is refused"), "{reply}");
    }
    assert_eq!(world.hits(), 0);
    let (status, told) = allow();
    assert_eq!((status, told.contains("allowed once")), (0, true), "{told}");
    let second = world.wait_for(1).remove(0);
    let (status, told) = world.approvals(&["deny", &second, "--reason", "enough"]);
    assert_eq!(status, 0, "{told}");
    let (_, text) = running.end();
    assert!(text.contains("went") && text.contains("refused"), "{text}");
    assert_eq!(world.hits(), 1);
    let answered = world.events("approval.answered");
    assert_eq!(answered[0]["by"], "alice@corp.example and bob@corp.example");
    let who = answered[0]["identity"].as_str().unwrap();
    assert!(who.contains("alice of http") && who.contains("bob of http"), "{who}");
    assert_eq!(world.events("approval.vote").len(), 1);
    // Nothing that is kept holds a token.
    for folder in [".local/state/hoop/sessions", ".local/state/hoop/control"] {
        let found =
            Command::new("grep").args(["-r", "-l", &token]).arg(world.path().join(folder)).output().unwrap();
        assert!(found.stdout.is_empty(), "{found:?}");
    }
}

/// A user of this machine besides the one who runs the tests.
const OTHER: u32 = 1201;

#[test]
fn another_user_answers_through_a_shared_folder() {
    let other = nix::unistd::User::from_uid(OTHER.into()).unwrap();
    let Some(other) = other.filter(|_| nix::unistd::geteuid().is_root() && has_aws()) else {
        eprintln!("left out: it needs root, and a user with the number {OTHER}");
        return;
    };
    let policy =
        POLICY.replace("{ group = [\"dev\"], count = 2 }", &format!("{{ user = [\"{}\"] }}", other.name));
    let shared = tempfile::tempdir().unwrap();
    fs::set_permissions(shared.path(), Permissions::from_mode(0o755)).unwrap();
    let folder = shared.path().join("team");
    let home = shared.path().join("home");
    fs::create_dir(&folder).unwrap();
    fs::create_dir(&home).unwrap();
    chown(&home, Some(OTHER), Some(OTHER)).unwrap();
    let program = shared.path().join("hoopctl");
    fs::copy(env!("CARGO_BIN_EXE_hoopctl"), &program).unwrap();
    let world = World::with(&policy, &format!("[approval]\nshared_dir = \"{}\"\n", folder.display()));
    let as_uid = |uid: u32, arguments: &[&str]| {
        let mut command = Command::new(&program);
        command.args(["approvals"]).args(arguments).env_clear().env("HOME", &home).current_dir("/");
        command.env("HOOP_APPROVAL_SHARED_DIR", &folder).uid(uid).gid(uid).stdin(Stdio::null());
        command.output().unwrap()
    };
    let script = format!(
        "ls -A {} 2>&1 | sed 's/^/inside: /'; touch mine & aws s3api delete-object --bucket b --key k && echo went; wait",
        folder.display()
    );
    // Not sticky, and open to all: not used; the session's own user can answer all the same.
    fs::set_permissions(&folder, Permissions::from_mode(0o777)).unwrap();
    let running = world.start(&["--approve-via", "hoopctl"], "touch first && echo made");
    let name = world.wait_for(1).remove(0);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    assert_eq!(world.approvals(&["allow", &name]).0, 0);
    let (_, text) = running.end();
    assert!(text.contains("made") && text.contains("cannot be shared for approvals"), "{text}");
    // Root's, sticky, for a group.
    fs::set_permissions(&folder, Permissions::from_mode(0o3770)).unwrap();
    chown(&folder, Some(0), Some(OTHER)).unwrap();
    fs::set_permissions(&folder, Permissions::from_mode(0o3770)).unwrap();
    let running = world.start(&["--approve-via", "hoopctl"], &script);
    let all = world.wait_for(2);
    let seen = cards(&as_uid(OTHER, &["list", "--json"]));
    assert_eq!(seen.len(), 1, "only what names them: {seen:?}");
    assert_eq!(seen[0]["question"]["action"], "s3:DeleteObject");
    let name = names(&seen).remove(0);
    let own = all.iter().find(|one| **one != name).unwrap();
    let (status, told) = said(&as_uid(OTHER, &["allow", own]));
    assert_eq!(status, 1, "{told}");
    // Past hoopctl, by the bare socket.
    let socket = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).next().unwrap();
    let id = own.rsplit('-').next().unwrap();
    let line = |login: &str| {
        format!(
            "import socket\ns = socket.socket(socket.AF_UNIX)\ns.connect('{}')\ns.send(b'{{\"request\":\"answer\",\"id\":{id},\"answer\":\"allow\",\"via\":\"hoopctl\"{login}}}\\n')\nprint(s.recv(65536).decode())",
            socket.display()
        )
    };
    let python = |login: &str| {
        let mut command = Command::new("/usr/bin/python3");
        command.arg("-c").arg(line(login)).uid(OTHER).gid(OTHER).current_dir("/");
        said(&command.output().unwrap()).1
    };
    let told = python("");
    assert!(told.contains("refused") && told.contains("whose session it is"), "{told}");
    let told = python(",\"as\":{\"provider\":\"corp\",\"token\":\"a.b.c\"}");
    assert!(told.contains("taken from the session's own user only"), "{told}");
    // Whoever is not in the group does not even see it.
    assert_eq!(said(&as_uid(65_534, &["list"])), (0, "nothing waits\n".to_owned()));
    let (status, told) = said(&as_uid(OTHER, &["allow", &name, "--reason", "checked"]));
    assert_eq!((status, told.contains("allowed once")), (0, true), "{told}");
    assert_eq!(world.approvals(&["allow", own]).0, 0);
    let (_, text) = running.end();
    assert!(text.contains("went") && world.hits() == 1, "{text}");
    assert!(!text.contains(".sock"), "the sandbox shows it: {text}");
    let answered = world.events("approval.answered");
    let by = answered.iter().find(|event| event["by"] == other.name.as_str()).unwrap();
    assert_eq!(by["identity"], format!("uid {OTHER}"));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0, "the socket goes with the session");
}
