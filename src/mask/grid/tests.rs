use proptest::prelude::*;

use super::*;
use crate::term::Screen;

pub(super) const TOKEN: &str = "ghp_Zq8Rk2Lm9Xc4Vb7Nt1Yw5Ps3Dj6Hf0aG3fKe";

/// What a terminal shows when `frames` pass both layers, one after the other.
pub(super) struct Session {
    pub(super) stream: crate::mask::Stream,
    pub(super) grid: Grid,
    pub(super) raw: Vec<u8>,
    /// All that would be written, but for what is hidden in it afterwards.
    pub(super) recorded: Vec<u8>,
    pub(super) hidden: Vec<Hidden>,
    pub(super) real: Screen,
}

impl Session {
    pub(super) fn new(engine: &Arc<Engine>, cols: u16, rows: u16) -> Self {
        Self {
            stream: engine.stream(),
            grid: Grid::new(Arc::clone(engine), cols, rows),
            raw: Vec::new(),
            recorded: Vec::new(),
            hidden: Vec::new(),
            real: Screen::new(cols, rows),
        }
    }

    pub(super) fn write(&mut self, bytes: &[u8]) {
        let mut out = Vec::new();
        self.raw.extend_from_slice(bytes);
        self.stream.push(bytes, &mut out);
        self.show(&out);
    }

    pub(super) fn pause(&mut self) {
        let mut out = Vec::new();
        self.stream.quiet(&mut out);
        self.show(&out);
        self.grid.look(true);
        self.hidden.extend(self.grid.take_hits());
        self.paint();
    }

    fn show(&mut self, out: &[u8]) {
        let at = self.recorded.len() as u64;
        let raw: Vec<u8> = self.raw.drain(..out.len()).collect();
        self.recorded.extend_from_slice(out);
        self.grid.feed(out, &raw, at);
        self.grid.look(false);
        let hits = self.grid.take_hits();
        let shown = starred(out, at, hits.clone());
        self.hidden.extend(hits);
        self.real.feed_bytes(&shown);
        self.paint();
    }

    fn paint(&mut self) {
        let mut stars = Vec::new();
        self.grid.paint(&mut stars);
        self.real.feed_bytes(&stars);
        self.recorded.extend_from_slice(&stars);
    }

