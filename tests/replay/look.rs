//! How the viewer looks on terminals of all kinds, and with a person's own themes and keys.

use std::fs;
use std::path::Path;

use hoop::term::Rgb;

use crate::filled;
use crate::pty::Driven;
use crate::run;

const BIN: &str = env!("CARGO_BIN_EXE_hoop-replay");

fn started(variables: &[(&str, &str)], arguments: &[&str], state: &Path, size: (u16, u16)) -> Driven {
    Driven::start_in(variables, &[&[BIN], arguments].concat(), state, size)
}

fn has(viewer: &Driven, bytes: &[u8]) -> bool {
    viewer.raw().lock().unwrap().windows(bytes.len()).any(|window| window == bytes)
}

/// `light`'s ground among 256 colours, as bytes that set it.
fn light() -> Vec<u8> {
    format!("48;5;{}", Rgb(255, 255, 255).nearest_indexed()).into_bytes()
}

#[test]
fn the_theme_follows_the_terminal_and_its_answers_are_no_keys() {
    let dir = filled();
    let mut viewer = Driven::start(&["last"], dir.path(), (90, 30));
    viewer.wait_until("the question", |_| has(&viewer, b"\x1b]11;?\x1b\\\x1b[c"));
    viewer.wait_for("bash -l  ana@build-7");
    assert!(!has(&viewer, &light()), "dark as long as nobody knows");
    // In pieces, as a slow line brings it, with keys around it.
    for piece in ["?\u{1b}", "]11;rgb:ff", "ff/ffff/ffff\u{1b}", "\\\u{1b}[?6", "2;22c"] {
        viewer.press(piece);
    }
    viewer.wait_until("the light theme", |text| has(&viewer, &light()) && text.contains("play, pause"));
    viewer.press("?");
    viewer.wait_until("no keys", |text| !text.contains("play, pause") && !text.contains("means nothing"));
    // News that it has become dark, and light again.
    assert!(has(&viewer, b"\x1b[?2031h"));
    viewer.press("\u{1b}[?997;1n");
    let last =
        |bytes: &[u8]| viewer.raw().lock().unwrap().windows(bytes.len()).rposition(|window| window == bytes);
    viewer.wait_until("the terminal's own ground", |_| last(b";49m") > last(&light()));
    viewer.press("t");
    viewer.wait_for("▸● auto");
    viewer.press("\u{1b}");
    viewer.wait_until("the list gone", |text| !text.contains(" themes "));
    viewer.press("q");
    let raw = viewer.raw();
    assert_eq!(viewer.end(), (0, true));
    let raw = raw.lock().unwrap();
    assert!(raw.windows(8).any(|window| window == b"\x1b[?2031l"), "the news are ended");
}

#[test]
fn a_light_terminal_is_never_drawn_on_darkly() {
    let dir = filled();
    let mut viewer = started(&[("COLORFGBG", "0;15")], &["last"], dir.path(), (90, 30));
    viewer.wait_for("bash -l  ana@build-7");
    assert!(has(&viewer, &light()));
    viewer.press("q");
    assert_eq!(viewer.end(), (0, true));
}

#[test]
fn terminals_with_few_colours_or_letters_get_no_others() {
    let dir = filled();
    for (variables, arguments, asks, colours) in [
        (&[("NO_COLOR", "1")][..], &["last"][..], false, 0),
        (&[("TERM", "dumb")], &["last"], false, 0),
        (&[("TERM", "vt220")], &["last"], false, 0),
        (&[("TERM", "linux")], &["last"], false, 16),
        (&[("TERM", "screen")], &["last", "--ascii"], true, 16),
        (&[("LANG", "C")], &["last", "--theme", "nord"], true, 256),
        (&[("HOOP_REPLAY_ASCII", "always")], &["last", "--theme", "nord"], true, 256),
    ] {
        let mut viewer = started(variables, arguments, dir.path(), (90, 30));
        viewer.wait_for("bash -l  ana@build-7");
        viewer.press("cGt");
        viewer.wait_for(" themes ");
        viewer.press("j\u{1b}");
        viewer.wait_until("no themes", |text| !text.contains(" themes "));
        viewer.press("?");
        viewer.wait_for("play, pause");
        viewer.press("?q");
        let raw = viewer.raw();
        assert_eq!(viewer.end(), (0, true));
        let bytes = raw.lock().unwrap().clone();
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(text.contains("\u{1b}]11;?"), asks, "{variables:?}");
        let is_ascii = variables[0].0 != "NO_COLOR";
        assert_eq!(text.is_ascii(), is_ascii, "{variables:?}");
        let numbers = text.split("8;5;").skip(1).map(|rest| {
            rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse::<u16>().unwrap()
        });
        let most = numbers.map(|number| number + 1).max().unwrap_or(0);
        assert!(most <= colours && (most > 0) == (colours > 0), "{variables:?}: {most}");
    }
}

fn configured(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = dir.path().join("hoop").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    dir
}

#[test]
fn a_person_has_themes_and_keys_of_their_own() {
    let dir = filled();
    let nord = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/themes/nord.toml")).unwrap();
    let config = configured(&[
        ("themes/mine.toml", &nord.replace("#2e3440", "#123456")),
        ("themes/broken.toml", "[look]\ntext = 5\n"),
        ("config.toml", "[replay]\ntheme = \"mine\"\n"),
        ("keys.toml", "[recording]\ntoggle-play = [\"p\"]\nnext-denial = [\"x x\", \"' d\"]\n"),
    ]);
    let variables = [("XDG_CONFIG_HOME", config.path().to_str().unwrap()), ("COLORTERM", "truecolor")];
    let mut viewer = started(&variables, &["last"], dir.path(), (110, 30));
    viewer.wait_for("bash -l  ana@build-7");
    assert!(has(&viewer, b"48;2;18;52;86"), "its own ground");
    viewer.wait_for(" p play ");
    viewer.press("t");
    let list = viewer.wait_for("broken");
    assert!(list.contains("▸● mine"), "{list}");
    viewer.press("\u{1b}");
    viewer.wait_until("no themes", |text| !text.contains(" themes "));
    viewer.press("x");
    viewer.wait_for("next denial");
    viewer.press("x");
    viewer.wait_for("‖ 0:32.7");
    viewer.press("?/denial");
    viewer.wait_for("x x");
    viewer.press("\r?q");
    assert_eq!(viewer.end(), (0, true));
}

