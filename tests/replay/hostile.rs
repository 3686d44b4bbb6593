//! Recordings that were made to harm: nothing crashes, hangs, takes memory without bound, or reaches the terminal as
//! more than the recorded screen; what can be read is shown, and what cannot is named with its line.

use std::fs;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use crate::pty::Driven;

/// Memory that the program may ask for, in KiB: the largest line and its event fit, a bomb does not.
const MEMORY: u64 = 640 << 10;
const HEAD: &str = "{\"version\":2,\"width\":80,\"height\":24}\n";

/// Shows a recording in the viewer, waits for `wanted`, walks through it, and leaves. Nothing that it holds may have
/// come to the terminal as it is.
fn view(path: &Path, wanted: &[&str]) {
    let dir = tempfile::tempdir().unwrap();
    let mut viewer =
        Driven::start_within(MEMORY, &["-s", "16", path.to_str().unwrap()], dir.path(), (100, 24));
    for text in wanted {
        viewer.wait_for(text);
    }
    viewer.press("G,.<>mM{}()53g:#2\r:99%\rljl");
    viewer.press("bgG/e\rn\r");
    viewer.press("c");
    viewer.press("cq");
    let raw = viewer.raw();
    assert_eq!(viewer.end(), (0, true), "{path:?}");
    let raw = raw.lock().unwrap();
    // The viewer's own question for the background is the only one.
    let text = String::from_utf8_lossy(&raw).replacen("\u{1b}]11;?\u{1b}\\", "", 1);
    for forbidden in
        ["\u{1b}]", "\u{1b}P", "\u{1b}_", "\u{1b}^", "\u{1b}X", "\u{7}", "\0", "\u{9b}", "\u{9d}", "\u{202e}"]
    {
        assert!(!text.contains(forbidden), "{forbidden:?} of {path:?} reached the terminal");
    }
}

/// What a command says about a recording, within bounded memory.
fn say(arguments: &[&str]) -> (Option<i32>, String, String) {
    let dir = tempfile::tempdir().unwrap();
    let limit = format!("ulimit -v {MEMORY}; exec \"$0\" \"$@\"");
    let done = Command::new("sh")
        .args(["-c", &limit, env!("CARGO_BIN_EXE_hoop-replay")])
        .args(arguments)
        .env("XDG_STATE_HOME", dir.path())
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (done.status.code(), text(&done.stdout), text(&done.stderr))
}

#[test]
fn what_can_be_read_of_a_hostile_recording_is_shown() {
    let dir = tempfile::tempdir().unwrap();
    let owned =
        "\\u001b]0;owned\\u0007\\u001b]52;c;b3duZWQ=\\u0007\\u001bPq\\u001b\\\\\\u009d0;x\\u009c\\u202e";
    let head = format!(
        "{{\"version\":2,\"width\":80,\"height\":24,\"title\":\"T{owned}\",\"command\":\"{owned}\"}}\n"
    );
    let escapes = format!(
        "{head}[1,\"o\",\"before {owned} after\"]\n[2,\"m\",\"mark{owned}\"]\n[3,\"x\",\"{owned}\"]\n[4,\"{owned}\",\"{owned}\"]\n\
         [5,\"o\",\"\\r\\n\\u001b]8;;http://evil.example/\\u0007a link\\u001b]8;;\\u0007 done\"]\n"
    );
    let cases: Vec<(&str, Vec<u8>, &[&str])> = vec![
        ("escapes", escapes.into_bytes(), &["before \u{fffd} after", "a link done"]),
        (
            "times",
            format!("{HEAD}[5,\"o\",\"five \"]\n[-1,\"o\",\"minus\"]\n[NaN,\"o\",\"nan\"]\n[1e999,\"o\",\"inf\"]\n[1,\"o\",\"back \"]\n[9e11,\"o\",\"late\"]\n[1e300,\"o\",\"x\"]\n").into_bytes(),
            &["line 3 of the recording cannot be read: no time at byte 2 (and 3 more)"],
        ),
        (
            "sizes",
            b"{\"version\":2,\"width\":65535,\"height\":9999999}\n[0,\"o\",\"shown\"]\n[1,\"r\",\"0x0\"]\n[2,\"r\",\"65535x65535\"]\n[3,\"r\",\"99999999999x-1\"]\n[4,\"r\",\"\"]\n[5,\"o\",\"\\r\\nshown\"]\n".to_vec(),
            &["shown"],
        ),
        ("no size", b"{\"version\":3,\"term\":{\"cols\":0,\"rows\":0}}\n[0,\"o\",\"x\"]\n[1,\"r\",\"20x5\"]\n[1,\"o\",\"later\"]\n".to_vec(), &["xlater", "20x5"]),
        (
            "bytes",
            [HEAD.as_bytes(), b"\0\0\0\n[0,\"o\",\"\xff\xfe\"]\n[0,\"o\",\"one\"]\r\n[0,\"o\",\"\0 two\"]\n[[[[[[[[\n[0,\"o\",[[[[\n[0,\"o\",\" three \xe4\xb8"].concat(),
            &["one two", "line 2 of the recording cannot be read", "cut off"],
        ),
        ("deep", [HEAD.as_bytes(), &[b'['; 9_000_000], b"\n[0,\"o\",\"after it\"]\n"].concat(), &["after it", "line 2", "longer than"]),
        ("only a header", HEAD.as_bytes().to_vec(), &["80x24"]),
    ];
    for (name, content, wanted) in cases {
        let path = dir.path().join(format!("{name}.cast"));
        fs::write(&path, content).unwrap();
        view(&path, wanted);
        let (status, text, _) = say(&["export", path.to_str().unwrap(), "-f", "txt"]);
        assert_eq!(status, Some(0), "{name}");
        assert!(!text.contains('\u{1b}') && !text.contains('\u{7}'), "{name}: {text:?}");
    }
}

