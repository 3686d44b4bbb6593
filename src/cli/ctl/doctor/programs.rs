//! Programs on PATH: hoop's own, and AWS clients with their known traps.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::finding::Finding;
use super::finding::quoted;

/// A program says its version in a line.
const SAID_BYTES: u64 = 4_096;

/// hoop's own programs.
const OWN: [&str; 3] = ["hoop-run", "hoop-replay", "hoopctl"];

/// What a program said when it was asked for its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// Its first line.
    Line(String),
    /// Nothing, in the time.
    Late,
    /// It could not be asked.
    Failed(String),
}

/// Runs `program` with `arguments` in `environment`, without input, for at most `limit`; then it is killed.
#[must_use]
pub fn ask(
    program: &Path,
    arguments: &[&str],
    environment: &HashMap<String, String>,
    limit: Duration,
) -> Said {
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(environment);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(cause) => return Said::Failed(crate::error::plain(&cause)),
    };
    let (sender, receiver) = mpsc::channel();
    if let Some(stdout) = child.stdout.take() {
        // It may outlive the wait, where a grandchild holds the pipe.
        thread::spawn(move || {
            let mut text = Vec::new();
            let read = stdout.take(SAID_BYTES).read_to_end(&mut text);
            let _ = sender.send(read.map(|_| text));
        });
    }
    let said = receiver.recv_timeout(limit);
    // It has said all that is wanted, or too little in time.
    let _ = child.kill();
    let _ = child.wait();
    match said {
        Ok(Ok(text)) => {
            let text = String::from_utf8_lossy(&text).into_owned();
            match text.lines().next().map(str::trim).filter(|line| !line.is_empty()) {
                Some(line) => Said::Line(line.to_owned()),
                None => Said::Failed("it said nothing".to_owned()),
            }
        }
        Ok(Err(cause)) => Said::Failed(crate::error::plain(&cause)),
        Err(_) => Said::Late,
    }
}

/// All files called `name` on `path` that can be executed, without those that are the same file.
#[must_use]
pub fn on_path(path: &str, name: &str) -> Vec<PathBuf> {
    let mut found: Vec<(PathBuf, PathBuf)> = Vec::new();
    for folder in std::env::split_paths(OsStr::new(path)).filter(|folder| folder.is_absolute()) {
        let file = folder.join(name);
        let is_program =
            fs::metadata(&file).is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0);
        let whole = fs::canonicalize(&file).unwrap_or_else(|_| file.clone());
        if is_program && !found.iter().any(|(_, known)| *known == whole) {
            found.push((file, whole));
        }
    }
    found.into_iter().map(|(file, _)| file).collect()
}

/// hoop's programs: on PATH, and of this very version. `exe` is the program that asks.
#[must_use]
pub fn own(environment: &HashMap<String, String>, exe: Option<&Path>, limit: Duration) -> Vec<Finding> {
    let path = environment.get("PATH").map_or("", String::as_str);
    let here = exe.and_then(Path::parent);
    let threads: Vec<_> = OWN
        .into_iter()
        .map(|name| {
            let all = on_path(path, name);
            let environment = environment.clone();
            thread::spawn(move || {
                let said = all.first().map(|file| ask(file, &["--version"], &environment, limit));
                (name, all, said)
            })
        })
        .collect();
    let mut found: Vec<Finding> = threads
        .into_iter()
        .filter_map(|thread| thread.join().ok())
        .map(|(name, all, said)| one(name, &all, said.as_ref(), here))
        .collect();
    found.extend(beside(environment, exe));
    found
}

fn one(name: &'static str, all: &[PathBuf], said: Option<&Said>, here: Option<&Path>) -> Finding {
    let (Some(file), Some(said)) = (all.first(), said) else {
        return match here.filter(|folder| folder.join(name).is_file()) {
            Some(folder) => Finding::warning(name, format!("not on PATH; it is in {}", folder.display()))
                .fix(format!("export PATH=\"$PATH\":{}", quoted(folder.display().to_string()))),
            None => Finding::warning(name, "not on PATH").fix("make install").advice("in hoop's sources"),
        };
    };
    let own = env!("CARGO_PKG_VERSION");
    let shown = file.display();
    let others = match all.len() {
        1 => String::new(),
        number => format!("; {} more on PATH, which nobody runs", number - 1),
    };
    match said {
        Said::Line(line) if line.split(' ').next_back() == Some(own) => {
            Finding::ok(name, format!("{own}, {shown}{others}"))
        }
        Said::Line(line) => {
            let fact = format!("{shown} is `{line}`, and this hoopctl {own}");
            let fix = match here {
                Some(folder) => format!("export PATH={}:\"$PATH\"", quoted(folder.display().to_string())),
                None => format!("type -a {name}"),
            };
            Finding::warning(name, fact).fix(fix)
        }
        Said::Late => Finding::warning(name, format!("{shown} could not be asked for its version"))
            .fix(format!("{} --version", quoted(shown.to_string()))),
        Said::Failed(why) => Finding::fault(name, format!("{shown} does not run: {why}"))
            .fix(format!("{} --version", quoted(shown.to_string()))),
    }
}

