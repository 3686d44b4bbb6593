//! Keeping the index in step with the recordings. Sessions never touch it: whoever wants to read it catches up first.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::Path;

use super::ingest;
use super::place::Place;
use super::private;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::store::Index;
use crate::store::Opened;
use crate::types::SessionId;

/// What catching up did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaughtUp {
    /// Sessions of which something was new.
    pub updated: u64,
    /// Sessions taken out because their folder is gone.
    pub forgotten: u64,
    /// Folders that could not be read, with the reason.
    pub unreadable: Vec<(SessionId, String)>,
}

/// How far catching up has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Sessions looked at.
    pub looked: u64,
    /// Sessions to look at.
    pub of: u64,
    /// Sessions of which something was new.
    pub updated: u64,
}

/// Opens the index below `state` and brings it up to date; a damaged one, or one of another version, is made anew
/// from the recordings. Gives what a person should be told about that.
pub fn open(state: &Path) -> Result<(Index, Vec<String>)> {
    open_telling(state, &mut |_| ())
}

/// As [`open`], and tells how far it has come after each session.
pub fn open_telling(state: &Path, tell: &mut dyn FnMut(Progress)) -> Result<(Index, Vec<String>)> {
    let place = Place::new(state);
    let mut notices = Vec::new();
    for _ in 0..2 {
        let (index, why) = open_file(&place)?;
        notices.extend(why.map(|why| format!("the index was made anew from the recordings: {why}")));
        match catch_up_telling(&index, state, tell) {
            Ok(done) => {
                notices.extend(
                    done.unreadable.into_iter().map(|(id, why)| format!("{id} is not in the index: {why}")),
                );
                return Ok((index, notices));
            }
            Err(_) if index.is_damaged() => {
                drop(index);
                remove(&place, |_| true)?;
                notices.push("the index was made anew from the recordings: it was damaged".to_owned());
            }
            Err(error) => return Err(error),
        }
    }
    Err(Error::new(Kind::Record, format!("the index {} stays damaged", place.index().display()))
        .fix("look at the disk; the recordings themselves can be checked with: hoopctl verify --all"))
}

/// Makes the index anew from the recordings.
pub fn rebuild(state: &Path) -> Result<CaughtUp> {
    let place = Place::new(state);
    remove(&place, |_| true)?;
    let (index, _) = open_file(&place)?;
    catch_up(&index, state)
}

/// Takes sessions out, of which the folders are gone. Without an index there is nothing to do.
pub fn forget(state: &Path, sessions: &[SessionId]) -> Result<()> {
    let place = Place::new(state);
    if sessions.is_empty() || !place.index().exists() {
        return Ok(());
    }
    let (index, _) = open_file(&place)?;
    sessions.iter().try_for_each(|id| index.batch(|batch| batch.forget(*id)))?;
    while index.batch(|batch| batch.pack_anew())? {}
    Ok(())
}

/// Reads what is new in all recordings below `state` into the index.
///
/// May be called by many processes at once; what one has read the others do not read again. Costs one look at the
/// folders' names, and one at each session that is not finished, when there is nothing new.
pub fn catch_up(index: &Index, state: &Path) -> Result<CaughtUp> {
    catch_up_telling(index, state, &mut |_| ())
}

fn catch_up_telling(index: &Index, state: &Path, tell: &mut dyn FnMut(Progress)) -> Result<CaughtUp> {
    let place = Place::new(state);
    let mut known: HashMap<SessionId, bool> = index.known()?.into_iter().collect();
    let mut done = CaughtUp::default();
    let all = place.all()?;
    for (looked, id) in (1..).zip(&all) {
        let id = *id;
        if known.remove(&id) == Some(true) {
            continue;
        }
        match ingest::session(index, &place.folder(id), id) {
            Ok(was_new) => done.updated += u64::from(was_new),
            Err(error) if index.has_failed() => return Err(error),
            Err(error) => done.unreadable.push((id, error.to_string())),
        }
        tell(Progress { looked, of: all.len() as u64, updated: done.updated });
    }
    for id in known.into_keys() {
        index.batch(|batch| batch.forget(id))?;
        done.forgotten += 1;
    }
    Ok(done)
}

/// Opens the index below `state` with what it has, which may be old; empty when there was none that can be used.
pub fn open_as_it_is(state: &Path) -> Result<Index> {
    open_file(&Place::new(state)).map(|(index, _)| index)
}

/// Opens the file, made anew if it cannot be used; then also says why.
fn open_file(place: &Place) -> Result<(Index, Option<String>)> {
    private::folders(place.state())?;
    let path = place.index();
    let open = || {
        // SQLite would make it readable for others.
        drop(private::open_or_new(&path)?);
        Index::open(&path)
    };
    match open()? {
        Opened::Ready(index) => Ok((index, None)),
        Opened::Unusable(why) => {
            remove(place, |path| matches!(Index::open(path), Ok(Opened::Unusable(_))))?;
            match open()? {
                Opened::Ready(index) => Ok((index, Some(why))),
                Opened::Unusable(why) => {
                    Err(Error::new(Kind::Record, format!("cannot use the index {}", path.display()))
                        .why(why)
                        .fix("move that file away"))
                }
            }
        }
    }
}

/// Removes the index, one process at a time, if it is (still) to be removed.
fn remove(place: &Place, is_to_go: impl Fn(&Path) -> bool) -> Result<()> {
    let path = place.index();
    private::folders(place.state())?;
    let lock = private::open_or_new(&path.with_extension("lock"))?;
    lock.lock().map_err(|cause| private::cannot("lock", &path, &cause))?;
    if !is_to_go(&path) {
        return Ok(());
    }
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        match fs::remove_file(&name) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
                return Err(private::cannot("remove", Path::new(&name), &cause));
            }
            _ => {}
        }
    }
    Ok(())
}
