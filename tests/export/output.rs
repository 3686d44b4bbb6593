//! Where exports go: nothing that was there is lost, nothing half is left, and what is asked for is done or refused.

use std::fs;
use std::os::unix::fs::FileTypeExt as _;
use std::process::Stdio;

use super::*;

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn shell(state: &Path, script: &str) -> std::process::Output {
    Command::new("sh").args(["-c", script]).env_clear().env("XDG_STATE_HOME", state).output().unwrap()
}

#[test]
fn a_recording_is_never_its_own_output() {
    let dir = tempfile::tempdir().unwrap();
    let session = store::fill(&dir.path().join("hoop"));
    let file = dir.path().join("own.cast");
    let (own, link) = (file.to_str().unwrap(), dir.path().join("link.cast"));
    fs::copy(fixture("v2.cast"), &file).unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    for output in [own, link.to_str().unwrap()] {
        for format in ["cast", "csv"] {
            let said = trouble(dir.path(), &["export", own, "-f", format, "-o", output, "--overwrite"]);
            assert!(said.contains("would be lost"), "{said}");
        }
    }
    assert_eq!(fs::read(&file).unwrap(), fs::read(fixture("v2.cast")).unwrap());
    // Nor is anything in the store.
    let audit = session.join("audit.jsonl");
    let before = fs::read(&audit).unwrap();
    for what in [&["last"][..], &["--query", "decision:deny"]] {
        let arguments =
            [&["export"], what, &["-f", "csv", "--overwrite", "-o", audit.to_str().unwrap()]].concat();
        assert!(trouble(dir.path(), &arguments).contains("would be lost"));
    }
    assert!(fs::read(&audit).unwrap() == before);
}

#[test]
fn a_failed_export_leaves_what_was_there() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out.csv");
    fs::write(&out, "old").unwrap();
    // It has no calls, which is known late.
    let arguments = ["export", &fixture("v2.cast"), "-o", out.to_str().unwrap()];
    assert!(trouble(dir.path(), &arguments).contains("exists already"));
    assert!(trouble(dir.path(), &[&arguments[..], &["--overwrite"]].concat()).contains("has no calls"));
    assert_eq!(
        (fs::read_to_string(&out).unwrap(), names(dir.path())),
        ("old".to_owned(), vec!["out.csv".to_owned()])
    );
    // A full disk, at a limit on the size of files.
    let limit = format!(
        "ulimit -f 1; trap '' XFSZ; exec {} export {} -f html -o {} --overwrite",
        env!("CARGO_BIN_EXE_hoop-replay"),
        fixture("v2.cast"),
        out.display()
    );
    let done = shell(dir.path(), &limit);
    let said = String::from_utf8(done.stderr).unwrap();
    assert!(!done.status.success() && said.contains("cannot write"), "{said}");
    assert_eq!(
        (fs::read_to_string(&out).unwrap(), names(dir.path())),
        ("old".to_owned(), vec!["out.csv".to_owned()])
    );
}

#[test]
fn an_export_that_is_killed_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out.html");
    // It dies of the signal when it has written the first block.
    let limit = format!(
        "ulimit -c 0; ulimit -f 1; exec {} export {} -o {}",
        env!("CARGO_BIN_EXE_hoop-replay"),
        fixture("v2.cast"),
        out.display()
    );
    let done = shell(dir.path(), &limit);
    assert_eq!(done.status.code(), None, "{done:?}");
    assert_eq!(names(dir.path()), Vec::<String>::new());
}