#[test]
fn a_line_of_four_gibibytes_is_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("long.cast");
    let mut file = File::create(&path).unwrap();
    file.write_all(format!("{HEAD}[0,\"o\",\"before \"]\n").as_bytes()).unwrap();
    // A hole: it takes no room on the disk.
    file.set_len(4 << 30).unwrap();
    let mut file = File::options().append(true).open(&path).unwrap();
    file.write_all(b"\n[1,\"o\",\"and after\"]\n").unwrap();
    let (status, text, _) = say(&["export", path.to_str().unwrap(), "-f", "txt"]);
    assert_eq!((status, text.trim_end()), (Some(0), "before and after"));
    // As a header it is none.
    let file = File::create(&path).unwrap();
    file.set_len(4 << 30).unwrap();
    let (status, _, trouble) = say(&["export", path.to_str().unwrap(), "-f", "txt"]);
    assert!(status == Some(1) && trouble.contains("line 1: it does not begin with `{`"), "{trouble}");
}

#[test]
fn packed_recordings_are_read_as_far_as_they_are_sound() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.cast.zst");
    let name = path.to_str().unwrap();
    let lines: String = (0..20_000).map(|n| format!("[{n}, \"o\", \"line {n}\\r\\n\"]\n")).collect();
    let text = format!("{HEAD}{lines}");
    let mut good = Vec::new();
    for part in text.as_bytes().chunks(50_000) {
        // With a checksum, as the program zstd makes them: without one damage may look like other text.
        let mut frame = zstd::Encoder::new(Vec::new(), 3).unwrap();
        frame.include_checksum(true).unwrap();
        frame.write_all(part).unwrap();
        good.extend(frame.finish().unwrap());
    }
    fs::write(&path, &good).unwrap();
    view(&path, &["line "]);
    let (status, all, trouble) = say(&["export", name, "-f", "txt"]);
    assert!(status == Some(0) && all.ends_with("line 19999\n") && trouble.is_empty(), "{trouble}");
    // Cut in the middle, and damaged there.
    let mut wrong = good.clone();
    wrong[good.len() / 2..good.len() / 2 + 50].fill(0x55);
    for bytes in [&good[..good.len() / 2], &wrong] {
        fs::write(&path, bytes).unwrap();
        view(&path, &["compressed data"]);
        let (status, some, trouble) = say(&["export", name, "-f", "txt"]);
        assert!(
            status == Some(0) && some.contains("line 100\n") && trouble.contains("could not be read"),
            "{trouble}"
        );
    }
    // 64 GiB of spaces after the header.
    let part = zstd::bulk::compress(&vec![b' '; 8 << 20], 19).unwrap();
    let bomb = [
        zstd::bulk::compress(format!("{HEAD}[0,\"o\",\"bang\"]\n").as_bytes(), 3).unwrap(),
        part.repeat(8 << 10),
    ];
    fs::write(&path, bomb.concat()).unwrap();
    view(&path, &["bang", "this is no recording"]);
    // The same as a header.
    fs::write(&path, &bomb[1]).unwrap();
    let (status, _, trouble) = say(&["export", name, "-f", "txt"]);
    assert!(status == Some(1) && trouble.contains("does not begin with `{`"), "{trouble}");
}

#[test]
fn what_is_hard_to_emulate_does_not_hold_up_the_viewer() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("hard.cast");
    // Minutes of work in one event: repetitions, and wiping a screen of the largest size.
    let hard = "x\\u001b[65535b\\u001b[2J\\u001b[99999T\\u001b[999P".repeat(150_000);
    let text = format!(
        "{HEAD}[0,\"o\",\"easy\"]\n[1,\"r\",\"1000x500\"]\n[2,\"o\",\"{hard}\"]\n[3,\"o\",\"never\"]\n"
    );
    fs::write(&path, text).unwrap();
    let state = tempfile::tempdir().unwrap();
    let mut viewer = Driven::start_within(MEMORY, &[path.to_str().unwrap()], state.path(), (100, 24));
    viewer.wait_for("easy");
    viewer.press(" G");
    viewer.press("g");
    viewer.wait_for("easy");
    viewer.press(":2\rgG0q");
    assert_eq!(viewer.end(), (0, true));
}

#[test]
fn what_is_no_recording_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.cast");
    let name = path.to_str().unwrap();
    let noise: Vec<u8> = (0..3_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let deep = format!("{{\"version\":2,\"width\":80,\"height\":24,\"env\":{}", "[".repeat(4_000_000));
    let many = format!(
        "{{\"version\":1,\"width\":80,\"height\":24,\"stdout\":[{}[0,\"\"]]}}",
        "[0,\"\"],".repeat(7_000_000)
    );
    for (content, words) in [
        (noise, "line 1: it does not begin with `{`"),
        (Vec::new(), "line 1: it is empty"),
        (deep.into_bytes(), "line 1: "),
        (many.into_bytes(), "more than 1048576 events"),
        (b"{\"version\":7,\"width\":80,\"height\":24}\n".to_vec(), "version 7 of the format is not known"),
        (b"{\"version\":2}\n[0,\"o\",\"x\"]\n".to_vec(), "the size of the terminal is missing"),
    ] {
        fs::write(&path, content).unwrap();
        let (status, _, trouble) = say(&["export", name, "-f", "txt"]);
        assert!(status == Some(1) && trouble.contains(words), "{words}: {trouble}");
        assert!(
            trouble.len() < 2_000 && !trouble.chars().any(|c| c.is_control() && c != '\n'),
            "{trouble:?}"
        );
    }
}
