//! The live list in a terminal.

use std::time::Duration;

use crate::support::Session;
use crate::world::World;

fn settle(session: &mut Session, time: Duration) {
    let end = std::time::Instant::now() + time;
    while std::time::Instant::now() < end {
        session.read_for(Duration::from_millis(20));
    }
}

/// Waits until the screen shows it: only what changes is sent.
fn shows(session: &mut Session, text: &str) {
    session.wait_until(text, |session| session.screen().join("\n").contains(text));
}

#[test]
fn questions_appear_are_answered_by_keys_and_the_terminal_comes_back() {
    let world = World::new();
    let mut command = world.command(env!("CARGO_BIN_EXE_hoopctl"));
    command.args(["approvals"]).env("NO_COLOR", "1");
    let mut list = Session::start(command);
    shows(&mut list, "nothing waits");
    let running = world.start(
        &["--approve-via", "hoopctl"],
        "touch one && echo first; touch two || echo second; touch three || echo third",
    );
    shows(&mut list, "touch one");
    // Typed ahead: it is not for this question.
    list.send("a");
    settle(&mut list, Duration::from_millis(300));
    assert_eq!(world.waiting().len(), 1);
    settle(&mut list, Duration::from_millis(1_200));
    list.send("a");
    shows(&mut list, "allowed once");
    shows(&mut list, "touch two");
    settle(&mut list, Duration::from_millis(1_500));
    list.send("d");
    settle(&mut list, Duration::from_millis(400));
    list.send("use another");
    settle(&mut list, Duration::from_millis(300));
    list.send("\r");
    shows(&mut list, "is denied");
    shows(&mut list, "touch three");
    list.resize(40, 12);
    settle(&mut list, Duration::from_millis(1_500));
    let screen = list.screen().join("\n");
    assert!(screen.contains("touch three"), "{screen}");
    list.send("D");
    settle(&mut list, Duration::from_millis(400));
    list.send("\r");
    let (_, said) = running.end();
    assert!(said.contains("first") && said.contains("second"), "{said}");
    assert!(world.path().join("one").exists() && !world.path().join("two").exists());
    let stopped = world.events("session.end");
    assert_eq!(stopped.len(), 1, "{said}");
    settle(&mut list, Duration::from_millis(1_500));
    list.send("q");
    assert!(list.wait().success());
    assert!(list.is_cooked());
    let shown = String::from_utf8_lossy(&list.shown).into_owned();
    assert!(!shown.contains("\u{1b}[38;"), "NO_COLOR");
    assert!(shown.contains("\u{1b}[?1049l"));
}

#[test]
fn without_a_terminal_there_is_a_list_for_scripts() {
    let world = World::new();
    let (status, told) = world.approvals(&[]);
    assert_eq!((status, told.contains("hoopctl approvals list --json")), (2, true), "{told}");
}