#[test]
fn devices_and_pipes_are_written_to_and_stay() {
    let dir = tempfile::tempdir().unwrap();
    let pipe = dir.path().join("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let reader = Command::new("cat").arg(&pipe).stdout(Stdio::piped()).spawn().unwrap();
    output(dir.path(), &["export", &fixture("v2.cast"), "-f", "txt", "-o", pipe.to_str().unwrap()]);
    let read = reader.wait_with_output().unwrap().stdout;
    assert_eq!(
        String::from_utf8(read).unwrap(),
        output(dir.path(), &["export", &fixture("v2.cast"), "-f", "txt"])
    );
    assert!(fs::symlink_metadata(&pipe).unwrap().file_type().is_fifo());
    for name in ["-", "/dev/stdout"] {
        assert!(
            output(dir.path(), &["export", &fixture("v2.cast"), "-f", "cast", "-o", name])
                .contains("\"version\":3")
        );
    }
    assert_eq!(names(dir.path()), ["pipe"]);
}

#[test]
fn a_moment_that_the_format_does_not_show_is_refused() {
    let dir = filled();
    for arguments in [
        &["-f", "txt", "--at", "1"][..],
        &["-f", "csv", "--at", "call:1"],
        &["-f", "png", "--to", "1"],
        &["-f", "screen", "--from", "1"],
    ] {
        let said = trouble(dir.path(), &[&["export", "last"], arguments].concat());
        assert!(said.contains("cannot be written so") && said.contains("--at"), "{said}");
    }
}

#[test]
fn a_part_behind_the_end_is_refused() {
    let dir = filled();
    for format in ["cast", "txt", "html", "gif", "movie"] {
        let said = trouble(dir.path(), &["export", "last", "-f", format, "--from", "9:00:00"]);
        assert!(said.contains("nothing lies in that part") && said.contains("why: it ends at "), "{said}");
    }
    assert!(!output(dir.path(), &["export", "last", "-f", "txt", "--from", "end"]).is_empty());
}

#[test]
fn a_table_without_calls_has_its_titles() {
    let dir = filled();
    let table = output(dir.path(), &["export", "--query", "user:nobody-of-that-name", "-f", "csv"]);
    assert!(table.starts_with("time,seconds,session,") && table.matches('\n').count() == 1, "{table}");
}

#[test]
fn what_could_not_be_read_is_named_with_its_line() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("some.cast");
    fs::write(&file, "\u{feff}{\"version\":2,\"width\":80,\"height\":24}\n[1,\"o\",\"shown\"]\n[nonsense\n[2,\"o\",\"cut of").unwrap();
    let done = run(dir.path(), &["export", file.to_str().unwrap(), "-f", "txt"]);
    let said = String::from_utf8(done.stderr).unwrap();
    assert_eq!((done.status.code(), String::from_utf8(done.stdout).unwrap().trim_end()), (Some(0), "shown"));
    assert!(said.contains("2 lines of the recording could not be read and are left out\n  why: line 3 of the recording cannot be read: "), "{said}");
    fs::write(&file, b"{\"version\":2,\"width\":80,\"height\":24,\"title\":\"a\xff\"}\n[1,\"o\",\"shown\"]\n[2,\"o\",\"cut of").unwrap();
    let done = run(dir.path(), &["export", file.to_str().unwrap(), "-f", "html"]);
    let said = String::from_utf8(done.stderr).unwrap();
    assert!(done.status.success() && said.contains("1 line of the recording could not be read and is left out\n  why: line 3, its last one, is cut off"), "{said}");
}

#[test]
fn a_session_whose_first_line_is_damaged_is_exported_as_far_as_it_can_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let audit = store::fill(&dir.path().join("hoop")).join("audit.jsonl");
    let whole = fs::read_to_string(&audit).unwrap();
    let rest = whole.split_once('\n').unwrap().1;
    for damaged in [rest.to_owned(), format!("{{}}\n{rest}"), format!("\0\0\n{rest}")] {
        fs::write(&audit, damaged).unwrap();
        let session = audit.parent().unwrap();
        for (format, words) in [
            ("txt", "ana@build-7"),
            ("jsonl", "s3:DeleteObject"),
            ("csv", "s3:DeleteObject"),
            ("html", "<!doctype"),
        ] {
            let done = run(dir.path(), &["export", session.to_str().unwrap(), "-f", format, "--mask", "pii"]);
            let (text, said) =
                (String::from_utf8(done.stdout).unwrap(), String::from_utf8(done.stderr).unwrap());
            assert!(done.status.success() && text.contains(words), "{format}: {said}");
            assert!(
                said.contains("audit log") || matches!(format, "jsonl" | "csv" | "html"),
                "{format}: {said}"
            );
        }
    }
}

#[test]
fn names_of_files_are_no_escapes() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a\u{1b}]0;owned\u{7}.cast");
    for content in ["", "{}", "{\"version\":2,\"width\":80,\"height\":24}\n[x\n"] {
        fs::write(&file, content).unwrap();
        for arguments in [
            &["export", "-f", "csv"][..],
            &["export", "-f", "txt"],
            &["import"],
            &["summary"],
            &["--plain"],
            &["play"],
        ] {
            let done = run(dir.path(), &[arguments, &[file.to_str().unwrap()]].concat());
            let text = String::from_utf8([done.stdout, done.stderr].concat()).unwrap();
            assert!(!text.contains("\u{1b}]") && !text.contains('\u{7}'), "{arguments:?}: {text:?}");
        }
    }
}
