//! What fuzzing found worth keeping, once more through the same functions.

#![allow(clippy::unwrap_used, reason = "a panic is how a test reports")]

use std::fs;
use std::path::Path;
use std::path::PathBuf;

#[path = "../fuzz/src/lib.rs"]
mod targets;

#[test]
fn no_input_breaks_a_promise() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    for (name, target) in targets::TARGETS {
        let inputs = files(&root.join("corpus").join(name));
        assert!(!inputs.is_empty(), "the corpus of {name} is empty");
        for path in inputs.into_iter().chain(files(&root.join("regressions").join(name))) {
            let data = fs::read(&path).unwrap();
            let ended = std::panic::catch_unwind(|| target(&data));
            assert!(ended.is_ok(), "target {name} fails with {}", path.display());
        }
    }
}

/// The files of a folder, if there is one.
fn files(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()).collect()
}
