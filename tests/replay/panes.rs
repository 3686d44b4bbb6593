//! The panes beside the screen, as a reviewer walks through them.

use std::fs;

use crate::pty::Driven;
use crate::store;

#[test]
fn a_tour_of_the_panes() {
    for size in [(100, 30), (200, 50), (300, 80)] {
        let dir = tempfile::tempdir().unwrap();
        store::fill_reviewed(&dir.path().join("hoop"));
        let mut viewer = Driven::start(&["last"], dir.path(), size);
        viewer.wait_for("report: reading the table");
        viewer.press(" GC");
        let table = viewer.wait_for("STATUS   TOOK");
        for part in
            ["Calls 3, 1 denied", "✓ allow    dynamodb:Query", "✗ deny     s3:DeleteObject", "403   80ms"]
        {
            assert!(table.contains(part), "{part} at {size:?}:\n{table}");
        }
        // The table, narrowed by words that are typed, then by what was decided.
        viewer.press("&QUERY");
        viewer.wait_for("only \"QUERY\": 1 of 3");
        viewer.press("\r");
        // From the call to its moment: the screen is that of then.
        viewer.press("\r");
        let then = viewer.wait_for("‖ 0:01.1");
        assert!(then.contains("reading the table") && !then.contains("two users"), "{then}");
        viewer.press("d");
        let detail = viewer.wait_for("Detail ");
        assert!(detail.contains("operation   dynamodb Query"), "{detail}");
        viewer.press("Fpassword\r");
        let found = viewer.wait_for("\"password\" 1 of ");
        assert!(found.contains("password ×1"), "{found}");
        viewer.press("nn");
        viewer.wait_for("\"S\": \"hoopmask:password:abcdefgh\"");
        viewer.press("n");
        let body = viewer.wait_for("\"Count\": 2,");
        assert!(body.contains("JSON, 118 bytes, application/x-amz-json-1.0, 1 value masked"), "{body}");
        assert!(body.contains("\\u001b[31mBo"), "{body}");
        // Out of the search, the detail, the narrowed table; on to the command that made the next call.
        viewer.press("\u{1b}");
        viewer.wait_until("the end of the search", |text| !text.contains("\"password\" "));
        viewer.press("d");
        viewer.wait_until("the list alone", |text| !text.contains("Detail "));
        viewer.press("ww");
        viewer.wait_for("only asked, \"QUERY\": 0 of 3");
        viewer.press("\u{1b}");
        viewer.wait_for("s3:ListBucket");
        viewer.press("Gkk");
        viewer.press("u");
        let commands = viewer.wait_for("COMMAND");
        assert!(commands.contains("$ python3 report.py") && commands.contains("CALLS"), "{commands}");
        viewer.press("j");
        viewer.press("o");
        viewer.wait_for("only of aws s3 ls s3://reports: 2 of 3");
        viewer.press("d");
        viewer.press("F<key>\r");
        let body = viewer.wait_for("<Key>2026/07.csv</Key>");
        assert!(body.contains("XML, "), "{body}");
        viewer.press("d");
        viewer.wait_until("the list alone", |text| !text.contains("Detail "));
        viewer.press("A");
        let alerts = viewer.wait_for("▲ alert secret-harvest");
        assert!(
            alerts.contains("Alerts 1, 2 masked") && alerts.contains("▒ masked in terminal jwt ×3"),
            "{alerts}"
        );
        viewer.press("o");
        viewer.wait_for("▸");
        viewer.press("I");
        viewer.wait_for("repository  github.com/shop/web");
        viewer.press("jjjjjjjj");
        viewer.wait_for("known by    corp, verified");
        for _ in 0..60 {
            viewer.press("j");
        }
        let end = viewer.wait_for("seal        sealed, at 2025-11-21 08:18:");
        assert!(end.contains("bodies      2 files, "), "{end}");
        viewer.press("q");
        assert_eq!(viewer.end(), (0, true));
    }
}

#[test]
fn one_thing_at_a_time_on_a_small_terminal() {
    let dir = tempfile::tempdir().unwrap();
    store::fill_reviewed(&dir.path().join("hoop"));
    let mut viewer = Driven::start(&["last"], dir.path(), (40, 12));
    viewer.wait_for("report:");
    viewer.press(" G");
    viewer.press("\t");
    viewer.wait_for("‹ All 7, 1 denied ›");
    viewer.press("\t");
    viewer.wait_for("‹ Calls 3, 1 denied ›");
    viewer.press("\u{1b}[Z");
    viewer.wait_for("‹ All 7");
    viewer.press("C");
    viewer.wait_for("✗ s3:DeleteObject");
    viewer.press("\r");
    viewer.wait_for("‖ 0:05");
    viewer.press("d");
    viewer.wait_for("decision    deny");
    viewer.press("\t");
    viewer.wait_for("‹ Calls 3");
    viewer.press("cq");
    assert_eq!(viewer.end(), (0, true));
}

#[test]
fn the_mouse_finds_tabs_and_marks() {
    let dir = tempfile::tempdir().unwrap();
    store::fill_reviewed(&dir.path().join("hoop"));
    let mut viewer = Driven::start(&["last"], dir.path(), (200, 50));
    viewer.wait_for("report: reading");
    viewer.press(" ");
    let shown = viewer.wait_for("✗ s3:DeleteObject");
    let at = |line: &str, what: &str| line[..line.find(what).unwrap()].chars().count() + 1;
    let tab = at(shown.lines().nth(1).unwrap(), "Alerts");
    viewer.press(&format!("\u{1b}[<0;{tab};2M"));
    viewer.wait_for("▒ masked in terminal");
    let bar = viewer.text();
    let mark = at(bar.lines().nth(48).unwrap(), "✗");
    viewer.press(&format!("\u{1b}[<35;{mark};49M"));
    viewer.wait_for("✗ s3:DeleteObject  403  arn:aws:s3:::reports/2026/07.csv");
    viewer.press(&format!("\u{1b}[<0;{mark};49M"));
    viewer.wait_for("‖ 0:05.2");
    viewer.press("q");
    assert_eq!(viewer.end(), (0, true));
}

#[test]
fn a_body_that_was_changed_or_is_gone_is_said_to_be_so() {
    let dir = tempfile::tempdir().unwrap();
    let folder = store::fill_reviewed(&dir.path().join("hoop"));
    let bodies = fs::read_dir(folder.join("bodies")).unwrap().map(|file| file.unwrap().path());
    let bomb = zstd::encode_all(&vec![b'['; 64 << 20][..], 1).unwrap();
    for path in bodies {
        fs::remove_file(&path).unwrap();
        fs::write(&path, &bomb).unwrap();
    }
    let mut viewer = Driven::start_within(640 << 10, &["last"], dir.path(), (100, 30));
    viewer.wait_for("report: reading");
    viewer.press(" GCkkd");
    viewer.press("Fcannot be shown\r");
    let shown = viewer.wait_for("\"cannot be shown\" 1 of 1");
    assert!(shown.contains("it was changed"), "{shown}");
    viewer.press("q");
    assert_eq!(viewer.end(), (0, true));
}
