//! Packing the terminal recordings of sessions that are over, so that no crash at any point can lose one.
//!
//! The packed file is written beside the store, read back and compared with the seal, synced to the disk, and only then put
//! in the place of the other one. Until that one is removed it is what counts; so whatever ends this leaves a recording
//! that is whole, and the next time goes on from there. A recording that is not what was sealed is left as it is.

use std::fs;
use std::fs::File;
use std::io;
use std::io::BufRead as _;
use std::io::Read as _;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;
use std::time::UNIX_EPOCH;

use sha2::Digest as _;
use sha2::Sha256;

use super::active;
use super::active::Found;
use super::place::Place;
use super::private;
use super::seal;
use super::seal::Seal;
use crate::cast::Entry;
use crate::cast::FRAME;
use crate::cast::Input;
use crate::cast::Packer;
use crate::clock::Clock;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;
use crate::types::SessionId;

/// The terminal recording of a session, and what it is called when it is packed.
const CAST: &str = "terminal.cast";
const PACKED: &str = "terminal.cast.zst";

/// What became of a recording that was to be packed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Packed {
    /// It is packed now; bytes before and after.
    Done(u64, u64),
    /// It was packed already.
    Before,
    /// It runs, or is not sealed: it is packed when it is.
    Open,
    /// It is not what was sealed, and stays as it is.
    Damaged,
    /// It would take more room, or more work to read than is ever done, and stays as it is.
    Unfit,
    /// Whoever asked wanted no more of it.
    Stopped,
    /// There is no such recording any more.
    Gone,
}

/// Remembers that this session is over: it is packed by whoever calls [`pack_due`] later.
///
/// Costs one empty file. What cannot be remembered is packed when somebody asks for it.
pub fn pack_later(state: &Path, session: SessionId) {
    let place = Place::new(state);
    let mark = place.packing().join(session.to_string());
    if private::try_new_file(&mark).is_err() {
        drop(private::folders(&place.packing()).and_then(|()| private::new_file(&mark)));
    }
}

/// Whether [`pack_due`] would find something to do: one look into a folder.
#[must_use]
pub fn is_pack_due(state: &Path, after: Duration, clock: &Clock) -> bool {
    !due(&Place::new(state), after, clock).is_empty()
}

/// Packs the sessions below `state` that were remembered longer than `after` ago, until it is to `stop`. What cannot be
/// packed now stays remembered.
pub fn pack_due(state: &Path, after: Duration, clock: &Clock, stop: &dyn Fn() -> bool) {
    let place = Place::new(state);
    // Whoever has it does the work.
    let Ok(Some(_lock)) = lock(&place, false) else { return };
    for session in due(&place, after, clock) {
        if stop() {
            return;
        }
        match one(&place, session, stop) {
            Ok(Packed::Open | Packed::Stopped) | Err(_) => {}
            Ok(_) => drop(fs::remove_file(place.packing().join(session.to_string()))),
        }
    }
}

/// Packs a session's terminal recording; waits for whoever is packing.
///
/// # Errors
/// When a file cannot be read or written. The recording is whole then, packed or not.
pub fn pack(state: &Path, session: SessionId, stop: &dyn Fn() -> bool) -> Result<Packed> {
    let place = Place::new(state);
    let _lock = lock(&place, true)?;
    let packed = one(&place, session, stop)?;
    if !matches!(packed, Packed::Open | Packed::Stopped) {
        drop(fs::remove_file(place.packing().join(session.to_string())));
    }
    Ok(packed)
}

/// Opens the terminal recording in `folder`, packed or not, at `offset` of its content; links are not followed. `entry` is
/// as in [`Input::open_at`]. Gives the file's name too.
pub(super) fn open_cast(folder: &Path, entry: Entry, offset: u64) -> io::Result<(Input, &'static str)> {
    // In this order: it is packed before it is removed.
    match private::open(&folder.join(CAST)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Ok((Input::of(private::open(&folder.join(PACKED))?, entry, offset)?, PACKED))
        }
        opened => Ok((Input::of(opened?, entry, offset)?, CAST)),
    }
}

/// The marks that are older than `after`. One from the future is old.
fn due(place: &Place, after: Duration, clock: &Clock) -> Vec<SessionId> {
    let Ok(entries) = fs::read_dir(place.packing()) else { return Vec::new() };
    let now = UNIX_EPOCH + Duration::from_micros(clock.unix_micros());
    let is_due = |entry: &fs::DirEntry| {
        let left = entry.metadata().and_then(|meta| meta.modified());
        left.is_ok_and(|left| now.duration_since(left).is_ok_and(|age| age >= after) || left > now + after)
    };
    let found = entries.filter_map(|entry| entry.ok().filter(is_due)?.file_name().to_str()?.parse().ok());
    let mut found: Vec<SessionId> = found.collect();
    found.sort_unstable();
    found
}

