//! Recordings of other programs in the store: watched, searched, exported, and told apart.

use std::process::Command;

use super::*;

fn hoopctl(state: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hoopctl"))
        .args(arguments)
        .env_clear()
        .env("XDG_STATE_HOME", state)
        .env("XDG_CONFIG_HOME", state)
        .env("TZ", "UTC")
        .output()
        .unwrap()
}

#[test]
fn recordings_of_every_version_are_found_played_and_exported() {
    for (name, word) in [("v1.cast", "café"), ("v2.cast", "世界"), ("v3.cast", "indexed")] {
        let dir = tempfile::tempdir().unwrap();
        let said = output(dir.path(), &["import", &fixture(name)]);
        assert!(said.starts_with("imported as 01") || said.starts_with("imported as 0"), "{said}");
        let text = output(dir.path(), &["export", "last", "-f", "txt"]);
        assert_eq!(text, output(dir.path(), &["export", &fixture(name), "-f", "txt"]), "{name}");
        assert!(text.contains(word), "{name}: {text}");
        let list = output(dir.path(), &["list", "--json"]);
        assert!(list.contains("\"imported\""), "{list}");
        let found = hoopctl(dir.path(), &["search", word]);
        assert!(found.status.success(), "{name}: {found:?}");
        // It is whole, and not sealed by us.
        let verified = hoopctl(dir.path(), &["verify", "last"]);
        let said = String::from_utf8_lossy(&verified.stdout).into_owned()
            + &String::from_utf8_lossy(&verified.stderr);
        assert!(said.contains("unsealed") || said.contains("not sealed"), "{said}");
        let again = trouble(dir.path(), &["import", &fixture(name)]);
        assert!(again.contains("in the store already"), "{again}");
    }
}

#[test]
fn what_the_real_asciinema_records_is_taken() {
    let Some(asciinema) = asciinema() else { return };
    for version in ["asciicast-v2", "asciicast-v3"] {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("made.cast");
        let done = Command::new(&asciinema)
            .args([
                "rec",
                "--headless",
                "-q",
                "-f",
                version,
                "-c",
                "printf 'made \\033[32mgreen\\033[m 世界\\n'",
                file.to_str().unwrap(),
            ])
            .env("ASCIINEMA_CONFIG_HOME", dir.path())
            .env("ASCIINEMA_STATE_HOME", dir.path())
            .output()
            .unwrap();
        assert!(done.status.success(), "{done:?}");
        output(dir.path(), &["import", file.to_str().unwrap()]);
        assert_eq!(output(dir.path(), &["export", "last", "-f", "txt"]), "made green 世界\n");
    }
}

#[test]
fn secrets_are_masked_and_typed_input_is_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("secret.cast");
    let secret = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";
    std::fs::write(
        &file,
        format!(
            "{{\"version\":2,\"width\":80,\"height\":24,\"title\":\"t {secret}\",\"env\":{{\"GITHUB_TOKEN\":\"{secret}\"}}}}\n\
             [0.1, \"o\", \"token {secret}\\r\\n\"]\n[0.2, \"i\", \"{secret}\"]\n[0.3, \"m\", \"m {secret}\"]\n[0.4, \"z\", \"{secret}\"]\n"
        ),
    )
    .unwrap();
    output(dir.path(), &["import", file.to_str().unwrap()]);
    let stored = String::from_utf8(
        Command::new("grep")
            .args(["-r", "", dir.path().join("hoop/sessions").to_str().unwrap()])
            .output()
            .unwrap()
            .stdout,
    )
    .unwrap();
    assert!(
        stored.contains("token *****")
            && stored.contains("hoopmask:github-token:")
            && !stored.contains(&secret[6..]),
        "{stored}"
    );
}

#[test]
fn bad_files_are_refused_with_line_and_reason() {
    let dir = tempfile::tempdir().unwrap();
    let write = |text: &str| {
        let file = dir.path().join("bad.cast");
        std::fs::write(&file, text).unwrap();
        file.display().to_string()
    };
    let header = "{\"version\":2,\"width\":80,\"height\":24,\"timestamp\":1700000000}\n";
    for (text, why) in [
        ("hello\n".to_owned(), "line 1: "),
        (
            format!("{header}[0.1, \"o\", \"a\"]\n[-1, \"o\", \"b\"]\n"),
            "line 3 of the recording cannot be read: no time at byte 2",
        ),
        (format!("{header}[NaN, \"o\", \"b\"]\n"), "line 2 "),
        (
            format!("{header}[0.1, \"o\", \"a\"]\n{{}}\n{{}}\n"),
            "line 3 of the recording cannot be read: `[` expected at byte 1; 1 more",
        ),
        (format!("{header}[0.1, \"o\", \"a\"]\n[0.2, \"o\", \"b"), "its last line is cut off"),
        ("{\"version\":4,\"width\":80,\"height\":24}\n".to_owned(), "version 4 of the format is not known"),
    ] {
        let said = trouble(dir.path(), &["import", &write(&text)]);
        assert!(said.contains(why), "{text:?}: {said}");
        assert!(!dir.path().join("hoop/sessions").exists(), "nothing is left of it");
    }
    assert!(trouble(dir.path(), &["import", "/dev/zero"]).contains("not a file"));
    let file = write(&format!("{header}[0.1, \"o\", \"good\"]\nbad\n"));
    let said = output(dir.path(), &["import", "--skip-bad", &file, "--title", "half"]);
    assert!(said.contains("1 lines that cannot be read left out"), "{said}");
    assert_eq!(output(dir.path(), &["export", "last", "-f", "txt"]), "good\n");
}

#[test]
fn imports_are_pruned_as_sessions_are() {
    let dir = tempfile::tempdir().unwrap();
    let prune = |more: &[&str]| {
        let done = hoopctl(dir.path(), &[&["prune"], more].concat());
        assert!(done.status.success(), "{done:?}");
        String::from_utf8(done.stdout).unwrap()
    };
    // Recorded in November 2025, and taken in now.
    output(dir.path(), &["import", &fixture("v2.cast")]);
    assert!(prune(&["--older-than", "1d"]).contains("nothing to remove; 1 stay"), "it came today");
    let shown = prune(&["--keep", "0", "--dry-run"]);
    assert!(shown.contains("imported\n1 would go"), "{shown}");
    assert!(prune(&["--keep", "0", "--dry-run", "--json"]).contains("\"imported\":true"));
    assert!(prune(&["--keep", "0"]).contains("1 removed"));
    assert_eq!(output(dir.path(), &["--plain"]), "sessions: none yet\n");
    let verified = hoopctl(dir.path(), &["verify", "--all"]);
    assert!(String::from_utf8_lossy(&verified.stdout).contains("pruned"), "{verified:?}");
    // Gone means that it can come again.
    output(dir.path(), &["import", &fixture("v2.cast")]);
}
