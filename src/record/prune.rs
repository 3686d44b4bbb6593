//! Removing old recordings, so that it can be told from a theft: who removed what, when and why is signed into the chain of
//! this host's seals first.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde::Deserialize;
use serde::Serialize;
use sha2::Digest as _;
use sha2::Sha256;

use super::active;
use super::active::Found;
use super::index;
use super::place::Place;
use super::private;
use super::seal;
use super::seal::Previous;
use super::seal::Seal;
use super::survey::bytes_in;
use crate::audit;
use crate::audit::Event;
use crate::clock::Clock;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::types::SessionId;

/// Recordings that one record names; more of them get several records.
const NAMED: usize = 1_000;

/// Longest record that is read, in bytes: a recording takes some 300.
const MAX_TOMBSTONE: u64 = 1 << 20;

/// Longest seal that is read, in bytes.
const MAX_SEAL: u64 = 64 << 10;

/// What is to go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// What began before this, in microseconds since the Unix epoch; `None`: age is nothing to go by. Of what was imported counts
    /// when that was.
    pub before: Option<u64>,
    /// The newest so many stay, whatever else is wished.
    pub keep: usize,
    /// All together may take so many bytes: the oldest go until they do.
    pub max_bytes: Option<u64>,
}

/// A recording that is to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Going {
    /// Its session.
    pub session: SessionId,
    /// What it takes on the disk.
    pub bytes: u64,
    /// Whether it has a seal.
    pub is_sealed: bool,
    /// Whether it was made by another program and taken into the store.
    pub is_imported: bool,
}

/// What would go, and what stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The recordings that are to go, oldest first.
    pub going: Vec<Going>,
    /// How many stay, and what they take in bytes.
    pub staying: (usize, u64),
    /// How many of those that stay would go, but are running, or wait for the next start of hoop-run to seal them.
    pub spared: usize,
}

impl Plan {
    /// What would be freed, in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.going.iter().map(|going| going.bytes).sum()
    }
}

/// Who removes, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pruner {
    /// The account's name.
    pub user: String,
    /// Its number.
    pub uid: u32,
    /// The machine.
    pub host: String,
    /// What was wished, as it was typed: `--older-than 90d`.
    pub why: String,
}

/// The record of a pruning. Signed as a seal is, and a link of the same chain: the seal after it names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tombstone {
    /// Version of this format: 1.
    pub format: u32,
    /// Its own id.
    pub pruning: SessionId,
    /// When, in microseconds since the Unix epoch.
    pub pruned: u64,
    /// The account's name.
    pub user: String,
    /// Its number.
    pub uid: u32,
    /// The machine.
    pub host: String,
    /// What was wished.
    pub why: String,
    /// What was removed.
    pub sessions: Vec<Pruned>,
    /// This host's seal before this one; none for the first.
    pub previous: Option<Previous>,
    /// The host's public key, Ed25519, in base64.
    pub key: String,
}

/// A recording that was removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pruned {
    /// Its session.
    pub session: SessionId,
    /// SHA-256 of its seal's file, in hexadecimal: what the seal after it names. None: it was never sealed.
    pub sha256: Option<String>,
    /// What its seal named, so that the chain can be followed past it.
    pub previous: Option<Previous>,
    /// What it took on the disk.
    pub bytes: u64,
}

/// A record as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundTombstone {
    /// What it says.
    pub tombstone: Tombstone,
    /// SHA-256 of its file, in hexadecimal.
    pub sha256: String,
}

/// What `wish` would remove below `state`. Changes nothing.
///
/// # Errors
/// When the folder cannot be read.
pub fn plan(state: &Path, wish: &Wish) -> Result<Plan> {
    let place = Place::new(state);
    let sessions = place.all()?;
    let mut plan = Plan::default();
    let sizes: Vec<u64> = sessions.iter().map(|id| bytes_in(&place.folder(*id))).collect();
    let mut all: u64 = sizes.iter().sum();
    let may_go = sessions.len().saturating_sub(wish.keep);
    let by_number_alone = wish.before.is_none() && wish.max_bytes.is_none();
    for (number, (&session, &bytes)) in sessions.iter().zip(&sizes).enumerate() {
        let began = session.unix_millis().saturating_mul(1_000);
        let imported = imported(&place, session);
        let is_old = wish.before.is_some_and(|before| imported.unwrap_or(began) < before);
        let is_too_much = wish.max_bytes.is_some_and(|most| all > most);
        if number >= may_go || !(is_old || is_too_much || by_number_alone) {
            plan.staying = (plan.staying.0 + 1, plan.staying.1 + bytes);
            continue;
        }
        if is_marked(&place, session) {
            plan.staying = (plan.staying.0 + 1, plan.staying.1 + bytes);
            plan.spared += 1;
            continue;
        }
        all -= bytes;
        let is_sealed = place.folder(session).join("seal.json").exists();
        plan.going.push(Going { session, bytes, is_sealed, is_imported: imported.is_some() });
    }
    Ok(plan)
}

/// When a recording was imported; none when it is a session of hoop's. Those are sealed, nearly all, and not looked into.
fn imported(place: &Place, session: SessionId) -> Option<u64> {
    let folder = place.folder(session);
    if folder.join("seal.json").exists() {
        return None;
    }
    match audit::Reader::open(&folder.join("audit.jsonl")).ok()?.next()?.ok()?.event {
        Event::SessionStart(start) => start.imported.map(|imported| imported.at),
        _ => None,
    }
}

