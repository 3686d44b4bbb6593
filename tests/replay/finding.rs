//! The list of sessions: queries typed, completed, remembered and saved, and the way into a recording and back.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use hoop::term::Colour;
use hoop::types::Effect;

use crate::filled;
use crate::pty::Driven;
use crate::store::Session;
use crate::trouble;

const ESCAPE: &str = "\u{1b}";
const UP: &str = "\u{1b}[A";
const DOWN: &str = "\u{1b}[B";
const RIGHT: &str = "\u{1b}[C";
const DELETE: &str = "\u{1b}[3~";
const EMPTY_LINE: &str = "\u{15}";
/// What the dark theme, in 256 colours, puts behind a match.
const MARKED: Colour = Colour::Indexed(221);

fn kept(state: &Path) -> String {
    fs::read_to_string(state.join("hoop/replay/queries.toml")).unwrap_or_default()
}

#[test]
fn a_hit_is_found_while_typing_and_opened_where_it_stands() {
    let dir = filled();
    let mut viewer = Driven::start(&[], dir.path(), (110, 30));
    viewer.wait_for("3 sessions");
    viewer.press("access");
    let found = viewer.wait_for("1 of 3 sessions");
    assert!(found.contains("bash -l") && !found.contains("make deploy"), "{found}");
    let found = viewer.wait_for("AccessDenied");
    assert!(found.contains("screen"), "{found}");
    assert!(viewer.on(MARKED).to_lowercase().contains("access"), "{}", viewer.on(MARKED));
    viewer.press("\r");
    let hit = viewer.wait_for("‖ 0:32.8");
    assert!(hit.contains("(AccessDenied)") && !hit.contains("SecretString"), "{hit}");
    viewer.wait_until("the mark", |_| viewer.on(MARKED).contains("Access"));
    // One step back, and the list is as it was.
    viewer.press(ESCAPE);
    let list = viewer.wait_for("1 of 3 sessions");
    assert!(list.contains(" / access") && list.contains("AccessDenied"), "{list}");
    viewer.press("q");
    assert_eq!(viewer.end(), (0, true));
}

#[test]
fn the_list_is_left_and_found_again_at_the_same_hit() {
    let dir = filled();
    let mut viewer = Driven::start(&["-q", "deployment"], dir.path(), (80, 24));
    viewer.wait_for("▸");
    viewer.wait_for("screen");
    viewer.press(RIGHT);
    viewer.press(DOWN);
    let chosen = |text: &str| text.lines().find(|line| line.starts_with("  ▸")).map(str::to_owned);
    let list =
        viewer.wait_until("the second hit", |text| chosen(text).is_some_and(|line| !line.contains("step 0")));
    let line = chosen(&list).unwrap();
    viewer.press("\r");
    viewer.wait_for("deploy  ana@build-7");
    viewer.wait_until("the mark", |_| viewer.on(MARKED).contains("deployment"));
    viewer.press(ESCAPE);
    let list = viewer.wait_for("sessions");
    assert_eq!(chosen(&list), Some(line), "{list}");
}

#[test]
fn fields_and_values_are_completed() {
    let dir = filled();
    let mut viewer = Driven::start(&[], dir.path(), (90, 24));
    viewer.wait_for("3 sessions");
    viewer.press("dec");
    let list = viewer.wait_for("decision:");
    assert!(list.contains("what policy said"), "{list}");
    viewer.press("\t");
    viewer.wait_for(" allow");
    viewer.press("d\t");
    viewer.wait_for(" / decision:deny");
    viewer.wait_for("1 of 3 sessions");
    // Values that only the index knows, asked for while one types; arrows choose.
    viewer.press("host:");
    viewer.wait_for("build-7  3 sessions");
    viewer.press(DOWN);
    viewer.press("\r");
    viewer.wait_for("host:build-7");
    viewer.wait_for("1 of 3 sessions");
    // An empty line offers all fields.
    viewer.press(EMPTY_LINE);
    viewer.press("\t");
    let list = viewer.wait_for("user:ana");
    assert!(list.contains("whose session it was") && list.contains("after:"), "{list}");
}

#[test]
fn what_is_wrong_is_said_and_the_rows_stay() {
    let dir = filled();
    let mut viewer = Driven::start(&[], dir.path(), (90, 24));
    viewer.wait_for("3 sessions");
    viewer.press("decision:maybe");
    let list = viewer.wait_for("allow, ask");
    assert!(list.contains("bash -l"), "{list}");
    viewer.press(EMPTY_LINE);
    viewer.wait_until("hints again", |text| text.contains("Tab complete"));
    viewer.press("nothing-like-this");
    viewer.wait_for("no session fits");
    viewer.press("\u{3}");
    assert_eq!(viewer.end(), (0, true));
}

