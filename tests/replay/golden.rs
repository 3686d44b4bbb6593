//! The viewer's screens, whole, at several sizes, against `tests/golden/viewer/*.txt`; one of them with its colours.
//!
//! `HOOP_BLESS=1 cargo test --test replay golden` writes the files anew; look at the difference before you commit it.
//!
//! A tour waits for the very screen that is in the file, so nothing here depends on how fast anything is. Words and places of
//! single things are tested elsewhere: here are few screens, the ones that everybody sees.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use hoop::audit::Alert;
use hoop::audit::Answer;
use hoop::audit::ApprovalAnswered;
use hoop::audit::ApprovalAsked;
use hoop::audit::Event;
use hoop::term::Attributes;
use hoop::term::Cell;
use hoop::term::Colour;
use hoop::term::Rgb;
use hoop::term::Snapshot;
use hoop::types::Effect;
use hoop::types::Micros;

use crate::pty::Driven;
use crate::store;
use crate::store::Session;

/// How long a screen may take to come, and how long it must stay to be written down.
const PATIENCE: Duration = Duration::from_secs(30);
const STILL: Duration = Duration::from_millis(1_500);
/// The store lies in a folder whose name is as long everywhere, with this at its end in the files.
const FOLDER: &str = "hoop-golden-";

/// A store of five sessions; the newest has something of everything.
fn filled() -> tempfile::TempDir {
    let dir = tempfile::Builder::new().prefix(FOLDER).rand_bytes(6).tempdir_in("/tmp").unwrap();
    let state = dir.path().join("hoop");
    store::fill(&state);
    store::fill_commands(&state);
    everything(&state);
    dir
}

fn everything(state: &Path) {
    let mut session = Session::begin(state, 5, &["claude"], (80, 24));
    session.output(300, "\x1b[1;35m✻\x1b[m \x1b[1mtidy up the reports bucket\x1b[m\r\n\r\n");
    session.start(200, 1, 0, "claude");
    session.output(900, "\x1b[32m●\x1b[m Bash(aws s3 ls s3://reports)\r\n");
    session.start(20, 2, 1, "aws s3 ls s3://reports");
    session.called_by(Some(2));
    session.call(400, "s3:ListBucket", "arn:aws:s3:::reports", Effect::Allow);
    session.output(
        60,
        "  ⎿ 2026-07-01 10:12:13  1048576 july.csv\r\n    2026-06-01 08:00:00      512 世界.csv\r\n",
    );
    session.stop(30, 2, 0);
    session.output(6_000, "\x1b[32m●\x1b[m Bash(aws s3 rm s3://reports/july.csv)\r\n");
    session.start(20, 3, 1, "aws s3 rm s3://reports/july.csv");
    session.called_by(Some(3));
    let question = "s3:DeleteObject on arn:aws:s3:::reports/july.csv".to_owned();
    session.event(
        300,
        &Event::ApprovalAsked(ApprovalAsked {
            id: "q1".to_owned(),
            question,
            rule: Some("rule \"destructive\" (team.toml:14)".to_owned()),
            needs: vec!["1 of group security".to_owned()],
            ttl: Micros(300_000_000),
            ..ApprovalAsked::default()
        }),
    );
    session.event(
        9_000,
        &Event::ApprovalAnswered(ApprovalAnswered {
            id: "q1".to_owned(),
            answer: Answer::Granted,
            by: Some("bo".to_owned()),
            via: Some("page".to_owned()),
            reason: Some("ticket 17".to_owned()),
            scope: Some("once".to_owned()),
            took: Micros(9_000_000),
            ..ApprovalAnswered::default()
        }),
    );
    session.call(10, "s3:DeleteObject", "arn:aws:s3:::reports/july.csv", Effect::Ask);
    session.output(80, "  ⎿ delete: s3://reports/july.csv\r\n");
    session.stop(30, 3, 0);
    session.start(2_000, 4, 1, "aws iam create-access-key --user-name ci");
    session.called_by(Some(4));
    session.call(350, "iam:CreateAccessKey", "arn:aws:iam::123456789012:user/ci", Effect::Deny);
    let message = "5 refused calls within a minute".to_owned();
    session.event(
        10,
        &Event::Alert(Alert { name: "probing".to_owned(), message, call: Some(3), ..Alert::default() }),
    );
    session.output(
        50,
        "\x1b[31m  ⎿ An error occurred (AccessDenied) when calling the CreateAccessKey operation\x1b[m\r\n",
    );
    session.stop(20, 4, 254);
    session.output(1_500, "\x1b[38;2;200;150;90mDone: one file deleted, one call refused.\x1b[m\r\n");
    session.stop(100, 1, 0);
    session.end(0);
}

/// The rows of a screen, without what is different in each run.
fn rows(shot: &Snapshot) -> String {
    let mut text = String::new();
    for row in 0..shot.rows {
        text.push_str(&steady(&shot.row_text(row)));
        text.push('\n');
    }
    text
}

