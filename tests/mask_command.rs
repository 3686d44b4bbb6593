//! `hoopctl mask`: the program itself, on files.

#![allow(clippy::unwrap_used, reason = "a panic is how a test reports")]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;

use serde_json::Value;

/// A token that is made up here, in pieces, so that no scanner finds it in this file.
const TOKEN: &str = concat!("gh", "p_", "0a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R");

/// Runs `hoopctl mask` in `dir`; gives standard output, standard error, status.
fn mask(dir: &Path, arguments: &[&str], input: &[u8]) -> (String, String, i32) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_hoopctl"))
        .arg("mask")
        .args(arguments)
        .current_dir(dir)
        .env_clear()
        .env("HOME", dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // What is refused at once is not read.
    let written = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    assert!(written.is_ok() || !output.status.success(), "{written:?}");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code().unwrap())
}

/// The findings of `--json`, as texts of the file.
fn found(dir: &Path, arguments: &[&str]) -> Vec<(String, String, String)> {
    let (out, err, _) = mask(dir, &[&["scan", "--json"], arguments].concat(), b"");
    assert_eq!(err, "");
    out.lines()
        .map(|line| {
            let found: Value = serde_json::from_str(line).unwrap();
            let file = found["file"].as_str().unwrap().to_owned();
            let number = |key: &str| usize::try_from(found[key].as_u64().unwrap()).unwrap();
            let bytes = fs::read(dir.join(&file)).unwrap();
            let secret = String::from_utf8(bytes[number("start")..number("end")].to_vec()).unwrap();
            assert!(["certain", "high", "medium"].contains(&found["confidence"].as_str().unwrap()));
            (file, found["rule"].as_str().unwrap().to_owned(), secret)
        })
        .collect()
}

#[test]
fn a_scan_gives_the_bytes_of_the_file() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("sub/.git")).unwrap();
    fs::write(dir.path().join("sub/.git/x"), TOKEN).unwrap();
    fs::write(dir.path().join("sub/a.env"), format!("STAGE=prod\nGH={TOKEN}\n")).unwrap();
    fs::write(
        dir.path().join("sub/b.json"),
        r#"{"Parameter":{"Type":"SecureString","Value":"a\"b-Falcon\u0031"}}"#,
    )
    .unwrap();
    fs::write(dir.path().join("sub/c.bin"), b"\0\0\0PASSWORD=Falcon2019!").unwrap();
    fs::write(dir.path().join("sub/d.ansi"), "TOKEN=Fal\x1b[31mcon2019!\x1b[0m\r\n").unwrap();
    let found = found(dir.path(), &["sub"]);
    let wanted = [
        ("sub/a.env", "github-token", TOKEN),
        ("sub/b.json", "secure-string", r#"a\"b-Falcon\u0031"#),
        ("sub/d.ansi", "sensitive-name", "Fal"),
        ("sub/d.ansi", "sensitive-name", "con2019!"),
    ];
    let found: Vec<_> =
        found.iter().map(|(file, rule, secret)| (file.as_str(), rule.as_str(), secret.as_str())).collect();
    assert_eq!(found, wanted);
}

#[test]
fn people_see_the_place_and_not_the_secret() {
    let dir = tempfile::tempdir().unwrap();
    let text = format!("x\n  GH={TOKEN} DB_PASSWORD=Falcon2019! y\n");
    let (out, err, status) = mask(dir.path(), &["scan", "-"], text.as_bytes());
    assert_eq!(status, 1);
    assert!(
        out.starts_with("(standard input):2:6: github-token (certain):   GH=**** DB_PASSWORD=**** y\n"),
        "{out}"
    );
    assert!(!out.contains("Falcon") && !out.contains("0a1B2c"), "{out}");
    assert_eq!(err, "hoopctl: 2 findings in 1 file\n");
    let (_, _, status) = mask(dir.path(), &["scan", "--exit-zero", "-"], text.as_bytes());
    assert_eq!(status, 0);
    let (out, _, status) = mask(dir.path(), &["scan", "-"], b"nothing here\n");
    assert_eq!((out.as_str(), status), ("", 0));
    let (_, err, status) = mask(dir.path(), &["scan", "no-such-file"], b"");
    assert_eq!(status, 2);
    assert!(err.contains("no-such-file"), "{err}");
}

#[test]
fn a_text_is_shown_masked() {
    let dir = tempfile::tempdir().unwrap();
    let text = format!("a \x1b[1mGH={TOKEN}\x1b[0m z\n");
    let (out, _, status) = mask(dir.path(), &["try"], text.as_bytes());
    assert_eq!(status, 0);
    assert_eq!(out, format!("a \x1b[1mGH=ghp_{}\x1b[0m z\n", "*".repeat(36)));
    let (out, ..) = mask(dir.path(), &["try", "--tags"], format!("GH={TOKEN} z").as_bytes());
    assert!(out.starts_with("GH=hoopmask:github-token:") && out.ends_with(" z"), "{out}");
}

