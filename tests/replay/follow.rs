//! Watching a session that runs, and going to any moment of one that is over.

use std::fs;
use std::fs::File;
use std::io::Write;
use std::path::Path;

use hoop::types::Effect;

use crate::fixture;
use crate::pty::Driven;
use crate::store::Session;

#[test]
fn a_running_session_is_shown_as_it_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let mut session = Session::begin(&dir.path().join("hoop"), 1, &["deploy"], (80, 24));
    session.output(10, "first words\r\n");
    let mut viewer = Driven::start(&["--follow", "last"], dir.path(), (100, 24));
    viewer.wait_for("first words");
    viewer.wait_for("live");
    session.output(5_000, "second words\r\n");
    viewer.wait_for("second words");
    session.call(10, "s3:ListBucket", "*", hoop::types::Effect::Allow);
    viewer.press("c");
    viewer.wait_for("s3:ListBucket");
    // Held: what comes is not shown until it is asked for.
    viewer.press(" ");
    viewer.wait_for("running");
    session.output(5_000, "third words\r\n");
    viewer.wait_for("0:10");
    assert!(!viewer.text().contains("third"));
    viewer.press("G");
    viewer.wait_for("third words");
    viewer.wait_for("live");
    // An earlier moment is left alone too.
    viewer.press(":1\r");
    viewer.wait_until("the first moment", |text| text.contains("first") && !text.contains("second"));
    viewer.press("G");
    session.output(10, "the last words\r\n");
    viewer.wait_for("the last words");
    session.end(0);
    viewer.wait_for("it has ended");
    viewer.wait_until("the end of it", |text| !text.contains("live") && !text.contains("running"));
    viewer.press("q");
    assert_eq!(viewer.end(), (0, true));
}

#[test]
fn a_session_whose_recorder_was_killed_does_not_stay_live() {
    let dir = tempfile::tempdir().unwrap();
    let session = Session::begin(&dir.path().join("hoop"), 1, &["deploy"], (80, 24));
    session.output(10, "the last words\r\n");
    let mut viewer = Driven::start(&["--follow", "last"], dir.path(), (100, 24));
    viewer.wait_for("the last words");
    viewer.wait_for("live");
    // Its mark and its lock go as they do with the process.
    drop(session);
    viewer.wait_for("it was cut off");
    viewer.wait_until("the end of it", |text| !text.contains("live") && !text.contains("running"));
    viewer.press("q");
    assert_eq!(viewer.end(), (0, true));
}

#[test]
fn the_list_goes_on_with_a_running_session_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("hoop");
    let mut session = Session::begin(&state, 0, &["bash", "-l"], (80, 24));
    session.output(100, "hello\r\n");
    let mut viewer = Driven::start(&[], dir.path(), (100, 24));
    viewer.wait_for("running");
    session.call(200, "s3:GetObject", "arn:aws:s3:::reports/1.csv", Effect::Deny);
    viewer.wait_for("1     1  bash -l");
    viewer.press("lateword");
    viewer.wait_for("no session fits");
    session.output(100, "a lateword\r\n");
    viewer.wait_for("1 of 1 session");
    viewer.press("\u{15}");
    session.end(0);
    viewer.wait_until("its end", |text| text.contains("bash -l") && !text.contains("running"));
}

#[test]
fn a_running_session_opened_from_the_list_is_followed() {
    let dir = tempfile::tempdir().unwrap();
    let session = Session::begin(&dir.path().join("hoop"), 1, &["deploy"], (80, 24));
    session.output(10, "first words\r\n");
    let mut viewer = Driven::start(&[], dir.path(), (100, 24));
    viewer.wait_for("running");
    viewer.press("\r");
    viewer.wait_for("first words");
    viewer.wait_for("live");
    session.output(2_000, "second words\r\n");
    viewer.wait_for("second words");
    viewer.press(" ");
    viewer.wait_for("running");
    session.output(2_000, "third words\r\n");
    viewer.wait_for("0:04");
    assert!(!viewer.text().contains("third"));
    // Played on at its speed, up to what comes.
    viewer.press("++ ");
    viewer.wait_for("third words");
    viewer.wait_for("live");
    session.end(0);
    viewer.wait_for("it has ended");
    viewer.press("\u{1b}");
    viewer.wait_for("1 session");
    viewer.press("q");
    assert_eq!(viewer.end(), (0, true));
}

