//! asciicast and text: parts, pauses, titles; the real asciinema reads what is written.

use std::process::Command;

use hoop::cast::Event;
use hoop::cast::Kind;
use hoop::cast::Reader;

use super::*;

fn events(cast: &[u8]) -> Vec<Event> {
    Reader::new(cast).unwrap().map(Result::unwrap).collect()
}

fn length(cast: &[u8]) -> u64 {
    events(cast).last().unwrap().time.0
}

#[test]
fn a_part_is_said_by_time_per_cent_marker_command_and_call() {
    let dir = filled();
    let part = |more: &[&str]| bytes(dir.path(), &[&["export", "last", "-f", "cast"], more].concat());
    let whole = part(&[]);
    // The second command and its refused call: 31.9 to 32.7 seconds into the session.
    for more in [
        ["--from", "command:2", "--to", "command:2"],
        ["--from", "marker:$ aws s3 rm", "--to", "call:2"],
        ["--from", "0:31", "--to", "33"],
        ["--from", "84%", "--to", "88.5%"],
    ] {
        let part = part(&more);
        assert!(length(&part) < 3_000_000 && length(&whole) > 37_000_000, "{more:?}: {}", length(&part));
        let text: String = events(&part)
            .iter()
            .filter(|event| event.kind == Kind::Output)
            .map(|event| event.data.as_str())
            .collect();
        assert!(text.contains("billing") && !text.contains("SecretString"), "{more:?}: {text}");
        // What stood on the screen before is its first picture.
        assert!(events(&part)[0].data.contains("reports"), "{more:?}");
    }
    let trouble = |more: &[&str]| trouble(dir.path(), &[&["export", "last", "-f", "cast"], more].concat());
    assert!(trouble(&["--from", "marker:nowhere"]).contains("it has 1 "));
    assert!(trouble(&["--from", "command:99"]).contains("no command 99"));
    assert!(trouble(&["--from", "30", "--to", "20"]).contains("later than --to"));
}

#[test]
fn times_titles_and_what_the_file_says_of_itself() {
    let dir = filled();
    let part =
        bytes(dir.path(), &["export", "last", "-f", "cast2", "-i", "1s", "-s", "2", "--title", "A \"tour\""]);
    assert!(length(&part) < 6_000_000, "{}", length(&part));
    let header: serde_json::Value =
        serde_json::from_slice(part.split(|byte| *byte == b'\n').next().unwrap()).unwrap();
    assert_eq!((header["version"].as_u64(), header["title"].as_str()), (Some(2), Some("A \"tour\"")));
    assert_eq!(header["hoop"]["mask"]["recorded"]["aws-secret-key"], 4);
    assert!(header["hoop"]["mask"]["export"].is_null() && header["hoop"]["session"].is_string());
}

#[test]
fn one_screen_is_text_too() {
    let dir = filled();
    let at = |moment: &str| output(dir.path(), &["export", "last", "-f", "screen", "--at", moment]);
    assert!(at("call:1").ends_with("$ aws s3 ls\n"), "{}", at("call:1"));
    assert!(at("command:2").contains("delete failed") && !at("command:2").contains("SecretString"));
    assert!(at("end").contains("SecretString"));
    assert!(trouble(dir.path(), &["export", "last", "-f", "screen", "--from", "1"]).contains("--at"));
}

#[test]
fn the_real_asciinema_reads_what_is_written() {
    let Some(asciinema) = asciinema() else { return };
    let dir = filled();
    for (format, more) in [
        ("cast", &[][..]),
        ("cast2", &[]),
        ("cast", &["--mask", "pii", "--from", "command:2"]),
        ("cast2", &["--mask", "pii", "--to", "50%", "--title", "part"]),
    ] {
        let file = dir.path().join("out.cast").display().to_string();
        bytes(dir.path(), &[&["export", "last", "-f", format, "-o", &file, "--overwrite"], more].concat());
        let cat = Command::new(&asciinema).args(["cat", &file, &file]).output().unwrap();
        assert!(cat.status.success() && !cat.stdout.is_empty(), "{format} {more:?}: {cat:?}");
        let text = Command::new(&asciinema)
            .args(["convert", "-f", "txt", "--overwrite", &file, "/dev/stdout"])
            .output()
            .unwrap();
        assert!(text.status.success(), "{format} {more:?}: {text:?}");
        assert!(String::from_utf8_lossy(&text.stdout).contains("aws s3 ls"), "{format} {more:?}: {text:?}");
    }
}
