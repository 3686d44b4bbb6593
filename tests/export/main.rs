//! `hoop-replay export` and `import`: what is written is what was recorded, in shapes that others read.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    dead_code,
    reason = "a panic is how a test reports; the store is shared with other tests"
)]

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Output;

#[path = "../replay/store.rs"]
mod store;

mod asciinema;
mod canary;
mod cast;
mod hostile;
mod import;
mod output;
mod page;
mod pictures;
mod shapes;

fn run(state: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hoop-replay"))
        .args(arguments)
        .env_clear()
        .env("XDG_STATE_HOME", state)
        .env("XDG_CONFIG_HOME", state)
        .env("TZ", "UTC")
        .output()
        .unwrap()
}

/// Standard output; the program must have succeeded quietly.
fn bytes(state: &Path, arguments: &[&str]) -> Vec<u8> {
    let done = run(state, arguments);
    assert!(done.status.success() && done.stderr.is_empty(), "{arguments:?}: {done:?}");
    done.stdout
}

fn output(state: &Path, arguments: &[&str]) -> String {
    String::from_utf8(bytes(state, arguments)).unwrap()
}

/// Standard error; the program must have failed with a hint.
fn trouble(state: &Path, arguments: &[&str]) -> String {
    let done = run(state, arguments);
    let text = String::from_utf8(done.stderr).unwrap();
    assert!(!done.status.success() && text.contains("\n  fix: "), "{arguments:?}: {text}");
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
    text
}

fn filled() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    store::fill(&dir.path().join("hoop"));
    dir
}

fn fixture(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name).display().to_string()
}

/// Where scripts/setup.sh puts what tests need.
fn cache() -> Option<PathBuf> {
    let cache = std::env::var_os("HOOP_CACHE").map(PathBuf::from);
    cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache/hoop")))
}

/// The real asciinema, where scripts/setup.sh could build it.
fn asciinema() -> Option<PathBuf> {
    Some(cache()?.join("asciinema/bin/asciinema")).filter(|program| program.is_file())
}
