//! Texts of the index: what screens showed.

use std::cell::RefCell;

use rusqlite::Connection;
use rusqlite::OptionalExtension as _;
use rusqlite::params;

use super::Index;
use super::descent::Rows;
use super::packing::Packing;
use super::terms;
use super::texts::numbers;
use super::words;
use super::words::Pattern;
use super::write::Batch;
use super::write::signed;
use super::write::unsigned;
use crate::error::Result;
use crate::query::Node;
use crate::types::Micros;

/// A stretch of screen text ends after this many bytes …
const STRETCH: usize = 128 << 10;
/// … and one that is shorter than this goes on when more comes.
const SHORT: usize = STRETCH / 2;
/// Most bytes of a stretch: its last piece may be long.
pub(super) const MAX_STRETCH: usize = 512 << 10;

/// Bits of a stretch's number within its session.
pub(super) const SCREEN_BITS: u32 = 10;

/// A piece of screen text and when it began to appear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// When.
    pub at: Micros,
    /// The text.
    pub text: String,
}

impl Batch<'_> {
    /// Adds screen text, which can then be found by its words; best in amounts that fill a stretch.
    pub fn add_screen(&self, session: i64, pieces: &[Piece]) -> Result<()> {
        let (first, last) = numbers(session, SCREEN_BITS);
        let before: Option<(i64, i64)> = self.get(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT id, bytes FROM screens WHERE id BETWEEN ?1 AND ?2 ORDER BY id DESC LIMIT 1",
            )?;
            statement.query_row([first, last], |row| Ok((row.get(0)?, row.get(1)?))).optional()
        })?;
        let (mut number, mut stretch) = match before {
            Some((id, bytes)) if unsigned(bytes) < SHORT as u64 => {
                let stretch = self.get(|connection| stretch(connection, self.packing, id))?;
                self.run("DELETE FROM screen_words WHERE rowid = ?1", [id])?;
                self.run("DELETE FROM screens WHERE id = ?1", [id])?;
                (id, stretch)
            }
            Some((id, _)) => (id + 1, Stretch::default()),
            None => (first, Stretch::default()),
        };
        for piece in pieces {
            stretch.push(piece);
            if stretch.text.len() >= STRETCH {
                self.put_stretch(number, last, &std::mem::take(&mut stretch))?;
                number += 1;
            }
        }
        self.put_stretch(number, last, &stretch)
    }

    fn put_stretch(&self, number: i64, last: i64, stretch: &Stretch) -> Result<()> {
        // Past the last number a session has shown more than is searched.
        if stretch.text.is_empty() || number > last {
            return Ok(());
        }
        let (dictionary, body) = self.pack_stretch(&stretch.text)?;
        self.run(
            "INSERT INTO screens (id, bytes, marks, body, dictionary) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![number, signed(stretch.text.len() as u64), stretch.marks(), body, dictionary],
        )?;
        self.run(
            "INSERT INTO screen_words (rowid, text) VALUES (?1, ?2)",
            params![number, terms::of_text(&stretch.text)],
        )
    }
}

impl Index {
    /// A stretch of screen text; an empty one when it is gone.
    pub(super) fn stretch(&self, number: i64) -> Result<Stretch> {
        self.get(|connection| stretch(connection, &self.packing, number))
    }
}

fn stretch(connection: &Connection, packing: &RefCell<Packing>, number: i64) -> rusqlite::Result<Stretch> {
    let mut statement =
        connection.prepare_cached("SELECT dictionary, body, marks FROM screens WHERE id = ?1")?;
    let mut found = statement.query([number])?;
    let Some(row) = found.next()? else { return Ok(Stretch::default()) };
    let mut text = Vec::new();
    packing.borrow_mut().unpack(connection, (row.get(0)?, row.get_ref(1)?.as_blob()?), &mut text)?;
    Ok(Stretch::new(String::from_utf8(text).unwrap_or_default(), row.get_ref(2)?.as_blob()?))
}

/// Stretches that have a text whose words do not tell it; from the last.
pub(super) struct Screens {
    rows: Rows,
    pattern: Pattern,
    /// Memory for one text after another: there may be very many.
    text: Vec<u8>,
    folded: String,
}

impl Screens {
    /// Those of `rows` that fit.
    pub(super) fn new(rows: Rows, node: &Node) -> Self {
        Self { rows, pattern: Pattern::new(node), text: Vec::new(), folded: String::new() }
    }

