//! Queries that were asked before and those saved under a name: `STATE/replay/queries.toml`, 0600, written whole or not
//! at all.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;

use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::record;

/// Most queries remembered, and saved.
const MAX_ASKED: usize = 500;
const MAX_SAVED: usize = 200;
/// Longest query that is kept, in bytes.
const MAX_QUERY: usize = 4_000;
/// Longest name, in bytes.
const MAX_NAME: usize = 64;
/// Bytes of remembered queries; the oldest go first.
const MAX_HISTORY: usize = 256 << 10;
/// Largest file that is read, in bytes.
const MAX_FILE: u64 = 4 << 20;

/// What is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Queries {
    /// Those asked before, newest first.
    pub asked: Vec<String>,
    /// Those saved, by name.
    pub saved: BTreeMap<String, String>,
}

/// A change to what is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A query was asked.
    Asked(String),
    /// It is not to be remembered any longer.
    ForgetAsked(String),
    /// A query gets a name; one that had it before is gone.
    Save {
        /// The name.
        name: String,
        /// The query.
        query: String,
    },
    /// The query of that name goes.
    ForgetSaved(String),
}

/// Whether a query of that name can be saved; else why not.
pub fn check_name(name: &str) -> Result<(), String> {
    let is_plain = name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'));
    match name {
        "" => Err("a saved query needs a name".to_owned()),
        _ if name.len() > MAX_NAME => Err(format!("a name has at most {MAX_NAME} bytes")),
        _ if !is_plain => Err("a name is made of letters, digits, `-`, `_` and `.`".to_owned()),
        _ => Ok(()),
    }
}

/// What is kept below `state`; nothing when there is no file yet.
///
/// Fails when the file cannot be read, or is not as [`change`] writes it.
pub fn read(state: &Path) -> Result<Queries> {
    let path = path(state);
    let Some(bytes) = record::read_private(&path, MAX_FILE)? else { return Ok(Queries::default()) };
    let damaged = |why: String| {
        Error::new(Kind::Config, format!("cannot read the saved queries {}", path.display()))
            .why(why)
            .fix("mend that file, or move it away")
    };
    let text = String::from_utf8(bytes).map_err(|_| damaged("it is not UTF-8".to_owned()))?;
    toml::from_str(&text).map_err(|error| {
        let line =
            error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        damaged(format!("line {line}: {}", error.message()))
    })
}

/// The query saved as `name`.
///
/// Fails with `NotFound` when there is none; says which there are.
pub fn saved(state: &Path, name: &str) -> Result<String> {
    let mut queries = read(state)?;
    queries.saved.remove(name).ok_or_else(|| {
        let names: Vec<String> = queries.saved.keys().map(|name| format!("@{name}")).collect();
        let error = Error::new(Kind::NotFound, format!("no query is saved as `{}`", name.escape_debug()));
        match names.is_empty() {
            true => error.fix("save one in the list of hoop-replay: type it, then Ctrl-S"),
            false => error.fix(format!("there are {}", names.join(", "))),
        }
    })
}