/// One process packs at a time; none: another one does, and this one was not to wait.
fn lock(place: &Place, waits: bool) -> Result<Option<File>> {
    private::folders(&place.packing())?;
    let path = place.packing().join("lock");
    let lock = private::open_or_new(&path)?;
    if waits {
        lock.lock().map_err(|cause| private::cannot("lock", &path, &cause))?;
    } else if lock.try_lock().is_err() {
        return Ok(None);
    }
    // What killed processes left behind: nobody is packing but us.
    for entry in fs::read_dir(place.packing()).into_iter().flatten().flatten() {
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            drop(fs::remove_file(entry.path()));
        }
    }
    Ok(Some(lock))
}

fn one(place: &Place, session: SessionId, stop: &dyn Fn() -> bool) -> Result<Packed> {
    let folder = place.folder(session);
    if !folder.is_dir() {
        return Ok(Packed::Gone);
    }
    if matches!(active::look(place, session), Ok(Some(Found::Running)) | Err(_)) {
        return Ok(Packed::Open);
    }
    let seal = match seal::read(&folder) {
        Ok(Some(found)) if found.fault.is_none() => found.seal,
        Ok(None) => return Ok(Packed::Open),
        Ok(Some(_)) | Err(_) => return Ok(Packed::Damaged),
    };
    let path = folder.join(CAST);
    let source = match private::open(&path) {
        Ok(source) => source,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
            return Ok(if folder.join(PACKED).exists() { Packed::Before } else { Packed::Damaged });
        }
        Err(cause) => return Err(private::cannot("open", &path, &cause)),
    };
    let new = New(place.packing().join(format!(".{session}.zst")));
    match write(&new, source, &seal, stop)? {
        Packed::Done(before, after) if after < before => {
            put(&new.0, &folder)?;
            Ok(Packed::Done(before, after))
        }
        Packed::Done(..) => Ok(Packed::Unfit),
        other => Ok(other),
    }
}

/// The packed file that is being made; what is left of it goes with it.
struct New(PathBuf);

impl Drop for New {
    fn drop(&mut self) {
        drop(fs::remove_file(&self.0));
    }
}

/// Writes `source` to `new`, packed, and reads it back; both must be what was sealed.
fn write(new: &New, mut source: File, seal: &Seal, stop: &dyn Fn() -> bool) -> Result<Packed> {
    let cannot = |cause: io::Error| private::cannot("write", &new.0, &cause);
    let mut packer = Packer::new(private::new_file(&new.0)?).map_err(cannot)?;
    let (mut hash, mut bytes, mut block) = (Sha256::new(), 0, vec![0; FRAME]);
    loop {
        if stop() {
            return Ok(Packed::Stopped);
        }
        match source.read(&mut block) {
            Ok(0) => break,
            Ok(read) => {
                hash.update(&block[..read]);
                bytes += read as u64;
                packer.write(&block[..read]).map_err(cannot)?;
            }
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
            Err(cause) => return Err(private::cannot("read", Path::new(CAST), &cause)),
        }
    }
    let is_sealed = |bytes: u64, hash: Sha256| {
        bytes == seal.cast_bytes && hex::encode(hash.finalize()) == seal.cast_sha256
    };
    if !is_sealed(bytes, hash) {
        return Ok(Packed::Damaged);
    }
    let file = packer.finish().map_err(cannot)?;
    file.sync_all().map_err(cannot)?;
    let after = file.metadata().map_err(cannot)?.len();
    // As everybody will read it: whatever is wrong with it or with its reader is found while there is another one.
    let mut again = Input::of(private::open(&new.0).map_err(cannot)?, Entry::default(), 0).map_err(cannot)?;
    let (mut hash, mut length) = (Sha256::new(), 0);
    loop {
        if stop() {
            return Ok(Packed::Stopped);
        }
        let taken = match again.fill_buf() {
            Ok([]) => break,
            Ok(block) => {
                hash.update(block);
                block.len()
            }
            Err(_) => return Ok(Packed::Unfit),
        };
        length += taken as u64;
        again.consume(taken);
    }
    if !is_sealed(length, hash) {
        return Err(Error::new(Kind::Record, format!("{} is not what was packed", new.0.display()))
            .why("the disk, the memory or the packer is at fault; the recording itself is as it was")
            .fix("look at the disk and the memory of this machine"));
    }
    Ok(Packed::Done(bytes, after))
}

/// Puts the packed file in the place of the other one.
fn put(new: &Path, folder: &Path) -> Result<()> {
    let packed = folder.join(PACKED);
    let sync = || File::open(folder).and_then(|folder| folder.sync_all());
    fs::rename(new, &packed)
        .and_then(|()| sync())
        .map_err(|cause| private::cannot("write", &packed, &cause))?;
    let plain = folder.join(CAST);
    fs::remove_file(&plain).map_err(|cause| private::cannot("remove", &plain, &cause))
}