#[test]
fn packs_and_rules_are_switched_by_the_configuration() {
    let dir = tempfile::tempdir().unwrap();
    let text = b"mail ana@example.com password=Falcon2019!\n";
    let lines = |arguments: &[&str]| mask(dir.path(), arguments, text).0.lines().count();
    assert_eq!(lines(&["scan", "-"]), 1);
    assert_eq!(lines(&["scan", "--packs", "default, pii", "-"]), 2);
    fs::create_dir_all(dir.path().join(".config/hoop")).unwrap();
    let config = dir.path().join(".config/hoop/config.toml");
    fs::write(
        &config,
        "[mask]\npacks = \"default, pii\"\nwithout = \"sensitive-name\"\nrules = \"own.toml\"\n",
    )
    .unwrap();
    let own = dir.path().join(".config/hoop/own.toml");
    fs::write(&own, "version = 1\n[[mask]]\nname = \"staff\"\nregex = 'EMP-\\d{5}'\n").unwrap();
    let (out, err, _) = mask(dir.path(), &["scan", "-"], b"ana@example.com EMP-12345 password=Falcon2019!\n");
    assert!(out.contains("email") && out.contains("staff") && !out.contains("sensitive-name"), "{out}{err}");
    let (out, ..) = mask(dir.path(), &["rules"], b"");
    assert!(out.lines().any(|line| line.starts_with("staff") && line.contains("own")), "{out}");
    assert!(out.lines().any(|line| line.starts_with("sensitive-name") && line.contains(" off ")), "{out}");
    fs::write(&config, "[mask]\npacks = \"defualt\"\n").unwrap();
    let (_, err, status) = mask(dir.path(), &["rules"], b"");
    assert!(status == 1 && err.contains("defualt") && err.contains("mask.packs"), "{err}");
}

#[test]
fn a_rule_that_cannot_work_is_named_with_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let (out, _, status) = mask(dir.path(), &["check"], b"");
    assert!(status == 0 && out.starts_with("built-in rules: ok"), "{out}");
    let file = dir.path().join("rules.toml");
    let text = "version = 1\n[[mask]]\nname = \"digits\"\nregex = '[0-9]+'\n\n[[mask]]\nname = \"staff\"\nregex = 'EMP-\\d{5}'\n\
                examples = [\"see «EMP-12345»\", \"EMP-1\"]\ncounter_examples = [\"EMPLOYEE\"]\n";
    fs::write(&file, text).unwrap();
    let (out, _, status) = mask(dir.path(), &["check", "rules.toml"], b"");
    assert_eq!(status, 1);
    assert!(out.contains("rules.toml:9:") && out.contains("finds nothing in this example"), "{out}");
    fs::write(&file, text.replace(", \"EMP-1\"", "")).unwrap();
    let (out, _, status) = mask(dir.path(), &["check", "rules.toml"], b"");
    assert!(status == 1 && out.contains("rules.toml:4:") && out.contains("no literal of"), "{out}");
    fs::write(&file, text.replace(", \"EMP-1\"", "").replace("'[0-9]+'", "'ID-[0-9]+'")).unwrap();
    let (out, _, status) = mask(dir.path(), &["check", "rules.toml"], b"");
    assert!(status == 0 && out.contains("mask rules: 2"), "{out}");
}

#[test]
fn a_mask_is_told_from_a_value() {
    let dir = tempfile::tempdir().unwrap();
    let explain = |arguments: &[&str]| mask(dir.path(), &[&["explain"], arguments].concat(), b"");
    let (out, err, status) = explain(&["hoopmask:github-token:k3fx2qxv", "and", "hoopmask:listed:aaaabbbb."]);
    assert_eq!((err.as_str(), status), ("", 0));
    for told in [
        "hoopmask:github-token:k3fx2qxv: a mask, not a value.",
        "found by the rule `github-token` of the pack `scm`",
        "tag   k3fx2qxv: the same for the same value",
        "a value that the person has listed",
        "The real value was not changed.",
    ] {
        assert!(out.contains(told), "{told}: {out}");
    }
    assert!(explain(&["ghp_********"]).0.contains("A row of stars"));
    let (out, _, status) = explain(&["an ordinary value"]);
    assert!(out.contains("No mask of hoop's") && status == 1, "{out}");
    let (out, _, status) = explain(&["--for-agents"]);
    assert!(out.contains("hoopmask:KIND:TAG") && out.lines().count() == 1 && status == 0, "{out}");
    let docs = include_str!("../docs/masking.md").replace("\n> ", " ");
    assert!(docs.contains(out.trim()), "docs/masking.md has other words than {out}");
    // What is listed is masked here as in a session, and what is not private is refused here, too.
    fs::write(dir.path().join("values"), "plover nest 41\n").unwrap();
    let values = |mode| {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(mode);
        fs::set_permissions(dir.path().join("values"), mode).unwrap();
        fs::create_dir_all(dir.path().join(".config/hoop")).unwrap();
        fs::write(dir.path().join(".config/hoop/config.toml"), "[mask]\nvalues = \"~/values\"\n").unwrap();
        mask(dir.path(), &["try"], b"see plover nest 41\n")
    };
    assert_eq!(values(0o600).0, format!("see {}\n", "*".repeat(14)));
    let (out, err, status) = values(0o644);
    assert!(out.is_empty() && err.contains("chmod 600") && status != 0, "{out} {err} {status}");
}