#[test]
fn queries_are_remembered_but_never_with_secrets() {
    let dir = filled();
    let mut viewer = Driven::start(&[], dir.path(), (100, 24));
    viewer.wait_for("3 sessions");
    viewer.press("user:ana make");
    viewer.wait_for("1 of 3 sessions");
    viewer.press("\r");
    viewer.wait_for("make deploy  ana@build-7");
    viewer.press(ESCAPE);
    viewer.wait_for("1 of 3 sessions");
    viewer.press("/");
    viewer.press(EMPTY_LINE);
    viewer.wait_until("all", |text| !text.contains("of 3 sessions"));
    viewer.press("aws_secret_access_key=wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzzzzzKEY");
    viewer.wait_for("no session fits");
    viewer.press(ESCAPE);
    viewer.wait_for("/ find");
    viewer.press("/");
    viewer.press(EMPTY_LINE);
    viewer.wait_until("all", |text| !text.contains("no session fits"));
    viewer.press("notes");
    viewer.wait_for("1 of 3 sessions");
    viewer.press("\r");
    viewer.wait_for("vim notes.md  ana@build-7");
    viewer.press(ESCAPE);
    viewer.wait_for("1 of 3 sessions");
    viewer.press("\u{3}");
    assert_eq!(viewer.end(), (0, true));
    let text = kept(dir.path());
    assert!(text.contains("user:ana make") && text.contains("notes") && !text.contains("wJalr"), "{text}");
    let mode = fs::metadata(dir.path().join("hoop/replay/queries.toml")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // The next viewer has them: the arrow in an empty line, and a word that narrows them.
    let mut viewer = Driven::start(&[], dir.path(), (100, 24));
    viewer.wait_for("3 sessions");
    viewer.press(UP);
    viewer.wait_for("user:ana make");
    viewer.press("make");
    viewer.wait_until("one of them", |text| !text.contains("notes\n") && text.contains("user:ana make"));
    viewer.press("\r");
    viewer.wait_for(" / user:ana make");
    viewer.wait_for("1 of 3 sessions");
    // Ctrl-R, and one that is forgotten.
    viewer.press("\u{12}");
    viewer.wait_for("user:ana make");
    viewer.press(DELETE);
    viewer.wait_for("no query asked before fits");
    viewer.press("\u{3}");
    assert_eq!(viewer.end(), (0, true));
    assert!(!kept(dir.path()).contains("user:ana make"));
}

#[test]
fn queries_are_saved_picked_and_deleted() {
    let dir = filled();
    let mut viewer = Driven::start(&["decision:deny"], dir.path(), (100, 24));
    viewer.wait_for("1 of 3 sessions");
    viewer.press("\u{13}");
    viewer.wait_for("save as @");
    viewer.press("no spaces\r");
    viewer.wait_for("letters, digits");
    viewer.press(EMPTY_LINE);
    viewer.press("denied\r");
    viewer.wait_for("hoop-replay @denied");
    viewer.press("\u{3}");
    assert_eq!(viewer.end(), (0, true));
    let mut viewer = Driven::start(&["@denied"], dir.path(), (100, 24));
    viewer.wait_for(" / decision:deny");
    viewer.wait_for("1 of 3 sessions");
    viewer.press(EMPTY_LINE);
    viewer.wait_until("all", |text| !text.contains("of 3 sessions"));
    viewer.press("@");
    let list = viewer.wait_for("@denied");
    assert!(list.contains("decision:deny"), "{list}");
    viewer.press("\r");
    viewer.wait_for("1 of 3 sessions");
    viewer.press("\u{f}");
    viewer.wait_for("@denied");
    viewer.press(DELETE);
    viewer.wait_for("no saved query fits");
    viewer.press(ESCAPE);
    viewer.wait_for(" / decision:deny");
    viewer.press("\u{3}");
    assert_eq!(viewer.end(), (0, true));
    assert!(!kept(dir.path()).contains("decision:deny"));
    assert!(trouble(dir.path(), &["@denied"], 1).contains("no query is saved as `denied`"));
    fs::write(dir.path().join("hoop/replay/queries.toml"), "asked = 1\n").unwrap();
    assert!(trouble(dir.path(), &["@denied"], 1).contains("line 1"));
    let viewer = Driven::start(&[], dir.path(), (100, 24));
    viewer.wait_for("cannot read the saved queries");
}

#[test]
fn the_mouse_chooses_opens_and_scrolls() {
    let dir = filled();
    let mut viewer = Driven::start(&[], dir.path(), (90, 24));
    viewer.wait_for("3 sessions");
    let chosen =
        |text: &str, name: &str| text.lines().any(|line| line.starts_with('▸') && line.contains(name));
    viewer.press("\u{1b}[<0;20;6M\u{1b}[<0;20;6m");
    viewer.wait_until("the third row", |text| chosen(text, "vim"));
    viewer.press("\u{1b}[<64;20;10M");
    viewer.wait_until("the second row", |text| chosen(text, "make"));
    viewer.press("\u{1b}[<65;20;10M");
    viewer.wait_until("the third row", |text| chosen(text, "vim"));
    viewer.press("\u{1b}[<0;20;6M\u{1b}[<0;20;6m");
    viewer.wait_for("vim notes.md  ana@build-7");
    viewer.press(ESCAPE);
    viewer.wait_until("the third row", |text| chosen(text, "vim"));
    viewer.press("/decision:");
    viewer.wait_for(" deny");
    // The box has allow, ask and deny below the line.
    viewer.press("\u{1b}[<0;15;5M\u{1b}[<0;15;5m");
    viewer.wait_for(" / decision:deny");
    viewer.wait_for("1 of 3 sessions");
}

#[test]
fn a_long_list_comes_in_pages_and_new_sessions_join_it() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("hoop");
    for number in 0..700 {
        let mut session = Session::begin(&state, number, &["job", &number.to_string()], (80, 24));
        session.output(5, "needle in here\r\n");
        if number == 3 {
            session.call(5, "s3:GetObject", "*", Effect::Deny);
        }
        session.end(0);
    }
    let mut viewer = Driven::start(&["needle"], dir.path(), (80, 24));
    viewer.wait_for("700 of 700 sessions");
    viewer.press(ESCAPE);
    viewer.wait_for("/ find");
    viewer.press("G");
    viewer.wait_for("job 0");
    viewer.press("g");
    viewer.wait_for("job 699");
    for _ in 0..30 {
        viewer.press("\u{1b}[6~");
    }
    viewer.wait_for("job 129");
    viewer.press("q");
    assert_eq!(viewer.end(), (0, true));
    // What was recorded meanwhile comes on top of what the index had.
    let session = Session::begin(&state, 900, &["newest"], (80, 24));
    session.output(5, "needle\r\n");
    session.end(0);
    let mut viewer = Driven::start(&[], dir.path(), (80, 24));
    let list = viewer.wait_for("701 sessions");
    assert!(list.lines().nth(3).unwrap().contains("newest"), "{list}");
    viewer.press("decision:deny");
    viewer.wait_for("1 of 701 sessions");
    viewer.wait_for("job 3");
}