#[test]
fn a_theme_that_is_kept_stands_in_the_configuration_and_what_hinders_that_is_told() {
    let dir = filled();
    let config = configured(&[("config.toml", "# mine\n[replay] # of the viewer\nidle_limit = \"3s\"\n")]);
    let file = config.path().join("hoop/config.toml");
    let home = config.path().to_str().unwrap();
    let variables = [("XDG_CONFIG_HOME", home), ("COLORTERM", "truecolor")];
    let mut viewer = started(&variables, &["last"], dir.path(), (110, 30));
    viewer.wait_for("bash -l  ana@build-7");
    viewer.press("tG");
    viewer.wait_for("▸  nord");
    viewer.press("\r");
    viewer.wait_for(&format!("theme nord, saved in {}", file.display()));
    let kept = "# mine\n[replay] # of the viewer\ntheme = \"nord\"\nidle_limit = \"3s\"\n";
    assert_eq!(fs::read_to_string(&file).unwrap(), kept);
    // Looked at only: nothing is written.
    viewer.press("tk");
    viewer.wait_for("▸  gruvbox");
    viewer.press("\u{1b}");
    viewer.wait_until("no themes", |text| !text.contains(" themes "));
    assert_eq!(fs::read_to_string(&file).unwrap(), kept);
    // It was broken meanwhile: the reason, what to write, and not a byte of it changed.
    fs::write(&file, "[replay\n").unwrap();
    viewer.press("tg\r");
    let told = viewer.wait_for("not saved");
    for part in ["config.toml:1:", "[replay]", "theme = \"auto\"", "Esc close"] {
        assert!(told.contains(part), "{part}:\n{told}");
    }
    viewer.press("\u{1b}");
    viewer.wait_until("the recording", |text| !text.contains("not saved"));
    assert_eq!(fs::read_to_string(&file).unwrap(), "[replay\n");
    // Who leaves at once has kept it all the same.
    fs::write(&file, kept).unwrap();
    viewer.press("tgjj\rq");
    assert_eq!(viewer.end(), (0, true));
    assert_eq!(fs::read_to_string(&file).unwrap(), kept.replace("nord", "light"));
    let variables = [("XDG_CONFIG_HOME", home), ("HOOP_REPLAY_THEME", "dark"), ("NO_COLOR", "1")];
    let mut viewer = started(&variables, &["last"], dir.path(), (110, 30));
    viewer.wait_for("bash -l  ana@build-7");
    viewer.press("tG\r");
    viewer.wait_for("HOOP_REPLAY_THEME goes before it");
    viewer.press("q");
    assert_eq!(viewer.end(), (0, true));
}

#[test]
fn wrong_keys_and_themes_are_told_with_their_line() {
    let dir = filled();
    let config = configured(&[
        ("keys.toml", "[recording]\ntogle-play = \"p\"\nup = \"Ctlr-x\"\n"),
        ("themes/mine.toml", "[look]\ntxet = {}\n"),
    ]);
    let wrong = |arguments: &[&str]| {
        let done = std::process::Command::new(BIN)
            .args(arguments)
            .env_clear()
            .env("XDG_STATE_HOME", dir.path())
            .env("XDG_CONFIG_HOME", config.path())
            .output()
            .unwrap();
        assert!(!done.status.success(), "{done:?}");
        String::from_utf8(done.stderr).unwrap()
    };
    let told = wrong(&["keys"]);
    for part in [
        "2 faults",
        "keys.toml:2:1: unknown action `togle-play`",
        "did you mean `toggle-play`?",
        "keys.toml:3:6",
    ] {
        assert!(told.contains(part), "{part}:\n{told}");
    }
    let told = wrong(&["last", "--theme", "mine"]);
    assert!(told.contains("mine.toml:2") && told.contains("did you mean `text`?"), "{told}");
    let told = wrong(&["last", "--theme", "nrod"]);
    assert!(told.contains("did you mean `nord`?") && told.contains("mine"), "{told}");
}

#[test]
fn the_keys_can_be_listed_and_started_from() {
    let dir = tempfile::tempdir().unwrap();
    let done = run(dir.path(), &["keys"]);
    let text = String::from_utf8(done.stdout).unwrap();
    assert!(done.status.success() && done.stderr.is_empty());
    for part in [
        "[sessions]",
        "[recording]",
        "[anywhere]",
        "#toggle-play = [\"space\"]",
        "#quit = [\"q\", \"ctrl-c\"]",
    ] {
        assert!(text.contains(part), "{part}:\n{text}");
    }
    let file = dir.path().join("keys.toml");
    fs::write(&file, text.replace("#toggle-play = [\"space\"]", "toggle-play = [\"p\"]")).unwrap();
    let again = std::process::Command::new(BIN)
        .arg("keys")
        .env_clear()
        .env("HOOP_REPLAY_KEYS", &file)
        .output()
        .unwrap();
    assert!(again.status.success(), "{again:?}");
    assert!(String::from_utf8(again.stdout).unwrap().contains("\ntoggle-play = [\"p\"]"));
}
