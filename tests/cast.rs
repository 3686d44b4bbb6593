//! The asciicast format: what is written is read back exactly, and damaged files give what they still hold.

#![allow(clippy::unwrap_used, reason = "a panic is how a test reports")]

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use hoop::audit;
use hoop::audit::CommandStart;
use hoop::audit::Start;
use hoop::cast;
use hoop::cast::Event;
use hoop::cast::Form;
use hoop::cast::Header;
use hoop::cast::Kind;
use hoop::cast::Reader;
use hoop::cast::Writer;
use hoop::clock::Clock;
use hoop::record::Recorder;
use hoop::types::Micros;
use hoop::types::SessionId;
use proptest::prelude::*;

fn header() -> Header {
    Header {
        version: 3,
        cols: 80,
        rows: 24,
        timestamp: Some(1_700_000_000),
        idle_time_limit: Some(2.5),
        command: Some("bash".into()),
        title: Some("a \"title\"".into()),
        env: [("SHELL".to_owned(), "/bin/bash".to_owned())].into(),
        term_type: Some("xterm-256color".into()),
        theme: None,
    }
}

fn recorded(form: Form, chunks: &[(u64, Vec<u8>)]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = Writer::new(form);
    writer.header(&header(), &mut out);
    let mut at = 0;
    for (delay, chunk) in chunks {
        at += delay;
        writer.output(Micros(at), chunk, &mut out);
    }
    writer.exit(Micros(at), 0, &mut out);
    out
}

/// Bytes that are often text, often cut in the middle of a character, sometimes noise.
fn pieces() -> impl Strategy<Value = Vec<(u64, Vec<u8>)>> {
    let piece = prop_oneof![
        any::<String>().prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..20),
        prop::sample::subsequence("é中😀\u{1b}[1m".as_bytes().to_vec(), 0..14),
    ];
    prop::collection::vec((0..5_000_000_u64, piece), 0..12)
}

proptest! {
    #[test]
    fn any_bytes_in_any_pieces_come_back(chunks in pieces(), is_v3 in any::<bool>()) {
        let form = if is_v3 { Form::V3 } else { Form::V2 };
        let file = recorded(form, &chunks);
        let mut reader = Reader::new(&file[..]).unwrap();
        prop_assert_eq!(reader.header().command.as_deref(), Some("bash"));
        prop_assert_eq!(reader.header().term_type.as_deref(), Some("xterm-256color"));
        let events: Vec<Event> = reader.by_ref().map(Result::unwrap).collect();
        prop_assert!(!reader.truncated());
        prop_assert_eq!(reader.offset(), file.len() as u64);
        let written: Vec<u8> = chunks.iter().flat_map(|(_, chunk)| chunk.clone()).collect();
        let total = chunks.iter().map(|(delay, _)| delay).sum();
        prop_assert_eq!(events.last().unwrap().time, Micros(total), "times must not drift");
        let shown: String = events.iter().filter(|event| event.kind == Kind::Output).map(|event| event.data.as_str()).collect();
        prop_assert_eq!(shown, String::from_utf8_lossy(&written));
        prop_assert_eq!(cast::exact_output(events), written);
        for line in file.split(|byte| *byte == b'\n').skip(1).filter(|line| !line.is_empty()) {
            let strict: (f64, String, String) = serde_json::from_slice(line).unwrap();
            prop_assert!(strict.1.len() == 1);
        }
    }

    #[test]
    fn events_survive_a_change_of_version(chunks in pieces()) {
        let first: Vec<Event> = Reader::new(&recorded(Form::V3, &chunks)[..]).unwrap().map(Result::unwrap).collect();
        let mut out = Vec::new();
        let mut writer = Writer::new(Form::V2);
        writer.header(&header(), &mut out);
        first.iter().for_each(|event| writer.event(event, &mut out));
        let second: Vec<Event> = Reader::new(&out[..]).unwrap().map(Result::unwrap).collect();
        prop_assert_eq!(first, second);
    }

    #[test]
    fn noise_never_panics(noise in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut file = b"{\"version\":3,\"term\":{\"cols\":1,\"rows\":1}}\n".to_vec();
        file.extend_from_slice(&noise);
        Reader::new(&file[..]).unwrap().for_each(drop);
        if let Ok(reader) = Reader::new(&noise[..]) {
            reader.for_each(drop);
        }
    }
}

#[test]
fn a_file_cut_anywhere_gives_what_came_before() {
    let file = recorded(Form::V3, &[(1, b"one".to_vec()), (2, b"two\xff".to_vec())]);
    let whole: Vec<Event> = Reader::new(&file[..]).unwrap().map(Result::unwrap).collect();
    let header = file.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    for end in header..file.len() {
        let mut reader = Reader::new(&file[..end]).unwrap();
        let events: Vec<Event> = reader.by_ref().map(Result::unwrap).collect();
        assert_eq!(events, whole[..events.len()], "cut at {end}");
        let lines = file[header..end].iter().filter(|byte| **byte == b'\n').count();
        assert!(events.len() >= lines);
        assert_eq!(reader.truncated(), file[end - 1] != b'\n' && file[end - 1] != b']', "cut at {end}");
    }
}

