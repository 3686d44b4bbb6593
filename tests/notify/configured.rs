//! Bad settings are refused before anything begins, and a project sets none of them.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::world::World;

/// What hoop-run says with such settings; nothing may have run.
#[track_caller]
fn refused(world: &World, approval: &str) -> String {
    world.configure(approval);
    let mut command = world.command(env!("CARGO_BIN_EXE_hoop-run"));
    let output = command.args(["--", "/bin/echo", "it-ran"]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && output.stdout.is_empty(), "{approval}: {said}");
    said
}

#[test]
fn a_bad_setting_is_refused_with_its_line() {
    let world = World::new("");
    for (approval, line, what) in [
        ("webhook = \"https://hooks.example.com/x\"", 2, "nothing that its POSTs could be signed with"),
        ("\nwebhook = \"http://hooks.example.com/x\"", 3, "address 1 is not encrypted"),
        ("webhook = \"https://ok.example/x, ftp://x\"", 2, "address 2 is not an https address"),
        ("slack = \"hooks.slack.com/services/secretpart\"", 2, "address 1 is not an https address"),
        ("command = \"notify\"", 2, "list of words"),
        ("desktop = \"always\"", 2, "no value of that name"),
        ("page = \"127.0.0.1:7468\"", 2, "not an http or https address"),
        (
            "webhook_secret_file = \"~/webhook.secret\"\nwebhook_secret_command = [\"x\"]",
            3,
            "from a file and from a command",
        ),
    ] {
        let said = refused(&world, approval);
        assert!(said.contains(&format!("config.toml:{line}")) && said.contains(what), "{approval}: {said}");
        assert!(!said.contains("secretpart") || said.contains("slack = "), "{said}");
    }
}

#[test]
fn a_secret_that_others_can_read_is_none() {
    let world = World::new("");
    let webhook = "webhook = \"https://hooks.example.com/x\"\nwebhook_secret_file = \"~/webhook.secret\"";
    let secret = world.path().join("webhook.secret");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o644)).unwrap();
    let said = refused(&world, webhook);
    assert!(said.contains("config.toml:3") && said.contains("644") && said.contains("chmod 600"), "{said}");
    fs::remove_file(&secret).unwrap();
    assert!(refused(&world, webhook).contains("no such file"));
    fs::write(&secret, "short").unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(refused(&world, webhook).contains("it has 5 bytes"));
}

#[test]
fn a_project_names_nobody_to_be_told() {
    let world = World::new("");
    let project = world.path().join("project");
    fs::create_dir(&project).unwrap();
    fs::write(
        project.join(".hoop.toml"),
        "[approval]\ncommand = [\"/bin/sh\", \"-c\", \"touch ~/ran\"]\npage = \"http://evil.example\"\n",
    )
    .unwrap();
    let mut command = world.command(env!("CARGO_BIN_EXE_hoop-run"));
    let output = command.current_dir(&project).args(["--", "/bin/true"]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    for key in ["approval.command", "approval.page"] {
        assert!(said.contains(&format!("`{key}` is ignored: a project may not set it")), "{said}");
    }
}

/// With the secret it could tell the receiver anything in hoop's name, with the key it could make links.
#[test]
fn what_runs_in_the_session_gets_neither_secrets_nor_keys() {
    let world = World::new("webhook = \"http://127.0.0.1:9\"\nwebhook_secret_file = \"~/webhook.secret\"");
    drop(hoop::control::links::Links::open(&world.state()).unwrap());
    assert!(world.state().join("control/links.key").exists());
    let mut command = world.command(env!("CARGO_BIN_EXE_hoop-run"));
    let look = "cat ~/webhook.secret ~/.local/state/hoop/control/links.key; ls ~/.local/state/hoop/control; env; echo looked";
    command.args(["--", "/bin/sh", "-c", look]);
    command.env("HOOP_APPROVAL_SLACK", "https://hooks.example.com/services/verysecret");
    let output = command.output().unwrap();
    let (got, said) = (output.stdout.escape_ascii().to_string(), output.stderr.escape_ascii().to_string());
    assert!(got.contains("looked"), "{got} {said}");
    assert!(!got.contains("verysecret") && !got.contains("HOOP_APPROVAL"), "{got}");
    // Without a full sandbox nothing is hidden, and hoop-run says so.
    if !said.contains("sandbox") {
        assert!(!got.contains("whsec_") && !got.contains("links.key"), "{got}");
    }
}
