//! The rows of a screen, place by place, before it is decided which of them belong together.

use crate::term::Traced;

/// What a place holds for the scanner.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// The character shown.
    pub shown: char,
    /// Its bytes before the mask.
    raw: [u8; 4],
    length: u8,
    /// What drew it, if it is known.
    pub number: Option<usize>,
}

impl Place {
    /// Its bytes before the mask; none for the right half of a wide character.
    pub fn raw(&self) -> &[u8] {
        &self.raw[..usize::from(self.length)]
    }

    /// Whether nothing stands there.
    pub fn is_blank(&self) -> bool {
        self.shown == ' ' && self.length <= 1
    }
}

/// A row.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// One for each column.
    pub places: Vec<Place>,
    /// The terminal itself has wrapped it: the next row goes on.
    pub wrapped: bool,
}

impl Row {
    /// The first place between `from` and `to` that is not blank.
    pub fn start(&self, from: usize, to: usize) -> Option<usize> {
        (from..to.min(self.places.len())).find(|col| !self.places[*col].is_blank())
    }

    /// The place after the last one between `from` and `to` that is not blank; `from` if all are.
    pub fn end(&self, from: usize, to: usize) -> usize {
        let to = to.min(self.places.len());
        (from..to).rev().find(|col| !self.places[*col].is_blank()).map_or(from, |col| col + 1)
    }

    /// The character shown at `col`.
    pub fn shown(&self, col: usize) -> char {
        self.places.get(col).map_or(' ', |place| place.shown)
    }
}

/// All rows of `screen`.
pub fn rows(screen: &Traced) -> Vec<Row> {
    (0..screen.size().1)
        .map(|row| {
            let (places, wrapped) = screen.row(row);
            Row { places: places.map(|place| of(&place)).collect(), wrapped }
        })
        .collect()
}

fn of(place: &crate::term::Place<'_>) -> Place {
    let mut raw = [0; 4];
    let length = match place.print {
        _ if place.columns == 0 => 0,
        Some(print) => {
            let bytes = print.raw();
            raw[..bytes.len()].copy_from_slice(bytes);
            bytes.len()
        }
        None => place.shown.encode_utf8(&mut raw).len(),
    };
    // The right half of a wide character is no blank: it is not counted as one by its length of 0.
    let shown = if place.columns == 0 { '\u{fffd}' } else { place.shown };
    Place { shown, raw, length: u8::try_from(length).unwrap_or(0), number: place.number }
}

/// Whether `c` is a line that separates what stands beside it.
pub fn is_border(c: char) -> bool {
    matches!(
        c,
        '|' | '\u{2502}' | '\u{2503}' | '\u{2506}'
            ..='\u{250b}' | '\u{2551}' | '\u{258f}' | '\u{2590}' | '\u{2595}'
    )
}

/// Whether `c` is part of a frame.
pub fn is_drawing(c: char) -> bool {
    matches!(c, '\u{2500}'..='\u{259f}')
}
