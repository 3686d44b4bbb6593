//! Texts of the index: what is searched by words, and by parts of words.

use std::borrow::Cow;

use rusqlite::OptionalExtension as _;
use rusqlite::params;

use super::query::MAX_TEXT;
use super::rows::Source;
use super::screens::SCREEN_BITS;
use super::words;
use super::write::Batch;
use super::write::signed;
use crate::error::Result;
use crate::types::Micros;

/// Texts longer than this are stored compressed, in bytes.
const COMPRESS_FROM: usize = 256;
/// How texts are packed: a higher level takes longer, and these are many.
pub(super) const LEVEL: i32 = 9;

/// Bits of a text's number within its session.
pub(super) const TEXT_BITS: u32 = 24;
/// The same for what is searched by parts: one for each batch.
pub(super) const PART_BITS: u32 = 20;
/// Most command lines and ARNs of a session in one batch; a batch has fewer lines.
const MOST_PARTS: usize = 100_000;
/// Number of the session that comes first; there is room for older ones.
const FIRST_SESSION: i64 = 1 << 30;
/// Between the numbers of two sessions, for what is read later and began in between.
const APART: i64 = 16;

/// The first and the last number that texts of a session can have.
pub(super) fn numbers(session: i64, bits: u32) -> (i64, i64) {
    let first = session << bits;
    (first, first | ((1 << bits) - 1))
}

impl Batch<'_> {
    /// A free number for a session that began then: the newer, the higher.
    ///
    /// Close to each other, for the index of words has to write down the differences.
    pub(super) fn free_row(&self, started: u64) -> Result<i64> {
        let started = signed(started);
        self.get(|connection| {
            let next = |sql: &str| -> rusqlite::Result<Option<i64>> {
                connection.prepare_cached(sql)?.query_row([started], |row| row.get(0)).optional()
            };
            let below =
                next("SELECT n FROM sessions WHERE started <= ?1 ORDER BY started DESC, n DESC LIMIT 1")?;
            let above = next("SELECT n FROM sessions WHERE started > ?1 ORDER BY started, n LIMIT 1")?;
            let row = match (below, above) {
                (None, None) => FIRST_SESSION,
                (Some(below), None) => below + APART,
                (None, Some(above)) => above - APART,
                (Some(below), Some(above)) => below + (above - below) / 2,
            };
            // Where very many have come in between there is no room left; some then stand a few places off.
            let mut is_taken = connection.prepare_cached("SELECT 1 FROM sessions WHERE n = ?1")?;
            let mut free = row;
            while is_taken.exists([free])? {
                free += 1;
            }
            Ok(free)
        })
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
        self.retire_dictionaries(session)?;
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
