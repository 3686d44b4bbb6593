//! Commands as a tree: seen, walked, and from hostile recordings.

use std::time::Instant;

use hoop::audit::CommandEnd;
use hoop::audit::CommandFailed;
use hoop::audit::CommandStart;
use hoop::audit::CommandTyped;
use hoop::audit::Event;
use hoop::types::Effect;
use hoop::types::Micros;

use crate::pty::Driven;
use crate::store;
use crate::store::Session;

#[test]
fn a_tour_of_the_commands() {
    for size in [(80, 24), (200, 50)] {
        let dir = tempfile::tempdir().unwrap();
        store::fill_commands(&dir.path().join("hoop"));
        let mut viewer = Driven::start(&["last"], dir.path(), size);
        viewer.wait_for("part.c");
        viewer.press(" G");
        if size.0 == 80 {
            viewer.press("c");
        }
        viewer.wait_for("✓ sts:GetCallerIdentity");
        for part in [
            "All 64, 2 denied",
            "  → aws s3 rm s3://billing/2026/07.csv",
            "    ✗ s3:DeleteObject",
            "  ✗ terraform destroy -auto-approve",
            "refused",
            "1m05s    sig 9",
        ] {
            viewer.wait_for(part);
        }
        // From the denied call to its command, from there to its first call, and back up to the shell.
        viewer.press("kkkd");
        viewer.wait_for("operation   s3 DeleteObject");
        viewer.wait_for("made by     95 aws s3 rm s3://billing");
        viewer.wait_for("by          1 bash");
        viewer.press("u");
        viewer.wait_for("made        s3:ListBucket and 1 more");
        viewer.wait_for("started by  1 bash");
        viewer.wait_for("ended       exit 1");
        viewer.press("o");
        viewer.wait_for("s3 ListBucket (read)");
        viewer.press("uu");
        viewer.wait_for("process     101, started by 0");
        viewer.press("u");
        viewer.wait_for("nothing is known to stand behind");
        viewer.press("o");
        viewer.wait_for("sts GetCallerIdentity");
        // Up to what was looked for along PATH, and what was run fifty times.
        viewer.press("kkkkkkk");
        viewer.wait_for("there is no such file");
        viewer.press("kk");
        viewer.wait_for("times       50; this is the first");
        viewer.press("k");
        viewer.wait_for("looked for  in 2 places along PATH before");
        viewer.wait_for("by          make deploy 2>&1 | tee \\e[31mlog");
        viewer.press("d");
        viewer.wait_for("$ cc -c -O2 part.c ×50");
        viewer.wait_for("$ ld -o site");
        viewer.press("q");
        assert_eq!(viewer.end(), (0, true));
    }
}

#[test]
fn a_hostile_recording_is_shown_as_well_as_it_can_be() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("hoop");
    let mut session = Session::begin(&state, 1, &["evil"], (80, 24));
    session.output(10, "something\r\n");
    let start = |id, parent, replaces, word: &str| {
        let argv = vec![word.to_owned()];
        Event::CommandStart(CommandStart { id, parent, replaces, argv, ..CommandStart::default() })
    };
    let end = |id, replaced_by| {
        Event::CommandEnd(CommandEnd { id, replaced_by, took: Micros(u64::MAX), ..CommandEnd::default() })
    };
    for event in [
        end(9, Some(9)),
        start(2, Some(3), None, "circle"),
        start(3, Some(2), Some(2), "circle"),
        start(3, Some(3), Some(3), "its own parent"),
        start(0, Some(0), None, "nothing"),
        start(u64::MAX, Some(u64::MAX), None, "\u{1b}]0;owned\u{7}\u{202e}"),
        end(u64::MAX, Some(0)),
        Event::CommandStart(CommandStart { id: 7, truncated: true, ..CommandStart::default() }),
        Event::CommandTyped(CommandTyped { took: Micros(u64::MAX), ..CommandTyped::default() }),
        Event::CommandTyped(CommandTyped { line: "a\r\nb".into(), ..CommandTyped::default() }),
        Event::CommandFailed(CommandFailed { parent: Some(77), ..CommandFailed::default() }),
    ] {
        session.event(1, &event);
    }
    session.called_by(Some(4_711));
    session.call(1, "s3:GetObject", "*", Effect::Allow);
    // Deeper than any tree, more than are kept.
    for id in 1_000..121_000 {
        session.event(0, &start(id, Some(id - 1), None, "deeper"));
    }
    session.output(1_000, "the end\r\n");
    session.end(0);
    let mut viewer = Driven::start(&["last"], dir.path(), (80, 24));
    viewer.wait_for("something");
    viewer.press("c");
    viewer.wait_for("All 1000");
    viewer.press("G");
    viewer.wait_for("! list cut here");
    // A hundred pictures of a hundred thousand rows.
    let began = Instant::now();
    for _ in 0..50 {
        viewer.press("kj");
    }
    viewer.press("d");
    viewer.wait_for("later moments are not shown");
    assert!(began.elapsed().as_secs() < 10, "{:?}", began.elapsed());
    viewer.press("dgkkkkkkkkk");
    for _ in 0..12 {
        viewer.press("d");
        viewer.press("uod");
        viewer.press("j");
    }
    viewer.press("q");
    assert_eq!(viewer.end(), (0, true));
}
