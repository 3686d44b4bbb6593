//! Two sessions with 100,000 calls each, for `benches/calls.py`, which measures what the viewer makes of them.
//!
//! `cargo bench --bench calls -- DIR` writes them into the folder `DIR/hoop`; the second has other objects here and
//! there, and a tenth fewer calls.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measuring program"
)]

use std::path::Path;
use std::time::Duration;

use hoop::audit::CallBegin;
use hoop::audit::CallEnd;
use hoop::audit::CommandEnd;
use hoop::audit::CommandStart;
use hoop::audit::Decision;
use hoop::audit::End;
use hoop::audit::Event;
use hoop::audit::Outcome;
use hoop::audit::Start;
use hoop::clock::Clock;
use hoop::record::Recorder;
use hoop::types::AccessLevel;
use hoop::types::Effect;
use hoop::types::Micros;
use hoop::types::SessionId;
use serde_json::json;

const CALLS: u64 = 100_000;
/// Calls of one command.
const EACH: u64 = 20;
const BEGAN: u64 = 1_763_700_000_000_000;

fn main() {
    let folder = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let state = Path::new(&folder.expect("usage: cargo bench --bench calls -- DIR")).join("hoop");
    std::fs::create_dir_all(&state).unwrap();
    for number in 0..2 {
        println!("{}", write(&state, number).display());
    }
}

fn write(state: &Path, number: u64) -> std::path::PathBuf {
    let began = BEGAN + number * 60_000_000;
    let clock = Clock::fixed(began);
    let start = Start::new(SessionId::new(began, u128::from(number)), began, vec!["bench".to_owned()]);
    let recorder = Recorder::create(state, &start, clock.clone()).unwrap();
    let event = |event: Event| {
        clock.advance(Duration::from_millis(1));
        recorder.event(&event).unwrap();
    };
    for call in 1..=CALLS - number * CALLS / 10 {
        let command = call / EACH + 1;
        if call % EACH == 0 {
            event(Event::CommandStart(CommandStart {
                id: command,
                pid: 100,
                argv: ["aws", "s3", "cp", &format!("part-{command}.csv")].map(str::to_owned).to_vec(),
                ..CommandStart::default()
            }));
            recorder.output(format!("upload: part-{command}.csv\r\n").as_bytes()).unwrap();
        }
        let (operation, access) = [
            ("GetObject", AccessLevel::Read),
            ("PutObject", AccessLevel::Write),
            ("ListBucket", AccessLevel::List),
        ][(call % 3) as usize];
        let mut begin = CallBegin::new(call, "s3", operation, &format!("s3:{operation}"));
        begin.access = access;
        let other = if number == 1 && call % 50 == 7 { "other-" } else { "" };
        begin.resources = vec![format!("arn:aws:s3:::reports/{other}{}.csv", call % 4_000)];
        begin.params = json!({"Bucket": "reports", "Key": format!("{other}{}.csv", call % 4_000)});
        event(Event::CallBegin(Box::new(begin)));
        let is_denied = call % 40 == 0;
        event(Event::Decision(Decision {
            call,
            effect: if is_denied { Effect::Deny } else { Effect::Allow },
            rule: Some("reading".to_owned()),
            origin: "bench".to_owned(),
            reason: "as the policy says".to_owned(),
        }));
        event(Event::CallEnd(Box::new(CallEnd {
            call,
            outcome: if is_denied { Outcome::Refused } else { Outcome::Answered },
            status: Some(if is_denied { 403 } else { 200 }),
            bytes_in: 64,
            bytes_out: 2_048,
            took: Micros(1_000),
            ..CallEnd::default()
        })));
        if call % EACH == EACH - 1 && call > EACH {
            let end =
                CommandEnd { id: command, took: Micros(60_000), status: Some(0), ..CommandEnd::default() };
            event(Event::CommandEnd(end));
        }
    }
    recorder.finish(&End::default()).unwrap()
}
