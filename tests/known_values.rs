//! Values that a person names, and those of the environment, are masked wherever they turn up.

#![allow(clippy::unwrap_used, reason = "a panic is how a test reports")]
#![allow(clippy::disallowed_methods, reason = "tests wait in real time for real programs")]

mod support;

use std::fs;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;

use support::Home;

const PLOVER: &str = "plover-nest-41";
const HERON: &str = "Heron/Lake=9+x";

struct Ran {
    shown: String,
    said: String,
    status: i32,
}

/// Runs a shell command, its output in a pipe.
fn run(home: &Home, environment: &[(&str, &str)], arguments: &[&str]) -> Ran {
    let mut command = home.hoop_run(arguments);
    command.envs(environment.iter().copied()).stdin(std::process::Stdio::null());
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ran { shown: text(output.stdout), said: text(output.stderr), status: output.status.code().unwrap() }
}

fn configure(home: &Home, text: &str) {
    fs::create_dir_all(home.path().join(".config/hoop")).unwrap();
    fs::write(home.path().join(".config/hoop/config.toml"), text).unwrap();
}

fn list(home: &Home, name: &str, text: &str, mode: u32) -> PathBuf {
    let file = home.file(name, text);
    fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
    file
}

/// Everything under the home folder but `except`, as one text.
fn stored(folder: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            text.push_str(&stored(&path));
        } else {
            text.push_str(&String::from_utf8_lossy(&fs::read(&path).unwrap()));
        }
    }
    text
}

#[test]
fn listed_values_are_masked_in_all_they_are_written_as() {
    let home = Home::new();
    list(&home, ".env", &format!("LAKE='{HERON}'\nPORT=8080\nenv:SHORE\n{PLOVER}\nabc\nproduction\n"), 0o600);
    configure(&home, "[mask]\nvalues = \"../../.env\"\n");
    let script = "echo \"$V\"; printf %s \"$V\" | base64; printf %s \"x$V\" | base64; printf %s \"xy$V\" | base64; \
         printf %s \"$V\" | od -An -tx1 | tr -d ' \\n'; echo; echo \"on 8080 in production: $S ${H}\"";
    let variables = [("V", PLOVER), ("S", "quail-Harbour-77"), ("SHORE", "quail-Harbour-77"), ("H", HERON)];
    let ran = run(&home, &variables, &["--no-gateway", "--", "sh", "-c", script]);
    assert_eq!(ran.status, 0, "{}", ran.said);
    let lines: Vec<&str> = ran.shown.lines().collect();
    assert_eq!(lines[0], "*".repeat(PLOVER.len()));
    // Nothing of the middle of each form is left; its ends depend on what stands beside it.
    for gone in ["bG92ZXIt", "cGxvdmVy", "Bsb3Zlci1", "wbG92ZXI", "6e6573742d", "quail", "Heron"] {
        assert!(!ran.shown.contains(gone), "{gone}: {}", ran.shown);
    }
    assert!(ran.shown.contains("on 8080 in production: ****"), "{}", ran.shown);
    assert!(ran.said.contains(".env:5: this value is not masked: shorter than 6 letters"), "{}", ran.said);
    assert!(ran.said.contains(".env:6: this value is not masked: a word"), "{}", ran.said);
    assert!(!ran.said.contains("abc") && !ran.said.contains("8080"), "{}", ran.said);
    let stored = stored(&home.path().join(".local/state/hoop"));
    for gone in [PLOVER, HERON, "quail-Harbour"] {
        assert!(!stored.contains(gone), "{gone}");
    }
}

#[test]
fn a_list_that_others_can_read_stops_the_start() {
    let home = Home::new();
    list(&home, "values", PLOVER, 0o640);
    configure(&home, "[mask]\nvalues = \"~/values\"\n");
    let ran = run(&home, &[], &["--no-gateway", "--", "touch", "began"]);
    assert_eq!(ran.status, 125);
    assert!(ran.said.contains("others can read or change it (mode 640)"), "{}", ran.said);
    assert!(
        ran.said.contains(&format!("chmod 600 {}", home.path().join("values").display())),
        "{}",
        ran.said
    );
    assert!(!home.path().join("began").exists() && !ran.said.contains(PLOVER));
}

