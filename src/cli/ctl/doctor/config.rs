//! The configuration's files and variables.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::finding::Finding;
use super::finding::counted;
use super::finding::quoted;
use crate::config::Config;
use crate::config::Sources;
use crate::config::keys::KEYS;
use crate::config::keys::Kind;
use crate::config::keys::Value;
use crate::config::load::Origin;
use crate::error::Error;

/// Faults told; `hoopctl config list` tells all.
const TOLD: usize = 5;

/// What is wrong with the configuration as a whole, or how much of it there is.
#[must_use]
pub fn settings(loaded: Result<&Config, &Error>) -> Vec<Finding> {
    const SUBJECT: &str = "settings";
    const LIST: &str = "hoopctl config list";
    let config = match loaded {
        Ok(config) => config,
        Err(error) => {
            // Every block of a report begins with its place; what follows is the line itself and a caret.
            let whole = error.causes().join("\n\n");
            let mut found: Vec<Finding> = whole
                .split("\n\n")
                .filter(|block| !block.trim().is_empty())
                .take(TOLD)
                .map(|block| {
                    let finding = Finding::fault(SUBJECT, block.lines().next().unwrap_or_default()).fix(LIST);
                    match block.lines().find_map(|line| line.trim_start().strip_prefix("fix: ")) {
                        Some(advice) => finding.advice(advice),
                        None => finding,
                    }
                })
                .collect();
            if found.is_empty() {
                let finding = Finding::fault(SUBJECT, error.what()).fix(LIST);
                found.push(error.advice().map_or(finding.clone(), |advice| finding.advice(advice)));
            }
            return found;
        }
    };
    let set = config.list().filter(|(_, entry)| entry.origin != Origin::Default).count();
    let mut found = vec![Finding::ok(SUBJECT, format!("{} of {} are set", set, KEYS.len()))];
    for warning in config.warnings().iter().take(TOLD) {
        let place = warning.place.as_ref().map(|place| format!(":{}", place.line)).unwrap_or_default();
        let finding =
            Finding::warning(SUBJECT, format!("{}{place}: {}", warning.origin, warning.message)).fix(LIST);
        found.push(match &warning.fix {
            Some(fix) => finding.advice(fix),
            None => finding,
        });
    }
    found
}

/// The files: which there are, and who can change them. `uid` is the person.
#[must_use]
pub fn files(sources: &Sources, uid: u32) -> Vec<Finding> {
    const SUBJECT: &str = "files";
    let own = |folder: &Option<std::path::PathBuf>| {
        folder
            .iter()
            .flat_map(|folder| [folder.join("config.toml"), folder.join("policy.toml")])
            .collect::<Vec<_>>()
    };
    let machine = own(&sources.machine);
    let files = machine.iter().cloned().chain(own(&sources.user)).chain(sources.project.clone());
    let there: Vec<_> = files.filter(|file| fs::symlink_metadata(file).is_ok()).collect();
    let mut found = Vec::new();
    for file in &there {
        // A machine's file that its users could change would bind nobody.
        let owner = if machine.contains(file) { 0 } else { uid };
        found.extend(guarded(SUBJECT, file, owner));
    }
    if found.is_empty() {
        let names: Vec<String> = there.iter().map(|file| file.display().to_string()).collect();
        found.push(Finding::ok(
            SUBJECT,
            match names.len() {
                0 => "none: everything is as it comes".to_owned(),
                number => format!("{}: {}", counted(number, "file"), names.join(", ")),
            },
        ));
    }
    found
}

/// Files that settings name: whether they are there, and who can read and change them.
#[must_use]
pub fn named(config: &Config, uid: u32) -> Vec<Finding> {
    let mut found = Vec::new();
    for (key, entry) in config.list().filter(|(key, _)| key.kind == Kind::Paths) {
        let Value::Text(text) = &entry.value else { continue };
        for path in text.split(',').map(str::trim).filter(|path| !path.is_empty()) {
            let path = Path::new(path);
            if let Err(cause) = fs::File::open(path) {
                let fact = format!(
                    "{} of `{}` cannot be read: {}",
                    path.display(),
                    key.name,
                    crate::error::plain(&cause)
                );
                let fix = format!("ls -l {}", quoted(path.display().to_string()));
                found.push(Finding::fault("named", format!("{fact}; no session starts")).fix(fix));
                continue;
            }
            found.extend(guarded("named", path, uid));
            let mode = fs::metadata(path).map_or(0, |metadata| metadata.mode());
            // Known values are the secrets themselves.
            if key.name.ends_with("values") && mode & 0o044 != 0 {
                let fact = format!("{} holds secrets and can be read by others", path.display());
                found.push(
                    Finding::fault("named", fact)
                        .fix(format!("chmod 600 {}", quoted(path.display().to_string()))),
                );
            }
        }
    }
    found
}

/// What others could do to a file of ours.
fn guarded(subject: &'static str, file: &Path, owner: u32) -> Option<Finding> {
    let word = quoted(file.display().to_string());
    let metadata = match fs::metadata(file) {
        Ok(metadata) => metadata,
        Err(cause) => {
            let fact = format!("{} cannot be looked at: {}", file.display(), crate::error::plain(&cause));
            return Some(Finding::fault(subject, fact).fix(format!("ls -l {word}")));
        }
    };
    let mode = metadata.mode() & 0o777;
    if mode & 0o022 != 0 {
        let fact = format!("{} can be changed by others (mode {mode:o})", file.display());
        return Some(Finding::fault(subject, fact).fix(format!("chmod go-w {word}")));
    }
    let is_odd = metadata.uid() != owner && metadata.uid() != 0;
    is_odd.then(|| {
        let fact = format!("{} belongs to another user (number {})", file.display(), metadata.uid());
        Finding::warning(subject, fact).fix(format!("sudo chown {owner} {word}"))
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::cli::ctl::doctor::finding::State;

    #[test]
    fn every_fault_has_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        fs::write(&file, "quite = true\nsandbox.mode = \"fulll\"\n").unwrap();
        let sources = Sources { user: Some(folder.path().to_owned()), ..Sources::default() };
        let error = Config::load(&sources).unwrap_err();
        let found = settings(Err(&error));
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].fact.contains("config.toml:1:1: unknown key `quite`"), "{found:?}");
        assert_eq!(found[0].advice.as_deref(), Some("did you mean `quiet`?"));
        assert!(found[1].fact.contains("config.toml:2:"), "{found:?}");
        assert_eq!(settings(Ok(&Config::load(&Sources::default()).unwrap()))[0].state, State::Ok);
    }

    #[test]
    fn a_file_that_others_can_change_is_a_fault() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("policy.toml");
        fs::write(&file, "version = 1\n").unwrap();
        let uid = fs::metadata(&file).unwrap().uid();
        let sources = Sources { user: Some(folder.path().to_owned()), ..Sources::default() };
        assert_eq!(files(&sources, uid)[0].state, State::Ok);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
        let found = files(&sources, uid);
        assert_eq!(found[0].state, State::Fault);
        assert_eq!(found[0].fix, Some(format!("chmod go-w {}", file.display())));
    }
}
