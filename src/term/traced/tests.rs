use proptest::prelude::*;

use super::*;
use crate::term::Screen;

/// Feeds everything, settling where it would stop.
fn feed(screen: &mut Traced, bytes: &[u8], at: u64) {
    let mut taken = 0;
    loop {
        let (count, stop) = screen.feed(&bytes[taken..], &bytes[taken..], at + taken as u64);
        taken += count;
        if stop == Stop::End {
            return;
        }
        screen.settle();
    }
}

fn shown(screen: &Traced) -> Vec<String> {
    let rows = 0..screen.size().1;
    rows.map(|row| screen.row(row).0.filter(|place| place.columns > 0).map(|place| place.shown).collect())
        .collect()
}

/// Hides each character that `wanted` wants, paints, and gives what the terminal shows.
fn painted(
    program: &[u8],
    cols: u16,
    rows: u16,
    wanted: impl Fn(&Print) -> bool,
) -> (Screen, Traced, Vec<u8>) {
    let mut real = Screen::new(cols, rows);
    real.feed_bytes(program);
    let mut screen = Traced::new(cols, rows);
    feed(&mut screen, program, 0);
    let numbers: Vec<usize> = (0..screen.size().1)
        .flat_map(|row| {
            screen.row(row).0.filter_map(|place| Some((place.number?, *place.print?))).collect::<Vec<_>>()
        })
        .filter(|(_, print)| wanted(print))
        .map(|(number, _)| number)
        .collect();
    numbers.into_iter().for_each(|number| screen.hide(number, false));
    let mut stars = Vec::new();
    screen.paint(&mut stars);
    real.feed_bytes(&stars);
    (real, screen, stars)
}

#[test]
fn a_cell_leads_to_its_bytes() {
    let mut screen = Traced::new(10, 3);
    let output = "a\x1b[31mé世\x1b[2;5Hz\x1b[1;1Hb".as_bytes();
    feed(&mut screen, output, 100);
    let places: Vec<_> = screen.row(0).0.collect();
    assert_eq!(places[0].print.unwrap().at, 100 + output.len() as u64 - 1);
    assert_eq!((places[1].print.unwrap().at, places[1].print.unwrap().raw()), (106, "é".as_bytes()));
    assert_eq!((places[2].columns, places[2].print.unwrap().at), (2, 108));
    assert!(places[4].print.is_none() && places[5].print.is_none());
    assert_eq!(screen.row(1).0.nth(4).unwrap().print.unwrap().raw(), b"z");
}

#[test]
fn stars_of_the_mask_keep_what_was_there() {
    let mut screen = Traced::new(10, 1);
    screen.feed(b"x=***", b"x=abc", 7);
    let raw: Vec<u8> = screen.row(0).0.filter_map(|place| Some(place.print?.raw()[0])).collect();
    assert_eq!(raw, b"x=abc");
    assert_eq!(screen.row(0).0.nth(2).unwrap().print.unwrap().veil, Veil::Starred);
}

#[test]
fn it_stops_before_something_new_is_lost() {
    let mut screen = Traced::new(10, 2);
    assert_eq!(screen.feed(b"abc\x1b[2Jdef", b"abc\x1b[2Jdef", 0), (7, Stop::Losing));
    assert_eq!(shown(&screen)[0].trim(), "abc");
    screen.settle();
    assert_eq!(screen.feed(b"def", b"def", 7), (3, Stop::End));
    assert_eq!(shown(&screen)[0].trim(), "def");
    assert_eq!(screen.feed(b"\x1b[4Gdxf", b"\x1b[4Gdxf", 10), (6, Stop::Losing));
    assert_eq!(
        screen.feed(b"f\x1b[?2026hq\x1b[?2026l!", b"f\x1b[?2026hq\x1b[?2026l!", 13),
        (18, Stop::Frame)
    );
}

#[test]
fn stars_are_painted_in_place_and_everything_is_as_before() {
    let programs: [&[u8]; 7] = [
        b"\x1b[2J\x1b[H\x1b[1;32mab\x1b[4mQQ\x1b[0mcd\x1b[3;3Hxy\x1b[35m",
        b"\x1b[2J\x1b[2;4r\x1b[?6h\x1b[1;1HQa\x1b[3;3HbQ",
        b"\x1b[H\x1b[4habQ\x1b[1;1Hc",
        b"\x1b[H\x1b[2;1H0123456Q90\x1b[48;5;7mcQ",
        b"\x1b[?1049h\x1b[H\x1b7\x1b[3;2HQ\x1b[41m",
        b"abQ\r\ndQf",
        "\x1b[H世QQ界\x1b[?25lQ".as_bytes(),
    ];
    for program in programs {
        let (mut real, _, stars) = painted(program, 12, 5, |print| print.shown == 'Q');
        let mut expected = Screen::new(12, 5);
        expected.feed_bytes(program);
        let plain = expected.snapshot();
        let mut want = plain.clone();
        for cell in want.cells.iter_mut().filter(|cell| cell.character == 'Q') {
            cell.character = '*';
        }
        assert_eq!(real.snapshot(), want, "{} {}", program.escape_ascii(), stars.escape_ascii());
        // What comes next lands where it would have, painted as it would have been.
        for next in [&b"n"[..], b"\r\nx\x1b8y", b"\x1b[1;1Hm\x1b8k"] {
            real.feed_bytes(next);
            expected.feed_bytes(next);
        }
        let mut want = expected.snapshot();
        for cell in want.cells.iter_mut().filter(|cell| cell.character == 'Q') {
            cell.character = '*';
        }
        assert_eq!(real.snapshot(), want, "{}", program.escape_ascii());
    }
}