    /// What reaches the disk when all of it still waited.
    pub(super) fn written(&self) -> String {
        let bytes = starred(&self.recorded, 0, self.hidden.clone());
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

pub(super) fn engine() -> Arc<Engine> {
    Arc::new(Engine::builtin())
}

/// No piece of the token's body of six letters is in `text`.
pub(super) fn assert_clean(text: &str) {
    for piece in TOKEN.as_bytes()[4..].windows(6) {
        let piece = str::from_utf8(piece).unwrap();
        if let Some(at) = text.find(piece) {
            let around = &text.as_bytes()[at.saturating_sub(200)..(at + 200).min(text.len())];
            panic!("{piece} in {}", around.escape_ascii());
        }
    }
}

#[test]
fn a_tail_drawn_before_its_head_is_hidden_on_the_screen_and_in_what_is_written() {
    let (head, tail) = TOKEN.split_at(17);
    let mut session = Session::new(&engine(), 80, 24);
    session.write(b"\x1b[2J\x1b[H");
    session.write(format!("\x1b[3;25H{tail}").as_bytes());
    session.pause();
    session.write(format!("\x1b[3;1Hshown: {head}\x1b[5;1H").as_bytes());
    assert_eq!(session.real.row_text(2), format!("shown: ghp_{}", "*".repeat(36)));
    session.pause();
    assert_clean(&session.written());
    // The next redraw is stopped in the byte layer, wherever it is drawn.
    session.write(format!("\x1b[9;1H{}", &TOKEN[4..]).as_bytes());
    session.pause();
    assert_eq!(session.real.row_text(8), "*".repeat(36));
}

#[test]
fn a_cell_that_is_left_out_is_found_where_it_stands() {
    let mut session = Session::new(&engine(), 80, 24);
    session.write(format!("\x1b[2;21H{}", &TOKEN[20..21]).as_bytes());
    session.write(format!("\x1b[2;1H{}\x1b[C{}", &TOKEN[..20], &TOKEN[21..]).as_bytes());
    session.pause();
    assert_eq!(session.real.row_text(1), format!("ghp_{}", "*".repeat(36)));
    assert_clean(&session.written());
}

#[test]
fn a_value_that_is_broken_at_its_panes_edge_is_put_together() {
    let long = format!("{TOKEN}{TOKEN}").replace("ghp_", "");
    let long = &long[..60];
    let screens = [
        // vim with line numbers.
        format!("\x1b[1;1H  1 password: {}\x1b[2;1H    {}\x1b[3;1H  2 user: bob", &long[..26], &long[26..]),
        // Two panes of tmux.
        format!(
            "\x1b[1;1Hpassword: {}\x1b[1;41H\u{2502}alone\x1b[2;1H{}\x1b[2;41H\u{2502}here",
            &long[..30],
            &long[30..]
        ),
        // A box with a space inside its border.
        format!(
            "\x1b[1;1H\u{256d}{0}\u{256e}\x1b[2;1H\u{2502} password: {1} \u{2502}\x1b[3;1H\u{2502} {2}\x1b[3;42H\u{2502}\x1b[4;1H\u{2570}{0}\u{256f}",
            "\u{2500}".repeat(40),
            &long[..28],
            &long[28..]
        ),
        // A value that goes on below where it began.
        format!("\x1b[1;1H  password:  {}\x1b[2;14H{}", &long[..37], &long[37..]),
    ];
    for (number, screen) in screens.iter().enumerate() {
        // Written from the last row to the first, as editors do when they scroll up.
        let mut rows: Vec<String> =
            screen.split("\x1b[").filter(|row| !row.is_empty()).map(|row| format!("\x1b[{row}")).collect();
        rows.reverse();
        let mut session = Session::new(&engine(), 50, 10);
        session.write(b"\x1b[2J");
        session.write(rows.concat().as_bytes());
        session.pause();
        let text = session.real.text();
        for piece in long.as_bytes().windows(6) {
            let piece = str::from_utf8(piece).unwrap();
            assert!(
                !text.contains(piece) && !session.written().contains(piece),
                "screen {number}: {piece} in\n{text}"
            );
        }
        assert!(!text.contains("b*b") && !text.contains("*alone") && !text.contains("he*"), "{text}");
        assert_eq!(text.matches('*').count(), 60, "{text}");
    }
}

#[test]
fn lines_that_do_not_belong_together_are_not_joined() {
    let mut session = Session::new(&engine(), 60, 8);
    session.write(
        b"\x1b[2J\x1b[1;1H  1 export TOKEN=hunter2-Zq8Rk2Lm9Xc4Vb7\x1b[2;1H  2 /usr/local/bin/application --flag\x1b[3;1H  3 short",
    );
    session.pause();
    assert_eq!(session.real.row_text(1), "  2 /usr/local/bin/application --flag");
    assert!(!session.real.row_text(0).contains("hunter2"));
}

#[test]
fn what_was_there_before_something_moved_counts() {
    let (head, tail) = TOKEN.split_at(17);
    let mut session = Session::new(&engine(), 80, 24);
    // A line without moves, and its beginning added afterwards.
    session.write(format!("$ run\r\n{}{tail}\r\n", " ".repeat(24)).as_bytes());
    session.write(format!("\x1b[A\rtoken = {head}\r\n").as_bytes());
    session.pause();
    assert_clean(&session.real.text());
}

#[test]
fn what_only_runs_on_is_not_emulated() {
    let mut session = Session::new(&engine(), 80, 24);
    for line in 0..3000 {
        session.write(format!("\x1b[32mline {line}\x1b[0m of a log\r\n").as_bytes());
    }
    assert!(!session.grid.active && !session.grid.waits());
    session.write(b"\x1b[3A\x1b[5C");
    assert!(session.grid.active);
    let rows = scan_rows(&session.grid);
    assert_eq!(rows[22].trim_end(), "line 2999 of a log");
    for line in 0..60 {
        session.write(format!("line {line}\r\n").as_bytes());
    }
    assert!(!session.grid.active);
}

fn scan_rows(grid: &Grid) -> Vec<String> {
    let rows = 0..grid.screen.size().1;
    rows.map(|row| grid.screen.row(row).0.map(|place| place.shown).collect()).collect()
}

#[test]
fn a_resize_in_between_stops_painting_where_nothing_is_known() {
    let mut session = Session::new(&engine(), 80, 24);
    session.write(format!("\x1b[2J\x1b[3;1H{}", &TOKEN[..10]).as_bytes());
    session.grid.resize(60, 10);
    session.real.resize(60, 10);
    let before = session.real.text();
    session.write(&TOKEN.as_bytes()[10..14]);
    session.pause();
    assert!(session.real.text().starts_with(before.trim_end()));
    session.write(format!("\x1b[2J\x1b[2;18H{}\x1b[2;1H{}", &TOKEN[17..], &TOKEN[..17]).as_bytes());
    session.pause();
    assert_clean(&session.real.text());
}

#[test]
fn the_smallest_terminals_are_read_too() {
    for (cols, rows) in [(1, 1), (2, 1), (1, 5), (3, 2), (7, 3)] {
        let mut session = Session::new(&engine(), cols, rows);
        session.write(format!("\x1b[H{TOKEN}\x1b[2J\x1b[1;1H世é{TOKEN}").as_bytes());
        session.pause();
        session.grid.resize(rows, cols);
        session.write(TOKEN.as_bytes());
        session.pause();
    }
}

#[test]
fn stars_for_wide_characters_take_their_columns() {
    let mut session = Session::new(&engine(), 40, 4);
    session.write("\x1b[2;16H世界Zq8Rk2\x1b[2;1Hpassword = \"Lm9X\x1b[2;26H\" x".as_bytes());
    session.pause();
    let row = session.real.row_text(1);
    assert!(row.starts_with("password = \"**"), "{row}");
    assert!(row.ends_with("\" x") && !row.contains('世'), "{row}");
}

#[test]
fn both_layers_read_a_file() {
    let file = format!(
        "\x1b]0;x {TOKEN}\x07\x1b[2J\x1b[1;18H{}\x1b[1;1H{}\r\nplain \x1b[1mtext\x1b[0m\r\n",
        &TOKEN[17..],
        &TOKEN[..17]
    );
    let found = find_in_terminal(&engine(), file.as_bytes(), 80, 24);
    let pieces: Vec<&str> = found.iter().map(|found| &file[found.range.clone()]).collect();
    assert_eq!(pieces, [TOKEN, &TOKEN[17..], &TOKEN[..17]]);
    assert!(found.iter().all(|found| &*found.rule == "github-token"), "{found:?}");
}

proptest! {
    /// A token drawn in any order, in pieces of any length: nothing of it stays, and nothing else changes.
    #[test]
    fn prop_stars_stand_where_the_secret_stood(
        order in Just((0..10usize).collect::<Vec<_>>()).prop_shuffle(),
        row in 1u16..20,
        col in 1u16..40,
        pause in any::<[bool; 10]>(),
        cut in 1usize..60,
    ) {
        let mut session = Session::new(&engine(), 80, 24);
        let mut plain = Screen::new(80, 24);
        for piece in order {
            let text = format!("\x1b[{row};{}H\x1b[3{}m{}", usize::from(col) + piece * 4, piece % 8, &TOKEN[piece * 4..piece * 4 + 4]);
            plain.feed(&text);
            text.as_bytes().chunks(cut).for_each(|chunk| session.write(chunk));
            if pause[piece] {
                session.pause();
            }
        }
        session.pause();
        let (mine, theirs) = (session.real.snapshot(), plain.snapshot());
        let from = usize::from(row - 1) * 80 + usize::from(col) - 1;
        for (at, (mine, theirs)) in mine.cells.iter().zip(&theirs.cells).enumerate() {
            let mut wanted = *theirs;
            if (from + 4..from + 40).contains(&at) {
                wanted.character = '*';
            }
            // A pause may hide what could have begun a secret.
            prop_assert!(*mine == wanted || mine.character == '*' && (from..from + 40).contains(&at), "{at}: {mine:?} {wanted:?}");
        }
        prop_assert_eq!(mine.focus, theirs.focus);
    }

    /// What a screen shows and holds no secret reaches terminal and disk byte for byte.
    #[test]
    fn prop_what_is_no_secret_is_not_touched(
        pieces in prop::collection::vec(benign_piece(), 1..60),
        cols in prop::sample::select(vec![20u16, 44, 80, 132]),
        rows in 2u16..40,
        cut in 1usize..60,
        pauses in any::<u16>(),
    ) {
        let text = pieces.concat();
        let mut session = Session::new(&engine(), cols, rows);
        session.stream.resize(cols);
        for (index, chunk) in text.as_bytes().chunks(cut).enumerate() {
            session.write(chunk);
            if pauses >> (index % 16) & 1 == 1 {
                session.pause();
            }
        }
        session.pause();
        prop_assert_eq!(session.written(), text);
        let mut plain = Screen::new(cols, rows);
        plain.feed_bytes(&session.recorded);
        prop_assert_eq!(session.real.snapshot(), plain.snapshot());
        prop_assert!(session.grid.take_masks().is_empty());
    }

    #[test]
    fn prop_any_bytes_are_taken(bytes in prop::collection::vec(any::<u8>(), 0..400), cols in 1u16..100, rows in 1u16..30, cut in 1usize..50) {
        let mut session = Session::new(&engine(), cols, rows);
        for chunk in bytes.chunks(cut) {
            session.write(chunk);
        }
        session.pause();
        let _ = find_in_terminal(&engine(), &bytes, cols, rows);
    }
}

/// What full-screen programs write: words of many letters, colours, moves, edits, scrolling, the other screen.
fn benign_piece() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => "[a-z]{1,9} ",
        2 => "[一-龥]{1,9}",
        1 => "[а-я]{1,9} ",
        1 => "[🚀-🛸]{1,4}",
        2 => "[0-9]{1,3}%",
        2 => "[│─┌┐└┘ ]{1,12}",
        2 => Just("\r\n".to_owned()),
        3 => (1..40u16, 1..140u16).prop_map(|(row, col)| format!("\x1b[{row};{col}H")),
        3 => (30..38u8, 0..8u8).prop_map(|(colour, shade)| format!("\x1b[1;{colour};48;5;{shade}m")),
        2 => (0..9u8, prop::sample::select(vec!['A', 'B', 'C', 'D', 'G', 'K', 'J', 'L', 'M', 'P', 'S', 'T', 'X', '@', 'd', 'b'])).prop_map(|(count, last)| format!("\x1b[{count}{last}")),
        1 => (1..9u8, 9..20u8).prop_map(|(top, bottom)| format!("\x1b[{top};{bottom}r")),
        1 => prop::sample::select(vec!["\x1b[?1049h", "\x1b[?1049l", "\x1b7", "\x1b8", "\x1bM", "\x1bc", "\x1b[m", "\x1b[?2026h", "\x1b[?2026l", "\x08", "\r", "\t", "\x1b]0;a title\x07"]).prop_map(str::to_owned),
    ]
}
