//! `hoopctl doctor` in broken worlds: each fault is a finding with what mends it, and never a crash.

#![allow(clippy::unwrap_used, reason = "a panic is how a test reports")]

#[path = "support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::thread;

use serde_json::Value;
use support::Home;
use support::Session;
use support::run;
use unicode_width::UnicodeWidthStr;

const HOOPCTL: &str = env!("CARGO_BIN_EXE_hoopctl");

/// What `hoopctl doctor --json` said, and its exit status.
struct Told {
    findings: Vec<Value>,
    status: i32,
}

impl Told {
    fn by(command: Command) -> Self {
        let output = run(command, b"");
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(!output.stderr.contains("panicked"), "{}", output.stderr);
        let findings: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(!findings.is_empty(), "nothing said: {}", output.stderr);
        for finding in &findings {
            let is_mended = finding["fix"].is_string() || finding["advice"].is_string();
            assert!(finding["state"] == "ok" || is_mended, "nothing mends it: {finding}");
        }
        let status = output.status.code().unwrap();
        let faults = findings.iter().filter(|finding| finding["state"] == "fault").count();
        assert_eq!(status, i32::from(faults > 0), "{findings:#?}");
        Self { findings, status }
    }

    /// The state and the text of the first finding that has `part` in its fact.
    fn find(&self, part: &str) -> (&str, String) {
        let found = self.findings.iter().find(|it| it["fact"].as_str().unwrap().contains(part));
        let found = found.unwrap_or_else(|| panic!("no {part:?} in {:#?}", self.findings));
        let text = |name: &str| found[name].as_str().unwrap_or_default().to_owned();
        (found["state"].as_str().unwrap(), text("fix"))
    }
}

fn doctor(home: &Home, arguments: &[&str]) -> Command {
    home.program(HOOPCTL, [&["doctor", "--json"], arguments].concat())
}

fn told(home: &Home, arguments: &[&str]) -> Told {
    Told::by(doctor(home, arguments))
}

fn write(home: &Home, file: &str, text: &str) -> PathBuf {
    let path = home.path().join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    path
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// A server that answers each path with a status, headers and a body; its address.
fn server(answer: impl Fn(&str, &str) -> (u16, String, String) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let own = url.clone();
    thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let mut request = [0; 16_384];
            let read = client.read(&mut request).unwrap_or_default();
            let head = String::from_utf8_lossy(&request[..read]).into_owned();
            let path = head.split(' ').nth(1).unwrap_or("/").to_owned();
            let (status, headers, body) = answer(&path, &own);
            let length = body.len();
            let text = format!(
                "HTTP/1.1 {status} X\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            );
            let _ = client.write_all(text.as_bytes());
        }
    });
    url
}

/// An address at which nobody listens.
fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[test]
fn in_an_empty_world_everything_is_a_finding() {
    let home = Home::new();
    let mut command = doctor(&home, &["--offline"]);
    command.env_clear().current_dir("/");
    let nothing = Told::by(command);
    assert_eq!(nothing.find("no place for recordings").0, "fault");
    assert_eq!(nothing.status, 1);
    let checks: Vec<&str> = nothing.findings.iter().map(|it| it["check"].as_str().unwrap()).collect();
    for check in [
        "aws", "identity", "clock", "sandbox", "store", "config", "policy", "masks", "terminal", "clients",
        "programs", "versions",
    ] {
        assert!(checks.contains(&check), "no {check} in {checks:?}");
    }
    let mut command = doctor(&home, &["--offline"]);
    command.env("HOME", "/nowhere/at all").env("PATH", "/nowhere").env("AWS_CONFIG_FILE", "/nowhere/config");
    let nowhere = Told::by(command);
    assert_eq!(nowhere.find("AWS_CONFIG_FILE names").1, "unset AWS_CONFIG_FILE");
}

#[test]
fn looking_changes_nothing() {
    let home = Home::new();
    write(&home, ".aws/config", "[default]\nregion = eu-west-1\n");
    assert!(run(home.hoop_run(["-q", "--", "true"]), b"").status.success());
    let before = tree(home.path());
    let all = told(&home, &["--offline"]);
    assert_eq!(all.find("1 session").0, "ok");
    assert_eq!(tree(home.path()), before);
    let empty = Home::new();
    told(&empty, &["--offline"]);
    assert_eq!(tree(empty.path()), tree(Home::new().path()));
}