#[test]
fn everything_fits_a_small_terminal() {
    let dir = filled();
    let mut viewer = Driven::start(&["AccessDenied"], dir.path(), (40, 12));
    let list = viewer.wait_for("1 of 3 sessions");
    assert!(list.contains(" / AccessDenied") && list.contains("curred (AccessDenied)"), "{list}");
    viewer.press(" decision:");
    viewer.wait_for(" deny");
    viewer.resize(160, 40);
    viewer.wait_for(" deny");
    viewer.press("deny ");
    // Beside the list where there is room.
    viewer.wait_until("the pane", |text| {
        text.lines().any(|line| line.contains('│') && line.contains("bash -l"))
    });
    viewer.press("\u{3}");
    assert_eq!(viewer.end(), (0, true));
}

#[test]
fn words_that_are_no_query_or_recording_are_explained() {
    let dir = filled();
    assert!(trouble(dir.path(), &["deploy", "user:ana"], 2).contains("--plain 'deploy user:ana'"));
    assert!(trouble(dir.path(), &["deploy", "--at", "1:00"], 2).contains("taken for a query"));
    assert!(trouble(dir.path(), &["01ZZZZ"], 1).contains("no recording `01ZZZZ`"));
    assert!(trouble(dir.path(), &["./none"], 1).contains("there is no file"));
}

#[test]
fn a_damaged_index_is_made_anew() {
    let dir = filled();
    assert!(crate::output(dir.path(), &["list"]).contains("make deploy"));
    // Its pages, but for the first ones, are overwritten: opening it goes well, asking it does not.
    let path = dir.path().join("hoop/index.db");
    let mut bytes = fs::read(&path).unwrap();
    bytes[16_384..].fill(0xa5);
    fs::write(&path, bytes).unwrap();
    let mut viewer = Driven::start(&["deployment"], dir.path(), (80, 24));
    viewer.wait_for("1 of 3 sessions");
    viewer.wait_for("make deploy");
    viewer.press("\u{3}");
    assert_eq!(viewer.end(), (0, true));
}
