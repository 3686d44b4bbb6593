//! The rules the compiler does not check: who may import whom, where `unsafe`, SQL and tokio may stand, and how
//! long a file may grow. Each fault names the file, the line, the rule and what to do instead.

#![allow(clippy::unwrap_used, reason = "a panic is how a test reports")]

use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// From the bottom up. A module may use every lower layer; modules of one layer are strangers, but for the
/// words at the bottom, which belong together.
const LAYERS: &[&[&str]] = &[
    &["error", "types", "clock", "lines", "pattern"],
    &["sys", "term", "query"],
    &["sandbox", "cast", "audit", "aws", "net", "mask", "config", "store"],
    &["policy", "identity", "creds", "approval", "record", "review", "export"],
    &["session", "gateway", "control", "replay"],
    &["cli"],
];

/// Lines of code a file may have before its tests.
const MAX_CODE_LINES: usize = 500;

/// A word that only some modules may use, and what the others do instead.
struct Confined {
    word: &'static str,
    modules: &'static [&'static str],
    instead: &'static str,
}

const CONFINED: &[Confined] = &[
    Confined {
        word: "unsafe",
        modules: &["sys", "sandbox"],
        instead: "put the call behind a safe function of sys",
    },
    Confined {
        word: "libc",
        modules: &["sys", "sandbox"],
        instead: "put the call behind a safe function of sys",
    },
    Confined { word: "rusqlite", modules: &["store"], instead: "ask store for what you need" },
    Confined {
        word: "tokio",
        modules: &["net", "creds", "identity", "gateway", "control", "approval", "record"],
        instead: "the terminal side is synchronous; keep async on the service side",
    },
];

#[test]
fn every_file_keeps_the_rules() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = sources(&root);
    assert!(!files.is_empty(), "no sources under {}", root.display());
    let faults: Vec<String> = files.iter().flat_map(|file| faults_of(&root, file)).collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn a_planted_fault_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let plant = |name: &str, text: &str| {
        let file = dir.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
        faults_of(dir.path(), &file).join("\n")
    };
    assert!(plant("mask/a.rs", "use crate::aws::Call;").contains("`mask` may not use `aws`"));
    assert!(plant("policy/a.rs", "fn f() { unsafe { g() } }").contains("`unsafe` in `policy`"));
    assert!(plant("policy/b.rs", "use crate::{error, types};").contains("one `use` per line"));
    assert!(plant("replay/a.rs", "use rusqlite::Connection;").contains("ask store"));
    assert!(plant("helpers/a.rs", "").contains("has no layer"));
    assert!(plant("mask/b.rs", &"x\n".repeat(501)).contains("501 lines"));
    assert_eq!(plant("cli/a.rs", "use crate::session::run; // unsafe"), "");
}

fn faults_of(root: &Path, file: &Path) -> Vec<String> {
    let short = file.strip_prefix(root).unwrap().display().to_string();
    let module = short.split('/').next().unwrap().trim_end_matches(".rs").to_owned();
    let text = fs::read_to_string(file).unwrap();
    let code: Vec<&str> = text.lines().take_while(|line| line.trim() != "#[cfg(test)]").collect();
    let mut faults = Vec::new();
    if code.len() > MAX_CODE_LINES {
        faults.push(format!(
            "{short}: {} lines of code, at most {MAX_CODE_LINES}; split it by behaviour",
            code.len()
        ));
    }
    if module == "lib" || module == "bin" {
        return faults;
    }
    let Some(own) = layer(&module) else {
        faults.push(format!("{short}: `{module}` has no layer; give it one in LAYERS"));
        return faults;
    };
    for (number, line) in code.iter().enumerate() {
        let line = line.split("//").next().unwrap_or_default();
        let mut fault = |what: String| faults.push(format!("{short}:{}: {what}", number + 1));
        if line.contains("crate::{") {
            fault("write one `use` per line, so that imports can be read".to_owned());
        }
        for confined in CONFINED {
            let allowed = confined.modules.contains(&module.as_str());
            if !allowed && words(line).any(|word| word == confined.word) && !line.contains('"') {
                fault(format!("`{}` in `{module}`: {}", confined.word, confined.instead));
            }
        }
        for rest in line.split("crate::").skip(1) {
            let Some(name) = words(rest).next() else { continue };
            if name != module && own > 0 && layer(name).is_some_and(|other| other >= own)
                || own == 0 && layer(name).is_some_and(|other| other > 0)
            {
                fault(format!("`{module}` may not use `{name}`; pass a value in from above"));
            }
        }
    }
    faults
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|mates| mates.contains(&module))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

fn sources(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}
