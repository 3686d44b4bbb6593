//! Recordings of the real asciinemas, one for each version of the format: shown, told, taken in, written again, and played by
//! them.

use std::io::Read as _;
use std::process::Command;

use portable_pty::CommandBuilder;
use portable_pty::PtySize;
use portable_pty::native_pty_system;

use super::*;

/// What is recorded: colours, wide letters, a pause, a full-screen program, and the size of the terminal.
const SCRIPT: &str = "printf 'made \\033[32mgreen\\033[m 世界\\n'; sleep 0.2; \
                      printf '\\033[?1049h\\033[2J\\033[Hfull \\033[38;2;9;200;9mscreen\\033[m'; sleep 0.2; printf '\\033[?1049l'; \
                      stty size; printf 'caf\\303\\251 end\\n'";
/// What is to be seen of it, with the full-screen program at its end.
const SEEN: &str = "made green 世界\n12 60\ncafé end\n";

/// An asciinema of Python's package index, where scripts/setup.sh could install it.
fn older(version: &str) -> Option<PathBuf> {
    let cache = asciinema()?.ancestors().nth(3)?.to_owned();
    Some(cache.join(format!("asciinema-{version}/bin/asciinema"))).filter(|program| program.is_file())
}

/// Runs a program on a terminal of 60x12; gives all that came to it.
fn on_terminal(program: &Path, arguments: &[&str], home: &Path) -> Vec<u8> {
    let size = PtySize { rows: 12, cols: 60, pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size).unwrap();
    let mut command = CommandBuilder::new(program);
    command.args(arguments);
    command.env_clear();
    for (name, value) in [("TERM", "xterm-256color"), ("LANG", "C.UTF-8"), ("SHELL", "/bin/sh")] {
        command.env(name, value);
    }
    command.env("PATH", "/usr/local/bin:/usr/bin:/bin");
    for name in ["HOME", "ASCIINEMA_CONFIG_HOME", "ASCIINEMA_STATE_HOME"] {
        command.env(name, home);
    }
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let mut output = pair.master.try_clone_reader().unwrap();
    let reader = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // The end of a terminal is an error.
        let _ = output.read_to_end(&mut bytes);
        bytes
    });
    let status = child.wait().unwrap();
    drop(pair.master);
    let bytes = reader.join().unwrap();
    assert!(status.success(), "{}: {}", program.display(), String::from_utf8_lossy(&bytes));
    bytes
}

fn screen(bytes: &[u8]) -> String {
    let mut screen = hoop::term::Screen::new(60, 12);
    screen.feed_bytes(bytes);
    let text = screen.text();
    // asciinema 3 says itself that it begins and ends.
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with(":::")).collect();
    lines.join("\n")
}

/// Everything that hoop does with a recording of `version`; gives it as versions 2 and 3 of ours.
fn round_trip(file: &Path, version: u64, dir: &Path) -> (PathBuf, PathBuf) {
    let file = file.to_str().unwrap();
    let header = std::fs::read_to_string(file).unwrap();
    assert!(
        header.contains(&format!("\"version\": {version}"))
            || header.contains(&format!("\"version\":{version}")),
        "{header}"
    );
    let text = output(dir, &["export", file, "-f", "txt"]);
    assert!(text.starts_with(SEEN) && text.ends_with("---\nfull screen\n"), "version {version}: {text}");
    let plain = output(dir, &["--plain", file]);
    assert!(plain.contains(&format!("format: asciicast version {version}\n")), "{plain}");
    assert!(plain.contains("terminal: 60 columns, 12 rows\n"), "{plain}");
    assert!(plain.contains("screen row 1: made green 世界\n") && plain.contains(": café end\n"), "{plain}");
    output(dir, &["import", file]);
    assert_eq!(output(dir, &["export", "last", "-f", "txt"]), text, "version {version}, taken in");
    let written = |name: &str, format: &str| {
        let path = dir.join(format!("{version}-{name}.cast"));
        bytes(dir, &["export", "last", "-f", format, "-o", path.to_str().unwrap()]);
        assert_eq!(
            output(dir, &["export", path.to_str().unwrap(), "-f", "txt"]),
            text,
            "{name} of {version}"
        );
        path
    };
    (written("two", "cast2"), written("three", "cast"))
}

fn recorded(program: &Path, more: &[&str], dir: &Path) -> PathBuf {
    let file = dir.join("made.cast");
    let base = ["rec", "-q", "-c", SCRIPT];
    on_terminal(program, &[&base, more, &[file.to_str().unwrap()]].concat(), dir);
    file
}

#[test]
fn version_1_of_the_real_asciinema_goes_round() {
    let Some(first) = older("1") else { return };
    let dir = tempfile::tempdir().unwrap();
    let file = recorded(&first, &["-y"], dir.path());
    let (two, three) = round_trip(&file, 1, dir.path());
    let theirs = screen(&on_terminal(&first, &["play", file.to_str().unwrap()], dir.path()));
    assert_eq!(theirs, SEEN.trim_end());
    // The first asciinema plays its own version only; the later ones play what became of it.
    played(&two, &three, dir.path());
}

#[test]
fn version_2_of_the_real_asciinema_goes_round() {
    let Some(second) = older("2") else { return };
    let dir = tempfile::tempdir().unwrap();
    let file = recorded(&second, &["-y"], dir.path());
    let (two, three) = round_trip(&file, 2, dir.path());
    played(&two, &three, dir.path());
}

#[test]
fn version_3_of_the_real_asciinema_goes_round() {
    let Some(third) = asciinema() else { return };
    let dir = tempfile::tempdir().unwrap();
    let file = recorded(&third, &["-f", "asciicast-v3"], dir.path());
    let (two, three) = round_trip(&file, 3, dir.path());
    played(&two, &three, dir.path());
}

/// asciinema 2 plays version 2, asciinema 3 both; what they give is what was recorded.
fn played(two: &Path, three: &Path, dir: &Path) {
    let (second, third) = (older("2"), asciinema());
    for (program, file) in [(&second, two), (&third, two), (&third, three)] {
        let Some(program) = program else { continue };
        let file = file.to_str().unwrap();
        let played = on_terminal(program, &["play", "-s", "4", file], dir);
        assert_eq!(screen(&played), SEEN.trim_end(), "{} {file}", program.display());
        let cat = Command::new(program)
            .args(["cat", file])
            // asciinema 3 joins recordings: two of them, and gives a recording.
            .args((program == third.as_ref().unwrap_or(program)).then_some(file))
            .env("HOME", dir)
            .env("LANG", "C.UTF-8")
            .env("ASCIINEMA_STATE_HOME", dir)
            .output()
            .unwrap();
        assert!(cat.status.success(), "{cat:?}");
        let text = String::from_utf8_lossy(&cat.stdout);
        assert!(text.contains("[32mgreen") && text.contains("世界"), "{cat:?}");
    }
}
