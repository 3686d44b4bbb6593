//! A part of hoop-run that dies takes the session along: the program is ended, the terminal comes back, the recording says so.
//!
//! The session runs in a process of its own: this test program, started again as one of its own tests.

#![allow(clippy::unwrap_used, reason = "a panic is how a test reports")]
#![allow(clippy::disallowed_methods, reason = "tests wait in real time for real programs")]

#[path = "support/broker.rs"]
mod broker;
#[path = "support/inner.rs"]
mod inner;
mod support;

use std::fs;
use std::time::Duration;
use std::time::Instant;

use broker::NOBODY;
use hoop::audit::End;
use hoop::audit::EndReason;
use hoop::record::State;
use hoop::record::verify;
use hoop::session::Exit;
use support::Home;
use support::Session;

/// Set for the process that is the session.
const INSIDE: &str = "HOOP_TEST_INSIDE";

#[test]
fn a_session_in_a_process_of_its_own() {
    if std::env::var_os(INSIDE).is_none() {
        return;
    }
    let script = "printf '\\033[?1049h\\033[2Jin full screen'; trap '' HUP; echo $$ > began; while :; do sleep 0.1; done";
    let (ended, recorder) = inner::run(script.into(), NOBODY, |_, recorder| {
        let dying = recorder.clone();
        move || {
            std::thread::spawn(move || {
                let _watch = dying.watch("the gateway");
                while !std::path::Path::new("began").exists() {
                    std::thread::sleep(Duration::from_millis(10));
                }
                std::thread::sleep(Duration::from_millis(300));
                panic!("for the test");
            });
            Ok(())
        }
    });
    assert!(matches!(ended.exit, Exit::Stopped), "{ended:?}");
    let folder = recorder.finish(&End { reason: EndReason::Interrupted, ..End::default() }).unwrap();
    assert_eq!(verify(&folder).unwrap().state, State::Interrupted);
    fs::write("ended", ended.trouble[0].to_string()).unwrap();
}

#[test]
fn the_program_is_ended_and_the_terminal_comes_back() {
    let home = Home::new();
    let this = std::env::current_exe().unwrap();
    let arguments = ["--exact", "a_session_in_a_process_of_its_own", "--nocapture", "--test-threads", "1"];
    let mut command = home.program(this.to_str().unwrap(), arguments);
    command.env(INSIDE, "1");
    let mut session = Session::start(command);
    session.wait_for("in full screen");
    let began = Instant::now();
    assert!(session.wait().success(), "{}", session.text());
    assert!(session.is_cooked() && began.elapsed() < Duration::from_secs(15));
    let told = fs::read_to_string(home.path().join("ended")).unwrap();
    assert!(told.contains("the gateway has failed, so the session was stopped"), "{told}");
    // What the program left switched on is off again.
    let text = session.text();
    assert!(text.rfind("\x1b[?1049l") > text.rfind("\x1b[?1049h"), "{text:?}");
    let pid: i32 = fs::read_to_string(home.path().join("began")).unwrap().trim().parse().unwrap();
    let gone = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), None).is_err();
    assert!(gone, "the program still runs");
}
