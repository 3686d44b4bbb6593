//! Request and response bodies, kept under the hash of what they hold.

use std::cell::RefCell;
use std::io;
use std::io::Read as _;
use std::io::Write as _;
use std::path::Path;

use sha2::Digest as _;
use sha2::Sha256;
use zstd::bulk::Compressor;

use super::private;
use super::sink::cannot_record;
use crate::audit::BodyRef;
use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;

/// How much of one body is kept unless the caller says otherwise, in bytes.
pub(super) const DEFAULT_KEPT: usize = 1 << 20;
/// Most that can be asked to be kept of one body, in bytes.
const MAX_KEPT: usize = 16 << 20;
/// Largest window that is unpacked: that of the largest body, as a power of two.
const MAX_WINDOW: u32 = 24;
/// Fast, and a third of the size for JSON and XML.
const LEVEL: i32 = 1;

/// A masked body that comes piece by piece: its head is kept, the rest only counted and hashed.
#[derive(Clone, Debug)]
pub struct Body {
    head: Vec<u8>,
    limit: usize,
    bytes: u64,
    hash: Sha256,
}

impl Default for Body {
    fn default() -> Self {
        Self::keeping(DEFAULT_KEPT)
    }
}

impl Body {
    /// Keeps the first `limit` bytes (at most 16 MiB; 0: none, only length and digest).
    #[must_use]
    pub fn keeping(limit: usize) -> Self {
        Self { head: Vec::new(), limit: limit.min(MAX_KEPT), bytes: 0, hash: Sha256::new() }
    }

    /// Takes the next piece.
    pub fn push(&mut self, piece: &[u8]) {
        let room = self.limit - self.head.len();
        self.head.extend_from_slice(&piece[..piece.len().min(room)]);
        self.bytes += piece.len() as u64;
        self.hash.update(piece);
    }

    /// Writes the head into `folder` unless it is there already, or `room` bytes are too few for it.
    /// Gives the reference and the bytes taken on disk.
    pub(super) fn store(self, folder: &Path, room: u64) -> Result<(BodyRef, u64)> {
        let whole = hex::encode(self.hash.finalize());
        let mut found = BodyRef { sha256: whole, bytes: self.bytes, kept: 0, file: None, content_type: None };
        if self.head.is_empty() {
            return Ok((found, 0));
        }
        let kept = self.head.len() as u64;
        let name = match kept == self.bytes {
            true => found.sha256.clone(),
            false => hex::encode(Sha256::digest(&self.head)),
        };
        let name = format!("{name}.zst");
        let path = folder.join(&name);
        if path.symlink_metadata().is_ok() {
            // Programs that wait for something are told the same again and again.
            found.kept = kept;
            found.file = Some(name);
            return Ok((found, 0));
        }
        let packed = pack(&self.head).map_err(|cause| cannot_record(&path, &cause))?;
        if packed.len() as u64 > room {
            return Ok((found, 0));
        }
        let file = match private::try_new_file(&path) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
                private::folders(folder)?;
                private::try_new_file(&path)
            }
            made => made,
        };
        let taken = match file {
            Ok(mut file) => {
                file.write_all(&packed).map_err(|cause| cannot_record(&path, &cause))?;
                packed.len() as u64
            }
            Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => 0,
            Err(cause) => return Err(cannot_record(&path, &cause)),
        };
        found.kept = kept;
        found.file = Some(name);
        Ok((found, taken))
    }
}

/// Compresses with a context that the thread keeps: making one takes longer than packing a small body.
fn pack(bytes: &[u8]) -> io::Result<Vec<u8>> {
    thread_local! {
        static PACKER: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    }
    PACKER.with_borrow_mut(|packer| match packer {
        Some(packer) => packer.compress(bytes),
        None => packer.insert(Compressor::new(LEVEL)?).compress(bytes),
    })
}

/// The kept bytes of a body of the recording in `folder`; empty when nothing is kept.
///
/// Fails when the file is missing, or does not hold what its name says.
pub fn read_body(folder: &Path, body: &BodyRef) -> Result<Vec<u8>> {
    let Some(name) = &body.file else { return Ok(Vec::new()) };
    let wrong = |why: String| {
        Error::new(Kind::Record, format!("cannot read the body {}", name.escape_debug()))
            .why(why)
            .fix("check the whole recording: hoopctl verify")
    };
    let hash = name
        .strip_suffix(".zst")
        .filter(|hash| hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit()));
    let Some(hash) = hash else { return Err(wrong("that is no name of a body".to_owned())) };
    let file = private::open(&folder.join("bodies").join(name))
        .map_err(|cause| wrong(crate::error::plain(&cause)))?;
    let mut bytes = Vec::new();
    // A frame that wants more memory, or unpacks to more than its reference says, is none that a recorder writes.
    let most = body.kept.min(MAX_KEPT as u64) + 1;
    zstd::Decoder::new(file)
        .and_then(|mut decoder| decoder.window_log_max(MAX_WINDOW).map(|()| decoder))
        .and_then(|decoder| decoder.take(most).read_to_end(&mut bytes))
        .map_err(|cause| wrong(crate::error::plain(&cause)))?;
    if bytes.len() as u64 != body.kept || hex::encode(Sha256::digest(&bytes)) != hash {
        return Err(wrong("it was changed: it does not have its hash".to_owned()));
    }
    if body.kept == body.bytes && body.sha256 != hash {
        return Err(wrong("its reference contradicts itself".to_owned()));
    }
    Ok(bytes)
}
