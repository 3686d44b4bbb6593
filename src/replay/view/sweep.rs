//! Every screen and every overlay at many sizes, in every number of colours, with ASCII and without: nothing panics, nothing
//! is drawn that was not meant, and what is needed to get on is there.

use ratatui::backend::Backend;
use ratatui::backend::CrosstermBackend;
use ratatui::buffer::Buffer;
use ratatui::buffer::Cell;
use ratatui::layout::Rect;

use crate::replay::action::Action;
use crate::replay::ascii;
use crate::replay::fixture;
use crate::replay::help;
use crate::replay::look;
use crate::replay::state::State;
use crate::replay::theme::Depth;
use crate::replay::theme::Theme;
use crate::replay::update::update;
use crate::replay::view::draw;
use crate::term::Screen;
use crate::term::is_unsafe;

const SIZES: [(u16, u16); 14] = [
    (40, 12),
    (41, 13),
    (40, 80),
    (52, 16),
    (60, 14),
    (71, 23),
    (80, 24),
    (99, 30),
    (100, 12),
    (110, 25),
    (132, 43),
    (200, 50),
    (300, 12),
    (300, 80),
];

/// What can be open, and what it shows at any size.
type Case = (&'static str, fn() -> State, &'static [&'static str]);

const CASES: &[Case] = &[
    ("the list", fixture::list, &["sessions", "aws s3 ls", "help", "11-21 03:18"]),
    ("a filter", || with(fixture::list(), &[Action::StartTyping]), &[" / ", "aws s3 ls", "help"]),
    ("a recording", fixture::playing, &["▶", "1:40", "help", "80x24"]),
    ("zoom", || with(fixture::playing(), &[Action::ToggleZoom]), &["line 22"]),
    ("its calls", || shown(&[Action::Down, Action::Down]), &["✗ s3:DeleteObject", "403", "help"]),
    ("detail", || shown(&[Action::Down, Action::Down, Action::ToggleDetail]), &["decision    deny", "help"]),
    (
        "approvals",
        || with(fixture::asked(), &[Action::ToggleApprovals]),
        &["Approvals 3", "⊘ s3:Put", "help"],
    ),
    ("a search", || with(fixture::playing(), &[Action::StartTyping]), &["/▌", "Enter", "Esc"]),
    ("keys", || with(fixture::playing(), &[Action::ToggleHelp]), &[" keys", "Esc close", "play, pause"]),
    ("keys of the list", || with(fixture::list(), &[Action::ToggleHelp]), &[" keys", "open it at"]),
    ("themes", || with(fixture::playing(), &[Action::ChooseTheme]), &[" themes ", "▸● dark", "deny", "keep"]),
    (
        "themes over the list",
        || with(fixture::list(), &[Action::ChooseTheme]),
        &[" themes ", "▸● dark", "keep"],
    ),
    ("a first key", prefixed, &[" '", "Esc", "next denial", "previous com", "beginning", "end"]),
];

fn with(mut state: State, actions: &[Action]) -> State {
    actions.iter().for_each(|action| _ = update(&mut state, *action));
    state
}

fn shown(actions: &[Action]) -> State {
    with(fixture::playing(), actions)
}

fn prefixed() -> State {
    let mut state = fixture::playing();
    state.pending = vec!["'".to_owned()];
    state
}

fn picture(state: &mut State, size: (u16, u16)) -> Buffer {
    state.size = size;
    // One row and column more around it, to see that nothing is drawn beyond.
    let whole = Rect::new(0, 0, size.0 + 1, size.1 + 1);
    let mut buffer = Buffer::filled(whole, Cell::new("§"));
    draw(state, Rect::new(0, 0, size.0, size.1), &mut buffer);
    for position in whole.positions() {
        let is_outside = position.x >= size.0 || position.y >= size.1;
        assert_eq!(buffer[position].symbol() == "§", is_outside, "{size:?} at {position}");
    }
    buffer
}

fn text(buffer: &Buffer) -> String {
    let rows = buffer.content.chunks(usize::from(buffer.area.width));
    rows.map(|row| row.iter().map(Cell::symbol).collect::<String>() + "\n").collect()
}

#[test]
fn everything_is_usable_from_40x12_to_300x80() {
    for (name, make, parts) in CASES {
        for (number, size) in SIZES.into_iter().enumerate() {
            let mut state = make();
            let depth = [Depth::None, Depth::Basic, Depth::Indexed, Depth::True][number % 4];
            let theme = Theme::names().nth(number % 11).unwrap();
            state.theme = Theme::load(theme, depth).unwrap();
            let shown = text(&picture(&mut state, size));
            for part in *parts {
                assert!(shown.contains(part), "{name}: {part} at {size:?}:\n{shown}");
            }
            assert!(!shown.chars().any(|c| is_unsafe(c) && c != '\n'), "{name} at {size:?}");
            state.look.ascii = true;
            let shown = text(&picture(&mut state, size)).replace('§', "");
            assert!(shown.is_ascii(), "{name} at {size:?}:\n{shown}");
            for part in parts.iter().filter(|part| **part != " '") {
                let part = ascii::text(part);
                assert!(shown.contains(&*part), "{name}: {part} in ASCII at {size:?}:\n{shown}");
            }
        }
    }
}

#[test]
fn every_key_and_every_theme_can_be_reached_at_every_size() {
    for size in SIZES {
        let mut state = with(fixture::playing(), &[Action::ToggleHelp]);
        state.size = size;
        let mut seen = String::new();
        let rows = help::rows(&state, size.0).len();
        for _ in 0..rows {
            seen.push_str(&text(&picture(&mut state, size)));
            update(&mut state, Action::Down);
        }
        for part in ["Space", "' …", "PgUp PgDn", "H J K L", "Ctrl-Z", "themes: "] {
            assert!(seen.contains(part), "{part} at {size:?}");
        }
        let mut state = with(fixture::playing(), &[Action::ChooseTheme]);
        state.size = size;
        for name in Theme::names() {
            let shown = text(&picture(&mut state, size));
            assert!(
                state.theme.name() != name || shown.contains(&format!("{name} ")),
                "{name} at {size:?}:\n{shown}"
            );
            update(&mut state, Action::ChooseTheme);
        }
        let rows = look::rows(&state);
        assert!(rows.height >= 5 && rows.width >= 24, "{size:?}: {rows:?}");
    }
}

/// For pictures in the documentation: set `HOOP_BLESS` to write one recording for each theme to `target/themes`, then
/// `hoop-replay export target/themes/nord.cast --theme nord --at end -o nord.png`.
#[test]
fn each_theme_has_a_picture_that_is_always_the_same() {
    const SIZE: (u16, u16) = (130, 36);
    let picture_of = |name: &str| {
        let mut state = with(fixture::asked(), &[Action::Down, Action::Down, Action::ToggleDetail]);
        state.theme = Theme::load(name, Depth::True).unwrap();
        state.size = SIZE;
        let area = Rect::new(0, 0, SIZE.0, SIZE.1);
        let mut buffer = Buffer::empty(area);
        draw(&mut state, area, &mut buffer);
        let mut bytes = Vec::new();
        let cells = area.positions().map(|position| (position.x, position.y, &buffer[position]));
        CrosstermBackend::new(&mut bytes).draw(cells).unwrap();
        let header = serde_json::json!({"version": 2, "width": SIZE.0, "height": SIZE.1, "title": format!("theme {name}")});
        // The cursor is no part of the viewer.
        let text = format!("\u{1b}[?25l{}", String::from_utf8(bytes).unwrap());
        (buffer, format!("{header}\n{}\n", serde_json::json!([0.1, "o", text])), text)
    };
    for name in Theme::names() {
        let (buffer, cast, text) = picture_of(name);
        assert_eq!(cast, picture_of(name).1);
        let mut screen = Screen::new(SIZE.0, SIZE.1);
        screen.feed(&text);
        assert!(screen.text().contains("s3:DeleteObject"), "{}", screen.text());
        assert!(buffer.content.iter().any(|cell| cell.symbol() == "✗"));
        if std::env::var_os("HOOP_BLESS").is_some() {
            let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("target/themes");
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join(format!("{name}.cast")), cast).unwrap();
        }
    }
}

#[test]
fn sizes_below_the_smallest_are_told_and_survived() {
    for (_, make, _) in CASES {
        for size in [(1, 1), (2, 40), (300, 1), (39, 80), (80, 11), (7, 3)] {
            let mut state = make();
            let shown = text(&picture(&mut state, size));
            assert!(size.0 < 20 || shown.contains("too small"), "{size:?}:\n{shown}");
        }
    }
}