/// Makes a change; gives what is kept then. A query for which `is_secret` holds is not kept: an asked one is passed
/// over, a named one is refused.
///
/// Fails when the file cannot be read or written; it is then as it was.
pub fn change(state: &Path, change: Change, is_secret: &dyn Fn(&str) -> bool) -> Result<Queries> {
    let path = path(state);
    record::private_folders(&folder(state))?;
    let lock = record::open_private(&path.with_extension("lock"))?;
    lock.lock().map_err(|cause| Error::io(format!("cannot lock {}", path.display()), &cause))?;
    let before = read(state)?;
    let mut queries = before.clone();
    match change {
        Change::Asked(query) if query.len() > MAX_QUERY || is_secret(&query) => {}
        Change::Asked(query) => {
            queries.asked.retain(|asked| *asked != query);
            queries.asked.insert(0, query);
        }
        Change::ForgetAsked(query) => queries.asked.retain(|asked| *asked != query),
        Change::Save { name, query } => {
            let refused = |why: &str| {
                Error::new(Kind::Usage, format!("`{}` is not saved", name.escape_debug())).why(why)
            };
            check_name(&name).map_err(|why| refused(&why))?;
            if is_secret(&query) {
                return Err(refused("the mask rules find a secret in it"));
            }
            if query.len() > MAX_QUERY {
                return Err(refused("the query is too long"));
            }
            if queries.saved.len() >= MAX_SAVED && !queries.saved.contains_key(&name) {
                return Err(refused("there are too many already; delete one first"));
            }
            queries.saved.insert(name, query);
        }
        Change::ForgetSaved(name) => drop(queries.saved.remove(&name)),
    }
    queries.asked.truncate(MAX_ASKED);
    let mut room = MAX_HISTORY;
    queries.asked.retain(|asked| {
        let fits = asked.len() <= room;
        room = if fits { room - asked.len() } else { 0 };
        fits
    });
    if queries != before {
        let text = toml::to_string(&queries)
            .map_err(|error| Error::new(Kind::System, "cannot write the queries").why(error.to_string()))?;
        record::replace_private(&path, text.as_bytes())?;
    }
    Ok(queries)
}

fn folder(state: &Path) -> PathBuf {
    state.join("replay")
}

fn path(state: &Path) -> PathBuf {
    folder(state).join("queries.toml")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    const fn is_secret(query: &str) -> bool {
        query.len() == 6
    }

    fn asked(state: &Path, query: &str) -> Queries {
        change(state, Change::Asked(query.to_owned()), &is_secret).unwrap()
    }

    #[test]
    fn queries_are_kept_in_order_once_and_without_secrets() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path();
        assert_eq!(read(state).unwrap(), Queries::default());
        for query in ["one", "user:ana \"x\ty\"", "secret", "one"] {
            asked(state, query);
        }
        let kept = read(state).unwrap();
        assert_eq!(kept.asked, ["one", "user:ana \"x\ty\""]);
        let mode = fs::metadata(path(state)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let kept = change(state, Change::ForgetAsked("one".to_owned()), &is_secret).unwrap();
        assert_eq!(kept.asked.len(), 1);
    }

    #[test]
    fn what_is_kept_has_an_end() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path();
        let many = Queries { asked: vec!["x".repeat(3_000); 400], ..Queries::default() };
        fs::create_dir(folder(state)).unwrap();
        fs::write(path(state), toml::to_string(&many).unwrap()).unwrap();
        let kept = asked(state, "the newest");
        assert!(kept.asked.iter().map(String::len).sum::<usize>() <= MAX_HISTORY);
        let kept = asked(state, &"y".repeat(MAX_QUERY + 1));
        assert!(kept.asked.iter().all(|query| !query.starts_with('y')));
    }

    #[test]
    fn a_query_is_saved_found_by_its_name_and_deleted() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path();
        let save = |name: &str, query: &str| {
            change(state, Change::Save { name: name.to_owned(), query: query.to_owned() }, &is_secret)
        };
        save("denied", "decision:deny").unwrap();
        assert_eq!(saved(state, "denied").unwrap(), "decision:deny");
        let report = saved(state, "x").unwrap_err().report("hoop-replay");
        assert!(report.contains("@denied"), "{report}");
        for (name, query) in [("", "a"), ("a b", "a"), ("../a", "a"), ("ok", "secret")] {
            assert!(save(name, query).is_err(), "{name}");
        }
        change(state, Change::ForgetSaved("denied".to_owned()), &is_secret).unwrap();
        assert!(saved(state, "denied").is_err());
    }

    #[test]
    fn a_damaged_file_is_told_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path();
        fs::create_dir(folder(state)).unwrap();
        fs::write(path(state), "asked = [\"a\"]\n[saved]\nx = 1\n").unwrap();
        let report = read(state).unwrap_err().report("hoop-replay");
        assert!(report.contains("line 3"), "{report}");
        assert!(change(state, Change::Asked("b".to_owned()), &is_secret).is_err());
        assert!(fs::read_to_string(path(state)).unwrap().contains("x = 1"));
    }
}
