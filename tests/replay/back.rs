//! Looking back at what has left the screen, and at what links lead to.

use hoop::term::Attributes;

use crate::pty::Driven;
use crate::store::Session;

/// 300 lines, a full-screen program, and a smaller screen, an event each.
fn filled() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let session = Session::begin(&dir.path().join("hoop"), 1, &["deploy"], (60, 20));
    for n in 0..300 {
        session.output(100, &format!("step {n} of 300\r\n"));
    }
    session.output(1_000, "\x1b[?1049h\x1b[2J\x1b[Ha full-screen program");
    session.output(1_000, "\x1b[?1049l");
    session.resize(60, 10);
    session.output(1_000, "the end\r\n");
    session.end(0);
    dir
}

#[test]
fn lines_that_have_left_the_screen_are_looked_at_searched_and_left_again() {
    let dir = filled();
    let mut viewer = Driven::start(&["last", "--at", "20"], dir.path(), (80, 24));
    viewer.wait_for("step 199");
    viewer.press("b");
    let back = viewer.wait_for("lines ");
    assert!(back.contains("step 170") && !back.contains("step 199"), "{back}");
    viewer.press("g");
    let first = viewer.wait_for("lines 1-21 of 200");
    assert!(first.contains("step 0 of") && first.contains("to 0:02.0"), "{first}");
    viewer.press("G/step 42\r");
    let hit = viewer.wait_for("\"step 42\"");
    assert!(hit.contains("step 42 of") && hit.contains("n older"), "{hit}");
    // To the moment at which it was to be seen for the last time.
    viewer.press("\r");
    let then = viewer.wait_for("step 42 of");
    assert!(then.contains("step 60") && !then.contains("step 62"), "{then}");
    // The wheel up, and down again until the screen is there.
    viewer.press("\u{1b}[<64;10;10M");
    viewer.wait_for("lines ");
    viewer.press("\u{1b}[<65;10;10M\u{1b}[<65;10;10M");
    viewer.wait_for("? help");
    // Behind a full-screen program, and after the screen got smaller: the same lines, and those it took.
    viewer.press(":31.5\r");
    viewer.wait_for("a full-screen program");
    viewer.press("b");
    viewer.wait_for("behind a full-screen program");
    viewer.press("b:end\r");
    viewer.wait_for("the end");
    viewer.press("bg");
    viewer.wait_for("lines 1-21 of 301");
    viewer.resize(40, 12);
    let small = viewer.wait_for("lines 1-9 of 301");
    assert!(small.contains("step 8") && !small.contains("step 9"), "{small}");
    viewer.press("\u{1b}");
    viewer.wait_for("the end");
    viewer.press("q");
    assert_eq!(viewer.end(), (0, true));
}

#[test]
fn links_look_the_same_on_the_screen_and_on_the_lines_that_have_left_it() {
    let dir = tempfile::tempdir().unwrap();
    let session = Session::begin(&dir.path().join("hoop"), 1, &["deploy"], (60, 12));
    let link = |target: &str, text: &str| format!("\x1b]8;;{target}\x1b\\{text}\x1b]8;;\x1b\\");
    let (doubtful, plain) =
        (link("https://evil.example/", "https://github.com/"), link("https://a.example/x", "here"));
    session.output(1_000, &format!("see {doubtful} and {plain} \x1b[4munderlined\x1b[m\r\n"));
    (0..40).for_each(|n| session.output(1_000, &format!("step {n}\r\n")));
    session.end(0);
    let started = |variables: &[(&str, &str)]| {
        let program = env!("CARGO_BIN_EXE_hoop-replay");
        Driven::start_in(variables, &[program, "last", "--at", "2"], dir.path(), (80, 20))
    };
    for variables in [&[("COLORTERM", "truecolor")][..], &[("NO_COLOR", "1")]] {
        let mut viewer = started(variables);
        let row = |viewer: &Driven| {
            let shot = viewer.snapshot();
            let row = (0..shot.rows).find(|row| shot.row_text(*row).contains("see https"))?;
            Some(shot.row(row)[..60].to_vec())
        };
        viewer.wait_for("see https://github.com/ and here");
        let live = row(&viewer).unwrap();
        assert!(
            live[4].attributes.has(Attributes::UNDERLINE) && live[4] != live[27],
            "the doubtful one stands out"
        );
        viewer.press("G");
        viewer.wait_for("step 39");
        viewer.press("bg");
        viewer.wait_until("the first lines", |text| text.contains("lines 1-") && text.contains("see https"));
        assert_eq!(row(&viewer).unwrap(), live);
        viewer.press("l");
        viewer.wait_for("the target is evil.example");
        viewer.press("j");
        viewer.wait_for("https://a.example/x");
        // A click shows the other one; Enter goes to the line's moment.
        viewer.press("\u{1b}");
        viewer.wait_for("lines 1-");
        viewer.press("\u{1b}[<0;7;2M\u{1b}[<0;7;2m");
        viewer.wait_for("the target is evil.example");
        viewer.press("\r");
        viewer.wait_for("‖ 0:1");
        viewer.press("q");
        assert_eq!(viewer.end(), (0, true));
    }
}

#[test]
fn links_are_marked_and_lead_nowhere_but_their_targets_can_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let session = Session::begin(&dir.path().join("hoop"), 1, &["deploy"], (80, 24));
    let link = |target: &str, text: &str| format!("\x1b]8;;{target}\x1b\\{text}\x1b]8;;\x1b\\");
    let long = format!("https://a.example/{}end", "path/".repeat(40));
    session.output(
        100,
        &format!(
            "see {} and {}\r\n",
            link("https://evil.example/\u{202e}", "https://github.com/"),
            link(&long, "here")
        ),
    );
    session.output(100, "done\r\n");
    session.end(0);
    let mut viewer = Driven::start(&["last"], dir.path(), (80, 24));
    viewer.wait_for("done");
    viewer.press("l");
    let first = viewer.wait_for("1 of 2");
    assert!(first.contains("the text names github.com, the target is evil.example"), "{first}");
    assert!(first.contains("https://evil.example/\\u{202e}"), "{first}");
    viewer.press("j");
    let second = viewer.wait_for("2 of 2");
    assert!(second.contains("text       here") && !second.contains("evil"), "{second}");
    viewer.wait_for("path/end");
    // On the smallest terminal all of it can be read, too.
    viewer.resize(40, 12);
    viewer.wait_for("1-3 of 10  PgUp PgDn");
    viewer.press("\u{1b}[6~\u{1b}[6~\u{1b}[6~\u{1b}[6~");
    let last = viewer.wait_for("8-10 of 10");
    assert!(last.contains("h/end"), "{last}");
    viewer.press("lq");
    let raw = viewer.raw();
    assert_eq!(viewer.end(), (0, true));
    assert!(
        !String::from_utf8_lossy(&raw.lock().unwrap()).replacen("\u{1b}]11;?", "", 1).contains("\u{1b}]"),
        "nothing of it reached the terminal"
    );
}