#[test]
fn a_bad_line_is_named_and_the_rest_is_read() {
    let file = "{\"version\":2,\"width\":80,\"height\":24}\n[1, \"o\", \"a\"]\n[2, \"o\"]\n# note\n\n[3, \"r\", \"100x50\"]\n";
    let found: Vec<String> = Reader::new(file.as_bytes())
        .unwrap()
        .map(|event| {
            event.map_or_else(
                |error| error.to_string(),
                |event| format!("{} {:?}", event.time.0, event.size()),
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            "1000000 None",
            "line 3 of the recording cannot be read: `,` expected at byte 8",
            "3000000 Some((100, 50))"
        ]
    );
}

#[test]
fn version_1_is_read_over_many_lines() {
    let file = "{\n  \"version\": 1, \"width\": 80,\n  \"height\": 24, \"command\": \"/bin/zsh\", \"env\": {\"TERM\": \"xterm\"},\n  \
                \"stdout\": [[0.25, \"a\\u001b\"], [1, \"b\"]]\n}\n";
    let reader = Reader::new(file.as_bytes()).unwrap();
    assert_eq!((reader.header().version, reader.header().cols), (1, 80));
    assert_eq!(reader.header().term_type.as_deref(), Some("xterm"));
    let events: Vec<(u64, String)> =
        reader.map(Result::unwrap).map(|event| (event.time.0, event.data)).collect();
    assert_eq!(events, [(250_000, "a\u{1b}".to_owned()), (1_250_000, "b".to_owned())]);
}

#[test]
fn what_is_no_recording_is_refused_with_a_reason() {
    for (text, why) in [
        ("", "it is empty"),
        ("hello\n", "does not begin with `{`"),
        ("{\"version\":9,\"width\":1,\"height\":1}", "version 9"),
    ] {
        let error = Reader::new(text.as_bytes()).err().unwrap();
        assert!(error.to_string().contains(why), "{error}");
    }
}

#[test]
fn times_never_go_back() {
    let text = "{\"version\":2,\"width\":80,\"height\":24}\n[1.5, \"o\", \"a\"]\n[0.5, \"o\", \"b\"]\n[2, \"o\", \"c\"]\n";
    let times: Vec<u64> = Reader::new(text.as_bytes()).unwrap().map(|event| event.unwrap().time.0).collect();
    assert_eq!(times, [1_500_000, 1_500_000, 2_000_000]);
}

/// A real asciinema 3, where one is installed.
fn asciinema() -> Option<OsString> {
    let cached = std::env::home_dir()?.join(".cache/hoop/asciinema/bin/asciinema").into_os_string();
    let candidates = [std::env::var_os("ASCIINEMA"), Some(cached), Some("asciinema".into())];
    candidates.into_iter().flatten().find(|program| {
        let version = Command::new(program).arg("--version").output();
        version.is_ok_and(|out| String::from_utf8_lossy(&out.stdout).contains(" 3."))
    })
}

/// Where there is no asciinema the strict reader in the tests above stands in for it.
#[test]
fn asciinema_reads_what_is_written() {
    let Some(program) = asciinema() else { return };
    let dir = tempfile::tempdir().unwrap();
    let chunks =
        [(10, b"a\xff\x1b[31mred\xe4\xb8".to_vec()), (1_500_001, b"\xad \"q\" \\ \x07\r\n".to_vec())];
    for form in [Form::V2, Form::V3] {
        let path = dir.path().join("a.cast");
        std::fs::write(&path, recorded(form, &chunks)).unwrap();
        let raw = converted(&program, &path, "raw");
        assert_eq!(
            String::from_utf8(raw).unwrap(),
            "\u{1b}[8;24;80ta\u{fffd}\u{1b}[31mred中 \"q\" \\ \u{7}\r\n"
        );
        let text = converted(&program, &path, "asciicast-v3");
        let events: Vec<Event> = Reader::new(&text[..]).unwrap().map(Result::unwrap).collect();
        assert!(events.iter().any(|event| event.data.contains("中")));
    }
}

#[test]
fn asciinema_reads_a_recorded_session() {
    let Some(program) = asciinema() else { return };
    let state = tempfile::tempdir().unwrap();
    let started = 1_763_700_000_000_000;
    let start =
        Start::new(SessionId::new(started, 1), started, vec!["sh".into(), "-c".into(), "a 'b'".into()]);
    let recorder = Recorder::create(state.path(), &start, Clock::fixed(started)).unwrap();
    let argv = vec!["printf".into(), "\u{1b}[2J".into()];
    recorder
        .event(&audit::Event::CommandStart(CommandStart { id: 1, argv, ..CommandStart::default() }))
        .unwrap();
    recorder.output(b"one\xfe\r\n").unwrap();
    recorder.resize(100, 50).unwrap();
    recorder.output(b"two\r\n").unwrap();
    let folder = recorder.finish(&audit::End { status: Some(7), ..audit::End::default() }).unwrap();
    let text = converted(&program, &folder.join("terminal.cast"), "txt");
    assert_eq!(String::from_utf8(text).unwrap(), "one\u{fffd}\ntwo\n");
}

fn converted(program: &std::ffi::OsStr, path: &Path, format: &str) -> Vec<u8> {
    let to = path.with_extension(format);
    let out = Command::new(program)
        .args(["convert", "--overwrite", "-f", format])
        .arg(path)
        .arg(&to)
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    std::fs::read(to).unwrap()
}