#[test]
fn a_program_gives_values_or_the_session_does_not_begin() {
    let home = Home::new();
    configure(&home, &format!("[mask]\nvalues_command = [\"echo\", \"{PLOVER}\"]\n"));
    let title = format!("a walk to {PLOVER}");
    let ran = run(&home, &[], &["--no-gateway", "-t", &title, "--", "printf", &format!("at {PLOVER}\\n")]);
    assert_eq!((ran.status, ran.shown), (0, format!("at {}\n", "*".repeat(PLOVER.len()))), "{}", ran.said);
    assert!(!stored(&home.path().join(".local/state/hoop")).contains(PLOVER));
    for (command, why) in [
        (r#"["sh", "-c", "echo plover-nest-41; exit 3"]"#, "it ended with exit status: 3"),
        (r#"["true"]"#, "it printed nothing"),
        (r#"["no-such-program-anywhere"]"#, "no such file"),
        (r#"["sh", "-c", "yes plover-nest-41"]"#, "it printed more than 1 MiB"),
        (r#"["printf", "\\377\\376"]"#, "it did not print text"),
    ] {
        configure(&home, &format!("[mask]\nvalues_command = {command}\n"));
        let ran = run(&home, &[], &["--no-gateway", "--", "touch", "began"]);
        assert!(ran.status == 125 && !home.path().join("began").exists(), "{command}: {}", ran.said);
        let said = ran.said.to_lowercase();
        assert!(said.contains(&why.to_lowercase()) && !said.contains(PLOVER), "{command}: {said}");
        assert!(said.contains("run it yourself"), "{said}");
    }
}

#[test]
fn a_project_cannot_run_a_program_this_way() {
    let home = Home::new();
    fs::create_dir(home.path().join("project")).unwrap();
    home.file(
        "project/.hoop.toml",
        "[mask]\nvalues_command = [\"touch\", \"began\"]\nclipboard = \"allow\"\n",
    );
    let mut command = home.hoop_run(["--no-gateway", "--", "true"]);
    let output = command.current_dir(home.path().join("project")).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && !home.path().join("project/began").exists(), "{said}");
    assert!(
        said.contains("`mask.values_command` is ignored") && said.contains("`mask.clipboard` is ignored"),
        "{said}"
    );
}

#[test]
fn secrets_of_the_environment_are_masked_from_the_start() {
    let home = Home::new();
    let variables = [
        ("STAGING_API_KEY", "curlew.fen.1207"),
        ("DATABASE_URL", "postgres://app:Ruff-Mere-55@db.internal/x"),
        ("BUILD_ID", "curlew-build-7"),
    ];
    let script = "printenv BUILD_ID; echo curlew.fen.1207 | rev | rev; echo is Ruff-Mere-55 | tr a-z A-Z | tr A-Z a-z; echo is Ruff-Mere-55";
    let ran = run(&home, &variables, &["-q", "--no-gateway", "--", "sh", "-c", script]);
    let shown: Vec<&str> = ran.shown.lines().collect();
    assert_eq!(
        shown,
        ["curlew-build-7", &"*".repeat(15), "is ruff-mere-55", "is ************"],
        "{}",
        ran.said
    );
}

#[test]
fn the_clipboard_follows_the_configuration_and_the_record_tells_what_was_done() {
    for (policy, passes, done) in
        [("mask", true, "masked"), ("block", false, "blocked"), ("allow", true, "allowed")]
    {
        let home = Home::new();
        let script = r"printf '\033]52;c;aGVsbG8=\007\033]52;c;?\007\033Pq#0~~$-\033\\'";
        let ran =
            run(&home, &[("HOOP_MASK_CLIPBOARD", policy)], &["-q", "--no-gateway", "--", "sh", "-c", script]);
        assert_eq!(ran.shown.contains("\x1b]52;c;aGVsbG8=\x07"), passes, "{policy}: {:?}", ran.shown);
        assert_eq!(ran.shown.contains("\x1b]52;c;?\x07"), policy == "allow", "{policy}: {:?}", ran.shown);
        let audit = fs::read_to_string(home.recording().join("audit.jsonl")).unwrap();
        for (what, done) in [("clipboard", done), ("sixel picture", "not looked into")] {
            let event = format!(r#""type":"terminal","what":"{what}","done":"{done}""#);
            assert!(audit.contains(&event), "{event} is not in\n{audit}");
        }
        assert!(home.recorded("m").contains("sixel picture not looked into: "), "{}", home.recorded("m"));
    }
}
