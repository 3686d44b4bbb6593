//! That the table is sound, and the user's own keys do what they say.

use crossterm::event::KeyCode;
use crossterm::event::KeyEvent;
use crossterm::event::KeyModifiers;

use super::*;
use crate::replay::keymap;
use crate::types::Micros;

fn pressed(keys: &Keys, context: Context, pressed: &[&str]) -> Found {
    let (last, before) = pressed.split_last().unwrap();
    let before: Vec<String> = before.iter().map(|key| (*key).to_owned()).collect();
    keys.resolve(context, &before, last)
}

fn faults(text: &str) -> String {
    read(text, "keys.toml").unwrap_err().to_string()
}

#[test]
fn keys_mean_what_the_table_says() {
    let event = |code, modifiers| keymap::name(&KeyEvent::new(code, modifiers)).unwrap();
    let resolve = |key: String, context| Keys::usual().resolve(context, &[], &key);
    let plain = |c| event(KeyCode::Char(c), KeyModifiers::NONE);
    assert_eq!(resolve(plain(' '), Context::Recording), Found::Action(Action::TogglePlay));
    assert_eq!(resolve(plain(','), Context::Sessions), Found::Nothing);
    let shift_left = event(KeyCode::Left, KeyModifiers::SHIFT);
    assert_eq!(resolve(shift_left, Context::Recording), Found::Action(Action::SeekBack(Micros(60_000_000))));
    let shifted = event(KeyCode::Char('G'), KeyModifiers::SHIFT);
    assert_eq!(resolve(shifted, Context::Recording), Found::Action(Action::SeekEnd));
    let control = event(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert_eq!(resolve(control, Context::Recording), Found::Action(Action::Quit));
    assert_eq!(resolve(plain('c'), Context::Recording), Found::Action(Action::ToggleList));
    assert_eq!(resolve(plain('\''), Context::Recording), Found::Prefix);
    assert_eq!(pressed(Keys::usual(), Context::Recording, &["'", "d"]), Found::Action(Action::NextDenial));
    assert_eq!(pressed(Keys::usual(), Context::Recording, &["'", "q"]), Found::Nothing);
}

#[test]
fn the_table_is_sound() {
    for context in contexts_of_table() {
        let ways = Keys::usual().ways(context);
        for (at, way) in ways.iter().enumerate() {
            for other in &ways[..at] {
                assert!(!clash(&way.strokes, &other.strokes), "{context:?}: {way:?} and {other:?}");
            }
            let keys = way.strokes.join(" ");
            assert_eq!(stroke::parse(&keys).as_ref(), Ok(&way.strokes), "{keys}");
        }
        assert!(ways.iter().any(|way| TABLE[way.line].action == Action::Quit), "{context:?}");
    }
    for binding in TABLE.iter().filter(|binding| !binding.shown.is_empty()) {
        assert!(!binding.help.is_empty() && !binding.keys.is_empty(), "{}", binding.shown);
    }
}

#[test]
fn what_the_list_of_keys_prints_can_be_read_again() {
    let usual = Keys::usual().to_toml();
    for part in [
        "[recording]",
        "#toggle-play = [\"space\"]",
        "# play, pause",
        "#pan-left = [\"H\"]",
        "#seek-30-percent = [\"3\"]",
    ] {
        assert!(usual.contains(part), "{part}:\n{usual}");
    }
    assert_eq!(read(&usual, "keys.toml").unwrap().to_toml(), usual);
    let tables = &usual[usual.find("\n[").unwrap()..];
    let open = tables
        .replace("\n#", "\n")
        .lines()
        .filter(|line| line.contains(" = ") || line.starts_with('['))
        .collect::<Vec<_>>()
        .join("\n");
    let again = read(&open, "keys.toml").unwrap_or_else(|faults| panic!("{faults}\n{open}"));
    assert!(again.to_toml().contains("\ntoggle-play = [\"space\"]"));
    for (context, ways) in &Keys::usual().contexts {
        for way in ways {
            let keys: Vec<&str> = way.strokes.iter().map(String::as_str).collect();
            assert_eq!(pressed(&again, *context, &keys), Found::Action(TABLE[way.line].action), "{keys:?}");
        }
    }
}

#[test]
fn own_keys_take_the_place_of_built_in_ones() {
    let text = "[recording]\ntoggle-play = [\"p\", \"Ctrl-Space\"]\nnext-marker = []\ntoggle-detail = \"c\"\n\
                seek-start = [\"g g\"]\n[anywhere]\nquit = [\"ctrl-q\", \"q\"]\n";
    let keys = read(text, "keys.toml").unwrap_or_else(|faults| panic!("{faults}"));
    let here = |keys_pressed: &[&str]| pressed(&keys, Context::Recording, keys_pressed);
    assert_eq!(here(&["p"]), Found::Action(Action::TogglePlay));
    assert_eq!(here(&["ctrl-space"]), Found::Action(Action::TogglePlay));
    assert_eq!(here(&["space"]), Found::Nothing);
    assert_eq!(here(&["m"]), Found::Nothing);
    assert_eq!(here(&["c"]), Found::Action(Action::ToggleDetail));
    assert_eq!(here(&["d"]), Found::Nothing);
    assert_eq!(here(&["g"]), Found::Prefix);
    assert_eq!(here(&["g", "g"]), Found::Action(Action::SeekStart));
    assert_eq!(here(&["ctrl-c"]), Found::Nothing);
    assert_eq!(here(&["ctrl-q"]), Found::Action(Action::Quit));
    assert_eq!(pressed(&keys, Context::Sessions, &["g"]), Found::Action(Action::First));
    let lines = keys.lines(Context::Recording, false);
    let shown = |wanted: &str| {
        lines.iter().find_map(|line| match line {
            Line::Keys { shown, help, .. } if help.starts_with(wanted) => Some(shown.as_str()),
            _ => None,
        })
    };
    assert_eq!(shown("play, pause"), Some("p Ctrl-Space"));
    assert_eq!(shown("the next marker, "), Some("M"));
    assert_eq!(shown("the list beside"), Some(""));
    assert_eq!(shown("5 seconds"), Some("← →"));
    let listed = keys.to_toml();
    for part in [
        "\ntoggle-play = [\"p\", \"ctrl-space\"]",
        "\nnext-marker = []",
        "\ntoggle-list = []",
        "\n#up = [\"up\", \"k\"]",
    ] {
        assert!(listed.contains(part), "{part}:\n{listed}");
    }
}

#[test]
fn faults_say_where_they_are_and_what_was_meant() {
    for (text, parts) in [
        (
            "[recording]\ntogle-play = \"p\"\n",
            &["keys.toml:2:1: unknown action `togle-play`", "did you mean `toggle-play`?"][..],
        ),
        ("[recrding]\n", &["keys.toml:1:2: unknown table `recrding`", "did you mean [recording]?"]),
        ("toggle-play = \"p\"\n", &["unknown table `toggle-play`", "stands below its table"]),
        ("[recording]\nquit = \"x\"\n", &["`quit` means nothing in [recording]", "it stands in [anywhere]"]),
        ("[recording]\nup = \"pgupp\"\n", &["keys.toml:2:6: `pgupp` is no key", "did you mean \"pgup\"?"]),
        ("[recording]\nup = \"gg\"\n", &["`gg` is no key", "\"g g\""]),
        ("[recording]\nup = 5\n", &["is a text or a list of texts"]),
        ("[recording]\nup = \"\"\n", &["no key"]),
        (
            "[recording]\nup = \"x\"\ndown = [\"y\", \"x\"]\n",
            &["keys.toml:3:14: `x` means `up` already, in line 2"],
        ),
        ("[recording]\nup = \"x\"\n[anywhere]\nquit = \"x\"\n", &["`x` means `up` already"]),
        ("[recording]\nup = \"x\"\ndown = \"x y\"\n", &["`x y` and `x` in line 2 begin alike"]),
        ("[anywhere]\nquit = []\n", &["no key is left to leave with"]),
        ("[anywhere]\nquit = \"Q\"\n[recording]\nup = \"Q\"\n", &["`Q` means `quit` already"]),
        ("[recording\n", &["keys.toml:1"]),
        ("[recording]\nup = \"a b c d e\"\n", &["more than 4 keys"]),
    ] {
        let told = faults(text);
        for part in parts {
            assert!(told.contains(part), "{text:?}: {part}\n{told}");
        }
    }
    // Sessions and recordings are never open at once.
    assert!(read("[recording]\nup = \"x\"\n[sessions]\nup = \"x\"\n", "keys.toml").is_ok());
}

#[test]
fn hostile_key_files_are_told_of_and_nothing_more() {
    let long = format!("[recording]\nup = [{}]\n", "\"x\", ".repeat(10_000));
    assert!(faults(&long).contains("more than 16 keys"));
    let told = faults("[recording]\nup = \"\u{1b}]0;owned\u{7}\"\n\"\u{202e}\" = 1\n");
    assert!(!told.chars().any(|c| c.is_control() && c != '\n' || c == '\u{202e}'), "{told:?}");
    for text in ["\u{0}", "[[recording]]\n", "recording = 1\n", "[recording.up]\nx = 1\n"] {
        assert!(read(text, "keys.toml").is_err(), "{text:?}");
    }
}

#[test]
fn keys_are_written_as_people_read_them() {
    for (keys, label_of, plain) in [
        ("ctrl-z", "Ctrl-Z", "Ctrl-Z"),
        ("shift-left", "Shift ←", "Shift Left"),
        ("pageup", "PgUp", "PgUp"),
        ("space", "Space", "Space"),
        ("f5", "F5", "F5"),
        ("g g", "g g", "g g"),
        ("alt-x", "Alt-x", "Alt-x"),
        ("-", "-", "-"),
    ] {
        assert_eq!((label(keys, false).as_str(), label(keys, true).as_str()), (label_of, plain));
    }
    for (written, meant) in [
        ("C-x", "ctrl-x"),
        ("Ctrl+X", "ctrl-x"),
        ("PgDn", "pagedown"),
        ("shift-tab", "shift-tab"),
        ("Shift-a", "A"),
        ("-", "-"),
        ("ctrl--", "ctrl--"),
        ("M-ctrl-x", "alt-ctrl-x"),
    ] {
        assert_eq!(stroke::parse(written), Ok(vec![meant.to_owned()]));
    }
}

#[test]
fn ascii_help_writes_arrows_out() {
    for context in contexts_of_table() {
        for line in Keys::usual().lines(context, true) {
            if let Line::Keys { shown, .. } = line {
                assert!(shown.is_ascii(), "{shown}");
            }
        }
    }
}
