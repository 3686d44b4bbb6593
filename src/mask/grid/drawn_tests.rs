//! A secret in what programs draw that redraw only what has changed: at several sizes, and with another size in the middle.

use proptest::prelude::*;

use super::tests::Session;
use super::tests::TOKEN;
use super::tests::assert_clean;
use super::tests::engine;
use crate::term::Screen;

/// How a program brings one picture over another.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// Runs of cells that differ, each at its place, with a colour.
    Tmux,
    /// Rows that differ; the cursor passes over what stands there already.
    Vim,
    /// All rows, after the old ones were erased from the last to the first.
    Ink,
}

/// The rows of a picture, without blanks at their ends.
type Picture = Vec<String>;

fn draw(way: Way, old: &Picture, new: &Picture) -> String {
    let letters = |picture: &Picture, row: usize| -> Vec<char> {
        picture.get(row).map(|row| row.chars().collect()).unwrap_or_default()
    };
    let mut out = String::new();
    if matches!(way, Way::Ink) {
        let up: Vec<&str> = old.iter().map(|_| "\x1b[2K").collect();
        return format!("{}\x1b[G{}\x1b[?25l", up.join("\x1b[1A"), new.join("\r\n"));
    }
    for row in 0..old.len().max(new.len()) {
        let (old, new) = (letters(old, row), letters(new, row));
        let differs = |col: usize| old.get(col) != new.get(col);
        let mut at = None;
        for col in (0..new.len()).filter(|col| differs(*col)) {
            match (way, at) {
                (_, Some(at)) if at == col => {}
                (Way::Vim, Some(at)) => out += &format!("\x1b[{}C", col - at),
                _ => out += &format!("\x1b[{};{}H\x1b[3{}m", row + 1, col + 1, col % 8),
            }
            out.push(new[col]);
            at = Some(col + 1);
        }
        if new.len() < old.len() {
            out += &format!("\x1b[{};{}H\x1b[K", row + 1, new.len() + 1);
        }
    }
    out + "\x1b[m"
}

/// `shown` letters of the token in a picture of this size, in row `row`; what is not shown is a blank. A row that is
/// too short for it goes on in the next.
fn picture(size: (u16, u16), row: usize, shown: impl Fn(usize) -> bool) -> Picture {
    let (cols, rows) = (usize::from(size.0), usize::from(size.1));
    let letters = TOKEN.chars().enumerate().map(|(at, letter)| if shown(at) { letter } else { ' ' });
    let line: Vec<char> = "key: ".chars().chain(letters).collect();
    let mut picture: Picture = (0..row)
        .map(|row| format!("line {row} of a file with 日本 in it").chars().take(cols / 2).collect())
        .collect();
    picture.extend(line.chunks(cols).map(|row| row.iter().collect::<String>()));
    picture.push("-- end --".to_owned());
    picture.truncate(rows);
    picture
}

/// Equal but for stars in the place of the token's letters.
fn assert_equal_but_for_stars(session: &Session, plain: &Screen) {
    let (mine, theirs) = (session.real.snapshot(), plain.snapshot());
    for (at, (mine, theirs)) in mine.cells.iter().zip(&theirs.cells).enumerate() {
        let mut wanted = *theirs;
        if mine.character == '*' && TOKEN.contains(theirs.character) {
            wanted.character = '*';
        }
        assert_eq!(*mine, wanted, "cell {at} of {}", plain.text());
    }
    assert_clean(&session.real.text().replace('\n', ""));
}

proptest! {
    #[test]
    fn prop_a_secret_is_hidden_however_it_is_redrawn(
        way in prop::sample::select(vec![Way::Tmux, Way::Vim, Way::Ink]),
        sizes in prop::collection::vec(prop::sample::select(vec![(80u16, 24u16), (120, 40), (46, 12), (30, 10)]), 1..3),
        parts in prop::collection::vec(any::<u64>(), 1..4),
        row in 1usize..6,
        cut in 1usize..200,
    ) {
        let mut session = Session::new(&engine(), sizes[0].0, sizes[0].1);
        session.stream.resize(sizes[0].0);
        let mut plain = Screen::new(sizes[0].0, sizes[0].1);
        for (index, size) in sizes.iter().enumerate() {
            if index > 0 {
                session.stream.resize(size.0);
                session.grid.resize(size.0, size.1);
                session.real.resize(size.0, size.1);
                plain.resize(size.0, size.1);
            }
            // More of the token from picture to picture, in any order. Where all is drawn anew its beginning is shown
            // alone, and then all of it: a short piece before a blank is no secret.
            let mut drawn = 0u64;
            let mut frames: Vec<Picture> = parts.iter().map(|part| {
                drawn |= part;
                let pasted = drawn.count_ones() > 24;
                picture(*size, row, |at| match way {
                    Way::Ink => at < 4 || pasted,
                    Way::Tmux | Way::Vim => drawn >> at & 1 == 1,
                })
            }).collect();
            frames.push(picture(*size, row, |_| true));
            let mut old = Picture::new();
            let clear = "\x1b[0m\x1b[2J\x1b[H".to_owned();
            for (number, frame) in frames.iter().enumerate() {
                let mut text = if number == 0 { clear.clone() } else { String::new() };
                text += &draw(way, &old, frame);
                plain.feed(&text);
                text.as_bytes().chunks(cut).for_each(|chunk| session.write(chunk));
                session.pause();
                old.clone_from(frame);
            }
            assert_equal_but_for_stars(&session, &plain);
            let stars = session.real.text().matches('*').count();
            prop_assert!(stars >= 36, "{way:?} {stars} stars in {}", session.real.text());
        }
        assert_clean(&session.written());
    }
}