/// Completions of the person's shell, and manual pages.
fn beside(environment: &HashMap<String, String>, exe: Option<&Path>) -> Vec<Finding> {
    let home = environment.get("HOME").map(PathBuf::from);
    let data = environment
        .get("XDG_DATA_HOME")
        .map(PathBuf::from)
        .or_else(|| home.as_ref().map(|home| home.join(".local/share")));
    let prefix = exe.and_then(|exe| Some(exe.parent()?.parent()?.join("share")));
    let folders: Vec<PathBuf> =
        data.into_iter().chain(prefix).chain(["/usr/local/share", "/usr/share"].map(PathBuf::from)).collect();
    let is_there =
        |files: &[&str]| folders.iter().any(|folder| files.iter().any(|file| folder.join(file).exists()));
    let shell = environment.get("SHELL").and_then(|shell| shell.rsplit('/').next()).unwrap_or_default();
    let mut found = Vec::new();
    let files: &[&str] = match shell {
        "bash" => &["bash-completion/completions/hoopctl", "bash-completion/completions/hoopctl.bash"],
        "zsh" => &["zsh/site-functions/_hoopctl", "zsh/vendor-completions/_hoopctl"],
        "fish" => &["fish/vendor_completions.d/hoopctl.fish"],
        _ => &[],
    };
    let in_config =
        home.as_ref().is_some_and(|home| home.join(".config/fish/completions/hoopctl.fish").exists());
    if !files.is_empty() {
        found.push(match is_there(files) || shell == "fish" && in_config {
            true => Finding::ok("completions", format!("there, for {shell}")),
            false => Finding::note("completions", format!("none for {shell}"))
                .fix("make install")
                .advice("in hoop's sources"),
        });
    }
    found.push(match is_there(&["man/man1/hoopctl.1", "man/man1/hoopctl.1.gz"]) {
        true => Finding::ok("manual", "there: man hoopctl"),
        false => Finding::note("manual", "the manual pages are not installed")
            .fix("make install")
            .advice("in hoop's sources"),
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::ctl::doctor::finding::State;

    fn script(folder: &Path, name: &str, text: &str) -> PathBuf {
        let file = folder.join(name);
        fs::write(&file, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        file
    }

    #[test]
    fn programs_are_asked_within_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let limit = Duration::from_secs(20);
        let environment = HashMap::from([("NAME".to_owned(), "ana".to_owned())]);
        let asked = |text: &str, limit| ask(&script(folder.path(), "x", text), &["-v"], &environment, limit);
        assert_eq!(asked("echo \"$NAME $1 $HOME\"; echo more", limit), Said::Line("ana -v".to_owned()));
        assert_eq!(asked("exit 3", limit), Said::Failed("it said nothing".to_owned()));
        assert_eq!(asked("exec sleep 60", Duration::from_millis(50)), Said::Late);
        assert!(matches!(ask(&folder.path().join("none"), &[], &environment, limit), Said::Failed(_)));
    }

    #[test]
    fn another_version_is_told() {
        let folder = tempfile::tempdir().unwrap();
        script(folder.path(), "hoop-run", "echo hoop-run 0.0.1");
        script(folder.path(), "hoop-replay", &format!("echo hoop-replay {}", env!("CARGO_PKG_VERSION")));
        let environment = HashMap::from([("PATH".to_owned(), folder.path().display().to_string())]);
        let found = own(&environment, Some(&folder.path().join("hoopctl")), Duration::from_secs(20));
        let states: Vec<State> = found.iter().take(3).map(|finding| finding.state).collect();
        assert_eq!(states, [State::Warning, State::Ok, State::Warning], "{found:?}");
        assert!(found[0].fact.contains("is `hoop-run 0.0.1`"), "{found:?}");
    }

    #[test]
    fn a_program_is_counted_once() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = (folder.path().join("a"), folder.path().join("b"));
        fs::create_dir(&a).unwrap();
        fs::create_dir(&b).unwrap();
        script(&a, "x", "");
        std::os::unix::fs::symlink(a.join("x"), b.join("x")).unwrap();
        fs::write(b.join("y"), "").unwrap();
        let path = format!("{}:{}:.", a.display(), b.display());
        assert_eq!(on_path(&path, "x"), [a.join("x")]);
        assert!(on_path(&path, "y").is_empty());
    }
}
