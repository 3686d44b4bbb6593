//! Texts of the index: what is searched by words, and by parts of words.

use std::borrow::Cow;

use rusqlite::OptionalExtension as _;
use rusqlite::params;

use super::query::MAX_TEXT;
use super::rows::Source;
use super::words;
use super::write::Batch;
use super::write::signed;
use super::write::unsigned;
use crate::error::Result;
use crate::types::Micros;

/// Texts longer than this are stored compressed, in bytes.
const COMPRESS_FROM: usize = 256;
/// A stretch of screen text ends after this many bytes …
const STRETCH: usize = 32 << 10;
/// … and one that is shorter than this goes on when more comes.
const SHORT: usize = STRETCH / 2;
/// Most bytes of a stretch: its last piece may be long.
const MAX_STRETCH: usize = 128 << 10;
/// How texts are packed: a higher level takes longer, and these are many.
const LEVEL: i32 = 6;

/// Bits of a text's number within its session.
pub(super) const TEXT_BITS: u32 = 24;
/// The same for stretches of screens.
pub(super) const SCREEN_BITS: u32 = 13;
/// The same for what is searched by parts: one for each batch.
pub(super) const PART_BITS: u32 = 20;
/// Most command lines and ARNs of a session in one batch; a batch has fewer lines.
const MOST_PARTS: usize = 100_000;
/// Highest number of a session: with the bits of a text it fits into 63.
const LAST_SESSION: u64 = (1 << 38) - 1;

/// A piece of screen text and when it began to appear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// When.
    pub at: Micros,
    /// The text.
    pub text: String,
}

/// The first and the last number that texts of a session can have.
pub(super) fn numbers(session: i64, bits: u32) -> (i64, i64) {
    let first = session << bits;
    (first, first | ((1 << bits) - 1))
}