#[test]
fn a_file_is_followed_from_half_a_line_to_its_packed_form() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("growing.cast");
    let mut file = File::create(&path).unwrap();
    let mut written = Vec::new();
    let mut write = |bytes: &[u8]| {
        written.extend_from_slice(bytes);
        file.write_all(bytes).unwrap();
        written.clone()
    };
    write("{\"version\":3,\"term\":{\"cols\":80,\"rows\":24}}\n[0.1,\"o\",\"wide 世".as_bytes());
    write(&"界".as_bytes()[..2]);
    let mut viewer = Driven::start(&["-F", path.to_str().unwrap()], dir.path(), (100, 24));
    viewer.wait_for("live");
    assert!(!viewer.text().contains("wide"));
    write(&"界".as_bytes()[2..]);
    write(b" whole\"]\n");
    viewer.wait_for("wide 世界 whole");
    let all = write(b"[2,\"o\",\"\\r\\nand the rest\"]\n[0,\"x\",\"0\"]\n");
    fs::write(dir.path().join("growing.cast.zst"), zstd::bulk::compress(&all, 3).unwrap()).unwrap();
    fs::remove_file(&path).unwrap();
    viewer.wait_for("and the rest");
    viewer.wait_for("it has ended");
    viewer.press(":0.5\r");
    viewer.wait_until("an earlier moment", |text| !text.contains("and the rest") && text.contains("whole"));
    viewer.press("q");
    assert_eq!(viewer.end(), (0, true));
    // From then on it is found by either name.
    let viewer = Driven::start(&[&format!("{}.zst", path.display()), "--at", "end"], dir.path(), (100, 24));
    viewer.wait_for("and the rest");
}

#[test]
fn any_moment_can_be_gone_to() {
    let dir = tempfile::tempdir().unwrap();
    crate::store::fill_commands(&dir.path().join("hoop"));
    let mut viewer = Driven::start(&["last", "--at", "50%"], dir.path(), (100, 30));
    viewer.wait_for("80x24");
    viewer.press(" c");
    viewer.wait_for(" All 64, 2 denied");
    for (keys, wanted) in [
        (":0:01\r", "0:01.0"),
        (":soon\r", "give seconds, 1:02.5, 50%, #120"),
        // What was typed is still there, to be put right.
        ("\u{15}1\r", "‖ 0:01.0"),
        ("g)", "▸  0:05     ✓ s3:ListBucket"),
        ("g}", "$ "),
        (":end\r", "‖"),
        ("gm", "‖ 0:01.1"),
    ] {
        viewer.press(keys);
        viewer.wait_for(wanted);
    }
    viewer.press("q");
    assert_eq!(viewer.end(), (0, true));
    // Event by event, there and back.
    let mut viewer = Driven::start(&[&fixture("v2.cast"), "--at", "#1"], dir.path(), (100, 30));
    viewer.wait_for("run.sh");
    viewer.press(" g");
    viewer.wait_for("0:00.0");
    let first = viewer.text();
    viewer.press("...");
    viewer.wait_until("the third event", |text| text != first);
    viewer.press(",,,");
    viewer.press(":#0\r");
    viewer.wait_until("the beginning", |text| !text.contains("run.sh"));
    viewer.press("q");
    assert_eq!(viewer.end(), (0, true));
    // The second opening finds what the first one left.
    let index = Path::new(dir.path()).join("hoop/cache/replay");
    assert!(fs::read_dir(index).unwrap().count() >= 3);
}