/// The random part of the folder's name as `xxxxxx`, also where the name is cut off.
fn steady(row: &str) -> String {
    let Some(at) = row.find(FOLDER) else { return row.to_owned() };
    let (before, after) = row.split_at(at + FOLDER.len());
    let name = after.chars().take(6).take_while(char::is_ascii_alphanumeric).count();
    format!("{before}{}{}", "x".repeat(name), &after[name..])
}

/// How each row looks, in words: stretches of columns with their colours and attributes, where these are not the terminal's own.
fn looks(shot: &Snapshot) -> String {
    let mut text = String::new();
    for row in 0..shot.rows {
        let cells = shot.row(row);
        let mut from = 0;
        while from < cells.len() {
            let look = look(&cells[from]);
            let to = cells[from..]
                .iter()
                .position(|cell| self::look(cell) != look)
                .map_or(cells.len(), |at| from + at);
            if !look.is_empty() {
                text.push_str(&format!("row {}, columns {}-{to}:{look}\n", row + 1, from + 1));
            }
            from = to;
        }
    }
    text
}

fn look(cell: &Cell) -> String {
    let colour = |name: &str, colour: Option<Colour>| match colour {
        None => String::new(),
        Some(Colour::Indexed(number)) => format!(" {name} {number}"),
        Some(Colour::Rgb(Rgb(r, g, b))) => format!(" {name} #{r:02x}{g:02x}{b:02x}"),
    };
    let mut text = colour("ink", cell.foreground) + &colour("ground", cell.background);
    for (attribute, name) in [
        (Attributes::BOLD, " bold"),
        (Attributes::FAINT, " faint"),
        (Attributes::ITALIC, " italic"),
        (Attributes::UNDERLINE, " underlined"),
        (Attributes::STRUCK, " struck"),
        (Attributes::INVERSE, " inverse"),
    ] {
        if cell.attributes.has(attribute) {
            text.push_str(name);
        }
    }
    text
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/viewer/{name}.txt"))
}

fn is_blessing() -> bool {
    std::env::var_os("HOOP_BLESS").is_some()
}

/// Waits for the screen that the file `name` holds.
fn golden(viewer: &Driven, name: &str, shown: impl Fn(&Snapshot) -> String) {
    let (file, begun) = (file(name), Instant::now());
    if is_blessing() {
        let (mut last, mut since) = (String::new(), Instant::now());
        while since.elapsed() < STILL {
            let now = shown(&viewer.snapshot());
            if now != last {
                (last, since) = (now, Instant::now());
            }
            assert!(begun.elapsed() < PATIENCE, "{name} does not stay as it is:\n{last}");
            thread::sleep(Duration::from_millis(50));
        }
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, last).unwrap();
        return;
    }
    let wanted = fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("{}: {error}; HOOP_BLESS=1 writes it", file.display()));
    loop {
        let now = shown(&viewer.snapshot());
        if now == wanted {
            return;
        }
        assert!(
            begun.elapsed() < PATIENCE,
            "this screen did not come; HOOP_BLESS=1 writes the files anew\n{}",
            difference(&file, &wanted, &now)
        );
        thread::sleep(Duration::from_millis(20));
    }
}

fn difference(file: &Path, wanted: &str, now: &str) -> String {
    let mut text = format!("--- {}\n+++ the viewer\n", file.display());
    let (mut old, mut new) = (wanted.lines(), now.lines());
    loop {
        match (old.next(), new.next()) {
            (None, None) => return text,
            (old, new) if old == new => text.push_str(&format!("  {}\n", new.unwrap_or_default())),
            (old, new) => {
                old.iter().for_each(|row| text.push_str(&format!("- {row}\n")));
                new.iter().for_each(|row| text.push_str(&format!("+ {row}\n")));
            }
        }
    }
}

fn tour((cols, rows_high): (u16, u16)) {
    let dir = filled();
    let mut viewer = Driven::start(&[], dir.path(), (cols, rows_high));
    let at = |name: &str| format!("{cols}x{rows_high}-{name}");
    golden(&viewer, &at("1-list"), rows);
    viewer.press("\r");
    viewer.wait_until("the recording", |text| !text.contains("make deploy"));
    // The end is the same whatever has been played until then.
    viewer.press("G");
    golden(&viewer, &at("2-end"), rows);
    // Back over the alert to the refused call.
    viewer.press("[[");
    golden(&viewer, &at("3-moment"), rows);
    viewer.press("d");
    golden(&viewer, &at("4-detail"), rows);
    if (cols, rows_high) == (80, 24) {
        golden(&viewer, &at("4-detail-looks"), looks);
    }
    viewer.press("d");
    golden(&viewer, &at("3-moment"), rows);
    viewer.press("?");
    golden(&viewer, &at("5-help"), rows);
    viewer.press("?");
    golden(&viewer, &at("3-moment"), rows);
    viewer.press("\u{3}");
    assert_eq!(viewer.end(), (0, true));
}

#[test]
fn golden_screens_of_40_by_12() {
    tour((40, 12));
}

#[test]
fn golden_screens_of_80_by_24() {
    tour((80, 24));
}

#[test]
fn golden_screens_of_120_by_30() {
    tour((120, 30));
}

#[test]
fn golden_screens_of_200_by_50() {
    tour((200, 50));
}