impl Batch<'_> {
    /// A free number for a session that began then.
    pub(super) fn free_row(&self, started: u64) -> Result<i64> {
        let wanted = signed((started / 250_000).min(LAST_SESSION));
        let taken = self.get(|connection| {
            let mut statement = connection.prepare_cached("SELECT 1 FROM sessions WHERE n = ?1")?;
            let mut row = wanted;
            while statement.exists([row])? {
                row += 1;
            }
            Ok(row)
        })?;
        if unsigned(taken) <= LAST_SESSION {
            return Ok(taken);
        }
        // Only with times that are damage.
        self.get(|connection| {
            connection.query_row("SELECT coalesce(min(n), 2) - 1 FROM sessions", [], |row| row.get(0))
        })
    }

    /// Adds screen text, which can then be found by its words; best in amounts that fill a stretch.
    pub fn add_screen(&self, session: i64, pieces: &[Piece]) -> Result<()> {
        let (first, last) = numbers(session, SCREEN_BITS);
        let before: Option<(i64, i64, Vec<u8>, Vec<u8>)> = self.get(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT id, bytes, marks, body FROM screens WHERE id BETWEEN ?1 AND ?2 ORDER BY id DESC LIMIT 1",
            )?;
            let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
            statement.query_row([first, last], read).optional()
        })?;
        let (mut number, mut stretch) = match before {
            Some((id, bytes, marks, body)) if unsigned(bytes) < SHORT as u64 => {
                self.run("DELETE FROM screen_words WHERE rowid = ?1", [id])?;
                self.run("DELETE FROM screens WHERE id = ?1", [id])?;
                (id, Stretch::unpack(&marks, &body))
            }
            Some((id, ..)) => (id + 1, Stretch::default()),
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
        self.run(
            "INSERT INTO screens (id, bytes, marks, body) VALUES (?1, ?2, ?3, ?4)",
            params![number, signed(stretch.text.len() as u64), stretch.marks(), pack(&stretch.text)],
        )?;
        self.run(
            "INSERT INTO screen_words (rowid, text) VALUES (?1, ?2)",
            params![number, words::cut(&stretch.text)],
        )
    }

    /// A command line or an ARN is to be found by its parts.
    pub(super) fn note_part(&self, session: i64, line: &str) {
        let mut parts = self.parts.borrow_mut();
        let lines = parts.entry(session).or_default();
        if !line.is_empty() && lines.len() < MOST_PARTS {
            lines.insert(line.to_owned());
        }
    }

    /// Writes what was noted down.
    pub(super) fn add_parts(&self) -> Result<()> {
        for (session, lines) in self.parts.take() {
            let (first, last) = numbers(session, PART_BITS);
            let number = self.get(|connection| {
                let mut statement = connection
                    .prepare_cached("SELECT max(id) FROM grams_docsize WHERE id BETWEEN ?1 AND ?2")?;
                statement.query_row([first, last], |row| row.get::<_, Option<i64>>(0))
            })?;
            let number = number.map_or(first, |number| (number + 1).min(last));
            let lines: Vec<String> = lines.into_iter().collect();
            self.run(
                "INSERT OR REPLACE INTO grams (rowid, text) VALUES (?1, ?2)",
                params![number, lines.join("\n")],
            )?;
        }
        Ok(())
    }

    /// Adds a text of something, that can also be found by the word `with`, if that is not empty; gives its place.
    pub(super) fn add_item(
        &self,
        session: i64,
        at: Micros,
        (source, item): (Source, Option<i64>),
        (text, with): (&str, &str),
    ) -> Result<i64> {
        let (first, last) = numbers(session, TEXT_BITS);
        let number = self.get(|connection| {
            let mut statement =
                connection.prepare_cached("SELECT max(id) FROM texts WHERE id BETWEEN ?1 AND ?2")?;
            statement.query_row([first, last], |row| row.get::<_, Option<i64>>(0))
        })?;
        let id = number.map_or(first, |number| (number + 1).min(last));
        let sql = "INSERT OR REPLACE INTO texts (id, at, source, item, body) VALUES (?1, ?2, ?3, ?4, ?5)";
        let source = source as i64;
        match text.len() {
            COMPRESS_FROM.. => self.run(sql, params![id, signed(at.0), source, item, pack(text)])?,
            _ => self.run(sql, params![id, signed(at.0), source, item, text])?,
        }
        let text = match with {
            "" => words::cut(text),
            with => Cow::Owned(format!("{with} {}", words::cut(text))),
        };
        self.run("INSERT OR REPLACE INTO words (rowid, text) VALUES (?1, ?2)", params![id, text])?;
        Ok(id)
    }

    /// Takes a session's texts out.
    pub(super) fn forget_texts(&self, session: i64) -> Result<()> {
        for (table, words, bits) in [
            ("texts", "words", TEXT_BITS),
            ("screens", "screen_words", SCREEN_BITS),
            ("", "grams", PART_BITS),
        ] {
            let (first, last) = numbers(session, bits);
            let sql = format!(
                "DELETE FROM {words} WHERE rowid IN (SELECT id FROM {words}_docsize WHERE id BETWEEN ?1 AND ?2)"
            );
            self.run(&sql, [first, last])?;
            if !table.is_empty() {
                self.run(&format!("DELETE FROM {table} WHERE id BETWEEN ?1 AND ?2"), [first, last])?;
            }
        }
        Ok(())
    }
}

fn pack(text: &str) -> Vec<u8> {
    // In memory nothing can fail but memory.
    zstd::bulk::compress(text.as_bytes(), LEVEL).unwrap_or_default()
}

/// A text that was packed; empty when it is damaged.
pub(super) fn unpack(packed: &[u8], most: usize) -> String {
    let text = zstd::bulk::decompress(packed, most.min(MAX_TEXT)).unwrap_or_default();
    String::from_utf8(text).unwrap_or_default()
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

    pub(super) fn unpack(marks: &[u8], body: &[u8]) -> Self {
        let text = unpack(body, MAX_STRETCH);
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
    fn a_stretch_is_unpacked_as_it_was() {
        let mut stretch = Stretch::default();
        for (at, text) in [(5, "one\n"), (900, "zwei é"), (1_000_000_000, "three\n")] {
            stretch.push(&Piece { at: Micros(at), text: text.to_owned() });
        }
        let again = Stretch::unpack(&stretch.marks(), &pack(&stretch.text));
        assert_eq!(again, stretch);
        let pieces: Vec<_> = again.pieces().collect();
        assert_eq!(
            pieces,
            [(Micros(5), "one\n"), (Micros(900), "zwei é\n"), (Micros(1_000_000_000), "three\n")]
        );
        for damage in
            [&b"\xff\xff\xff"[..], b"\x01", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x01", b""]
        {
            std::hint::black_box(Stretch::unpack(damage, &pack("é text")).pieces().count());
            std::hint::black_box(Stretch::unpack(&stretch.marks(), damage).pieces().count());
        }
    }
}
