//! The index of a recording on disk: screens kept from time to time, so that it need not be played from its start
//! again to show what comes late in it.
//!
//! Two files in a private folder of the state folder, `NAME.idx` with a line of fixed length for each screen, and
//! `NAME.scr` with the screens, packed. Both are only ever appended to, so that whatever ends the viewer leaves an
//! index that is good as far as it goes. Nothing in them is believed: each line carries a code made with a key of this
//! state folder, over itself and all lines before it, the digest of its screen, and the hash of the recording up to
//! there. What does not fit is cut away and made again.

use std::fs;
use std::fs::DirBuilder;
use std::fs::File;
use std::fs::Metadata;
use std::fs::OpenOptions;
use std::io;
use std::io::Read;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::fs::FileExt;
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use hmac::Hmac;
use hmac::KeyInit as _;
use hmac::Mac as _;
use nix::fcntl::OFlag;
use serde::Deserialize;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::Digest as _;
use sha2::Sha256;

use crate::cast::Entry;
use crate::replay::message::Overview;
use crate::replay::tape::Mark;
use crate::term::KeptLinks;
use crate::term::Keyframe;
use crate::types::Micros;
use crate::types::SessionId;

/// What the first file begins with. The number changes when anything in this file or in the emulator's drawing does.
const MAGIC: &[u8; 32] = b"hoop replay index, version 2\n\n\n\n";
/// Bytes of a line: numbers, three hashes.
const NUMBERS: usize = 12 * 8;
const LINE: usize = NUMBERS + 3 * 32;
/// Longest `.idx` file that is read, and longest screen kept, packed and not, in bytes.
const MAX_LINES: u64 = 64 << 20;
const MAX_PACKED: u64 = 8 << 20;
const MAX_SCREEN: usize = 32 << 20;
/// Indexes kept in all, in bytes; the oldest go.
const MAX_KEPT: u64 = 2 << 30;
/// Bytes of a recording hashed at once.
const READ: usize = 256 << 10;

const SCREEN: u64 = 1;
const OVERVIEW: u64 = 2;

/// An index that can be added to. Only one viewer at a time has it; others do without.
pub struct Index {
    lines: File,
    screens: File,
    key: [u8; 32],
    mac: [u8; 32],
    length: u64,
    end: u64,
    prefix: Prefix,
}

/// A line of the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The place in the recording.
    pub mark: Mark,
    kind: u64,
    at: u64,
    length: u64,
    /// Size and time of the recording's file when the line was written.
    size: u64,
    changed: i64,
    /// How much of the file `prefix` is the hash of.
    hashed: u64,
    prefix: [u8; 32],
    digest: [u8; 32],
    mac: [u8; 32],
}

/// What an index held.
#[derive(Default)]
pub struct Found {
    /// All its lines, in the order in which they were added.
    pub lines: Vec<Stored>,
    /// Its lines with screens, in the order of the recording.
    pub screens: Vec<Stored>,
    /// What one pass over the recording told, and how far that pass came.
    pub overview: Option<(Stored, Overview)>,
    /// Whether the recording's file is, by size and time, the one that was indexed.
    pub is_same: bool,
}

/// Reads screens while others are added.
#[derive(Clone)]
pub struct Screens(Arc<File>);

#[derive(Serialize, Deserialize)]
struct Packed {
    cols: u16,
    rows: u16,
    drawing: String,
    links: KeptLinks,
}

impl Index {
    /// Opens the index of `recording` in the folder `cache`, or begins one. Fails when another viewer has it, or when
    /// something about the files is not as this program makes them and cannot be mended.
    pub fn open(cache: &Path, recording: &Path) -> io::Result<(Self, Found)> {
        DirBuilder::new().recursive(true).mode(0o700).create(cache)?;
        let key = key(&cache.join("key"))?;
        let path = fs::canonicalize(recording)?;
        let name = name(&path);
        let lines = private(&cache.join(format!("{name}.idx")))?;
        lines.try_lock().map_err(io::Error::from)?;
        let screens = private(&cache.join(format!("{name}.scr")))?;
        let prefix = Prefix::new(File::open(&path)?);
        let mut index = Self { lines, screens, key, mac: [0; 32], length: 0, end: 0, prefix };
        let found = index.read(&path)?;
        Ok((index, found))
    }

