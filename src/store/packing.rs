//! Packing of what screens showed.
//!
//! Screens repeat each other more than themselves: the same files, listings and messages come again in other sessions.
//! So from time to time a dictionary is made of what the last ones had in common, and the next ones are packed with it.
//! A dictionary holds pieces of the sessions it was made of. Once one of these is forgotten it is used no more; what was
//! packed with it is packed anew, and it goes.

use rusqlite::Connection;
use rusqlite::OptionalExtension as _;
use rusqlite::params;
use zstd::zstd_safe::CCtx;
use zstd::zstd_safe::CDict;
use zstd::zstd_safe::DCtx;
use zstd::zstd_safe::DDict;

use super::screens::MAX_STRETCH;
use super::screens::SCREEN_BITS;
use super::texts::LEVEL;
use super::write::Batch;
use crate::error::Result;

/// Longest dictionary, in bytes.
const DICTIONARY: usize = 1 << 20;
/// Stretches that one is made of: 8 MiB of text, which takes a second or two.
const SAMPLES: usize = 64;
/// Stretches after which a dictionary has become old: 512 MiB of text.
const EPOCH: usize = 64 * SAMPLES;
/// Dictionaries that are kept in memory for reading: those of 4 GiB of text.
const KEPT: usize = 8;
/// Stretches that are packed anew at once.
const ANEW: usize = 64;

/// What is kept from one stretch to the next.
#[derive(Default)]
pub(super) struct Packing {
    compressor: CCtx<'static>,
    decompressor: DCtx<'static>,
    /// The one that stretches are packed with now.
    newest: Option<(i64, CDict<'static>)>,
    /// For reading, the last used first.
    known: Vec<(i64, DDict<'static>)>,
}

impl std::fmt::Debug for Packing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Packing").finish_non_exhaustive()
    }
}

impl Packing {
    /// Unpacks a stretch into `text`, which is empty afterwards when something is damaged.
    ///
    /// To be called while the row is being read: its dictionary comes from the same moment then.
    pub(super) fn unpack(
        &mut self,
        connection: &Connection,
        (dictionary, packed): (Option<i64>, &[u8]),
        text: &mut Vec<u8>,
    ) -> rusqlite::Result<()> {
        text.clear();
        text.reserve(MAX_STRETCH);
        let unpacked = match dictionary {
            None => self.decompressor.decompress(text, packed),
            Some(number) => {
                let Some(dictionary) = known(&mut self.known, connection, number)? else { return Ok(()) };
                self.decompressor.decompress_using_ddict(text, packed, dictionary)
            }
        };
        if unpacked.is_err() {
            text.clear();
        }
        Ok(())
    }

    /// A text packed, and the dictionary that it needs.
    fn pack(&mut self, connection: &Connection, text: &str) -> rusqlite::Result<(Option<i64>, Vec<u8>)> {
        let mut packed = Vec::with_capacity(zstd::zstd_safe::compress_bound(text.len()));
        let newest = newest(connection)?;
        if self.newest.as_ref().map(|(number, _)| *number) != newest {
            self.newest = match newest {
                Some(number) => {
                    let body = dictionary(connection, number)?;
                    CDict::try_create(&body, LEVEL).map(|dictionary| (number, dictionary))
                }
                None => None,
            };
        }
        // In memory nothing can fail but memory.
        let _ = match &self.newest {
            Some((_, dictionary)) => {
                self.compressor.compress_using_cdict(&mut packed, text.as_bytes(), dictionary)
            }
            None => self.compressor.compress(&mut packed, text.as_bytes(), LEVEL),
        };
        Ok((self.newest.as_ref().map(|(number, _)| *number), packed))
    }
}

/// A dictionary for reading; none when it is damaged.
fn known<'k>(
    known: &'k mut Vec<(i64, DDict<'static>)>,
    connection: &Connection,
    number: i64,
) -> rusqlite::Result<Option<&'k DDict<'static>>> {
    if let Some(at) = known.iter().position(|(known, _)| *known == number) {
        known[..=at].rotate_right(1);
    } else {
        let Some(dictionary) = DDict::try_create(&dictionary(connection, number)?) else { return Ok(None) };
        known.truncate(KEPT - 1);
        known.insert(0, (number, dictionary));
    }
    Ok(known.first().map(|(_, dictionary)| dictionary))
}

/// Empty when there is none.
fn dictionary(connection: &Connection, number: i64) -> rusqlite::Result<Vec<u8>> {
    let sql = "SELECT body FROM dictionaries WHERE n = ?1 AND length(body) <= ?2";
    let values = params![number, DICTIONARY as i64];
    let body: Option<Vec<u8>> =
        connection.prepare_cached(sql)?.query_row(values, |row| row.get(0)).optional()?;
    Ok(body.unwrap_or_default())
}

/// The one that stretches are packed with now.
fn newest(connection: &Connection) -> rusqlite::Result<Option<i64>> {
    let sql = "SELECT max(n) FROM dictionaries WHERE NOT retired";
    connection.prepare_cached(sql)?.query_row([], |row| row.get(0))
}