/// Everything below a folder: its mode, size and time of change.
fn tree(folder: &Path) -> BTreeMap<PathBuf, (u32, u64, i64, i64)> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            let about = fs::symlink_metadata(&path).unwrap();
            if about.is_dir() {
                folders.push(path.clone());
            }
            let name = path.strip_prefix(folder).unwrap().to_owned();
            found.insert(name, (about.mode(), about.size(), about.mtime(), about.mtime_nsec()));
        }
    }
    found
}

#[test]
fn open_files_are_told_with_the_commands_that_close_them() {
    let home = Home::new();
    let credentials = write(
        &home,
        ".aws/credentials",
        "[default]\naws_access_key_id = AKIAX\naws_secret_access_key = hunter2\noops hunter2\n",
    );
    set_mode(&credentials, 0o666);
    let key = write(&home, ".local/state/hoop/keys/host.ed25519", &format!("{}\n", "ab".repeat(32)));
    set_mode(&key, 0o644);
    set_mode(&home.path().join(".local/state/hoop"), 0o777);
    let policy = write(&home, ".config/hoop/policy.toml", "version = 1\ndefault = \"allow\"\n");
    set_mode(&policy, 0o662);
    let found = told(&home, &["--offline", "aws", "store", "config"]);
    let told = [
        found.find("can be changed by others (mode 666)"),
        found.find("can be read by others (mode 666)"),
        found.find("credentials:4: it is no"),
        found.find("others can read the key"),
        found.find("can be changed by others (mode 777)"),
        found.find("can be changed by others (mode 662)"),
        found.find("long-lived keys"),
    ];
    assert_eq!(
        told.clone().map(|(state, _)| state),
        ["fault", "warning", "warning", "fault", "fault", "fault", "note"]
    );
    for (fix, path) in [(&told[1].1, &credentials), (&told[3].1, &key)] {
        assert_eq!(*fix, format!("chmod 600 {}", path.display()));
        assert!(Command::new("sh").args(["-c", fix]).status().unwrap().success());
        assert_eq!(fs::metadata(path).unwrap().mode() & 0o777, 0o600);
    }
    assert!(!format!("{:?}", found.findings).contains("hunter2"));
}

#[test]
fn an_ended_sign_in_is_told_with_the_command_that_renews_it() {
    let home = Home::new();
    write(
        &home,
        ".aws/config",
        "[profile dev]\nregion = eu-west-1\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = dev\n\
         [sso-session corp]\nsso_start_url = https://corp.example\nsso_region = eu-west-1\n",
    );
    // Named by the SHA-1 of `corp`, as the CLI does it.
    write(
        &home,
        ".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json",
        "{\"accessToken\":\"hunter2\",\"expiresAt\":\"2025-01-01T00:00:00Z\"}",
    );
    let mut command = doctor(&home, &["aws"]);
    command.env("AWS_PROFILE", "dev");
    let found = Told::by(command);
    let (state, fix) = found.find("the sign-in of profile dev (IAM Identity Center) ended");
    assert_eq!((state, fix.as_str()), ("fault", "aws sso login --profile dev"));
    assert!(!found.findings.iter().any(|it| it["subject"] == "identity"), "{:#?}", found.findings);
    assert_eq!(found.find("eu-west-1").0, "ok");
}

#[test]
fn a_clock_that_is_off_and_the_account_are_told_by_the_server() {
    let home = Home::new();
    let answer = "<R><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/ana</Arn><Account>123456789012</Account></GetCallerIdentityResult></R>";
    let url =
        server(move |_, _| (200, "Date: Tue, 15 Nov 1994 08:12:31 GMT\r\n".to_owned(), answer.to_owned()));
    let mut command = doctor(&home, &["aws", "clock"]);
    command.env("HOOP_UPSTREAM_ENDPOINT_URL", &url).env("AWS_REGION", "eu-west-1");
    command
        .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "hunter2hunter2hunter2hunter2");
    let found = Told::by(command);
    let (state, fix) = found.find("days ahead of that of 127.0.0.1");
    assert_eq!((state, fix.as_str()), ("fault", "sudo timedatectl set-ntp true"));
    assert_eq!(found.find("arn:aws:iam::123456789012:user/ana, account 123456789012").0, "ok");
    let mut command = doctor(&home, &["aws", "clock"]);
    command.env("HOOP_UPSTREAM_ENDPOINT_URL", nobody()).env("AWS_REGION", "eu-west-1");
    command.env("AWS_ACCESS_KEY_ID", "ASIAX").env("AWS_SECRET_ACCESS_KEY", "x").env("AWS_SESSION_TOKEN", "y");
    let found = Told::by(command);
    assert!(found.find("could not be asked").1.starts_with("curl "));
    assert!(found.find("cannot find out the AWS account").1.starts_with("aws sts get-caller-identity"));
}