/// Whether it runs, or its process died and the next start will seal it.
fn is_marked(place: &Place, session: SessionId) -> bool {
    match active::look(place, session) {
        Ok(None) => false,
        // A mark that is left beside a seal says nothing.
        Ok(Some(Found::Dead(_))) => !place.folder(session).join("seal.json").exists(),
        Ok(Some(Found::Running)) | Err(_) => true,
    }
}

/// Removes what is planned. Its record is written first; `gone` is told of each recording then, and of why one could not be
/// removed.
///
/// # Errors
/// When the record cannot be written: nothing is removed then; or when the index cannot be used.
pub fn prune(
    state: &Path,
    plan: &Plan,
    pruner: &Pruner,
    clock: &Clock,
    mut gone: impl FnMut(&Going, Result<()>) -> Result<()>,
) -> Result<()> {
    let place = Place::new(state);
    private::folders(&place.prunings())?;
    let lock_path = place.prunings().join("lock");
    let lock = private::open_or_new(&lock_path)?;
    lock.lock().map_err(|cause| private::cannot("lock", &lock_path, &cause))?;
    // Another process may have been faster, and a session may have been taken up since.
    let is_still_there =
        |going: &&Going| place.folder(going.session).is_dir() && !is_marked(&place, going.session);
    let going: Vec<&Going> = plan.going.iter().filter(is_still_there).collect();
    for part in going.chunks(NAMED) {
        record(&place, part, pruner, clock)?;
        for going in part {
            gone(going, remove(&place, going.session))?;
        }
    }
    let removed: Vec<SessionId> = going.iter().map(|going| going.session).collect();
    index::forget(state, &removed)
}

/// Writes the record, as the newest link of the chain.
fn record(place: &Place, part: &[&Going], pruner: &Pruner, clock: &Clock) -> Result<()> {
    let sessions = part.iter().map(|going| remembered(place, going)).collect::<Result<Vec<_>>>()?;
    let mut random = [0; 16];
    getrandom::fill(&mut random)
        .map_err(|cause| Error::new(Kind::System, "there are no random numbers").why(cause.to_string()))?;
    let pruning = SessionId::new(clock.unix_micros(), u128::from_ne_bytes(random));
    let path = place.prunings().join(format!("{pruning}.json"));
    seal::append(place, pruning, &path, |previous, key| {
        serde_json::to_string(&Tombstone {
            format: 1,
            pruning,
            pruned: clock.unix_micros(),
            user: pruner.user.clone(),
            uid: pruner.uid,
            host: pruner.host.clone(),
            why: pruner.why.clone(),
            sessions,
            previous,
            key,
        })
    })
}

fn remembered(place: &Place, going: &Going) -> Result<Pruned> {
    let file = private::read_small(&place.folder(going.session).join("seal.json"), MAX_SEAL)?;
    let seal = file.as_ref().and_then(|file| serde_json::from_slice::<Seal>(file).ok());
    Ok(Pruned {
        session: going.session,
        sha256: file.map(|file| hex::encode(Sha256::digest(file))),
        previous: seal.and_then(|seal| seal.previous),
        bytes: going.bytes,
    })
}

/// Removes a recording's folder, and those of its day, month and year that are empty then.
fn remove(place: &Place, session: SessionId) -> Result<()> {
    let folder = place.folder(session);
    match fs::remove_dir_all(&folder) {
        Ok(()) => {}
        Err(cause) if cause.kind() == ErrorKind::NotFound => {}
        Err(cause) => return Err(private::cannot("remove", &folder, &cause)),
    }
    // The viewer's index of it holds screens.
    for end in ["idx", "scr"] {
        let index = place.state().join("cache/replay").join(format!("{session}.{end}"));
        match fs::remove_file(&index) {
            Err(cause) if cause.kind() != ErrorKind::NotFound => {
                return Err(private::cannot("remove", &index, &cause));
            }
            _ => {}
        }
    }
    // One that is not empty stays; a session that begins meanwhile makes its own anew.
    for above in folder.ancestors().skip(1).take(3) {
        if fs::remove_dir(above).is_err() {
            break;
        }
    }
    // A mark that was left beside its seal.
    if let Ok(Some(Found::Dead(mark))) = active::look(place, session) {
        mark.end();
    }
    Ok(())
}

/// All records of prunings below `state`, oldest first; and what is wrong with those that are none, or were changed.
#[must_use]
pub fn tombstones(state: &Path) -> (Vec<FoundTombstone>, Vec<String>) {
    let place = Place::new(state);
    let Ok(entries) = fs::read_dir(place.prunings()) else { return (Vec::new(), Vec::new()) };
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    let (mut found, mut faults) = (Vec::new(), Vec::new());
    for path in paths {
        match read(&path) {
            Ok(tombstone) => found.push(tombstone),
            Err(why) => {
                faults.push(format!("the record of a pruning, {}, does not count: {why}", path.display()))
            }
        }
    }
    (found, faults)
}

fn read(path: &Path) -> std::result::Result<FoundTombstone, String> {
    let file = private::read_small(path, MAX_TOMBSTONE).map_err(|error| error.to_string())?;
    let file = file.ok_or("it is gone")?;
    let text = std::str::from_utf8(&file).map_err(|error| error.to_string())?;
    let tombstone: Tombstone = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if tombstone.format != 1 {
        return Err(format!("version {} of the format is not known", tombstone.format));
    }
    seal::check(text, &tombstone.key)?;
    Ok(FoundTombstone { tombstone, sha256: hex::encode(Sha256::digest(&file)) })
}
