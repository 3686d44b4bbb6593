//! A screen as lines that can be read aloud.

use std::io;

use super::Plain;
use crate::replay::going::Place;
use crate::replay::layout::clock;
use crate::term::Snapshot;

/// Tells what a screen shows: its rows by number, empty ones left out.
pub fn tell(place: Place, shot: &Snapshot, plain: &mut Plain<'_>) -> io::Result<()> {
    let moment = match place {
        Place::At(at) => format!("at {}", clock(at.0, true)),
        Place::Percent(part) => format!("at {part} per cent"),
        Place::Event(number) => format!("after event {number}"),
        Place::End => "the last one".to_owned(),
    };
    plain.fact("screen", &format!("{moment}, {} columns, {} rows", shot.cols, shot.rows))?;
    let mut is_empty = true;
    for row in 0..shot.rows {
        let text = spoken(&shot.row_text(row));
        is_empty &= text.is_empty();
        plain.fact(&format!("screen row {}", row + 1), &text)?;
    }
    if is_empty {
        plain.fact("screen rows", "all of them are empty")?;
    }
    match shot.cursor {
        Some((col, row)) => plain.fact("cursor", &format!("column {}, row {}", col + 1, row + 1)),
        None => plain.fact("cursor", "hidden"),
    }
}

/// A line of a screen without what frames, bars and decorations are drawn with: each such letter would be read out by its name.
pub fn spoken(line: &str) -> String {
    let is_drawing = |letter: char| {
        matches!(letter,
            // Box drawing, blocks, geometric shapes; braille, which programs draw pictures with; letters of private fonts.
            '\u{2500}'..='\u{25ff}' | '\u{2800}'..='\u{28ff}' | '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10fffd}')
    };
    let text: String = line.chars().map(|letter| if is_drawing(letter) { ' ' } else { letter }).collect();
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::term::Screen;
    use crate::types::Micros;

    #[test]
    fn frames_are_not_read_out_and_empty_rows_are_left_out() {
        let mut screen = Screen::new(20, 5);
        screen.feed("┌──────┐\r\n│ \x1b[31mhello\x1b[m│\r\n└──────┘\r\n世界 \u{e0b0}ok\x1b[?25l");
        let mut out = Vec::new();
        tell(Place::At(Micros(61_500_000)), &screen.snapshot(), &mut Plain::new(&mut out)).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(
            text,
            "screen: at 1:01.5, 20 columns, 5 rows\nscreen row 2:   hello\nscreen row 4: 世界  ok\ncursor: hidden\n"
        );
    }
}