    /// The newest session up to `most` with such a stretch; none when it is not newer than `than`.
    pub(super) fn session(&mut self, index: &Index, most: i64, than: Option<i64>) -> Result<Option<i64>> {
        let (_, mut last) = numbers(most, SCREEN_BITS);
        while let Some(number) = self.rows.last(index, last)? {
            if Some(number >> SCREEN_BITS) <= than {
                return Ok(None);
            }
            // Most of the time goes into what SQLite knows nothing of, and could not be stopped in.
            index.go_on()?;
            let fits = index.get(|connection| {
                let sql = "SELECT dictionary, body FROM screens WHERE id = ?1";
                let mut statement = connection.prepare_cached(sql)?;
                let mut found = statement.query([number])?;
                let Some(row) = found.next()? else { return Ok(false) };
                let stretch = (row.get(0)?, row.get_ref(1)?.as_blob()?);
                index.packing.borrow_mut().unpack(connection, stretch, &mut self.text)?;
                words::fold_into(std::str::from_utf8(&self.text).unwrap_or_default(), &mut self.folded);
                Ok(self.pattern.fits(&self.folded))
            })?;
            if fits {
                return Ok(Some(number >> SCREEN_BITS));
            }
            last = number - 1;
        }
        Ok(None)
    }
}

/// Some pieces of screen text as one.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Stretch {
    pub(super) text: String,
    /// Where each piece begins, in bytes, and when it was shown.
    pub(super) starts: Vec<(usize, Micros)>,
}

impl Stretch {
    fn push(&mut self, piece: &Piece) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
        self.starts.push((self.text.len(), piece.at));
        self.text.push_str(&piece.text);
    }

    /// The pieces, in order.
    pub(super) fn pieces(&self) -> impl Iterator<Item = (Micros, &str)> {
        self.starts.iter().enumerate().map(|(at, (start, time))| {
            let end = self.starts.get(at + 1).map_or(self.text.len(), |(end, _)| *end);
            (*time, self.text.get(*start..end).unwrap_or_default())
        })
    }

    /// When what stands at that byte was shown.
    pub(super) fn time(&self, place: usize) -> Micros {
        let after = self.starts.partition_point(|(start, _)| *start <= place);
        after.checked_sub(1).and_then(|at| self.starts.get(at)).map_or(Micros(0), |(_, time)| *time)
    }

    /// Differences of places and times, each as seven bits a byte.
    fn marks(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut put = |mut number: u64| {
            while number > 0x7f {
                bytes.push(number as u8 | 0x80);
                number >>= 7;
            }
            bytes.push(number as u8);
        };
        let (mut place, mut time) = (0, 0);
        for (start, Micros(at)) in &self.starts {
            put((*start - place) as u64);
            // Time does not go back in a recording; if it does in a damaged one, it stands still here.
            put(at.saturating_sub(time));
            (place, time) = (*start, time.max(*at));
        }
        bytes
    }

    /// A text with what [`Self::marks`] gave.
    fn new(text: String, marks: &[u8]) -> Self {
        let mut numbers = Vec::new();
        let (mut number, mut shift) = (0_u64, 0);
        for byte in marks {
            number |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            shift += 7;
            if byte & 0x80 == 0 {
                numbers.push(number);
                (number, shift) = (0, 0);
            }
        }
        let (mut place, mut time) = (0_usize, 0_u64);
        let mut starts = Vec::new();
        for pair in numbers.chunks_exact(2) {
            place = place.saturating_add(usize::try_from(pair[0]).unwrap_or(usize::MAX));
            time = time.saturating_add(pair[1]);
            if !text.is_char_boundary(place) || place > text.len() {
                break;
            }
            starts.push((place, Micros(time)));
        }
        if starts.is_empty() {
            starts.push((0, Micros(0)));
        }
        Self { text, starts }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stretch_is_read_as_it_was() {
        let mut stretch = Stretch::default();
        for (at, text) in [(5, "one\n"), (900, "zwei é"), (1_000_000_000, "three\n")] {
            stretch.push(&Piece { at: Micros(at), text: text.to_owned() });
        }
        let again = Stretch::new(stretch.text.clone(), &stretch.marks());
        assert_eq!(again, stretch);
        let pieces: Vec<_> = again.pieces().collect();
        assert_eq!(
            pieces,
            [(Micros(5), "one\n"), (Micros(900), "zwei é\n"), (Micros(1_000_000_000), "three\n")]
        );
        for damage in
            [&b"\xff\xff\xff"[..], b"\x01", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x01", b""]
        {
            std::hint::black_box(Stretch::new("é text".to_owned(), damage).pieces().count());
        }
    }
}