impl Batch<'_> {
    /// A stretch's text packed, and the dictionary that it needs.
    pub(super) fn pack_stretch(&self, text: &str) -> Result<(Option<i64>, Vec<u8>)> {
        self.has_packed.set(true);
        self.get(|connection| self.packing.borrow_mut().pack(connection, text))
    }

    /// Makes a dictionary, if enough was packed since the last one.
    pub(super) fn renew_dictionary(&self) -> Result<()> {
        let newest = self.get(newest)?;
        let packed: usize = self.get(|connection| {
            let sql = "SELECT count(*) FROM screens WHERE dictionary IS ?1";
            connection.prepare_cached(sql)?.query_row([newest], |row| row.get::<_, i64>(0))
        })? as usize;
        if packed < newest.map_or(SAMPLES, |_| EPOCH) {
            return Ok(());
        }
        let (mut samples, mut sizes, mut sources) = (Vec::new(), Vec::new(), Vec::new());
        self.get(|connection| {
            let sql = "SELECT id, dictionary, body FROM screens WHERE dictionary IS ?1 ORDER BY id";
            let mut statement = connection.prepare_cached(sql)?;
            let mut rows = statement.query([newest])?;
            let mut text = Vec::new();
            for at in 0..packed {
                let Some(row) = rows.next()? else { break };
                if at % (packed / SAMPLES) != 0 || sizes.len() == SAMPLES {
                    continue;
                }
                let stretch = (row.get(1)?, row.get_ref(2)?.as_blob()?);
                self.packing.borrow_mut().unpack(connection, stretch, &mut text)?;
                sizes.push(text.len());
                samples.extend_from_slice(&text);
                sources.push(row.get::<_, i64>(0)? >> SCREEN_BITS);
            }
            Ok(())
        })?;
        // Where nothing comes again there is none to be made; an empty one says that it was tried.
        let body = zstd::dict::from_continuous(&samples, &sizes, DICTIONARY).unwrap_or_default();
        self.run("INSERT INTO dictionaries (body) VALUES (?1)", [body])?;
        let dictionary = self.transaction.last_insert_rowid();
        sources.into_iter().try_for_each(|session| {
            self.run(
                "INSERT OR IGNORE INTO dictionary_sources (session, dictionary) VALUES (?1, ?2)",
                [session, dictionary],
            )
        })
    }

    /// What a session was in is not used any more.
    pub(super) fn retire_dictionaries(&self, session: i64) -> Result<()> {
        self.run(
            "UPDATE dictionaries SET retired = 1
             WHERE n IN (SELECT dictionary FROM dictionary_sources WHERE session = ?1)",
            [session],
        )
    }

    /// Packs some of what needs a retired dictionary anew, and takes out those that nothing needs; gives whether there is
    /// more to do.
    pub fn pack_anew(&self) -> Result<bool> {
        let stretches: Vec<(i64, Vec<u8>)> = self.get(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT id, dictionary, screens.body FROM dictionaries JOIN screens ON dictionary = n WHERE retired LIMIT ?1",
            )?;
            let mut rows = statement.query([ANEW as i64])?;
            let mut stretches = Vec::new();
            while let Some(row) = rows.next()? {
                let mut text = Vec::new();
                let stretch = (row.get(1)?, row.get_ref(2)?.as_blob()?);
                self.packing.borrow_mut().unpack(connection, stretch, &mut text)?;
                stretches.push((row.get(0)?, text));
            }
            Ok(stretches)
        })?;
        for (number, text) in &stretches {
            let (dictionary, body) = self.pack_stretch(&String::from_utf8_lossy(text))?;
            self.run(
                "UPDATE screens SET dictionary = ?2, body = ?3 WHERE id = ?1",
                params![number, dictionary, body],
            )?;
        }
        if !stretches.is_empty() {
            return Ok(true);
        }
        self.run(
            "DELETE FROM dictionary_sources WHERE dictionary IN (SELECT n FROM dictionaries WHERE retired)",
            [],
        )?;
        self.run("DELETE FROM dictionaries WHERE retired", [])?;
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::query;
    use crate::query::Now;
    use crate::store::Index;
    use crate::store::NewSession;
    use crate::store::Opened;
    use crate::store::Page;
    use crate::store::Piece;
    use crate::types::Micros;
    use crate::types::SessionId;

    fn open(path: &Path) -> Index {
        let Opened::Ready(index) = Index::open(path).unwrap() else { panic!("a new index") };
        index
    }

    fn id(number: u64) -> SessionId {
        SessionId::new(1_763_700_000_000_000 + number, u128::from(number))
    }

    /// A session with a good MiB on its screen: a word of its own, and lines that others have, too.
    fn add(index: &Index, number: u64) {
        let mut text = format!("only{number}session\n");
        for line in 0..30_000_u128 {
            let what = (line / 20 * 71 + u128::from(number) * 13) % 4_000 + line % 20;
            text.push_str(&format!(
                "{:032x}\n",
                what.wrapping_mul(0x2545_f491_4f6c_dd1d_9e37_79b9_7f4a_7c15)
            ));
        }
        let new = NewSession {
            id: id(number),
            started: 1_763_700_000_000_000 + number,
            user: "ana".to_owned(),
            host: "host".to_owned(),
            command: "true".to_owned(),
            identity: None,
            agent: None,
            title: None,
            cwd: String::new(),
            profile: None,
            region: None,
            groups: Vec::new(),
        };
        index
            .batch(|batch| {
                let row = batch.add_session(&new)?;
                let pieces: Vec<Piece> = text
                    .as_bytes()
                    .chunks(2_000)
                    .map(|piece| Piece { at: Micros(0), text: String::from_utf8(piece.to_vec()).unwrap() })
                    .collect();
                batch.add_screen(row, &pieces)
            })
            .unwrap();
    }

    fn found(index: &Index, word: &str) -> Vec<SessionId> {
        let now = Now { unix_micros: 1_763_700_100_000_000, zone: jiff::tz::TimeZone::UTC };
        let query = query::parse(word, &now).unwrap();
        let found = index.find(&query, Page { limit: 50, offset: 0 }).unwrap();
        for session in &found {
            assert!(session.hits.iter().any(|hit| hit.snippet.contains(word)), "{word}: {:?}", session.hits);
        }
        found.into_iter().map(|session| session.session.id).collect()
    }

    fn number(index: &Index, sql: &str) -> i64 {
        index.get(|connection| connection.query_row(sql, [], |row| row.get(0))).unwrap()
    }

    #[test]
    fn stretches_are_packed_with_what_they_have_in_common_until_one_of_them_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index.db");
        let (index, other) = (open(&path), open(&path));
        for number in 0..10 {
            add(&index, number);
        }
        assert_eq!(number(&index, "SELECT count(*) FROM dictionaries"), 1);
        let sizes = "SELECT avg(length(body)) FROM screens WHERE bytes > 120000 AND dictionary IS";
        let size = |sql: &str| -> f64 {
            index.get(|connection| connection.query_row(sql, [], |row| row.get(0))).unwrap()
        };
        let (plain, with) = (size(&format!("{sizes} NULL")), size(&format!("{sizes} NOT NULL")));
        assert!(with < plain / 2.0, "{plain} {with}");
        // What was packed before and since, by who made it and by who comes along.
        for index in [&index, &other] {
            for number in 0..10 {
                assert_eq!(found(index, &format!("only{number}session")), [id(number)]);
            }
        }
        index.batch(|batch| batch.forget(id(2))).unwrap();
        add(&index, 11);
        assert_eq!(
            number(&index, "SELECT count(*) FROM screens WHERE dictionary IS NULL AND bytes > 0")
                + number(&index, "SELECT count(*) FROM screens WHERE dictionary = 1"),
            number(&index, "SELECT count(*) FROM screens"),
            "the old one is not used again"
        );
        while index.batch(|batch| batch.pack_anew()).unwrap() {}
        assert_eq!(number(&index, "SELECT count(*) FROM dictionaries WHERE n = 1"), 0);
        assert_eq!(number(&index, "SELECT count(*) FROM screens WHERE dictionary = 1"), 0);
        assert_eq!(number(&index, "SELECT count(*) FROM dictionary_sources WHERE dictionary = 1"), 0);
        for index in [&index, &other] {
            assert_eq!(found(index, "only2session"), []);
            for number in [0, 1, 3, 4, 5, 6, 7, 8, 9, 11] {
                assert_eq!(found(index, &format!("only{number}session")), [id(number)]);
            }
        }
    }

    #[test]
    fn a_dictionary_that_is_empty_or_damaged_or_gone() {
        let folder = tempfile::tempdir().unwrap();
        let index = open(&folder.path().join("index.db"));
        // The last begins as one that was made, and is none.
        for body in [&b""[..], b"any text", b"\x37\xa4\x30\xec and no more"] {
            let (number, packed) = index
                .batch(|batch| {
                    batch.run("INSERT INTO dictionaries (body) VALUES (?1)", [body])?;
                    batch.pack_stretch("some text, some text")
                })
                .unwrap();
            let mut text = b"old".to_vec();
            let read = |connection: &Connection| {
                index.packing.borrow_mut().unpack(connection, (number, &packed), &mut text)
            };
            index.get(read).unwrap();
            assert_eq!(text, b"some text, some text");
        }
        let mut text = b"old".to_vec();
        for packed in [&b"no zstd"[..], &zstd::bulk::compress(&vec![0; 16 << 20], 3).unwrap()] {
            for dictionary in [None, Some(1), Some(99)] {
                index
                    .get(|connection| {
                        index.packing.borrow_mut().unpack(connection, (dictionary, packed), &mut text)
                    })
                    .unwrap();
                assert_eq!(text, b"");
            }
        }
    }
}
