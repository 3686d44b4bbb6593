//! Looking at an index without touching it: no table is made, no log is merged, no file is left behind.

use std::path::Path;

use rusqlite::Connection;
use rusqlite::OpenFlags;

use super::SCHEMA;
use crate::types::SessionId;

/// Letters of a path that mean something in a URI are written as `%XX`.
const LETTERS: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_');

/// An index up to this size is read through for damage.
const CHECKED_BYTES: u64 = 64 << 20;

/// What an index is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Looked {
    /// It can be used; the sessions in it that nothing more is expected of.
    Sound(Vec<SessionId>),
    /// Another version of hoop made it, or it is empty: it is made anew when it is next used.
    OtherVersion(i32),
    /// It is damaged, in SQLite's words.
    Damaged(String),
}

/// Looks at the index at `path`.
///
/// # Errors
/// It cannot be opened or read, in words.
pub fn look(path: &Path) -> Result<Looked, String> {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    // While somebody uses it there is a log, which must be read along. Without one the file does not change, and saying so
    // keeps SQLite from making one.
    let is_used = Path::new(&log).exists();
    let name = path.to_str().ok_or("its name is not UTF-8")?;
    let encoded = percent_encoding::utf8_percent_encode(name, LETTERS);
    let how = if is_used { "mode=ro" } else { "immutable=1" };
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = Connection::open_with_flags(format!("file:{encoded}?{how}"), flags);
    let connection = opened.map_err(|cause| cause.to_string())?;
    let found = examine(&connection, std::fs::metadata(path).map_or(0, |metadata| metadata.len()));
    match found {
        Ok(looked) => Ok(looked),
        Err(cause) if super::is_damage(&cause) => Ok(Looked::Damaged(cause.to_string())),
        Err(cause) => Err(cause.to_string()),
    }
}

fn examine(connection: &Connection, bytes: u64) -> rusqlite::Result<Looked> {
    let version: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version != SCHEMA {
        return Ok(Looked::OtherVersion(version));
    }
    if bytes <= CHECKED_BYTES {
        let found: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if found != "ok" {
            return Ok(Looked::Damaged(found));
        }
    }
    let mut statement = connection.prepare("SELECT id FROM sessions WHERE done")?;
    let ids = statement.query_map([], |row| row.get::<_, String>(0))?;
    let ids = ids.filter_map(|id| id.map(|id| id.parse().ok()).transpose());
    Ok(Looked::Sound(ids.collect::<rusqlite::Result<_>>()?))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::store::Index;

    #[test]
    fn looking_leaves_the_folder_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("in dex?.db");
        drop(Index::open(&path).unwrap());
        let names =
            || fs::read_dir(folder.path()).unwrap().map(|it| it.unwrap().file_name()).collect::<Vec<_>>();
        let before = (names(), fs::read(&path).unwrap());
        assert_eq!(look(&path).unwrap(), Looked::Sound(Vec::new()));
        assert_eq!((names(), fs::read(&path).unwrap()), before);
    }

    #[test]
    fn what_is_no_index_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index.db");
        assert!(look(&path).is_err());
        fs::write(&path, "").unwrap();
        assert_eq!(look(&path).unwrap(), Looked::OtherVersion(0));
        fs::write(&path, "not a database, and long enough to be taken for one".repeat(40)).unwrap();
        assert!(matches!(look(&path).unwrap(), Looked::Damaged(_)));
    }
}
