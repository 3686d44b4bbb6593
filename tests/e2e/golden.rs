//! What the programs say, whole: standard output, standard error and exit status against `tests/golden/*.txt`.
//!
//! `HOOP_BLESS=1 cargo test --test e2e golden` writes the files anew; read the difference before you commit it.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::home::Home;
use crate::support::home::cache;
use crate::support::home::finish;

fn check(name: &str, home: &Home, command: Command) {
    let outcome = finish(command);
    let exit = outcome.code.map_or_else(|| "[killed]".to_owned(), |code| format!("[exit {code}]"));
    let text = format!("{}--- standard error\n{}{exit}\n", outcome.stdout, outcome.stderr);
    let text = text.replace(home.path().to_str().unwrap(), "~").replace(cache().to_str().unwrap(), "CACHE");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{name}.txt"));
    if std::env::var_os("HOOP_BLESS").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, &text).unwrap();
    }
    let golden = fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(text, golden, "{} differs", file.display());
}

#[test]
fn golden_a_missing_program() {
    let home = Home::new();
    let mut command = home.command("hoop-run");
    command.args(["--", "no-such-program"]);
    check("program_not_found", &home, command);
}

#[test]
fn golden_a_file_that_is_no_program() {
    let home = Home::new();
    home.write("notes.txt", "not a program\n");
    let mut command = home.command("hoop-run");
    command.args(["--", "./notes.txt"]);
    check("not_executable", &home, command);
}

#[test]
fn golden_a_policy_with_faults() {
    let home = Home::new();
    let text = "version = 1\ndefault = \"dney\"\n\n[[statement]]\nsid = \"x\"\nefect = \"allow\"\naction = [\"s3:GetObjct\"]\n";
    home.write("policy.toml", text);
    let mut command = home.command("hoopctl");
    command.args(["policy", "check", "policy.toml"]);
    check("policy_faults", &home, command);
}

#[test]
fn golden_an_explanation() {
    let home = Home::new();
    let mut command = home.command("hoopctl");
    command.args([
        "policy",
        "explain",
        "--policy",
        "guarded",
        "--user",
        "ana",
        "s3:DeleteObject",
        "arn:aws:s3:::reports/july.csv",
    ]);
    check("policy_explain", &home, command);
}

#[test]
fn golden_a_setting_that_does_not_exist() {
    let home = Home::new();
    home.write(".config/hoop/config.toml", "[aproval]\nttl = \"5m\"\n");
    let mut command = home.command("hoop-run");
    command.args(["--", "true"]);
    check("config_unknown_key", &home, command);
}

#[test]
fn golden_a_viewer_without_a_terminal() {
    let home = Home::new();
    check("viewer_without_terminal", &home, home.command("hoop-replay"));
}

#[test]
fn golden_nothing_recorded_yet() {
    let home = Home::new();
    let mut command = home.command("hoop-replay");
    command.args(["export", "last", "--format", "txt"]);
    check("nothing_recorded", &home, command);
}

#[test]
fn golden_calls_of_no_session() {
    let home = Home::new();
    let mut command = home.command("hoopctl");
    command.args(["calls", "last"]);
    check("calls_of_nothing", &home, command);
}

#[test]
fn golden_a_condition_that_is_none() {
    let home = Home::new();
    let mut command = home.command("hoopctl");
    command.args(["search", "took:5 make"]);
    check("search_condition", &home, command);
}
