//! Programs that try to switch the mask off, or to make it hold or keep without bound.

use super::tests::Session;
use super::tests::TOKEN;
use super::tests::assert_clean;
use super::tests::engine;
use super::*;

/// More than the longest string that the byte layer follows.
const PIECE: usize = 64 << 10;
const PIECES: usize = 18;

/// Draws the end of the token before its beginning, on its own row, so that only the screen shows it.
fn draw(session: &mut Session, row: u16, between: &str) {
    let (head, tail) = TOKEN.split_at(17);
    session.write(format!("\x1b[{row};25H{tail}{between}").as_bytes());
    session.pause();
    session.write(format!("\x1b[{row};1Hshown: {head}{between}").as_bytes());
    session.pause();
}

fn assert_hidden(session: &Session, row: usize) {
    assert_eq!(session.real.row_text(row - 1), format!("shown: ghp_{}", "*".repeat(36)));
    assert_clean(&session.real.text());
    assert_clean(&session.written());
}

#[test]
fn strings_that_never_end_hold_nothing_back_and_switch_nothing_off() {
    for opening in ["\x1b]0;", "\x1b]52;c;", "\x1b]8;;", "\x1bP1;2q", "\x1b_G", "\x1b^", "\x1bX", "\x1b["] {
        let mut session = Session::new(&engine(), 80, 24);
        session.write(opening.as_bytes());
        let mut sent = opening.len();
        let filler = vec![b'7'; PIECE];
        for _ in 0..PIECES {
            session.write(&filler);
            sent += filler.len();
            assert!(sent - session.recorded.len() <= 32 << 10, "{opening:?}");
        }
        // A control sequence would take the token's first letter.
        session.write(if opening == "\x1b[" { "m" } else { " " }.as_bytes());
        session.write(format!("{TOKEN} \x18\r\n{TOKEN}\r\n").as_bytes());
        draw(&mut session, 7, "");
        assert_hidden(&session, 7);
    }
}

#[test]
fn parameters_without_end_are_nothing() {
    for parameters in ["1".repeat(PIECE), ";".repeat(PIECE), "1:".repeat(PIECE), "?".repeat(PIECE)] {
        let mut session = Session::new(&engine(), 80, 24);
        for last in ["m", "H", "h", "t", "~"] {
            session.write(format!("\x1b[{parameters}{last}").as_bytes());
        }
        session.write(b"\x1bc");
        draw(&mut session, 7, "");
        assert_hidden(&session, 7);
    }
}

#[test]
fn screens_switched_after_each_letter_are_read() {
    let mut session = Session::new(&engine(), 80, 24);
    session.write(b"\x1b[2J");
    for (index, letter) in TOKEN.char_indices().rev() {
        session.write(format!("\x1b[3;{}H{letter}\x1b[?1049h\x1b[?1049l", index + 8).as_bytes());
    }
    session.write(b"\x1b[3;1Hshown:");
    session.pause();
    assert_hidden(&session, 3);
}

#[test]
fn questions_and_orders_about_the_window_move_nothing() {
    let mut session = Session::new(&engine(), 80, 24);
    session.write(b"\x1b[8;2;10t\x1b[18t\x1b[14t\x1b[3;0;0t\x1b[9;1t\x1b[22;0t\x1b[c\x1b[6n\x1b[?40h\x1b[2J");
    assert_eq!(session.grid.screen.size(), (80, 24));
    draw(&mut session, 9, "\x1b[8;1;1t");
    assert_hidden(&session, 9);
}

#[test]
fn what_scrolls_in_a_region_is_followed() {
    let mut session = Session::new(&engine(), 80, 24);
    session.write(format!("\x1b[2J\x1b[2;9r\x1b[7;25H{}", &TOKEN[17..]).as_bytes());
    session.pause();
    session.write(b"\x1b[9;1H\n\n\x1b[S");
    session.write(format!("\x1b[4;1Hshown: {}", &TOKEN[..17]).as_bytes());
    session.pause();
    assert_hidden(&session, 4);
}

#[test]
fn a_reset_while_stars_are_owed_leaves_nothing_owed() {
    let mut session = Session::new(&engine(), 80, 24);
    // A sequence that stays open: nothing can be painted.
    draw(&mut session, 3, "\x1b[1");
    assert!(session.grid.screen.owes());
    session.write(b"m\x1b[?2026h\x1bc");
    session.pause();
    assert!(!session.grid.screen.owes());
    assert!(!session.real.text().contains('*'), "{}", session.real.text());
    draw(&mut session, 5, "");
    assert_hidden(&session, 5);
    assert_clean(&session.written());
}

#[test]
fn a_full_list_of_taught_values_hides_no_less() {
    let mut session = Session::new(&engine(), 80, 24);
    session.grid.taught.extend((0..MOST_TAUGHT).map(|number| number.to_string().into_bytes()));
    session.write(b"\x1b[2J");
    for row in [3, 9, 3] {
        draw(&mut session, row, "");
        assert_hidden(&session, usize::from(row));
        session.write(b"\x1b[2J");
    }
    assert_eq!(session.grid.taught.len(), MOST_TAUGHT);
    assert!(!session.grid.engine.has_learnt());
}