    /// Reads what is there, as far as it is what was written, and cuts away the rest.
    fn read(&mut self, path: &Path) -> io::Result<Found> {
        let path = path.as_os_str().as_encoded_bytes();
        let mut begin = MAGIC.to_vec();
        begin.extend((path.len() as u64).to_le_bytes());
        begin.extend(path);
        self.mac = self.code(&begin);
        let mut bytes = Vec::new();
        (&self.lines).take(MAX_LINES).read_to_end(&mut bytes)?;
        let now = Stamp::of(&self.prefix.file.metadata()?);
        let stored = self.screens.metadata()?.len();
        let mut found = Found::default();
        if bytes.starts_with(&begin) {
            self.length = begin.len() as u64;
            for line in bytes[begin.len()..].chunks_exact(LINE) {
                let Some(line) = Stored::read(line) else { break };
                if !self.follows(&line, found.screens.last(), stored) {
                    break;
                }
                (self.mac, self.end) = (line.mac, line.at + line.length);
                self.length += LINE as u64;
                found.is_same = (Stamp { size: line.size, changed: line.changed }) == now;
                found.lines.push(line);
                match line.kind {
                    SCREEN => found.screens.push(line),
                    _ => {
                        let overview = Screens::read_from::<Overview>(&self.screens, &line);
                        found.overview = overview.map(|overview| (line, overview)).or(found.overview);
                    }
                }
            }
        } else {
            self.lines.set_len(0)?;
            self.lines.write_all_at(&begin, 0)?;
            self.length = begin.len() as u64;
        }
        self.lines.set_len(self.length)?;
        self.screens.set_len(self.end)?;
        Ok(found)
    }

    fn follows(&self, line: &Stored, before: Option<&Stored>, stored: u64) -> bool {
        let (numbers, mac) = line.bytes();
        let in_order = before.is_none_or(|before| {
            let (old, new) = (&before.mark, &line.mark);
            line.kind == OVERVIEW || old.offset < new.offset && old.time <= new.time && old.steps <= new.steps
        });
        let fits = line.at == self.end && line.length <= MAX_PACKED && line.at + line.length <= stored;
        in_order && fits && self.code(&[&self.mac[..], &numbers].concat()) == mac
    }

    /// For reading screens from other threads.
    pub fn screens(&self) -> io::Result<Screens> {
        Ok(Screens(Arc::new(self.screens.try_clone()?)))
    }

    /// How many of `lines` come from the recording as it is now: reads it as far as the last of them, and looks from
    /// time to time whether to `stop`. What comes after is cut away; when nothing is left, the index must be opened again.
    pub fn check(&mut self, lines: &[Stored], stop: &dyn Fn() -> bool) -> io::Result<usize> {
        for (count, line) in lines.iter().enumerate() {
            let is_same = match self.prefix.to(line.hashed, stop) {
                Ok(hash) => hash == line.prefix,
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => false,
                Err(error) => return Err(error),
            };
            if !is_same {
                // Whatever was hashed now holds more than the last good line.
                self.prefix.restart();
                let last = count.checked_sub(1).and_then(|last| lines.get(last));
                self.cut(last)?;
                if let Some(last) = last {
                    self.prefix.to(last.hashed, stop)?;
                }
                return Ok(count);
            }
        }
        Ok(lines.len())
    }

    /// Makes `last` the last line; none: nothing is kept.
    fn cut(&mut self, last: Option<&Stored>) -> io::Result<()> {
        let Some(last) = last else {
            self.lines.set_len(0)?;
            return self.screens.set_len(0);
        };
        // Found again by its code, as lines have no numbers.
        let mut bytes = Vec::new();
        let mut reader = &self.lines;
        io::Seek::seek(&mut reader, io::SeekFrom::Start(0))?;
        reader.take(MAX_LINES).read_to_end(&mut bytes)?;
        let end = bytes.windows(32).position(|code| code == last.mac).map_or(0, |at| at as u64 + 32);
        (self.mac, self.end, self.length) = (last.mac, last.at + last.length, end);
        self.lines.set_len(self.length)?;
        self.screens.set_len(self.end)
    }

    /// Adds a screen. None when it is too large to be kept.
    pub fn add(
        &mut self,
        mark: Mark,
        frame: &Keyframe,
        stop: &dyn Fn() -> bool,
    ) -> io::Result<Option<Stored>> {
        let Keyframe { cols, rows, drawing, links } = frame.clone();
        let packed = Packed { cols, rows, drawing, links };
        self.append(SCREEN, mark, &packed, stop)
    }

    /// Adds what one pass over the recording told, which came as far as `mark`.
    pub fn add_overview(&mut self, mark: Mark, overview: &Overview) -> io::Result<()> {
        self.append(OVERVIEW, mark, overview, &|| false).map(drop)
    }