fn provider(home: &Home, issuer: &str) -> Told {
    let table = format!("[identity.corp]\nkind = \"oidc\"\nissuer = \"{issuer}\"\nclient_id = \"hoop\"\n");
    write(home, ".config/hoop/config.toml", &table);
    told(home, &["identity"])
}

fn idp(issuer: &'static str, keys: &'static str) -> String {
    server(move |path, own| {
        let issuer = if issuer.is_empty() { own } else { issuer };
        let document = format!(
            r#"{{"issuer":"{issuer}","jwks_uri":"{own}/keys","token_endpoint":"{own}/token","device_authorization_endpoint":"{own}/d"}}"#
        );
        match path {
            "/keys" => (200, String::new(), keys.to_owned()),
            "/token" => (405, String::new(), String::new()),
            _ => (200, "Date: Tue, 15 Nov 1994 08:12:31 GMT\r\n".to_owned(), document),
        }
    })
}

#[test]
fn an_identity_provider_is_asked_who_it_is() {
    let home = Home::new();
    let dead = provider(&home, &nobody());
    assert!(dead.find("corp: 127.0.0.1").1.starts_with("curl "));
    let sound =
        provider(&home, &idp("", r#"{"keys":[{"kty":"RSA","use":"sig"},{"kty":"RSA","use":"enc"}]}"#));
    assert_eq!(sound.find("is who it should be").0, "ok");
    assert_eq!(sound.find("corp: 1 key for signatures").0, "ok");
    assert_eq!(sound.find("tokens may be refused as too old").0, "warning");
    assert_eq!(sound.find("nobody has signed in").0, "note");
    let other = provider(&home, &idp("https://evil.example", r#"{"keys":[]}"#));
    assert_eq!(other.find("it calls itself `https://evil.example`").0, "fault");
    assert_eq!(other.find("has no key that signs").0, "fault");
    // One that takes the connection and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let late = provider(&home, &format!("http://{}", silent.local_addr().unwrap()));
    assert_eq!(late.find("could not be asked: no answer within 3 s").0, "warning");
}

#[test]
fn a_wrong_configuration_and_a_wrong_policy_have_their_places() {
    let home = Home::new();
    write(&home, ".config/hoop/config.toml", "quite = true\n[sandbox]\nmode = \"requier\"\n");
    let found = told(&home, &["--offline"]);
    assert_eq!(found.find("config.toml:1:1: unknown key `quite`").0, "fault");
    assert_eq!(found.find("config.toml:3:8").1, "hoopctl config list");
    assert_eq!(found.find("which policies it chooses is not known").0, "warning");
    write(&home, ".config/hoop/config.toml", "policy = \"team.toml\"\n");
    assert_eq!(told(&home, &["policy"]).find("no session starts").0, "fault");
    let policy = write(
        &home,
        ".config/hoop/team.toml",
        "version = 1\n[[statement]]\nefect = \"allow\"\naction = \"s3:*\"\n",
    );
    let found = told(&home, &["policy"]);
    assert_eq!(
        found.find("team.toml:3:1: unknown key `efect`").1,
        format!("hoopctl policy check {}", policy.display())
    );
}

#[test]
fn a_store_that_cannot_be_written_is_a_fault() {
    let home = Home::new();
    write(&home, ".local/state/hoop", "a file");
    assert_eq!(told(&home, &["store"]).find("is no folder").0, "fault");
    // A read-only disk needs a mount of our own.
    let other = Home::new();
    fs::create_dir_all(other.path().join(".local/state")).unwrap();
    let script = format!("mount -t tmpfs -o ro none {}/.local/state && exec \"$@\"", other.path().display());
    let unshare = ["--user", "--map-root-user", "--mount", "sh", "-c", &script, "sh"];
    if !Command::new("unshare").args(unshare).arg("true").status().is_ok_and(|status| status.success()) {
        return;
    }
    let mut command = Command::new("unshare");
    command.args(unshare).args([HOOPCTL, "doctor", "--json", "store"]);
    command.env_clear().env("HOME", other.path()).env("PATH", "/usr/bin:/bin");
    let found = Told::by(command);
    assert_eq!(found.find("its file system is read-only").0, "fault");
}

#[test]
fn damaged_and_unsealed_recordings_are_told() {
    let home = Home::new();
    assert!(run(home.hoop_run(["-q", "--", "true"]), b"").status.success());
    let damaged = home.recording();
    let audit = damaged.join("audit.jsonl");
    let text = fs::read_to_string(&audit).unwrap();
    fs::write(&audit, text.replacen("true", "tru3", 1)).unwrap();
    let mut killed = home.hoop_run(["-q", "--", "sh", "-c", "echo up; exec sleep 60"]);
    let mut child = killed.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut up = [0; 3];
    child.stdout.as_mut().unwrap().read_exact(&mut up).unwrap();
    assert_eq!(told(&home, &["store"]).find("2 sessions, 1 running").0, "ok");
    child.kill().unwrap();
    child.wait().unwrap();
    write(&home, ".local/state/hoop/index.db", &"this is no database at all ".repeat(60));
    let found = told(&home, &["store"]);
    let id = damaged.file_name().unwrap().to_str().unwrap();
    assert_eq!(found.find(&format!("{id} is damaged")).1, format!("hoopctl verify {id}"));
    assert_eq!(found.find("not sealed, because hoop-run was killed").1, "hoop-run --quiet -- true");
    assert_eq!(found.find("it is damaged: file is not a database").1, "hoopctl index rebuild");
    assert!(run(home.hoop_run(["--quiet", "--", "true"]), b"").status.success());
    assert!(!told(&home, &["store"]).findings.iter().any(|it| it["subject"] == "unsealed"));
}

#[test]
fn without_namespaces_it_is_told_what_mends_the_sandbox() {
    let home = Home::new();
    let denied = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sandbox/denied.py");
    let asked = |mode: &str| {
        let mut command =
            home.program("python3", [denied, "userns", "--", HOOPCTL, "doctor", "--json", "sandbox"]);
        command.env("HOOP_SANDBOX_MODE", mode);
        Told::by(command)
    };
    let found = asked("auto");
    assert_eq!(found.find("cannot make namespaces: operation not permitted").0, "warning");
    assert_eq!(found.find("credential files such as ~/.aws").0, "warning");
    assert_eq!(asked("require").find("cannot make namespaces").0, "fault");
}

/// What is shown on a terminal of so many columns.
fn shown(home: &Home, columns: u16, variables: &[(&str, &str)]) -> String {
    // The size is set before the program asks for it.
    let script = format!("stty cols {columns}; exec {HOOPCTL} doctor --offline");
    let mut command = home.program("sh", ["-c", &script]);
    command.env("COLORTERM", "truecolor").envs(variables.iter().copied());
    let mut session = Session::start(command);
    session.wait();
    session.text()
}

#[test]
fn findings_fit_the_terminal() {
    let home = Home::new();
    write(&home, ".aws/config", "[default]\nregion = eu-west-1\n[dév]\n");
    for columns in [40, 80, 200] {
        let text = shown(&home, columns, &[("NO_COLOR", "1")]);
        assert!(!text.contains('\x1b'), "{text:?}");
        for line in
            text.lines().map(|line| line.trim_end_matches('\r')).filter(|line| !line.contains("fix: "))
        {
            assert!(line.width() <= usize::from(columns), "{columns}: {line:?}");
        }
        let last = text.lines().last().unwrap();
        assert!(last.contains(" ok") || columns == 40, "{text}");
        assert!(text.contains("[dév]"), "{text}");
    }
    assert!(shown(&home, 80, &[]).contains("\x1b[33mwarning\x1b[0m"));
    let plain = shown(&home, 80, &[("LANG", "C"), ("TERM", "dumb")]);
    assert!(plain.is_ascii() && plain.contains("[d?v]") && !plain.contains('\x1b'), "{plain}");
}

#[test]
fn an_unknown_check_is_wrong_usage() {
    let home = Home::new();
    let output = run(home.program(HOOPCTL, ["doctor", "awz"]), b"");
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stderr.contains("'aws'"), "{}", output.stderr);
}