#[test]
fn before_the_program_names_a_row_stars_go_by_the_cursor() {
    // The shell's cursor was on the fourth row.
    let (_, _, stars) = painted(b"abQ\r\nx", 12, 5, |print| print.shown == 'Q');
    let mut real = Screen::new(12, 5);
    real.feed_bytes(b"\x1b[4;1HabQ\r\nx");
    real.feed_bytes(&stars);
    real.feed_bytes(b"y");
    assert_eq!((real.row_text(3), real.row_text(4)), ("ab*".to_owned(), "xy".to_owned()));
    // Once it does, what it drew before stands anywhere.
    let (_, _, stars) = painted(b"abQ\r\n\x1b[2;2Hx", 12, 5, |print| print.shown == 'Q');
    assert_eq!(stars, b"");
}

#[test]
fn nothing_is_painted_inside_a_sequence_or_a_character() {
    for open in [&b"\x1b[1"[..], b"\x1b]0;ti", b"\xe4\xb8", b"\x1bP1;2q", b"\x1b", b"\x1b[?69h"] {
        let program = [b"\x1b[HQ", open].concat();
        let (_, mut screen, stars) = painted(&program, 12, 5, |print| print.shown == 'Q');
        assert_eq!(stars, b"", "{}", open.escape_ascii());
        assert!(screen.owes());
        feed(&mut screen, b"\x18\x1b[?69l", 50);
        let mut stars = Vec::new();
        screen.paint(&mut stars);
        assert_ne!(stars, b"", "{}", open.escape_ascii());
    }
}

#[test]
fn a_list_made_anew_leads_to_the_same_bytes() {
    let mut screen = Traced::new(20, 4);
    let mut at = 0;
    for round in 0..30_000 {
        let line = format!("\x1b[{};1Hsecret{:06}", round % 3 + 1, round);
        feed(&mut screen, line.as_bytes(), at);
        at += line.len() as u64;
    }
    assert!(screen.prints.len() < LEAST_PRINTS);
    let text = shown(&screen);
    assert!(text.iter().take(3).all(|row| row.starts_with("secret0299")), "{text:?}");
    let last = screen.row(2).0.nth(11).unwrap().print.unwrap().at;
    assert_eq!(last, at - 1);
}

/// Output as terminals see it: text, wide characters, sequences whole and cut.
fn output() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => "[a-z ]{1,12}",
        1 => Just("世界é🚀".to_owned()),
        2 => Just("\r\n".to_owned()),
        4 => "\x1b\\[[0-9;?]{0,4}[@-~]",
        1 => Just("\x1b[?1049h".to_owned()),
        1 => Just("\x1b[?1049l".to_owned()),
        1 => "\x1b[78cDEHM]",
        1 => "\x1b\\]0;[a-z]{0,5}(\x07|\x1b)?",
        1 => "[\\x00-\\x1f]{1,3}",
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn prop_it_shows_what_the_plain_emulator_shows(text in output(), cols in 1u16..40, rows in 1u16..12, cut in 1usize..40) {
        let mut plain = Screen::new(cols, rows);
        plain.feed(&text);
        let mut traced = Traced::new(cols, rows);
        let mut at = 0;
        for chunk in text.as_bytes().chunks(cut) {
            feed(&mut traced, chunk, at);
            at += chunk.len() as u64;
        }
        let shot = plain.snapshot();
        for row in 0..shot.rows {
            let places: Vec<(char, u8)> = traced.row(usize::from(row)).0.map(|place| (place.shown, place.columns)).collect();
            let cells: Vec<(char, u8)> = shot.row(row).iter().map(|cell| (cell.character, cell.columns)).collect();
            prop_assert_eq!(places, cells);
            for place in traced.row(usize::from(row)).0 {
                if let Some(print) = place.print {
                    let from = usize::try_from(print.at).unwrap();
                    prop_assert_eq!(&text.as_bytes()[from..from + print.raw().len()], print.raw());
                }
            }
        }
    }

    #[test]
    fn prop_painting_changes_the_hidden_cells_alone(text in output(), after in output(), cols in 2u16..40, rows in 1u16..12) {
        // A terminal that begins with an empty screen and the cursor at home, as the emulator does.
        let (mut real, screen, _) = painted(text.as_bytes(), cols, rows, |print| print.shown.is_ascii_lowercase() && print.at % 3 == 0);
        prop_assume!(!screen.owes());
        let mut expected = Screen::new(cols, rows);
        expected.feed(&text);
        real.feed(&after);
        expected.feed(&after);
        let (real, expected) = (real.snapshot(), expected.snapshot());
        prop_assert_eq!(real.focus, expected.focus);
        for (mine, theirs) in real.cells.iter().zip(&expected.cells) {
            prop_assert!(mine == theirs || mine.character == '*' && mine.attributes == theirs.attributes && mine.background == theirs.background && mine.foreground == theirs.foreground, "{mine:?} {theirs:?}");
        }
    }
}
