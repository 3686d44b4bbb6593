//! States for tests: a list of sessions, and an open recording.

use jiff::tz::TimeZone;

use crate::record::Node;
use crate::replay::deck::Source;
use crate::replay::entries;
use crate::replay::entries::Entry;
use crate::replay::message::Frame;
use crate::replay::message::Overview;
use crate::replay::moments::Moments;
use crate::replay::play::Play;
use crate::replay::play::Speed;
use crate::replay::sessions;
use crate::replay::sessions::Session;
use crate::replay::state::Pacing;
use crate::replay::state::State;
use crate::replay::theme::Depth;
use crate::replay::theme::Meaning;
use crate::replay::theme::Theme;
use crate::term::Screen;
use crate::types::Micros;

/// 2025-11-21 03:18:00 UTC.
const STARTED: u64 = 1_763_695_080_000_000;

fn state() -> State {
    let theme = Theme::load("dark", Depth::True).unwrap();
    State::new(theme, TimeZone::UTC, Pacing { speed: Speed::new(1.0), idle_limit: Some(Micros(2_000_000)) })
}

/// A list of four sessions.
pub fn list() -> State {
    let rows = [
        ("aws s3 ls", 3, 0, sessions::State::Ended(Some(0))),
        ("vim \u{1b}[31m notes.md", 0, 0, sessions::State::Running),
        (
            "python3 -c 'import boto3; boto3.client(\"ec2\").describe_instances()'",
            120,
            7,
            sessions::State::Ended(Some(1)),
        ),
        ("make deploy", 12_345, 0, sessions::State::Interrupted),
    ];
    let rows = rows.into_iter().zip(0..).map(|((command, calls, denials, state), n)| Session {
        id: format!("01J9ZK5WQ3H8V7T2M4N6P8R0S{n}"),
        started: STARTED - n * 3_600_000_000,
        length: (state != sessions::State::Running).then_some(Micros(83_000_000 * (n + 1))),
        user: "ana".to_owned(),
        host: "build-7".to_owned(),
        command: command.to_owned(),
        calls,
        denials,
        state,
        folder: format!("sessions/{n}").into(),
    });
    let mut state = state();
    state.sessions.read = Some(Ok(rows.collect()));
    state.sessions.refresh(&TimeZone::UTC);
    state
}

/// A recording of 80x24 in the middle of playing, with calls and a command.
pub fn playing() -> State {
    let mut state = state();
    let source = Source { cast: "x.cast".into(), audit: None };
    let mut play = Play::new(1, source, "aws s3 ls  ana@build-7".to_owned());
    state.tickets = 1;
    play.overview = Some(Overview { duration: Micros(100_000_000), events: 9, ..Overview::default() });
    let mut screen = Screen::new(80, 24);
    for n in 0..23 {
        screen.feed(&format!("\x1b[3{}mline {n}\x1b[m of the recorded screen 世界\r\n", n % 8));
    }
    screen.feed("$ \x1b[7maws\x1b[m");
    let frame =
        Frame { at: Micros(0), last: Micros(0), next: Some(Micros(500_000)), screen: screen.snapshot() };
    play.receive(frame);
    play.wanted = None;
    let call = |at, symbol, meaning, title: &str, result: &str| Entry {
        at: Micros(at),
        symbol,
        meaning,
        title: title.to_owned(),
        subject: "arn:aws:s3:::reports/2026/07.csv".to_owned(),
        result: result.to_owned(),
        mood: Meaning::Text,
        took: Some(Micros(80_000)),
        node: Node::default(),
        call: None,
        detail: vec![
            ("action", title.to_owned()),
            ("resource", "arn:aws:s3:::reports/2026/07.csv".to_owned()),
            ("decision", "deny".to_owned()),
            ("rule", "\"no deletes\" policy.toml:41".to_owned()),
            ("parameters", "{\n  \"Bucket\": \"reports\",\n  \"Key\": \"\u{1b}]0;x\u{7}\"\n}".to_owned()),
        ],
    };
    play.set_moments(Moments::new(vec![
        call(1_000_000, '$', Meaning::Command, "aws s3 ls", "ok"),
        call(10_000_000, '✓', Meaning::Allow, "s3:ListAllMyBuckets", "200"),
        call(60_000_000, '✗', Meaning::Deny, "s3:DeleteObject", "403"),
        entries::marker(Micros(80_000_000), "checkpoint"),
    ]));
    state.play = Some(play);
    state
}
