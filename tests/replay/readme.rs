//! Everything that the README shows, typed at a terminal: what it says can be done, can be done.
//!
//! Programs that hoop-run wraps are stand-ins that say how they were called; sessions are those of a store made for it. With real
//! clients and a real emulator the same is done in `tests/e2e` and `tests/agents`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use portable_pty::CommandBuilder;

use crate::fixture;
use crate::pty::Driven;
use crate::store;

/// Programs in the README that are not ours.
const STAND_INS: [&str; 7] = ["aws", "bash", "claude", "codex", "git", "npm", "python3"];

/// The lines of blocks of a kind.
fn blocks(readme: &str, kind: &str) -> Vec<String> {
    let begin = format!("```{kind}");
    let mut found = Vec::new();
    let mut lines = readme.lines();
    while lines.by_ref().any(|line| line == begin) {
        found
            .push(lines.by_ref().take_while(|line| *line != "```").map(|line| format!("{line}\n")).collect());
    }
    found
}

/// A line without its comment.
fn command(line: &str) -> &str {
    let end = line.find(" #").unwrap_or(line.len());
    line[..end].trim_end()
}

/// A home as the README's reader has it: a store, a profile, a policy, a recording of asciinema's.
fn home(policy: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    };
    store::fill(&dir.path().join(".local/state/hoop"));
    for name in STAND_INS {
        let path =
            write(&format!("bin/{name}"), &format!("#!/bin/sh\necho \"{name} was called with: $*\"\n"));
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let key = "aws_access_key_id = AKIAREADME4KEY234567\naws_secret_access_key = readmeSecretThatIsNotReal1234567890abcd\n";
    write(".aws/credentials", &format!("[default]\n{key}[work]\n{key}"));
    write(".aws/config", "[default]\nregion = eu-west-1\n[profile work]\nregion = eu-west-1\n");
    write("team.toml", policy);
    fs::copy(fixture("v2.cast"), dir.path().join("demo.cast")).unwrap();
    dir
}

fn typed(line: &str, home: &Path) -> Driven {
    let mut command = CommandBuilder::new("/bin/sh");
    // Its status is shown, because a terminal shows what is said and not how it ended.
    command.args(["-c", &format!("{line}\necho \"ended with $?\"")]);
    let ours = Path::new(env!("CARGO_BIN_EXE_hoop-replay")).parent().unwrap().display();
    command.env_clear();
    command.cwd(home);
    for (name, value) in
        [("TERM", "xterm-256color"), ("LANG", "C.UTF-8"), ("TZ", "UTC"), ("SHELL", "/bin/sh")]
    {
        command.env(name, value);
    }
    command.env("HOME", home);
    command.env("PATH", format!("{}/bin:{ours}:/usr/local/bin:/usr/bin:/bin", home.display()));
    Driven::spawn(command, (160, 48))
}

/// Whether a line opens the viewer.
fn is_viewer(line: &str) -> bool {
    let words: Vec<&str> = line.split(' ').collect();
    let others = ["export", "import", "list", "play", "summary", "diff", "--plain", "--json", "|"];
    words[0] == "hoop-replay" && !words.iter().any(|word| others.contains(word))
}

#[test]
fn everything_that_the_readme_shows_works() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let policy = &blocks(&readme, "toml")[0];
    let all = blocks(&readme, "sh").concat();
    let lines: Vec<&str> = all.lines().map(command).filter(|line| line.starts_with("hoop")).collect();
    assert!(lines.len() >= 30, "{lines:?}");
    for line in lines {
        let home = home(policy);
        let mut terminal = typed(line, home.path());
        if is_viewer(line) {
            // The list, a session that has ended, a recording of asciinema's.
            let signs = ["help", "quit", "it has ended"];
            terminal.wait_until(line, |text| signs.iter().any(|sign| text.contains(sign)));
            terminal.press("\u{3}");
        }
        let shown = terminal.wait_for("ended with ");
        let status = shown.rsplit("ended with ").next().unwrap().trim().to_owned();
        let expected = match line {
            // Nobody has set up a provider; nothing in this store is like that.
            _ if line.starts_with("hoopctl login") => shown.contains("fix:"),
            _ if line.starts_with("hoopctl search") || line.starts_with("hoopctl approvals log") => {
                ["0", "1"].contains(&status.as_str()) && !shown.contains("fix:")
            }
            _ => status == "0",
        };
        assert!(expected && !shown.contains("panicked"), "{line}:\n{shown}");
        if let Some((_, wrapped)) = line.split_once(" -- ").filter(|_| line.starts_with("hoop-run")) {
            let program = wrapped.split(' ').next().unwrap();
            assert!(shown.contains(&format!("{program} was called with:")), "{line}:\n{shown}");
        }
    }
}

#[test]
fn the_pictures_of_the_readme_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let pictures: Vec<&str> = readme
        .split("](")
        .skip(1)
        .map(|rest| rest.split(')').next().unwrap())
        .filter(|path| path.ends_with(".svg"))
        .collect();
    assert!(pictures.len() >= 4, "{pictures:?}");
    for path in pictures {
        let picture = fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert!(picture.starts_with("<svg ") && !picture.contains("<script"), "{path}");
    }
}