    fn append(
        &mut self,
        kind: u64,
        mark: Mark,
        what: &impl Serialize,
        stop: &dyn Fn() -> bool,
    ) -> io::Result<Option<Stored>> {
        let blob = serde_json::to_vec(what)?;
        if blob.len() > MAX_SCREEN {
            return Ok(None);
        }
        let blob = zstd::bulk::compress(&blob, 1)?;
        let length = blob.len() as u64;
        if length > MAX_PACKED || self.length + LINE as u64 > MAX_LINES {
            return Ok(None);
        }
        let Stamp { size, changed } = Stamp::of(&self.prefix.file.metadata()?);
        // In the first frame of a packed one the places are those of what it unpacks to, which may be more than all of it.
        let physical = if mark.entry == Entry::default() { mark.offset.min(size) } else { mark.entry.packed };
        let hashed = physical.max(self.prefix.at);
        let prefix = self.prefix.to(hashed, stop)?;
        let digest = Sha256::digest(&blob).into();
        let at = self.end;
        let mut line = Stored { mark, kind, at, length, size, changed, hashed, prefix, digest, mac: [0; 32] };
        line.mac = self.code(&[&self.mac[..], &line.bytes().0].concat());
        self.screens.write_all_at(&blob, self.end)?;
        let (numbers, mac) = line.bytes();
        self.lines.write_all_at(&[&numbers[..], &mac].concat(), self.length)?;
        (self.mac, self.end, self.length) = (mac, self.end + length, self.length + LINE as u64);
        Ok(Some(line))
    }

    /// Bytes of all screens.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.end
    }

    fn code(&self, bytes: &[u8]) -> [u8; 32] {
        let mut mac = <Hmac<Sha256>>::new_from_slice(&self.key)
            .unwrap_or_else(|_| unreachable!("a key of any length will do"));
        mac.update(bytes);
        mac.finalize().into_bytes().into()
    }
}

impl Stored {
    fn numbers(&self) -> [u64; 12] {
        let mark = &self.mark;
        let size = [self.size, self.changed.cast_unsigned(), self.hashed];
        let place = [mark.offset, mark.time.0, mark.steps, mark.line, mark.entry.packed, mark.entry.plain];
        let [a, b, c, d, e, f] = place;
        [self.kind, self.at, self.length, size[0], size[1], size[2], a, b, c, d, e, f]
    }

    /// What its code is made of, and the code.
    fn bytes(&self) -> ([u8; LINE - 32], [u8; 32]) {
        let mut out = [0; LINE - 32];
        for (place, number) in out.chunks_exact_mut(8).zip(self.numbers()) {
            place.copy_from_slice(&number.to_le_bytes());
        }
        out[NUMBERS..NUMBERS + 32].copy_from_slice(&self.prefix);
        out[NUMBERS + 32..].copy_from_slice(&self.digest);
        (out, self.mac)
    }

    fn read(line: &[u8]) -> Option<Self> {
        let mut numbers =
            line.chunks_exact(8).map(|bytes| <[u8; 8]>::try_from(bytes).map_or(0, u64::from_le_bytes));
        let mut next = || numbers.next().unwrap_or(0);
        let (kind, at, length) = (next(), next(), next());
        let (size, changed, hashed) = (next(), next().cast_signed(), next());
        let (offset, time, steps, line_number) = (next(), Micros(next()), next(), next());
        let entry = Entry { packed: next(), plain: next() };
        let hash = |n: usize| line.get(NUMBERS + n * 32..)?.first_chunk::<32>().copied();
        let mark = Mark { offset, time, steps, line: line_number, entry };
        let known = kind == SCREEN || kind == OVERVIEW;
        let ends = at.checked_add(length).is_some();
        let (prefix, digest, mac) = (hash(0)?, hash(1)?, hash(2)?);
        (known && ends).then_some(Self { mark, kind, at, length, size, changed, hashed, prefix, digest, mac })
    }
}

impl Screens {
    /// The screen of a line; none when what is stored is not what was.
    #[must_use]
    pub fn read(&self, line: &Stored) -> Option<Keyframe> {
        let Packed { cols, rows, drawing, links } = Self::read_from(&self.0, line)?;
        Some(Keyframe { cols, rows, drawing, links })
    }

    fn read_from<T: DeserializeOwned>(file: &File, line: &Stored) -> Option<T> {
        let mut blob = vec![0; usize::try_from(line.length.min(MAX_PACKED)).ok()?];
        file.read_exact_at(&mut blob, line.at).ok()?;
        if <[u8; 32]>::from(Sha256::digest(&blob)) != line.digest {
            return None;
        }
        serde_json::from_slice(&zstd::bulk::decompress(&blob, MAX_SCREEN).ok()?).ok()
    }
}

