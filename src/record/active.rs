//! Marks of running sessions: `active/<id>` holds the process id and is locked by the process as long as it lives.

use std::fs;
use std::fs::File;
use std::fs::TryLockError;
use std::io::Write as _;
use std::path::PathBuf;

use super::place::Place;
use super::private;
use crate::error::Result;
use crate::types::SessionId;

/// The mark of this session. The lock goes with the process, however it ends; the file stays until [`Active::end`].
#[derive(Debug)]
pub(super) struct Active {
    path: PathBuf,
    _lock: File,
}

/// What a mark left by somebody says.
#[derive(Debug)]
pub(super) enum Found {
    /// Its process lives.
    Running,
    /// Its process is gone; the mark is ours now.
    Dead(Active),
}

impl Active {
    /// Leaves the mark of a session that begins.
    pub(super) fn begin(place: &Place, id: SessionId, pid: u32) -> Result<Self> {
        let folder = place.active();
        // It gets its name only when it is locked, so that nobody can take it for a dead one in between.
        let unlocked = folder.join(format!(".{id}"));
        let path = folder.join(id.to_string());
        let mut file = match private::try_new_file(&unlocked) {
            Ok(file) => file,
            Err(_) => {
                private::folders(&folder)?;
                private::new_file(&unlocked)?
            }
        };
        let marked =
            file.lock().and_then(|()| writeln!(file, "{pid}")).and_then(|()| fs::rename(&unlocked, &path));
        marked.map_err(|cause| private::cannot("write", &path, &cause))?;
        Ok(Self { path, _lock: file })
    }

    /// Takes the mark away: there is nothing left to do for this session.
    pub(super) fn end(self) {
        // Left behind it costs the next start a look, no more.
        drop(fs::remove_file(&self.path));
    }
}

/// The marks that are there, without looking into them.
pub(super) fn all(place: &Place) -> Vec<SessionId> {
    let Ok(entries) = fs::read_dir(place.active()) else { return Vec::new() };
    let mut ids: Vec<SessionId> =
        entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect();
    ids.sort_unstable();
    ids
}

/// Looks whose mark it is; none when it is gone.
pub(super) fn look(place: &Place, id: SessionId) -> Result<Option<Found>> {
    let path = place.active().join(id.to_string());
    let Ok(file) = private::open(&path) else { return Ok(None) };
    match file.try_lock() {
        Ok(()) => Ok(Some(Found::Dead(Active { path, _lock: file }))),
        Err(TryLockError::WouldBlock) => Ok(Some(Found::Running)),
        Err(TryLockError::Error(cause)) => Err(private::cannot("lock", &path, &cause)),
    }
}
