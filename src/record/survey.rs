//! A look over all that is stored, within a time: what runs, what was never sealed, what is damaged, how much room it
//! takes. Changes nothing.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use super::active;
use super::active::Found;
use super::place::Place;
use super::private;
use super::seal::Seal;
use super::verify;
use super::verify::State;
use crate::clock::Clock;
use crate::error::Result;
use crate::types::SessionId;

/// Recordings larger than this are not checked in passing, in bytes.
const CHECKED_BYTES: u64 = 32 << 20;

/// A session that began so much later than now, in microseconds, was recorded under another clock.
const FUTURE: u64 = 5 * 60 * 1_000_000;

/// What began longer ago than this, in microseconds, is old: 90 days.
const OLD: u64 = 90 * 86_400 * 1_000_000;

/// Longest seal that is read, in bytes.
const MAX_SEAL: u64 = 64 << 10;

/// What there is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// All sessions.
    pub sessions: Vec<SessionId>,
    /// How many of them are running.
    pub running: usize,
    /// Their process died; the next start of hoop-run seals them.
    pub unsealed: Vec<SessionId>,
    /// They have no seal, and nothing says that anybody will seal them.
    pub forsaken: Vec<SessionId>,
    /// They began in what is the future now.
    pub from_future: Vec<SessionId>,
    /// They were sealed before they began: the clock went back meanwhile.
    pub backwards: Vec<SessionId>,
    /// What all of them take on the disk, in bytes.
    pub bytes: u64,
    /// Whether all of them were looked at; else there was no time for the oldest.
    pub is_whole: bool,
    /// How many of the newest were checked as `hoopctl verify` does.
    pub checked: usize,
    /// Those of them that are damaged, with the first reason.
    pub damaged: Vec<(SessionId, String)>,
    /// How many began longer ago than a quarter of a year, and what they take in bytes.
    pub old: (usize, u64),
    /// There is a newest seal.
    pub has_seals: bool,
}

/// The key that seals are signed with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostKey {
    /// There is none yet.
    Missing,
    /// It cannot be read, or is none; in words.
    Unusable(String),
    /// It is one, with the last nine bits of its mode and its owner.
    Sound(u32, u32),
}

/// Looks over the state folder `state`, the newest sessions first, for about `limit`.
///
/// # Errors
/// When the folder cannot be read.
pub fn survey(state: &Path, clock: &Clock, limit: Duration) -> Result<Stored> {
    let place = Place::new(state);
    let began = clock.elapsed();
    let is_late =
        |share: u32| Duration::from_micros(clock.elapsed().0.saturating_sub(began.0)) > limit * share / 4;
    let mut stored = Stored { sessions: place.all()?, is_whole: true, ..Stored::default() };
    // After the folders: a session leaves its mark before it makes its folder.
    let marked: HashSet<SessionId> = active::all(&place).into_iter().collect();
    stored.has_seals = place.seals().join("last").exists();
    let mut checked = Vec::new();
    for &id in stored.sessions.iter().rev() {
        if is_late(2) {
            stored.is_whole = false;
            break;
        }
        let folder = place.folder(id);
        let size = bytes_in(&folder);
        stored.bytes += size;
        let began = id.unix_millis().saturating_mul(1_000);
        if began.saturating_add(OLD) < clock.unix_micros() {
            stored.old = (stored.old.0 + 1, stored.old.1 + size);
        }
        if began > clock.unix_micros().saturating_add(FUTURE) {
            stored.from_future.push(id);
        }
        if folder.join("seal.json").exists() {
            let seal = seal_of(&folder);
            // A session's id has milliseconds only.
            if seal.as_ref().is_some_and(|seal| seal.sealed / 1_000 < id.unix_millis()) {
                stored.backwards.push(id);
            }
            // A packed one takes the time of what it unpacks to.
            let reads = seal.map_or(size, |seal| seal.cast_bytes.max(size));
            if reads <= CHECKED_BYTES {
                checked.push((id, folder));
            }
        } else if !marked.contains(&id) {
            stored.forsaken.push(id);
        } else {
            match active::look(&place, id) {
                Ok(Some(Found::Running)) => stored.running += 1,
                // Ended since we looked at its folder.
                Ok(None) => {}
                Ok(Some(Found::Dead(_))) | Err(_) => stored.unsealed.push(id),
            }
        }
    }
    for (id, folder) in checked {
        if is_late(3) {
            break;
        }
        let reason = match verify::verify(&folder) {
            Ok(report) if report.state != State::Damaged => None,
            Ok(report) => report.faults.first().map(|fault| format!("{}: {}", fault.file, fault.reason)),
            Err(error) => Some(error.to_string()),
        };
        stored.damaged.extend(reason.map(|reason| (id, reason)));
        stored.checked += 1;
    }
    Ok(stored)
}

/// What the files of a folder take on the disk; those below it, too, one level deep, as recordings have them.
pub(super) fn bytes_in(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let size = |entry: fs::DirEntry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => fs::read_dir(entry.path()).map_or(0, |below| {
            below.filter_map(|entry| Some(entry.ok()?.metadata().ok()?.blocks() * 512)).sum()
        }),
        Ok(metadata) => metadata.blocks() * 512,
        Err(_) => 0,
    };
    entries.filter_map(|entry| entry.ok().map(size)).sum()
}

fn seal_of(folder: &Path) -> Option<Seal> {
    let text = private::read_small(&folder.join("seal.json"), MAX_SEAL).ok().flatten()?;
    serde_json::from_slice(&text).ok()
}

/// Looks at the host's signing key, without keeping it.
#[must_use]
pub fn host_key(state: &Path) -> HostKey {
    let path = Place::new(state).host_key();
    let metadata = match fs::symlink_metadata(&path) {
        Ok(metadata) => metadata,
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return HostKey::Missing,
        Err(cause) => return HostKey::Unusable(crate::error::plain(&cause)),
    };
    match super::seal::public_key(&Place::new(state)) {
        Ok(Some(_)) => HostKey::Sound(metadata.mode() & 0o777, metadata.uid()),
        Ok(None) => HostKey::Missing,
        Err(error) => HostKey::Unusable(error.to_string()),
    }
}