/// The hash of a file's beginning.
struct Prefix {
    file: File,
    hash: Sha256,
    at: u64,
}

impl Prefix {
    fn new(file: File) -> Self {
        Self { file, hash: Sha256::new(), at: 0 }
    }

    fn restart(&mut self) {
        (self.hash, self.at) = (Sha256::new(), 0);
    }

    /// The hash of the first `end` bytes, which must not be less than before.
    fn to(&mut self, end: u64, stop: &dyn Fn() -> bool) -> io::Result<[u8; 32]> {
        let mut buffer = vec![0; READ];
        while self.at < end {
            if stop() {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let part = usize::try_from(end - self.at).map_or(READ, |rest| rest.min(READ));
            self.file.read_exact_at(&mut buffer[..part], self.at)?;
            self.hash.update(&buffer[..part]);
            self.at += part as u64;
        }
        Ok(self.hash.clone().finalize().into())
    }
}

#[derive(PartialEq, Eq)]
struct Stamp {
    size: u64,
    changed: i64,
}

impl Stamp {
    fn of(meta: &Metadata) -> Self {
        let changed = meta.mtime().wrapping_mul(1_000_000_000).wrapping_add(meta.mtime_nsec());
        Self { size: meta.len(), changed }
    }
}

/// What the index of a recording is called: as its session, or by a hash of its path.
fn name(path: &Path) -> String {
    let folder = path.parent().and_then(Path::file_name).and_then(|name| name.to_str());
    match folder.filter(|folder| folder.parse::<SessionId>().is_ok()) {
        Some(session) => session.to_owned(),
        None => hex::encode(&Sha256::digest(path.as_os_str().as_encoded_bytes())[..16]),
    }
}

/// Opens a file for us alone, or makes it. Another person's file, or one that others may read, is none of ours.
fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let file = options.custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits()).open(path)?;
    let meta = file.metadata()?;
    let ours = meta.is_file() && meta.mode() & 0o077 == 0 && meta.uid() == nix::unistd::geteuid().as_raw();
    if ours { Ok(file) } else { Err(io::Error::other(format!("{} is not private", path.display()))) }
}

/// The key of this state folder's indexes, made when it is missing.
fn key(path: &Path) -> io::Result<[u8; 32]> {
    let mut file = private(path)?;
    file.lock()?;
    let mut key = Vec::new();
    (&file).take(33).read_to_end(&mut key)?;
    if let Ok(key) = <[u8; 32]>::try_from(key.as_slice()) {
        return Ok(key);
    }
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(|error| io::Error::other(error.to_string()))?;
    file.set_len(0)?;
    io::Seek::rewind(&mut file)?;
    file.write_all(&key)?;
    Ok(key)
}

/// Removes indexes of recordings that are gone, and the oldest when there are too many.
pub fn tidy(cache: &Path) {
    let Ok(entries) = fs::read_dir(cache) else { return };
    let mut kept: Vec<(i64, u64, PathBuf)> = Vec::new();
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.extension().is_none_or(|extension| extension != "idx") {
            continue;
        }
        let recording = recording_of(&path);
        if recording.is_none_or(|recording| !recording.exists()) {
            remove(&path);
            continue;
        }
        let Ok(meta) = fs::symlink_metadata(path.with_extension("scr")) else { continue };
        kept.push((meta.mtime(), meta.len(), path));
    }
    kept.sort();
    let mut bytes: u64 = kept.iter().map(|(_, length, _)| length).sum();
    for (_, length, path) in kept {
        if bytes <= MAX_KEPT {
            break;
        }
        remove(&path);
        bytes -= length;
    }
}

/// The recording that an index says it is of.
fn recording_of(path: &Path) -> Option<PathBuf> {
    let mut begin = [0; MAGIC.len() + 8];
    let file = private(path).ok()?;
    file.read_exact_at(&mut begin, 0).ok()?;
    let length = u64::from_le_bytes(*begin.last_chunk::<8>()?);
    let mut name = vec![0; usize::try_from(length).ok().filter(|length| *length <= 4096)?];
    file.read_exact_at(&mut name, begin.len() as u64).ok()?;
    Some(PathBuf::from(String::from_utf8(name).ok()?))
}

/// Removes an index, unless somebody has it.
fn remove(path: &Path) {
    if let Ok(file) = private(path)
        && file.try_lock().is_ok()
    {
        let _ = fs::remove_file(path.with_extension("scr"));
        let _ = fs::remove_file(path);
    }
}
