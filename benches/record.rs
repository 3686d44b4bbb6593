//! How fast a session is recorded: prints MB/s of `Recorder::output` and what a start costs.
//!
//! `cargo bench --bench record [-- FILE]`; FILE is what the program writes (default: made-up log lines).

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measuring program"
)]

use std::hint::black_box;
use std::time::Duration;
use std::time::Instant;

use hoop::audit::CallBegin;
use hoop::audit::End;
use hoop::audit::Event;
use hoop::audit::Start;
use hoop::cast::Form;
use hoop::cast::Reader;
use hoop::cast::Writer;
use hoop::clock::Clock;
use hoop::record;
use hoop::record::Recorder;
use hoop::types::Micros;
use hoop::types::SessionId;

/// What a PTY reader hands over at once.
const PIECE: usize = 16 << 10;

fn main() {
    let file = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let text = file.map_or_else(log_text, |path| std::fs::read(path).unwrap());
    let megabytes = text.len() as f64 / 1e6;
    let rate = |name: &str, took: Duration| {
        println!(
            "{name:<28} {:>8.0} MB/s  {:>9.1} ms",
            megabytes / took.as_secs_f64(),
            took.as_secs_f64() * 1e3
        );
    };
    rate("encode as asciicast 3", best(5, || encode(&text)));
    let state = tempfile::Builder::new().tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let mut number = 0;
    rate(
        "record (file, hash, chain)",
        best(5, || {
            number += 1;
            let recorder = Recorder::create(state.path(), &start(number), Clock::system()).unwrap();
            let began = Instant::now();
            for piece in text.chunks(PIECE) {
                recorder.output(piece).unwrap();
            }
            let took = began.elapsed();
            std::fs::remove_dir_all(recorder.folder()).unwrap();
            took
        }),
    );
    let recorder = Recorder::create(state.path(), &start(0), Clock::system()).unwrap();
    text.chunks(PIECE).for_each(|piece| {
        recorder.output(piece).unwrap();
    });
    let folder = recorder.finish(&End::default()).unwrap();
    rate("verify", best(3, || timed(|| drop(black_box(record::verify(&folder).unwrap())))));
    let read = || {
        Reader::open(&folder.join("terminal.cast"))
            .unwrap()
            .map(|event| event.unwrap().data.len())
            .sum::<usize>()
    };
    rate("read events", best(3, || timed(|| drop(black_box(vec![read()])))));

    let micros = |name: &str, took: Duration| println!("{name:<28} {:>8.1} µs", took.as_secs_f64() * 1e6);
    let mut made = Vec::new();
    micros(
        "create a recording",
        best(200, || {
            number += 1;
            timed(|| made.push(Recorder::create(state.path(), &start(number), Clock::system()).unwrap()))
        }),
    );
    micros(
        "finish it",
        made.iter().map(|made| timed(|| drop(made.finish(&End::default()).unwrap()))).min().unwrap(),
    );
    micros(
        "recover, nothing to do",
        best(200, || timed(|| drop(record::recover(state.path(), &Clock::system())))),
    );
    let recorder = Recorder::create(state.path(), &start(9_999), Clock::system()).unwrap();
    let mut call = CallBegin::new(1, "s3", "GetObject", "s3:GetObject");
    call.params = serde_json::json!({"Bucket": "reports", "Key": "2026/07.csv"});
    let event = Event::CallBegin(Box::new(call));
    micros("one audit event", best(500, || timed(|| assert!(recorder.event(&event).is_ok()))));
}

fn start(number: u128) -> Start {
    let now = 1_763_700_000_000_000;
    Start::new(SessionId::new(now, number), now, vec!["true".into()])
}

fn encode(text: &[u8]) -> Duration {
    let mut out = Vec::with_capacity(PIECE * 2);
    let mut writer = Writer::new(Form::V3);
    timed(|| {
        for (at, piece) in text.chunks(PIECE).enumerate() {
            out.clear();
            writer.output(Micros(at as u64), piece, &mut out);
            black_box(&out);
        }
    })
}

fn timed(work: impl FnOnce()) -> Duration {
    let began = Instant::now();
    work();
    began.elapsed()
}

fn best(runs: usize, mut run: impl FnMut() -> Duration) -> Duration {
    (0..runs).map(|_| run()).min().unwrap()
}

fn log_text() -> Vec<u8> {
    let mut text = Vec::new();
    let mut number = 0_u64;
    while text.len() < 64 << 20 {
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let line = format!(
            "2026-07-01T12:00:{:02}.{:03}Z INFO  [http.server] 10.0.{}.{} - \"GET /api/v1/users/{} HTTP/1.1\" 200 id={number:016x}\r\n",
            number >> 8 & 31,
            number >> 16 & 511,
            number & 255,
            number >> 24 & 255,
            number >> 32,
        );
        text.extend_from_slice(line.as_bytes());
    }
    text
}
